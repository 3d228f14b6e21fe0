/*
 * ingest: takes the files of a project's streams into the lake, all of them or none.
 *
 * For each file and stream: rows are read (data_file), fields derived, `where` asked, events
 * made, checks applied, ids looked up (standing). A row that breaks a rule goes to quarantine
 * with its number and reason; the rest becomes events. They are offered (offer.h) to whoever gives
 * the places: this process, which then holds the log's lock, or the server that does. One
 * transaction lists it all. A file whose contents were taken in before is passed over; one that
 * has grown gives its new rows only.
 *
 * The events of one call are held in memory, and so are those of the log that ids must be compared
 * with, and those of the lake that have ids which come again; all of the lake's only of streams
 * that fields with windows read.
 */
#pragma once
#include "ingest/offer.h"
#include "ingest/overdue.h"
#include "project/project.h"

/* Accepts an offer of these events, or says why not. */
typedef struct {
    void *context;
    mw_status (*accept)(void *context, const mw_offer *offer, const mw_lake_batch *batch,
                        mw_accepted *out_accepted, mw_error *err);
} mw_ingest_acceptor;

typedef struct {
    mw_state *state; /* whose lake may be claimed */
    const mw_project *project;
    const mw_program *program;
    mw_symbols *symbols;
    const mw_zone *const *zones; /* of each declared stream's times that name none */
    const char *folder;          /* of the project: files are relative to it */
    const mw_str *streams;       /* names of declared streams to take; none: all */
    size_t stream_count;
    mw_str from;                 /* file or pattern in place of the stream's own; or empty */
    int64_t now_us;              /* when the ingest is recorded to have happened */
    bool wants_history;          /* events count from the time that they declare as known */
    size_t lake_ids_behind_max;  /* ingest/lake_ids.h; 0: the usual */
    mw_ingest_acceptor acceptor; /* `accept` NULL: this process, by DESIGN.md rule 1 */
} mw_ingest_config;

typedef struct {
    mw_str stream, rule;
    size_t row_count;
    size_t first_row; /* of them, from 1 */
    mw_str value;     /* of that one, which broke the rule; may be empty */
} mw_ingest_reason;

typedef struct {
    mw_arena arena; /* holds the texts and lists */
    mw_ingest_file *files; /* those that were read */
    size_t file_count, file_capacity;
    size_t unchanged_count; /* files that were passed over */
    mw_ingest_reason *reasons;
    size_t reason_count, reason_capacity;
    size_t *stream_events; /* one a stream of the program: events that were added */
    mw_overdue *overdue; /* what becomes known later than its stream waits */
    size_t overdue_count;
    uint64_t answered, unanswered; /* values that processes were asked for */
    mw_str unanswered_why;         /* of the last that was not answered */
    size_t row_count, quarantined; /* over all files */
    bool took_nothing;             /* all files were read, and every row was refused */
    int64_t ingest;                /* its number; 0: there was nothing to do */
    int64_t place;                 /* the first of its events; MW_TIME_MISSING: they are history */
    char data_version[MW_SHA256_HEX_SIZE + 1];
    const char *quarantine; /* the file of the refused rows; NULL: there are none */
} mw_ingest_report;

/* MW_OK also if rows went to quarantine, or if there was nothing to do. MW_INVALID if every new
   row was refused; MW_BUSY if another process adds to the lake, or if rows of it came over the
   network meanwhile: it may be tried again. After any failure the lake is what it was. The report
   is filled in any case, as far as things went. */
MW_MUST_USE mw_status mw_ingest(const mw_ingest_config *config, mw_ingest_report *out_report,
                                mw_error *err);
void mw_ingest_report_release(mw_ingest_report *report);
