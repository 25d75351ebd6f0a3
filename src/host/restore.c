/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/restore.h"

#include <assert.h>

#include "basic/clock.h"
#include "host/image.h"
#include "host/virt-status.h"

#define STATUS_INTERVAL_USEC (100 * USEC_PER_MSEC)
#define CONT_TIMEOUT_USEC (30 * USEC_PER_SEC)
/* How long libvirtd may be away, when it was lost in the middle of a start. */
#define LIBVIRT_RETURN_TIMEOUT_USEC (180 * USEC_PER_SEC)
/* From our hook's answer until libvirt has a QEMU: other hooks run in between. What comes later is refused. */
#define BEGIN_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define CONSUMED_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define OTHER_START_TIMEOUT_USEC (600 * USEC_PER_SEC)

static bool is_restored(const HostStatus *s)
{
        return s->active && !s->prelaunch && !s->incoming &&
               (s->qemu == QEMU_PAUSED || s->qemu == QEMU_SUSPENDED);
}

static bool is_settled(const HostStatus *s)
{
        return !s->incoming;
}

/* The status, once no start is under way: one that a dead worker asked for goes on without it, and until its
 * end libvirt lets nobody ask QEMU (FAILURE_DOMAIN_BUSY). */
static int settled_status(RealHost *h, const char *uuid, HostStatus *ret, Failure *reterr)
{
        _cleanup_(failure_done) Failure busy = { 0 };
        int r;

        r = host_status(h, uuid, ret, &busy);
        if (r >= 0 && is_settled(ret))
                return 0;
        if (r < 0 && busy.code != FAILURE_DOMAIN_BUSY)
                return failure_set(reterr, busy.code, "%s", failure_message(&busy));

        r = host_wait_status(h, uuid, is_settled, STATUS_INTERVAL_USEC,
                             clock_monotonic_usec() + OTHER_START_TIMEOUT_USEC, ret, reterr);
        if (r == 0)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY, "domain %s is still being restored", uuid);
        return r;
}

/* Why nothing may be restored now. 0: go on. */
static int check_image(virDomainPtr d, const ImageFile *f, Failure *reterr)
{
        ImageFileState files;
        ImageState state;
        int r;

        /* libvirt deletes an image that it finds damaged, boots cold and calls that success. */
        r = image_state(d, f, &state, reterr);
        if (r < 0)
                return r;
        if (state == IMAGE_NONE)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED, "domain '%s' has no image '%s'",
                                   virDomainGetName(d), f->image);
        if (state != IMAGE_VALID)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED,
                                   "the image '%s' of domain '%s' is damaged; do not start the domain, that "
                                   "would delete it",
                                   f->image, virDomainGetName(d));

        r = image_file_state(f, &files, reterr);
        if (r < 0)
                return r;
        if (files == IMAGE_FILE_OTHER_GUARD)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED,
                                   "'%s' is another image than the guarded one, '%s'; one of the two is "
                                   "outdated",
                                   f->image, f->guard);
        return 0;
}

int host_restore(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        _cleanup_(failure_done) Failure refused = { 0 };
        HostStatus s;
        int r;

        r = settled_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;
        if (is_restored(&s))
                return 0;
        if (s.active && !s.prelaunch)
                return failure_set(reterr, FAILURE_RESTORE_FAILED,
                                   "domain %s is active already, QEMU's status is '%s'", uuid,
                                   qemu_status_to_string(s.qemu));

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        /* A try before this one ended so (below), and could not end its QEMU. No instruction of it has run. */
        if (s.active) {
                r = virt_destroy(d, reterr);
                if (r < 0)
                        return r;
        }

        r = check_image(d, &f, reterr);
        if (r < 0)
                return r;

        /* START_PAUSED keeps a guest that was saved running from running on at once; a suspended one is not continued
         * either way. And should libvirt still find the image bad, what it then boots does not execute one
         * instruction, and the disks stay as the image knows them. */
        if (virDomainCreateWithFlags(d, VIR_DOMAIN_START_PAUSED) < 0)
                (void) virt_failure(&refused, FAILURE_RESTORE_FAILED, "cannot restore domain '%s'",
                                    virDomainGetName(d));

        /* The world decides: a call whose connection broke may have succeeded. */
        r = host_wait_status(h, uuid, is_settled, STATUS_INTERVAL_USEC,
                             clock_monotonic_usec() + LIBVIRT_RETURN_TIMEOUT_USEC, &s, reterr);
        if (r < 0)
                return r;
        if (is_restored(&s))
                return 0;
        if (!s.active)
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "%s",
                                   refused.code != FAILURE_NONE
                                                   ? failure_message(&refused)
                                                   : "the restored QEMU ended at once; see its log");

        if (s.prelaunch && virt_destroy(d, NULL) >= 0)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED,
                                   "libvirt discarded the image '%s' and would have booted domain '%s'; "
                                   "nothing of it ran, and the guard link '%s' keeps the image",
                                   f.image, virDomainGetName(d), f.guard);
        return failure_set(reterr, FAILURE_RESTORE_FAILED,
                           "domain '%s' is not as restored, QEMU's status is '%s'%s", virDomainGetName(d),
                           qemu_status_to_string(s.qemu), s.prelaunch ? " (prelaunch)" : "");
}

static bool has_begun(const HostStatus *s)
{
        return s->active;
}

