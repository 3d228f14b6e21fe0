/*
 * offer: an ingest that is read, checked and written, and waits to be accepted.
 *
 * Without a server the command that made it accepts it too. Beside one, the server does, which
 * alone gives places: then the offer travels as bytes, and so does the answer. Accepting is one
 * transaction of the catalog: all of the ingest is there, or none.
 *
 * What an offer points to lies in an arena of the caller's, or is a view of the bytes.
 */
#pragma once
#include "lang/program.h"
#include "store/state.h"

/* What became of one file, for one stream. */
typedef struct {
    mw_str stream, file;
    size_t row_count;   /* in the file */
    size_t known_count; /* of them, those that an ingest before had taken */
    size_t event_count; /* rows that became events */
    size_t left_out;    /* by `where` */
    size_t corrections; /* rows that correct what stands */
    size_t repeats;     /* the same id and contents again: dropped */
    size_t quarantined;
    size_t dropped;     /* by `clean` */
    size_t cleaned;     /* values of rows that `clean` has changed */
    const mw_str *columns; /* that the stream has not, in the report alone */
    size_t column_count;
    char content_hash[MW_SHA256_HEX_SIZE + 1], rows_hash[MW_SHA256_HEX_SIZE + 1];
} mw_ingest_file;

/* A declared stream as it was when its events were made. */
typedef struct {
    mw_str name, definition; /* the hash of its keys, load.h */
    mw_schema columns;
} mw_offer_source;

typedef struct {
    mw_addition addition;
    int64_t at_us;       /* when it is said to have happened */
    int64_t log_through; /* of events from the log: up to which place; else MW_TIME_MISSING */
    mw_str log_digest;   /* and the digest there. Such an offer does not travel */
    bool wants_history;
    const mw_ingest_file *files;
    size_t file_count;
    mw_offer_source *sources;
    size_t source_count;
} mw_offer;

/* Fills the sources: those of the program that `is_chosen`. */
MW_MUST_USE mw_status mw_offer_describe(mw_offer *offer, const mw_program *program,
                                        const bool *is_chosen, mw_arena *arena, mw_error *err);
void mw_offer_append(mw_buf *out, const mw_offer *offer);
MW_MUST_USE mw_status mw_offer_read(mw_str bytes, mw_arena *arena, mw_offer *out_offer,
                                    mw_error *err);

/* DESIGN.md rule 1: history where nothing was predicted yet, or where that is wanted and nothing
   was predicted that could have seen it; else `next`. `last_prediction` is a stamp; INT64_MIN:
   there is none. */
MW_MUST_USE mw_status mw_offer_place(const mw_offer *offer, int64_t last_prediction,
                                     mw_places next, mw_places *out_places, mw_error *err);

typedef struct {
    int64_t ingest;
    mw_places places; /* `first` missing: they are history */
    char data_version[MW_SHA256_HEX_SIZE + 1];
} mw_accepted;

MW_MUST_USE mw_status mw_offer_accept(const mw_offer *offer, mw_state *state, mw_places places,
                                      mw_accepted *out_accepted, mw_error *err);
/* Gives an offer up that was not accepted. If it was nevertheless (a server may have died before
   it could say so), that is told. */
MW_MUST_USE mw_status mw_offer_give_up(const mw_offer *offer, mw_state *state,
                                       bool *out_is_accepted, mw_accepted *out_accepted,
                                       mw_error *err);
void mw_accepted_append(mw_buf *out, const mw_accepted *accepted);
MW_MUST_USE mw_status mw_accepted_read(mw_str bytes, mw_accepted *out_accepted, mw_error *err);
