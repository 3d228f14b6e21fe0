#include "feature/agenda.h"

#include "feature/pool.h"
#include "feature/rounds.h"
#include "table/passing.h"

#include <string.h>

enum { PLAIN_CLASS, FEATURES_CLASS };

/* Far beyond any calendar, and far from where a span added to it would overflow. */
#define STORED_TIME_MAX (INT64_C(1) << 61)

typedef struct {
    int64_t due, t, place;
    uint64_t number;
    mw_cell *row; /* of the moment's event, its texts held; the features that a label was given
                     follow it, whose texts stay (passing.h) */
    mw_due_kind kind;
    bool has_features;
} entry;

struct mw_agenda {
    const mw_model_program *model;
    const mw_stream *stream; /* the moment's */
    mw_symbols *symbols;
    mw_budget budget;
    mw_pool pool;
    entry *heap;
    size_t count, capacity;
    entry popped; /* its row is given back by the next pop; NULL: none */
    int64_t from, to; /* moments with from <= t < to are announced */
    mw_rounds rounds; /* of a schedule */
    mw_cell *made_row; /* room for one; NULL: there is neither a schedule nor `each` */
};

mw_status mw_agenda_create(const mw_model_program *model, const mw_program *program,
                           mw_symbols *symbols, mw_agenda **out_agenda, mw_error *err) {
    mw_agenda *agenda = mw_allocate(sizeof *agenda);
    if (!agenda) return mw_fail(err, MW_NO_MEMORY, "agenda: no memory to start");
    agenda->model = model;
    agenda->stream = &program->streams[model->moment_stream];
    agenda->symbols = symbols;
    agenda->from = INT64_MIN;
    agenda->to = INT64_MAX;
    agenda->budget.max = SIZE_MAX;
    mw_pool_init(&agenda->pool, &agenda->budget);
    if (model->schedule) mw_rounds_init(&agenda->rounds, model->schedule, program->zone);
    if (model->schedule || model->each) {
        agenda->made_row =
            mw_allocate(agenda->stream->schema.field_count * sizeof *agenda->made_row);
        if (!agenda->made_row) {
            mw_agenda_destroy(agenda);
            return mw_fail(err, MW_NO_MEMORY, "agenda: no memory to start");
        }
    }
    *out_agenda = agenda;
    return MW_OK;
}

static void give_back(mw_agenda *agenda, const entry *old) {
    mw_passing_let_go(agenda->symbols, &agenda->stream->schema, old->row);
    mw_pool_give(&agenda->pool, old->has_features ? FEATURES_CLASS : PLAIN_CLASS, old->row);
}

static void give_back_popped(mw_agenda *agenda) {
    if (agenda->popped.row) give_back(agenda, &agenda->popped);
    agenda->popped.row = NULL;
}

void mw_agenda_destroy(mw_agenda *agenda) {
    if (!agenda) return;
    mw_agenda_clear(agenda);
    give_back_popped(agenda);
    mw_pool_release(&agenda->pool);
    mw_rounds_release(&agenda->rounds);
    mw_free(agenda->made_row);
    mw_free(agenda->heap);
    mw_free(agenda);
}

