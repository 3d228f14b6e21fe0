#include "serve/lookback.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/load.h"
#include "ingest/log_events.h"
#include "sys/errand.h"
#include "table/translation.h"

#define SYMBOLS_SIZE_MAX ((size_t)1 << 32)

/* A part of the lake begins with so many places, each perhaps in a row group of its own, which
   takes some 20 ms; the next has more where that was quick. */
enum { PART_SIZE_MIN = 64, PART_GROWTH = 4, QUICK_US = MW_LOOKBACK_SPAN_US / 2 };

typedef struct {
    mw_lookback_wish wish;
    bool is_read; /* the thread's until it is done */
} wanted;

/* An event that was found, by the order of wishes. */
typedef struct {
    mw_lookback_wish wish;
    size_t row;
} hit;

/* What the lake is asked for. */
typedef struct {
    wanted **left; /* by stream and place */
    size_t count;
    size_t from, to;  /* the part, of what is left */
    int64_t *places;  /* of the part: each once */
    size_t place_count;
    size_t size;      /* at most so many of a part */
    size_t part_count;
    int64_t begun_us; /* the part */
    int64_t cost_us;  /* of a place of the part before; INT64_MAX: there was none */
    int64_t cost_before_us; /* as the earlier lookback has it */
} demand;

struct mw_lookback {
    mw_lookback_config config;
    mw_lookback *earlier;     /* of the same request, what it found counts too; NULL: none */
    mw_lookback *next_left;   /* that nobody wants; NULL: none */
    mw_errand *reading;       /* NULL: not begun, or over */
    atomic_bool is_unwanted;  /* the thread is to end */
    wanted *wishes;           /* in their order */
    size_t count;
    int64_t begun_us;         /* from here on all is the thread's until it is done */
    mw_symbols *symbols;      /* of the events */
    mw_events found;
    bool has_found;
    hit *hits;                /* one an event that was found, in the order of their wishes */
    demand demand;
    mw_cell *row;             /* in the symbols of the process; and what it replaces */
    bool has_ended;
    mw_status failure;        /* why nothing is known, then */
    mw_error reason;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "event: no memory to read it back");
}

/* --- wishes --------------------------------------------------------------------------------- */

