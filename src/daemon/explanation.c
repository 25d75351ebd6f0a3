/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/explanation.h"

void explanation_done(Explanation *e)
{
        for (size_t i = 0; i < e->n_candidates; i++)
                free(e->candidates[i].reason);

        for (size_t i = 0; i < e->n_options; i++)
                free(e->options[i].reason);

        free(e->candidates);
        free(e->swaps);
        free(e->uuid);
        findings_done(&e->findings);
        *e = (Explanation) { 0 };
}

static int on_considered(const Function *f, const Finding *why, void *userdata)
{
        Explanation *e = userdata;
        Candidate *c = e->candidates + e->n_candidates++;

        *c = (Candidate) { .address = f->address, .fits = !why };
        return free_and_strdup(&c->reason, why ? why->message : NULL);
}

static int explanation_add_candidates(Explanation *e, const Manager *m, JobDraft *draft,
                                      const JobOptions *options, Failure *reterr)
{
        const TargetRequest request = job_draft_request(m, draft, options);

        /* There is no more to choose from than there is. */
        e->candidates = calloc(m->view->n_functions + 1, sizeof(Candidate));
        if (!e->candidates)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot explain");

        return consider_targets(&request, draft->swaps, draft->n_swaps, on_considered, e, reterr);
}

static int explanation_set_swaps(Explanation *e, const JobDraft *draft, Failure *reterr)
{
        e->swaps = calloc(draft->n_swaps + 1, sizeof(FunctionSwap));
        if (!e->swaps)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot explain");

        for (; e->n_swaps < draft->n_swaps; e->n_swaps++) {
                const FunctionSwap *s = draft->swaps + e->n_swaps;

                e->swaps[e->n_swaps] = (FunctionSwap) {
                        .has_from = s->has_from,
                        .has_to = s->has_to,
                        .from = s->from,
                        .to = s->to,
                };
        }

        return 0;
}

int explanation_from_memory(Manager *m, const char *domain, const JobOptions *options, GuestFixups assumed,
                            Explanation *ret, Failure *reterr)
{
        _cleanup_(explanation_done) Explanation e = { .kind = options->kind };
        JobDraft draft;
        int r;

        r = job_draft(m, domain, options, assumed, &draft, &e.findings, reterr);
        if (r < 0)
                return r;

        r = free_and_strdup(&e.uuid, draft.domain->uuid);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot explain");

        r = explanation_set_swaps(&e, &draft, reterr);
        if (r < 0)
                return r;

        if (e.kind != JOB_HIBERNATE && draft.n_swaps > 0) {
                r = explanation_add_candidates(&e, m, &draft, options, reterr);
                if (r < 0)
                        return r;
        }

        e.strategy = draft.strategy;
        e.wants_fixups = draft.wants_fixups;

        /* A job at work changes what a worker would look at, and its guest has no time to answer. Where libvirt does
         * not answer the daemon, it answers no worker. */
        e.wants_verdict = draft.domain->defined && draft.domain->job == 0 &&
                          manager_check_world(m, NULL) >= 0 &&
                          (e.kind != JOB_RESUME || draft.domain->hibernated);

        *ret = e;
        e = (Explanation) { 0 };
        return 0;
}

void explanation_add_verdict(Explanation *e, Verdict *v)
{
        findings_merge(&e->findings, &v->findings);
        memcpy(e->options, v->options, sizeof(e->options));
        e->n_options = v->n_options;
        v->n_options = 0; /* they are the explanation's now */
        e->strategy = v->strategy;
        e->sized = v->sized;
        e->bytes_needed = v->bytes_needed;
        e->bytes_available = v->bytes_available;
        e->bytes_promised = v->bytes_promised;
        e->predicted = v->predicted;
        e->error = v->error;
}

/* An entry of a{sv} whose value is an array of the given type, "a(ss)". */
static int open_list(sd_bus_message *reply, const char *key, const char *type)
{
        int r;

        if ((r = sd_bus_message_open_container(reply, 'e', "sv")) < 0 ||
            (r = sd_bus_message_append(reply, "s", key)) < 0 ||
            (r = sd_bus_message_open_container(reply, 'v', type)) < 0)
                return r;
        return sd_bus_message_open_container(reply, 'a', type + 1);
}

static int close_list(sd_bus_message *reply)
{
        int r;

        if ((r = sd_bus_message_close_container(reply)) < 0 ||
            (r = sd_bus_message_close_container(reply)) < 0)
                return r;
        return sd_bus_message_close_container(reply);
}

