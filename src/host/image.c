/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/image.h"

#include <assert.h>

#include "host/image-header.h"
#include "host/virt-status.h"

int image_open(RealHost *h, const char *uuid, virDomainPtr *ret_domain, ImageFile *ret_file, Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        int r;

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        r = image_file_open(h->settings.image_dir, virDomainGetName(d), uuid, ret_file, reterr);
        if (r < 0)
                return r;

        *ret_domain = TAKE_PTR(d);
        return 0;
}

/* Errors that come from the way to libvirt and its permissions, and say nothing about the image. */
static bool error_is_about_image(int code)
{
        switch (code) {
        case VIR_ERR_OPERATION_INVALID: /* there is none */
        case VIR_ERR_OPERATION_FAILED:  /* incomplete, wrong magic, header too short */
        case VIR_ERR_INTERNAL_ERROR:
        case VIR_ERR_XML_ERROR:
        case VIR_ERR_XML_DETAIL:
        case VIR_ERR_XML_INVALID_SCHEMA:
        case VIR_ERR_CONFIG_UNSUPPORTED:
        case VIR_ERR_SYSTEM_ERROR: /* cannot be opened or read */
                return true;
        default: /* libvirt's enum, which grows */
                return false;
        }
}

int image_state(virDomainPtr d, const ImageFile *f, ImageState *ret, Failure *reterr)
{
        _cleanup_(virt_error_freep) virErrorPtr error = NULL;
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_free_ char *xml = NULL;
        ImageFileState files;
        int r;

        assert(d);
        assert(f);
        assert(ret);

        r = image_file_state(f, &files, reterr);
        if (r < 0)
                return r;

        xml = virDomainManagedSaveGetXMLDesc(d, 0);
        if (xml) {
                if (files == IMAGE_FILE_NONE || files == IMAGE_FILE_CONSUMED)
                        return failure_set(reterr, FAILURE_HOST,
                                           "libvirt has an image of domain '%s', but there is no '%s' in "
                                           "image_dir; is image_dir libvirt's directory of managed saves?",
                                           virDomainGetName(d), f->image);
                r = image_header_check(f, &why);
                if (r < 0 && why.code != FAILURE_IMAGE_DAMAGED)
                        return failure_set(reterr, why.code, "%s", failure_message(&why));
                *ret = r < 0 ? IMAGE_DAMAGED : IMAGE_VALID;
                return 0;
        }

        error = virSaveLastError();
        if (!error || !error_is_about_image(error->code) || virConnectIsAlive(virDomainGetConnect(d)) != 1)
                return virt_failure_from(reterr, FAILURE_LIBVIRT, error,
                                         "cannot check the image of domain '%s'", virDomainGetName(d));

        *ret = files == IMAGE_FILE_NONE || files == IMAGE_FILE_CONSUMED ? IMAGE_NONE : IMAGE_DAMAGED;
        return 0;
}

static int require_inactive(RealHost *h, const char *uuid, Failure *reterr)
{
        HostStatus s;
        int r;

        r = host_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;
        if (s.active)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY, "domain %s is active, QEMU's status is '%s'",
                                   uuid, qemu_status_to_string(s.qemu));
        return 0;
}

int host_image_guard(void *host, const char *uuid, uint64_t *ret_bytes, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        ImageFileState files;
        ImageState state;
        uint64_t bytes;
        int r;

        assert(ret_bytes);

        r = require_inactive(h, uuid, reterr);
        if (r < 0)
                return r;

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        r = image_state(d, &f, &state, reterr);
        if (r < 0)
                return r;
        if (state != IMAGE_VALID)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED,
                                   "libvirt cannot read the image '%s' as complete", f.image);

        r = image_file_state(&f, &files, reterr);
        if (r < 0)
                return r;

        /* Rewrites come after the guard: before it a header file can only be of an earlier image. */
        r = files == IMAGE_FILE_GUARDED ? 0 : image_file_remove(&f, f.header, reterr);
        if (r < 0)
                return r;

        r = image_file_sync(&f, &bytes, reterr);
        if (r < 0)
                return r;

        r = image_file_guard(&f, reterr);
        if (r < 0)
                return r;

        *ret_bytes = bytes;
        return 0;
}

int host_image_put_back(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        ImageFileState files;
        int r;

        /* Beside a living guest the image would be outdated and waiting to be started from. */
        r = require_inactive(h, uuid, reterr);
        if (r < 0)
                return r;

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        r = image_file_put_back(&f, reterr);
        if (r < 0)
                return r;

        r = image_file_state(&f, &files, reterr);
        if (r < 0 || files != IMAGE_FILE_GUARDED)
                return r;

        /* It may be torn by a rewrite that was cut short. */
        r = image_header_restore(&f, reterr);
        return r < 0 ? r : image_file_remove(&f, f.header, reterr);
}

/* Takes away libvirt's own name. */
static int remove_image(virDomainPtr d, const ImageFile *f, Failure *reterr)
{
        /* By libvirt, so that it forgets the image as well. It may know of none, after image_put_back(); and
         * whether the file is gone is for the file system to say. */
        if (virDomainManagedSaveRemove(d, 0) < 0)
                virResetLastError();

        return image_file_remove(f, f->image, reterr);
}

/* libvirt has no such domain, so none of its image either: what is left of it has our names, which go by the UUID. */
static int discard_of_undefined(const RealHost *h, const char *uuid, Failure *reterr)
{
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        int r;

        r = image_file_open(h->settings.image_dir, uuid, uuid, &f, reterr);
        if (r >= 0)
                r = image_file_remove(&f, f.header, reterr);
        return r < 0 ? r : image_file_remove(&f, f.guard, reterr);
}

int host_image_discard(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        _cleanup_(failure_done) Failure why = { 0 };
        ImageFileState files;
        HostStatus s;
        int r;

        r = host_status(h, uuid, &s, &why);
        if (r < 0 && why.code == FAILURE_UNKNOWN_DOMAIN)
                return discard_of_undefined(h, uuid, reterr);
        if (r < 0)
                return failure_set(reterr, why.code, "%s", failure_message(&why));
        if (s.qemu == QEMU_FINISH_MIGRATE || s.qemu == QEMU_POSTMIGRATE)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "domain %s is being saved, QEMU's status is '%s'", uuid,
                                   qemu_status_to_string(s.qemu));

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        r = image_file_state(&f, &files, reterr);
        if (r < 0)
                return r;

        /* Of an inactive domain, an image that is not the guarded one was saved after the guarded one's
         * guest had run: it is somebody else's, and the only copy. */
        if (files != IMAGE_FILE_OTHER_GUARD || s.active) {
                r = remove_image(d, &f, reterr);
                if (r < 0)
                        return r;
        }

        /* The guard last: until here a failure leaves the content in place. */
        r = image_file_remove(&f, f.header, reterr);
        if (r < 0)
                return r;
        return image_file_remove(&f, f.guard, reterr);
}
