#include "ingest/offer_events.h"

#include <stdio.h>

#include "base/prng.h"
#include "ingest/load.h"
#include "testing/declare.h"
#include "testing/test.h"

static const char project[] =
    "\n"
    "stream orders:\n"
    "  columns: shop category, note text, amount number, open bool, at time\n"
    "  time: at\n"
    "stream rates:\n"
    "  columns: at time, rate number\n"
    "  time: at\n";

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_events events;
    mw_str names[2];
    mw_added_file files[2];
    mw_addition addition;
    mw_lake_batch batch;
} fixture;

static void add_event(fixture *f, uint64_t draw) {
    char text[32];
    int size = snprintf(text, sizeof text, "shop %d", (int)(draw % 9));
    mw_cell order[5] = {{.bits = 0}, {.bits = 0}, mw_cell_number((double)draw / 7),
                        mw_cell_bool(draw % 2), mw_cell_time((int64_t)(draw % 1000))};
    order[0].symbol = mw_symbols_intern(f->symbols, (mw_str){text, (size_t)size});
    order[1] = draw % 5 == 0 ? mw_cell_missing(MW_TYPE_TEXT) : order[0];
    mw_cell rate[2] = {order[4], mw_cell_number((double)(draw % 11))};
    int64_t time = (int64_t)(draw % 1000);
    bool is_order = draw % 3 > 0;
    mw_event event = {.stream = !is_order, .time = time, .known = time + 5, .place = time + 5,
                      .row = is_order ? order : rate};
    MW_CHECK_OK(mw_events_add(&f->events, &event, NULL), NULL);
}

/* The files stand in another order than the streams. */
static void set_up(fixture *f, size_t count) {
    uint64_t prng = mw_test_seed();
    *f = (fixture){.symbols = NULL};
    mw_arena_init(&f->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &f->symbols, NULL), NULL);
    f->program = mw_test_program(&f->arena, f->symbols, project);
    MW_CHECK_OK(mw_program_events(f->program, &f->events, NULL), NULL);
    for (size_t i = 0; i < count; i++) add_event(f, mw_prng_next(&prng) % 100000);
    MW_CHECK_OK(mw_events_sort(&f->events, NULL), NULL);
    for (size_t i = 0; i < 2; i++) {
        f->names[i] = f->program->streams[i].name;
        f->files[1 - i].stream = f->names[i];
    }
    f->addition = (mw_addition){77, f->files, 2};
    f->batch = (mw_lake_batch){&f->events, f->names, f->symbols};
}

static void tear_down(fixture *f) {
    mw_events_release(&f->events);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static const int32_t streams[] = {1, 0};

static mw_offer_events_reading reading_of(fixture *f, mw_cell row[5]) {
    return (mw_offer_events_reading){f->program, f->symbols, streams, 2, row};
}

static void check_event(const fixture *f, size_t at, const mw_event *event) {
    mw_event expected = mw_events_at(&f->events, at);
    size_t count = f->program->streams[event->stream].schema.field_count;
    MW_CHECK(event->stream == expected.stream && event->time == expected.time);
    MW_CHECK(event->known == expected.known && event->place == MW_TIME_MISSING);
    for (size_t i = 0; i < count; i++) MW_CHECK(event->row[i].bits == expected.row[i].bits);
}

MW_TEST(offer_events_come_back_piece_by_piece) {
    fixture f;
    mw_buf piece;
    mw_error err;
    mw_cell row[5];
    size_t pieces = 0;
    set_up(&f, 3000);
    mw_offer_events_reading reading = reading_of(&f, row);
    mw_buf_init(&piece, 1 << 20);
    for (size_t at = 0; at < f.events.event_count; pieces++) {
        size_t next = 0;
        bool has_event = true;
        mw_event event;
        mw_buf_clear(&piece);
        MW_CHECK_OK(mw_offer_events_append(&piece, &f.addition, &f.batch, at, &next, &err), &err);
        mw_reader reader = {.rest = mw_buf_str(&piece)};
        MW_CHECK_EQUAL_INT(mw_offer_events_number(&reader), 77);
        MW_CHECK(next > at && piece.size < MW_OFFER_PIECE_SIZE + 1000);
        for (;; at++) {
            MW_CHECK_OK(mw_offer_events_next(&reader, &reading, &event, &has_event, &err), &err);
            if (!has_event) break;
            check_event(&f, at, &event);
        }
        MW_CHECK_EQUAL_INT(at, next);
    }
    MW_CHECK(pieces > 2);
    mw_buf_release(&piece);
    tear_down(&f);
}

/* Bytes that end inside an event, or name a file that there is not, are refused. */
MW_TEST(offer_events_refuse_what_is_cut_short) {
    fixture f;
    mw_buf piece;
    mw_error err;
    mw_cell row[5];
    size_t next, refused = 0;
    set_up(&f, 4);
    mw_offer_events_reading reading = reading_of(&f, row);
    mw_buf_init(&piece, 1 << 20);
    MW_CHECK_OK(mw_offer_events_append(&piece, &f.addition, &f.batch, 0, &next, &err), &err);
    for (size_t size = 8; size < piece.size; size++) {
        mw_reader reader = {.rest = mw_str_slice(mw_buf_str(&piece), 8, size)};
        bool has_event = true;
        mw_event event;
        mw_status status = MW_OK;
        while (status == MW_OK && has_event)
            status = mw_offer_events_next(&reader, &reading, &event, &has_event, &err);
        MW_CHECK(status == MW_OK || status == MW_MALFORMED);
        refused += status != MW_OK;
    }
    MW_CHECK(refused >= piece.size - 8 - 4); /* all but the ends of events */
    piece.data[8] = 2;
    mw_reader reader = {.rest = mw_str_slice(mw_buf_str(&piece), 8, piece.size)};
    bool has_event;
    mw_event event;
    MW_CHECK_STATUS(mw_offer_events_next(&reader, &reading, &event, &has_event, &err),
                    MW_MALFORMED);
    mw_buf_release(&piece);
    tear_down(&f);
}
