/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The JSON that is exchanged with the guest agent: requests, parsed replies. Pure. What a guest says is not trusted: any
 * reply gives an answer or an error.
 */

#include "core/failure.h"

#define AGENT_PING "{\"execute\":\"guest-ping\"}"
#define AGENT_INFO "{\"execute\":\"guest-info\"}"
#define AGENT_OSINFO "{\"execute\":\"guest-get-osinfo\"}"

/* So that its base64 stays below the limit of a reply (host/qmp.h), and far below those of libvirt (11.3: 4 MiB for a
 * string, VIR_NET_MESSAGE_STRING_MAX). */
#define AGENT_READ_BYTES_MAX (512U << 10)

/* What guest-info lists as enabled. An agent's policy may forbid any of them: qemu-ga(8), --block-rpcs. */
typedef struct AgentCommands {
        bool suspend_ram, suspend_disk;
        bool read_files; /* guest-file-open, -read and -close */
        bool osinfo;
} AgentCommands;

/* Requests, the caller's to free; NULL without memory. */
char *agent_request_open(const char *path);
char *agent_request_read(int64_t handle, unsigned bytes);
char *agent_request_close(int64_t handle);

int agent_parse_info(const char *reply, AgentCommands *ret, Failure *reterr) _warn_unused_result_;
int agent_parse_open(const char *reply, int64_t *ret_handle, Failure *reterr) _warn_unused_result_;
/* *ret is owned by the caller and has a NUL behind its bytes; none at all are the file's end, too. */
int agent_parse_read(const char *reply, char **ret, size_t *ret_size, bool *ret_eof,
                     Failure *reterr) _warn_unused_result_;
/* The kernel's release, "6.12.107+deb13-amd64"; the caller's. */
int agent_parse_osinfo(const char *reply, char **ret_release, Failure *reterr) _warn_unused_result_;
