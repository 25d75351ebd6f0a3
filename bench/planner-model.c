/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The planner beside an exact solver that knows nothing of it: glpsol, on the same instances, one after the
 * other. Costs, moves and feasibility must be equal. Also a fleet of a thousand hosts, if asked for. The
 * last line is JSON.
 *
 * usage: planner-model INSTANCES [fleet]
 *
 * The planner's time is that of the call. The other's is that of its process, which reads the model; for
 * 'compact' that of two: first as few physical functions in use as can be, then the cheapest.
 */

#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "core/planner.h"
#include "fake/planner-model.h"
#include "fake/random-inventory.h"

#define NODES UINT64_C(20000000)
#define SOLVER_SECONDS "60"

extern char **environ;

typedef enum Outcome {
        OUTCOME_NONE, /* proven: there is no solution */
        OUTCOME_OPTIMAL,
        OUTCOME_UNDECIDED,
} Outcome;

typedef struct Bench {
        char directory[sizeof("/tmp/planner-model.XXXXXX")];
        char *model, *solution, *log; /* owned: paths */
        double *ratios;               /* owned */
        size_t n, mismatches, undecided, feasible, unproven;
} Bench;

static void die(const char *what)
{
        perror(what);
        exit(EXIT_FAILURE);
}

static char *path_in(const Bench *b, const char *name)
{
        char *path;

        if (asprintf(&path, "%s/%s", b->directory, name) < 0)
                die("memory");
        return path;
}

static Outcome read_solution(const Bench *b, double *ret)
{
        char line[512];
        Outcome outcome = OUTCOME_UNDECIDED;
        FILE *f = fopen(b->log, "re");

        if (!f)
                die(b->log);
        while (fgets(line, sizeof(line), f))
                if (strstr(line, "HAS NO PRIMAL FEASIBLE SOLUTION") ||
                    strstr(line, "HAS NO INTEGER FEASIBLE SOLUTION") ||
                    strstr(line, "HAS NO FEASIBLE SOLUTION"))
                        outcome = OUTCOME_NONE;
        (void) fclose(f);

        f = fopen(b->solution, "re");
        if (!f)
                return outcome;
        while (fgets(line, sizeof(line), f)) {
                if (strncmp(line, "Status:", strlen("Status:")) == 0 && strstr(line, "INTEGER OPTIMAL"))
                        outcome = OUTCOME_OPTIMAL;
                if (strncmp(line, "Status:", strlen("Status:")) == 0 && strstr(line, "INTEGER EMPTY"))
                        outcome = OUTCOME_NONE;
                if (strncmp(line, "Objective:", strlen("Objective:")) == 0)
                        (void) sscanf(line, "Objective: aim = %lf", ret);
        }
        (void) fclose(f);
        return outcome;
}

static Outcome solve_model(const Bench *b, const Inventory *inv, const PlannerGoal *goals, size_t n,
                           ModelAim aim, uint32_t in_use, uint64_t *usec, double *ret)
{
        char *const argv[] = { (char[]) { "glpsol" },
                               (char[]) { "--lp" },
                               b->model,
                               (char[]) { "-o" },
                               b->solution,
                               (char[]) { "--tmlim" },
                               (char[]) { SOLVER_SECONDS },
                               NULL };
        posix_spawn_file_actions_t actions;
        FILE *f = fopen(b->model, "we");
        uint64_t begin;
        int status, r;
        pid_t pid;

        if (!f)
                die(b->model);
        model_write(f, inv, goals, n, aim, in_use);
        if (fclose(f) != 0)
                die(b->model);
        (void) unlink(b->solution);

        (void) posix_spawn_file_actions_init(&actions);
        (void) posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, b->log,
                                                O_WRONLY | O_CREAT | O_TRUNC, 0600);
        begin = clock_monotonic_usec();
        r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
        if (r != 0 || waitpid(pid, &status, 0) < 0) {
                errno = r != 0 ? r : errno;
                die("glpsol");
        }
        *usec += clock_monotonic_usec() - begin;
        (void) posix_spawn_file_actions_destroy(&actions);

        return read_solution(b, ret);
}

static bool wants_compact(const PlannerGoal *goals, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (goals[i].kind == PLANNER_GOAL_COMPACT)
                        return true;

        return false;
}

