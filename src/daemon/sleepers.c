/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/sleepers.h"

#include "basic/log.h"
#include "daemon/start-job.h"

void sleepers_done(Sleepers *s)
{
        for (size_t i = 0; i < s->n; i++)
                free(s->uuids[i]);
        free(s->uuids);
        *s = (Sleepers) { 0 };
}

static bool is_known(const Sleepers *s, const char *uuid)
{
        for (size_t i = 0; i < s->n; i++)
                if (streq(s->uuids[i], uuid))
                        return true;

        return false;
}

static int note(Sleepers *s, const char *uuid)
{
        char *copy = NULL;

        if (!ARRAY_GROW(s->uuids, s->n) || free_and_strdup(&copy, uuid) < 0)
                return -ENOMEM;

        s->uuids[s->n++] = copy;
        return 0;
}

static void forget_awake(Sleepers *s, const View *v)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++) {
                const DomainView *d = view_find_domain_by_uuid(v, s->uuids[i]);

                if (d && d->to_hibernate)
                        s->uuids[n++] = s->uuids[i];
                else
                        free(s->uuids[i]);
        }

        s->n = n;
}

static void hibernate(Manager *m, const DomainView *d)
{
        const JobOptions options = { .kind = JOB_HIBERNATE,
                                     .strategy = STRATEGY_SUSPEND_TO_RAM,
                                     .asleep = true };
        _cleanup_(failure_done) Failure why = { 0 };
        ManagedJob *j;

        if (start_job(m, d->uuid, &options, &j, &why) < 0)
                log_warning("Domain '%s', whose guest sleeps, is not hibernated: %s", d->name,
                            failure_message(&why));
}

void sleepers_hibernate(Manager *m)
{
        /* Nothing may be begun on what is old news. */
        if (manager_check_world(m, NULL) < 0)
                return;

        forget_awake(&m->sleepers, m->view);

        for (size_t i = 0; i < m->view->n_domains; i++) {
                const DomainView *d = m->view->domains + i;

                if (!d->to_hibernate || is_known(&m->sleepers, d->uuid))
                        continue;
                if (note(&m->sleepers, d->uuid) < 0) {
                        (void) log_error_errno(ENOMEM,
                                               "Domain '%s', whose guest sleeps, is not hibernated: %m",
                                               d->name);
                        continue;
                }
                /* That job suspended it, or found it so. */
                if (d->job == 0)
                        hibernate(m, d);
        }
}
