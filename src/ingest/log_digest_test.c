#include "ingest/log_digest.h"

#include <string.h>

#include "ingest/shop_log_test.h"

/* The digest of all events of the shop's log behind what `lake` says that it has. */
static mw_log_digest digest_of(shop *f, const mw_lake_snapshot *lake) {
    char folder[600];
    mw_log_events *events;
    mw_log_scan *scan;
    mw_log_digest digest = mw_log_digest_of_lake(lake);
    snprintf(folder, sizeof folder, "%s/log", f->state_folder);
    MW_CHECK_OK(mw_log_events_create(f->program, f->symbols, &events, &f->err), &f->err);
    MW_CHECK_OK(mw_log_scan_begin(mw_sys_real(), folder, INT64_MIN, &scan, &f->err), &f->err);
    for (bool has_record = true; has_record;) {
        mw_record record = {.type = MW_RECORD_CONTROL};
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has_record, &f->err), &f->err);
        if (has_record && record.type == MW_RECORD_DEFINITION)
            MW_CHECK_OK(mw_log_events_learn(events, &record, &f->err), &f->err);
        if (has_record && record.type == MW_RECORD_EVENT && record.place > lake->log_through)
            mw_log_digest_add(&digest, mw_log_events_meaning(events, &record), &record);
    }
    mw_log_scan_end(scan);
    mw_log_events_destroy(events);
    return digest;
}

/* A shop whose log has visits to the pages of these letters, at places 10, 20 ... */
static void set_up(shop *f, const char *name, const char *pages) {
    char folder[400];
    shop_log log;
    snprintf(folder, sizeof folder, "%s/%s", mw_test_directory(), name);
    MW_CHECK_OK(mw_sys_make_folder(mw_sys_real(), folder, NULL), NULL);
    shop_set_up(f, folder);
    shop_write_file(f, "orders1.csv", shop_first_orders);
    shop_write_file(f, "visits.csv", shop_first_visits);
    shop_compile(f, shop_orders);
    shop_log_open(&log, f);
    shop_log_begin(&log, MW_CONTROL_BEGIN_WALL, 3, 5);
    for (int64_t i = 0; pages[i]; i++)
        shop_log_visit(&log, (char[]){pages[i], 0}, 10 * (i + 1));
    shop_log_close(&log);
}

/* In two halves or at once, in whatever log: the events say it. */
MW_TEST(log_digest_goes_on_where_the_lake_has_it) {
    mw_lake_snapshot nothing = {.log_through = INT64_MIN};
    mw_log_digest digests[4];
    const char *pages[4] = {"abca", "abca", "abc", "abcb"};
    for (size_t i = 0; i < 4; i++) {
        shop f;
        char name[8];
        snprintf(name, sizeof name, "shop%zu", i);
        set_up(&f, name, pages[i]);
        digests[i] = digest_of(&f, &nothing);
        mw_lake_snapshot half = {.log_through = 40};
        memcpy(half.log_digest, digests[2].hex, sizeof half.log_digest);
        if (i == 2) MW_CHECK_EQUAL_STR(mw_str_of(digest_of(&f, &half).hex), digests[2].hex);
        shop_tear_down(&f);
    }
    MW_CHECK_EQUAL_STR(mw_str_of(digests[0].hex), digests[1].hex);
    MW_CHECK(strcmp(digests[0].hex, digests[2].hex) != 0);
    MW_CHECK(strcmp(digests[0].hex, digests[3].hex) != 0);

    shop whole;
    set_up(&whole, "whole", "abca");
    mw_lake_snapshot moved = {.log_through = 30};
    memcpy(moved.log_digest, digests[2].hex, sizeof moved.log_digest);
    MW_CHECK_EQUAL_STR(mw_str_of(digest_of(&whole, &moved).hex), digests[0].hex);
    shop_tear_down(&whole);
}

MW_TEST(log_digest_and_the_lake_make_a_data_version) {
    mw_lake_snapshot lake = {.version = "abc"};
    mw_log_digest none = {""}, some = {"1"}, other = {"2"};
    char version[MW_SHA256_HEX_SIZE + 1], second[MW_SHA256_HEX_SIZE + 1];
    mw_data_version(&lake, &none, version);
    MW_CHECK_EQUAL_STR(mw_str_of(version), "abc");
    mw_data_version(&lake, &some, version);
    mw_data_version(&lake, &other, second);
    MW_CHECK(strlen(version) == MW_SHA256_HEX_SIZE && strcmp(version, second) != 0);
    lake.version[0] = 'b';
    mw_data_version(&lake, &some, second);
    MW_CHECK(strcmp(version, second) != 0);
}
