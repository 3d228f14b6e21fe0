#include "serve/access.h"
#include "testing/test.h"

#include "base/calendar.h"

#include <stdio.h>

enum { NOW = 1000 };

static mw_token_row row_of(const char *token, unsigned scopes) {
    mw_token_row row = {.name = mw_str_of(token),
                        .scopes = scopes,
                        .expires_us = NOW + 100,
                        .revoked_us = MW_TIME_MISSING};
    mw_token_hash(mw_str_of(token), row.hash);
    return row;
}

static mw_status check(const mw_access *access, const char *authorization, mw_scope scope,
                       int64_t now_us) {
    mw_str header = authorization ? mw_str_of(authorization) : (mw_str){NULL, 0};
    mw_str who = MW_STR("");
    mw_status status = mw_access_check(access, header, scope, now_us, &who, NULL);
    bool is_named = status == MW_OK && scope != MW_SCOPE_PUBLIC;
    if (is_named) MW_CHECK(mw_str_starts(who, MW_STR("mw_")));
    return status;
}

static mw_access access_of_four(void) {
    static mw_access access;
    mw_token_row rows[] = {row_of("mw_predicts", MW_SCOPE_PREDICT),
                           row_of("mw_rules", MW_SCOPE_ADMIN),
                           row_of("mw_gone", MW_SCOPE_ADMIN), row_of("mw_old", MW_SCOPE_ADMIN)};
    rows[2].revoked_us = NOW - 1;
    rows[3].expires_us = NOW;
    mw_access_set(&access, rows, 4, NOW);
    return access;
}

MW_TEST(access_goes_by_scope) {
    mw_access access = access_of_four();
    MW_CHECK_EQUAL_INT(access.count, 2);
    const char *predicts = "Bearer mw_predicts", *rules = "bearer  mw_rules ";
    MW_CHECK_OK(check(&access, predicts, MW_SCOPE_PREDICT, NOW), NULL);
    MW_CHECK_STATUS(check(&access, predicts, MW_SCOPE_EVENTS, NOW), MW_FORBIDDEN);
    MW_CHECK_STATUS(check(&access, predicts, MW_SCOPE_ADMIN, NOW), MW_FORBIDDEN);
    MW_CHECK_OK(check(&access, rules, MW_SCOPE_EVENTS, NOW), NULL);
    MW_CHECK_OK(check(&access, rules, MW_SCOPE_ADMIN, NOW), NULL);
    MW_CHECK_OK(check(&access, NULL, MW_SCOPE_PUBLIC, NOW), NULL);
}

MW_TEST(access_knows_nobody_without_a_token_in_force) {
    mw_access access = access_of_four();
    const char *const wrong[] = {NULL, "", "Bearer", "Bearer ", "Basic mw_rules", "mw_rules",
                                 "Bearer mw_gone", "Bearer mw_old", "Bearer mw_rule",
                                 "Bearer mw_rules2", "Bearermw_rules"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        MW_CHECK_STATUS(check(&access, wrong[i], MW_SCOPE_READ, NOW), MW_UNAUTHORIZED);
    MW_CHECK_OK(check(&access, "Bearer mw_rules", MW_SCOPE_READ, NOW + 99), NULL);
    MW_CHECK_STATUS(check(&access, "Bearer mw_rules", MW_SCOPE_READ, NOW + 100), MW_UNAUTHORIZED);
    mw_access_set(&access, NULL, 0, NOW);
    MW_CHECK_STATUS(check(&access, "Bearer mw_rules", MW_SCOPE_READ, NOW), MW_UNAUTHORIZED);
}
