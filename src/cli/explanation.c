/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/explanation.h"

#include "cli/array.h"
#include "cli/json.h"
#include "cli/model.h"
#include "cli/property.h"

static void clear_findings(ExplanationInfo *e)
{
        for (size_t i = 0; i < e->n_findings; i++) {
                free(e->findings[i].error);
                free(e->findings[i].code);
                free(e->findings[i].scope);
                free(e->findings[i].message);
                free(e->findings[i].remedy);
        }

        free(e->findings);
        e->findings = NULL;
        e->n_findings = 0;
}

static void clear_candidates(ExplanationInfo *e)
{
        for (size_t i = 0; i < e->n_candidates; i++) {
                free(e->candidates[i].function);
                free(e->candidates[i].reason);
        }

        free(e->candidates);
        e->candidates = NULL;
        e->n_candidates = 0;
}

static void clear_strategies(ExplanationInfo *e)
{
        for (size_t i = 0; i < e->n_strategies; i++) {
                free(e->strategies[i].strategy);
                free(e->strategies[i].reason);
        }

        free(e->strategies);
        e->strategies = NULL;
        e->n_strategies = 0;
}

void explanation_info_done(ExplanationInfo *e)
{
        clear_strategies(e);
        function_pairs_clear(&e->functions, &e->n_functions);
        clear_findings(e);
        clear_candidates(e);
        free(e->strategy);
        *e = (ExplanationInfo) { 0 };
}

