/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Journal, record and ledger: what was written comes back, and what is broken is set aside while the rest goes on. */
#include "store/image-record.h"
#include "store/job-json.h"
#include "store/journal.h"
#include "store/ledger.h"
#include "store/world-json.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "basic/fileio.h"
#include "store/json-util.h"
#include "test.h"

#define UUID "6ed0b4a4-6e5c-4a51-9d2b-1f3c0d8a7b10"

static int make_dir(char template[])
{
        int fd;

        CHECK(mkdtemp(template));
        fd = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(fd >= 0);
        return fd;
}

static Job *make_job(uint64_t id)
{
        FunctionSwap swap = {
                .has_from = true,
                .has_to = true,
                .from = { .bus = 1, .slot = 16 },
                .to = { .bus = 2, .slot = 16 },
                .from_locator = { .slot = "pci0000:00/10.0/00.0", .serial = 0x77, .index = 3 },
                .to_locator = { .slot = "pci0000:00/11.0/00.0" },
                .identity = { .vendor = 0x8086,
                              .device = 0x10ca,
                              .class_code = 0x020000,
                              .bars = { { .bytes = 16384, .mem64 = true } } },
        };
        FunctionRef bad;
        Job *j;

        CHECK(job_new(id, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, UUID, "vm \"1\"\n", &j) >= 0);
        CHECK(job_set_swaps(j, &swap, 1) >= 0);
        bad = swap_source(j->swaps);
        CHECK(job_quarantine(j, &bad, "reads all ones") >= 0);
        j->state = JOB_FAILED;
        j->steps[0] = (JobStep) { STEP_CHECK, STEP_DONE, 11, 12 };
        j->steps[1] = (JobStep) { STEP_BIND, STEP_FAILED, 13, 14 };
        j->bytes = 77;
        j->bytes_total = 99;
        j->space_bytes = 100;
        j->predicted = (JobPrediction) { 98, 1234567, 2345678 };
        j->created_usec = 5;
        j->ended_usec = 6;
        j->worker_pid = 4711;
        j->worker_start_ticks = 123456;
        (void) failure_set(&j->failure, FAILURE_BIND_FAILED, "because");
        CHECK(job_add_attempt(j, 21, STEP_BIND, &j->failure) >= 0);
        job_tell(j, 22, "and so on");
        CHECK(free_and_strdup(&j->devices, "<domain><devices/></domain>") >= 0);
        j->fallback = FALLBACK_STAY;
        j->needs_fixups = true;
        j->by_shutdown = true;
        j->fixups = FIXUPS_NO;
        j->targets_asked_for = j->back = j->retry = j->asleep = true;
        return j;
}

static void check_same(const Job *a, const Job *b)
{
        _cleanup_json_ json_object *x = NULL, *y = NULL;

        CHECK(job_to_json(a, &x) >= 0);
        CHECK(job_to_json(b, &y) >= 0);
        CHECK(json_object_equal(x, y));
}

static void test_journal(int dir)
{
        _cleanup_(job_freep) Job *j = make_job(7), *back = NULL;

        CHECK(journal_write(dir, j, NULL) >= 0);
        CHECK(journal_read(dir, 7, &back, NULL) >= 0);
        check_same(j, back);
        CHECK(back->steps[1].state == STEP_FAILED && back->steps[1].started_usec == 13);
        CHECK(back->n_quarantines == 1 && streq(back->quarantines[0].reason, "reads all ones"));
        CHECK(locator_equal(&back->quarantines[0].function.locator, &j->swaps[0].from_locator));
        CHECK(locator_equal(&back->swaps[0].from_locator, &j->swaps[0].from_locator) &&
              back->swaps[0].from_locator.serial == 0x77);
        CHECK(locator_equal(&back->swaps[0].to_locator, &j->swaps[0].to_locator));
        CHECK(back->n_attempts == 1 && pci_address_equal(&back->attempts[0].targets[0], &j->swaps[0].to));
        CHECK(back->attempts[0].failure.code == FAILURE_BIND_FAILED);
        CHECK(back->n_events == 1 && back->events[0].usec == 22 && streq(back->events[0].text, "and so on"));
        CHECK(back->fallback == FALLBACK_STAY && back->targets_asked_for && back->back && back->retry &&
              back->asleep);
        CHECK(back->needs_fixups && back->by_shutdown && back->fixups == FIXUPS_NO);
        CHECK(streq(back->domain_name, "vm \"1\"\n"));
        CHECK(back->failure.code == FAILURE_BIND_FAILED);
        CHECK(back->worker_start_ticks == 123456);
        CHECK(memcmp(&back->swaps[0].identity, &j->swaps[0].identity, sizeof(FunctionIdentity)) == 0);
        CHECK(journal_read(dir, 8, &back, NULL) == -ENOENT);
}

