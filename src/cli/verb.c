/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/verb.h"

#include <assert.h>

const Verb *verb_find(const char *name)
{
        for (size_t i = 0; i < n_verbs; i++)
                if (streq(verbs[i].name, name))
                        return &verbs[i];

        return NULL;
}

const Option *option_find_short(char name)
{
        for (size_t i = 0; i < _OPTION_ID_MAX; i++)
                if (options[i].short_name != '\0' && options[i].short_name == name)
                        return &options[i];

        return NULL;
}

const Verb verbs[] = {
        { "hibernate", "DOMAIN", VALUE_DOMAIN,
          OPTION_BIT(OPTION_STRATEGY) | OPTION_BIT(OPTION_HOLD) | OPTION_BIT(OPTION_UNTIL) |
                          OPTION_BIT(OPTION_NO_WAIT),
          0, "Save a running domain and give its functions back", verb_hibernate },
        { "resume", "DOMAIN", VALUE_DOMAIN,
          OPTION_BIT(OPTION_FUNCTION) | OPTION_BIT(OPTION_RESERVATION) | OPTION_BIT(OPTION_NO_WAIT), 0,
          "Resume a hibernated domain on functions that are free", verb_resume },
        { "move", "DOMAIN", VALUE_DOMAIN,
          OPTION_BIT(OPTION_STRATEGY) | OPTION_BIT(OPTION_FUNCTION) | OPTION_BIT(OPTION_RESERVATION) |
                          OPTION_BIT(OPTION_FALLBACK) | OPTION_BIT(OPTION_NO_WAIT),
          0, "Hibernate a domain and resume it on other functions", verb_move },
        { "discard", "DOMAIN", VALUE_DOMAIN, OPTION_BIT(OPTION_YES) | OPTION_BIT(OPTION_NO_WAIT), 0,
          "Give up the memory of a hibernated domain, which boots then", verb_discard },
        { "explain", "DOMAIN", VALUE_DOMAIN,
          OPTION_BIT(OPTION_KIND) | OPTION_BIT(OPTION_STRATEGY) | OPTION_BIT(OPTION_FUNCTION) |
                          OPTION_BIT(OPTION_RESERVATION),
          0, "Say what would come of a job, without beginning it", verb_explain },
        { "fits", "FUNCTION", VALUE_TEXT, OPTION_BIT(OPTION_INVENTORY) | OPTION_BIT(OPTION_GUEST_FIXUPS),
          OPTION_BIT(OPTION_INVENTORY), "Say whether the second function may take over from the first",
          verb_fits, "FUNCTION" },
        { "list", NULL, VALUE_NONE, OPTION_BIT(OPTION_ALL), 0,
          "List the domains that have functions or are hibernated", verb_list },
        { "functions", NULL, VALUE_NONE, 0, 0, "List the functions of this host's pool", verb_functions },
        { "pools", NULL, VALUE_NONE, 0, 0, "List the pools, and how many of their functions are free",
          verb_pools },
        { "inventory", NULL, VALUE_NONE, 0, 0,
          "Print all that this host has as JSON, for fits, plan and fleets", verb_inventory },
        { "jobs", NULL, VALUE_NONE, 0, 0, "List running and ended jobs", verb_jobs },
        { "job", "ID", VALUE_JOB, OPTION_BIT(OPTION_FOLLOW), 0, "Tell the story of a job, step by step",
          verb_job },
        { "cancel", "JOB", VALUE_JOB, 0, 0, "Cancel a job; refused once its commit point has passed",
          verb_cancel },
        { "reserve", "COUNT", VALUE_COUNT,
          OPTION_BIT(OPTION_POOL) | OPTION_BIT(OPTION_LIKE) | OPTION_BIT(OPTION_GROUP) |
                          OPTION_BIT(OPTION_TTL) | OPTION_BIT(OPTION_LABEL),
          0, "Keep free functions for a resume or move to come", verb_reserve },
        { "release", "COOKIE", VALUE_TEXT, 0, 0, "Give reserved functions back", verb_release },
        { "hold", "DOMAIN", VALUE_DOMAIN, OPTION_BIT(OPTION_UNTIL) | OPTION_BIT(OPTION_RELEASE), 0,
          "Keep the functions of a hibernated domain for it", verb_hold },
        { "adopt", "DOMAIN", VALUE_DOMAIN,
          OPTION_BIT(OPTION_DRY_RUN) | OPTION_BIT(OPTION_ORDER) | OPTION_BIT(OPTION_ON_SHUTDOWN), 0,
          "Have a domain hibernated and brought back with its host", verb_adopt },
        { "disown", "DOMAIN", VALUE_DOMAIN, OPTION_BIT(OPTION_DRY_RUN), 0,
          "Give an adopted domain back as it was", verb_disown },
        { "quarantine", "FUNCTION", VALUE_FUNCTION, OPTION_BIT(OPTION_REASON), OPTION_BIT(OPTION_REASON),
          "Take a function out of use", verb_quarantine },
        { "clear", "FUNCTION", VALUE_FUNCTION, OPTION_BIT(OPTION_PROBE), 0,
          "Put a quarantined function back into use", verb_clear },
        { "plan", NULL, VALUE_NONE,
          OPTION_BIT(OPTION_INVENTORY) | OPTION_BIT(OPTION_GOAL) | OPTION_BIT(OPTION_PARALLEL) |
                          OPTION_BIT(OPTION_TIME_LIMIT) | OPTION_BIT(OPTION_GUEST_FIXUPS) |
                          OPTION_BIT(OPTION_ACROSS_HOSTS) | OPTION_BIT(OPTION_IMAGE_RATE),
          OPTION_BIT(OPTION_GOAL), "Find the cheapest moves that make room", verb_plan },
        { "apply", "FILE", VALUE_FILE,
          OPTION_BIT(OPTION_ON_FAILURE) | OPTION_BIT(OPTION_REPLAN) | OPTION_BIT(OPTION_PARALLEL) |
                          OPTION_BIT(OPTION_STRATEGY) | OPTION_BIT(OPTION_RESERVE) | OPTION_BIT(OPTION_TTL) |
                          OPTION_BIT(OPTION_LABEL) | OPTION_BIT(OPTION_NO_WAIT),
          0, "Carry out a plan that plan --json has printed; '-' reads it from a pipe", verb_apply },
        { "map", NULL, VALUE_NONE,
          OPTION_BIT(OPTION_INVENTORY) | OPTION_BIT(OPTION_GOAL) | OPTION_BIT(OPTION_PARALLEL) |
                          OPTION_BIT(OPTION_TIME_LIMIT) | OPTION_BIT(OPTION_GUEST_FIXUPS) |
                          OPTION_BIT(OPTION_ACROSS_HOSTS) | OPTION_BIT(OPTION_IMAGE_RATE),
          0, "Draw who has which function; with goals, before and after the plan", verb_map },
        { "watch", NULL, VALUE_NONE, 0, 0, "Print every change, a line each, until interrupted",
          verb_watch },
        { "status", NULL, VALUE_NONE, 0, 0, "Show the daemon's version and health, and what it counts",
          verb_status },
};
const size_t n_verbs = ELEMENTSOF(verbs);

