/*
 * lake_seal: what the catalog lists of the lake, proved to be what was written.
 *
 * Pages of the catalog bear no checksums, and where events stand hangs on numbers in it: a place
 * with one bit turned would shift windows in silence. So each ingest is sealed as it is accepted,
 * in the same transaction: CRC32C over its row and those of its files, under a name of its own
 * among the settings. A lake that is opened checks them all, 3 ms of CPU a thousand files, and
 * one that is to remove a file does so again. An ingest from before there were seals has none, and
 * is taken as it stands.
 */
#pragma once
#include "store/catalog.h"

/* Within the transaction that lists the ingest, after all its rows. */
MW_MUST_USE mw_status mw_lake_seal(mw_catalog *catalog, int64_t ingest, mw_error *err);

/* MW_CORRUPT: one of them is not what was sealed, or a path that is listed is not found as such. */
MW_MUST_USE mw_status mw_lake_check_seals(mw_catalog *catalog, mw_error *err);
