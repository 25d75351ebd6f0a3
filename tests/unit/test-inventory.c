/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/inventory.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#include "basic/clock.h"
#include "store/inventory-json.h"
#include "store/json-util.h"
#include "test.h"

static int parse(const char *text, Fleet *ret, Failure *reterr)
{
        return fleet_parse(text, strlen(text), "test.json", ret, reterr);
}

#define F(address, rest) \
        "{\"address\":\"0000:01:" address "\",\"physical_function\":\"0000:01:00.0\"," rest "}"
#define FUNCTIONS(list) "{\"schema\":1,\"functions\":[" list "]}"
#define ASSIGNED F("10.0", "\"state\":\"assigned\",\"domain\":\"x\"")
#define DOMAINS(functions, domains) "{\"schema\":1,\"functions\":[" functions "],\"domains\":[" domains "]}"
#define IDENTITY(rest)      \
        FUNCTIONS(F("10.0", \
                    "\"state\":\"free\",\"identity\":{\"vendor\":\"1002\",\"device\":\"74b6\"" rest "}"))

static const char whole[] =
                "{\"schema\":1,\"host\":\"node1\",\"stamp\":\"7\",\"_\":0,\"functions\":["
                "{\"address\":\"0000:02:10.0\",\"physical_function\":\"0000:02:00.0\",\"state\":\"assigned\",\"new\":[],"
                "\"pool\":\"p\",\"kind\":\"k\",\"group\":\"g\",\"numa_node\":1,\"identity\":{\"vendor\":\"1002\","
                "\"device\":\"74b6\",\"subsystem\":\"1002:74a1\",\"revision\":\"0f\",\"class\":\"120000\",\"bars\":["
                "{\"index\":2,\"bytes\":17179869184,\"kind\":\"mem64\",\"prefetchable\":true}],\"msix\":64,"
                "\"iommu_group_viable\":false,\"attributes\":{\"partition\":\"CPX\",\"framebuffer_mib\":24536}}}," F(
                                "10.0",
                                "\"state\":\"held\",\"domain\":\"b\"") "],\"domains\":["
                                                                       "{\"name\":\"b\",\"movable\":false},"
                                                                       "{\"name\":\"a\",\"uuid\":\"u\",\"state\":\"running\",\"functions\":[\"0000:02:10.0\"],\"cost_seconds\":12.5,\"image_bytes\":4096,"
                                                                       "\"max_downtime_seconds\":60,\"affinity\":\"group\"}]}";

static void test_null(void)
{
        _cleanup_(fleet_done) Fleet fleet = { 0 };

        CHECK(parse(IDENTITY(",\"subsystem\":null,\"revision\":null,\"virtual\":null,\"msix\":null,\"bars\":["
                             "{\"index\":0,\"bytes\":1,\"kind\":\"io\",\"prefetchable\":null}],\"attributes\":null"),
                    &fleet, NULL) >= 0);
        CHECK(fleet.hosts[0].functions[0].function.identity.vendor == 0x1002);
        CHECK(fleet.hosts[0].functions[0].function.identity.bars[0].io);
        CHECK(!fleet.hosts[0].functions[0].function.is_physical);
}

static void test_read(void)
{
        _cleanup_(fleet_done) Fleet fleet = { 0 };
        const InventoryFunction *f;
        const InventoryDomain *d;
        const Inventory *inv;
        PciAddress a;

        CHECK(parse(whole, &fleet, NULL) >= 0 && fleet.n == 1);
        inv = fleet.hosts;
        CHECK(streq(inv->host, "node1") && streq(inv->stamp, "7"));
        CHECK(inv->n_functions == 2 && inv->n_domains == 2);

        f = inv->functions; /* in the order of the file */
        CHECK(pci_address_parse("0000:02:10.0", &a) >= 0 && inventory_find(inv, &a) == 0);
        CHECK(f->domain == 1 && streq(f->function.domain, "a") && f->function.state == FUNCTION_ASSIGNED);
        CHECK(streq(f->function.pool, "p") && streq(f->function.kind, "k") && streq(f->function.group, "g"));
        CHECK(f->function.numa_node == 1 && !f->function.is_physical && f->function.group_obstacle);
        CHECK(f->function.identity.subdevice == 0x74a1 && f->function.identity.revision == 0x0f);
        CHECK(f->function.identity.bars[2].bytes == UINT64_C(1) << 34 && f->function.identity.bars[2].mem64);
        CHECK(f->function.identity.msix == 64);
        CHECK(streq(attributes_get(&f->function.identity.attributes, "framebuffer_mib"), "24536"));

        f++;
        CHECK(f->domain == 0 && f->function.numa_node == -1 && f->function.identity.vendor == 0);
        CHECK(!f->function.group_obstacle && !f->function.is_dead);

        d = inv->domains; /* held for it, not assigned */
        CHECK(d->n_functions == 0 && !d->movable && isinf(d->max_downtime_seconds) && d->cost_seconds == 0);
        d++;
        CHECK(d->n_functions == 1 && d->functions[0] == 0 && d->affinity == AFFINITY_GROUP && d->movable);
        CHECK(d->image_bytes == 4096 && inv->domains[0].image_bytes == 0);
        CHECK(d->cost_seconds == 12.5 && d->max_downtime_seconds == 60);
}

