/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Apply: a plan carried out by jobs of its own: in order, in circles, with failures, cancellations and daemons that die. */

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "basic/fileio.h"
#include "fixture.h"
#include "store/inventory-json.h"
#include "store/journal.h"

#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n
#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name
/* Longer than the daemon needs to begin a job. */
#define NOT_BEGUN_USEC (200 * USEC_PER_MSEC)

#define MOVE(domain, changes) "{\"domain\":\"" domain "\",\"functions\":[" changes "]}"
#define CHANGE(from, to) "{\"from\":\"0000:" from "\",\"to\":\"0000:" to "\"}"

static const char *ctl_program;
static int plan_fd = -EBADF;

static char *get_stamp(Fixture *f)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(fleet_done) Fleet fleet = { 0 };
        _cleanup_free_ char *message = NULL;
        const char *text;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "GetInventory") >= 0);
        CHECK(!call_message(f, call, &reply, &message));
        CHECK(sd_bus_message_read_basic(reply, 's', &text) > 0);
        CHECK(fleet_parse(text, strlen(text), "the answer", &fleet, NULL) >= 0);
        return TAKE_PTR(fleet.hosts[0].stamp);
}

/* `rest`: further members, with a comma before each. */
static char *new_plan(Fixture *f, const char *moves, const char *waves, const char *rest)
{
        _cleanup_free_ char *stamp = get_stamp(f);

        return format("{\"schema\":1,\"stamp\":\"%s\",\"moves\":[%s],\"waves\":[%s]%s}", stamp, moves, waves,
                      rest);
}

typedef struct Options {
        const char *on_failure, *strategy;
        uint64_t parallel, ttl;
        bool replan, reserve;
} Options;

static char *apply_call(Fixture *f, const char *plan, const Options *o, char **ret_path, char **ret_cookie,
                        char **ret_message)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_free_ char *error = NULL;
        const char *path, *cookie;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "Apply") >= 0);
        CHECK(sd_bus_message_append(call, "s", plan) >= 0 &&
              sd_bus_message_open_container(call, 'a', "{sv}") >= 0);
        if (o && o->on_failure)
                CHECK(sd_bus_message_append(call, "{sv}", "on_failure", "s", o->on_failure) >= 0);
        if (o && o->strategy)
                CHECK(sd_bus_message_append(call, "{sv}", "strategy", "s", o->strategy) >= 0);
        if (o && o->parallel > 0)
                CHECK(sd_bus_message_append(call, "{sv}", "parallel", "t", o->parallel) >= 0);
        if (o && o->ttl > 0)
                CHECK(sd_bus_message_append(call, "{sv}", "ttl_seconds", "t", o->ttl) >= 0);
        if (o && o->replan)
                CHECK(sd_bus_message_append(call, "{sv}", "replan", "b", 1) >= 0);
        if (o && o->reserve)
                CHECK(sd_bus_message_append(call, "{sv}", "reserve", "b", 1) >= 0);
        CHECK(sd_bus_message_close_container(call) >= 0);

        error = call_message(f, call, &reply, ret_message);
        if (error)
                return TAKE_PTR(error);

        CHECK(sd_bus_message_read(reply, "os", &path, &cookie) > 0);
        *ret_path = format("%s", path);
        *ret_cookie = format("%s", cookie);
        return NULL;
}

/* Job `id` is what this starts. Returns its cookie. */
static char *apply_ok(Fixture *f, uint64_t id, const char *plan, const Options *o)
{
        _cleanup_free_ char *path = NULL, *message = NULL, *error = NULL, *expected = NULL;
        char *cookie = NULL;

        error = apply_call(f, plan, o, &path, &cookie, &message);
        if (error)
                (void) fprintf(stderr, "%s: %s\n", error, message);
        CHECK(!error);
        expected = format(VGPU_HIBERNATE_JOB_PATH "/%" PRIu64, id);
        CHECK(streq(path, expected));
        return cookie;
}

static void apply_refused(Fixture *f, const char *plan, const Options *o, const char *name,
                          const char *words)
{
        _cleanup_free_ char *path = NULL, *cookie = NULL, *message = NULL, *error = NULL;

        error = apply_call(f, plan, o, &path, &cookie, &message);
        if (!error || !streq(error, name) || !strstr(message, words))
                (void) fprintf(stderr, "%s: %s\nexpected: %s: %s\n", error ? error : "accepted",
                               message ? message : "", name, words);
        CHECK(error && streq(error, name) && strstr(message, words));
}

static void expect_message(Fixture *f, const char *path, const char *words)
{
        _cleanup_free_ char *message = get_property(f, path, "ErrorMessage");

        if (!strstr(message, words))
                (void) fprintf(stderr, "%s\nexpected: %s\n", message, words);
        CHECK(strstr(message, words));
}

