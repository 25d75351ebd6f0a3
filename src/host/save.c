/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/save.h"

#include <assert.h>

#include "basic/clock.h"
#include "host/image-header.h"
#include "host/image.h"
#include "host/save-call.h"
#include "host/virt-status.h"

/*
 * Save. What the call returns is a hint; how it ended is read from the world, since libvirtd finishes a save
 * whose client it lost (as on SIGTERM), and may itself die and leave QEMU in one of three states:
 *  - suspended, or running or paused if that is how it began: nothing was lost, a partial file may be left;
 *  - still writing: wait;
 *  - done writing ("postmigrate"), and nobody there to mark the file as complete. This QEMU cannot be
 *    continued (that aborts it), so the file is all there is: finish what libvirtd did not.
 */

#define POLL_INTERVAL_USEC (500 * USEC_PER_MSEC)
/* A small guest is saved before anybody wants to read of progress, and each look costs libvirt and QEMU a query while
 * they write. A request to cancel ends the wait. */
#define FIRST_LOOK_USEC (2 * USEC_PER_SEC)
/* Without a byte of progress. After its last byte a save still flushes whatever the page cache holds. */
#define STALL_TIMEOUT_USEC (1800 * USEC_PER_SEC)
#define ABORT_TIMEOUT_USEC (60 * USEC_PER_SEC)
/* That long must "postmigrate" last without a job of libvirt's, before it counts as abandoned. */
#define ABANDONED_USEC (5 * USEC_PER_SEC)
/* That long must libvirt be without one before a living QEMU counts as left alone: a call whose connection
 * broke may just be about to begin. */
#define QUIET_USEC (1 * USEC_PER_SEC)
#define SPACE_GONE_BYTES (UINT64_C(64) << 20)

typedef struct SaveWatch {
        RealHost *h;
        const char *uuid;
        HostProgress progress;
        void *userdata;
        uint64_t bytes, bytes_total;
        uint64_t space_bytes_min;
        uint64_t moved_usec;   /* monotonic time of the last progress */
        uint64_t had_job_usec; /* when libvirt last had a job on this domain */
        bool abort_sent;
} SaveWatch;

static void read_stats(SaveWatch *w, virDomainPtr d)
{
        virTypedParameterPtr params = NULL;
        unsigned long long total = 0, remaining = 0;
        int type, n = 0;

        if (virDomainGetJobStats(d, &type, &params, &n, 0) < 0)
                return;

        if (type != VIR_DOMAIN_JOB_NONE)
                w->had_job_usec = clock_monotonic_usec();

        if (type == VIR_DOMAIN_JOB_UNBOUNDED &&
            virTypedParamsGetULLong(params, n, VIR_DOMAIN_JOB_DATA_TOTAL, &total) == 1 &&
            virTypedParamsGetULLong(params, n, VIR_DOMAIN_JOB_DATA_REMAINING, &remaining) == 1 &&
            total >= remaining && (total - remaining != w->bytes || total != w->bytes_total)) {
                w->bytes = total - remaining;
                w->bytes_total = total;
                w->moved_usec = clock_monotonic_usec();
                if (w->progress)
                        w->progress(w->bytes, w->bytes_total, w->userdata);
        }

        virTypedParamsFree(params, n);
}

/* One look from outside: progress, space, the wish to cancel. Whatever fails is tried again at the next
 * look. */
static void look(SaveWatch *w, bool give_up)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        uint64_t space;

        if (image_file_space(w->h->settings.image_dir, &space, NULL) >= 0 && space < w->space_bytes_min)
                w->space_bytes_min = space;

        if (real_host_domain(w->h, w->uuid, &d, NULL) < 0)
                return;

        read_stats(w, d);
        if (!w->abort_sent && (give_up || real_host_canceled(w->h)))
                w->abort_sent = virDomainAbortJob(d) >= 0;
}

/* The end of a QEMU that has written everything, and of libvirt's image of it. -EAGAIN: its writer is not
 * done. */
