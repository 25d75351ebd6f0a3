/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/ledger.h"

#include "store/claims-json.h"
#include "store/dir-list.h"
#include "store/locator-json.h"

#define LEDGER_SCHEMA 2 /* 1 named functions by their addresses alone */
#define LEDGER_NAME "ledger.json"
#define LEDGER_FUNCTIONS_MAX 65536U

static void ledger_use_done(LedgerUse *u)
{
        free(u->domain);
        free(u->boot);
}

void ledger_done(Ledger *l)
{
        for (size_t i = 0; i < l->n_quarantines; i++)
                free(l->quarantines[i].reason);
        free(l->quarantines);
        for (size_t i = 0; i < l->n_uses; i++)
                ledger_use_done(l->uses + i);
        free(l->uses);
        claims_done(&l->claims);
        free(l->boot);
        *l = (Ledger) { 0 };
}

static LedgerQuarantine *find(const Ledger *l, const FunctionRef *f)
{
        for (size_t i = 0; i < l->n_quarantines; i++)
                if (function_ref_equal(&l->quarantines[i].function, f))
                        return l->quarantines + i;

        return NULL;
}

const LedgerQuarantine *ledger_find_quarantine(const Ledger *l, const FunctionRef *f)
{
        return find(l, f);
}

const char *ledger_quarantine_reason(const Ledger *l, const FunctionRef *f)
{
        const LedgerQuarantine *q = find(l, f);

        return q ? q->reason : NULL;
}

int ledger_quarantine(Ledger *l, const FunctionRef *f, const char *reason, uint64_t since_usec)
{
        LedgerQuarantine *q = find(l, f);
        char *copy = NULL;

        if (q)
                return free_and_strdup(&q->reason, reason);

        if (!ARRAY_GROW(l->quarantines, l->n_quarantines) || free_and_strdup(&copy, reason) < 0)
                return -ENOMEM;

        l->quarantines[l->n_quarantines++] =
                        (LedgerQuarantine) { .function = *f, .reason = copy, .since_usec = since_usec };
        return 0;
}

void ledger_set_suspect(Ledger *l, const FunctionRef *f, bool suspect)
{
        LedgerQuarantine *q = find(l, f);

        if (q)
                q->suspect = suspect;
}

bool ledger_clear(Ledger *l, const FunctionRef *f)
{
        LedgerQuarantine *q = find(l, f);

        if (!q)
                return false;

        free(q->reason);
        *q = l->quarantines[--l->n_quarantines];
        return true;
}

static LedgerUse *find_use(const Ledger *l, const FunctionRef *f)
{
        for (size_t i = 0; i < l->n_uses; i++)
                if (function_ref_equal(&l->uses[i].function, f))
                        return l->uses + i;

        return NULL;
}

int ledger_use(Ledger *l, const FunctionRef *f, const char *domain, const char *boot)
{
        LedgerUse *u = find_use(l, f), added = { .function = *f };

        if (u)
                return free_and_strdup(&u->domain, domain) < 0 ? -ENOMEM : free_and_strdup(&u->boot, boot);

        if (!ARRAY_GROW(l->uses, l->n_uses) || free_and_strdup(&added.domain, domain) < 0 ||
            free_and_strdup(&added.boot, boot) < 0) {
                ledger_use_done(&added);
                return -ENOMEM;
        }

        l->uses[l->n_uses++] = added;
        return 0;
}

bool ledger_drop_use(Ledger *l, const FunctionRef *f)
{
        LedgerUse *u = find_use(l, f);

        if (!u)
                return false;

        ledger_use_done(u);
        *u = l->uses[--l->n_uses];
        return true;
}

