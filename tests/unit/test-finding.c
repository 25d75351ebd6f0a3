/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/finding.h"

#include "test.h"

static void test_first_that_blocks(void)
{
        Findings l = { 0 };
        Failure why = { 0 };

        CHECK(findings_check(&l, &why) >= 0 && !findings_are_blocking(&l));
        CHECK(findings_remark(&l, FINDING_POLICY, "mind the %s", "step"));
        /* A hint has a name, and does not block. */
        CHECK(findings_add(&l, FAILURE_INCOMPATIBLE, FINDING_GUEST, false, "its kernel may be too old"));
        CHECK(findings_check(&l, &why) >= 0 && !findings_are_blocking(&l));

        finding_set_remedy(findings_block(&l, FAILURE_NO_AGENT, FINDING_GUEST, "no agent in '%s'", "vm1"),
                           "start %s", "one");
        CHECK(findings_block(&l, FAILURE_NO_SPACE, FINDING_IMAGE, "no space"));
        CHECK(findings_check(&l, &why) < 0 && findings_are_blocking(&l));
        CHECK(why.code == FAILURE_NO_AGENT);
        CHECK(streq(failure_message(&why), "no agent in 'vm1'; start one"));
        failure_done(&why);
        findings_done(&l);
        CHECK(l.n == 0 && !l.list);
}

static void test_merge(void)
{
        Findings l = { 0 }, more = { 0 };

        (void) findings_block(&l, FAILURE_NOT_RUNNING, FINDING_GUEST, "it is off");
        (void) findings_remark(&more, FINDING_IMAGE, "an old image");
        finding_set_remedy(findings_block(&more, FAILURE_NOT_RUNNING, FINDING_GUEST, "off"), "start it");
        finding_set_remedy(findings_block(&more, FAILURE_NO_SPACE, FINDING_IMAGE, "disk a is full"), "room");
        (void) findings_block(&more, FAILURE_NO_SPACE, FINDING_IMAGE, "disk b is full");
        findings_merge(&l, &more);

        /* Said before: left out. Said twice by the same: two things. */
        CHECK(l.n == 4);
        CHECK(streq(l.list[0].message, "it is off") && !l.list[0].remedy);
        CHECK(streq(l.list[1].message, "an old image") && !l.list[1].blocking);
        CHECK(streq(l.list[2].message, "disk a is full") && streq(l.list[2].remedy, "room"));
        CHECK(streq(l.list[3].message, "disk b is full"));
        findings_done(&l);
        findings_done(&more);
}

static void test_codes(void)
{
        Finding f = { .code = FAILURE_NO_FREE_FUNCTION };

        CHECK(streq(FINDING_CODE_STR(&f), "no-free-function"));
        finding_set_rule(&f, RULE_BAR_SIZE);
        finding_set_rule(NULL, RULE_BAR_SIZE);
        CHECK(streq(FINDING_CODE_STR(&f), "bar-size"));
        CHECK(streq(FINDING_CODE_STR(&(Finding) { 0 }), ""));

        for (FailureCode c = FAILURE_NONE + 1; c < _FAILURE_CODE_MAX; c++) {
                f = (Finding) { .code = c };
                CHECK(strlen(FINDING_CODE_STR(&f)) > 3 &&
                      strlen(FINDING_CODE_STR(&f)) < FINDING_CODE_MAX - 2);
        }
}

/* What was not noted may have blocked. */
static void test_incomplete(void)
{
        Findings l = { 0 }, merged = { 0 };
        Failure why = { 0 };

        for (size_t i = 0; i < FINDINGS_MAX; i++)
                CHECK(findings_remark(&l, FINDING_HOST, "%zu", i));
        CHECK(findings_check(&l, NULL) >= 0);
        CHECK(!findings_remark(&l, FINDING_HOST, "one too many"));
        finding_set_remedy(NULL, "none");
        CHECK(findings_check(&l, &why) < 0 && why.code == FAILURE_HOST);
        findings_merge(&merged, &l);
        CHECK(findings_are_blocking(&merged));
        failure_done(&why);
        findings_done(&l);
        findings_done(&merged);
        CHECK(!findings_block(NULL, FAILURE_HOST, FINDING_HOST, "nobody wants to know"));
}

int main(void)
{
        test_first_that_blocks();
        test_merge();
        test_codes();
        test_incomplete();
        return EXIT_SUCCESS;
}
