/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/families.h"

#include <sys/stat.h>

#include "test.h"

#define GOOD(devices) \
        "{\"schema\":1,\"_\":0,\"description\":\"d\",\"targets\":\"any\",\"devices\":[" devices "]}"

static char dir[] = "/tmp/test-families-XXXXXX";

static void put(const char *name, const char *text)
{
        char path[sizeof(dir) + 64];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
        f = fopen(path, "we");
        CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void drop(const char *name)
{
        char path[sizeof(dir) + 64];

        (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
        CHECK(remove(path) == 0);
}

static int load(Families *ret, Failure *reterr)
{
        char admin[sizeof(dir) + 8], shipped[sizeof(dir) + 8];

        (void) snprintf(admin, sizeof(admin), "%s/admin", dir);
        (void) snprintf(shipped, sizeof(shipped), "%s/shipped", dir);
        return families_load((const char *const[]) { admin, shipped, NULL }, ret, reterr);
}

static void expect_bad_name(const char *name)
{
        Failure why = { 0 };
        Families l = { 0 };

        put(name, GOOD("\"1002:74b9\""));
        CHECK(load(&l, &why) < 0 && why.code == FAILURE_INVALID_OPTION);
        CHECK(strstr(failure_message(&why), "the name of a family"));
        failure_done(&why);
        drop(name);
}

static void expect_error(const char *text, const char *words)
{
        Failure why = { 0 };
        Families l = { 0 };

        put("admin/bad.json", text);
        CHECK(load(&l, &why) < 0 && l.n == 0);
        CHECK(why.code == FAILURE_INVALID_OPTION);
        if (!strstr(failure_message(&why), words) || !strstr(failure_message(&why), "admin/bad.json")) {
                (void) fprintf(stderr, "'%s' gave: %s\n", text, failure_message(&why));
                abort();
        }
        failure_done(&why);
        drop("admin/bad.json");
}

static void make_directory(const char *name)
{
        char path[sizeof(dir) + 8];

        (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
        CHECK(mkdir(path, 0700) == 0);
}

/* A new device is a new file; what the administrator says comes first, by the file's name and by the device. */
static void test_load(void)
{
        Families l = { 0 };
        const Family *f;

        CHECK(load(&l, NULL) >= 0 && l.n == 0); /* there are no directories */

        make_directory("admin");
        make_directory("shipped");
        put("shipped/a.json", GOOD("\"1002:74b6\",\"1002:74BC\""));
        put("shipped/b.json", GOOD("\"8086:10ca\""));
        put("shipped/.hidden.json", "not read");
        put("shipped/README", "not read");
        put("shipped/c.json~", "not read");
        CHECK(load(&l, NULL) >= 0 && l.n == 2);
        f = families_find(&l, 0x1002, 0x74bc);
        CHECK(f && streq(f->name, "a") && f->targets == TARGETS_ANY && f->n_devices == 2);
        families_done(&l);

        put("admin/a.json", "{\"schema\":1,\"targets\":\"never\",\"devices\":[\"1002:74b6\"]}");
        put("admin/mine.json", GOOD("\"10de:2321\",\"8086:10ca\""));
        CHECK(load(&l, NULL) >= 0 && l.n == 3);
        f = families_find(&l, 0x1002, 0x74b6);
        CHECK(f && streq(f->name, "a") && f->targets == TARGETS_NEVER);
        CHECK(!families_find(&l, 0x1002, 0x74bc)); /* the shipped one is out of it */
        CHECK(streq(families_find(&l, 0x10de, 0x2321)->name, "mine"));
        CHECK(streq(families_find(&l, 0x8086, 0x10ca)->name, "mine"));
        families_done(&l);
}

static void test_fixups(void)
{
        Families l = { 0 };
        const Family *f;

        put("admin/mine.json", "{\"schema\":1,\"targets\":\"any\",\"without_fixups\":\"same-physical-node\","
                               "\"devices\":[\"10de:2321\"]}");
        CHECK(load(&l, NULL) >= 0);
        f = families_find(&l, 0x10de, 0x2321);
        CHECK(family_targets_for(f, FIXUPS_YES) == TARGETS_ANY);
        CHECK(family_targets_for(f, FIXUPS_NO) == TARGETS_SAME_PHYSICAL_NODE);
        CHECK(family_targets_for(f, FIXUPS_UNKNOWN) == TARGETS_SAME_PHYSICAL_NODE);

        f = families_find(&l, 0x1002, 0x74b6); /* says nothing of them */
        CHECK(family_targets_for(f, FIXUPS_NO) == TARGETS_NEVER &&
              family_targets_for(f, FIXUPS_YES) == TARGETS_NEVER);
        families_done(&l);
}

static void test_attributes(void)
{
        Families l = { 0 };
        const Family *f;

        put("admin/mine.json",
            "{\"schema\":1,\"targets\":\"any\",\"devices\":[\"10de:2321\"],\"attributes\":["
            "{\"name\":\"partition\",\"match\":true,\"of\":\"physical-function\",\"file\":\"mode\"},"
            "{\"name\":\"serial\",\"file\":\"vendor/serial_number\",\"_why\":\"for people\"},"
            "{\"name\":\"framebuffer_mib\",\"match\":true}]}");
        CHECK(load(&l, NULL) >= 0);
        f = families_find(&l, 0x10de, 0x2321);
        CHECK(f->n_attributes == 3);
        CHECK(streq(f->attributes[0].name, "partition") && f->attributes[0].must_match);
        CHECK(f->attributes[0].of == ATTRIBUTE_OF_PHYSICAL_FUNCTION && streq(f->attributes[0].file, "mode"));
        CHECK(!f->attributes[1].must_match && f->attributes[1].of == ATTRIBUTE_OF_FUNCTION);
        CHECK(f->attributes[2].must_match && !f->attributes[2].file);
        families_done(&l);
}

#define ATTRIBUTES(list) \
        "{\"schema\":1,\"targets\":\"any\",\"devices\":[\"1002:74b6\"],\"attributes\":" list "}"

static void test_errors_in_attributes(void)
{
        expect_error(ATTRIBUTES("{}"), "'attributes' must be an array");
        expect_error(ATTRIBUTES("[3]"), "'attributes[0]' must be an object");
        expect_error(ATTRIBUTES("[{}]"), "'attributes[0].name' is missing");
        expect_error(ATTRIBUTES("[{\"name\":\"a b\"}]"), "'attributes[0].name' must have");
        expect_error(ATTRIBUTES("[{\"name\":\"a\"},{\"name\":\"a\"}]"),
                     "'attributes[1].name' is 'a', as that");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"match\":1}]"),
                     "'attributes[0].match' must be true or false");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"of\":\"card\"}]"), "'attributes[0].of' has the unknown");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"of\":\"function\"}]"), "and 'file' none");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"path\":\"x\"}]"), "unknown member 'attributes[0].path'");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"file\":\"../../../etc/shadow\"}]"),
                     "'attributes[0].file' must");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"file\":\"..\"}]"), "'attributes[0].file' must");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"file\":\"\"}]"), "'attributes[0].file' must");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"file\":\"/a\"}]"), "'attributes[0].file' must");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"file\":\"a/\"}]"), "'attributes[0].file' must");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"file\":\"a//b\"}]"), "'attributes[0].file' must");
        expect_error(ATTRIBUTES("[{\"name\":\"a\",\"file\":\"a/../b\"}]"), "'attributes[0].file' must");
}

