/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-goal.h"

#include <stdio.h>

#include "core/enum-table.h"

static const char *const planner_goal_kind_table[] = {
        [PLANNER_GOAL_FREE_PF] = "free-pf",
        [PLANNER_GOAL_EVACUATE] = "evacuate",
        [PLANNER_GOAL_FIT] = "fit",
        [PLANNER_GOAL_COMPACT] = "compact",
};
DEFINE_ENUM_TABLE(planner_goal_kind, PlannerGoalKind, _PLANNER_GOAL_KIND_MAX);

static const char *const planner_level_table[] = {
        [PLANNER_ANYWHERE] = "any",
        [PLANNER_ONE_GROUP] = "group",
        [PLANNER_ONE_PF] = "pf",
};
DEFINE_ENUM_TABLE(planner_level, PlannerLevel, _PLANNER_LEVEL_MAX);

void planner_goal_done(PlannerGoal *g)
{
        free(g->text);
        free(g->pool);
        free(g->of_kind);
        free(g->host);
        *g = (PlannerGoal) { 0 };
}

static int refuse(const char *text, const char *why, Failure *reterr)
{
        return failure_set(reterr, FAILURE_INVALID_OPTION,
                           "goal '%s': %s; goals are free-pf=K[,pool=POOL], evacuate=PF, "
                           "fit=N[,on=pf|group|any][,kind=KIND][,pool=POOL] and compact",
                           text, why);
}

static int parse_count(const char *s, uint32_t *ret)
{
        uint32_t n = 0;

        if (*s == '\0' || *s == '0')
                return -EINVAL;

        for (; *s != '\0'; s++) {
                if (*s < '0' || *s > '9')
                        return -EINVAL;
                n = n * 10 + (uint32_t) (*s - '0');
                if (n > PLANNER_COUNT_MAX)
                        return -ERANGE;
        }

        *ret = n;
        return 0;
}

static int set_text(char **dst, const char *value)
{
        if (*dst || *value == '\0')
                return -EINVAL;
        return free_and_strdup(dst, value);
}

/* "[HOST/]PF": the address has no slash, a host's name may have. */
static int parse_place(const char *value, PlannerGoal *g)
{
        const char *slash = strrchr(value, '/');

        if (slash) {
                if (slash == value)
                        return -EINVAL;
                g->host = strndup(value, (size_t) (slash - value));
                if (!g->host)
                        return -ENOMEM;
                value = slash + 1;
        }

        return pci_address_parse(value, &g->pf);
}

static int parse_extra(PlannerGoal *g, const char *key, const char *value, bool *said_on)
{
        if (streq(key, "pool") && (g->kind == PLANNER_GOAL_FREE_PF || g->kind == PLANNER_GOAL_FIT))
                return set_text(&g->pool, value);
        if (g->kind != PLANNER_GOAL_FIT)
                return -EINVAL;
        if (streq(key, "kind"))
                return set_text(&g->of_kind, value);
        if (!streq(key, "on") || *said_on)
                return -EINVAL;

        *said_on = true;
        g->on = planner_level_from_string(value);
        return (int) g->on < 0 ? -EINVAL : 0;
}

int planner_goal_parse(const char *text, PlannerGoal *ret, Failure *reterr)
{
        _cleanup_(planner_goal_done) PlannerGoal g = { 0 };
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy, *first, *value;
        bool said_on = false;
        int r = 0;

        if (!copy || free_and_strdup(&g.text, text) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read goal '%s'", text);

        first = strsep(&rest, ",");
        value = strchr(first, '=');
        if (value)
                *value++ = '\0';

        g.kind = planner_goal_kind_from_string(first);
        if ((int) g.kind < 0)
                return refuse(text, "there is no such goal", reterr);
        if ((g.kind == PLANNER_GOAL_COMPACT) != !value)
                return refuse(text, value ? "it takes no value" : "it needs a value", reterr);

        if (g.kind == PLANNER_GOAL_EVACUATE)
                r = parse_place(value, &g);
        else if (value)
                r = parse_count(value, &g.count);
        if (r == -EINVAL || r == -ERANGE)
                return refuse(text,
                              g.kind == PLANNER_GOAL_EVACUATE ? "that is no address such as 0000:41:00.0"
                              : r == -ERANGE                  ? "the number is too large"
                                                              : "that is no number of 1 and more",
                              reterr);

        while (r >= 0 && rest) {
                char *key = strsep(&rest, ",");

                value = strchr(key, '=');
                if (value)
                        *value++ = '\0';
                r = value ? parse_extra(&g, key, value, &said_on) : -EINVAL;
                if (r == -EINVAL)
                        return refuse(text, "what follows the comma makes no sense", reterr);
        }
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, -r, "cannot read goal '%s'", text);

        *ret = g;
        g = (PlannerGoal) { 0 };
        return 0;
}
