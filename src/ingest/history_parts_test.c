#include "ingest/history_parts.h"

#include <string.h>

#include "base/prng.h"
#include "ingest/log_move.h"
#include "ingest/shop_log_test.h"

enum { FILES = 3, VISITS = 40000 };

static const char *const project = "project: shop\n"
                                   "streams:\n"
                                   "  orders: {from: orders*.csv, time: at, id: order}\n"
                                   "  visits: {from: visits*.csv, time: at}\n";

/* Visits of some hours, which overlap those of the file before; some have one time. */
static void write_visits(shop *f, int file, int from, uint64_t *prng) {
    mw_buf text;
    char name[40];
    mw_buf_init(&text, 1 << 24);
    mw_buf_append_text(&text, "at,page\n");
    for (size_t i = 0; i < VISITS; i++) {
        int64_t second = from + (int64_t)mw_prng_below(prng, 40000);
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
        write_visits(f, (int)i, (int)i * 20000, &prng);
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

static void check_event(const mw_events *events, mw_event is, mw_event was) {
    MW_CHECK_EQUAL_INT(is.stream, was.stream);
    MW_CHECK_EQUAL_INT(is.place, was.place);
    MW_CHECK(is.time == was.time && is.known == was.known && !is.replaced == !was.replaced);
    size_t size = events->streams[is.stream].rows.schema->field_count * sizeof *is.row;
    MW_CHECK(memcmp(is.row, was.row, size) == 0);
    if (!is.replaced) return;
    MW_CHECK(is.replaced_time == was.replaced_time && is.replaced_from == was.replaced_from);
    MW_CHECK(memcmp(is.replaced, was.replaced, size) == 0);
}

/* The parts one after the other are the whole, and no place is in two of them. Returns how many
   they are. */
static size_t check_parts(mw_event_parts *in, const mw_events *events) {
    mw_error err;
    const mw_events *given = NULL, *before = NULL;
    size_t at = 0, part_count = 0;
    for (int64_t last = INT64_MIN;; part_count++) {
        const mw_events *part;
        MW_CHECK_OK(in->next(in, &part, &err), &err);
        if (!part) break;
        before = given;
        given = part;
        MW_CHECK(mw_events_at(part, 0).place > last);
        for (size_t i = 0; i < part->event_count; i++)
            check_event(part, mw_events_at(part, i), mw_events_at(events, at++));
        last = mw_events_at(part, part->event_count - 1).place;
        MW_CHECK(part->event_count >= MW_PART_EVENTS_MIN || at == events->event_count);
    }
    MW_CHECK_EQUAL_INT(at, events->event_count);
    if (before) { /* both stand beyond the end */
        MW_CHECK(before->event_count >= MW_PART_EVENTS_MIN);
        MW_CHECK(mw_events_at(before, 0).place < mw_events_at(given, 0).place);
    }
    return part_count;
}

/* Whatever is in lake and log; returns whether all count where they stand. */
static bool check_history(shop *f, size_t *out_part_count) {
    mw_history whole, history;
    mw_events events;
    MW_CHECK_OK(mw_history_load(f->state, f->program, f->symbols, &whole, &events, &f->err),
                &f->err);
    mw_history_parts *parts = open_parts(f, 1, &history);
    mw_event_parts *in = mw_history_parts_events(parts);
    for (size_t i = 0; i < f->program->stream_count; i++)
        MW_CHECK_EQUAL_INT(mw_history_parts_count(parts, (int32_t)i),
                           events.streams[i].rows.row_count);
    MW_CHECK_EQUAL_INT(mw_history_parts_first_place(parts), mw_events_at(&events, 0).place);
    MW_CHECK_EQUAL_INT(in->last_place, mw_events_at(&events, events.event_count - 1).place);
    MW_CHECK_EQUAL_STR(mw_str_of(history.version), whole.version);
    MW_CHECK_EQUAL_INT(history.log.last_event, whole.log.last_event);
    bool counts = mw_events_count_in_place(&events);
    MW_CHECK_EQUAL_INT(in->counts_in_place, counts);
    *out_part_count = check_parts(in, &events);
    mw_history_parts_close(parts);
    mw_events_release(&events);
    return counts;
}

MW_TEST(history_parts_are_the_history) {
    shop f;
    size_t part_count;
    set_up(&f, FILES);
    MW_CHECK(check_history(&f, &part_count));
    MW_CHECK(part_count >= 3);
    shop_tear_down(&f);
}

/* --- random histories ------------------------------------------------------------------- */

enum { WORLDS = 4, CHANGES = 5 };

typedef struct {
    shop shop;
    uint64_t prng;
    int64_t place; /* of the log's last record */
    int file_count, order_count;
    bool predicts, may_be_late; /* an event may count later than it stands */
    size_t moved, repeated, mended, beside;
} world;

/* Orders with new ids, and one that stands already with other contents: a correction. */
static void ingest_orders(world *it) {
    mw_buf text;
    char name[40];
    mw_buf_init(&text, 1 << 16);
    mw_buf_append_text(&text, "order,at\n");
    for (int i = 0; i < 5; i++)
        mw_buf_printf(&text, "o%d,2024-01-01T%02d:%02d:07Z\n", it->order_count++,
                      (int)mw_prng_below(&it->prng, 20), (int)mw_prng_below(&it->prng, 60));
    if (it->may_be_late && it->file_count > 0) {
        mw_buf_printf(&text, "o%d,2024-01-01T%02d:%02d:09Z\n",
                      (int)mw_prng_below(&it->prng, (uint64_t)it->order_count - 5),
                      (int)mw_prng_below(&it->prng, 20), (int)mw_prng_below(&it->prng, 60));
        it->mended++;
    }
    snprintf(name, sizeof name, "orders%d.csv", it->file_count++);
    shop_write_file(&it->shop, name, mw_buf_str(&text).data);
    mw_buf_release(&text);
    MW_CHECK_OK(shop_ingest(&it->shop), &it->shop.err);
}

/* An order as the lake has it: it counts there alone, unless a correction came since. */
static void log_repeat(world *it, shop_log *log) {
    shop *f = &it->shop;
    mw_history history;
    mw_events events;
    MW_CHECK_OK(mw_history_load(f->state, f->program, f->symbols, &history, &events, &f->err),
                &f->err);
    int32_t orders = mw_program_find_stream(f->program, MW_STR("orders"));
    size_t count = events.streams[orders].rows.row_count;
    mw_event repeat = mw_events_row(&events, orders, mw_prng_below(&it->prng, count));
    repeat.place = ++it->place;
    repeat.replaced = NULL;
    shop_log_event(log, &repeat);
    mw_events_release(&events);
    it->repeated++;
}

/* Visits in the midst of those of the lake, now and then one that is known later. */
static void log_some(world *it) {
    shop *f = &it->shop;
    shop_log log;
    bool is_first = it->place == 0;
    if (is_first) it->place = 1704070000 * MW_SECOND_US; /* 2024-01-01T00:46:40Z */
    shop_log_open(&log, f);
    if (is_first) shop_log_begin(&log, MW_CONTROL_BEGIN_VIRTUAL, it->place, it->place);
    for (size_t i = 0; i < 50; i++) {
        it->place += (int64_t)mw_prng_below(&it->prng, 200) * MW_SECOND_US + 1;
        shop_log_visit(&log, i % 2 == 0 ? "a" : "b", it->place);
    }
    if (it->may_be_late) {
        mw_cell row[2] = {mw_cell_time(it->place), {.symbol = 0}};
        mw_event visit = {.stream = mw_program_find_stream(f->program, MW_STR("visits")),
                          .time = it->place, .known = it->place + 2 * MW_HOUR_US,
                          .place = it->place + 1, .row = row};
        it->place++;
        shop_log_event(&log, &visit);
        log_repeat(it, &log);
    }
    if (it->predicts) { /* from here on an ingest is accepted beside it */
        mw_record prediction = {.type = MW_RECORD_PREDICTION, .place = ++it->place,
                                .payload = MW_STR("not read here")};
        shop_log_add(&log, prediction);
        it->beside++;
    }
    shop_log_close(&log);
}

static void move_log(world *it) {
    shop *f = &it->shop;
    size_t count = 0;
    mw_log_move move = {f->state, f->program, f->symbols, 7};
    MW_CHECK_OK(mw_log_move_run(move, &count, &f->err), &f->err);
    it->moved += count;
}

static void change(world *it) {
    switch (mw_prng_below(&it->prng, 4)) {
    case 0: ingest_orders(it); break;
    case 1:
        write_visits(&it->shop, 10 + it->file_count, it->file_count % 3 * 20000, &it->prng);
        it->file_count++;
        MW_CHECK_OK(shop_ingest(&it->shop), &it->shop.err);
        break;
    case 2: log_some(it); break;
    default: move_log(it);
    }
}

/* Histories of ingests, of corrections, of the log's events, moved to the lake or not, and of what
   was accepted beside predictions. */
MW_TEST(history_parts_are_any_history) {
    size_t parts = 0, late = 0, moved = 0, repeated = 0, mended = 0, beside = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        world it = {.prng = mw_test_seed() * 100 + number};
        size_t part_count;
        set_up(&it.shop, 2);
        ingest_orders(&it);
        it.may_be_late = number % 4 < 3;
        it.predicts = number % 4 == 1;
        log_some(&it);
        if (number % 4 == 3) move_log(&it);
        for (size_t i = 0; i < CHANGES; i++) change(&it);
        late += !check_history(&it.shop, &part_count);
        parts += part_count;
        moved += it.moved;
        repeated += it.repeated;
        mended += it.mended;
        beside += it.beside;
        shop_tear_down(&it.shop);
    }
    MW_CHECK(parts > WORLDS);
    MW_CHECK(late > 0 && late < WORLDS);
    MW_CHECK(moved > 0 && repeated > 0 && mended > 0 && beside > 0);
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
