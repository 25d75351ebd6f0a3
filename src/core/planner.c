/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner.h"

#include <assert.h>
#include <stdio.h>

#include "core/planner-across.h"
#include "core/planner-reason.h"
#include "core/planner-rooms.h"
#include "core/planner-share.h"

/* After so many in vain no domain leaves its host any more. */
#define ACROSS_TRIES_MAX 8

typedef struct Planning {
        const Fleet *fleet;
        const PlannerOptions *options;
        PlannerShare share;
        size_t *entries; /* owned; by host: what is asked of it */
        PlannerPlan plan;
} Planning;

static void host_plan_done(PlannerHostPlan *h)
{
        planner_waves_done(&h->waves);
        for (size_t i = 0; i < h->n_rooms; i++)
                free(h->rooms[i].functions);
        free(h->rooms);
        *h = (PlannerHostPlan) { 0 };
}

void planner_plan_done(PlannerPlan *p)
{
        for (size_t i = 0; i < p->n_hosts; i++)
                host_plan_done(p->hosts + i);
        free(p->hosts);
        free(p->reason);
        *p = (PlannerPlan) { 0 };
}

static void planning_done(Planning *p)
{
        planner_share_done(&p->share);
        free(p->entries);
        planner_plan_done(&p->plan);
}

static int out_of_memory(Failure *reterr)
{
        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot make a plan");
}

/* The moves of one host, in their order. 0: there is none that all limits allow, and a domain less to
 * move now; 1: there is. */
static int order_host(Planning *p, size_t host, bool pin_longest, char **why, Failure *reterr)
{
        PlannerTable *t = p->share.tables + host;
        const PlannerSolution *solution = &t->entries[p->entries[host]].solution;
        PlannerHostPlan *plan = p->plan.hosts + host;
        PlannerGoal goals[PLANNER_GOALS_MAX];
        size_t n = planner_share_goals(&p->share, host, p->entries[host], goals);
        _cleanup_free_ char *because = NULL;
        PlannerConflict conflict;
        int r;

        host_plan_done(plan);
        r = planner_host_set_goals(&t->host, goals, n, reterr);
        if (r < 0)
                return r;

        r = planner_waves(&t->host, solution, p->options->parallel, &plan->waves, &conflict, &because);
        if (r > 0)
                r = planner_rooms(&t->host, solution, goals, n, p->share.goals, p->share.n_goals, plan) < 0
                                    ? -ENOMEM
                                    : 1;
        if (r < 0)
                return out_of_memory(reterr);
        if (r > 0)
                return 1;

        if (!t->stays)
                t->stays = calloc(p->fleet->hosts[host].n_domains + 1, sizeof(bool));
        if (!t->stays)
                return out_of_memory(reterr);
        t->stays[pin_longest ? conflict.longest : conflict.strictest] = true;
        t->is_stale = true;
        if (!*why)
                *why = TAKE_PTR(because);
        return 0;
}

static char *say_host(const Planning *p, size_t host, char *what)
{
        _cleanup_free_ char *reason = what;
        char *text;

        if (!reason || p->fleet->n == 1 || !p->fleet->hosts[host].host)
                return TAKE_PTR(reason);
        return asprintf(&text, "host %s: %s", p->fleet->hosts[host].host, reason) < 0 ? NULL : text;
}

/* Why what is asked of a host in this entry is impossible. */
static char *say_why(Planning *p, size_t host, size_t entry)
{
        PlannerGoal goals[PLANNER_GOALS_MAX];
        size_t n = planner_share_goals(&p->share, host, entry, goals);

        return say_host(p, host, planner_reason(&p->share.tables[host].host, goals, n));
}

static char *find_reason(Planning *p)
{
        const PlannerShare *s = &p->share;
        uint64_t most = 0;
        char *text;

        if (p->fleet->n == 0)
                return strdup("the inventory has no hosts");

        for (size_t h = 0; h < p->fleet->n; h++)
                if (planner_share_is_impossible(s, h, 0))
                        return say_why(p, h, 0);

        for (uint32_t fit = 0; fit < s->n_fits; fit++) {
                _cleanup_free_ char *first = NULL;
                size_t entry = (size_t) 1 << fit, h = 0;

                while (h < p->fleet->n && planner_share_is_impossible(s, h, entry))
                        h++;
                if (h < p->fleet->n)
                        continue;
                first = say_why(p, 0, entry);
                return !first || asprintf(&text, "no host has room for %u functions; %s",
                                          s->goals[s->fits[fit]].count, first) < 0
                                       ? NULL
                                       : text;
        }

        for (size_t h = 0; s->free_pf && h < p->fleet->n; h++)
                for (uint32_t row = 1; row < s->tables[h].n_rows; row++)
                        most += !planner_share_is_impossible(s, h, (size_t) row * s->n_masks);
        if (s->free_pf && most < s->free_pf->count)
                return asprintf(&text,
                                "only %llu physical functions of %zu hosts can be left without an owner, and %u are asked for",
                                (unsigned long long) most, p->fleet->n, s->free_pf->count) < 0
                                       ? NULL
                                       : text;

        return strdup("each goal can be reached alone, but not all together");
}

static int give_reason(Planning *p, char *why, Failure *reterr)
{
        if (why && asprintf(&p->plan.reason,
                            "%s; no other way was found, and it is not proven that there is none", why) < 0)
                p->plan.reason = NULL;
        else if (!why && !p->plan.optimal)
                p->plan.reason = strdup(
                                "no plan was found before the limit, and it is not proven that there is none");
        else if (!why)
                p->plan.reason = find_reason(p);

        for (size_t h = 0; h < p->fleet->n; h++)
                host_plan_done(p->plan.hosts + h);
        return p->plan.reason ? 0 : out_of_memory(reterr);
}

