/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Is a plan one that can be carried out? Functions are given owners wave by wave: first all that a wave leaves is free,
 * then what it gets must be. That holds for every order in which the moves of a wave may be begun: what one gets was free
 * before, or is left by one that it waits for.
 */

#include <assert.h>

#include "core/apply.h"

#define IN_USE (INVENTORY_NONE - 1) /* by nobody who moves, or nobody may have it */

typedef struct Check {
        Apply *apply;
        const Inventory *inv;
        size_t *owners; /* owned; by function: index of a domain, INVENTORY_NONE: free, or IN_USE */
        bool *moves;    /* owned; by domain: some move is its */
} Check;

static void check_done(Check *c)
{
        free(c->owners);
        free(c->moves);
}

static int refuse(const ApplyMove *m, const char *what, const PciAddress *f, Failure *reterr)
{
        return failure_set(reterr, FAILURE_INVALID_OPTION,
                           "the plan cannot be carried out: the move of domain '%s' %s%s%s; plan anew",
                           m->name, what, f ? " " : "", f ? PCI_ADDRESS_STR(f) : "");
}

static int check_init(Check *c, Apply *a, const Inventory *inv)
{
        *c = (Check) {
                .apply = a,
                .inv = inv,
                .owners = calloc(inv->n_functions + 1, sizeof(size_t)),
                .moves = calloc(inv->n_domains + 1, sizeof(bool)),
        };
        if (!c->owners || !c->moves)
                return -ENOMEM;

        for (size_t i = 0; i < inv->n_functions; i++) {
                const InventoryFunction *f = inv->functions + i;

                c->owners[i] = f->function.state == FUNCTION_FREE       ? INVENTORY_NONE
                               : f->function.state == FUNCTION_ASSIGNED ? f->domain
                                                                        : IN_USE;
                if (f->function.state == FUNCTION_ASSIGNED && f->domain == INVENTORY_NONE)
                        c->owners[i] = IN_USE;
        }

        return 0;
}

/* INVENTORY_NONE: there is none, or by UUID it is another one. */
static size_t find_domain(const Inventory *inv, const ApplyMove *m)
{
        for (size_t i = 0; i < inv->n_domains; i++) {
                const InventoryDomain *d = inv->domains + i;

                if (m->uuid ? streq_ptr(d->uuid, m->uuid) : streq(d->name, m->name))
                        return i;
        }

        return INVENTORY_NONE;
}

static int check_domain(Check *c, ApplyMove *m, size_t *ret, Failure *reterr)
{
        const size_t domain = find_domain(c->inv, m);
        const InventoryDomain *d = c->inv->domains + domain;

        if (domain == INVENTORY_NONE)
                return failure_set(reterr, FAILURE_UNKNOWN_DOMAIN,
                                   "the plan moves domain '%s', and there is none that has functions",
                                   m->name);
        if (c->moves[domain])
                return refuse(m, "is its second", NULL, reterr);
        if (!d->movable)
                return refuse(m, "is of one that cannot be moved now", NULL, reterr);
        if (m->n_changes == 0)
                return refuse(m, "changes nothing", NULL, reterr);
        if (free_and_strdup(&m->uuid, d->uuid) < 0 || free_and_strdup(&m->name, d->name) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot check the plan");

        c->moves[domain] = true;
        *ret = domain;
        return 0;
}

static int check_leaving(Check *c, ApplyMove *m, Failure *reterr)
{
        size_t domain = IN_USE;

        if (check_domain(c, m, &domain, reterr) < 0)
                return -EREMOTEIO;

        for (size_t i = 0; i < m->n_changes; i++) {
                const PciAddress *from = &m->changes[i].from;
                size_t f = inventory_find(c->inv, from);

                if (f == INVENTORY_NONE || c->owners[f] != domain)
                        return refuse(m, "leaves what is not its, or twice,", from, reterr);
                c->owners[f] = INVENTORY_NONE;
        }

        return 0;
}

static int check_getting(Check *c, const ApplyMove *m, Failure *reterr)
{
        for (size_t i = 0; i < m->n_changes; i++) {
                const PciAddress *to = &m->changes[i].to;
                size_t f = inventory_find(c->inv, to);

                if (f == INVENTORY_NONE)
                        return failure_set(reterr, FAILURE_UNKNOWN_FUNCTION,
                                           "the plan gives function %s to domain '%s', and there is none",
                                           PCI_ADDRESS_STR(to), m->name);
                if (c->owners[f] != INVENTORY_NONE)
                        return refuse(m, "gets what is not free then,", to, reterr);
                for (size_t k = 0; k < m->n_changes; k++)
                        if (pci_address_equal(&m->changes[k].from, to))
                                return refuse(m, "gets what it has,", to, reterr);
                c->owners[f] = IN_USE;
        }

        return 0;
}

static int check_rooms(const Check *c, Failure *reterr)
{
        for (size_t i = 0; i < c->apply->n_rooms; i++) {
                const PciAddress *room = c->apply->rooms + i;
                size_t f = inventory_find(c->inv, room);

                if (f == INVENTORY_NONE || c->owners[f] != INVENTORY_NONE)
                        return failure_set(
                                        reterr, FAILURE_INVALID_OPTION,
                                        "the plan's room has function %s, which is not free when all moves "
                                        "are done; plan anew",
                                        PCI_ADDRESS_STR(room));
                for (size_t k = 0; k < i; k++)
                        if (pci_address_equal(c->apply->rooms + k, room))
                                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                                   "the plan's room has function %s twice",
                                                   PCI_ADDRESS_STR(room));
        }

        return 0;
}

