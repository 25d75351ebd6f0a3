/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/json-util.h"
#include "store/verdict-json.h"
#include "test.h"

static int parse(const char *text, Verdict *ret, Failure *reterr)
{
        _cleanup_json_ json_object *o = NULL;

        CHECK(json_parse(text, strlen(text), "test", &o, NULL) >= 0);
        return verdict_from_json(o, ret, reterr);
}

static void test_round_trip(void)
{
        _cleanup_(verdict_done) Verdict v = {
                .strategy = STRATEGY_SUSPEND_TO_DISK,
                .fixups = FIXUPS_NO,
                .sized = true,
                .bytes_needed = 17,
                .bytes_available = INT64_MAX,
                .bytes_promised = 23,
                .predicted = { 29, 31, 37 },
                .error = { 120, 8 },
        };
        _cleanup_(verdict_done) Verdict again = { 0 };
        _cleanup_json_ json_object *o = NULL;
        const Finding *f;

        finding_set_remedy(findings_block(&v.findings, FAILURE_NO_AGENT, FINDING_GUEST, "a \"message\"\n"),
                           "a remedy");
        finding_set_rule(v.findings.list, RULE_BAR_SIZE);
        (void) findings_remark(&v.findings, FINDING_POLICY, "a remark");
        CHECK(verdict_add_option(&v, STRATEGY_SUSPEND_TO_RAM, false, false, "too old") >= 0);
        CHECK(verdict_add_option(&v, STRATEGY_SUSPEND_TO_DISK, true, true, NULL) >= 0);
        CHECK(verdict_to_json(&v, &o) >= 0);
        CHECK(verdict_from_json(o, &again, NULL) >= 0);

        CHECK(again.fixups == FIXUPS_NO);
        CHECK(again.strategy == STRATEGY_SUSPEND_TO_DISK && again.bytes_needed == 17);
        CHECK(again.bytes_promised == 23);
        CHECK(again.predicted.bytes == 29 && again.predicted.save_usec == 31);
        CHECK(again.predicted.resume_usec == 37 && again.error.permille == 120 && again.error.n == 8);
        CHECK(again.bytes_available == INT64_MAX && again.findings.n == 2);
        CHECK(again.n_options == 2 && again.options[1].chosen && again.options[1].possible);
        CHECK(streq(again.options[0].reason, "too old") && !again.options[1].reason);
        CHECK(again.options[0].strategy == STRATEGY_SUSPEND_TO_RAM && !again.options[0].possible);
        f = again.findings.list;
        CHECK(f[0].code == FAILURE_NO_AGENT && f[0].scope == FINDING_GUEST && f[0].blocking);
        CHECK(f[0].rule == RULE_BAR_SIZE && f[1].rule == RULE_NONE);
        CHECK(streq(f[0].message, "a \"message\"\n") && streq(f[0].remedy, "a remedy"));
        CHECK(f[1].code == FAILURE_NONE && f[1].scope == FINDING_POLICY && !f[1].blocking && !f[1].remedy);
}

static void expect_error(const char *text, const char *words)
{
        _cleanup_(failure_done) Failure why = { 0 };
        Verdict v;

        CHECK(parse(text, &v, &why) < 0);
        CHECK(strstr(failure_message(&why), words));
}

#define NUMBERS "\"bytes_needed\": 0, \"bytes_available\": 0"
#define HEAD "{\"strategy\": \"auto\", " NUMBERS ", \"findings\": ["

static void test_errors(void)
{
        Verdict v;

        CHECK(parse(HEAD "]}", &v, NULL) >= 0);
        CHECK(v.sized);
        verdict_done(&v);
        CHECK(parse("{\"strategy\": \"auto\", \"findings\": []}", &v, NULL) >= 0);
        CHECK(!v.sized);
        verdict_done(&v);
        expect_error("{\"strategy\": \"auto\", \"bytes_needed\": 1, \"findings\": []}",
                     "'bytes_available' is missing");
        expect_error("[]", "object");
        expect_error(HEAD "], \"predicted\": 7}", "'predicted'");
        expect_error(HEAD "], \"predicted\": {\"bytes\": -1}}", "'predicted.bytes'");
        expect_error(HEAD "], \"strategies\": [{\"strategy\": \"magic\"}]}", "strategies[0].strategy");
        expect_error(HEAD "], \"strategies\": [7]}", "strategies[0]");
        expect_error(HEAD "], \"strategies\": [1, 2, 3, 4, 5, 6, 7, 8, 9]}", "'strategies'");
        expect_error("{" NUMBERS ", \"findings\": []}", "'strategy' is missing");
        expect_error("{\"strategy\": \"magic\", " NUMBERS ", \"findings\": []}", "'strategy'");
        expect_error("{\"strategy\": \"auto\", " NUMBERS "}", "'findings' is missing");
        expect_error(HEAD "7]}", "findings[0]");
        expect_error(HEAD "{\"scope\": \"guest\", \"blocking\": true, \"message\": \"m\"}]}",
                     "blocks without a code");
        expect_error(HEAD "{\"code\": \"Magic\", \"scope\": \"guest\", \"blocking\": true, \"message\": "
                          "\"m\"}]}",
                     "findings[0].code");
        expect_error(HEAD "{\"scope\": \"moon\", \"blocking\": false, \"message\": \"m\"}]}",
                     "findings[0].scope");
        expect_error(HEAD "{\"scope\": \"guest\", \"blocking\": false}]}", "findings[0].message");
}

int main(void)
{
        test_round_trip();
        test_errors();
        return EXIT_SUCCESS;
}
