/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * ImageRecord: DIR/images/UUID.json says that this domain is hibernated, how, and which functions its image names.
 * Written at the commit point of a hibernate, removed after the guest's first instruction. It, not the existence
 * of some file, decides whether there is something to resume.
 */

#include "core/job.h"

typedef struct ImageRecord {
        char *domain_uuid;
        char *domain_name;
        Strategy strategy;
        uint64_t job; /* that made it */
        uint64_t bytes;
        uint64_t created_usec;
        bool by_shutdown;        /* Job.by_shutdown of that job */
        GuestFixups fixups;      /* as the guest was when it hibernated: nobody can ask it now */
        FunctionSwap *functions; /* from and identity of each */
        size_t n_functions;
        char *devices; /* Job.devices: of a domain that was unplugged from its functions, else NULL */
} ImageRecord;

ImageRecord *image_record_free(ImageRecord *r);
DEFINE_CLEANUP_FUNC(ImageRecord *, image_record_free);

#define IMAGES_DIR "images"

/* `dir_fd` is the images directory. */
int image_record_write(int dir_fd, const Job *j, uint64_t bytes, Failure *reterr) _warn_unused_result_;
int image_record_save(int dir_fd, const ImageRecord *record, Failure *reterr) _warn_unused_result_;
/* -ENOENT when there is none. */
int image_record_read(int dir_fd, const char *domain_uuid, ImageRecord **ret,
                      Failure *reterr) _warn_unused_result_;
/* Durable; absent is success. */
int image_record_remove(int dir_fd, const char *domain_uuid, Failure *reterr) _warn_unused_result_;
/* All of them; a file that cannot be read is moved aside as NAME.broken and counted. */
int image_record_list(int dir_fd, ImageRecord ***ret, size_t *ret_n, size_t *ret_broken,
                      Failure *reterr) _warn_unused_result_;
