/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "basic/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* The place in the source would always be the one below. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

/* The one exception to "no globals": where and what this process logs is a property of the process. */
static struct {
        int max_level;
        bool journal;
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

/* What there is no memory for is left out. */
static void add_field(struct iovec *iov, size_t *n, const char *name, const char *value)
{
        char *field;

        if (!value || asprintf(&field, "%s=%s", name, value) < 0)
                return;

        iov[(*n)++] = (struct iovec) { .iov_base = field, .iov_len = strlen(field) };
}

static void log_write(int level, const char *message_id, const LogField *fields, const char *text)
{
        char priority[sizeof("7")] = { (char) ('0' + level), '\0' };
        _cleanup_free_ struct iovec *iov = NULL;
        size_t n_fields = 0, n = 0;

        while (fields && fields[n_fields].name)
                n_fields++;

        if (log_state.journal)
                iov = calloc(3 + n_fields, sizeof(struct iovec));
        if (!iov) {
                (void) fprintf(stderr, "%s\n", text);
                return;
        }

        add_field(iov, &n, "MESSAGE", text);
        add_field(iov, &n, "PRIORITY", priority);
        add_field(iov, &n, "MESSAGE_ID", message_id);
        for (size_t i = 0; i < n_fields; i++)
                add_field(iov, &n, fields[i].name, fields[i].value);

        /* A log that cannot be written is no reason to stop what is being done. */
        (void) sd_journal_sendv(iov, (int) n);

        while (n-- > 0)
                free(iov[n].iov_base);
}

static _printf_(4, 0) void log_vstruct(int level, const char *message_id, const LogField *fields,
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

void log_struct(int level, const char *message_id, const LogField *fields, const char *format, ...)
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