static void test_physical_functions(void)
{
        _cleanup_(fleet_done) Fleet fleet = { 0 };

        CHECK(parse(FUNCTIONS("{\"address\":\"0000:01:00.0\",\"state\":\"free\",\"identity\":{\"virtual\":false,"
                              "\"vendor\":\"1002\",\"device\":\"74a2\"}},"
                              "{\"address\":\"0000:02:00.0\",\"physical_function\":\"0000:02:00.0\",\"state\":\"free\"}"),
                    &fleet, NULL) >= 0);
        CHECK(fleet.hosts[0].functions[0].function.is_physical);
        CHECK(fleet.hosts[0].functions[1].function.is_physical);
}

static void test_fleet(void)
{
        _cleanup_(fleet_done) Fleet fleet = { 0 };

        CHECK(parse("{\"schema\":1,\"hosts\":[" DOMAINS(
                                    ASSIGNED,
                                    "{\"name\":\"x\"}") ",{\"functions\":[" ASSIGNED
                                                        "],\"host\":\"b\",\"domains\":[{\"name\":\"x\"}]}]}",
                    &fleet, NULL) >= 0);
        CHECK(fleet.n == 2 && fleet.hosts[0].domains[0].n_functions == 1 && streq(fleet.hosts[1].host, "b"));
}

static void test_write(void)
{
        _cleanup_json_ json_object *o = NULL, *o_again = NULL;
        _cleanup_(fleet_done) Fleet fleet = { 0 }, again = { 0 };

        CHECK(parse(whole, &fleet, NULL) >= 0 && inventory_to_json(fleet.hosts, &o) >= 0);
        CHECK(parse(json_object_to_json_string(o), &again, NULL) >= 0);
        CHECK(memcmp(&again.hosts[0].functions[0].function.identity,
                     &fleet.hosts[0].functions[0].function.identity, sizeof(FunctionIdentity)) == 0);
        CHECK(inventory_to_json(again.hosts, &o_again) >= 0);
        CHECK(streq(json_object_to_json_string(o), json_object_to_json_string(o_again)));
}

