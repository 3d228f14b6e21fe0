#include "sys/tls.h"
#include "testing/test.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { LONG_ENOUGH_S = 10, PATH_SIZE = 300 };
#define LONG_ENOUGH (LONG_ENOUGH_S * MW_SECOND_US)

typedef struct {
    char certificate[PATH_SIZE], key[PATH_SIZE];
} paths;

static void write_key(const char *path, EVP_PKEY *key) {
    FILE *file = fopen(path, "w");
    MW_CHECK(file && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(file);
}

/* A certificate for "localhost" that its own key has signed; it counts now, unless it is called
   "early" or "late". */
static paths make_certificate(const char *name) {
    paths made;
    snprintf(made.certificate, PATH_SIZE, "%s/%s.pem", mw_test_directory(), name);
    snprintf(made.key, PATH_SIZE, "%s/%s.key", mw_test_directory(), name);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    MW_CHECK(key && certificate);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_gmtime_adj(X509_getm_notBefore(certificate), strcmp(name, "early") == 0 ? 1800 : -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), strcmp(name, "late") == 0 ? -1800 : 3600);
    X509_set_pubkey(certificate, key);
    MW_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(made.certificate, "w");
    MW_CHECK(file && PEM_write_X509(file, certificate) == 1);
    fclose(file);
    write_key(made.key, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

static mw_tls *create(paths files) {
    mw_tls *tls;
    mw_error err;
    MW_CHECK_OK(mw_tls_create(mw_sys_real(), files.certificate, files.key, &tls, &err), &err);
    return tls;
}

/* --- a client, which may block ------------------------------------------------------------- */

typedef struct {
    uint16_t port;
    int version;          /* the newest that it speaks */
    size_t size;          /* bytes that it sends, and expects back */
    bool is_refused;
    mw_str offers, agreed; /* protocols by ALPN, as on the wire, and the one that must be chosen */
} client;

static mw_socket *connect_to(uint16_t port) {
    mw_socket *socket;
    MW_CHECK_OK(mw_socket_connect(mw_sys_real(), "127.0.0.1", port, &socket, NULL), NULL);
    return socket;
}

/* Goes on until OpenSSL is content: 1, or what it failed with. */
static int insist(SSL *ssl, mw_socket *socket, int result) {
    int reason = SSL_get_error(ssl, result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return 0;
    MW_CHECK(mw_socket_wait(socket, reason == SSL_ERROR_WANT_WRITE, LONG_ENOUGH));
    return 1;
}

static void echo(SSL *ssl, mw_socket *socket, size_t size) {
    size_t sent = 0, got = 0, moved;
    while (got < size) {
        char bytes[5000];
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)((sent + i) % 251);
        size_t rest = size - sent < sizeof bytes ? size - sent : sizeof bytes;
        if (rest > 0) {
            int result = SSL_write_ex(ssl, bytes, rest, &moved);
            if (result == 1) sent += moved;
            else MW_CHECK(insist(ssl, socket, result));
        }
        int result = SSL_read_ex(ssl, bytes, sizeof bytes, &moved);
        if (result != 1) {
            MW_CHECK(insist(ssl, socket, result));
            continue;
        }
        for (size_t i = 0; i < moved; i++) MW_CHECK(bytes[i] == (char)((got + i) % 251));
        got += moved;
    }
}

static void *run_client(void *context) {
    const client *c = context;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(ctx, c->version);
    SSL_CTX_set_security_level(ctx, 0); /* or it would not even ask for an old version */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL *ssl = SSL_new(ctx);
    if (c->offers.data)
        SSL_set_alpn_protos(ssl, (const unsigned char *)c->offers.data, (unsigned)c->offers.size);
    mw_socket *socket = connect_to(c->port);
    SSL_set_fd(ssl, mw_socket_descriptor(socket));
    int result;
    do result = SSL_connect(ssl);
    while (result != 1 && insist(ssl, socket, result));
    MW_CHECK((result != 1) == c->is_refused);
    const unsigned char *agreed;
    unsigned agreed_size;
    SSL_get0_alpn_selected(ssl, &agreed, &agreed_size);
    MW_CHECK_EQUAL_INT(agreed_size, c->agreed.size);
    if (agreed_size > 0) MW_CHECK(memcmp(agreed, c->agreed.data, agreed_size) == 0);
    if (result == 1) echo(ssl, socket, c->size);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    mw_socket_close(socket);
    ERR_clear_error();
    return NULL;
}

/* --- the server ---------------------------------------------------------------------------- */

static mw_socket *listen_here(void) {
    mw_socket *listener;
    mw_error err;
    MW_CHECK_OK(mw_socket_listen(mw_sys_real(), "127.0.0.1", 0, &listener, &err), &err);
    return listener;
}

static mw_socket *accept_secure(mw_socket *listener, mw_tls *tls) {
    mw_socket *socket = NULL;
    mw_error err;
    MW_CHECK(mw_socket_wait(listener, false, LONG_ENOUGH));
    MW_CHECK_OK(mw_socket_accept(listener, &socket, &err), &err);
    MW_CHECK_OK(mw_socket_secure(socket, tls, &err), &err);
    return socket;
}

static void write_all(mw_socket *socket, mw_str rest) {
    while (rest.size > 0) {
        size_t size;
        mw_socket_result result = mw_socket_write(socket, rest, &size);
        MW_CHECK(result != MW_SOCKET_ENDED);
        if (result == MW_SOCKET_BLOCKED) MW_CHECK(mw_socket_wait(socket, true, LONG_ENOUGH));
        rest = mw_str_slice(rest, size, rest.size);
    }
}

/* Sends back what comes until the peer has gone: how much it was. */
static size_t serve(mw_socket *socket) {
    static char bytes[1 << 16];
    size_t size, total = 0;
    for (;;) {
        mw_socket_result result = mw_socket_read(socket, bytes, sizeof bytes, &size);
        if (result == MW_SOCKET_ENDED) return total;
        if (result == MW_SOCKET_BLOCKED) MW_CHECK(mw_socket_wait(socket, false, LONG_ENOUGH));
        total += size;
        write_all(socket, (mw_str){bytes, size});
    }
}

static size_t serve_one(mw_tls *tls, client c) {
    pthread_t thread;
    mw_socket *listener = listen_here();
    c.port = mw_socket_port(listener);
    MW_CHECK(pthread_create(&thread, NULL, run_client, &c) == 0);
    mw_socket *socket = accept_secure(listener, tls);
    size_t total = serve(socket);
    mw_socket_end_output(socket);
    mw_socket_close(socket);
    MW_CHECK(pthread_join(thread, NULL) == 0);
    mw_socket_close(listener);
    return total;
}

MW_TEST(tls_carries_bytes_both_ways) {
    mw_tls *tls = create(make_certificate("good"));
    const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
    for (size_t i = 0; i < 2; i++) {
        client c = {.version = versions[i], .size = 1000003};
        MW_CHECK_EQUAL_INT(serve_one(tls, c), c.size);
    }
    MW_CHECK_EQUAL_INT(serve_one(tls, (client){.version = TLS1_3_VERSION, .size = 5}), 5);
    mw_tls_destroy(tls);
}

MW_TEST(tls_refuses_old_versions) {
    mw_tls *tls = create(make_certificate("good"));
    client old = {.version = TLS1_1_VERSION, .is_refused = true};
    MW_CHECK_EQUAL_INT(serve_one(tls, old), 0);
    mw_tls_destroy(tls);
}

MW_TEST(tls_agrees_on_a_protocol) {
    mw_tls *tls = create(make_certificate("good"));
    client c = {.version = TLS1_3_VERSION, .size = 5, .offers = MW_STR("\2h2\10http/1.1")};
    MW_CHECK_EQUAL_INT(serve_one(tls, c), 5); /* nothing is offered here: nothing is agreed */
    mw_tls_offer(tls, MW_STR("\2h2\10http/1.1"));
    const client cases[] = {
        {.size = 5},
        {.size = 5, .offers = MW_STR("\10http/1.1\2h2"), .agreed = MW_STR("h2")},
        {.size = 5, .offers = MW_STR("\4spdy\10http/1.1"), .agreed = MW_STR("http/1.1")},
        {.is_refused = true, .offers = MW_STR("\4spdy")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        c = cases[i];
        c.version = TLS1_3_VERSION;
        MW_CHECK_EQUAL_INT(serve_one(tls, c), c.size);
    }
    mw_tls_destroy(tls);
}

MW_TEST(tls_ends_with_who_speaks_something_else) {
    mw_tls *tls = create(make_certificate("good"));
    mw_socket *listener = listen_here(), *plain = connect_to(mw_socket_port(listener));
    mw_socket *socket = accept_secure(listener, tls);
    write_all(plain, MW_STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    MW_CHECK_EQUAL_INT(serve(socket), 0);
    mw_socket_close(plain);
    mw_socket_close(socket);
    mw_socket_close(listener);
    mw_tls_destroy(tls);
}

MW_TEST(tls_says_what_is_wrong_with_its_files) {
    paths good = make_certificate("good"), other = make_certificate("other");
    mw_tls *tls;
    mw_error err;
    const struct {
        const char *certificate, *key, *at_fault;
    } wrong[] = {{"/nowhere.pem", good.key, "/nowhere.pem"},
                 {good.certificate, "/nowhere.key", "/nowhere.key"},
                 {good.key, good.key, good.key},
                 {good.certificate, good.certificate, good.certificate},
                 {good.certificate, other.key, other.key}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        MW_CHECK_STATUS(mw_tls_create(mw_sys_real(), wrong[i].certificate, wrong[i].key, &tls,
                                      &err),
                        MW_INVALID);
        MW_CHECK(mw_str_starts(mw_str_of(err.message), mw_str_of(wrong[i].at_fault)));
        MW_CHECK(ERR_peek_error() == 0);
    }
}

MW_TEST(tls_doubts_a_certificate_that_does_not_count_today) {
    const char *const names[] = {"good", "early", "late"};
    const char *const doubts[] = {NULL, "does not count yet", "has expired"};
    for (size_t i = 0; i < 3; i++) {
        mw_tls *tls = create(make_certificate(names[i]));
        const char *doubt = mw_tls_doubt(tls);
        MW_CHECK((doubt != NULL) == (doubts[i] != NULL));
        if (doubt) MW_CHECK_EQUAL_STR(doubt, doubts[i]);
        mw_tls_destroy(tls);
    }
}

MW_TEST(tls_asks_nobody_for_a_passphrase) {
    paths made = make_certificate("locked");
    FILE *file = fopen(made.key, "r");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    MW_CHECK(key != NULL);
    fclose(file);
    file = fopen(made.key, "w");
    MW_CHECK(file && PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(),
                                          (const unsigned char *)"word", 4, NULL, NULL) == 1);
    fclose(file);
    EVP_PKEY_free(key);
    mw_tls *tls;
    mw_error err;
    MW_CHECK_STATUS(mw_tls_create(mw_sys_real(), made.certificate, made.key, &tls, &err),
                    MW_INVALID);
    MW_CHECK(strstr(err.message, "must be a key in PEM without a passphrase") != NULL);
    MW_CHECK(ERR_peek_error() == 0);
}
