/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * map: physical functions as rows, their functions as cells. A cell is a letter for its owner ("A" is
 * explained below the drawing), or a sign for its state: free, held, leased, quarantined, unknown. What a
 * plan changes is shown beside it.
 */

#include <stdio.h>

#include "cli/plan.h"
#include "cli/text.h"
#include "core/fragmentation.h"

#define CELLS_OF_GROUP 8 /* so many, then a space: they are counted more easily */

typedef struct Map {
        const Ctl *ctl;
        const Inventory *inventory;
        bool gets_others;
        size_t *order;          /* owned; functions by physical function and address */
        size_t *before, *after; /* owned; by function: the domain, INVENTORY_NONE: none, OTHERS: of another host */
} Map;

#define OTHERS (SIZE_MAX - 1)

static void map_done(Map *m)
{
        free(m->order);
        free(m->before);
        free(m->after);
}

static int compare_functions(const void *x, const void *y, void *userdata)
{
        const InventoryFunction *list = userdata;
        const Function *a = &list[*(const size_t *) x].function, *b = &list[*(const size_t *) y].function;
        int r = pci_address_compare(&a->physical_function, &b->physical_function);

        return r != 0 ? r : pci_address_compare(&a->address, &b->address);
}

static int map_init(Map *m, const Ctl *c, const PlanRun *run, size_t host)
{
        const Inventory *inv = run->fleet.hosts + host;
        const PlannerPlan *plan = &run->plan;

        *m = (Map) {
                .ctl = c,
                .inventory = inv,
                .order = calloc(inv->n_functions + 1, sizeof(size_t)),
                .before = calloc(inv->n_functions + 1, sizeof(size_t)),
                .after = calloc(inv->n_functions + 1, sizeof(size_t)),
        };
        if (!m->order || !m->before || !m->after)
                return -ENOMEM;

        for (size_t i = 0; i < inv->n_functions; i++)
                m->order[i] = i;
        if (inv->n_functions > 0)
                qsort_r(m->order, inv->n_functions, sizeof(size_t), compare_functions, inv->functions);

        for (size_t i = 0; i < inv->n_functions; i++)
                m->before[i] = m->after[i] = inv->functions[i].function.state == FUNCTION_ASSIGNED
                                                             ? inv->functions[i].domain
                                                             : INVENTORY_NONE;
        for (size_t i = 0; plan->feasible && i < plan->hosts[host].waves.n_moves; i++) {
                const PlannerMove *move = plan->hosts[host].waves.moves + i;

                for (size_t k = 0; k < move->n_changes; k++)
                        m->after[move->changes[k].from] = INVENTORY_NONE;
        }
        for (size_t h = 0; plan->feasible && h < plan->n_hosts; h++)
                for (size_t i = 0; i < plan->hosts[h].waves.n_moves; i++) {
                        const PlannerMove *move = plan->hosts[h].waves.moves + i;

                        for (size_t k = 0; move->host == host && k < move->n_changes; k++)
                                m->after[move->changes[k].to] = h == host ? move->domain : OTHERS;
                        m->gets_others = m->gets_others || (move->host == host && h != host);
                }

        return 0;
}

/* A to Z, then a to z, then again: the list below the drawing says which is which. */
static char letter_of(size_t domain)
{
        size_t i = domain % 52;

        if (domain == OTHERS)
                return '*';

        return (char) (i < 26 ? 'A' + (char) i : 'a' + (char) (i - 26));
}

static char sign_of(FunctionState s)
{
        switch (s) {
        case FUNCTION_FREE:
                return '.';
        case FUNCTION_LEASED:
                return '+';
        case FUNCTION_HELD:
                return '=';
        case FUNCTION_QUARANTINED:
                return '!';
        case FUNCTION_ASSIGNED: /* to whom is not told */
        case FUNCTION_UNKNOWN:
        case _FUNCTION_STATE_MAX:
        case _FUNCTION_STATE_INVALID:
                break;
        }

        return '?';
}

