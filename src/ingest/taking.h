/*
 * taking: the rows of one file on their way to be events of one source's streams.
 *
 * A taking gathers the fresh events of many files, beside those of lake and log that their ids are
 * compared with, and the lines of the quarantine. Nothing is stored here.
 */
#pragma once
#include "ingest/file_rows.h"
#include "ingest/ingest.h"
#include "ingest/lake_ids.h"
#include "ingest/log_tail.h"
#include "ingest/refusals.h"
#include "ingest/sources.h"
#include "ingest/standing.h"
#include "sys/terminal.h"

typedef struct {
    const mw_ingest_config *config;
    mw_ingest_report *report;
    mw_arena arena;
    mw_lake_snapshot snapshot;
    mw_log_facts log;
    mw_events lake, fresh; /* what lake and log have that is asked for; what is added */
    size_t *log_begin, *log_end; /* one a stream: rows of `lake` that only the log has */
    mw_standing **standing;  /* one a stream; NULL: it has no id, or nothing is taken for it */
    mw_lake_ids **lake_ids;  /* likewise; NULL, too: `lake` has all of its events */
    mw_file_rows rows;      /* of the file at hand */
    mw_buf quarantine;
    mw_progress progress; /* over the bytes of all files */
    uint64_t done;        /* of those that were taken */
} mw_taking;

/* A file that is to be taken for one source, and what an ingest before knew of its path. */
typedef struct {
    int32_t source;
    mw_source_file file;
    uint64_t size; /* in bytes */
    char content_hash[MW_SHA256_HEX_SIZE + 1];
    size_t known_rows; /* 0: the path is new */
    char known_hash[MW_SHA256_HEX_SIZE + 1];
    bool gave_none;    /* those rows gave no event: all were refused or left out */
} mw_taking_file;

/* What is to come: files for some sources, of a size in all. */
typedef struct {
    const bool *is_taken; /* one a source */
    uint64_t size;
} mw_taking_plan;

/* The events of the log are read if there are any, and of the lake those that are asked for
   whatever comes. Release it after a failure too. */
MW_MUST_USE mw_status mw_taking_init(mw_taking *taking, const mw_ingest_config *config,
                                     mw_ingest_report *report, mw_taking_plan plan,
                                     mw_error *err);
/* Adds a file's events, refused rows and its line of the report. The file is read once for sources
   that take it alike and come one after the other. */
MW_MUST_USE mw_status mw_take_file(mw_taking *taking, const mw_taking_file *file,
                                   mw_error *err);
/* By DESIGN.md rule 1: whether the events count from their declared known, and else the place that
   this process would give them: greater than any that was given before, by log or lake. */
bool mw_taking_is_history(const mw_taking *taking);
int64_t mw_taking_place(const mw_taking *taking);
void mw_taking_release(mw_taking *taking);
