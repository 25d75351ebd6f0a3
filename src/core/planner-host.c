/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-host.h"

#include "core/compat.h"

#define NONE UINT32_MAX

void planner_host_done(PlannerHost *h)
{
        planner_problem_done(&h->problem);
        free(h->pfs);
        free(h->pf_of);
        free(h->class_of);
        free(h->examples);
        free(h->domains);
        free(h->pinned_by);
        *h = (PlannerHost) { 0 };
}

static int out_of_memory(Failure *reterr)
{
        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot make a plan");
}

static int too_many(const Inventory *inv, const char *what, size_t n, size_t max, Failure *reterr)
{
        return failure_set(reterr, FAILURE_INVALID_OPTION, "%s%shas %zu %s; a plan is made for at most %zu",
                           inv->host ? "host " : "the host ", inv->host ? inv->host : "", n, what, max);
}

/* Nobody has it, and nobody may get it. */
static bool is_out_of_use(const Function *f)
{
        return (f->state == FUNCTION_QUARANTINED && !f->domain) ||
               (f->state == FUNCTION_FREE &&
                (!function_driver_is_vfio(f->driver) || f->is_dead || f->group_obstacle || f->is_physical));
}

/* Who made the inventory knows what is of a kind, and which guests follow to another card; where that is not told, it
 * follows from ids and family. */
static bool is_of_class(const Function *f, const Function *example, GuestFixups fixups)
{
        if (!streq_ptr(f->pool, example->pool) || !streq_ptr(f->kind, example->kind))
                return false;
        return f->kind || compat_is_of_kind(f, example, fixups);
}

bool planner_may_move(const Inventory *inv, const InventoryDomain *d, GuestFixups fixups, const char **why)
{
        const Function *first;

        if (!d->movable) {
                *why = "may not be moved";
                return false;
        }

        if (d->cost_seconds > d->max_downtime_seconds) {
                *why = "would be down for longer than it may be";
                return false;
        }

        first = d->n_functions > 0 ? &inv->functions[d->functions[0]].function : NULL;
        for (size_t i = 0; i < d->n_functions; i++) {
                const Function *f = &inv->functions[d->functions[i]].function;

                if (f->state != FUNCTION_ASSIGNED || f->is_physical) {
                        *why = "does not have all its functions as virtual functions that are assigned to it";
                        return false;
                }
                if (!is_of_class(f, first, fixups)) {
                        *why = "has functions of several kinds or pools";
                        return false;
                }
                if (!f->kind && !compat_has_others(f, fixups)) {
                        *why = f->identity.vendor == 0
                                               ? "has functions of which neither kind nor ids are told"
                                               : "goes on with no other functions, by what is known of their family";
                        return false;
                }
        }

        *why = NULL;
        return d->n_functions > 0;
}

double planner_leave_seconds(const PlannerHost *h, const InventoryDomain *d)
{
        return d->cost_seconds + (double) d->image_bytes / h->options.image_rate;
}

bool planner_may_leave(const PlannerHost *h, const InventoryDomain *d, const char **why)
{
        const Function *f = &h->inventory->functions[d->functions[0]].function;
        double seconds = planner_leave_seconds(h, d);

        *why = NULL;
        if (d->image_bytes == 0)
                *why = "does not tell its image_bytes";
        else if (seconds > d->max_downtime_seconds || seconds > PLANNER_COST_SECONDS_MAX)
                *why = "would be down for longer than it may be while its image is carried";
        else if (!f->kind && !compat_has_others_elsewhere(f, h->options.fixups))
                *why = "goes on with no functions of another host, by what is known of their family";

        return !*why;
}

bool planner_stands_in_elsewhere(const PlannerHost *h, uint32_t class, const PlannerHost *other,
                                 uint32_t other_class)
{
        const Function *f = &h->inventory->functions[h->examples[class]].function,
                       *to = &other->inventory->functions[other->examples[other_class]].function;

        return is_of_class(f, to, h->options.fixups) &&
               (f->identity.vendor == 0 || to->identity.vendor == 0 || compat_is_alike(f, to));
}

static int compare_addresses(const void *a, const void *b)
{
        return pci_address_compare(a, b);
}

uint32_t planner_host_find_pf(const PlannerHost *h, const PciAddress *a)
{
        const PciAddress *found = h->problem.n_pfs > 0 ? bsearch(a, h->pfs, h->problem.n_pfs,
                                                                 sizeof(PciAddress), compare_addresses)
                                                       : NULL;

        return found ? (uint32_t) (found - h->pfs) : NONE;
}

