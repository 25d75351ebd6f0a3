/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Polkit: may the sender of this message do that? Root, and the user that the daemon itself runs as, may;
 * for others polkit is asked, without blocking. Where there is no polkit the answer is no.
 */

#include <systemd/sd-bus.h>

#include "basic/macro.h"

#define POLKIT_ACTION_HIBERNATE "org.vgpu.hibernate1.hibernate"
#define POLKIT_ACTION_RESUME "org.vgpu.hibernate1.resume"
#define POLKIT_ACTION_MOVE "org.vgpu.hibernate1.move"
#define POLKIT_ACTION_DISCARD "org.vgpu.hibernate1.discard"
#define POLKIT_ACTION_EXPLAIN "org.vgpu.hibernate1.explain"
#define POLKIT_ACTION_PLAN "org.vgpu.hibernate1.plan"
#define POLKIT_ACTION_APPLY "org.vgpu.hibernate1.apply"
#define POLKIT_ACTION_QUARANTINE "org.vgpu.hibernate1.quarantine"
#define POLKIT_ACTION_CLEAR "org.vgpu.hibernate1.clear"
#define POLKIT_ACTION_RESERVE "org.vgpu.hibernate1.reserve"
#define POLKIT_ACTION_RELEASE "org.vgpu.hibernate1.release"
#define POLKIT_ACTION_HOLD "org.vgpu.hibernate1.hold"
#define POLKIT_ACTION_ADOPT "org.vgpu.hibernate1.adopt"
#define POLKIT_ACTION_DISOWN "org.vgpu.hibernate1.disown"
#define POLKIT_ACTION_CANCEL "org.vgpu.hibernate1.cancel"

typedef struct Polkit Polkit;

int polkit_new(Polkit **ret) _warn_unused_result_;
/* Callers that still wait get no answer from us: the bus tells them that we are gone. */
Polkit *polkit_free(Polkit *p);

/* The rest of a method: reads the message from its beginning, and replies. Like a method handler it may
 * leave the reply to who calls it, by an error in *error. */
typedef int (*AuthorizedMethod)(sd_bus_message *message, void *userdata, sd_bus_error *error);

typedef struct PolkitRequest {
        const char *action;     /* NULL: for root alone */
        bool anybody;           /* needs no permission, only polkit_caller() */
        const char *detail_key; /* what it is about: for rules, and for the text that a person reads */
        const char *detail_value;
        AuthorizedMethod method;
        void *userdata; /* lives as long as the Polkit */
} PolkitRequest;

/* For "return polkit_authorize(...)" in a method handler: calls the method when the bus has said who calls and polkit
 * that they may, or replies with NotAuthorized. Calls of one client that need no password stay in order. */
int polkit_authorize(Polkit *p, sd_bus_message *message, const PolkitRequest *request, sd_bus_error *error);
/* Who it is: inside such a method, which may also go on to ask for more. */
uid_t polkit_caller(const Polkit *p);
