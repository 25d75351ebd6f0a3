/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/apply-job.h"

#include <assert.h>
#include <inttypes.h>

#include "basic/clock.h"
#include "daemon/apply-child.h"
#include "daemon/claims.h"
#include "daemon/manager-jobs.h"
#include "daemon/manager-store.h"
#include "daemon/start-apply.h"
#include "store/apply-json.h"
#include "store/job-log.h"
#include "store/journal.h"
#include "vgpu-hibernate.h"

/* Between attempts at what cannot be done now: to write a journal, to begin a job. */
#define AGAIN_USEC (5 * USEC_PER_SEC)
/* Each child is written to disk, and so is the parent: meanwhile nobody is answered. */
#define CHILDREN_AT_ONCE 8U
/* A plan that is stale when it comes, one after the other: this host does not hold still. */
#define STALE_PLANS_MAX 3U

static void apply_changed(ManagedJob *j)
{
        j->unsaved = j->changed = true;
        manager_changed(j->manager);
}

static int on_again(sd_event_source *s, uint64_t usec, void *userdata)
{
        ManagedJob *j = userdata;

        j->put_off = sd_event_source_disable_unref(j->put_off);
        manager_changed(j->manager);
        return 0;
}

static void put_off(ManagedJob *j, uint64_t usec)
{
        int r;

        if (j->put_off)
                return;

        r = sd_event_add_time_relative(j->manager->event, &j->put_off, CLOCK_MONOTONIC, usec, 0, on_again,
                                       j);
        if (r < 0)
                job_log(j->job, LOG_ERR, "failed to wait, goes on when anything changes: %s", strerror(-r));
}

/* `why`: what stands in the way. */
static void try_again(ManagedJob *j, const Failure *why)
{
        if (!streq_ptr(j->job->stuck, failure_message(why))) {
                job_log_struct(j->job, LOG_WARNING, VGPU_HIBERNATE_MESSAGE_JOB_STUCK, NULL,
                               "cannot go on now: %s", failure_message(why));
                if (free_and_strdup(&j->job->stuck, failure_message(why)) < 0)
                        job_log(j->job, LOG_ERR, "what stands in its way is not shown for want of memory");
                j->changed = true;
                manager_changed(j->manager);
        }

        put_off(j, AGAIN_USEC);
}

/* Nothing stands in the way any more. */
static void go_on(ManagedJob *j)
{
        if (!j->job->stuck)
                return;

        free(TAKE_PTR(j->job->stuck));
        apply_changed(j);
}

static int apply_save(ManagedJob *j)
{
        _cleanup_(failure_done) Failure why = { 0 };

        if (!j->unsaved)
                return 0;

        if (journal_write(j->manager->jobs_fd, j->job, &why) < 0) {
                try_again(j, &why);
                return -EREMOTEIO;
        }

        j->unsaved = false;
        return 0;
}

/* The setter of the state, which the next save makes durable. */
static void apply_set_state(ManagedJob *j, JobState state)
{
        if (j->job->state == state)
                return;

        job_log(j->job, LOG_DEBUG, "%s -> %s", job_state_to_string(j->job->state),
                job_state_to_string(state));
        if (job_set_state(j->job, state) < 0)
                assert(false);
        apply_changed(j);
}

/* Children */

static const char *action_done(ApplyMoveState s)
{
        return s == APPLY_HIBERNATING ? "is hibernated first" : s == APPLY_MOVING ? "moves" : "is resumed";
}

static void note_begun(ManagedJob *j, size_t move, ApplyAction action, uint64_t child)
{
        ApplyMove *m = j->job->apply->moves + move;

        apply_begun(j->job->apply, move, action, child);
        job_tell(j->job, clock_realtime_usec(), "domain '%s' %s%s: job %" PRIu64, m->name,
                 action_done(m->state), action == APPLY_RETURN ? ", to come back" : "", child);
        apply_changed(j);
}

