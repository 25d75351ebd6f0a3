/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * NotifySocket: where workers say that something about their job changed. One datagram is a few lines
 * "KEY=value"; "X_VGPU_JOB=17" names the job, "X_VGPU_BYTES=" and "X_VGPU_BYTES_TOTAL=" are the save's
 * progress. Without bytes the journal of that job has changed. Only root and the daemon's own user are
 * listened to. Its path is the same after a restart, so that workers that live on find the next daemon.
 */

#include <systemd/sd-event.h>

#include "basic/macro.h"

#define NOTIFY_SOCKET_NAME "notify"

typedef struct NotifyMessage {
        uint64_t job;
        bool has_bytes;
        uint64_t bytes, bytes_total;
} NotifyMessage;

typedef struct NotifySocket NotifySocket;
typedef void (*NotifyHandler)(const NotifyMessage *message, void *userdata);

/* Replaces a socket that an earlier daemon left at `path`. */
int notify_socket_new(sd_event *event, const char *path, NotifyHandler handler, void *userdata,
                      NotifySocket **ret) _warn_unused_result_;
NotifySocket *notify_socket_free(NotifySocket *s);
DEFINE_CLEANUP_FUNC(NotifySocket *, notify_socket_free);

/* Unknown lines are ignored; -EBADMSG without a job or with a number that is none. Changes `text`. */
int notify_message_parse(char *text, NotifyMessage *ret) _warn_unused_result_;