static Outcome solve_by_other(const Bench *b, const Inventory *inv, const PlannerGoal *goals, size_t n,
                              uint64_t *usec, double *ret)
{
        uint32_t in_use = UINT32_MAX;
        Outcome outcome;

        *usec = 0;
        if (wants_compact(goals, n)) {
                outcome = solve_model(b, inv, goals, n, MODEL_EMPTIEST, in_use, usec, ret);
                if (outcome != OUTCOME_OPTIMAL)
                        return outcome;
                in_use = (uint32_t) lround(*ret);
        }

        return solve_model(b, inv, goals, n, MODEL_CHEAPEST, in_use, usec, ret);
}

static InventoryShape random_shape(Chance *c)
{
        return (InventoryShape) {
                .n_pfs = 2 + chance_below(c, 5),
                .n_functions_of_pf = 2 + chance_below(c, 7),
                .n_domains = 3 + chance_below(c, 12),
                .n_kinds = 1 + (uint32_t) chance_percent(c, 20),
                .n_groups = 1 + chance_below(c, 3),
                .domain_max = 1 + chance_below(c, 4),
                .busy_percent = 40 + chance_below(c, 60),
                .odd_percent = chance_percent(c, 50) ? 0 : 15,
        };
}

static void run_instance(Bench *b, uint64_t seed)
{
        /* The order of waves has limits that the model does not know: saves are not limited, and nobody's
         * downtime. */
        const PlannerOptions options = { .parallel = 1000, .budget.nodes = NODES };
        Chance c = { seed };
        const InventoryShape shape = random_shape(&c);
        Inventory inv;
        Fleet fleet = { &inv, 1 };
        PlannerGoal goals[3];
        PlannerPlan plan = { 0 };
        uint64_t begin, ours, theirs;
        double aim = 0;
        const char *wrong;
        Outcome outcome;
        size_t n;

        random_inventory(&c, &shape, "host", &inv);
        n = random_goals(&c, &shape, goals);
        for (size_t i = 0; i < inv.n_domains; i++)
                if (inv.domains[i].max_downtime_seconds >= inv.domains[i].cost_seconds)
                        inv.domains[i].max_downtime_seconds = INFINITY;

        begin = clock_monotonic_usec();
        if (planner_plan(&fleet, goals, n, &options, &plan, NULL) < 0)
                die("the planner");
        ours = clock_monotonic_usec() - begin;
        outcome = solve_by_other(b, &inv, goals, n, &theirs, &aim);

        wrong = plan.feasible ? judge_plan(&fleet, goals, n, &plan, &options) : NULL;
        b->unproven += !plan.optimal;
        b->feasible += plan.feasible;
        if (outcome == OUTCOME_UNDECIDED)
                b->undecided++;
        else {
                double weight = (double) plan.cost.usec / (double) USEC_PER_SEC / MODEL_UNIT * MODEL_MOVES +
                                (double) plan.cost.moves;

                b->ratios[b->n++] = (double) theirs / (double) (ours > 0 ? ours : 1);
                if (!wrong && (outcome == OUTCOME_OPTIMAL) != plan.feasible)
                        wrong = plan.feasible ? "the other finds no plan" : "the other finds a plan";
                if (!wrong && plan.feasible && fabs(weight - aim) > 0.01)
                        wrong = "the costs differ";
        }

        if (wrong) {
                b->mismatches++;
                (void) fprintf(stderr, "instance %llu: %s\n", (unsigned long long) seed, wrong);
        }

        planner_plan_done(&plan);
        for (size_t i = 0; i < n; i++)
                planner_goal_done(goals + i);
        inventory_done(&inv);
}

static uint64_t count_leaving(const PlannerPlan *plan)
{
        uint64_t n = 0;

        for (size_t h = 0; plan->feasible && h < plan->n_hosts; h++)
                for (size_t i = 0; i < plan->hosts[h].waves.n_moves; i++)
                        n += plan->hosts[h].waves.moves[i].host != h;

        return n;
}

