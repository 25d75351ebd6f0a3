/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/image-record.h"

#include <stdio.h>

#include "basic/clock.h"
#include "basic/fileio.h"
#include "store/dir-list.h"
#include "store/identity-json.h"
#include "store/locator-json.h"

#define RECORD_SCHEMA 2 /* 1 named functions by their addresses alone */

ImageRecord *image_record_free(ImageRecord *r)
{
        if (!r)
                return NULL;

        free(r->domain_uuid);
        free(r->domain_name);
        free(r->functions);
        free(r->devices);
        free(r);
        return NULL;
}

/* The UUID comes from libvirt, yet it becomes a file name: only its own alphabet may. */
static int record_name(const char *uuid, char **ret)
{
        if (*uuid == '\0' || uuid[strspn(uuid, "0123456789abcdefABCDEF-")] != '\0')
                return -EINVAL;

        if (asprintf(ret, "%s.json", uuid) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        return 0;
}

static int function_to_json(const FunctionSwap *s, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *identity = NULL;

        if (!o || function_identity_to_json(&s->identity, &identity) < 0 ||
            json_add_pci_address(o, "address", &s->from) < 0 ||
            json_add_locator(o, "locator", &s->from_locator) < 0 ||
            json_add(o, "identity", TAKE_PTR(identity)) < 0 || json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int record_to_json(const ImageRecord *r, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        json_object *functions = json_object_new_array();

        if (json_add(o, "functions", functions) < 0 || json_add_u64(o, "schema", RECORD_SCHEMA) < 0 ||
            json_add_string(o, "domain_uuid", r->domain_uuid) < 0 ||
            json_add_string(o, "domain_name", r->domain_name) < 0 ||
            json_add_string(o, "strategy", strategy_to_string(r->strategy)) < 0 ||
            json_add_string(o, "fixups", guest_fixups_to_string(r->fixups)) < 0 ||
            json_add_u64(o, "job", r->job) < 0 || json_add_u64(o, "bytes", r->bytes) < 0 ||
            json_add_u64(o, "created_usec", r->created_usec) < 0 ||
            json_add_bool(o, "by_shutdown", r->by_shutdown) < 0 ||
            json_add_string(o, "devices", r->devices) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < r->n_functions; i++)
                if (function_to_json(r->functions + i, functions) < 0)
                        return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

int image_record_save(int dir_fd, const ImageRecord *record, Failure *reterr)
{
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *name = NULL;
        int r;

        r = record_name(record->domain_uuid, &name);
        if (r >= 0)
                r = record_to_json(record, &o);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot write the record of domain '%s'",
                                         record->domain_name);

        return json_write_file_at(dir_fd, name, o, reterr);
}

int image_record_write(int dir_fd, const Job *j, uint64_t bytes, Failure *reterr)
{
        const ImageRecord record = {
                .domain_uuid = j->domain_uuid,
                .domain_name = j->domain_name,
                .strategy = j->strategy,
                .by_shutdown = j->by_shutdown,
                .fixups = j->fixups,
                .job = j->id,
                .bytes = bytes,
                .created_usec = clock_realtime_usec(),
                .functions = j->swaps,
                .n_functions = j->n_swaps,
                .devices = j->devices,
        };

        return image_record_save(dir_fd, &record, reterr);
}

static int strategy_from_name(const char *s)
{
        return (int) strategy_from_string(s);
}

static int fixups_from_name(const char *s)
{
        return (int) guest_fixups_from_string(s);
}

static int functions_from_json(json_object *o, ImageRecord *record, Failure *reterr)
{
        json_object *array;
        int r;

        r = json_get_array(o, "", "functions", true, JOB_FUNCTIONS_MAX, &array, reterr);
        if (r < 0)
                return r;

        record->functions = calloc(JOB_FUNCTIONS_MAX, sizeof(FunctionSwap));
        if (!record->functions)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read a record");

        for (size_t i = 0; i < json_object_array_length(array); i++) {
                json_object *f = json_object_array_get_idx(array, i), *identity;
                FunctionSwap *s = record->functions + i;

                if ((r = json_get_pci_address(f, "functions[]", "address", true, &s->from, reterr)) < 0 ||
                    (r = json_get_locator(f, "functions[]", "locator", &s->from_locator, reterr)) < 0 ||
                    (r = json_get_object(f, "functions[]", "identity", true, &identity, reterr)) < 0 ||
                    (r = function_identity_from_json(identity, "functions[].identity", true, &s->identity,
                                                     reterr)) < 0)
                        return r;
                s->has_from = true;
                record->n_functions++;
        }

        return 0;
}

static int record_from_json(json_object *o, ImageRecord **ret, Failure *reterr)
{
        _cleanup_(image_record_freep) ImageRecord *record = calloc(1, sizeof(ImageRecord));
        const char *uuid, *name, *devices = NULL;
        int strategy, fixups = FIXUPS_UNKNOWN, r;

        if (!record)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read a record");

        if ((r = json_check_schema(o, "the record", RECORD_SCHEMA, reterr)) < 0 ||
            (r = json_get_string(o, "", "domain_uuid", true, &uuid, reterr)) < 0 ||
            (r = json_get_string(o, "", "domain_name", true, &name, reterr)) < 0 ||
            (r = json_get_enum(o, "", "strategy", true, strategy_from_name, &strategy, reterr)) < 0 ||
            (r = json_get_enum(o, "", "fixups", false, fixups_from_name, &fixups, reterr)) < 0 ||
            (r = json_get_u64(o, "", "job", true, 1, INT64_MAX, &record->job, reterr)) < 0 ||
            (r = json_get_u64(o, "", "bytes", true, 0, INT64_MAX, &record->bytes, reterr)) < 0 ||
            (r = json_get_u64(o, "", "created_usec", true, 0, INT64_MAX, &record->created_usec, reterr)) <
                            0 ||
            (r = json_get_bool(o, "", "by_shutdown", false, &record->by_shutdown, reterr)) < 0 ||
            (r = json_get_string(o, "", "devices", false, &devices, reterr)) < 0 ||
            (r = functions_from_json(o, record, reterr)) < 0)
                return r;

        if (strategy == STRATEGY_AUTO)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'strategy' says not how it was hibernated");

        if (strategy == STRATEGY_UNPLUG && !devices)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'devices' is missing, which says what is to be plugged");

        record->strategy = (Strategy) strategy;
        record->fixups = (GuestFixups) fixups;
        if (free_and_strdup(&record->domain_uuid, uuid) < 0 ||
            free_and_strdup(&record->domain_name, name) < 0 ||
            free_and_strdup(&record->devices, devices) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read a record");

        *ret = TAKE_PTR(record);
        return 0;
}

int image_record_read(int dir_fd, const char *domain_uuid, ImageRecord **ret, Failure *reterr)
{
        _cleanup_(image_record_freep) ImageRecord *record = NULL;
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *name = NULL;
        int r;

        r = record_name(domain_uuid, &name);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the record of '%s'",
                                         domain_uuid);

        if ((r = json_read_file_at(dir_fd, name, &o, reterr)) < 0 ||
            (r = record_from_json(o, &record, reterr)) < 0)
                return r;

        if (!streq(record->domain_uuid, domain_uuid))
                return failure_set(reterr, FAILURE_HOST, "%s holds the record of another domain", name);

        *ret = TAKE_PTR(record);
        return 0;
}

int image_record_remove(int dir_fd, const char *domain_uuid, Failure *reterr)
{
        _cleanup_free_ char *name = NULL;
        int r;

        r = record_name(domain_uuid, &name);
        if (r >= 0 && unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
                r = -errno;
        if (r >= 0)
                r = fsync_directory_at(dir_fd, ".");
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot remove the record of '%s'",
                                         domain_uuid);

        return 0;
}

typedef struct RecordList {
        ImageRecord **records;
        size_t n;
} RecordList;

static void record_list_done(RecordList *l)
{
        for (size_t i = 0; i < l->n; i++)
                (void) image_record_free(l->records[i]);
        free(l->records);
}

static int list_entry(int dir_fd, const char *key, void *userdata, Failure *reterr)
{
        RecordList *l = userdata;
        _cleanup_free_ char *name = NULL;
        int r;

        if (record_name(key, &name) == -EINVAL)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "not a domain's UUID");

        if (!ARRAY_GROW(l->records, l->n))
                return -ENOMEM;

        r = image_record_read(dir_fd, key, l->records + l->n, reterr);
        if (r < 0)
                return r;

        l->n++;
        return 0;
}

int image_record_list(int dir_fd, ImageRecord ***ret, size_t *ret_n, size_t *ret_broken, Failure *reterr)
{
        _cleanup_(record_list_done) RecordList l = { 0 };
        int r;

        r = dir_list(dir_fd, list_entry, &l, ret_broken, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(l.records);
        *ret_n = l.n;
        l.n = 0;
        return 0;
}
