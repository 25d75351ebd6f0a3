/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/planner-json.h"

#include <stdio.h>

#include "store/json-util.h"

static int append(json_object *array, json_object *value)
{
        if (value && json_object_array_add(array, value) == 0)
                return 0;

        json_object_put(value);
        return -ENOMEM;
}

/* Only in a fleet, where names of domains and addresses say little without it. */
static int add_host(json_object *o, const char *key, const Fleet *fleet, size_t host)
{
        return fleet->n > 1 ? json_add_string(o, key, fleet->hosts[host].host) : 0;
}

static int move_to_json(const Fleet *fleet, size_t host, const PlannerMove *m, json_object *array)
{
        const Inventory *inv = fleet->hosts + host, *other = fleet->hosts + m->host;
        const InventoryDomain *d = inv->domains + m->domain;
        _cleanup_json_ json_object *o = json_object_new_object(), *functions = json_object_new_array();

        if (!o || !functions)
                return -ENOMEM;

        for (size_t i = 0; i < m->n_changes; i++) {
                _cleanup_json_ json_object *change = json_object_new_object();

                if (!change ||
                    json_add_pci_address(change, "from",
                                         &inv->functions[m->changes[i].from].function.address) < 0 ||
                    json_add_pci_address(change, "to",
                                         &other->functions[m->changes[i].to].function.address) < 0 ||
                    append(functions, TAKE_PTR(change)) < 0)
                        return -ENOMEM;
        }

        if (add_host(o, "host", fleet, host) < 0 || json_add_string(o, "domain", d->name) < 0 ||
            json_add_string(o, "uuid", d->uuid) < 0 ||
            (m->host != host && add_host(o, "to_host", fleet, m->host) < 0) ||
            json_add_seconds(o, "cost_seconds", planner_cost_usec(m->cost_seconds)) < 0 ||
            json_add_u64(o, "wave", m->wave) < 0 || json_add(o, "functions", TAKE_PTR(functions)) < 0)
                return -ENOMEM;

        return append(array, TAKE_PTR(o));
}

static int room_to_json(const Fleet *fleet, size_t host, const PlannerRoom *room, json_object *array)
{
        const Inventory *inv = fleet->hosts + host;
        _cleanup_json_ json_object *o = json_object_new_object(), *functions = json_object_new_array();

        if (!o || !functions)
                return -ENOMEM;

        for (size_t i = 0; i < room->n_functions; i++)
                if (append(functions,
                           json_object_new_string(PCI_ADDRESS_STR(
                                           &inv->functions[room->functions[i]].function.address))) < 0)
                        return -ENOMEM;

        if (add_host(o, "host", fleet, host) < 0 || json_add_u64(o, "goal", room->goal) < 0 ||
            json_add(o, "functions", TAKE_PTR(functions)) < 0)
                return -ENOMEM;

        return append(array, TAKE_PTR(o));
}

/* The names of the domains of a wave, over all hosts. */
static int wave_to_json(const Fleet *fleet, const PlannerPlan *plan, uint32_t wave, json_object *waves)
{
        _cleanup_json_ json_object *names = json_object_new_array();

        if (!names)
                return -ENOMEM;

        for (size_t h = 0; h < plan->n_hosts; h++)
                for (size_t i = 0; i < plan->hosts[h].waves.n_moves; i++) {
                        const PlannerMove *m = plan->hosts[h].waves.moves + i;
                        _cleanup_free_ char *name = NULL;

                        if (m->wave != wave)
                                continue;
                        if (asprintf(&name, "%s%s%s",
                                     fleet->n > 1 && fleet->hosts[h].host ? fleet->hosts[h].host : "",
                                     fleet->n > 1 ? "/" : "", fleet->hosts[h].domains[m->domain].name) < 0) {
                                name = NULL;
                                return -ENOMEM;
                        }
                        if (append(names, json_object_new_string(name)) < 0)
                                return -ENOMEM;
                }

        return append(waves, TAKE_PTR(names));
}

/* What it was made for. */
static int add_request(json_object *o, const PlannerGoal *goals, size_t n_goals,
                       const PlannerOptions *options)
{
        _cleanup_json_ json_object *texts = json_object_new_array();

        if (!texts)
                return -ENOMEM;
        for (size_t i = 0; i < n_goals; i++)
                if (append(texts, json_object_new_string(goals[i].text)) < 0)
                        return -ENOMEM;

        if (json_add(o, "goals", TAKE_PTR(texts)) < 0 ||
            json_add_u64(o, "parallel", options->parallel) < 0 ||
            (options->image_rate > 0 && json_add_u64(o, "image_rate", (uint64_t) options->image_rate) < 0))
                return -ENOMEM;
        return json_add_string(o, "guest_fixups", guest_fixups_to_string(options->fixups));
}

int planner_plan_to_json(const Fleet *fleet, const PlannerGoal *goals, size_t n_goals,
                         const PlannerOptions *options, const PlannerPlan *plan, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *moves = json_object_new_array(),
                                   *waves = json_object_new_array(), *rooms = json_object_new_array();

        if (!o || !moves || !waves || !rooms)
                return -ENOMEM;

        for (size_t h = 0; h < plan->n_hosts; h++) {
                for (size_t i = 0; i < plan->hosts[h].waves.n_moves; i++)
                        if (move_to_json(fleet, h, plan->hosts[h].waves.moves + i, moves) < 0)
                                return -ENOMEM;
                for (size_t i = 0; i < plan->hosts[h].n_rooms; i++)
                        if (room_to_json(fleet, h, plan->hosts[h].rooms + i, rooms) < 0)
                                return -ENOMEM;
        }
        for (uint32_t wave = 0; wave < plan->n_waves; wave++)
                if (wave_to_json(fleet, plan, wave, waves) < 0)
                        return -ENOMEM;

        if (json_add_u64(o, "schema", 1) < 0 ||
            json_add_string(o, "stamp", fleet->n == 1 ? fleet->hosts[0].stamp : NULL) < 0 ||
            add_request(o, goals, n_goals, options) < 0 ||
            json_add_bool(o, "feasible", plan->feasible) < 0 ||
            json_add_bool(o, "optimal", plan->optimal) < 0)
                return -ENOMEM;
        if (plan->feasible && (json_add_seconds(o, "cost_seconds", plan->cost.usec) < 0 ||
                               json_add_seconds(o, "lower_bound", plan->bound.usec) < 0))
                return -ENOMEM;
        if (!plan->feasible && (json_object_object_add(o, "cost_seconds", NULL) < 0 ||
                                json_object_object_add(o, "lower_bound", NULL) < 0))
                return -ENOMEM;
        if (json_add(o, "moves", TAKE_PTR(moves)) < 0 || json_add(o, "waves", TAKE_PTR(waves)) < 0 ||
            json_add(o, "rooms", TAKE_PTR(rooms)) < 0)
                return -ENOMEM;
        if (plan->reason ? json_add_string(o, "reason", plan->reason) < 0
                         : json_object_object_add(o, "reason", NULL) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}
