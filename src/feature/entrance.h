/*
 * entrance: works out the fields of a stream that have windows, once, as an event enters.
 *
 * Such a field is a feature of the event itself: t is the event's time, and it sees what is known
 * strictly before the place where the event enters (in history, its known). Nothing is left out of
 * its windows (rule 3). The value stays with the event from then on, in lake and log, so that
 * whoever reads it later has the same bits. An event that enters later than the lag and `late` of
 * its stream finds no state for windows with a span (rule 5): fields that read one are missing.
 *
 * Each stream with such fields has a course, which takes the events that its windows read.
 * One thread owns an entrance.
 */
#pragma once
#include "feature/course.h"

typedef struct mw_entrance mw_entrance;

/* How many of the last events of each stream it remembers, at least; at most twice as many. */
#define MW_ENTRANCE_NONE ((size_t)0)
#define MW_ENTRANCE_ALL SIZE_MAX

/* NULL in `*out_entrance` if the program has no such fields. The program and the symbols outlive
   it. It keeps the values of those that it `remembers` by the ids of their events: such an event is
   filled with what it had when it entered. */
MW_MUST_USE mw_status mw_entrance_create(const mw_program *program, mw_symbols *symbols,
                                         size_t remembers, mw_entrance **out_entrance,
                                         mw_error *err);
void mw_entrance_destroy(mw_entrance *entrance); /* NULL is allowed, here and below */

/* Whether a field with windows reads the stream. */
bool mw_entrance_reads(const mw_program *program, int32_t stream);
/* Whether the event has such fields and stands among those that are remembered, by its id. */
bool mw_entrance_remembers(const mw_entrance *entrance, const mw_event *event);
/* Works out the fields with windows in `row`, which is that of the event, as it enters at `place`.
   Every event placed before that has been taken, and places do not go back. */
MW_MUST_USE mw_status mw_entrance_fill(mw_entrance *entrance, const mw_event *event,
                                       int64_t place, mw_cell *row, mw_error *err);
/* Takes an event that has entered: those that enter after its place may see it. */
MW_MUST_USE mw_status mw_entrance_event(mw_entrance *entrance, const mw_event *event,
                                        mw_error *err);

/* All that it knows but what it remembers as bytes (in a seal "MWEN": for each stream with such
   fields u64 size and the course's bytes), and back into one just created for the same program.
   After a failure it is to be destroyed. MW_CONFLICT: made by another program, or in format 1,
   which had the values of all events; MW_NEWER_FORMAT, MW_CORRUPT, MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_entrance_save(const mw_entrance *entrance, mw_buf *out, mw_error *err);
MW_MUST_USE mw_status mw_entrance_load(mw_entrance *entrance, mw_str bytes, mw_error *err);
