/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* AnswerHook, for the Manager's vtable. */

#include <systemd/sd-bus.h>

int method_answer_hook(sd_bus_message *message, void *userdata, sd_bus_error *error);
