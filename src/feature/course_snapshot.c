#include "feature/course_state.h"
#include "model/seal.h"

/*
 * The bytes, little endian, cells in their canonical form, in a seal "MWCO":
 *
 *   32 bytes program (a hash of what its streams, features and label say)
 *   i64 last place, u64 next number, u64 refused moments
 *   the agenda (feature/agenda.h)
 *   u32 waiting count; each: u32 stream, i64 time, known, place, then its row, u32 whether it is a
 *   correction; if so i64 time and from when it counted of what it replaces, then that row
 *   u64 size, the engine's bytes (snapshot.c)
 *
 * Format 1 knew no corrections and is refused, as its engine is: then the log is replayed.
 */
enum { FORMAT = 2 };
static const mw_seal seal = {.what = "course", .magic = 0x4f43574d, .format = FORMAT};

#define STORED_TIME_MAX (INT64_C(1) << 61)

static void add_code(mw_sha256 *sha, const mw_code *code) {
    mw_sha256_add_str(sha, code ? mw_code_text(code) : MW_STR(""));
}

static void hash_schedule(mw_sha256 *sha, const mw_schedule *schedule) {
    mw_sha256_add_u64(sha, (uint64_t)schedule->beat.span_us);
    mw_sha256_add_u64(sha, (uint64_t)schedule->beat.weekday);
    mw_sha256_add_u64(sha, (uint64_t)schedule->beat.clock_us);
    mw_sha256_add_u64(sha, (uint64_t)schedule->over_us);
    mw_sha256_add_u64(sha, (uint64_t)schedule->ahead_first_us);
    mw_sha256_add_u64(sha, (uint64_t)schedule->ahead_last_us);
    add_code(sha, schedule->takes);
}

static void hash_each(mw_sha256 *sha, const mw_each *each) {
    mw_sha256_add_u64(sha, (uint64_t)each->stream);
    mw_sha256_add_u64(sha, (uint64_t)each->list);
}

/* Windows are the engine's to hash; this covers what else the state was made by. */
static void hash_program(const mw_course *course, unsigned char digest[MW_SHA256_SIZE]) {
    const mw_program *program = course->config.engine.program;
    const mw_model_program *model = course->config.engine.model;
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, mw_zone_name(program->zone));
    mw_sha256_add_str(&sha, mw_zone_digest(program->zone));
    for (size_t i = 0; i < program->stream_count; i++) {
        mw_sha256_add_str(&sha, program->streams[i].name);
        mw_schema_hash(&program->streams[i].schema, &sha);
    }
    mw_sha256_add_str(&sha, model->name);
    mw_sha256_add_u64(&sha, (uint64_t)model->moment_stream);
    mw_sha256_add_u64(&sha, (uint64_t)model->moment_offset_us);
    if (model->schedule) hash_schedule(&sha, model->schedule);
    if (model->each) hash_each(&sha, model->each);
    mw_sha256_add_u64(&sha, model->feature_count);
    for (size_t i = 0; i < model->feature_count; i++) {
        mw_sha256_add_str(&sha, model->features[i].name);
        mw_sha256_add_u64(&sha, (uint64_t)model->features[i].type);
        add_code(&sha, model->features[i].code);
    }
    add_code(&sha, model->label);
    add_code(&sha, model->unless);
    mw_sha256_add_u64(&sha, course->config.engine.with_label);
    mw_sha256_add_u64(&sha, course->config.announces_none);
    mw_sha256_bytes(&sha, digest);
}

/* --- to bytes --------------------------------------------------------------------------- */

static void save_row(const mw_course *course, int32_t stream, const mw_cell *row, mw_buf *out) {
    const mw_engine_config *config = &course->config.engine;
    mw_row_append_canonical(out, &config->program->streams[stream].schema, row, config->symbols);
}

static void save_waiting(const mw_course *course, mw_buf *out) {
    mw_buf_append_u32(out, (uint32_t)course->waiting_count);
    for (size_t i = 0; i < course->waiting_count; i++) {
        mw_event event = mw_course_waiting(course, i);
        mw_buf_append_u32(out, (uint32_t)event.stream);
        mw_buf_append_u64(out, (uint64_t)event.time);
        mw_buf_append_u64(out, (uint64_t)event.known);
        mw_buf_append_u64(out, (uint64_t)event.place);
        save_row(course, event.stream, event.row, out);
        mw_buf_append_u32(out, event.replaced != NULL);
        if (!event.replaced) continue;
        mw_buf_append_u64(out, (uint64_t)event.replaced_time);
        mw_buf_append_u64(out, (uint64_t)event.replaced_from);
        save_row(course, event.stream, event.replaced, out);
    }
}

static mw_status save_engine(const mw_course *course, mw_buf *out, mw_error *err) {
    mw_buf bytes;
    mw_buf_init(&bytes, out->size_max);
    mw_status status = mw_engine_save(course->engine, &bytes, err);
    mw_buf_append_u64(out, bytes.size);
    mw_buf_append_str(out, mw_buf_str(&bytes));
    mw_buf_release(&bytes);
    return status;
}

static mw_status save_all(const mw_course *course, mw_buf *out, mw_error *err) {
    unsigned char digest[MW_SHA256_SIZE];
    hash_program(course, digest);
    mw_buf_append(out, digest, sizeof digest);
    mw_buf_append_u64(out, (uint64_t)course->last_place);
    mw_buf_append_u64(out, course->next_number);
    mw_buf_append_u64(out, course->refused_moments);
    mw_agenda_save(course->agenda, out);
    save_waiting(course, out);
    MW_TRY(save_engine(course, out, err));
    return mw_buf_check(out, "course", err);
}

