/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/guest-health.h"

#include "basic/clock.h"
#include "host/domain-families.h"
#include "host/guest-reader.h"
#include "host/virt-status.h"

#define PING_INTERVAL_USEC (500 * USEC_PER_MSEC)

typedef struct Count {
        const GuestFileRule *rule;
        size_t n;
} Count;

static int count_match(const char *text, void *userdata)
{
        Count *c = userdata;

        c->n += guest_file_rule_matches(c->rule, text);
        return 0;
}

/* One family's rules, for `n` functions of it. 1: well. 0: *ret_path is not as it should be, which may yet change. */
static int check_rules(const GuestReader *g, const GuestRules *rules, size_t n, const char **ret_path)
{
        for (size_t i = 0; i < rules->n_health; i++) {
                Count c = { .rule = rules->health + i };
                size_t needed = strchr(c.rule->path, '*') ? n : 1;

                *ret_path = c.rule->path;
                if (guest_reader_each(g, c.rule->path, count_match, &c) < 0 || c.n < needed)
                        return 0;
        }

        return 1;
}

/* Of a guest whose agent may not read files nothing is known, and that is no reason to call it ill. */
static int check_families(const RealHost *h, virDomainPtr d, const DomainXml *x, const char **ret_path,
                          Failure *reterr)
{
        GuestReader g = {
                .domain = d,
                .deadline_usec = clock_monotonic_usec() + h->settings.agent_timeout_usec,
        };
        DomainFamily families[DOMAIN_XML_FUNCTIONS_MAX];
        size_t n = domain_families(h, x->functions, x->n_functions, families);
        bool asked = false;

        for (size_t i = 0; i < n; i++) {
                const GuestRules *rules = &families[i].family->guest;
                int r;

                if (rules->n_health == 0)
                        continue;

                if (!asked) {
                        r = guest_agent_info(d, h->settings.agent_timeout_usec, &g.commands, reterr);
                        if (r < 0)
                                return r;
                        asked = true;
                }
                if (!g.commands.read_files)
                        return 1;
                if (check_rules(&g, rules, families[i].n_functions, ret_path) == 0)
                        return 0;
        }

        return 1;
}

/* 1: yes, or there is nobody to ask. 0: *ret_path is not as it should be. */
static int is_well(RealHost *h, const char *uuid, const char **ret_path, Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(domain_xml_done) DomainXml x = { 0 };
        _cleanup_free_ char *xml = NULL;
        int r;

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        r = virt_domain_xml(d, 0, &xml, reterr);
        if (r < 0)
                return r;

        r = domain_xml_parse(xml, &x, reterr);
        if (r < 0)
                return r;
        if (!x.has_agent_channel)
                return 1;

        r = guest_agent_ping(d, h->settings.agent_timeout_usec, reterr);
        return r < 0 ? r : check_families(h, d, &x, ret_path, reterr);
}

int host_wait_agent(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        uint64_t deadline_usec = clock_monotonic_usec() + h->settings.health_timeout_usec;

        for (;;) {
                _cleanup_(failure_done) Failure silent = { 0 };
                const char *path = NULL;
                HostStatus s = { 0 };
                bool known;
                int r;

                r = is_well(h, uuid, &path, &silent);
                if (r > 0)
                        return 0;

                known = host_status(h, uuid, &s, NULL) >= 0;
                if ((known && !s.active) || silent.code == FAILURE_UNKNOWN_DOMAIN ||
                    clock_monotonic_usec() >= deadline_usec) {
                        if (r == 0)
                                return failure_set(
                                                reterr, FAILURE_GUEST_UNHEALTHY,
                                                "the guest answers after its resume, but its %s is not there or "
                                                "not as it should be",
                                                path);
                        return failure_set(reterr, FAILURE_GUEST_UNHEALTHY,
                                           "the guest does not answer after its resume, QEMU's status is "
                                           "'%s': %s",
                                           known ? qemu_status_to_string(s.qemu) : "unknown",
                                           failure_message(&silent));
                }

                clock_sleep_usec(PING_INTERVAL_USEC);
        }
}
