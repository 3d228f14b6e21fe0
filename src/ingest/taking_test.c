#include "ingest/taking.h"

#include "ingest/shop_test.h"

static mw_ingest_config config_of(shop *f) {
    return (mw_ingest_config){.state = f->state, .project = f->project, .program = f->program,
                              .symbols = f->symbols, .zones = f->zones, .folder = f->folder};
}

/* Two files of one taking know each other's ids, and nothing reaches the lake. */
MW_TEST(taking_settles_ids_across_its_files) {
    shop f;
    char path[500];
    mw_taking taking;
    size_t stream_events[8] = {0};
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    mw_ingest_config config = config_of(&f);
    mw_arena_init(&f.report.arena, 1 << 20);
    f.report.stream_events = stream_events;
    mw_taking_plan plan = {(const bool[]){true, true}, 2000};
    MW_CHECK_OK(mw_taking_init(&taking, &config, &f.report, plan, &f.err), &f.err);

    snprintf(path, sizeof path, "%s/orders1.csv", f.folder);
    mw_taking_file file = {.source = 0, .file = {MW_STR("a"), path}, .size = 1000};
    MW_CHECK_OK(mw_take_file(&taking, &file, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(taking.done, 1000);
    MW_CHECK(taking.progress.total == 2000 && taking.progress.done >= 500);
    size_t fresh = taking.fresh.event_count;
    file.file.name = MW_STR("b");
    MW_CHECK_OK(mw_take_file(&taking, &file, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(taking.fresh.event_count, fresh);
    MW_CHECK_EQUAL_INT(f.report.files[0].event_count, 2);
    MW_CHECK_EQUAL_INT(f.report.files[1].event_count, 0);
    MW_CHECK_EQUAL_INT(f.report.files[1].repeats, 3);
    MW_CHECK_EQUAL_INT(stream_events[0], 2);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders"), 0);
    mw_taking_release(&taking);
    shop_tear_down(&f);
}

MW_TEST(taking_refuses_repeats_where_ids_must_be_unique) {
    shop f;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, "project: p\nstreams:\n"
                     "  visits: {from: visits.csv, time: at, id: page, checks: {id: unique}}\n");
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.quarantined, 1);
    MW_CHECK(shop_has_reason(&f, "id: must be unique"));
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "visits"), 1);
    shop_tear_down(&f);
}

/* A field that is worked out and cannot be kept is not missing: the ingest ends, with nothing. */
MW_TEST(taking_ends_where_a_text_is_lost) {
    static const char *const projects[] = {
        "project: p\nstreams:\n  visits: {from: visits.csv, time: at,\n"
        "    fields: {who: 'concat(page, \" was here on that very day\")'}}\n",
        "project: p\nstreams:\n  visits: {from: visits.csv, time: at,\n"
        "    where: 'concat(page, \" was here on that day\") = page'}\n"};
    for (size_t i = 0; i < 2; i++) {
        shop f;
        char text[32];
        shop_set_up(&f, NULL);
        shop_write_file(&f, "visits.csv", shop_first_visits);
        shop_compile(&f, projects[i]);
        MW_CHECK(mw_symbols_intern(f.symbols, MW_STR("a")) != 0);
        for (int n = 0;; n++) {
            int size = snprintf(text, sizeof text, "%d", n);
            if (mw_symbols_intern(f.symbols, (mw_str){text, (size_t)size}) == 0) break;
        }
        MW_CHECK_STATUS(shop_ingest(&f), MW_NO_MEMORY);
        MW_CHECK(strstr(f.err.message, "\"a was here"));
        MW_CHECK_EQUAL_INT(shop_event_count(&f, "visits"), 0);
        shop_tear_down(&f);
    }
}
