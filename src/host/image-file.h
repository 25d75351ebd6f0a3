/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files of one domain's memory image, without libvirt:
 *
 *   NAME.save                    libvirt's name: `virsh start` restores from it, then unlinks it
 *   .vgpu-hibernate-UUID.save    the guard link: a second name of the same file, against unlinking
 *   .vgpu-hibernate-UUID.header  libvirt's header and XML from before a rewrite, while one is under way
 *
 * All in the directory of libvirt's managed saves, because a hard link cannot leave its file system. libvirt
 * looks files up by domain, so further names there are invisible to it. Changes of names are durable on
 * return.
 */

#include "core/failure.h"

typedef struct ImageFile {
        int dir_fd;
        char *image;
        char *guard;
        char *header;
} ImageFile;

typedef enum ImageFileState {
        IMAGE_FILE_NONE,        /* neither name */
        IMAGE_FILE_UNGUARDED,   /* libvirt's name only */
        IMAGE_FILE_GUARDED,     /* both names, one file */
        IMAGE_FILE_CONSUMED,    /* the guard link only: libvirt has restored from the image */
        IMAGE_FILE_OTHER_GUARD, /* both names, two files: the guard is of an older image */
        _IMAGE_FILE_STATE_MAX,
        _IMAGE_FILE_STATE_INVALID = -EINVAL,
} ImageFileState;

void image_file_done(ImageFile *f);
/* -EREMOTEIO for a domain name that cannot be a file name. */
int image_file_open(const char *directory, const char *name, const char *uuid, ImageFile *ret,
                    Failure *reterr) _warn_unused_result_;

int image_file_state(const ImageFile *f, ImageFileState *ret, Failure *reterr) _warn_unused_result_;
/* Size of libvirt's name, 0 when there is none. */
int image_file_size(const ImageFile *f, uint64_t *ret_bytes, Failure *reterr) _warn_unused_result_;
/* fsync of the content of libvirt's name. */
int image_file_sync(const ImageFile *f, uint64_t *ret_bytes, Failure *reterr) _warn_unused_result_;
/* Makes the guard link, in place of an older image's. */
int image_file_guard(const ImageFile *f, Failure *reterr) _warn_unused_result_;
/* The other way round: gives the guarded file libvirt's name; never over another file. */
int image_file_put_back(const ImageFile *f, Failure *reterr) _warn_unused_result_;
/* Removes the one name; absent is success. */
int image_file_remove(const ImageFile *f, const char *name, Failure *reterr) _warn_unused_result_;
/* Free bytes for root on the file system of the images. */
int image_file_space(const char *directory, uint64_t *ret_bytes, Failure *reterr) _warn_unused_result_;
/* In this process' mount namespace, where a file system that somebody unmounts leaves the read-only one below it. */
bool image_file_is_read_only(const char *directory);
