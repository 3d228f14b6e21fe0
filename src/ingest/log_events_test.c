#include "ingest/log_events.h"

#include <string.h>

#include "testing/declare.h"
#include "testing/test.h"

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_log_events *events;
} fixture;

static fixture begin(const char *columns) {
    fixture it = {0};
    mw_buf text;
    mw_buf_init(&text, 1 << 12);
    mw_buf_printf(&text,
                  "stream other\n  columns: at time\n  time: at\n"
                  "stream visits\n  columns: %s\n  time: at\n",
                  columns);
    mw_buf_append_char(&text, 0);
    mw_arena_init(&it.arena, (size_t)1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &it.symbols, NULL), NULL);
    it.program = mw_test_program(&it.arena, it.symbols, text.data);
    MW_CHECK_OK(mw_log_events_create(it.program, it.symbols, &it.events, NULL), NULL);
    mw_buf_release(&text);
    return it;
}

static void end(fixture *it) {
    mw_log_events_destroy(it->events);
    mw_symbols_destroy(it->symbols);
    mw_arena_release(&it->arena);
}

/* A visit as the log has it, under the number 7. */
static mw_record visit(const fixture *it, mw_buf *payload) {
    mw_cell row[2] = {mw_cell_time(5), {.symbol = mw_symbols_intern(it->symbols, MW_STR("ann"))}};
    const mw_schema *schema = &it->program->streams[1].schema;
    for (size_t i = 0; i < 2; i++)
        mw_cell_append_canonical(payload, schema->fields[i].type, row[i], it->symbols);
    return (mw_record){MW_RECORD_EVENT, 7, 5, 6, 8, mw_buf_str(payload)};
}

static mw_record definition(const fixture *it) {
    return (mw_record){.type = MW_RECORD_DEFINITION,
                       .stream = 7,
                       .payload = mw_log_events_definition(it->events, 1)};
}

MW_TEST(log_events_reads_what_was_defined) {
    fixture it = begin("at time, who text");
    mw_buf payload;
    mw_buf_init(&payload, 1 << 10);
    mw_record record = visit(&it, &payload), meaning = definition(&it);
    mw_event event;
    mw_error err = {0};
    MW_CHECK_EQUAL_INT(mw_log_events_read(it.events, &record, &event, &err), MW_CONFLICT);
    MW_CHECK_OK(mw_log_events_learn(it.events, &meaning, &err), &err);
    MW_CHECK_OK(mw_log_events_read(it.events, &record, &event, &err), &err);
    MW_CHECK_EQUAL_INT(event.stream, 1);
    MW_CHECK(event.time == 5 && event.known == 6 && event.place == 8);
    MW_CHECK_EQUAL_STR(mw_symbols_text(it.symbols, event.row[1].symbol), "ann");
    record.payload.size--;
    MW_CHECK_EQUAL_INT(mw_log_events_read(it.events, &record, &event, &err), MW_CORRUPT);
    mw_buf_release(&payload);
    end(&it);
}

MW_TEST(log_events_refuses_a_stream_that_has_changed) {
    fixture then = begin("at time, who text"), now = begin("at time, who text, more number");
    mw_buf payload;
    mw_buf_init(&payload, 1 << 10);
    mw_record record = visit(&then, &payload), meaning = definition(&then);
    mw_event event;
    mw_error err = {0};
    MW_CHECK_OK(mw_log_events_learn(now.events, &meaning, &err), &err);
    MW_CHECK_EQUAL_INT(mw_log_events_read(now.events, &record, &event, &err), MW_CONFLICT);
    meaning.stream = MW_STREAMS_MAX;
    MW_CHECK_EQUAL_INT(mw_log_events_learn(now.events, &meaning, &err), MW_CORRUPT);
    mw_buf_release(&payload);
    end(&then);
    end(&now);
}

MW_TEST(log_events_knows_control_records) {
    mw_record record = {.type = MW_RECORD_CONTROL, .payload = MW_STR("{\"kind\": \"clock\"}")};
    MW_CHECK(mw_log_control_is(&record, MW_CONTROL_CLOCK));
    MW_CHECK(!mw_log_control_is(&record, MW_CONTROL_BEGIN_WALL));
    record.payload = MW_STR("{\"kind\":");
    MW_CHECK(!mw_log_control_is(&record, MW_CONTROL_CLOCK));
    record = (mw_record){.type = MW_RECORD_EVENT, .payload = MW_STR("{\"kind\": \"clock\"}")};
    MW_CHECK(!mw_log_control_is(&record, MW_CONTROL_CLOCK));
}