static void test_errors(void)
{
        static const struct {
                const char *text, *words;
        } table[] = {
                { "", "test.json, line 1" },
                { "[]", "'file' must be an object" },
                { "{}", "'schema' is missing" },
                { "{\"schema\":2,\"functions\":[]}", "upgrade" },
                { "{\"schema\":1}", "'functions' is missing" },
                { "{\"schema\":1,\"hosts\":{}}", "'hosts' must be an array" },
                { "{\"schema\":1,\"hosts\":[3]}", "'hosts[0]' must be an object" },
                { "{\"schema\":1,\"hosts\":[" FUNCTIONS("") ",{}]}", "'hosts[1].functions' is missing" },
                { "{\"schema\":1,\"hosts\":[{\"host\":\"a\",\"functions\":[]},{\"host\":\"a\",\"functions\":[]}]}",
                  "have the name 'a'" },
                { "{\"schema\":1,\"hosts\":[{\"host\":7,\"functions\":[]}]}",
                  "'hosts[0].host' must be a string" },
                { FUNCTIONS("7"), "'functions[0]' must be an object" },
                { FUNCTIONS("{}"), "'functions[0].address' is missing" },
                { FUNCTIONS(F("40.0", "\"state\":\"free\"")),
                  "'functions[0].address' must be a PCI address" },
                { FUNCTIONS("{\"address\":\"0000:01:10.0\",\"state\":\"free\"}"),
                  "'functions[0].physical_function' is missing" },
                { FUNCTIONS(F("10.0", "\"state\":1")), "'functions[0].state' must be a string" },
                { FUNCTIONS(F("10.0", "\"state\":\"fre\"")),
                  "'functions[0].state' has the unknown value 'fre'" },
                { FUNCTIONS(F("10.0", "\"numa_node\":0")), "'functions[0].state' is missing" },
                { FUNCTIONS(F("10.0", "\"state\":\"free\",\"numa_node\":\"0\"")),
                  "'functions[0].numa_node'" },
                { FUNCTIONS(F("10.0", "\"state\":\"free\",\"kind\":\"\"")), "'functions[0].kind' is empty" },
                { FUNCTIONS(F("10.0", "\"state\":\"free\",\"domain\":\"x\"")),
                  "is free, and of domain 'x'" },
                { FUNCTIONS(F("10.0", "\"state\":\"free\"") "," F("10.0", "\"state\":\"free\"")),
                  "'functions[1].address' is there twice: 0000:01:10.0" },
                { FUNCTIONS(ASSIGNED), "'functions[0].domain' is 'x', which is not among the domains" },
                { IDENTITY(",\"bars\":[{}]"), "'functions[0].identity.bars[0].index' is missing" },
                { IDENTITY(",\"bars\":[{\"index\":6,\"bytes\":1,\"kind\":\"io\"}]"),
                  "bars[0].index' must be 0 to 5" },
                { IDENTITY(",\"bars\":[{\"index\":0,\"bytes\":99999999999999999999,\"kind\":\"io\"}]"),
                  "bars[0].bytes' must be 1 to" },
                { IDENTITY(",\"bars\":[{\"index\":0,\"bytes\":-1,\"kind\":\"io\"}]"),
                  "bars[0].bytes' must be" },
                { IDENTITY(",\"bars\":[{\"index\":0,\"bytes\":1,\"kind\":\"io\"},"
                           "{\"index\":0,\"bytes\":1,\"kind\":\"io\"}]"),
                  "'functions[0].identity.bars[1]' tells BAR 0 again" },
                { IDENTITY(",\"vendor\":null"), "'functions[0].identity.vendor' is missing" },
                { IDENTITY(",\"msix\":2049"), "'functions[0].identity.msix' must be 0 to 2048" },
                { IDENTITY(",\"class\":\"12\""), "'functions[0].identity.class' must have 6" },
                { IDENTITY(",\"subsystem\":\"1002-74b6\""),
                  "'functions[0].identity.subsystem' must be like" },
                { IDENTITY(",\"virtual\":1"), "'functions[0].identity.virtual' must be true or false" },
                { IDENTITY(",\"attributes\":{\"n\":1.5}"), "'functions[0].identity.attributes.n' must be" },
                { IDENTITY(",\"attributes\":{\"n\":{}}"), "'functions[0].identity.attributes.n' must be" },
                { IDENTITY(",\"attributes\":{\"n\":99999999999999999999}"), "attributes.n' must be" },
                { IDENTITY(",\"attributes\":{\"n.\":1}"), "attributes.n.': a name has" },
                { IDENTITY(",\"attributes\":{\"n\":\"a\\u0000b\"}"), "attributes.n' contains a NUL" },
                { FUNCTIONS(F("10.0",
                              "\"state\":\"free\",\"identity\":{\"vendor\":\"0000\",\"device\":\"0000\"}")),
                  "'functions[0].identity.vendor' is no vendor" },
                { DOMAINS("", "{}"), "'domains[0].name' is missing" },
                { DOMAINS("", "{\"name\":\"x\"},{\"name\":\"y\"},{\"name\":\"x\"}"),
                  "'domains[2].name' is there twice: x" },
                { DOMAINS("", "{\"name\":\"x\",\"uuid\":\"u\"},{\"name\":\"y\",\"uuid\":\"u\"}"),
                  "'domains[1].uuid' is there twice: u" },
                { DOMAINS("", "{\"name\":\"x\",\"image_bytes\":0}"),
                  "'domains[0].image_bytes' must be 1 to" },
                { DOMAINS("", "{\"name\":\"x\",\"image_bytes\":\"4G\"}"),
                  "'domains[0].image_bytes' must be" },
                { DOMAINS("", "{\"name\":\"x\",\"movable\":\"yes\"}"),
                  "'domains[0].movable' must be true or false" },
                { DOMAINS("", "{\"name\":\"x\",\"affinity\":\"card\"}"),
                  "'domains[0].affinity' has the unknown" },
                { DOMAINS("", "{\"name\":\"x\",\"cost_seconds\":-0.5}"),
                  "'domains[0].cost_seconds' must be 0 to" },
                { DOMAINS("", "{\"name\":\"x\",\"cost_seconds\":1e999}"),
                  "'domains[0].cost_seconds' must be 0 to" },
                { DOMAINS("", "{\"name\":\"x\",\"cost_seconds\":NaN}"),
                  "'domains[0].cost_seconds' must be 0 to" },
                { DOMAINS("", "{\"name\":\"x\",\"cost_seconds\":\"1\"}"),
                  "'domains[0].cost_seconds' must be a number" },
                { DOMAINS("", "{\"name\":\"x\",\"max_downtime_seconds\":Infinity}"),
                  "'domains[0].max_downtime_seconds'" },
                { DOMAINS("", "{\"name\":\"x\",\"functions\":[\"0000:01:10.0\"]}"),
                  "'domains[0].functions[0]' is 0000:01:10.0, which is not among the functions" },
                { DOMAINS("", "{\"name\":\"x\",\"functions\":[3]}"),
                  "'domains[0].functions[0]' is no PCI address" },
                { DOMAINS(ASSIGNED, "{\"name\":\"x\",\"functions\":[]}"),
                  "'functions[0].domain' is 'x', which does not list it" },
                { DOMAINS(ASSIGNED, "{\"name\":\"y\",\"functions\":[\"0000:01:10.0\"]}"),
                  "which names domain 'x'" },
                { DOMAINS(ASSIGNED, "{\"name\":\"x\",\"functions\":[\"0000:01:10.0\",\"0000:01:10.0\"]}"),
                  "'domains[0].functions[1]' is 0000:01:10.0, which domain 'x' has" },
                { DOMAINS(F("10.0", "\"state\":\"free\""),
                          "{\"name\":\"x\",\"functions\":[\"0000:01:10.0\"]}"),
                  "which is free" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                Fleet fleet = { 0 };
                Failure why = { 0 };

                if (parse(table[i].text, &fleet, &why) >= 0 || why.code != FAILURE_INVALID_OPTION ||
                    !strstr(failure_message(&why), table[i].words) ||
                    !strstr(failure_message(&why), "test.json")) {
                        (void) fprintf(stderr, "'%s' gave: %s\n", table[i].text, failure_message(&why));
                        abort();
                }
                failure_done(&why);
        }
}

/* What is too much is refused before it takes memory. */
static void test_limits(void)
{
        _cleanup_(failure_done) Failure many = { 0 }, big = { 0 }, gone = { 0 };
        char path[] = "/tmp/test-inventory.XXXXXX";
        size_t n = 4U << 20;
        char *text = malloc(n);
        Fleet fleet = { 0 };
        int fd;

        CHECK(text);
        for (size_t i = 0; i < n; i++)
                text[i] = "[],"[i % 3];
        CHECK(fleet_parse(text, n, "many", &fleet, &many) < 0 &&
              strstr(failure_message(&many), "objects and arrays"));
        free(text);

        fd = mkstemp(path);
        CHECK(fd >= 0 && ftruncate(fd, 100 << 20) == 0 && close(fd) == 0);
        CHECK(fleet_read_file(path, &fleet, &big) < 0 && big.code == FAILURE_INVALID_OPTION);
        CHECK(strstr(failure_message(&big), path) && strstr(failure_message(&big), "split it by hosts"));
        CHECK(unlink(path) == 0 && fleet_read_file(path, &fleet, &gone) == -ENOENT);
}

/* A thousand hosts of 64 functions are read in far less than what a quadratic loop would take. */
static void test_large_fleet(void)
{
        _cleanup_(fleet_done) Fleet fleet = { 0 };
        uint64_t begun;
        size_t size;
        char *text;
        FILE *f;

        f = open_memstream(&text, &size);
        CHECK(f);
        (void) fputs("{\"schema\":1,\"hosts\":[", f);
        for (unsigned host = 0; host < 1000; host++) {
                (void) fprintf(f, "%s{\"host\":\"node%u\",\"functions\":[", host > 0 ? "," : "", host);
                for (unsigned i = 0; i < 64; i++)
                        (void) fprintf(f,
                                       "%s{\"address\":\"0000:01:%02x.%u\",\"physical_function\":\"0000:00:00.0\","
                                       "\"kind\":\"k\",\"state\":\"assigned\",\"domain\":\"vm%u\"}",
                                       i > 0 ? "," : "", 63 - i < 32 ? 63 - i : 31 - i, i < 32, i);
                (void) fputs("],\"domains\":[", f);
                for (unsigned i = 0; i < 64; i++)
                        (void) fprintf(f, "%s{\"name\":\"vm%u\",\"uuid\":\"%u\",\"cost_seconds\":%u.5}",
                                       i > 0 ? "," : "", i, i, i);
                (void) fputs("]}", f);
        }
        (void) fputs("]}", f);
        CHECK(fclose(f) == 0);

        begun = clock_monotonic_usec();
        CHECK(fleet_parse(text, size, "fleet", &fleet, NULL) >= 0);
        (void) printf("%zu hosts, %zu bytes: %llu ms\n", fleet.n, size,
                      (unsigned long long) (clock_monotonic_usec() - begun) / 1000);
        CHECK(fleet.n == 1000 && fleet.hosts[999].n_domains == 64);
        CHECK(fleet.hosts[999].domains[63].functions[0] == 63);
        free(text);
}

int main(void)
{
        test_read();
        test_null();
        test_physical_functions();
        test_fleet();
        test_write();
        test_errors();
        test_limits();
        test_large_fleet();
        return EXIT_SUCCESS;
}
