/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fake daemon on the bus: its manager, domains, functions and pool. */

#include "fake-daemon.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "basic/clock.h"
#include <strings.h>

static int read_options(sd_bus_message *m, Fake *f, sd_bus_error *reterr)
{
        const char *name, *value;
        uint64_t until;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                assert(sd_bus_message_read_basic(m, 's', &name) >= 0);
                if (streq(name, "kind"))
                        assert(sd_bus_message_read(m, "v", "s", &value) >= 0);
                else if (streq(name, "strategy")) {
                        assert(sd_bus_message_read(m, "v", "s", &value) >= 0);
                        if (strategy_from_string(value) < 0)
                                return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                                                         "there is no strategy '%s'", value);
                } else if (streq(name, "fallback")) {
                        assert(sd_bus_message_read(m, "v", "s", &value) >= 0);
                        if (job_fallback_from_string(value) < 0)
                                return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                                                         "there is no fallback '%s'", value);
                } else if (streq(name, "reservation")) {
                        assert(sd_bus_message_read(m, "v", "s", &value) >= 0);
                        r = fake_use_reservation(f, value, reterr);
                        if (r < 0)
                                return r;
                } else if (streq(name, "hold")) {
                        assert(sd_bus_message_read(m, "v", "s", &value) >= 0);
                        if (streq(value, "release"))
                                return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                                                        "nobody asked for that");
                } else if (streq(name, "hold_until")) {
                        assert(sd_bus_message_read(m, "v", "t", &until) >= 0);
                        if (until < clock_realtime_usec())
                                return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                                                        "option 'hold_until' is a time that has passed");
                } else if (streq(name, "functions")) {
                        assert(sd_bus_message_enter_container(m, 'v', "as") >= 0);
                        assert(sd_bus_message_enter_container(m, 'a', "s") >= 0);
                        while (sd_bus_message_read_basic(m, 's', &value) > 0)
                                if (!streq(value, "0000:02:10.0"))
                                        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY,
                                                                 "function '%s' is taken", value);
                        assert(sd_bus_message_exit_container(m) >= 0);
                        assert(sd_bus_message_exit_container(m) >= 0);
                } else
                        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                                                 "there is no option '%s'", name);
                r = sd_bus_message_exit_container(m);
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* What the signals say is all that there is to know. */
static int answer_brief(Fake *f, sd_bus_message *m, bool failed)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *changed = NULL;
        uint64_t id = f->next_id++;
        char path[sizeof(VGPU_HIBERNATE_JOB_PATH) + 24];

        (void) snprintf(path, sizeof(path), "%s/%" PRIu64, VGPU_HIBERNATE_JOB_PATH, id);

        if (failed) {
                assert(sd_bus_message_new_signal(f->bus, &changed, path, "org.freedesktop.DBus.Properties",
                                                 "PropertiesChanged") >= 0);
                assert(sd_bus_message_append(changed, "sa{sv}as", VGPU_HIBERNATE_JOB_INTERFACE, 3, "State",
                                             "s", "failed", "Error", "s", VGPU_HIBERNATE_ERROR_NO_AGENT,
                                             "ErrorMessage", "s", "nobody is at home", 0) >= 0);
                assert(sd_bus_send(f->bus, changed, NULL) >= 0);
        }
        assert(sd_bus_emit_signal(f->bus, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                  "JobRemoved", "tos", id, path, failed ? "failed" : "done") >= 0);
        return sd_bus_reply_method_return(m, "o", path);
}

static int start_job(sd_bus_message *m, Fake *f, JobKind kind, sd_bus_error *reterr)
{
        const char *domain;
        int r;

        r = sd_bus_message_read_basic(m, 's', &domain);
        if (r < 0)
                return r;

        r = read_options(m, f, reterr);
        if (r < 0)
                return r;

        if (streq(domain, "refused"))
                return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_NO_FREE_FUNCTION,
                                        "no function of this host is free; 0000:02:10.0 is held");
        if (streq(domain, "ask") && sd_bus_message_get_allow_interactive_authorization(m) <= 0)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                        "a password is needed");
        if (streq(domain, "mute"))
                return sd_event_exit(f->event, 0) < 0 ? -ENOMEM : 1; /* taken, and never answered */
        if (streq(domain, "brief") || streq(domain, "doomed"))
                return answer_brief(f, m, streq(domain, "doomed"));
        if (streq(domain, "unknown"))
                return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN,
                                        "libvirt has no domain 'unknown'");

        return sd_bus_reply_method_return(m, "o", job_add(f, f->next_id++, kind, domain)->path);
}

static int on_hibernate(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        return start_job(m, userdata, JOB_HIBERNATE, reterr);
}

