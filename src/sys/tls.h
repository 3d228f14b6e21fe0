/*
 * tls: the server's side of TLS 1.2 and 1.3 over a socket that never blocks (OpenSSL 3).
 *
 * A mw_tls holds certificate and key and is shared by all connections; a mw_tls_stream is one
 * connection's state. The handshake goes along with the first reads. Renegotiation is off, so
 * that reading never waits for writing but in a handshake whose first flight does not fit into
 * the socket's buffer, which a deadline of the user's ends.
 *
 * mw_socket_secure puts a stream into a socket; who reads and writes that sees no difference.
 * Both belong to one thread. The real system only.
 */
#pragma once
#include "sys/sockets.h"

typedef struct mw_tls_stream mw_tls_stream;

/* From PEM files: the certificate with its chain, and its key. MW_INVALID says what is wrong
   with which. */
MW_MUST_USE mw_status mw_tls_create(mw_sys *sys, const char *certificate_path,
                                    const char *key_path, mw_tls **out_tls, mw_error *err);
/* What clients hold against the certificate by today's date, "has expired"; NULL: nothing. */
const char *mw_tls_doubt(const mw_tls *tls);
/* The protocols that clients may choose from by ALPN, best first, each after its size in a byte
   ("\2h2"); the text outlives the streams. A client that offers others only is refused; one that
   offers none goes on. */
void mw_tls_offer(mw_tls *tls, mw_str protocols);
void mw_tls_destroy(mw_tls *tls); /* NULL is allowed; streams that are left go on */

/* The descriptor stays its owner's, and outlives the stream. */
MW_MUST_USE mw_status mw_tls_stream_create(mw_tls *tls, int descriptor,
                                           mw_tls_stream **out_stream, mw_error *err);
/* As for mw_socket_read and mw_socket_write. A read of 16 KiB or more leaves nothing behind that
   the descriptor does not show. */
mw_socket_result mw_tls_stream_read(mw_tls_stream *stream, void *bytes, size_t size,
                                    size_t *out_size);
int64_t mw_tls_stream_arrival_us(const mw_tls_stream *stream); /* as mw_socket_arrival_us */
mw_socket_result mw_tls_stream_write(mw_tls_stream *stream, mw_str bytes, size_t *out_size);
void mw_tls_stream_end_output(mw_tls_stream *stream); /* tells the peer that this was all */
void mw_tls_stream_destroy(mw_tls_stream *stream);    /* NULL is allowed */
