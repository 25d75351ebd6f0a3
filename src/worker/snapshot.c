/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/snapshot.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "basic/log.h"
#include "host/scan.h"
#include "host/virt.h"
#include "host/watch.h"
#include "store/json-util.h"
#include "store/world-json.h"
#include "worker/host-settings.h"

typedef struct Printer {
        char *last; /* owned: what was printed last */
} Printer;

static void printer_done(Printer *p)
{
        free(p->last);
}

/* Prints the snapshot unless it says the same as the one before. */
static int print_world(const World *w, void *userdata)
{
        _cleanup_json_ json_object *o = NULL;
        Printer *p = userdata;
        const char *text;

        if (world_to_json(w, &o) < 0)
                return -ENOMEM;

        text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        if (!text)
                return -ENOMEM;
        if (streq_ptr(text, p->last))
                return 0;
        if (free_and_strdup(&p->last, text) < 0)
                return -ENOMEM;

        /* One line, at once: the daemon waits at the other end. */
        if (printf("%s\n", text) < 0 || fflush(stdout) == EOF)
                return -EPIPE;

        return 0;
}

static int report(const char *what, const Failure *why)
{
        log_error("Cannot %s: %s", what, failure_message(why));
        return -EREMOTEIO;
}

int snapshot_print(const Config *config)
{
        const RealHostSettings settings = host_settings(config, NULL);
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_(printer_done) Printer printer = { 0 };
        _cleanup_(world_freep) World *w = NULL;
        VirtLoop *loop = NULL;
        int r;

        if (virt_init(&why) < 0 || virt_loop_start(&loop, &why) < 0)
                return report("use libvirt", &why);

        r = host_scan(&settings, &w, &why);
        (void) virt_loop_stop(loop);
        if (r < 0)
                return report("look at this host", &why);

        return print_world(w, &printer);
}

/* The loop that waits is libvirt's, which knows descriptors, not signals. */
static int open_signal_fd(int *ret)
{
        sigset_t set;
        int fd;

        if (sigemptyset(&set) < 0 || sigaddset(&set, SIGTERM) < 0 || sigaddset(&set, SIGINT) < 0 ||
            sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;

        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return -errno;

        *ret = fd;
        return 0;
}

int snapshot_watch(const Config *config)
{
        const RealHostSettings settings = host_settings(config, NULL);
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_(printer_done) Printer printer = { 0 };
        _cleanup_close_ int signal_fd = -EBADF;
        int r;

        r = open_signal_fd(&signal_fd);
        if (r < 0)
                return log_error_errno(r, "Cannot wait for signals: %m");

        if (virt_init(&why) < 0)
                return report("use libvirt", &why);

        r = host_watch(&settings, signal_fd, STDOUT_FILENO, print_world, &printer, &why);
        if (r == -EPIPE)
                return 0; /* the daemon is gone, and so is the reason to watch */
        if (r < 0)
                return report("watch this host", &why);

        return 0;
}