/* A journal cut off at every length is refused, never half believed. */
static void test_truncated_journal(int dir)
{
        _cleanup_free_ char *text = NULL;
        size_t size;

        CHECK(read_file_at(dir, "7.json", 1 << 20, &text, &size) >= 0);
        for (size_t n = 0; n + 2 < size; n++) {
                _cleanup_json_ json_object *o = NULL;
                _cleanup_(failure_done) Failure why = { 0 };
                Job *j = NULL;

                CHECK(json_parse(text, n, "7.json", &o, &why) < 0 || job_from_json(o, &j, &why) < 0);
                CHECK(!j && why.code != FAILURE_NONE);
        }

        CHECK(write_file_atomic_at(dir, "7.json", text, size / 2) >= 0);
        CHECK(journal_read(dir, 7, &(Job *) { NULL }, NULL) < 0);
        CHECK(write_file_atomic_at(dir, "7.json", text, size) >= 0);
}

static void test_list_sets_broken_aside(int dir)
{
        _cleanup_(job_freep) Job *j = make_job(12), *found = NULL, *none = NULL;
        size_t n, broken;
        struct stat st;
        Job **jobs;

        CHECK(journal_write(dir, j, NULL) >= 0);
        CHECK(write_file_atomic_at(dir, "9.json", "{\"schema\":1}", 12) >= 0);
        CHECK(write_file_atomic_at(dir, "x.json", "{}", 2) >= 0);
        CHECK(write_file_atomic_at(dir, "7.lock", "", 0) >= 0);

        CHECK(journal_list(dir, &jobs, &n, &broken, NULL) >= 0);
        CHECK(n == 2 && broken == 2);
        CHECK(jobs[0]->id == 7 && jobs[1]->id == 12);
        for (size_t i = 0; i < n; i++)
                (void) job_free(jobs[i]);
        free(jobs);

        /* Of a newer version: it is not broken, and an older daemon must not touch it. */
        CHECK(write_file_atomic_at(dir, "10.json", "{\"schema\":99}", 13) >= 0);
        CHECK(journal_list(dir, &jobs, &n, &broken, NULL) == -EOPNOTSUPP);

        /* Who only reads passes them over. */
        j->state = JOB_RUNNING;
        CHECK(journal_write(dir, j, NULL) >= 0);
        CHECK(write_file_atomic_at(dir, "11.json", "{}", 2) >= 0);
        CHECK(journal_find_open(dir, j->domain_uuid, &found, NULL) == 1 && found->id == 12);
        CHECK(fstatat(dir, "11.json", &st, 0) == 0 && unlinkat(dir, "11.json", 0) == 0);
        CHECK(journal_find_open(dir, "no such domain", &none, NULL) == 0 && !none);
        CHECK(unlinkat(dir, "10.json", 0) == 0);

        CHECK(fstatat(dir, "9.json.broken", &st, 0) == 0);
        CHECK(fstatat(dir, "9.json", &st, 0) < 0);
        CHECK(journal_remove(dir, 7) >= 0);
        CHECK(fstatat(dir, "7.lock", &st, 0) < 0);
        CHECK(journal_remove(dir, 7) >= 0);
}

static void expect_survey(int dir, uint64_t except, size_t ended_max, size_t n, const uint64_t *ids)
{
        _cleanup_(job_list_done) JobList l = { 0 };

        CHECK(journal_survey(dir, except, ended_max, &l, NULL) >= 0);
        CHECK(l.n == n);
        for (size_t i = 0; i < n; i++)
                CHECK(l.jobs[i]->id == ids[i]);
}

