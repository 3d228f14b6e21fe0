#include "serve/access.h"

#include "base/calendar.h"

#include <string.h>
#include <strings.h>

void mw_access_set(mw_access *access, const mw_token_row *rows, size_t count, int64_t now_us) {
    access->count = 0;
    for (size_t i = 0; i < count && access->count < MW_TOKENS_MAX; i++) {
        if (rows[i].revoked_us != MW_TIME_MISSING || rows[i].expires_us <= now_us) continue;
        mw_access_token *token = &access->tokens[access->count++];
        memcpy(token->hash, rows[i].hash, sizeof token->hash);
        token->scopes = rows[i].scopes;
        token->expires_us = rows[i].expires_us;
        mw_str name = mw_str_slice(rows[i].name, 0, MW_TOKEN_NAME_MAX);
        memcpy(token->name, name.data, name.size);
        token->name[name.size] = '\0';
    }
}

static mw_status fail_unknown(mw_error *err, const char *what) {
    mw_status status = mw_fail(err, MW_UNAUTHORIZED, "authorization: %s", what);
    return mw_hint(err, status, "Send \"Authorization: Bearer TOKEN\"; millwright tokens create "
                                "makes one.");
}

/* The scheme's name is told in any case (RFC 9110, 11.1). */
static mw_status read_bearer(mw_str authorization, mw_str *out_token, mw_error *err) {
    static const char scheme[] = "bearer ";
    if (!authorization.data) return fail_unknown(err, "a token is needed here, got none");
    if (authorization.size < sizeof scheme ||
        strncasecmp(authorization.data, scheme, sizeof scheme - 1) != 0)
        return fail_unknown(err, "must be a bearer token");
    *out_token = mw_str_trim(mw_str_slice(authorization, sizeof scheme - 1, authorization.size));
    return MW_OK;
}

static const mw_access_token *find(const mw_access *access, mw_str token) {
    char hash[MW_SHA256_HEX_SIZE + 1];
    mw_token_hash(token, hash);
    for (size_t i = 0; i < access->count; i++)
        if (memcmp(access->tokens[i].hash, hash, sizeof access->tokens[i].hash) == 0)
            return &access->tokens[i];
    return NULL;
}

mw_status mw_access_check(const mw_access *access, mw_str authorization, mw_scope scope,
                          int64_t now_us, mw_str *out_who, mw_error *err) {
    mw_str text;
    if (scope == MW_SCOPE_PUBLIC) return MW_OK;
    MW_TRY(read_bearer(authorization, &text, err));
    const mw_access_token *token = find(access, text);
    if (!token) return fail_unknown(err, "nobody is known by this token");
    if (token->expires_us <= now_us) return fail_unknown(err, "this token has expired");
    *out_who = mw_str_of(token->name);
    if (token->scopes & ((unsigned)scope | MW_SCOPE_ADMIN)) return MW_OK;
    return mw_fail(err, MW_FORBIDDEN, "token: must have the scope %s for this",
                   mw_scope_name(scope));
}
