/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/config.h"

#include "core/family.h"
#include "test.h"

static Config *parse(const char *text, Failure *reterr)
{
        Config *c = NULL;

        if (config_parse(text, strlen(text), "test.json", &c, reterr) < 0)
                return NULL;
        return c;
}

static void expect_error(const char *text, const char *expected)
{
        Failure why = { 0 };

        CHECK(!parse(text, &why));
        CHECK(why.code == FAILURE_INVALID_OPTION);
        if (!strstr(failure_message(&why), expected) || !strstr(failure_message(&why), "test.json")) {
                (void) fprintf(stderr, "'%s' gave: %s\n", text, failure_message(&why));
                abort();
        }
        failure_done(&why);
}

static void test_reserve(void)
{
        Config *c = parse("{\"schema\":1}", NULL);

        CHECK(c && c->image_reserve_bytes == UINT64_C(256) << 20);
        config_free(c);
        c = parse("{\"schema\":1,\"image_reserve_mib\":1073741824}", NULL);
        CHECK(c && c->image_reserve_bytes == UINT64_C(1) << 50);
        config_free(c);
}

static void test_requests(void)
{
        Config *c = parse("{\"schema\":1}", NULL);

        CHECK(c && c->n_requests == 4 && c->requests[3].functions == 8);
        config_free(c);
        c = parse("{\"schema\":1,\"requests\":[{\"functions\":2,\"weight\":3},{\"functions\":64,\"on\":\"any\"}]}",
                  NULL);
        CHECK(c && c->n_requests == 2 && c->requests[0].functions == 2 &&
              c->requests[0].on == PLANNER_ONE_PF);
        CHECK(c->requests[1].on == PLANNER_ANYWHERE && c->requests[0].share > 0.74 &&
              c->requests[0].share < 0.76);
        config_free(c);
}

static void test_errors_name_the_place(void)
{
        expect_error("{\"schema\":1,\"requests\":[]}", "'requests' is empty");
        expect_error("{\"schema\":1,\"requests\":[{\"functions\":0}]}", "requests[0].functions");
        expect_error("{\"schema\":1,\"requests\":[{\"functions\":1,\"on\":\"both\"}]}", "requests[0].on");
        expect_error("{\"schema\":1,\"requests\":[{\"functions\":1},{\"functions\":1,\"share\":1}]}",
                     "requests[1].share");
        expect_error("", "line 1");
        expect_error("{\"schema\":1,\"functions\":{\"match\":[{\"family\":\"x\"}]}}",
                     "functions.match[0].family");
        expect_error("{\"schema\":1,\"functions\":{\"exclude\":[{\"index\":1}]}}",
                     "functions.exclude[0].index");
        expect_error("{\"schema\":1,\"functions\":{\"exclude\":[{\"slot\":\"../x\\n\"}]}}",
                     "exclude[0].slot");
        expect_error("{\"schema\":1,\"functions\":{\"exclude\":[{\"serial\":\"AA\"}]}}",
                     "exclude[0].serial");
        expect_error("{\"schema\":1,\"functions\":{\"match\":[{\"numa_node\":-1}]}}", "match[0].numa_node");
        expect_error("{\"schema\":1,\"pools\":[{\"name\":\"a\",\"match\":[{\"family\":\"a b\"}]}]}",
                     "pools[0].match[0].family");
        expect_error("{\"schema\":1,\"pools\":[{\"name\":\"a\",\"match\":[{\"device\":\"1234\"}],\"prefer\":[{}]}]}",
                     "pools[0].prefer[0]");
        expect_error("{\n\"schema\": 1,\n oops", "line 3");
        expect_error("{} {}", "not valid JSON");
        expect_error("[]", "must be an object");
        expect_error("{}", "'schema' is missing");
        expect_error("{\"schema\":\"1\"}", "'schema' must be a whole number");
        expect_error("{\"schema\":2}", "upgrade");
        expect_error("{\"schema\":1,\"fnctions\":{}}", "unknown member 'fnctions'");
        expect_error("{\"schema\":1,\"functions\":{\"match\":[{}]}}", "functions.match[0]");
        expect_error("{\"schema\":1,\"functions\":{\"match\":[{\"_\":\"\"}]}}", "functions.match[0]");
        expect_error("{\"schema\":1,\"functions\":{\"match\":[{\"vendor\":\"10022\"}]}}",
                     "functions.match[0].vendor");
        expect_error("{\"schema\":1,\"functions\":{\"match\":[{\"vendor\":\"1002\"},{\"venor\":\"1\"}]}}",
                     "functions.match[1].venor");
        expect_error("{\"schema\":1,\"functions\":{\"exclude\":[{\"address\":\"x\"}]}}",
                     "functions.exclude[0].address");
        expect_error("{\"schema\":1,\"pools\":[{\"name\":\"a b\",\"match\":[]}]}", "pools[0].name");
        expect_error("{\"schema\":1,\"pools\":[{\"name\":\"a\",\"match\":[]}]}", "pools[0].match");
        expect_error("{\"schema\":1,\"pools\":[{\"name\":\"a\",\"match\":[{\"vendor\":\"1002\"}]},"
                     "{\"name\":\"a\",\"match\":[{\"vendor\":\"1002\"}]}]}",
                     "another pool 'a'");
        expect_error("{\"schema\":1,\"pools\":[{\"name\":\"a\",\"match\":[{}]}]}", "pools[0].match[0]");
        expect_error("{\"schema\":1,\"pick\":\"best\"}", "'pick' has the unknown value 'best'");
        expect_error("{\"schema\":1,\"timeouts\":{\"wake_seconds\":0}}", "timeouts.wake_seconds");
        expect_error("{\"schema\":1,\"timeouts\":{\"wake_seconds\":-5}}", "timeouts.wake_seconds");
        expect_error("{\"schema\":1,\"timeouts\":{\"wake_seconds\":1e9}}", "timeouts.wake_seconds");
        expect_error("{\"schema\":1,\"jobs_max\":257}", "'jobs_max'");
        expect_error("{\"schema\":1,\"reset_delay_seconds\":3601}", "'reset_delay_seconds'");
        expect_error("{\"schema\":1,\"on_shutdown\":\"pray\"}", "'on_shutdown'");
        expect_error("{\"schema\":1,\"image_dir\":\"save\"}", "absolute");
        expect_error("{\"schema\":1,\"image_reserve_mib\":-1}", "image_reserve_mib");
        expect_error("{\"schema\":1,\"image_reserve_mib\":\"1 GiB\"}", "image_reserve_mib");
        expect_error("{\"schema\":1,\"libvirt_uri\":\"a\\u0000b\"}", "NUL");
}