/* The newest, those at work whatever their number, not the one that asks, and nothing is moved aside. */
static void test_survey(void)
{
        char path[] = "/tmp/test-survey-XXXXXX";
        _cleanup_close_ int dir = make_dir(path), lock_fd = -EBADF, all_fd = -EBADF;

        expect_survey(dir, 0, 5, 0, NULL);
        for (uint64_t id = 1; id <= 12; id++) {
                _cleanup_(job_freep) Job *j = make_job(id);

                CHECK(journal_write(dir, j, NULL) >= 0);
        }
        lock_fd = journal_lock(dir, 2);
        CHECK(lock_fd >= 0);
        CHECK(write_file_atomic_at(dir, "11.json", "{", 1) >= 0);
        CHECK(write_file_atomic_at(dir, "x.json", "{", 1) >= 0);

        expect_survey(dir, 0, 3, 3, (const uint64_t[]) { 2, 10, 12 });
        expect_survey(dir, 12, 3, 2, (const uint64_t[]) { 2, 10 });
        expect_survey(dir, 2, 1, 1, (const uint64_t[]) { 12 });
        CHECK(faccessat(dir, "11.json", F_OK, 0) >= 0 && faccessat(dir, "x.json", F_OK, 0) >= 0);

        all_fd = journal_lock_all(dir, 0);
        CHECK(all_fd >= 0 && journal_lock_all(dir, 20 * USEC_PER_MSEC) == -EBUSY);
        closep(&all_fd);
        all_fd = journal_lock_all(dir, 0);
        CHECK(all_fd >= 0);
}

static void test_lock(int dir)
{
        _cleanup_close_ int lock = journal_lock(dir, 30);

        CHECK(lock >= 0);
        CHECK(journal_lock(dir, 30) == -EBUSY);
        closep(&lock);
        lock = journal_lock(dir, 30);
        CHECK(lock >= 0);
}

static void test_record(int dir)
{
        _cleanup_(image_record_freep) ImageRecord *r = NULL;
        _cleanup_(job_freep) Job *j = make_job(3);
        ImageRecord **all;
        size_t n, broken;

        CHECK(image_record_read(dir, UUID, &r, NULL) == -ENOENT);
        CHECK(image_record_write(dir, j, 4096, NULL) >= 0);
        CHECK(image_record_read(dir, UUID, &r, NULL) >= 0);
        CHECK(r->fixups == j->fixups && r->by_shutdown == j->by_shutdown);
        CHECK(r->bytes == 4096 && r->job == 3 && r->strategy == STRATEGY_SUSPEND_TO_RAM);
        CHECK(r->n_functions == 1 && pci_address_equal(&r->functions[0].from, &j->swaps[0].from));
        CHECK(r->functions[0].identity.bars[0].bytes == 16384);
        CHECK(locator_equal(&r->functions[0].from_locator, &j->swaps[0].from_locator));
        CHECK(streq(r->devices, j->devices));

        CHECK(image_record_list(dir, &all, &n, &broken, NULL) >= 0);
        CHECK(n == 1);
        (void) image_record_free(all[0]);
        free(all);

        /* Of what was unplugged it must be known what to plug. */
        CHECK(job_set_strategy(j, STRATEGY_UNPLUG) >= 0 && free_and_strdup(&j->devices, NULL) >= 0);
        CHECK(image_record_write(dir, j, 4096, NULL) >= 0);
        r = image_record_free(r);
        CHECK(image_record_read(dir, UUID, &r, NULL) < 0);

        CHECK(image_record_remove(dir, UUID, NULL) >= 0);
        CHECK(image_record_remove(dir, UUID, NULL) >= 0);
        CHECK(image_record_remove(dir, "../../etc/passwd", NULL) == -EINVAL);
}

