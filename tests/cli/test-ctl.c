/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* vgpu-hibernatectl against the fake daemon, on a bus of its own. Usage: test-ctl VGPU-HIBERNATECTL
 * FAKE-DAEMON */

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "harness.h"

#define ESC "\x1b"

static void json_freep(json_object **o)
{
        (void) json_object_put(*o);
}

#define _cleanup_child_ _cleanup_(child_done)
#define _cleanup_json_ _cleanup_(json_freep)

/* What a terminal obeys must not come out, whoever made it up. */
static bool is_harmless(const char *text)
{
        for (const char *p = text; *p; p++)
                if (((unsigned char) *p < 0x20 && *p != '\n') || *p == 0x7f)
                        return false;

        return !strstr(text, "\xe2\x80\xae") && !strstr(text, "\xc2\x9b");
}

static size_t count(const char *text, const char *part)
{
        size_t n = 0;

        while ((text = strstr(text, part))) {
                n++;
                text += strlen(part);
        }

        return n;
}

static void test_list(const char *program)
{
        _cleanup_child_ Child table = CTL("list"), all = CTL("list", "--all", "--no-legend"),
                              quiet = CTL("list", "-aq"), json = CTL("list", "--json"), bare = CTL("--json");
        _cleanup_json_ json_object *o = NULL;

        CHECK(&table, table.status == 0 && streq(table.err_text, ""));
        CHECK(&table, is_harmless(table.out_text));
        CHECK(&table, strncmp(table.out_text, "NAME ", 5) == 0);
        CHECK(&table, strstr(table.out_text, "\ncold "));
        CHECK(&table, strstr(table.out_text, "suspend-to-ram  2.8 GiB"));
        CHECK(&table, strstr(table.out_text, "evil\\x1b[2J\\x0a\\x07$(touch pwned) \\u202e\\u009b x"));
        CHECK(&table, !strstr(table.out_text, "plain"));
        CHECK(&table, count(table.out_text, "\n") == 4);

        CHECK(&all, strstr(all.out_text, "\nplain ") && !strstr(all.out_text, "NAME"));
        CHECK(&quiet, count(quiet.out_text, "\n") == 4 && strstr(quiet.out_text, "\nvm1\n"));

        o = child_json(&json);
        CHECK(&json, json_object_array_length(o) == 3);
        CHECK(&json, json_is(&json, o, "0.name", "cold"));
        CHECK(&json, json_is(&json, o, "0.image_bytes", "3040870400"));
        CHECK(&json, json_is(&json, o, "0.job", "null"));
        CHECK(&json, json_is(&json, o, "0.strategy", "suspend-to-ram"));
        /* In JSON a name is what it is. */
        CHECK(&json, json_is(&json, o, "1.name", "evil\x1b[2J\n\x07$(touch pwned) \xe2\x80\xae\xc2\x9b x"));
        CHECK(&json, json_is(&json, o, "1.functions.1", "0000:01:10.4"));
        CHECK(&json, json_is(&json, o, "2.job", "17"));
        CHECK(&json, json_is(&json, o, "2.strategy", "null"));
        CHECK(&json, count(json.out_text, "\n") == 1);
        CHECK(&bare, streq(bare.out_text, json.out_text));
}

static void test_functions(const char *program)
{
        _cleanup_child_ Child table = CTL("functions"), quiet = CTL("functions", "-q"),
                              json = CTL("--json", "functions");
        _cleanup_json_ json_object *o = NULL;

        CHECK(&table, table.status == 0 && is_harmless(table.out_text));
        CHECK(&table, strstr(table.out_text, "reads as all ones after its reset"));
        CHECK(&table, strstr(table.out_text, "FAMILY") && strstr(table.out_text, "intel-igbvf"));
        CHECK(&quiet, streq(quiet.out_text,
                            "0000:01:10.0\n0000:01:10.2\n0000:01:10.4\n0000:02:10.0\n0000:02:10.2\n"));

        o = child_json(&json);
        CHECK(&json, json_object_array_length(o) == 5);
        CHECK(&json, json_is(&json, o, "0.domain", "vm1"));
        CHECK(&json, json_is(&json, o, "3.iommu_group", "12"));
        CHECK(&json, json_is(&json, o, "3.pool", "8086-10ca"));
        CHECK(&json, json_is(&json, o, "3.domain", "null"));
        CHECK(&json, json_is(&json, o, "4.numa_node", "null"));
        CHECK(&json, json_is(&json, o, "4.state", "quarantined"));
        CHECK(&json, json_is(&json, o, "4.quarantined_since_usec", "1000000000000000"));
        CHECK(&json, json_is(&json, o, "0.quarantined_since_usec", "null"));
}

static void test_pools(const char *program)
{
        _cleanup_child_ Child table = CTL("pools"), quiet = CTL("pools", "-q"),
                              json = CTL("--json", "pools");
        _cleanup_json_ json_object *o = NULL;

        CHECK(&table, table.status == 0 && strstr(table.out_text, "8086-10ca"));
        CHECK(&table, strstr(table.out_text, "FREE-PF") && strstr(table.out_text, "0/2"));
        CHECK(&quiet, streq(quiet.out_text, "8086-10ca\n"));

        o = child_json(&json);
        CHECK(&json, json_object_array_length(o) == 1);
        CHECK(&json, json_is(&json, o, "0.policy", "pack"));
        CHECK(&json, json_is(&json, o, "0.total", "5"));
        CHECK(&json, json_is(&json, o, "0.quarantined", "1") && json_is(&json, o, "0.unknown", "0"));
        CHECK(&json, json_is(&json, o, "0.physical_functions", "2") &&
                                     json_is(&json, o, "0.free_physical_functions", "0") &&
                                     json_is(&json, o, "0.largest_free", "1") &&
                                     json_is(&json, o, "0.unusable", "0.250"));
        CHECK(&json, json_is(&json, o, "0.kinds.0.like", "0000:01:10.0") &&
                                     json_is(&json, o, "0.kinds.0.device", "8086:10ca") &&
                                     json_is(&json, o, "0.kinds.0.total", "5") &&
                                     json_is(&json, o, "0.kinds.0.free", "2") &&
                                     json_is(&json, o, "0.kinds.0.largest_free", "1") &&
                                     json_is(&json, o, "0.kinds.0.largest_free_in_group", "2"));
}