static void cancel(Fixture *f, const char *path)
{
        _cleanup_free_ char *error = simple_call(f, path, "Cancel", NULL, NULL);

        CHECK(!error);
}

/* The child has done what it was for; so libvirt says, too. */
static void end_running(Fixture *f, uint64_t child, const char *domain, const char *const *functions,
                        bool moves)
{
        _cleanup_free_ char *path = format(VGPU_HIBERNATE_JOB_PATH "/%" PRIu64, child);

        expect_property(f, path, "State", "running");
        fixture_set_domain(f, domain, DOMAIN_RUNNING, functions);
        fixture_send_world(f);
        if (moves)
                fixture_tell(f, child,
                             "strategy suspend-to-ram"); /* with which it resets and cleans what it leaves */
        fixture_tell(f, child, "end done");
        expect_property(f, path, "State", "done");
}

static void end_move(Fixture *f, uint64_t child, const char *domain, const char *const *functions)
{
        end_running(f, child, domain, functions, true);
}

static void end_hibernate(Fixture *f, uint64_t child, const char *domain)
{
        _cleanup_free_ char *path = format(VGPU_HIBERNATE_JOB_PATH "/%" PRIu64, child);

        expect_property(f, path, "State", "running");
        expect_property(f, path, "Kind", "hibernate");
        fixture_set_domain(f, domain, DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        fixture_tell(f, child, "strategy suspend-to-ram");
        fixture_tell(f, child, "record 1000");
        fixture_tell(f, child, "end done");
        expect_property(f, path, "State", "done");
}

static void end_resume(Fixture *f, uint64_t child, const char *domain, const char *const *functions)
{
        _cleanup_free_ char *path = format(VGPU_HIBERNATE_JOB_PATH "/%" PRIu64, child);

        expect_property(f, path, "State", "running");
        expect_property(f, path, "Kind", "resume");
        fixture_tell(f, child, "unrecord");
        end_running(f, child, domain, functions, false);
}

#define FUNCTIONS(...) ((const char *const[]) { __VA_ARGS__, NULL })

/* Back to where each test begins: vm1 on 01:10.0, vm2 on 01:10.1 and .2, vm4 on 02:10.0. */
static void begin(Fixture *f)
{
        fixture_set_domain(f, "vm1", DOMAIN_RUNNING, FUNCTIONS("0000:01:10.0"));
        fixture_set_domain(f, "vm2", DOMAIN_RUNNING, FUNCTIONS("0000:01:10.1", "0000:01:10.2"));
        fixture_set_domain(f, "vm4", DOMAIN_RUNNING, FUNCTIONS("0000:02:10.0"));
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_01_10_0"), "Domain", "vm1");
        expect_property(f, FUNCTION("0000_01_10_2"), "Domain", "vm2");
        expect_property(f, FUNCTION("0000_02_10_0"), "Domain", "vm4");
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "free"); /* reset, and the others, too */
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "free");
        expect_property(f, FUNCTION("0000_02_10_2"), "State", "free");
        forget_signals(f);
}

#define EVACUATE_VM1 MOVE("vm1", CHANGE("01:10.0", "02:10.1"))

