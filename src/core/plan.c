/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The plans. Why this order:
 *
 * - check first, alone: until it is done nothing in the world has changed.
 * - bind before suspend: making the target ready costs the guest no downtime, and a target that cannot be bound is
 *   found while the guest still runs.
 * - suspend before set-mode: QEMU takes the mode at any time, but a guest that will not suspend leaves then nothing
 *   to set back.
 * - sync is the commit of the first half: only an image on stable storage may outlive its QEMU. libvirt syncs the
 *   data but not its last header write (libvirt 11.3 src/qemu/qemu_saveimage.c), so we do.
 * - rebind is bind for the targets of a later attempt; for those of the first one it finds all done.
 * - unplug after bind, for the same reason. What the functions hold is lost from then on, and undoing it gives the guest
 *   the functions back, not that.
 * - rewrite, restore, plug and continue are undone into "hibernated": no instruction of the guest has run.
 * - plug before continue: QEMU takes a function also while the guest is paused, which finds it when it runs. A function
 *   that cannot be given is so found while another can still be tried.
 * - wake is the commit of the second half, or continue where the guest was saved while it ran. From its intent on, this
 *   image is never restored again.
 * - discard follows at once: what is removed cannot be replayed. As the only step of a job it may fail, since the record
 *   goes last: then the domain is still hibernated, and the job may be asked for again.
 * - redefine after wake (suspend-to-ram): the image's XML was the one that counted until then. With
 *   suspend-to-disk the persistent XML is what boots, so it comes before start.
 * - release after the commit: the source is given to others only when nothing can go back to it. Before health, which
 *   waits for a guest that needs none of this.
 * - clean last: it may take its time, and holds up nothing but the end of the job. Until then the journal keeps the
 *   functions from others.
 */
#include "core/plan.h"

#include "core/enum-table.h"

static const char *const strategy_table[] = {
        [STRATEGY_AUTO] = "auto",
        [STRATEGY_SUSPEND_TO_RAM] = "suspend-to-ram",
        [STRATEGY_SUSPEND_TO_DISK] = "suspend-to-disk",
        [STRATEGY_DEVICE_STATE] = "device-state",
        [STRATEGY_UNPLUG] = "unplug",
};
DEFINE_ENUM_TABLE(strategy, Strategy, _STRATEGY_MAX);

bool strategy_writes_image(Strategy s)
{
        return s == STRATEGY_SUSPEND_TO_RAM || strategy_saves_running(s);
}

bool strategy_saves_running(Strategy s)
{
        return s == STRATEGY_DEVICE_STATE || s == STRATEGY_UNPLUG;
}

bool strategy_list_has(const StrategyList *l, Strategy s)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->list[i] == s)
                        return true;

        return !l->said;
}

void strategy_list_narrow(StrategyList *l, const StrategyList *by)
{
        StrategyList narrow = { .said = true };
        const StrategyList *order = l->said ? l : by;

        if (!by->said)
                return;

        for (size_t i = 0; i < order->n; i++)
                if (strategy_list_has(by, order->list[i]))
                        narrow.list[narrow.n++] = order->list[i];

        *l = narrow;
}

static const char *const job_kind_table[] = {
        [JOB_HIBERNATE] = "hibernate", [JOB_RESUME] = "resume", [JOB_MOVE] = "move",
        [JOB_DISCARD] = "discard",     [JOB_APPLY] = "apply",
};
DEFINE_ENUM_TABLE(job_kind, JobKind, _JOB_KIND_MAX);

static const char *const step_id_table[] = {
        [STEP_CHECK] = "check",       [STEP_BIND] = "bind",
        [STEP_SUSPEND] = "suspend",   [STEP_SET_MODE] = "set-mode",
        [STEP_UNPLUG] = "unplug",     [STEP_SAVE] = "save",
        [STEP_SYNC] = "sync",         [STEP_SUSPEND_DISK] = "suspend-disk",
        [STEP_RECORD] = "record",     [STEP_REBIND] = "rebind",
        [STEP_REWRITE] = "rewrite",   [STEP_REDEFINE] = "redefine",
        [STEP_RESTORE] = "restore",   [STEP_PLUG] = "plug",
        [STEP_CONTINUE] = "continue", [STEP_WAKE] = "wake",
        [STEP_START] = "start",       [STEP_DISCARD] = "discard",
        [STEP_HEALTH] = "health",     [STEP_RELEASE] = "release",
        [STEP_CLEAN] = "clean",
};
DEFINE_ENUM_TABLE(step_id, StepId, _STEP_ID_MAX);

static const PlanStep auto_steps[] = {
        { STEP_CHECK, 0, 0 },
};