/* One function is reserved, seen, refused to others, used up by a move, and given back. */
static void test_reserve(const char *program)
{
        static const char cookie[] = "0123456789abcdef0123456789abcdef";
        _cleanup_child_ Child text = CTL("reserve", "1"), status = CTL("status"),
                              status_json = CTL("status", "--json"), functions = CTL("functions"),
                              functions_json = CTL("functions", "--json"),
                              wrong = CTL("move", "vm1", "--reservation=none", "--json"),
                              used = CTL("move", "vm1", "-q", "--reservation", cookie),
                              again = CTL("resume", "vm1", "--reservation", cookie),
                              quiet = CTL("-q", "reserve", "1"), release = CTL("release", cookie),
                              json = CTL("reserve", "1", "--json"),
                              release_json = CTL("--json", "release", cookie),
                              twice = CTL("release", cookie),
                              all = CTL("reserve", "3", "--pool=8086-10ca", "--like=cold", "--group=pf",
                                        "--label=the night shift", "--ttl=60");
        _cleanup_json_ json_object *counts = child_json(&status_json), *list = child_json(&functions_json),
                                   *error = child_json(&wrong), *o = child_json(&json),
                                   *released = child_json(&release_json);

        CHECK(&text, text.status == 0);
        CHECK(&text, strstr(text.out_text, "   Cookie: 0123456789abcdef0123456789abcdef\n"
                                           "Functions: 0000:02:10.0\n  Expires: 2096-"));
        CHECK(&status, is_harmless(status.out_text));
        CHECK(&status, strstr(status.out_text, " Reserved: 0000:02:10.0 by user 1000 until 2096-"));
        CHECK(&status, !strstr(status.out_text, cookie) && !strstr(status_json.out_text, cookie));
        CHECK(&status_json, json_is(&status_json, counts, "reservations.0.pool", "8086-10ca"));
        CHECK(&status_json, json_is(&status_json, counts, "reservations.0.functions.0", "0000:02:10.0"));
        CHECK(&status_json, json_is(&status_json, counts, "reservations.0.uid", "1000"));
        CHECK(&status_json,
              json_is(&status_json, counts, "reservations.0.expires_usec", "4000000000000000"));
        CHECK(&functions, strstr(functions.out_text, "until 2096-"));
        CHECK(&functions_json, json_is(&functions_json, list, "3.state", "held"));
        CHECK(&functions_json, json_is(&functions_json, list, "3.held_until_usec", "4000000000000000"));
        CHECK(&functions_json, json_is(&functions_json, list, "0.held_until_usec", "null"));

        CHECK(&wrong, wrong.status == 2);
        CHECK(&wrong, json_is(&wrong, error, "error.name", "org.vgpu.Hibernate1.Error.UnknownReservation"));
        CHECK(&used, used.status == 0);
        CHECK(&again, again.status == 2 && strstr(again.err_text, "(UnknownReservation)"));

        CHECK(&quiet, streq(quiet.out_text, "0123456789abcdef0123456789abcdef\n"));
        CHECK(&release, release.status == 0 && streq(release.out_text, "") && streq(release.err_text, ""));
        CHECK(&json,
              json_is(&json, o, "cookie", cookie) && json_is(&json, o, "functions.0", "0000:02:10.0"));
        CHECK(&json, json_is(&json, o, "expires_usec", "4000000000000000"));
        CHECK(&release_json, release_json.status == 0 && json_object_object_length(released) == 0);
        CHECK(&twice, twice.status == 2 && !strstr(twice.err_text, cookie));
        CHECK(&all, all.status == 3);
        CHECK(&all,
              strstr(all.err_text, "8086-10ca 3 like=cold group=pf label=the night shift ttl_seconds=60"));
}

static void test_hold(const char *program)
{
        _cleanup_child_ Child plain = CTL("hold", "cold"), list = CTL("list", "--json"),
                              until = CTL("hold", "cold", "--until=@4000000000", "--json"),
                              back = CTL("hold", "cold", "--release", "--json"),
                              both = CTL("hold", "cold", "--release", "--until=+1h"),
                              running = CTL("hold", "vm1"),
                              hibernate = CTL("hibernate", "vm1", "-q", "--hold"),
                              for_a_while = CTL("hibernate", "vm1", "-q", "--hold", "--until", "+2h"),
                              past = CTL("hibernate", "vm1", "--hold", "--until=2001-01-01"),
                              no_hold = CTL("hibernate", "vm1", "--until=+2h");
        _cleanup_json_ json_object *domains = child_json(&list), *o = child_json(&until),
                                   *after = child_json(&back);

        CHECK(&plain, plain.status == 0 && streq(plain.out_text, "") && streq(plain.err_text, ""));
        CHECK(&list, json_is(&list, domains, "0.hold", "hold"));
        CHECK(&list, json_is(&list, domains, "0.hold_until_usec", "null"));
        CHECK(&list, json_is(&list, domains, "1.hold", "null"));
        CHECK(&until, json_is(&until, o, "name", "cold") && json_is(&until, o, "hold", "hold-until"));
        CHECK(&until, json_is(&until, o, "hold_until_usec", "4000000000000000"));
        CHECK(&back, json_is(&back, after, "hold", "release"));
        CHECK(&both, both.status == 2 && strstr(both.err_text, "without '--until'"));
        CHECK(&running, running.status == 3 && strstr(running.err_text, "(NotHibernated)"));
        CHECK(&hibernate, hibernate.status == 0);
        CHECK(&for_a_while, for_a_while.status == 0);
        CHECK(&past, past.status == 2 && strstr(past.err_text, "has passed"));
        CHECK(&no_hold, no_hold.status == 2 && strstr(no_hold.err_text, "needs '--hold'"));
}