static void test_hostile(Fixture *f)
{
        const struct {
                const char *moves, *waves, *rest, *error, *words;
        } tests[] = {
                { EVACUATE_VM1, "[\"vm1\"]", ",\"feasible\":false", VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                  "there is no plan to carry out" },
                { EVACUATE_VM1, "[]", "", VGPU_HIBERNATE_ERROR_INVALID_OPTION, "is in no wave" },
                { EVACUATE_VM1, "[\"vm2\"]", "", VGPU_HIBERNATE_ERROR_INVALID_OPTION, "'waves[0][0]'" },
                { EVACUATE_VM1, "{}", "", VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                  "'waves[0]' is not an array" },
                { "{}", "[]", "", VGPU_HIBERNATE_ERROR_INVALID_OPTION, "moves[0].domain" },
                { MOVE("vm9", CHANGE("01:10.0", "02:10.1")), "[\"vm9\"]", "",
                  VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN, "vm9" },
                { MOVE("vm3", CHANGE("01:10.3", "02:10.1")), "[\"vm3\"]", "",
                  VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN, "vm3" },
                { MOVE("vm1", CHANGE("01:10.1", "02:10.1")), "[\"vm1\"]", "",
                  VGPU_HIBERNATE_ERROR_INVALID_OPTION, "leaves what is not its" },
                { MOVE("vm1", CHANGE("01:10.0", "01:10.1")), "[\"vm1\"]", "",
                  VGPU_HIBERNATE_ERROR_INVALID_OPTION, "gets what is not free" },
                { MOVE("vm1", CHANGE("01:10.0", "7f:10.1")), "[\"vm1\"]", "",
                  VGPU_HIBERNATE_ERROR_UNKNOWN_FUNCTION, "0000:7f:10.1" },
                /* Memory tells these: of another kind, and with a driver of the host. */
                { MOVE("vm1", CHANGE("01:10.0", "03:10.0")), "[\"vm1\"]", "",
                  VGPU_HIBERNATE_ERROR_INCOMPATIBLE, "0000:03:10.0" },
                { MOVE("vm1", CHANGE("01:10.0", "02:10.3")), "[\"vm1\"]", "",
                  VGPU_HIBERNATE_ERROR_FOREIGN_DRIVER, "amdgpu" },
        };

        begin(f);
        for (size_t i = 0; i < ELEMENTSOF(tests); i++) {
                _cleanup_free_ char *plan = new_plan(f, tests[i].moves, tests[i].waves, tests[i].rest);

                apply_refused(f, plan, NULL, tests[i].error, tests[i].words);
        }

        apply_refused(f, "{\"schema\":1,\"moves\":[],\"waves\":[]}", NULL,
                      VGPU_HIBERNATE_ERROR_INVALID_OPTION, "no 'stamp'");
        apply_refused(f, "[", NULL, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "the plan");
        apply_refused(f, "{\"schema\":2}", NULL, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "");
        CHECK(!had_signal(f, "JobNew"));
}

static void test_options(Fixture *f)
{
        _cleanup_free_ char *plan = new_plan(f, EVACUATE_VM1, "[\"vm1\"]", "");

        apply_refused(f, plan, &(Options) { .on_failure = "cry" }, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                      "'stop' and 'continue'");
        apply_refused(f, plan, &(Options) { .parallel = 1001 }, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                      "1 to 1000");
        apply_refused(f, plan, &(Options) { .replan = true }, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                      "'goals'");
        apply_refused(f, plan, &(Options) { .reserve = true }, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "fit=N");
        apply_refused(f, plan, &(Options) { .ttl = 5 }, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "'reserve'");
        apply_refused(f, plan, &(Options) { .strategy = "magic" }, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                      "magic");
}

static void test_stale(Fixture *f)
{
        _cleanup_free_ char *plan = NULL;

        begin(f);
        plan = new_plan(f, EVACUATE_VM1, "[\"vm1\"]", "");
        fixture_set_domain(f, "vm4", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        apply_refused(f, plan, NULL, VGPU_HIBERNATE_ERROR_PLAN_STALE, "plan anew");
        CHECK(!had_signal(f, "JobNew"));
}

/* Job 1: two waves, one child after the other. */
static void test_success(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *cookie = NULL, *moves = NULL, *other = NULL;

        begin(f);
        plan = new_plan(f,
                        MOVE("vm4", CHANGE("02:10.0", "01:10.3")) "," MOVE(
                                        "vm2",
                                        CHANGE("01:10.1", "02:10.0") "," CHANGE("01:10.2", "02:10.1")),
                        "[\"vm4\"],[\"vm2\"]", "");
        cookie = apply_ok(f, 1, plan, NULL);
        CHECK(streq(cookie, ""));
        expect_signal(f, "JobNew 1 " JOB(1));
        expect_signal(f, "JobNew 2 " JOB(2));
        expect_property(f, JOB(1), "Kind", "apply");
        expect_property(f, JOB(1), "State", "running");
        expect_property(f, JOB(1), "Domain", "");
        expect_property(f, JOB(1), "Parent", "/");
        expect_property(f, JOB(1), "Cancelable", "true");
        expect_property(f, JOB(1), "MovesRemaining", "2");
        expect_property(f, JOB(2), "Parent", JOB(1));
        expect_property(f, JOB(2), "Kind", "move");
        expect_property(f, JOB(2), "Domain", "vm4");

        /* What later moves need is kept for them, and nobody has it. */
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "leased");
        expect_property(f, FUNCTION("0000_02_10_1"), "Domain", "");
        expect_property(f, FUNCTION("0000_01_10_3"), "Domain", "vm4");
        start_refused(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, "leased", "Move", "vm1",
                      FUNCTIONS("0000:02:10.1"));

        /* Nor may another plan move what is to come. */
        other = new_plan(f, MOVE("vm2", CHANGE("01:10.1", "02:10.2")), "[\"vm2\"]", "");
        apply_refused(f, other, NULL, VGPU_HIBERNATE_ERROR_DOMAIN_BUSY, "in job 1");

        end_move(f, 2, "vm4", FUNCTIONS("0000:01:10.3"));
        expect_signal(f, "PropertiesChanged " JOB(1) " ");
        expect_signal(f, "JobNew 3 " JOB(3));
        expect_property(f, JOB(1), "MovesDone", "1");
        expect_property(f, JOB(1), "Progress", "0.500");
        expect_property(f, JOB(3), "Functions", "[[0000:01:10.1 0000:02:10.0] [0000:01:10.2 0000:02:10.1]]");
        end_move(f, 3, "vm2", FUNCTIONS("0000:02:10.0", "0000:02:10.1"));
        expect_signal(f, "JobRemoved 1 " JOB(1) " done");
        expect_property(f, JOB(1), "Progress", "1.000");
        expect_property(f, JOB(1), "MovesDone", "2");
        expect_property(f, FUNCTION("0000_01_10_1"), "State", "free");
        moves = get_property(f, JOB(1), "Moves");
        CHECK(strstr(moves, "vm4") && strstr(moves, JOB(2)) && strstr(moves, "done"));
}

