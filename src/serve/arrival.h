/*
 * arrival: the events of an ingest on their way into a running sequencer.
 *
 * They come in pieces, and are held until the ingest is accepted. Then each has its place, row
 * after row of each file, and they are taken one by one as time reaches those, so that no request
 * waits for all of them. An id of theirs that a client takes before the ingest is accepted was
 * not known to it: then it is overtaken, and must be made again.
 *
 * It owns its events; program and symbols outlive it. One thread uses it.
 */
#pragma once
#include "feature/roster.h"
#include "ingest/offer_events.h"

typedef struct mw_arrival mw_arrival;

/* `key` is for its roster. MW_CONFLICT if the program has other fields for one of its streams. */
MW_MUST_USE mw_status mw_arrival_create(const mw_program *program, mw_symbols *symbols,
                                        mw_hash_key key, const mw_addition *addition,
                                        mw_arrival **out_arrival, mw_error *err);
void mw_arrival_destroy(mw_arrival *arrival); /* NULL is allowed */

int64_t mw_arrival_number(const mw_arrival *arrival); /* of the ingest, in the lake */
/* Reads the next event of a piece and holds it; at the piece's end `*out_has_event` is false. */
MW_MUST_USE mw_status mw_arrival_read(mw_arrival *arrival, mw_reader *piece,
                                      mw_event *out_event, bool *out_has_event, mw_error *err);
bool mw_arrival_is_whole(const mw_arrival *arrival); /* all events that were announced are here */
/* How an event's id stands among those held. */
mw_event_standing mw_arrival_find(const mw_arrival *arrival, const mw_event *event);
void mw_arrival_overtake(mw_arrival *arrival);
bool mw_arrival_is_overtaken(const mw_arrival *arrival);

/* Of a whole one that is not overtaken: its events have their places from here on. */
void mw_arrival_accept(mw_arrival *arrival, mw_places places);
bool mw_arrival_is_accepted(const mw_arrival *arrival);
/* The next event in the order of places; false before it is accepted, and after the last. */
bool mw_arrival_peek(const mw_arrival *arrival, mw_event *out_event);
void mw_arrival_pass(mw_arrival *arrival); /* the event that was seen was taken */
uint64_t mw_arrival_left(const mw_arrival *arrival); /* events that are not taken yet */
