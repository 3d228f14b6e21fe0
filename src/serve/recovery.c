#include "serve/recovery.h"

#include <stdio.h>
#include <yyjson.h>

#include "serve/old_entries.h"
#include "serve/rebuild.h"
#include "serve/saved_state.h"
#include "serve/sequencer_start.h"
#include "store/saved_log.h"
#include "table/passing.h"

enum {
    ARENA_SIZE_MAX = 1 << 16,
    ENTERED_MIN = 1 << 15, /* events of each stream that an entrance remembers */
};

typedef enum {
    SURVEY, /* of the log: who predicted and answered, under which clock */
    RECALL, /* the lake is being read */
    LIST,   /* its events, in the roster */
    FEED,   /* the events of lake and log */
} phase;

struct mw_recovery {
    mw_sequencer *sequencer;
    phase phase;
    mw_saved_state saved; /* the checkpoint that is used, until its courses are loaded */
    int64_t from;         /* its place; INT64_MIN: there is none */
    mw_log_position at;   /* where the record of that place stands */
    mw_log_events *log_events;
    mw_log_scan *scan;    /* from `at` on, or of all */
    bool has_begun, is_virtual;
    bool lacks_runs;      /* what has left memory could not be asked */
    uint64_t log_events_behind, fed; /* events of the log behind the checkpoint; of all, by now */
    size_t listed;        /* events of the lake */
    mw_event event;       /* of the log, to be fed next; its row stays until the next is read */
    bool has_event, is_at_end;
};

/* --- what a sequencer knows ------------------------------------------------------------------- */

void mw_sequencer_unlearn(mw_sequencer *sequencer) {
    size_t count = sequencer->deciders ? sequencer->config.program->model_count : 0;
    for (size_t i = 0; i < count; i++) {
        mw_decider_destroy(sequencer->deciders[i]);
        sequencer->deciders[i] = NULL;
        sequencer->answering[i] = (mw_answering){.version = ""};
    }
    mw_past_end(sequencer->past);
    mw_roster_destroy(sequencer->roster);
    mw_ledger_destroy(sequencer->ledger);
    mw_ledger_destroy(sequencer->rankings);
    mw_entrance_destroy(sequencer->entrance);
    sequencer->past = NULL;
    sequencer->roster = NULL;
    sequencer->ledger = sequencer->rankings = NULL;
    sequencer->entrance = NULL;
    mw_digest_runs_destroy(sequencer->runs);
    sequencer->runs = NULL;
    sequencer->history_next = 0;
    sequencer->now_us = sequencer->config.clock_us;
    sequencer->begin = sequencer->last_place = INT64_MIN;
    sequencer->log_place = sequencer->reached = sequencer->saved_place = INT64_MIN;
    sequencer->stats = (mw_sequencer_stats){.history_events = 0};
    sequencer->saved_events = 0;
}

static mw_status begin_runs(mw_sequencer *sequencer, mw_error *err) {
    const mw_sequencer_config *config = &sequencer->config;
    mw_arena arena;
    mw_digest_runs_destroy(sequencer->runs);
    sequencer->runs = NULL;
    sequencer->runs_number = 0;
    if (!config->checkpoint_folder) return MW_OK;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    const char *folder = mw_path_join(&arena, config->checkpoint_folder, "runs");
    mw_status status = folder ? mw_digest_runs_create(config->sys, folder, &sequencer->runs, err)
                              : mw_fail(err, MW_NO_MEMORY, "recovery: no memory");
    mw_arena_release(&arena);
    return status;
}

static size_t entered_min(const mw_sequencer_config *config) {
    return config->old_entries_min > 0 ? config->old_entries_min : ENTERED_MIN;
}

