/* Fuzzes the whole of the compiler: the input is a feature, a label, a moment and a known, a line
   each, over two fixed streams. Whatever comes must compile or be told; what compiles must run. */
#include "lang/explain.h"

static mw_field columns[] = {{MW_STR("k"), MW_TYPE_CATEGORY}, {MW_STR("x"), MW_TYPE_NUMBER},
                             {MW_STR("t"), MW_TYPE_TIME},     {MW_STR("b"), MW_TYPE_BOOL},
                             {MW_STR("d"), MW_TYPE_DURATION}, {MW_STR("l"), MW_TYPE_LIST},
                             {MW_STR("later"), MW_TYPE_NUMBER}};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0], CELLS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const mw_program *program, mw_symbols *symbols) {
    static mw_cell windows[CELLS_MAX], features[CELLS_MAX], withins[CELLS_MAX];
    mw_cell row[COLUMN_COUNT + 1], cells[COLUMN_COUNT]; /* the row of `each` has an element too */
    mw_event event;
    for (size_t i = 0; i < COLUMN_COUNT; i++) row[i] = mw_cell_missing(columns[i].type);
    row[COLUMN_COUNT] = mw_cell_missing(MW_TYPE_TEXT);
    row[2] = mw_cell_time(MW_DAY_US);
    mw_frame event_frame = {.row = row, .symbols = symbols, .zone = program->zone};
    for (int32_t i = 0; i < (int32_t)program->stream_count; i++)
        if (!program->streams[i].is_of_moments)
            (void)mw_stream_event(program, i, &event_frame, cells, &event);

    const mw_model_program *model = &program->models[0];
    if (model->window_count > CELLS_MAX || model->feature_count > CELLS_MAX) return;
    if (model->within_count > CELLS_MAX) return;
    mw_frame frame = {.row = row,
                      .windows = windows,
                      .features = features,
                      .withins = withins,
                      .symbols = symbols,
                      .zone = program->zone};
    for (size_t i = 0; i < model->window_count; i++)
        windows[i] = mw_cell_missing(model->windows[i].type);
    for (size_t i = 0; i < model->within_count; i++)
        withins[i] = mw_cell_missing(model->withins[i].of.type);
    mw_buf text;
    mw_origins origins;
    if (mw_origins_init(&origins, program, model, NULL) != MW_OK) return;
    mw_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < model->feature_count; i++) {
        size_t feature = (size_t)model->feature_order[i];
        features[feature] = mw_code_run(model->features[feature].code, &frame);
        mw_origins_find(&origins, &model->features[feature]);
        mw_feature_explain(&origins, &model->features[feature], &text);
    }
    mw_origins_release(&origins);
    mw_buf_release(&text);
    (void)mw_code_run(model->label, &frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_str rest = {(const char *)data, size}, lines[4];
    for (size_t i = 0; i < 4; i++)
        if (!mw_str_split(&rest, '\n', &lines[i])) lines[i] = MW_STR("");
    mw_named_source feature = {MW_STR("f"), {1, 1}, {lines[0], {1, 4}}};
    mw_named_source later = {MW_STR("later"), {5, 1}, {MW_STR("t + 2d"), {5, 1}}};
    mw_str id = MW_STR("k");
    mw_stream_declaration streams[] = {
        {.name = MW_STR("s"),
         .columns = {columns, COLUMN_COUNT},
         .time = {MW_STR("t"), {6, 1}},
         .known = {lines[3], {4, 1}},
         .laters = &later,
         .later_count = 1,
         .ids = &id,
         .id_count = 1},
        {.name = MW_STR("o"), .columns = {columns, COLUMN_COUNT}, .time = {MW_STR("t"), {6, 1}}}};
    mw_model_declaration model = {MW_STR("m"), {3, 1}, {lines[2], {3, 1}}, {lines[1], {2, 1}}};
    mw_declarations declarations = {.streams = streams,
                                    .stream_count = 2,
                                    .features = &feature,
                                    .feature_count = 1,
                                    .models = &model,
                                    .model_count = 1};
    mw_arena arena;
    mw_symbols *symbols;
    mw_diagnostics diagnostics;
    const mw_program *program;
    mw_arena_init(&arena, 64 << 20);
    if (mw_symbols_create(1 << 22, &symbols, NULL) != MW_OK) return 0;
    mw_diagnostics_init(&diagnostics, &arena);
    mw_status status = mw_program_compile(&declarations, &arena, symbols, &diagnostics, &program);
    MW_ASSERT((status == MW_OK) == (diagnostics.count == 0) || status == MW_NO_MEMORY);
    if (status == MW_OK) run(program, symbols);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
    return 0;
}
