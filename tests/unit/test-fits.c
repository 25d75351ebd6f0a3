/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fits.h"

#include "store/inventory-json.h"
#include "test.h"

#define FUNCTION(address, rest) \
        "{\"address\":\"" address "\",\"physical_function\":\"0000:01:00.0\"," rest "}"
#define ID "\"identity\":{\"vendor\":\"1002\",\"device\":\"74b5\"}"

static const char
                text
                                [] =
                                                "{\"schema\":1,\"hosts\":["
                                                "{\"host\":\"a\",\"functions\":[" FUNCTION("0000:01:10.0", ID ",\"state\":\"assigned\",\"domain\":\"x\",\"pool\":\"p\"") "," FUNCTION(
                                                                "0000:01:10.1",
                                                                ID ",\"state\":\"free\",\"pool\":\"p\"") "," FUNCTION("0000:01:10.2", ID ",\"state\":\"held\",\"domain\":\"x\"") "," FUNCTION("0000:01:10.3", ID ",\"state\":\"held\",\"domain\":\"y\"") "," FUNCTION("0000:01:10.4", ID ",\"state\":\"quarantined\"") "," FUNCTION("0000:01:10.5", ID ",\"state\":\"free\",\"pool\":\"q\"") "," FUNCTION("0000:01:10.6",
                                                                                                                                                                                                                                                                                                                                                                                                          "\"state\":\"free\"") "," FUNCTION("0000:01:11.0",
                                                                                                                                                                                                                                                                                                                                                                                                                                             "\"state\":\"free\",\"kind\":\"k\"") "," FUNCTION("0000:01:11.1", ID ",\"state\":\"free\",\"kind\":\"k\"") "],"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "\"domains\":[{\"name\":\"x\"},{\"name\":\"y\"}]},"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "{\"host\":\"b\",\"functions\":[" FUNCTION("0000:01:10.0",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   ID
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   ",\"state\":\"free\"") "," FUNCTION("0000:01:12.0", ID ",\"state\":\"free\"") "]}]}";

static const struct {
        const char *from, *to, *code; /* of the first finding, "": none */
        bool fits;
} table[] = {
        { "a/0000:01:10.0", "0000:01:10.1", "", true },
        { "a/0000:01:10.0", "a/0000:01:10.0", "", true }, /* its own */
        { "a/0000:01:10.0", "0000:01:10.2", "", true },   /* kept for it */
        { "a/0000:01:10.0", "0000:01:10.3", "function-busy", false },
        { "a/0000:01:10.0", "0000:01:10.4", "function-busy", false },
        { "0000:01:10.4", "0000:01:10.4", "function-busy", false },
        { "0000:01:10.1", "a/0000:01:10.0", "function-busy", false },
        { "a/0000:01:10.0", "0000:01:10.5", "pool", true },
        { "a/0000:01:10.0", "0000:01:10.6", "identity-unknown", false },
        { "0000:01:11.1", "0000:01:11.0", "identity-unknown", true },
        { "0000:01:11.0", "0000:01:11.1", "identity-unknown", true },
        { "a/0000:01:10.0", "b/0000:01:10.0", "host", false },
        { "a/0000:01:10.0", "b/0000:01:12.0", "host", false },
};

static void test_table(const Fleet *fleet, const Families *families)
{
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(findings_done) Findings why = { 0 };
                FleetFunction from, to;
                bool fits;

                CHECK(fleet_find(fleet, table[i].from, &from, NULL) >= 0);
                CHECK(fleet_find(fleet, table[i].to, &to, NULL) >= 0);
                fits = fits_judge(fleet, &from, &to, families, FIXUPS_UNKNOWN, &why);
                if (fits == table[i].fits && fits == !findings_are_blocking(&why) &&
                    streq(why.n > 0 ? FINDING_CODE_STR(&why.list[0]) : "", table[i].code))
                        continue;

                (void) fprintf(stderr, "%s to %s: %d, %s\n", table[i].from, table[i].to, fits,
                               why.n > 0 ? why.list[0].message : "");
                abort();
        }
}

static void expect_not_found(const Fleet *fleet, const char *name, FailureCode code, const char *words)
{
        _cleanup_(failure_done) Failure why = { 0 };
        FleetFunction f;

        CHECK(fleet_find(fleet, name, &f, &why) < 0 && why.code == code);
        CHECK(strstr(failure_message(&why), words));
}

static void test_find(const Fleet *fleet)
{
        expect_not_found(fleet, "0000:01:10.0", FAILURE_INVALID_OPTION, "on host 'a' and on host 'b'");
        expect_not_found(fleet, "c/0000:01:10.0", FAILURE_UNKNOWN_FUNCTION, "not in the inventory");
        expect_not_found(fleet, "b/0000:01:10.1", FAILURE_UNKNOWN_FUNCTION, "not in the inventory");
        expect_not_found(fleet, "/0000:01:10.1", FAILURE_UNKNOWN_FUNCTION, "not in the inventory");
        expect_not_found(fleet, "a/", FAILURE_INVALID_OPTION, "not the address");
        expect_not_found(fleet, "", FAILURE_INVALID_OPTION, "not the address");
}

int main(void)
{
        FamilyDevice device = { 0x1002, 0x74b5 };
        Family family = { .name = (char[]) { "x" },
                          .devices = &device,
                          .n_devices = 1,
                          .targets = TARGETS_SAME_PHYSICAL_NODE };
        _cleanup_(fleet_done) Fleet fleet = { 0 };

        CHECK(fleet_parse(text, strlen(text), "test", &fleet, NULL) >= 0);
        test_table(&fleet, &(Families) { .list = &family, .n = 1 });
        test_find(&fleet);
        return EXIT_SUCCESS;
}
