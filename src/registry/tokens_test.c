#include "registry/tokens.h"
#include "testing/test.h"

#include "base/calendar.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    mw_catalog *catalog;
    mw_arena arena;
    mw_error err;
} fixture;

static fixture open_fixture(void) {
    fixture f = {0};
    mw_arena_init(&f.arena, (size_t)1 << 24);
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), NULL, true, &f.catalog, &f.err), &f.err);
    return f;
}

static void close_fixture(fixture *f) {
    mw_catalog_close(f->catalog);
    mw_arena_release(&f->arena);
}

static mw_token_row token_of(const char *name) {
    mw_token_row row = {.name = mw_str_of(name),
                        .scopes = MW_SCOPE_PREDICT | MW_SCOPE_READ,
                        .created_us = 10,
                        .expires_us = 90,
                        .who = MW_STR("test")};
    mw_token_hash(row.name, row.hash);
    return row;
}

static mw_token_row *list(fixture *f, size_t *count) {
    mw_token_row *rows = NULL;
    MW_CHECK_OK(mw_tokens_list(f->catalog, &f->arena, &rows, count, &f->err), &f->err);
    return rows;
}

MW_TEST(tokens_scopes_are_read_and_written) {
    unsigned scopes = 0;
    mw_error err;
    MW_CHECK_OK(mw_scopes_parse(MW_STR("read, predict,predict"), &scopes, &err), &err);
    MW_CHECK_EQUAL_INT(scopes, MW_SCOPE_PREDICT | MW_SCOPE_READ);
    mw_buf text;
    mw_buf_init(&text, 100);
    mw_scopes_append(&text, scopes);
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), "predict,read");
    mw_buf_release(&text);
    MW_CHECK_STATUS(mw_scopes_parse(MW_STR("predict,"), &scopes, NULL), MW_INVALID);
    MW_CHECK_STATUS(mw_scopes_parse(MW_STR(""), &scopes, NULL), MW_INVALID);
    MW_CHECK_STATUS(mw_scopes_parse(MW_STR("event"), &scopes, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "scope: must be predict, events, read or admin, got \"event\"");
    MW_CHECK_EQUAL_STR(err.hint, "Did you mean events?");
    MW_CHECK_EQUAL_STR(mw_scope_name(MW_SCOPE_ADMIN), "admin");
    MW_CHECK_EQUAL_STR(mw_scope_name(MW_SCOPE_PUBLIC), "public");
}

/* Python: hashlib.sha256(b"mw_" + b"00ff" + b"00" * 30).hexdigest() */
MW_TEST(tokens_are_hex_and_kept_as_sha256) {
    unsigned char secret[MW_TOKEN_SECRET_SIZE] = {0x00, 0xff};
    char token[MW_TOKEN_SIZE + 1], hash[MW_SHA256_HEX_SIZE + 1];
    mw_token_write(secret, token);
    MW_CHECK_EQUAL_INT(strlen(token), MW_TOKEN_SIZE);
    MW_CHECK(mw_str_starts(mw_str_of(token), MW_STR("mw_00ff00")));
    mw_token_hash(mw_str_of(token), hash);
    MW_CHECK_EQUAL_STR(hash, "5f853c6ebf81976f06518010f00acd4322f875a25c894921360f55a4a8a9928f");
}

MW_TEST(tokens_are_added_listed_and_revoked) {
    fixture f = open_fixture();
    size_t count = 0;
    (void)list(&f, &count);
    MW_CHECK_EQUAL_INT(count, 0);
    mw_token_row shop = token_of("shop"), other = token_of("other");
    MW_CHECK_OK(mw_tokens_add(f.catalog, &shop, &f.err), &f.err);
    MW_CHECK_OK(mw_tokens_add(f.catalog, &other, &f.err), &f.err);
    MW_CHECK_STATUS(mw_tokens_add(f.catalog, &shop, &f.err), MW_CONFLICT);
    MW_CHECK_OK(mw_tokens_revoke(f.catalog, MW_STR("shop"), 50, &f.err), &f.err);
    MW_CHECK_STATUS(mw_tokens_revoke(f.catalog, MW_STR("shop"), 51, &f.err), MW_NOT_FOUND);
    shop.hash[0] ^= 1;
    MW_CHECK_OK(mw_tokens_add(f.catalog, &shop, &f.err), &f.err);

    mw_token_row *rows = list(&f, &count);
    MW_CHECK_EQUAL_INT(count, 3);
    MW_CHECK_EQUAL_STR(rows[0].name, "shop");
    MW_CHECK_EQUAL_STR(rows[0].hash, shop.hash);
    MW_CHECK_EQUAL_INT(rows[0].scopes, shop.scopes);
    MW_CHECK_EQUAL_INT(rows[0].expires_us, 90);
    MW_CHECK_EQUAL_INT(rows[0].revoked_us, MW_TIME_MISSING);
    MW_CHECK_EQUAL_STR(rows[1].name, "other");
    MW_CHECK_EQUAL_INT(rows[2].revoked_us, 50);
    close_fixture(&f);
}

MW_TEST(tokens_are_bounded) {
    fixture f = open_fixture();
    char name[16];
    for (int i = 0; i < MW_TOKENS_MAX; i++) {
        snprintf(name, sizeof name, "t%d", i);
        mw_token_row row = token_of(name);
        MW_CHECK_OK(mw_tokens_add(f.catalog, &row, &f.err), &f.err);
    }
    mw_token_row more = token_of("more");
    MW_CHECK_STATUS(mw_tokens_add(f.catalog, &more, &f.err), MW_TOO_LARGE);
    MW_CHECK_OK(mw_tokens_revoke(f.catalog, MW_STR("t3"), 50, &f.err), &f.err);
    MW_CHECK_OK(mw_tokens_add(f.catalog, &more, &f.err), &f.err);
    close_fixture(&f);
}