static void test_adopt(const char *program)
{
        _cleanup_child_ Child dry = CTL("adopt", "vm1", "--dry-run", "--order=0", "--on-shutdown",
                                        "nothing"),
                              plain = CTL("disown", "vm1"), quiet = CTL("adopt", "vm1", "-q"),
                              json = CTL("adopt", "vm1", "-n", "--json"), nothing = CTL("adopt", "vm2"),
                              list = CTL("list", "--json"), bad = CTL("adopt", "vm1", "--order=65536"),
                              order = CTL("disown", "vm1", "--order=1");
        _cleanup_json_ json_object *o = child_json(&json), *domains = child_json(&list);

        CHECK(&dry, dry.status == 0 && streq(dry.err_text, ""));
        CHECK(&dry, streq(dry.out_text, "--- vm1\n+++ vm1, adopted\n@@ -1,1 +1,1 @@\n-vm1 nothing\n+1 0\n"
                                        "libvirt's autostart: on -> off\n"));
        CHECK(&plain, plain.status == 0 && strstr(plain.out_text, "+++ vm1, disowned\n"));
        CHECK(&quiet, quiet.status == 0 && streq(quiet.out_text, ""));
        CHECK(&json, json_is(&json, o, "diff", "@@ -1,1 +1,1 @@\n-vm1 \n+1 0\n"));
        CHECK(&json, json_is(&json, o, "changed", "true") && json_is(&json, o, "autostart_after", "false"));
        CHECK(&nothing, nothing.status == 0 && streq(nothing.out_text, ""));
        CHECK(&nothing, strstr(nothing.err_text, "nothing to change"));
        CHECK(&list,
              json_is(&list, domains, "2.adopted", "true") && json_is(&list, domains, "2.order", "7"));
        CHECK(&list, json_is(&list, domains, "2.on_shutdown", "hibernate"));
        CHECK(&list,
              json_is(&list, domains, "0.adopted", "false") && json_is(&list, domains, "0.order", "null"));
        CHECK(&bad, bad.status == 2 && strstr(bad.err_text, "0 to 65535"));
        CHECK(&order, order.status == 2 && strstr(order.err_text, "has no option '--order'"));
}

/* Nobody is at a terminal here. */
static void test_discard(const char *program)
{
        _cleanup_child_ Child unasked = CTL("discard", "brief"), json = CTL("discard", "brief", "--json"),
                              meant = CTL("discard", "brief", "--yes"),
                              failed = CTL("discard", "doomed", "-y"), other = CTL("resume", "brief", "-y");

        CHECK(&unasked, unasked.status == 2 && strstr(unasked.err_text, "say '--yes'"));
        CHECK(&json, json.status == 2 && strstr(json.err_text, "say '--yes'"));
        CHECK(&meant, meant.status == 0);
        CHECK(&meant, strstr(meant.out_text, "'brief' is hibernated no longer: its next start is a boot"));
        CHECK(&failed, failed.status != 0);
        CHECK(&failed, strstr(failed.err_text, "cannot discard 'doomed': nobody is at home (NoAgent)"));
        CHECK(&other, other.status == 2);
}

static void test_quarantine(const char *program)
{
        _cleanup_child_ Child put = CTL("quarantine", "0000:02:10.0", "--reason", "it smells"),
                              json = CTL("functions", "--json"),
                              clear = CTL("clear", "0000:02:10.0", "--json"),
                              unknown = CTL("clear", "0000:09:10.0", "--json"),
                              again = CTL("quarantine", "0000:02:10.0", "--reason", "it smells"),
                              fit = CTL("clear", "0000:02:10.0", "--probe", "--json"),
                              unfit = CTL("clear", "0000:02:10.2", "--probe"),
                              no_reason = CTL("quarantine", "0000:02:10.0");
        _cleanup_json_ json_object *before = NULL, *after = NULL, *error = NULL, *probed = NULL;

        CHECK(&put, put.status == 0 && streq(put.out_text, "") && streq(put.err_text, ""));
        before = child_json(&json);
        CHECK(&json, json_is(&json, before, "3.state", "quarantined"));
        CHECK(&json, json_is(&json, before, "3.reason", "it smells"));

        after = child_json(&clear);
        CHECK(&clear, clear.status == 0);
        CHECK(&clear, json_is(&clear, after, "state", "free"));
        CHECK(&clear, json_is(&clear, after, "reason", "null"));

        error = child_json(&unknown);
        CHECK(&unknown, unknown.status == 2);
        CHECK(&unknown, json_is(&unknown, error, "error.name", "org.vgpu.Hibernate1.Error.UnknownFunction"));
        CHECK(&unknown, json_is(&unknown, error, "error.message", "there is no function '0000:09:10.0'"));
        CHECK(&no_reason, no_reason.status == 2);

        CHECK(&again, again.status == 0);
        probed = child_json(&fit);
        CHECK(&fit, fit.status == 0 && json_is(&fit, probed, "state", "free"));
        CHECK(&unfit, unfit.status == 3 && strstr(unfit.err_text, "it is held on to (GateClosed)"));
}