/* Jobs 4 and 8: the first that fails ends it, or what does not depend on it goes on. */
static void test_failures(Fixture *f)
{
        static const char moves[] = MOVE("vm4", CHANGE("02:10.0", "01:10.3")) "," MOVE(
                        "vm1", CHANGE("01:10.0", "02:10.0")) "," MOVE("vm2", CHANGE("01:10.1", "02:10.1"));
        static const char waves[] = "[\"vm4\"],[\"vm1\",\"vm2\"]";
        _cleanup_free_ char *plan = NULL, *again = NULL, *cookie = NULL, *none = NULL;

        begin(f);
        plan = new_plan(f, moves, waves, "");
        cookie = apply_ok(f, 4, plan, NULL);
        expect_property(f, JOB(5), "State", "running");
        fixture_tell(f, 5, "strategy suspend-to-ram");
        fixture_tell(f, 5, "step check done");
        fixture_tell(f, 5, "fail BindFailed no");
        expect_signal(f, "JobRemoved 4 " JOB(4) " failed");
        expect_property(f, JOB(4), "Error", VGPU_HIBERNATE_ERROR_BIND_FAILED);
        expect_message(f, JOB(4),
                       "domain 'vm4': no; 0 of 3 moves are done; failed: vm4; not begun: vm1, vm2");
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "free");

        begin(f);
        again = new_plan(f, moves, waves, "");
        none = apply_ok(f, 6, again, &(Options) { .on_failure = "continue" });
        expect_property(f, JOB(7), "State", "running");
        fixture_tell(f, 7, "strategy suspend-to-ram");
        fixture_tell(f, 7, "step check done");
        fixture_tell(f, 7, "fail BindFailed no");
        expect_signal(f, "JobNew 8 " JOB(8));
        expect_property(f, JOB(8), "Domain", "vm2");
        expect_property(f, JOB(8), "Functions", "[[0000:01:10.1 0000:02:10.1] [0000:01:10.2 0000:01:10.2]]");
        end_move(f, 8, "vm2", FUNCTIONS("0000:02:10.1", "0000:01:10.2"));
        expect_signal(f, "JobRemoved 6 " JOB(6) " failed");
        expect_message(f, JOB(6), "1 of 3 moves is done; failed: vm4; not begun: vm1");
}

/* Jobs 9 and 11: what runs ends, or is canceled where that is possible; nothing else begins. */
static void test_cancel(Fixture *f)
{
        static const char moves[] = MOVE("vm4", CHANGE("02:10.0", "01:10.3")) "," EVACUATE_VM1;
        _cleanup_free_ char *plan = NULL, *again = NULL, *cookie = NULL, *none = NULL, *error = NULL;

        begin(f);
        plan = new_plan(f, moves, "[\"vm4\"],[\"vm1\"]", "");
        cookie = apply_ok(f, 9, plan, NULL);
        expect_property(f, JOB(10), "State", "running");
        cancel(f, JOB(9));
        expect_signal(f, "JobRemoved 10 " JOB(10) " canceled");
        expect_signal(f, "JobRemoved 9 " JOB(9) " canceled");
        expect_property(f, JOB(9), "Error", VGPU_HIBERNATE_ERROR_CANCELED);
        expect_message(f, JOB(9), "canceled on request; 0 of 2 moves are done; failed: vm4; not begun: vm1");
        error = simple_call(f, JOB(9), "Cancel", NULL, NULL);
        CHECK(streq_ptr(error, VGPU_HIBERNATE_ERROR_TOO_LATE));

        begin(f);
        again = new_plan(f, moves, "[\"vm4\"],[\"vm1\"]", "");
        none = apply_ok(f, 11, again, NULL);
        expect_property(f, JOB(12), "State", "running");
        fixture_tell(f, 12, "strategy suspend-to-ram");
        fixture_tell(f, 12, "step sync done");
        expect_property(f, JOB(12), "Cancelable", "false");
        cancel(f, JOB(11));
        expect_property(f, JOB(11), "State", "undoing");
        expect_property(f, JOB(11), "Cancelable", "false");
        end_move(f, 12, "vm4", FUNCTIONS("0000:01:10.3"));
        expect_signal(f, "JobRemoved 11 " JOB(11) " canceled");
        expect_message(f, JOB(11), "1 of 2 moves is done; not begun: vm1");
        CHECK(!had_signal(f, "JobNew 13"));
}

