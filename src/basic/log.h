/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Log: to the journal with fields when stderr is the journal (JOURNAL_STREAM), else as text to stderr. Only mains
 * log above debug; libraries return errors.
 */

#include <syslog.h>

#include "basic/macro.h"

void log_set_max_level(int level);
/* Reads VGPU_HIBERNATE_LOG_LEVEL ("err", "warning", "info", "debug"). */
void log_open(void);
/* Fields added to every message from here on (NULL: removed): the job that this process works on. Copies. */
void log_set_job(uint64_t id, const char *domain_uuid, const char *domain_name);

void log_message(int level, const char *format, ...) _printf_(2, 3);
/* message_id: one of basic/message-ids.h; fields: NULL-terminated list of "FIELD=value" strings, NULL allowed. */
void log_struct(int level, const char *message_id, const char *const *fields, const char *format, ...)
                _printf_(4, 5);
/* Sets errno, so that %m in the format names it. Returns -abs(error), for "return log_error_errno(...)". */
int log_error_errno(int error, const char *format, ...) _printf_(2, 3);

#define log_debug(...) log_message(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_message(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_message(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_message(LOG_ERR, __VA_ARGS__)
