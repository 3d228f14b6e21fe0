#include "serve/lookback.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/load.h"
#include "ingest/log_events.h"
#include "sys/errand.h"
#include "table/translation.h"

#define SYMBOLS_SIZE_MAX ((size_t)1 << 32)

struct mw_lookback {
    mw_lookback_config config;
    mw_lookback *earlier;     /* of the same request, what it found counts too; NULL: none */
    mw_errand *reading;       /* NULL: not begun, or over */
    mw_lookback_wish *wishes; /* by place */
    size_t count;
    mw_symbols *symbols;      /* of the events; the thread's until it is done, like these */
    mw_events found;          /* sorted */
    bool has_found;
    mw_cell *row;             /* in the symbols of the process; and what it replaces */
    bool has_ended;
    mw_status failure;        /* why nothing is known, then */
    mw_error reason;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "event: no memory to read it back");
}

/* --- the log, in the thread --------------------------------------------------------------- */

/* Goes through the log from wish to wish. A segment that comes between is not read: the scan is
   begun anew at the wish. */
typedef struct {
    mw_lookback *lookback;
    mw_log_events *events;
    mw_log_scan *scan;
    int64_t segment; /* in which the scan began */
    mw_record record;
    bool has_record; /* which is not used up */
} walk;

static mw_status begin_at(walk *w, int64_t place, mw_error *err) {
    const mw_lookback_config *config = &w->lookback->config;
    mw_log_scan_end(w->scan);
    w->scan = NULL;
    w->segment = INT64_MIN;
    return mw_log_scan_begin(config->sys, config->log_folder, place, &w->scan, err);
}

static mw_status next_record(walk *w, mw_error *err) {
    MW_TRY(mw_log_scan_next(w->scan, &w->record, &w->has_record, err));
    if (w->has_record && w->record.type == MW_RECORD_DEFINITION)
        MW_TRY(mw_log_events_learn(w->events, &w->record, err));
    return MW_OK;
}

/* Leaves the first record at or after the place; none if the log ends before. */
static mw_status go_to(walk *w, int64_t place, mw_error *err) {
    bool is_there = w->has_record && w->record.type != MW_RECORD_DEFINITION &&
                    w->record.place >= place;
    if (is_there) return MW_OK;
    if (!w->scan) MW_TRY(begin_at(w, place, err));
    for (;;) {
        MW_TRY(next_record(w, err));
        if (!w->has_record) return MW_OK;
        if (w->record.type == MW_RECORD_DEFINITION) continue;
        if (w->record.place >= place) return MW_OK;
        int64_t segment = mw_log_scan_position(w->scan).segment;
        if (w->segment == INT64_MIN) w->segment = segment;
        if (w->segment != segment) MW_TRY(begin_at(w, place, err));
    }
}

static mw_status read_from_log(walk *w, const mw_lookback_wish *wish, bool *out_found,
                               mw_error *err) {
    mw_event event;
    *out_found = false;
    MW_TRY(go_to(w, wish->place, err));
    if (!w->has_record || w->record.place != wish->place || w->record.type != MW_RECORD_EVENT ||
        mw_log_events_is_foreign(w->events, &w->record))
        return MW_OK;
    MW_TRY(mw_log_events_read(w->events, &w->record, &event, err));
    if (event.stream != wish->stream) return MW_OK;
    *out_found = true;
    return mw_events_add(&w->lookback->found, &event, err);
}

/* --- both, in the thread -------------------------------------------------------------------- */

/* What the log has is taken out of `left`. */
static mw_status read_log(mw_lookback *lookback, mw_lookback_wish *left, size_t *count,
                          mw_error *err) {
    walk w = {.lookback = lookback};
    size_t kept = 0;
    MW_TRY(mw_log_events_create(lookback->config.program, lookback->symbols, &w.events, err));
    mw_status status = MW_OK;
    for (size_t i = 0; i < lookback->count && status == MW_OK; i++) {
        const mw_lookback_wish *wish = &lookback->wishes[i];
        bool is_found = false;
        if (wish->is_in_log) status = read_from_log(&w, wish, &is_found, err);
        if (!is_found) left[kept++] = *wish;
    }
    mw_log_scan_end(w.scan);
    mw_log_events_destroy(w.events);
    *count = kept;
    return status;
}

static mw_status read_all(void *context, mw_error *err) {
    mw_lookback *lookback = context;
    const mw_lookback_config *config = &lookback->config;
    size_t count = 0;
    MW_TRY(mw_symbols_create(SYMBOLS_SIZE_MAX, &lookback->symbols, err));
    MW_TRY(mw_program_events(config->program, &lookback->found, err));
    lookback->has_found = true;
    mw_lookback_wish *left = mw_allocate(lookback->count * sizeof *left);
    if (!left) return no_memory(err);
    mw_status status = read_log(lookback, left, &count, err);
    if (status == MW_OK && count > 0)
        status = config->look(config->context, lookback->symbols, left, count, &lookback->found,
                              err);
    mw_free(left);
    return status == MW_OK ? mw_events_sort(&lookback->found, err) : status;
}

/* --- life ----------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b) {
    const mw_lookback_wish *x = a, *y = b;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return (x->stream > y->stream) - (x->stream < y->stream);
}

/* In history and of an ingest many events stand at one place, which is read once. */
static size_t keep_each_once(mw_lookback_wish *wishes, size_t count) {
    size_t kept = 1;
    for (size_t i = 1; i < count; i++)
        if (by_place(&wishes[i], &wishes[kept - 1]) != 0) wishes[kept++] = wishes[i];
    return kept;
}

