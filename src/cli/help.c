/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/help.h"

#include "cli/verb.h"

#define TEXT_COLUMN 30

static void print_entry(FILE *file, const char *left, const char *help)
{
        if (strlen(left) + 2 <= TEXT_COLUMN)
                (void) fprintf(file, "%-*s%s\n", TEXT_COLUMN, left, help);
        else
                (void) fprintf(file, "%s\n%*s%s\n", left, TEXT_COLUMN, "", help);
}

static void print_option(FILE *file, const Option *o)
{
        _cleanup_free_ char *left = NULL;
        char letter[] = "    ";

        if (o->hidden)
                return;

        if (o->short_name != '\0') {
                letter[0] = '-';
                letter[1] = o->short_name;
                letter[2] = ',';
        }

        if (asprintf(&left, "  %s--%s%s%s%s", letter, o->name, o->value ? "=" : "", o->value ? o->value : "",
                     o->repeated ? "..." : "") < 0)
                left = NULL;
        print_entry(file, left ? left : o->name, o->help);
}

static void print_verb(FILE *file, const Verb *v)
{
        _cleanup_free_ char *left = NULL;

        if (asprintf(&left, "  %s%s%s%s%s", v->name, v->argument ? " " : "", v->argument ? v->argument : "",
                     v->second_argument ? " " : "", v->second_argument ? v->second_argument : "") < 0)
                left = NULL;
        print_entry(file, left ? left : v->name, v->help);

        if (v->options == 0)
                return;

        (void) fprintf(file, "%*s", TEXT_COLUMN, "");
        for (size_t i = 0, n = 0; i < _OPTION_FIRST_GLOBAL; i++)
                if (v->options & OPTION_BIT(i))
                        (void) fprintf(file, "%s--%s", n++ > 0 ? ", " : "(", options[i].name);
        (void) fprintf(file, ")\n");
}

void help_print(FILE *file)
{
        (void) fprintf(file, "vgpu-hibernatectl [OPTION...] [COMMAND] [ARGUMENT]\n\n"
                             "Hibernate virtual machines that own vGPUs, and resume them on others.\n\n"
                             "Commands (without one: list):\n");
        for (size_t i = 0; i < n_verbs; i++)
                print_verb(file, &verbs[i]);

        (void) fprintf(file, "\nOptions of commands:\n");
        for (size_t i = 0; i < _OPTION_FIRST_GLOBAL; i++)
                print_option(file, &options[i]);

        (void) fprintf(file, "\nOptions:\n");
        for (size_t i = _OPTION_FIRST_GLOBAL; i < _OPTION_ID_MAX; i++)
                print_option(file, &options[i]);

        (void) fprintf(file, "\nSee vgpu-hibernatectl(1) and vgpu-hibernate(7).\n");
}
