/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every property and every method of the contract, by "busctl --json": what it prints is JSON of the contract's type. */

#include <json-c/json.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <sys/wait.h>

#include "fixture.h"

#define BUSCTL "/usr/bin/busctl"

static const struct {
        const char *interface, *path;
} objects[] = {
        { VGPU_HIBERNATE_MANAGER_INTERFACE, VGPU_HIBERNATE_ROOT_PATH },
        { VGPU_HIBERNATE_DOMAIN_INTERFACE, VM1_PATH },
        { VGPU_HIBERNATE_FUNCTION_INTERFACE, VGPU_HIBERNATE_FUNCTION_PATH "/0000_02_10_0" },
        { VGPU_HIBERNATE_POOL_INTERFACE, VGPU_HIBERNATE_POOL_PATH "/_31002_2d74b6" },
        { VGPU_HIBERNATE_JOB_INTERFACE, VGPU_HIBERNATE_JOB_PATH "/1" },
};

/* Of a job that has only begun. */
static const char *const unknown[] = { "BytesTotal", "Rate", "ExpectedEnd", "Predicted" };

/* In the order of the contract. */
static const struct {
        const char *method, *arguments, *error; /* error: part of what busctl says, NULL: it succeeds */
} calls[] = {
        { "GetDomain", "s vm1", NULL },
        { "GetFunction", "s 0000:02:10.0", NULL },
        { "GetInventory", "", NULL },
        { "GetJob", "t 1", NULL },
        { "GetJob", "t 18446744073709551615", "there is no job" },
        { "Hibernate", "'sa{sv}' vm2 1 hold s hold", NULL },
        { "Move", "'sa{sv}' vm1 1 functions as 1 0000:02:10.0", "in job 1" },
        { "Resume", "'sa{sv}' vm3 0", "has no record of a hibernation" },
        { "Discard", "'sa{sv}' vm3 0", "there is nothing to discard" },
        { "Hold", "'sa{sv}' vm3 1 hold s release", "there is nothing to hold" },
        { "Adopt", "'sa{sv}' vm1 2 dry_run b true order t 3", "in job 1" },
        { "Disown", "'sa{sv}' vm1 0", "in job 1" },
        { "Explain", "'sa{sv}' vm1 1 kind s hibernate", NULL },
        { "Plan", "'asa{sv}' 1 fit=0 1 parallel t 2", "goal 'fit=0'" },
        { "Apply", "'sa{sv}' '{\"schema\":1,\"stamp\":\"\",\"moves\":[],\"waves\":[]}' 1 replan b false",
          "plan anew" },
        { "Reserve", "'sua{sv}' '' 1 1 ttl_seconds t 5", NULL },
        { "Release", "s 00112233445566778899aabbccddeeff", "there is no reservation" },
        { "AnswerHook", "'sssasa{sv}' prepare " VM1 " vm1 0 0", "has job 1" },
        { "PrepareForShutdown", "", NULL }, /* answered when no job is at work */
        { "Quarantine", "s smokes", NULL },
        { "Clear", "", NULL },
        { "Probe", "", "is not quarantined" },
        { "Cancel", "", "cannot be canceled any more" },
};

/* What busctl prints, errors too. */
static char *run_busctl(const Fixture *f, const char *verb, const char *path, const char *interface,
                        const char *rest, int *ret_status)
{
        _cleanup_free_ char *command =
                        format(BUSCTL " --address='%s' --json=short %s %s %s %s %s 2>&1", f->bus_address,
                               verb, VGPU_HIBERNATE_BUS_NAME, path, interface, rest);
        char *text = calloc(1, 65536);
        FILE *out = popen(command, "re");
        size_t n;

        CHECK(text && out);
        n = fread(text, 1, 65535, out);
        *ret_status = pclose(out);
        CHECK(n < 65535);
        return text;
}

static void expect_json(const char *what, const char *text, int status, const char *type)
{
        json_object *o = json_tokener_parse(text), *is, *data;

        if (status != 0 || !json_object_object_get_ex(o, "type", &is) ||
            !streq(json_object_get_string(is), type) || !json_object_object_get_ex(o, "data", &data)) {
                (void) fprintf(stderr, "%s, status %d, no JSON of type '%s': %s\n", what, status, type,
                               text);
                abort();
        }

        json_object_put(o);
}

static void expect_text(const char *what, const char *text, int status, const char *words)
{
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 1 || !strstr(text, words)) {
                (void) fprintf(stderr, "%s, status %d, '%s' not in: %s\n", what, status, words, text);
                abort();
        }
}