static const PlanStep hibernate_ram_steps[] = {
        { STEP_CHECK, 0, 0 }, { STEP_SUSPEND, 0, PLAN_TOUCHES }, { STEP_SET_MODE, 0, 0 },
        { STEP_SAVE, 0, 0 },  { STEP_SYNC, 0, PLAN_COMMIT },     { STEP_RELEASE, 1, 0 },
        { STEP_CLEAN, 1, 0 },
};

static const PlanStep resume_ram_steps[] = {
        { STEP_CHECK, 0, 0 },    { STEP_BIND, 0, 0 },
        { STEP_REWRITE, 0, 0 },  { STEP_RESTORE, 0, PLAN_TOUCHES },
        { STEP_CONTINUE, 0, 0 }, { STEP_WAKE, 0, PLAN_COMMIT },
        { STEP_DISCARD, 1, 0 },  { STEP_REDEFINE, 1, 0 },
        { STEP_HEALTH, 1, 0 },
};

static const PlanStep move_ram_steps[] = {
        { STEP_CHECK, 0, 0 },    { STEP_BIND, 0, 0 },           { STEP_SUSPEND, 0, PLAN_TOUCHES },
        { STEP_SET_MODE, 0, 0 }, { STEP_SAVE, 0, 0 },           { STEP_SYNC, 0, PLAN_COMMIT },
        { STEP_REBIND, 1, 0 },   { STEP_REWRITE, 1, 0 },        { STEP_RESTORE, 1, PLAN_TOUCHES },
        { STEP_CONTINUE, 1, 0 }, { STEP_WAKE, 1, PLAN_COMMIT }, { STEP_DISCARD, 2, 0 },
        { STEP_REDEFINE, 2, 0 }, { STEP_RELEASE, 2, 0 },        { STEP_HEALTH, 2, 0 },
        { STEP_CLEAN, 2, 0 },
};

static const PlanStep hibernate_disk_steps[] = {
        { STEP_CHECK, 0, 0 },  { STEP_SUSPEND_DISK, 0, PLAN_TOUCHES | PLAN_COMMIT },
        { STEP_RECORD, 1, 0 }, { STEP_RELEASE, 1, 0 },
        { STEP_CLEAN, 1, 0 },
};

static const PlanStep resume_disk_steps[] = {
        { STEP_CHECK, 0, 0 },    { STEP_BIND, 0, 0 },
        { STEP_REDEFINE, 0, 0 }, { STEP_START, 0, PLAN_TOUCHES | PLAN_COMMIT },
        { STEP_DISCARD, 1, 0 },  { STEP_HEALTH, 1, 0 },
};

static const PlanStep move_disk_steps[] = {
        { STEP_CHECK, 0, 0 },
        { STEP_BIND, 0, 0 },
        { STEP_SUSPEND_DISK, 0, PLAN_TOUCHES | PLAN_COMMIT },
        { STEP_RECORD, 1, 0 },
        { STEP_REBIND, 1, 0 },
        { STEP_REDEFINE, 1, 0 },
        { STEP_START, 1, PLAN_TOUCHES | PLAN_COMMIT },
        { STEP_DISCARD, 2, 0 },
        { STEP_RELEASE, 2, 0 },
        { STEP_HEALTH, 2, 0 },
        { STEP_CLEAN, 2, 0 },
};

static const PlanStep hibernate_state_steps[] = {
        { STEP_CHECK, 0, 0 },   { STEP_SAVE, 0, PLAN_TOUCHES }, { STEP_SYNC, 0, PLAN_COMMIT },
        { STEP_RELEASE, 1, 0 }, { STEP_CLEAN, 1, 0 },
};

static const PlanStep resume_state_steps[] = {
        { STEP_CHECK, 0, 0 },
        { STEP_BIND, 0, 0 },
        { STEP_REWRITE, 0, 0 },
        { STEP_RESTORE, 0, PLAN_TOUCHES },
        { STEP_CONTINUE, 0, PLAN_COMMIT },
        { STEP_DISCARD, 1, 0 },
        { STEP_REDEFINE, 1, 0 },
        { STEP_HEALTH, 1, 0 },
};

static const PlanStep move_state_steps[] = {
        { STEP_CHECK, 0, 0 },
        { STEP_BIND, 0, 0 },
        { STEP_SAVE, 0, PLAN_TOUCHES },
        { STEP_SYNC, 0, PLAN_COMMIT },
        { STEP_REBIND, 1, 0 },
        { STEP_REWRITE, 1, 0 },
        { STEP_RESTORE, 1, PLAN_TOUCHES },
        { STEP_CONTINUE, 1, PLAN_COMMIT },
        { STEP_DISCARD, 2, 0 },
        { STEP_REDEFINE, 2, 0 },
        { STEP_RELEASE, 2, 0 },
        { STEP_HEALTH, 2, 0 },
        { STEP_CLEAN, 2, 0 },
};

