/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/function-command.h"

#include <fcntl.h>
#include <stdio.h>

#include "basic/clock.h"
#include "basic/fileio.h"
#include "host/command.h"
#include "host/gate.h"
#include "host/real-host.h"

/* Between two questions to a gate that is waited for. */
#define GATE_INTERVAL_USEC (500 * USEC_PER_MSEC)

typedef struct FunctionFamily {
        const Family *family; /* NULL: of none */
        PciAddress physical_function;
} FunctionFamily;

static int read_family(RealHost *h, const PciAddress *a, FunctionFamily *ret, Failure *reterr)
{
        char path[sizeof("devices/") + PCI_ADDRESS_STRING_MAX], address[PCI_ADDRESS_STRING_MAX];
        _cleanup_free_ char *physfn = NULL;
        _cleanup_close_ int fd = -EBADF;
        uint32_t vendor, device;
        int r;

        if (h->settings.families_unread)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "a file in families.d is bad, so what is to be done with function %s is not known; "
                                "mend it, see 'journalctl -u vgpu-hibernated'",
                                PCI_ADDRESS_STR(a));

        (void) snprintf(path, sizeof(path), "devices/%s", pci_address_format(a, address));
        fd = openat(h->pci_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return failure_set(reterr, FAILURE_UNKNOWN_FUNCTION,
                                   "there is no function '%s' on this host", address);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open /sys/bus/pci/%s", path);

        if ((r = read_hex_attr_at(fd, "vendor", 16, &vendor)) < 0 ||
            (r = read_hex_attr_at(fd, "device", 16, &device)) < 0 ||
            (r = readlink_basename_at(fd, "physfn", &physfn)) < 0 ||
            (r = pci_address_parse(physfn, &ret->physical_function)) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read what function '%s' is",
                                         address);

        ret->family = families_find(h->settings.families, (uint16_t) vendor, (uint16_t) device);
        return 0;
}

static int run(const HostCommand *c, const PciAddress *a, const PciAddress *physical_function,
               char **ret_output, size_t *ret_size, Failure *reterr)
{
        _cleanup_(words_freep) char **words = NULL;
        int r;

        r = host_command_expand(c, a, physical_function, &words);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot run '%s'", c->words[0]);

        return command_run(words, c->deadline_usec, 0, ret_output, ret_size, reterr);
}

/* As gate_read_answer(). */
static int ask(const FunctionFamily *f, const PciAddress *a, char **ret_answer, Failure *reterr)
{
        const FamilyGate *g = &f->family->gate;
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_free_ char *output = NULL;
        size_t size;
        int r;

        r = run(&g->command, a, &f->physical_function, &output, &size, &why);
        if (r == -ENOENT && g->optional)
                return 1;
        if (r >= 0)
                r = gate_read_answer(g, output, size, ret_answer, &why);
        if (r < 0)
                (void) failure_set(
                                reterr, FAILURE_GATE_UNANSWERED,
                                "the gate of family %s cannot be asked about function %s: %s; mend that, or change the "
                                "family (vgpu-hibernate.json(5))",
                                f->family->name, PCI_ADDRESS_STR(a), failure_message(&why));
        return r;
}

static int judge_answer(const FunctionFamily *f, const PciAddress *a, GateQuestion question, Failure *reterr)
{
        _cleanup_free_ char *answer = NULL;
        int r;

        r = ask(f, a, &answer, reterr);
        if (r != 0 || question == GATE_ANSWERS)
                return r < 0 ? r : 0;

        return failure_set(reterr, FAILURE_GATE_CLOSED,
                           "function %s is not to be taken now: '%s' says '%s'%s", PCI_ADDRESS_STR(a),
                           f->family->gate.command.words[0], answer,
                           question == GATE_WAIT ? ", so a driver has not let go of it" : "");
}

/* From `begin_usec` on, CLOCK_MONOTONIC. */
static int ask_from(RealHost *h, const PciAddress *a, GateQuestion question, uint64_t begin_usec,
                    bool cancelable, Failure *reterr)
{
        FunctionFamily f;
        uint64_t end;
        int r;

        r = read_family(h, a, &f, reterr);
        if (r < 0 || !f.family || !f.family->gate.command.words)
                return r;

        end = begin_usec + f.family->gate.command.deadline_usec;
        for (;;) {
                _cleanup_(failure_done) Failure why = { 0 };

                r = judge_answer(&f, a, question, &why);
                if (r >= 0)
                        return 0;
                if (cancelable && real_host_canceled(h))
                        return failure_set(reterr, FAILURE_CANCELED,
                                           "canceled while the gate of function %s was waited for",
                                           PCI_ADDRESS_STR(a));
                if (cancelable && real_host_held(h))
                        return failure_set(
                                        reterr, FAILURE_CANCELED,
                                        "canceled, the host is shutting down and nobody knows when the gate of "
                                        "function %s opens",
                                        PCI_ADDRESS_STR(a));
                if (question != GATE_WAIT || clock_monotonic_usec() >= end)
                        return failure_set(reterr, why.code, "%s", failure_message(&why));

                clock_sleep_usec(GATE_INTERVAL_USEC);
        }
}

int host_function_gate(void *host, const PciAddress *a, GateQuestion question, Failure *reterr)
{
        return ask_from(host, a, question, clock_monotonic_usec(), false, reterr);
}

int host_await_gates(void *host, const PciAddress *functions, size_t n, Failure *reterr)
{
        uint64_t begin = clock_monotonic_usec();
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = ask_from(host, functions + i, GATE_WAIT, begin, true, reterr);

        return r;
}

int host_function_clean(void *host, const PciAddress *a, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 };
        FunctionFamily f;
        int r;

        r = read_family(host, a, &f, reterr);
        if (r < 0 || !f.family || !f.family->clean.words)
                return r;

        r = real_host_function_in_use(host, a, reterr);
        if (r != 0)
                return r < 0 ? r : 0;

        r = run(&f.family->clean, a, &f.physical_function, NULL, NULL, &why);
        if (r < 0)
                return failure_set(reterr, FAILURE_HOST, "function %s is not clean: %s", PCI_ADDRESS_STR(a),
                                   failure_message(&why));
        return 0;
}
