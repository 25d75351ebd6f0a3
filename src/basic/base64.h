/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Base64 (RFC 4648 section 4), the form in which JSON carries bytes. */

#include "basic/macro.h"

/* Exactly one encoding, padded, without white space; -EBADMSG for anything else. *ret is owned by the caller and has a
 * NUL behind its *ret_size bytes, among which there may be others. */
int base64_decode(const char *text, size_t size, char **ret, size_t *ret_size) _warn_unused_result_;