#define SWAP MOVE("vm1", CHANGE("01:10.0", "02:10.0")) "," MOVE("vm4", CHANGE("02:10.0", "01:10.0"))

/* Job 13: what only hibernation can do. The daemon dies in the middle, twice. */
static void test_swap(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *cookie = NULL;

        begin(f);
        plan = new_plan(f, SWAP, "[\"vm1\",\"vm4\"]", "");
        cookie = apply_ok(f, 13, plan, NULL);
        end_hibernate(f, 14, "vm1");
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "leased");
        expect_property(f, JOB(15), "State", "running");
        expect_property(f, JOB(15), "Domain", "vm4");

        CHECK(fixture_stop_daemon(f, SIGKILL) != 0);
        fixture_start(f);
        expect_property(f, JOB(13), "State", "running");
        expect_property(f, JOB(13), "MovesRemaining", "2");
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "leased");
        end_hibernate(f, 15, "vm4");
        expect_property(f, JOB(16), "State", "running");
        expect_property(f, JOB(16), "Functions", "[[0000:01:10.0 0000:02:10.0]]");

        CHECK(fixture_stop_daemon(f, SIGKILL) != 0);
        fixture_start(f);
        end_resume(f, 16, "vm1", FUNCTIONS("0000:02:10.0"));
        end_resume(f, 17, "vm4", FUNCTIONS("0000:01:10.0"));
        expect_property(f, JOB(13), "State", "done");
        expect_property(f, JOB(13), "MovesDone", "2");
        expect_property(f, FUNCTION("0000_01_10_0"), "Domain", "vm4");
        expect_property(f, FUNCTION("0000_02_10_0"), "Domain", "vm1");
}

/* Job 18: the second of a circle is refused by its own check: the first is brought back. */
static void test_swap_breaks(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *cookie = NULL;

        begin(f);
        plan = new_plan(f, SWAP, "[\"vm1\",\"vm4\"]", "");
        cookie = apply_ok(f, 18, plan, NULL);
        end_hibernate(f, 19, "vm1");
        expect_property(f, JOB(20), "State", "running");
        fixture_tell(f, 20, "fail NoAgent it does not answer");
        expect_property(f, JOB(18), "State", "undoing");
        expect_property(f, JOB(21), "Domain", "vm1");
        expect_property(f, JOB(21), "Functions", "[[0000:01:10.0 0000:01:10.0]]");
        end_resume(f, 21, "vm1", FUNCTIONS("0000:01:10.0"));
        expect_property(f, JOB(18), "State", "failed");
        expect_property(f, JOB(18), "Error", VGPU_HIBERNATE_ERROR_NO_AGENT);
        expect_message(f, JOB(18), "0 of 2 moves are done; failed: vm1, vm4");
}

/* Job 22: it cannot be brought back either, and that is said. */
static void test_stranded(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *cookie = NULL;

        begin(f);
        plan = new_plan(f, SWAP, "[\"vm1\",\"vm4\"]", "");
        cookie = apply_ok(f, 22, plan, NULL);
        end_hibernate(f, 23, "vm1");
        expect_property(f, JOB(24), "State", "running");
        cancel(f, JOB(22));
        expect_property(f, JOB(24), "State", "canceled");
        expect_property(f, JOB(25), "State", "running");
        fixture_tell(f, 25, "fail ImageDamaged it is not whole");
        expect_property(f, JOB(22), "State", "canceled");
        expect_message(f, JOB(22), "hibernated still, resume by hand: vm1");
        expect_property(f, VM1_PATH, "Hold", "hold");
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "held");
        start_ok(f, 26, "Resume", "vm1", NULL);
        end_resume(f, 26, "vm1", FUNCTIONS("0000:01:10.0"));
}

