/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Progress: how a job that is being followed looks on stdout. On a terminal one line that is overwritten,
 * elsewhere one line for each step that ended:
 *
 *   vm1: save 5/14 [#########-----------]  45%  1.2 GiB of 2.7 GiB  340 MiB/s  ETA 4.5s
 *   [  3.2s] save: done (2.7 GiB)
 */

#include "cli/ctl.h"
#include "cli/model.h"

typedef struct Progress {
        const Ctl *ctl;
        char **reported; /* by the step's place in the plan: the "name/state" that was printed last */
        size_t n_reported;
        bool line_shown;
} Progress;

void progress_done(Progress *p);
/* Nothing is shown with --json or --quiet. */
void progress_update(Progress *p, const JobInfo *job);
/* Takes the overwritten line away, before anything else is printed. */
void progress_clear(Progress *p);
