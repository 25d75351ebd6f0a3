/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-logind.h"

#include <fcntl.h>
#include <poll.h>

#include "basic/clock.h"

#define NAME "org.freedesktop.login1"
#define PATH "/org/freedesktop/login1"
#define MANAGER "org.freedesktop.login1.Manager"

static int on_inhibit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *what, *who, *why, *mode;
        _cleanup_close_ int lock = -EBADF;
        FakeLogind *l = userdata;
        int fds[2];

        CHECK(sd_bus_message_read(m, "ssss", &what, &who, &why, &mode) > 0);
        free(l->asked);
        l->asked = format("%s %s %s %s", what, who, why, mode);
        l->n_asked++;
        if (l->going_down)
                return sd_bus_error_set(error, NAME ".OperationInProgress", "too late");

        CHECK(pipe2(fds, O_CLOEXEC) >= 0);
        closep(&l->lock_fd);
        l->lock_fd = fds[0];
        lock = fds[1];
        return sd_bus_reply_method_return(m, "h", lock);
}

static const sd_bus_vtable logind_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Inhibit", "ssss", "h", on_inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("PrepareForShutdown", "b", 0),
        SD_BUS_VTABLE_END,
};

void fake_logind_start(FakeLogind *l, Fixture *f)
{
        *l = (FakeLogind) { .lock_fd = -EBADF };
        CHECK(sd_bus_add_object_vtable(f->bus, &l->slot, PATH, MANAGER, logind_vtable, l) >= 0);
        CHECK(sd_bus_request_name(f->bus, NAME, 0) >= 0);
}

void fake_logind_stop(FakeLogind *l, Fixture *f)
{
        CHECK(sd_bus_release_name(f->bus, NAME) >= 0);
        sd_bus_slot_unref(l->slot);
        closep(&l->lock_fd);
        free(l->asked);
}

void fake_logind_shut_down(FakeLogind *l, Fixture *f, bool start)
{
        l->going_down = start;
        CHECK(sd_bus_emit_signal(f->bus, PATH, MANAGER, "PrepareForShutdown", "b", start) >= 0);
        CHECK(sd_bus_flush(f->bus) >= 0);
}

static bool lock_is_held(const FakeLogind *l)
{
        struct pollfd p = { .fd = l->lock_fd };

        if (l->lock_fd < 0)
                return false;

        CHECK(poll(&p, 1, 0) >= 0);
        return !(p.revents & POLLHUP);
}

void expect_lock(FakeLogind *l, Fixture *f, bool held)
{
        uint64_t until = clock_monotonic_usec() + WAIT_USEC;

        while (lock_is_held(l) != held) {
                CHECK(clock_monotonic_usec() < until);
                if (sd_bus_process(f->bus, NULL) == 0)
                        (void) sd_bus_wait(f->bus, 10 * USEC_PER_MSEC);
        }
}