/* `best` was proven to be the best that could be, if `proven`; all that could be costs `bound` at least. Neither knew
 * of limits that only an order shows. With compact, what costs less may only leave fewer physical functions. */
static void judge_sum(Planning *p, const PlannerSum *sum, const PlannerSum *best, const PlannerSum *bound,
                      bool proven)
{
        p->plan.cost = sum->cost;

        if (proven)
                p->plan.optimal = !planner_sum_is_better(best, sum);
        else
                p->plan.optimal = !p->share.compact && planner_cost_compare(&bound->cost, &sum->cost) >= 0;

        if (p->plan.optimal || planner_cost_compare(&bound->cost, &sum->cost) >= 0)
                p->plan.bound = sum->cost;
        else
                p->plan.bound = bound->cost;
        if (p->share.compact && planner_sum_is_better(best, sum))
                p->plan.bound = (PlannerCost) { 0 };
}

/* Those who leave their hosts find places on others, or remain, in the next try. */
static int place_leavers(Planning *p, unsigned *n_tries, char **why, Failure *reterr)
{
        _cleanup_free_ char *because = NULL;
        int n;

        n = planner_across(&p->share, p->entries, p->plan.hosts, &because);
        if (n < 0)
                return out_of_memory(reterr);
        if (n > 0 && !*why)
                *why = TAKE_PTR(because);
        if (n > 0 && ++*n_tries == ACROSS_TRIES_MAX)
                planner_share_end_leaving(&p->share);
        return 0;
}

/* The best sum of the tables that has an order, and room on other hosts for who leaves. Each time there is none,
 * a domain less moves, or leaves. */
static int find_order(Planning *p, bool pin_longest, char **why, PlannerSum *ret, Failure *reterr)
{
        unsigned n_tries = 0;
        int r;

        do {
                bool has_order = true;

                if (planner_share_find(&p->share, ret, p->entries) < 0)
                        return out_of_memory(reterr);
                if (!ret->found)
                        return 0;

                for (size_t h = 0; h < p->fleet->n; h++) {
                        r = order_host(p, h, pin_longest, why, reterr);
                        if (r < 0)
                                return r;
                        has_order = has_order && r > 0;
                }

                r = has_order ? place_leavers(p, &n_tries, why, reterr) : 0;
                if (r >= 0)
                        r = planner_share_refill(&p->share, reterr);
        } while (r > 0);

        return r;
}

/* Who is not moved for the sake of a limit is a guess, after which there may be no way. So there are others; and fewer
 * moves, without compact, are the last. */
static int find_any_order(Planning *p, char **why, PlannerSum *ret, Failure *reterr)
{
        PlannerShare *s = &p->share;
        const bool compact = s->compact;
        int r = 0;

        for (unsigned guess = 0; guess < (compact ? 4 : 2); guess++) {
                if (guess > 0) {
                        s->compact = compact && guess < 2;
                        planner_share_reset(s);
                        r = planner_share_refill(s, reterr);
                }
                if (r >= 0)
                        r = find_order(p, guess % 2 == 1, why, ret, reterr);
                if (r < 0 || ret->found)
                        break;
        }

        s->compact = compact;
        return r;
}

static int make_plan(Planning *p, Failure *reterr)
{
        _cleanup_free_ char *why = NULL;
        PlannerSum sum, best, bound;
        bool proven;
        int r;

        r = planner_share_refill(&p->share, reterr);
        if (r < 0)
                return r;

        if (planner_share_find(&p->share, &best, NULL) < 0 ||
            planner_share_find_bound(&p->share, &bound) < 0)
                return out_of_memory(reterr);
        proven = planner_share_is_proven(&p->share);

        sum = best;
        if (best.found) {
                r = find_any_order(p, &why, &sum, reterr);
                if (r < 0)
                        return r;
        }

        p->plan.feasible = sum.found;
        if (!sum.found) {
                p->plan.optimal = !bound.found;
                return give_reason(p, why, reterr);
        }

        judge_sum(p, &sum, &best, &bound, proven);
        for (size_t h = 0; h < p->fleet->n; h++)
                if (p->plan.hosts[h].waves.n > p->plan.n_waves)
                        p->plan.n_waves = p->plan.hosts[h].waves.n;

        return 0;
}

int planner_plan(const Fleet *fleet, const PlannerGoal *goals, size_t n_goals, const PlannerOptions *options,
                 PlannerPlan *ret, Failure *reterr)
{
        _cleanup_(planning_done) Planning p = { .fleet = fleet, .options = options };
        int r;

        assert(options->parallel > 0);

        if (n_goals == 0 || n_goals > PLANNER_GOALS_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "a plan needs 1 to %u goals",
                                   PLANNER_GOALS_MAX);

        r = planner_share_init(&p.share, fleet, goals, n_goals, options, reterr);
        if (r < 0)
                return r;

        p.entries = calloc(fleet->n + 1, sizeof(size_t));
        p.plan.hosts = calloc(fleet->n + 1, sizeof(PlannerHostPlan));
        if (!p.entries || !p.plan.hosts)
                return out_of_memory(reterr);
        p.plan.n_hosts = fleet->n;

        r = make_plan(&p, reterr);
        if (r < 0)
                return r;

        *ret = p.plan;
        p.plan = (PlannerPlan) { 0 };
        return 0;
}
