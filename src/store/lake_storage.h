/*
 * lake_storage: where the lake's files lie: Parquet in a folder, or tables in memory.
 *
 * A file holds events of one stream in a given order. It is there, whole, when write returns.
 */
#pragma once
#include "store/addition.h"
#include "store/duck.h"
#include "table/event.h"

typedef struct mw_lake_storage mw_lake_storage;

/* What a file is made of: the rows of `events`, in the order of `rows`. */
typedef struct {
    const mw_stream_events *events;
    const mw_symbols *symbols;
    const size_t *rows;
    size_t row_count;
} mw_lake_rows;

/* Which events of those that are read are wanted. */
typedef struct {
    bool (*takes)(const void *context, const mw_event *event); /* NULL: all are */
    const void *context;
} mw_lake_filter;

/* Places, ascending, each once. */
typedef struct {
    const int64_t *items;
    size_t count;
} mw_lake_places;

/* How a file is read: `columns[i]` of its `stored_count` fields is field i of the stream in the
   events. */
typedef struct {
    const size_t *columns;
    size_t stored_count;
    mw_lake_filter filter;
    bool has_corrections;
    bool unchecked;   /* the file's bytes may be any: who reads knows what must stand there */
    int64_t checksum; /* that the file must have; or MW_NO_CHECKSUM */
    int32_t stream;
    mw_symbols *symbols;
    mw_places places;
    int64_t after;   /* only those whose place is greater, */
    int64_t through; /* and not greater than this; MW_TIME_MISSING: all */
    mw_lake_places wanted; /* of these, those at one of these places; none: all */
} mw_lake_reading;

/* Rows of a file that are read together, and between which places they lie. */
typedef struct {
    int64_t first, last;
    uint64_t count;
} mw_lake_group;
typedef struct {
    mw_lake_group *items; /* released by mw_free */
    size_t count, capacity;
} mw_lake_groups;
MW_MUST_USE mw_status mw_lake_add_group(mw_lake_groups *groups, mw_lake_group group,
                                        mw_error *err);

/* `folder` NULL: in memory. Copied. */
MW_MUST_USE mw_status mw_lake_storage_open(mw_sys *sys, mw_duck *duck, const char *folder,
                                           mw_lake_storage **out_storage, mw_error *err);
void mw_lake_storage_close(mw_lake_storage *storage);

/* `path` is relative: STREAM/NUMBER.parquet. A file of that name is replaced. */
MW_MUST_USE mw_status mw_lake_storage_write(mw_lake_storage *storage, mw_str path,
                                            const mw_lake_rows *rows, mw_error *err);
/* MW_CORRUPT where the file's bytes are others than were written. Unless the reading is unchecked
   each file is looked at whole, once. */
MW_MUST_USE mw_status mw_lake_storage_read(mw_lake_storage *storage, mw_str path,
                                           const mw_lake_reading *reading,
                                           mw_events *out_events, mw_error *err);
MW_MUST_USE mw_status mw_lake_storage_check(mw_lake_storage *storage, mw_str path,
                                            int64_t checksum, mw_error *err);
/* Adds the groups of a file whose events stand at the places that are in it. */
MW_MUST_USE mw_status mw_lake_storage_groups(mw_lake_storage *storage, mw_str path,
                                             mw_lake_groups *groups, mw_error *err);
MW_MUST_USE mw_status mw_lake_storage_remove(mw_lake_storage *storage, mw_str path,
                                             mw_error *err);
/* Whether none of a file's events counts later than the place that is in it. */
MW_MUST_USE mw_status mw_lake_storage_counts_in_place(mw_lake_storage *storage, mw_str path,
                                                      bool has_corrections, bool *out_does,
                                                      mw_error *err);
/* The size of a file in bytes, and their checksum. */
MW_MUST_USE mw_status mw_lake_storage_measure(mw_lake_storage *storage, mw_str path,
                                              int64_t *out_size, int64_t *out_checksum,
                                              mw_error *err);
/* The paths of all files, temporary ones too, in `arena`. */
MW_MUST_USE mw_status mw_lake_storage_list(mw_lake_storage *storage, mw_arena *arena,
                                           mw_str **out_paths, size_t *out_count,
                                           mw_error *err);