/* libvirt unlinks the image that it starts a domain from, last of all. One that stays is not what this QEMU has. */
static int check_consumed(RealHost *h, const char *uuid, Failure *reterr)
{
        uint64_t deadline_usec = clock_monotonic_usec() + CONSUMED_TIMEOUT_USEC;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        ImageFileState files;
        int r;

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        for (;;) {
                r = image_file_state(&f, &files, reterr);
                if (r < 0)
                        return r;
                if (files == IMAGE_FILE_CONSUMED)
                        return 0;
                if (clock_monotonic_usec() >= deadline_usec)
                        return failure_set(
                                        reterr, FAILURE_RESTORE_FAILED,
                                        "domain '%s' was restored from another file than its image '%s'; use "
                                        "'virsh start' for that, or 'vgpu-hibernatectl resume'",
                                        virDomainGetName(d), f.image);
                clock_sleep_usec(STATUS_INTERVAL_USEC);
        }
}

int host_follow_restore(void *host, const char *uuid, Failure *reterr)
{
        _cleanup_(failure_done) Failure busy = { 0 };
        RealHost *h = host;
        HostStatus s;
        int r;

        /* libvirt has a QEMU, and lets nobody ask it while it reads the image. */
        r = host_wait_status(h, uuid, has_begun, STATUS_INTERVAL_USEC,
                             clock_monotonic_usec() + BEGIN_TIMEOUT_USEC, &s, &busy);
        if (r == 0)
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "libvirt did not start domain %s", uuid);
        if (r < 0 && busy.code != FAILURE_DOMAIN_BUSY)
                return failure_set(reterr, busy.code, "%s", failure_message(&busy));

        r = settled_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;
        if (!s.active)
                return failure_set(reterr, FAILURE_RESTORE_FAILED,
                                   "libvirt could not restore domain %s; see its log", uuid);
        /* Whatever it was restored from, it has run, and that cannot be undone. */
        if (s.qemu == QEMU_RUNNING)
                return 0;
        if (!is_restored(&s))
                return failure_set(reterr, FAILURE_RESTORE_FAILED,
                                   "domain %s is not as restored, QEMU's status is '%s'%s", uuid,
                                   qemu_status_to_string(s.qemu), s.prelaunch ? " (prelaunch)" : "");

        return check_consumed(h, uuid, reterr);
}

static bool is_continued(const HostStatus *s)
{
        return !s->active || s->qemu == QEMU_SUSPENDED || s->qemu == QEMU_RUNNING;
}

int host_cont(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(failure_done) Failure refused = { 0 };
        HostStatus s;
        int r;

        r = host_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;
        if (s.active && is_continued(&s))
                return 0;

        /* In "postmigrate" it would abort QEMU, in "prelaunch" boot the guest. */
        if (!is_restored(&s))
                return failure_set(reterr, FAILURE_RESTORE_FAILED,
                                   "domain %s cannot be continued, QEMU's status is '%s'%s", uuid,
                                   qemu_status_to_string(s.qemu), s.prelaunch ? " (prelaunch)" : "");

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        if (virDomainResume(d) < 0)
                (void) virt_failure(&refused, FAILURE_RESTORE_FAILED, "refused");

        r = host_wait_status(h, uuid, is_continued, STATUS_INTERVAL_USEC,
                             clock_monotonic_usec() + CONT_TIMEOUT_USEC, &s, reterr);
        if (r < 0)
                return r;
        if (r == 0 || !s.active)
                return failure_set(reterr, FAILURE_RESTORE_FAILED,
                                   "domain '%s' was restored but not continued, QEMU's status is '%s'%s%s",
                                   virDomainGetName(d), qemu_status_to_string(s.qemu),
                                   refused.code != FAILURE_NONE ? ": " : "",
                                   refused.code != FAILURE_NONE ? failure_message(&refused) : "");
        return 0;
}

int host_start(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        _cleanup_(failure_done) Failure refused = { 0 };
        ImageFileState files;
        HostStatus s;
        int r;

        r = settled_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;
        if (s.active)
                return 0;

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        /* Not even a guard link: where there is a memory image, a boot makes the disks move on without
         * it. */
        r = image_file_state(&f, &files, reterr);
        if (r < 0)
                return r;
        if (files != IMAGE_FILE_NONE)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "domain '%s' cannot boot, it has a memory image: '%s'; resume it instead",
                                   virDomainGetName(d), files == IMAGE_FILE_CONSUMED ? f.guard : f.image);

        if (virDomainCreateWithFlags(d, 0) < 0)
                (void) virt_failure(&refused, FAILURE_RESTORE_FAILED, "cannot start domain '%s'",
                                    virDomainGetName(d));

        r = host_wait_status(h, uuid, is_settled, STATUS_INTERVAL_USEC,
                             clock_monotonic_usec() + LIBVIRT_RETURN_TIMEOUT_USEC, &s, reterr);
        if (r < 0)
                return r;
        if (!s.active)
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "%s",
                                   refused.code != FAILURE_NONE
                                                   ? failure_message(&refused)
                                                   : "the started QEMU ended at once; see its log");
        return 0;
}

int host_destroy_unwoken(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        ImageFileState files;
        HostStatus s;
        int r;

        r = settled_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;
        if (!s.active)
                return 0;

        if (s.qemu == QEMU_RUNNING)
                return failure_set(reterr, FAILURE_TOO_LATE, "domain %s runs already, its image is outdated",
                                   uuid);
        if (s.qemu != QEMU_PAUSED && s.qemu != QEMU_SUSPENDED)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "domain %s must not be ended, QEMU's status is '%s'", uuid,
                                   qemu_status_to_string(s.qemu));

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        /* Its memory must exist elsewhere. */
        r = image_file_state(&f, &files, reterr);
        if (r < 0)
                return r;
        if (files != IMAGE_FILE_CONSUMED && files != IMAGE_FILE_GUARDED)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "domain '%s' must not be ended, no guard link '%s' keeps its memory",
                                   virDomainGetName(d), f.guard);

        return virt_destroy(d, reterr);
}
