/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/claims-bus.h"

#include "basic/clock.h"
#include "daemon/bus-options.h"
#include "daemon/claims.h"
#include "daemon/daemon-bus.h"
#include "daemon/domain-functions.h"
#include "daemon/hold-options.h"
#include "daemon/start-job.h"

#define POOL_BYTES_MAX 128U

/* Reserve */

typedef struct ReserveOptions {
        uint64_t ttl_seconds;
        char *like, *label; /* owned; like NULL: nothing */
        ReserveGroup group;
} ReserveOptions;

static void reserve_options_done(ReserveOptions *o)
{
        free(o->like);
        free(o->label);
}

static int read_ttl(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ReserveOptions *o = options;

        return bus_option_read_u64(m, key, 1, TTL_SECONDS_MAX, &o->ttl_seconds, reterr);
}

static int read_like(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ReserveOptions *o = options;
        const char *text;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        return free_and_strdup(&o->like, text) < 0 ? bus_option_read_failed(-ENOMEM, reterr) : 0;
}

static int read_label(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ReserveOptions *o = options;

        return bus_option_read_line(m, key, LABEL_BYTES_MAX, &o->label, reterr);
}

static int read_group(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ReserveOptions *o = options;
        const char *text;
        ReserveGroup g;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        g = reserve_group_from_string(text);
        if ((int) g < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'group' cannot be '%s'; allowed are 'any' and 'pf'",
                                   bus_option_echo(text));

        o->group = g;
        return 0;
}

/* What is asked for, as it came from the wire. `pool` is the message's. */
static int read_request(sd_bus_message *message, const char **pool, uint32_t *count, ReserveOptions *o,
                        Failure *reterr)
{
        static const BusOption allowed[] = {
                { "ttl_seconds", read_ttl },
                { "like", read_like },
                { "group", read_group },
                { "label", read_label },
        };
        int r;

        *o = (ReserveOptions) { .ttl_seconds = TTL_SECONDS_DEFAULT };

        r = sd_bus_message_read(message, "su", pool, count);
        if (r < 0)
                return bus_option_read_failed(r, reterr);
        if (strlen(*pool) > POOL_BYTES_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "the pool's name is longer than %u bytes: no pool has it",
                                   POOL_BYTES_MAX);
        if (*count < 1 || *count > JOB_FUNCTIONS_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "cannot reserve %u functions; 1 to %d, which is what a job can use",
                                   *count, JOB_FUNCTIONS_MAX);

        return bus_options_read(message, "reserve", allowed, ELEMENTSOF(allowed), o, reterr);
}

/* The pool that all of them are in; "": they are not, or one is gone. */
static const char *common_pool(const Manager *m, const FunctionSwap *functions, size_t n)
{
        const char *pool = NULL;

        for (size_t i = 0; i < n; i++) {
                const FunctionRef from = swap_source(functions + i);
                const Function *f = view_find_ref(m->view, &from);

                if (!f || (pool && !streq(pool, f->pool)))
                        return "";
                pool = f->pool;
        }

        return pool ? pool : "";
}

static int pick(Manager *m, const char *pool, uint32_t count, const ReserveOptions *o, FunctionRef *ret,
                Failure *reterr)
{
        PciAddress picked[JOB_FUNCTIONS_MAX];
        FunctionSwap functions[JOB_FUNCTIONS_MAX];
        FunctionIdentity like[JOB_FUNCTIONS_MAX];
        FunctionRef from[JOB_FUNCTIONS_MAX];
        ReserveRequest request = { .pool = pool, .count = count, .group = o->group };
        const DomainView *d;
        const PoolView *p;
        int r;

        r = manager_check_world(m, reterr);
        if (r < 0)
                return r;

        if (o->like) {
                _cleanup_(findings_done) Findings why = { 0 };

                r = find_domain(m, o->like, &d, reterr);
                if (r < 0)
                        return r;

                domain_functions(m, d, functions, &request.n_like, &why);
                r = findings_check(&why, reterr);
                if (r < 0)
                        return r;

                for (size_t i = 0; i < request.n_like; i++) {
                        like[i] = functions[i].identity;
                        from[i] = swap_source(functions + i);
                }
                request.like = like;
                request.from = from;
                if (!*pool)
                        request.pool = common_pool(m, functions, request.n_like);
        }

        p = view_find_pool(m->view, request.pool);
        if (!p && *request.pool)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "there is no pool '%s'; see 'vgpu-hibernatectl pools'", pool);

        r = reserve_pick(m->view->functions, m->view->n_functions, &request, p ? p->pick : m->config->pick,
                         picked, reterr);
        for (size_t i = 0; r >= 0 && i < count; i++)
                ret[i] = function_ref(view_find_function(m->view, picked + i));
        return r;
}

static int fill_reservation(Reservation *r, sd_bus_message *message, uid_t uid, const char *pool,
                            uint32_t count, ReserveOptions *o, Failure *reterr)
{
        r->uid = uid;
        r->n_functions = count;
        r->until_usec = clock_realtime_usec() + o->ttl_seconds * USEC_PER_SEC;
        r->functions = calloc(count, sizeof(FunctionRef));
        if (!r->functions || free_and_strdup(&r->owner, sd_bus_message_get_sender(message)) < 0 ||
            free_and_strdup(&r->pool, pool) < 0 || free_and_strdup(&r->label, o->label ? o->label : "") < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "failed to reserve");

        return 0;
}

/* Where they are now; of one that is not here any more, where it was. */
static int append_functions(sd_bus_message *reply, const Manager *m, const Reservation *r)
{
        PciAddress addresses[JOB_FUNCTIONS_MAX];

        for (size_t i = 0; i < r->n_functions; i++) {
                const Function *f = view_find_ref(m->view, r->functions + i);

                addresses[i] = f ? f->address : r->functions[i].address;
        }

        return bus_append_addresses(reply, addresses, r->n_functions);
}

