/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Move a domain to other functions and wait for the end, with sd-bus:
 *
 *   cc -o move move.c $(pkg-config --cflags --libs libsystemd)
 *   ./move vm1
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <vgpu-hibernate.h>

typedef struct Ended {
        const char *job; /* path; NULL: the call is not answered yet */
        char *seen_path, *seen_state;
} Ended;

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *path, *state;
        Ended *ended = userdata;
        uint64_t id;

        if (sd_bus_message_read(m, "tos", &id, &path, &state) < 0)
                return 0;
        /* A job may end before its path is known here: the last one is kept, and looked at then. */
        if (ended->job && strcmp(path, ended->job) != 0)
                return 0;

        free(ended->seen_path);
        free(ended->seen_state);
        ended->seen_path = strdup(path);
        ended->seen_state = strdup(state);
        return 0;
}

static int move(sd_bus *bus, const char *domain, sd_bus_error *error)
{
        sd_bus_message *reply = NULL;
        char *why = NULL;
        Ended ended = { 0 };
        int r;

        /* Before the call, so that nothing is missed. */
        r = sd_bus_match_signal(bus, NULL, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                VGPU_HIBERNATE_MANAGER_INTERFACE, "JobRemoved", on_job_removed, &ended);
        if (r >= 0)
                r = sd_bus_call_method(bus, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                       VGPU_HIBERNATE_MANAGER_INTERFACE, "Move", error, &reply, "sa{sv}",
                                       domain, 0);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &ended.job);
        if (r < 0)
                return r;

        while (r >= 0 && !(ended.seen_path && strcmp(ended.seen_path, ended.job) == 0)) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }

        if (r >= 0)
                r = sd_bus_get_property_string(bus, VGPU_HIBERNATE_BUS_NAME, ended.job,
                                               VGPU_HIBERNATE_JOB_INTERFACE, "ErrorMessage", error, &why);
        if (r >= 0)
                printf("%s %s\n", ended.seen_state, why);

        r = r < 0 ? r : strcmp(ended.seen_state, "done") == 0;
        free(why);
        free(ended.seen_path);
        free(ended.seen_state);
        sd_bus_message_unref(reply);
        return r;
}

int main(int argc, char *argv[])
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *bus = NULL;
        int r;

        if (argc != 2) {
                fprintf(stderr, "usage: %s DOMAIN\n", argv[0]);
                return 2;
        }

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = move(bus, argv[1], &error);
        if (r < 0)
                fprintf(stderr, "%s (%s)\n", error.message ? error.message : strerror(-r),
                        error.name ? error.name : "no bus");

        sd_bus_error_free(&error);
        sd_bus_flush_close_unref(bus);
        return r > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
