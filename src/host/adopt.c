/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/adopt.h"

#include <assert.h>

#include "host/domain-xml.h"
#include "host/image.h"
#include "host/scan.h"
#include "host/text-diff.h"

#define INACTIVE VIR_DOMAIN_XML_INACTIVE

typedef struct Edit {
        RealHost *host;
        virDomainPtr domain;
        const AdoptionRequest *request;
        Adoption adoption;                              /* that it is to have */
        PciAddress functions[DOMAIN_XML_FUNCTIONS_MAX]; /* of the pool */
        size_t n_functions;
} Edit;

static int check_domain(RealHost *h, const char *uuid, virDomainPtr *ret, Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        ImageFileState files;
        int persistent, active, r;

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        persistent = virDomainIsPersistent(d);
        active = virDomainIsActive(d);
        if (persistent < 0 || active < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot read the state of domain '%s'",
                                    virDomainGetName(d));
        if (!persistent)
                return failure_set(reterr, FAILURE_NOT_PERSISTENT,
                                   "domain '%s' is transient: there is nothing to write an adoption into; "
                                   "define it with 'virsh define'",
                                   virDomainGetName(d));

        r = image_file_state(&f, &files, reterr);
        if (r < 0)
                return r;
        if (!active && files != IMAGE_FILE_NONE)
                return failure_set(
                                reterr, FAILURE_HIBERNATED,
                                "domain '%s' has a memory image, whose XML would stay as it is; resume it "
                                "first",
                                virDomainGetName(d));

        *ret = TAKE_PTR(d);
        return 0;
}

static int find_functions(Edit *e, const DomainXml *x, Failure *reterr)
{
        int r;

        r = scan_pooled(&e->host->settings, x->functions, x->n_functions, e->functions, &e->n_functions,
                        reterr);
        if (r < 0)
                return r;

        if (e->n_functions == 0)
                return failure_set(
                                reterr, FAILURE_NO_FUNCTION,
                                "domain '%s' has no function of the pool in its XML; see 'vgpu-hibernatectl "
                                "functions'",
                                x->name);
        return 0;
}

static int edit(const Edit *e, const char *xml, char **ret, Failure *reterr)
{
        if (e->request->disown)
                return domain_xml_disown(xml, ret, reterr);

        return domain_xml_adopt(xml, e->functions, e->n_functions, &e->adoption, ret, reterr);
}

/* The same edit of what may be shown: libvirt leaves out passwords there. */
static int describe(const Edit *e, char **ret, Failure *reterr)
{
        _cleanup_free_ char *xml = NULL, *wanted = NULL, *from = NULL, *to = NULL;
        int r;

        if ((r = virt_domain_xml(e->domain, INACTIVE, &xml, reterr)) < 0 ||
            (r = edit(e, xml, &wanted, reterr)) < 0 || (r = domain_xml_lay_out(xml, &from, reterr)) < 0 ||
            (r = domain_xml_lay_out(wanted ?: xml, &to, reterr)) < 0)
                return r;

        return text_diff(from, to, ret, reterr);
}

static int define(const Edit *e, const char *xml, Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr defined = NULL;
        _cleanup_free_ char *now = NULL, *still_wanted = NULL;
        int r;

        defined = virDomainDefineXMLFlags(virDomainGetConnect(e->domain), xml, 0);
        if (!defined)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot change the definition of domain '%s'",
                                    virDomainGetName(e->domain));

        r = virt_domain_xml(defined, INACTIVE | VIR_DOMAIN_XML_SECURE, &now, reterr);
        if (r >= 0)
                r = edit(e, now, &still_wanted, reterr);
        if (r > 0)
                return failure_set(reterr, FAILURE_LIBVIRT,
                                   "the definition of domain '%s' is not as it was written; was it edited "
                                   "meanwhile?",
                                   virDomainGetName(e->domain));
        return r;
}

static int set_autostart(const Edit *e, bool on, Failure *reterr)
{
        if (virDomainSetAutostart(e->domain, on) < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT,
                                    "cannot turn libvirt's autostart of domain '%s' %s",
                                    virDomainGetName(e->domain), on ? "on" : "off");

        return 0;
}

static int carry_out(const Edit *e, const char *wanted, const AdoptionChange *change, Failure *reterr)
{
        bool differs = change->autostart_before != change->autostart_after;
        int r = 0;

        if (e->request->disown && differs)
                r = set_autostart(e, change->autostart_after, reterr);
        if (r >= 0 && wanted)
                r = define(e, wanted, reterr);
        if (r >= 0 && !e->request->disown && differs)
                r = set_autostart(e, change->autostart_after, reterr);
        return r;
}

int host_adopt(RealHost *h, const char *uuid, const AdoptionRequest *request, AdoptionChange *ret,
               Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(adoption_change_done) AdoptionChange change = { 0 };
        _cleanup_(domain_xml_done) DomainXml x = { 0 };
        _cleanup_free_ char *xml = NULL, *wanted = NULL;
        Edit e = { .host = h, .request = request };
        int autostart, r;

        assert(h);
        assert(request);
        assert(ret);

        if ((r = check_domain(h, uuid, &d, reterr)) < 0 ||
            (r = virt_domain_xml(d, INACTIVE | VIR_DOMAIN_XML_SECURE, &xml, reterr)) < 0 ||
            (r = domain_xml_parse(xml, &x, reterr)) < 0)
                return r;
        e.domain = d;

        if (virDomainGetAutostart(d, &autostart) < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot read the autostart of domain '%s'",
                                    x.name);

        if (!request->disown) {
                r = find_functions(&e, &x, reterr);
                if (r < 0)
                        return r;
                e.adoption = adoption_apply(&x.adoption, request, autostart);
        }

        change.autostart_before = autostart;
        change.autostart_after = request->disown && (autostart || x.adoption.autostart);

        if ((r = edit(&e, xml, &wanted, reterr)) < 0 || (r = describe(&e, &change.diff, reterr)) < 0)
                return r;
        if (!request->dry_run) {
                r = carry_out(&e, wanted, &change, reterr);
                if (r < 0)
                        return r;
        }

        *ret = change;
        change = (AdoptionChange) { 0 };
        return 0;
}
