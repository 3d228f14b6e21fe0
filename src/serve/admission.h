/*
 * admission: how a running server takes in an ingest that another process has made.
 *
 * The process offers it, sends its events in pieces and asks for acceptance (ingest/offer.h). Here
 * the offer is held against what the server knows, gets its places from the sequencer and is
 * listed, in one transaction of the catalog: all of it is there from then on, or none, whichever
 * of the two dies when. What was offered and never accepted makes room for the next offer.
 *
 * Listing waits for the disk; nothing else blocks. One thread uses it.
 */
#pragma once
#include "ingest/offer.h"
#include "serve/sequencer.h"

typedef struct mw_admission mw_admission;

typedef struct {
    mw_state *state; /* all of these outlive the admission */
    const mw_program *program;
    int64_t event_us; /* at most one event in this span is fed, on average */
} mw_admission_config;

MW_MUST_USE mw_status mw_admission_create(mw_admission_config config,
                                          mw_admission **out_admission, mw_error *err);
void mw_admission_destroy(mw_admission *admission); /* NULL is allowed */

/* Takes an offer (mw_offer_append). MW_CONFLICT if the project file has changed since the server
   was started, MW_BUSY while an ingest before is being taken. */
MW_MUST_USE mw_status mw_admission_offer(mw_admission *admission, mw_sequencer *sequencer,
                                         mw_str bytes, mw_error *err);
/* Takes a piece of the events of the last offer (mw_offer_events_append). */
MW_MUST_USE mw_status mw_admission_gather(mw_admission *admission, mw_sequencer *sequencer,
                                          mw_str bytes, mw_error *err);
/* Accepts the last offer, whose number this is. MW_BUSY if clients took ids of it meanwhile: then
   it must be made again. `*out_is_history`: its events stand at places that the sequencer has left
   behind, so it must be opened anew. */
MW_MUST_USE mw_status mw_admission_accept(mw_admission *admission, mw_sequencer *sequencer,
                                          int64_t number, mw_accepted *out_accepted,
                                          bool *out_is_history, mw_error *err);
