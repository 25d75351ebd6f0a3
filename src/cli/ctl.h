/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ctl: one run of vgpu-hibernatectl: what was asked on the command line, the connection to the daemon, and
 * the one place where errors are reported.
 */

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "cli/terminal.h"
#include "cli/verb.h"
#include "core/family.h"
#include "core/job.h"
#include "core/planner-goal.h"

typedef enum ExitStatus {
        EXIT_STATUS_OK = 0,
        EXIT_STATUS_FAILED = FAILURE_EXIT_FAILED,
        EXIT_STATUS_USAGE = FAILURE_EXIT_USAGE,
        EXIT_STATUS_REFUSED = FAILURE_EXIT_REFUSED,
        EXIT_STATUS_UNREACHABLE = 4,
        EXIT_STATUS_SIGNAL = 128, /* plus the number of the signal */
} ExitStatus;

struct Ctl {
        const Verb *verb;     /* NULL while the command line is read */
        const char *argument; /* NULL when the verb takes none */
        const char *second_argument;
        const char *host, *kind, *strategy, *fallback, *reason, *completion, *on_shutdown;
        const char *pool, *like, *group, *label, *reservation, *on_failure;
        char *cookie; /* owned; of a reservation that a job is to make, NULL: none */
        const char *inventory, *families_dir;
        GuestFixups fixups;
        uint32_t count;                   /* of verbs whose argument is one */
        uint64_t ttl_seconds, until_usec; /* 0: not given */
        PciAddress functions[JOB_FUNCTIONS_MAX];
        size_t n_functions;
        PlannerGoal goals[PLANNER_GOALS_MAX];
        size_t n_goals;
        uint64_t parallel, time_limit_seconds, image_rate; /* 0: not given */
        uint64_t order;
        bool has_order, dry_run;
        bool across_hosts, all, follow, hold, release, no_wait, replan, reserve, probe, json, quiet,
                        no_legend, no_ask_password, user, help, version, yes;
        Terminal terminal;
        bool printed_json;
        sd_bus *bus;
};

void ctl_done(Ctl *c);

/* Says on stderr "vgpu-hibernatectl: <message>" and returns EXIT_STATUS_USAGE. */
int ctl_usage(Ctl *c, const char *format, ...) _printf_(2, 3);
/* Says "vgpu-hibernatectl: <format>: <message> (<name>)" of the bus error, or of errno -error when that is
 * not set; with --json as an object on stdout too. Returns the exit status that belongs to it. */
int ctl_error(Ctl *c, const sd_bus_error *e, int error, const char *format, ...) _printf_(4, 5);
/* Says "vgpu-hibernatectl: <message>" of something wrong in this process, like ctl_error(). `status` is returned. */
int ctl_failure(Ctl *c, const Failure *f, int status);
/* A remark on stderr that is no error; nothing with --quiet. */
void ctl_note(const Ctl *c, const char *format, ...) _printf_(2, 3);
/* What was asked for, on stdout, escaped. */
void ctl_print(const Ctl *c, const char *format, ...) _printf_(2, 3);
/* Takes the value over. -ENOMEM when it is NULL. */
int ctl_print_json(Ctl *c, json_object *value) _warn_unused_result_;

/* Of an error name, ours or D-Bus's. */
int exit_status_of_error(const char *name);
bool error_is_unreachable(const char *name);
