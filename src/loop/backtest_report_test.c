#include "loop/backtest_report.h"

#include <yyjson.h>

#include "loop/backtest_world_test.h"

static backtest_world world;

static mw_backtest_report report_of(mw_backtest_result *result) {
    mw_policy policies[MW_POLICY_COUNT];
    mw_error err;
    backtest_world_begin(&world);
    mw_policies(&world.model.retrain, policies);
    mw_backtest_config config = backtest_world_config(&world, policies, MW_POLICY_COUNT);
    MW_CHECK_OK(mw_backtest_run(&config, &world.arena, result, &err), &err);
    return (mw_backtest_report){
        MW_STR("visits"), MW_STR("0.1"), &world.model, mw_zone_utc(), 1, result};
}

MW_TEST(backtest_report_is_json_that_says_what_the_result_does) {
    mw_backtest_result result;
    mw_backtest_report report = report_of(&result);
    mw_buf json;
    mw_buf_init(&json, 1 << 24);
    mw_backtest_report_json(&report, &json);
    yyjson_doc *doc = yyjson_read(json.data, json.size, 0);
    MW_CHECK(doc != NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    MW_CHECK_EQUAL_STR(yyjson_get_str(yyjson_obj_get(root, "from")), "1970-01-31");
    MW_CHECK_EQUAL_STR(yyjson_get_str(yyjson_obj_get(root, "to")), "1970-06-19");
    yyjson_val *lanes = yyjson_obj_get(root, "policies");
    MW_CHECK_EQUAL_INT(yyjson_arr_size(lanes), MW_POLICY_COUNT);
    for (size_t i = 0; i < MW_POLICY_COUNT; i++) {
        yyjson_val *lane = yyjson_arr_get(lanes, i);
        MW_CHECK_EQUAL_INT(yyjson_get_int(yyjson_obj_get(lane, "retrains")),
                           result.lanes[i].retrains);
        MW_CHECK(yyjson_get_num(yyjson_obj_get(lane, "cost")) == result.lanes[i].cost);
        MW_CHECK_EQUAL_INT(yyjson_arr_size(yyjson_obj_get(lane, "by_month")),
                           result.lanes[i].month_count);
        MW_CHECK_EQUAL_INT(yyjson_arr_size(yyjson_obj_get(lane, "by_day")), 140);
        MW_CHECK_EQUAL_INT(yyjson_arr_size(yyjson_obj_get(lane, "log")), result.lanes[i].log_count);
    }
    yyjson_val *entry = yyjson_arr_get(yyjson_obj_get(yyjson_arr_get(lanes, 1), "log"), 0);
    MW_CHECK_EQUAL_STR(yyjson_get_str(yyjson_obj_get(entry, "kind")), "trained");
    MW_CHECK_EQUAL_STR(yyjson_get_str(yyjson_obj_get(entry, "day")), "1970-02-01");
    yyjson_doc_free(doc);
    mw_buf_release(&json);
    backtest_world_end(&world);
}