static int uses_from_json(json_object *o, Ledger *l, Failure *reterr)
{
        json_object *array;
        int r;

        r = json_get_array(o, "", "used", false, LEDGER_FUNCTIONS_MAX, &array, reterr);
        if (r <= 0)
                return r;

        for (size_t i = 0; i < json_object_array_length(array); i++) {
                json_object *u = json_object_array_get_idx(array, i);
                FunctionRef f = { 0 };
                const char *domain, *boot;

                if ((r = json_get_function_ref(u, "used[]", "function", &f, reterr)) < 0 ||
                    (r = json_get_string(u, "used[]", "domain", true, &domain, reterr)) < 0 ||
                    (r = json_get_string(u, "used[]", "boot", true, &boot, reterr)) < 0)
                        return r;
                if (ledger_use(l, &f, domain, boot) < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the ledger");
        }

        return 0;
}

static int uses_to_json(const Ledger *l, json_object *o)
{
        json_object *array = json_object_new_array();

        if (json_add(o, "used", array) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < l->n_uses; i++) {
                _cleanup_json_ json_object *u = json_object_new_object();

                if (!u || json_add_function_ref(u, "function", &l->uses[i].function) < 0 ||
                    json_add_string(u, "domain", l->uses[i].domain) < 0 ||
                    json_add_string(u, "boot", l->uses[i].boot) < 0 || json_object_array_add(array, u) < 0)
                        return -ENOMEM;
                (void) TAKE_PTR(u); /* the array's now */
        }

        return 0;
}

static int ledger_from_json(json_object *o, Ledger *l, Failure *reterr)
{
        const char *boot = NULL;
        json_object *array;
        int r;

        if ((r = json_check_schema(o, "the ledger", LEDGER_SCHEMA, reterr)) < 0 ||
            (r = json_get_u64(o, "", "next_job", true, 1, INT64_MAX, &l->next_job, reterr)) < 0 ||
            (r = json_get_string(o, "", "boot", false, &boot, reterr)) < 0 ||
            (r = json_get_array(o, "", "quarantined", true, LEDGER_FUNCTIONS_MAX, &array, reterr)) < 0)
                return r;

        if (free_and_strdup(&l->boot, boot) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the ledger");

        for (size_t i = 0; i < json_object_array_length(array); i++) {
                json_object *q = json_object_array_get_idx(array, i);
                FunctionRef f = { 0 };
                const char *reason;
                bool suspect = false;
                uint64_t since = 0;

                if ((r = json_get_function_ref(q, "quarantined[]", "function", &f, reterr)) < 0 ||
                    (r = json_get_string(q, "quarantined[]", "reason", true, &reason, reterr)) < 0 ||
                    (r = json_get_u64(q, "quarantined[]", "since_usec", false, 0, INT64_MAX, &since,
                                      reterr)) < 0 ||
                    (r = json_get_bool(q, "quarantined[]", "suspect", false, &suspect, reterr)) < 0)
                        return r;
                if (ledger_quarantine(l, &f, reason, since) < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the ledger");
                ledger_set_suspect(l, &f, suspect);
        }

        r = uses_from_json(o, l, reterr);
        return r < 0 ? r : claims_from_json(o, &l->claims, reterr);
}

int ledger_load(int dir_fd, Ledger *ret, bool *ret_broken, Failure *reterr)
{
        _cleanup_json_ json_object *o = NULL;
        _cleanup_(ledger_done) Ledger l = { .next_job = 1 };
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        *ret_broken = false;

        r = json_read_file_at(dir_fd, LEDGER_NAME, &o, &why);
        if (r >= 0)
                r = ledger_from_json(o, &l, &why);

        if (r < 0 && r != -ENOENT && !json_error_is_content(r)) {
                (void) failure_set(reterr, why.code, "%s", failure_message(&why));
                return r;
        }
        if (r < 0 && r != -ENOENT) {
                r = dir_set_aside(dir_fd, LEDGER_NAME);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, r,
                                                 "cannot set aside the broken ledger");
                ledger_done(&l);
                l.next_job = 1;
                *ret_broken = true;
        }

        *ret = l;
        l = (Ledger) { 0 };
        return 0;
}

static int ledger_to_json(const Ledger *l, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        json_object *array = json_object_new_array();

        if (json_add(o, "quarantined", array) < 0 || json_add_u64(o, "schema", LEDGER_SCHEMA) < 0 ||
            json_add_u64(o, "next_job", l->next_job) < 0 || uses_to_json(l, o) < 0 ||
            json_add_string(o, "boot", l->boot) < 0 || claims_to_json(&l->claims, o) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < l->n_quarantines; i++) {
                _cleanup_json_ json_object *q = json_object_new_object();

                if (!q || json_add_function_ref(q, "function", &l->quarantines[i].function) < 0 ||
                    json_add_string(q, "reason", l->quarantines[i].reason) < 0 ||
                    json_add_u64(q, "since_usec", l->quarantines[i].since_usec) < 0 ||
                    json_add_bool(q, "suspect", l->quarantines[i].suspect) < 0 ||
                    json_object_array_add(array, q) < 0)
                        return -ENOMEM;
                (void) TAKE_PTR(q); /* the array's now */
        }

        *ret = TAKE_PTR(o);
        return 0;
}

int ledger_save(int dir_fd, const Ledger *l, Failure *reterr)
{
        _cleanup_json_ json_object *o = NULL;

        if (ledger_to_json(l, &o) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot write the ledger");

        return json_write_file_at(dir_fd, LEDGER_NAME, o, reterr);
}
