/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/image-file.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "basic/fileio.h"

void image_file_done(ImageFile *f)
{
        if (!f)
                return;

        closep(&f->dir_fd);
        free(f->image);
        free(f->guard);
        free(f->header);
        *f = (ImageFile) { .dir_fd = -EBADF };
}

static int format_name(char **ret, const char *prefix, const char *name, const char *suffix)
{
        if (asprintf(ret, "%s%s%s", prefix, name, suffix) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        return 0;
}

int image_file_open(const char *directory, const char *name, const char *uuid, ImageFile *ret,
                    Failure *reterr)
{
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };

        assert(directory);
        assert(name);
        assert(uuid);
        assert(ret);

        if (*name == '\0' || strchr(name, '/') || strchr(uuid, '/') ||
            strlen(name) > NAME_MAX - strlen(".save"))
                return failure_set(reterr, FAILURE_LIBVIRT, "domain name '%s' cannot be a file name", name);

        if (format_name(&f.image, "", name, ".save") < 0 ||
            format_name(&f.guard, ".vgpu-hibernate-", uuid, ".save") < 0 ||
            format_name(&f.header, ".vgpu-hibernate-", uuid, ".header") < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "image file");

        f.dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (f.dir_fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open image directory '%s'",
                                         directory);

        *ret = f;
        f = (ImageFile) { .dir_fd = -EBADF };
        return 0;
}

/* 1: there is such a file, 0: there is none. */
static int stat_name(const ImageFile *f, const char *name, struct stat *ret, Failure *reterr)
{
        if (fstatat(f->dir_fd, name, ret, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno == ENOENT)
                        return 0;
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot look at image '%s'", name);
        }

        if (!S_ISREG(ret->st_mode))
                return failure_set(reterr, FAILURE_HOST, "image '%s' is not a regular file", name);

        return 1;
}

int image_file_state(const ImageFile *f, ImageFileState *ret, Failure *reterr)
{
        struct stat image, guard;
        int has_image, has_guard;

        assert(f);
        assert(ret);

        has_image = stat_name(f, f->image, &image, reterr);
        if (has_image < 0)
                return has_image;
        has_guard = stat_name(f, f->guard, &guard, reterr);
        if (has_guard < 0)
                return has_guard;

        if (has_image && has_guard)
                *ret = image.st_dev == guard.st_dev && image.st_ino == guard.st_ino ? IMAGE_FILE_GUARDED
                                                                                    : IMAGE_FILE_OTHER_GUARD;
        else if (has_image)
                *ret = IMAGE_FILE_UNGUARDED;
        else
                *ret = has_guard ? IMAGE_FILE_CONSUMED : IMAGE_FILE_NONE;
        return 0;
}

int image_file_size(const ImageFile *f, uint64_t *ret_bytes, Failure *reterr)
{
        struct stat st;
        int r;

        r = stat_name(f, f->image, &st, reterr);
        if (r < 0)
                return r;

        *ret_bytes = r > 0 ? (uint64_t) st.st_size : 0;
        return 0;
}

static int sync_names(const ImageFile *f, Failure *reterr)
{
        int r = fsync_directory_at(f->dir_fd, ".");

        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot make the image directory durable");
        return 0;
}

int image_file_sync(const ImageFile *f, uint64_t *ret_bytes, Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        assert(f);

        fd = openat(f->dir_fd, f->image, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open image '%s'", f->image);

        if (fstat(fd, &st) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot look at image '%s'", f->image);

        /* libvirt writes the final header after everything else and does not sync it. */
        if (fsync(fd) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot make image '%s' durable",
                                         f->image);

        if (ret_bytes)
                *ret_bytes = (uint64_t) st.st_size;
        return sync_names(f, reterr);
}

int image_file_guard(const ImageFile *f, Failure *reterr)
{
        _cleanup_free_ char *tmp = NULL;
        ImageFileState state;
        int r;

        assert(f);

        r = image_file_state(f, &state, reterr);
        if (r < 0)
                return r;

        switch (state) {
        case IMAGE_FILE_GUARDED:
                return sync_names(f, reterr);
        case IMAGE_FILE_UNGUARDED:
        case IMAGE_FILE_OTHER_GUARD:
                break;
        case IMAGE_FILE_NONE:
        case IMAGE_FILE_CONSUMED:
        case _IMAGE_FILE_STATE_MAX:
        case _IMAGE_FILE_STATE_INVALID:
                return failure_set(
                                reterr, FAILURE_IMAGE_DAMAGED,
                                "there is no image '%s'; is image_dir libvirt's directory of managed saves?",
                                f->image);
        }

        /* Over a temporary name, since link() does not replace and the older guard must not be missing
         * meanwhile. */
        if (format_name(&tmp, f->guard, ".tmp", "") < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "image file");
        if (unlinkat(f->dir_fd, tmp, 0) < 0 && errno != ENOENT)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot remove '%s'", tmp);
        if (linkat(f->dir_fd, f->image, f->dir_fd, tmp, 0) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot link image '%s'", f->image);
        if (renameat(f->dir_fd, tmp, f->dir_fd, f->guard) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot make guard link '%s'",
                                         f->guard);

        return sync_names(f, reterr);
}

int image_file_put_back(const ImageFile *f, Failure *reterr)
{
        ImageFileState state;
        int r;

        assert(f);

        r = image_file_state(f, &state, reterr);
        if (r < 0)
                return r;

        switch (state) {
        case IMAGE_FILE_UNGUARDED:
        case IMAGE_FILE_GUARDED:
                break;
        case IMAGE_FILE_CONSUMED:
                /* Fails rather than replaces when a file of that name came up in between. */
                if (linkat(f->dir_fd, f->guard, f->dir_fd, f->image, 0) < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot put image '%s' back",
                                                 f->image);
                break;
        case IMAGE_FILE_OTHER_GUARD:
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED,
                                   "'%s' is another image than the guarded one, '%s'; one of the two is "
                                   "outdated",
                                   f->image, f->guard);
        case IMAGE_FILE_NONE:
        case _IMAGE_FILE_STATE_MAX:
        case _IMAGE_FILE_STATE_INVALID:
                return failure_set(reterr, FAILURE_LOST,
                                   "there is neither an image '%s' nor its guard link '%s'", f->image,
                                   f->guard);
        }

        return sync_names(f, reterr);
}

int image_file_remove(const ImageFile *f, const char *name, Failure *reterr)
{
        assert(f);
        assert(name);

        if (unlinkat(f->dir_fd, name, 0) < 0) {
                if (errno == ENOENT)
                        return 0;
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot remove '%s'", name);
        }

        return sync_names(f, reterr);
}

int image_file_space(const char *directory, uint64_t *ret_bytes, Failure *reterr)
{
        struct statvfs st;

        assert(directory);
        assert(ret_bytes);

        if (statvfs(directory, &st) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot measure image directory '%s'",
                                         directory);

        *ret_bytes = (uint64_t) st.f_bfree * st.f_frsize;
        return 0;
}

bool image_file_is_read_only(const char *directory)
{
        assert(directory);

        return access(directory, W_OK) < 0 && errno == EROFS;
}
