/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/scan.h"

#include "test.h"

/* libvirt's built-in test driver: one running domain named "test", no daemon. */
#define URI "test:///default"

static void define_domain(virConnectPtr c, const char *name, const char *bus, bool start)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_free_ char *xml = NULL;

        CHECK(asprintf(&xml,
                       "<domain "
                       "type='test'><name>%s</name><memory>1024</memory><os><type>hvm</type></os><devices>"
                       "<hostdev mode='subsystem' type='pci' managed='no'><source>"
                       "<address domain='0' bus='%s' slot='0x10' "
                       "function='0'/></source></hostdev></devices></domain>",
                       name, bus) >= 0);
        d = virDomainDefineXML(c, xml);
        CHECK(d);
        CHECK(!start || virDomainCreate(d) >= 0);
}

static void test_domains(void)
{
        _cleanup_(virConnectClosep) virConnectPtr c = NULL;
        _cleanup_(world_freep) World *w = calloc(1, sizeof(*w));
        const WorldDomain *d;
        Function *f;

        CHECK(w);
        CHECK(virt_connect(URI, &c, NULL) >= 0);
        define_domain(c, "sleeps", "0x01", false);
        define_domain(c, "runs", "0x02", true);

        for (uint8_t bus = 1; bus <= 2; bus++) {
                f = world_add_function(w);
                CHECK(f);
                f->address = (PciAddress) { .bus = bus, .slot = 0x10 };
        }

        CHECK(scan_domains(c, 0, w, NULL) >= 0);
        CHECK(world_assign(w) >= 0);
        CHECK(w->n_domains == 3);

        d = world_find_domain(w, "sleeps");
        CHECK(d && !d->active && d->persistent && d->state == DOMAIN_SHUTOFF);
        CHECK(d->n_functions == 1 && d->functions[0].bus == 1);
        d = world_find_domain(w, "runs");
        CHECK(d && d->active && d->state == DOMAIN_RUNNING);
        CHECK(d->n_functions == 1 && d->functions[0].bus == 2);

        /* What an inactive domain names is not taken. */
        CHECK(w->functions[0].state == FUNCTION_FREE);
        CHECK(w->functions[1].state == FUNCTION_ASSIGNED && streq(w->functions[1].domain, "runs"));
}

static void test_errors(void)
{
        _cleanup_(virConnectClosep) virConnectPtr c = NULL, absent = NULL;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(failure_done) Failure unknown = { 0 }, away = { 0 };

        CHECK(virt_connect(URI, &c, NULL) >= 0);
        CHECK(virt_find_domain(c, "00000000-0000-4000-8000-000000000000", &d, &unknown) < 0);
        CHECK(unknown.code == FAILURE_UNKNOWN_DOMAIN);

        CHECK(virt_connect("nonsense:///system", &absent, &away) < 0);
        CHECK(away.code == FAILURE_LIBVIRT && strstr(away.message, "nonsense:///system"));
}

int main(void)
{
        _cleanup_(virt_loop_stopp) VirtLoop *loop = NULL;

        CHECK(virt_init(NULL) >= 0);
        CHECK(virt_loop_start(&loop, NULL) >= 0);
        test_domains();
        test_errors();
        return 0;
}
