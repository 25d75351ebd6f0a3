/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/domain-xml.h"

#include "test.h"

#define HOSTDEV(managed, bus, slot, function, guest)                                      \
        "<hostdev mode='subsystem' type='pci' managed='" managed "'>"                     \
        "<driver name='vfio'/><source><address domain='0x0000' bus='" bus "' slot='" slot \
        "' function='" function "'/></source><alias name='ua-vf'/>"                       \
        "<address type='pci' domain='0x0000' bus='" guest "' slot='0x00' function='0x0'/></hostdev>"
#define DOMAIN(devices)                                                                                    \
        "<domain type='kvm' id='3'><name>vm</name><uuid>5b6ea0c7-5d2f-4b5f-8c9c-7a0f8b1b6f01</uuid>"       \
        "<memory unit='KiB'>2097152</memory><os><type arch='x86_64' machine='pc-q35-10.0'>hvm</type></os>" \
        "<pm><suspend-to-mem enabled='yes'/><suspend-to-disk enabled='no'/></pm>"                          \
        "<devices>" devices "</devices></domain>"

static const char two[] = DOMAIN(HOSTDEV(
                "yes", "0x01", "0x10", "0x0",
                "0x06") "<interface type='hostdev' managed='no'><mac address='52:54:00:00:11:00'/><source>"
                        "<address type='pci' domain='0' bus='1' slot='020' "
                        "function='2'/></source></interface>"
                        "<channel type='unix'><target type='virtio' "
                        "name='org.qemu.guest_agent.0'/></channel>"
                        "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/></source></hostdev>"
                        "<interface type='network'><source network='default'/></interface>");

static PciAddress address(const char *s)
{
        PciAddress a;

        CHECK(pci_address_parse(s, &a) >= 0);
        return a;
}

static FunctionSwap swap(const char *from, const char *to)
{
        return (FunctionSwap) { .has_from = true, .has_to = true, .from = address(from), .to = address(to) };
}

static void expect_functions(const char *xml, const char *const *expected, size_t n)
{
        _cleanup_(domain_xml_done) DomainXml x = { 0 };
        Failure why = { 0 };

        if (domain_xml_parse(xml, &x, &why) < 0) {
                (void) fprintf(stderr, "%s\n", failure_message(&why));
                abort();
        }

        CHECK(x.n_functions == n);
        for (size_t i = 0; i < n; i++)
                CHECK(streq(PCI_ADDRESS_STR(&x.functions[i]), expected[i]));
}

/* Sets, compares, and proves that a second time changes nothing. The caller frees. */
static char *expect_edit(const char *xml, const FunctionSwap *swaps, size_t n, bool back,
                         const char *const *expected, size_t n_expected)
{
        char *edited = NULL, *again = NULL;
        Failure why = { 0 };

        CHECK(domain_xml_set_functions(xml, swaps, n, back, &edited, &why) == 1);
        CHECK(why.code == FAILURE_NONE);
        expect_functions(edited, expected, n_expected);
        CHECK(domain_xml_set_functions(edited, swaps, n, back, &again, &why) == 0);
        CHECK(!again);
        return edited;
}

static void expect_refusal(const char *xml, const FunctionSwap *swaps, size_t n, FailureCode code)
{
        _cleanup_(failure_done) Failure why = { 0 };
        char *edited = NULL;

        CHECK(domain_xml_set_functions(xml, swaps, n, false, &edited, &why) < 0);
        CHECK(why.code == code && why.message);
        CHECK(!edited);
}

static void test_parse(void)
{
        _cleanup_(domain_xml_done) DomainXml x = { 0 };

        CHECK(domain_xml_parse(two, &x, NULL) >= 0);
        CHECK(streq(x.name, "vm"));
        CHECK(streq(x.uuid, "5b6ea0c7-5d2f-4b5f-8c9c-7a0f8b1b6f01"));
        CHECK(streq(x.machine, "pc-q35-10.0"));
        CHECK(!x.efi);
        CHECK(x.memory_bytes == UINT64_C(2) << 30);
        CHECK(x.pm_mem_enabled && !x.pm_disk_enabled);
        CHECK(x.has_agent_channel);
        expect_functions(two, (const char *const[]) { "0000:01:10.0", "0000:01:10.2" }, 2);
}

