/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * GuestReader: small files of a guest, read by its agent. Nothing is run in a guest and nothing written, so that a policy
 * which allows the agent no more than to read files is enough.
 */

#include "host/guest-agent.h"

typedef struct GuestReader {
        virDomainPtr domain;
        AgentCommands commands;
        uint64_t deadline_usec; /* CLOCK_MONOTONIC; of all that is read together */
} GuestReader;

/* *ret is the caller's and has a NUL behind its bytes. -EPERM: the agent's policy; else as guest_agent_read(). */
int guest_reader_text(const GuestReader *g, const char *path, char **ret,
                      size_t *ret_size) _warn_unused_result_;

/* Negative ends it. */
typedef int (*GuestReaderEach)(const char *text, void *userdata);
/* Each file that the pattern (core/guest-rules.h) names and that can be read. -EPERM, -ETIMEDOUT, or what `each` said. */
int guest_reader_each(const GuestReader *g, const char *pattern, GuestReaderEach each,
                      void *userdata) _warn_unused_result_;
