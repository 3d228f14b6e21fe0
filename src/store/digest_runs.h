/*
 * digest_runs: what a process has known for long, in files instead of memory: lists of entries that
 * only grow, each in sorted runs (store/digest_run.h).
 *
 * A list has few runs: what comes is written together with all last runs that have less than twice
 * as much, so each has at least twice the entries of the one behind it, and of n entries there
 * are log2(n / MW_RUNS_NEWS_MIN) at most. Runs never change, so a list of their names says what is
 * known, and what it says is found as long as the files stand: those that one of the newest lists
 * of the folder names, or whoever tidies up.
 *
 *     names   "MWRL" | u32 format | u64 log id | u64, u64 key | u64 circumstances
 *             | of each list: i64 through, u32 run count, each: u64 id, u32 checksum
 *             | u32 CRC32C of all before; little endian
 *     files   ID.run, ID.list (the names alone); an id is a number that counts up, 32 bits of it,
 *             and 32 bits of chance, so a removed one's comes never again
 *
 * One thread at a time uses an object; any number of processes a folder, of which one at a time
 * writes (its caller sees to that).
 */
#pragma once
#include "store/digest_run.h"

typedef enum {
    MW_RUNS_IDS,      /* id of an event: contents, place (feature/roster.h) */
    MW_RUNS_EVENTS,   /* model and event: the stamp of the first prediction (serve/ledger.h) */
    MW_RUNS_STAMPS,   /* stamp and 0: where the log has it */
    MW_RUNS_RANKINGS, /* as MW_RUNS_EVENTS, of rankings */
    MW_RUNS_KINDS,
} mw_runs_kind;

enum { MW_RUNS_FORMAT = 1, MW_RUNS_LISTS_KEPT = 4, MW_RUNS_NEWS_MIN = 1 << 16 };

/* Of what runs are; names that were made of another are of no use. */
typedef struct {
    uint64_t log_id;
    mw_keyed_hash key;      /* tells the key of digests from another */
    uint64_t circumstances; /* likewise all else that the entries go by */
} mw_runs_identity;

/* What a list gets: sorted (mw_digest_run_sort). `count` 0: nothing, it stays as it is. */
typedef struct {
    const uint64_t *words;
    size_t count;
    int64_t through; /* the list has all entries up to this place, with these */
} mw_runs_news;

typedef struct mw_digest_runs mw_digest_runs;

/* Without runs. `folder` is copied, and is made by the first that is written. */
MW_MUST_USE mw_status mw_digest_runs_create(mw_sys *sys, const char *folder,
                                            mw_digest_runs **out_runs, mw_error *err);
void mw_digest_runs_destroy(mw_digest_runs *runs); /* NULL is allowed */

size_t mw_digest_runs_words(mw_runs_kind kind); /* of an entry */
/* `out_words` gets what the entry says behind its digest: of ids the newest that was written, of
   the others the first. NULL has none. */
MW_MUST_USE mw_status mw_digest_runs_find(const mw_digest_runs *runs, mw_runs_kind kind,
                                          mw_keyed_hash digest, uint64_t *out_words,
                                          bool *out_is_found, mw_error *err);
uint64_t mw_digest_runs_count(const mw_digest_runs *runs, mw_runs_kind kind);
int64_t mw_digest_runs_through(const mw_digest_runs *runs, mw_runs_kind kind);

/* Writes what is new, and appends the names of all that there is then. The object goes on with what
   it has. What is left of a failure nothing names: see mw_digest_runs_tidy. */
MW_MUST_USE mw_status mw_digest_runs_write(const mw_digest_runs *runs,
                                           const mw_runs_identity *identity,
                                           const mw_runs_news news[MW_RUNS_KINDS],
                                           mw_buf *out_names, mw_error *err);
/* Up to where names say that a list goes. MW_CORRUPT, MW_NEWER_FORMAT. */
MW_MUST_USE mw_status mw_digest_runs_names_through(mw_str names, mw_runs_kind kind,
                                                   int64_t *out_through, mw_error *err);
/* Opens what the names say instead of what there is, or nothing. MW_CORRUPT, MW_NOT_FOUND;
   MW_CONFLICT: they were made of something else, or say less than what there is. */
MW_MUST_USE mw_status mw_digest_runs_take(mw_digest_runs *runs, const mw_runs_identity *identity,
                                          mw_str names, mw_error *err);

/* Lays names down where other processes find them. */
MW_MUST_USE mw_status mw_digest_runs_publish(const mw_digest_runs *runs, mw_str names,
                                             mw_error *err);
/* The names that were laid down last, unless `*number` is theirs, which it becomes. */
MW_MUST_USE mw_status mw_digest_runs_news_of(const mw_digest_runs *runs, uint64_t *number,
                                             mw_buf *out_names, mw_error *err);

/* Appends which runs names say, for mw_digest_runs_tidy. MW_CORRUPT, MW_NEWER_FORMAT. */
MW_MUST_USE mw_status mw_digest_runs_note(mw_str names, mw_buf *out_noted, mw_error *err);
/* Whether names that failed so to be read or noted may be of any run: nothing is to be removed for
   as long as they are there, which is until newer ones have taken their place. */
bool mw_digest_runs_may_name_any(mw_status unread);
/* Removes all lists but the newest, and all runs, whole or half written, that are neither noted nor
   named by one of these lists nor open here, which are noted, too; nothing where a list may name
   any. For who alone writes in the folder. */
MW_MUST_USE mw_status mw_digest_runs_tidy(const mw_digest_runs *runs, mw_buf *noted,
                                          mw_error *err);
