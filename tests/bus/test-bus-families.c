/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the families of devices forbid, and that all who choose functions obey them alike. */

#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define ERROR(name) VGPU_HIBERNATE_ERROR_##name
#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name
#define ONE(address) ((const char *const[]) { (address), NULL })

#define FAMILY(device, targets) \
        "{\"schema\":1,\"devices\":[\"1002:" device "\"],\"targets\":\"" targets "\"}"

/* Cards 5 and 6 have functions of one device, of which the domain "guest" has the first. */
static void give(Fixture *f, uint16_t device)
{
        static const char *const functions[] = { "0000:05:10.0", "0000:05:10.1", "0000:06:10.0" };
        _cleanup_free_ char *text = format("1002:%04x", device);

        for (size_t i = 0; i < ELEMENTSOF(functions); i++)
                fixture_function(f, functions[i])->identity.device = device;
        fixture_set_domain(f, "guest", DOMAIN_RUNNING, ONE(functions[0]));
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_05_10_0"), "Domain", "guest");
        expect_property(f, FUNCTION("0000_06_10_0"), "Device", text);
        /* What it had before is reset. */
        expect_property(f, FUNCTION("0000_05_10_1"), "State", "free");
        expect_property(f, FUNCTION("0000_06_10_0"), "State", "free");
}

static void expect_family(Fixture *f, const char *name)
{
        expect_property(f, FUNCTION("0000_05_10_0"), "Family", name);
        expect_property(f, FUNCTION("0000_06_10_0"), "Family", name);
}

static void hibernate_with(Fixture *f, uint64_t id, GuestFixups fixups)
{
        _cleanup_free_ char *removed = format("JobRemoved %" PRIu64 " ", id),
                            *found = format("fixups %s", guest_fixups_to_string(fixups));

        start_ok(f, id, "Hibernate", "guest", NULL);
        fixture_tell(f, id, "strategy suspend-to-ram");
        fixture_tell(f, id, found);
        fixture_tell(f, id, "record 17");
        fixture_tell(f, id, "end done");
        expect_signal(f, removed);
        fixture_set_domain(f, "guest", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
}

static void hibernate(Fixture *f, uint64_t id)
{
        hibernate_with(f, id, FIXUPS_YES);
}

/* To the function, where the guest then is. */
static void resume(Fixture *f, uint64_t id, const char *asked_for, const char *function)
{
        _cleanup_free_ char *path = format("%s/%" PRIu64, VGPU_HIBERNATE_JOB_PATH, id),
                            *pair = format("[[0000:05:10.0 %s]]", function),
                            *removed = format("JobRemoved %" PRIu64 " ", id);

        start_ok(f, id, "Resume", "guest", asked_for ? ONE(asked_for) : NULL);
        expect_property(f, path, "Functions", pair);
        fixture_tell(f, id, "unrecord");
        fixture_tell(f, id, "end done");
        expect_signal(f, removed);
        fixture_set_domain(f, "guest", DOMAIN_RUNNING, ONE(function));
        fixture_send_world(f);
}

/* Before anything is touched, and not when it is too late. */
static void test_never(Fixture *f)
{
        give(f, 0x7001);
        expect_family(f, "barred");
        start_refused(f, ERROR(INCOMPATIBLE), "not to be hibernated", "Hibernate", "guest", NULL);
        start_refused(f, ERROR(INCOMPATIBLE), "families.d", "Move", "guest", NULL);
        start_refused(f, ERROR(INCOMPATIBLE), "not to be hibernated", "Move", "guest", ONE("0000:06:10.0"));
}

/* Its own function is kept for it: there is no other way back. */
static void test_same_function(Fixture *f, uint16_t device, uint64_t id)
{
        give(f, device);
        start_refused(f, ERROR(INCOMPATIBLE), "very same function", "Move", "guest", NULL);
        hibernate(f, id);
        expect_property(f, FUNCTION("0000_05_10_0"), "State", "held");
        expect_property(f, FUNCTION("0000_05_10_0"), "Domain", "guest");
        start_refused(f, ERROR(INCOMPATIBLE), "very same function", "Resume", "guest", ONE("0000:05:10.1"));
        resume(f, id + 1, NULL, "0000:05:10.0");
}

static void test_same_card(Fixture *f)
{
        Function *own, *last, swap;

        give(f, 0x7003);
        expect_family(f, "bound");
        start_refused(f, ERROR(INCOMPATIBLE), "same physical function", "Move", "guest",
                      ONE("0000:06:10.0"));
        hibernate(f, 5);
        expect_property(f, FUNCTION("0000_05_10_0"), "State", "free"); /* another one will do */

        /* Its function goes, and with it the knowledge of its card. */
        own = fixture_function(f, "0000:05:10.0");
        last = f->world->functions + f->world->n_functions - 1;
        swap = *own;
        *own = *last;
        *last = swap;
        f->world->n_functions--;
        fixture_send_world(f);
        expect_signal(f, "InterfacesRemoved " FUNCTION("0000_05_10_0"));
        start_refused(f, ERROR(INCOMPATIBLE), "not on this host any more", "Resume", "guest", NULL);
        f->world->n_functions++;
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_05_10_0"), "State", "free");
        resume(f, 6, "0000:05:10.1", "0000:05:10.1");
}

/* A guest that runs is taken for one with fix-ups until it was asked; the record of one that hibernates says. */
static void test_fixups(Fixture *f)
{
        static const char job[] = VGPU_HIBERNATE_JOB_PATH "/7";

        give(f, 0x7006);
        start_ok(f, 7, "Move", "guest", NULL);
        expect_property(f, job, "Functions", "[[0000:05:10.0 0000:06:10.0]]");
        fixture_tell(f, 7, "fixups no");
        fixture_tell(f, 7, "retry check Incompatible it does not follow");
        expect_property(f, job, "Functions", "[[0000:05:10.0 0000:05:10.1]]");
        fixture_tell(f, 7, "fail Host enough");
        expect_signal(f, "JobRemoved 7 ");

        hibernate_with(f, 8, FIXUPS_UNKNOWN);
        start_refused(f, ERROR(INCOMPATIBLE), "same physical", "Resume", "guest", ONE("0000:06:10.0"));
        resume(f, 9, NULL, "0000:05:10.0");
        hibernate_with(f, 10, FIXUPS_YES);
        resume(f, 11, "0000:06:10.0", "0000:06:10.0");
}

/* A slip there would make each device an unknown one, and nobody would see why. */
static void test_missing_directory(const char *daemon)
{
        int status;
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0) {
                (void) execl(daemon, daemon, "--user", "--families-dir", "/nonexistent", NULL);
                _exit(127);
        }
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
}