static void test_ledger(int dir)
{
        static const char old[] = "{\"schema\":1,\"next_job\":3,\"quarantined\":"
                                  "[{\"function\":\"0000:01:10.0\",\"reason\":\"old\"}]}";
        const FunctionRef a = { { .bus = 1, .slot = 16 }, { .slot = "pci0000:00/10.0/00.0" } },
                          b = { .address = { .bus = 2, .slot = 16 } };
        /* Another one has its address by now, and it has the other's. */
        const FunctionRef moved = { b.address, a.locator },
                          other = { a.address, { .slot = "pci0000:00/0f.0/00.0" } };
        Ledger l, back;
        bool broken;

        CHECK(ledger_load(dir, &l, &broken, NULL) >= 0);
        CHECK(l.next_job == 1 && !broken);
        l.next_job = 42;
        CHECK(ledger_quarantine(&l, &a, "one", 7) >= 0);
        CHECK(ledger_quarantine(&l, &b, "two", 8) >= 0);
        CHECK(ledger_quarantine(&l, &a, "three", 9) >= 0);
        CHECK(ledger_save(dir, &l, NULL) >= 0);
        CHECK(ledger_load(dir, &back, &broken, NULL) >= 0);
        CHECK(back.next_job == 42 && back.n_quarantines == 2);
        CHECK(streq(ledger_quarantine_reason(&back, &a), "three"));
        CHECK(streq(ledger_quarantine_reason(&back, &moved), "three"));
        CHECK(ledger_find_quarantine(&back, &a)->since_usec == 7); /* it has been in it since */
        CHECK(!ledger_quarantine_reason(&back, &other) && !ledger_find_quarantine(&back, &other));
        CHECK(ledger_clear(&back, &a));
        CHECK(!ledger_clear(&back, &a));
        CHECK(!ledger_quarantine_reason(&back, &a));
        CHECK(streq(ledger_quarantine_reason(&back, &b), "two"));
        ledger_done(&l);
        ledger_done(&back);

        CHECK(write_file_atomic_at(dir, "ledger.json", old, strlen(old)) >= 0);
        CHECK(ledger_load(dir, &l, &broken, NULL) >= 0 && !broken);
        CHECK(streq(ledger_quarantine_reason(&l, &a), "old"));
        CHECK(ledger_find_quarantine(&l, &a)->since_usec == 0);
        ledger_done(&l);

        CHECK(write_file_atomic_at(dir, "ledger.json", "{", 1) >= 0);
        CHECK(ledger_load(dir, &l, &broken, NULL) >= 0);
        CHECK(broken && l.next_job == 1);
        ledger_done(&l);

        CHECK(write_file_atomic_at(dir, "ledger.json", "{\"schema\":3}", 12) >= 0);
        CHECK(ledger_load(dir, &l, &broken, NULL) == -EOPNOTSUPP);
}

static void test_uses(int dir)
{
        const FunctionRef a = { { .bus = 1, .slot = 16 }, { .slot = "pci0000:00/10.0/00.0" } },
                          b = { .address = { .bus = 2, .slot = 16 } };
        static const char *const broken_ones[] = {
                "7",
                "[7]",
                "[{}]",
                "[{\"function\":{\"function\":\"0000:01:10.0\"}}]",
                "[{\"function\":\"0000:01:10.0\",\"domain\":\"vm\"}]",
                "[{\"function\":\"x\",\"domain\":\"vm\",\"boot\":\"b\"}]",
        };
        Ledger l, back;
        bool broken;

        CHECK(unlinkat(dir, "ledger.json", 0) >= 0);
        CHECK(ledger_load(dir, &l, &broken, NULL) >= 0 && l.n_uses == 0);
        CHECK(ledger_use(&l, &a, "one", "boot") >= 0);
        CHECK(ledger_use(&l, &b, "two", "boot") >= 0);
        CHECK(ledger_use(&l, &a, "three", "next") >= 0);
        CHECK(ledger_save(dir, &l, NULL) >= 0);
        CHECK(ledger_load(dir, &back, &broken, NULL) >= 0 && !broken);
        CHECK(back.n_uses == 2 && streq(back.uses[0].domain, "three") && streq(back.uses[1].domain, "two"));
        CHECK(function_ref_equal(&back.uses[0].function, &a) && streq(back.uses[0].boot, "next"));
        CHECK(ledger_drop_use(&back, &a) && !ledger_drop_use(&back, &a));
        CHECK(back.n_uses == 1 && streq(back.uses[0].domain, "two"));
        ledger_done(&l);
        ledger_done(&back);

        for (size_t i = 0; i < ELEMENTSOF(broken_ones); i++) {
                char text[256];

                (void) snprintf(text, sizeof(text),
                                "{\"schema\":2,\"next_job\":3,\"quarantined\":[],\"used\":%s}",
                                broken_ones[i]);
                CHECK(write_file_atomic_at(dir, "ledger.json", text, strlen(text)) >= 0);
                CHECK(ledger_load(dir, &l, &broken, NULL) >= 0 && broken && l.n_uses == 0);
                ledger_done(&l);
        }
}

