#include "serve/saved_state.h"

#include <string.h>

#include "ingest/load.h"
#include "model/seal.h"
#include "serve/old_entries.h"

/*
 * The section "sequencer", little endian; a text is its size as u32, then its bytes:
 *
 *   32 bytes streams (a hash of what they are), text lake version
 *   u32 whether the clock is virtual, i64 now, begin, last place, reached
 *   u64 history events, log events, repeats
 *   u64 key, u64 key, i64 stamp of the last prediction
 *   u32 model count; each: text name, text version that answers
 */
/* 1 had rosters without places, 2 no rankings; the windows of 3 may be ahead of its place, so that
   what stands between counted twice. All are refused, and the log is replayed. */
enum { FORMAT = 4 };
static const mw_seal seal = {.what = "sequencer", .magic = 0x5153574d, .format = FORMAT};

static const char head_name[] = "sequencer", roster_name[] = "roster", ledger_name[] = "ledger",
                  rankings_name[] = "rankings", entrance_name[] = "entrance", runs_name[] = "runs";
static const char course_prefix[] = "course ";
enum { ARENA_SIZE_MAX = 1 << 24, COURSE_NAME_SIZE = sizeof course_prefix + MW_NAME_SIZE_MAX };

void mw_saved_state_init(mw_saved_state *saved) {
    *saved = (mw_saved_state){.number = 0};
    mw_arena_init(&saved->arena, ARENA_SIZE_MAX);
    mw_buf_init(&saved->bytes, MW_CHECKPOINT_SIZE_MAX);
}

void mw_saved_state_release(mw_saved_state *saved) {
    mw_buf_release(&saved->bytes);
    mw_arena_release(&saved->arena);
    mw_saved_state_init(saved);
}

/* Streams in the order of their numbers, with all that shapes their events. */
static void hash_streams(const mw_program *program, unsigned char out_digest[MW_SHA256_SIZE]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    for (size_t i = 0; i < program->source_count; i++) {
        char definition[MW_SHA256_HEX_SIZE + 1];
        mw_source_definition(program, (int32_t)i, definition);
        mw_sha256_add_str(&sha, program->sources[i].name);
        mw_sha256_add_str(&sha, mw_str_of(definition));
    }
    mw_sha256_bytes(&sha, out_digest);
}

uint64_t mw_saved_state_circumstances(const mw_sequencer *sequencer) {
    unsigned char digest[MW_SHA256_SIZE];
    mw_sha256 sha;
    hash_streams(sequencer->config.program, digest);
    mw_sha256_init(&sha);
    mw_sha256_add_u64(&sha, FORMAT);
    mw_sha256_add(&sha, digest, sizeof digest);
    mw_sha256_add_str(&sha, mw_str_of(sequencer->config.lake.version));
    mw_sha256_bytes(&sha, digest);
    return mw_hash_bytes(digest, sizeof digest);
}

static mw_checkpoints folder_of(const mw_sequencer *sequencer) {
    return (mw_checkpoints){sequencer->config.sys, sequencer->config.checkpoint_folder};
}

static mw_str name_course(mw_str model, char out_name[COURSE_NAME_SIZE]) {
    size_t prefix = sizeof course_prefix - 1;
    MW_ASSERT(model.size <= MW_NAME_SIZE_MAX);
    memcpy(out_name, course_prefix, prefix);
    memcpy(out_name + prefix, model.data, model.size);
    return (mw_str){out_name, prefix + model.size};
}

/* --- to bytes --------------------------------------------------------------------------- */

static void append_head(const mw_sequencer *sequencer, mw_buf *out) {
    const mw_program *program = sequencer->config.program;
    unsigned char streams[MW_SHA256_SIZE];
    hash_streams(program, streams);
    mw_buf_append(out, streams, sizeof streams);
    mw_text_append(out, mw_str_of(sequencer->config.lake.version));
    mw_buf_append_u32(out, sequencer->config.is_virtual);
    mw_buf_append_u64(out, (uint64_t)sequencer->now_us);
    mw_buf_append_u64(out, (uint64_t)sequencer->begin);
    mw_buf_append_u64(out, (uint64_t)sequencer->last_place);
    mw_buf_append_u64(out, (uint64_t)sequencer->reached);
    mw_buf_append_u64(out, sequencer->stats.history_events);
    mw_buf_append_u64(out, sequencer->stats.log_events);
    mw_buf_append_u64(out, sequencer->stats.repeats);
    mw_buf_append_u64(out, sequencer->key.words[0]);
    mw_buf_append_u64(out, sequencer->key.words[1]);
    mw_buf_append_u64(out, (uint64_t)mw_ledger_last(sequencer->ledger));
    mw_buf_append_u32(out, (uint32_t)program->model_count);
    for (size_t i = 0; i < program->model_count; i++) {
        mw_text_append(out, program->models[i].name);
        mw_text_append(out, mw_str_of(sequencer->answering[i].version));
    }
}

