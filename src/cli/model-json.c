/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The JSON form of each object, documented in vgpu-hibernatectl(1). Members are only ever added. */

#include "cli/json.h"
#include "cli/model.h"

json_object *strings_to_json(char **strings)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (char **s = strings; s && *s; s++)
                json_build_element(&array, json_object_new_string(*s));
        return TAKE_PTR(array);
}

json_object *reservation_info_to_json(const ReservationInfo *r)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        json_build_string(&o, "pool", r->pool);
        json_build_member(&o, "functions", strings_to_json(r->functions));
        json_build_uint64(&o, "uid", r->uid);
        json_build_known(&o, "expires_usec", r->expires_usec);
        json_build_string(&o, "label", r->label);
        return TAKE_PTR(o);
}

/* Its number, or null. */
static void build_job_id(json_object **o, const char *key, const char *path)
{
        uint64_t id;

        if (job_id_from_path(path, &id))
                json_build_uint64(o, key, id);
        else
                json_build_string(o, key, NULL);
}

json_object *domain_info_to_json(const DomainInfo *d)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        json_build_string(&o, "name", d->name);
        json_build_string(&o, "uuid", d->uuid);
        json_build_string(&o, "state", d->state);
        json_build_member(&o, "functions", strings_to_json(d->functions));
        json_build_string(&o, "strategy", d->strategy);
        json_build_uint64(&o, "image_bytes", d->image_bytes);
        json_build_string(&o, "hold", d->hold);
        json_build_known(&o, "hold_until_usec", d->hold_until_usec);
        json_build_bool(&o, "adopted", d->adopted);
        json_build_bool(&o, "autostart", d->autostart);
        if (d->adopted)
                json_build_uint64(&o, "order", d->order);
        else
                json_build_string(&o, "order", NULL);
        json_build_string(&o, "on_shutdown", d->on_shutdown);
        build_job_id(&o, "job", d->job);
        return TAKE_PTR(o);
}

json_object *function_info_to_json(const FunctionInfo *f)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        json_build_string(&o, "address", f->address);
        json_build_string(&o, "physical_function", f->physical_function);
        json_build_string(&o, "device", f->device);
        json_build_string(&o, "family", f->family);
        json_build_string(&o, "driver", f->driver);
        json_build_index(&o, "iommu_group", f->iommu_group);
        json_build_index(&o, "numa_node", f->numa_node);
        json_build_string(&o, "pool", f->pool);
        json_build_string(&o, "state", f->state);
        json_build_string(&o, "domain", f->domain);
        json_build_known(&o, "held_until_usec", f->held_until_usec);
        json_build_known(&o, "quarantined_since_usec", f->quarantined_since_usec);
        json_build_string(&o, "reason", f->reason);
        return TAKE_PTR(o);
}

static json_object *kinds_to_json(const PoolInfo *p)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < p->n_kinds; i++) {
                const KindInfo *k = p->kinds + i;
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_string(&o, "like", k->like);
                json_build_string(&o, "device", k->device);
                json_build_uint64(&o, "total", k->total);
                json_build_uint64(&o, "free", k->free);
                json_build_uint64(&o, "largest_free", k->largest_free);
                json_build_uint64(&o, "largest_free_in_group", k->largest_free_in_group);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

json_object *pool_info_to_json(const PoolInfo *p)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        json_build_string(&o, "name", p->name);
        json_build_string(&o, "policy", p->policy);
        json_build_uint64(&o, "total", p->total);
        json_build_uint64(&o, "free", p->free);
        json_build_uint64(&o, "leased", p->leased);
        json_build_uint64(&o, "assigned", p->assigned);
        json_build_uint64(&o, "held", p->held);
        json_build_uint64(&o, "quarantined", p->quarantined);
        json_build_uint64(&o, "unknown", p->unknown);
        json_build_uint64(&o, "physical_functions", p->physical_functions);
        json_build_uint64(&o, "free_physical_functions", p->free_physical_functions);
        json_build_uint64(&o, "largest_free", p->largest_free);
        json_build_uint64(&o, "largest_free_in_group", p->largest_free_in_group);
        json_build_uint64(&o, "stranded", p->stranded);
        json_build_fraction(&o, "unusable", p->unusable);
        json_build_member(&o, "kinds", kinds_to_json(p));
        return TAKE_PTR(o);
}

