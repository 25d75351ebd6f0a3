/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/start.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/client.h"
#include "cli/outcome.h"

int start_report(Ctl *c, const char *path)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(job_info_done) JobInfo job = { 0 };
        uint64_t id;
        int r;

        if (!job_id_from_path(path, &id))
                return ctl_error(c, NULL, -EBADMSG, "'%s' is not the path of a job", path);

        if (!c->json) {
                (void) printf("%" PRIu64 "\n", id);
                return EXIT_STATUS_OK;
        }

        r = client_get_job(c, path, &job, &e);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot read job %" PRIu64 ", which has begun", id);

        return outcome_print_json(c, &job);
}
