/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "host/agent-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *reply = strndup((const char *) data, size), *bytes = NULL, *release = NULL,
                            *request = NULL;
        _cleanup_(failure_done) Failure why = { 0 };
        AgentCommands commands;
        int64_t handle;
        size_t n = 0;
        bool eof;

        FUZZ_CHECK(reply);
        FUZZ_CHECK(agent_parse_info(reply, &commands, &why) >= 0 || why.code != FAILURE_NONE);
        failure_done(&why);
        FUZZ_CHECK(agent_parse_open(reply, &handle, &why) >= 0 || why.code != FAILURE_NONE);
        failure_done(&why);
        FUZZ_CHECK(agent_parse_osinfo(reply, &release, &why) < 0 || release);
        failure_done(&why);
        if (agent_parse_read(reply, &bytes, &n, &eof, &why) >= 0)
                FUZZ_CHECK(bytes[n] == '\0' && (n > 0 || eof));

        /* As a path it is one string of the request, whatever it is. */
        request = agent_request_open(reply);
        FUZZ_CHECK(request && request[0] == '{');
        return 0;
}