static void test_values(void)
{
        _cleanup_(config_freep) Config *c = parse(
                        "{\"schema\":1,\"_comment\":\"lab\",\"libvirt_uri\":\"test:///default\","
                        "\"functions\":{\"match\":[{\"vendor\":\"8086\",\"device\":\"10ca\"}],"
                        "\"exclude\":[{\"address\":\"0000:01:10.2\"}]},\"pick\":\"spread\","
                        "\"timeouts\":{\"agent_seconds\":3},\"finished_jobs_max\":0,\"jobs_max\":256,\"on_shutdown\":\"nothing\",\"reset_delay_seconds\":0,\"attempts_max\":15}",
                        NULL);
        Function f = { .identity = { .vendor = 0x8086, .device = 0x10ca } };

        CHECK(c);
        CHECK(streq(c->libvirt_uri, "test:///default"));
        CHECK(c->pick == PICK_SPREAD);
        CHECK(c->agent_timeout_usec == 3 * USEC_PER_SEC);
        CHECK(c->finished_jobs_max == 0);
        CHECK(c->attempts_max == 15);
        CHECK(c->jobs_max == 256);
        CHECK(c->reset_delay_usec == 0);
        CHECK(c->on_shutdown == ON_SHUTDOWN_NOTHING);

        CHECK(pci_address_parse("0000:01:10.0", &f.address) >= 0);
        CHECK(config_matches(c, &f));
        CHECK(pci_address_parse("0000:01:10.2", &f.address) >= 0);
        CHECK(!config_matches(c, &f));
        CHECK(pci_address_parse("0000:01:10.4", &f.address) >= 0);
        f.identity.device = 0x10cb;
        CHECK(!config_matches(c, &f));
}

static void expect_pool(const Config *c, const Function *f, PickPolicy pick, const char *name, uint32_t rank)
{
        char got[POOL_NAME_MAX];
        uint32_t got_rank;

        CHECK(config_pool_of(c, f, got, &got_rank) == pick);
        CHECK(streq(got, name) && got_rank == rank);
}