static int on_resume(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        return start_job(m, userdata, JOB_RESUME, reterr);
}

static int on_move(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        return start_job(m, userdata, JOB_MOVE, reterr);
}

static int on_discard(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        return start_job(m, userdata, JOB_DISCARD, reterr);
}

/* Of "cold" nothing is known but that; of others all, with a hostile name and numbers that are none. */
static int on_explain(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        Fake *f = userdata;
        const char *domain;
        int r;

        r = sd_bus_message_read_basic(m, 's', &domain);
        if (r < 0)
                return r;

        r = read_options(m, f, reterr);
        if (r < 0)
                return r;

        if (streq(domain, "unknown"))
                return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN,
                                        "libvirt has no domain 'unknown'");
        if (streq(domain, "cold"))
                return sd_bus_reply_method_return(m, "a{sv}", 3, "possible", "b", false, "findings",
                                                  "a(sssbss)", 2, VGPU_HIBERNATE_ERROR_NOT_RUNNING,
                                                  "not-running", "guest", true,
                                                  "domain 'cold' is \x1b[2Jcold", "resume it first",
                                                  VGPU_HIBERNATE_ERROR_NO_SPACE, "no-space", "image", true,
                                                  "no space", "", "save_seconds", "d", (double) INFINITY);

        return sd_bus_reply_method_return(
                        m, "a{sv}", 15, "functions", "a(ss)", 1, "0000:01:10.0", "0000:02:10.0", "possible",
                        "b", true, "strategy", "s", "suspend-to-ram", "strategies", "a(sbbs)", 3,
                        "suspend-to-ram", true, true, "", "suspend-to-disk", false, true, "", "unplug",
                        false, false, "it \x1b[2Jloses", "findings", "a(sssbss)", 1, "", "", "policy", false,
                        "a remark", "", "bytes_needed", "t", 1104 * MIB, "bytes_available", "t", 4096 * MIB,
                        "bytes_promised", "t", 512 * MIB, "bytes_expected", "t", 300 * MIB,
                        "prediction_error", "d", 0.12, "prediction_samples", "u", 8, "save_seconds", "d",
                        12.5, "resume_seconds", "d", 4.0, "candidates", "a(sbs)", 2, "0000:01:10.0", false,
                        "it is assigned", "0000:02:10.0", true, "", "not_yet_invented", "v", "s", "skip me");
}

static int on_get_job(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        Fake *f = userdata;
        uint64_t id;
        int r;

        r = sd_bus_message_read_basic(m, 't', &id);
        if (r < 0)
                return r;

        for (size_t i = 0; i < f->n_jobs; i++)
                if (f->jobs[i].job->id == id)
                        return sd_bus_reply_method_return(m, "o", f->jobs[i].path);

        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_UNKNOWN_JOB, "there is no job %" PRIu64, id);
}

static int on_get_domain(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        Fake *f = userdata;
        const char *name;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(f->domains); i++)
                if (streq(f->domains[i].name, name)) {
                        char path[sizeof(VGPU_HIBERNATE_DOMAIN_PATH) + 8];

                        (void) snprintf(path, sizeof(path), "%s/%zu", VGPU_HIBERNATE_DOMAIN_PATH, i);
                        return sd_bus_reply_method_return(m, "o", path);
                }

        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN, "there is no domain '%s'",
                                 name);
}

static int on_get_function(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        Fake *f = userdata;
        const char *address;
        int r;

        r = sd_bus_message_read_basic(m, 's', &address);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(f->functions); i++)
                if (streq(f->functions[i].address, address)) {
                        char path[sizeof(VGPU_HIBERNATE_FUNCTION_PATH) + 8];

                        (void) snprintf(path, sizeof(path), "%s/%zu", VGPU_HIBERNATE_FUNCTION_PATH, i);
                        return sd_bus_reply_method_return(m, "o", path);
                }

        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_UNKNOWN_FUNCTION, "there is no function '%s'",
                                 address);
}

static int get_manager(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        if (streq(property, "Degraded"))
                return sd_bus_message_append(reply, "b", 1);
        return sd_bus_message_append(reply, "s", streq(property, "Version") ? "9.8.7" : "libvirt is away");
}

static int on_get_inventory(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        return sd_bus_reply_method_return(m, "s", "{\"schema\":1,\"host\":\"a/b\",\"functions\":[]}");
}