static int find_pfs(PlannerHost *h, Failure *reterr)
{
        const Inventory *inv = h->inventory;
        size_t n = 0;

        h->pfs = calloc(inv->n_functions + 1, sizeof(PciAddress));
        h->pf_of = calloc(inv->n_functions + 1, sizeof(uint32_t));
        if (!h->pfs || !h->pf_of)
                return out_of_memory(reterr);

        for (size_t i = 0; i < inv->n_functions; i++)
                h->pfs[i] = inv->functions[i].function.physical_function;
        qsort(h->pfs, inv->n_functions, sizeof(PciAddress), compare_addresses);
        for (size_t i = 0; i < inv->n_functions; i++)
                if (n == 0 || !pci_address_equal(&h->pfs[n - 1], &h->pfs[i]))
                        h->pfs[n++] = h->pfs[i];

        if (n > PLANNER_PFS_MAX)
                return too_many(inv, "physical functions", n, PLANNER_PFS_MAX, reterr);
        h->problem.n_pfs = (uint32_t) n;

        for (size_t i = 0; i < inv->n_functions; i++)
                h->pf_of[i] = planner_host_find_pf(h, &inv->functions[i].function.physical_function);
        return 0;
}

/* What a guest would see is not believed: a kind whose functions differ in that would break the guest that moves. */
static int check_kind(const Inventory *inv, size_t index, size_t *with_ids, Failure *reterr)
{
        const Function *f = &inv->functions[index].function, *other;
        _cleanup_(findings_done) Findings found = { 0 };

        if (!f->kind || f->identity.vendor == 0 || is_out_of_use(f))
                return 0;
        if (*with_ids == INVENTORY_NONE)
                *with_ids = index;

        other = &inv->functions[*with_ids].function;
        if (compat_judge_alike(other, f, &found))
                return 0;

        return failure_set(
                        reterr, FAILURE_INVALID_OPTION,
                        "functions[%zu].kind: '%s' is told of both, but %s; tell another kind for one of them, or none",
                        index, f->kind, found.n > 0 ? found.list[0].message : "they differ");
}

static int find_classes(PlannerHost *h, Failure *reterr)
{
        const Inventory *inv = h->inventory;
        PlannerProblem *p = &h->problem;
        size_t with_ids[PLANNER_CLASSES_MAX];

        h->class_of = calloc(inv->n_functions + 1, sizeof(uint32_t));
        h->examples = calloc(PLANNER_CLASSES_MAX, sizeof(size_t));
        if (!h->class_of || !h->examples)
                return out_of_memory(reterr);
        for (size_t i = 0; i < ELEMENTSOF(with_ids); i++)
                with_ids[i] = INVENTORY_NONE;

        for (size_t i = 0; i < inv->n_functions; i++) {
                const Function *f = &inv->functions[i].function;
                uint32_t c = 0;
                int r;

                while (c < p->n_classes &&
                       !is_of_class(f, &inv->functions[h->examples[c]].function, h->options.fixups))
                        c++;
                if (c == PLANNER_CLASSES_MAX)
                        return too_many(inv, "kinds and pools of functions", c + 1, PLANNER_CLASSES_MAX,
                                        reterr);
                if (c == p->n_classes)
                        h->examples[p->n_classes++] = i;
                h->class_of[i] = c;

                r = check_kind(inv, i, with_ids + c, reterr);
                if (r < 0)
                        return r;
        }

        for (uint32_t c = 0; c < p->n_classes; c++)
                if (with_ids[c] != INVENTORY_NONE)
                        h->examples[c] = with_ids[c];

        p->free = calloc((size_t) p->n_pfs * p->n_classes + 1, sizeof(uint32_t));
        return p->free ? 0 : out_of_memory(reterr);
}

/* A physical function is in one group: that which its functions tell, or one of its own when they tell
 * none. */