static ApplyAction action_of(const ManagedJob *child)
{
        switch (child->job->kind) {
        case JOB_HIBERNATE:
                return APPLY_HIBERNATE;
        case JOB_MOVE:
                return APPLY_MOVE;
        case JOB_RESUME:
                return child->job->targets_asked_for ? APPLY_RESUME : APPLY_RETURN;
        case JOB_DISCARD:
        case JOB_APPLY:
        case _JOB_KIND_MAX:
        case _JOB_KIND_INVALID:
                break;
        }

        assert(false);
        return APPLY_WAIT;
}

static void note_ended(ManagedJob *j, size_t move, const ManagedJob *child)
{
        ApplyMove *m = j->job->apply->moves + move;
        _cleanup_(failure_done) Failure lost = { 0 };
        const Failure *why;

        if (!child)
                (void) failure_set(&lost, FAILURE_WORKER_DIED,
                                   "job %" PRIu64 " of domain '%s' has no record any more", m->job, m->name);
        why = child ? managed_job_failure(child) : &lost;

        apply_ended(j->job->apply, move, child ? child->job : NULL, !child || child->given_up, why);
        if (why->code != FAILURE_NONE)
                job_tell(j->job, clock_realtime_usec(), "domain '%s': %s", m->name, failure_message(why));
        apply_changed(j);
}

/* What became of the children, also of one that an earlier daemon began in its last moment. */
static void look_at_children(ManagedJob *j)
{
        Apply *a = j->job->apply;

        for (size_t i = 0; i < a->n_moves; i++) {
                ApplyMove *m = a->moves + i;
                const ManagedJob *child;

                if (apply_move_state_is_final(m->state))
                        continue;

                child = apply_child_find(j->manager, j->job->id, m->uuid);
                if (child && child->job->id > m->job)
                        note_begun(j, i, action_of(child), child->job->id);
                if (m->state == APPLY_PENDING || m->state == APPLY_HIBERNATED)
                        continue;
                if (!child || (!child->removal_pending && (!managed_job_is_open(child) || child->given_up)))
                        note_ended(j, i, child);
        }
}

/* Not for a reason of its own: it may begin later. */
static bool is_passing(const Failure *why, ApplyAction action)
{
        return why->code == FAILURE_HOST || why->code == FAILURE_LIBVIRT ||
               why->code == FAILURE_SHUTTING_DOWN ||
               (why->code == FAILURE_DOMAIN_BUSY && (action == APPLY_RESUME || action == APPLY_RETURN));
}

/* False: it has to wait. */
static bool begin(ManagedJob *j, size_t move, ApplyAction action)
{
        const ApplyMove *m = j->job->apply->moves + move;
        _cleanup_(failure_done) Failure why = { 0 };
        ManagedJob *child;

        if (action != APPLY_RETURN && apply_child_has_to_wait(j->manager, m, &why)) {
                try_again(j, &why);
                return false;
        }

        if (apply_child_start(j->manager, j->job, m, action, &child, &why) >= 0) {
                note_begun(j, move, action, child->job->id);
                return true;
        }

        if (is_passing(&why, action)) {
                try_again(j, &why);
                return false;
        }

        apply_refused(j->job->apply, move, action, &why);
        job_tell(j->job, clock_realtime_usec(), "domain '%s' was refused: %s", m->name,
                 failure_message(&why));
        apply_changed(j);
        return true;
}

/* Planning anew */

static void fail_to_replan(ManagedJob *j, const char *reason)
{
        const ApplyMove *m = apply_first_failure(j->job->apply);

        if (m)
                (void) failure_set(&j->job->failure, m->failure.code, "domain '%s': %s; around it, %s",
                                   m->name, failure_message(&m->failure), reason);
        else
                (void) failure_set(&j->job->failure, FAILURE_HOST, "%s", reason);
        apply_stop(j->job->apply);
}