const Option options[] = {
        [OPTION_ACROSS_HOSTS] = { OPTION_ACROSS_HOSTS, "across-hosts", '\0', NULL, VALUE_NONE, false, false,
                                  "Domains of a fleet may go on on other hosts" },
        [OPTION_ALL] = { OPTION_ALL, "all", 'a', NULL, VALUE_NONE, false, false,
                         "List also domains without functions" },
        [OPTION_DRY_RUN] = { OPTION_DRY_RUN, "dry-run", 'n', NULL, VALUE_NONE, false, false,
                             "Only show what would change" },
        [OPTION_FALLBACK] = { OPTION_FALLBACK, "fallback", '\0', "back|stay", VALUE_FALLBACK, false, false,
                              "If no other function does: back to its own, or stay hibernated" },
        [OPTION_FOLLOW] = { OPTION_FOLLOW, "follow", 'f', NULL, VALUE_NONE, false, false,
                            "Follow the job until it ends" },
        [OPTION_FUNCTION] = { OPTION_FUNCTION, "function", '\0', "ADDRESS", VALUE_FUNCTION, true, false,
                              "Resume on this function; once for each function of the domain" },
        [OPTION_GOAL] = { OPTION_GOAL, "goal", '\0', "GOAL", VALUE_GOAL, true, false,
                          "free-pf=K, evacuate=PF, fit=N or compact; several must all be reached" },
        [OPTION_GROUP] = { OPTION_GROUP, "group", '\0', "any|pf", VALUE_GROUP, false, false,
                           "pf: functions that are all of one physical function" },
        [OPTION_GUEST_FIXUPS] = { OPTION_GUEST_FIXUPS, "guest-fixups", '\0', "yes|no|unknown", VALUE_FIXUPS,
                                  false, false, "Does the guest's driver follow to another card? unknown" },
        [OPTION_HOLD] = { OPTION_HOLD, "hold", '\0', NULL, VALUE_NONE, false, false,
                          "Keep the functions for this domain's resume" },
        [OPTION_IMAGE_RATE] = { OPTION_IMAGE_RATE, "image-rate", '\0', "BYTES", VALUE_COUNT, false, false,
                                "So many are carried to another host in a second; K, M, G, T may follow" },
        [OPTION_INVENTORY] = { OPTION_INVENTORY, "inventory", '\0', "FILE", VALUE_FILE, false, false,
                               "Of a host or a fleet; no daemon is asked" },
        [OPTION_KIND] = { OPTION_KIND, "kind", '\0', "hibernate|resume|move", VALUE_JOB_KIND, false, false,
                          "Of which job; move unless given" },
        [OPTION_LABEL] = { OPTION_LABEL, "label", '\0', "TEXT", VALUE_TEXT, false, false,
                           "What others read beside the reservation" },
        [OPTION_LIKE] = { OPTION_LIKE, "like", '\0', "DOMAIN", VALUE_DOMAIN, false, false,
                          "Functions that fit this domain" },
        [OPTION_NO_WAIT] = { OPTION_NO_WAIT, "no-wait", '\0', NULL, VALUE_NONE, false, false,
                             "Print the number of the new job and do not follow it" },
        [OPTION_ON_SHUTDOWN] = { OPTION_ON_SHUTDOWN, "on-shutdown", '\0', "hibernate|nothing",
                                 VALUE_ON_SHUTDOWN, false, false,
                                 "What is done with it when the host shuts down; as configured" },
        [OPTION_ORDER] = { OPTION_ORDER, "order", '\0', "N", VALUE_COUNT, false, false,
                           "Lower ones are brought back first, 100 by default" },
        [OPTION_ON_FAILURE] = { OPTION_ON_FAILURE, "on-failure", '\0', "stop|continue", VALUE_ON_FAILURE,
                                false, false,
                                "Go on with moves that do not depend on one that failed; or stop" },
        [OPTION_PARALLEL] = { OPTION_PARALLEL, "parallel", '\0', "N", VALUE_COUNT, false, false,
                              "So many domains may be saved at once, 1 by default" },
        [OPTION_POOL] = { OPTION_POOL, "pool", '\0', "NAME", VALUE_POOL, false, false,
                          "Functions of this pool" },
        [OPTION_PROBE] = { OPTION_PROBE, "probe", '\0', NULL, VALUE_NONE, false, false,
                           "Only if it comes through a reset, its gate and its cleaning" },
        [OPTION_REASON] = { OPTION_REASON, "reason", '\0', "TEXT", VALUE_TEXT, false, false,
                            "Why, for those who will look at the function" },
        [OPTION_RELEASE] = { OPTION_RELEASE, "release", '\0', NULL, VALUE_NONE, false, false,
                             "Give the functions back instead" },
        [OPTION_REPLAN] = { OPTION_REPLAN, "replan", '\0', NULL, VALUE_NONE, false, false,
                            "Plan anew around a domain that cannot be moved" },
        [OPTION_RESERVATION] = { OPTION_RESERVATION, "reservation", '\0', "COOKIE", VALUE_TEXT, false, false,
                                 "Resume on functions of this reservation, and use it up" },
        [OPTION_RESERVE] = { OPTION_RESERVE, "reserve", '\0', NULL, VALUE_NONE, false, false,
                             "Keep the room that the plan makes" },
        [OPTION_STRATEGY] = { OPTION_STRATEGY, "strategy", '\0', "STRATEGY", VALUE_STRATEGY, false, false,
                              "How the guest is saved: auto, suspend-to-ram, suspend-to-disk, device-state; or "
                              "unplug, which loses what its functions hold" },
        [OPTION_TIME_LIMIT] = { OPTION_TIME_LIMIT, "time-limit", '\0', "SECONDS", VALUE_COUNT, false, false,
                                "Take the best plan found by then" },
        [OPTION_TTL] = { OPTION_TTL, "ttl", '\0', "SECONDS", VALUE_COUNT, false, false,
                         "For how long, 300 by default" },
        [OPTION_UNTIL] = { OPTION_UNTIL, "until", '\0', "TIME", VALUE_TEXT, false, false,
                           "Keep them until then; \"2025-03-01 10:26\", +90s, +30min, +2h, +7d" },
        [OPTION_YES] = { OPTION_YES, "yes", 'y', NULL, VALUE_NONE, false, false,
                         "Do not ask whether it is meant" },
        [OPTION_HOST] = { OPTION_HOST, "host", 'H', "[USER@]HOST", VALUE_HOST, false, false,
                          "Talk to the daemon of another host over ssh" },
        [OPTION_JSON] = { OPTION_JSON, "json", '\0', NULL, VALUE_NONE, false, false,
                          "Print JSON, errors too" },
        [OPTION_QUIET] = { OPTION_QUIET, "quiet", 'q', NULL, VALUE_NONE, false, false,
                           "Print only names in lists, and no progress" },
        [OPTION_NO_LEGEND] = { OPTION_NO_LEGEND, "no-legend", '\0', NULL, VALUE_NONE, false, false,
                               "Print no headings" },
        [OPTION_NO_ASK_PASSWORD] = { OPTION_NO_ASK_PASSWORD, "no-ask-password", '\0', NULL, VALUE_NONE,
                                     false, false, "Do not let polkit ask for a password" },
        [OPTION_HELP] = { OPTION_HELP, "help", 'h', NULL, VALUE_NONE, false, false, "Print this help" },
        [OPTION_VERSION] = { OPTION_VERSION, "version", '\0', NULL, VALUE_NONE, false, false,
                             "Print the version" },
        [OPTION_USER] = { OPTION_USER, "user", '\0', NULL, VALUE_NONE, false, true, NULL },
        [OPTION_COMPLETION] = { OPTION_COMPLETION, "completion", '\0', "SHELL", VALUE_TEXT, false, true,
                                NULL },
        [OPTION_FAMILIES_DIR] = { OPTION_FAMILIES_DIR, "families-dir", '\0', "DIRECTORY", VALUE_FILE, false,
                                  true, NULL },
};
static_assert(ELEMENTSOF(options) == _OPTION_ID_MAX, "an option without a row");
static_assert(_OPTION_ID_MAX <= 64, "an option without a bit");
