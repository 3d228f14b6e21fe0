/* Fuzzes what is made of a program: three lines of the input are a feature, a label and a moment,
   the rest a few events, each of them some bytes. Whatever compiles is replayed, and every value
   must have the bits that the oracle finds. */
#include "feature/oracle.h"
#include "feature/replay.h"
#include "table/list.h"

#include <math.h>

enum { K, X, T, SEEN, N, L, COLUMNS };
enum { STREAMS = 2, EVENT_SIZE = 5, EVENTS_MAX = 24, FEATURES_MAX = 16, WINDOWS_MAX = 32 };
static mw_field columns[COLUMNS] = {
    [K] = {MW_STR("k"), MW_TYPE_CATEGORY}, [X] = {MW_STR("x"), MW_TYPE_NUMBER},
    [T] = {MW_STR("t"), MW_TYPE_TIME},     [SEEN] = {MW_STR("seen"), MW_TYPE_TIME},
    [N] = {MW_STR("n"), MW_TYPE_NUMBER},   [L] = {MW_STR("l"), MW_TYPE_LIST},
};
static const double numbers[] = {0, 1, -1, 0.1, 1e300, 0x1p62, 0x1p-81, NAN};
static const char *const texts[] = {NULL, "a", "b", "ab"};

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_events events;
} world;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool compile(world *w, mw_str feature, mw_str label, mw_str moment) {
    static mw_str id = MW_STR("n");
    mw_named_source features[] = {{MW_STR("f"), {1, 1}, {feature, {1, 1}}}};
    mw_stream_declaration streams[STREAMS];
    for (size_t i = 0; i < STREAMS; i++)
        streams[i] = (mw_stream_declaration){.name = i == 0 ? MW_STR("s") : MW_STR("o"),
                                             .columns = {columns, COLUMNS},
                                             .time = {MW_STR("t"), {1, 1}},
                                             .known = {MW_STR("seen"), {1, 1}},
                                             .late_us = MW_HOUR_US,
                                             .ids = &id,
                                             .id_count = i == 0};
    mw_model_declaration model = {MW_STR("m"), {3, 1}, {moment, {3, 1}}, {label, {2, 1}}};
    mw_declarations declarations = {.zone = mw_zone_utc(),
                                    .streams = streams,
                                    .stream_count = STREAMS,
                                    .features = features,
                                    .feature_count = 1,
                                    .models = &model,
                                    .model_count = 1};
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, &w->arena);
    return mw_program_compile(&declarations, &w->arena, w->symbols, &diagnostics, &w->program) ==
           MW_OK;
}

/* A list of the texts whose bits are set. */
static mw_cell list_of(world *w, unsigned bits) {
    mw_list_writer writer;
    mw_cell list = {.symbol = 0};
    mw_list_begin(&writer, MW_TYPE_LIST);
    for (size_t i = 1; i < 4; i++)
        if (bits >> i & 1) mw_list_add_text(&writer, mw_str_of(texts[i]));
    MW_ASSERT(mw_list_end(&writer, w->symbols, &list, NULL) == MW_OK);
    return list;
}

/* Times are whole quarters of an hour, so that they meet each other and the edges of windows. */
static void add_event(world *w, const uint8_t bytes[EVENT_SIZE], size_t number) {
    const char *text = texts[bytes[1] & 3];
    mw_cell row[COLUMNS], cells[COLUMNS];
    row[K].bits = 0;
    if (text) row[K].symbol = mw_symbols_intern(w->symbols, mw_str_of(text));
    row[X] = mw_cell_number(numbers[bytes[1] >> 2 & 7]);
    row[T] = mw_cell_time(((bytes[3] & 1) * 256 + bytes[2]) * 15 * MW_MINUTE_US);
    row[SEEN] = mw_cell_time(row[T].time + (int8_t)bytes[4] / 8 * 15 * MW_MINUTE_US);
    row[N] = mw_cell_number((double)number);
    row[L].bits = 0;
    if (bytes[3] & 2) row[L] = list_of(w, bytes[3] >> 2);
    mw_frame frame = {.row = row, .symbols = w->symbols, .zone = w->program->zone};
    mw_event event;
    if (mw_stream_event(w->program, bytes[0] & 1, &frame, cells, &event))
        MW_ASSERT(mw_events_add(&w->events, &event, NULL) == MW_OK);
}

static void add_events(world *w, mw_str bytes) {
    const mw_schema *schemas[STREAMS + 1];
    for (size_t i = 0; i < w->program->stream_count; i++)
        schemas[i] = &w->program->streams[i].schema;
    MW_ASSERT(mw_events_init(&w->events, schemas, w->program->stream_count, NULL) == MW_OK);
    for (size_t i = 0; i < EVENTS_MAX && (i + 1) * EVENT_SIZE <= bytes.size; i++)
        add_event(w, (const uint8_t *)bytes.data + i * EVENT_SIZE, i);
    MW_ASSERT(mw_events_sort(&w->events, NULL) == MW_OK);
}

static void compare(const mw_oracle *oracle, const mw_step *step) {
    mw_cell features[FEATURES_MAX];
    mw_label label;
    if (step->kind == MW_DUE_LABEL) {
        MW_ASSERT(mw_oracle_label(oracle, &step->moment, &label, NULL) == MW_OK);
        MW_ASSERT(label.value.bits == step->label.value.bits);
        MW_ASSERT(label.is_dropped == step->label.is_dropped);
        return;
    }
    MW_ASSERT(mw_oracle_features(oracle, &step->moment, features, NULL) == MW_OK);
    for (size_t i = 0; i < oracle->model->feature_count; i++)
        MW_ASSERT(features[i].bits == step->features[i].bits);
}

static void replay_all(world *w) {
    const mw_model_program *model = &w->program->models[0];
    if (model->feature_count > FEATURES_MAX || model->window_count > WINDOWS_MAX) return;
    mw_oracle oracle = {w->program, model, &w->events, w->symbols};
    mw_replay_config config = {.program = w->program, .model = model, .events = &w->events,
                               .symbols = w->symbols, .from = INT64_MIN, .to = INT64_MAX,
                               .now = INT64_MAX, .with_label = true};
    mw_replay *replay = NULL;
    mw_step step;
    bool is_done = false;
    if (mw_replay_create(config, &replay, NULL) != MW_OK) return;
    while (mw_replay_next(replay, &step, &is_done, NULL) == MW_OK && !is_done)
        compare(&oracle, &step);
    mw_replay_destroy(replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_str rest = {(const char *)data, size}, lines[3];
    for (size_t i = 0; i < 3; i++)
        if (!mw_str_split(&rest, '\n', &lines[i])) return 0;
    world w;
    mw_arena_init(&w.arena, 64 << 20);
    if (mw_symbols_create(1 << 22, &w.symbols, NULL) != MW_OK) return 0;
    if (compile(&w, lines[0], lines[1], lines[2])) {
        add_events(&w, rest);
        replay_all(&w);
        mw_events_release(&w.events);
    }
    mw_symbols_destroy(w.symbols);
    mw_arena_release(&w.arena);
    return 0;
}