static int find_groups(PlannerHost *h, Failure *reterr)
{
        const Inventory *inv = h->inventory;
        PlannerProblem *p = &h->problem;
        const char *names[PLANNER_PFS_MAX] = { 0 };
        bool told[PLANNER_PFS_MAX] = { 0 };

        p->group = calloc(p->n_pfs + 1, sizeof(uint32_t));
        if (!p->group)
                return out_of_memory(reterr);

        for (size_t i = 0; i < inv->n_functions; i++) {
                const Function *f = &inv->functions[i].function;
                uint32_t pf = h->pf_of[i];

                if (told[pf] && !streq_ptr(names[pf], f->group))
                        return failure_set(
                                        reterr, FAILURE_INVALID_OPTION,
                                        "functions[%zu].group: functions of physical function %s are in several groups, "
                                        "'%s' and '%s'",
                                        i, PCI_ADDRESS_STR(&f->physical_function),
                                        names[pf] ? names[pf] : "", f->group ? f->group : "");
                told[pf] = true;
                names[pf] = f->group;
        }

        for (uint32_t pf = 0; pf < p->n_pfs; pf++) {
                uint32_t k = 0;

                while (k < pf && !(names[pf] && streq_ptr(names[k], names[pf])))
                        k++;
                p->group[pf] = k < pf ? p->group[k] : p->n_groups++;
        }

        return 0;
}

static PlannerLevel level_of(InventoryAffinity a)
{
        switch (a) {
        case AFFINITY_PHYSICAL_FUNCTION:
                return PLANNER_ONE_PF;
        case AFFINITY_GROUP:
                return PLANNER_ONE_GROUP;
        case AFFINITY_NONE:
        case _INVENTORY_AFFINITY_MAX:
        case _INVENTORY_AFFINITY_INVALID:
                break;
        }

        return PLANNER_ANYWHERE;
}

static int add_domain(PlannerHost *h, size_t index, bool leaves, Failure *reterr)
{
        const InventoryDomain *d = h->inventory->domains + index;
        PlannerProblem *p = &h->problem;
        PlannerDomain *to = p->domains + p->n_domains;
        uint32_t counts[PLANNER_PFS_MAX] = { 0 };
        const char *why;

        if (d->cost_seconds > PLANNER_COST_SECONDS_MAX)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "domains[%zu].cost_seconds: domain '%s' would be down for %.0f s; a plan takes at most %.0f "
                                "for a domain that may be moved",
                                index, d->name, d->cost_seconds, PLANNER_COST_SECONDS_MAX);

        *to = (PlannerDomain) {
                .class = h->class_of[d->functions[0]],
                .size = (uint32_t) d->n_functions,
                .level = level_of(d->affinity),
                .weight = planner_weight(planner_cost_usec(d->cost_seconds)),
                .parts = calloc(d->n_functions, sizeof(PlannerPart)),
        };
        if (!to->parts)
                return out_of_memory(reterr);
        h->domains[p->n_domains++] = index;

        to->may_leave = leaves && planner_may_leave(h, d, &why);
        if (to->may_leave)
                to->leave = planner_weight_more(planner_cost_usec(planner_leave_seconds(h, d)) -
                                                planner_cost_usec(d->cost_seconds));

        for (size_t i = 0; i < d->n_functions; i++)
                counts[h->pf_of[d->functions[i]]]++;
        for (uint32_t pf = 0; pf < p->n_pfs; pf++)
                if (counts[pf] > 0)
                        to->parts[to->n_parts++] = (PlannerPart) { pf, counts[pf] };

        return 0;
}

static int find_domains(PlannerHost *h, const PlannerHostOptions *options, bool *moves, Failure *reterr)
{
        const Inventory *inv = h->inventory;
        size_t n = 0;
        int r;

        for (size_t i = 0; i < inv->n_domains; i++) {
                const char *why;

                moves[i] = !(options->stays && options->stays[i]) &&
                           planner_may_move(inv, inv->domains + i, options->fixups, &why);
                n += moves[i];
        }
        if (n > PLANNER_DOMAINS_MAX)
                return too_many(inv, "domains that may be moved", n, PLANNER_DOMAINS_MAX, reterr);

        h->problem.domains = calloc(n + 1, sizeof(PlannerDomain));
        h->domains = calloc(n + 1, sizeof(size_t));
        if (!h->problem.domains || !h->domains)
                return out_of_memory(reterr);

        for (size_t i = 0; i < inv->n_domains; i++)
                if (moves[i]) {
                        r = add_domain(h, i,
                                       options->image_rate > 0 && !(options->remains && options->remains[i]),
                                       reterr);
                        if (r < 0)
                                return r;
                }

        return 0;
}

