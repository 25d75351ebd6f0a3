/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/journal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>

#include "store/dir-list.h"
#include "store/job-json.h"
#include "store/json-util.h"

#define JOURNAL_NAME_MAX sizeof("18446744073709551615.json")

static char *journal_name(uint64_t id, const char *suffix, char buf[static JOURNAL_NAME_MAX])
{
        (void) snprintf(buf, JOURNAL_NAME_MAX, "%" PRIu64 ".%s", id, suffix);
        return buf;
}

int journal_write(int dir_fd, const Job *j, Failure *reterr)
{
        _cleanup_json_ json_object *o = NULL;
        char name[JOURNAL_NAME_MAX];

        if (job_to_json(j, &o) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot write the journal");

        return json_write_file_at(dir_fd, journal_name(j->id, "json", name), o, reterr);
}

int journal_read(int dir_fd, uint64_t id, Job **ret, Failure *reterr)
{
        _cleanup_(job_freep) Job *j = NULL;
        _cleanup_json_ json_object *o = NULL;
        char name[JOURNAL_NAME_MAX];
        int r;

        if ((r = json_read_file_at(dir_fd, journal_name(id, "json", name), &o, reterr)) < 0 ||
            (r = job_from_json(o, &j, reterr)) < 0)
                return r;

        if (j->id != id)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "%s holds the record of job %" PRIu64,
                                   name, j->id);

        *ret = TAKE_PTR(j);
        return 0;
}

int journal_remove(int dir_fd, uint64_t id)
{
        char name[JOURNAL_NAME_MAX];

        if (unlinkat(dir_fd, journal_name(id, "json", name), 0) < 0 && errno != ENOENT)
                return -errno;
        if (unlinkat(dir_fd, journal_name(id, "lock", name), 0) < 0 && errno != ENOENT)
                return -errno;

        return 0;
}

typedef struct JobList {
        Job **jobs;
        size_t n;
} JobList;

static void job_list_done(JobList *l)
{
        for (size_t i = 0; i < l->n; i++)
                (void) job_free(l->jobs[i]);
        free(l->jobs);
}

static int read_entry(int dir_fd, const char *key, Job **ret, Failure *reterr)
{
        uint64_t id = 0;
        int n = 0;

        if (sscanf(key, "%" SCNu64 "%n", &id, &n) != 1 || key[n] != '\0')
                return failure_set(reterr, FAILURE_INVALID_OPTION, "not a job's number");

        return journal_read(dir_fd, id, ret, reterr);
}

static int list_entry(int dir_fd, const char *key, void *userdata, Failure *reterr)
{
        JobList *l = userdata;
        int r;

        if (!ARRAY_GROW(l->jobs, l->n))
                return -ENOMEM;

        r = read_entry(dir_fd, key, l->jobs + l->n, reterr);
        if (r < 0)
                return r;

        l->n++;
        return 0;
}

static int compare_ids(const void *a, const void *b)
{
        const Job *x = *(Job *const *) a, *y = *(Job *const *) b;

        return x->id < y->id ? -1 : x->id > y->id;
}

int journal_list(int dir_fd, Job ***ret, size_t *ret_n, size_t *ret_broken, Failure *reterr)
{
        _cleanup_(job_list_done) JobList l = { 0 };
        int r;

        r = dir_list(dir_fd, list_entry, &l, ret_broken, reterr);
        if (r < 0)
                return r;

        if (l.n > 0)
                qsort(l.jobs, l.n, sizeof(Job *), compare_ids);

        *ret = TAKE_PTR(l.jobs);
        *ret_n = l.n;
        l.n = 0;
        return 0;
}

typedef struct OpenJob {
        const char *domain_uuid;
        Job *found;
} OpenJob;

static int find_entry(int dir_fd, const char *key, void *userdata, Failure *reterr)
{
        _cleanup_(failure_done) Failure ignored = { 0 };
        _cleanup_(job_freep) Job *j = NULL;
        OpenJob *o = userdata;

        if (!o->found && read_entry(dir_fd, key, &j, &ignored) >= 0 && !job_state_is_final(j->state) &&
            streq(j->domain_uuid, o->domain_uuid))
                o->found = TAKE_PTR(j);
        return 0;
}

int journal_find_open(int dir_fd, const char *domain_uuid, Job **ret, Failure *reterr)
{
        OpenJob o = { .domain_uuid = domain_uuid };
        size_t broken;
        int r;

        r = dir_list(dir_fd, find_entry, &o, &broken, reterr);
        if (r < 0) {
                job_free(o.found);
                return r;
        }

        *ret = o.found;
        return o.found != NULL;
}

int journal_lock(int dir_fd, uint64_t id)
{
        _cleanup_close_ int fd = -EBADF;
        char name[JOURNAL_NAME_MAX];

        fd = openat(dir_fd, journal_name(id, "lock", name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;

        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;

        return TAKE_FD(fd);
}
