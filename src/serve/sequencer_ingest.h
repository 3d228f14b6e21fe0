/*
 * sequencer_ingest: what an admission tells a sequencer: an ingest comes in, and counts.
 */
#pragma once
#include "serve/arrival.h"
#include "serve/sequencer.h"

/* An ingest comes in (arrival.h). One before it that was not accepted goes; MW_BUSY while one that
   was is being taken, MW_CONFLICT if the program has other fields for one of its streams. */
MW_MUST_USE mw_status mw_sequencer_await(mw_sequencer *sequencer, const mw_addition *addition,
                                         mw_error *err);
/* Reads a piece of it, and sees whether its ids are still free. */
MW_MUST_USE mw_status mw_sequencer_gather(mw_sequencer *sequencer, mw_reader *piece,
                                          mw_error *err);
/* Its events count from these places on, the first of which is from mw_sequencer_next_place; the
   lake is this with it. */
MW_MUST_USE mw_status mw_sequencer_accept(mw_sequencer *sequencer, mw_places places,
                                          const mw_lake_snapshot *lake, mw_error *err);
void mw_sequencer_forget(mw_sequencer *sequencer); /* an ingest that was not accepted */
const mw_arrival *mw_sequencer_arrival(const mw_sequencer *sequencer); /* NULL: there is none */
