/*
 * standing: which ids of a stream stand already, and with what contents: of corrections the last
 * one's, by their places.
 *
 * A hash table over the events of the lake and those that an ingest adds; it holds row numbers
 * only (8 bytes an event, at most half full), so both must outlive it. Ids are compared cell by
 * cell; equal contents are equal times and equal cells.
 */
#pragma once
#include "lang/program.h"

typedef struct mw_standing mw_standing;

typedef enum {
    MW_STANDS_NOT,
    MW_STANDS_IN_LAKE, /* with equal contents, from an ingest before */
    MW_STANDS_FRESH,   /* with equal contents, from this one, or seen in it */
    MW_STANDS_OTHERWISE, /* with other contents, from an ingest before */
    MW_STANDS_FRESH_OTHERWISE, /* with other contents, from this one, or seen in it */
} mw_stands;

/* `stream`, of index `number`, must have an id. Takes up all that `lake` and `fresh` hold. */
MW_MUST_USE mw_status mw_standing_create(const mw_stream *stream, int32_t number,
                                         const mw_events *lake, const mw_events *fresh,
                                         mw_standing **out_standing, mw_error *err);
/* Fields with windows are no contents of a row that comes: they are worked out as it enters. */
mw_stands mw_standing_find(const mw_standing *standing, const mw_event *event);
/* This ingest has the event that stands, again: another row of it with that id corrects nothing. */
void mw_standing_see(mw_standing *standing, const mw_event *event);
/* Makes an event whose id stands otherwise the correction of what stands. */
void mw_standing_correct(const mw_standing *standing, mw_event *event);
/* What stands under the event's id, and its row among the events of `lake`, where it must stand. */
mw_event mw_standing_of(const mw_standing *standing, const mw_event *event, size_t *out_row);
/* Takes up the row that was added last to the fresh events. */
MW_MUST_USE mw_status mw_standing_add(mw_standing *standing, mw_error *err);
/* Takes up what was added to the events of `lake` from a row on, which came before those that it
   had at the start; those from there on that were taken up before stay so. */
MW_MUST_USE mw_status mw_standing_add_older(mw_standing *standing, size_t row, mw_error *err);
void mw_standing_destroy(mw_standing *standing); /* NULL is allowed */