static int append_findings(const Explanation *e, sd_bus_message *reply)
{
        int r;

        r = open_list(reply, "findings", "a(sssbss)");
        if (r < 0)
                return r;

        for (size_t i = 0; i < e->findings.n; i++) {
                const Finding *f = e->findings.list + i;
                const char *code = failure_code_to_bus_error(f->code);

                r = sd_bus_message_append(reply, "(sssbss)", code ? code : "", FINDING_CODE_STR(f),
                                          finding_scope_to_string(f->scope), f->blocking, f->message,
                                          f->remedy ? f->remedy : "");
                if (r < 0)
                        return r;
        }

        return close_list(reply);
}

static int append_swaps(const Explanation *e, sd_bus_message *reply)
{
        int r;

        r = open_list(reply, "functions", "a(ss)");
        if (r < 0)
                return r;

        for (size_t i = 0; i < e->n_swaps; i++) {
                const FunctionSwap *s = e->swaps + i;

                r = sd_bus_message_append(reply, "(ss)", s->has_from ? PCI_ADDRESS_STR(&s->from) : "",
                                          s->has_to ? PCI_ADDRESS_STR(&s->to) : "");
                if (r < 0)
                        return r;
        }

        return close_list(reply);
}

static int append_candidates(const Explanation *e, sd_bus_message *reply)
{
        int r;

        r = open_list(reply, "candidates", "a(sbs)");
        if (r < 0)
                return r;

        for (size_t i = 0; i < e->n_candidates; i++) {
                const Candidate *c = e->candidates + i;

                r = sd_bus_message_append(reply, "(sbs)", PCI_ADDRESS_STR(&c->address), c->fits,
                                          c->reason ? c->reason : "");
                if (r < 0)
                        return r;
        }

        return close_list(reply);
}

static int append_options(const Explanation *e, sd_bus_message *reply)
{
        int r;

        r = open_list(reply, "strategies", "a(sbbs)");
        if (r < 0)
                return r;

        for (size_t i = 0; i < e->n_options; i++) {
                const StrategyOption *o = e->options + i;

                r = sd_bus_message_append(reply, "(sbbs)", strategy_to_string(o->strategy), o->chosen,
                                          o->possible, o->reason ? o->reason : "");
                if (r < 0)
                        return r;
        }

        return close_list(reply);
}

/* A guess is left out, not made. */
static int append_seconds(sd_bus_message *reply, const char *key, uint64_t usec)
{
        return usec > 0 ? sd_bus_message_append(reply, "{sv}", key, "d", (double) usec / USEC_PER_SEC) : 0;
}

static int append_prediction(const Explanation *e, sd_bus_message *reply)
{
        const JobPrediction *p = &e->predicted;
        int r = 0;

        if (p->bytes > 0)
                r = sd_bus_message_append(reply, "{sv}", "bytes_expected", "t", p->bytes);
        if (r >= 0)
                r = append_seconds(reply, "save_seconds", p->save_usec);
        if (r >= 0)
                r = append_seconds(reply, "resume_seconds", p->resume_usec);
        if (r >= 0 && e->error.n > 0)
                r = sd_bus_message_append(reply, "{sv}{sv}", "prediction_error", "d",
                                          (double) e->error.permille / 1000, "prediction_samples", "u",
                                          (uint32_t) e->error.n);
        return r;
}

static int append_contents(const Explanation *e, sd_bus_message *reply)
{
        int r;

        r = sd_bus_message_append(reply, "{sv}", "possible", "b", !findings_are_blocking(&e->findings));
        if (r >= 0 && e->strategy != STRATEGY_AUTO)
                r = sd_bus_message_append(reply, "{sv}", "strategy", "s", strategy_to_string(e->strategy));
        if (r >= 0 && e->n_options > 0)
                r = append_options(e, reply);
        if (r >= 0)
                r = append_swaps(e, reply);
        if (r >= 0)
                r = append_findings(e, reply);
        if (r >= 0 && e->sized)
                r = sd_bus_message_append(reply, "{sv}{sv}{sv}", "bytes_needed", "t", e->bytes_needed,
                                          "bytes_available", "t", e->bytes_available, "bytes_promised", "t",
                                          e->bytes_promised);
        if (r >= 0 && e->kind != JOB_HIBERNATE)
                r = append_candidates(e, reply);
        if (r >= 0)
                r = append_prediction(e, reply);
        return r;
}

int explanation_append(const Explanation *e, sd_bus_message *reply)
{
        int r;

        if (e->findings.incomplete)
                return -ENOMEM;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = append_contents(e, reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}