static void test_status(const char *program)
{
        _cleanup_child_ Child text = CTL("status"), json = CTL("status", "--json");
        _cleanup_json_ json_object *o = child_json(&json);

        CHECK(&text, text.status == 0);
        CHECK(&text, strstr(text.out_text, "9.8.7") && strstr(text.out_text, "degraded: libvirt is away"));
        CHECK(&text, strstr(text.out_text, "Functions: 5 ("));
        CHECK(&json, json_is(&json, o, "version", "9.8.7"));
        CHECK(&json, json_is(&json, o, "degraded", "true"));
        CHECK(&json, json_is(&json, o, "domains.running", "3"));
        CHECK(&json, json_is(&json, o, "functions.assigned", "2"));
}

static void test_inventory(const char *program)
{
        _cleanup_child_ Child plain = CTL("inventory"), json = CTL("inventory", "--json"),
                              plan = CTL("plan", "--goal=compact"), no_plan = CTL("map", "--goal=fit=1");

        CHECK(&plain, plain.status == 0 && streq(plain.out_text, json.out_text));
        CHECK(&plain, streq(plain.out_text, "{\"schema\":1,\"host\":\"a/b\",\"functions\":[]}\n"));

        /* Planned for is what the daemon tells, unless there is a file. */
        CHECK(&plan, plan.status == 0 && streq(plan.out_text, "Nothing has to move\n"));
        CHECK(&no_plan,
              no_plan.status == 3 && strstr(no_plan.out_text, "Not possible: there is no function"));
}

static void test_explain(const char *program)
{
        _cleanup_child_ Child yes = CTL("explain", "vm1"), json = CTL("explain", "vm1", "--json"),
                              no = CTL("explain", "cold", "--kind=hibernate"),
                              no_json = CTL("explain", "cold", "--kind=hibernate", "--json"),
                              quiet = CTL("explain", "cold", "-q"),
                              busy = CTL("explain", "vm1", "--function=0000:01:10.2"),
                              unknown = CTL("explain", "unknown"),
                              options = CTL("explain", "vm1", "--strategy=magic");
        _cleanup_json_ json_object *o = child_json(&json), *n = child_json(&no_json);

        CHECK(&yes, yes.status == 0 && streq(yes.err_text, ""));
        CHECK(&yes, strstr(yes.out_text, "To move 'vm1'\n   Answer: possible\n Strategy: suspend-to-ram\n"
                                         "           or --strategy=suspend-to-disk\n"
                                         "           not unplug: it \\x1b[2Jloses\n"
                                         "Functions: 0000:01:10.0 -> 0000:02:10.0\n"));
        CHECK(&yes, strstr(yes.out_text,
                           "    Image: up to 1 GiB, 4 GiB are to be had, beside 512 MiB for other jobs\n"));
        CHECK(&yes,
              strstr(yes.out_text, " Expected: 300 MiB\n     Save: about 12.5s\n   Resume: about 4.0s\n"
                                   "           past predictions were off by 12 % at the median of 8\n"));
        CHECK(&yes, strstr(yes.out_text, "\n* policy: a remark\n"));
        CHECK(&yes, strstr(yes.out_text, "\n0000:01:10.0  no    it is assigned\n0000:02:10.0  yes   -\n"));

        CHECK(&json, json.status == 0);
        CHECK(&json, json_is(&json, o, "domain", "vm1"));
        CHECK(&json, json_is(&json, o, "kind", "move"));
        CHECK(&json, json_is(&json, o, "possible", "true"));
        CHECK(&json, json_is(&json, o, "functions.0.to", "0000:02:10.0"));
        CHECK(&json, json_is(&json, o, "strategies.0.chosen", "true"));
        CHECK(&json, json_is(&json, o, "strategies.1.possible", "true"));
        CHECK(&json, json_is(&json, o, "strategies.1.reason", "null"));
        CHECK(&json, json_is(&json, o, "strategies.2.strategy", "unplug"));
        CHECK(&json, json_is(&json, o, "findings.0.error", "null"));
        CHECK(&json, json_is(&json, o, "findings.0.blocking", "false"));
        CHECK(&json, json_is(&json, o, "bytes_needed", "1157627904"));
        CHECK(&json, json_is(&json, o, "bytes_promised", "536870912"));
        CHECK(&json, json_is(&json, o, "bytes_expected", "314572800"));
        CHECK(&json, json_is(&json, o, "prediction_error", "0.12"));
        CHECK(&json, json_is(&json, o, "prediction_samples", "8"));
        CHECK(&json, json_is(&json, o, "save_seconds", "12.5"));
        CHECK(&json, json_is(&json, o, "candidates.0.fits", "false"));
        CHECK(&json, json_is(&json, o, "candidates.1.function", "0000:02:10.0"));
        CHECK(&json, json_is(&json, o, "candidates.1.reason", "null"));

        CHECK(&no, no.status == 3 && is_harmless(no.out_text));
        CHECK(&no, strstr(no.out_text, "   Answer: not possible\n Strategy: -\n"));
        CHECK(&no, strstr(no.out_text, "- guest: domain 'cold' is \\x1b[2Jcold (NotRunning)\n"
                                       "  Remedy: resume it first\n- image: no space (NoSpace)\n"));
        CHECK(&no, !strstr(no.out_text, "FUNCTION") && !strstr(no.out_text, "Save"));
        CHECK(&no_json, no_json.status == 3);
        CHECK(&no_json, json_is(&no_json, n, "strategy", "null"));
        CHECK(&no_json, json_is(&no_json, n, "findings.0.error", "org.vgpu.Hibernate1.Error.NotRunning"));
        CHECK(&no_json, json_is(&no_json, n, "findings.0.code", "not-running"));
        CHECK(&no_json, json_is(&no_json, n, "findings.1.remedy", "null"));
        CHECK(&no_json, json_is(&no_json, n, "bytes_needed", "null"));
        CHECK(&no_json, json_is(&no_json, n, "save_seconds", "null"));
        CHECK(&no_json, json_is(&no_json, n, "prediction_error", "null"));
        CHECK(&quiet, quiet.status == 3 && streq(quiet.out_text, "") && streq(quiet.err_text, ""));

        CHECK(&busy, busy.status == 3 && strstr(busy.err_text, "FunctionBusy"));
        CHECK(&unknown, unknown.status == 2 && strstr(unknown.err_text, "cannot explain 'unknown'"));
        CHECK(&options, options.status == 2);
}