/* What takes part, and what pins. */
static int count_functions(PlannerHost *h, const bool *moves, Failure *reterr)
{
        const Inventory *inv = h->inventory;
        PlannerProblem *p = &h->problem;

        h->pinned_by = calloc(p->n_pfs + 1, sizeof(size_t));
        if (!h->pinned_by)
                return out_of_memory(reterr);
        for (uint32_t pf = 0; pf < p->n_pfs; pf++)
                h->pinned_by[pf] = INVENTORY_NONE;

        for (size_t i = 0; i < inv->n_functions; i++) {
                const InventoryFunction *f = inv->functions + i;
                uint32_t pf = h->pf_of[i];

                if (is_out_of_use(&f->function))
                        h->class_of[i] = NONE;
                else if (f->function.state == FUNCTION_FREE)
                        p->free[planner_cell(p, pf, h->class_of[i])]++;
                else if (f->function.state != FUNCTION_ASSIGNED || f->domain == INVENTORY_NONE ||
                         !moves[f->domain]) {
                        h->class_of[i] = NONE;
                        p->pinned |= UINT64_C(1) << pf;
                        if (h->pinned_by[pf] == INVENTORY_NONE)
                                h->pinned_by[pf] = i;
                }
        }

        return 0;
}

int planner_host_init(PlannerHost *h, const Inventory *inv, const PlannerHostOptions *options,
                      Failure *reterr)
{
        _cleanup_free_ bool *moves = calloc(inv->n_domains + 1, sizeof(bool));
        int r;

        *h = (PlannerHost) { .inventory = inv, .options = *options };
        h->options.stays = h->options.remains = NULL;
        if (!moves)
                return out_of_memory(reterr);

        if (inv->n_functions > PLANNER_FUNCTIONS_MAX)
                return too_many(inv, "functions", inv->n_functions, PLANNER_FUNCTIONS_MAX, reterr);

        if ((r = find_pfs(h, reterr)) < 0 || (r = find_classes(h, reterr)) < 0 ||
            (r = find_groups(h, reterr)) < 0 || (r = find_domains(h, options, moves, reterr)) < 0)
                return r;

        return count_functions(h, moves, reterr);
}

static uint64_t pfs_of_pool(const PlannerHost *h, const char *pool)
{
        uint64_t bits = 0;

        for (size_t i = 0; i < h->inventory->n_functions; i++)
                if (!pool || streq_ptr(h->inventory->functions[i].function.pool, pool))
                        bits |= UINT64_C(1) << h->pf_of[i];

        return bits;
}

static int add_fit(PlannerHost *h, const PlannerGoal *g)
{
        PlannerProblem *p = &h->problem;
        PlannerFit *fit = p->fits + p->n_fits;

        *fit = (PlannerFit) {
                .size = g->count,
                .level = g->count == 1 ? PLANNER_ANYWHERE : g->on,
                .classes = calloc(p->n_classes / 64 + 1, sizeof(uint64_t)),
        };
        if (!fit->classes)
                return -ENOMEM;
        p->n_fits++;

        for (uint32_t c = 0; c < p->n_classes; c++) {
                const Function *f = &h->inventory->functions[h->examples[c]].function;

                if ((!g->pool || streq_ptr(f->pool, g->pool)) &&
                    (!g->of_kind || streq_ptr(f->kind, g->of_kind)))
                        fit->classes[c / 64] |= UINT64_C(1) << (c % 64);
        }

        return 0;
}

int planner_host_set_goals(PlannerHost *h, const PlannerGoal *goals, size_t n, Failure *reterr)
{
        PlannerProblem *p = &h->problem;

        planner_problem_clear_goals(p);
        p->wants = calloc(n + 1, sizeof(PlannerWant));
        p->fits = calloc(n + 1, sizeof(PlannerFit));
        if (!p->wants || !p->fits)
                return out_of_memory(reterr);

        for (size_t i = 0; i < n; i++) {
                const PlannerGoal *g = goals + i;
                uint32_t pf;

                switch (g->kind) {
                case PLANNER_GOAL_FREE_PF:
                        p->wants[p->n_wants++] = (PlannerWant) { g->count, pfs_of_pool(h, g->pool) };
                        break;

                case PLANNER_GOAL_EVACUATE:
                        pf = planner_host_find_pf(h, &g->pf);
                        if (pf != NONE)
                                p->evacuated |= UINT64_C(1) << pf;
                        break;

                case PLANNER_GOAL_FIT:
                        if (add_fit(h, g) < 0)
                                return out_of_memory(reterr);
                        break;

                case PLANNER_GOAL_COMPACT:
                        p->compact = true;
                        break;

                case _PLANNER_GOAL_KIND_MAX:
                case _PLANNER_GOAL_KIND_INVALID:
                        break;
                }
        }

        return 0;
}