/* A thousand hosts of eight times eight: the seconds of the slowest question. */
static double run_fleet(void)
{
        static const struct {
                const char *goal;
                double image_rate;
        } questions[] = {
                { "free-pf=1200", 0 },
                { "fit=8,on=pf", 0 },
                { "compact", 0 },
                { "free-pf=1200", 2 },
                { "free-pf=1800", 2 },
                { "evacuate=host7/0000:01:00.0", 0 },
                { "evacuate=host7/0000:01:00.0", 2 },
        };
        const InventoryShape shape = { .n_pfs = 8,
                                       .n_functions_of_pf = 8,
                                       .n_domains = 40,
                                       .n_kinds = 1,
                                       .n_groups = 2,
                                       .domain_max = 4,
                                       .busy_percent = 75,
                                       .odd_percent = 5,
                                       .images = true };
        Fleet fleet = { calloc(1000, sizeof(Inventory)), 1000 };
        Chance c = { 1 };
        double slowest = 0;

        if (!fleet.hosts)
                die("memory");
        for (size_t h = 0; h < fleet.n; h++) {
                char name[32];

                (void) snprintf(name, sizeof(name), "host%zu", h);
                random_inventory(&c, &shape, name, fleet.hosts + h);
        }

        for (size_t i = 0; i < ELEMENTSOF(questions); i++) {
                const PlannerOptions options = {
                        .parallel = 2,
                        .image_rate = questions[i].image_rate,
                        .budget.nodes = NODES,
                };
                PlannerPlan plan = { 0 };
                PlannerGoal goal;
                uint64_t begin;
                double seconds;

                if (planner_goal_parse(questions[i].goal, &goal, NULL) < 0)
                        die(questions[i].goal);
                begin = clock_monotonic_usec();
                if (planner_plan(&fleet, &goal, 1, &options, &plan, NULL) < 0)
                        die(questions[i].goal);
                seconds = (double) (clock_monotonic_usec() - begin) / (double) USEC_PER_SEC;
                (void) printf("fleet of 1000 hosts, %s%s: %.2f s, %s, %llu moves, %llu of them to another host, %.0f s of downtime, at least %.0f s\n",
                              questions[i].goal, options.image_rate > 0 ? ", across hosts" : "", seconds,
                              !plan.feasible ? "not possible"
                              : plan.optimal ? "optimal"
                                             : "not proven",
                              (unsigned long long) plan.cost.moves,
                              (unsigned long long) count_leaving(&plan),
                              (double) plan.cost.usec / (double) USEC_PER_SEC,
                              (double) plan.bound.usec / (double) USEC_PER_SEC);
                slowest = seconds > slowest ? seconds : slowest;
                planner_plan_done(&plan);
                planner_goal_done(&goal);
        }

        fleet_done(&fleet);
        return slowest;
}

static int compare_doubles(const void *a, const void *b)
{
        double x = *(const double *) a, y = *(const double *) b;

        return x < y ? -1 : x > y;
}

int main(int argc, char *argv[])
{
        Bench b = { .directory = "/tmp/planner-model.XXXXXX" };
        size_t n = argc > 1 ? (size_t) atoll(argv[1]) : 0;
        double median, fleet = -1;

        b.ratios = calloc(n + 1, sizeof(double));
        if (!b.ratios || !mkdtemp(b.directory))
                die("temporary directory");
        b.model = path_in(&b, "model.lp");
        b.solution = path_in(&b, "solution");
        b.log = path_in(&b, "log");

        for (size_t seed = 1; b.n < n && seed < 2 * n + 10; seed++)
                run_instance(&b, seed);
        qsort(b.ratios, b.n, sizeof(double), compare_doubles);
        median = b.n > 0 ? b.ratios[b.n / 2] : 0;

        (void) unlink(b.model);
        (void) unlink(b.solution);
        (void) unlink(b.log);
        (void) rmdir(b.directory);
        free(b.model);
        free(b.solution);
        free(b.log);

        if (argc > 2)
                fleet = run_fleet();
        (void) printf("%zu instances, %zu of all with a plan; glpsol did not decide %zu, the planner did not prove %zu\n",
                      b.n, b.feasible, b.undecided, b.unproven);
        (void) printf("speedup: median %.0f, least %.1f\n", median, b.n > 0 ? b.ratios[0] : 0);
        (void) printf("{\"bench\":\"planner\",\"instances\":%zu,\"mismatches\":%zu,\"speedup_median\":%.1f",
                      b.n, b.mismatches, median);
        if (fleet >= 0)
                (void) printf(",\"fleet_1000_seconds\":%.2f", fleet);
        (void) printf("}\n");

        free(b.ratios);
        return b.mismatches == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