static void edit_boot(Fixture *f, uint64_t id)
{
        _cleanup_free_ char *dir = format("%s/state/jobs", f->dir), *name = format("%" PRIu64 ".json", id),
                            *text = NULL;
        _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        size_t size;
        char *boot;

        CHECK(fd >= 0 && read_file_at(fd, name, 1 << 20, &text, &size) >= 0);
        boot = strstr(text, "\"boot\"");
        CHECK(boot);
        boot = strchr(boot + strlen("\"boot\""), '"');
        CHECK(boot);
        boot[1] = 'x';
        CHECK(write_file_atomic_at(fd, name, text, size) >= 0);
}

/* Job 27: the host was started anew: nothing more is begun, but what was hibernated comes back. */
static void test_restart_of_host(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *cookie = NULL;

        begin(f);
        plan = new_plan(f, SWAP "," MOVE("vm2", CHANGE("01:10.1", "02:10.1")), "[\"vm1\",\"vm4\"],[\"vm2\"]",
                        "");
        cookie = apply_ok(f, 27, plan, NULL);
        end_hibernate(f, 28, "vm1");
        expect_property(f, JOB(29), "State", "running");
        CHECK(fixture_stop_daemon(f, SIGKILL) != 0);
        fixture_tell(f, 29, "fail Host its power was cut");
        clock_sleep_usec(NOT_BEGUN_USEC);
        edit_boot(f, 27);
        fixture_start(f);
        expect_property(f, JOB(30), "State", "running");
        end_resume(f, 30, "vm1", FUNCTIONS("0000:01:10.0"));
        expect_property(f, JOB(27), "State", "failed");
        expect_property(f, JOB(27), "Error", VGPU_HIBERNATE_ERROR_INTERRUPTED);
        expect_message(f, JOB(27), "0 of 3 moves are done; failed: vm1, vm4; not begun: vm2");
}

static void run_first(Fixture *f)
{
        test_hostile(f);
        test_options(f);
        test_stale(f);
        test_success(f);
        test_failures(f);
        test_cancel(f);
        test_swap(f);
        test_swap_breaks(f);
        test_stranded(f);
        test_restart_of_host(f);
}

/* The rest in a directory of its own. */

static char *real_plan(Fixture *f, const char *goal)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_free_ char *message = NULL, *error = NULL;
        const char *text;

        CHECK(write(plan_fd, "make-plan\n", strlen("make-plan\n")) > 0);
        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "Plan") >= 0);
        CHECK(sd_bus_message_append(call, "asa{sv}", 1, goal, 1, "guest_fixups", "s", "yes") >= 0);
        error = call_message(f, call, &reply, &message);
        CHECK(!error);
        CHECK(sd_bus_message_read_basic(reply, 's', &text) > 0);
        return format("%s", text);
}

/* Job 1: a whole card; the room is the caller's in the end, over a restart. */
static void test_reserve(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *cookie = NULL, *reservations = NULL, *error = NULL, *again = NULL;

        fixture_set_domain(f, "vm2", DOMAIN_SHUTOFF, NULL);
        begin(f);
        fixture_set_domain(f, "vm2", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_01_10_1"), "State", "free");
        expect_property(f, FUNCTION("0000_01_10_2"), "State", "free");

        plan = real_plan(f, "fit=4,on=pf");
        cookie = apply_ok(f, 1, plan, &(Options) { .reserve = true, .ttl = 1000 });
        CHECK(strlen(cookie) == 32);
        expect_property(f, JOB(2), "State", "running");
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "leased");
        expect_property(f, JOB(2), "Functions", "[[0000:01:10.0 0000:02:10.1]]");
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        end_move(f, 2, "vm1", FUNCTIONS("0000:02:10.1"));
        expect_property(f, JOB(1), "State", "done");
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "held");
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "held");
        reservations = get_property(f, VGPU_HIBERNATE_ROOT_PATH, "Reservations");
        CHECK(strstr(reservations, "0000:01:10.0") && !strstr(reservations, cookie));
        error = simple_call(f, VGPU_HIBERNATE_ROOT_PATH, "Release", "s", cookie);
        CHECK(!error);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "free");
        again = simple_call(f, VGPU_HIBERNATE_ROOT_PATH, "Release", "s", cookie);
        CHECK(again);
}

