/*
 * tokens: who may ask the server for what, and until when.
 *
 * A bearer token is 256 random bits in hex behind "mw_"; whoever holds it may do what its scopes
 * say. Only its SHA-256 is kept: that is enough to know it again, and, since a token cannot be
 * guessed, no use to whoever reads the catalog. A token that is revoked keeps its row for the
 * audit, and its name is free again.
 *
 * A view over the catalog, which is the caller's. Times are arguments.
 */
#pragma once
#include "base/hash.h"
#include "store/catalog.h"

enum {
    MW_TOKENS_MAX = 256, /* in force at once */
    MW_TOKEN_NAME_MAX = 64, /* bytes */
    MW_TOKEN_SECRET_SIZE = 32,
    MW_TOKEN_SIZE = 3 + 2 * MW_TOKEN_SECRET_SIZE,
};

/* bit, name, what it allows */
#define MW_SCOPE_MAP(X)                                       \
    X(PREDICT, 1, "predict", "ask for predictions")           \
    X(EVENTS, 2, "events", "send events")                     \
    X(READ, 4, "read", "see models, predictions and metrics") \
    X(ADMIN, 8, "admin", "all that the server can do")
typedef enum {
    MW_SCOPE_PUBLIC = 0, /* of what needs no token */
#define X(name, bit, text, allows) MW_SCOPE_##name = (bit),
    MW_SCOPE_MAP(X)
#undef X
} mw_scope;

const char *mw_scope_name(mw_scope scope); /* "public" */
/* "predict,events" as bits; MW_INVALID names the nearest scope. */
MW_MUST_USE mw_status mw_scopes_parse(mw_str text, unsigned *out_scopes, mw_error *err);
void mw_scopes_append(mw_buf *out, unsigned scopes);

typedef struct {
    mw_str name;
    char hash[MW_SHA256_HEX_SIZE + 1];
    unsigned scopes;
    int64_t created_us, expires_us;
    mw_str who;         /* made it */
    int64_t revoked_us; /* MW_TIME_MISSING: it is in force until it expires */
} mw_token_row;

void mw_token_write(const unsigned char secret[MW_TOKEN_SECRET_SIZE],
                    char out_token[MW_TOKEN_SIZE + 1]);
void mw_token_hash(mw_str token, char out_hash[MW_SHA256_HEX_SIZE + 1]);

/* MW_CONFLICT: one of this name is in force; MW_TOO_LARGE: so are MW_TOKENS_MAX of them. */
MW_MUST_USE mw_status mw_tokens_add(mw_catalog *catalog, const mw_token_row *token,
                                    mw_error *err);
/* MW_NOT_FOUND if none of this name is in force. */
MW_MUST_USE mw_status mw_tokens_revoke(mw_catalog *catalog, mw_str name, int64_t now_us,
                                       mw_error *err);
/* All that were ever made, newest first, in `arena`. */
MW_MUST_USE mw_status mw_tokens_list(mw_catalog *catalog, mw_arena *arena,
                                     mw_token_row **out_tokens, size_t *out_count,
                                     mw_error *err);
