#include "store/addition.h"

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "lake: no memory for what is added");
}

static mw_status malformed(mw_error *err) {
    return mw_fail(err, MW_MALFORMED, "lake: what is to be added cannot be read");
}

void mw_text_append(mw_buf *out, mw_str text) {
    mw_buf_append_u32(out, (uint32_t)text.size);
    mw_buf_append_str(out, text);
}

mw_str mw_text_read(mw_reader *reader) { return mw_read_bytes(reader, mw_read_u32(reader)); }

void mw_schema_append(mw_buf *out, const mw_schema *schema) {
    mw_buf_append_u32(out, (uint32_t)schema->field_count);
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_buf_append_u32(out, (uint32_t)schema->fields[i].type);
        mw_text_append(out, schema->fields[i].name);
    }
}

mw_status mw_schema_read(mw_reader *reader, mw_arena *arena, mw_schema *out_schema,
                         mw_error *err) {
    size_t count = mw_read_u32(reader);
    if (reader->failed || count > MW_FIELDS_MAX) return malformed(err);
    mw_field *fields = mw_arena_alloc(arena, count + 1, sizeof *fields);
    if (!fields) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        uint32_t type = mw_read_u32(reader);
        if (type >= MW_TYPE_COUNT) return malformed(err);
        fields[i] = (mw_field){mw_text_read(reader), (mw_type)type};
    }
    if (reader->failed) return malformed(err);
    *out_schema = (mw_schema){fields, count};
    return MW_OK;
}

static void append_file(mw_buf *out, const mw_added_file *file) {
    mw_text_append(out, file->stream);
    mw_text_append(out, file->path);
    mw_text_append(out, file->rows_hash);
    mw_buf_append_u64(out, (uint64_t)file->event_count);
    mw_buf_append_u64(out, (uint64_t)file->size);
    mw_buf_append_u64(out, (uint64_t)file->known_min);
    mw_buf_append_u64(out, (uint64_t)file->known_max);
    mw_buf_append_u64(out, (uint64_t)file->correction_count);
    mw_buf_append_u64(out, (uint64_t)file->checksum);
    mw_schema_append(out, &file->schema);
}

static mw_status read_file(mw_reader *reader, mw_arena *arena, mw_added_file *file,
                           mw_error *err) {
    file->stream = mw_text_read(reader);
    file->path = mw_text_read(reader);
    file->rows_hash = mw_text_read(reader);
    file->event_count = (int64_t)mw_read_u64(reader);
    file->size = (int64_t)mw_read_u64(reader);
    file->known_min = (int64_t)mw_read_u64(reader);
    file->known_max = (int64_t)mw_read_u64(reader);
    file->correction_count = (int64_t)mw_read_u64(reader);
    file->checksum = (int64_t)mw_read_u64(reader);
    return mw_schema_read(reader, arena, &file->schema, err);
}

void mw_addition_append(mw_buf *out, const mw_addition *addition) {
    mw_buf_append_u64(out, (uint64_t)addition->number);
    mw_buf_append_u32(out, (uint32_t)addition->file_count);
    for (size_t i = 0; i < addition->file_count; i++) append_file(out, &addition->files[i]);
}

mw_status mw_addition_read(mw_reader *reader, mw_arena *arena, mw_addition *out_addition,
                           mw_error *err) {
    mw_addition addition = {.number = (int64_t)mw_read_u64(reader)};
    size_t count = mw_read_u32(reader);
    if (reader->failed || count > MW_ADDED_FILES_MAX) return malformed(err);
    addition.files = mw_arena_alloc(arena, count + 1, sizeof *addition.files);
    if (!addition.files) return no_memory(err);
    for (; addition.file_count < count; addition.file_count++)
        MW_TRY(read_file(reader, arena, &addition.files[addition.file_count], err));
    *out_addition = addition;
    return MW_OK;
}

int64_t mw_addition_known_min(const mw_addition *addition) {
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < addition->file_count; i++)
        if (addition->files[i].known_min < least) least = addition->files[i].known_min;
    return least;
}

int64_t mw_addition_step(const mw_addition *addition, int64_t event_us) {
    int64_t all = 0, most = 1;
    for (size_t i = 0; i < addition->file_count; i++) {
        int64_t count = addition->files[i].event_count;
        all += count;
        if (count > most) most = count;
    }
    return (all * event_us + most - 1) / most;
}