/* Jobs 3 and 6: around a domain whose guest does not answer; where there is no way around, it ends. */
static void test_replan(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *cookie = NULL, *other = NULL, *none = NULL;

        begin(f);
        plan = real_plan(f, "evacuate=0000:02:00.0");
        cookie = apply_ok(f, 3, plan, &(Options) { .replan = true });
        expect_property(f, JOB(4), "Domain", "vm4");
        expect_property(f, JOB(4), "State", "running");
        CHECK(write(plan_fd, "make-plan\n", strlen("make-plan\n")) > 0);
        fixture_tell(f, 4, "fail NoAgent it does not answer");
        expect_property(f, JOB(3), "State", "failed");
        expect_property(f, JOB(3), "Error", VGPU_HIBERNATE_ERROR_NO_AGENT);
        expect_message(f, JOB(3),
                       "domain 'vm4': it does not answer; around it, there is no plan to carry out: ");

        /* Either of two cards may be emptied: the one that is not refused is. */
        fixture_set_domain(f, "vm2", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_01_10_1"), "State", "free");
        expect_property(f, FUNCTION("0000_01_10_2"), "State", "free");
        other = real_plan(f, "free-pf=2"); /* of three, one is free already */
        none = apply_ok(f, 5, other, &(Options) { .replan = true });
        expect_property(f, JOB(6), "State", "running");
        CHECK(write(plan_fd, "make-plan\n", strlen("make-plan\n")) > 0);
        fixture_tell(f, 6, "fail NoAgent it does not answer");
        expect_property(f, JOB(7), "State", "running");
        expect_property(f, JOB(5), "State", "running");
        {
                _cleanup_free_ char *first = get_property(f, JOB(6), "Domain"),
                                    *second = get_property(f, JOB(7), "Domain");

                CHECK(!streq(first, second));
                end_move(f, 7, second,
                         streq(second, "vm1") ? FUNCTIONS("0000:02:10.1") : FUNCTIONS("0000:01:10.1"));
        }
        expect_property(f, JOB(5), "State", "done");
        expect_property(f, JOB(5), "MovesDone", "1");
}

/* What vgpu-hibernatectl prints, errors too. */
static char *ctl(const Fixture *f, const char *plan, const char *words, int *ret_status)
{
        _cleanup_free_ char *command =
                        format("printf '%%s' '%s' | DBUS_SESSION_BUS_ADDRESS='%s' '%s' --user %s 2>&1", plan,
                               f->bus_address, ctl_program, words);
        char *text = calloc(1, 65536);
        FILE *out = popen(command, "re");

        CHECK(text && out);
        CHECK(fread(text, 1, 65535, out) < 65535);
        *ret_status = WEXITSTATUS(pclose(out));
        return text;
}

static void expect_ctl(const Fixture *f, const char *plan, const char *words, int status, const char *text)
{
        int is;
        _cleanup_free_ char *said = ctl(f, plan, words, &is);

        if (is != status || !strstr(said, text))
                (void) fprintf(stderr, "%s: status %d, %s\nexpected: %d, %s\n", words, is, said, status,
                               text);
        CHECK(is == status && strstr(said, text));
}

/* Jobs 8 and 10, from the command line. */
static void test_command_line(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *again = NULL;

        begin(f);
        plan = new_plan(f, EVACUATE_VM1, "[\"vm1\"]", "");
        expect_ctl(f, "", "apply", 2, "'apply' needs FILE");
        expect_ctl(f, "", "apply /nonexistent", 2, "cannot read the plan /nonexistent");
        expect_ctl(f, "nonsense", "apply -", 2, "the plan");
        expect_ctl(f, plan, "apply - --ttl=5", 2, "they need '--reserve'");
        expect_ctl(f, plan, "apply - --replan", 2, "'goals'");
        expect_ctl(f, plan, "apply - --no-wait", 0, "8\n");
        expect_property(f, JOB(9), "State", "running");
        expect_ctl(f, "", "job 8", 0, "Moves: 0 done, 1 to come");
        expect_ctl(f, "", "job 8", 0, "0000:01:10.0 -> 0000:02:10.1");
        expect_ctl(f, "", "job 9", 0, "Parent: 8");
        expect_ctl(f, "", "job 8 --json", 0,
                   "\"state\":\"moving\",\"job\":9,\"message\":null}],\"moves_done\":0,\"moves_remaining\":1");
        expect_ctl(f, plan, "apply -", 3, "PlanStale");
        end_move(f, 9, "vm1", FUNCTIONS("0000:02:10.1"));
        expect_property(f, JOB(8), "State", "done");
        expect_ctl(f, "", "job --follow 8", 0, "vm1: done");
        expect_ctl(f, "", "job --follow 8", 0, "the plan is carried out: 1 move, took ");

        begin(f);
        again = new_plan(f, EVACUATE_VM1, "[\"vm1\"]", "");
        expect_ctl(f, again, "apply - --no-wait", 0, "10\n");
        expect_property(f, JOB(11), "State", "running");
        fixture_tell(f, 11, "fail NoAgent no");
        expect_property(f, JOB(10), "State", "failed");
        expect_ctl(f, "", "job --follow 10", 3,
                   "the plan was not carried out to its end: domain 'vm1': no; 0 of 1");
}

/* Jobs 12 to 14: nothing begins while libvirt is away, nor when the host is about to shut down. */
static void test_rest(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *cookie = NULL, *error = NULL;

        begin(f);
        plan = new_plan(f, MOVE("vm4", CHANGE("02:10.0", "01:10.3")) "," EVACUATE_VM1, "[\"vm4\"],[\"vm1\"]",
                        "");
        cookie = apply_ok(f, 12, plan, NULL);
        expect_property(f, JOB(13), "State", "running");
        f->world->libvirt_ok = false;
        fixture_send_world(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Degraded", "true");
        end_move(f, 13, "vm4", FUNCTIONS("0000:01:10.3"));
        clock_sleep_usec(NOT_BEGUN_USEC);
        expect_property(f, JOB(12), "MovesDone", "1");
        CHECK(!had_signal(f, "JobNew 14"));
        f->world->libvirt_ok = true;
        fixture_send_world(f);
        expect_property(f, JOB(14), "State", "running");

        fixture_tell(f, 14, "exit 75");
        error = simple_call(f, VGPU_HIBERNATE_ROOT_PATH, "PrepareForShutdown", NULL, NULL);
        CHECK(!error);
        expect_property(f, JOB(12), "State", "running");
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        expect_property(f, JOB(14), "State", "recovering");
        fixture_tell(f, 14, "strategy suspend-to-ram");
        fixture_tell(f, 14, "end done");
        expect_property(f, JOB(12), "State", "done");
        expect_property(f, JOB(12), "MovesDone", "2");
}

static void run_second(Fixture *f)
{
        plan_fd = fixture_open_pipe(f, "plan");
        test_reserve(f);
        test_replan(f);
        test_command_line(f);
        test_rest(f);
        (void) close(plan_fd);
}

static void release_hold(Fixture *f, const char *domain)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_free_ char *message = NULL, *error = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "Hold") >= 0);
        CHECK(sd_bus_message_append(call, "sa{sv}", domain, 1, "hold", "s", "release") >= 0);
        error = call_message(f, call, &reply, &message);
        if (error)
                (void) fprintf(stderr, "%s: %s\n", error, message);
        CHECK(!error);
}