static void test_migration_mode(void)
{
#define COMMAND_LINE(element, value)                                                      \
        "<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><name>vm</name>"    \
        "<uuid>u</uuid><memory>1</memory><q:commandline><q:" element " value='-global'/>" \
        "<q:" element " value='" value "'/></q:commandline></domain>"
        static const struct {
                const char *xml;
                bool has;
        } cases[] = {
                { COMMAND_LINE("arg", "migration.mode=cpr-reboot"), true },
                { COMMAND_LINE("arg", "kvm-pit.lost_tick_policy=delay"), false },
                { COMMAND_LINE("env", "migration.mode=cpr-reboot"), false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(domain_xml_done) DomainXml x = { 0 };

                CHECK(domain_xml_parse(cases[i].xml, &x, NULL) >= 0);
                CHECK(x.has_migration_mode == cases[i].has);
        }
}

static void test_memory_node(void)
{
        static const struct {
                const char *tune;
                int node;
        } cases[] = {
                { "", -1 },
                { "<numatune><memory mode='strict' nodeset='1'/></numatune>", 1 },
                { "<numatune><memory mode='preferred' nodeset='0'/></numatune>", 0 },
                { "<numatune><memory mode='strict' nodeset='0-1'/></numatune>", -1 },
                { "<numatune><memory mode='strict' nodeset='0,1'/></numatune>", -1 },
                { "<numatune><memory mode='strict' placement='auto'/></numatune>", -1 },
                { "<numatune><memory nodeset=''/></numatune>", -1 },
                { "<numatune><memory nodeset='99999999999'/></numatune>", -1 },
                { "<numatune><memnode cellid='0' nodeset='1'/></numatune>", -1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(domain_xml_done) DomainXml x = { 0 };
                char *xml;

                CHECK(asprintf(&xml, "<domain><name>n</name><uuid>u</uuid><memory>1</memory>%s</domain>",
                               cases[i].tune) >= 0);
                CHECK(domain_xml_parse(xml, &x, NULL) >= 0);
                CHECK(x.memory_node == cases[i].node);
                free(xml);
        }
}

static void test_firmware(void)
{
        static const struct {
                const char *os;
                bool efi;
        } cases[] = {
                { "<os firmware='efi'/>", true },
                { "<os><loader readonly='yes' type='pflash'>/usr/share/x.fd</loader></os>", true },
                { "<os><loader type='rom'>/usr/share/ovmf/OVMF.fd</loader></os>", true },
                { "<os><loader type='rom'>/usr/share/seabios/bios.bin</loader></os>", false },
                { "", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(domain_xml_done) DomainXml x = { 0 };
                char *xml;

                CHECK(asprintf(&xml, "<domain><name>n</name><uuid>u</uuid><memory>1</memory>%s</domain>",
                               cases[i].os) >= 0);
                CHECK(domain_xml_parse(xml, &x, NULL) >= 0);
                CHECK(x.efi == cases[i].efi);
                CHECK(!x.machine && x.n_functions == 0 && !x.has_agent_channel);
                CHECK(x.pm_mem_enabled && x.pm_disk_enabled);
                CHECK(x.memory_bytes == 1024);
                free(xml);
        }
}

static void test_edit(void)
{
        const FunctionSwap one = swap("0000:01:10.0", "0000:02:10.4");
        const FunctionSwap both[] = { swap("0000:01:10.0", "0000:02:10.4"),
                                      swap("0000:01:10.2", "0001:ff:1f.7") };
        char *edited, *back;

        edited = expect_edit(two, &one, 1, false, (const char *const[]) { "0000:02:10.4", "0000:01:10.2" },
                             2);
        CHECK(strstr(edited, "managed=\"no\""));
        CHECK(!strstr(edited, "managed=\"yes\""));
        /* The guest's side is as it was. */
        CHECK(strstr(edited, "<address type=\"pci\" domain=\"0x0000\" bus=\"0x06\" slot=\"0x00\" "
                             "function=\"0x0\"/>"));
        CHECK(strstr(edited, "<alias name=\"ua-vf\"/>"));
        back = expect_edit(edited, &one, 1, true, (const char *const[]) { "0000:01:10.0", "0000:01:10.2" },
                           2);
        free(edited);
        free(back);

        edited = expect_edit(two, both, 2, false, (const char *const[]) { "0000:02:10.4", "0001:ff:1f.7" },
                             2);
        CHECK(strstr(edited, "domain=\"0x0001\" bus=\"0xff\" slot=\"0x1f\" function=\"0x7\""));
        free(edited);
}

static void test_exchange(void)
{
        const FunctionSwap both[] = { swap("0000:01:10.0", "0000:01:10.2"),
                                      swap("0000:01:10.2", "0000:01:10.0") };
        const FunctionSwap shift[] = { swap("0000:01:10.0", "0000:01:10.2"),
                                       swap("0000:01:10.2", "0000:01:10.4") };
        char *edited, *back;

        edited = expect_edit(two, both, 2, false, (const char *const[]) { "0000:01:10.2", "0000:01:10.0" },
                             2);
        back = expect_edit(edited, both, 2, true, (const char *const[]) { "0000:01:10.0", "0000:01:10.2" },
                           2);
        free(edited);
        free(back);

        edited = expect_edit(two, shift, 2, false, (const char *const[]) { "0000:01:10.2", "0000:01:10.4" },
                             2);
        free(edited);
}

static void test_same(void)
{
        const FunctionSwap same = swap("0000:01:10.0", "0000:01:10.0");
        char *edited;

        /* Only managed='yes' is left to change. */
        edited = expect_edit(two, &same, 1, false, (const char *const[]) { "0000:01:10.0", "0000:01:10.2" },
                             2);
        free(edited);
}

static void test_refusals(void)
{
        const FunctionSwap unknown = swap("0000:09:10.0", "0000:02:10.0");
        const FunctionSwap onto_other = swap("0000:01:10.4", "0000:01:10.2");
        const FunctionSwap twice[] = { swap("0000:01:10.0", "0000:02:10.0"),
                                       swap("0000:01:10.0", "0000:02:10.2") };
        const FunctionSwap half = { .has_from = true };
        static FunctionSwap many[JOB_FUNCTIONS_MAX + 1];

        expect_refusal(two, &unknown, 1, FAILURE_UNKNOWN_FUNCTION);
        expect_refusal(two, twice, 2, FAILURE_UNKNOWN_FUNCTION);
        expect_refusal(two, &half, 1, FAILURE_INVALID_OPTION);
        expect_refusal(two, many, ELEMENTSOF(many), FAILURE_INVALID_OPTION);
        expect_refusal(DOMAIN(HOSTDEV("no", "0x01", "0x10", "0x0", "0x06")
                                              HOSTDEV("no", "0x01", "0x10", "0x0", "0x07")),
                       &unknown, 1, FAILURE_UNKNOWN_FUNCTION);
        expect_refusal(DOMAIN(HOSTDEV("no", "0x01", "0x10", "0x4", "0x06")
                                              HOSTDEV("no", "0x01", "0x10", "0x2", "0x07")),
                       &onto_other, 1, FAILURE_UNKNOWN_FUNCTION);
}

static void test_hostile(void)
{
        static const char *const bad[] = {
                "",
                "x",
                "<domain>",
                "<domainsnapshot/>",
                "<domain/>",
                "<domain><name>n</name><uuid>u</uuid></domain>",
                "<domain><name>n</name><uuid>u</uuid><memory>-1</memory></domain>",
                "<domain><name>n</name><uuid>u</uuid><memory unit='furlong'>1</memory></domain>",
                "<domain><name>n</name><uuid>u</uuid><memory unit='TiB'>99999999999999</memory></domain>",
                "<!DOCTYPE domain [<!ENTITY a "
                "'b'>]><domain><name>&a;</name><uuid>u</uuid><memory>1</memory></domain>",
                "<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>",
                DOMAIN("<hostdev type='pci'/>"),
                DOMAIN("<hostdev type='pci'><source/></hostdev>"),
                DOMAIN(HOSTDEV("no", "0x100", "0x10", "0x0", "0x06")),
                DOMAIN(HOSTDEV("no", "0x01", "0x20", "0x0", "0x06")),
                DOMAIN(HOSTDEV("no", "0x01", "0x10", "8", "0x06")),
                DOMAIN(HOSTDEV("no", "0x", "0x10", "0x0", "0x06")),
                DOMAIN(HOSTDEV("no", "099", "0x10", "0x0", "0x06")),
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(domain_xml_done) DomainXml x = { 0 };
                _cleanup_(failure_done) Failure why = { 0 };

                CHECK(domain_xml_parse(bad[i], &x, &why) < 0);
                CHECK(why.code == FAILURE_LIBVIRT && why.message);
        }
}

#define METADATA(attributes)                                                                          \
        "<domain><name>vm</name><uuid>u</uuid><memory>1</memory><metadata>"                           \
        "<x:guest xmlns:x='http://example.org/' resume='no'/>"                                        \
        "<v:guest xmlns:v='" DOMAIN_XML_NAMESPACE "' " attributes "/><guest resume='no'/></metadata>" \
        "</domain>"

static void test_declaration(void)
{
        static const struct {
                const char *xml;
                GuestAnswer resume;
                const char *wrong;
        } table[] = {
                { METADATA(""), GUEST_UNKNOWN, NULL },
                { METADATA("resume='yes'"), GUEST_YES, NULL },
                { METADATA("resume='no'"), GUEST_NO, NULL },
                { METADATA("resume='maybe'"), GUEST_UNKNOWN, "'resume' must be 'yes' or 'no'" },
                { METADATA("resume=''"), GUEST_UNKNOWN, "'resume' must be 'yes' or 'no'" },
                { METADATA("fixups='no' resume='yes'"), GUEST_YES, NULL },
                { METADATA("fixups='2'"), GUEST_UNKNOWN, "'fixups' must be 'yes' or 'no'" },
                { METADATA("hibernate_asleep='yes' resume='no'"), GUEST_NO, NULL },
                { METADATA("hibernate_asleep='always'"), GUEST_UNKNOWN,
                  "'hibernate_asleep' must be 'yes' or 'no'" },
                { METADATA("resume='yes' swap='no'"), GUEST_YES, "no attribute 'swap'" },
                { "<domain><name>vm</name><uuid>u</uuid><memory>1</memory><metadata>"
                  "<v:host xmlns:v='" DOMAIN_XML_NAMESPACE "'/></metadata></domain>",
                  GUEST_UNKNOWN, "no element <host>" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(domain_xml_done) DomainXml x = { 0 };

                CHECK(domain_xml_parse(table[i].xml, &x, NULL) >= 0);
                CHECK(x.declared.resume == table[i].resume);
                CHECK((x.declared.hibernate_asleep == GUEST_YES) == !!strstr(table[i].xml, "asleep='yes'"));
                CHECK(!x.declared.wrong == !table[i].wrong);
                CHECK(!table[i].wrong || strstr(x.declared.wrong, table[i].wrong));
        }
}

/* What is noted of the functions while the domain has none, and made of it when it gets others. */
static void test_devices(void)
{
        const FunctionSwap swaps[] = { swap("0000:01:10.0", "0000:02:10.0"),
                                       swap("0000:01:10.2", "0000:02:10.2") };
        _cleanup_free_ char *taken = NULL, *edited = NULL;
        DomainDevices l;

        CHECK(domain_xml_take_devices(two, &taken, NULL) >= 0);
        CHECK(!strstr(taken, "usb") && !strstr(taken, "channel") && !strstr(taken, "network"));

        CHECK(domain_xml_list_devices(taken, &l, NULL) >= 0);
        CHECK(l.n == 2);
        CHECK(pci_address_equal(&l.list[0].function, &swaps[0].from));
        CHECK(pci_address_equal(&l.list[1].function, &swaps[1].from));
        CHECK(strstr(l.list[0].xml, "<hostdev ") == l.list[0].xml && strstr(l.list[0].xml, "ua-vf"));
        CHECK(strstr(l.list[0].xml, "managed=\"yes\""));
        CHECK(strstr(l.list[1].xml, "<interface ") == l.list[1].xml && strstr(l.list[1].xml, "52:54:00"));
        domain_devices_done(&l);

        /* All that the guest sees stays. */
        CHECK(domain_xml_set_functions(taken, swaps, 2, false, &edited, NULL) == 1);
        CHECK(domain_xml_list_devices(edited, &l, NULL) >= 0);
        CHECK(l.n == 2 && pci_address_equal(&l.list[0].function, &swaps[0].to));
        CHECK(strstr(l.list[0].xml, "bus=\"0x06\"") && strstr(l.list[0].xml, "managed=\"no\""));
        domain_devices_done(&l);

        CHECK(domain_xml_list_devices(DOMAIN(""), &l, NULL) >= 0 && l.n == 0);
        domain_devices_done(&l);
        CHECK(domain_xml_list_devices("<domain", &l, NULL) < 0);
        CHECK(domain_xml_take_devices("<network/>", &taken, NULL) < 0);
}

#define ADOPTED(attributes, functions)                                                                    \
        "<domain><name>vm</name><uuid>u</uuid><memory>1</memory><metadata>"                               \
        "<v:guest resume='yes' xmlns:v='" DOMAIN_XML_NAMESPACE "'/>"                                      \
        "<a:adopted xmlns:a='" DOMAIN_XML_ADOPTION_NAMESPACE "' " attributes ">" functions "</a:adopted>" \
        "<adopted autostart='yes' order='3'/></metadata></domain>"

static void test_adoption(void)
{
        static const struct {
                const char *xml;
                Adoption adoption;
                const char *wrong;
        } table[] = {
                { METADATA(""), { 0 }, NULL },
                { ADOPTED("", ""), { .adopted = true, .order = 100 }, NULL },
                { ADOPTED("autostart='yes' order='7'", ""),
                  { .adopted = true, .autostart = true, .order = 7 },
                  NULL },
                { ADOPTED("autostart='no' on_shutdown='nothing'", ""),
                  { .adopted = true, .order = 100, .has_on_shutdown = true },
                  NULL },
                { ADOPTED("on_shutdown='hibernate' order='65535'", ""),
                  { .adopted = true,
                    .order = 65535,
                    .has_on_shutdown = true,
                    .on_shutdown = ON_SHUTDOWN_HIBERNATE },
                  NULL },
                { ADOPTED("order='65536'", ""), { .adopted = true, .order = 100 }, "'order'" },
                { ADOPTED("order='-1'", ""), { .adopted = true, .order = 100 }, "'order'" },
                { ADOPTED("on_shutdown='pray'", ""), { .adopted = true, .order = 100 }, "'on_shutdown'" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(domain_xml_done) DomainXml x = { 0 };

                CHECK(domain_xml_parse(table[i].xml, &x, NULL) >= 0);
                CHECK(adoption_equal(&x.adoption, &table[i].adoption));
                CHECK(!x.declared.wrong == !table[i].wrong);
                CHECK(!table[i].wrong || strstr(x.declared.wrong, table[i].wrong));
        }
}

static size_t count(const char *text, const char *words)
{
        size_t n = 0;

        while ((text = strstr(text, words))) {
                text += strlen(words);
                n++;
        }

        return n;
}

/* One of three is not of the pool, and one is as it should be. */
static void test_adopt(void)
{
        static const char xml[] = DOMAIN(HOSTDEV("yes", "0x01", "0x10", "0x0", "0x06") HOSTDEV(
                        "yes", "0x01", "0x10", "0x2", "0x07") HOSTDEV("no", "0x01", "0x10", "0x4", "0x08"));
        const PciAddress pooled[] = { address("0000:01:10.0"), address("0000:01:10.4") };
        const FunctionSwap moved = swap("0000:01:10.0", "0000:02:10.0");
        Adoption adoption = { .adopted = true, .autostart = true, .order = 3 };
        _cleanup_free_ char *adopted = NULL, *same = NULL, *laid_out = NULL, *other = NULL,
                            *elsewhere = NULL, *back = NULL, *left = NULL, *reference = NULL;
        _cleanup_(domain_xml_done) DomainXml x = { 0 };

        CHECK(domain_xml_adopt(xml, pooled, 2, &adoption, &adopted, NULL) == 1);
        CHECK(domain_xml_parse(adopted, &x, NULL) >= 0 && adoption_equal(&x.adoption, &adoption));
        CHECK(strstr(adopted,
                     "</uuid><metadata><vgpu-adoption:adopted xmlns:vgpu-adoption=\"" DOMAIN_XML_ADOPTION_NAMESPACE
                     "\" "));
        CHECK(strstr(adopted,
                     "<vgpu-adoption:function address=\"0000:06:00.0\" managed=\"yes\"/></vgpu-adoption:adopted>"));

        CHECK(domain_xml_lay_out(adopted, &laid_out, NULL) >= 0);
        CHECK(count(laid_out, "\n    <hostdev mode=\"subsystem\" type=\"pci\" managed=\"no\">\n") == 2);
        CHECK(count(laid_out, "\n    <hostdev mode=\"subsystem\" type=\"pci\" managed=\"yes\">\n") == 1);
        CHECK(strstr(laid_out, "autostart=\"yes\" order=\"3\">\n"));

        /* Again it is the same; with another order only that changes. */
        CHECK(domain_xml_adopt(adopted, pooled, 2, &adoption, &same, NULL) == 0 && !same);
        adoption.order = 4;
        CHECK(domain_xml_adopt(adopted, pooled, 2, &adoption, &other, NULL) == 1);
        CHECK(strstr(other, "order=\"4\"") && strlen(other) == strlen(adopted));

        /* It is known by its place in the guest, so a move does not matter. */
        CHECK(domain_xml_set_functions(other, &moved, 1, false, &elsewhere, NULL) == 1);
        CHECK(domain_xml_disown(elsewhere, &back, NULL) == 1);
        CHECK(domain_xml_set_functions(xml, &moved, 1, false, &reference, NULL) == 1);
        CHECK(!strstr(back, "metadata") && strstr(back, "managed=\"yes\"") &&
              strstr(reference, "managed=\"no\""));
        CHECK(count(back, "managed=\"yes\"") == 1 + count(reference, "managed=\"yes\""));
        CHECK(domain_xml_disown(back, &left, NULL) == 0 && !left);
}

/* What else there is in the metadata stays. */
static void test_disown(void)
{
        static const char xml[] = ADOPTED("order='1'", "<a:function address='0000:06:00.0' managed='yes'/>");
        _cleanup_free_ char *back = NULL;
        _cleanup_(domain_xml_done) DomainXml x = { 0 };

        CHECK(domain_xml_disown(xml, &back, NULL) == 1);
        CHECK(domain_xml_parse(back, &x, NULL) >= 0);
        CHECK(!x.adoption.adopted && x.declared.resume == GUEST_YES);
        CHECK(strstr(back, "<adopted autostart=\"yes\" order=\"3\"/>") && !strstr(back, "a:adopted"));
        CHECK(domain_xml_disown("<domain", &back, NULL) < 0);
}

/* By what would it be known again? */
static void test_adopt_without_address(void)
{
        static const char xml[] = DOMAIN(
                        "<hostdev type='pci' managed='yes'><source><address bus='1'/></source></hostdev>");
        const PciAddress a = address("0000:01:00.0"), other = address("0000:01:00.1");
        const Adoption adoption = { .adopted = true };
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_free_ char *adopted = NULL;

        CHECK(domain_xml_adopt(xml, &a, 1, &adoption, &adopted, &why) < 0);
        CHECK(why.code == FAILURE_LIBVIRT && strstr(why.message, "'0000:01:00.0'"));
        CHECK(domain_xml_adopt(xml, &other, 1, &adoption, &adopted, NULL) == 1);
}

int main(void)
{
        test_declaration();
        test_adoption();
        test_adopt();
        test_disown();
        test_adopt_without_address();
        test_parse();
        test_memory_node();
        test_migration_mode();
        test_firmware();
        test_edit();
        test_exchange();
        test_same();
        test_refusals();
        test_hostile();
        test_devices();
        return 0;
}
