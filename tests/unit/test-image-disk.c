/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/image-disk.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "test.h"

/* 8:1 is a partition of 8:0, which spins; 259:1 does not; 0:40 has no disk. */
static const char mountinfo[] = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                                "22 21 259:1 / /var rw - xfs /dev/nvme0n1p1 rw\n"
                                "23 22 8:1 /save /var/lib/libvirt/qemu/save rw - ext4 /dev/sda1 rw\n"
                                "24 21 0:40 / /net rw - nfs4 server:/export rw\n"
                                "25 21 8:1 / /with\\040space rw - ext4 /dev/sda1 rw\n"
                                "26 21 8:1 / /twice rw - ext4 /dev/sda1 rw\n"
                                "27 21 259:1 / /twice rw - xfs /dev/nvme0n1p1 rw\n"
                                "not a line of this file\n";

static void add_disk(const char *root, const char *name, const char *rotational)
{
        char path[4096];
        FILE *out;

        (void) snprintf(path, sizeof(path), "%s/%s", root, name);
        CHECK(mkdir(path, 0700) >= 0);
        if (!rotational)
                return;

        (void) snprintf(path, sizeof(path), "%s/%s/queue", root, name);
        CHECK(mkdir(path, 0700) >= 0);
        (void) snprintf(path, sizeof(path), "%s/%s/queue/rotational", root, name);
        out = fopen(path, "w");
        CHECK(out && fputs(rotational, out) >= 0 && fclose(out) == 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

int main(void)
{
        const char *tmp = getenv("TMPDIR");
        char root[4096];
        int fd;

        (void) snprintf(root, sizeof(root), "%s/vgpu-image-disk-XXXXXX", tmp ? tmp : "/tmp");
        CHECK(mkdtemp(root));
        add_disk(root, "sda", "1\n");
        add_disk(root, "sda/sda1", NULL);
        add_disk(root, "259:1", "0\n");
        fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(fd >= 0 && symlinkat("sda/sda1", fd, "8:1") >= 0);

        CHECK(image_disk_jobs(mountinfo, fd, "/var/lib/libvirt/qemu/save") == IMAGE_DISK_JOBS_ROTATIONAL);
        CHECK(image_disk_jobs(mountinfo, fd, "/var/lib/libvirt/qemu/saved") == IMAGE_DISK_JOBS_OTHER);
        CHECK(image_disk_jobs(mountinfo, fd, "/srv") == IMAGE_DISK_JOBS_ROTATIONAL);
        CHECK(image_disk_jobs(mountinfo, fd, "/variable") == IMAGE_DISK_JOBS_ROTATIONAL);
        CHECK(image_disk_jobs(mountinfo, fd, "/net/images") == IMAGE_DISK_JOBS_OTHER);
        CHECK(image_disk_jobs(mountinfo, fd, "/with space/images") == IMAGE_DISK_JOBS_ROTATIONAL);
        CHECK(image_disk_jobs(mountinfo, fd, "/twice/images") == IMAGE_DISK_JOBS_OTHER);
        CHECK(image_disk_jobs("", fd, "/srv") == IMAGE_DISK_JOBS_OTHER);
        CHECK(image_disk_jobs(mountinfo, -EBADF, "/srv") == IMAGE_DISK_JOBS_OTHER);
        CHECK(image_disk_jobs_of_host("/") > 0);

        (void) close(fd);
        CHECK(nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0);
        return EXIT_SUCCESS;
}
