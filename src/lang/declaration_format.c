#include "lang/declaration_format.h"

#include <assert.h>
#include <string.h>

/* Whoever declares more must write it too: what is left out here is lost in silence. (Senses are no
   part of what was declared: whoever reads it hands in its own. Nor is a stream's zone: it is about
   texts, which whoever reads this gets no times in.) */
static_assert(sizeof(mw_stream_declaration) == 232, "mw_stream_declaration has changed");
static_assert(sizeof(mw_model_declaration) == 72, "mw_model_declaration has changed");
static_assert(sizeof(mw_declarations) == 64, "mw_declarations has changed");

#define NOT_GIVEN UINT64_MAX
enum { ITEM_SIZE_MIN = 8 }; /* no item of a list takes fewer bytes */

static void append_text(mw_buf *out, mw_str text) {
    mw_buf_append_u64(out, text.size);
    mw_buf_append_str(out, text);
}

static void append_source(mw_buf *out, mw_source source) {
    if (source.text.data) append_text(out, source.text);
    else mw_buf_append_u64(out, NOT_GIVEN);
}

static void append_named(mw_buf *out, const mw_named_source *items, size_t count) {
    mw_buf_append_u64(out, count);
    for (size_t i = 0; i < count; i++) {
        append_text(out, items[i].name);
        append_source(out, items[i].source);
    }
}

static void append_double(mw_buf *out, double value) {
    mw_buf_append_u64(out, (mw_cell){.number = value}.bits);
}

static void append_mend(mw_buf *out, const mw_mend_declaration *mend) {
    append_text(out, mend->name);
    mw_buf_append_u64(out, (uint64_t)mend->kind);
    append_double(out, mend->factor);
    append_source(out, mend->value);
    append_double(out, mend->min);
    append_double(out, mend->max);
    mw_buf_append_u64(out, mend->allowed_count);
    for (size_t i = 0; i < mend->allowed_count; i++) append_text(out, mend->allowed[i]);
}

static void append_mends(mw_buf *out, const mw_stream_declaration *stream) {
    mw_buf_append_u64(out, stream->mend_count);
    for (size_t i = 0; i < stream->mend_count; i++) append_mend(out, &stream->mends[i]);
}

static void append_stream(mw_buf *out, const mw_stream_declaration *stream) {
    append_text(out, stream->name);
    MW_ASSERT(!stream->lacks_columns); /* else it was never compiled */
    mw_buf_append_u64(out, stream->columns.field_count);
    for (size_t i = 0; i < stream->columns.field_count; i++) {
        append_text(out, stream->columns.fields[i].name);
        append_text(out, mw_str_of(mw_type_name(stream->columns.fields[i].type)));
    }
    append_named(out, stream->fields, stream->field_count);
    append_source(out, stream->where);
    append_source(out, stream->time);
    append_source(out, stream->known);
    mw_buf_append_u64(out, stream->id_count);
    for (size_t i = 0; i < stream->id_count; i++) append_text(out, stream->ids[i]);
    append_named(out, stream->laters, stream->later_count);
    mw_buf_append_u64(out, (uint64_t)stream->late_us);
}

static void append_asks(mw_buf *out, const mw_stream_declaration *stream) {
    mw_buf_append_u64(out, stream->ask_count);
    for (size_t i = 0; i < stream->ask_count; i++) {
        append_text(out, stream->asks[i].name);
        append_source(out, stream->asks[i].source);
        append_text(out, mw_str_of(mw_type_name(stream->asks[i].gives)));
    }
}

static bool has_asks(const mw_declarations *declarations) {
    for (size_t i = 0; i < declarations->stream_count; i++)
        if (declarations->streams[i].ask_count > 0) return true;
    return false;
}

void mw_declarations_append(mw_buf *out, const mw_declarations *declarations, size_t model) {
    const mw_model_declaration *declared = &declarations->models[model];
    mw_buf_append_u64(out, declarations->stream_count);
    for (size_t i = 0; i < declarations->stream_count; i++)
        append_stream(out, &declarations->streams[i]);
    append_named(out, declarations->features, declarations->feature_count);
    append_text(out, declared->name);
    append_source(out, declared->moment);
    append_source(out, declared->label);
    for (size_t i = 0; i < declarations->stream_count; i++)
        append_mends(out, &declarations->streams[i]);
    for (size_t i = 0; has_asks(declarations) && i < declarations->stream_count; i++)
        append_asks(out, &declarations->streams[i]);
}

/* --- reading -------------------------------------------------------------------------------- */

typedef struct {
    mw_reader reader;
    mw_arena *arena;
    mw_error *err;
} decoding;

static mw_status broken(decoding *d, const char *part) {
    return mw_fail(d->err, MW_CORRUPT, "declarations: their %s break a rule of the format", part);
}

/* A list whose count comes next. */
static mw_status read_list(decoding *d, size_t item_size, const char *part, void *out_items,
                           size_t *out_count) {
    uint64_t count = mw_read_u64(&d->reader);
    if (d->reader.failed || count > d->reader.rest.size / ITEM_SIZE_MIN) return broken(d, part);
    void *items = mw_arena_alloc(d->arena, (size_t)count + 1, item_size);
    if (!items) return mw_fail(d->err, MW_NO_MEMORY, "declarations: no memory for their %s", part);
    memcpy(out_items, &items, sizeof items);
    *out_count = (size_t)count;
    return MW_OK;
}

static mw_str read_text(decoding *d) {
    return mw_read_bytes(&d->reader, (size_t)mw_read_u64(&d->reader));
}