static int finish_abandoned(SaveWatch *w, Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        _cleanup_(failure_done) Failure incomplete = { 0 };
        _cleanup_free_ char *reply = NULL;
        ImageState state;
        bool completed;
        int r;

        r = image_open(w->h, w->uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        r = virt_qmp(d, QMP_QUERY_MIGRATE, &reply, reterr);
        if (r >= 0)
                r = qmp_parse_migrate_completed(reply, &completed, reterr);
        if (r < 0)
                return r;
        if (!completed)
                return -EAGAIN;

        r = image_header_complete(&f, &incomplete);
        if (r < 0 && incomplete.code == FAILURE_DOMAIN_BUSY)
                return -EAGAIN;
        if (r < 0)
                return failure_set(reterr, incomplete.code, "%s", failure_message(&incomplete));

        /* While it is not proven good, the QEMU must stay: its memory may be the only copy. */
        r = image_state(d, &f, &state, reterr);
        if (r < 0)
                return r;
        if (state != IMAGE_VALID)
                return failure_set(
                                reterr, FAILURE_SAVE_FAILED,
                                "libvirtd died in the save of domain '%s' and its image cannot be read; do "
                                "not destroy the domain, its memory exists only there",
                                virDomainGetName(d));

        return virt_destroy(d, reterr);
}

/* Until no save is under way any more, whoever asked for it; *ret is what it left. */
static int settle(SaveWatch *w, HostStatus *ret, Failure *reterr)
{
        for (;;) {
                _cleanup_(failure_done) Failure away = { 0 };
                uint64_t now_usec;
                int r;

                r = host_status(w->h, w->uuid, ret, &away);
                if (r >= 0 && !ret->active)
                        return 0;

                look(w, false);
                now_usec = clock_monotonic_usec();

                if (r >= 0 && ret->qemu != QEMU_FINISH_MIGRATE && ret->qemu != QEMU_POSTMIGRATE &&
                    now_usec - w->had_job_usec > QUIET_USEC)
                        return 0;
                if (r >= 0 && ret->qemu == QEMU_POSTMIGRATE && now_usec - w->had_job_usec > ABANDONED_USEC) {
                        r = finish_abandoned(w, reterr);
                        if (r >= 0)
                                continue;
                        if (r != -EAGAIN)
                                return r;
                }

                if (away.code == FAILURE_UNKNOWN_DOMAIN || now_usec - w->moved_usec > STALL_TIMEOUT_USEC)
                        return failure_set(reterr,
                                           away.code != FAILURE_NONE ? away.code : FAILURE_SAVE_FAILED,
                                           "the save of domain %s does not end: %s", w->uuid,
                                           away.code != FAILURE_NONE ? failure_message(&away)
                                                                     : qemu_status_to_string(ret->qemu));

                clock_sleep_usec(POLL_INTERVAL_USEC);
        }
}

/* The domain is inactive: is its memory on disk? */
static int check_saved(RealHost *h, const char *uuid, Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        ImageState state;
        int r;

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        r = image_state(d, &f, &state, reterr);
        if (r < 0)
                return r;

        switch (state) {
        case IMAGE_VALID:
                return 0;
        case IMAGE_DAMAGED:
                return failure_set(reterr, FAILURE_LOST,
                                   "domain '%s' ended while its image '%s' was incomplete; do not start it "
                                   "before that file is copied elsewhere, libvirt would delete it",
                                   virDomainGetName(d), f.image);
        case IMAGE_NONE:
        case _IMAGE_STATE_MAX:
        case _IMAGE_STATE_INVALID:
                break;
        }

        return failure_set(reterr, FAILURE_NOT_RUNNING, "domain '%s' is not running, and has no image",
                           virDomainGetName(d));
}

/* Whatever is stored of a domain that is alive is outdated, and must not be found by a way back: an image, and a
 * guard link that outlived its guest (somebody started or unsaved a hibernated domain by virsh). The name must be
 * free also because libvirt writes into the file that is there, and does not remove it when the save fails. */
static int remove_outdated(RealHost *h, const char *uuid, Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        int r;

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        if ((r = image_file_remove(&f, f.image, reterr)) < 0 ||
            (r = image_file_remove(&f, f.header, reterr)) < 0)
                return r;

        return image_file_remove(&f, f.guard, reterr);
}

static int save(SaveWatch *w, Failure *reterr)
{
        _cleanup_(save_call_unrefp) SaveCall *call = NULL;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        int r;

        if ((r = remove_outdated(w->h, w->uuid, reterr)) < 0 ||
            (r = real_host_domain(w->h, w->uuid, &d, reterr)) < 0)
                return r;

        r = save_call_start(d, &call, reterr);
        if (r < 0)
                return r;

        for (uint64_t wait_usec = FIRST_LOOK_USEC; !save_call_wait(call, wait_usec);
             wait_usec = POLL_INTERVAL_USEC) {
                uint64_t still_usec = clock_monotonic_usec() - w->moved_usec;

                look(w, still_usec > STALL_TIMEOUT_USEC);
                if (still_usec > STALL_TIMEOUT_USEC + ABORT_TIMEOUT_USEC)
                        return failure_set(
                                        reterr, FAILURE_SAVE_FAILED,
                                        "libvirtd neither goes on with the save of domain %s nor ends it; "
                                        "restart libvirtd",
                                        w->uuid);
        }

        return save_call_result(call, reterr);
}

static int save_failed(const SaveWatch *w, const HostStatus *s, const Failure *why, Failure *reterr)
{
        const char *message = why->code != FAILURE_NONE ? failure_message(why) : "it was not finished";

        if (w->abort_sent && real_host_canceled(w->h))
                return failure_set(reterr, FAILURE_CANCELED, "the save of domain %s was canceled", w->uuid);
        if (w->space_bytes_min < SPACE_GONE_BYTES || strstr(message, strerror(ENOSPC)))
                return failure_set(reterr, FAILURE_NO_SPACE, "no space left for the image in '%s': %s",
                                   w->h->settings.image_dir, message);
        return failure_set(reterr, FAILURE_SAVE_FAILED, "%s (QEMU's status is '%s')", message,
                           qemu_status_to_string(s->qemu));
}

int host_settle_save(void *host, const char *uuid, Failure *reterr)
{
        SaveWatch w = {
                .h = host,
                .uuid = uuid,
                .space_bytes_min = UINT64_MAX,
                .moved_usec = clock_monotonic_usec(),
                .had_job_usec = clock_monotonic_usec(),
        };
        HostStatus s;

        return settle(&w, &s, reterr);
}

int host_save(void *host, const char *uuid, bool running, HostProgress progress, void *userdata,
              Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(failure_done) Failure why = { 0 };
        SaveWatch w = {
                .h = h,
                .uuid = uuid,
                .progress = progress,
                .userdata = userdata,
                .space_bytes_min = UINT64_MAX,
                .moved_usec = clock_monotonic_usec(),
                .had_job_usec = clock_monotonic_usec(),
        };
        HostStatus s;
        int r;

        r = host_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;

        if (s.qemu == (running ? QEMU_RUNNING : QEMU_SUSPENDED)) {
                if (real_host_canceled(h))
                        return failure_set(reterr, FAILURE_CANCELED, "the save of domain %s was canceled",
                                           uuid);

                /* From any other state libvirt would stop and, on failure, continue this QEMU: which is what a guest that
                 * runs needs, and could abort a suspended one. */
                if (s.state != (running ? DOMAIN_RUNNING : DOMAIN_PMSUSPENDED))
                        return failure_set(reterr, FAILURE_SAVE_FAILED,
                                           "domain %s is %s, but libvirt's state is '%s'; %s", uuid,
                                           qemu_status_to_string(s.qemu), domain_state_to_string(s.state),
                                           running ? "restart libvirtd and begin again"
                                                   : "wake it and begin again");

                if (save(&w, &why) < 0 && why.code == FAILURE_UNKNOWN_DOMAIN)
                        return failure_set(reterr, why.code, "%s", failure_message(&why));
        } else if (s.active && s.qemu != QEMU_FINISH_MIGRATE && s.qemu != QEMU_POSTMIGRATE)
                return failure_set(reterr, FAILURE_SAVE_FAILED, "domain %s is not %s, QEMU's status is '%s'",
                                   uuid, running ? "running" : "suspended", qemu_status_to_string(s.qemu));

        r = settle(&w, &s, reterr);
        if (r < 0)
                return r;

        return s.active ? save_failed(&w, &s, &why, reterr) : check_saved(h, uuid, reterr);
}
