/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* GetInventory: what planners read is what the objects of the bus say, and its stamp tells when to look again. */

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

#include "fixture.h"
#include "store/inventory-json.h"
#include "store/journal.h"

/* With `words` in it. */
static void get(Fixture *f, const char *words, Fleet *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_free_ char *message = NULL;
        _cleanup_(failure_done) Failure why = { 0 };
        const char *text;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "GetInventory") >= 0);
        CHECK(!call_message(f, call, &reply, &message));
        CHECK(sd_bus_message_read_basic(reply, 's', &text) > 0);
        if (!strstr(text, words) || fleet_parse(text, strlen(text), "the answer", ret, &why) < 0) {
                (void) fprintf(stderr, "%s\n%s\n", failure_message(&why), text);
                abort();
        }
        CHECK(ret->n == 1 && ret->hosts[0].host && ret->hosts[0].stamp);
}

static const InventoryFunction *function(const Fleet *fleet, const char *address)
{
        size_t i;
        PciAddress a;

        CHECK(pci_address_parse(address, &a) >= 0);
        i = inventory_find(fleet->hosts, &a);
        CHECK(i != INVENTORY_NONE);
        return fleet->hosts[0].functions + i;
}

static const InventoryDomain *domain(const Fleet *fleet, const char *name)
{
        for (size_t i = 0; i < fleet->hosts[0].n_domains; i++)
                if (streq(fleet->hosts[0].domains[i].name, name))
                        return fleet->hosts[0].domains + i;
        return NULL;
}

/* A move of another domain that is over: a second for each step, 256 MiB of 512 that were promised. */
static void make_past(Fixture *f)
{
        _cleanup_free_ char *jobs = format("%s/state/jobs", f->dir);
        _cleanup_close_ int jobs_fd = -EBADF;
        _cleanup_(job_freep) Job *j = NULL;
        uint64_t at = UINT64_C(1700000000) * USEC_PER_SEC;

        CHECK(mkdir(jobs, 0700) >= 0);
        jobs_fd = open(jobs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(jobs_fd >= 0);

        CHECK(job_new(1, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, VM3, "other", &j) >= 0);
        j->created_usec = at;
        j->bytes_total = UINT64_C(256) << 20;
        j->space_bytes = UINT64_C(512) << 20;
        for (size_t i = 0; i < j->n_steps; i++) {
                j->steps[i].state = STEP_DONE;
                j->steps[i].started_usec = at;
                j->steps[i].ended_usec = at += USEC_PER_SEC;
        }
        j->state = JOB_DONE;
        j->ended_usec = at;
        CHECK(journal_write(jobs_fd, j, NULL) >= 0);
}

static void make_world(Fixture *f)
{
        static const char *const functions[] = { "0000:05:10.0", "0000:06:10.0", "0000:06:10.1" };
        Function *own, *free_one, *kept;

        for (size_t i = 0; i < ELEMENTSOF(functions); i++)
                (void) fixture_function(f, functions[i]);
        own = fixture_function(f, functions[0]); /* they have moved */
        free_one = fixture_function(f, functions[1]);
        kept = fixture_function(f, functions[2]);

        own->identity.msix = kept->identity.msix = 64;
        own->numa_node = 1;
        CHECK(attributes_set(&own->identity.attributes, "partition", "CPX") >= 0);
        CHECK(attributes_set(&free_one->identity.attributes, "hive", "0x1f") >= 0);
        CHECK(free_and_strdup(&kept->group_obstacle, "0000:00:1f.0 is bound to 'ahci'") >= 0);
        kept->is_dead = true;
        fixture_set_domain(f, "guest", DOMAIN_RUNNING, (const char *const[]) { "0000:05:10.0", NULL });
        fixture_domain(f, "guest")->memory_bytes = UINT64_C(1) << 30;
        fixture_send_world(f);
        expect_property(f, VGPU_HIBERNATE_FUNCTION_PATH "/0000_05_10_0", "Domain", "guest");
}

int main(int argc, char *argv[])
{
        _cleanup_(fleet_done) Fleet first = { 0 }, same = { 0 }, later = { 0 };
        const InventoryFunction *own, *other;
        const InventoryDomain *guest;
        Fixture f;

        fixture_init(&f, argv);
        make_past(&f);
        fixture_start(&f);
        make_world(&f);

        get(&f, "\"pools\":[{\"name\":", &first);
        own = function(&first, "0000:05:10.0");
        guest = domain(&first, "guest");
        CHECK(guest && streq(guest->state, "running") && guest->n_functions == 1 && guest->uuid);
        CHECK(guest->movable && isinf(guest->max_downtime_seconds) && guest->affinity == AFFINITY_NONE);
        /* Its image is half of what it may be, more than twice the other's; the save and the restore take longer by that. */
        CHECK(guest->image_bytes > UINT64_C(512) << 20 && guest->image_bytes < UINT64_C(640) << 20);
        CHECK(guest->cost_seconds > 10 && guest->cost_seconds < 20);
        CHECK(own->function.state == FUNCTION_ASSIGNED && streq(own->function.domain, "guest"));
        CHECK(own->domain == (size_t) (guest - first.hosts[0].domains) &&
              streq(own->function.group, "numa1"));
        CHECK(own->function.identity.msix == 64 && own->function.pool);
        CHECK(streq(attributes_get(&own->function.identity.attributes, "partition"), "CPX"));
        CHECK(!own->function.group_obstacle && !own->function.is_dead && !own->function.is_physical);

        other = function(&first, "0000:06:10.0");
        CHECK(other->function.state == FUNCTION_FREE && streq(other->function.group, "0x1f"));
        other = function(&first, "0000:06:10.1");
        CHECK(streq(other->function.group_obstacle, "0000:00:1f.0 is bound to 'ahci'") &&
              other->function.is_dead);
        CHECK(!domain(&first, "vm3")); /* has none now */

        fixture_domain(&f, "guest")->memory_bytes = 0; /* nothing to go by any more */
        fixture_send_world(&f);
        expect_property(&f, VGPU_HIBERNATE_FUNCTION_PATH "/0000_05_10_0", "Domain", "guest");
        get(&f, "\"largest_free_in_group\":", &same);
        guest = domain(&same, "guest");
        CHECK(guest && guest->image_bytes == 0 && guest->cost_seconds == 0);
        CHECK(!streq(first.hosts[0].stamp, same.hosts[0].stamp));
        fleet_done(&same);
        fixture_domain(&f, "guest")->memory_bytes = UINT64_C(1) << 30;
        fixture_send_world(&f);

        get(&f, "\"largest_free_in_group\":", &same);
        CHECK(streq(first.hosts[0].stamp, same.hosts[0].stamp));

        fixture_set_domain(&f, "guest", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(&f);
        expect_property(&f, VGPU_HIBERNATE_FUNCTION_PATH "/0000_05_10_0", "State", "free");
        get(&f, "\"unusable\":", &later);
        CHECK(!streq(first.hosts[0].stamp, later.hosts[0].stamp) && !domain(&later, "guest"));
        CHECK(function(&later, "0000:05:10.0")->function.state == FUNCTION_FREE);

        fixture_done(&f);
        return EXIT_SUCCESS;
}