/* As it was asked, in the place of the diff; vm2 is as it should be already. */
static int on_adopt(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        bool dry_run = false, changes;
        const char *domain, *key, *contents, *on_shutdown = "";
        uint64_t order = 0;
        char diff[128] = "";
        char type;

        assert(sd_bus_message_read(m, "s", &domain) >= 0);
        assert(sd_bus_message_enter_container(m, 'a', "{sv}") >= 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert(sd_bus_message_read(m, "s", &key) >= 0);
                assert(sd_bus_message_peek_type(m, &type, &contents) >= 0);
                if (streq(contents, "t"))
                        assert(sd_bus_message_read(m, "v", "t", &order) >= 0);
                else if (streq(contents, "s"))
                        assert(sd_bus_message_read(m, "v", "s", &on_shutdown) >= 0);
                else {
                        int yes;

                        assert(sd_bus_message_read(m, "v", "b", &yes) >= 0);
                        dry_run = yes;
                }
                assert(sd_bus_message_exit_container(m) >= 0);
        }

        changes = !streq(domain, "vm2");
        if (changes)
                (void) snprintf(diff, sizeof(diff), "@@ -1,1 +1,1 @@\n-%s %s\n+%d %llu\n", domain,
                                on_shutdown, dry_run, (unsigned long long) order);
        return sd_bus_reply_method_return(m, "a{sv}", 4, "changed", "b", (int) changes, "diff", "s", diff,
                                          "autostart_before", "b", (int) changes, "autostart_after", "b", 0);
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hibernate", "sa{sv}", "o", on_hibernate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Resume", "sa{sv}", "o", on_resume, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Discard", "sa{sv}", "o", on_discard, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Move", "sa{sv}", "o", on_move, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Reserve", "sua{sv}", "sast", fake_reserve, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Release", "s", "", fake_release, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Hold", "sa{sv}", "", fake_hold, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Adopt", "sa{sv}", "a{sv}", on_adopt, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Disown", "sa{sv}", "a{sv}", on_adopt, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetDomain", "s", "o", on_get_domain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Explain", "sa{sv}", "a{sv}", on_explain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetInventory", "", "s", on_get_inventory, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetJob", "t", "o", on_get_job, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetFunction", "s", "o", on_get_function, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", get_manager, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Degraded", "b", get_manager, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("DegradedReason", "s", get_manager, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Reservations", "a(sasuts)", fake_get_reservations, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_SIGNAL("JobNew", "to", 0),
        SD_BUS_SIGNAL("JobRemoved", "tos", 0),
        SD_BUS_VTABLE_END,
};

/* Domains */

static int get_domain(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeDomain *d = userdata;

        if (streq(property, "Functions"))
                return sd_bus_message_append_strv(reply, (char **) (uintptr_t) d->functions);
        if (streq(property, "ImageBytes"))
                return sd_bus_message_append_basic(reply, 't', &d->image_bytes);
        if (streq(property, "HoldUntil"))
                return sd_bus_message_append_basic(reply, 't', &d->hold_until);
        if (streq(property, "Adopted") || streq(property, "Autostart"))
                return sd_bus_message_append(reply, "b", (int) streq(d->name, "vm1"));
        if (streq(property, "Order"))
                return sd_bus_message_append(reply, "u", 7U);
        if (streq(property, "OnShutdown"))
                return sd_bus_message_append(reply, "s", streq(d->name, "vm1") ? "hibernate" : "nothing");
        if (streq(property, "Job"))
                return sd_bus_message_append_basic(
                                reply, 'o', streq(d->name, "vm1") ? VGPU_HIBERNATE_JOB_PATH "/17" : "/");
        return sd_bus_message_append_basic(reply, 's',
                                           streq(property, "Name")       ? d->name
                                           : streq(property, "State")    ? d->state
                                           : streq(property, "Strategy") ? d->strategy
                                           : streq(property, "Hold")     ? d->hold
                                                                         : UUID);
}

static const sd_bus_vtable domain_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Name", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("UUID", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Functions", "as", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Strategy", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ImageBytes", "t", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Hold", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("HoldUntil", "t", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Adopted", "b", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Autostart", "b", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Order", "u", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("OnShutdown", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Job", "o", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

/* Functions */

static int get_function(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeFunction *f = userdata;

        if (streq(property, "IommuGroup"))
                return sd_bus_message_append_basic(reply, 'i', &f->group);
        if (streq(property, "NumaNode"))
                return sd_bus_message_append_basic(reply, 'i', &f->node);
        if (streq(property, "QuarantinedSince"))
                return sd_bus_message_append(reply, "t",
                                             streq(f->state, "quarantined") ? FAKE_SINCE_USEC : UINT64_C(0));
        if (streq(property, "HeldUntil"))
                return sd_bus_message_append_basic(reply, 't', &f->held_until);
        return sd_bus_message_append_basic(reply, 's',
                                           streq(property, "Address")            ? f->address
                                           : streq(property, "PhysicalFunction") ? "0000:01:00.0"
                                           : streq(property, "Device")           ? "8086:10ca"
                                           : streq(property, "Family")           ? "intel-igbvf"
                                           : streq(property, "Driver")           ? "vfio-pci"
                                           : streq(property, "Pool")             ? "8086-10ca"
                                           : streq(property, "State")            ? f->state
                                           : streq(property, "Domain")           ? f->domain
                                           : f->reason                           ? f->reason
                                                                                 : "");
}

static int on_quarantine(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        FakeFunction *f = userdata;
        const char *reason;
        int r;

        r = sd_bus_message_read_basic(m, 's', &reason);
        if (r < 0)
                return r;

        assert(free_and_strdup(&f->reason, reason) >= 0);
        f->state = "quarantined";
        return sd_bus_reply_method_return(m, NULL);
}

static int on_clear(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        FakeFunction *f = userdata;

        assert(free_and_strdup(&f->reason, NULL) >= 0);
        f->state = "free";
        return sd_bus_reply_method_return(m, NULL);
}

/* One is fit, another is not. */
static int on_probe(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        const FakeFunction *f = userdata;

        if (!streq(f->address, "0000:02:10.0"))
                return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_GATE_CLOSED, "it is held on to");
        return on_clear(m, userdata, reterr);
}

static const sd_bus_vtable function_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Quarantine", "s", "", on_quarantine, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Clear", "", "", on_clear, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Probe", "", "", on_probe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Address", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PhysicalFunction", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Device", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Family", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Driver", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("IommuGroup", "i", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("NumaNode", "i", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Pool", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("State", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Domain", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("HeldUntil", "t", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("QuarantinedSince", "t", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Reason", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

/* The one pool: all that there is. */

static int get_pool(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const Fake *f = userdata;
        uint32_t n = 0;

        if (streq(property, "Name"))
                return sd_bus_message_append_basic(reply, 's', "8086-10ca");
        if (streq(property, "Policy"))
                return sd_bus_message_append_basic(reply, 's', "pack");

        if (streq(property, "Unusable"))
                return sd_bus_message_append_basic(reply, 'd', &(double) { 0.25 });
        if (streq(property, "Kinds"))
                return sd_bus_message_append(reply, "a(ssuuuu)", 1, "0000:01:10.0", "8086:10ca", 5U, 2U, 1U,
                                             2U);

        if (streq(property, "PhysicalFunctions"))
                n = 2;
        else if (streq(property, "LargestFree"))
                n = 1;
        for (size_t i = 0; i < ELEMENTSOF(f->functions); i++)
                n += streq(property, "Total") || strcasecmp(f->functions[i].state, property) == 0;
        return sd_bus_message_append_basic(reply, 'u', &n);
}

static const sd_bus_vtable pool_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Name", "s", get_pool, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Policy", "s", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Total", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Free", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Leased", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Assigned", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Held", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Quarantined", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Unknown", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("PhysicalFunctions", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("FreePhysicalFunctions", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("LargestFree", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("LargestFreeInGroup", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Stranded", "u", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Unusable", "d", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Kinds", "a(ssuuuu)", get_pool, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

void manager_export(Fake *f)
{
        char path[sizeof(VGPU_HIBERNATE_FUNCTION_PATH) + 8];

        assert(sd_bus_add_object_manager(f->bus, NULL, VGPU_HIBERNATE_ROOT_PATH) >= 0);
        assert(sd_bus_add_object_vtable(f->bus, NULL, VGPU_HIBERNATE_ROOT_PATH,
                                        VGPU_HIBERNATE_MANAGER_INTERFACE, manager_vtable, f) >= 0);

        assert(sd_bus_add_object_vtable(f->bus, NULL, VGPU_HIBERNATE_POOL_PATH "/_38086_2d10ca",
                                        VGPU_HIBERNATE_POOL_INTERFACE, pool_vtable, f) >= 0);
        for (size_t i = 0; i < ELEMENTSOF(f->domains); i++) {
                (void) snprintf(path, sizeof(path), "%s/%zu", VGPU_HIBERNATE_DOMAIN_PATH, i);
                assert(sd_bus_add_object_vtable(f->bus, NULL, path, VGPU_HIBERNATE_DOMAIN_INTERFACE,
                                                domain_vtable, &f->domains[i]) >= 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(f->functions); i++) {
                (void) snprintf(path, sizeof(path), "%s/%zu", VGPU_HIBERNATE_FUNCTION_PATH, i);
                assert(sd_bus_add_object_vtable(f->bus, NULL, path, VGPU_HIBERNATE_FUNCTION_INTERFACE,
                                                function_vtable, &f->functions[i]) >= 0);
        }
}
