/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/choose-targets.h"

#include "core/bond.h"

typedef struct Choice {
        const TargetRequest *request;
        Function *candidates; /* owned, borrows from the view */
        size_t n_candidates;
        FunctionSwap *swaps;
        size_t n_swaps;
} Choice;

static void choice_done(Choice *c)
{
        free(c->candidates);
}

/* `had`: NULL when what it has or had is not on this host any more. */
static CompatGuest guest_of_swap(const TargetRequest *r, const FunctionSwap *s, const Function *had,
                                 GuestFixups fixups)
{
        return (CompatGuest) {
                .identity = &s->identity,
                .address = &s->from,
                .locator = &s->from_locator,
                .had = had,
                .fixups = fixups,
                .anew = r->anew,
        };
}

static int choose_one(const Choice *c, const PciAddress *a, FunctionSwap *s, Findings *l, Failure *reterr)
{
        const Function *f = pool_find(c->candidates, c->n_candidates, a);
        const FunctionRef from = swap_source(s);
        CompatGuest guest;

        if (!f && view_find_function(c->request->view, a))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'functions' names %s, which is not among the functions of the "
                                   "reservation",
                                   PCI_ADDRESS_STR(a));
        if (!f)
                return failure_set(reterr, FAILURE_UNKNOWN_FUNCTION,
                                   "function %s is not in the pool; see 'vgpu-hibernatectl functions'",
                                   PCI_ADDRESS_STR(a));

        swap_set_target(s, f);
        guest = guest_of_swap(c->request, s, view_find_ref(c->request->view, &from), c->request->fixups);
        s->has_to = pool_judge(f, &guest, l);
        return 0;
}

/* One of several that a move keeps. */
static bool keep_own(const Choice *c, const PciAddress *a, FunctionSwap *s)
{
        const FunctionRef from = swap_source(s);
        const Function *own = view_find_ref(c->request->view, &from);

        if (c->request->kind != JOB_MOVE || c->n_swaps == 1 || !own || !pci_address_equal(&own->address, a))
                return false;

        swap_set_target(s, own);
        return true;
}

/* The caller knows better than a rule of thumb, but is told. */
static void remark_bond(const Choice *c, Findings *l)
{
        const Function *from[JOB_FUNCTIONS_MAX], *to[JOB_FUNCTIONS_MAX];
        Bond bond;

        for (size_t i = 0; i < c->n_swaps; i++) {
                const FunctionRef ref = swap_source(c->swaps + i);

                from[i] = view_find_ref(c->request->view, &ref);
                to[i] = view_find_function(c->request->view, &c->swaps[i].to);
        }

        bond = bond_of(from, c->n_swaps);
        for (size_t i = 0; i < c->n_swaps && bond != BOND_NONE; i++)
                if (!to[i] || !bond_holds(bond, to[0], to[i])) {
                        (void) findings_remark(
                                        l, FINDING_FUNCTION,
                                        "the functions of domain '%s' are of one %s, those that were asked for are not",
                                        c->request->domain->name, bond_to_string(bond));
                        return;
                }
}

static int choose_explicit(const Choice *c, Findings *l, Failure *reterr)
{
        const JobOptions *o = c->request->options;
        size_t kept = 0;

        if (o->n_functions != c->n_swaps)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "option 'functions' names %zu; domain '%s' needs %zu, in the order of its "
                                "devices",
                                o->n_functions, c->request->domain->name, c->n_swaps);

        for (size_t i = 0; i < c->n_swaps; i++) {
                bool keeps = keep_own(c, o->functions + i, c->swaps + i);
                int r = keeps ? 0 : choose_one(c, o->functions + i, c->swaps + i, l, reterr);

                if (r < 0)
                        return r;
                kept += keeps;
        }

        if (kept == c->n_swaps)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'functions' names what domain '%s' has: there is nothing to move",
                                   c->request->domain->name);

        remark_bond(c, l);
        return 0;
}

/* That one of them will not do is no failure: then the policy chooses, among these too. */
static bool choose_held(const Choice *c)
{
        const Function *held[JOB_FUNCTIONS_MAX];
        const DomainView *d = c->request->domain;

        if (c->request->kind != JOB_RESUME || c->request->reservation || d->hold == HOLD_RELEASE)
                return false;

        for (size_t i = 0; i < c->n_swaps; i++) {
                const FunctionRef from = swap_source(c->swaps + i);
                const Function *f = function_ref_find(&from, c->candidates, c->n_candidates);
                const CompatGuest guest = guest_of_swap(c->request, c->swaps + i, f, c->request->fixups);

                if (!f || !pool_judge(f, &guest, NULL))
                        return false;
                held[i] = f;
        }

        for (size_t i = 0; i < c->n_swaps; i++)
                swap_set_target(c->swaps + i, held[i]);

        return true;
}