static int compare_int(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int compare_field(const mw_agenda *agenda, int32_t field, const entry *a,
                         const entry *b) {
    mw_type type = agenda->stream->schema.fields[field].type;
    return mw_cell_compare(type, a->row[field], b->row[field], agenda->symbols);
}

/* By contents alone, so that rows that still compare equal are equal, and may swap. */
static int compare_rows(const mw_agenda *agenda, const entry *a, const entry *b) {
    for (int32_t i = 0; i < agenda->stream->id_count; i++) {
        int order = compare_field(agenda, agenda->stream->id_fields[i], a, b);
        if (order != 0) return order;
    }
    for (size_t i = 0; i < agenda->stream->schema.field_count; i++) {
        int order = compare_field(agenda, (int32_t)i, a, b);
        if (order != 0) return order;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool comes_before(const mw_agenda *agenda, const entry *a, const entry *b) {
    if (a->due != b->due) return a->due < b->due;
    int order = compare_int((int64_t)a->kind, (int64_t)b->kind);
    if (order == 0) order = compare_int(a->t, b->t);
    if (order == 0) order = compare_rows(agenda, a, b);
    return order < 0;
}

/* Puts an entry into the hole at `i`, or above it where it belongs. */
static void sift_up(mw_agenda *agenda, size_t i, entry added) {
    for (; i > 0 && comes_before(agenda, &added, &agenda->heap[(i - 1) / 2]); i = (i - 1) / 2)
        agenda->heap[i] = agenda->heap[(i - 1) / 2];
    agenda->heap[i] = added;
}

/* Fills the hole at the top, or at `i` below it, with the last entry. */
static void sift_down(mw_agenda *agenda, size_t i) {
    entry last = agenda->heap[--agenda->count];
    for (size_t child = 2 * i + 1; child < agenda->count; child = 2 * i + 1) {
        if (child + 1 < agenda->count &&
            comes_before(agenda, &agenda->heap[child + 1], &agenda->heap[child]))
            child++;
        if (!comes_before(agenda, &agenda->heap[child], &last)) break;
        agenda->heap[i] = agenda->heap[child];
        i = child;
    }
    agenda->heap[i] = last;
}

static mw_status add(mw_agenda *agenda, entry added, const mw_cell *row,
                     const mw_cell *features, mw_error *err) {
    size_t field_count = agenda->stream->schema.field_count;
    size_t feature_count = features ? agenda->model->feature_count : 0;
    added.has_features = features != NULL;
    size_t cell_count = field_count + feature_count;
    if (cell_count == 0) cell_count = 1; /* a block is never empty */
    bool has_room = mw_grow((void **)&agenda->heap, &agenda->capacity, agenda->count + 1,
                            sizeof *agenda->heap, UINT32_MAX);
    if (has_room)
        added.row = mw_pool_take(&agenda->pool, features ? FEATURES_CLASS : PLAIN_CLASS,
                                 cell_count * sizeof(mw_cell));
    if (!added.row) return mw_fail(err, MW_NO_MEMORY, "agenda: no memory for another moment");
    memcpy(added.row, row, field_count * sizeof *row);
    mw_passing_hold(agenda->symbols, &agenda->stream->schema, row);
    if (features) memcpy(added.row + field_count, features, feature_count * sizeof *features);
    sift_up(agenda, agenda->count++, added);
    return MW_OK;
}

/* A missing key groups with nothing (rule 10). */
static mw_status announce_key(mw_agenda *agenda, const mw_event *event, mw_error *err) {
    const mw_schedule *schedule = agenda->model->schedule;
    for (int32_t i = 0; i < schedule->key_count; i++)
        if (mw_cell_is_missing(agenda->stream->schema.fields[i].type,
                               event->row[schedule->keys[i]]))
            return MW_OK;
    if (mw_rounds_add(&agenda->rounds, event)) return MW_OK;
    return mw_fail(err, MW_NO_MEMORY, "agenda: no memory for another key");
}

/* The moment's row, as far as the event tells it. */
static const mw_cell *row_of(const mw_agenda *agenda, const mw_cell *row) {
    const mw_each *each = agenda->model->each;
    if (!each) return row;
    memcpy(agenda->made_row, row, (size_t)each->element * sizeof *row);
    mw_type type = agenda->stream->schema.fields[each->element].type;
    agenda->made_row[each->element] = mw_cell_missing(type);
    return agenda->made_row;
}

/* Where the moment of such a row is announced; `count`: nowhere. Corrections are rare, so all are
   looked at. */
static size_t find_moment(const mw_agenda *agenda, int64_t t, int64_t place,
                          const mw_cell *row) {
    size_t size = agenda->stream->schema.field_count * sizeof *row, i = 0;
    for (; i < agenda->count; i++) {
        const entry *one = &agenda->heap[i];
        if (one->kind == MW_DUE_MOMENT && one->t == t && one->place == place &&
            memcmp(one->row, row, size) == 0)
            break;
    }
    return i;
}

/* Takes back the moment of what a correction replaces; false if it was made, or never announced. A
   moment that falls due just where the correction begins to count does not see it: it stays, unless
   what is replaced would have counted from there too, and so never does. */
static bool take_back(mw_agenda *agenda, const mw_event *event) {
    int64_t t = event->replaced_time + agenda->model->moment_offset_us;
    int64_t from = mw_event_counts_from(event);
    int64_t place = event->replaced_from > t ? event->replaced_from : t;
    if (place <= from && event->replaced_from < from) return false;
    size_t i = find_moment(agenda, t, place, row_of(agenda, event->replaced));
    if (i == agenda->count) return false;
    give_back(agenda, &agenda->heap[i]);
    sift_down(agenda, i);
    if (i < agenda->count) sift_up(agenda, i, agenda->heap[i]);
    return true;
}

mw_status mw_agenda_add_event(mw_agenda *agenda, const mw_event *event, bool *out_taken,
                              mw_error *err) {
    MW_ASSERT(event->stream == mw_model_announcer(agenda->model));
    if (agenda->model->schedule) {
        *out_taken = true;
        return announce_key(agenda, event, err);
    }
    *out_taken = true;
    if (event->replaced && !take_back(agenda, event)) return MW_OK;
    int64_t t = event->time + agenda->model->moment_offset_us;
    int64_t place = mw_event_counts_from(event);
    if (t < agenda->from || t >= agenda->to) return MW_OK;
    if (place < t) place = t;
    bool taken = place - t <= agenda->model->lateness_us;
    if (taken)
        MW_TRY(add(agenda,
                   (entry){.kind = MW_DUE_MOMENT, .due = place, .t = t, .place = place},
                   row_of(agenda, event->row), NULL, err));
    *out_taken = taken;
    return MW_OK;
}

mw_status mw_agenda_add_label(mw_agenda *agenda, const mw_moment *moment, uint64_t number,
                              const mw_cell *features, mw_error *err) {
    int64_t due = mw_agenda_label_due(agenda->model, moment);
    return add(agenda,
               (entry){.kind = MW_DUE_LABEL, .due = due, .t = moment->t, .place = moment->place,
                       .number = number},
               moment->row, features, err);
}

void mw_agenda_limit(mw_agenda *agenda, int64_t from, int64_t to) {
    agenda->from = from;
    agenda->to = to;
    if (agenda->model->schedule) mw_rounds_limit(&agenda->rounds, from, to);
}

static mw_status announce_beat(mw_agenda *agenda, mw_error *err) {
    mw_rounds *rounds = &agenda->rounds;
    size_t moment_count = mw_rounds_moments_of_key(rounds);
    MW_ASSERT(moment_count > 0 && rounds->keys.count > 0); /* as mw_agenda_next says */
    entry made = {.kind = MW_DUE_MOMENT, .due = rounds->next, .t = rounds->next,
                  .place = rounds->next};
    for (size_t key = 0; key < rounds->keys.count; key++) {
        for (size_t i = 0; i < moment_count; i++) {
            mw_rounds_fill(rounds, key, i, agenda->made_row);
            MW_TRY(add(agenda, made, agenda->made_row, NULL, err));
        }
    }
    mw_rounds_pass(rounds);
    return MW_OK;
}

mw_status mw_agenda_meet(mw_agenda *agenda, int64_t place, mw_error *err) {
    const mw_rounds *rounds = &agenda->rounds;
    while (agenda->model->schedule && rounds->next < INT64_MAX && rounds->next <= place &&
           (agenda->count == 0 || rounds->next <= agenda->heap[0].due))
        MW_TRY(announce_beat(agenda, err));
    return MW_OK;
}

bool mw_agenda_pop(mw_agenda *agenda, int64_t place, mw_due *out_due) {
    give_back_popped(agenda);
    if (agenda->count == 0 || agenda->heap[0].due > place) return false;
    entry first = agenda->popped = agenda->heap[0];
    sift_down(agenda, 0);
    *out_due = (mw_due){.kind = first.kind,
                        .due = first.due,
                        .moment = {first.t, first.place, first.row},
                        .number = first.number};
    if (first.has_features)
        out_due->features = first.row + agenda->stream->schema.field_count;
    return true;
}

int64_t mw_agenda_next(const mw_agenda *agenda) {
    int64_t due = agenda->count > 0 ? agenda->heap[0].due : INT64_MAX;
    return agenda->model->schedule && agenda->rounds.next < due ? agenda->rounds.next : due;
}

size_t mw_agenda_count(const mw_agenda *agenda) {
    return agenda->count;
}

/* --- as bytes --------------------------------------------------------------------------- */

static void save_entry(const mw_agenda *agenda, const entry *one, mw_buf *out) {
    const mw_schema *schema = &agenda->stream->schema;
    const mw_model_program *model = agenda->model;
    mw_buf_append_u32(out, (uint32_t)one->kind);
    mw_buf_append_u64(out, (uint64_t)one->t);
    mw_buf_append_u64(out, (uint64_t)one->place);
    mw_buf_append_u64(out, one->number);
    mw_row_append_canonical(out, schema, one->row, agenda->symbols);
    const mw_cell *features = one->row + schema->field_count;
    MW_ASSERT(one->has_features == (one->kind == MW_DUE_LABEL));
    for (size_t i = 0; one->kind == MW_DUE_LABEL && i < model->feature_count; i++)
        mw_cell_append_canonical(out, model->features[i].type, features[i], agenda->symbols);
}

void mw_agenda_save(const mw_agenda *agenda, mw_buf *out) {
    if (agenda->model->schedule)
        mw_rounds_save(&agenda->rounds, &agenda->stream->schema, agenda->symbols, out);
    mw_buf_append_u32(out, (uint32_t)agenda->count);
    for (size_t i = 0; i < agenda->count; i++) save_entry(agenda, &agenda->heap[i], out);
}

static bool is_time(int64_t time) {
    return -STORED_TIME_MAX <= time && time <= STORED_TIME_MAX;
}

/* Its texts are passing, for the agenda holds them. */
static bool load_row(mw_agenda *agenda, mw_reader *in, mw_cell *row) {
    bool was_passing = mw_passing_set(agenda->symbols, true);
    bool is_good = mw_row_read_canonical(in, &agenda->stream->schema, agenda->symbols, row);
    (void)mw_passing_set(agenda->symbols, was_passing);
    return is_good;
}

static mw_status load_entry(mw_agenda *agenda, mw_reader *in, mw_cell *cells, mw_error *err) {
    const mw_schema *schema = &agenda->stream->schema;
    const mw_model_program *model = agenda->model;
    uint32_t kind = mw_read_u32(in);
    mw_moment moment = {.t = (int64_t)mw_read_u64(in), .row = cells};
    moment.place = (int64_t)mw_read_u64(in);
    uint64_t number = mw_read_u64(in);
    bool is_label = kind == MW_DUE_LABEL;
    bool is_good = !in->failed && (is_label || kind == MW_DUE_MOMENT) && is_time(moment.t) &&
                   is_time(moment.place) && moment.place >= moment.t &&
                   load_row(agenda, in, cells);
    mw_cell *features = cells + schema->field_count;
    for (size_t i = 0; is_good && is_label && i < model->feature_count; i++)
        is_good = mw_cell_read_canonical(in, model->features[i].type, agenda->symbols,
                                         &features[i]);
    if (!is_good) return mw_fail(err, MW_CORRUPT, "agenda: its bytes break their format");
    if (is_label) return mw_agenda_add_label(agenda, &moment, number, features, err);
    return add(agenda,
               (entry){.kind = MW_DUE_MOMENT, .due = moment.place, .t = moment.t,
                       .place = moment.place, .number = number},
               cells, NULL, err);
}

mw_status mw_agenda_load(mw_agenda *agenda, mw_reader *in, mw_error *err) {
    MW_ASSERT(agenda->count == 0);
    if (agenda->model->schedule)
        MW_TRY(mw_rounds_load(&agenda->rounds, &agenda->stream->schema, agenda->symbols, in, err));
    uint32_t count = mw_read_u32(in);
    size_t cell_count = agenda->stream->schema.field_count + agenda->model->feature_count + 1;
    mw_cell *cells = mw_allocate(cell_count * sizeof *cells);
    if (!cells) return mw_fail(err, MW_NO_MEMORY, "agenda: no memory to load it");
    mw_status status = in->failed
                           ? mw_fail(err, MW_CORRUPT, "agenda: its bytes break their format")
                           : MW_OK;
    for (uint32_t i = 0; status == MW_OK && i < count; i++)
        status = load_entry(agenda, in, cells, err);
    mw_free(cells);
    if (status != MW_OK) mw_agenda_clear(agenda);
    return status;
}

void mw_agenda_clear(mw_agenda *agenda) {
    for (size_t i = 0; i < agenda->count; i++) give_back(agenda, &agenda->heap[i]);
    agenda->count = 0;
}
