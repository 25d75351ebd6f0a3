/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/adopt.h"

#include <stdio.h>

#include "basic/log.h"
#include "host/adopt.h"
#include "store/adoption-json.h"
#include "store/json-util.h"
#include "worker/host-settings.h"

static int print_change(const AdoptionChange *change, const Failure *why)
{
        _cleanup_json_ json_object *o = NULL;
        const char *text;

        if (adoption_change_to_json(change, why, &o) < 0)
                return -ENOMEM;

        text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        if (!text)
                return -ENOMEM;

        return printf("%s\n", text) < 0 || fflush(stdout) == EOF ? -EPIPE : 0;
}

int adopt_print(const Config *config, const char *uuid, const AdoptionRequest *request)
{
        const RealHostSettings settings = host_settings(config, NULL);
        _cleanup_(adoption_change_done) AdoptionChange change = { 0 };
        _cleanup_(real_host_freep) RealHost *host = NULL;
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        r = real_host_new(&settings, &host, &why);
        if (r >= 0)
                r = host_adopt(host, uuid, request, &change, &why);

        r = print_change(&change, r < 0 ? &why : NULL);
        return r < 0 ? log_error_errno(r, "Cannot print what changed: %m") : 0;
}
