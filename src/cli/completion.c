/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The completion script. It never uses "compgen -W" or eval: bash would expand a domain's name, "$(...)"
 * included. Names are compared with what was typed, and quoted before they are offered.
 */

#include "cli/completion.h"

#include <assert.h>

#include "cli/verb.h"
#include "core/adoption.h"
#include "core/family.h"
#include "core/job.h"
#include "core/planner-goal.h"
#include "core/reserve.h"

#define FUNCTION_NAME "_vgpu_hibernatectl"

/* The shell function that offers values of a kind. */
static const char *const offers[] = {
        [VALUE_NONE] = NULL,
        [VALUE_DOMAIN] = FUNCTION_NAME "_ask list --all",
        [VALUE_FUNCTION] = FUNCTION_NAME "_ask functions",
        [VALUE_JOB] = FUNCTION_NAME "_ask jobs",
        [VALUE_POOL] = FUNCTION_NAME "_ask pools",
        [VALUE_JOB_KIND] = FUNCTION_NAME "_kinds",
        [VALUE_STRATEGY] = FUNCTION_NAME "_strategies",
        [VALUE_FALLBACK] = FUNCTION_NAME "_fallbacks",
        [VALUE_GROUP] = FUNCTION_NAME "_groups",
        [VALUE_ON_SHUTDOWN] = FUNCTION_NAME "_on_shutdown",
        [VALUE_COUNT] = "true",
        [VALUE_HOST] = FUNCTION_NAME "_hosts",
        [VALUE_FILE] = FUNCTION_NAME "_files",
        [VALUE_FIXUPS] = FUNCTION_NAME "_fixups",
        [VALUE_ON_FAILURE] = FUNCTION_NAME "_on_failure",
        [VALUE_GOAL] = FUNCTION_NAME "_goals",
        [VALUE_TEXT] = "true",
};
static_assert(ELEMENTSOF(offers) == _VALUE_KIND_MAX, "a kind that is not completed");

static const char functions_text[] =
                /* Arguments: the candidates. A word that readline splits at ':' keeps only what stands after
                 * it. */
                "_vgpu_hibernatectl_offer() {\n"
                "    local word left quoted\n"
                "    left=${cur%\"${cur##*:}\"}\n"
                "    [[ $COMP_WORDBREAKS == *:* ]] || left=\n"
                "    for word; do\n"
                "        [[ ${word:0:${#cur}} == \"$cur\" ]] || continue\n"
                "        printf -v quoted %q \"${word:${#left}}\"\n"
                "        COMPREPLY+=(\"$prefix$quoted\")\n"
                "    done\n"
                "}\n"
                "\n"
                "_vgpu_hibernatectl_ask() {\n"
                "    local -a names\n"
                "    mapfile -t names < <(command \"${COMP_WORDS[0]}\" \"${connection[@]}\" \\\n"
                "        --no-ask-password -q \"$@\" 2>/dev/null)\n"
                "    _vgpu_hibernatectl_offer \"${names[@]}\"\n"
                "}\n"
                "\n"
                "_vgpu_hibernatectl_files() {\n"
                "    local -a names\n"
                "    compopt -o filenames 2>/dev/null\n"
                "    mapfile -t names < <(compgen -f -- \"$cur\")\n"
                "    COMPREPLY=(\"${names[@]/#/$prefix}\")\n"
                "}\n"
                "\n"
                "_vgpu_hibernatectl_hosts() {\n"
                "    declare -F _known_hosts_real >/dev/null && _known_hosts_real -a -- \"$cur\"\n"
                "}\n";

static const char *next_kind(size_t i)
{
        return i < JOB_DISCARD ? job_kind_to_string((JobKind) i) : NULL; /* those that can be explained */
}

static const char *next_strategy(size_t i)
{
        return strategy_to_string((Strategy) i);
}

static const char *next_fallback(size_t i)
{
        return job_fallback_to_string((JobFallback) i);
}

static const char *next_fixups(size_t i)
{
        return guest_fixups_to_string((GuestFixups) i);
}

static const char *next_group(size_t i)
{
        return reserve_group_to_string((ReserveGroup) i);
}

static const char *next_on_failure(size_t i)
{
        static const char *const words[] = { "stop", "continue" };

        return i < ELEMENTSOF(words) ? words[i] : NULL;
}

static const char *next_on_shutdown(size_t i)
{
        return on_shutdown_to_string((OnShutdown) i);
}

static const char *next_goal(size_t i)
{
        return planner_goal_kind_to_string((PlannerGoalKind) i);
}

/* The shell function that offers fixed words; `next` returns one after the other, NULL at the end. */
static void print_words(FILE *file, const char *function, const char *(*next)(size_t i))
{
        const char *word;

        (void) fprintf(file, "\n%s() {\n    " FUNCTION_NAME "_offer", function);
        for (size_t i = 0; (word = next(i)); i++)
                (void) fprintf(file, " %s", word);
        (void) fprintf(file, "\n}\n");
}

/* "--strategy|--function": the options, short and long, that take a value; of one kind or (_MAX) of any. */
static void print_value_options(FILE *file, ValueKind kind)
{
        const char *separator = "";

        for (size_t i = 0; i < _OPTION_ID_MAX; i++) {
                const Option *o = &options[i];

                if (o->hidden || !o->value || (kind != _VALUE_KIND_MAX && o->kind != kind))
                        continue;
                if (o->short_name != '\0') {
                        (void) fprintf(file, "%s-%c", separator, o->short_name);
                        separator = "|";
                }
                (void) fprintf(file, "%s--%s", separator, o->name);
                separator = "|";
        }
}

