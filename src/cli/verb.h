/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The two tables that describe the command line: verbs and options. Parsing, --help and the completion
 * script all come from them (parse.c, help.c, completion.c), so they cannot disagree.
 */

#include "basic/macro.h"

typedef struct Ctl Ctl;

/* What an argument or the value of an option names: what completion offers there. */
typedef enum ValueKind {
        VALUE_NONE,
        VALUE_DOMAIN,
        VALUE_FUNCTION,
        VALUE_JOB,
        VALUE_POOL,
        VALUE_JOB_KIND,
        VALUE_STRATEGY,
        VALUE_FALLBACK,
        VALUE_GROUP,
        VALUE_ON_SHUTDOWN,
        VALUE_COUNT,
        VALUE_HOST,
        VALUE_FILE,
        VALUE_FIXUPS,
        VALUE_ON_FAILURE,
        VALUE_GOAL,
        VALUE_TEXT,
        _VALUE_KIND_MAX,
} ValueKind;

typedef enum OptionId {
        OPTION_ACROSS_HOSTS,
        OPTION_ALL,
        OPTION_DRY_RUN,
        OPTION_FALLBACK,
        OPTION_FOLLOW,
        OPTION_FUNCTION,
        OPTION_GOAL,
        OPTION_GROUP,
        OPTION_GUEST_FIXUPS,
        OPTION_HOLD,
        OPTION_IMAGE_RATE,
        OPTION_INVENTORY,
        OPTION_KIND,
        OPTION_LABEL,
        OPTION_LIKE,
        OPTION_NO_WAIT,
        OPTION_ON_FAILURE,
        OPTION_ON_SHUTDOWN,
        OPTION_ORDER,
        OPTION_PARALLEL,
        OPTION_POOL,
        OPTION_PROBE,
        OPTION_REASON,
        OPTION_RELEASE,
        OPTION_REPLAN,
        OPTION_RESERVATION,
        OPTION_RESERVE,
        OPTION_STRATEGY,
        OPTION_TIME_LIMIT,
        OPTION_TTL,
        OPTION_UNTIL,
        OPTION_YES,
        _OPTION_FIRST_GLOBAL,
        OPTION_HOST = _OPTION_FIRST_GLOBAL,
        OPTION_JSON,
        OPTION_QUIET,
        OPTION_NO_LEGEND,
        OPTION_NO_ASK_PASSWORD,
        OPTION_HELP,
        OPTION_VERSION,
        OPTION_USER,         /* for tests */
        OPTION_COMPLETION,   /* for the build */
        OPTION_FAMILIES_DIR, /* for tests */
        _OPTION_ID_MAX,
} OptionId;

typedef struct Option {
        OptionId id;
        const char *name;  /* without "--" */
        char short_name;   /* '\0': none */
        const char *value; /* how the help calls it; NULL: the option takes none */
        ValueKind kind;
        bool repeated;
        bool hidden;
        const char *help;
} Option;

typedef struct Verb {
        const char *name;
        const char *argument; /* how the help calls it; NULL: the verb takes none */
        ValueKind kind;
        uint64_t options;  /* bits of OptionId, beside the global ones */
        uint64_t required; /* those of them that must be given */
        const char *help;
        /* Returns the exit status, or a negative error that nobody has reported yet. */
        int (*run)(Ctl *c);
        const char *second_argument; /* of the same kind; NULL: there is one at most */
} Verb;

#define OPTION_BIT(id) (UINT64_C(1) << (id))

extern const Verb verbs[];
extern const size_t n_verbs;
extern const Option options[]; /* by OptionId */

static inline bool option_is_global(const Option *o)
{
        return o->id >= _OPTION_FIRST_GLOBAL;
}

/* NULL: there is none. */
const Verb *verb_find(const char *name);
const Option *option_find_short(char name);

int verb_adopt(Ctl *c);
int verb_disown(Ctl *c);
int verb_fits(Ctl *c);
int verb_hibernate(Ctl *c);
int verb_inventory(Ctl *c);
int verb_resume(Ctl *c);
int verb_move(Ctl *c);
int verb_discard(Ctl *c);
int verb_explain(Ctl *c);
int verb_list(Ctl *c);
int verb_functions(Ctl *c);
int verb_pools(Ctl *c);
int verb_jobs(Ctl *c);
int verb_job(Ctl *c);
int verb_cancel(Ctl *c);
int verb_reserve(Ctl *c);
int verb_release(Ctl *c);
int verb_hold(Ctl *c);
int verb_quarantine(Ctl *c);
int verb_clear(Ctl *c);
int verb_plan(Ctl *c);
int verb_apply(Ctl *c);
int verb_map(Ctl *c);
int verb_status(Ctl *c);
int verb_watch(Ctl *c);
