/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* explain: what would come of a job. */

#include <inttypes.h>
#include <stdio.h>

#include "cli/client.h"
#include "cli/explanation.h"
#include "cli/outcome.h"
#include "cli/request.h"
#include "cli/table.h"
#include "cli/text.h"
#include "vgpu-hibernate.h"

static const char *asked_kind(const Ctl *c)
{
        return c->kind ? c->kind : job_kind_to_string(JOB_MOVE);
}

/* Nothing is cut, however narrow the terminal: the remedy stands at the end. */
static void print_finding(const Ctl *c, const FindingInfo *f)
{
        const char *name = f->error;

        if (strncmp(name, VGPU_HIBERNATE_ERROR_PREFIX, strlen(VGPU_HIBERNATE_ERROR_PREFIX)) == 0)
                name += strlen(VGPU_HIBERNATE_ERROR_PREFIX);

        ctl_print(c, "%s %s: %s%s%s%s", f->blocking ? "-" : "*", f->scope, f->message, *name ? " (" : "",
                  name, *name ? ")" : "");
        if (*f->remedy)
                ctl_print(c, "  Remedy: %s", f->remedy);
}

/* Those that were not chosen; what speaks against the one that was is among the findings. */
static void print_strategies(const Ctl *c, const ExplanationInfo *e)
{
        for (size_t i = 0; i < e->n_strategies; i++) {
                const StrategyInfo *s = &e->strategies[i];

                if (s->chosen)
                        continue;
                if (*s->reason)
                        ctl_print(c, "           not %s: %s", s->strategy, s->reason);
                else
                        ctl_print(c, "           or --strategy=%s", s->strategy);
        }
}

static int print_candidates(const Ctl *c, const ExplanationInfo *e)
{
        static const TableColumn columns[] = {
                { "FUNCTION", false, false },
                { "FITS", false, false },
                { "REASON", false, true },
        };
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns), &t);
        if (r < 0)
                return r;

        for (size_t i = 0; i < e->n_candidates; i++) {
                const CandidateInfo *k = &e->candidates[i];

                table_add(t, TINT_NONE, k->function);
                table_add(t, k->fits ? TINT_GOOD : TINT_DIM, k->fits ? "yes" : "no");
                table_add(t, TINT_NONE, k->reason);
        }

        (void) putchar('\n');
        return table_print(t, stdout, !c->no_legend);
}

static void print_seconds(const Ctl *c, const char *title, double seconds)
{
        /* Beyond that it is no number of seconds any more. */
        if (seconds >= 0 && seconds < (double) (UINT64_MAX / USEC_PER_SEC))
                ctl_print(c, "%s about %s", title, TEXT_DURATION((uint64_t) (seconds * USEC_PER_SEC)));
}

static int print_functions(const Ctl *c, const ExplanationInfo *e)
{
        _cleanup_free_ char *functions = outcome_format_functions(e->functions, e->n_functions);

        if (!functions)
                return -ENOMEM;

        if (*functions)
                ctl_print(c, "Functions: %s", functions);
        return 0;
}

static int print_explanation(const Ctl *c, const ExplanationInfo *e)
{
        const bool is_shared = e->bytes_promised != UINT64_MAX && e->bytes_promised > 0;
        const Tint tint = e->possible ? TINT_GOOD : TINT_BAD;
        int r;

        ctl_print(c, "To %s '%s'", asked_kind(c), c->argument);
        (void) printf("   Answer: %s%s%s\n", terminal_tint(&c->terminal, tint),
                      e->possible ? "possible" : "not possible", terminal_reset(&c->terminal, tint));
        ctl_print(c, " Strategy: %s", e->strategy ? e->strategy : "-");
        print_strategies(c, e);
        r = print_functions(c, e);
        if (r < 0)
                return r;
        if (e->bytes_needed != UINT64_MAX && e->bytes_needed > 0)
                ctl_print(c, "    Image: up to %s, %s are to be had%s%s%s", TEXT_BYTES(e->bytes_needed),
                          e->bytes_available != UINT64_MAX ? TEXT_BYTES(e->bytes_available) : "?",
                          is_shared ? ", beside " : "", is_shared ? TEXT_BYTES(e->bytes_promised) : "",
                          is_shared ? " for other jobs" : "");
        if (e->bytes_expected != UINT64_MAX && e->bytes_expected > 0)
                ctl_print(c, " Expected: %s", TEXT_BYTES(e->bytes_expected));
        print_seconds(c, "     Save:", e->save_seconds);
        print_seconds(c, "   Resume:", e->resume_seconds);
        if (e->prediction_samples > 0 && e->prediction_error >= 0)
                ctl_print(c, "           past predictions were off by %.0f %% at the median of %" PRIu32,
                          e->prediction_error * 100, e->prediction_samples);

        if (e->n_findings > 0)
                (void) putchar('\n');
        for (size_t i = 0; i < e->n_findings; i++)
                print_finding(c, &e->findings[i]);

        return e->n_candidates > 0 ? print_candidates(c, e) : 0;
}

static int ask(Ctl *c, ExplanationInfo *ret, sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int r;

        r = client_connect(c, e);
        if (r < 0)
                return r;

        r = client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, "Explain", &m);
        if (r >= 0)
                r = request_append(m, c);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = client_call(c, m, e, &reply);
        if (r < 0)
                return r;

        r = explanation_info_read(ret, reply);
        return r < 0 ? client_set_protocol_error(e, r) : 0;
}

int verb_explain(Ctl *c)
{
        _cleanup_(explanation_info_done) ExplanationInfo explanation = { 0 };
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = ask(c, &explanation, &e);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot explain '%s'", c->argument);

        if (c->json)
                r = ctl_print_json(c, explanation_info_to_json(&explanation, c->argument, asked_kind(c)));
        else if (!c->quiet)
                r = print_explanation(c, &explanation);
        if (r < 0)
                return r;

        return explanation.possible ? EXIT_STATUS_OK : EXIT_STATUS_REFUSED;
}
