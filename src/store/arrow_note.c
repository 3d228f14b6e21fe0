#include "store/arrow_note.h"

#include <errno.h>
#include <nanoarrow/ipc/flatcc_generated.h>
#include <nanoarrow/nanoarrow_ipc.h>
#include <string.h>

#include "base/base64.h"

#define NAMED(name) org_apache_arrow_flatbuf_##name

/* A message begins with four bytes of ones and the size of what follows. */
enum { FRAME_SIZE = 8, NOTE_SIZE_MAX = 1 << 26 };

static int64_t duration_unit(NAMED(Field_table_t) field) {
    static const int64_t units_ns[] = {[NAMED(TimeUnit_SECOND)] = 1000000000,
                                       [NAMED(TimeUnit_MILLISECOND)] = 1000000,
                                       [NAMED(TimeUnit_MICROSECOND)] = 1000,
                                       [NAMED(TimeUnit_NANOSECOND)] = 1};
    bool is_duration = NAMED(Field_type_type)(field) == NAMED(Type_Duration);
    if (!is_duration || !NAMED(Field_type)(field)) return 0;
    int unit = NAMED(Duration_unit)(NAMED(Field_type)(field));
    bool is_known = unit >= 0 && (size_t)unit < sizeof units_ns / sizeof *units_ns;
    return is_known ? units_ns[unit] : 0;
}

static mw_arrow_noted noted_of(NAMED(Field_table_t) field) {
    mw_arrow_noted noted = {.unit_ns = duration_unit(field)};
    noted.is_time = NAMED(Field_type_type)(field) == NAMED(Type_Timestamp) &&
                    NAMED(Field_type)(field);
    if (noted.is_time) {
        const char *zone = NAMED(Timestamp_timezone)(NAMED(Field_type)(field));
        noted.has_zone = zone && *zone;
    }
    return noted;
}

static void read_fields(NAMED(Schema_table_t) schema, const mw_str *names, size_t count,
                        mw_arrow_noted *noted) {
    NAMED(Field_vec_t) fields = NAMED(Schema_fields)(schema);
    if (NAMED(Field_vec_len)(fields) != count) return;
    for (size_t i = 0; i < count; i++) {
        NAMED(Field_table_t) field = NAMED(Field_vec_at)(fields, i);
        const char *name = NAMED(Field_name)(field);
        if (name && mw_str_is(names[i], name)) noted[i] = noted_of(field);
    }
}

/* nanoarrow adds to the size that a message claims before it looks at how much there is. */
static bool is_whole(mw_str bytes) {
    mw_reader frame = {bytes, false};
    bool is_marked = mw_read_u32(&frame) == UINT32_MAX;
    uint32_t size = mw_read_u32(&frame);
    return is_marked && !frame.failed && size <= bytes.size - FRAME_SIZE;
}

/* nanoarrow has the flatbuffer verified, so reading it stays within its bytes. It would not read a
   schema that has a type which is new to it, and so none of polars'. */
static mw_status read_message(mw_str bytes, const mw_str *names, size_t count,
                              mw_arrow_noted *noted, mw_error *err) {
    struct ArrowIpcDecoder decoder;
    struct ArrowBufferView view = {{bytes.data}, (int64_t)bytes.size};
    if (ArrowIpcDecoderInit(&decoder) != NANOARROW_OK)
        return mw_fail(err, MW_NO_MEMORY, "arrow note: no memory");
    int code = ArrowIpcDecoderVerifyHeader(&decoder, view, NULL);
    if (code == NANOARROW_OK && decoder.message_type == NANOARROW_IPC_MESSAGE_TYPE_SCHEMA) {
        NAMED(Message_table_t) message = NAMED(Message_as_root)(bytes.data + FRAME_SIZE);
        NAMED(Schema_table_t) schema = NAMED(Message_header)(message);
        if (schema) read_fields(schema, names, count, noted);
    }
    ArrowIpcDecoderReset(&decoder);
    return code == ENOMEM ? mw_fail(err, MW_NO_MEMORY, "arrow note: no memory") : MW_OK;
}

mw_status mw_arrow_note_read(mw_str note, const mw_str *names, size_t count,
                             mw_arrow_noted *out_noted, mw_error *err) {
    mw_buf bytes;
    mw_buf_init(&bytes, NOTE_SIZE_MAX);
    memset(out_noted, 0, count * sizeof *out_noted);
    bool is_base64 = mw_base64_decode(note, &bytes);
    mw_status status = mw_buf_check(&bytes, "arrow note", err);
    if (status == MW_TOO_LARGE) status = MW_OK;
    else if (status == MW_OK && is_base64 && is_whole(mw_buf_str(&bytes)))
        status = read_message(mw_buf_str(&bytes), names, count, out_noted, err);
    mw_buf_release(&bytes);
    return status;
}