static FunctionState state_with(const Map *m, size_t i, const size_t *owners)
{
        FunctionState state = m->inventory->functions[i].function.state;

        if (state != FUNCTION_FREE && state != FUNCTION_ASSIGNED)
                return state;
        if (owners[i] != INVENTORY_NONE || (state == FUNCTION_ASSIGNED && m->before[i] == INVENTORY_NONE))
                return FUNCTION_ASSIGNED;
        return FUNCTION_FREE;
}

static Tint tint_of(const Map *m, size_t i, const size_t *owners)
{
        FunctionState state = state_with(m, i, owners);

        if (owners[i] != INVENTORY_NONE)
                return m->before[i] != m->after[i] ? TINT_BUSY : TINT_NONE;
        return state == FUNCTION_QUARANTINED ? TINT_BAD : state == FUNCTION_FREE ? TINT_GOOD : TINT_DIM;
}

/* The cells from order[from] to [to], and spaces up to `width` cells. */
static void print_cells(const Map *m, size_t from, size_t to, size_t width, const size_t *owners)
{
        const Terminal *terminal = &m->ctl->terminal;

        for (size_t k = 0; k < width; k++) {
                size_t i;

                if (k > 0 && k % CELLS_OF_GROUP == 0)
                        (void) putchar(' ');
                if (from + k >= to) {
                        (void) putchar(' ');
                        continue;
                }

                i = m->order[from + k];
                (void) printf("%s%c%s", terminal_tint(terminal, tint_of(m, i, owners)),
                              owners[i] != INVENTORY_NONE ? letter_of(owners[i])
                                                          : sign_of(state_with(m, i, owners)),
                              terminal_reset(terminal, tint_of(m, i, owners)));
        }
}

static size_t end_of_pf(const Inventory *inv, const size_t *order, size_t from)
{
        size_t to = from + 1;

        while (to < inv->n_functions &&
               pci_address_equal(&inv->functions[order[to]].function.physical_function,
                                 &inv->functions[order[from]].function.physical_function))
                to++;
        return to;
}

static int print_domains(const Map *m)
{
        const Inventory *inv = m->inventory;
        _cleanup_free_ bool *moves = calloc(inv->n_domains + 1, sizeof(bool));

        if (!moves)
                return -ENOMEM;

        for (size_t f = 0; f < inv->n_functions; f++)
                if (m->before[f] != m->after[f] && m->before[f] != INVENTORY_NONE)
                        moves[m->before[f]] = true;

        for (size_t i = 0; i < inv->n_domains; i++) {
                const InventoryDomain *d = inv->domains + i;

                if (d->n_functions > 0)
                        ctl_print(m->ctl, "%c %s%s%s", letter_of(i), d->name, moves[i] ? ", moves" : "",
                                  d->movable ? "" : ", may not be moved");
        }

        return 0;
}

/* The functions as they are when their owners are those: borrowed, for as long as nothing is freed. */
static Function *functions_with(const Map *m, const size_t *owners)
{
        const Inventory *inv = m->inventory;
        Function *list = calloc(inv->n_functions + 1, sizeof(Function));

        for (size_t i = 0; list && i < inv->n_functions; i++) {
                list[i] = inv->functions[i].function;
                list[i].state = state_with(m, i, owners);
        }

        return list;
}

static int compare_pools(const void *a, const void *b)
{
        const Function *x = a, *y = b;

        if (!x->pool || !y->pool)
                return !y->pool - !x->pool;
        return strcmp(x->pool, y->pool);
}

