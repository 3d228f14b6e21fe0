#include "lang/program.h"

#include "testing/declare.h"
#include "testing/test.h"

#include <stdio.h>

/* The columns of the flights' file, the same for three streams. */
#define FLIGHT_COLUMNS                                                                      \
    "  columns: carrier category, flight number, origin category, dest category,"           \
    " tailnum category, minute number, time_hour time, dep_delay number, arr_delay number," \
    " air_time number, dep_time number, arr_time number, distance number\n"                 \
    "  field sched_dep: time_hour + minute * 1m\n"                                          \
    "  field left: sched_dep + dep_delay * 1m\n"                                            \
    "  field arrived: left + (air_time + 30) * 1m\n"                                        \
    "  id: carrier, flight, origin, sched_dep\n"

static const char flights[] =
    "stream schedule:\n" FLIGHT_COLUMNS "  time: sched_dep\n"
    "  known: time - 1d\n"
    "  later left: left\n"
    "  later dep_time: left\n"
    "  later dep_delay: left\n"
    "  later arrived: arrived\n"
    "  later arr_time: arrived\n"
    "  later arr_delay: arrived\n"
    "  later air_time: arrived\n"
    "stream departures:\n" FLIGHT_COLUMNS "  where: not missing(dep_delay)\n"
    "  time: left\n"
    "  later arrived: arrived\n"
    "  later arr_time: arrived\n"
    "  later arr_delay: arrived\n"
    "  later air_time: arrived\n"
    "stream arrivals:\n" FLIGHT_COLUMNS "  where: not missing(arr_delay)\n"
    "  time: arrived\n"
    "stream weather:\n"
    "  columns: origin category, time_hour time, wind_speed number\n"
    "  time: time_hour\n"
    "  known: time + 1h\n"
    "feature hour: hour(sched_dep)\n"
    "feature carrier: carrier\n"
    "feature distance: distance\n"
    "feature origin_late: mean(departures.dep_delay by origin over {1h, 3h, 24h})\n"
    "feature carrier_late: mean(arrivals.arr_delay by carrier over {3h, 24h, 7d})\n"
    "feature there_late: mean(arrivals.arr_delay by dest = now.dest over 6h)\n"
    "feature tail_late: last(arrivals.arr_delay by tailnum over 1d)\n"
    "feature waiting: count(schedule by origin over next 1h)\n"
    "feature wind: last(weather.wind_speed by origin over 4h)\n"
    "model late:\n"
    "  moment: on schedule at time - 1h\n"
    "  label: last(arrivals.arr_delay by id over next 2d) >= 30\n";

MW_TEST(program_compiles_the_flights) {
    mw_test_project project = mw_test_compile(flights);
    const mw_program *program = project.program;
    MW_CHECK_EQUAL_INT(program->source_count, 4);
    MW_CHECK_EQUAL_INT(program->stream_count, 7);
    MW_CHECK_EQUAL_STR(program->streams[1].name, "schedule@left");
    MW_CHECK_EQUAL_STR(program->streams[2].name, "schedule@arrived");
    MW_CHECK_EQUAL_INT(program->streams[0].id_set, program->streams[5].id_set);
    MW_CHECK_EQUAL_INT(program->streams[6].id_set, -1);
    MW_CHECK_EQUAL_INT(program->streams[6].lag_us, MW_HOUR_US);

    const mw_model_program *model = mw_program_find_model(program, MW_STR("late"));
    MW_CHECK_EQUAL_INT(model->feature_count, 13);
    MW_CHECK_EQUAL_STR(model->features[3].name, "origin_late_1h");
    MW_CHECK_EQUAL_INT(model->window_count, 11);
    MW_CHECK_EQUAL_INT(model->feature_window_count, 10);
    MW_CHECK_EQUAL_STR(model->windows[0].text, "mean(departures.dep_delay by origin over 1h)");
    MW_CHECK_EQUAL_STR(model->windows[8].text, "count(schedule by origin over next 1h)");
    MW_CHECK_EQUAL_STR(model->windows[10].text,
                       "last(arrivals.arr_delay by carrier, flight, origin, sched_dep"
                       " over next 2d)");
    MW_CHECK(model->windows[10].own_by >= 0 && model->windows[10].is_ahead);
    MW_CHECK(model->windows[9].own_by < 0);
    MW_CHECK_EQUAL_INT(model->moment_offset_us, -MW_HOUR_US);
    MW_CHECK_EQUAL_INT(model->lateness_us, MW_HOUR_US);
    MW_CHECK_EQUAL_INT(model->maturity_us, 2 * MW_DAY_US + MW_HOUR_US);
    MW_CHECK_EQUAL_STR(mw_code_text(model->label), "30 <= last(arrivals.arr_delay by carrier, "
                                                   "flight, origin, sched_dep over next 2d)");
    mw_test_project_release(&project);
}

