/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake/planner-model.h"

#define PFS_MAX 64
#define KINDS_MAX 64

typedef struct Model {
        FILE *file;
        const Inventory *inv;
        PciAddress pfs[PFS_MAX];
        size_t n_pfs;
        const Function *kinds[KINDS_MAX]; /* one function of each kind and pool */
        size_t n_kinds;
        uint32_t usable[PFS_MAX][KINDS_MAX]; /* free, or of a domain that may move */
        bool pinned[PFS_MAX], evacuated[PFS_MAX];
} Model;

static size_t pf_of(const Model *m, const Function *f)
{
        size_t i = 0;

        while (i < m->n_pfs && !pci_address_equal(&m->pfs[i], &f->physical_function))
                i++;
        return i;
}

static size_t kind_of(const Model *m, const Function *f)
{
        size_t i = 0;

        while (i < m->n_kinds &&
               !(streq_ptr(m->kinds[i]->kind, f->kind) && streq_ptr(m->kinds[i]->pool, f->pool)))
                i++;
        return i;
}

static bool may_move(const InventoryDomain *d)
{
        return d->movable && d->n_functions > 0 && d->cost_seconds <= d->max_downtime_seconds;
}

static const Function *first_of(const Model *m, const InventoryDomain *d)
{
        return &m->inv->functions[d->functions[0]].function;
}

static uint32_t count_on(const Model *m, const InventoryDomain *d, size_t pf)
{
        uint32_t n = 0;

        for (size_t i = 0; i < d->n_functions; i++)
                n += pf_of(m, &m->inv->functions[d->functions[i]].function) == pf;
        return n;
}

static void look_at_functions(Model *m)
{
        for (size_t i = 0; i < m->inv->n_functions; i++) {
                const InventoryFunction *f = m->inv->functions + i;
                size_t pf = pf_of(m, &f->function), kind = kind_of(m, &f->function);

                if (pf == m->n_pfs)
                        m->pfs[m->n_pfs++] = f->function.physical_function;
                if (kind == m->n_kinds)
                        m->kinds[m->n_kinds++] = &f->function;

                if (f->function.state == FUNCTION_FREE ||
                    (f->function.state == FUNCTION_ASSIGNED && may_move(m->inv->domains + f->domain)))
                        m->usable[pf][kind]++;
                else if (f->function.state != FUNCTION_QUARANTINED || f->function.domain)
                        m->pinned[pf] = true;
        }
}

/* The group of a physical function as a number: that of the first that is in the same. */
static size_t group_of(const Model *m, size_t pf)
{
        const char *names[2] = { 0 };

        for (size_t i = 0; i < m->inv->n_functions; i++)
                if (pf_of(m, &m->inv->functions[i].function) == pf)
                        names[0] = m->inv->functions[i].function.group;
        for (size_t other = 0; names[0] && other < pf; other++) {
                for (size_t i = 0; i < m->inv->n_functions; i++)
                        if (pf_of(m, &m->inv->functions[i].function) == other)
                                names[1] = m->inv->functions[i].function.group;
                if (streq_ptr(names[0], names[1]))
                        return other;
        }

        return pf;
}

static void write_aim(const Model *m, ModelAim aim)
{
        (void) fprintf(m->file, "Minimize\n aim: 0 zero");
        for (size_t d = 0; aim == MODEL_CHEAPEST && d < m->inv->n_domains; d++)
                if (may_move(m->inv->domains + d))
                        (void) fprintf(m->file, "\n + %.0f move%zu",
                                       m->inv->domains[d].cost_seconds / MODEL_UNIT * MODEL_MOVES + 1, d);
        for (size_t p = 0; aim == MODEL_EMPTIEST && p < m->n_pfs; p++)
                (void) fprintf(m->file, "\n + used%zu", p);
        (void) fprintf(m->file, "\nSubject To\n nothing: zero = 0\n");
}

