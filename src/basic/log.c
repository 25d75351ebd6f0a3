/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "basic/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#define LOG_FIELDS_MAX 16

/* The one exception to "no globals": where and what this process logs is a property of the process. */
static struct {
        int max_level;
        bool journal;
        char *job_fields[3]; /* "JOB_ID=..", "DOMAIN_UUID=..", "DOMAIN_NAME=.." */
} log_state = { .max_level = LOG_INFO };

void log_set_max_level(int level)
{
        log_state.max_level = level;
}

/* sd_journal_stream_fd(3), "JOURNAL_STREAM": device and inode of the socket that stderr is connected to. */
static bool stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long dev, ino;
        struct stat st;

        if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2 || fstat(STDERR_FILENO, &st) < 0)
                return false;

        return (unsigned long long) st.st_dev == dev && (unsigned long long) st.st_ino == ino;
}

void log_open(void)
{
        static const struct {
                const char *name;
                int level;
        } levels[] = {
                { "err", LOG_ERR }, { "warning", LOG_WARNING }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }
        };
        const char *wanted = getenv("VGPU_HIBERNATE_LOG_LEVEL");

        log_state.journal = stderr_is_journal();

        for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                if (streq_ptr(wanted, levels[i].name))
                        log_state.max_level = levels[i].level;
}

static void set_field(char **field, const char *name, const char *value)
{
        free(*field);
        *field = NULL;
        if (value && asprintf(field, "%s=%s", name, value) < 0)
                *field = NULL;
}

void log_set_job(uint64_t id, const char *domain_uuid, const char *domain_name)
{
        char number[sizeof("18446744073709551615")];

        (void) snprintf(number, sizeof(number), "%llu", (unsigned long long) id);
        set_field(&log_state.job_fields[0], "JOB_ID", domain_uuid ? number : NULL);
        set_field(&log_state.job_fields[1], "DOMAIN_UUID", domain_uuid);
        set_field(&log_state.job_fields[2], "DOMAIN_NAME", domain_name);
}

static void add_field(struct iovec *iov, size_t *n, char *field)
{
        if (field && *n < LOG_FIELDS_MAX)
                iov[(*n)++] = (struct iovec) { .iov_base = field, .iov_len = strlen(field) };
}

static void log_write(int level, const char *message_id, const char *const *fields, const char *text)
{
        _cleanup_free_ char *message = NULL, *id = NULL, *priority = NULL;
        struct iovec iov[LOG_FIELDS_MAX];
        size_t n = 0;

        if (!log_state.journal) {
                (void) fprintf(stderr, "%s\n", text);
                return;
        }

        set_field(&message, "MESSAGE", text);
        set_field(&id, "MESSAGE_ID", message_id);
        if (asprintf(&priority, "PRIORITY=%d", level) < 0)
                priority = NULL;

        add_field(iov, &n, message);
        add_field(iov, &n, priority);
        add_field(iov, &n, id);
        for (size_t i = 0; i < ELEMENTSOF(log_state.job_fields); i++)
                add_field(iov, &n, log_state.job_fields[i]);
        for (; fields && *fields; fields++)
                add_field(iov, &n, (char *) *fields);

        /* A log that cannot be written is no reason to stop what is being done. */
        (void) sd_journal_sendv(iov, (int) n);
}

static _printf_(4, 0) void log_vstruct(int level, const char *message_id, const char *const *fields,
                                       const char *format, va_list ap)
{
        _cleanup_free_ char *text = NULL;
        int saved_errno = errno;

        if (level > log_state.max_level)
                return;

        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        log_write(level, message_id, fields, text ? text : "out of memory");
        errno = saved_errno;
}

void log_message(int level, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        log_vstruct(level, NULL, NULL, format, ap);
        va_end(ap);
}

void log_struct(int level, const char *message_id, const char *const *fields, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        log_vstruct(level, message_id, fields, format, ap);
        va_end(ap);
}

int log_error_errno(int error, const char *format, ...)
{
        va_list ap;

        error = abs(error);
        errno = error;
        va_start(ap, format);
        log_vstruct(LOG_ERR, NULL, NULL, format, ap);
        va_end(ap);
        return -error;
}