static Reservation make_reservation(void)
{
        Reservation r = { .cookie = "0123456789abcdef0123456789abcdef",
                          .uid = 1000,
                          .until_usec = UINT64_C(4000000000000000),
                          .n_functions = 2 };

        CHECK(free_and_strdup(&r.owner, ":1.17") >= 0 && free_and_strdup(&r.pool, "8086-10ca") >= 0 &&
              free_and_strdup(&r.label, "the \"night\" shift") >= 0);
        r.functions = calloc(2, sizeof(FunctionRef));
        CHECK(r.functions);
        r.functions[0] = (FunctionRef) { { .bus = 1, .slot = 16 },
                                         { .slot = "pci0000:00/10.0/00.0", .index = 2 } };
        r.functions[1] = (FunctionRef) { .address = { .bus = 2, .slot = 16 } };
        return r;
}

static void test_claims(int dir)
{
        static const char old[] = "{\"schema\":1,\"next_job\":3,\"quarantined\":[]}";
        static const char with_addresses[] =
                        "{\"schema\":1,\"next_job\":3,\"quarantined\":[],\"reservations\":[{\"cookie\":"
                        "\"0123456789abcdef0123456789abcdef\",\"uid\":1,\"owner\":\"\",\"pool\":\"\",\"label\":\"\","
                        "\"until_usec\":1,\"functions\":[\"0000:01:10.0\"]}]}";
        static const char *const broken_ones[] = {
                "\"holds\":[{}]",
                "\"holds\":[{\"domain_uuid\":\"x\",\"until_usec\":0}]",
                "\"holds\":7",
                "\"reservations\":[{\"cookie\":\"x\"}]",
                "\"reservations\":[{\"cookie\":\"x\",\"uid\":1,\"owner\":\"\",\"pool\":\"\",\"label\":\"\","
                "\"until_usec\":1,\"functions\":[]}]",
                "\"reservations\":[{\"cookie\":\"0123456789abcdef0123456789abcdef\",\"uid\":1,\"owner\":\"\","
                "\"pool\":\"\",\"label\":\"\",\"until_usec\":1,\"functions\":[{\"function\":\"0000:01:10.0\","
                "\"locator\":{\"slot\":\"../..\",\"index\":-1}}]}]",
                "\"reservations\":[{\"cookie\":\"0123456789abcdef0123456789abcdef\",\"uid\":1,\"owner\":\"\","
                "\"pool\":\"\",\"label\":\"\",\"until_usec\":1,\"functions\":[7]}]",
        };
        _cleanup_(reservation_done) Reservation reservation = make_reservation();
        _cleanup_(ledger_done) Ledger l = { .next_job = 2 }, back = { 0 };
        const Reservation *r;
        Ledger none;
        bool broken;

        CHECK(claims_hold(&l.claims, UUID, 0) >= 0 && claims_hold(&l.claims, "other", 99) >= 0);
        CHECK(claims_add_reservation(&l.claims, &reservation) >= 0);
        CHECK(ledger_save(dir, &l, NULL) >= 0);
        CHECK(ledger_load(dir, &back, &broken, NULL) >= 0 && !broken);
        CHECK(back.claims.n_holds == 2 && back.claims.n_reservations == 1);
        CHECK(hold_mode(claims_find_hold(&back.claims, UUID)) == HOLD_HOLD);
        CHECK(claims_find_hold(&back.claims, "other")->until_usec == 99);
        CHECK(claims_find_reservation(&back.claims, "0123456789abcdef0123456789abcdef", 1000, &r, NULL) >=
              0);
        CHECK(r->until_usec == UINT64_C(4000000000000000) && r->n_functions == 2 &&
              r->functions[1].address.bus == 2);
        CHECK(r->functions[0].locator.index == 2 && !locator_is_known(&r->functions[1].locator));
        CHECK(streq(r->owner, ":1.17") && streq(r->pool, "8086-10ca") &&
              streq(r->label, "the \"night\" shift"));

        /* Of a daemon that had none of this. */
        CHECK(write_file_atomic_at(dir, "ledger.json", old, strlen(old)) >= 0);
        CHECK(ledger_load(dir, &none, &broken, NULL) >= 0);
        CHECK(!broken && none.next_job == 3 && none.claims.n_holds == 0 && none.claims.n_reservations == 0);
        ledger_done(&none);

        CHECK(write_file_atomic_at(dir, "ledger.json", with_addresses, strlen(with_addresses)) >= 0);
        CHECK(ledger_load(dir, &none, &broken, NULL) >= 0 && !broken);
        CHECK(none.claims.n_reservations == 1 && none.claims.reservations[0].functions[0].address.bus == 1);
        ledger_done(&none);

        for (size_t i = 0; i < ELEMENTSOF(broken_ones); i++) {
                char text[512];
                int n = snprintf(text, sizeof(text), "{\"schema\":1,\"next_job\":3,\"quarantined\":[],%s}",
                                 broken_ones[i]);

                CHECK(write_file_atomic_at(dir, "ledger.json", text, (size_t) n) >= 0);
                CHECK(ledger_load(dir, &none, &broken, NULL) >= 0);
                CHECK(broken);
                ledger_done(&none);
        }
}