/* A whole move, followed: each step said once, in the plan's order. */
static void test_move(const char *program)
{
        static const char *const steps[] = { "check",   "bind",     "suspend", "set-mode", "save",
                                             "sync",    "rewrite",  "restore", "continue", "wake",
                                             "discard", "redefine", "release", "health",   "clean" };
        _cleanup_child_ Child c = CTL("move", "vm1", "--strategy=auto", "--fallback=stay", "--function",
                                      "0000:02:10.0");
        const char *at = c.out_text;

        CHECK(&c, c.status == 0 && streq(c.err_text, ""));
        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                _cleanup_free_ char *line = NULL;

                assert(asprintf(&line, "s] %s: done", steps[i]) > 0);
                CHECK(&c, count(c.out_text, line) == 1);
                at = strstr(at, line);
                CHECK(&c, at);
        }
        CHECK(&c, strstr(c.out_text, "s] save: done (96 MiB)\n"));
        CHECK(&c, strstr(c.out_text, "\n'vm1' is moved: 0000:01:10.0 -> 0000:02:10.0, took "));
        CHECK(&c, strncmp(c.out_text, "[  0.", 5) == 0);
}

static void test_move_quiet_and_json(const char *program)
{
        _cleanup_child_ Child quiet = CTL("resume", "vm1", "-q"), json = CTL("hibernate", "vm1", "--json");
        _cleanup_json_ json_object *o = child_json(&json);

        CHECK(&quiet, quiet.status == 0 && streq(quiet.out_text, "") && streq(quiet.err_text, ""));
        CHECK(&json, json.status == 0);
        CHECK(&json, json_is(&json, o, "kind", "hibernate"));
        CHECK(&json, json_is(&json, o, "state", "done"));
        CHECK(&json, json_is(&json, o, "strategy", "suspend-to-ram"));
        CHECK(&json, json_is(&json, o, "progress", "1.000"));
        CHECK(&json, json_is(&json, o, "bytes", "100663296"));
        CHECK(&json, json_is(&json, o, "error", "null"));
        CHECK(&json, json_is(&json, o, "functions.0.from", "0000:01:10.0"));
        CHECK(&json, json_is(&json, o, "functions.0.to", "null"));
        CHECK(&json, json_is(&json, o, "steps.0.name", "check"));
        CHECK(&json, json_is(&json, o, "steps.3.state", "done"));
        CHECK(&json, json_object_get_uint64(json_at(&json, o, "steps.3.ended_usec")) > 1600000000000000);
}

static void test_errors(const char *program)
{
        _cleanup_child_ Child refused = CTL("move", "refused"), json = CTL("move", "refused", "--json"),
                              unknown = CTL("resume", "unknown"),
                              option = CTL("move", "vm1", "--strategy=magic"),
                              fallback = CTL("move", "vm1", "--fallback=magic"),
                              busy = CTL("resume", "vm1", "--function=0000:02:10.4"),
                              broken = CTL("hibernate", "broken"),
                              broken_json = CTL("hibernate", "broken", "--json"),
                              asked = CTL("hibernate", "ask", "--no-ask-password"),
                              may_ask = CTL("hibernate", "ask");
        _cleanup_json_ json_object *o = child_json(&json), *job = child_json(&broken_json);

        CHECK(&refused, refused.status == 3 && streq(refused.out_text, ""));
        CHECK(&refused, streq(refused.err_text,
                              "vgpu-hibernatectl: cannot move 'refused': no function of this host is "
                              "free; 0000:02:10.0 is held (NoFreeFunction)\n"));
        CHECK(&json, json.status == 3 && streq(json.err_text, refused.err_text));
        CHECK(&json, json_is(&json, o, "error.name", "org.vgpu.Hibernate1.Error.NoFreeFunction"));
        CHECK(&unknown, unknown.status == 2);
        CHECK(&option,
              option.status == 2 && strstr(option.err_text, "there is no strategy 'magic' (InvalidOption)"));
        CHECK(&fallback, fallback.status == 2 && strstr(fallback.err_text,
                                                        "there is no fallback 'magic' (InvalidOption)"));
        CHECK(&busy, busy.status == 3);

        CHECK(&broken, broken.status == 1);
        CHECK(&broken, strstr(broken.out_text, "s] save: failed (43 MiB)\n"));
        CHECK(&broken, streq(broken.err_text,
                             "vgpu-hibernatectl: cannot hibernate 'broken': cannot write the image: the "
                             "disk says \\x1b[31mno\\x1b[0m (SaveFailed)\n"));
        CHECK(&broken_json, broken_json.status == 1);
        CHECK(&broken_json, json_is(&broken_json, job, "state", "failed"));
        CHECK(&broken_json, json_is(&broken_json, job, "error", "org.vgpu.Hibernate1.Error.SaveFailed"));

        CHECK(&asked, asked.status == 3);
        CHECK(&may_ask, may_ask.status == 0);
}