static void test_pools(void)
{
        _cleanup_(config_freep) Config *c = parse(
                        "{\"schema\":1,\"pick\":\"spread\",\"pools\":["
                        "{\"name\":\"card1\",\"pick\":\"pack\",\"match\":[{\"physical_function\":\"0000:01:00.0\"}]},"
                        "{\"name\":\"amd\",\"match\":[{\"device\":\"74b6\"},{\"device\":\"74bc\"}]}]}",
                        NULL);
        Function f = { .identity = { .vendor = 0x1002, .device = 0x74bc },
                       .physical_function = { .bus = 1 } };

        CHECK(c);
        expect_pool(c, &f, PICK_PACK, "card1", 0);
        f.physical_function.bus = 2;
        expect_pool(c, &f, PICK_SPREAD, "amd", 0);
        f.identity.device = 0x74b5;
        expect_pool(c, &f, PICK_SPREAD, "1002-74b5", 0);
}

/* What a function has beside its ids and its address. */
static void test_further_rules(void)
{
        _cleanup_(config_freep) Config *c = parse(
                        "{\"schema\":1,\"functions\":{\"match\":[{\"vendor\":\"1002\"}],"
                        "\"exclude\":[{\"slot\":\"pci0000:00/10.0/00.0\",\"index\":3},{\"serial\":\"00000000000000aa\"}]},"
                        "\"pools\":[{\"name\":\"near\",\"pick\":\"near\",\"match\":[{\"numa_node\":1}],"
                        "\"prefer\":[{\"address\":\"0000:01:10.0\"},{\"physical_function\":\"0000:01:00.0\"}]},"
                        "{\"name\":\"mi\",\"match\":[{\"family\":\"mi300x\"}]}]}",
                        NULL);
        const Family mi = { .name = (char[]) { "mi300x" } };
        Function f = { .address = { .bus = 1, .slot = 16 },
                       .physical_function = { .bus = 1 },
                       .identity = { .vendor = 0x1002, .device = 0x74b5 },
                       .locator = { .slot = "pci0000:00/10.0/00.0", .index = 2 },
                       .numa_node = 1 };

        CHECK(c);
        CHECK(config_matches(c, &f));
        f.locator.index = 3;
        CHECK(!config_matches(c, &f));
        f.locator = (Locator) { .slot = "pci0000:00/11.0/00.0", .serial = 0xaa };
        CHECK(!config_matches(c, &f));

        expect_pool(c, &f, PICK_NEAR, "near", 0);
        f.address.function = 1;
        expect_pool(c, &f, PICK_NEAR, "near", 1);
        f.physical_function.bus = 2;
        expect_pool(c, &f, PICK_NEAR, "near", 2);
        f.numa_node = 0;
        expect_pool(c, &f, PICK_PACK, "1002-74b5", 0);
        f.family = &mi;
        expect_pool(c, &f, PICK_PACK, "mi", 0);
}

static void test_defaults(void)
{
        _cleanup_(config_freep) Config *c = NULL;
        Function f = { .identity = { .class_code = 0x030000 } };

        CHECK(config_load("/nonexistent/vgpu-hibernate.json", &c, NULL) >= 0);
        CHECK(config_matches(c, &f));
        f.identity.class_code = 0x120000;
        CHECK(config_matches(c, &f));
        f.identity.class_code = 0x038000;
        CHECK(config_matches(c, &f));
        f.identity.class_code = 0x020000;
        CHECK(!config_matches(c, &f));
        CHECK(config_load("/", &(Config *) { NULL }, NULL) < 0);
}

static void test_class_rule(void)
{
        _cleanup_(config_freep) Config *c = parse(
                        "{\"schema\":1,\"functions\":{\"match\":[{\"class\":\"0200\"},{\"class\":\"12\"}]}}",
                        NULL);
        Function f = { .identity = { .class_code = 0x020000 } };

        CHECK(c);
        CHECK(config_matches(c, &f));
        f.identity.class_code = 0x028000;
        CHECK(!config_matches(c, &f));
        f.identity.class_code = 0x128000;
        CHECK(config_matches(c, &f));
}

int main(void)
{
        test_reserve();
        test_requests();
        test_errors_name_the_place();
        test_values();
        test_defaults();
        test_pools();
        test_further_rules();
        test_class_rule();
        return EXIT_SUCCESS;
}
