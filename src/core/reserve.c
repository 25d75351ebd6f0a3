/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/reserve.h"

#include "core/enum-table.h"

static const char *const reserve_group_table[] = {
        [RESERVE_ANY] = "any",
        [RESERVE_PF] = "pf",
};
DEFINE_ENUM_TABLE(reserve_group, ReserveGroup, _RESERVE_GROUP_MAX);

/* The functions to choose from, as a list of their own that borrows its strings. */
typedef struct Candidates {
        Function *functions;
        size_t n;
        const Function *host; /* all there are */
        size_t n_host;
} Candidates;

static void candidates_done(Candidates *c)
{
        free(c->functions);
}

static int candidates_of_pool(const Function *functions, size_t n, const char *pool, Candidates *ret)
{
        Candidates c = {
                .functions = calloc(n + 1, sizeof(Function)),
                .host = functions,
                .n_host = n,
        };

        if (!c.functions)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                if (!*pool || streq_ptr(functions[i].pool, pool))
                        c.functions[c.n++] = functions[i];

        *ret = c;
        return 0;
}

static int candidates_of_card(const Candidates *of, const PciAddress *physical_function, Candidates *ret)
{
        Candidates c = {
                .functions = calloc(of->n + 1, sizeof(Function)),
                .host = of->host,
                .n_host = of->n_host,
        };

        if (!c.functions)
                return -ENOMEM;

        for (size_t i = 0; i < of->n; i++)
                if (pci_address_equal(&of->functions[i].physical_function, physical_function))
                        c.functions[c.n++] = of->functions[i];

        *ret = c;
        return 0;
}

static size_t count_used(const Candidates *c)
{
        size_t n = 0;

        for (size_t i = 0; i < c->n; i++)
                n += c->functions[i].state != FUNCTION_FREE;

        return n;
}

static bool is_first_of_its_kind(const Candidates *c, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (compat_is_alike(&c->functions[k], &c->functions[i]))
                        return false;

        return true;
}

static bool is_first_of_its_card(const Candidates *c, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (pci_address_equal(&c->functions[k].physical_function,
                                      &c->functions[i].physical_function))
                        return false;

        return true;
}

static int pick_like(const Candidates *c, const ReserveRequest *request, const FunctionIdentity *like,
                     size_t n_like, PickPolicy policy, PciAddress *ret, Failure *reterr)
{
        _cleanup_free_ FunctionIdentity *wants = calloc(request->count, sizeof(FunctionIdentity));
        _cleanup_free_ FunctionRef *from = calloc(request->count, sizeof(FunctionRef));

        if (!wants || !from)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot choose functions");

        for (size_t i = 0; i < request->count; i++) {
                wants[i] = like[i % n_like];
                if (request->from)
                        from[i] = request->from[i % n_like];
        }

        return pool_pick(c->functions, c->n,
                         &(PoolRequest) { .wants = wants,
                                          .fixups = FIXUPS_YES, /* nobody has looked yet */
                                          .from = request->from ? from : NULL,
                                          .any_pool = true, /* the request names the pool */
                                          .host = c->host,
                                          .n_host = c->n_host,
                                          /* For another number nobody knows how they will be used. */
                                          .together = request->from && request->count == n_like,
                                          .n = request->count,
                                          .policy = policy },
                         ret, reterr);
}

/* The reasons are those of the first kind: *reterr keeps its first cause. */
static int pick_kind(const Candidates *c, const ReserveRequest *request, PickPolicy policy, PciAddress *ret,
                     Failure *reterr)
{
        if (request->like)
                return pick_like(c, request, request->like, request->n_like, policy, ret, reterr);

        for (size_t i = 0; i < c->n; i++)
                if (is_first_of_its_kind(c, i) &&
                    pick_like(c, request, &c->functions[i].identity, 1, policy, ret, reterr) >= 0) {
                        failure_done(reterr);
                        return 0;
                }

        return -EREMOTEIO;
}

/* The card that the policy prefers among those that have enough; of equal ones the first. */
static int pick_card(const Candidates *c, const ReserveRequest *request, PickPolicy policy, PciAddress *ret,
                     Failure *reterr)
{
        _cleanup_free_ PciAddress *chosen = calloc(request->count, sizeof(PciAddress));
        size_t best_used = 0;
        bool found = false;

        if (!chosen)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot choose functions");

        for (size_t i = 0; i < c->n; i++) {
                _cleanup_(candidates_done) Candidates card = { 0 };
                size_t used;

                if (!is_first_of_its_card(c, i))
                        continue;
                if (candidates_of_card(c, &c->functions[i].physical_function, &card) < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot choose functions");

                used = count_used(&card);
                if (found && (policy == PICK_SPREAD ? used >= best_used : used <= best_used))
                        continue;
                if (pick_kind(&card, request, policy, chosen, NULL) < 0)
                        continue;

                memcpy(ret, chosen, request->count * sizeof(PciAddress));
                best_used = used;
                found = true;
        }

        if (found)
                return 0;

        /* Where there is not even enough on all cards together, the reasons are worth more than the number. */
        if (pick_kind(c, request, policy, chosen, reterr) < 0)
                return -EREMOTEIO;
        return failure_set(reterr, FAILURE_NO_FREE_FUNCTION,
                           "no physical function has %zu free functions that fit, all together have; ask "
                           "for fewer, or for group 'any'",
                           request->count);
}

int reserve_pick(const Function *functions, size_t n_functions, const ReserveRequest *request,
                 PickPolicy policy, PciAddress *ret, Failure *reterr)
{
        _cleanup_(candidates_done) Candidates c = { 0 };

        if (candidates_of_pool(functions, n_functions, request->pool, &c) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot choose functions");
        if (c.n == 0)
                return failure_set(reterr, FAILURE_NO_FREE_FUNCTION, "pool '%s' is empty", request->pool);

        return request->group == RESERVE_PF ? pick_card(&c, request, policy, ret, reterr)
                                            : pick_kind(&c, request, policy, ret, reterr);
}