/* The job is over and its object gone before the request is answered. */
static void test_brief(const char *program)
{
        _cleanup_child_ Child text = CTL("move", "brief"), json = CTL("move", "brief", "--json"),
                              doomed = CTL("move", "doomed");
        _cleanup_json_ json_object *o = child_json(&json);

        CHECK(&text, text.status == 0 && strstr(text.out_text, "'brief' is moved"));
        CHECK(&json, json.status == 0);
        CHECK(&json, json_is(&json, o, "state", "done") && json_is(&json, o, "kind", "move"));
        CHECK(&doomed, doomed.status == 3);
        CHECK(&doomed, strstr(doomed.err_text, "cannot move 'doomed': nobody is at home (NoAgent)"));
}

/* The number of a job that --no-wait printed. */
static char *start_job(const char *program, const char *verb, const char *domain)
{
        _cleanup_child_ Child c = CTL(verb, domain, "--no-wait");
        size_t digits = strspn(c.out_text, "0123456789");

        CHECK(&c, c.status == 0 && digits > 0 && streq(c.out_text + digits, "\n"));
        return strndup(c.out_text, digits);
}

static void test_cancel(const char *program)
{
        _cleanup_free_ char *slow = start_job(program, "move", "slow"),
                            *late = start_job(program, "move", "late");
        _cleanup_child_ Child follow =
                        ctl_spawn(program, false, (const char *const[]) { "job", "-f", slow, NULL });
        _cleanup_child_ Child cancel = { 0 }, too_late = CTL("cancel", late),
                              unknown = CTL("cancel", "4711"), huge = CTL("cancel", "99999999999999999999");

        child_wait_out(&follow, "set-mode: done");
        cancel = CTL("cancel", slow);
        child_wait(&follow);

        CHECK(&cancel, cancel.status == 0);
        CHECK(&follow, follow.status == 1);
        CHECK(&follow, strstr(follow.out_text, "save: undone"));
        CHECK(&follow, strstr(strstr(follow.out_text, "save: undone"), "suspend: undone"));
        CHECK(&follow, strstr(strstr(follow.out_text, "suspend: undone"), "check: undone"));
        CHECK(&follow, strstr(follow.err_text, "cannot move 'slow': the job was canceled (Canceled)"));
        CHECK(&too_late, too_late.status == 3 && strstr(too_late.err_text, "(TooLate)"));
        CHECK(&unknown, unknown.status == 2 && strstr(unknown.err_text, "(UnknownJob)"));
        CHECK(&huge, huge.status == 2 && strstr(huge.err_text, "(UnknownJob)"));
}

static void test_watch(const char *program)
{
        _cleanup_child_ Child text = ctl_spawn(program, false, (const char *const[]) { "watch", NULL }),
                              json = ctl_spawn(program, false,
                                               (const char *const[]) { "watch", "--json", NULL });
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *id = NULL;

        child_wait_err(&text, "watching");
        child_wait_err(&json, "watching");
        id = start_job(program, "move", "vm1");
        child_wait_out(&text, " changed job ");
        child_wait_out(&text, " State=done");
        child_wait_out(&text, " Rate=\n"); /* not known any more */
        child_wait_out(&json, "{\"Rate\":null}");
        CHECK(&text, is_harmless(text.out_text));
        CHECK(&text, !strstr(text.out_text, "Steps"));

        child_wait_out(&json, "\"event\":\"changed\",\"object\":\"job\"");
        *strchr(json.out_text, '\n') = '\0';
        o = child_json(&json);
        CHECK(&json, json_is(&json, o, "object", "job")); /* of whichever test's it is */
        CHECK(&json, json_is(&json, o, "properties.Steps.0.0", "check"));

        CHECK(&text, kill(text.pid, SIGTERM) == 0);
        child_wait(&text);
        CHECK(&text, text.status == 128 + SIGTERM);
}

static void test_job(const char *program)
{
        _cleanup_free_ char *id = start_job(program, "move", "slow"),
                            *queued_id = start_job(program, "move", "queued");
        _cleanup_child_ Child wait =
                        ctl_spawn(program, false, (const char *const[]) { "job", "-f", id, NULL });
        _cleanup_child_ Child text = { 0 }, json = { 0 }, jobs = { 0 }, jobs_json = { 0 }, queued = { 0 };
        _cleanup_json_ json_object *o = NULL, *list = NULL;

        child_wait_out(&wait, "set-mode: done");
        text = CTL("job", id);
        json = CTL("job", id, "--json");
        jobs = CTL("jobs");
        jobs_json = CTL("jobs", "--json");

        CHECK(&text, text.status == 0 && is_harmless(text.out_text));
        CHECK(&text, strstr(text.out_text, "move 'slow'") && strstr(text.out_text, "State: running"));
        CHECK(&text, strstr(text.out_text, "Functions: 0000:01:10.0 -> 0000:02:10.0"));
        CHECK(&text, !strstr(text.out_text, " Expected: "));
        CHECK(&text, strstr(text.out_text, "     Away: 14.0s predicted\n"));
        CHECK(&text, strstr(text.out_text, "Cancel: possible"));
        CHECK(&text, strstr(text.out_text, "\nSTEP") && strstr(text.out_text, "\nsuspend   done"));
        CHECK(&text, !strstr(text.out_text, "TRIED") && !strstr(text.out_text, "EVENT"));
        o = child_json(&json);
        CHECK(&json, json_is(&json, o, "state", "running") && json_is(&json, o, "step_count", "16"));
        CHECK(&json, json_is(&json, o, "steps.13.started_usec", "null"));
        CHECK(&json,
              json_is(&json, o, "predicted_usec", "14000000") && json_is(&json, o, "took_usec", "null"));
        CHECK(&json,
              json_is(&json, o, "ended_usec", "null") && json_is(&json, o, "expected_end_usec", "null"));
        CHECK(&json, json_is(&json, o, "attempts", "[ ]") && json_is(&json, o, "events", "[ ]"));
        CHECK(&jobs, jobs.status == 0 && is_harmless(jobs.out_text) && strstr(jobs.out_text, "save 5/16"));
        CHECK(&jobs, strstr(jobs.out_text, "queued") && strstr(jobs.out_text, "place 2"));
        list = child_json(&jobs_json);
        CHECK(&jobs_json, json_is(&jobs_json, list, "0.id", "17"));
        CHECK(&jobs_json, json_object_array_length(list) > 3);

        queued = CTL("job", queued_id);
        CHECK(&queued, strstr(queued.out_text, "State: queued") && strstr(queued.out_text, "Place: 2"));

        /* Ctrl-C lets the job go on, and says so. */
        assert(kill(wait.pid, SIGINT) == 0);
        child_wait(&wait);
        CHECK(&wait, wait.status == 130);
        CHECK(&wait, strstr(wait.err_text, "goes on; follow it with 'vgpu-hibernatectl job --follow "));
        CHECK(&wait, strstr(wait.err_text, "cancel it with 'vgpu-hibernatectl cancel "));
        {
                _cleanup_child_ Child after = CTL("job", id, "--json");
                _cleanup_json_ json_object *still = child_json(&after);

                CHECK(&after, json_is(&after, still, "state", "running"));
        }
}

