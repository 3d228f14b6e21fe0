/*
 * receiving: rows that are sent, made into events with all that these need, and appended.
 *
 * A row may ask programs of the user's (enquiry.h), and a correction needs what it replaces, or a
 * row that stands what it had, which is read back while others are served (correcting.h,
 * recalling.h). A call that fails with MW_BUSY for want of
 * that has changed nothing, and awaits it: begin with it, perhaps with what rows that will follow
 * need too, and call again when both are over, with them at hand.
 *
 * Its calls stand between mw_receiving_begin and mw_receiving_end: of a row whose turn will come
 * again nothing is counted. One thread uses it at a time, as the service.
 */
#pragma once
#include "serve/enquiry.h"
#include "serve/reception.h"
#include "serve/sequencer.h"

typedef struct mw_receiving mw_receiving;

typedef struct {
    mw_reception_config rows;
    mw_sequencer *sequencer; /* these outlive it too */
    mw_sys *sys;
    mw_asking *asking;       /* NULL: no stream asks */
} mw_receiving_config;

/* What rows need, under way or over. Either may be NULL: there is none. */
typedef struct {
    mw_lookback *lookback;
    mw_enquiry *enquiry;
} mw_row_needs;

MW_MUST_USE mw_status mw_receiving_create(mw_receiving_config config, mw_receiving **out_receiving,
                                          mw_error *err);
void mw_receiving_destroy(mw_receiving *receiving); /* NULL is allowed */

void mw_receiving_begin(mw_receiving *receiving);
void mw_receiving_end(mw_receiving *receiving);

/* The events of a row, with the fields that programs are asked for. */
MW_MUST_USE mw_status mw_receiving_take(mw_receiving *receiving, int32_t source, mw_sent_row row,
                                        mw_received *out_received, mw_error *err);
/* How a row stands: with other contents if anything of it does, and then that is to become a
   correction (rule 8), else new if anything of it is. */
MW_MUST_USE mw_status mw_receiving_look_up(const mw_receiving *receiving, mw_received received,
                                           mw_event_standing *out_standing, mw_error *err);
/* Makes corrections of the events that stand with other contents. */
MW_MUST_USE mw_status mw_receiving_correct(mw_receiving *receiving, mw_received received,
                                           mw_error *err);
/* Fills the fields with windows of a row whose event stands, and has entered by `place`, where the
   entrance does not remember them; else `*out_is_filled` is false. */
MW_MUST_USE mw_status mw_receiving_recall(mw_receiving *receiving, mw_received received,
                                          int64_t place, bool *out_is_filled, mw_error *err);
/* Appends those that are new or corrections. `is_entered`: the fields with windows are there. */
MW_MUST_USE mw_status mw_receiving_append(mw_receiving *receiving, mw_received received,
                                          bool is_entered, mw_error *err);

bool mw_receiving_awaits(const mw_receiving *receiving); /* the call before */
/* The call is to wait no longer than this for a row that stands; 0: however long it takes. */
void mw_receiving_bound(mw_receiving *receiving, int64_t span_us);
int64_t mw_receiving_patience_us(const mw_receiving *receiving); /* of the call before */
void mw_receiving_foresee(mw_receiving *receiving, int32_t source, mw_sent_row row);
/* What is awaited, and what was at hand, becomes the caller's. */
MW_MUST_USE mw_status mw_receiving_await(mw_receiving *receiving, mw_row_needs *out_needs,
                                         mw_error *err);
/* It owns them from now on, until others are at hand, or none. What is not over yet is none. */
void mw_receiving_remember(mw_receiving *receiving, mw_row_needs needs);
/* Until then calls that are bound wait no more: what is not at hand fails with MW_TIMED_OUT. */
void mw_receiving_hurry(mw_receiving *receiving);
/* Nobody waits for them any more. Does not wait either. */
void mw_receiving_leave(mw_receiving *receiving, mw_row_needs needs);
/* What was at hand becomes the caller's, for a call that follows. */
mw_row_needs mw_receiving_part_with(mw_receiving *receiving);

/* How many values `clean` has changed in rows that were taken. */
uint64_t mw_receiving_cleaned(const mw_receiving *receiving);
/* Of the events of a stream that were appended: how many, and by how much later than they declare
   to be known they came, added up (rule 1). What was trained on counts them from when they declare:
   a gap that is not small beside the windows is a difference between training and serving. */
typedef struct {
    uint64_t events;
    double late_s;
} mw_known_gap;
mw_known_gap mw_receiving_known_gap(const mw_receiving *receiving, int32_t stream);