static mw_status add_section(mw_checkpoint_section *section, mw_str name, const mw_buf *bytes,
                             mw_error *err) {
    *section = (mw_checkpoint_section){name, mw_buf_str(bytes)};
    return mw_buf_check(bytes, "checkpoint", err);
}

static mw_status add_head(const mw_sequencer *sequencer, mw_buf *bytes,
                          mw_checkpoint_section *section, mw_error *err) {
    mw_buf head;
    mw_buf_init(&head, bytes->size_max);
    append_head(sequencer, &head);
    mw_status status = mw_buf_check(&head, "checkpoint", err);
    if (status == MW_OK) mw_seal_append(bytes, seal, mw_buf_str(&head));
    mw_buf_release(&head);
    return status == MW_OK ? add_section(section, MW_STR(head_name), bytes, err) : status;
}

static mw_status add_course(const mw_sequencer *sequencer, size_t model, mw_buf *bytes,
                            char name[COURSE_NAME_SIZE], mw_checkpoint_section *section,
                            mw_error *err) {
    const mw_course *course = mw_decider_course(sequencer->deciders[model]);
    MW_TRY(mw_course_save(course, bytes, err));
    return add_section(section, name_course(sequencer->config.program->models[model].name, name),
                       bytes, err);
}

/* The six sections that all have, then the courses. */
enum { RUNS_SECTION = 5, SECTIONS_BEFORE_COURSES };

typedef struct {
    size_t count;
    mw_checkpoint_section *sections;
    mw_buf *bytes;
    char (*names)[COURSE_NAME_SIZE];
    bool has_news; /* files were written with them */
} section_list;

static mw_status fill_sections(const mw_sequencer *sequencer, section_list *list, mw_error *err) {
    mw_old_entries_written written = {.roster = false};
    mw_buf *runs = &list->bytes[RUNS_SECTION];
    MW_TRY(mw_old_entries_write(sequencer, runs, &written, err));
    MW_TRY(add_section(&list->sections[RUNS_SECTION], MW_STR(runs_name), runs, err));
    list->has_news = written.roster || written.ledger || written.rankings;
    MW_TRY(add_head(sequencer, &list->bytes[0], &list->sections[0], err));
    if (!written.roster) mw_roster_save(sequencer->roster, &list->bytes[1]);
    MW_TRY(add_section(&list->sections[1], MW_STR(roster_name), &list->bytes[1], err));
    if (!written.ledger) mw_ledger_save(sequencer->ledger, &list->bytes[2]);
    MW_TRY(add_section(&list->sections[2], MW_STR(ledger_name), &list->bytes[2], err));
    if (!written.rankings) mw_ledger_save(sequencer->rankings, &list->bytes[3]);
    MW_TRY(add_section(&list->sections[3], MW_STR(rankings_name), &list->bytes[3], err));
    if (sequencer->entrance) MW_TRY(mw_entrance_save(sequencer->entrance, &list->bytes[4], err));
    MW_TRY(add_section(&list->sections[4], MW_STR(entrance_name), &list->bytes[4], err));
    for (size_t i = SECTIONS_BEFORE_COURSES; i < list->count; i++)
        MW_TRY(add_course(sequencer, i - SECTIONS_BEFORE_COURSES, &list->bytes[i],
                          list->names[i], &list->sections[i], err));
    return MW_OK;
}

static mw_status list_sections(const mw_sequencer *sequencer, mw_arena *arena,
                               section_list *out_list, mw_error *err) {
    size_t count = SECTIONS_BEFORE_COURSES + sequencer->config.program->model_count;
    section_list list = {count, mw_arena_alloc(arena, count, sizeof *list.sections),
                         mw_arena_alloc(arena, count, sizeof *list.bytes),
                         mw_arena_alloc(arena, count, sizeof *list.names), false};
    if (!list.sections || !list.bytes || !list.names)
        return mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory to write it");
    for (size_t i = 0; i < count; i++) mw_buf_init(&list.bytes[i], MW_CHECKPOINT_SIZE_MAX);
    *out_list = list;
    return MW_OK;
}