/* 0: it is taken over. -ESTALE: by now the host is another. */
static int take_plan(ManagedJob *j, json_object *o, Failure *reterr)
{
        _cleanup_(inventory_done) Inventory inv = { 0 };
        _cleanup_(apply_freep) Apply *plan = NULL;
        _cleanup_free_ char *stamp = NULL;
        int r;

        if (apply_from_plan(o, &plan, &stamp, reterr) < 0)
                return -EREMOTEIO;
        if (start_apply_check_stamp(j->manager, stamp, &inv, reterr) < 0)
                return reterr->code == FAILURE_PLAN_STALE ? -ESTALE : -EREMOTEIO;
        if (apply_check(plan, &inv, reterr) < 0)
                return -EREMOTEIO;

        r = apply_take_plan(j->job->apply, plan);
        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "cannot take the plan over") : 0;
}

static void on_planned(json_object *plan, const Failure *why, void *userdata)
{
        _cleanup_(failure_done) Failure f = { 0 };
        ManagedJob *j = userdata;
        int r;

        if (j->job->apply->phase != APPLY_REPLANS)
                return;

        r = why ? failure_set(&f, why->code, "%s", failure_message(why)) : take_plan(j, plan, &f);
        if (r == -ESTALE && ++j->stale_plans < STALE_PLANS_MAX)
                return;

        j->stale_plans = 0;
        if (r < 0)
                fail_to_replan(j, failure_message(&f));
        else
                job_tell(j->job, clock_realtime_usec(), "goes on by another plan: moves to come: %zu",
                         apply_count(j->job->apply, APPLY_PENDING));
        apply_changed(j);
}

static void on_planning_ended(void *userdata)
{
        ManagedJob *j = userdata;

        j->planning = planning_free(j->planning);
        manager_changed(j->manager);
}

static void replan(ManagedJob *j)
{
        static const PlanningHandlers handlers = { .planned = on_planned, .ended = on_planning_ended };
        const Apply *a = j->job->apply;
        const char *stays[APPLY_MOVES_MAX];
        PlanningRequest request = {
                .goals = a->goals,
                .n_goals = a->n_goals,
                .parallel = a->parallel,
                .seconds = PLAN_SECONDS_DEFAULT,
                .fixups = a->fixups,
                .stays = stays,
        };
        _cleanup_(failure_done) Failure why = { 0 };

        for (size_t i = 0; i < a->n_moves; i++)
                if (a->moves[i].refused)
                        stays[request.n_stays++] = a->moves[i].uuid;

        if (planning_new(j->manager, &request, &handlers, j, &j->planning, &why) < 0)
                try_again(j, &why);
}

/* The end */

static bool is_free_for_room(const Function *f)
{
        return f->state == FUNCTION_FREE || (f->state == FUNCTION_LEASED && !f->domain);
}

static int fill_reservation(const ManagedJob *j, Reservation *r, Failure *reterr)
{
        const Apply *a = j->job->apply;

        r->functions = calloc(a->n_rooms + 1, sizeof(FunctionRef));
        if (!r->functions || free_and_strdup(&r->owner, a->owner) < 0 || free_and_strdup(&r->pool, "") < 0 ||
            free_and_strdup(&r->label, a->label) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "failed to reserve");

        memcpy(r->cookie, a->cookie, sizeof(r->cookie));
        r->uid = a->uid;
        r->until_usec = clock_realtime_usec() + a->ttl_usec;
        for (; r->n_functions < a->n_rooms; r->n_functions++) {
                const PciAddress *room = a->rooms + r->n_functions;
                const Function *f = view_find_function(j->manager->view, room);

                if (!f || !is_free_for_room(f))
                        return failure_set(reterr, FAILURE_FUNCTION_BUSY,
                                           "function %s, of the room that was to be reserved, is %s",
                                           PCI_ADDRESS_STR(room),
                                           f ? function_state_to_string(f->state) : "gone");
                r->functions[r->n_functions] = function_ref(f);
        }

        return 0;
}

/* Before the job's end is on disk: should the daemon end in between, the next one finds it made. */
static int reserve_room(ManagedJob *j, Failure *reterr)
{
        const Apply *a = j->job->apply;
        _cleanup_(reservation_done) Reservation r = { 0 };
        const Reservation *made;

        if (!*a->cookie ||
            claims_find_reservation(&j->manager->ledger.claims, a->cookie, a->uid, &made, NULL) >= 0)
                return 0;
        if (fill_reservation(j, &r, reterr) < 0)
                return -EREMOTEIO;

        return manager_reserve(j->manager, &r, &made, reterr);
}