static const PlanStep hibernate_unplug_steps[] = {
        { STEP_CHECK, 0, 0 },          { STEP_UNPLUG, 0, PLAN_TOUCHES }, { STEP_SAVE, 0, 0 },
        { STEP_SYNC, 0, PLAN_COMMIT }, { STEP_RELEASE, 1, 0 },           { STEP_CLEAN, 1, 0 },
};

static const PlanStep resume_unplug_steps[] = {
        { STEP_CHECK, 0, 0 },
        { STEP_BIND, 0, 0 },
        { STEP_RESTORE, 0, PLAN_TOUCHES },
        { STEP_PLUG, 0, 0 },
        { STEP_CONTINUE, 0, PLAN_COMMIT },
        { STEP_DISCARD, 1, 0 },
        { STEP_REDEFINE, 1, 0 },
        { STEP_HEALTH, 1, 0 },
};

static const PlanStep move_unplug_steps[] = {
        { STEP_CHECK, 0, 0 },
        { STEP_BIND, 0, 0 },
        { STEP_UNPLUG, 0, PLAN_TOUCHES },
        { STEP_SAVE, 0, 0 },
        { STEP_SYNC, 0, PLAN_COMMIT },
        { STEP_REBIND, 1, 0 },
        { STEP_RESTORE, 1, PLAN_TOUCHES },
        { STEP_PLUG, 1, 0 },
        { STEP_CONTINUE, 1, PLAN_COMMIT },
        { STEP_DISCARD, 2, 0 },
        { STEP_REDEFINE, 2, 0 },
        { STEP_RELEASE, 2, 0 },
        { STEP_HEALTH, 2, 0 },
        { STEP_CLEAN, 2, 0 },
};

/* Nothing of it can be undone, and it may be done again. */
static const PlanStep discard_steps[] = {
        { STEP_DISCARD, 0, 0 },
};

static const Plan plans[] = {
        { JOB_HIBERNATE, STRATEGY_AUTO, auto_steps, ELEMENTSOF(auto_steps) },
        { JOB_RESUME, STRATEGY_AUTO, auto_steps, ELEMENTSOF(auto_steps) },
        { JOB_MOVE, STRATEGY_AUTO, auto_steps, ELEMENTSOF(auto_steps) },
        { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, hibernate_ram_steps, ELEMENTSOF(hibernate_ram_steps) },
        { JOB_RESUME, STRATEGY_SUSPEND_TO_RAM, resume_ram_steps, ELEMENTSOF(resume_ram_steps) },
        { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, move_ram_steps, ELEMENTSOF(move_ram_steps) },
        { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_DISK, hibernate_disk_steps, ELEMENTSOF(hibernate_disk_steps) },
        { JOB_RESUME, STRATEGY_SUSPEND_TO_DISK, resume_disk_steps, ELEMENTSOF(resume_disk_steps) },
        { JOB_MOVE, STRATEGY_SUSPEND_TO_DISK, move_disk_steps, ELEMENTSOF(move_disk_steps) },
        { JOB_HIBERNATE, STRATEGY_DEVICE_STATE, hibernate_state_steps, ELEMENTSOF(hibernate_state_steps) },
        { JOB_RESUME, STRATEGY_DEVICE_STATE, resume_state_steps, ELEMENTSOF(resume_state_steps) },
        { JOB_MOVE, STRATEGY_DEVICE_STATE, move_state_steps, ELEMENTSOF(move_state_steps) },
        { JOB_HIBERNATE, STRATEGY_UNPLUG, hibernate_unplug_steps, ELEMENTSOF(hibernate_unplug_steps) },
        { JOB_RESUME, STRATEGY_UNPLUG, resume_unplug_steps, ELEMENTSOF(resume_unplug_steps) },
        { JOB_MOVE, STRATEGY_UNPLUG, move_unplug_steps, ELEMENTSOF(move_unplug_steps) },
        { JOB_DISCARD, STRATEGY_SUSPEND_TO_RAM, discard_steps, ELEMENTSOF(discard_steps) },
        { JOB_DISCARD, STRATEGY_SUSPEND_TO_DISK, discard_steps, ELEMENTSOF(discard_steps) },
        { JOB_DISCARD, STRATEGY_DEVICE_STATE, discard_steps, ELEMENTSOF(discard_steps) },
        { JOB_DISCARD, STRATEGY_UNPLUG, discard_steps, ELEMENTSOF(discard_steps) },
};

static_assert(ELEMENTSOF(move_ram_steps) <= PLAN_STEPS_MAX, "the longest plan does not fit into a job");

const Plan *plan_find(JobKind kind, Strategy strategy)
{
        for (size_t i = 0; i < ELEMENTSOF(plans); i++)
                if (plans[i].kind == kind && plans[i].strategy == strategy)
                        return plans + i;

        return NULL;
}