/* What is left unclean is kept from others, where its family asks for cleaning. */
static void test_unclean(Fixture *f, uint16_t device, uint64_t id, const char *state)
{
        _cleanup_free_ char *removed = format("JobRemoved %" PRIu64 " ", id);

        give(f, device);
        start_ok(f, id, "Move", "guest", ONE("0000:06:10.0"));
        fixture_tell(f, id, "strategy suspend-to-ram");
        fixture_tell(f, id, "step sync done");
        fixture_tell(f, id, "fail RestoreFailed no");
        expect_signal(f, removed);
        fixture_set_domain(f, "guest", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_05_10_0"), "State", state);
        expect_property(f, FUNCTION("0000_06_10_0"), "State", "free");
}

int main(int argc, char *argv[])
{
        Fixture f;

        test_missing_directory(argv[1]);
        fixture_init(&f, argv);
        fixture_add_family(&f, "barred", FAMILY("7001", "never"));
        fixture_add_family(&f, "single", FAMILY("7002", "same-function"));
        fixture_add_family(&f, "bound", FAMILY("7003", "same-physical-node"));
        fixture_add_family(&f, "dirty",
                           "{\"schema\":1,\"devices\":[\"1002:7004\"],\"targets\":\"any\","
                           "\"clean\":{\"command\":[\"/x\"]}}");
        fixture_add_family(&f, "plain", FAMILY("7005", "any"));
        fixture_add_family(&f, "choosy",
                           "{\"schema\":1,\"devices\":[\"1002:7006\"],\"targets\":\"any\","
                           "\"without_fixups\":\"same-physical-node\"}");
        fixture_start(&f);

        test_never(&f);
        test_same_function(&f, 0x7002, 1);
        test_same_function(&f, 0x7fff, 3); /* nobody's */
        test_same_card(&f);
        test_fixups(&f);
        test_unclean(&f, 0x7005, 12, "free");
        test_unclean(&f, 0x7004, 13, "quarantined");

        fixture_done(&f);
        return EXIT_SUCCESS;
}