static int read_findings(sd_bus_message *m, void *field)
{
        const char *error, *code, *scope, *message, *remedy;
        ExplanationInfo *e = field;
        int blocking, r;

        clear_findings(e);
        r = sd_bus_message_enter_container(m, 'a', "(sssbss)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(sssbss)", &error, &code, &scope, &blocking, &message,
                                        &remedy)) > 0) {
                FindingInfo *f = array_add(&e->findings, &e->n_findings, sizeof(*f), MODEL_LIST_MAX);
                if (!f)
                        return -ENOMEM;

                *f = (FindingInfo) {
                        .error = strdup(error),
                        .code = strdup(code),
                        .scope = strdup(scope),
                        .message = strdup(message),
                        .remedy = strdup(remedy),
                        .blocking = blocking,
                };
                if (!f->error || !f->code || !f->scope || !f->message || !f->remedy)
                        return -ENOMEM;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_candidates(sd_bus_message *m, void *field)
{
        const char *function, *reason;
        ExplanationInfo *e = field;
        int fits, r;

        clear_candidates(e);
        r = sd_bus_message_enter_container(m, 'a', "(sbs)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(sbs)", &function, &fits, &reason)) > 0) {
                CandidateInfo *c = array_add(&e->candidates, &e->n_candidates, sizeof(*c), MODEL_LIST_MAX);
                if (!c)
                        return -ENOMEM;

                *c = (CandidateInfo) { .function = strdup(function),
                                       .reason = strdup(reason),
                                       .fits = fits };
                if (!c->function || !c->reason)
                        return -ENOMEM;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_strategies(sd_bus_message *m, void *field)
{
        const char *strategy, *reason;
        int chosen, possible, r;
        ExplanationInfo *e = field;

        clear_strategies(e);
        r = sd_bus_message_enter_container(m, 'a', "(sbbs)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(sbbs)", &strategy, &chosen, &possible, &reason)) > 0) {
                StrategyInfo *s = array_add(&e->strategies, &e->n_strategies, sizeof(*s), MODEL_LIST_MAX);
                if (!s)
                        return -ENOMEM;

                *s = (StrategyInfo) {
                        .strategy = strdup(strategy),
                        .reason = strdup(reason),
                        .chosen = chosen,
                        .possible = possible,
                };
                if (!s->strategy || !s->reason)
                        return -ENOMEM;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_functions(sd_bus_message *m, void *field)
{
        ExplanationInfo *e = field;

        return function_pairs_read(m, &e->functions, &e->n_functions);
}

static const PropertyField explanation_fields[] = {
        { "possible", "b", property_read_bool, offsetof(ExplanationInfo, possible) },
        { "strategy", "s", property_read_string, offsetof(ExplanationInfo, strategy) },
        { "functions", "a(ss)", read_functions, 0 },
        { "strategies", "a(sbbs)", read_strategies, 0 },
        { "findings", "a(sssbss)", read_findings, 0 },
        { "candidates", "a(sbs)", read_candidates, 0 },
        { "bytes_needed", "t", property_read_uint64, offsetof(ExplanationInfo, bytes_needed) },
        { "bytes_available", "t", property_read_uint64, offsetof(ExplanationInfo, bytes_available) },
        { "bytes_promised", "t", property_read_uint64, offsetof(ExplanationInfo, bytes_promised) },
        { "bytes_expected", "t", property_read_uint64, offsetof(ExplanationInfo, bytes_expected) },
        { "save_seconds", "d", property_read_double, offsetof(ExplanationInfo, save_seconds) },
        { "resume_seconds", "d", property_read_double, offsetof(ExplanationInfo, resume_seconds) },
        { "prediction_error", "d", property_read_double, offsetof(ExplanationInfo, prediction_error) },
        { "prediction_samples", "u", property_read_uint32, offsetof(ExplanationInfo, prediction_samples) },
};

int explanation_info_read(ExplanationInfo *ret, sd_bus_message *m)
{
        ret->bytes_needed = ret->bytes_available = ret->bytes_promised = UINT64_MAX;
        ret->bytes_expected = UINT64_MAX;
        ret->save_seconds = ret->resume_seconds = ret->prediction_error = -1;
        return properties_read(m, explanation_fields, ELEMENTSOF(explanation_fields), ret);
}

static json_object *findings_to_json(const ExplanationInfo *e)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < e->n_findings; i++) {
                const FindingInfo *f = &e->findings[i];
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_string(&o, "error", f->error);
                json_build_string(&o, "code", f->code);
                json_build_string(&o, "scope", f->scope);
                json_build_bool(&o, "blocking", f->blocking);
                json_build_string(&o, "message", f->message);
                json_build_string(&o, "remedy", f->remedy);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

static json_object *candidates_to_json(const ExplanationInfo *e)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < e->n_candidates; i++) {
                const CandidateInfo *c = &e->candidates[i];
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_string(&o, "function", c->function);
                json_build_bool(&o, "fits", c->fits);
                json_build_string(&o, "reason", c->reason);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

static json_object *strategies_to_json(const ExplanationInfo *e)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < e->n_strategies; i++) {
                const StrategyInfo *s = &e->strategies[i];
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_string(&o, "strategy", s->strategy);
                json_build_bool(&o, "chosen", s->chosen);
                json_build_bool(&o, "possible", s->possible);
                json_build_string(&o, "reason", s->reason);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

static void add_bytes(json_object **o, const char *key, uint64_t bytes)
{
        if (bytes == UINT64_MAX)
                json_build_string(o, key, NULL);
        else
                json_build_uint64(o, key, bytes);
}

static void add_double(json_object **o, const char *key, double value)
{
        if (value < 0)
                json_build_string(o, key, NULL);
        else
                json_build_member(o, key, json_object_new_double(value));
}

json_object *explanation_info_to_json(const ExplanationInfo *e, const char *domain, const char *kind)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        json_build_string(&o, "domain", domain);
        json_build_string(&o, "kind", kind);
        json_build_bool(&o, "possible", e->possible);
        json_build_string(&o, "strategy", e->strategy);
        json_build_member(&o, "functions", function_pairs_to_json(e->functions, e->n_functions));
        json_build_member(&o, "strategies", strategies_to_json(e));
        json_build_member(&o, "findings", findings_to_json(e));
        add_bytes(&o, "bytes_needed", e->bytes_needed);
        add_bytes(&o, "bytes_available", e->bytes_available);
        add_bytes(&o, "bytes_promised", e->bytes_promised);
        add_bytes(&o, "bytes_expected", e->bytes_expected);
        add_double(&o, "save_seconds", e->save_seconds);
        add_double(&o, "resume_seconds", e->resume_seconds);
        add_double(&o, "prediction_error", e->prediction_error);
        json_build_uint64(&o, "prediction_samples", e->prediction_samples);
        json_build_member(&o, "candidates", candidates_to_json(e));
        return TAKE_PTR(o);
}