/* on(d,p): how many functions of a domain are on a physical function at the end. */
static void write_domain(const Model *m, size_t d)
{
        const InventoryDomain *domain = m->inv->domains + d;
        size_t kind = kind_of(m, first_of(m, domain)), n = domain->n_functions;

        for (size_t p = 0; p < m->n_pfs; p++) {
                uint32_t own = count_on(m, domain, p);

                /* Who does not move stays. */
                (void) fprintf(m->file, " on%zu_%zu + %u move%zu >= %u\n", d, p, own, d, own);
                /* Where something is, is an owner. */
                (void) fprintf(m->file, " on%zu_%zu - %zu used%zu <= 0\n", d, p, n, p);
                if (m->usable[p][kind] == 0)
                        (void) fprintf(m->file, " on%zu_%zu = 0\n", d, p);
                /* Who moves is together. */
                if (domain->affinity == AFFINITY_PHYSICAL_FUNCTION)
                        (void) fprintf(m->file, " on%zu_%zu + %u move%zu - %zu at%zu_%zu <= %u\n", d, p, own,
                                       d, n, d, p, own);
                if (domain->affinity == AFFINITY_GROUP)
                        (void) fprintf(m->file, " on%zu_%zu + %u move%zu - %zu at%zu_%zu <= %u\n", d, p, own,
                                       d, n, d, group_of(m, p), own);
        }

        for (size_t p = 0; p < m->n_pfs; p++)
                (void) fprintf(m->file, " + on%zu_%zu", d, p);
        (void) fprintf(m->file, " = %zu\n", n);

        if (domain->affinity == AFFINITY_NONE)
                return;
        for (size_t p = 0; p < m->n_pfs; p++)
                if (domain->affinity == AFFINITY_PHYSICAL_FUNCTION || group_of(m, p) == p)
                        (void) fprintf(m->file, " + at%zu_%zu", d, p);
        (void) fprintf(m->file, " - move%zu = 0\n", d);
}

/* room(i,k,p): how many functions of a kind on a physical function are kept for a fit. */
static void write_fit(const Model *m, size_t i, const PlannerGoal *g)
{
        for (size_t k = 0; k < m->n_kinds; k++) {
                bool does = (!g->of_kind || streq_ptr(g->of_kind, m->kinds[k]->kind)) &&
                            (!g->pool || streq_ptr(g->pool, m->kinds[k]->pool));

                for (size_t p = 0; p < m->n_pfs; p++) {
                        if (g->on == PLANNER_ONE_PF)
                                (void) fprintf(m->file, " room%zu_%zu_%zu - %u in%zu_%zu <= 0\n", i, k, p,
                                               g->count, i, p);
                        if (g->on == PLANNER_ONE_GROUP)
                                (void) fprintf(m->file, " room%zu_%zu_%zu - %u in%zu_%zu <= 0\n", i, k, p,
                                               g->count, i, group_of(m, p));
                        if (m->evacuated[p] || m->usable[p][k] == 0)
                                (void) fprintf(m->file, " room%zu_%zu_%zu = 0\n", i, k, p);
                }
                for (size_t p = 0; p < m->n_pfs; p++)
                        (void) fprintf(m->file, " + room%zu_%zu_%zu", i, k, p);
                (void) fprintf(m->file, " - %u of%zu_%zu = 0\n", g->count, i, k);
                if (!does)
                        (void) fprintf(m->file, " of%zu_%zu = 0\n", i, k);
        }

        for (size_t k = 0; k < m->n_kinds; k++)
                (void) fprintf(m->file, " + of%zu_%zu", i, k);
        (void) fprintf(m->file, " = 1\n");

        if (g->on == PLANNER_ANYWHERE)
                return;
        for (size_t p = 0; p < m->n_pfs; p++)
                (void) fprintf(m->file, " + in%zu_%zu", i, p);
        (void) fprintf(m->file, " = 1\n");
}

static void write_room(const Model *m, const PlannerGoal *goals, size_t n_goals)
{
        for (size_t p = 0; p < m->n_pfs; p++)
                for (size_t k = 0; k < m->n_kinds; k++) {
                        (void) fprintf(m->file, " zero");
                        for (size_t d = 0; d < m->inv->n_domains; d++)
                                if (may_move(m->inv->domains + d) &&
                                    kind_of(m, first_of(m, m->inv->domains + d)) == k)
                                        (void) fprintf(m->file, " + on%zu_%zu", d, p);
                        for (size_t i = 0; i < n_goals; i++)
                                if (goals[i].kind == PLANNER_GOAL_FIT)
                                        (void) fprintf(m->file, " + room%zu_%zu_%zu", i, k, p);
                        (void) fprintf(m->file, " <= %u\n", m->usable[p][k]);
                }
}

