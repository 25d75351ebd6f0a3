/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Domains that are to be hibernated when their guest sleeps, whoever suspended it. */

#include <fcntl.h>

#include "fixture.h"
#include "store/journal.h"

#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n

static void set_state(Fixture *f, const char *name, DomainState state)
{
        fixture_set_domain(f, name, state, NULL);
        fixture_send_world(f);
}

static void expect_no_job(Fixture *f, uint64_t id)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        CHECK(sd_bus_call_method(f->bus, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                 VGPU_HIBERNATE_MANAGER_INTERFACE, "GetJob", &error, NULL, "t", id) < 0);
        CHECK(streq(error.name, VGPU_HIBERNATE_ERROR_UNKNOWN_JOB));
}

/* So that a guest that was woken before the job's first step is left alone. */
static void check_journal(const Fixture *f)
{
        _cleanup_free_ char *path = format("%s/state/" JOBS_DIR, f->dir);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(job_freep) Job *j = NULL;

        CHECK(fd >= 0 && journal_read(fd, 1, &j, NULL) >= 0);
        CHECK(j->asleep && j->n_events == 1 && strstr(j->events[0].text, "metadata"));
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        fixture_domain(&f, "vm1")->hibernate_asleep = true;
        fixture_start(&f);

        /* Nobody asked for it. */
        set_state(&f, "vm2", DOMAIN_PMSUSPENDED);
        expect_no_job(&f, 1);

        set_state(&f, "vm1", DOMAIN_PMSUSPENDED);
        expect_signal(&f, "JobNew 1 " JOB(1));
        expect_property(&f, JOB(1), "Domain", "vm1");
        expect_property(&f, JOB(1), "Kind", "hibernate");
        expect_property(&f, JOB(1), "Strategy", "suspend-to-ram");
        check_journal(&f);

        /* One that failed is for people. */
        fixture_tell(&f, 1, "fail NoSpace there is none");
        expect_signal(&f, "JobRemoved 1 ");
        set_state(&f, "vm2", DOMAIN_RUNNING);
        expect_no_job(&f, 2);

        /* Until it sleeps again; not behind a job that suspended it. */
        set_state(&f, "vm1", DOMAIN_RUNNING);
        start_ok(&f, 2, "Move", "vm1", NULL);
        set_state(&f, "vm1", DOMAIN_PMSUSPENDED);
        fixture_tell(&f, 2, "fail SaveFailed not today");
        expect_signal(&f, "JobRemoved 2 ");
        expect_no_job(&f, 3);
        set_state(&f, "vm1", DOMAIN_RUNNING);
        set_state(&f, "vm1", DOMAIN_PMSUSPENDED);
        expect_signal(&f, "JobNew 3 " JOB(3));
        fixture_tell(&f, 3, "fail SaveFailed not today");
        expect_signal(&f, "JobRemoved 3 ");

        /* What cannot be begun is not begun when it could be, behind people's backs. */
        set_state(&f, "vm1", DOMAIN_RUNNING);
        fixture_domain(&f, "vm1")->persistent = false;
        set_state(&f, "vm1", DOMAIN_PMSUSPENDED);
        fixture_domain(&f, "vm1")->persistent = true;
        fixture_send_world(&f);
        expect_no_job(&f, 4);

        fixture_done(&f);
        return EXIT_SUCCESS;
}