static int print_figures(const Map *m, const char *when, const size_t *owners)
{
        const Inventory *inv = m->inventory;
        _cleanup_free_ Function *list = functions_with(m, owners);

        if (!list)
                return -ENOMEM;

        if (inv->n_functions > 0)
                qsort(list, inv->n_functions, sizeof(Function), compare_pools);
        for (size_t i = 0, n; i < inv->n_functions; i += n) {
                _cleanup_(fragmentation_done) Fragmentation f = { 0 };
                int r;

                for (n = 1; i + n < inv->n_functions && compare_pools(list + i, list + i + n) == 0;)
                        n++;
                r = fragmentation_measure(list + i, n, list[i].pool, request_mix_default,
                                          ELEMENTSOF(request_mix_default), &f);
                if (r < 0)
                        return r;
                ctl_print(m->ctl,
                          "%s%s%s: %u free, at most %u on one and %u in a group, %u stranded, %.0f%% unusable",
                          when, list[i].pool ? "pool " : "no pool", list[i].pool ? list[i].pool : "",
                          f.n_free, f.largest_on_pf, f.largest_in_group, f.stranded, f.unusable * 100);
        }

        return 0;
}

static int print_map(const Map *m, bool with_plan)
{
        const Inventory *inv = m->inventory;
        size_t width = strlen("BEFORE"), n_cells;

        for (size_t from = 0; from < inv->n_functions; from = end_of_pf(inv, m->order, from))
                if (end_of_pf(inv, m->order, from) - from > width)
                        width = end_of_pf(inv, m->order, from) - from;
        n_cells = width + (width - 1) / CELLS_OF_GROUP;

        if (with_plan && !m->ctl->no_legend)
                (void) printf("%-16s%-*s  AFTER\n", "", (int) n_cells, "BEFORE");
        for (size_t from = 0, to; from < inv->n_functions; from = to) {
                to = end_of_pf(inv, m->order, from);
                (void) printf("%-16s",
                              PCI_ADDRESS_STR(&inv->functions[m->order[from]].function.physical_function));
                print_cells(m, from, to, with_plan ? width : to - from, m->before);
                if (with_plan) {
                        (void) printf("  ");
                        print_cells(m, from, to, to - from, m->after);
                }
                (void) putchar('\n');
        }

        if (!m->ctl->no_legend) {
                int r = print_domains(m);

                if (r < 0)
                        return r;
                ctl_print(m->ctl, ". free  + leased  = held  ! quarantined  ? unknown%s",
                          m->gets_others ? "  * from another host" : "");
        }

        return 0;
}

int verb_map(Ctl *c)
{
        _cleanup_(plan_run_done) PlanRun run = { 0 };
        int r;

        if (c->json)
                return ctl_usage(c, "a map is for people; 'plan --json' is for machines");

        r = plan_run_read(&run, c);
        if (r == 0 && c->n_goals > 0)
                r = plan_run_make(&run, c);
        if (r != 0)
                return r;

        for (size_t h = 0; h < run.fleet.n; h++) {
                const Inventory *inv = run.fleet.hosts + h;
                _cleanup_(map_done) Map m = { 0 };

                r = map_init(&m, c, &run, h);
                if (r < 0)
                        return r;
                if (h > 0)
                        (void) putchar('\n');
                if (run.fleet.n > 1)
                        ctl_print(c, "%s", inv->host ? inv->host : "(a host without a name)");
                r = print_map(&m, run.plan.feasible && run.plan.cost.moves > 0);
                if (r >= 0 && !c->no_legend)
                        r = print_figures(&m, run.plan.cost.moves > 0 ? "Before, " : "", m.before);
                if (r >= 0 && !c->no_legend && run.plan.feasible && run.plan.cost.moves > 0)
                        r = print_figures(&m, "After, ", m.after);
                if (r < 0)
                        return r;
        }

        if (c->n_goals > 0 && !run.plan.feasible)
                ctl_print(c, "%s: %s", run.plan.optimal ? "Not possible" : "No plan found", run.plan.reason);
        return c->n_goals > 0 && !run.plan.feasible ? EXIT_STATUS_REFUSED : EXIT_STATUS_OK;
}