mw_status mw_sequencer_begin_lists(mw_sequencer *sequencer, mw_error *err) {
    const mw_sequencer_config *config = &sequencer->config;
    mw_roster_destroy(sequencer->roster);
    mw_ledger_destroy(sequencer->ledger);
    mw_ledger_destroy(sequencer->rankings);
    mw_entrance_destroy(sequencer->entrance);
    sequencer->roster = NULL;
    sequencer->ledger = sequencer->rankings = NULL;
    sequencer->entrance = NULL;
    MW_TRY(mw_roster_create(config->program, config->symbols, sequencer->key,
                            &sequencer->roster, err));
    MW_TRY(mw_entrance_create(config->program, config->symbols, entered_min(config),
                              &sequencer->entrance, err));
    MW_TRY(begin_runs(sequencer, err));
    mw_ledger_archive events = {sequencer->runs, MW_RUNS_EVENTS};
    mw_ledger_archive rankings = {sequencer->runs, MW_RUNS_RANKINGS};
    MW_TRY(mw_ledger_create(sequencer->key, events, &sequencer->ledger, err));
    return mw_ledger_create(sequencer->key, rankings, &sequencer->rankings, err);
}

/* The version that was promoted last may answer by other windows than the one that did when the
   process before ended: that one goes on, and hands over. */
mw_status mw_sequencer_find_answering(mw_sequencer *sequencer, size_t model, mw_error *err) {
    const mw_sequencer_sources *sources = &sequencer->config.sources;
    mw_answering *answering = &sequencer->answering[model];
    char name[MW_VERSION_NAME_SIZE + 1] = "";
    answering->champion = sequencer->config.champions[model];
    if (answering->champion.bytes.size > 0) mw_version_name(answering->champion.bytes, name);
    bool is_champion = mw_str_is(mw_str_of(name), answering->version);
    if (is_champion || !answering->version[0] || !sources->find_version) return MW_OK;
    mw_champion found;
    mw_error reason = {0};
    mw_status status = sources->find_version(sources->context, model, answering->version, &found,
                                             &reason);
    if (status == MW_OK) answering->champion = found;
    return status == MW_NO_MEMORY ? mw_fail(err, status, "%s", reason.message) : MW_OK;
}

static bool is_answering(const mw_sequencer *sequencer, size_t model, mw_str version) {
    return mw_str_is(version, sequencer->answering[model].version);
}

void mw_sequencer_note_answering(mw_sequencer *sequencer, mw_str model, mw_str version) {
    const mw_program *program = sequencer->config.program;
    if (version.size > MW_VERSION_NAME_SIZE) return;
    for (size_t i = 0; i < program->model_count; i++)
        if (mw_str_equal(program->models[i].name, model))
            snprintf(sequencer->answering[i].version, sizeof sequencer->answering[i].version,
                     "%.*s", MW_STR_ARGS(version));
}

/* --- where it begins ------------------------------------------------------------------------ */

static mw_status begin_scan(mw_recovery *r, mw_error *err) {
    const mw_sequencer_config *config = &r->sequencer->config;
    mw_log_scan_end(r->scan);
    r->scan = NULL;
    if (r->at.offset > 0)
        return mw_log_scan_begin_at(config->sys, config->log_folder, r->at, &r->scan, err);
    return mw_log_scan_begin(config->sys, config->log_folder, r->from, &r->scan, err);
}

/* Forgets all that was learned so far: everything will be replayed. */
static mw_status begin_anew(mw_recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    mw_sequencer_unlearn(sequencer);
    mw_saved_state_release(&r->saved);
    mw_old_entries_find_key(sequencer);
    r->phase = SURVEY;
    r->from = INT64_MIN;
    r->at = (mw_log_position){.offset = 0};
    r->has_begun = r->is_virtual = false;
    r->lacks_runs = sequencer->is_recovering = false;
    r->log_events_behind = 0;
    MW_TRY(mw_sequencer_begin_lists(sequencer, err));
    return begin_scan(r, err);
}

/* Whether the log holds the record that the checkpoint names as its last. Its segment is read up to
   there to find it, and never again: what is defined on the way is learnt. */
