/*
 * log: every record that was accepted, in order: segments of checksummed records in a folder.
 *
 *     segment  FIRST_PLACE.log (16 hex digits): head, definitions, records
 *     head     "MWLG" | u32 format | u64 log id | i64 first place | u32 CRC32C of these;
 *              "MWLg", with the same sum, until the segment before is on the disk
 *     record   u32 payload size | u32 CRC32C of the rest | u32 type | u32 stream
 *              | i64 time | i64 known | i64 place | payload               (little endian)
 *     type     bit 30: some of its batch stands before it, bit 31: behind it; neither in format < 3
 *
 * Records are gathered and written by one call to the system at a commit, into one segment: then
 * they are with the kernel and survive this process; mw_log_sync makes them survive the machine.
 * Such a batch is there whole or not at all: one without its end is no batch yet to who reads, and
 * a torn tail, which is cut when a writer opens the log. A bad record before good ones, or with all
 * of its bytes there (cut short, it would lack its last ones, or a sector), and a batch broken off
 * before another or at the end of a segment that another one follows, is MW_CORRUPT. But
 * where a page of zeros stands between, the power was lost before it was written: nothing from
 * there on was synced, and it is torn. Segments are self-contained: the definitions that give
 * streams their meaning are repeated at each head. A segment of an older format takes no more.
 *
 * A segment is begun before the one that it follows is on the disk. A loss of power may leave it,
 * and the other without its end, where its first place does not follow: then nobody believes it,
 * and the next writer removes it. Nothing of it was synced by then.
 *
 * In memory: open it on a simulated mw_sys. One thread uses a handle; one process writes.
 */
#pragma once
#include "sys/sys.h"

enum {
    MW_LOG_FORMAT = 3, /* 2: each record for itself; 1: a segment begun behind a synced one */
    MW_LOG_PAYLOAD_MAX = 1 << 24,
    MW_LOG_STREAMS_MAX = 1 << 16,
    MW_LOG_SEGMENT_SIZE = 64 << 20, /* a segment that has grown past this is closed */
};

typedef enum {
    MW_RECORD_DEFINITION = 1, /* what a stream number means; written by mw_log_define */
    MW_RECORD_EVENT,
    MW_RECORD_PREDICTION,
    MW_RECORD_CONTROL, /* a promotion, a move of a virtual clock */
} mw_record_type;

typedef struct {
    mw_record_type type;
    uint32_t stream;
    int64_t time, known, place;
    mw_str payload;
} mw_record;

/* Where a record stands; it stays there. */
typedef struct {
    int64_t segment; /* its first place */
    uint64_t offset; /* in bytes */
} mw_log_position;
#define MW_LOG_POSITION_MAX ((mw_log_position){INT64_MAX, UINT64_MAX}) /* behind all records */

/* How far a log reached at some time. Who takes this and looks at the lake only then finds there
   all that these records may have seen: an ingest is listed before anything sees it. */
typedef struct {
    int64_t wall_now; /* what has an earlier place is before `end`, as a rule */
    mw_log_position end; /* the next record will stand there, or behind it */
} mw_log_reach;

typedef struct mw_log mw_log;
typedef struct mw_log_scan mw_log_scan;

typedef struct {
    mw_sys *sys;
    const char *folder;  /* copied; made if absent */
    size_t segment_size; /* 0: MW_LOG_SEGMENT_SIZE */
} mw_log_config;

/* To write. The caller holds the writer's lock (store/state.h); readers scan. */
MW_MUST_USE mw_status mw_log_open(mw_log_config config, mw_log **out_log, mw_error *err);
void mw_log_close(mw_log *log); /* what was not committed is gone; NULL is allowed */

/* Says what a stream number means, by bytes of the caller's. The same again is nothing. */
MW_MUST_USE mw_status mw_log_define(mw_log *log, uint32_t stream, mw_str meaning,
                                    mw_error *err);
/* Adds a record to the batch. Its place must be greater than that of the record before. */
MW_MUST_USE mw_status mw_log_append(mw_log *log, const mw_record *record, mw_error *err);
/* Hands the batch to the kernel. MW_NO_SPACE: the batch stays, and the next commit tries again.
   After any other failure it is taken back: nothing of it is found later, whenever this dies. */
MW_MUST_USE mw_status mw_log_commit(mw_log *log, mw_error *err);
MW_MUST_USE mw_status mw_log_sync(mw_log *log, mw_error *err);
/* What is gathered so far: the next record stands so far behind the batch's beginning. */
size_t mw_log_batch_size(const mw_log *log);
/* Where the batch that was committed last begins. */
mw_log_position mw_log_batch_position(const mw_log *log);
/* Behind all that is committed. INT64_MIN: there is no segment yet. */
mw_log_position mw_log_committed(const mw_log *log);
/* A segment to be synced beside its writer, once it was founded. A new one stands in the folder on
   the disk only after that was synced, too. */
MW_MUST_USE mw_status mw_log_open_segment(mw_sys *sys, const char *folder, int64_t segment,
                                          mw_file **out_file, mw_error *err);
/* Syncs the segment before, and marks this one as believed: both before it is synced itself. */
MW_MUST_USE mw_status mw_log_found_segment(mw_sys *sys, const char *folder, int64_t segment,
                                           mw_error *err);
/* All that for who only reads: what it has read is on the disk then. */
MW_MUST_USE mw_status mw_log_sync_newest(mw_sys *sys, const char *folder, mw_error *err);
/* The end of the newest segment, before which all are closed. INT64_MIN: there is none. */
MW_MUST_USE mw_status mw_log_end(mw_sys *sys, const char *folder, mw_log_position *out_end,
                                 mw_error *err);
uint64_t mw_log_id(const mw_log *log);
/* Of the last record committed or gathered; INT64_MIN if there is none. */
int64_t mw_log_last_place(const mw_log *log);
uint64_t mw_log_size(const mw_log *log); /* bytes of all segments */

/* Reads the committed records with place >= `from`, in order, and definitions before those that
   go by them. Segments that end before `from` are not touched; a file is read in pieces of
   128 kB, so no call takes longer than its batch, whose first record is given once the last was
   found; one that is longer is read twice. Payloads are valid until the next call. At the end
   `*out_has_record` is false; called again later, a scan goes on with what was committed since.
   A missing folder is an empty log; a newest segment that was lost while it was made is none. A
   file that is gone where the next one does not begin behind what was read is MW_CORRUPT. */
MW_MUST_USE mw_status mw_log_scan_begin(mw_sys *sys, const char *folder, int64_t from,
                                        mw_log_scan **out_scan, mw_error *err);
/* From the record that stands there; of definitions only those behind it. */
MW_MUST_USE mw_status mw_log_scan_begin_at(mw_sys *sys, const char *folder, mw_log_position first,
                                           mw_log_scan **out_scan, mw_error *err);
MW_MUST_USE mw_status mw_log_scan_next(mw_log_scan *scan, mw_record *out_record,
                                       bool *out_has_record, mw_error *err);
/* It ends there from now on. */
void mw_log_scan_until(mw_log_scan *scan, mw_log_position end);
uint64_t mw_log_scan_id(const mw_log_scan *scan); /* of the log; 0 before its first record */
mw_log_position mw_log_scan_position(const mw_log_scan *scan); /* of the record read last */
void mw_log_scan_end(mw_log_scan *scan); /* NULL is allowed */
/* Reads the one record that stands there, whose payload lies in `bytes`. */
MW_MUST_USE mw_status mw_log_read(mw_sys *sys, const char *folder, mw_log_position position,
                                  mw_buf *bytes, mw_record *out_record, mw_error *err);