json_object *function_pairs_to_json(const FunctionPair *pairs, size_t n)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < n; i++) {
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_string(&o, "from", pairs[i].from);
                json_build_string(&o, "to", pairs[i].to);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

static json_object *steps_to_json(const JobInfo *j)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < j->n_steps; i++) {
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_string(&o, "name", j->steps[i].name);
                json_build_string(&o, "state", j->steps[i].state);
                json_build_known(&o, "started_usec", j->steps[i].started_usec);
                json_build_known(&o, "ended_usec", j->steps[i].ended_usec);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

static json_object *attempts_to_json(const JobInfo *j)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < j->n_attempts; i++) {
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_known(&o, "usec", j->attempts[i].usec);
                json_build_member(&o, "functions", strings_to_json(j->attempts[i].functions));
                json_build_string(&o, "step", j->attempts[i].step);
                json_build_string(&o, "error", j->attempts[i].error);
                json_build_string(&o, "error_message", j->attempts[i].error_message);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

static json_object *events_to_json(const JobInfo *j)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < j->n_events; i++) {
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_known(&o, "usec", j->events[i].usec);
                json_build_string(&o, "text", j->events[i].text);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

static json_object *moves_to_json(const JobInfo *j)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < j->n_moves; i++) {
                const MoveInfo *m = j->moves + i;
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_uint64(&o, "wave", m->wave);
                json_build_string(&o, "domain", m->domain);
                json_build_string(&o, "uuid", m->uuid);
                json_build_member(&o, "functions", function_pairs_to_json(m->functions, m->n_functions));
                json_build_string(&o, "state", m->state);
                build_job_id(&o, "job", m->job);
                json_build_string(&o, "message", m->message);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

json_object *job_info_to_json(const JobInfo *j)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        json_build_uint64(&o, "id", j->id);
        json_build_string(&o, "kind", j->kind);
        json_build_string(&o, "domain", j->domain);
        json_build_string(&o, "domain_uuid", j->domain_uuid);
        json_build_string(&o, "strategy", j->strategy);
        json_build_string(&o, "state", j->state);
        json_build_string(&o, "step", j->step);
        json_build_uint64(&o, "step_number", j->step_number);
        json_build_uint64(&o, "step_count", j->step_count);
        json_build_fraction(&o, "progress", j->progress);
        json_build_uint64(&o, "bytes", j->bytes);
        json_build_known(&o, "bytes_total", j->bytes_total);
        json_build_known(&o, "rate", j->rate);
        json_build_known(&o, "expected_end_usec", j->expected_end_usec);
        json_build_known(&o, "predicted_usec", j->predicted_usec);
        json_build_known(&o, "took_usec", j->took_usec);
        json_build_string(&o, "error", j->error);
        json_build_string(&o, "error_message", j->error_message);
        json_build_bool(&o, "cancelable", j->cancelable);
        json_build_uint64(&o, "queue_position", j->queue_position);
        json_build_known(&o, "created_usec", j->created_usec);
        json_build_known(&o, "ended_usec", j->ended_usec);
        json_build_member(&o, "functions", function_pairs_to_json(j->functions, j->n_functions));
        json_build_member(&o, "steps", steps_to_json(j));
        json_build_member(&o, "attempts", attempts_to_json(j));
        json_build_member(&o, "events", events_to_json(j));
        build_job_id(&o, "parent", j->parent);
        json_build_member(&o, "moves", moves_to_json(j));
        json_build_uint64(&o, "moves_done", j->moves_done);
        json_build_uint64(&o, "moves_remaining", j->moves_remaining);
        return TAKE_PTR(o);
}