/* A row of `schedule` through fields, events and the label. */
MW_TEST(program_runs_the_flights) {
    mw_test_project project = mw_test_compile(flights);
    const mw_program *program = project.program;
    const mw_stream_source *source = &program->sources[0];
    mw_cell row[32], cells[32];
    for (size_t i = 0; i < source->row.field_count; i++)
        row[i] = mw_cell_missing(source->row.fields[i].type);
    row[0].symbol = mw_symbols_intern(project.symbols, MW_STR("UA"));
    row[1] = mw_cell_number(1545);
    row[5] = mw_cell_number(15);
    row[6] = mw_cell_time(10 * MW_HOUR_US);
    mw_frame frame = {.row = row, .symbols = project.symbols, .zone = program->zone};
    (void)mw_source_ready(source, row, &frame, NULL);

    mw_event event;
    MW_CHECK(mw_stream_event(program, 0, &frame, cells, &event));
    MW_CHECK_EQUAL_INT(event.time, 10 * MW_HOUR_US + 15 * MW_MINUTE_US);
    MW_CHECK_EQUAL_INT(event.known, event.time - MW_DAY_US);
    MW_CHECK(!mw_stream_event(program, 1, &frame, cells, &event)); /* has not left */

    row[7] = mw_cell_number(-3);
    (void)mw_source_ready(source, row, &frame, NULL);
    MW_CHECK(mw_stream_event(program, 1, &frame, cells, &event));
    MW_CHECK_EQUAL_INT(event.time, 10 * MW_HOUR_US + 12 * MW_MINUTE_US);
    MW_CHECK_EQUAL_INT(event.known, event.time);
    mw_buf id;
    mw_buf_init(&id, 256);
    mw_stream_append_id(&program->streams[1], cells, project.symbols, &id);
    MW_CHECK_EQUAL_STR(mw_buf_str(&id), "UA|1545||1970-01-01T10:15:00Z");
    mw_buf_release(&id);
    mw_test_project_release(&project);
}

MW_TEST(program_labels_by_three_valued_logic) {
    mw_test_project project = mw_test_compile(flights);
    const mw_model_program *model = project.model;
    mw_cell windows[16] = {0};
    mw_frame frame = {
        .symbols = project.symbols, .zone = project.program->zone, .windows = windows};
    windows[10] = mw_cell_number(30);
    MW_CHECK_EQUAL_INT(mw_code_run(model->label, &frame).boolean, MW_TRUE);
    windows[10] = mw_cell_number(29);
    MW_CHECK_EQUAL_INT(mw_code_run(model->label, &frame).boolean, MW_FALSE);
    windows[10] = mw_cell_missing(MW_TYPE_NUMBER);
    MW_CHECK_EQUAL_INT(mw_code_run(model->label, &frame).boolean, MW_BOOL_MISSING);
    mw_test_project_release(&project);
}

/* Compiles with an arena and symbols of its own, as a process does that has just started. */
static mw_status compile_alone(void *context) {
    const mw_declarations *declarations = context;
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_diagnostics diagnostics;
    mw_status status = mw_symbols_create(1 << 20, &symbols, NULL);
    if (status != MW_OK) return status;
    mw_arena_init(&arena, 16 << 20);
    mw_diagnostics_init(&diagnostics, &arena);
    status = mw_program_compile(declarations, &arena, symbols, &diagnostics, &program);
    mw_arena_release(&arena);
    mw_symbols_destroy(symbols);
    return status;
}

