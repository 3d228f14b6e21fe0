#include "serve/sent_row.h"

#include "serve/http.h"

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "body: no memory to read it");
}

/* --- an Arrow stream ---------------------------------------------------------------------- */

/* Finds the columns of the schema that stands. */
static mw_status bind(mw_sent_arrow *arrow, const mw_stream_source *source, mw_error *err) {
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
    return MW_OK;
}

static mw_status look_through(mw_sent_arrow *arrow, const mw_stream_source *source,
                              mw_error *err) {
    bool has_schema = false;
    for (;;) {
        mw_arrow_step step = MW_ARROW_MORE;
        MW_TRY(mw_arrow_reader_take(arrow->reader, &arrow->rest, &step, err));
        if (step == MW_ARROW_SCHEMA) MW_TRY(bind(arrow, source, err));
        has_schema = has_schema || step == MW_ARROW_SCHEMA;
        if (step != MW_ARROW_MORE && step != MW_ARROW_END) continue;
        if (!has_schema || mw_arrow_reader_is_within(arrow->reader))
            return mw_fail(err, MW_MALFORMED,
                           "body: must be a whole Arrow stream, got its beginning");
        if (arrow->rest.size > 0)
            return mw_fail(err, MW_MALFORMED, "body: must be one Arrow stream, got more behind it");
        return MW_OK;
    }
}

static mw_status begin(mw_sent_arrow *arrow, mw_str bytes, const mw_stream_source *source,
                       mw_error *err) {
    arrow->rest = bytes;
    MW_TRY(mw_arrow_reader_create(MW_HTTP_BODY_SIZE_MAX, &arrow->reader, err));
    MW_TRY(look_through(arrow, source, err));
    mw_arrow_reader_destroy(arrow->reader);
    arrow->reader = NULL;
    arrow->rest = bytes;
    return mw_arrow_reader_create(MW_HTTP_BODY_SIZE_MAX, &arrow->reader, err);
}

mw_status mw_sent_arrow_begin(mw_str bytes, const mw_stream_source *source,
                              mw_sent_arrow *out_arrow, mw_error *err) {
    mw_sent_arrow arrow = {.reader = NULL};
    mw_status status = begin(&arrow, bytes, source, err);
    if (status != MW_OK) mw_sent_arrow_end(&arrow);
    else *out_arrow = arrow;
    return status;
}

mw_status mw_sent_arrow_next(mw_sent_arrow *arrow, bool *out_found, mw_error *err) {
    *out_found = true;
    if (arrow->row_count > 0 && ++arrow->row < arrow->row_count) return MW_OK;
    for (;;) {
        mw_arrow_step step = MW_ARROW_MORE;
        MW_TRY(mw_arrow_reader_take(arrow->reader, &arrow->rest, &step, err));
        arrow->row = 0;
        arrow->row_count = step == MW_ARROW_BATCH ? mw_arrow_row_count(arrow->reader) : 0;
        *out_found = arrow->row_count > 0;
        if (*out_found || step == MW_ARROW_MORE || step == MW_ARROW_END) return MW_OK;
    }
}

void mw_sent_arrow_end(mw_sent_arrow *arrow) {
    mw_arrow_reader_destroy(arrow->reader);
    mw_free(arrow->fields);
    *arrow = (mw_sent_arrow){.reader = NULL};
}

/* --- a row -------------------------------------------------------------------------------- */

mw_status mw_sent_row_read(mw_sent_row sent, const mw_stream_source *source, const mw_zone *zone,
                           mw_symbols *symbols, mw_cell *row, mw_error *err) {
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
