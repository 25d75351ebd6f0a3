/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/scan.h"

#include <assert.h>
#include <fcntl.h>

#include "host/domain-xml.h"

typedef struct DomainList {
        virDomainPtr *items;
        int n;
} DomainList;

static void domain_list_done(DomainList *l)
{
        for (int i = 0; i < l->n; i++)
                (void) virDomainFree(l->items[i]);
        free(l->items);
}

/* What is live says how things were when the domain was started, or saved. */
static int read_adoption(virDomainPtr d, Adoption *ret, Failure *reterr)
{
        _cleanup_(virt_error_freep) virErrorPtr error = NULL;
        _cleanup_free_ char *element = NULL;

        element = virDomainGetMetadata(d, VIR_DOMAIN_METADATA_ELEMENT, DOMAIN_XML_ADOPTION_NAMESPACE,
                                       VIR_DOMAIN_AFFECT_CONFIG);
        if (element)
                return domain_xml_parse_adoption(element, ret, reterr);

        error = virSaveLastError();
        if (error && error->code == VIR_ERR_NO_DOMAIN_METADATA) {
                *ret = (Adoption) { 0 };
                return 0;
        }

        return virt_failure_from(reterr, FAILURE_LIBVIRT, error, "cannot read the metadata of domain '%s'",
                                 virDomainGetName(d));
}

static int describe_domain(virDomainPtr d, WorldDomain *ret, Failure *reterr)
{
        _cleanup_(domain_xml_done) DomainXml x = { 0 };
        _cleanup_free_ char *xml = NULL;
        int active, persistent, state, r;

        active = virDomainIsActive(d);
        persistent = virDomainIsPersistent(d);
        if (active < 0 || persistent < 0 || virDomainGetState(d, &state, NULL, 0) < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot read the state of domain '%s'",
                                    virDomainGetName(d));

        r = virt_domain_xml(d, active ? 0 : VIR_DOMAIN_XML_INACTIVE, &xml, reterr);
        if (r < 0)
                return r;

        r = domain_xml_parse(xml, &x, reterr);
        if (r < 0)
                return r;

        if (active && persistent) {
                r = read_adoption(d, &x.adoption, reterr);
                if (r < 0)
                        return r;
        }

        *ret = (WorldDomain) {
                .uuid = TAKE_PTR(x.uuid),
                .name = TAKE_PTR(x.name),
                .state = virt_domain_state(state),
                .active = active == 1,
                .persistent = persistent == 1,
                .functions = TAKE_PTR(x.functions),
                .n_functions = x.n_functions,
                .memory_bytes = x.memory_bytes,
                .hibernate_asleep = x.declared.hibernate_asleep == GUEST_YES,
                .memory_node = x.memory_node,
                .adoption = x.adoption,
        };
        return 0;
}

static int compare_domains(const void *a, const void *b)
{
        return strcmp(((const WorldDomain *) a)->uuid, ((const WorldDomain *) b)->uuid);
}

int scan_domains(virConnectPtr c, unsigned flags, World *w, Failure *reterr)
{
        _cleanup_(domain_list_done) DomainList list = { 0 };

        assert(c);
        assert(w);

        list.n = virConnectListAllDomains(c, &list.items, flags);
        if (list.n < 0) {
                list.n = 0;
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot list domains");
        }

        for (int i = 0; i < list.n; i++) {
                _cleanup_(world_domain_done) WorldDomain d = { 0 };
                _cleanup_(failure_done) Failure why = { 0 };
                WorldDomain *added;

                if (describe_domain(list.items[i], &d, &why) < 0) {
                        /* Undefined, or transient and over, since it was listed. */
                        if (why.code == FAILURE_UNKNOWN_DOMAIN)
                                continue;
                        return failure_set(reterr, why.code, "domain '%s': %s",
                                           virDomainGetName(list.items[i]), failure_message(&why));
                }

                added = world_add_domain(w);
                if (!added)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot list domains");
                *added = d;
                d = (WorldDomain) { 0 };
        }

        if (w->n_domains > 0)
                qsort(w->domains, w->n_domains, sizeof(*w->domains), compare_domains);
        return 0;
}

static int scan_functions(const RealHostSettings *settings, PciIdentities *identities, World *w,
                          Failure *reterr)
{
        _cleanup_close_ int pci_fd = -EBADF, devices_fd = -EBADF;
        int r;

        pci_fd = open(settings->sysfs_pci, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (pci_fd >= 0)
                devices_fd = openat(pci_fd, "devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (devices_fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open '%s/devices'",
                                         settings->sysfs_pci);

        r = pci_scan(devices_fd, pci_identity_read, identities, settings->wanted, settings->wanted_userdata,
                     settings->families, w, reterr);
        pci_identities_settle(identities);
        return r;
}

static bool has_function(const World *w, const PciAddress *a)
{
        for (size_t i = 0; i < w->n_functions; i++)
                if (pci_address_equal(&w->functions[i].address, a))
                        return true;

        return false;
}

int scan_pooled(const RealHostSettings *settings, const PciAddress *functions, size_t n, PciAddress *ret,
                size_t *ret_n, Failure *reterr)
{
        _cleanup_(pci_identities_freep) PciIdentities *identities = NULL;
        _cleanup_(world_freep) World *w = calloc(1, sizeof(*w));
        int r;

        if (!w || pci_identities_new(&identities) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot look at this host");

        r = scan_functions(settings, identities, w, reterr);
        if (r < 0)
                return r;

        *ret_n = 0;
        for (size_t i = 0; i < n; i++)
                if (has_function(w, functions + i))
                        ret[(*ret_n)++] = functions[i];
        return 0;
}

int host_scan_over(const RealHostSettings *settings, PciIdentities *identities, virConnectPtr c,
                   const char *away, World **ret, Failure *reterr)
{
        _cleanup_(failure_done) Failure unknown = { 0 };
        _cleanup_(world_freep) World *w = NULL;
        int r;

        assert(settings);
        assert(c || away);
        assert(ret);

        w = calloc(1, sizeof(*w));
        if (!w)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "scan");

        r = scan_functions(settings, identities, w, reterr);
        if (r < 0)
                return r;

        w->libvirt_ok = c && scan_domains(c, 0, w, &unknown) >= 0;
        if (!w->libvirt_ok) {
                /* Half a list would make owned functions look free. */
                for (size_t i = 0; i < w->n_domains; i++)
                        world_domain_done(&w->domains[i]);
                free(w->domains);
                w->domains = NULL;
                w->n_domains = 0;

                r = free_and_strdup(&w->libvirt_error, c ? failure_message(&unknown) : away);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, r, "scan");
        }

        r = world_assign(w);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "scan");

        *ret = TAKE_PTR(w);
        return 0;
}

int host_scan(const RealHostSettings *settings, World **ret, Failure *reterr)
{
        _cleanup_(virConnectClosep) virConnectPtr c = NULL;
        _cleanup_(pci_identities_freep) PciIdentities *identities = NULL;
        _cleanup_(failure_done) Failure away = { 0 };

        assert(settings);

        if (pci_identities_new(&identities) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot look at this host");

        if (virt_connect(settings->libvirt_uri, &c, &away) < 0)
                return host_scan_over(settings, identities, NULL, failure_message(&away), ret, reterr);

        return host_scan_over(settings, identities, c, NULL, ret, reterr);
}
