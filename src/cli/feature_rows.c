#include "cli/feature_rows.h"

#include <string.h>

enum { ROWS_MIN = 1024, ID_SIZE_MAX = 1 << 20 };
#define ROWS_MAX ((size_t)1 << 40)

/* A row that waits: first its cells as they leave, then the row of its moment. */
struct mw_feature_rows {
    mw_feature_rows_config config;
    size_t width, moment_width; /* cells of either */
    mw_cell *cells;             /* `capacity` times both: a row by its number, going round */
    bool *is_ready;             /* its label has come, or will not */
    size_t capacity;            /* a power of two, or 0 */
    uint64_t first, end;        /* numbers of the rows that wait */
    mw_buf id;
    mw_feature_rows_count counted;
};

mw_status mw_feature_rows_schema(const mw_model_program *model, mw_arena *arena,
                                 mw_schema *out_schema, mw_error *err) {
    size_t count = model->feature_count;
    mw_field *fields = mw_arena_alloc(arena, count + 3, sizeof *fields);
    if (!fields) return mw_fail(err, MW_NO_MEMORY, "features: no memory for their names");
    fields[0] = (mw_field){MW_STR("id"), MW_TYPE_TEXT};
    fields[1] = (mw_field){MW_STR("time"), MW_TYPE_TIME};
    for (size_t i = 0; i < count; i++)
        fields[2 + i] = (mw_field){model->features[i].name, model->features[i].type};
    fields[2 + count] = (mw_field){MW_STR("label"), mw_code_type(model->label)};
    *out_schema = (mw_schema){fields, count + 3};
    return MW_OK;
}

mw_status mw_feature_rows_create(mw_feature_rows_config config, mw_feature_rows **out_rows,
                                 mw_error *err) {
    mw_feature_rows *rows = mw_allocate(sizeof *rows);
    if (!rows) return mw_fail(err, MW_NO_MEMORY, "features: no memory for their rows");
    const mw_stream *stream = &config.program->streams[config.model->moment_stream];
    *rows = (mw_feature_rows){.config = config,
                              .width = config.model->feature_count + 3,
                              .moment_width = stream->schema.field_count};
    mw_buf_init(&rows->id, ID_SIZE_MAX);
    *out_rows = rows;
    return MW_OK;
}

void mw_feature_rows_destroy(mw_feature_rows *rows) {
    if (!rows) return;
    mw_buf_release(&rows->id);
    mw_free(rows->cells);
    mw_free(rows->is_ready);
    mw_free(rows);
}

static mw_cell *row_at(const mw_feature_rows *rows, uint64_t number) {
    return rows->cells + (number & (rows->capacity - 1)) * (rows->width + rows->moment_width);
}

static bool *ready_at(const mw_feature_rows *rows, uint64_t number) {
    return &rows->is_ready[number & (rows->capacity - 1)];
}

/* To twice the room, where numbers go round later. */
static mw_status grow(mw_feature_rows *rows, mw_error *err) {
    mw_feature_rows larger = *rows;
    size_t both = rows->width + rows->moment_width;
    larger.capacity = rows->capacity > 0 ? 2 * rows->capacity : ROWS_MIN;
    larger.cells = larger.capacity < ROWS_MAX
                       ? mw_allocate(larger.capacity * both * sizeof *larger.cells)
                       : NULL;
    larger.is_ready = mw_allocate(larger.capacity * sizeof *larger.is_ready);
    if (!larger.cells || !larger.is_ready) {
        mw_free(larger.cells);
        mw_free(larger.is_ready);
        return mw_fail(err, MW_NO_MEMORY, "features: no memory for %zu rows that await a label",
                       larger.capacity);
    }
    for (uint64_t i = rows->first; i < rows->end; i++) {
        memcpy(row_at(&larger, i), row_at(rows, i), both * sizeof *larger.cells);
        *ready_at(&larger, i) = *ready_at(rows, i);
    }
    mw_free(rows->cells);
    mw_free(rows->is_ready);
    *rows = larger;
    return MW_OK;
}

static mw_status let_go(mw_feature_rows *rows, uint64_t number, mw_error *err) {
    const mw_feature_rows_config *config = &rows->config;
    const mw_cell *row = row_at(rows, number);
    mw_buf_clear(&rows->id);
    mw_stream_append_id(&config->program->streams[config->model->moment_stream],
                        row + rows->width, config->symbols, &rows->id);
    MW_TRY(mw_buf_check(&rows->id, "id", err));
    rows->counted.labelled += !mw_cell_is_missing(mw_code_type(config->model->label),
                                                  row[rows->width - 1]);
    return config->take(config->context, mw_buf_str(&rows->id), row, err);
}

static mw_status let_go_ready(mw_feature_rows *rows, mw_error *err) {
    for (; rows->first < rows->end && *ready_at(rows, rows->first); rows->first++)
        MW_TRY(let_go(rows, rows->first, err));
    return MW_OK;
}

static mw_status take_moment(mw_feature_rows *rows, const mw_step *step, mw_error *err) {
    const mw_model_program *model = rows->config.model;
    MW_ASSERT(step->number == rows->end);
    if (rows->end - rows->first == rows->capacity) MW_TRY(grow(rows, err));
    mw_cell *row = row_at(rows, step->number);
    row[0] = mw_cell_missing(MW_TYPE_TEXT);
    row[1] = mw_cell_time(step->moment.t);
    for (size_t i = 0; i < model->feature_count; i++) row[2 + i] = step->features[i];
    row[rows->width - 1] = mw_cell_missing(mw_code_type(model->label));
    if (rows->moment_width > 0)
        memcpy(row + rows->width, step->moment.row, rows->moment_width * sizeof *row);
    *ready_at(rows, step->number) = step->moment.t + model->maturity_us > rows->config.now;
    rows->end++;
    rows->counted.moments++;
    return MW_OK;
}

mw_status mw_feature_rows_step(mw_feature_rows *rows, const mw_step *step, mw_error *err) {
    if (step->kind == MW_DUE_MOMENT) {
        MW_TRY(take_moment(rows, step, err));
    } else {
        MW_ASSERT(step->number >= rows->first && step->number < rows->end);
        if (!step->label.is_dropped)
            row_at(rows, step->number)[rows->width - 1] = step->label.value;
        *ready_at(rows, step->number) = true;
    }
    return let_go_ready(rows, err);
}

mw_status mw_feature_rows_end(mw_feature_rows *rows, mw_error *err) {
    for (uint64_t i = rows->first; i < rows->end; i++) *ready_at(rows, i) = true;
    return let_go_ready(rows, err);
}

mw_feature_rows_count mw_feature_rows_counted(const mw_feature_rows *rows) {
    return rows->counted;
}
