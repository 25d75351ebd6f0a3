/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/rewrite.h"

#include <assert.h>

#include "basic/log.h"
#include "host/domain-xml.h"
#include "host/image-header.h"
#include "host/image.h"

/* The image's XML, and what it should be: 1 when these differ. */
static int edit_image_xml(virDomainPtr d, const FunctionSwap *swaps, size_t n, bool back, char **ret,
                          Failure *reterr)
{
        _cleanup_free_ char *xml = NULL;

        /* SECURE: what is left out here would be gone from the image. */
        xml = virDomainManagedSaveGetXMLDesc(d, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE);
        if (!xml)
                return virt_failure(reterr, FAILURE_IMAGE_DAMAGED,
                                    "cannot read the XML in the image of domain '%s'", virDomainGetName(d));

        return domain_xml_set_functions(xml, swaps, n, back, ret, reterr);
}

/* After a failed or unclear rewrite: is the image as wanted after all (0), or as before (negative, with the
 * failure that led here)? When libvirtd is away neither can be had; then the header file stays, and the next
 * attempt begins with it. */
static int settle(RealHost *h, const char *uuid, const ImageFile *f, const FunctionSwap *swaps, size_t n,
                  bool back, Failure *why)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_free_ char *wanted = NULL;
        int r;

        if (real_host_domain(h, uuid, &d, NULL) < 0)
                return -EREMOTEIO;

        /* libvirtd answers this only when a rewrite that outlived its caller is over: both take the domain's
         * lock. After an answer nobody else writes the head. */
        r = edit_image_xml(d, swaps, n, back, &wanted, NULL);
        if (virConnectIsAlive(virDomainGetConnect(d)) != 1)
                return -EREMOTEIO;

        if (r == 0 && image_file_sync(f, NULL, NULL) >= 0 && image_file_remove(f, f->header, NULL) >= 0) {
                failure_done(why);
                return 0;
        }

        if (image_header_restore(f, NULL) < 0 || image_file_remove(f, f->header, NULL) < 0)
                log_debug("'%s' stays for the next attempt", f->header);
        return -EREMOTEIO;
}

static int rewrite_image(RealHost *h, const char *uuid, virDomainPtr d, const ImageFile *f, const char *xml,
                         const FunctionSwap *swaps, size_t n, bool back, Failure *why)
{
        _cleanup_free_ char *wanted = NULL;
        int r;

        r = image_header_backup(f, why);
        if (r < 0)
                return r;

        if (virDomainManagedSaveDefineXML(d, xml, 0) < 0)
                (void) virt_failure(why, FAILURE_LIBVIRT,
                                    "cannot change the XML in the image of domain '%s'",
                                    virDomainGetName(d));
        else {
                /* libvirt does not sync what it writes there. */
                r = image_file_sync(f, NULL, why);
                if (r >= 0)
                        r = edit_image_xml(d, swaps, n, back, &wanted, why);
                if (r == 0)
                        return 0;
                if (r > 0)
                        (void) failure_set(
                                        why, FAILURE_LIBVIRT,
                                        "the image of domain '%s' does not name the functions it was given",
                                        virDomainGetName(d));
        }

        return settle(h, uuid, f, swaps, n, back, why);
}

int host_image_set_functions(void *host, const char *uuid, const FunctionSwap *swaps, size_t n, bool back,
                             Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_free_ char *xml = NULL;
        ImageFileState files;
        int r;

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        if (virDomainIsActive(d) != 0)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "the image of domain '%s' cannot change, it is active",
                                   virDomainGetName(d));

        /* Under this name is now another image than the one that the guard and the header file are of. */
        r = image_file_state(&f, &files, reterr);
        if (r < 0)
                return r;
        if (files == IMAGE_FILE_OTHER_GUARD)
                return failure_set(
                                reterr, FAILURE_IMAGE_DAMAGED,
                                "'%s' is another image than the guarded one, '%s'; one of the two is outdated",
                                f.image, f.guard);

        /* A header file says that a rewrite was interrupted: what libvirt left may be torn. Begin from
         * before it. */
        r = image_header_restore(&f, reterr);
        if (r < 0)
                return r;

        r = edit_image_xml(d, swaps, n, back, &xml, reterr);
        if (r < 0)
                return r;
        if (r > 0) {
                r = rewrite_image(h, uuid, d, &f, xml, swaps, n, back, &why);
                if (r < 0)
                        return failure_set(reterr, why.code, "%s", failure_message(&why));
        }

        return image_file_remove(&f, f.header, reterr);
}

int host_definition_set_functions(void *host, const char *uuid, const FunctionSwap *swaps, size_t n,
                                  bool back, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL, defined = NULL;
        _cleanup_free_ char *xml = NULL, *wanted = NULL, *now = NULL, *still_wanted = NULL;
        virConnectPtr c;
        int r;

        r = real_host_connect(h, &c, reterr);
        if (r < 0)
                return r;
        r = virt_find_domain(c, uuid, &d, reterr);
        if (r < 0)
                return r;

        xml = virDomainGetXMLDesc(d, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
        if (!xml)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot read the definition of domain '%s'",
                                    virDomainGetName(d));

        r = domain_xml_set_functions(xml, swaps, n, back, &wanted, reterr);
        if (r <= 0)
                return r;

        defined = virDomainDefineXMLFlags(c, wanted, 0);
        if (!defined)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot change the definition of domain '%s'",
                                    virDomainGetName(d));

        now = virDomainGetXMLDesc(defined, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
        if (!now)
                return virt_failure(reterr, FAILURE_LIBVIRT,
                                    "cannot read the definition of domain '%s' back", virDomainGetName(d));

        r = domain_xml_set_functions(now, swaps, n, back, &still_wanted, reterr);
        if (r > 0)
                return failure_set(reterr, FAILURE_LIBVIRT,
                                   "the definition of domain '%s' does not name the functions it was given",
                                   virDomainGetName(d));
        return r;
}
