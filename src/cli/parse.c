/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/parse.h"

#include <getopt.h>

#include "basic/clock.h"
#include "cli/text.h"
#include "cli/when.h"
#include "core/adoption.h"

typedef struct Parser {
        Ctl *ctl;
        uint64_t given;                                 /* bits of OptionId */
        struct option long_options[_OPTION_ID_MAX + 1]; /* the table, as getopt_long() wants it */
        char short_options[_OPTION_ID_MAX * 2 + sizeof(":")];
} Parser;

static const char *verb_name(size_t i)
{
        return i < n_verbs ? verbs[i].name : NULL;
}

static const char *option_name(size_t i)
{
        size_t shown = 0;

        for (size_t o = 0; o < _OPTION_ID_MAX; o++)
                if (!options[o].hidden && shown++ == i)
                        return options[o].name;

        return NULL;
}

static int add_function(Ctl *c, const char *value)
{
        PciAddress a;

        if (pci_address_parse(value, &a) < 0)
                return ctl_usage(c, "'%s' is not the address of a PCI function like 0000:01:10.2", value);

        if (pci_address_is_among(&a, c->functions, c->n_functions))
                return ctl_usage(c, "function '%s' is given twice", value);

        if (c->n_functions == ELEMENTSOF(c->functions))
                return ctl_usage(c, "too many functions, at most %zu", ELEMENTSOF(c->functions));

        c->functions[c->n_functions++] = a;
        return 0;
}

static int add_goal(Ctl *c, const char *value)
{
        _cleanup_(failure_done) Failure why = { 0 };

        if (c->n_goals == ELEMENTSOF(c->goals))
                return ctl_usage(c, "too many goals, at most %zu", ELEMENTSOF(c->goals));
        if (planner_goal_parse(value, c->goals + c->n_goals, &why) < 0)
                return ctl_usage(c, "%s", failure_message(&why));

        c->n_goals++;
        return 0;
}

#define PARALLEL_MAX 1000U
#define TIME_LIMIT_SECONDS_MAX 86400U
#define IMAGE_RATE_MAX (UINT64_C(1) << 50)

/* Without a sign. */
static int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
        uint64_t value = 0;

        for (const char *p = text; *p; p++) {
                if (*p < '0' || *p > '9' || value > max / 10)
                        return -EINVAL;
                value = value * 10 + (uint64_t) (*p - '0');
        }
        if (!*text || value < min || value > max)
                return -EINVAL;

        *ret = value;
        return 0;
}

static int parse_count(const char *text, uint64_t max, uint64_t *ret)
{
        return parse_number(text, 1, max, ret);
}

/* A count of bytes, of which a letter multiplies by a power of 1024. */
static int parse_bytes(const char *text, uint64_t *ret)
{
        static const char letters[] = "KMGT";
        _cleanup_free_ char *digits = strdup(text);
        size_t n = strlen(text);
        const char *letter;
        unsigned shift = 0;

        if (!digits)
                return -ENOMEM;

        letter = n > 0 ? strchr(letters, text[n - 1]) : NULL;
        if (letter) {
                digits[n - 1] = '\0';
                shift = 10 * (unsigned) (letter - letters + 1);
        }
        if (parse_count(digits, IMAGE_RATE_MAX >> shift, ret) < 0)
                return -EINVAL;

        *ret <<= shift;
        return 0;
}

