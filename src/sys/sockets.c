#include "sys/sockets.h"

#include "sys/stamped_read.h"
#include "sys/backend.h"
#include "sys/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { NO_DESCRIPTOR = -1, BACKLOG = 1024, PLACE_MAX = 300, PATH_SIZE_MAX = 1 << 16 };
enum { UNACKNOWLEDGED_MS_MAX = 30000 };

struct mw_socket {
    int descriptor;
    mw_tls_stream *secure; /* NULL: bytes go as they are */
    int64_t arrival_us;    /* of the bytes read last; 0: not known */
    char path[]; /* of a listener on a path: to be removed; else empty */
};

/* The address of a path. One that is too long for sun_path (108 bytes) is reached through its
   open folder, which the kernel shows under /proc. */
typedef struct {
    struct sockaddr_un address;
    int folder;
} path_address;

static mw_socket *socket_create(int descriptor, const char *path) {
    size_t size = strlen(path) + 1;
    mw_socket *socket = mw_allocate(sizeof *socket + size);
    if (!socket) return NULL;
    socket->descriptor = descriptor;
    socket->secure = NULL;
    socket->arrival_us = 0;
    memcpy(socket->path, path, size);
    return socket;
}

/* Wraps a descriptor, which is closed on failure. */
static mw_status wrap(int descriptor, const char *path, mw_socket **out_socket, mw_error *err) {
    mw_socket *wrapped = socket_create(descriptor, path);
    if (!wrapped) {
        close(descriptor);
        return mw_fail(err, MW_NO_MEMORY, "socket: no memory for it");
    }
    *out_socket = wrapped;
    return MW_OK;
}

static void set_option(int descriptor, int level, int option) {
    int on = 1;
    (void)setsockopt(descriptor, level, option, &on, sizeof on); /* a matter of speed at most */
}

/* "127.0.0.1:7070", or "[::1]:7070". */
static void write_place(char place[PLACE_MAX], const char *host, uint16_t port) {
    bool has_colon = strchr(host, ':') != NULL;
    snprintf(place, PLACE_MAX, has_colon ? "[%s]:%u" : "%s:%u", host[0] ? host : "*",
             (unsigned)port);
}

static mw_status look_up(const char *host, uint16_t port, bool to_listen,
                         struct addrinfo **out_addresses, mw_error *err) {
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo wanted = {.ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0)};
    int failed = getaddrinfo(host[0] ? host : NULL, service, &wanted, out_addresses);
    if (failed == 0) return MW_OK;
    return mw_fail(err, MW_INVALID, "%s: is no address of this machine's network: %s", host,
                   gai_strerror(failed));
}

/* The connections that it accepts end when what was sent is not acknowledged for so long: of a peer
   that vanished the kernel would keep the bytes for a quarter of an hour, also after the close. */
static void give_up_vanished_peers(int listener) {
    unsigned span_ms = UNACKNOWLEDGED_MS_MAX;
    (void)setsockopt(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, &span_ms, sizeof span_ms);
}

/* A listening descriptor, or -1 with errno set. */
static int listen_at(const struct addrinfo *address) {
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return NO_DESCRIPTOR;
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR); /* a restart need not wait for old ends */
    mw_stamped_listen(descriptor);
    give_up_vanished_peers(descriptor);
    if (bind(descriptor, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(descriptor, BACKLOG) == 0)
        return descriptor;
    int error_number = errno;
    close(descriptor);
    errno = error_number;
    return NO_DESCRIPTOR;
}

mw_status mw_socket_listen(mw_sys *sys, const char *host, uint16_t port, mw_socket **out_listener,
                           mw_error *err) {
    struct addrinfo *addresses;
    char place[PLACE_MAX];
    MW_TRY(mw_sys_check_real(sys, "sockets", err));
    MW_TRY(look_up(host, port, true, &addresses, err));
    write_place(place, host, port);
    int descriptor = NO_DESCRIPTOR, error_number = 0;
    for (const struct addrinfo *at = addresses; at && descriptor < 0; at = at->ai_next) {
        descriptor = listen_at(at);
        if (descriptor < 0 && error_number == 0) error_number = errno;
    }
    freeaddrinfo(addresses);
    if (descriptor >= 0) return wrap(descriptor, "", out_listener, err);
    if (error_number != EADDRINUSE)
        return mw_fail_errno(err, error_number, place, "cannot be listened on");
    mw_status status = mw_fail(err, MW_BUSY, "%s: is in use", place);
    return mw_hint(err, status, "Another program listens there; choose another port.");
}