static mw_status check_log(mw_recovery *r, mw_error *err) {
    mw_record record = {.type = MW_RECORD_DEFINITION};
    bool has_record = true;
    r->from = r->saved.checkpoint.place;
    MW_TRY(begin_scan(r, err));
    while (has_record && record.type == MW_RECORD_DEFINITION) {
        MW_TRY(mw_log_scan_next(r->scan, &record, &has_record, err));
        if (has_record && record.type == MW_RECORD_DEFINITION)
            MW_TRY(mw_log_events_learn(r->log_events, &record, err));
    }
    uint64_t log_id = mw_log_scan_id(r->scan); /* 0: there is none at all */
    if (log_id != 0 && log_id != r->saved.checkpoint.log_id)
        return mw_fail(err, MW_CONFLICT, "it was made of another log");
    if (!has_record || record.place != r->from)
        return mw_fail(err, MW_CONFLICT, "the log lacks what it has");
    r->at = mw_log_scan_position(r->scan);
    return MW_OK;
}

static mw_status try_checkpoint(mw_recovery *r, uint64_t number, mw_error *err) {
    MW_TRY(mw_saved_state_read(&r->saved, r->sequencer, number, err));
    r->has_begun = true;
    r->is_virtual = r->saved.is_virtual;
    MW_TRY(check_log(r, err));
    return begin_scan(r, err);
}

/* Why the newest checkpoint is of no use. */
static mw_status fall_back(mw_recovery *r, const mw_error *reason, mw_error *err) {
    mw_error *note = &r->sequencer->note;
    if (!note->message[0]) {
        mw_status told = mw_fail(note, MW_CONFLICT, "a checkpoint is not used: %s",
                                 reason->message);
        (void)told;
    }
    return begin_anew(r, err);
}

/* Files of old entries are opened with their checkpoint, but read only here. */
static mw_status looked_up(mw_recovery *r, mw_status status) {
    r->lacks_runs = status == MW_CORRUPT || status == MW_IO;
    return status;
}

/* The newest one that is good; without any, everything is replayed. But a log that has lost some of
   what was synced, by any of them, is left as it is: to open it for writing would cut it there. */
static mw_status find_checkpoint(mw_recovery *r, mw_error *err) {
    const mw_sequencer_config *config = &r->sequencer->config;
    mw_checkpoints in = {config->sys, config->checkpoint_folder};
    uint64_t number = UINT64_MAX;
    while (config->checkpoint_folder) {
        mw_error reason = {0};
        MW_TRY(mw_checkpoint_newest(in, number, &number, err));
        if (number == 0) break;
        if (try_checkpoint(r, number, &reason) == MW_OK) break;
        MW_TRY(mw_saved_log_check(in, config->log_folder, err));
        MW_TRY(fall_back(r, &reason, err));
    }
    return MW_OK;
}

mw_status mw_recovery_begin(mw_sequencer *sequencer, mw_recovery **out_recovery, mw_error *err) {
    mw_recovery *r = mw_allocate(sizeof *r);
    if (!r) return mw_fail(err, MW_NO_MEMORY, "recovery: no memory");
    r->sequencer = sequencer;
    mw_saved_state_init(&r->saved);
    mw_status status = begin_anew(r, err);
    if (status == MW_OK)
        status = mw_log_events_create(sequencer->config.program, sequencer->config.symbols,
                                      &r->log_events, err);
    if (status == MW_OK) status = find_checkpoint(r, err);
    if (status != MW_OK) mw_recovery_end(r);
    else *out_recovery = r;
    return status;
}

void mw_recovery_end(mw_recovery *r) {
    if (!r) return;
    mw_log_scan_end(r->scan);
    mw_log_events_destroy(r->log_events);
    mw_saved_state_release(&r->saved);
    mw_free(r);
}

/* What the lake has of the log is fed from there, unless a checkpoint has it: then the rest of the
   log is read, and of the lake what was ingested alone. So a move changes nothing. */
static bool is_in_lake(const mw_recovery *r, const mw_record *record) {
    return r->from == INT64_MIN && record->place <= r->sequencer->config.lake.log_through;
}

/* --- the survey --------------------------------------------------------------------------- */

static mw_str text_of(yyjson_val *object, const char *key) {
    yyjson_val *value = yyjson_obj_get(object, key);
    return (mw_str){yyjson_get_str(value), yyjson_get_len(value)};
}