static int apply(Parser *p, const Option *o, const char *value)
{
        Ctl *c = p->ctl;

        if ((p->given & OPTION_BIT(o->id)) && o->value && !o->repeated)
                return ctl_usage(c, "option '--%s' is given twice", o->name);
        p->given |= OPTION_BIT(o->id);

        if (value && !text_is_utf8(value))
                return ctl_usage(c, "the value '%s' of option '--%s' is not valid UTF-8", value, o->name);

        switch (o->id) {
        case OPTION_ACROSS_HOSTS:
                c->across_hosts = true;
                break;
        case OPTION_ALL:
                c->all = true;
                break;
        case OPTION_DRY_RUN:
                c->dry_run = true;
                break;
        case OPTION_FALLBACK:
                c->fallback = value;
                break;
        case OPTION_FOLLOW:
                c->follow = true;
                break;
        case OPTION_FUNCTION:
                return add_function(c, value);
        case OPTION_GOAL:
                return add_goal(c, value);
        case OPTION_GROUP:
                c->group = value;
                break;
        case OPTION_GUEST_FIXUPS:
                c->fixups = guest_fixups_from_string(value);
                if (c->fixups < 0)
                        return ctl_usage(c, "'%s' is not yes, no or unknown", value);
                break;
        case OPTION_HOLD:
                c->hold = true;
                break;
        case OPTION_IMAGE_RATE:
                if (parse_bytes(value, &c->image_rate) < 0)
                        return ctl_usage(c, "'%s' is not a number of bytes like 800000000 or 1G", value);
                break;
        case OPTION_INVENTORY:
                c->inventory = value;
                break;
        case OPTION_KIND:
                c->kind = value;
                break;
        case OPTION_LABEL:
                c->label = value;
                break;
        case OPTION_LIKE:
                c->like = value;
                break;
        case OPTION_NO_WAIT:
                c->no_wait = true;
                break;
        case OPTION_ON_SHUTDOWN:
                c->on_shutdown = value;
                break;
        case OPTION_ORDER:
                if (parse_number(value, 0, ADOPTION_ORDER_MAX, &c->order) < 0)
                        return ctl_usage(c, "'%s' is not a number, 0 to %u", value, ADOPTION_ORDER_MAX);
                c->has_order = true;
                break;
        case OPTION_ON_FAILURE:
                c->on_failure = value;
                break;
        case OPTION_PARALLEL:
                if (parse_count(value, PARALLEL_MAX, &c->parallel) < 0)
                        return ctl_usage(c, "'%s' is not a number of domains, 1 to %u", value, PARALLEL_MAX);
                break;
        case OPTION_POOL:
                c->pool = value;
                break;
        case OPTION_PROBE:
                c->probe = true;
                break;
        case OPTION_REASON:
                if (!*value)
                        return ctl_usage(c, "option '--reason' needs a text");
                c->reason = value;
                break;
        case OPTION_RELEASE:
                c->release = true;
                break;
        case OPTION_REPLAN:
                c->replan = true;
                break;
        case OPTION_RESERVATION:
                c->reservation = value;
                break;
        case OPTION_RESERVE:
                c->reserve = true;
                break;
        case OPTION_STRATEGY:
                c->strategy = value;
                break;
        case OPTION_TIME_LIMIT:
                if (parse_count(value, TIME_LIMIT_SECONDS_MAX, &c->time_limit_seconds) < 0)
                        return ctl_usage(c, "'%s' is not a number of seconds, 1 to %u", value,
                                         TIME_LIMIT_SECONDS_MAX);
                break;
        case OPTION_TTL:
                if (parse_count(value, INT64_MAX, &c->ttl_seconds) < 0)
                        return ctl_usage(c, "'%s' is not a number of seconds", value);
                break;
        case OPTION_UNTIL:
                if (when_parse(value, clock_realtime_usec(), &c->until_usec) < 0)
                        return ctl_usage(c, "'%s' is not a time like '2025-03-01 10:26' or +2h", value);
                break;
        case OPTION_YES:
                c->yes = true;
                break;
        case OPTION_HOST:
                /* ssh would take a leading '-' for an option of its own. */
                if (!*value || *value == '-')
                        return ctl_usage(c, "'%s' is not the name of a host", value);
                c->host = value;
                break;
        case OPTION_JSON:
                c->json = true;
                break;
        case OPTION_QUIET:
                c->quiet = true;
                break;
        case OPTION_NO_LEGEND:
                c->no_legend = true;
                break;
        case OPTION_NO_ASK_PASSWORD:
                c->no_ask_password = true;
                break;
        case OPTION_HELP:
                c->help = true;
                break;
        case OPTION_VERSION:
                c->version = true;
                break;
        case OPTION_USER:
                c->user = true;
                break;
        case OPTION_COMPLETION:
                c->completion = value;
                break;
        case OPTION_FAMILIES_DIR:
                c->families_dir = value;
                break;
        case _OPTION_ID_MAX:
                break;
        }

        return 0;
}

/* Long options come back as FIRST_LONG plus their OptionId: beyond every letter. */
#define FIRST_LONG 256

static const Option *option_of(int c)
{
        return c >= FIRST_LONG ? &options[c - FIRST_LONG] : option_find_short((char) c);
}

static void prepare(Parser *p)
{
        char *letter = p->short_options;

        *letter++ = ':'; /* tell a missing value from an unknown option */
        for (int i = 0; i < _OPTION_ID_MAX; i++) {
                const Option *o = &options[i];

                p->long_options[i] = (struct option) {
                        .name = o->name,
                        .has_arg = o->value ? required_argument : no_argument,
                        .val = FIRST_LONG + i,
                };
                if (o->short_name != '\0') {
                        *letter++ = o->short_name;
                        if (o->value)
                                *letter++ = ':';
                }
        }
        *letter = '\0';
}

