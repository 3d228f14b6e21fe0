#include "registry/tokens.h"

#include <string.h>

#include "base/nearest.h"

enum { ROWS_MAX = 1 << 20 };

/* --- scopes ------------------------------------------------------------------------------- */

static const struct {
    mw_scope scope;
    const char *name;
} scopes_by_name[] = {
#define X(name, bit, text, allows) {MW_SCOPE_##name, text},
    MW_SCOPE_MAP(X)
#undef X
};
enum { SCOPE_COUNT = sizeof scopes_by_name / sizeof *scopes_by_name };

const char *mw_scope_name(mw_scope scope) {
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (scopes_by_name[i].scope == scope) return scopes_by_name[i].name;
    return "public";
}

static mw_status scope_find(mw_str word, mw_scope *out_scope, mw_error *err) {
    mw_nearest nearest = mw_nearest_to(word);
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        mw_nearest_offer_text(&nearest, scopes_by_name[i].name);
        if (!mw_str_is(word, scopes_by_name[i].name)) continue;
        *out_scope = scopes_by_name[i].scope;
        return MW_OK;
    }
    mw_status status = mw_fail(err, MW_INVALID,
                               "scope: must be predict, events, read or admin, got \"%.*s\"",
                               MW_STR_ARGS(word));
    return mw_hint_nearest(err, status, &nearest);
}

mw_status mw_scopes_parse(mw_str text, unsigned *out_scopes, mw_error *err) {
    unsigned scopes = 0;
    mw_str word;
    while (mw_str_split(&text, ',', &word)) {
        mw_scope scope = MW_SCOPE_PUBLIC;
        MW_TRY(scope_find(mw_str_trim(word), &scope, err));
        scopes |= (unsigned)scope;
    }
    *out_scopes = scopes;
    return MW_OK;
}

void mw_scopes_append(mw_buf *out, unsigned scopes) {
    bool is_first = true;
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        if (!(scopes & (unsigned)scopes_by_name[i].scope)) continue;
        if (!is_first) mw_buf_append_char(out, ',');
        mw_buf_append_text(out, scopes_by_name[i].name);
        is_first = false;
    }
}

/* --- texts -------------------------------------------------------------------------------- */

void mw_token_write(const unsigned char secret[MW_TOKEN_SECRET_SIZE],
                    char out_token[MW_TOKEN_SIZE + 1]) {
    static const char digits[] = "0123456789abcdef";
    char *at = out_token;
    *at++ = 'm';
    *at++ = 'w';
    *at++ = '_';
    for (size_t i = 0; i < MW_TOKEN_SECRET_SIZE; i++) {
        *at++ = digits[secret[i] >> 4];
        *at++ = digits[secret[i] & 15];
    }
    *at = '\0';
}

void mw_token_hash(mw_str token, char out_hash[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, token.data, token.size);
    mw_sha256_hex(&sha, out_hash);
}

/* --- the catalog -------------------------------------------------------------------------- */

/* Of the tokens in force, those of the name, or all where it is empty. */
static mw_status count_in_force(mw_catalog *catalog, mw_str name, int64_t *out_count,
                                mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(catalog,
                            "SELECT count(*) FROM tokens WHERE revoked_us IS NULL"
                            " AND (?1 = '' OR name = ?1)",
                            MW_SQL(mw_sql_str(name)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    if (status == MW_OK) *out_count = mw_catalog_int(rows, 0);
    mw_catalog_rows_close(rows);
    return status;
}

mw_status mw_tokens_add(mw_catalog *catalog, const mw_token_row *token, mw_error *err) {
    MW_ASSERT(token->scopes != 0 && token->name.size > 0);
    int64_t namesakes = 0, all = 0;
    MW_TRY(count_in_force(catalog, token->name, &namesakes, err));
    MW_TRY(count_in_force(catalog, MW_STR(""), &all, err));
    if (namesakes > 0) {
        mw_status status = mw_fail(err, MW_CONFLICT, "token: there is a \"%.*s\" already",
                                   MW_STR_ARGS(token->name));
        return mw_hint(err, status, "Revoke it first, or choose another name.");
    }
    if (all >= MW_TOKENS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "tokens: must be at most %d in force, got one more",
                       MW_TOKENS_MAX);
    return mw_catalog_run(catalog,
                          "INSERT INTO tokens (name, hash, scopes, created_us, expires_us, who)"
                          " VALUES (?, ?, ?, ?, ?, ?)",
                          MW_SQL(mw_sql_str(token->name), mw_sql_text(token->hash),
                                 mw_sql_int(token->scopes), mw_sql_time(token->created_us),
                                 mw_sql_time(token->expires_us), mw_sql_str(token->who)),
                          err);
}

mw_status mw_tokens_revoke(mw_catalog *catalog, mw_str name, int64_t now_us, mw_error *err) {
    MW_TRY(mw_catalog_run(catalog,
                          "UPDATE tokens SET revoked_us = ? WHERE name = ? AND revoked_us IS NULL",
                          MW_SQL(mw_sql_time(now_us), mw_sql_str(name)), err));
    if (mw_catalog_change_count(catalog) > 0) return MW_OK;
    mw_status status = mw_fail(err, MW_NOT_FOUND, "token: there is no \"%.*s\" in force",
                               MW_STR_ARGS(name));
    return mw_hint(err, status, "millwright tokens list shows them.");
}

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "tokens: no memory");
}

static mw_status read_row(const mw_catalog_rows *rows, mw_arena *arena, mw_token_row *out_row,
                          mw_error *err) {
    mw_str hash = mw_catalog_text(rows, 1);
    *out_row = (mw_token_row){.name = mw_str_copy(arena, mw_catalog_text(rows, 0)),
                              .scopes = (unsigned)mw_catalog_int(rows, 2),
                              .created_us = mw_catalog_time(rows, 3),
                              .expires_us = mw_catalog_time(rows, 4),
                              .who = mw_str_copy(arena, mw_catalog_text(rows, 5)),
                              .revoked_us = mw_catalog_time(rows, 6)};
    if (!out_row->name.data || !out_row->who.data) return no_memory(err);
    if (hash.size != MW_SHA256_HEX_SIZE)
        return mw_fail(err, MW_CORRUPT, "token %.*s: its hash has %zu digits",
                       MW_STR_ARGS(out_row->name), hash.size);
    memcpy(out_row->hash, hash.data, hash.size);
    return MW_OK;
}

mw_status mw_tokens_list(mw_catalog *catalog, mw_arena *arena, mw_token_row **out_tokens,
                         size_t *out_count, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    mw_token_row *items = NULL;
    size_t count = 0, capacity = 0;
    bool has_row = false;
    MW_TRY(mw_catalog_query(catalog,
                            "SELECT name, hash, scopes, created_us, expires_us, who, revoked_us"
                            " FROM tokens ORDER BY id DESC",
                            MW_SQL_NOTHING, &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        bool fits = mw_grow((void **)&items, &capacity, count + 1, sizeof *items, ROWS_MAX);
        status = fits ? read_row(rows, arena, &items[count++], err) : no_memory(err);
        if (status == MW_OK) status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    mw_token_row *kept =
        status == MW_OK ? mw_arena_alloc(arena, count + 1, sizeof *kept) : NULL;
    if (kept && count > 0) memcpy(kept, items, count * sizeof *kept);
    mw_free(items);
    if (status != MW_OK) return status;
    if (!kept) return no_memory(err);
    *out_tokens = kept;
    *out_count = count;
    return MW_OK;
}
