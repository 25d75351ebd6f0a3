/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory of a hibernated domain is given up: by who may, when nothing is at work on it, and then all of it. */

#include <signal.h>

#include "fixture.h"

#define OF_VM1 VGPU_HIBERNATE_FUNCTION_PATH "/0000_01_10_0"

static void hibernate(Fixture *f, uint64_t id)
{
        _cleanup_free_ char *removed = format("JobRemoved %llu ", (unsigned long long) id);

        start_ok(f, id, "Hibernate", "vm1", NULL);
        fixture_tell(f, id, "strategy suspend-to-ram");
        fixture_tell(f, id, "record 17");
        fixture_tell(f, id, "end done");
        expect_signal(f, removed);
        fixture_set_domain(f, "vm1", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, VM1_PATH, "State", "hibernated");
}

static void hold(Fixture *f)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_free_ char *error = NULL, *message = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "Hold") >= 0);
        CHECK(sd_bus_message_append(call, "sa{sv}", "vm1", 1, "hold", "s", "hold") >= 0);
        error = call_message(f, call, &reply, &message);
        CHECK(!error);
        expect_property(f, OF_VM1, "State", "held");
}

static void test_refusals(Fixture *f)
{
        start_refused(f, VGPU_HIBERNATE_ERROR_NOT_HIBERNATED, "nothing to discard", "Discard", "vm1", NULL);
        start_refused(f, VGPU_HIBERNATE_ERROR_NOT_HIBERNATED, "nothing to discard", "Discard", "vm3", NULL);
        start_refused(f, VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN, "no domain 'vm9'", "Discard", "vm9", NULL);
        start_refused(f, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "functions", "Discard", "vm1",
                      (const char *const[]) { "0000:02:10.0", NULL });

        hibernate(f, 1);
        start_ok(f, 2, "Resume", "vm1", NULL);
        start_refused(f, VGPU_HIBERNATE_ERROR_DOMAIN_BUSY, "in job 2", "Discard", "vm1", NULL);
        fixture_tell(f, 2, "fail RestoreFailed no");
        expect_signal(f, "JobRemoved 2 ");
        expect_property(f, VM1_PATH, "State", "hibernated");
}

/* It may be asked for again; no other job comes between. */
static void test_failed(Fixture *f)
{
        hold(f);
        start_ok(f, 3, "Discard", "vm1", NULL);
        expect_property(f, VM1_PATH, "State", "discarding");
        expect_property(f, OF_VM1, "State", "held");
        start_refused(f, VGPU_HIBERNATE_ERROR_DOMAIN_BUSY, "in job 3", "Resume", "vm1", NULL);
        fixture_tell(f, 3, "step discard started");
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/3", "Step", "discard");
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/3", "Cancelable", "false");
        fixture_tell(f, 3, "fail Host the disk is read-only");
        expect_signal(f, "JobRemoved 3 ");
        expect_property(f, VM1_PATH, "State", "hibernated");
        expect_property(f, OF_VM1, "State", "held");
}

/* Over the end of a daemon, and of a worker, in the middle of it. */
static void test_done(Fixture *f)
{
        start_ok(f, 4, "Discard", "vm1", NULL);
        fixture_tell(f, 4, "step discard started");
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/4", "Step", "discard");
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        fixture_tell(f, 4, "die");
        fixture_start(f);
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/4", "State", "recovering");
        fixture_tell(f, 4, "unrecord");
        fixture_tell(f, 4, "end done");
        expect_signal(f, "JobRemoved 4 ");
        expect_property(f, VM1_PATH, "State", "shut-off");
        expect_property(f, VM1_PATH, "Hold", "");
        expect_property(f, OF_VM1, "State", "free");
        start_refused(f, VGPU_HIBERNATE_ERROR_NOT_HIBERNATED, "nothing to discard", "Discard", "vm1", NULL);
}

/* "virsh undefine --managed-save": what is held for it is not held for ever, and it can be got rid of. */
static void test_undefined(Fixture *f)
{
        WorldDomain *d, kept;

        fixture_set_domain(f, "vm1", DOMAIN_RUNNING, NULL);
        fixture_send_world(f);
        hibernate(f, 5);
        hold(f);

        d = fixture_domain(f, "vm1");
        kept = *d;
        *d = f->world->domains[--f->world->n_domains];
        fixture_send_world(f);
        expect_property(f, VM1_PATH, "State", "hibernated");
        expect_property(f, OF_VM1, "State", "free");
        start_refused(f, VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN, "vgpu-hibernatectl discard", "Resume", "vm1",
                      NULL);

        /* It was for a moment only. */
        f->world->domains[f->world->n_domains++] = *d;
        *d = kept;
        fixture_send_world(f);
        expect_property(f, OF_VM1, "State", "held");

        *d = f->world->domains[--f->world->n_domains];
        fixture_send_world(f);
        expect_property(f, OF_VM1, "State", "free");
        start_ok(f, 6, "Discard", VM1, NULL);
        fixture_tell(f, 6, "unrecord");
        forget_signals(f);
        fixture_tell(f, 6, "end done");
        expect_signal(f, "JobRemoved 6 ");
        start_refused(f, VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN, "no domain", "Discard", VM1, NULL);
        world_domain_done(&kept);
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        fixture_start(&f);
        test_refusals(&f);
        test_failed(&f);
        test_done(&f);
        test_undefined(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