static int report_unknown(Parser *p, const char *word)
{
        _cleanup_free_ char *name = NULL;
        const char *nearest;

        /* getopt_long() says of what it does not know only a letter, and of a long option nothing. */
        if (optopt >= FIRST_LONG)
                return ctl_usage(p->ctl, "option '--%s' takes no value", options[optopt - FIRST_LONG].name);
        if (optopt != 0)
                return ctl_usage(p->ctl, "unknown option '-%c'; see 'vgpu-hibernatectl --help'", optopt);

        name = strndup(word + strlen("--"), strcspn(word + strlen("--"), "="));
        if (!name)
                return ctl_error(p->ctl, NULL, -ENOMEM, "cannot read the command line");

        nearest = text_nearest(name, option_name);
        if (nearest)
                return ctl_usage(p->ctl, "unknown option '--%s', did you mean '--%s'?", name, nearest);
        return ctl_usage(p->ctl, "unknown option '--%s'; see 'vgpu-hibernatectl --help'", name);
}

/* Leaves the words that are no options at the end of argv, from optind on. */
static int parse_options(Parser *p, int argc, char *const *argv)
{
        int c, r = 0;

        prepare(p);
        opterr = 0;
        while (r == 0 && (c = getopt_long(argc, argv, p->short_options, p->long_options, NULL)) >= 0) {
                const Option *o;

                if (c == '?')
                        return report_unknown(p, argv[optind - 1]);

                o = option_of(c == ':' ? optopt : c);
                if (c == ':')
                        return ctl_usage(p->ctl, "option '--%s' needs a value: %s", o->name, o->value);
                r = apply(p, o, optarg);
        }

        return r;
}

static int check_options(const Parser *p, const Verb *v)
{
        for (size_t i = 0; i < _OPTION_FIRST_GLOBAL; i++) {
                if ((p->given & OPTION_BIT(i)) && !(v->options & OPTION_BIT(i)))
                        return ctl_usage(p->ctl, "'%s' has no option '--%s'", v->name, options[i].name);
                if (!(p->given & OPTION_BIT(i)) && (v->required & OPTION_BIT(i)))
                        return ctl_usage(p->ctl, "'%s' needs the option '--%s=%s'", v->name, options[i].name,
                                         options[i].value);
        }

        return 0;
}

/* Numbers and addresses are checked here, before anyone is asked. */
static int check_argument(Ctl *c, const Verb *v, const char *argument)
{
        PciAddress a;
        uint64_t n;

        if (!text_is_utf8(argument))
                return ctl_usage(c, "'%s' is not valid UTF-8", argument);
        if (!*argument)
                return ctl_usage(c, "'%s' needs %s, not an empty string", v->name, v->argument);
        if (v->kind == VALUE_FUNCTION && pci_address_parse(argument, &a) < 0)
                return ctl_usage(c, "'%s' is not the address of a PCI function like 0000:01:10.2", argument);
        if (v->kind == VALUE_JOB && strspn(argument, "0123456789") != strlen(argument))
                return ctl_usage(c, "'%s' is not the number of a job", argument);
        if (v->kind == VALUE_COUNT) {
                if (parse_count(argument, UINT32_MAX, &n) < 0)
                        return ctl_usage(c, "'%s' is not a number of functions", argument);
                c->count = (uint32_t) n;
        }
        return 0;
}

int parse_arguments(Ctl *c, int argc, char *const *argv)
{
        Parser p = { .ctl = c };
        const char *name = "list", *nearest;
        int r, n_words, n_taken;

        /* Mistakes are reported as JSON too, wherever on the line the option stands. */
        for (int i = 1; i < argc && !streq(argv[i], "--"); i++)
                if (streq(argv[i], "--json"))
                        c->json = true;

        r = parse_options(&p, argc, argv);
        if (r != 0 || c->help || c->version || c->completion)
                return r;

        n_words = argc - optind;
        if (n_words > 0)
                name = argv[optind];

        c->verb = verb_find(name);
        if (!c->verb) {
                nearest = text_nearest(name, verb_name);
                if (nearest)
                        return ctl_usage(c, "unknown command '%s', did you mean '%s'?", name, nearest);
                return ctl_usage(c, "unknown command '%s'; see 'vgpu-hibernatectl --help'", name);
        }

        if (!c->verb->argument && n_words > 1)
                return ctl_usage(c, "'%s' takes no argument, not '%s'", name, argv[optind + 1]);
        if (c->verb->argument && n_words < 2)
                return ctl_usage(c, "'%s' needs %s", name, c->verb->argument);
        if (c->verb->second_argument && n_words < 3)
                return ctl_usage(c, "'%s' needs %s %s", name, c->verb->argument, c->verb->second_argument);
        n_taken = !c->verb->argument ? 1 : c->verb->second_argument ? 3 : 2;
        if (n_words > n_taken)
                return ctl_usage(c, "too many arguments: '%s'", argv[optind + n_taken]);

        r = check_options(&p, c->verb);
        for (int i = 1; r == 0 && i < n_taken; i++)
                r = check_argument(c, c->verb, argv[optind + i]);
        if (r != 0)
                return r;

        c->argument = n_taken > 1 ? argv[optind + 1] : NULL;
        c->second_argument = n_taken > 2 ? argv[optind + 2] : NULL;
        return 0;
}
