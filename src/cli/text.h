/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text for people: numbers with units, and strings of unknown origin made safe to print. Names of domains
 * come from whoever may define one; a terminal obeys what it is sent.
 */

#include "basic/macro.h"

/* Decodes one character of a NUL-terminated string; its length in bytes, or -EINVAL for what is not UTF-8
 * (overlong forms, surrogates, more than U+10FFFF). */
int text_decode_utf8(const char *s, uint32_t *ret);
bool text_is_utf8(const char *s);

/* A copy in which control, formatting and invisible characters are spelled out ("\x1b", "\u202e"), and
 * without `utf8` everything outside ASCII too. NULL: out of memory. */
char *text_escape(const char *s, bool utf8) _warn_unused_result_;
/* Columns that escaped text takes on a terminal. */
size_t text_width(const char *s);
/* Escaped text cut to so many columns, with an ellipsis where something is missing. NULL: out of memory. */
char *text_ellipsize(const char *s, size_t columns, bool utf8) _warn_unused_result_;

/* "a,b,c" of a NULL-terminated array; NULL, like an empty one, makes "". NULL: out of memory. */
char *text_join(char **strings) _warn_unused_result_;

#define TEXT_NUMBER_MAX 32

/* "96 MiB", "1.2 GiB" */
char *text_format_bytes(uint64_t bytes, char buf[static TEXT_NUMBER_MAX]);
/* "1.2s", "2min 3s", "5h 1min" */
char *text_format_duration(uint64_t usec, char buf[static TEXT_NUMBER_MAX]);
/* Local time, "2025-03-01 10:26:03"; "-" for 0. */
char *text_format_time(uint64_t usec, char buf[static TEXT_NUMBER_MAX]);

/* Temporaries that live until the end of the enclosing block. */
#define TEXT_BYTES(bytes) text_format_bytes((bytes), (char[TEXT_NUMBER_MAX]) { 0 })
#define TEXT_DURATION(usec) text_format_duration((usec), (char[TEXT_NUMBER_MAX]) { 0 })
#define TEXT_TIME(usec) text_format_time((usec), (char[TEXT_NUMBER_MAX]) { 0 })

/* The candidate that `typed` was probably meant to be, NULL when none is near. `next` returns the candidates
 * one after the other, NULL at the end. */
const char *text_nearest(const char *typed, const char *(*next)(size_t i));