static void test_errors_name_the_place(void)
{
        expect_error("", "line 1");
        expect_error("{\n\"schema\": 1,\n oops", "line 3");
        expect_error("[]", "must be an object");
        expect_error("{\"schema\":2}", "upgrade");
        expect_error("{\"schema\":1,\"targets\":\"any\"}", "'devices' is missing");
        expect_error("{\"schema\":1,\"devices\":[\"1002:74b9\"]}", "'targets' is missing");
        expect_error("{\"schema\":1,\"devices\":[\"1002:74b9\"],\"targets\":\"some\"}", "'some'");
        expect_error(GOOD(""), "'devices' names none");
        expect_error(GOOD("\"1002:74b9\",7"), "'devices[1]'");
        expect_error(GOOD("\"1002:74b\""), "'devices[0]'");
        expect_error(GOOD("\"1002:74b9\\u0000\""), "'devices[0]'");
        expect_bad_name("admin/\xff\xfe.json");
        expect_bad_name("admin/a b.json");
        expect_bad_name("admin/a\nb.json");
        expect_error(GOOD("\"1002:74b99\""), "'devices[0]'");
        expect_error(GOOD("\"100274b99\""), "'devices[0]'");
        expect_error(GOOD("\":::::::::\""), "'devices[0]'");
        expect_error(GOOD("\"1002: 4b9\""), "'devices[0]'");
        expect_error("{\"schema\":1,\"device\":[],\"devices\":[\"1002:74b9\"],\"targets\":\"any\"}",
                     "unknown member 'device'");
        put("admin/awful.json", GOOD("\"1002:74b9\""));
        expect_error(GOOD("\"1002:74b7\",\"1002:74b9\""), "device 1002:74b9 is in family 'awful' already");
        drop("admin/awful.json");
}

