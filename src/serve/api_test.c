#include "serve/shop_call_test.h"

MW_TEST(api_tells_health_and_counts) {
    shop s;
    shop_set_up(&s);
    MW_CHECK(shop_says(shop_call(&s, MW_HTTP_GET, "/healthz", "", 200), "\"ok\""));
    MW_CHECK(shop_says(shop_call(&s, MW_HTTP_GET, "/readyz", "", 200), "\"ok\""));
    shop_call(&s, MW_HTTP_POST, "/v1/events/orders",
              "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-10T00:00:00Z\"}", 200);
    mw_str counts = shop_call(&s, MW_HTTP_GET, "/metrics", "", 200);
    MW_CHECK(shop_says(counts, "millwright_rows_total{result=\"accepted\"} 1\n"));
    MW_CHECK(shop_says(counts, "millwright_log_events_total 1\n"));
    shop_tear_down(&s);
}

MW_TEST(api_moves_a_virtual_clock_forward_only) {
    shop s;
    shop_set_up(&s);
    const char *path = "/v1/clock";
    MW_CHECK_EQUAL_STR(shop_call(&s, MW_HTTP_POST, path,
                                 "{\"now\": \"1970-04-12T00:00:00Z\"}", 200),
                       "{\"clock\":\"1970-04-12T00:00:00Z\"}");
    shop_call(&s, MW_HTTP_POST, path, "{\"now\": \"1970-04-11T00:00:00Z\"}", 422);
    shop_call(&s, MW_HTTP_POST, path, "{\"now\": \"1970-04-13\"}", 422);
    shop_call(&s, MW_HTTP_POST, path, "{\"now\": 5}", 422);
    shop_call(&s, MW_HTTP_POST, path, "now", 422);
    shop_call(&s, MW_HTTP_GET, path, "", 405);
    shop_tear_down(&s);
}

MW_TEST(api_is_not_ready_when_memory_and_log_have_parted) {
    shop s;
    shop_set_up(&s);
    mw_simulated_set_disk_size_max(s.sys, mw_simulated_disk_size(s.sys));
    shop_call(&s, MW_HTTP_POST, "/v1/clock", "{\"now\": \"1970-04-12T00:00:00Z\"}", 200);
    MW_CHECK_STATUS(mw_sequencer_commit(s.sequencer, NULL), MW_NO_SPACE);
    shop_call(&s, MW_HTTP_GET, "/readyz", "", 503);
    shop_call(&s, MW_HTTP_GET, "/healthz", "", 200);
    shop_tear_down(&s);
}

MW_TEST(api_says_that_the_server_is_not_ready_yet) {
    shop s;
    shop_set_up(&s);
    s.api.service = NULL;
    shop_call(&s, MW_HTTP_GET, "/healthz", "", 200);
    mw_str ready = shop_call(&s, MW_HTTP_GET, "/readyz", "", 503);
    MW_CHECK(shop_says(ready, "the server is not ready: windows of a new version are filled"));
    shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", "{}", 503);
    MW_CHECK(shop_says(mw_buf_str(&s.response.headers), "Retry-After: 1\r\n"));
    shop_call(&s, MW_HTTP_GET, "/metrics", "", 503);
    shop_tear_down(&s);
}