static void test_world(void)
{
        _cleanup_(world_freep) World *w = calloc(1, sizeof(World)), *back = NULL;
        _cleanup_json_ json_object *o = NULL;
        WorldDomain *d;
        Function *f;

        CHECK(w);
        w->libvirt_ok = true;
        f = world_add_function(w);
        CHECK(f && free_and_strdup(&f->driver, "vfio-pci") >= 0);
        f->address = (PciAddress) { .bus = 1, .slot = 16 };
        f->iommu_group = 12;
        f->locator = (Locator) { .slot = "pci0000:00/10.0/00.0", .serial = UINT64_MAX - 1, .index = 7 };
        d = world_add_domain(w);
        CHECK(d && free_and_strdup(&d->uuid, UUID) >= 0 && free_and_strdup(&d->name, "vm1") >= 0);
        CHECK(d->memory_node == -1);
        d->active = d->persistent = true;
        d->memory_node = 3;
        d->memory_bytes = UINT64_C(1) << 33;
        d->hibernate_asleep = true;
        CHECK(world_domain_add_function(d, &f->address) >= 0);

        CHECK(world_to_json(w, &o) >= 0);
        CHECK(world_from_json(o, &back, NULL) >= 0);
        CHECK(back->n_functions == 1 && back->functions[0].state == FUNCTION_ASSIGNED);
        CHECK(streq(back->functions[0].domain, "vm1"));
        CHECK(locator_equal(&back->functions[0].locator, &f->locator));
        CHECK(back->functions[0].locator.serial == UINT64_MAX - 1);
        CHECK(back->functions[0].iommu_group == 12 && back->functions[0].numa_node == -1);
        CHECK(world_find_domain(back, UUID) == world_find_domain(back, "vm1"));
        CHECK(!world_find_domain(back, "vm2") && world_find_domain(back, "vm1")->memory_node == 3);
        CHECK(world_find_domain(back, "vm1")->memory_bytes == d->memory_bytes);
        CHECK(world_find_domain(back, "vm1")->hibernate_asleep);
}

int main(void)
{
        char template[] = "/tmp/test-store-XXXXXX";
        _cleanup_close_ int dir = make_dir(template);

        test_journal(dir);
        test_truncated_journal(dir);
        test_list_sets_broken_aside(dir);
        test_lock(dir);
        test_survey();
        test_survey();
        test_ledger(dir);
        test_uses(dir);
        test_claims(dir);
        test_world();
        {
                char images[] = "/tmp/test-store-XXXXXX";
                _cleanup_close_ int images_dir = make_dir(images);

                test_record(images_dir);
                CHECK(rmdir(images) == 0);
        }

        return EXIT_SUCCESS;
}