static int reply_with_reservation(sd_bus_message *message, const Manager *m, const Reservation *r)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int q;

        if ((q = sd_bus_message_new_method_return(message, &reply)) < 0 ||
            (q = sd_bus_message_append(reply, "s", r->cookie)) < 0 ||
            (q = append_functions(reply, m, r)) < 0 ||
            (q = sd_bus_message_append(reply, "t", r->until_usec)) < 0)
                return q;

        return sd_bus_send(NULL, reply, NULL);
}

static int reserve(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;
        _cleanup_(reserve_options_done) ReserveOptions o = { 0 };
        _cleanup_(reservation_done) Reservation r = { 0 };
        const Reservation *made;
        const char *pool;
        Failure f = { 0 };
        uint32_t count;

        if (read_request(message, &pool, &count, &o, &f) < 0 ||
            fill_reservation(&r, message, polkit_caller(m->polkit), pool, count, &o, &f) < 0 ||
            pick(m, pool, count, &o, r.functions, &f) < 0 || manager_reserve(m, &r, &made, &f) < 0)
                return bus_error_from_failure(error, &f);

        return reply_with_reservation(message, m, made);
}

int method_reserve(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        _cleanup_(reserve_options_done) ReserveOptions o = { 0 };
        Manager *m = userdata;
        PolkitRequest request = {
                .action = POLKIT_ACTION_RESERVE,
                .detail_key = "pool",
                .method = reserve,
                .userdata = m,
        };
        Failure f = { 0 };
        uint32_t count;

        /* Nobody is asked about what makes no sense. */
        if (read_request(message, &request.detail_value, &count, &o, &f) < 0)
                return bus_error_from_failure(error, &f);

        return polkit_authorize(m->polkit, message, &request, error);
}

/* Release */

static int find_reservation(sd_bus_message *message, const Manager *m, const Reservation **ret,
                            Failure *reterr)
{
        const char *cookie;
        int r;

        r = sd_bus_message_read(message, "s", &cookie);
        if (r < 0)
                return bus_option_read_failed(r, reterr);

        return claims_find_reservation(&m->ledger.claims, cookie, polkit_caller(m->polkit), ret, reterr);
}

static int release(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        const Reservation *r;
        Failure f = { 0 };

        if (find_reservation(message, userdata, &r, &f) < 0 || manager_release(userdata, r, &f) < 0)
                return bus_error_from_failure(error, &f);

        return sd_bus_reply_method_return(message, NULL);
}

static int authorize_release(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;
        PolkitRequest request = {
                .action = POLKIT_ACTION_RELEASE,
                .detail_key = "pool",
                .method = release,
                .userdata = m,
        };
        const Reservation *r;
        Failure f = { 0 };

        if (find_reservation(message, m, &r, &f) < 0)
                return bus_error_from_failure(error, &f);

        request.detail_value = r->pool;
        return polkit_authorize(m->polkit, message, &request, error);
}

/* Whose it is comes first: to others there is no such reservation. */
int method_release(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;
        const PolkitRequest request = { .anybody = true, .method = authorize_release, .userdata = m };

        return polkit_authorize(m->polkit, message, &request, error);
}

/* Hold */

static int read_hold(sd_bus_message *message, Manager *m, const DomainView **ret, HoldOptions *o,
                     Failure *reterr)
{
        static const BusOption allowed[] = {
                { "hold", hold_option_read_mode },
                { "hold_until", hold_option_read_until },
        };
        const char *domain;
        int r;

        *o = (HoldOptions) { .mode = HOLD_HOLD };

        r = sd_bus_message_read(message, "s", &domain);
        if (r < 0)
                return bus_option_read_failed(r, reterr);

        if ((r = find_domain(m, domain, ret, reterr)) < 0 ||
            (r = bus_options_read(message, "hold", allowed, ELEMENTSOF(allowed), o, reterr)) < 0)
                return r;

        return hold_options_check(o, reterr);
}

static int hold(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        const DomainView *d;
        Failure f = { 0 };
        HoldOptions o;

        if (read_hold(message, userdata, &d, &o, &f) < 0 ||
            manager_hold(userdata, d, o.mode, o.until_usec, &f) < 0)
                return bus_error_from_failure(error, &f);

        return sd_bus_reply_method_return(message, NULL);
}

int method_hold(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;
        PolkitRequest request = {
                .action = POLKIT_ACTION_HOLD, .detail_key = "domain", .method = hold, .userdata = m
        };
        const DomainView *d;
        Failure f = { 0 };
        HoldOptions o;

        if (read_hold(message, m, &d, &o, &f) < 0)
                return bus_error_from_failure(error, &f);

        request.detail_value = d->name;
        return polkit_authorize(m->polkit, message, &request, error);
}

/* The cookies are not in it. */
static int append_reservation(sd_bus_message *reply, const Manager *m, const Reservation *r)
{
        int q;

        if ((q = sd_bus_message_open_container(reply, 'r', "sasuts")) < 0 ||
            (q = sd_bus_message_append(reply, "s", r->pool)) < 0 ||
            (q = append_functions(reply, m, r)) < 0 ||
            (q = sd_bus_message_append(reply, "uts", r->uid, r->until_usec, r->label)) < 0)
                return q;

        return sd_bus_message_close_container(reply);
}

int property_get_reservations(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const Manager *m = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sasuts)");
        for (size_t i = 0; r >= 0 && i < m->ledger.claims.n_reservations; i++)
                r = append_reservation(reply, m, m->ledger.claims.reservations + i);

        return r < 0 ? r : sd_bus_message_close_container(reply);
}
