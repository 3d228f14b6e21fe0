#include "cli/feature_rows.h"

#include <string.h>

#include "base/queue.h"

enum { ID_SIZE_MAX = 1 << 20 };

/* A row that waits: first its cells as they leave, then the row of its moment. */
typedef struct {
    bool is_ready; /* its label has come, or will not */
    mw_cell cells[];
} waiting_row;

struct mw_feature_rows {
    mw_feature_rows_config config;
    size_t width, moment_width; /* cells of either */
    mw_queue waiting;           /* by their numbers */
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
    size_t cell_count = rows->width + rows->moment_width;
    mw_queue_init(&rows->waiting, sizeof(waiting_row) + cell_count * sizeof(mw_cell));
    mw_buf_init(&rows->id, ID_SIZE_MAX);
    *out_rows = rows;
    return MW_OK;
}

void mw_feature_rows_destroy(mw_feature_rows *rows) {
    if (!rows) return;
    mw_buf_release(&rows->id);
    mw_queue_release(&rows->waiting);
    mw_free(rows);
}

static mw_status let_go(mw_feature_rows *rows, const mw_cell *row, mw_error *err) {
    const mw_feature_rows_config *config = &rows->config;
    mw_buf_clear(&rows->id);
    mw_stream_append_id(&config->program->streams[config->model->moment_stream],
                        row + rows->width, config->symbols, &rows->id);
    MW_TRY(mw_buf_check(&rows->id, "id", err));
    rows->counted.labelled += !mw_cell_is_missing(mw_code_type(config->model->label),
                                                  row[rows->width - 1]);
    return config->take(config->context, mw_buf_str(&rows->id), row, err);
}

static mw_status let_go_ready(mw_feature_rows *rows, bool all, mw_error *err) {
    while (!mw_queue_is_empty(&rows->waiting)) {
        const waiting_row *first = mw_queue_at(&rows->waiting, rows->waiting.first);
        if (!all && !first->is_ready) break;
        MW_TRY(let_go(rows, first->cells, err));
        mw_queue_drop(&rows->waiting);
    }
    return MW_OK;
}

static mw_status take_moment(mw_feature_rows *rows, const mw_step *step, mw_error *err) {
    const mw_model_program *model = rows->config.model;
    MW_ASSERT(step->number == rows->waiting.end);
    waiting_row *added = mw_queue_add(&rows->waiting);
    if (!added)
        return mw_fail(err, MW_NO_MEMORY, "features: no memory for %llu rows that await a label",
                       (unsigned long long)(rows->waiting.end - rows->waiting.first));
    mw_cell *row = added->cells;
    row[0] = mw_cell_missing(MW_TYPE_TEXT);
    row[1] = mw_cell_time(step->moment.t);
    for (size_t i = 0; i < model->feature_count; i++) row[2 + i] = step->features[i];
    row[rows->width - 1] = mw_cell_missing(mw_code_type(model->label));
    if (rows->moment_width > 0)
        memcpy(row + rows->width, step->moment.row, rows->moment_width * sizeof *row);
    added->is_ready = step->moment.t + model->maturity_us > rows->config.now;
    rows->counted.moments++;
    return MW_OK;
}

mw_status mw_feature_rows_step(mw_feature_rows *rows, const mw_step *step, mw_error *err) {
    if (step->kind == MW_DUE_MOMENT) {
        MW_TRY(take_moment(rows, step, err));
    } else {
        waiting_row *row = mw_queue_at(&rows->waiting, step->number);
        if (!step->label.is_dropped) row->cells[rows->width - 1] = step->label.value;
        row->is_ready = true;
    }
    return let_go_ready(rows, false, err);
}

mw_status mw_feature_rows_end(mw_feature_rows *rows, mw_error *err) {
    return let_go_ready(rows, true, err);
}

mw_feature_rows_count mw_feature_rows_counted(const mw_feature_rows *rows) {
    return rows->counted;
}