mw_status mw_course_save(const mw_course *course, mw_buf *out, mw_error *err) {
    if (mw_course_has_slate(course))
        return mw_fail(err, MW_BUSY, "course: the moments of an event are still being told");
    mw_buf payload;
    mw_buf_init(&payload, out->size_max);
    mw_status status = save_all(course, &payload, err);
    if (status == MW_OK) {
        mw_seal_append(out, seal, mw_buf_str(&payload));
        status = mw_buf_check(out, "course", err);
    }
    mw_buf_release(&payload);
    return status;
}

/* --- from bytes ------------------------------------------------------------------------- */

static mw_status broken(mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "course: its contents break its format");
}

static bool is_time(int64_t time) {
    return -STORED_TIME_MAX <= time && time <= STORED_TIME_MAX;
}

/* Waiting events stand in the order of their places, none before the last place. */
static bool read_waiting_head(const mw_course *course, mw_reader *in, int64_t first,
                              mw_event *out_event) {
    uint32_t stream = mw_read_u32(in);
    out_event->stream = (int32_t)stream;
    out_event->time = (int64_t)mw_read_u64(in);
    out_event->known = (int64_t)mw_read_u64(in);
    out_event->place = (int64_t)mw_read_u64(in);
    return !in->failed && stream < course->config.engine.program->stream_count &&
           is_time(out_event->time) && is_time(out_event->known) && is_time(out_event->place) &&
           first <= out_event->place && out_event->place <= course->last_place;
}

/* Its texts stay: these events go into windows without anybody asking whether they are kept
   (kept_texts.h). */
static bool load_row(const mw_course *course, mw_reader *in, int32_t stream, mw_cell *row) {
    const mw_engine_config *config = &course->config.engine;
    return mw_row_read_canonical(in, &config->program->streams[stream].schema, config->symbols,
                                 row);
}

/* `row` has room for two of them. */
static mw_status load_waiting_event(mw_course *course, mw_reader *in, int64_t first,
                                    mw_cell *row, mw_error *err) {
    mw_event event = {.row = row};
    if (!read_waiting_head(course, in, first, &event) ||
        !load_row(course, in, event.stream, row))
        return broken(err);
    const mw_stream *stream = &course->config.engine.program->streams[event.stream];
    uint32_t is_correction = mw_read_u32(in);
    if (in->failed || is_correction > (stream->id_count > 0)) return broken(err);
    if (is_correction) {
        mw_cell *replaced = row + stream->schema.field_count;
        event.replaced_time = (int64_t)mw_read_u64(in);
        event.replaced_from = (int64_t)mw_read_u64(in);
        if (in->failed || !is_time(event.replaced_time) || !is_time(event.replaced_from) ||
            !load_row(course, in, event.stream, replaced))
            return broken(err);
        event.replaced = replaced;
    }
    return mw_course_wait(course, &event, err);
}

static mw_status load_waiting(mw_course *course, mw_reader *in, mw_error *err) {
    uint32_t count = mw_read_u32(in);
    size_t widest = mw_program_widest_row(course->config.engine.program);
    mw_cell *row = mw_allocate(2 * widest * sizeof *row);
    if (!row) return mw_fail(err, MW_NO_MEMORY, "course: no memory to load it");
    mw_status status = MW_OK;
    int64_t first = INT64_MIN;
    for (uint32_t i = 0; status == MW_OK && i < count; i++) {
        status = load_waiting_event(course, in, first, row, err);
        if (status == MW_OK) first = course->waiting[i].event.place;
    }
    mw_free(row);
    return status;
}

/* The engine comes last: it is filled only when all before it was good. */
static mw_status load_all(mw_course *course, mw_reader *in, mw_error *err) {
    unsigned char digest[MW_SHA256_SIZE];
    hash_program(course, digest);
    mw_str made_by = mw_read_bytes(in, sizeof digest);
    if (in->failed) return broken(err);
    if (!mw_str_equal(made_by, (mw_str){(const char *)digest, sizeof digest}))
        return mw_fail(err, MW_CONFLICT, "course: its bytes were made by another program");
    course->last_place = (int64_t)mw_read_u64(in);
    course->next_number = mw_read_u64(in);
    course->refused_moments = mw_read_u64(in);
    if (course->last_place != INT64_MIN && !is_time(course->last_place)) return broken(err);
    MW_TRY(mw_agenda_load(course->agenda, in, err));
    MW_TRY(load_waiting(course, in, err));
    uint64_t size = mw_read_u64(in);
    if (in->failed || size != in->rest.size) return broken(err);
    return mw_engine_load(course->engine, in->rest, err);
}

static void make_empty(mw_course *course) {
    mw_agenda_clear(course->agenda);
    mw_course_drop_waiting(course);
    course->next_number = course->refused_moments = 0;
    course->last_place = INT64_MIN;
}

mw_status mw_course_load(mw_course *course, mw_str bytes, mw_error *err) {
    MW_ASSERT(course->last_place == INT64_MIN);
    mw_reader in = {.failed = false};
    MW_TRY(mw_seal_open(seal, bytes, &in.rest, err));
    if (mw_seal_format(bytes) < FORMAT)
        return mw_fail(err, MW_CONFLICT, "course: format version must be %d, got %u", FORMAT,
                       mw_seal_format(bytes));
    mw_status status = load_all(course, &in, err);
    if (status != MW_OK) make_empty(course);
    return status;
}
