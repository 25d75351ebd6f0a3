/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/image-header.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "basic/fileio.h"

#define HEADER_VERSION_MAX 0xffffU /* QEMU_SAVE_VERSION is 2; the other byte order reads as something huge */
#define HEADER_VERSION_OFFSET 16U
#define HEADER_DATA_BYTES_OFFSET 20U
#define HEADER_FORMAT_OFFSET 28U
#define FORMAT_RAW 0U
#define STREAM_MAGIC "QEVM" /* QEMU migration/savevm.h, QEMU_VM_FILE_MAGIC */
#define STREAM_MAGIC_BYTES 4U

static int pread_all(int fd, uint8_t *buf, size_t size, off_t offset)
{
        while (size > 0) {
                ssize_t n = pread(fd, buf, size, offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EBADMSG;

                buf += n;
                offset += n;
                size -= (size_t) n;
        }

        return 0;
}

static int pwrite_all(int fd, const char *buf, size_t size, off_t offset)
{
        while (size > 0) {
                ssize_t n = pwrite(fd, buf, size, offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;

                buf += n;
                offset += n;
                size -= (size_t) n;
        }

        return 0;
}

int image_header_parse(const uint8_t header[static IMAGE_HEADER_BYTES], ImageHeader *ret)
{
        uint32_t version, data_bytes, format;
        bool partial;

        assert(ret);

        partial = memcmp(header, IMAGE_MAGIC_PARTIAL, IMAGE_MAGIC_BYTES) == 0;
        if (!partial && memcmp(header, IMAGE_MAGIC, IMAGE_MAGIC_BYTES) != 0)
                return -EBADMSG;

        /* Host byte order; images of a machine of the other order are not ours. */
        memcpy(&version, header + HEADER_VERSION_OFFSET, sizeof(version));
        memcpy(&data_bytes, header + HEADER_DATA_BYTES_OFFSET, sizeof(data_bytes));
        memcpy(&format, header + HEADER_FORMAT_OFFSET, sizeof(format));
        if (version == 0 || version > HEADER_VERSION_MAX || data_bytes == 0 ||
            data_bytes > IMAGE_HEADER_DATA_BYTES_MAX)
                return -EBADMSG;

        *ret = (ImageHeader) { .partial = partial, .raw = format == FORMAT_RAW, .data_bytes = data_bytes };
        return 0;
}

static int open_image(const ImageFile *f, int flags, int *ret_fd, Failure *reterr)
{
        _cleanup_close_ int fd = openat(f->dir_fd, f->image, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open image '%s'", f->image);
        if (!S_ISREG(st.st_mode))
                return failure_set(reterr, FAILURE_HOST, "image '%s' is not a regular file", f->image);

        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int read_header(const ImageFile *f, int fd, ImageHeader *ret, Failure *reterr)
{
        uint8_t buf[IMAGE_HEADER_BYTES];
        int r;

        r = pread_all(fd, buf, sizeof(buf), 0);
        if (r >= 0)
                r = image_header_parse(buf, ret);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_IMAGE_DAMAGED, r,
                                         "cannot read the header of image '%s'", f->image);
        return 0;
}

/* libvirt fills all that the header counts as XML: with a wrong number there an edit would overwrite the memory behind
 * it. Only of the plain format is it known how that begins. */
static int check_memory(const ImageFile *f, int fd, const ImageHeader *header, Failure *reterr)
{
        uint8_t magic[STREAM_MAGIC_BYTES];
        int r;

        if (!header->raw)
                return 0;

        r = pread_all(fd, magic, sizeof(magic), IMAGE_HEADER_BYTES + (off_t) header->data_bytes);
        if (r >= 0 && memcmp(magic, STREAM_MAGIC, STREAM_MAGIC_BYTES) != 0)
                r = -EBADMSG;
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_IMAGE_DAMAGED, r,
                                         "the memory in image '%s' is not where its header says", f->image);
        return 0;
}

int image_header_check(const ImageFile *f, Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF;
        ImageHeader header;
        int r;

        assert(f);

        if ((r = open_image(f, O_RDONLY, &fd, reterr)) < 0 || (r = read_header(f, fd, &header, reterr)) < 0)
                return r;

        return check_memory(f, fd, &header, reterr);
}

int image_header_backup(const ImageFile *f, Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ uint8_t *head = NULL;
        ImageHeader header;
        size_t size;
        int r;

        assert(f);

        r = open_image(f, O_RDONLY, &fd, reterr);
        if (r < 0)
                return r;

        r = read_header(f, fd, &header, reterr);
        if (r < 0)
                return r;
        if (header.partial)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED, "image '%s' is incomplete", f->image);

        r = check_memory(f, fd, &header, reterr);
        if (r < 0)
                return r;

        size = IMAGE_HEADER_BYTES + header.data_bytes;
        head = malloc(size);
        if (!head)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "image header");

        r = pread_all(fd, head, size, 0);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_IMAGE_DAMAGED, r,
                                         "cannot read the head of image '%s'", f->image);

        r = write_file_atomic_at(f->dir_fd, f->header, (const char *) head, size);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot write '%s'", f->header);
        return 0;
}

int image_header_restore(const ImageFile *f, Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *head = NULL;
        ImageHeader header;
        struct stat st;
        size_t size;
        int r;

        assert(f);

        r = read_file_at(f->dir_fd, f->header, IMAGE_HEADER_BYTES + IMAGE_HEADER_DATA_BYTES_MAX, &head,
                         &size);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read '%s'", f->header);

        /* Written atomically by image_header_backup(), so a bad one was not. */
        if (size < IMAGE_HEADER_BYTES || image_header_parse((const uint8_t *) head, &header) < 0 ||
            header.partial || size != IMAGE_HEADER_BYTES + header.data_bytes)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED, "'%s' is not the head of an image",
                                   f->header);

        r = open_image(f, O_RDWR, &fd, reterr);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot look at image '%s'", f->image);
        if (st.st_size < 0 || (uint64_t) st.st_size <= size)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED, "image '%s' is too short", f->image);

        r = pwrite_all(fd, head, size, 0);
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot restore the head of image '%s'",
                                         f->image);
        return 1;
}

int image_header_complete(const ImageFile *f, Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF;
        ImageHeader header;
        int r;

        assert(f);

        r = open_image(f, O_RDWR, &fd, reterr);
        if (r < 0)
                return r;

        r = read_header(f, fd, &header, reterr);
        if (r < 0 || !header.partial)
                return r;

        /* The kernel grants a write lease only when this is the file's sole open descriptor (fcntl(2)): so
         * libvirt's I/O helper, which outlives libvirtd, has written and closed it. Given back at once;
         * should anybody open the file in between, the default signal for that would end this process,
         * SIGURG is ignored. */
        if (fcntl(fd, F_SETSIG, SIGURG) < 0 || fcntl(fd, F_SETLEASE, F_WRLCK) < 0) {
                if (errno == EAGAIN || errno == EBUSY)
                        return failure_set(reterr, FAILURE_DOMAIN_BUSY, "image '%s' is still being written",
                                           f->image);
                return failure_set_errno(reterr, FAILURE_HOST, errno,
                                         "cannot tell whether image '%s' is complete", f->image);
        }

        if (fcntl(fd, F_SETLEASE, F_UNLCK) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot give back the lease of '%s'",
                                         f->image);

        /* The content first: the mark must never be on disk before what it vouches for. */
        if (fsync(fd) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot make image '%s' durable",
                                         f->image);
        r = pwrite_all(fd, IMAGE_MAGIC, IMAGE_MAGIC_BYTES, 0);
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot mark image '%s' as complete",
                                         f->image);
        return 0;
}
