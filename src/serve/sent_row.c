#include "serve/sent_row.h"

#include "serve/http.h"

#include <string.h>

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "body: no memory to read it");
}

/* --- an Arrow stream ---------------------------------------------------------------------- */

/* Finds the columns of the schema that stands. */
static mw_status bind(mw_sent_arrow *arrow, mw_error *err) {
    const mw_stream_source *source = arrow->source;
    size_t count = mw_arrow_column_count(arrow->reader);
    mw_free(arrow->fields);
    arrow->fields = mw_allocate((count + 1) * sizeof *arrow->fields);
    if (!arrow->fields) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        mw_str name = mw_arrow_column_name(arrow->reader, i);
        int32_t field = mw_schema_find(&source->row, name);
        if (field == MW_NO_FIELD || (size_t)field >= source->column_count)
            return mw_event_json_refuse_column(source, name, err);
        for (size_t k = 0; k < i; k++)
            if (arrow->fields[k] == field)
                return mw_fail(err, MW_INVALID, "%.*s: must be a column once", MW_STR_ARGS(name));
        arrow->fields[i] = field;
    }
    arrow->has_schema = true;
    return MW_OK;
}

/* To the next batch that has rows. */
static mw_status next_batch(mw_sent_arrow *arrow, mw_str *bytes, mw_sent_step *out_step,
                            mw_error *err) {
    arrow->row = arrow->row_count = 0;
    for (;;) {
        mw_arrow_step step = MW_ARROW_MORE;
        MW_TRY(mw_arrow_reader_take(arrow->reader, bytes, &step, err));
        if (step == MW_ARROW_SCHEMA) MW_TRY(bind(arrow, err));
        if (step == MW_ARROW_BATCH) arrow->row_count = mw_arrow_row_count(arrow->reader);
        *out_step = arrow->row_count > 0     ? MW_SENT_ROW
                    : step == MW_ARROW_MORE ? MW_SENT_MORE
                                            : MW_SENT_END;
        if (arrow->row_count > 0 || step == MW_ARROW_MORE || step == MW_ARROW_END) return MW_OK;
    }
}

/* A stream may do without its mark at the end. */
static mw_status check_end(const mw_sent_arrow *arrow, mw_str rest, mw_error *err) {
    if (!arrow->has_schema || mw_arrow_reader_is_within(arrow->reader))
        return mw_fail(err, MW_MALFORMED,
                       "body: must be a whole Arrow stream, got its beginning");
    if (rest.size > 0)
        return mw_fail(err, MW_MALFORMED, "body: must be one Arrow stream, got more behind it");
    return MW_OK;
}

mw_status mw_sent_arrow_begin(const mw_stream_source *source, mw_sent_arrow *out_arrow,
                              mw_error *err) {
    mw_sent_arrow arrow = {.source = source};
    MW_TRY(mw_arrow_reader_create(MW_HTTP_BODY_SIZE_MAX, &arrow.reader, err));
    *out_arrow = arrow;
    return MW_OK;
}

mw_status mw_sent_arrow_check(mw_str bytes, const mw_stream_source *source, mw_error *err) {
    mw_sent_arrow arrow;
    mw_sent_step step = MW_SENT_ROW;
    mw_status status = mw_sent_arrow_begin(source, &arrow, err);
    if (status != MW_OK) return status;
    while (status == MW_OK && step == MW_SENT_ROW)
        status = next_batch(&arrow, &bytes, &step, err);
    if (status == MW_OK) status = check_end(&arrow, bytes, err);
    mw_sent_arrow_end(&arrow);
    return status;
}

bool mw_sent_arrow_next_at_hand(mw_sent_arrow *arrow) {
    return arrow->row_count > 0 && ++arrow->row < arrow->row_count;
}

mw_status mw_sent_arrow_next(mw_sent_arrow *arrow, mw_str *bytes, bool has_more,
                             mw_sent_step *out_step, mw_error *err) {
    *out_step = MW_SENT_ROW;
    if (mw_sent_arrow_next_at_hand(arrow)) return MW_OK;
    MW_TRY(next_batch(arrow, bytes, out_step, err));
    if (*out_step == MW_SENT_ROW) return MW_OK;
    if (*out_step == MW_SENT_END || !has_more) MW_TRY(check_end(arrow, *bytes, err));
    *out_step = has_more ? MW_SENT_MORE : MW_SENT_END;
    return MW_OK;
}

void mw_sent_arrow_end(mw_sent_arrow *arrow) {
    mw_arrow_reader_destroy(arrow->reader);
    mw_free(arrow->fields);
    *arrow = (mw_sent_arrow){.reader = NULL};
}

/* --- a row -------------------------------------------------------------------------------- */

mw_status mw_sent_row_read(mw_sent_row sent, const mw_stream_source *source, const mw_zone *zone,
                           mw_symbols *symbols, mw_cell *row, mw_error *err) {
    if (sent.cells) {
        memcpy(row, sent.cells, source->column_count * sizeof *row);
        return MW_OK;
    }
    if (!sent.arrow) return mw_event_json_read(sent.json, source, zone, symbols, row, err);
    const mw_sent_arrow *arrow = sent.arrow;
    for (size_t i = 0; i < source->column_count; i++)
        row[i] = mw_cell_missing(source->row.fields[i].type);
    for (size_t i = 0; i < mw_arrow_column_count(arrow->reader); i++) {
        mw_field field = source->row.fields[arrow->fields[i]];
        mw_arrow_target target = {field.type, zone, symbols};
        mw_status status = mw_arrow_cell(arrow->reader, i, arrow->row, target,
                                         &row[arrow->fields[i]], err);
        if (status != MW_OK) return mw_fail_within(err, status, "%.*s", MW_STR_ARGS(field.name));
    }
    return MW_OK;
}
