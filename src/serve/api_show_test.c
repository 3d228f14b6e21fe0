#include "serve/shop_call_test.h"

MW_TEST(api_shows_a_prediction_by_id_and_by_event) {
    shop s;
    shop_set_up(&s);
    mw_str made = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict",
                            "{\"event\": {\"shop\": \"a\", \"number\": 7, "
                            "\"at\": \"1970-04-11T00:00:00Z\"}}", 200);
    char path[64] = "/v1/predictions/";
    memcpy(path + strlen(path), made.data + strlen("{\"id\":\""), MW_PREDICTION_ID_SIZE);
    mw_str shown = shop_call(&s, MW_HTTP_GET, path, "", 200);
    MW_CHECK(shop_says(shown, "\"event\":\"7\",\"t\":\"1970-04-11T00:00:00Z\""));
    MW_CHECK(shop_says(shown, "\"features\":{\"busy\":0},\"not_proved_exact\":[]}"));
    shown = shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=7", "", 200);
    MW_CHECK(shop_says(shown, "{\"predictions\":[{\"id\":\"p"));
    MW_CHECK_EQUAL_STR(shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=7&model=late", "", 200),
                       "{\"predictions\":[]}");
    shop_call(&s, MW_HTTP_GET, "/v1/predictions?model=late", "", 422);
    shop_call(&s, MW_HTTP_GET, "/v1/predictions/p0000000000000", "", 404);
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