static mw_status write_sections(const mw_sequencer *sequencer, const section_list *list,
                                mw_error *err) {
    mw_checkpoint checkpoint = {sequencer->log_id, sequencer->log_place, list->sections,
                                list->count};
    MW_TRY(mw_checkpoint_write(folder_of(sequencer), &checkpoint, err));
    if (!list->has_news) return MW_OK;
    return mw_old_entries_publish(sequencer, mw_buf_str(&list->bytes[RUNS_SECTION]), err);
}

static mw_status write_all(const mw_sequencer *sequencer, mw_error *err) {
    mw_arena arena;
    section_list list = {.count = 0};
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = list_sections(sequencer, &arena, &list, err);
    if (status == MW_OK) status = fill_sections(sequencer, &list, err);
    if (status == MW_OK) status = write_sections(sequencer, &list, err);
    for (size_t i = 0; i < list.count; i++) mw_buf_release(&list.bytes[i]);
    mw_arena_release(&arena);
    return status;
}

/* The files beside it are written first, and only the lock tells them from what nobody needs. What
   a death has left goes before, or nothing is written, but where nobody can tell what that is. What
   a failure leaves goes at once: each try would leave as much, and the log may need that room. */
mw_status mw_saved_state_write(const mw_sequencer *sequencer, mw_error *err) {
    mw_file *lock;
    MW_ASSERT(sequencer->config.checkpoint_folder);
    if (sequencer->log_place == INT64_MIN) return MW_OK;
    MW_TRY(mw_checkpoint_lock(folder_of(sequencer), &lock, err));
    mw_status status = mw_old_entries_tidy(sequencer, MW_STR(runs_name), err);
    if (status == MW_OK) status = write_all(sequencer, err);
    mw_error *untidied = status == MW_OK ? err : NULL;
    mw_status tidied = mw_old_entries_tidy(sequencer, MW_STR(runs_name), untidied);
    mw_file_close(lock);
    return status == MW_OK ? tidied : status;
}

/* --- from bytes ------------------------------------------------------------------------- */

static mw_status broken(mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "its contents break its format");
}

static mw_status check_circumstances(mw_reader *in, const mw_sequencer *sequencer,
                                     mw_error *err) {
    unsigned char streams[MW_SHA256_SIZE];
    hash_streams(sequencer->config.program, streams);
    mw_str made_by = mw_read_bytes(in, sizeof streams);
    mw_str lake = mw_text_read(in);
    if (in->failed) return broken(err);
    if (!mw_str_equal(made_by, (mw_str){(const char *)streams, sizeof streams}))
        return mw_fail(err, MW_CONFLICT, "it was made with other streams");
    if (!mw_str_is(lake, sequencer->config.lake.version))
        return mw_fail(err, MW_CONFLICT, "it was made of another version of the data");
    return MW_OK;
}

static bool read_numbers(mw_reader *in, mw_saved_state *saved, mw_sequencer *sequencer) {
    uint32_t is_virtual = mw_read_u32(in);
    int64_t now_us = (int64_t)mw_read_u64(in);
    saved->is_virtual = is_virtual != 0;
    if (now_us > sequencer->now_us) sequencer->now_us = now_us;
    sequencer->begin = (int64_t)mw_read_u64(in);
    sequencer->last_place = (int64_t)mw_read_u64(in);
    sequencer->reached = (int64_t)mw_read_u64(in);
    sequencer->stats.history_events = mw_read_u64(in);
    sequencer->stats.log_events = mw_read_u64(in);
    sequencer->stats.repeats = mw_read_u64(in);
    sequencer->saved_events = sequencer->stats.history_events + sequencer->stats.log_events;
    sequencer->key.words[0] = mw_read_u64(in);
    sequencer->key.words[1] = mw_read_u64(in);
    saved->last_prediction = (int64_t)mw_read_u64(in);
    sequencer->log_place = saved->checkpoint.place;
    sequencer->saved_place = saved->checkpoint.place;
    sequencer->log_id = saved->checkpoint.log_id;
    return !in->failed && is_virtual <= 1 && sequencer->last_place <= MW_TIME_MAX &&
           sequencer->reached <= MW_TIME_MAX && sequencer->log_place <= sequencer->last_place;
}

