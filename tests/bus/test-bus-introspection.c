/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the daemon says of itself is what conf/org.vgpu.Hibernate1.xml says of it, to the last annotation. */

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "basic/clock.h"
#include "fixture.h"

#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n

static char *introspect(Fixture *f, const char *path)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *text;
        char *copy;

        CHECK(sd_bus_call_method(f->bus, VGPU_HIBERNATE_BUS_NAME, path,
                                 "org.freedesktop.DBus.Introspectable", "Introspect", NULL, &reply,
                                 NULL) >= 0);
        CHECK(sd_bus_message_read(reply, "s", &text) > 0);
        copy = strdup(text);
        CHECK(copy);
        return copy;
}

static void print_attribute(FILE *out, xmlNode *node, const char *name)
{
        xmlChar *value = xmlGetProp(node, (const xmlChar *) name);

        if (value)
                (void) fprintf(out, " %s=%s", name, (const char *) value);
        xmlFree(value);
}

/* Everything that has a meaning, in the order in which it comes. A method's arguments are "in" by default, a
 * signal's "out": the specification's DTD. */
static void print_node(FILE *out, xmlNode *node, unsigned depth)
{
        static const char *const attributes[] = { "name", "type", "access", "value" };

        (void) fprintf(out, "%*s%s", (int) depth, "", (const char *) node->name);
        for (size_t i = 0; i < ELEMENTSOF(attributes); i++)
                print_attribute(out, node, attributes[i]);
        if (xmlStrEqual(node->parent->name, (const xmlChar *) "method"))
                print_attribute(out, node, "direction");
        (void) fputc('\n', out);

        for (xmlNode *c = node->children; c; c = c->next)
                if (c->type == XML_ELEMENT_NODE)
                        print_node(out, c, depth + 1);
}

static char *interface_as_text(xmlDoc *doc, const char *name)
{
        char *text = NULL;
        size_t size;
        FILE *out;

        for (xmlNode *c = xmlDocGetRootElement(doc)->children; c; c = c->next) {
                xmlChar *is = c->type == XML_ELEMENT_NODE ? xmlGetProp(c, (const xmlChar *) "name") : NULL;
                bool found = is && streq((const char *) is, name);

                xmlFree(is);
                if (!found || !xmlStrEqual(c->name, (const xmlChar *) "interface"))
                        continue;

                out = open_memstream(&text, &size);
                CHECK(out);
                print_node(out, c, 0);
                CHECK(fclose(out) == 0);
                break;
        }

        return text;
}

static unsigned count_own_interfaces(xmlDoc *doc)
{
        unsigned n = 0;

        for (xmlNode *c = xmlDocGetRootElement(doc)->children; c; c = c->next) {
                xmlChar *name = c->type == XML_ELEMENT_NODE ? xmlGetProp(c, (const xmlChar *) "name") : NULL;

                if (name && xmlStrEqual(c->name, (const xmlChar *) "interface") &&
                    strncmp((const char *) name, "org.vgpu.", strlen("org.vgpu.")) == 0)
                        n++;
                xmlFree(name);
        }

        return n;
}

static void test_interface(Fixture *f, xmlDoc *contract, const char *path, const char *interface)
{
        _cleanup_free_ char *said = introspect(f, path), *expected = NULL, *is = NULL;
        xmlDoc *doc = xmlReadMemory(said, (int) strlen(said), "introspection.xml", NULL, XML_PARSE_NONET);

        CHECK(doc);
        expected = interface_as_text(contract, interface);
        is = interface_as_text(doc, interface);
        CHECK(expected && is);
        if (!streq(expected, is))
                (void) fprintf(stderr, "--- conf/org.vgpu.Hibernate1.xml\n%s+++ the daemon\n%s", expected,
                               is);
        CHECK(streq(expected, is));
        CHECK(count_own_interfaces(doc) == 1);
        xmlFreeDoc(doc);
}

static void begin_save(Fixture *f, uint64_t id, const char *domain)
{
        start_ok(f, id, "Hibernate", domain, NULL);
        fixture_tell(f, id, "step check done");
        fixture_tell(f, id, "strategy suspend-to-ram");
        fixture_tell(f, id, "step suspend done");
        fixture_tell(f, id, "step set-mode done");
        fixture_tell(f, id, "step save started");
}

/* A job that has every property: it saves at a rate, and an earlier one took its steps to their end. */
static void begin_save_with_known_end(Fixture *f)
{
        begin_save(f, 1, "vm1");
        begin_save(f, 2, "vm2");
        expect_property(f, JOB(1), "Step", "save");
        expect_property(f, JOB(2), "Step", "save");
        for (const char *const *name = (const char *const[]) { "BytesTotal", "Rate", "ExpectedEnd",
                                                               "Predicted", NULL };
             *name; name++)
                expect_absent(f, JOB(2), *name);

        /* What one learns is told of the other as well. */
        forget_signals(f);
        fixture_tell(f, 1, "step save done");
        fixture_tell(f, 1, "step sync done");
        fixture_tell(f, 1, "step release done");
        fixture_tell(f, 1, "step clean done");
        expect_signal(f, "PropertiesChanged " JOB(2) " ExpectedEnd=");
        fixture_tell(f, 1, "fail GuestUnhealthy not that it matters");
        expect_signal(f, "JobRemoved 1 ");

        forget_signals(f);
        fixture_tell(f, 2, "predicted 1500000 0");
        expect_signal(f, "PropertiesChanged " JOB(2) " Predicted=1500000");
        expect_absent(f, JOB(1), "Predicted");
        fixture_tell(f, 2, "bytes 1 10000000");
        expect_signal(f, "Bytes=1 ");
        clock_sleep_usec(RATE_USEC);
        fixture_tell(f, 2, "bytes 1000000 10000000");
        expect_signal(f, "Rate=");
}

int main(int argc, char *argv[])
{
        xmlDoc *contract;
        Fixture f;

        fixture_init(&f, argv);
        fixture_start(&f);
        begin_save_with_known_end(&f);

        contract = xmlReadFile(argv[3], NULL, XML_PARSE_NONET);
        CHECK(contract);
        test_interface(&f, contract, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE);
        test_interface(&f, contract, VM1_PATH, VGPU_HIBERNATE_DOMAIN_INTERFACE);
        test_interface(&f, contract, VGPU_HIBERNATE_FUNCTION_PATH "/0000_01_10_0",
                       VGPU_HIBERNATE_FUNCTION_INTERFACE);
        test_interface(&f, contract, VGPU_HIBERNATE_POOL_PATH "/_31002_2d74b6",
                       VGPU_HIBERNATE_POOL_INTERFACE);
        test_interface(&f, contract, JOB(2), VGPU_HIBERNATE_JOB_INTERFACE);
        CHECK(count_own_interfaces(contract) == 5);
        xmlFreeDoc(contract);

        fixture_tell(&f, 2, "fail NoAgent the end");
        expect_signal(&f, "JobRemoved 2 ");
        expect_absent(&f, JOB(2), "ExpectedEnd");
        fixture_function(&f, "0000:07:10.0")->identity.device = 0x1234; /* nobody's */
        fixture_send_world(&f);
        expect_property(&f, VGPU_HIBERNATE_FUNCTION_PATH "/0000_07_10_0", "State", "free");
        expect_absent(&f, VGPU_HIBERNATE_FUNCTION_PATH "/0000_07_10_0", "Family");
        fixture_done(&f);
        xmlCleanupParser();
        return EXIT_SUCCESS;
}
