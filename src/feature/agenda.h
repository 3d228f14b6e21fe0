/*
 * agenda: what falls due when: the moments that events have announced, and the labels that
 * moments have left to mature.
 *
 * A moment falls due at its place, max(t, its event's place); a label at t + maturity. Pops
 * come in the order (due, moments before labels, t, id by bytes), so that equal stamps never
 * depend on arrival. Rows are copied in and live until popped entry is released by the next
 * pop. A binary heap: O(log n) each.
 *
 * As bytes (a part of a course's, which says whose they are): u32 count; then each entry in the
 * order of the heap: u32 kind, i64 t, i64 place, u64 number, the row and a label's features in
 * canonical cells. When it is due follows from these. With a schedule its rounds come first.
 */
#pragma once
#include "feature/engine.h"

typedef struct mw_agenda mw_agenda;

typedef enum { MW_DUE_MOMENT, MW_DUE_LABEL } mw_due_kind;

typedef struct {
    mw_due_kind kind;
    int64_t due;       /* the place at which it happens */
    mw_moment moment;  /* its row is valid until the next pop */
    uint64_t number;   /* the caller's name for the moment; labels carry their moment's */
    const mw_cell *features; /* those that a label was given; valid until the next pop */
} mw_due;

/* When the label of a moment is due. A moment may be made later than that: then with it. */
static inline int64_t mw_agenda_label_due(const mw_model_program *model,
                                          const mw_moment *moment) {
    int64_t due = moment->t + model->maturity_us;
    return due < moment->place ? moment->place : due;
}

MW_MUST_USE mw_status mw_agenda_create(const mw_model_program *model, const mw_program *program,
                                       mw_symbols *symbols, mw_agenda **out_agenda,
                                       mw_error *err);
void mw_agenda_destroy(mw_agenda *agenda);

/* Announces the moment of an event of the model's announcer, if it lies within the limits; with
   `each` one for all that it makes, whose element is missing. False in `*out_taken` when the event
   is too late for a moment (place - t over the bound: rule 5). A correction takes over the moment
   of what it replaces, if that is still announced; else it makes none. Of a schedule it is a key
   that may have moments from now on. */
MW_MUST_USE mw_status mw_agenda_add_event(mw_agenda *agenda, const mw_event *event,
                                          bool *out_taken, mw_error *err);
/* `features`: those of the moment; NULL: the caller keeps them, and this agenda is never saved. */
MW_MUST_USE mw_status mw_agenda_add_label(mw_agenda *agenda, const mw_moment *moment,
                                          uint64_t number, const mw_cell *features,
                                          mw_error *err);
/* Moments with from <= t < to alone are announced; to be said before any event. */
void mw_agenda_limit(mw_agenda *agenda, int64_t from, int64_t to);
/* Announces the moments of a schedule's next beat where that comes before all else that is due, at
   or before `place`: to be asked before each pop. */
MW_MUST_USE mw_status mw_agenda_meet(mw_agenda *agenda, int64_t place, mw_error *err);
/* Takes the first entry due at or before `place`; false if there is none. */
bool mw_agenda_pop(mw_agenda *agenda, int64_t place, mw_due *out_due);
/* When something is due first; INT64_MAX: never. A beat that is yet to be met counts, for each has
   a moment at least. */
int64_t mw_agenda_next(const mw_agenda *agenda);
size_t mw_agenda_count(const mw_agenda *agenda);
/* Appends what is announced and not popped. */
void mw_agenda_save(const mw_agenda *agenda, mw_buf *out);
/* Fills an agenda just created from such bytes, which may be hostile. MW_CORRUPT or MW_NO_MEMORY
   leave it empty. */
MW_MUST_USE mw_status mw_agenda_load(mw_agenda *agenda, mw_reader *in, mw_error *err);
void mw_agenda_clear(mw_agenda *agenda);
