/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/notify-socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "basic/log.h"
#include "daemon/object-path.h"

#define NOTIFY_BYTES_MAX 4096U
#define NOTIFY_FDS_MAX 253U /* SCM_MAX_FD, Linux include/net/scm.h */

struct NotifySocket {
        sd_event_source *source; /* owns the descriptor */
        NotifyHandler handler;
        void *userdata;
};

NotifySocket *notify_socket_free(NotifySocket *s)
{
        if (!s)
                return NULL;

        /* The file stays: the next daemon replaces it; until then a worker is refused at once. */
        sd_event_source_disable_unref(s->source);
        free(s);
        return NULL;
}

int notify_message_parse(char *text, NotifyMessage *ret)
{
        NotifyMessage m = { 0 };
        char *rest;

        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                char *value = strchr(line, '=');
                uint64_t *number;

                if (!value)
                        continue;
                *value++ = '\0';

                number = streq(line, "X_VGPU_JOB")           ? &m.job
                         : streq(line, "X_VGPU_BYTES")       ? &m.bytes
                         : streq(line, "X_VGPU_BYTES_TOTAL") ? &m.bytes_total
                                                             : NULL;
                if (!number)
                        continue;
                if (parse_u64(value, number) < 0)
                        return -EBADMSG;
                m.has_bytes = m.has_bytes || number == &m.bytes;
        }

        if (m.job == 0)
                return -EBADMSG;

        *ret = m;
        return 0;
}

/* Nobody needs to send us descriptors, but the kernel has installed those that were sent. */
static bool check_sender(struct msghdr *header)
{
        bool allowed = false;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
                if (c->cmsg_level != SOL_SOCKET)
                        continue;

                if (c->cmsg_type == SCM_CREDENTIALS) {
                        struct ucred who;

                        memcpy(&who, CMSG_DATA(c), sizeof(who));
                        allowed = who.uid == 0 || who.uid == geteuid();
                } else if (c->cmsg_type == SCM_RIGHTS) {
                        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                        for (size_t i = 0; i < n; i++) {
                                int fd;

                                memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                                closep(&fd);
                        }
                }
        }

        return allowed;
}

static int on_datagram(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        NotifySocket *s = userdata;
        char text[NOTIFY_BYTES_MAX + 1];
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * NOTIFY_FDS_MAX)];
        } control;
        struct iovec iov = { .iov_base = text, .iov_len = NOTIFY_BYTES_MAX };
        struct msghdr header = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        NotifyMessage message;
        ssize_t n;

        n = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        (void) log_error_errno(errno, "Failed to receive from a worker, ignoring: %m");
                return 0;
        }

        if (!check_sender(&header) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
                log_warning("Notification from a stranger or too long, ignoring");
                return 0;
        }

        text[n] = '\0';
        if (notify_message_parse(text, &message) < 0) {
                log_warning("Notification that names no job or has a wrong number, ignoring");
                return 0;
        }

        s->handler(&message, s->userdata);
        return 0;
}

static int notify_socket_bind(const char *path, int *ret_fd)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -EBADF;
        const int on = 1;
        mode_t mask;
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path));

        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
                return -errno;
        if (unlink(path) < 0 && errno != ENOENT)
                return -errno;

        mask = umask(0177);
        r = bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
        (void) umask(mask);
        if (r < 0)
                return r;

        *ret_fd = TAKE_FD(fd);
        return 0;
}

int notify_socket_new(sd_event *event, const char *path, NotifyHandler handler, void *userdata,
                      NotifySocket **ret)
{
        _cleanup_(notify_socket_freep) NotifySocket *s = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        s = malloc(sizeof(NotifySocket));
        if (!s)
                return -ENOMEM;

        *s = (NotifySocket) { .handler = handler, .userdata = userdata };

        r = notify_socket_bind(path, &fd);
        if (r < 0)
                return r;

        r = sd_event_add_io(event, &s->source, fd, EPOLLIN, on_datagram, s);
        if (r < 0)
                return r;

        r = sd_event_source_set_io_fd_own(s->source, true);
        if (r < 0)
                return r;

        TAKE_FD(fd);
        *ret = TAKE_PTR(s);
        return 0;
}