#define WITH(members)                                                                                         \
        "{\"schema\":1,\"targets\":\"any\",\"without_fixups\":\"never\",\"devices\":[\"1002:74b9\"]," members \
        "}"

static void test_guest_rules(void)
{
        Families l = { 0 };
        const GuestRules *g;

        put("admin/rules.json",
            WITH("\"probes\":[{\"kind\":\"kernel-symbol\",\"module\":\"m\",\"any\":[\"a\",\"b.isra.0\"]},"
                 "{\"kind\":\"file\",\"path\":\"/sys/a*/b\",\"line\":\"1\",\"_why\":0},"
                 "{\"kind\":\"module-version\",\"module\":\"m\",\"minimum\":\"6.16.13\"},"
                 "{\"kind\":\"kernel-release\",\"minimum\":\"6.17\"}],\"vram_used\":\"/sys/v*\","
                 "\"health\":[{\"path\":\"/proc/x\"},{\"path\":\"/sys/y\",\"line\":\"DRIVER=z\"}]"));
        CHECK(load(&l, NULL) >= 0);
        g = &families_find(&l, 0x1002, 0x74b9)->guest;
        CHECK(g->n_probes == 4 && g->n_health == 2 && streq(g->vram_used, "/sys/v*"));
        CHECK(g->probes[0].kind == PROBE_KERNEL_SYMBOL && g->probes[0].n_any == 2 &&
              streq(g->probes[0].any[1], "b.isra.0") && streq(g->probes[0].module, "m"));
        CHECK(g->probes[1].kind == PROBE_FILE && streq(g->probes[1].file.path, "/sys/a*/b") &&
              streq(g->probes[1].file.line, "1"));
        CHECK(g->probes[2].kind == PROBE_MODULE_VERSION && streq(g->probes[2].minimum, "6.16.13"));
        CHECK(g->probes[3].kind == PROBE_KERNEL_RELEASE && streq(g->probes[3].minimum, "6.17"));
        CHECK(streq(g->health[0].path, "/proc/x") && !g->health[0].line &&
              streq(g->health[1].line, "DRIVER=z"));
        families_done(&l);
        drop("admin/rules.json");

        expect_error(WITH("\"probes\":[7]"), "'probes[0]' must be an object");
        expect_error(WITH("\"probes\":[{}]"), "'probes[0].kind' is missing");
        expect_error(WITH("\"probes\":[{\"kind\":\"kernel\"}]"), "'kernel'");
        expect_error(WITH("\"probes\":[{\"kind\":\"kernel-symbol\"}]"), "'probes[0].any' is missing");
        expect_error(WITH("\"probes\":[{\"kind\":\"kernel-symbol\",\"any\":[]}]"),
                     "'probes[0].any' names none");
        expect_error(WITH("\"probes\":[{\"kind\":\"kernel-symbol\",\"any\":[\"a b\"]}]"),
                     "'probes[0].any[0]'");
        expect_error(WITH("\"probes\":[{\"kind\":\"kernel-symbol\",\"any\":[\"a\\u0000\"]}]"),
                     "'probes[0].any[0]'");
        expect_error(WITH("\"probes\":[{\"kind\":\"kernel-symbol\",\"any\":[\"a\"],\"all\":1}]"),
                     "unknown member 'probes[0].all'");
        expect_error(WITH("\"probes\":[{\"kind\":\"module-version\",\"minimum\":\"1\"}]"),
                     "'probes[0].module' is missing");
        expect_error(WITH("\"probes\":[{\"kind\":\"module-version\",\"module\":\"../x\",\"minimum\":\"1\"}]"),
                     "'probes[0].module'");
        expect_error(WITH("\"probes\":[{\"kind\":\"file\",\"path\":\"/etc/shadow\"}]"), "'probes[0].path'");
        expect_error(WITH("\"health\":[{\"path\":\"/sys/../etc/shadow\"}]"), "'health[0].path'");
        expect_error(WITH("\"health\":[{\"path\":\"/sys/*/*\"}]"), "'health[0].path'");
        expect_error(WITH("\"health\":[{\"path\":\"/sys/a\",\"line\":\"\"}]"), "'health[0].line'");
        expect_error(WITH("\"health\":[{\"path\":\"/sys/a\",\"value\":\"1\"}]"),
                     "unknown member 'health[0].value'");
        expect_error(WITH("\"health\":[7]"), "'health[0]' must be an object");
        expect_error(WITH("\"vram_used\":\"/dev/mem\""), "'vram_used'");
        expect_error("{\"schema\":1,\"targets\":\"any\",\"devices\":[\"1002:74b9\"],\"probes\":["
                     "{\"kind\":\"kernel-release\",\"minimum\":\"6.17\"}]}",
                     "'without_fixups' is missing");
}