/* The first function does not do, the second one does: the job tells of both. */
static void test_story(const char *program)
{
        static const char why[] = "QEMU cannot open function 0000:02:10.0: \\x1b[31mno\\x1b[0m\n";
        _cleanup_free_ char *id = start_job(program, "move", "fickle");
        _cleanup_child_ Child follow = CTL("job", "-fq", id), text = CTL("job", id),
                              json = CTL("job", id, "--json"), bare = CTL("job", id, "--no-legend");
        _cleanup_json_ json_object *o = child_json(&json);
        const char *attempts, *events;

        CHECK(&follow, follow.status == 0 && streq(follow.out_text, ""));
        CHECK(&text, text.status == 0 && is_harmless(text.out_text));
        CHECK(&text, strstr(text.out_text, "Functions: 0000:01:10.0 -> 0000:02:10.2\n"));
        attempts = strstr(text.out_text,
                          "\n\nTRIED         STEP     FAILED  ERROR\n0000:02:10.0  restore   +");
        CHECK(&text, attempts);
        events = strstr(attempts, "\n\nAFTER  EVENT\n+");
        CHECK(&text, events);
        CHECK(&text, count(text.out_text, why) == 2);
        CHECK(&text, strstr(events, "s  step restore failed: ") &&
                                     strstr(events, "s  going on with function 0000:02:10.2\n"));
        CHECK(&bare, strstr(bare.out_text, "\n\n0000:02:10.0  restore  +") &&
                                     !strstr(bare.out_text, "TRIED") && !strstr(bare.out_text, "EVENT"));

        CHECK(&json, json_object_array_length(json_at(&json, o, "attempts")) == 1);
        CHECK(&json, json_is(&json, o, "attempts.0.functions.0", "0000:02:10.0"));
        CHECK(&json, json_is(&json, o, "attempts.0.step", "restore"));
        CHECK(&json, json_is(&json, o, "attempts.0.error", "org.vgpu.Hibernate1.Error.RestoreFailed"));
        CHECK(&json, json_is(&json, o, "attempts.0.error_message",
                             "QEMU cannot open function 0000:02:10.0: \x1b[31mno\x1b[0m"));
        CHECK(&json, json_object_get_uint64(json_at(&json, o, "attempts.0.usec")) > 1600000000000000);
        CHECK(&json, json_object_array_length(json_at(&json, o, "events")) == 2);
        CHECK(&json, json_is(&json, o, "events.1.text", "going on with function 0000:02:10.2"));
        CHECK(&json, json_object_get_uint64(json_at(&json, o, "events.1.usec")) > 1600000000000000);
}

/* What is done again is told again, and why. */
static void test_retry(const char *program)
{
        _cleanup_child_ Child c = CTL("move", "fickle"), quiet = CTL("move", "fickle", "--quiet");
        _cleanup_child_ Child bar =
                        ctl_spawn(program, true, (const char *const[]) { "move", "undecided", NULL });
        _cleanup_child_ Child undo =
                        ctl_spawn(program, true, (const char *const[]) { "move", "stubborn", NULL });
        const char *failed = strstr(c.out_text, "s] restore: failed\n");

        CHECK(&c, c.status == 0 && failed);
        CHECK(&c, count(c.out_text, "s] sync: done\n") == 1);
        CHECK(&c, count(c.out_text, "s] rebind: done\n") == 2 && strstr(failed, "s] rebind: done\n"));
        CHECK(&c, count(c.out_text, "s] restore: done\n") == 1 && strstr(failed, "s] restore: done\n"));
        CHECK(&c, strstr(c.out_text, "'fickle' is moved: 0000:01:10.0 -> 0000:02:10.2, took "));
        CHECK(&c,
              strncmp(c.err_text, "vgpu-hibernatectl: 0000:02:10.0 did not do: QEMU cannot open ", 61) == 0);
        CHECK(&c, strstr(c.err_text, " goes on with 0000:01:10.0 -> 0000:02:10.2\n"));
        CHECK(&c, is_harmless(c.err_text) && count(c.err_text, "\n") == 1);
        CHECK(&quiet, quiet.status == 0 && streq(quiet.out_text, "") && streq(quiet.err_text, ""));

        /* An undo counts from its own beginning, though the step has ended before. */
        child_wait_out(&undo, "stubborn: undoing restore 9/16 [###############---------------]  50%  0.");
        child_wait_out(&bar, "undecided: retrying [###########-------------------]  37%");
        assert(kill(bar.pid, SIGINT) == 0 && kill(undo.pid, SIGINT) == 0);
        child_wait(&bar);
        child_wait(&undo);
        CHECK(&bar, bar.status == 130);
        CHECK(&undo, undo.status == 130);
}

