/*
 * access: whether a request may be answered, by the bearer token that it carries.
 *
 * It holds the hashes of the tokens in force (registry/tokens.h); a check hashes what was sent
 * and looks for it, in about a microsecond, and allocates nothing. Comparing need not take the
 * same time for all: what could be learnt of a hash by it leads to no token.
 *
 * A plain value. One thread uses it.
 */
#pragma once
#include "registry/tokens.h"

typedef struct {
    char hash[MW_SHA256_HEX_SIZE];
    unsigned scopes;
    int64_t expires_us;
    char name[MW_TOKEN_NAME_MAX + 1];
} mw_access_token;

typedef struct {
    mw_access_token tokens[MW_TOKENS_MAX];
    size_t count;
} mw_access;

/* Takes those of `rows` that are in force at `now_us`, in place of those before. */
void mw_access_set(mw_access *access, const mw_token_row *rows, size_t count, int64_t now_us);
/* `authorization`: the header, with NULL data if none was sent. A token of scope admin may do
   everything. `*out_who` is the token's name, until the next change. MW_UNAUTHORIZED: nobody is
   known by it; MW_FORBIDDEN: it lacks the scope. */
MW_MUST_USE mw_status mw_access_check(const mw_access *access, mw_str authorization,
                                      mw_scope scope, int64_t now_us, mw_str *out_who,
                                      mw_error *err);
