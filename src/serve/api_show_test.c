#include "serve/shop_call_test.h"

enum { PATH_SIZE = 64 };

/* Records a prediction for event 7, and says where it is shown. */
static void predict(shop *s, char out_path[PATH_SIZE]) {
    static const char shown[] = "/v1/predictions/";
    mw_str made = shop_call(s, MW_HTTP_POST, "/v1/models/quick/predict",
                            "{\"event\": {\"shop\": \"a\", \"number\": 7, "
                            "\"at\": \"1970-04-11T00:00:00Z\"}}", 200);
    snprintf(out_path, PATH_SIZE, "%s%.*s", shown, (int)MW_PREDICTION_ID_SIZE,
             made.data + strlen("{\"id\":\""));
}

MW_TEST(api_shows_a_prediction_by_id_and_by_event) {
    shop s;
    shop_set_up(&s);
    char path[PATH_SIZE];
    predict(&s, path);
    mw_str shown = shop_call(&s, MW_HTTP_GET, path, "", 200);
    MW_CHECK(shop_says(shown, "\"event\":\"7\",\"t\":\"1970-04-11T00:00:00Z\""));
    MW_CHECK(shop_says(shown, "\"features\":{\"busy\":0},\"not_proved_exact\":[]}"));
    shown = shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=7", "", 200);
    MW_CHECK(shop_says(shown, "{\"predictions\":[{\"id\":\"p"));
    MW_CHECK(!shop_says(shown, "\"why\""));
    shown = shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=7&explain=true", "", 200);
    MW_CHECK(shop_says(shown, "[],\"why\":{\"expected\":1,\"reasons\":[],\"others\":0}}]}"));
    MW_CHECK_EQUAL_STR(shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=7&model=late", "", 200),
                       "{\"predictions\":[]}");
    shop_call(&s, MW_HTTP_GET, "/v1/predictions?model=late", "", 422);
    shop_call(&s, MW_HTTP_GET, "/v1/predictions/p0000000000000", "", 404);
    shop_tear_down(&s);
}

MW_TEST(api_shows_a_predictions_reasons_when_it_is_asked) {
    static const struct {
        const char *query, *says;
        int code;
    } asked[] = {
        {"?explain=true", "[],\"why\":{\"expected\":1,\"reasons\":[],\"others\":0}}", 200},
        {"?explain=false", "\"not_proved_exact\":[]}", 200},
        {"?explain=yes", "explain: must be true or false, got \\\"yes\\\"", 422},
        {"?explain", "explain: must be true or false, got \\\"\\\"", 422},
        {"?explian=true", "query: has no \\\"explian\\\"\",\"hint\":\"Did you mean explain?", 422},
        {"?explain=true&explain=false", "explain: must be given once", 422},
    };
    shop s;
    shop_set_up(&s);
    char path[PATH_SIZE], with_query[2 * PATH_SIZE];
    predict(&s, path);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        snprintf(with_query, sizeof with_query, "%s%s", path, asked[i].query);
        MW_CHECK(shop_says(shop_call(&s, MW_HTTP_GET, with_query, "", asked[i].code),
                           asked[i].says));
    }
    shop_tear_down(&s);
}

/* It was made, and promised to be there: that is a fault of ours, and no wrong id. */
MW_TEST(api_tells_of_a_prediction_that_the_log_has_lost) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    char path[PATH_SIZE];
    predict(&s, path);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    MW_CHECK_OK(mw_sys_rename(s.sys, "log", "aside", &err), &err);
    mw_str shown = shop_call(&s, MW_HTTP_GET, path, "", 500);
    MW_CHECK(shop_says(shown, "\"detail\":\"log: log/"));
    shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=7", "", 500);
    MW_CHECK_OK(mw_sys_rename(s.sys, "aside", "log", &err), &err);
    shop_call(&s, MW_HTTP_GET, path, "", 200);
    shop_tear_down(&s);
}

/* Positions are kept for as long as a log lives, in files of their own. */
MW_TEST(api_shows_no_record_but_the_predictions_own) {
    shop s;
    mw_error err;
    mw_str payload;
    char path[PATH_SIZE];
    shop_set_up(&s);
    predict(&s, path);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    const mw_ledger_found *found = NULL;
    MW_CHECK_OK(mw_ledger_find_event(mw_sequencer_ledger(s.sequencer), MW_STR("quick"),
                                     MW_STR("7"), &found, &err), &err);
    mw_ledger_found wrong = *found;
    MW_CHECK_OK(mw_sequencer_read_prediction(s.sequencer, found, &payload, &err), &err);
    wrong.stamp--;
    MW_CHECK_STATUS(mw_sequencer_read_prediction(s.sequencer, &wrong, &payload, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "log: something else stands where a prediction was");
    shop_tear_down(&s);
}

/* What it does not know, or knows twice, would else find something else in silence. */
MW_TEST(api_finds_predictions_by_what_it_knows_only) {
    static const struct {
        const char *query, *says;
        int code;
    } bad[] = {
        {"?event=7&event=8", "\"detail\":\"event: must be given once\"", 422},
        {"?event=7&%65vent=8", "\"detail\":\"event: must be given once\"", 422},
        {"?event=&event=7", "\"detail\":\"event: must be given once\"", 422},
        {"?model=late&event=7&model=quick", "\"detail\":\"model: must be given once\"", 422},
        {"?event=7&modle=late", "query: has no \\\"modle\\\"\",\"hint\":\"Did you mean ", 422},
        {"?event=7&Event=7", "query: has no \\\"Event\\\"\"", 422},
        {"?event=7&=", "query: has no \\\"\\\"\"", 422},
        {"?event=7&a%=1", "query: has no \\\"a%\\\"\"", 422},
        {"?event=7%", "\"detail\":\"event: is wrongly escaped or too long\"", 400},
    };
    shop s;
    shop_set_up(&s);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[100];
        snprintf(path, sizeof path, "/v1/predictions%s", bad[i].query);
        mw_str answer = shop_call(&s, MW_HTTP_GET, path, NULL, bad[i].code);
        MW_CHECK(shop_says(answer, bad[i].says));
    }
    mw_str none = MW_STR("{\"predictions\":[]}");
    MW_CHECK_EQUAL_STR(shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=7", NULL, 200), none);
    MW_CHECK_EQUAL_STR(shop_call(&s, MW_HTTP_GET, "/v1/predictions?&%6dodel=quick&event=%37&",
                                 NULL, 200), none);
    mw_str unknown = shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=7&model=quik", NULL, 404);
    MW_CHECK(shop_says(unknown, "model: there is no \\\"quik\\\"") &&
             shop_says(unknown, "Did you mean quick?"));
    unknown = shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=7&model=", NULL, 404);
    MW_CHECK(shop_says(unknown, "/v1/models shows those that there are."));
    shop_tear_down(&s);
}

MW_TEST(api_shows_models_and_streams) {
    shop s;
    shop_set_up(&s);
    mw_str shown = shop_call(&s, MW_HTTP_GET, "/v1/models", "", 200);
    MW_CHECK(shop_says(shown, "\"name\":\"quick\"") && shop_says(shown, "\"asked\":false"));
    shown = shop_call(&s, MW_HTTP_GET, "/v1/models/late", "", 200);
    MW_CHECK(shop_says(shown, "\"features\":[{\"name\":\"busy\",\"type\":\"number\","
                              "\"proved_exact\":true}]"));
    shown = shop_call(&s, MW_HTTP_GET, "/v1/streams", "", 200);
    MW_CHECK(shop_says(shown, "{\"name\":\"orders\",\"id\":[\"number\"],\"columns\":["));
    shop_tear_down(&s);
}
