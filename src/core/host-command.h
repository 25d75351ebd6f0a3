/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * HostCommand: a program of the host's that knows something of a function, or does something to it, as a family's file
 * names it. There is no shell: each word is one argument, and in it only two things stand for something else.
 */

#include "core/failure.h"
#include "core/pci-address.h"

#define HOST_COMMAND_WORDS_MAX 32U
#define HOST_COMMAND_SECONDS_MAX 3600U

typedef struct HostCommand {
        char **words; /* owned, NULL at the end; NULL: no command */
        uint64_t deadline_usec;
} HostCommand;

/* NULL-terminated lists of strings. */
char **words_free(char **words);
DEFINE_CLEANUP_FUNC(char **, words_free);

void host_command_done(HostCommand *c);

/* A placeholder is one of the known ones, and the program's own word has none: 0, else *reterr names what is wrong. */
int host_command_check(const HostCommand *c, Failure *reterr) _warn_unused_result_;
/* The words for this function. -ENOMEM. */
int host_command_expand(const HostCommand *c, const PciAddress *function,
                        const PciAddress *physical_function, char ***ret) _warn_unused_result_;
