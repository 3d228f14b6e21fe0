/*
 * log_digest: a hash over the events of a log, in their order, by which a data version names them.
 *
 * An event enters by the definition of its stream, its times, its place and its contents, as the
 * log has them, whatever a program makes of it. A digest goes on as the log does, and the lake
 * keeps that of the events which were moved into it: so where they stand changes no data version.
 * It takes 1 us an event.
 */
#pragma once
#include "ingest/log_events.h"
#include "store/lake.h"

typedef struct {
    char hex[MW_SHA256_HEX_SIZE + 1]; /* empty: there is no event */
} mw_log_digest;

/* Of the log's events that are in the lake. */
mw_log_digest mw_log_digest_of_lake(const mw_lake_snapshot *lake);
/* Goes on with the log's next MW_RECORD_EVENT; `meaning` is what the log says of its stream
   (mw_log_meaning). */
void mw_log_digest_add(mw_log_digest *digest, const unsigned char meaning[MW_SHA256_SIZE],
                       const mw_record *record);

/* The version of all data: what was ingested and what the log has, up to the digest's last event.
   Without events of a log it is the lake's; empty, where there are none at all. */
void mw_data_version(const mw_lake_snapshot *lake, const mw_log_digest *digest,
                     char out_version[MW_SHA256_HEX_SIZE + 1]);
