/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/host-command.h"

#include <assert.h>
#include <stdio.h>

typedef enum Placeholder {
        PLACEHOLDER_ADDRESS,
        PLACEHOLDER_PHYSICAL_FUNCTION,
        _PLACEHOLDER_MAX,
} Placeholder;

static const char *const placeholder_table[] = {
        [PLACEHOLDER_ADDRESS] = "{address}",
        [PLACEHOLDER_PHYSICAL_FUNCTION] = "{physical_function}",
};
static_assert(ELEMENTSOF(placeholder_table) == _PLACEHOLDER_MAX, "a placeholder without its name");

char **words_free(char **words)
{
        for (char **w = words; w && *w; w++)
                free(*w);

        free(words);
        return NULL;
}

void host_command_done(HostCommand *c)
{
        words_free(c->words);
        *c = (HostCommand) { 0 };
}

/* _PLACEHOLDER_MAX: the text does not begin with one. */
static Placeholder placeholder_at(const char *text)
{
        Placeholder p;

        for (p = 0; p < _PLACEHOLDER_MAX; p++)
                if (strncmp(text, placeholder_table[p], strlen(placeholder_table[p])) == 0)
                        break;

        return p;
}

static int check_word(const char *word, Failure *reterr)
{
        for (const char *c = strchr(word, '{'); c; c = strchr(c + 1, '{'))
                if (placeholder_at(c) == _PLACEHOLDER_MAX)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s' stands for nothing; known are %s and %s", c,
                                           placeholder_table[PLACEHOLDER_ADDRESS],
                                           placeholder_table[PLACEHOLDER_PHYSICAL_FUNCTION]);

        return 0;
}

int host_command_check(const HostCommand *c, Failure *reterr)
{
        const char *program = c->words[0];

        if (!program || program[0] == '\0' || strchr(program, '{') ||
            (strchr(program, '/') && program[0] != '/'))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "its first word must be a program, by its name or its absolute path");

        for (char **w = c->words + 1; *w; w++) {
                int r = check_word(*w, reterr);

                if (r < 0)
                        return r;
        }

        return 0;
}

static int expand_word(const char *word, const char *const *values, char **ret)
{
        char *text = NULL;
        size_t size;
        FILE *f;

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;

        while (*word != '\0') {
                Placeholder p = placeholder_at(word);

                if (p < _PLACEHOLDER_MAX)
                        (void) fputs(values[p], f);
                else
                        (void) fputc(*word, f);
                word += p < _PLACEHOLDER_MAX ? strlen(placeholder_table[p]) : 1;
        }

        /* What could not be written before is told now. */
        if (ferror(f) | fclose(f)) {
                free(text);
                return -ENOMEM;
        }

        *ret = text;
        return 0;
}

int host_command_expand(const HostCommand *c, const PciAddress *function,
                        const PciAddress *physical_function, char ***ret)
{
        const char *const values[] = {
                [PLACEHOLDER_ADDRESS] = PCI_ADDRESS_STR(function),
                [PLACEHOLDER_PHYSICAL_FUNCTION] = PCI_ADDRESS_STR(physical_function),
        };
        _cleanup_(words_freep) char **words = NULL;
        size_t n = 0;

        while (c->words[n])
                n++;

        words = calloc(n + 1, sizeof(char *));
        if (!words)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                int r = expand_word(c->words[i], values, words + i);

                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(words);
        return 0;
}
