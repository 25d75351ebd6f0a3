/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/dir-list.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "basic/fileio.h"
#include "store/json-util.h"

static DIR *closedir_null(DIR *d)
{
        (void) closedir(d); /* only read from */
        return NULL;
}
DEFINE_CLEANUP_FUNC(DIR *, closedir_null);

int dir_set_aside(int dir_fd, const char *name)
{
        _cleanup_free_ char *broken = NULL;

        if (asprintf(&broken, "%s.broken", name) < 0) {
                broken = NULL;
                return -ENOMEM;
        }

        if (renameat(dir_fd, name, dir_fd, broken) < 0)
                return -errno;

        return fsync_directory_at(dir_fd, ".");
}

/* "17.json" -> "17"; NULL with 0 for what is not ours: hidden files, temporary ones, locks. */
static int entry_key(const char *name, char **ret)
{
        static const char suffix[] = ".json";
        size_t n = strlen(name);

        *ret = NULL;
        if (name[0] == '.' || n <= strlen(suffix) || !streq(name + n - strlen(suffix), suffix))
                return 0;

        *ret = strndup(name, n - strlen(suffix));
        return *ret ? 0 : -ENOMEM;
}

int dir_list(int dir_fd, DirListEntry entry, void *userdata, size_t *ret_broken, Failure *reterr)
{
        _cleanup_(closedir_nullp) DIR *dir = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t broken = 0;

        fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open the state directory");

        dir = fdopendir(fd);
        if (!dir)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot list the state directory");
        (void) TAKE_FD(fd); /* the stream's now */

        for (;;) {
                _cleanup_free_ char *key = NULL;
                _cleanup_(failure_done) Failure why = { 0 };
                struct dirent *de;
                int r;

                errno = 0;
                de = readdir(dir);
                if (!de && errno != 0)
                        return failure_set_errno(reterr, FAILURE_HOST, errno,
                                                 "cannot list the state directory");
                if (!de)
                        break;

                if (entry_key(de->d_name, &key) < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM,
                                                 "cannot list the state directory");
                if (!key)
                        continue;

                r = entry(dir_fd, key, userdata, &why);
                if (r == -ENOENT)
                        continue; /* removed meanwhile */
                if (r < 0 && !json_error_is_content(r)) {
                        (void) failure_set(reterr, FAILURE_HOST, "%s: %s", de->d_name,
                                           failure_message(&why));
                        return r;
                }
                if (r < 0) {
                        r = dir_set_aside(dir_fd, de->d_name);
                        if (r < 0)
                                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot set aside '%s'",
                                                         de->d_name);
                        broken++;
                }
        }

        *ret_broken = broken;
        return 0;
}
