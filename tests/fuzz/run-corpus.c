/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* usage: fuzz-NAME FILE...: runs a harness over files, where it is not built as a fuzzer. So a corpus is a test. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>

#include "basic/fileio.h"
#include "fuzz.h"

#define INPUT_BYTES_MAX (1U << 24)

static int run_directory(const char *path)
{
        struct dirent *de;
        DIR *dir = opendir(path);
        int n = 0;

        if (!dir)
                return -errno;

        while ((de = readdir(dir))) {
                _cleanup_free_ char *data = NULL;
                size_t size;

                if (de->d_name[0] == '.')
                        continue;
                if (read_file_at(dirfd(dir), de->d_name, INPUT_BYTES_MAX, &data, &size) < 0)
                        abort();
                (void) LLVMFuzzerTestOneInput((const uint8_t *) data, size);
                n++;
        }

        (void) closedir(dir);
        return n;
}

int main(int argc, char *argv[])
{
        int n = argc == 2 ? run_directory(argv[1]) : -EINVAL;

        (void) printf("%d inputs\n", n);
        return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
