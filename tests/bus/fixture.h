/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Fixture: a directory of its own, a private bus, the real daemon with the fake worker, and this process as
 * client. Signals of the daemon are kept as lines of text, like "JobNew 1 /org/vgpu/Hibernate1/job/1" and
 * "PropertiesChanged /org/vgpu/Hibernate1/job/1 State=running Cancelable=true", or "... Rate!" when it has gone.
 */

#include <systemd/sd-bus.h>

#include "core/world.h"
#include "tests/unit/test.h"
#include "vgpu-hibernate.h"

#define SKIP 77
#define WAIT_USEC (30 * USEC_PER_SEC)

/* A rate is told over a second at least, and that has to pass. */
#define RATE_USEC (1100 * USEC_PER_MSEC)

#define FIXTURE_JOBS_MAX 32U

#define VM1 "11111111-1111-1111-1111-111111111111" /* running, one function */
#define VM2 "22222222-2222-2222-2222-222222222222" /* running, two functions */
#define VM3 "33333333-3333-3333-3333-333333333333" /* shut off, one function */
#define VM1_PATH VGPU_HIBERNATE_DOMAIN_PATH "/11111111_1111_1111_1111_111111111111"
#define VM2_PATH VGPU_HIBERNATE_DOMAIN_PATH "/22222222_2222_2222_2222_222222222222"
#define VM3_PATH VGPU_HIBERNATE_DOMAIN_PATH "/33333333_3333_3333_3333_333333333333"

typedef struct Fixture {
        const char *daemon, *worker;
        char *families_dir; /* the shipped ones, unless fixture_add_family() */
        char *dir;
        char *bus_address;
        pid_t bus_pid, daemon_pid;
        sd_bus *bus;
        sd_bus_slot *match;
        World *world;
        int world_fd, seen_fd;
        int job_fds[FIXTURE_JOBS_MAX];
        char **signals;
        size_t n_signals;
} Fixture;

/* argv: daemon, worker. Exits with SKIP where there is no dbus-daemon. */
void fixture_init(Fixture *f, char **argv);
/* limits: elements of dbus-daemon(1)'s configuration. */
void fixture_init_limited(Fixture *f, char **argv, const char *limits);
void fixture_done(Fixture *f);

/* For the daemon that is started next. */
void fixture_configure(Fixture *f, const char *json);
/* From the first on, those that are added are all there are. */
void fixture_add_family(Fixture *f, const char *name, const char *json);
void fixture_start_daemon(Fixture *f);
/* Waits for its end, and its watch worker's. */
int fixture_stop_daemon(Fixture *f, int signal_number);
/* Starts it and shows it the world. */
void fixture_start(Fixture *f);

/* What fixture_send_world() sends: there already, or added. functions: addresses, NULL: as they are. */
WorldDomain *fixture_domain(Fixture *f, const char *name);
Function *fixture_function(Fixture *f, const char *address);
void fixture_set_domain(Fixture *f, const char *name, DomainState state, const char *const *functions);
/* Many of them, "crowd0" and so on; each domain has a function while there are some. */
void fixture_add_crowd(Fixture *f, size_t functions, size_t domains);
/* Returns when the daemon knows it. */
void fixture_send_world(Fixture *f);
void fixture_send_line(Fixture *f, const char *line);
/* A line for the fake worker of this job. */
void fixture_tell(Fixture *f, uint64_t job, const char *line);

/* What the fake worker reads under this name. */
int fixture_open_pipe(const Fixture *f, const char *name);

char *format(const char *text, ...) _printf_(1, 2);
/* fixture_init() does it: the client's side of the bus. */
void fixture_connect(Fixture *f);

/* The error's name, or NULL. */
char *call_message(Fixture *f, sd_bus_message *call, sd_bus_message **ret_reply, char **ret_message);
/* Hibernate, Resume or Move, with the options that are not NULL. */
char *start_call(Fixture *f, const char *method, const char *domain, const char *strategy,
                 const char *const *functions, char **ret_path, char **ret_message);
/* Job number `id` is what this starts. */
void start_ok(Fixture *f, uint64_t id, const char *method, const char *domain, const char *const *functions);
/* By an error of this name, with these words in its text. */
void start_refused(Fixture *f, const char *error, const char *words, const char *method, const char *domain,
                   const char *const *functions);
/* Any method with one string argument (types "s") or none (NULL). */
char *simple_call(Fixture *f, const char *path, const char *method, const char *types, const char *argument);

/* Until *what. */
void await(Fixture *f, const bool *what);
char *get_property(Fixture *f, const char *path, const char *property);
void expect_property(Fixture *f, const char *path, const char *property, const char *value);
/* The object is there, and has no such property now. */
void expect_absent(Fixture *f, const char *path, const char *property);
/* In the order of their coming: forgets what came before it. */
void expect_signal(Fixture *f, const char *words);
void forget_signals(Fixture *f);
bool had_signal(const Fixture *f, const char *words);
