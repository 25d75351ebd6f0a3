/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What files of a Linux guest say. Pure: text to facts. What is not understood leaves the facts as they were: unknown. */

#include "core/guest.h"

void guest_read_power_state(const char *text, GuestFacts *f);
void guest_read_mem_sleep(const char *text, GuestFacts *f);
void guest_read_meminfo(const char *text, GuestFacts *f);
void guest_read_swaps(const char *text, GuestFacts *f);
/* Both say something of resume: what one of them says the other does not take back. */
void guest_read_cmdline(const char *text, GuestFacts *f);
void guest_read_power_resume(const char *text, GuestFacts *f);

/* The configuration space of 0000:00:1f.0, at least the first 72 bytes, which only root can read. */
#define GUEST_LPC_CONFIG_BYTES 72U
void guest_read_lpc_config(const char *bytes, size_t size, GuestFacts *f);

/* Looks for whole names in /proc/kallsyms, "ffffffff81000000 T name\t[module]", which comes in pieces. */
typedef struct SymbolSearch {
        const char *const *names; /* n of them: one will do */
        size_t n;
        char *rest; /* owned; the piece's last line, whose end is yet to come */
        size_t rest_size;
        const char *found; /* one of the names */
        bool any_line;     /* is it such a list at all? */
} SymbolSearch;

void symbol_search_done(SymbolSearch *s);
/* 1: found, so that the rest need not be read; -EBADMSG: a line is longer than any can be. */
int symbol_search_feed(SymbolSearch *s, const char *bytes, size_t size) _warn_unused_result_;
