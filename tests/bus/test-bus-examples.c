/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The examples of man/examples do what they say. One whose language is not installed here is left out. */

#include <stdio.h>
#include <sys/wait.h>

#include "fixture.h"

#define ARGUMENTS_BEFORE 4 /* daemon, worker, contract, and then the examples */

static FILE *begin(const Fixture *f, const char *program, const char *domain)
{
        _cleanup_free_ char *command = format("DBUS_SYSTEM_BUS_ADDRESS='%s' exec '%s' '%s' 2>&1",
                                              f->bus_address, program, domain);
        FILE *out = popen(command, "re");

        CHECK(out);
        return out;
}

static void expect_end(FILE *out, const char *words, int expected)
{
        char text[4096];
        size_t n = fread(text, 1, sizeof(text) - 1, out);
        int status = pclose(out);

        text[n] = '\0';
        if (!strstr(text, words) || !WIFEXITED(status) || WEXITSTATUS(status) != expected) {
                (void) fprintf(stderr, "status %d, '%s' not in: %s\n", status, words, text);
                CHECK(!"an example that does not do what it says");
        }
}

static bool can_run(const char *program)
{
        return !strstr(program, ".py") || system("/usr/bin/python3 -c 'import dasbus' 2>/dev/null") == 0;
}

int main(int argc, char *argv[])
{
        uint64_t id = 1;
        Fixture f;

        fixture_init(&f, argv);
        fixture_start(&f);

        for (int i = ARGUMENTS_BEFORE; i < argc; i++) {
                FILE *out;

                if (!can_run(argv[i])) {
                        (void) fprintf(stderr, "left out: %s\n", argv[i]);
                        continue;
                }

                expect_end(begin(&f, argv[i], "nobody"), "there is no domain 'nobody'", 1);

                /* The world of the fixture stays as it is, so that the next one finds the same. */
                out = begin(&f, argv[i], "vm1");
                fixture_tell(&f, id++, "fail GuestUnhealthy the agent does not answer");
                expect_end(out, "failed the agent does not answer", 1);
        }

        fixture_done(&f);
        return EXIT_SUCCESS;
}