static void test_no_wait(const char *program)
{
        _cleanup_child_ Child c = CTL("hibernate", "vm1", "--no-wait", "--json");
        _cleanup_json_ json_object *o = child_json(&c);

        CHECK(&c, c.status == 0 && json_is(&c, o, "domain", "vm1"));
        CHECK(&c, json_object_get_uint64(json_at(&c, o, "id")) > 17);
}

/* The daemon dies in the middle of a save and comes back: the follower notices both and stays. */
static void test_restart(const char *program, const char *fake)
{
        _cleanup_free_ char *id = start_job(program, "move", "slow");
        _cleanup_child_ Child follow =
                        ctl_spawn(program, false, (const char *const[]) { "job", id, "--follow", NULL });

        child_wait_out(&follow, "set-mode: done");
        daemon_kill();
        child_wait_err(&follow, "vgpu-hibernated is away");
        daemon_start(fake, id);
        child_wait(&follow);

        CHECK(&follow, follow.status == 0);
        CHECK(&follow, strstr(follow.err_text, "vgpu-hibernated is back"));
        CHECK(&follow, strstr(follow.out_text, "'vm1' is moved"));
        CHECK(&follow,
              count(follow.out_text, "check: done") == 1 && count(follow.out_text, "save: done") == 1);
        CHECK(&follow, count(follow.out_text, "release: done") == 1);
}

static void test_terminal(const char *program)
{
        _cleanup_child_ Child bar = ctl_spawn(program, true, (const char *const[]) { "move", "slow", NULL });
        _cleanup_child_ Child foreseen =
                        ctl_spawn(program, true, (const char *const[]) { "move", "late", NULL });
        _cleanup_child_ Child list = ctl_spawn(program, true, (const char *const[]) { "list", NULL });
        _cleanup_child_ Child functions =
                        ctl_spawn(program, true, (const char *const[]) { "functions", NULL });
        _cleanup_child_ Child json =
                        ctl_spawn(program, true, (const char *const[]) { "list", "--json", NULL });

        child_wait_out(&bar, "slow: save 5/16 [");
        child_wait_out(&bar, "43 MiB of 96 MiB  12 MiB/s  ETA 4.0s");
        child_wait_out(&foreseen, "43 MiB of 96 MiB  12 MiB/s  ETA 59min");
        assert(kill(foreseen.pid, SIGINT) == 0);
        child_wait(&foreseen);
        assert(kill(bar.pid, SIGINT) == 0);
        child_wait(&bar);
        CHECK(&bar, bar.status == 130);
        CHECK(&bar, strstr(bar.out_text, "\r" ESC "[K"));
        CHECK(&bar, !strchr(bar.out_text, '\n'));

        child_wait(&list);
        CHECK(&list, list.status == 0 && strstr(list.out_text, ESC "[32mrunning" ESC "[0m"));
        CHECK(&list, !strstr(list.out_text, ESC "[2J"));
        CHECK(&list, strstr(list.out_text, "\xe2\x80\xa6")); /* does not fit into 80 columns */

        /* Of nine columns eight fit. */
        child_wait(&functions);
        CHECK(&functions, functions.status == 0 && !strstr(functions.out_text, "FAMILY"));
        CHECK(&functions, strstr(functions.out_text, "NODE") && strstr(functions.out_text, "REASON"));

        child_wait(&json);
        CHECK(&json, json.status == 0 && strstr(json.out_text, "\n  {"));
}

static void test_unreachable(const char *program, const char *fake)
{
        _cleanup_child_ Child mute = CTL("move", "mute"), away = CTL("list"), json = CTL("status", "--json");
        _cleanup_child_ Child follow = { 0 };
        _cleanup_json_ json_object *o = child_json(&json);

        CHECK(&mute, mute.status == 4 && strstr(mute.err_text, "may have begun"));
        CHECK(&away, away.status == 4 && strstr(away.err_text, "vgpu-hibernated does not run"));
        CHECK(&json, json.status == 4);
        CHECK(&json, json_is(&json, o, "error.name", "org.freedesktop.DBus.Error.ServiceUnknown"));

        /* The bus itself goes: nothing can come back. */
        daemon_start(fake, NULL);
        follow = ctl_spawn(program, false, (const char *const[]) { "move", "slow", NULL });
        child_wait_out(&follow, "set-mode: done");
        bus_stop();
        child_wait(&follow);
        CHECK(&follow, follow.status == 4 && strstr(follow.err_text, "the job goes on"));
}

int main(int argc, char *argv[])
{
        const char *program, *fake;

        assert(argc == 3);
        program = argv[1];
        fake = argv[2];

        bus_start();
        daemon_start(fake, NULL);

        test_list(program);
        test_functions(program);
        test_pools(program);
        test_reserve(program);
        test_hold(program);
        test_adopt(program);
        test_discard(program);
        test_quarantine(program);
        test_status(program);
        test_explain(program);
        test_inventory(program);
        test_move(program);
        test_move_quiet_and_json(program);
        test_errors(program);
        test_brief(program);
        test_cancel(program);
        test_watch(program);
        test_job(program);
        test_story(program);
        test_retry(program);
        test_no_wait(program);
        test_terminal(program);
        test_restart(program, fake);
        test_unreachable(program, fake);

        bus_stop();
        return 0;
}
