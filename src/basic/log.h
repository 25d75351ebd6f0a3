/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Log: to the journal with fields when stderr is the journal (JOURNAL_STREAM), else as text to stderr. Only mains
 * log above debug; libraries return errors. What is said of a job is said by store/job-log.h.
 */

#include <syslog.h>

#include "basic/macro.h"

void log_set_max_level(int level);
/* Reads VGPU_HIBERNATE_LOG_LEVEL ("err", "warning", "info", "debug"). */
void log_open(void);

typedef struct LogField {
        const char *name;
        const char *value; /* NULL: the field is left out */
} LogField;

/* LOG_FIELDS({ "FUNCTION", address }, ...): a list as log_struct() takes it. A name may come more than once. */
#define LOG_FIELDS(...)              \
        ((const LogField[]) {        \
                        __VA_ARGS__, \
                        { 0 },       \
        })

void log_message(int level, const char *format, ...) _printf_(2, 3);
/* message_id: VGPU_HIBERNATE_MESSAGE_*, or NULL; fields: ends with a NULL name, NULL allowed. */
void log_struct(int level, const char *message_id, const LogField *fields, const char *format, ...)
                _printf_(4, 5);
/* Sets errno, so that %m in the format names it. Returns -abs(error), for "return log_error_errno(...)". */
int log_error_errno(int error, const char *format, ...) _printf_(2, 3);

#define log_debug(...) log_message(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_message(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_message(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_message(LOG_ERR, __VA_ARGS__)