/* Jobs 1 to 6: two that come back at once, one of them on what the daemon chooses: not on what the other one had. */
static void test_return_together(Fixture *f)
{
        _cleanup_free_ char *plan = NULL, *cookie = NULL;

        begin(f);
        plan = new_plan(f,
                        MOVE("vm4", CHANGE("02:10.0", "01:10.0")) "," MOVE(
                                        "vm1",
                                        CHANGE("01:10.0", "01:10.1")) "," MOVE("vm2",
                                                                               CHANGE("01:10.1", "02:10.0")),
                        "[\"vm4\",\"vm1\",\"vm2\"]", "");
        cookie = apply_ok(f, 1, plan, &(Options) { .parallel = 2 });
        end_hibernate(f, 2, "vm4");
        end_hibernate(f, 3, "vm1");
        release_hold(f, "vm4");
        expect_property(f, JOB(4), "State", "running");
        fixture_tell(f, 4, "fail NoAgent it does not answer");
        expect_property(f, JOB(5), "Domain", "vm4");
        expect_property(f, JOB(5), "Functions", "[[0000:02:10.0 0000:01:10.3]]");
        expect_property(f, JOB(6), "Functions", "[[0000:01:10.0 0000:01:10.0]]");
        end_resume(f, 5, "vm4", FUNCTIONS("0000:01:10.3"));
        end_resume(f, 6, "vm1", FUNCTIONS("0000:01:10.0"));
        expect_property(f, JOB(1), "State", "failed");
}

static void run_third(Fixture *f)
{
        test_return_together(f);
}

int main(int argc, char *argv[])
{
        void (*const parts[])(Fixture * f) = { run_first, run_second, run_third };

        CHECK(argc == 5);
        ctl_program = argv[4];
        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                Fixture f;

                fixture_init(&f, argv);
                fixture_configure(
                                &f,
                                "{\"schema\": 1, \"finished_jobs_max\": 100, \"jobs_max\": 32, \"reset_delay_seconds\": 0}");
                fixture_set_domain(&f, "vm4", DOMAIN_RUNNING, FUNCTIONS("0000:02:10.0"));
                fixture_start(&f);
                parts[i](&f);
                fixture_done(&f);
        }

        return EXIT_SUCCESS;
}
