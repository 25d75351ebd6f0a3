/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Space: what jobs under way make of the disk that images are on, so that no save ends for want of room that could have
 * been foreseen. Each job that will write an image has a promise in its journal from its check on, of what that may
 * take at the most. How much of a promise is written already nobody knows until the image is complete; so what is free
 * is judged twice, by the worst case for "now" and by the best for "never".
 */

#include "core/job.h"

typedef struct Space {
        uint64_t reserve_bytes;  /* to be left free, by the configuration */
        uint64_t promised_bytes; /* of images that are not complete */
        uint64_t kept_bytes;     /* of them, those that are not begun and stay when their job has ended */
        uint64_t returned_bytes; /* of images that jobs under way remove at their end */
        size_t n_jobs;           /* that promises and returns are of */
} Space;

typedef enum SpaceAnswer {
        SPACE_NOW,
        SPACE_LATER, /* there may be room when jobs under way have gone on */
        SPACE_NEVER,
} SpaceAnswer;

/* Jobs that have ended, or take no room, count for nothing. */
void space_add_job(Space *s, const Job *j);
/* Of so many free bytes those that another image may take. */
uint64_t space_available(const Space *s, uint64_t free_bytes);
SpaceAnswer space_judge(const Space *s, uint64_t free_bytes, uint64_t needed_bytes);
