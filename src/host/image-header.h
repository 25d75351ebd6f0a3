/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The head of libvirt's save image: a fixed header, then the domain's XML and libvirt's cookie in one block
 * whose size never changes (libvirt src/qemu/qemu_saveimage.h, virQEMUSaveHeader; the same since version 2
 * of the format). libvirt rewrites both in place and without fsync when the XML is edited, so that a crash
 * may leave it torn, with the memory behind it intact and unreachable. Hence a copy beforehand.
 */

#include "host/image-file.h"

#define IMAGE_HEADER_BYTES 92U
#define IMAGE_HEADER_DATA_BYTES_MAX (UINT32_C(16) << 20) /* XML of at most 4 MiB, cookie, padding */
#define IMAGE_MAGIC "LibvirtQemudSave"
#define IMAGE_MAGIC_PARTIAL "LibvirtQemudPart" /* until all of the memory is written */
#define IMAGE_MAGIC_BYTES 16U

typedef struct ImageHeader {
        bool partial;
        bool raw;            /* the memory follows as QEMU wrote it */
        uint32_t data_bytes; /* XML, cookie and padding */
} ImageHeader;

/* -EBADMSG: not the header of an image that this host's libvirt wrote. */
int image_header_parse(const uint8_t header[static IMAGE_HEADER_BYTES],
                       ImageHeader *ret) _warn_unused_result_;

/* FAILURE_IMAGE_DAMAGED: it is not whole in itself. libvirt, which reads as much XML as it says, would not see that. */
int image_header_check(const ImageFile *f, Failure *reterr) _warn_unused_result_;
/* Copies the head of the image to the header file, durably. */
int image_header_backup(const ImageFile *f, Failure *reterr) _warn_unused_result_;
/* Writes it back and syncs the image. 1: done; 0: there is no header file. */
int image_header_restore(const ImageFile *f, Failure *reterr) _warn_unused_result_;
/* Marks a partial image as complete, for when libvirt died after QEMU had written all of it. Refuses while
 * anybody else has the file open: its writer may not be done. */
int image_header_complete(const ImageFile *f, Failure *reterr) _warn_unused_result_;