/* Why it did not end well; nothing when it did. */
static void find_failure(ManagedJob *j)
{
        const ApplyMove *m = apply_first_failure(j->job->apply);
        _cleanup_free_ char *account = apply_account(j->job->apply);

        if (m)
                (void) failure_set(&j->job->failure, m->failure.code, "domain '%s': %s", m->name,
                                   failure_message(&m->failure));
        if (j->job->apply->phase == APPLY_STOPS)
                (void) failure_set(&j->job->failure, FAILURE_CANCELED, "it was stopped");
        if (j->job->failure.code != FAILURE_NONE)
                failure_append(&j->job->failure, account ? account : "no memory to say what is done");
}

static void finish(ManagedJob *j)
{
        _cleanup_(failure_done) Failure why = { 0 };
        Job *job = j->job;
        int r = 0;

        if (job->failure.code == FAILURE_NONE && !apply_first_failure(job->apply))
                r = reserve_room(j, &why);
        if (r < 0 && why.code == FAILURE_HOST) {
                try_again(j, &why);
                return;
        }
        if (r < 0)
                (void) failure_set(&job->failure, why.code, "%s", failure_message(&why));

        find_failure(j);
        if (job->failure.code == FAILURE_CANCELED)
                apply_set_state(j, JOB_UNDOING);
        apply_set_state(j, job->failure.code == FAILURE_NONE       ? JOB_DONE
                           : job->failure.code == FAILURE_CANCELED ? JOB_CANCELED
                                                                   : JOB_FAILED);
        job->ended_usec = clock_realtime_usec();
        apply_changed(j);
}

/* What is next */

/* What chooses functions waits until the view shows what the last child got, and what is not kept any more. */
static bool waits_for_view(const ManagedJob *j)
{
        size_t ignored;
        const ApplyAction action = apply_next(j->job->apply, &ignored);

        return (action == APPLY_RETURN || action == APPLY_PLAN) && !manager_view_is_current(j->manager);
}

/* False: nothing can be done now. */
static bool step(ManagedJob *j)
{
        Apply *a = j->job->apply;
        size_t move = 0;
        const ApplyAction action = apply_next(a, &move);

        switch (action) {
        case APPLY_WAIT:
                return false;
        case APPLY_MOVE:
        case APPLY_HIBERNATE:
        case APPLY_RESUME:
        case APPLY_RETURN:
                return begin(j, move, action);
        case APPLY_DROP:
                apply_drop(a, move);
                apply_changed(j);
                return true;
        case APPLY_PLAN:
                if (!j->planning)
                        replan(j);
                return false;
        case APPLY_END:
                finish(j);
                return false;
        }

        assert(false);
        return false;
}

/* Other guests run by now, or none, and addresses may be others': what is left to do is to bring back. */
static void notice_restart(ManagedJob *j)
{
        Apply *a = j->job->apply;

        if (a->restarted || streq(a->boot, j->manager->boot))
                return;
        if (apply_count_open(a) == 0 && !*a->cookie) /* it was over, but for the word */
                return;

        a->restarted = true;
        apply_stop(a);
        (void) failure_set(&j->job->failure, FAILURE_INTERRUPTED,
                           "the host was started anew before the end");
        job_tell(j->job, clock_realtime_usec(), "the host was started anew: nothing more is begun");
        apply_changed(j);
}

static void end_of(ManagedJob *j)
{
        job_log_end(j->job);
        managed_job_supervise(j);
}

