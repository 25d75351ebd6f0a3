/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/journal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "basic/clock.h"
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

static bool id_from_key(const char *key, uint64_t *ret)
{
        int n = 0;

        return sscanf(key, "%" SCNu64 "%n", ret, &n) == 1 && key[n] == '\0';
}

static int read_entry(int dir_fd, const char *key, Job **ret, Failure *reterr)
{
        uint64_t id;

        if (!id_from_key(key, &id))
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

typedef struct IdList {
        uint64_t *ids;
        size_t n;
} IdList;

static void id_list_done(IdList *l)
{
        free(l->ids);
}

static int note_id(int dir_fd, const char *key, void *userdata, Failure *reterr)
{
        IdList *l = userdata;
        uint64_t id;

        if (!id_from_key(key, &id))
                return 0;
        if (!ARRAY_GROW(l->ids, l->n))
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot list the jobs");

        l->ids[l->n++] = id;
        return 0;
}

static int compare_numbers(const void *a, const void *b)
{
        const uint64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

/* The daemon removes it when a job has ended for good. */
static bool has_lock_file(int dir_fd, uint64_t id)
{
        char name[JOURNAL_NAME_MAX];

        return faccessat(dir_fd, journal_name(id, "lock", name), F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

int journal_survey(int dir_fd, uint64_t except, size_t ended_max, JobList *ret, Failure *reterr)
{
        _cleanup_(job_list_done) JobList l = { 0 };
        _cleanup_(id_list_done) IdList ids = { 0 };
        size_t broken;
        int r;

        r = dir_list(dir_fd, note_id, &ids, &broken, reterr);
        if (r < 0)
                return r;
        if (ids.n > 0)
                qsort(ids.ids, ids.n, sizeof(uint64_t), compare_numbers);

        for (size_t i = 0; i < ids.n; i++) {
                if (ids.ids[i] == except || (ids.n - i > ended_max && !has_lock_file(dir_fd, ids.ids[i])))
                        continue;
                if (!ARRAY_GROW(l.jobs, l.n))
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the jobs");

                r = journal_read(dir_fd, ids.ids[i], l.jobs + l.n, NULL);
                if (r == -ENOMEM)
                        return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the jobs");
                l.n += r >= 0;
        }

        *ret = l;
        l = (JobList) { 0 };
        return 0;
}

#define LOCK_INTERVAL_USEC (10 * USEC_PER_MSEC)

int journal_lock_all(int dir_fd, uint64_t timeout_usec)
{
        uint64_t end_usec = clock_monotonic_usec() + timeout_usec;
        _cleanup_close_ int fd = -EBADF;

        /* Opened anew: a lock belongs to what open() made, and `dir_fd` stays with its owner. */
        fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -errno;
                if (clock_monotonic_usec() >= end_usec)
                        return -EBUSY;
                (void) usleep(LOCK_INTERVAL_USEC);
        }

        return TAKE_FD(fd);
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

int journal_is_locked(int dir_fd, uint64_t id)
{
        _cleanup_close_ int fd = -EBADF;
        char name[JOURNAL_NAME_MAX];

        fd = openat(dir_fd, journal_name(id, "lock", name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;

        /* Shared: several may ask at once. */
        if (flock(fd, LOCK_SH | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? 1 : -errno;

        return 0;
}
