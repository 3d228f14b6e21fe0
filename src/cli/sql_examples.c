#include "cli/sql_examples.h"

#include "cli/champion_watch.h"
#include "store/duck_writer.h"
#include "table/event_columns.h"

enum { TABLE_NAME_MAX = 1 << 10, ROW_SIZE_MAX = 1 << 24 };

static mw_field label_fields[] = {
    {{"model", 5}, MW_TYPE_TEXT}, {{"event", 5}, MW_TYPE_TEXT},   {{"t", 1}, MW_TYPE_TIME},
    {{"place", 5}, MW_TYPE_TIME}, {{"matured", 7}, MW_TYPE_TIME}, {{"label", 5}, MW_TYPE_NUMBER},
    {{"class", 5}, MW_TYPE_TEXT},
};
enum { LABEL = 5, CLASS = 6, LABEL_FIELDS = sizeof label_fields / sizeof *label_fields };

typedef struct {
    const mw_workspace *workspace;
    const mw_model_program *model; /* whose examples are made */
    const mw_follower *follower;
    mw_duck_writer *labels, *examples;
    mw_cell *row;                  /* the columns of a label but its class, then the features */
    mw_arena arena;                /* of one model */
    mw_log_reach reach;
} maker;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "sql: no memory for the examples");
}

/* A class has a column of its own in `labels`, where those of all models stand together. */
static mw_status add_label(maker *it, mw_cell class_name, mw_error *err) {
    mw_cell row[LABEL_FIELDS];
    for (size_t i = 0; i < CLASS; i++) row[i] = it->row[i];
    row[CLASS] = class_name;
    if (class_name.symbol != 0) row[LABEL] = mw_cell_missing(MW_TYPE_NUMBER);
    return mw_duck_writer_add(it->labels, row, err);
}

/* A row of `examples` is that of `labels` but for the model, the class (the label is that there),
   and the features behind it. */
static mw_status add_example(void *context, mw_str event_id, mw_error *err) {
    maker *it = context;
    mw_symbols *symbols = it->workspace->symbols;
    const mw_examples *examples = mw_follower_examples(it->follower);
    const mw_example *example = &examples->items[examples->count - 1];
    const mw_cell *features = mw_table_row(&examples->features, examples->count - 1);
    it->row[0].symbol = mw_symbols_intern(symbols, it->model->name);
    it->row[1].symbol = mw_symbols_intern(symbols, event_id);
    if (it->row[0].symbol == 0 || (it->row[1].symbol == 0 && event_id.size > 0))
        return no_memory(err);
    it->row[2] = mw_cell_time(example->t);
    it->row[3] = mw_cell_time(example->place);
    it->row[4] = mw_cell_time(example->matured);
    mw_cell class_name = {.symbol = example->class_symbol};
    it->row[LABEL] = class_name.symbol != 0 ? class_name : mw_cell_number(example->label);
    for (size_t i = 0; i < it->model->feature_count; i++) it->row[CLASS + i] = features[i];
    MW_TRY(add_label(it, class_name, err));
    return mw_duck_writer_add(it->examples, it->row + 1, err);
}

/* A feature may bear the name of a column of ours. */
static mw_str column_of(maker *it, size_t feature) {
    mw_str name = it->model->features[feature].name;
    for (size_t i = 1; i < CLASS; i++)
        if (mw_str_equal_but_for_case(name, label_fields[i].name))
            return mw_column_with_position(&it->arena, name, feature);
    return name;
}

static mw_status begin_table(maker *it, mw_error *err) {
    const mw_model_program *model = it->model;
    size_t count = CLASS - 1 + model->feature_count;
    mw_field *fields = mw_arena_alloc(&it->arena, count, sizeof *fields);
    mw_schema *schema = mw_arena_alloc(&it->arena, 1, sizeof *schema);
    it->row = mw_arena_alloc(&it->arena, count + 1, sizeof *it->row);
    if (!fields || !schema || !it->row) return no_memory(err);
    for (size_t i = 1; i < CLASS; i++) fields[i - 1] = label_fields[i];
    if (mw_type_is_text(mw_code_type(model->label))) fields[LABEL - 1].type = MW_TYPE_TEXT;
    for (size_t i = 0; i < model->feature_count; i++) {
        mw_str column = column_of(it, i);
        if (!column.data) return no_memory(err);
        fields[CLASS - 1 + i] = (mw_field){column, model->features[i].type};
    }
    *schema = (mw_schema){fields, count};
    return mw_duck_writer_create(it->workspace->duck, schema, it->workspace->symbols,
                                 &it->examples, err);
}

static mw_status keep_table(maker *it, mw_error *err) {
    mw_buf name;
    mw_buf_init(&name, TABLE_NAME_MAX);
    mw_buf_append_text(&name, "examples");
    if (it->workspace->program->model_count > 1) {
        mw_buf_append_char(&name, '_');
        mw_buf_append_str(&name, it->model->name);
    }
    mw_status status = mw_buf_check(&name, "sql: a table's name", err);
    if (status == MW_OK) status = mw_duck_writer_keep(it->examples, mw_buf_str(&name), err);
    mw_buf_release(&name);
    return status;
}

static mw_status follow(maker *it, const mw_project_model *project,
                        const mw_shared_history *history,
                        mw_error *err) {
    const mw_workspace *workspace = it->workspace;
    mw_follower *follower = NULL;
    mw_follower_config config = {.sys = workspace->cli->sys,
                                 .program = workspace->program,
                                 .model = it->model,
                                 .project_model = project,
                                 .symbols = workspace->symbols,
                                 .memory = mw_workspace_memory(workspace),
                                 .history = &history->events,
                                 .lake = history->lake,
                                 .from = INT64_MIN,
                                 .hooks = {.context = it, .learned = add_example}};
    config.log_folder = mw_state_path(workspace->state, &it->arena, "log");
    if (!config.log_folder) return no_memory(err);
    MW_TRY(mw_follower_create(config, &follower, err));
    it->follower = follower;
    mw_status status = mw_follower_advance(follower, it->reach, err);
    mw_follower_destroy(follower);
    return status;
}

static mw_status load_model(maker *it, size_t index, const mw_shared_history *history,
                            mw_error *err) {
    it->model = &it->workspace->program->models[index];
    mw_arena_init(&it->arena, ROW_SIZE_MAX);
    mw_status status = begin_table(it, err);
    if (status == MW_OK)
        status = follow(it, &it->workspace->project->models[index], history, err);
    if (status == MW_OK) status = keep_table(it, err);
    mw_duck_writer_destroy(it->examples);
    it->examples = NULL;
    mw_arena_release(&it->arena);
    return status;
}

static mw_status load_models(maker *it, mw_error *err) {
    mw_shared_history history = {.is_loaded = false};
    MW_TRY(mw_workspace_log_reach(it->workspace, &it->reach, err));
    mw_status status = mw_shared_history_load(it->workspace, &history, err);
    for (size_t i = 0; status == MW_OK && i < it->workspace->program->model_count; i++)
        status = load_model(it, i, &history, err);
    mw_shared_history_release(&history);
    return status;
}

mw_status mw_sql_load_examples(const mw_workspace *workspace, mw_error *err) {
    static const mw_schema schema = {label_fields, LABEL_FIELDS};
    maker it = {.workspace = workspace};
    MW_TRY(mw_duck_writer_create(workspace->duck, &schema, workspace->symbols, &it.labels, err));
    mw_status status = load_models(&it, err);
    if (status == MW_OK) status = mw_duck_writer_keep(it.labels, MW_STR("labels"), err);
    mw_duck_writer_destroy(it.labels);
    return status;
}
