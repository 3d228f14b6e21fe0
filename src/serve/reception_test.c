#include "serve/shop_call_test.h"

static mw_status take(shop *s, mw_reception *reception, const char *text, mw_received *received,
                      mw_error *err) {
    (void)s;
    yyjson_doc *doc = shop_row(text);
    mw_sent_row row = mw_sent_json(yyjson_doc_get_root(doc));
    mw_status status = mw_reception_take(reception, 0, row, received, err);
    yyjson_doc_free(doc);
    return status;
}

MW_TEST(reception_makes_the_events_that_a_row_has) {
    shop s;
    mw_error err;
    mw_reception *reception;
    mw_received received;
    shop_set_up(&s);
    mw_reception_config config = {&s.project, s.program, s.symbols, s.zones};
    MW_CHECK_OK(mw_reception_create(config, &reception, &err), &err);
    MW_CHECK_OK(take(&s, reception, "{\"number\": 1, \"at\": \"1970-01-02T00:00:00Z\"}",
                     &received, &err), &err);
    MW_CHECK(received.count == 2 && received.events[0].row && !received.events[1].row);
    MW_CHECK(received.events[0].time == MW_DAY_US && received.events[0].known == MW_DAY_US);
    MW_CHECK_OK(take(&s, reception, "{\"number\": 1, \"at\": \"1970-01-02T00:00:00Z\", "
                     "\"refund\": 3}", &received, &err), &err);
    MW_CHECK(received.events[1].row && received.events[1].time == 3 * MW_DAY_US);

    static const struct {
        const char *text, *message;
        mw_status status;
    } cases[] = {{"{\"number\": 1}", "time: at must be there", MW_INVALID},
                 {"{\"at\": \"1970-01-02T00:00:00Z\"}", "id: number must be there", MW_INVALID},
                 {"{\"number\": -1, \"at\": \"1970-01-02T00:00:00Z\"}",
                  "number: must be at least 0, got \"-1\"", MW_CHECK_FAILED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        MW_CHECK_STATUS(take(&s, reception, cases[i].text, &received, &err), cases[i].status);
        MW_CHECK_EQUAL_STR(err.message, cases[i].message);
    }
    mw_reception_destroy(reception);
    shop_tear_down(&s);
}

static mw_status make(void *context) {
    const shop *s = context;
    mw_reception *reception = NULL;
    mw_reception_config config = {&s->project, s->program, s->symbols, s->zones};
    MW_TRY(mw_reception_create(config, &reception, NULL));
    mw_reception_destroy(reception);
    return MW_OK;
}

MW_TEST(reception_survives_each_failing_allocation) {
    shop s;
    shop_set_up(&s);
    MW_CHECK(mw_test_every_allocation_fails(make, &s) > 1);
    shop_tear_down(&s);
}
