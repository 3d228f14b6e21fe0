#include "serve/shop_call_test.h"

typedef struct {
    mw_buf said; /* what the wish pointed to */
    char before[MW_VERSION_NAME_SIZE + 1];
    mw_status status;
    mw_pause *pause;
    size_t count;
} registrar;

/* One that takes its time is left in a pause first. */
static mw_status change(void *context, const mw_stage_wish *wish, mw_pause **pause,
                        mw_stage_change *out_change, mw_error *err) {
    registrar *r = context;
    r->count++;
    if (r->pause && !*pause) {
        *pause = r->pause;
        return MW_OK;
    }
    MW_CHECK(*pause == r->pause);
    *pause = NULL;
    mw_buf_clear(&r->said);
    mw_buf_printf(&r->said, "%.*s|%.*s|%.*s", MW_STR_ARGS(wish->model), MW_STR_ARGS(wish->version),
                  MW_STR_ARGS(wish->why));
    if (r->status != MW_OK) return mw_fail(err, r->status, "catalog: no");
    *out_change = (mw_stage_change){"abcdef012345", ""};
    memcpy(out_change->before, r->before, sizeof r->before);
    return MW_OK;
}

static mw_status list(void *context, mw_str model, mw_arena *arena, mw_version_row **out_versions,
                      size_t *out_count, mw_error *err) {
    registrar *r = context;
    MW_CHECK_EQUAL_STR(model, "quick");
    if (r->status != MW_OK) return mw_fail(err, r->status, "catalog: no");
    mw_version_row *rows = mw_arena_alloc(arena, 2, sizeof *rows);
    rows[0] = (mw_version_row){.version = MW_STR("abcdef012345"),
                               .stage = MW_STR(MW_STAGE_CANDIDATE),
                               .created_us = 86400000001,
                               .run = 2};
    rows[1] = (mw_version_row){
        .version = MW_STR("0123456789ab"), .stage = MW_STR(MW_STAGE_CHAMPION), .run = 1};
    *out_versions = rows;
    *out_count = 2;
    return MW_OK;
}

static void set_up(shop *s, registrar *r) {
    shop_set_up(s);
    *r = (registrar){.before = "012345abcdef"};
    mw_buf_init(&r->said, 1000);
    s->api.change = change;
    s->api.list = list;
    s->api.stage_context = r;
}

static void tear_down(shop *s, registrar *r) {
    mw_buf_release(&r->said);
    shop_tear_down(s);
}

static const char promote[] = "/v1/models/quick/promote", rollback[] = "/v1/models/quick/rollback";

MW_TEST(api_changes_champions) {
    static const char none[] = "{\"model\":\"quick\",\"champion\":\"abcdef012345\","
                               "\"replaced\":null,\"answers\":true}";
    shop s;
    registrar r;
    set_up(&s, &r);
    mw_str answer = shop_call(&s, MW_HTTP_POST, promote,
                              "{\"version\": \"abc\", \"why\": \"better\"}", 200);
    MW_CHECK_EQUAL_STR(answer, "{\"model\":\"quick\",\"champion\":\"abcdef012345\","
                               "\"replaced\":\"012345abcdef\",\"answers\":true}");
    MW_CHECK_EQUAL_STR(mw_buf_str(&r.said), "quick|abc|better");
    memset(r.before, 0, sizeof r.before); /* the first one replaces none */
    answer = shop_call(&s, MW_HTTP_POST, rollback, "", 200);
    MW_CHECK_EQUAL_STR(answer, none);
    MW_CHECK_EQUAL_STR(mw_buf_str(&r.said), "quick||");
    memcpy(r.before, "abcdef012345", sizeof r.before); /* it was champion already */
    answer = shop_call(&s, MW_HTTP_POST, rollback, "", 200);
    MW_CHECK_EQUAL_STR(answer, none);
    shop_call(&s, MW_HTTP_POST, rollback, "{\"why\": \"worse\"}", 200);
    MW_CHECK_EQUAL_STR(mw_buf_str(&r.said), "quick||worse");
    tear_down(&s, &r);
}

MW_TEST(api_changes_no_champion_on_a_wrong_request) {
    static const char *const wrong[] = {"{}", "[]", "{\"version\": 5}", "{\"version\": \"\"}",
                                        "{\"version\": \"a\", \"why\": 1}"};
    shop s;
    registrar r;
    set_up(&s, &r);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        shop_call(&s, MW_HTTP_POST, promote, wrong[i], 422);
    shop_call(&s, MW_HTTP_POST, promote, "", 400);
    shop_call(&s, MW_HTTP_POST, rollback, "{", 400);
    shop_call(&s, MW_HTTP_POST, "/v1/models/quack/rollback", "", 404);
    MW_CHECK_EQUAL_INT(r.count, 0);
    r.status = MW_NOT_FOUND;
    shop_call(&s, MW_HTTP_POST, rollback, "", 404);
    r.status = MW_BUSY;
    shop_call(&s, MW_HTTP_POST, rollback, "", 503);
    MW_CHECK_EQUAL_STR(mw_buf_str(&s.response.headers), "Retry-After: 1\r\n");
    tear_down(&s, &r);
}

MW_TEST(api_lists_a_models_versions) {
    static const char versions[] = "/v1/models/quick/versions";
    shop s;
    registrar r;
    set_up(&s, &r);
    MW_CHECK_EQUAL_STR(
        shop_call(&s, MW_HTTP_GET, versions, "", 200),
        ("{\"model\":\"quick\",\"versions\":["
         "{\"version\":\"abcdef012345\",\"stage\":\"candidate\","
         "\"created\":\"1970-01-02T00:00:00.000001Z\",\"run\":2},"
         "{\"version\":\"0123456789ab\",\"stage\":\"champion\","
         "\"created\":\"1970-01-01T00:00:00Z\",\"run\":1}]}"));
    shop_call(&s, MW_HTTP_GET, "/v1/models/quack/versions", "", 404);
    r.status = MW_BUSY;
    shop_call(&s, MW_HTTP_GET, versions, "", 503);
    tear_down(&s, &r);
}