static void survey_control(mw_recovery *r, const mw_record *record) {
    mw_sequencer *sequencer = r->sequencer;
    bool is_virtual = mw_log_control_is(record, MW_CONTROL_BEGIN_VIRTUAL);
    if (is_virtual || mw_log_control_is(record, MW_CONTROL_BEGIN_WALL)) {
        r->has_begun = true;
        r->is_virtual = is_virtual;
        sequencer->begin = record->place;
    }
    if (record->time > sequencer->now_us) sequencer->now_us = record->time;
    if (!mw_log_control_is(record, MW_CONTROL_CHAMPION)) return;
    yyjson_doc *doc = yyjson_read(record->payload.data, record->payload.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    mw_sequencer_note_answering(sequencer, text_of(root, "model"), text_of(root, "version"));
    yyjson_doc_free(doc);
}

static mw_status survey_prediction(mw_recovery *r, const mw_record *record, mw_error *err) {
    mw_prediction prediction;
    MW_TRY(mw_prediction_read_head(record->payload, &prediction, err));
    mw_log_position position = mw_log_scan_position(r->scan);
    MW_TRY(looked_up(r, mw_sequencer_list(r->sequencer, &prediction, record->place, position,
                                          err)));
    mw_ledger_settle_all(r->sequencer->ledger);
    mw_ledger_settle_all(r->sequencer->rankings);
    return MW_OK;
}

static mw_status survey(mw_recovery *r, const mw_record *record, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    if (record->type == MW_RECORD_DEFINITION || record->place <= r->from) return MW_OK;
    sequencer->log_place = record->place;
    sequencer->log_id = mw_log_scan_id(r->scan);
    if (record->place > sequencer->last_place) sequencer->last_place = record->place;
    r->log_events_behind += record->type == MW_RECORD_EVENT && !is_in_lake(r, record);
    if (record->type == MW_RECORD_CONTROL) survey_control(r, record);
    return record->type == MW_RECORD_PREDICTION ? survey_prediction(r, record, err) : MW_OK;
}

static mw_status check_clock(const mw_recovery *r, mw_error *err) {
    const mw_sequencer_config *config = &r->sequencer->config;
    if (!r->has_begun || r->is_virtual == config->is_virtual || config->only_reads)
        return MW_OK;
    const char *had = r->is_virtual ? "a virtual" : "the wall";
    mw_status status = mw_fail(err, MW_CONFLICT, "clock: the log was made under %s clock", had);
    return mw_hint(err, status, r->is_virtual ? "Go on with serve --clock TIME."
                                              : "A virtual clock needs a log of its own: copy "
                                                "the project without its log and its "
                                                "checkpoints.");
}

static mw_status make_deciders(mw_sequencer *sequencer, mw_error *err) {
    for (size_t i = 0; i < sequencer->config.program->model_count; i++) {
        MW_TRY(mw_sequencer_find_answering(sequencer, i, err));
        MW_TRY(mw_sequencer_create_decider(sequencer, i, &sequencer->answering[i].champion,
                                           &sequencer->deciders[i], err));
    }
    return MW_OK;
}

/* An event that was moved to the lake was on the disk here before. */
static void note_loss(const mw_recovery *r) {
    mw_sequencer *sequencer = r->sequencer;
    int64_t moved_through = sequencer->config.lake.log_through;
    bool has_lost = r->from == INT64_MIN && sequencer->log_place < moved_through;
    if (!has_lost || sequencer->note.message[0]) return;
    (void)!mw_fail(&sequencer->note, MW_CORRUPT,
                   "the log has lost what came up to %s: its events were moved to the lake, what "
                   "was predicted is gone", mw_time_text_of(moved_through).text);
}

static mw_status end_survey(mw_recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    const mw_sequencer_sources *sources = &sequencer->config.sources;
    note_loss(r);
    MW_TRY(check_clock(r, err));
    sequencer->config.is_virtual = r->has_begun ? r->is_virtual : sequencer->config.is_virtual;
    MW_TRY(make_deciders(sequencer, err));
    if (r->from != INT64_MIN) {
        mw_error reason = {0};
        mw_status status = mw_saved_state_load_courses(&r->saved, sequencer, &reason);
        if (status != MW_OK) return fall_back(r, &reason, err);
    }
    mw_saved_state_release(&r->saved);
    r->phase = RECALL;
    return sources->recall(sources->context, sequencer->reached, &sequencer->past, err);
}

static mw_status survey_step(mw_recovery *r, mw_error *err) {
    mw_record record;
    bool has_record = true;
    MW_TRY(mw_log_scan_next(r->scan, &record, &has_record, err));
    return has_record ? survey(r, &record, err) : end_survey(r, err);
}

/* --- the lake --------------------------------------------------------------------------------- */

/* The lake may have more of the log than the survey saw. Who writes the log has seen all of it;
   what another process would save is not of the place where that ended. */
static mw_status check_move(const mw_recovery *r, mw_error *err) {
    const mw_sequencer_config *config = &r->sequencer->config;
    bool is_ahead = r->from == INT64_MIN && config->lake.log_through > r->sequencer->log_place;
    if (!config->only_reads || !is_ahead) return MW_OK;
    return mw_fail(err, MW_BUSY, "recovery: the log was moved to the lake meanwhile");
}

/* What the courses of a checkpoint have seen of the lake must be what is behind them now. */
static mw_status end_recall(mw_recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    mw_lake_snapshot *known = &sequencer->config.lake;
    MW_TRY(mw_past_wait(sequencer->past, err));
    const mw_lake_snapshot *read = mw_past_snapshot(sequencer->past);
    bool is_same = mw_str_is(mw_str_of(read->version), known->version);
    *known = *read;
    if (!is_same && r->from != INT64_MIN) {
        mw_error reason = {.message = "the data have changed since"};
        return fall_back(r, &reason, err);
    }
    MW_TRY(check_move(r, err));
    if (sequencer->last_place < known->last_place) sequencer->last_place = known->last_place;
    r->phase = LIST;
    r->listed = 0;
    return MW_OK;
}

static mw_status list_step(mw_recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    if (r->listed < mw_past_count(sequencer->past)) {
        mw_event event;
        MW_TRY(mw_past_at(sequencer->past, r->listed++, &event, err));
        return looked_up(r, mw_old_entries_enter(sequencer, &event, MW_FROM_LAKE, err));
    }
    r->phase = FEED;
    r->fed = 0;
    r->has_event = r->is_at_end = false;
    sequencer->is_recovering = true;
    return begin_scan(r, err);
}

/* --- feeding ------------------------------------------------------------------------------ */

/* Up to where the survey ended: what another process has written since is not of the state at that
   place, by which a checkpoint says what is behind it. */
static mw_status read_event(mw_recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    mw_record record;
    bool has_record = true;
    MW_TRY(mw_log_scan_next(r->scan, &record, &has_record, err));
    bool is_definition = has_record && record.type == MW_RECORD_DEFINITION;
    if (is_definition) return mw_log_events_learn(r->log_events, &record, err);
    r->is_at_end = !has_record || record.place > sequencer->log_place;
    if (r->is_at_end) return MW_OK;
    if (record.type != MW_RECORD_EVENT || record.place <= r->from || is_in_lake(r, &record))
        return MW_OK;
    MW_TRY(mw_log_events_read(r->log_events, &record, &r->event, err));
    /* Since it was logged, an ingest may have brought the same event into the lake. */
    mw_event_standing standing;
    MW_TRY(looked_up(r, mw_sequencer_find(sequencer, &r->event, &standing, err)));
    r->has_event = r->event.replaced || standing != MW_EVENT_REPEATS;
    sequencer->stats.repeats += !r->has_event;
    return MW_OK;
}

static mw_status feed_event(mw_recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    if (r->event.place > sequencer->reached) sequencer->reached = r->event.place;
    r->has_event = false;
    r->fed++;
    sequencer->stats.log_events++;
    MW_TRY(looked_up(r, mw_old_entries_enter(sequencer, &r->event, MW_FROM_LOG, err)));
    return mw_sequencer_feed(sequencer, &r->event, err);
}

/* Up to where all is history, the log's last event: what falls due there is not to be made. */
static int64_t feed_end(const mw_recovery *r) {
    const mw_sequencer *sequencer = r->sequencer;
    if (!r->has_begun) return mw_sequencer_now(sequencer);
    int64_t end = sequencer->reached > sequencer->begin ? sequencer->reached : sequencer->begin;
    bool is_moved = r->from == INT64_MIN && sequencer->config.lake.log_through > end;
    return is_moved ? sequencer->config.lake.log_through : end;
}

static mw_status define_streams(mw_recovery *r, mw_error *err) {
    for (size_t i = 0; i < r->sequencer->config.program->stream_count; i++)
        MW_TRY(mw_log_define(r->sequencer->log, (uint32_t)i,
                             mw_log_events_definition(r->log_events, i), err));
    return MW_OK;
}

static mw_status begin_log(mw_sequencer *sequencer, mw_error *err) {
    MW_TRY(mw_sequencer_control(sequencer,
                                sequencer->config.is_virtual ? MW_CONTROL_BEGIN_VIRTUAL
                                                             : MW_CONTROL_BEGIN_WALL, err));
    sequencer->begin = sequencer->last_place;
    return MW_OK;
}

static mw_status end_feed(mw_recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    if (sequencer->log) MW_TRY(define_streams(r, err));
    if (sequencer->log && !r->has_begun) MW_TRY(begin_log(sequencer, err));
    sequencer->is_recovering = false;
    return MW_OK;
}

static mw_status feed_step(mw_recovery *r, bool *out_is_done, mw_error *err) {
    if (!r->has_event && !r->is_at_end) return read_event(r, err);
    bool moved = false;
    int64_t place = r->has_event ? r->event.place : feed_end(r);
    MW_TRY(mw_sequencer_step(r->sequencer, place, &moved, err));
    if (moved) {
        r->fed++;
        return MW_OK;
    }
    if (r->has_event) return feed_event(r, err);
    if (place > r->sequencer->reached) r->sequencer->reached = place;
    *out_is_done = true;
    return end_feed(r, err);
}

/* --- all of it ---------------------------------------------------------------------------- */

bool mw_recovery_waits(const mw_recovery *r) {
    return r->phase == RECALL && !mw_past_is_read(r->sequencer->past);
}

static mw_status take_step(mw_recovery *r, bool *out_is_done, mw_error *err) {
    mw_passing_tidy(r->sequencer->config.symbols);
    switch (r->phase) {
    case SURVEY: return survey_step(r, err);
    case RECALL: return end_recall(r, err);
    case LIST: return list_step(r, err);
    case FEED: break;
    }
    return feed_step(r, out_is_done, err);
}

mw_status mw_recovery_run(mw_recovery *r, size_t step_max, bool *out_is_done, mw_error *err) {
    mw_error reason;
    *out_is_done = false;
    for (size_t i = 0; i < step_max && !*out_is_done; i++) {
        if (step_max < SIZE_MAX && mw_recovery_waits(r)) return MW_OK;
        mw_status status = take_step(r, out_is_done, &reason);
        if (status == MW_OK) continue;
        if (!r->lacks_runs) {
            if (err) *err = reason;
            return status;
        }
        MW_TRY(fall_back(r, &reason, err));
    }
    return MW_OK;
}

double mw_recovery_share(const mw_recovery *r) {
    if (r->phase < FEED) return 0;
    const mw_past *past = r->sequencer->past;
    double left = past ? (double)(mw_past_count(past) - r->sequencer->history_next) : 0;
    double all = (double)r->log_events_behind + left + (double)r->sequencer->history_next;
    double share = all > 0 ? (double)r->fed / all : 1;
    return share < 1 ? share : 1;
}

/* --- the sequencer's start -------------------------------------------------------------------- */

/* The log says from its beginning who answers. */
static mw_status tell_champions(mw_sequencer *sequencer, mw_error *err) {
    for (size_t i = 0; i < sequencer->config.program->model_count; i++) {
        const mw_scorer *scorer = mw_decider_scorer(sequencer->deciders[i]);
        if (scorer && !is_answering(sequencer, i, mw_scorer_name(scorer)))
            MW_TRY(mw_sequencer_tell_champion(sequencer, i, err));
    }
    return MW_OK;
}

static void end_recovery(mw_sequencer *sequencer) {
    mw_sequencer_stats *stats = &sequencer->stats;
    stats->replayed = stats->history_events + stats->log_events - sequencer->saved_events;
    sequencer->is_ready = true;
}

static mw_status promote_champions(mw_sequencer *sequencer, mw_error *err) {
    for (size_t i = 0; i < sequencer->config.program->model_count; i++) {
        mw_champion *champion = &sequencer->answering[i].champion;
        if (champion->bytes.size > 0)
            MW_TRY(mw_sequencer_make_answer(sequencer->deciders[i], champion, err));
    }
    return MW_OK;
}

static mw_status begin_to_answer(mw_sequencer *sequencer, mw_error *err) {
    MW_TRY(promote_champions(sequencer, err));
    return mw_sequencer_recover_receipts(sequencer, err);
}

/* What the log does not say is due since. */
static mw_status catch_up(mw_sequencer *sequencer, size_t step_max, mw_error *err) {
    bool moved = true;
    for (size_t i = 0; moved && i < step_max; i++)
        MW_TRY(mw_sequencer_step(sequencer, mw_sequencer_now(sequencer), &moved, err));
    if (!moved) {
        MW_TRY(mw_sequencer_advance(sequencer, err));
        MW_TRY(tell_champions(sequencer, err));
        end_recovery(sequencer);
    }
    return mw_sequencer_commit(sequencer, err);
}

mw_status mw_sequencer_recover(mw_sequencer *sequencer, size_t step_max, mw_error *err) {
    bool is_done = !sequencer->recovery;
    if (sequencer->is_ready) return MW_OK;
    if (!is_done) MW_TRY(mw_recovery_run(sequencer->recovery, step_max, &is_done, err));
    if (!is_done) return MW_OK;
    if (sequencer->recovery && !sequencer->config.only_reads)
        MW_TRY(begin_to_answer(sequencer, err));
    mw_recovery_end(sequencer->recovery);
    sequencer->recovery = NULL;
    if (!sequencer->config.only_reads) return catch_up(sequencer, step_max, err);
    end_recovery(sequencer);
    return MW_OK;
}

const mw_lake_snapshot *mw_sequencer_lake(const mw_sequencer *sequencer) {
    return &sequencer->config.lake;
}

bool mw_sequencer_is_ready(const mw_sequencer *sequencer) { return sequencer->is_ready; }
const char *mw_sequencer_note(const mw_sequencer *sequencer) { return sequencer->note.message; }

double mw_sequencer_recovered_share(const mw_sequencer *sequencer) {
    return sequencer->recovery ? mw_recovery_share(sequencer->recovery) : 1;
}

bool mw_sequencer_waits(const mw_sequencer *sequencer) {
    if (sequencer->recovery) return mw_recovery_waits(sequencer->recovery);
    bool waits = false;
    for (size_t i = 0; i < sequencer->config.program->model_count; i++) {
        const mw_rebuild *rebuild = sequencer->successions[i].rebuild;
        if (rebuild && !mw_rebuild_waits(rebuild)) return false;
        waits |= rebuild != NULL;
    }
    return waits;
}

mw_status mw_sequencer_save(mw_sequencer *sequencer, mw_error *err) {
    const mw_sequencer_config *config = &sequencer->config;
    MW_ASSERT(sequencer->is_ready);
    if (sequencer->log_place == sequencer->saved_place) return MW_OK;
    if (config->only_reads) {
        MW_TRY(mw_log_sync_newest(config->sys, config->log_folder, err));
    } else {
        MW_TRY(mw_sequencer_commit(sequencer, err));
        MW_TRY(mw_sequencer_sync(sequencer, err));
    }
    MW_TRY(mw_saved_state_write(sequencer, err));
    sequencer->saved_place = sequencer->log_place;
    return MW_OK;
}
