/*
 * enquiry: what a request's rows ask programs of the user's, asked while others are served.
 *
 * Rows are added with all that they hold before they enter (docs/decisions/0019); a thread asks
 * for them in batches (ingest/asking.h), with symbols of its own, and what was answered is handed
 * over in the symbols of the process. Of all that share an asking one asks at a time, and the
 * others wait for it; nobody but their requests waits with them.
 *
 * One thread uses an enquiry at a time: who holds the baton (decision 0021). What the config names
 * outlives it.
 */
#pragma once
#include "ingest/asking.h"
#include "lang/program.h"

enum { MW_ENQUIRY_ROWS_MAX = 1 << 16 };

typedef struct mw_enquiry mw_enquiry;

typedef struct {
    mw_sys *sys;
    const mw_program *program;
    mw_symbols *symbols; /* of the process */
    mw_asking *asking;
} mw_enquiry_config;

MW_MUST_USE mw_status mw_enquiry_create(mw_enquiry_config config, mw_enquiry **out_enquiry,
                                        mw_error *err);
/* Adds a row of the stream, which is copied, before it runs. MW_TOO_LARGE: there is no room. */
MW_MUST_USE mw_status mw_enquiry_add(mw_enquiry *enquiry, int32_t stream, const mw_cell *row,
                                     mw_error *err);
/* What an earlier one of the same request was answered, which it owns from now on, counts too. */
void mw_enquiry_follow(mw_enquiry *enquiry, mw_enquiry *earlier);
/* Begins to ask as soon as others have left off, and tells whether it is over. Does not wait: to
   be called again until it is. One that is not wanted any more does not begin, and is over unless
   it has. */
bool mw_enquiry_run(mw_enquiry *enquiry, bool is_wanted);
/* Whether the row was added to it or one that it follows, with the same contents; of one that is
   over. */
bool mw_enquiry_covers(const mw_enquiry *enquiry, int32_t stream, const mw_cell *row);
/* Fills the fields of a row that it covers. MW_UNAVAILABLE: there is no answer, and nothing may
   stand in its place. */
MW_MUST_USE mw_status mw_enquiry_fill(const mw_enquiry *enquiry, int32_t stream, mw_cell *row,
                                      mw_error *err);
void mw_enquiry_destroy(mw_enquiry *enquiry); /* leaves off if it asks; NULL is allowed */
