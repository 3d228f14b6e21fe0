#include "ingest/quarantine.h"

#include "table/cell_json.h"

static void write_columns(mw_json *json, const mw_quarantine_source *source, size_t row) {
    const mw_cell *cells = mw_table_row(source->rows, row);
    mw_json_key(json, "columns");
    mw_json_object(json);
    for (size_t i = 0; i < source->column_count; i++) {
        const mw_field *field = &source->rows->schema->fields[i];
        mw_json_key_str(json, field->name);
        mw_cell_write_json(json, field->type, cells[i], source->symbols);
    }
    mw_json_object_end(json);
}

static void write_row(mw_json *json, const mw_quarantine_source *source, const mw_refusal *one,
                      mw_str rule) {
    mw_json_object(json);
    mw_json_put_str(json, "stream", source->stream);
    mw_json_put_str(json, "file", source->file);
    mw_json_put_count(json, "row", one->row + 1);
    mw_json_put_str(json, "rule", rule);
    mw_json_put_str(json, "value", one->value);
    write_columns(json, source, one->row);
    mw_json_object_end(json);
}

void mw_quarantine_append(mw_buf *lines, const mw_quarantine_source *source,
                          const mw_refusals *refusals) {
    for (size_t i = 0; i < refusals->item_count && !lines->failed; i++) {
        const mw_refusal *one = &refusals->items[i];
        if (one->row < source->skip) continue;
        mw_json json = mw_json_begin(lines);
        write_row(&json, source, one, refusals->rules[one->rule].text);
        mw_buf_append_char(lines, '\n');
    }
}
