/*
 * sockets: stream sockets, over TCP and over a path of the file system, that never block.
 *
 * Reading and writing take what there is and say so; mw_poller (or mw_socket_wait, for a client
 * with nothing else to do) tells when to go on. A broken connection is no error of ours: it
 * reads as ended. The real system only.
 *
 * A socket belongs to one thread at a time. Sockets are not passed on to child processes. (This
 * file is not called socket.h, since under -Isrc it would stand in for the system's.)
 */
#pragma once
#include "sys/sys.h"

typedef struct mw_socket mw_socket;
typedef struct mw_tls mw_tls; /* sys/tls.h */

/* On `host` (a name, an IPv4 or IPv6 address; "" is every address of the machine) and `port` (0:
   any free one). MW_BUSY, naming both, if the port is taken. */
MW_MUST_USE mw_status mw_socket_listen(mw_sys *sys, const char *host, uint16_t port,
                                       mw_socket **out_listener, mw_error *err);
/* Whether only this machine can reach `host` (a name or an address, as above); MW_INVALID if nobody
   knows it. */
MW_MUST_USE mw_status mw_socket_find_reach(const char *host, bool *out_is_loopback, mw_error *err);
/* On a path, for this user only. What a dead server left there is replaced; MW_BUSY if one
   lives. The path goes when the listener is closed. Servers that may start at the same moment
   must hold a lock of their own before. */
MW_MUST_USE mw_status mw_socket_listen_path(mw_sys *sys, const char *path,
                                            mw_socket **out_listener, mw_error *err);
/* Lets this process have so many descriptors, or as many as its hard limit allows, and tells how
   many it may have; the usual soft limit is 1,024. Children that it starts from now on may too. */
size_t mw_socket_descriptors_allow(size_t count);
uint16_t mw_socket_port(const mw_socket *socket); /* its own; 0 for a path */
/* The next connection that waits; `*out_socket` is NULL if none does. MW_UNAVAILABLE if there
   are no descriptors left: then it still waits. */
MW_MUST_USE mw_status mw_socket_accept(mw_socket *listener, mw_socket **out_socket,
                                       mw_error *err);

/* From now on the bytes of an accepted connection go by TLS, which outlives it. The handshake
   goes along with reading: read before anything is written. */
MW_MUST_USE mw_status mw_socket_secure(mw_socket *socket, mw_tls *tls, mw_error *err);

/* These wait until the connection stands; MW_UNAVAILABLE if nobody listens there. */
MW_MUST_USE mw_status mw_socket_connect(mw_sys *sys, const char *host, uint16_t port,
                                        mw_socket **out_socket, mw_error *err);
MW_MUST_USE mw_status mw_socket_connect_path(mw_sys *sys, const char *path,
                                             mw_socket **out_socket, mw_error *err);

typedef enum {
    MW_SOCKET_MOVED,   /* some bytes went over, at least one */
    MW_SOCKET_BLOCKED, /* nothing can be moved now */
    MW_SOCKET_ENDED,   /* nothing will be any more */
} mw_socket_result;

mw_socket_result mw_socket_read(mw_socket *socket, void *bytes, size_t size, size_t *out_size);
/* When the machine received the last bytes that were read of an accepted TCP connection, by the
   wall clock; 0 where that is not known. */
int64_t mw_socket_arrival_us(const mw_socket *socket);
mw_socket_result mw_socket_write(mw_socket *socket, mw_str bytes, size_t *out_size);
void mw_socket_end_output(mw_socket *socket); /* the peer reads the end; we may still read */
/* Waits until it can be read (or written); false if the span has passed. */
MW_MUST_USE bool mw_socket_wait(mw_socket *socket, bool to_write, int64_t span_us);
int mw_socket_descriptor(const mw_socket *socket); /* for mw_poller_add */
void mw_socket_close(mw_socket *socket);           /* NULL is allowed */