static void advance(ManagedJob *j)
{
        const Manager *m = j->manager;
        bool more = true;

        if (job_state_is_final(j->job->state)) {
                if (j->unsaved && apply_save(j) >= 0)
                        end_of(j);
                return;
        }

        look_at_children(j);
        notice_restart(j);

        /* A job that began now would fail for a reason that has nothing to do with it. */
        if (host_shutdown_is_near(m->shutdown) || manager_check_world(m, NULL) < 0) {
                (void) apply_save(j); /* tried again with the next thing that changes */
                return;
        }

        for (size_t begun = 0; more; begun++) {
                if (j->job->apply->phase == APPLY_STOPS)
                        apply_set_state(j, j->job->state == JOB_QUEUED ? JOB_RUNNING : JOB_UNDOING);
                else
                        apply_set_state(j, JOB_RUNNING);
                if (apply_save(j) < 0)
                        return;
                if (j->put_off || waits_for_view(j))
                        return;

                more = step(j);
                if (!j->put_off)
                        go_on(j);
                if (more && begun + 1 >= CHILDREN_AT_ONCE)
                        put_off(j, 0); /* with others before it */
        }

        if (apply_save(j) >= 0 && job_state_is_final(j->job->state))
                end_of(j);
}

void apply_jobs_advance(Manager *m)
{
        for (size_t i = 0; i < m->n_jobs; i++)
                if (m->jobs[i]->job->apply && (managed_job_is_open(m->jobs[i]) || m->jobs[i]->unsaved))
                        advance(m->jobs[i]);
}

bool apply_job_is_cancelable(const ManagedJob *j)
{
        return managed_job_is_open(j) && j->job->apply->phase != APPLY_STOPS;
}

int apply_job_cancel(ManagedJob *j, Failure *reterr)
{
        Apply *a = j->job->apply;

        if (!apply_job_is_cancelable(j))
                return failure_set(reterr, FAILURE_TOO_LATE,
                                   "job %" PRIu64 " is %s: nothing more is begun anyway; %s", j->job->id,
                                   job_state_to_string(j->job->state),
                                   managed_job_is_open(j) ? "wait for its end" : "it has ended");

        (void) failure_set(&j->job->failure, FAILURE_CANCELED, "canceled on request");
        apply_stop(a);
        apply_changed(j);
        job_log(j->job, LOG_INFO, "asked to cancel");

        if (j->planning)
                planning_cancel(j->planning);
        for (size_t i = 0; i < a->n_moves; i++) {
                ManagedJob *child =
                                a->moves[i].job != 0 ? manager_find_job(j->manager, a->moves[i].job) : NULL;
                const ApplyMoveState s = a->moves[i].state;

                /* Those that bring back, and those for which it is too late, go on to their end. */
                if (child && (s == APPLY_MOVING || s == APPLY_HIBERNATING) &&
                    managed_job_is_cancelable(child) && managed_job_cancel(child, NULL) < 0)
                        job_log(child->job, LOG_WARNING, "could not be canceled");
        }

        return apply_save(j) < 0 ? failure_set(reterr, FAILURE_HOST,
                                               "job %" PRIu64
                                               " begins nothing more, but that is not on disk: %s",
                                               j->job->id, j->job->stuck ? j->job->stuck : "no memory")
                                 : 0;
}

/* Of a move in two jobs each is a half. */
static double progress_of(const Manager *m, const ApplyMove *move)
{
        const ManagedJob *child = move->job != 0 ? manager_find_job(m, move->job) : NULL;
        const double part = child ? managed_job_progress(child) : 0;

        switch (move->state) {
        case APPLY_DONE:
                return 1;
        case APPLY_MOVING:
                return part;
        case APPLY_HIBERNATING:
                return part / 2;
        case APPLY_HIBERNATED:
                return 0.5;
        case APPLY_RESUMING:
                return (1 + part) / 2;
        case APPLY_PENDING:
        case APPLY_RETURNING:
        case APPLY_FAILED:
        case APPLY_STRANDED:
        case APPLY_DROPPED:
        case _APPLY_MOVE_STATE_MAX:
        case _APPLY_MOVE_STATE_INVALID:
                break;
        }

        return 0;
}

double apply_job_progress(const ManagedJob *j)
{
        const Apply *a = j->job->apply;
        double sum = 0;

        if (j->job->state == JOB_DONE)
                return 1;

        for (size_t i = 0; i < a->n_moves; i++)
                sum += progress_of(j->manager, a->moves + i);
        return a->n_moves > 0 ? sum / (double) a->n_moves : 0;
}
