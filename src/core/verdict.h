/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verdict: may this job start, and by which strategy? Asked before anything is touched. */

#include "core/facts.h"
#include "core/failure.h"
#include "core/plan.h"

/* Judges a hibernate (or the first half of a move) of a running domain. `asked` may be STRATEGY_AUTO: then
 * suspend-to-ram is taken where host and guest can do it, else suspend-to-disk; neither loses GPU state. */
int verdict_hibernate(const DomainFacts *facts, Strategy asked, Strategy *ret_strategy,
                      Failure *reterr) _warn_unused_result_;

/* Judges a resume of a domain that the record says was hibernated by `strategy`, into an image of `image_bytes`
 * (0: not known). */
int verdict_resume(const DomainFacts *facts, Strategy strategy, uint64_t image_bytes,
                   Failure *reterr) _warn_unused_result_;

/* Bytes that must be free before a save of this domain starts. */
uint64_t verdict_image_bytes(const DomainFacts *facts);