/* What the policy chooses by; `from` and `wants` are as long as the swaps. */
static PoolRequest pool_request(const Choice *c, FunctionRef *from, FunctionIdentity *wants)
{
        for (size_t i = 0; i < c->n_swaps; i++) {
                wants[i] = c->swaps[i].identity;
                from[i] = swap_source(c->swaps + i);
        }

        return (PoolRequest) {
                .wants = wants,
                .from = from,
                .host = c->request->view->functions,
                .n_host = c->request->view->n_functions,
                .fixups = c->request->fixups,
                .anew = c->request->anew,
                .leave = c->request->kind == JOB_MOVE, /* a resume may come back to where it was */
                .together = true,
                .n = c->n_swaps,
                .policy = c->request->policy,
                .memory_node = c->request->domain->memory_node >= 0 ? &c->request->domain->memory_node
                                                                    : NULL,
        };
}

static void choose_by_policy(const Choice *c, Findings *l)
{
        PciAddress chosen[JOB_FUNCTIONS_MAX];
        FunctionRef from[JOB_FUNCTIONS_MAX];
        _cleanup_(failure_done) Failure why = { 0 };
        FunctionIdentity wants[JOB_FUNCTIONS_MAX];
        const PoolRequest request = pool_request(c, from, wants);

        if (pool_pick(c->candidates, c->n_candidates, &request, chosen, &why) < 0) {
                (void) findings_block(l, why.code, FINDING_FUNCTION, "%s", failure_message(&why));
                return;
        }

        for (size_t i = 0; i < c->n_swaps; i++)
                swap_set_target(c->swaps + i, pool_find(c->candidates, c->n_candidates, chosen + i));
}

/* What the parent keeps for this. */
static void grant(Choice *c, const JobOptions *o)
{
        for (size_t i = 0; i < c->n_candidates; i++) {
                Function *f = c->candidates + i;
                const bool kept = f->state == FUNCTION_LEASED && !f->domain;

                if (pci_address_is_among(&f->address, o->granted, o->n_granted) &&
                    (kept || (o->rehearses && f->state == FUNCTION_ASSIGNED)))
                        f->state = FUNCTION_FREE;
        }
}

static int choice_new(const TargetRequest *request, FunctionSwap *swaps, size_t n_swaps, Choice *ret,
                      Failure *reterr)
{
        Choice c = { .request = request, .swaps = swaps, .n_swaps = n_swaps };
        int r;

        r = view_functions_for(request->view, request->domain, request->reservation, &c.candidates,
                               &c.n_candidates);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot choose a function");

        grant(&c, request->options);
        *ret = c;
        return 0;
}

int choose_targets(const TargetRequest *request, FunctionSwap *swaps, size_t n_swaps, Findings *findings,
                   Failure *reterr)
{
        _cleanup_(choice_done) Choice c = { 0 };
        int r;

        r = choice_new(request, swaps, n_swaps, &c, reterr);
        if (r < 0)
                return r;

        if (request->options->functions)
                return choose_explicit(&c, findings, reterr);

        if (!choose_held(&c))
                choose_by_policy(&c, findings);
        return 0;
}

bool targets_need_fixups(const TargetRequest *request, const FunctionSwap *swaps, size_t n_swaps)
{
        for (size_t i = 0; i < n_swaps; i++) {
                const FunctionRef from = swap_source(swaps + i), to = swap_target(swaps + i);
                const Function *f = swaps[i].has_to ? view_find_ref(request->view, &to) : NULL;
                const CompatGuest guest = guest_of_swap(request, swaps + i,
                                                        view_find_ref(request->view, &from), FIXUPS_NO);

                if (f && !compat_judge(&guest, f, NULL))
                        return true;
        }

        return false;
}

int consider_targets(const TargetRequest *request, FunctionSwap *swaps, size_t n_swaps,
                     PoolConsidered considered, void *userdata, Failure *reterr)
{
        _cleanup_(choice_done) Choice c = { 0 };
        FunctionIdentity wants[JOB_FUNCTIONS_MAX];
        FunctionRef from[JOB_FUNCTIONS_MAX];
        PoolRequest pool;
        int r;

        r = choice_new(request, swaps, n_swaps, &c, reterr);
        if (r < 0)
                return r;

        pool = pool_request(&c, from, wants);
        r = pool_consider(c.candidates, c.n_candidates, &pool, considered, userdata);
        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "cannot consider functions") : 0;
}
