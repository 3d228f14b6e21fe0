#include "sys/stamped_read.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

void mw_stamped_listen(int listener) {
    int on = 1;
    (void)setsockopt(listener, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

ssize_t mw_stamped_read(int descriptor, void *bytes, size_t size, int64_t *out_arrival_us) {
    union {
        struct cmsghdr head; /* so that it is aligned */
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec piece = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t moved = recvmsg(descriptor, &message, 0);
    struct cmsghdr *head = moved > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_TIMESTAMPNS)
        return moved;
    struct timespec stamp;
    memcpy(&stamp, CMSG_DATA(head), sizeof stamp);
    *out_arrival_us = (int64_t)stamp.tv_sec * 1000000 + stamp.tv_nsec / 1000;
    return moved;
}