MW_TEST(program_compiles_or_is_out_of_memory) {
    mw_arena arena;
    mw_arena_init(&arena, 64 << 20);
    mw_declarations declarations = mw_test_declare(&arena, flights);
    size_t live = mw_memory_live_count();
    MW_CHECK(mw_test_every_allocation_fails(compile_alone, &declarations) > 20);
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), live);
    mw_arena_release(&arena);
}

/* Each size of arena up to what is enough: a failure at any place where it is asked. */
MW_TEST(program_compiles_or_fills_its_arena) {
    mw_arena texts;
    mw_symbols *symbols;
    mw_arena_init(&texts, 64 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_declarations declarations = mw_test_declare(&texts, flights);
    mw_status status = MW_NO_MEMORY;
    size_t failures = 0;
    for (size_t size = 0; status != MW_OK; size += 40) {
        mw_arena arena;
        mw_diagnostics diagnostics;
        const mw_program *program;
        mw_arena_init(&arena, size);
        mw_diagnostics_init(&diagnostics, &arena);
        status = mw_program_compile(&declarations, &arena, symbols, &diagnostics, &program);
        MW_CHECK(status == MW_OK || status == MW_NO_MEMORY);
        failures += status != MW_OK;
        mw_arena_release(&arena);
    }
    MW_CHECK(failures > 1000);
    mw_symbols_destroy(symbols);
    mw_arena_release(&texts);
}

MW_TEST(program_shares_equal_windows_and_keeps_the_labels_apart) {
    mw_test_project project = mw_test_compile(
        "feature a: mean(orders.amount by shop over 24h) + count(orders by shop over 1d)\n"
        "feature b: mean( orders.amount by shop=now.shop over 1d )\n"
        "feature c: ratio(orders where paid by shop over 1d)\n" MW_TEST_SHOPS "model m:\n"
        "  moment: on orders\n"
        "  label: count(orders by shop over next 1d) > count(orders by shop over 1d)\n");
    const mw_model_program *model = project.model;
    MW_CHECK_EQUAL_INT(model->feature_window_count, 3);
    MW_CHECK_EQUAL_INT(model->window_count, 5);
    MW_CHECK_EQUAL_STR(model->windows[1].text, "count(orders by shop over 1d)");
    MW_CHECK_EQUAL_STR(model->windows[4].text, "count(orders by shop over 1d)");
    MW_CHECK(mw_code_reads_window(model->label, 4) && !mw_code_reads_window(model->label, 1));
    mw_test_project_release(&project);
}

/* What is spelled alike counts as one: a field must not be spelled as the feature of its name. */
MW_TEST(program_tells_fields_from_features_of_their_name) {
    mw_test_project project = mw_test_compile(
        "feature amount: amount + 1\n"
        "feature b: count(orders by amount = amount over 1d)\n"
        "feature c: count(orders by amount = now.amount over 1d)\n"
        "feature d: now.amount * 2\n"
        "feature e: amount * 2\n"
        "feature paid: paid\n" MW_TEST_SHOPS_MODEL);
    const mw_model_program *model = project.model;
    static const char *const texts[] = {
        "now.amount + 1", "count(orders by amount = now.amount + 1 over 1d)",
        "count(orders by amount over 1d)", "now.amount * 2", "amount * 2", "paid"};
    MW_CHECK_EQUAL_INT(model->feature_window_count, 2);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        MW_CHECK_EQUAL_STR(mw_code_text(model->features[i].code), texts[i]);
    mw_test_project_release(&project);
}

MW_TEST(program_runs_features_after_those_that_they_read) {
    mw_test_project project = mw_test_compile(
        "feature a: b + c\n"
        "feature b: c * 2\n"
        "feature c: amount\n"
        "feature d: count(prices by price = b over 1d)\n" MW_TEST_SHOPS_MODEL);
    const mw_model_program *model = project.model;
    static const int32_t order[] = {2, 1, 0, 3};
    for (size_t i = 0; i < 4; i++) MW_CHECK_EQUAL_INT(model->feature_order[i], order[i]);
    /* A key reads the row alone, the features in it written out. */
    MW_CHECK_EQUAL_STR(mw_code_text(model->windows[0].moment_keys[0]), "amount * 2");
    mw_test_project_release(&project);
}

static bool is_read(const mw_model_program *model, int32_t feature, int32_t reader) {
    size_t count = 0;
    for (size_t i = 0; i < model->reading_count; i++)
        count += model->readings[i].feature == feature && model->readings[i].reader == reader;
    return count > 0;
}

/* Also where the code that is made does not show it. */
MW_TEST(program_tells_who_reads_a_feature) {
    mw_test_project project = mw_test_compile(
        "feature a: now.amount\n"
        "feature b: a + count(orders where amount > 1 by shop over 1d)\n"
        "feature c: count(prices by price = a * 2 over 1d)\n"
        "feature d: count(prices by price = b over {1h, 1d})\n"
        "feature amount: amount + a\n"
        "feature f: vector(b, b)\n" MW_TEST_SHOPS
        "model m:\n"
        "  moment: on orders\n"
        "  label: sum(orders.refund by shop = shop over next 3d) > c or b > 2 unless d_1d > 1\n");
    enum { A, B, C, D_1H, D_1D, AMOUNT, F_0, F_1, COUNT };
    static const mw_feature_reading expected[] = {
        {A, B}, {A, C}, {B, D_1H}, {B, D_1D}, {A, AMOUNT}, {B, F_0},
        {C, MW_READ_BY_LABEL}, {B, MW_READ_BY_LABEL}, {D_1D, MW_READ_BY_LABEL},
    };
    size_t expected_count = sizeof expected / sizeof expected[0];
    MW_CHECK_EQUAL_INT(project.model->feature_count, COUNT);
    for (int32_t feature = 0; feature < COUNT; feature++)
        for (int32_t reader = MW_READ_BY_MOMENT; reader < COUNT; reader++) {
            bool is_expected = false;
            for (size_t i = 0; i < expected_count; i++)
                is_expected |= expected[i].feature == feature && expected[i].reader == reader;
            MW_CHECK_EQUAL_INT(is_read(project.model, feature, reader), is_expected);
        }
    mw_test_project_release(&project);
}

MW_TEST(program_reads_later_fields_from_streams_of_their_own) {
    mw_test_project project = mw_test_compile(
        "feature a: mean(orders.refund by shop over 30d)\n"
        "feature b: count(orders.judged by shop over 30d)\n" MW_TEST_SHOPS "model m:\n"
        "  moment: on orders\n"
        "  label: last(orders.judged by id over next 9d) unless "
        "count(news where text = \"x\" by shop = amount over next 20d) > 0\n");
    const mw_program *program = project.program;
    const mw_model_program *model = project.model;
    MW_CHECK_EQUAL_STR(program->streams[model->windows[0].stream].name, "orders@at + 2d");
    MW_CHECK_EQUAL_STR(program->streams[model->windows[1].stream].name, "orders@at + 9d");
    MW_CHECK_EQUAL_STR(mw_code_text(model->windows[1].condition), "not missing(judged)");
    MW_CHECK(model->windows[1].value == NULL && model->windows[1].own_by >= 0);
    MW_CHECK(program->streams[1].is_later && program->streams[1].present != NULL);
    MW_CHECK_EQUAL_INT(model->maturity_us, 20 * MW_DAY_US + MW_HOUR_US); /* `unless` included */
    MW_CHECK_EQUAL_STR(mw_code_text(model->unless),
                       "0 < count(news where text = \"x\" by shop = amount over next 20d)");
    mw_test_project_release(&project);
}

/* Derived fields see it so too; what they make themselves stays. */
MW_TEST(an_empty_text_of_a_column_is_missing) {
    mw_test_project project = mw_test_compile(
        "stream s:\n  columns: at time, key category, note text, all list\n"
        "  time: at\n  field none: missing(note)\n"
        "  field part: split(concat('a-', coalesce(note, '')), '-', 2)\n");
    mw_cell empty = {.symbol = mw_symbols_intern(project.symbols, MW_STR(""))};
    mw_cell list = {.symbol = mw_symbols_intern(project.symbols, MW_STR("[]"))};
    mw_cell row[6] = {mw_cell_time(0), empty, empty, list};
    mw_frame frame = {.row = row, .symbols = project.symbols, .zone = project.program->zone};
    MW_CHECK_EQUAL_INT(mw_source_ready(&project.program->sources[0], row, &frame, NULL),
                       MW_ROW_IS_EVENT);
    MW_CHECK(row[1].symbol == 0 && row[2].symbol == 0 && row[3].symbol == list.symbol);
    MW_CHECK(row[4].boolean == MW_TRUE && row[5].symbol == empty.symbol);
    mw_test_project_release(&project);
}

/* Minutes of the row's columns a, b and c; missing below 0. */
static int64_t later_known(const char *keys, const char *stream_name, const int64_t *minutes) {
    char text[512];
    snprintf(text, sizeof text,
             "stream s:\n  columns: a time, b time, c time, x number\n  time: a\n%s\n", keys);
    mw_test_project project = mw_test_compile(text);
    const mw_program *program = project.program;
    mw_cell row[8], cells[8];
    for (size_t i = 0; i < 3; i++)
        row[i] = mw_cell_time(minutes[i] < 0 ? MW_TIME_MISSING : minutes[i] * MW_MINUTE_US);
    row[3] = mw_cell_number(1);
    mw_frame frame = {.row = row, .symbols = project.symbols, .zone = program->zone};
    (void)mw_source_ready(&program->sources[0], row, &frame, NULL);
    int32_t stream = mw_program_find_stream(program, mw_str_of(stream_name));
    MW_CHECK(stream > 0);
    mw_event event = {.known = -MW_MINUTE_US};
    bool is_event = mw_stream_event(program, stream, &frame, cells, &event);
    MW_CHECK(is_event == (event.known >= 0));
    mw_test_project_release(&project);
    return event.known / MW_MINUTE_US;
}

/* A later event carries the fields of its row, so it may not be known before the row is. */
MW_TEST(later_events_are_known_no_earlier_than_what_they_carry) {
    static const int64_t minutes[] = {10, 20, 30}, no_c[] = {10, 20, -1}, no_b[] = {10, -1, 30};
    MW_CHECK_EQUAL_INT(later_known("  later x: b", "s@b", minutes), 20);
    MW_CHECK_EQUAL_INT(later_known("  known: time - 1h\n  later x: b", "s@b", minutes), 20);
    MW_CHECK_EQUAL_INT(later_known("  known: time + 15m\n  later x: b", "s@b", minutes), 25);
    MW_CHECK_EQUAL_INT(later_known("  known: c\n  later x: b", "s@b", minutes), 30);
    MW_CHECK_EQUAL_INT(later_known("  known: c\n  later x: b", "s@b", no_b), -1);
    /* y is worked out from x, so it is known no earlier than that, whatever it says. */
    static const char *const derived = "  field y: coalesce(x, 0)\n  later x: c\n  later y: b";
    MW_CHECK_EQUAL_INT(later_known(derived, "s@b", minutes), 30);
    MW_CHECK_EQUAL_INT(later_known(derived, "s@c", minutes), 30);
    MW_CHECK_EQUAL_INT(later_known(derived, "s@b", no_c), 20);
}

MW_TEST(labels_of_later_fields_wait_for_the_lag_of_their_row) {
    mw_test_project project = mw_test_compile(
        "stream s:\n  columns: k category, a time, x number\n  time: a\n"
        "  known: time + 3h\n  id: k\n  late: 1h\n  later x: a + 1d\n"
        "model m:\n  moment: on s\n  label: last(s.x by id over next 2d)\n");
    MW_CHECK_EQUAL_INT(project.model->maturity_us, 2 * MW_DAY_US + 4 * MW_HOUR_US);
    mw_test_project_release(&project);
}
