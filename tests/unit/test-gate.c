/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/gate.h"

#include <stdio.h>

#include "test.h"

/* In the form that AMD SMI for virtualization prints with "metric --vf=... --schedule --json": taken from its source
 * (smi-lib/cli/cpp/src/host/smi_cli_api_host_metric.cpp and smi_cli_metric_command.cpp of 8.0.0.K), not recorded on
 * hardware. */
#define AMD_SMI(state)                                                                                                                  \
        "[\n    {\n        \"gpu\": 0,\n        \"vf\": 1,\n        \"schedule\": {\n"                                                  \
        "            \"boot_up_time\": {\n                \"value\": \"1290\",\n                \"unit\": \"us\"\n            },\n"     \
        "            \"flr_count\": \"2\",\n            \"vf_state\": \"" state "\",\n"                                                 \
        "            \"last_boot_start\": \"2025-04-29 10:00:00.000\",\n"                                                               \
        "            \"shutdown_time\": {\n                \"value\": \"--N/A--\",\n                \"unit\": \"N/A\"\n            }\n" \
        "        }\n    }\n]\n"

static char tool[] = "amd-smi", available[] = "AVAILABLE", other[] = "DEFAULT AVAILABLE",
            path[] = "/0/schedule/vf_state";

static const FamilyGate amd = {
        .command = { .words = (char *[]) { tool, NULL } },
        .path = path,
        .accepts = (char *[]) { available, other, NULL },
};

static void expect(const FamilyGate *g, const char *text, int accepted, const char *answer)
{
        _cleanup_free_ char *got = NULL;

        CHECK(gate_read_answer(g, text, strlen(text), &got, NULL) == accepted);
        CHECK(streq(got, answer));
}

static void expect_garbage(const char *text, const char *words)
{
        _cleanup_(failure_done) Failure why = { 0 };
        char *got = NULL;

        CHECK(gate_read_answer(&amd, text, strlen(text), &got, &why) < 0 && !got);
        if (!strstr(failure_message(&why), words)) {
                (void) fprintf(stderr, "'%s' gave: %s\n", text, failure_message(&why));
                abort();
        }
}

int main(void)
{
        static char whole[] = "";
        FamilyGate bare = amd;

        expect(&amd, AMD_SMI("AVAILABLE"), 1, "AVAILABLE");
        expect(&amd, AMD_SMI("DEFAULT AVAILABLE"), 1, "DEFAULT AVAILABLE");
        expect(&amd, AMD_SMI("ACTIVE"), 0, "ACTIVE");
        expect(&amd, AMD_SMI("UNAVAILABLE"), 0, "UNAVAILABLE");
        expect(&amd, AMD_SMI("available"), 0, "available");
        expect(&amd, AMD_SMI("A\\u001b[31m\\u0000"), 0, "A?[31m");
        bare.path = whole;
        expect(&bare, "\"AVAILABLE\"", 1, "AVAILABLE");

        expect_garbage("", "no JSON");
        expect_garbage("Segmentation fault", "no JSON");
        expect_garbage("[{\"schedule\":{", "no JSON");
        expect_garbage(AMD_SMI("AVAILABLE") "and more", "no JSON");
        expect_garbage("[]", "no string at '/0/schedule/vf_state'");
        expect_garbage("null", "no string at");
        expect_garbage("[{\"schedule\":\"N/A\"}]", "no string at");
        expect_garbage("[{\"schedule\":{\"vf_state\":7}}]", "no string at");
        return EXIT_SUCCESS;
}
