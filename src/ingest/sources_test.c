#include "ingest/sources.h"

#include <stdio.h>

#include "testing/test.h"

MW_TEST(sources_patterns_fit_as_shells_fit_them) {
    MW_CHECK(mw_pattern_fits(MW_STR("*.csv"), MW_STR("a.csv")));
    MW_CHECK(mw_pattern_fits(MW_STR("a*b*c"), MW_STR("aXbbYbZc")));
    MW_CHECK(mw_pattern_fits(MW_STR("2013-??.csv"), MW_STR("2013-01.csv")));
    MW_CHECK(mw_pattern_fits(MW_STR("*"), MW_STR("")));
    MW_CHECK(!mw_pattern_fits(MW_STR("*.csv"), MW_STR("a.csv.gz")));
    MW_CHECK(!mw_pattern_fits(MW_STR("a?"), MW_STR("a")));
    MW_CHECK(!mw_pattern_fits(MW_STR(""), MW_STR("a")));
}

static void touch(const char *folder, const char *name) {
    char path[512];
    mw_error err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, MW_STR("a\n1\n"), &err), &err);
}

MW_TEST(sources_come_in_order) {
    mw_arena arena;
    mw_error err;
    mw_source_list list = {0};
    const char *folder = mw_test_directory();
    mw_arena_init(&arena, 1 << 20);
    touch(folder, "b2.csv");
    touch(folder, "b10.csv");
    touch(folder, "a.csv");
    touch(folder, "c.parquet");
    mw_sys *sys = mw_sys_real();
    MW_CHECK_OK(mw_sources_add(sys, folder, MW_STR("z.csv"), &arena, &list, &err), &err);
    MW_CHECK_OK(mw_sources_add(sys, folder, MW_STR("./*.csv"), &arena, &list, &err), &err);
    MW_CHECK_OK(mw_sources_add(sys, folder, MW_STR("c.*"), &arena, &list, &err), &err);
    static const char *const names[] = {"z.csv", "./a.csv", "./b10.csv", "./b2.csv", "c.parquet"};
    MW_CHECK_EQUAL_INT(list.count, 5);
    for (size_t i = 0; i < 5; i++) MW_CHECK_EQUAL_STR(list.files[i].name, names[i]);
    MW_CHECK(mw_str_ends(mw_str_of(list.files[3].path), MW_STR("/b2.csv")));

    MW_CHECK_STATUS(mw_sources_add(sys, folder, MW_STR("*.txt"), &arena, &list, &err),
                    MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(err.message, "from: no file fits *.txt");
    MW_CHECK_STATUS(mw_sources_add(sys, folder, MW_STR("kafka://topic"), &arena, &list, &err),
                    MW_NOT_BUILT);
    MW_CHECK_EQUAL_STR(err.message, "from: reading kafka:// is not built yet");
    mw_arena_release(&arena);
}