static bool has_pool(const Model *m, size_t pf, const char *pool)
{
        for (size_t i = 0; i < m->inv->n_functions; i++)
                if (pf_of(m, &m->inv->functions[i].function) == pf &&
                    streq_ptr(m->inv->functions[i].function.pool, pool))
                        return true;

        return false;
}

static void write_free_pfs(const Model *m, const PlannerGoal *g)
{
        uint32_t n = 0;

        (void) fprintf(m->file, " zero");
        for (size_t p = 0; p < m->n_pfs; p++)
                if (!g->pool || has_pool(m, p, g->pool)) {
                        (void) fprintf(m->file, " + used%zu", p);
                        n++;
                }
        (void) fprintf(m->file, " <= %d\n", (int) n - (int) g->count);
}

static void write_integers(const Model *m, const PlannerGoal *goals, size_t n_goals)
{
        (void) fprintf(m->file, "General\n");
        for (size_t d = 0; d < m->inv->n_domains; d++)
                for (size_t p = 0; may_move(m->inv->domains + d) && p < m->n_pfs; p++)
                        (void) fprintf(m->file, " on%zu_%zu\n", d, p);
        for (size_t i = 0; i < n_goals; i++)
                for (size_t k = 0; goals[i].kind == PLANNER_GOAL_FIT && k < m->n_kinds; k++)
                        for (size_t p = 0; p < m->n_pfs; p++)
                                (void) fprintf(m->file, " room%zu_%zu_%zu\n", i, k, p);

        (void) fprintf(m->file, "Binary\n");
        for (size_t p = 0; p < m->n_pfs; p++)
                (void) fprintf(m->file, " used%zu\n", p);
        for (size_t d = 0; d < m->inv->n_domains; d++) {
                const InventoryDomain *domain = m->inv->domains + d;

                if (!may_move(domain))
                        continue;
                (void) fprintf(m->file, " move%zu\n", d);
                for (size_t p = 0; domain->affinity != AFFINITY_NONE && p < m->n_pfs; p++)
                        if (domain->affinity == AFFINITY_PHYSICAL_FUNCTION || group_of(m, p) == p)
                                (void) fprintf(m->file, " at%zu_%zu\n", d, p);
        }
        for (size_t i = 0; i < n_goals; i++) {
                if (goals[i].kind != PLANNER_GOAL_FIT)
                        continue;
                for (size_t k = 0; k < m->n_kinds; k++)
                        (void) fprintf(m->file, " of%zu_%zu\n", i, k);
                for (size_t p = 0; goals[i].on != PLANNER_ANYWHERE && p < m->n_pfs; p++)
                        (void) fprintf(m->file, " in%zu_%zu\n", i, p);
        }
}

void model_write(FILE *file, const Inventory *inv, const PlannerGoal *goals, size_t n_goals, ModelAim aim,
                 uint32_t in_use)
{
        Model m = { .file = file, .inv = inv };

        look_at_functions(&m);
        for (size_t i = 0; i < n_goals; i++)
                for (size_t p = 0; goals[i].kind == PLANNER_GOAL_EVACUATE && p < m.n_pfs; p++)
                        m.evacuated[p] = m.evacuated[p] || pci_address_equal(&m.pfs[p], &goals[i].pf);

        write_aim(&m, aim);
        for (size_t d = 0; d < inv->n_domains; d++)
                if (may_move(inv->domains + d))
                        write_domain(&m, d);
        for (size_t i = 0; i < n_goals; i++) {
                if (goals[i].kind == PLANNER_GOAL_FIT)
                        write_fit(&m, i, goals + i);
                if (goals[i].kind == PLANNER_GOAL_FREE_PF)
                        write_free_pfs(&m, goals + i);
        }
        write_room(&m, goals, n_goals);
        for (size_t p = 0; p < m.n_pfs; p++) {
                if (m.pinned[p])
                        (void) fprintf(file, " used%zu = 1\n", p);
                if (m.evacuated[p])
                        (void) fprintf(file, " used%zu = 0\n", p);
        }
        if (in_use != UINT32_MAX) {
                (void) fprintf(file, " zero");
                for (size_t p = 0; p < m.n_pfs; p++)
                        (void) fprintf(file, " + used%zu", p);
                (void) fprintf(file, " <= %u\n", in_use);
        }
        write_integers(&m, goals, n_goals);
        (void) fprintf(file, "End\n");
}
