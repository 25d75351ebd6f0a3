/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/image-header.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "basic/fileio.h"
#include "host/real-host.h"
#include "test.h"

#define UUID "5b6ea0c7-5d2f-4b5f-8c9c-7a0f8b1b6f01"
#define DATA_BYTES 4096U
#define MEMORY_BYTES 8192U

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
                      struct FTW *ftw _unused_)
{
        return remove(path);
}

typedef struct Fixture {
        char directory[64];
        ImageFile f;
} Fixture;

static void fixture_init(Fixture *x)
{
        (void) snprintf(x->directory, sizeof(x->directory), "/tmp/vgpu-hibernate-test-XXXXXX");
        CHECK(mkdtemp(x->directory));
        CHECK(image_file_open(x->directory, "vm", UUID, &x->f, NULL) >= 0);
}

static void fixture_done(Fixture *x)
{
        image_file_done(&x->f);
        CHECK(nftw(x->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

static void write_image(const Fixture *x, const char *magic, char fill)
{
        _cleanup_close_ int fd =
                        openat(x->f.dir_fd, x->f.image, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        uint8_t header[IMAGE_HEADER_BYTES] = { 0 };
        const uint32_t version = 2, data_bytes = DATA_BYTES;
        char body[DATA_BYTES + MEMORY_BYTES];

        memcpy(header, magic, IMAGE_MAGIC_BYTES);
        memcpy(header + 16, &version, sizeof(version));
        memcpy(header + 20, &data_bytes, sizeof(data_bytes));
        memset(body, fill, sizeof(body));
        memcpy(body + DATA_BYTES, "QEVM", 4);
        CHECK(fd >= 0);
        CHECK(write(fd, header, sizeof(header)) == (ssize_t) sizeof(header));
        CHECK(write(fd, body, sizeof(body)) == (ssize_t) sizeof(body));
}

static void expect_state(const Fixture *x, ImageFileState expected)
{
        ImageFileState state;

        CHECK(image_file_state(&x->f, &state, NULL) >= 0);
        CHECK(state == expected);
}

static char byte_at(const Fixture *x, off_t offset)
{
        _cleanup_close_ int fd = openat(x->f.dir_fd, x->f.image, O_RDONLY | O_CLOEXEC);
        char c;

        CHECK(fd >= 0);
        CHECK(pread(fd, &c, 1, offset) == 1);
        return c;
}

static void set_byte(const Fixture *x, off_t offset, char c)
{
        _cleanup_close_ int fd = openat(x->f.dir_fd, x->f.image, O_WRONLY | O_CLOEXEC);

        CHECK(fd >= 0);
        CHECK(pwrite(fd, &c, 1, offset) == 1);
}

static void test_names(void)
{
        ImageFile f;

        CHECK(image_file_open("/tmp", "../etc/passwd", UUID, &f, NULL) < 0);
        CHECK(image_file_open("/tmp", "", UUID, &f, NULL) < 0);
        CHECK(image_file_open("/nonexistent", "vm", UUID, &f, NULL) < 0);
}

static void test_life(void)
{
        _cleanup_(fixture_done) Fixture x;
        _cleanup_(failure_done) Failure none = { 0 }, other = { 0 };
        uint64_t bytes;

        fixture_init(&x);
        expect_state(&x, IMAGE_FILE_NONE);
        CHECK(image_file_put_back(&x.f, &none) < 0 && none.code == FAILURE_LOST);
        CHECK(image_file_guard(&x.f, NULL) < 0);

        write_image(&x, IMAGE_MAGIC, 'a');
        expect_state(&x, IMAGE_FILE_UNGUARDED);
        CHECK(image_file_sync(&x.f, &bytes, NULL) >= 0);
        CHECK(bytes == IMAGE_HEADER_BYTES + DATA_BYTES + MEMORY_BYTES);
        CHECK(image_file_guard(&x.f, NULL) >= 0);
        expect_state(&x, IMAGE_FILE_GUARDED);
        CHECK(image_file_guard(&x.f, NULL) >= 0);

        /* libvirt restores and unlinks. */
        CHECK(unlinkat(x.f.dir_fd, x.f.image, 0) >= 0);
        expect_state(&x, IMAGE_FILE_CONSUMED);
        CHECK(image_file_put_back(&x.f, NULL) >= 0);
        expect_state(&x, IMAGE_FILE_GUARDED);
        CHECK(image_file_put_back(&x.f, NULL) >= 0);

        /* Somebody else's later image is not overwritten, but may be guarded instead. */
        CHECK(unlinkat(x.f.dir_fd, x.f.image, 0) >= 0);
        write_image(&x, IMAGE_MAGIC, 'b');
        expect_state(&x, IMAGE_FILE_OTHER_GUARD);
        CHECK(image_file_put_back(&x.f, &other) < 0 && other.code == FAILURE_IMAGE_DAMAGED);
        CHECK(image_file_guard(&x.f, NULL) >= 0);
        expect_state(&x, IMAGE_FILE_GUARDED);
        CHECK(byte_at(&x, IMAGE_HEADER_BYTES) == 'b');

        CHECK(image_file_remove(&x.f, x.f.image, NULL) >= 0);
        CHECK(image_file_remove(&x.f, x.f.guard, NULL) >= 0);
        CHECK(image_file_remove(&x.f, x.f.guard, NULL) >= 0);
        expect_state(&x, IMAGE_FILE_NONE);
}

static void test_header(void)
{
        uint8_t header[IMAGE_HEADER_BYTES] = { 0 };
        ImageHeader parsed;
        uint32_t n = 2;

        CHECK(image_header_parse(header, &parsed) == -EBADMSG);
        memcpy(header, IMAGE_MAGIC, IMAGE_MAGIC_BYTES);
        CHECK(image_header_parse(header, &parsed) == -EBADMSG);
        memcpy(header + 16, &n, sizeof(n));
        CHECK(image_header_parse(header, &parsed) == -EBADMSG);
        memcpy(header + 20, &n, sizeof(n));
        CHECK(image_header_parse(header, &parsed) >= 0);
        CHECK(!parsed.partial && parsed.data_bytes == 2);
        memcpy(header, IMAGE_MAGIC_PARTIAL, IMAGE_MAGIC_BYTES);
        CHECK(image_header_parse(header, &parsed) >= 0 && parsed.partial);

        n = IMAGE_HEADER_DATA_BYTES_MAX + 1;
        memcpy(header + 20, &n, sizeof(n));
        CHECK(image_header_parse(header, &parsed) == -EBADMSG);
        n = 1;
        memcpy(header + 20, &n, sizeof(n));
        n = 0x02000000;
        memcpy(header + 16, &n, sizeof(n));
        CHECK(image_header_parse(header, &parsed) == -EBADMSG);
}

static void test_backup(void)
{
        _cleanup_(fixture_done) Fixture x;
        _cleanup_free_ char *saved = NULL;
        size_t size;

        fixture_init(&x);
        write_image(&x, IMAGE_MAGIC, 'a');
        CHECK(image_header_restore(&x.f, NULL) == 0);
        CHECK(image_header_backup(&x.f, NULL) >= 0);
        CHECK(read_file_at(x.f.dir_fd, x.f.header, 1 << 20, &saved, &size) >= 0);
        CHECK(size == IMAGE_HEADER_BYTES + DATA_BYTES);

        /* Torn in the header, in the XML; the memory has its own value. */
        set_byte(&x, 3, 'X');
        set_byte(&x, IMAGE_HEADER_BYTES + DATA_BYTES - 1, 'X');
        set_byte(&x, IMAGE_HEADER_BYTES + DATA_BYTES, 'm');
        CHECK(image_header_restore(&x.f, NULL) == 1);
        CHECK(byte_at(&x, 3) == IMAGE_MAGIC[3]);
        CHECK(byte_at(&x, IMAGE_HEADER_BYTES + DATA_BYTES - 1) == 'a');
        CHECK(byte_at(&x, IMAGE_HEADER_BYTES + DATA_BYTES) == 'm');

        CHECK(write_file_atomic_at(x.f.dir_fd, x.f.header, saved, size - 1) >= 0);
        CHECK(image_header_restore(&x.f, NULL) < 0);
        CHECK(write_file_atomic_at(x.f.dir_fd, x.f.header, "", 0) >= 0);
        CHECK(image_header_restore(&x.f, NULL) < 0);
}

/* An edit in libvirt's hands would then fill the beginning of the memory with zeroes. */
static void test_wrong_size_of_xml(void)
{
        _cleanup_(fixture_done) Fixture x;
        Failure why = { 0 };

        fixture_init(&x);
        write_image(&x, IMAGE_MAGIC, 'a');
        set_byte(&x, 20, (char) (DATA_BYTES + 1));
        CHECK(image_header_backup(&x.f, &why) < 0 && why.code == FAILURE_IMAGE_DAMAGED);
        failure_done(&why);
        CHECK(image_header_check(&x.f, NULL) < 0);

        set_byte(&x, 28, 3); /* compressed */
        CHECK(image_header_backup(&x.f, NULL) >= 0 && image_header_check(&x.f, NULL) >= 0);
}

static void test_partial(void)
{
        _cleanup_(fixture_done) Fixture x;
        _cleanup_(failure_done) Failure busy = { 0 };
        int writer;

        fixture_init(&x);
        write_image(&x, IMAGE_MAGIC_PARTIAL, 'a');
        CHECK(image_header_backup(&x.f, NULL) < 0);

        writer = openat(x.f.dir_fd, x.f.image, O_WRONLY | O_CLOEXEC);
        CHECK(writer >= 0);
        CHECK(image_header_complete(&x.f, &busy) < 0 && busy.code == FAILURE_DOMAIN_BUSY);
        CHECK(close(writer) >= 0);
        CHECK(byte_at(&x, IMAGE_MAGIC_BYTES - 1) == 't');

        CHECK(image_header_complete(&x.f, NULL) >= 0);
        CHECK(byte_at(&x, IMAGE_MAGIC_BYTES - 1) == 'e');
        CHECK(byte_at(&x, IMAGE_HEADER_BYTES) == 'a');
        CHECK(image_header_complete(&x.f, NULL) >= 0);
        CHECK(image_header_backup(&x.f, NULL) >= 0);
}

/* libvirt does not have the domain any more: what goes by its UUID goes, what goes by its name may be another's. */
static void test_discard_of_undefined(void)
{
        _cleanup_(real_host_freep) RealHost *h = NULL;
        _cleanup_(fixture_done) Fixture x;
        RealHostSettings settings = { .libvirt_uri = "test:///default", .sysfs_pci = "/" };

        fixture_init(&x);
        settings.image_dir = x.directory;
        CHECK(real_host_new(&settings, &h, NULL) >= 0);
        CHECK(real_host_ops.image_discard(h, UUID, NULL) >= 0);

        write_image(&x, IMAGE_MAGIC, 'a');
        CHECK(image_file_guard(&x.f, NULL) >= 0 && image_header_backup(&x.f, NULL) >= 0);
        CHECK(faccessat(x.f.dir_fd, x.f.header, F_OK, 0) >= 0);
        CHECK(real_host_ops.image_discard(h, UUID, NULL) >= 0);
        expect_state(&x, IMAGE_FILE_UNGUARDED);
        CHECK(faccessat(x.f.dir_fd, x.f.header, F_OK, 0) < 0);
        CHECK(real_host_ops.image_discard(h, UUID, NULL) >= 0);
}

int main(void)
{
        test_names();
        test_life();
        test_header();
        test_backup();
        test_wrong_size_of_xml();
        test_partial();
        test_discard_of_undefined();
        return 0;
}
