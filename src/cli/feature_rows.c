#include "cli/feature_rows.h"

#include <string.h>

#include "base/queue.h"
#include "feature/awaited.h"

enum { ID_SIZE_MAX = 1 << 20 };
#define NOT_WHOLE UINT64_MAX /* no ticket */

struct mw_feature_rows {
    mw_feature_rows_config config;
    size_t width, moment_width; /* cells of either */
    mw_queue waiting;           /* by their numbers: the ticket of each that is whole */
    mw_awaited whole;           /* the rows of these tickets */
    mw_cell *row;               /* one at hand */
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

/* First its cells as they leave, then the row of its moment. */
static size_t row_cells(const mw_feature_rows *rows) {
    return rows->width + rows->moment_width;
}

mw_status mw_feature_rows_create(mw_feature_rows_config config, mw_feature_rows **out_rows,
                                 mw_error *err) {
    mw_feature_rows *rows = mw_allocate(sizeof *rows);
    if (!rows) return mw_fail(err, MW_NO_MEMORY, "features: no memory for their rows");
    const mw_stream *stream = &config.program->streams[config.model->moment_stream];
    *rows = (mw_feature_rows){.config = config,
                              .width = config.model->feature_count + 3,
                              .moment_width = stream->schema.field_count};
    mw_queue_init(&rows->waiting, sizeof(uint64_t));
    mw_awaited_init(&rows->whole, row_cells(rows), config.memory);
    mw_buf_init(&rows->id, ID_SIZE_MAX);
    rows->row = mw_allocate(row_cells(rows) * sizeof *rows->row);
    if (!rows->row) {
        mw_feature_rows_destroy(rows);
        return mw_fail(err, MW_NO_MEMORY, "features: no memory for their rows");
    }
    *out_rows = rows;
    return MW_OK;
}

static uint64_t *waiting_at(const mw_feature_rows *rows, uint64_t number) {
    return mw_queue_at(&rows->waiting, number);
}

void mw_feature_rows_destroy(mw_feature_rows *rows) {
    if (!rows) return;
    mw_queue_release(&rows->waiting);
    mw_awaited_release(&rows->whole);
    mw_buf_release(&rows->id);
    mw_free(rows->row);
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

/* The rows at the front that are whole. */
static mw_status let_go_whole(mw_feature_rows *rows, mw_error *err) {
    while (!mw_queue_is_empty(&rows->waiting)) {
        uint64_t number, ticket = *waiting_at(rows, rows->waiting.first);
        const mw_cell *row;
        if (ticket == NOT_WHOLE) break;
        MW_TRY(mw_awaited_take(&rows->whole, ticket, &number, &row, err));
        MW_ASSERT(number == rows->waiting.first);
        MW_TRY(let_go(rows, row, err));
        mw_queue_drop(&rows->waiting);
    }
    return MW_OK;
}

/* A step says all that is in a row, its label's as its moment's. */
static void fill(const mw_feature_rows *rows, const mw_step *step, mw_cell *out_row) {
    const mw_model_program *model = rows->config.model;
    bool has_label = step->kind == MW_DUE_LABEL && !step->label.is_dropped;
    out_row[0] = mw_cell_missing(MW_TYPE_TEXT);
    out_row[1] = mw_cell_time(step->moment.t);
    for (size_t i = 0; i < model->feature_count; i++) out_row[2 + i] = step->features[i];
    out_row[rows->width - 1] =
        has_label ? step->label.value : mw_cell_missing(mw_code_type(model->label));
    if (rows->moment_width > 0)
        memcpy(out_row + rows->width, step->moment.row, rows->moment_width * sizeof *out_row);
}

static mw_status add_moment(mw_feature_rows *rows, const mw_step *step, mw_error *err) {
    MW_ASSERT(step->number == rows->waiting.end);
    uint64_t *added = mw_queue_add(&rows->waiting);
    if (!added)
        return mw_fail(err, MW_NO_MEMORY, "features: no memory for %llu rows that await a label",
                       (unsigned long long)(rows->waiting.end - rows->waiting.first));
    *added = NOT_WHOLE;
    rows->counted.moments++;
    return MW_OK;
}

/* The row of the step is whole: it leaves, or waits for those before it. */
static mw_status complete(mw_feature_rows *rows, const mw_step *step, mw_error *err) {
    uint64_t ticket;
    fill(rows, step, rows->row);
    if (step->number == rows->waiting.first) {
        MW_TRY(let_go(rows, rows->row, err));
        mw_queue_drop(&rows->waiting);
        return let_go_whole(rows, err);
    }
    MW_TRY(mw_awaited_add(&rows->whole, &ticket, err));
    MW_TRY(mw_awaited_put(&rows->whole, ticket, step->number, rows->row, err));
    *waiting_at(rows, step->number) = ticket;
    return MW_OK;
}

mw_status mw_feature_rows_step(mw_feature_rows *rows, const mw_step *step, mw_error *err) {
    bool has_label = step->moment.t + rows->config.model->maturity_us <= rows->config.now;
    if (step->kind == MW_DUE_MOMENT) MW_TRY(add_moment(rows, step, err));
    return step->kind == MW_DUE_MOMENT && has_label ? MW_OK : complete(rows, step, err);
}

mw_feature_rows_count mw_feature_rows_counted(const mw_feature_rows *rows) {
    MW_ASSERT(mw_queue_is_empty(&rows->waiting)); /* a replay brings each label that may come */
    return rows->counted;
}
