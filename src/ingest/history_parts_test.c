#include "ingest/history_parts.h"

#include <string.h>

#include "base/prng.h"
#include "ingest/shop_log_test.h"

enum { FILES = 3, VISITS = 40000 };

static const char *const project = "project: shop\n"
                                   "streams:\n"
                                   "  orders: {from: orders*.csv, time: at, id: order}\n"
                                   "  visits: {from: visits*.csv, time: at}\n";

/* Visits of some days, which overlap those of the file before; some have one time. */
static void write_visits(shop *f, int file, uint64_t *prng) {
    mw_buf text;
    char name[40];
    mw_buf_init(&text, 1 << 24);
    mw_buf_append_text(&text, "at,page\n");
    for (size_t i = 0; i < VISITS; i++) {
        int64_t second = file * 20000 + (int64_t)mw_prng_below(prng, 40000);
        mw_buf_printf(&text, "2024-01-01T%02lld:%02lld:%02lldZ,p%d\n", (long long)(second / 3600),
                      (long long)(second / 60 % 60), (long long)(second % 60), file);
    }
    snprintf(name, sizeof name, "visits%d.csv", file);
    shop_write_file(f, name, mw_buf_str(&text).data);
    mw_buf_release(&text);
}

static void set_up(shop *f, size_t file_count) {
    uint64_t prng = mw_test_seed();
    shop_set_up(f, NULL);
    shop_write_file(f, "orders1.csv",
                    "order,at\no1,2024-01-01T03:00:00Z\no2,2024-01-01T04:00:00Z\n");
    for (size_t i = 0; i < file_count; i++) {
        write_visits(f, (int)i, &prng);
        shop_compile(f, project);
        MW_CHECK_OK(shop_ingest(f), &f->err);
    }
}

static mw_history_parts *open_parts(shop *f, size_t part_events, mw_history *out_history) {
    mw_history_parts_wish wish = {f->state, f->program, f->symbols, part_events};
    mw_history_parts *parts;
    MW_CHECK_OK(mw_history_parts_open(wish, out_history, &parts, &f->err), &f->err);
    return parts;
}

static void check_event(mw_event is, mw_event was) {
    MW_CHECK_EQUAL_INT(is.stream, was.stream);
    MW_CHECK_EQUAL_INT(is.place, was.place);
    MW_CHECK(is.time == was.time && is.known == was.known && !is.replaced);
    MW_CHECK(memcmp(is.row, was.row, 2 * sizeof *is.row) == 0);
}

/* The parts one after the other are the whole, and no place is in two of them. */
MW_TEST(history_parts_are_the_history) {
    shop f;
    mw_history whole, history;
    mw_events events;
    set_up(&f, FILES);
    MW_CHECK_OK(mw_history_load(f.state, f.program, f.symbols, &whole, &events, &f.err), &f.err);
    mw_history_parts *parts = open_parts(&f, 1, &history);
    MW_CHECK(parts);
    mw_event_parts *in = mw_history_parts_events(parts);
    int32_t visits = mw_program_find_stream(f.program, MW_STR("visits"));
    MW_CHECK_EQUAL_INT(mw_history_parts_count(parts, visits), FILES * VISITS);
    MW_CHECK_EQUAL_INT(mw_history_parts_first_place(parts), mw_events_at(&events, 0).place);
    MW_CHECK_EQUAL_INT(in->last_place, mw_events_at(&events, events.event_count - 1).place);
    MW_CHECK_EQUAL_STR(mw_str_of(history.version), whole.version);
    const mw_events *given = NULL, *before = NULL;
    size_t at = 0, part_count = 0;
    for (int64_t last = INT64_MIN;; part_count++) {
        const mw_events *part;
        MW_CHECK_OK(in->next(in, &part, &f.err), &f.err);
        if (!part) break;
        before = given;
        given = part;
        MW_CHECK(mw_events_at(part, 0).place > last);
        for (size_t i = 0; i < part->event_count; i++)
            check_event(mw_events_at(part, i), mw_events_at(&events, at++));
        last = mw_events_at(part, part->event_count - 1).place;
        MW_CHECK(part->event_count >= MW_PART_EVENTS_MIN || at == events.event_count);
    }
    MW_CHECK_EQUAL_INT(at, events.event_count);
    MW_CHECK(part_count >= 3);
    MW_CHECK(before->event_count >= MW_PART_EVENTS_MIN); /* both stand beyond the end */
    MW_CHECK(mw_events_at(before, 0).place < mw_events_at(given, 0).place);
    mw_history_parts_close(parts);
    mw_events_release(&events);
    shop_tear_down(&f);
}

/* What came over the network belongs among the lake's events: then there are no parts. */
MW_TEST(history_parts_are_not_there_when_the_log_has_events) {
    shop f;
    mw_history history;
    shop_log log;
    set_up(&f, 1);
    mw_history_parts *parts = open_parts(&f, 0, &history);
    MW_CHECK(parts);
    mw_history_parts_close(parts);
    int64_t place = 1800000000 * MW_SECOND_US;
    shop_log_open(&log, &f);
    shop_log_begin(&log, MW_CONTROL_BEGIN_VIRTUAL, place, place);
    shop_log_visit(&log, "b", place + 1);
    shop_log_close(&log);
    MW_CHECK(!open_parts(&f, 0, &history));
    shop_tear_down(&f);
}

MW_TEST(history_parts_of_nothing_are_none) {
    shop f;
    mw_history history;
    const mw_events *part;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", "order,at\no1,2024-01-01T03:00:00Z\n");
    shop_write_file(&f, "visits1.csv", "at,page\n2024-01-01T03:00:00Z,p\n");
    shop_compile(&f, project);
    mw_history_parts *parts = open_parts(&f, 0, &history);
    mw_event_parts *in = mw_history_parts_events(parts);
    MW_CHECK_EQUAL_INT(mw_history_parts_first_place(parts), INT64_MAX);
    MW_CHECK_OK(in->next(in, &part, &f.err), &f.err);
    MW_CHECK(!part && in->last_place == INT64_MIN);
    mw_history_parts_close(parts);
    shop_tear_down(&f);
}
