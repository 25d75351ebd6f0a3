/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/planning.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "basic/fileio.h"
#include "core/planner-goal.h"
#include "daemon/inventory.h"
#include "daemon/manager.h"
#include "daemon/worker-answer.h"
#include "store/failure-json.h"
#include "store/json-util.h"

/* After the time that it may search for: to begin, to put moves into waves, to end. */
#define PLAN_GRACE_USEC (10 * USEC_PER_SEC)
#define PLAN_BYTES_MAX ((size_t) 4 << 20)

static_assert(PLANNER_GOALS_MAX + 16 <= WORKER_WORDS_MAX, "goals that do not go into a command line");

struct Planning {
        WorkerAnswer *worker;
        PlanningHandlers handlers;
        void *userdata;
};

Planning *planning_free(Planning *p)
{
        if (!p)
                return NULL;

        worker_answer_free(p->worker);
        free(p);
        return NULL;
}

void planning_cancel(Planning *p)
{
        worker_answer_cancel(p->worker);
}

static int read_plan(const char *text, size_t size, json_object **ret, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 }, said = { 0 };
        _cleanup_json_ json_object *o = NULL;
        int r;

        r = json_parse(text, size, "what the worker says", &o, &why);
        if (r >= 0)
                r = failure_from_json(o, "", &said, &why);
        if (r < 0)
                return failure_set(reterr, FAILURE_HOST, "the worker's answer is not understood: %s",
                                   failure_message(&why));
        if (r > 0)
                return failure_set(reterr, said.code, "%s", failure_message(&said));

        *ret = TAKE_PTR(o);
        return 0;
}

static void on_answered(const char *text, size_t size, const Failure *why, void *userdata)
{
        _cleanup_(failure_done) Failure garbage = { 0 };
        _cleanup_json_ json_object *plan = NULL;
        Planning *p = userdata;

        if (!why && read_plan(text, size, &plan, &garbage) < 0)
                why = &garbage;

        p->handlers.planned(plan, why, p->userdata);
}

static void on_ended(void *userdata)
{
        Planning *p = userdata;

        p->handlers.ended(p->userdata);
}

static void keep_in_place(Inventory *inv, const PlanningRequest *request)
{
        for (size_t i = 0; i < inv->n_domains; i++)
                for (size_t k = 0; k < request->n_stays; k++)
                        if (streq_ptr(inv->domains[i].uuid, request->stays[k]))
                                inv->domains[i].movable = false;
}

/* The inventory, where a process can read it from its beginning, however long it is. */
static int open_inventory(const Manager *m, const PlanningRequest *request)
{
        _cleanup_(inventory_done) Inventory inv = { 0 };
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = inventory_of(m, &inv);
        if (r < 0)
                return r;

        keep_in_place(&inv, request);
        r = inventory_text(&inv, &text);
        if (r < 0)
                return r;

        fd = memfd_create("inventory", MFD_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = write_all(fd, text, strlen(text));
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;

        return TAKE_FD(fd);
}

static int planning_spawn(Planning *p, const Manager *m, const PlanningRequest *request)
{
        static const WorkerAnswerHandlers handlers = {
                .answered = on_answered,
                .ended = on_ended,
                .late = FAILURE_HOST,
                .late_text = "the planner did not end",
                .late_remedy = "this host may have too much to do; try again",
        };
        char parallel[sizeof("4294967295")], seconds[sizeof("18446744073709551615")];
        const char *words[PLANNER_GOALS_MAX + 5] = {
                "plan",
                parallel,
                seconds,
                guest_fixups_to_string(request->fixups),
        };
        const char *argv[WORKER_WORDS_MAX];
        _cleanup_close_ int fd = -EBADF;

        (void) snprintf(parallel, sizeof(parallel), "%" PRIu32, request->parallel);
        (void) snprintf(seconds, sizeof(seconds), "%" PRIu64, request->seconds);
        for (size_t i = 0; i < request->n_goals && i < PLANNER_GOALS_MAX; i++)
                words[4 + i] = request->goals[i];

        fd = open_inventory(m, request);
        if (fd < 0)
                return fd;

        manager_worker_argv(m, words, argv);
        return worker_answer_new(m->event, argv, m->notify_path, fd,
                                 request->seconds * USEC_PER_SEC + PLAN_GRACE_USEC, PLAN_BYTES_MAX,
                                 &handlers, p, &p->worker);
}

int planning_check(const PlanningRequest *request, Failure *reterr)
{
        if (request->n_goals == 0 || request->n_goals > PLANNER_GOALS_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "there are %zu goals; a plan has 1 to %u: free-pf=K, evacuate=PF, fit=N, "
                                   "compact",
                                   request->n_goals, PLANNER_GOALS_MAX);

        for (size_t i = 0; i < request->n_goals; i++) {
                _cleanup_(planner_goal_done) PlannerGoal goal = { 0 };

                if (planner_goal_parse(request->goals[i], &goal, reterr) < 0)
                        return -EREMOTEIO;
        }

        return 0;
}

int planning_new(Manager *m, const PlanningRequest *request, const PlanningHandlers *handlers,
                 void *userdata, Planning **ret, Failure *reterr)
{
        _cleanup_(planning_freep) Planning *p = NULL;
        int r;

        if (planning_check(request, reterr) < 0 || manager_check_world(m, reterr) < 0)
                return -EREMOTEIO;

        p = malloc(sizeof(Planning));
        if (!p)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot plan");

        *p = (Planning) { .handlers = *handlers, .userdata = userdata };
        r = planning_spawn(p, m, request);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot start a worker");

        *ret = TAKE_PTR(p);
        return 0;
}