static bool kind_has_option(ValueKind kind)
{
        for (size_t i = 0; i < _OPTION_ID_MAX; i++)
                if (!options[i].hidden && options[i].value && options[i].kind == kind)
                        return true;

        return false;
}

static void print_option_names(FILE *file, uint64_t set)
{
        for (size_t i = 0; i < _OPTION_ID_MAX; i++)
                if (!options[i].hidden && (set & OPTION_BIT(i)))
                        (void) fprintf(file, " --%s", options[i].name);
}

static void print_values(FILE *file)
{
        (void) fprintf(file, "    case $option in\n");
        for (ValueKind kind = VALUE_NONE + 1; kind < _VALUE_KIND_MAX; kind++) {
                if (!kind_has_option(kind))
                        continue;
                (void) fprintf(file, "    ");
                print_value_options(file, kind);
                (void) fprintf(file, ") %s; return ;;\n", offers[kind]);
        }
        (void) fprintf(file, "    esac\n\n");
}

static void print_verbs(FILE *file)
{
        uint64_t global = 0;

        for (size_t i = _OPTION_FIRST_GLOBAL; i < _OPTION_ID_MAX; i++)
                global |= OPTION_BIT(i);

        (void) fprintf(file, "    case $verb in\n    '')\n        if [[ $cur == -* ]]; then\n"
                             "            " FUNCTION_NAME "_offer");
        print_option_names(file, global);
        (void) fprintf(file, "\n        else\n            " FUNCTION_NAME "_offer");
        for (size_t i = 0; i < n_verbs; i++)
                (void) fprintf(file, " %s", verbs[i].name);
        (void) fprintf(file, "\n        fi ;;\n");

        for (size_t i = 0; i < n_verbs; i++) {
                (void) fprintf(file,
                               "    %s)\n        if [[ $cur == -* ]]; then\n            " FUNCTION_NAME
                               "_offer",
                               verbs[i].name);
                print_option_names(file, global | verbs[i].options);
                if (verbs[i].argument)
                        (void) fprintf(file, "\n        elif [[ -z $argument ]]; then\n            %s",
                                       offers[verbs[i].kind]);
                (void) fprintf(file, "\n        fi ;;\n");
        }

        (void) fprintf(file, "    esac\n");
}

void completion_print_bash(FILE *file)
{
        (void) fprintf(file,
                       "# SPDX-License-Identifier: LGPL-2.1-or-later\n"
                       "# Completion of vgpu-hibernatectl for bash, made by:\n# vgpu-hibernatectl --completion=bash\n\n");
        (void) fputs(functions_text, file);
        print_words(file, offers[VALUE_JOB_KIND], next_kind);
        print_words(file, offers[VALUE_STRATEGY], next_strategy);
        print_words(file, offers[VALUE_FALLBACK], next_fallback);
        print_words(file, offers[VALUE_GROUP], next_group);
        print_words(file, offers[VALUE_ON_FAILURE], next_on_failure);
        print_words(file, offers[VALUE_ON_SHUTDOWN], next_on_shutdown);
        print_words(file, offers[VALUE_GOAL], next_goal);
        print_words(file, offers[VALUE_FIXUPS], next_fixups);

        /* Words are joined again where COMP_WORDBREAKS took "=" and ":" for ends of words. */
        (void) fprintf(file, "\n" FUNCTION_NAME "() {\n"
                             "    local cur= option= verb= argument= prefix= word i line\n"
                             "    local -a words connection\n"
                             "    COMPREPLY=()\n"
                             "    line=${COMP_LINE:0:COMP_POINT}\n"
                             "    read -ra words <<<\"$line\"\n"
                             "    [[ $line == *[[:space:]] ]] && words+=('')\n"
                             "    cur=${words[-1]}\n\n"
                             "    for ((i = 1; i < ${#words[@]} - 1; i++)); do\n"
                             "        word=${words[i]}\n"
                             "        case $word in\n"
                             "        ");
        print_value_options(file, _VALUE_KIND_MAX);
        (void) fprintf(file, ")\n"
                             "            option=$word\n"
                             "            ((++i < ${#words[@]} - 1)) || break\n"
                             "            case $word in -H|--host) connection=(-H \"${words[i]}\") ;; esac\n"
                             "            option= ;;\n"
                             "        --host=*|--user) connection=(\"$word\") ;;\n"
                             "        -*) ;;\n"
                             "        *) if [[ -z $verb ]]; then verb=$word; else argument=$word; fi ;;\n"
                             "        esac\n"
                             "    done\n\n"
                             "    if [[ -z $option && $cur == --*=* ]]; then\n"
                             "        option=${cur%%%%=*}\n"
                             "        [[ $COMP_WORDBREAKS == *=* ]] || prefix=$option=\n"
                             "        cur=${cur#*=}\n"
                             "    fi\n\n");
        print_values(file);
        print_verbs(file);
        (void) fprintf(file, "}\n\ncomplete -F " FUNCTION_NAME " vgpu-hibernatectl\n");
}
