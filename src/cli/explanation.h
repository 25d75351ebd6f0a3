/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What Explain answers, as plain values. Read like the objects of model.h. */

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "cli/model.h"

typedef struct FindingInfo {
        char *error, *code, *scope, *message, *remedy; /* "": none */
        bool blocking;
} FindingInfo;

typedef struct CandidateInfo {
        char *function, *reason;
        bool fits;
} CandidateInfo;

typedef struct StrategyInfo {
        char *strategy, *reason; /* reason "": nothing speaks against it */
        bool chosen, possible;
} StrategyInfo;

typedef struct ExplanationInfo {
        bool possible;
        char *strategy; /* NULL: not known */
        FunctionPair *functions;
        size_t n_functions;
        StrategyInfo *strategies;
        size_t n_strategies;
        FindingInfo *findings;
        size_t n_findings;
        CandidateInfo *candidates;
        size_t n_candidates;
        uint64_t bytes_needed, bytes_available, bytes_promised; /* UINT64_MAX: not known */
        uint64_t bytes_expected;                                /* the same */
        double prediction_error;                                /* a fraction; negative: not known */
        uint32_t prediction_samples;
        double save_seconds, resume_seconds; /* negative: not known */
} ExplanationInfo;

void explanation_info_done(ExplanationInfo *e);
/* The message stands before the a{sv}. -EBADMSG: not what the contract says. */
int explanation_info_read(ExplanationInfo *ret, sd_bus_message *m) _warn_unused_result_;
/* NULL: out of memory. The form is documented in vgpu-hibernatectl(1). */
json_object *explanation_info_to_json(const ExplanationInfo *e, const char *domain, const char *kind);