static mw_status read_answering(mw_reader *in, mw_sequencer *sequencer, mw_error *err) {
    uint32_t count = mw_read_u32(in);
    for (uint32_t i = 0; !in->failed && i < count; i++) {
        mw_str name = mw_text_read(in), version = mw_text_read(in);
        mw_sequencer_note_answering(sequencer, name, version);
    }
    return in->failed || in->rest.size > 0 ? broken(err) : MW_OK;
}

static mw_status find(const mw_saved_state *saved, mw_str name, mw_str *out_bytes,
                      mw_error *err) {
    const mw_checkpoint_section *section = mw_checkpoint_find(&saved->checkpoint, name);
    if (!section)
        return mw_fail(err, MW_CONFLICT, "it has no section \"%.*s\"", MW_STR_ARGS(name));
    *out_bytes = section->bytes;
    return MW_OK;
}

static mw_status read_head(mw_saved_state *saved, mw_sequencer *sequencer, mw_error *err) {
    mw_str bytes;
    mw_reader in = {.failed = false};
    MW_TRY(find(saved, MW_STR(head_name), &bytes, err));
    MW_TRY(mw_seal_open(seal, bytes, &in.rest, err));
    if (mw_seal_format(bytes) != FORMAT)
        return mw_fail(err, MW_CONFLICT, "its format version must be %d, got %u", FORMAT,
                       mw_seal_format(bytes));
    MW_TRY(check_circumstances(&in, sequencer, err));
    if (!read_numbers(&in, saved, sequencer)) return broken(err);
    return read_answering(&in, sequencer, err);
}

static mw_status read_runs(const mw_saved_state *saved, mw_sequencer *sequencer, mw_error *err) {
    mw_str names;
    MW_TRY(find(saved, MW_STR(runs_name), &names, err));
    return mw_old_entries_read(sequencer, names, err);
}

static mw_status read_lists(const mw_saved_state *saved, mw_sequencer *sequencer,
                            mw_error *err) {
    mw_str roster, ledger, rankings, entrance;
    MW_TRY(find(saved, MW_STR(roster_name), &roster, err));
    MW_TRY(find(saved, MW_STR(ledger_name), &ledger, err));
    MW_TRY(find(saved, MW_STR(rankings_name), &rankings, err));
    MW_TRY(find(saved, MW_STR(entrance_name), &entrance, err));
    MW_TRY(mw_sequencer_begin_lists(sequencer, err));
    MW_TRY(read_runs(saved, sequencer, err));
    MW_TRY(mw_roster_load(sequencer->roster, roster, err));
    MW_TRY(mw_ledger_load(sequencer->ledger, ledger, saved->last_prediction, err));
    MW_TRY(mw_ledger_load(sequencer->rankings, rankings, INT64_MIN, err));
    if (!sequencer->entrance) return MW_OK;
    return mw_entrance_load(sequencer->entrance, entrance, err);
}

mw_status mw_saved_state_read(mw_saved_state *saved, mw_sequencer *sequencer, uint64_t number,
                              mw_error *err) {
    saved->number = number;
    MW_TRY(mw_checkpoint_read(folder_of(sequencer), number, &saved->arena, &saved->bytes,
                              &saved->checkpoint, err));
    MW_TRY(read_head(saved, sequencer, err));
    return read_lists(saved, sequencer, err);
}

mw_status mw_saved_state_load_courses(const mw_saved_state *saved, mw_sequencer *sequencer,
                                      mw_error *err) {
    for (size_t i = 0; i < sequencer->config.program->model_count; i++) {
        char name[COURSE_NAME_SIZE];
        mw_str bytes;
        mw_course *course = mw_decider_course(sequencer->deciders[i]);
        MW_TRY(find(saved, name_course(sequencer->config.program->models[i].name, name), &bytes,
                    err));
        MW_TRY(mw_course_load(course, bytes, err));
        /* A clock that has been put back must not place anything before what was fed. */
        if (mw_course_last_place(course) > sequencer->last_place)
            sequencer->last_place = mw_course_last_place(course);
    }
    return MW_OK;
}