/* Who waits for whom: a bit for each move of the wave. */
typedef struct Waiting {
        uint64_t bits[APPLY_MOVES_MAX][APPLY_MOVES_MAX / 64];
} Waiting;

static bool waits(const Waiting *w, size_t who, size_t whom)
{
        return w->bits[who][whom / 64] & (UINT64_C(1) << (whom % 64));
}

static bool wants_of(const ApplyMove *m, const ApplyMove *other)
{
        for (size_t i = 0; i < m->n_changes; i++)
                for (size_t k = 0; k < other->n_changes; k++)
                        if (pci_address_equal(&m->changes[i].to, &other->changes[k].from))
                                return true;

        return false;
}

/* Those that wait for each other, over others too. */
static int find_circles(Apply *a)
{
        _cleanup_free_ Waiting *w = calloc(1, sizeof(Waiting));
        uint32_t circles = 0;

        if (!w)
                return -ENOMEM;

        for (size_t i = 0; i < a->n_moves; i++)
                for (size_t k = 0; k < a->n_moves; k++)
                        if (a->moves[i].wave == a->moves[k].wave && wants_of(a->moves + i, a->moves + k))
                                w->bits[i][k / 64] |= UINT64_C(1) << (k % 64);

        for (size_t over = 0; over < a->n_moves; over++)
                for (size_t i = 0; i < a->n_moves; i++)
                        for (size_t word = 0; waits(w, i, over) && word < ELEMENTSOF(w->bits[0]); word++)
                                w->bits[i][word] |= w->bits[over][word];

        for (size_t i = 0; i < a->n_moves; i++) {
                if (a->moves[i].circle != 0 || !waits(w, i, i))
                        continue;
                circles++;
                for (size_t k = i; k < a->n_moves; k++)
                        if (waits(w, i, k) && waits(w, k, i))
                                a->moves[k].circle = circles;
        }

        return 0;
}

/* Stable: those of a wave stay in their order. */
static void sort_by_wave(Apply *a)
{
        for (size_t i = 1; i < a->n_moves; i++) {
                ApplyMove m = a->moves[i];
                size_t k = i;

                for (; k > 0 && a->moves[k - 1].wave > m.wave; k--)
                        a->moves[k] = a->moves[k - 1];
                a->moves[k] = m;
        }
}

int apply_check(Apply *a, const Inventory *inv, Failure *reterr)
{
        _cleanup_(check_done) Check c = { 0 };
        size_t end;

        assert(a->n_moves <= APPLY_MOVES_MAX);

        if (check_init(&c, a, inv) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot check the plan");

        sort_by_wave(a);
        for (size_t begin = 0; begin < a->n_moves; begin = end) {
                for (end = begin; end < a->n_moves && a->moves[end].wave == a->moves[begin].wave; end++)
                        if (check_leaving(&c, a->moves + end, reterr) < 0)
                                return -EREMOTEIO;
                for (size_t i = begin; i < end; i++)
                        if (check_getting(&c, a->moves + i, reterr) < 0)
                                return -EREMOTEIO;
        }

        if (check_rooms(&c, reterr) < 0)
                return -EREMOTEIO;
        if (find_circles(a) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot check the plan");

        return 0;
}