static mw_status prepare(mw_lookback *lookback, const mw_lookback_wish *wishes, size_t count,
                         mw_error *err) {
    size_t widest = mw_program_widest_row(lookback->config.program);
    lookback->row = mw_allocate(2 * widest * sizeof *lookback->row);
    lookback->wishes = mw_allocate(count * sizeof *wishes);
    if (!lookback->row || !lookback->wishes) return no_memory(err);
    memcpy(lookback->wishes, wishes, count * sizeof *wishes);
    qsort(lookback->wishes, count, sizeof *wishes, by_place);
    lookback->count = keep_each_once(lookback->wishes, count);
    return MW_OK;
}

mw_status mw_lookback_create(mw_lookback_config config, const mw_lookback_wish *wishes,
                             size_t count, mw_lookback **out_lookback, mw_error *err) {
    MW_ASSERT(count > 0 && count <= MW_LOOKBACK_WISHES_MAX);
    mw_lookback *lookback = mw_allocate(sizeof *lookback);
    if (!lookback) return no_memory(err);
    lookback->config = config;
    mw_status status = prepare(lookback, wishes, count, err);
    if (status != MW_OK) mw_lookback_destroy(lookback);
    else *out_lookback = lookback;
    return status;
}

/* Gives up the place among those that read. */
static void end_reading(mw_lookback *lookback) {
    if (!lookback->reading) return;
    mw_errand_end(lookback->reading);
    lookback->reading = NULL;
    (*lookback->config.reading_count)--;
}

void mw_lookback_destroy(mw_lookback *lookback) {
    while (lookback) {
        mw_lookback *earlier = lookback->earlier;
        end_reading(lookback);
        if (lookback->has_found) mw_events_release(&lookback->found);
        mw_symbols_destroy(lookback->symbols);
        mw_free(lookback->wishes);
        mw_free(lookback->row);
        mw_free(lookback);
        lookback = earlier;
    }
}

void mw_lookback_follow(mw_lookback *lookback, mw_lookback *earlier) {
    lookback->earlier = earlier;
}

static void begin(mw_lookback *lookback) {
    const mw_lookback_config *config = &lookback->config;
    lookback->failure = mw_errand_begin(config->sys, read_all, lookback, &lookback->reading,
                                        &lookback->reason);
    lookback->has_ended = lookback->failure != MW_OK;
    if (!lookback->has_ended) (*config->reading_count)++;
}

bool mw_lookback_run(mw_lookback *lookback, bool is_wanted) {
    if (lookback->has_ended || (!lookback->reading && !is_wanted)) return true;
    bool has_room = *lookback->config.reading_count < MW_LOOKBACKS_AT_ONCE_MAX;
    if (!lookback->reading && has_room) begin(lookback);
    if (!lookback->reading || !mw_errand_is_done(lookback->reading)) return lookback->has_ended;
    lookback->failure = mw_errand_wait(lookback->reading, &lookback->reason);
    lookback->has_ended = true;
    end_reading(lookback);
    return true;
}

/* --- what was found ------------------------------------------------------------------------- */

static bool is_own(const mw_lookback *lookback, mw_lookback_wish wish) {
    return bsearch(&wish, lookback->wishes, lookback->count, sizeof wish, by_place) != NULL;
}

bool mw_lookback_covers(const mw_lookback *lookback, mw_lookback_wish wish) {
    while (lookback && !is_own(lookback, wish)) lookback = lookback->earlier;
    return lookback != NULL;
}

/* The first of the events that were found at the place or after. */
static size_t first_at(const mw_events *found, int64_t place) {
    size_t low = 0, high = found->event_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mw_events_at(found, middle).place < place) low = middle + 1;
        else high = middle;
    }
    return low;
}

static bool is_same_text(const mw_lookback *lookback, uint64_t found, uint64_t own) {
    if (found == 0 || own == 0) return found == own;
    return mw_str_equal(mw_symbols_text(lookback->symbols, found),
                        mw_symbols_text(lookback->config.symbols, own));
}

/* Whether what was found has the id of a row in the symbols of the process. */
static bool has_id(const mw_lookback *lookback, const mw_stream *stream, const mw_cell *found,
                   const mw_cell *row) {
    for (int32_t i = 0; i < stream->id_count; i++) {
        int32_t field = stream->id_fields[i];
        bool is_text = mw_type_is_symbol(stream->schema.fields[field].type);
        bool is_same = is_text ? is_same_text(lookback, found[field].symbol, row[field].symbol)
                               : found[field].bits == row[field].bits;
        if (!is_same) return false;
    }
    return true;
}

mw_status mw_lookback_find(mw_lookback *lookback, mw_lookback_search *search, mw_event *out_event,
                           bool *out_found, mw_error *err) {
    mw_lookback_wish wish = search->wish;
    while (lookback->earlier && !is_own(lookback, wish)) lookback = lookback->earlier;
    MW_ASSERT(lookback->has_ended);
    *out_found = false;
    if (lookback->failure != MW_OK) {
        if (err) *err = lookback->reason;
        return lookback->failure;
    }
    const mw_stream *stream = &lookback->config.program->streams[wish.stream];
    if (search->next == 0) search->next = first_at(&lookback->found, wish.place);
    while (search->next < lookback->found.event_count) {
        mw_event event = mw_events_at(&lookback->found, search->next);
        if (event.place != wish.place) return MW_OK;
        search->next++;
        if (event.stream != wish.stream || !has_id(lookback, stream, event.row, search->row))
            continue;
        mw_translation translation = {
            .from = lookback->symbols, .to = lookback->config.symbols, .passes = true};
        if (!mw_translate_event(&translation, &stream->schema, lookback->row, &event))
            return mw_fail(err, MW_NO_MEMORY, "event: no memory for another text");
        *out_event = event;
        *out_found = true;
        return MW_OK;
    }
    return MW_OK;
}
