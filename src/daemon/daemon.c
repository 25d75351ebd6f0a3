/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* vgpu-hibernated: the API on the bus. */

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "basic/log.h"
#include "daemon/daemon-bus.h"

static ManagerPaths arg_paths = {
        .config = CONFIG_PATH,
        .state_dir = STATE_DIR,
        .runtime_dir = RUNTIME_DIR,
        .worker = WORKER_PATH,
        .families_dirs = { FAMILIES_ADMIN_DIR, FAMILIES_DIR },
};
static bool arg_user = false;

static void help(void)
{
        printf("vgpu-hibernated [OPTIONS...]\n\n"
               "Hibernates virtual machines with virtual GPUs and resumes them on others.\n"
               "Is started by systemd; talk to it with vgpu-hibernatectl(1).\n\n"
               "  --config FILE      Configuration [%s]\n"
               "  --state-dir DIR    Jobs, records, quarantine [%s]\n"
               "  --runtime-dir DIR  The workers' socket [%s]\n"
               "  --worker PATH      vgpu-hibernate-worker [%s]\n"
               "  --families-dir DIR Families of devices [%s, %s]\n"
               "  --user             Use the session bus, for tests\n"
               "  --version          Show the version\n"
               "  --help             Show this help\n",
               arg_paths.config, arg_paths.state_dir, arg_paths.runtime_dir, arg_paths.worker,
               FAMILIES_ADMIN_DIR, FAMILIES_DIR);
}

/* 1: go on, 0: done, negative: wrong usage. */
static int parse_argv(int argc, char **argv)
{
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' },
                { "state-dir", required_argument, NULL, 's' },
                { "runtime-dir", required_argument, NULL, 'r' },
                { "worker", required_argument, NULL, 'w' },
                { "families-dir", required_argument, NULL, 'f' },
                { "user", no_argument, NULL, 'u' },
                { "version", no_argument, NULL, 'v' },
                { "help", no_argument, NULL, 'h' },
                { 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 'c':
                        arg_paths.config = optarg;
                        arg_paths.config_given = true;
                        break;
                case 's':
                        arg_paths.state_dir = optarg;
                        break;
                case 'r':
                        arg_paths.runtime_dir = optarg;
                        break;
                case 'w':
                        arg_paths.worker = optarg;
                        break;
                case 'f':
                        arg_paths.families_dirs[0] = optarg;
                        arg_paths.families_dirs[1] = NULL;
                        arg_paths.families_dir_given = true;
                        break;
                case 'u':
                        arg_user = true;
                        break;
                case 'v':
                        printf("vgpu-hibernated %s\n", VGPU_HIBERNATE_VERSION);
                        return 0;
                case 'h':
                        help();
                        return 0;
                default:
                        return -EINVAL;
                }

        if (optind < argc) {
                fprintf(stderr, "%s: takes no arguments\n", argv[0]);
                return -EINVAL;
        }

        return 1;
}

/* SIGCHLD: sd-event wants it blocked to tell of ended workers. */
static int prepare_event(sd_event **ret)
{
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigaddset(&signals, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;

        r = sd_event_new(&event);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_set_watchdog(event, true);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(event);
        return 0;
}

static int run(void)
{
        _cleanup_(manager_freep) Manager *m = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        int r;

        r = prepare_event(&event);
        if (r < 0)
                return log_error_errno(r, "Failed to prepare the event loop: %m");

        r = manager_new(event, &arg_paths, &m);
        if (r < 0)
                return r;

        r = daemon_bus_connect(m, arg_user);
        if (r < 0)
                return r;

        r = manager_watch(m);
        if (r < 0)
                return r;

        r = sd_event_loop(event);
        /* What is unsent would be waited for. */
        if (r < 0)
                sd_bus_close(m->bus);

        (void) sd_notify(false, "STOPPING=1"); /* there may be no systemd */
        return r;
}

int main(int argc, char **argv)
{
        int r;

        r = parse_argv(argc, argv);
        if (r <= 0)
                return r < 0 ? 2 : EXIT_SUCCESS;

        log_open();
        return run() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
