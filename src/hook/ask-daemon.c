/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/ask-daemon.h"

#include <systemd/sd-bus.h>

#include "basic/clock.h"
#include "vgpu-hibernate.h"

typedef struct Answer {
        bool there;
        int result; /* as ask_daemon() returns it */
        PciAddress *targets;
        size_t n_targets;
        Failure *reterr;
} Answer;

static int no_answer(Failure *reterr, int error, const char *why)
{
        (void) failure_set(reterr, FAILURE_HOST, "%s", why);
        return error;
}

/* Of a daemon of another version, or of one that does not know us, an error says nothing about the domain. */
static bool is_refusal(FailureCode code)
{
        return (int) code > 0 && code != FAILURE_INVALID_OPTION && code != FAILURE_NOT_AUTHORIZED;
}

static int read_targets(sd_bus_message *message, Answer *a)
{
        const char *text;
        int r;

        a->targets = calloc(DOMAIN_XML_FUNCTIONS_MAX, sizeof(PciAddress));
        if (!a->targets)
                return -ENOMEM;

        r = sd_bus_message_enter_container(message, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(message, "s", &text)) > 0)
                if (a->n_targets >= DOMAIN_XML_FUNCTIONS_MAX ||
                    pci_address_parse(text, a->targets + a->n_targets++) < 0)
                        return -EBADMSG;
        return r < 0 ? r : 0;
}

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *ignored)
{
        const sd_bus_error *e = sd_bus_message_get_error(message);
        Answer *a = userdata;

        a->there = true;
        if (!e) {
                a->result = read_targets(message, a);
                if (a->result < 0)
                        (void) no_answer(a->reterr, a->result,
                                         "vgpu-hibernated answers what nobody understands");
        } else if (is_refusal(failure_code_from_bus_error(e->name)))
                a->result = failure_set(a->reterr, failure_code_from_bus_error(e->name), "%s",
                                        e->message ? e->message : e->name);
        else if (streq(e->name, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
                 streq(e->name, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                a->result = no_answer(a->reterr, -ENOENT, "vgpu-hibernated does not run");
        else
                a->result = no_answer(a->reterr, -EPROTO, e->message ? e->message : e->name);
        return 0;
}

static int append_functions(sd_bus_message *m, const DomainXml *x)
{
        int r;

        r = sd_bus_message_open_container(m, 'a', "s");
        for (size_t i = 0; r >= 0 && i < x->n_functions; i++)
                r = sd_bus_message_append(m, "s", PCI_ADDRESS_STR(x->functions + i));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Nothing here waits: not for the connection, nor for the bus's greeting. */
static int send_question(sd_bus *bus, const HookCall *c, Answer *answer)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                           VGPU_HIBERNATE_MANAGER_INTERFACE, "AnswerHook");
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_message_append(m, "sss", hook_operation_to_string(c->operation), c->domain.uuid,
                                          c->name);
        if (r >= 0)
                r = append_functions(m, &c->domain);
        if (r >= 0)
                r = sd_bus_message_append(m, "a{sv}", 0);
        if (r >= 0)
                r = sd_bus_call_async(bus, NULL, m, on_answer, answer, UINT64_MAX);
        return r;
}

static int wait_answer(sd_bus *bus, const Answer *answer, uint64_t deadline_usec)
{
        while (!answer->there) {
                uint64_t now = clock_monotonic_usec();
                int r;

                if (now >= deadline_usec)
                        return -ETIMEDOUT;

                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, deadline_usec - now);
                if (r < 0 && r != -EINTR)
                        return r;
        }

        return 0;
}

int ask_daemon(const HookCall *c, bool user_bus, uint64_t deadline_usec, PciAddress **ret, size_t *ret_n,
               Failure *reterr)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        Answer answer = { .reterr = reterr };
        int r;

        r = user_bus ? sd_bus_open_user(&bus) : sd_bus_open_system(&bus);
        if (r >= 0)
                r = send_question(bus, c, &answer);
        if (r >= 0)
                r = wait_answer(bus, &answer, deadline_usec);
        if (r < 0 && !answer.there)
                return no_answer(reterr, r == -EREMOTEIO ? -EIO : r,
                                 r == -ETIMEDOUT ? "vgpu-hibernated does not answer"
                                                 : "the system bus cannot be reached");

        if (answer.result < 0) {
                free(answer.targets);
                return answer.result;
        }

        *ret = answer.targets;
        *ret_n = answer.n_targets;
        return 0;
}
