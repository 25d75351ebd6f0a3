/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-bus.h"

#include "daemon/bus-options.h"
#include "daemon/daemon-bus.h"
#include "daemon/hook-question.h"
#include "daemon/object-path.h"

/* As many devices as we take a domain's XML to have (host/domain-xml.h). */
#define FUNCTIONS_MAX 256U

static int read_functions(sd_bus_message *message, HookQuestion *q, Failure *reterr)
{
        const char *text;
        int r;

        q->functions = calloc(FUNCTIONS_MAX, sizeof(PciAddress));
        if (!q->functions)
                return bus_option_read_failed(-ENOMEM, reterr);

        r = sd_bus_message_enter_container(message, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(message, "s", &text)) > 0) {
                if (q->n_functions >= FUNCTIONS_MAX)
                        return failure_set(reterr, FAILURE_INVALID_OPTION, "more than %u functions",
                                           FUNCTIONS_MAX);
                if (pci_address_parse(text, q->functions + q->n_functions++) < 0)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s' is no PCI address; write it like '0000:01:10.0'",
                                           bus_option_echo(text));
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        return r < 0 ? bus_option_read_failed(r, reterr) : 0;
}

static int read_question(sd_bus_message *message, HookQuestion *q, Failure *reterr)
{
        const char *operation;
        int r;

        r = sd_bus_message_read(message, "sss", &operation, &q->uuid, &q->name);
        if (r < 0)
                return bus_option_read_failed(r, reterr);

        q->operation = hook_operation_from_string(operation);
        if ((int) q->operation < 0)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "operation cannot be '%s'; allowed are 'restore', 'prepare' and 'release'",
                                bus_option_echo(operation));
        if (!uuid_is_valid(q->uuid))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' is no UUID as libvirt prints them",
                                   bus_option_echo(q->uuid));

        r = read_functions(message, q, reterr);
        if (r < 0)
                return r;

        return bus_options_read(message, "answer for a hook", NULL, 0, NULL, reterr);
}

static int answer_hook(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ PciAddress *targets = NULL;
        HookQuestion q = { 0 };
        Failure f = { 0 };
        size_t n = 0;
        int r;

        r = read_question(message, &q, &f);
        if (r >= 0)
                r = hook_question_answer(userdata, &q, &targets, &n, &f);
        free(q.functions);
        if (r < 0)
                return bus_error_from_failure(error, &f);

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = bus_append_addresses(reply, targets, n);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int method_answer_hook(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;
        const PolkitRequest request = { .method = answer_hook, .userdata = m };

        return polkit_authorize(m->polkit, message, &request, error);
}
