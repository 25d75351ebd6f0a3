/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Harness: a message bus of its own, the fake daemon on it, and runs of vgpu-hibernatectl whose output and
 * exit status can be looked at. Everything has a deadline; what goes wrong ends the test.
 */

#include <json-c/json.h>

#include "basic/macro.h"

#define TEST_SKIPPED 77 /* meson's word for it */

typedef struct Child {
        pid_t pid;
        int out, err;              /* -EBADF: at its end */
        char *out_text, *err_text; /* what was read so far, NUL-terminated, never NULL */
        int status;                /* exit status, or 128 plus the signal */
} Child;

/* Starts a bus and points DBUS_SESSION_BUS_ADDRESS to it; ends the test with TEST_SKIPPED without
 * dbus-daemon. */
void bus_start(void);
void bus_stop(void);
/* Returns when it owns its name. Arguments: see fake-daemon.c. NULL: none. */
void daemon_start(const char *program, const char *argument);
void daemon_kill(void);

/* Arguments after the program, NULL-terminated; "--user" is added. With `terminal` output is one of 80
 * columns. */
Child ctl_spawn(const char *program, bool terminal, const char *const *arguments);
/* Reads until out_text (or err_text) contains the text. */
void child_wait_out(Child *c, const char *text);
void child_wait_err(Child *c, const char *text);
/* Reads to the end. */
void child_wait(Child *c);
void child_done(Child *c);

/* Spawn and wait. */
Child ctl_run(const char *program, const char *const *arguments);
#define CTL(...) ctl_run(program, (const char *const[]) { __VA_ARGS__, NULL })

/* Ends the test with a message and what the child said. */
#define CHECK(child, condition)                                                \
        do {                                                                   \
                if (!(condition))                                              \
                        check_failed((child), __FILE__, __LINE__, #condition); \
        } while (false)
void check_failed(const Child *c, const char *file, int line, const char *condition)
                __attribute__((noreturn));

/* The whole of out_text as one JSON value. */
json_object *child_json(const Child *c);
/* "functions.0.from": members and indices; ends the test when there is no such thing. */
json_object *json_at(const Child *c, json_object *o, const char *path);
bool json_is(const Child *c, json_object *o, const char *path, const char *expected);