static const char *path_of(const char *interface)
{
        for (size_t i = 0; i < ELEMENTSOF(objects); i++)
                if (streq(objects[i].interface, interface))
                        return objects[i].path;

        CHECK(!"an interface without an object here");
        return NULL;
}

static bool is_unknown(const char *property)
{
        for (size_t i = 0; i < ELEMENTSOF(unknown); i++)
                if (streq(unknown[i], property))
                        return true;

        return false;
}

static void test_property(const Fixture *f, const char *interface, const char *name, const char *type)
{
        int status;
        _cleanup_free_ char *text =
                        run_busctl(f, "get-property", path_of(interface), interface, name, &status);

        if (is_unknown(name))
                expect_text(name, text, status, "is not known");
        else
                expect_json(name, text, status, type);
}

/* The types of what it answers, in one. */
static char *answer_of(xmlNode *method)
{
        char *types = strdup("");

        for (xmlNode *arg = method->children; arg; arg = arg->next) {
                _cleanup_free_ char *before = types;
                xmlChar *type, *direction;

                if (arg->type != XML_ELEMENT_NODE || !xmlStrEqual(arg->name, (const xmlChar *) "arg")) {
                        before = NULL;
                        continue;
                }
                type = xmlGetProp(arg, (const xmlChar *) "type");
                direction = xmlGetProp(arg, (const xmlChar *) "direction");
                types = format("%s%s", before,
                               xmlStrEqual(direction, (const xmlChar *) "out") ? (const char *) type : "");
                xmlFree(type);
                xmlFree(direction);
        }

        return types;
}

static void end_jobs(Fixture *f)
{
        fixture_tell(f, 1, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 1 ");
        fixture_tell(f, 2, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 2 ");
}

static void test_method(Fixture *f, const char *interface, const char *name, xmlNode *method)
{
        _cleanup_free_ char *types = answer_of(method);
        unsigned n = 0;

        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                _cleanup_free_ char *rest = NULL, *text = NULL;
                int status;

                if (!streq(calls[i].method, name))
                        continue;

                n++;
                if (streq(name, "PrepareForShutdown"))
                        end_jobs(f);
                rest = format("%s %s", name, calls[i].arguments);
                text = run_busctl(f, "call", path_of(interface), interface, rest, &status);
                if (calls[i].error)
                        expect_text(rest, text, status, calls[i].error);
                else if (*types)
                        expect_json(rest, text, status, types);
                else if (status != 0)
                        expect_text(rest, text, status, "it succeeds");
        }

        if (n == 0)
                (void) fprintf(stderr, "%s is not called\n", name);
        CHECK(n > 0);
}

/* Properties first: calls change things. */
static void test_members(Fixture *f, xmlDoc *contract, const char *kind)
{
        for (xmlNode *i = xmlDocGetRootElement(contract)->children; i; i = i->next) {
                xmlChar *interface =
                                i->type == XML_ELEMENT_NODE ? xmlGetProp(i, (const xmlChar *) "name") : NULL;

                for (xmlNode *m = interface ? i->children : NULL; m; m = m->next) {
                        xmlChar *name, *type;

                        if (m->type != XML_ELEMENT_NODE || !xmlStrEqual(m->name, (const xmlChar *) kind))
                                continue;

                        name = xmlGetProp(m, (const xmlChar *) "name");
                        type = xmlGetProp(m, (const xmlChar *) "type");
                        if (type)
                                test_property(f, (const char *) interface, (const char *) name,
                                              (const char *) type);
                        else
                                test_method(f, (const char *) interface, (const char *) name, m);
                        xmlFree(name);
                        xmlFree(type);
                }
                xmlFree(interface);
        }
}

int main(int argc, char *argv[])
{
        xmlDoc *contract;
        Fixture f;

        if (access(BUSCTL, X_OK) < 0)
                return SKIP;

        fixture_init(&f, argv);
        fixture_start(&f);
        start_ok(&f, 1, "Hibernate", "vm1", NULL);
        expect_property(&f, VGPU_HIBERNATE_JOB_PATH "/1", "Cancelable", "true");

        contract = xmlReadFile(argv[3], NULL, XML_PARSE_NONET);
        CHECK(contract);
        test_members(&f, contract, "property");
        test_members(&f, contract, "method");
        xmlFreeDoc(contract);

        fixture_done(&f);
        xmlCleanupParser();
        return EXIT_SUCCESS;
}