uint64_t mw_lookback_id(const mw_stream *stream, const mw_symbols *symbols, const mw_cell *row) {
    uint64_t id = 0;
    for (int32_t i = 0; i < stream->id_count; i++) {
        int32_t field = stream->id_fields[i];
        uint64_t part = row[field].bits;
        if (mw_type_is_symbol(stream->schema.fields[field].type) && part != 0) {
            mw_str text = mw_symbols_text(symbols, row[field].symbol);
            part = mw_hash_bytes(text.data, text.size);
        }
        id = mw_hash_join(id, part);
    }
    return id;
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* The log is read by place. */
static int compare_wishes(const void *a, const void *b) {
    const mw_lookback_wish *x = a, *y = b;
    if (x->place != y->place) return COMPARE(x->place, y->place);
    if (x->stream != y->stream) return COMPARE(x->stream, y->stream);
    return COMPARE(x->id, y->id);
}

static int compare_wanted(const void *a, const void *b) {
    return compare_wishes(&((const wanted *)a)->wish, &((const wanted *)b)->wish);
}

/* The lake is read a stream at a time. */
static int compare_left(const void *a, const void *b) {
    const wanted *const *x = a, *const *y = b;
    int order = COMPARE((*x)->wish.stream, (*y)->wish.stream);
    return order != 0 ? order : compare_wanted(*x, *y);
}

static int compare_hits(const void *a, const void *b) {
    const hit *x = a, *y = b;
    int order = compare_wishes(&x->wish, &y->wish);
    return order != 0 ? order : COMPARE(x->row, y->row);
}

static wanted *find_wanted(const mw_lookback *lookback, mw_lookback_wish wish) {
    wanted key = {.wish = wish};
    return bsearch(&key, lookback->wishes, lookback->count, sizeof key, compare_wanted);
}

static mw_lookback_wish wish_of(const mw_lookback *lookback, const mw_event *event) {
    const mw_stream *stream = &lookback->config.program->streams[event->stream];
    return (mw_lookback_wish){.stream = event->stream,
                              .place = event->place,
                              .id = mw_lookback_id(stream, lookback->symbols, event->row)};
}

static bool is_wished(const void *context, const mw_event *event) {
    return find_wanted(context, wish_of(context, event)) != NULL;
}

/* In the thread. */
static bool has_time(const mw_lookback *lookback) {
    int64_t now = mw_sys_monotonic_us(lookback->config.sys);
    return now - lookback->begun_us < MW_LOOKBACK_SPAN_US && !atomic_load(&lookback->is_unwanted);
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

/* What it has not is left. One read is enough to have come on. */
static mw_status read_log(mw_lookback *lookback, mw_error *err) {
    walk w = {.lookback = lookback};
    bool has_begun = false;
    MW_TRY(mw_log_events_create(lookback->config.program, lookback->symbols, &w.events, err));
    mw_status status = MW_OK;
    for (size_t i = 0; i < lookback->count && status == MW_OK; i++) {
        wanted *one = &lookback->wishes[i];
        if (one->wish.is_in_log && has_begun && !has_time(lookback)) continue;
        if (one->wish.is_in_log) status = read_from_log(&w, &one->wish, &one->is_read, err);
        if (!one->is_read) lookback->demand.left[lookback->demand.count++] = one;
        has_begun |= one->is_read;
    }
    mw_log_scan_end(w.scan);
    mw_log_events_destroy(w.events);
    return status;
}

/* --- the lake, in the thread ----------------------------------------------------------------- */

static void begin_part(demand *d) {
    const mw_lookback_wish *first = &d->left[d->from]->wish;
    size_t count = 0; /* of places */
    for (d->to = d->from; d->to < d->count; d->to++) {
        const mw_lookback_wish *wish = &d->left[d->to]->wish;
        bool is_other = count == 0 || wish->place != d->places[count - 1];
        if (wish->stream != first->stream || (is_other && count == d->size)) break;
        if (is_other) d->places[count++] = wish->place;
    }
    d->place_count = count;
}

/* Parts are by place, so that each reads other row groups, but for one. */
bool mw_lookback_next(mw_lookback *lookback, mw_lookback_part *out_part) {
    demand *d = &lookback->demand;
    bool has_begun = d->to > 0;
    int64_t now = mw_sys_monotonic_us(lookback->config.sys);
    for (; d->from < d->to; d->from++) d->left[d->from]->is_read = true;
    if (has_begun) d->cost_us = (now - d->begun_us) / (int64_t)d->place_count;
    if (d->from == d->count || (has_begun && !has_time(lookback))) return false;
    if (has_begun && now - d->begun_us < QUICK_US) d->size *= PART_GROWTH;
    d->begun_us = now;
    d->part_count++;
    begin_part(d);
    *out_part = (mw_lookback_part){.stream = d->left[d->from]->wish.stream,
                                   .places = {d->places, d->place_count},
                                   .filter = {is_wished, lookback}};
    return true;
}

static mw_status read_lake(mw_lookback *lookback, mw_error *err) {
    const mw_lookback_config *config = &lookback->config;
    demand *d = &lookback->demand;
    bool has_come_on = d->count < lookback->count;
    if (d->count == 0 || (has_come_on && !has_time(lookback))) return MW_OK;
    qsort(d->left, d->count, sizeof(wanted *), compare_left);
    return config->look(config->context, lookback->symbols, lookback, &lookback->found, err);
}

/* Where each of the events is found again. */
static mw_status list_hits(mw_lookback *lookback, mw_error *err) {
    const mw_events *found = &lookback->found;
    size_t count = 0;
    lookback->hits = mw_allocate((found->event_count + 1) * sizeof *lookback->hits);
    if (!lookback->hits) return no_memory(err);
    for (size_t i = 0; i < found->stream_count; i++)
        for (size_t row = 0; row < found->streams[i].rows.row_count; row++) {
            mw_event event = mw_events_row(found, (int32_t)i, row);
            lookback->hits[count++] = (hit){wish_of(lookback, &event), row};
        }
    qsort(lookback->hits, count, sizeof *lookback->hits, compare_hits);
    return MW_OK;
}

static mw_status read_all(void *context, mw_error *err) {
    mw_lookback *lookback = context;
    demand *d = &lookback->demand;
    lookback->begun_us = mw_sys_monotonic_us(lookback->config.sys);
    MW_TRY(mw_symbols_create(SYMBOLS_SIZE_MAX, &lookback->symbols, err));
    MW_TRY(mw_program_events(lookback->config.program, &lookback->found, err));
    lookback->has_found = true;
    d->left = mw_allocate(lookback->count * sizeof *d->left);
    d->places = mw_allocate(lookback->count * sizeof *d->places);
    if (!d->left || !d->places) return no_memory(err);
    MW_TRY(read_log(lookback, err));
    MW_TRY(read_lake(lookback, err));
    return list_hits(lookback, err);
}

/* --- life ----------------------------------------------------------------------------------- */

static size_t keep_each_once(wanted *wishes, size_t count) {
    size_t kept = 1;
    for (size_t i = 1; i < count; i++)
        if (compare_wanted(&wishes[i], &wishes[kept - 1]) != 0) wishes[kept++] = wishes[i];
    return kept;
}

static mw_status prepare(mw_lookback *lookback, const mw_lookback_wish *wishes, size_t count,
                         mw_error *err) {
    size_t widest = mw_program_widest_row(lookback->config.program);
    lookback->row = mw_allocate(2 * widest * sizeof *lookback->row);
    lookback->wishes = mw_allocate(count * sizeof *lookback->wishes);
    if (!lookback->row || !lookback->wishes) return no_memory(err);
    for (size_t i = 0; i < count; i++) lookback->wishes[i].wish = wishes[i];
    qsort(lookback->wishes, count, sizeof *lookback->wishes, compare_wanted);
    lookback->count = keep_each_once(lookback->wishes, count);
    return MW_OK;
}

mw_status mw_lookback_create(mw_lookback_config config, const mw_lookback_wish *wishes,
                             size_t count, mw_lookback **out_lookback, mw_error *err) {
    MW_ASSERT(count > 0 && count <= MW_LOOKBACK_WISHES_MAX);
    mw_lookback *lookback = mw_allocate(sizeof *lookback);
    if (!lookback) return no_memory(err);
    lookback->config = config;
    lookback->demand =
        (demand){.size = PART_SIZE_MIN, .cost_us = INT64_MAX, .cost_before_us = INT64_MAX};
    mw_status status = prepare(lookback, wishes, count, err);
    if (status != MW_OK) mw_lookback_destroy(lookback);
    else *out_lookback = lookback;
    return status;
}

/* Leaves its room to others. */
static void end_reading(mw_lookback *lookback) {
    mw_lookback **slot = lookback->config.room->reading;
    if (!lookback->reading) return;
    atomic_store(&lookback->is_unwanted, true);
    mw_errand_end(lookback->reading);
    lookback->reading = NULL;
    while (*slot != lookback) slot++;
    *slot = NULL;
}

void mw_lookback_destroy(mw_lookback *lookback) {
    while (lookback) {
        mw_lookback *earlier = lookback->earlier;
        end_reading(lookback);
        if (lookback->has_found) mw_events_release(&lookback->found);
        mw_symbols_destroy(lookback->symbols);
        mw_free(lookback->demand.left);
        mw_free(lookback->demand.places);
        mw_free(lookback->hits);
        mw_free(lookback->wishes);
        mw_free(lookback->row);
        mw_free(lookback);
        lookback = earlier;
    }
}

/* What an earlier one did not come to is read in parts of its size. Where it had time for one only,
   that may be since each takes so long to begin (the bytes of a file are summed anew) or since each
   place does: larger ones are tried once, and again where a place was so much cheaper in them. */
static void go_on_from(demand *d, const demand *earlier) {
    if (earlier->from == earlier->count || earlier->part_count == 0) return;
    d->size = earlier->size;
    d->cost_before_us = earlier->cost_us;
    bool has_paid = earlier->cost_us < earlier->cost_before_us / 2;
    if (earlier->part_count == 1 && has_paid && d->size < MW_LOOKBACK_WISHES_MAX)
        d->size *= PART_GROWTH;
}

void mw_lookback_follow(mw_lookback *lookback, mw_lookback *earlier) {
    lookback->earlier = earlier;
    if (earlier && earlier->has_ended) go_on_from(&lookback->demand, &earlier->demand);
}

void mw_lookback_leave(mw_lookback *lookback, mw_lookback **list) {
    if (!lookback) return;
    lookback->next_left = *list;
    *list = lookback;
    mw_lookback_tidy(list);
}

void mw_lookback_tidy(mw_lookback **list) {
    while (*list) {
        mw_lookback *left = *list;
        if (!mw_lookback_run(left, false)) {
            list = &left->next_left;
            continue;
        }
        *list = left->next_left;
        mw_lookback_destroy(left);
    }
}

void mw_lookback_destroy_left(mw_lookback *list) {
    for (mw_lookback *left = list; left; left = left->next_left)
        atomic_store(&left->is_unwanted, true);
    while (list) {
        mw_lookback *left = list;
        list = left->next_left;
        mw_lookback_destroy(left);
    }
}

static void end_if_done(mw_lookback *lookback) {
    if (!lookback->reading || !mw_errand_is_done(lookback->reading)) return;
    lookback->failure = mw_errand_wait(lookback->reading, &lookback->reason);
    lookback->has_ended = true;
    end_reading(lookback);
}

/* NULL: there is none. Who reads may be left, or wait for something else, and nobody ask after it:
   so who wants its room does. */
static mw_lookback **find_room(mw_lookback_room *room) {
    for (size_t i = 0; i < MW_LOOKBACKS_AT_ONCE_MAX; i++) {
        if (room->reading[i]) end_if_done(room->reading[i]);
        if (!room->reading[i]) return &room->reading[i];
    }
    return NULL;
}

static void begin(mw_lookback *lookback) {
    mw_lookback **slot = find_room(lookback->config.room);
    if (!slot) return;
    lookback->failure = mw_errand_begin(lookback->config.sys, read_all, lookback,
                                        &lookback->reading, &lookback->reason);
    lookback->has_ended = lookback->failure != MW_OK;
    if (!lookback->has_ended) *slot = lookback;
}

bool mw_lookback_run(mw_lookback *lookback, bool is_wanted) {
    if (lookback->has_ended || (!lookback->reading && !is_wanted)) return true;
    atomic_store(&lookback->is_unwanted, !is_wanted);
    if (!lookback->reading) begin(lookback);
    end_if_done(lookback);
    return lookback->has_ended;
}

/* --- what was found ------------------------------------------------------------------------- */

static bool covers(const mw_lookback *lookback, mw_lookback_wish wish) {
    if (!lookback->has_ended) return false;
    const wanted *own = find_wanted(lookback, wish);
    return own && (own->is_read || lookback->failure != MW_OK);
}

bool mw_lookback_covers(const mw_lookback *lookback, mw_lookback_wish wish) {
    while (lookback && !covers(lookback, wish)) lookback = lookback->earlier;
    return lookback != NULL;
}

/* The first event that was found for the wish, or for one behind it. */
static size_t first_hit(const mw_lookback *lookback, mw_lookback_wish wish) {
    size_t low = 0, high = lookback->found.event_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_wishes(&lookback->hits[middle].wish, &wish) < 0) low = middle + 1;
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
    while (lookback->earlier && !covers(lookback, wish)) lookback = lookback->earlier;
    MW_ASSERT(lookback->has_ended);
    *out_found = false;
    if (lookback->failure != MW_OK) {
        if (err) *err = lookback->reason;
        return lookback->failure;
    }
    const mw_stream *stream = &lookback->config.program->streams[wish.stream];
    if (search->next == 0) search->next = first_hit(lookback, wish);
    while (search->next < lookback->found.event_count) {
        const hit *at = &lookback->hits[search->next];
        if (compare_wishes(&at->wish, &wish) != 0) return MW_OK;
        search->next++;
        mw_event event = mw_events_row(&lookback->found, wish.stream, at->row);
        if (!has_id(lookback, stream, event.row, search->row)) continue;
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
