/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/verdict-json.h"

#include <stdio.h>

#include "store/json-util.h"

static int finding_to_json(const Finding *f, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o || json_add_string(o, "code", failure_code_to_string(f->code)) < 0 ||
            json_add_string(o, "rule", f->rule != RULE_NONE ? finding_rule_to_string(f->rule) : NULL) < 0 ||
            json_add_string(o, "scope", finding_scope_to_string(f->scope)) < 0 ||
            json_add_bool(o, "blocking", f->blocking) < 0 || json_add_string(o, "message", f->message) < 0 ||
            json_add_string(o, "remedy", f->remedy) < 0 || json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int option_to_json(const StrategyOption *s, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o || json_add_string(o, "strategy", strategy_to_string(s->strategy)) < 0 ||
            json_add_bool(o, "chosen", s->chosen) < 0 || json_add_bool(o, "possible", s->possible) < 0 ||
            json_add_string(o, "reason", s->reason) < 0 || json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int options_to_json(const Verdict *v, json_object *o)
{
        json_object *options = json_object_new_array();

        if (json_add(o, "strategies", options) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < v->n_options; i++)
                if (option_to_json(v->options + i, options) < 0)
                        return -ENOMEM;

        return 0;
}

static int prediction_to_json(const Verdict *v, json_object *parent)
{
        json_object *o = json_object_new_object();

        if (json_add(parent, "predicted", o) < 0 || json_add_u64(o, "bytes", v->predicted.bytes) < 0 ||
            json_add_u64(o, "save_usec", v->predicted.save_usec) < 0 ||
            json_add_u64(o, "resume_usec", v->predicted.resume_usec) < 0 ||
            json_add_u64(o, "error_permille", v->error.permille) < 0)
                return -ENOMEM;

        return json_add_u64(o, "error_samples", v->error.n);
}

int verdict_to_json(const Verdict *v, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *findings = json_object_new_array();

        /* What could not be said in full must not look as if it were. */
        if (!o || !findings || v->findings.incomplete)
                return -ENOMEM;

        for (size_t i = 0; i < v->findings.n; i++)
                if (finding_to_json(v->findings.list + i, findings) < 0)
                        return -ENOMEM;

        if (json_add_string(o, "strategy", strategy_to_string(v->strategy)) < 0 ||
            json_add_string(o, "fixups", guest_fixups_to_string(v->fixups)) < 0 ||
            json_add(o, "findings", TAKE_PTR(findings)) < 0 || options_to_json(v, o) < 0 ||
            prediction_to_json(v, o) < 0)
                return -ENOMEM;

        if (v->sized && (json_add_u64(o, "bytes_needed", v->bytes_needed) < 0 ||
                         json_add_u64(o, "bytes_available", v->bytes_available) < 0 ||
                         json_add_u64(o, "bytes_promised", v->bytes_promised) < 0))
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

static int code_from_name(const char *s)
{
        return failure_code_from_string(s);
}

static int scope_from_name(const char *s)
{
        return finding_scope_from_string(s);
}

static int rule_from_name(const char *s)
{
        return finding_rule_from_string(s);
}

static int strategy_from_name(const char *s)
{
        return strategy_from_string(s);
}

static int fixups_from_name(const char *s)
{
        return guest_fixups_from_string(s);
}

static int finding_from_json(json_object *o, size_t i, Findings *findings, Failure *reterr)
{
        const char *message, *remedy = NULL;
        int code = FAILURE_NONE, rule = RULE_NONE, scope, r;
        char where[64];
        bool blocking;
        Finding *f;

        (void) snprintf(where, sizeof(where), "findings[%zu]", i);

        if ((r = json_get_enum(o, where, "code", false, code_from_name, &code, reterr)) < 0 ||
            (r = json_get_enum(o, where, "rule", false, rule_from_name, &rule, reterr)) < 0 ||
            (r = json_get_enum(o, where, "scope", true, scope_from_name, &scope, reterr)) < 0 ||
            (r = json_get_bool(o, where, "blocking", true, &blocking, reterr)) < 0 ||
            (r = json_get_string(o, where, "message", true, &message, reterr)) < 0 ||
            (r = json_get_string(o, where, "remedy", false, &remedy, reterr)) < 0)
                return r;

        if (blocking && code == FAILURE_NONE)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' blocks without a code", where);

        f = findings_add(findings, code, scope, blocking, "%s", message);
        finding_set_rule(f, (FindingRule) rule);
        if (remedy)
                finding_set_remedy(f, "%s", remedy);
        return 0;
}

static int option_from_json(json_object *o, size_t i, Verdict *v, Failure *reterr)
{
        const char *reason = NULL;
        bool chosen, possible;
        char where[64];
        int strategy, r;

        (void) snprintf(where, sizeof(where), "strategies[%zu]", i);

        if ((r = json_get_enum(o, where, "strategy", true, strategy_from_name, &strategy, reterr)) < 0 ||
            (r = json_get_bool(o, where, "chosen", true, &chosen, reterr)) < 0 ||
            (r = json_get_bool(o, where, "possible", true, &possible, reterr)) < 0 ||
            (r = json_get_string(o, where, "reason", false, &reason, reterr)) < 0)
                return r;

        r = verdict_add_option(v, (Strategy) strategy, chosen, possible, reason);
        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "cannot read '%s'", where) : 0;
}

static int options_from_json(json_object *o, Verdict *v, Failure *reterr)
{
        json_object *options;
        int r;

        r = json_get_array(o, "", "strategies", false, ELEMENTSOF(v->options), &options, reterr);
        for (size_t i = 0; r > 0 && i < json_object_array_length(options); i++) {
                int q = option_from_json(json_object_array_get_idx(options, i), i, v, reterr);

                if (q < 0)
                        return q;
        }

        return r;
}

static int prediction_from_json(json_object *o, Verdict *v, Failure *reterr)
{
        JobPrediction *p = &v->predicted;
        uint64_t permille = 0, n = 0;
        json_object *predicted;
        int r;

        r = json_get_object(o, "", "predicted", false, &predicted, reterr);
        if (r <= 0)
                return r;

        if ((r = json_get_u64(predicted, "predicted", "bytes", false, 0, INT64_MAX, &p->bytes, reterr)) <
                            0 ||
            (r = json_get_u64(predicted, "predicted", "save_usec", false, 0, INT64_MAX, &p->save_usec,
                              reterr)) < 0 ||
            (r = json_get_u64(predicted, "predicted", "resume_usec", false, 0, INT64_MAX, &p->resume_usec,
                              reterr)) < 0 ||
            (r = json_get_u64(predicted, "predicted", "error_permille", false, 0, UINT32_MAX, &permille,
                              reterr)) < 0 ||
            (r = json_get_u64(predicted, "predicted", "error_samples", false, 0, SAMPLES_MAX, &n, reterr)) <
                            0)
                return r;

        v->error = (PredictionError) { .permille = (unsigned) permille, .n = n };
        return 0;
}

int verdict_from_json(json_object *o, Verdict *ret, Failure *reterr)
{
        _cleanup_(verdict_done) Verdict v = { 0 };
        json_object *findings;
        int strategy, fixups = FIXUPS_UNKNOWN, r;

        if ((r = json_get_enum(o, "", "strategy", true, strategy_from_name, &strategy, reterr)) < 0 ||
            (r = json_get_enum(o, "", "fixups", false, fixups_from_name, &fixups, reterr)) < 0 ||
            (r = json_get_array(o, "", "findings", true, FINDINGS_MAX, &findings, reterr)) < 0 ||
            (r = json_get_u64(o, "", "bytes_needed", false, 0, INT64_MAX, &v.bytes_needed, reterr)) < 0)
                return r;

        /* Both or none. */
        v.sized = r > 0;
        if ((r = json_get_u64(o, "", "bytes_available", v.sized, 0, INT64_MAX, &v.bytes_available, reterr)) <
                            0 ||
            (r = json_get_u64(o, "", "bytes_promised", false, 0, INT64_MAX, &v.bytes_promised, reterr)) < 0)
                return r;

        for (size_t i = 0; i < json_object_array_length(findings); i++) {
                r = finding_from_json(json_object_array_get_idx(findings, i), i, &v.findings, reterr);
                if (r < 0)
                        return r;
        }

        r = options_from_json(o, &v, reterr);
        if (r >= 0)
                r = prediction_from_json(o, &v, reterr);
        if (r < 0)
                return r;

        v.strategy = strategy;
        v.fixups = fixups;
        *ret = v;
        v = (Verdict) { 0 };
        return 0;
}
