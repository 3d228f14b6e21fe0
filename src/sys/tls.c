#include "sys/tls.h"

#include "sys/stamped_read.h"
#include "sys/backend.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

struct mw_tls {
    SSL_CTX *context;
    BIO_METHOD *transport;
    mw_str protocols; /* of ALPN; empty: that goes unheard */
};

struct mw_tls_stream {
    SSL *ssl;
    int descriptor;
    int64_t arrival_us; /* of the bytes that came last; 0: not known */
};

/* --- transport ---------------------------------------------------------------------------- */

/* OpenSSL's own sockets would end the process by SIGPIPE when a peer has gone. */

static int transport_write(BIO *bio, const char *bytes, int size) {
    ssize_t moved;
    const mw_tls_stream *stream = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    do moved = send(stream->descriptor, bytes, (size_t)size, MSG_NOSIGNAL);
    while (moved < 0 && errno == EINTR);
    if (moved < 0 && errno == EAGAIN) BIO_set_retry_write(bio);
    return (int)moved;
}

static int transport_read(BIO *bio, char *bytes, int size) {
    ssize_t moved;
    mw_tls_stream *stream = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    do moved = mw_stamped_read(stream->descriptor, bytes, (size_t)size, &stream->arrival_us);
    while (moved < 0 && errno == EINTR);
    if (moved < 0 && errno == EAGAIN) BIO_set_retry_read(bio);
    return (int)moved;
}

static long transport_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing is held back here */
}

static BIO_METHOD *make_transport(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (!method) return NULL;
    BIO_meth_set_write(method, transport_write);
    BIO_meth_set_read(method, transport_read);
    BIO_meth_set_ctrl(method, transport_control);
    return method;
}

/* --- certificate and key ------------------------------------------------------------------ */

/* What OpenSSL said first, and nothing left of it for whoever asks next. */
static mw_status fail_openssl(mw_error *err, const char *path, const char *what) {
    const char *reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return mw_fail(err, MW_INVALID, "%s: %s: %s", path, what, reason ? reason : "it is none");
}

/* A key that asks for a passphrase would make the start wait for a person. `context`: a bool that
   tells whether one did, or NULL. */
static int no_passphrase(char *bytes, int size, int is_written, void *context) {
    (void)bytes;
    (void)size;
    (void)is_written;
    if (context) *(bool *)context = true;
    return -1;
}

static bool load_key(SSL_CTX *context, const char *path, bool *out_is_encrypted) {
    *out_is_encrypted = false;
    SSL_CTX_set_default_passwd_cb_userdata(context, out_is_encrypted);
    bool is_loaded = SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL); /* the context outlives our caller */
    return is_loaded;
}

static mw_status load(SSL_CTX *context, const char *certificate_path, const char *key_path,
                      mw_error *err) {
    bool is_encrypted;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context, certificate_path) != 1)
        return fail_openssl(err, certificate_path, "must be a certificate in PEM");
    if (load_key(context, key_path, &is_encrypted)) return MW_OK;
    mw_status status = fail_openssl(err, key_path, "must be the certificate's key in PEM");
    if (!is_encrypted) return status;
    (void)mw_fail(err, status, "%s: must be a key in PEM without a passphrase", key_path);
    return mw_hint(err, status, "openssl pkey -in %s -out FILE writes it without.", key_path);
}

static mw_status prepare(mw_tls *tls, const char *certificate_path, const char *key_path,
                         mw_error *err) {
    tls->transport = make_transport();
    tls->context = SSL_CTX_new(TLS_server_method());
    if (!tls->transport || !tls->context) return mw_fail(err, MW_NO_MEMORY, "tls: no memory");
    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    SSL_CTX_set_options(tls->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(tls->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return load(tls->context, certificate_path, key_path, err);
}

mw_status mw_tls_create(mw_sys *sys, const char *certificate_path, const char *key_path,
                        mw_tls **out_tls, mw_error *err) {
    MW_TRY(mw_sys_check_real(sys, "tls", err));
    mw_tls *tls = mw_allocate(sizeof *tls);
    if (!tls) return mw_fail(err, MW_NO_MEMORY, "tls: no memory");
    mw_status status = prepare(tls, certificate_path, key_path, err);
    if (status != MW_OK) mw_tls_destroy(tls);
    else *out_tls = tls;
    return status;
}

const char *mw_tls_doubt(const mw_tls *tls) {
    const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) return "has expired";
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) return "does not count yet";
    return NULL;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                           const unsigned char *offered, unsigned int offered_size,
                           void *context) { /* tidy: OpenSSL's type */
    (void)ssl;
    const mw_tls *tls = context;
    unsigned char *chosen;
    int result = SSL_select_next_proto(&chosen, out_size,
                                       (const unsigned char *)tls->protocols.data,
                                       (unsigned int)tls->protocols.size, offered, offered_size);
    if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

void mw_tls_offer(mw_tls *tls, mw_str protocols) {
    tls->protocols = protocols;
    SSL_CTX_set_alpn_select_cb(tls->context, choose_protocol, tls);
}

void mw_tls_destroy(mw_tls *tls) {
    if (!tls) return;
    if (tls->context) SSL_CTX_set_alpn_select_cb(tls->context, NULL, NULL); /* for those left */
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->transport);
    mw_free(tls);
}

/* --- streams ------------------------------------------------------------------------------ */

mw_status mw_tls_stream_create(mw_tls *tls, int descriptor, mw_tls_stream **out_stream,
                               mw_error *err) {
    mw_tls_stream *stream = mw_allocate(sizeof *stream);
    SSL *ssl = SSL_new(tls->context);
    BIO *bio = BIO_new(tls->transport);
    if (!stream || !ssl || !bio) {
        BIO_free(bio);
        SSL_free(ssl);
        mw_free(stream);
        return mw_fail(err, MW_NO_MEMORY, "tls: no memory for a connection");
    }
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    *stream = (mw_tls_stream){.ssl = ssl, .descriptor = descriptor};
    *out_stream = stream;
    return MW_OK;
}

static mw_socket_result result_of(mw_tls_stream *stream, int result, size_t *out_size) {
    if (result == 1) return MW_SOCKET_MOVED;
    *out_size = 0;
    int reason = SSL_get_error(stream->ssl, result);
    ERR_clear_error(); /* what a peer did wrong must not be told of another one */
    bool waits = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
    return waits ? MW_SOCKET_BLOCKED : MW_SOCKET_ENDED;
}

mw_socket_result mw_tls_stream_read(mw_tls_stream *stream, void *bytes, size_t size,
                                    size_t *out_size) {
    MW_ASSERT(size > 0);
    return result_of(stream, SSL_read_ex(stream->ssl, bytes, size, out_size), out_size);
}

int64_t mw_tls_stream_arrival_us(const mw_tls_stream *stream) { return stream->arrival_us; }

mw_socket_result mw_tls_stream_write(mw_tls_stream *stream, mw_str bytes, size_t *out_size) {
    MW_ASSERT(bytes.size > 0);
    return result_of(stream, SSL_write_ex(stream->ssl, bytes.data, bytes.size, out_size),
                     out_size);
}

/* Best effort: who is gone already need not hear it. */
void mw_tls_stream_end_output(mw_tls_stream *stream) {
    if (SSL_is_init_finished(stream->ssl)) (void)SSL_shutdown(stream->ssl);
    ERR_clear_error();
}

void mw_tls_stream_destroy(mw_tls_stream *stream) {
    if (!stream) return;
    SSL_free(stream->ssl);
    mw_free(stream);
}
