/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* vgpu-hibernatectl: the command line. A client of the daemon's D-Bus interface, nothing else. */

#include <locale.h>
#include <stdio.h>

#include "cli/completion.h"
#include "cli/ctl.h"
#include "cli/help.h"
#include "cli/parse.h"

static int run(Ctl *c, int argc, char *const *argv)
{
        int r;

        r = parse_arguments(c, argc, argv);
        if (r != 0)
                return r;

        if (c->help) {
                help_print(stdout);
                return EXIT_STATUS_OK;
        }

        if (c->version) {
                (void) printf("vgpu-hibernatectl %s\n", PROJECT_VERSION);
                return EXIT_STATUS_OK;
        }

        if (c->completion) {
                if (!streq(c->completion, "bash"))
                        return ctl_usage(c, "no completion for the shell '%s'", c->completion);
                completion_print_bash(stdout);
                return EXIT_STATUS_OK;
        }

        r = c->verb->run(c);
        return r < 0 ? ctl_error(c, NULL, r, "'%s' failed", c->verb->name) : r;
}

int main(int argc, char *argv[])
{
        _cleanup_(ctl_done) Ctl c = { 0 };
        int r;

        /* Only which characters there are: numbers keep their point. */
        (void) setlocale(LC_CTYPE, ""); /* fails for a locale that is not installed: then it is ASCII */
        terminal_init(&c.terminal, STDOUT_FILENO);

        r = run(&c, argc, argv);

        /* Output that a full disk or a closed pipe has swallowed is no success. */
        if ((fflush(stdout) != 0 || ferror(stdout)) && r == EXIT_STATUS_OK)
                r = ctl_error(&c, NULL, -EIO, "cannot write the output");

        return r;
}