static bool is_loopback(const struct sockaddr *address) {
    enum { LOOPBACK_NET = 127 }; /* RFC 1122, 3.2.1.3 */
    if (address->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
    return address->sa_family == AF_INET &&
           ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == LOOPBACK_NET;
}

mw_status mw_socket_find_reach(const char *host, bool *out_is_loopback, mw_error *err) {
    struct addrinfo *addresses;
    MW_TRY(look_up(host, 0, true, &addresses, err));
    bool all = true;
    for (const struct addrinfo *at = addresses; at; at = at->ai_next)
        all = all && is_loopback(at->ai_addr);
    freeaddrinfo(addresses);
    *out_is_loopback = all;
    return MW_OK;
}

static mw_status path_address_init(path_address *at, const char *path, mw_error *err) {
    *at = (path_address){.address = {.sun_family = AF_UNIX}, .folder = NO_DESCRIPTOR};
    size_t size = strlen(path), size_max = sizeof at->address.sun_path - 1;
    if (size <= size_max) {
        memcpy(at->address.sun_path, path, size);
        return MW_OK;
    }
    mw_str folder = mw_path_folder(mw_str_of(path)), name = mw_path_name(mw_str_of(path));
    mw_arena arena;
    mw_arena_init(&arena, PATH_SIZE_MAX);
    const char *folder_path = mw_str_copy(&arena, folder).data;
    if (folder_path) at->folder = open(folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    mw_arena_release(&arena);
    if (!folder_path) return mw_fail(err, MW_NO_MEMORY, "%s: no memory for its address", path);
    if (at->folder < 0) return mw_fail_errno(err, errno, path, "its folder cannot be opened");
    int written = snprintf(at->address.sun_path, size_max + 1, "/proc/self/fd/%d/%.*s",
                           at->folder, MW_STR_ARGS(name));
    if (written >= 0 && (size_t)written <= size_max) return MW_OK;
    close(at->folder);
    at->folder = NO_DESCRIPTOR;
    return mw_fail(err, MW_TOO_LARGE, "%s: its last part is too long for a socket", path);
}

static void path_address_release(path_address *at) {
    if (at->folder != NO_DESCRIPTOR) close(at->folder);
}

static int new_path_socket(void) {
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static bool connect_to(int descriptor, const path_address *at) {
    return connect(descriptor, (const struct sockaddr *)&at->address, sizeof at->address) == 0;
}

/* Whether a server listens there; a full queue is one too. */
static bool is_alive(const path_address *at) {
    int descriptor = new_path_socket();
    bool alive = descriptor >= 0 && (connect_to(descriptor, at) || errno == EAGAIN);
    if (descriptor >= 0) close(descriptor);
    return alive;
}

static bool bind_to(int descriptor, const path_address *at) {
    return bind(descriptor, (const struct sockaddr *)&at->address, sizeof at->address) == 0;
}

/* Nobody can connect before it listens, so its rights are set in time. */
static mw_status listen_at_path(int descriptor, const path_address *at, const char *path,
                                mw_error *err) {
    bool bound = bind_to(descriptor, at);
    if (!bound && errno == EADDRINUSE) {
        struct stat info;
        bool is_socket = stat(at->address.sun_path, &info) == 0 && S_ISSOCK(info.st_mode);
        if (!is_socket) return mw_fail(err, MW_CONFLICT, "%s: is there, and no socket", path);
        if (is_alive(at)) return mw_fail(err, MW_BUSY, "%s: another server listens there", path);
        bound = unlink(at->address.sun_path) == 0 && bind_to(descriptor, at);
    }
    if (bound && chmod(at->address.sun_path, S_IRUSR | S_IWUSR) == 0 &&
        listen(descriptor, BACKLOG) == 0)
        return MW_OK;
    return mw_fail_errno(err, errno, path, "cannot be listened on");
}

mw_status mw_socket_listen_path(mw_sys *sys, const char *path, mw_socket **out_listener,
                                mw_error *err) {
    path_address at;
    MW_TRY(mw_sys_check_real(sys, "sockets", err));
    MW_TRY(path_address_init(&at, path, err));
    int descriptor = new_path_socket();
    mw_status status = descriptor >= 0 ? listen_at_path(descriptor, &at, path, err)
                                       : mw_fail_errno(err, errno, path, "no socket for it");
    if (status != MW_OK && descriptor >= 0) close(descriptor);
    if (status == MW_OK) {
        status = wrap(descriptor, path, out_listener, err);
        if (status != MW_OK) unlink(at.address.sun_path);
    }
    path_address_release(&at);
    return status;
}

size_t mw_socket_descriptors_allow(size_t count) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    rlim_t before = limit.rlim_cur;
    if (before >= count) return (size_t)before;
    limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
    return (size_t)(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before);
}

uint16_t mw_socket_port(const mw_socket *socket) {
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    getsockname(socket->descriptor, (struct sockaddr *)&address, &size);
    if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

/* Whether accept failed on one connection, which was gone before we came, and not for all. */
static bool is_gone(int error_number) {
    switch (error_number) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH: return true;
    default: return false;
    }
}

mw_status mw_socket_accept(mw_socket *listener, mw_socket **out_socket, mw_error *err) {
    int descriptor;
    do descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (descriptor < 0 && is_gone(errno));
    if (descriptor >= 0) {
        set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
        return wrap(descriptor, "", out_socket, err);
    }
    if (errno == EMFILE || errno == ENFILE)
        return mw_fail(err, MW_UNAVAILABLE, "socket: no descriptors are left for a connection");
    if (errno != EAGAIN) return mw_fail_errno(err, errno, "socket", "cannot be accepted");
    *out_socket = NULL;
    return MW_OK;
}

mw_status mw_socket_secure(mw_socket *socket, mw_tls *tls, mw_error *err) {
    MW_ASSERT(!socket->secure);
    return mw_tls_stream_create(tls, socket->descriptor, &socket->secure, err);
}

/* Blocks until the connection stands, and from then on never again. */
static bool connect_and_unblock(int descriptor, const struct sockaddr *address, socklen_t size) {
    int failed;
    do failed = connect(descriptor, address, size);
    while (failed && errno == EINTR);
    return !failed && fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0;
}

static mw_status fail_connect(mw_error *err, int error_number, const char *place) {
    if (error_number == ECONNREFUSED || error_number == ENOENT)
        return mw_fail(err, MW_UNAVAILABLE, "%s: nobody listens there", place);
    return mw_fail_errno(err, error_number, place, "cannot be connected to");
}

mw_status mw_socket_connect(mw_sys *sys, const char *host, uint16_t port, mw_socket **out_socket,
                            mw_error *err) {
    struct addrinfo *addresses;
    char place[PLACE_MAX];
    MW_TRY(mw_sys_check_real(sys, "sockets", err));
    MW_TRY(look_up(host, port, false, &addresses, err));
    write_place(place, host, port);
    int descriptor = NO_DESCRIPTOR, error_number = 0;
    for (const struct addrinfo *at = addresses; at && descriptor < 0; at = at->ai_next) {
        descriptor = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (descriptor >= 0 && connect_and_unblock(descriptor, at->ai_addr, at->ai_addrlen)) break;
        if (error_number == 0) error_number = errno;
        if (descriptor >= 0) close(descriptor);
        descriptor = NO_DESCRIPTOR;
    }
    freeaddrinfo(addresses);
    if (descriptor < 0) return fail_connect(err, error_number, place);
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
    return wrap(descriptor, "", out_socket, err);
}

mw_status mw_socket_connect_path(mw_sys *sys, const char *path, mw_socket **out_socket,
                                 mw_error *err) {
    path_address at;
    MW_TRY(mw_sys_check_real(sys, "sockets", err));
    MW_TRY(path_address_init(&at, path, err));
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = descriptor >= 0 &&
                     connect_and_unblock(descriptor, (const struct sockaddr *)&at.address,
                                         sizeof at.address);
    int error_number = errno;
    path_address_release(&at);
    if (connected) return wrap(descriptor, "", out_socket, err);
    if (descriptor >= 0) close(descriptor);
    return fail_connect(err, error_number, path);
}

static mw_socket_result result_of(ssize_t moved, size_t *out_size) {
    *out_size = moved > 0 ? (size_t)moved : 0;
    if (moved > 0) return MW_SOCKET_MOVED;
    return moved < 0 && errno == EAGAIN ? MW_SOCKET_BLOCKED : MW_SOCKET_ENDED;
}

mw_socket_result mw_socket_read(mw_socket *socket, void *bytes, size_t size, size_t *out_size) {
    MW_ASSERT(size > 0); /* or no bytes would look like the end */
    if (socket->secure) return mw_tls_stream_read(socket->secure, bytes, size, out_size);
    ssize_t moved;
    do moved = mw_stamped_read(socket->descriptor, bytes, size, &socket->arrival_us);
    while (moved < 0 && errno == EINTR);
    return result_of(moved, out_size);
}

int64_t mw_socket_arrival_us(const mw_socket *socket) {
    return socket->secure ? mw_tls_stream_arrival_us(socket->secure) : socket->arrival_us;
}

mw_socket_result mw_socket_write(mw_socket *socket, mw_str bytes, size_t *out_size) {
    MW_ASSERT(bytes.size > 0);
    if (socket->secure) return mw_tls_stream_write(socket->secure, bytes, out_size);
    ssize_t moved;
    do moved = send(socket->descriptor, bytes.data, bytes.size, MSG_NOSIGNAL);
    while (moved < 0 && errno == EINTR);
    return result_of(moved, out_size);
}

void mw_socket_end_output(mw_socket *socket) {
    if (socket->secure) mw_tls_stream_end_output(socket->secure);
    shutdown(socket->descriptor, SHUT_WR);
}

bool mw_socket_wait(mw_socket *socket, bool to_write, int64_t span_us) {
    struct pollfd wanted = {.fd = socket->descriptor, .events = to_write ? POLLOUT : POLLIN};
    struct timespec span = {.tv_sec = span_us / MW_SECOND_US,
                            .tv_nsec = span_us % MW_SECOND_US * 1000};
    return ppoll(&wanted, 1, &span, NULL) > 0;
}

int mw_socket_descriptor(const mw_socket *socket) {
    return socket->descriptor;
}

void mw_socket_close(mw_socket *socket) {
    if (!socket) return;
    if (socket->path[0]) unlink(socket->path);
    mw_tls_stream_destroy(socket->secure);
    close(socket->descriptor);
    mw_free(socket);
}