#define FAMILY(members) "{\"schema\":1,\"targets\":\"any\",\"devices\":[\"1002:74b9\"]," members "}"
#define GATE(members) FAMILY("\"gate\":{" members "}")

static void test_gate_and_clean(void)
{
        static const char good[] = GATE(
                        "\"command\":[\"tool\",\"{address}\"],\"path\":\"/0\",\"accepts\":[\"A\",\"B\"],"
                        "\"optional\":true},\"clean\":{\"command\":[\"/x\"],\"deadline_seconds\":60");
        Family f = { 0 };

        CHECK(family_parse(good, strlen(good), "x", "x", &f, NULL) >= 0);
        CHECK(streq(f.gate.command.words[1], "{address}") && !f.gate.command.words[2]);
        CHECK(f.gate.command.deadline_usec == 10 * USEC_PER_SEC && f.gate.optional);
        CHECK(family_gate_accepts(&f.gate, "B") && !family_gate_accepts(&f.gate, "C"));
        CHECK(streq(f.clean.words[0], "/x") && f.clean.deadline_usec == 60 * USEC_PER_SEC);
        family_done(&f);

        expect_error(FAMILY("\"gate\":[]"), "'gate' must be an object");
        expect_error(GATE(""), "'gate.command' is missing");
        expect_error(GATE("\"command\":[]"), "'gate.command' names none");
        expect_error(GATE("\"command\":[\"x\",7]"), "'gate.command[1]' must be a string");
        expect_error(GATE("\"command\":[\"x\\u0000y\"]"), "'gate.command[0]' must be a string");
        expect_error(GATE("\"command\":[\"sbin/x\"]"), "'gate.command': its first word must be a program");
        expect_error(GATE("\"command\":[\"x\",\"{bdf}\"]"), "'gate.command': '{bdf}' stands for nothing");
        expect_error(GATE("\"command\":[\"x\"],\"deadline_seconds\":0"), "'gate.deadline_seconds'");
        expect_error(GATE("\"command\":[\"x\"]"), "'gate.path' is missing");
        expect_error(GATE("\"command\":[\"x\"],\"path\":\"a\",\"accepts\":[\"A\"]"),
                     "'gate.path' must be a JSON");
        expect_error(GATE("\"command\":[\"x\"],\"path\":\"\""), "'gate.accepts' is missing");
        expect_error(GATE("\"shell\":true"), "unknown member 'gate.shell'");
        expect_error(FAMILY("\"clean\":{\"command\":[\"x\"],\"path\":\"\"}"), "unknown member 'clean.path'");
}

static void clean_up(void)
{
        static const char *const names[] = { "shipped/a.json",
                                             "shipped/b.json",
                                             "shipped/.hidden.json",
                                             "shipped/README",
                                             "shipped/c.json~",
                                             "admin/a.json",
                                             "admin/mine.json",
                                             "shipped",
                                             "admin",
                                             "" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                drop(names[i]);
}

#define STRATEGIES(list) \
        "{\"schema\":1,\"devices\":[\"1002:74b9\"],\"targets\":\"any\",\"strategies\":" list "}"

/* An order, of what loses nothing. */
static void test_strategies(void)
{
        Families l = { 0 };
        const StrategyList *s;

        put("admin/good.json", STRATEGIES("[\"device-state\",\"suspend-to-ram\"]"));
        CHECK(load(&l, NULL) >= 0);
        s = &families_find(&l, 0x1002, 0x74b9)->strategies;
        CHECK(s->said && s->n == 2 && s->list[0] == STRATEGY_DEVICE_STATE &&
              s->list[1] == STRATEGY_SUSPEND_TO_RAM);
        families_done(&l);
        drop("admin/good.json");

        expect_error(STRATEGIES("\"device-state\""), "'strategies'");
        expect_error(STRATEGIES("[]"), "'strategies' names none");
        expect_error(STRATEGIES("[7]"), "'strategies[0]'");
        expect_error(STRATEGIES("[\"device-state\",\"unplug\"]"), "'strategies[1]'");
        expect_error(STRATEGIES("[\"auto\"]"), "'strategies[0]'");
        expect_error(STRATEGIES("[\"device-state\",\"device-state\"]"), "'strategies[1]' is there twice");
}

int main(void)
{
        CHECK(mkdtemp(dir));
        test_load();
        test_fixups();
        test_attributes();
        test_errors_in_attributes();
        test_errors_name_the_place();
        test_guest_rules();
        test_gate_and_clean();
        test_strategies();
        clean_up();
        return EXIT_SUCCESS;
}