static mw_source read_source(decoding *d) {
    uint64_t size = mw_read_u64(&d->reader);
    if (size == NOT_GIVEN) return (mw_source){.text = {NULL, 0}};
    mw_str text = mw_read_bytes(&d->reader, (size_t)size);
    return (mw_source){.text = text.data ? text : MW_STR("")};
}

static mw_status read_named(decoding *d, const char *part, mw_named_source **out_items,
                            size_t *out_count) {
    MW_TRY(read_list(d, sizeof **out_items, part, out_items, out_count));
    for (size_t i = 0; i < *out_count; i++) {
        (*out_items)[i].name = read_text(d);
        (*out_items)[i].source = read_source(d);
        if ((*out_items)[i].name.size == 0) return broken(d, part);
    }
    return d->reader.failed ? broken(d, part) : MW_OK;
}

static mw_status read_columns(decoding *d, mw_schema *columns) {
    MW_TRY(read_list(d, sizeof *columns->fields, "columns", &columns->fields,
                     &columns->field_count));
    if (columns->field_count > MW_FIELDS_MAX) return broken(d, "columns");
    for (size_t i = 0; i < columns->field_count; i++) {
        mw_field *field = &columns->fields[i];
        field->name = read_text(d);
        if (field->name.size == 0 || !mw_type_parse(read_text(d), &field->type))
            return broken(d, "columns");
    }
    return MW_OK;
}

static mw_status read_mend(decoding *d, mw_mend_declaration *mend) {
    mend->name = read_text(d);
    uint64_t kind = mw_read_u64(&d->reader);
    mend->kind = (mw_mend_kind)kind;
    mend->factor = mw_read_double(&d->reader);
    mend->value = read_source(d);
    mend->min = mw_read_double(&d->reader);
    mend->max = mw_read_double(&d->reader);
    MW_TRY(read_list(d, sizeof *mend->allowed, "mends", &mend->allowed, &mend->allowed_count));
    for (size_t i = 0; i < mend->allowed_count; i++) mend->allowed[i] = read_text(d);
    bool is_good = kind <= MW_MEND_CLIP && mend->name.size > 0 && !d->reader.failed;
    return is_good ? MW_OK : broken(d, "mends");
}

static mw_status read_mends(decoding *d, mw_declarations *declarations) {
    for (size_t i = 0; i < declarations->stream_count; i++) {
        mw_stream_declaration *stream = &declarations->streams[i];
        MW_TRY(read_list(d, sizeof *stream->mends, "mends", &stream->mends, &stream->mend_count));
        for (size_t k = 0; k < stream->mend_count; k++) MW_TRY(read_mend(d, &stream->mends[k]));
    }
    return d->reader.failed ? broken(d, "mends") : MW_OK;
}

static mw_status read_asks_of(decoding *d, mw_stream_declaration *stream) {
    MW_TRY(read_list(d, sizeof *stream->asks, "asks", &stream->asks, &stream->ask_count));
    for (size_t i = 0; i < stream->ask_count; i++) {
        mw_ask_declaration *ask = &stream->asks[i];
        ask->name = read_text(d);
        ask->source = read_source(d);
        if (ask->name.size == 0 || !mw_type_parse(read_text(d), &ask->gives))
            return broken(d, "asks");
    }
    return MW_OK;
}

static mw_status read_asks(decoding *d, mw_declarations *declarations) {
    bool has_asks = d->reader.rest.size > 0;
    for (size_t i = 0; has_asks && i < declarations->stream_count; i++)
        MW_TRY(read_asks_of(d, &declarations->streams[i]));
    return d->reader.rest.size == 0 && !d->reader.failed ? MW_OK : broken(d, "asks");
}

static mw_status read_stream(decoding *d, mw_stream_declaration *stream) {
    stream->name = read_text(d);
    if (stream->name.size == 0) return broken(d, "streams");
    MW_TRY(read_columns(d, &stream->columns));
    MW_TRY(read_named(d, "fields", &stream->fields, &stream->field_count));
    stream->where = read_source(d);
    stream->time = read_source(d);
    stream->known = read_source(d);
    MW_TRY(read_list(d, sizeof *stream->ids, "ids", &stream->ids, &stream->id_count));
    for (size_t i = 0; i < stream->id_count; i++) stream->ids[i] = read_text(d);
    MW_TRY(read_named(d, "later fields", &stream->laters, &stream->later_count));
    stream->late_us = (int64_t)mw_read_u64(&d->reader);
    return d->reader.failed ? broken(d, "streams") : MW_OK;
}

static mw_status read_model(decoding *d, mw_declarations *declarations) {
    mw_model_declaration *model = mw_arena_alloc(d->arena, 1, sizeof *model);
    if (!model) return mw_fail(d->err, MW_NO_MEMORY, "declarations: no memory for their model");
    *model = (mw_model_declaration){.name = read_text(d)};
    model->moment = read_source(d);
    model->label = read_source(d);
    if (d->reader.failed || model->name.size == 0) return broken(d, "model");
    declarations->models = model;
    declarations->model_count = 1;
    return MW_OK;
}

mw_status mw_declarations_read(mw_str bytes, mw_arena *arena, mw_declarations *out_declarations,
                               mw_error *err) {
    decoding d = {.reader = {.rest = bytes}, .arena = arena, .err = err};
    mw_declarations read = {.zone = NULL};
    MW_TRY(read_list(&d, sizeof *read.streams, "streams", &read.streams, &read.stream_count));
    for (size_t i = 0; i < read.stream_count; i++) MW_TRY(read_stream(&d, &read.streams[i]));
    MW_TRY(read_named(&d, "features", &read.features, &read.feature_count));
    MW_TRY(read_model(&d, &read));
    MW_TRY(read_mends(&d, &read));
    MW_TRY(read_asks(&d, &read));
    *out_declarations = read;
    return MW_OK;
}
