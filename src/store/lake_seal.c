#include "store/lake_seal.h"

#include <stdio.h>

#include "base/hash.h"

enum { SEAL_SIZE = 8, NAME_SIZE = 40 };

/* All that is listed of ingests: the number, the seal, then what is sealed. */
#define LISTED                                                                                   \
    "SELECT id, value, at_us, data_version, events, place_us, log_through_us, log_digest, "      \
    "step_us, stream, path, event_count, size, known_min_us, known_max_us, rows_hash, "          \
    "corrections, checksum FROM ingests LEFT JOIN lake_files ON ingest = id "                    \
    "LEFT JOIN settings ON name = 'lake.seal.' || id "

enum { ID, SEAL, FIRST_SEALED, COLUMN_END = 18 };

/* A missing value is told apart from an empty text, and no value can run into the next. */
static uint32_t add_row(uint32_t crc, const mw_catalog_rows *rows) {
    for (int column = FIRST_SEALED; column < COLUMN_END; column++) {
        mw_str value = mw_catalog_text(rows, column);
        uint64_t size = mw_catalog_is_null(rows, column) ? UINT64_MAX : value.size;
        crc = mw_crc32c(crc, &size, sizeof size);
        crc = mw_crc32c(crc, value.data, value.size);
    }
    return crc;
}

static void write_seal(uint32_t crc, char out_seal[SEAL_SIZE + 1]) {
    snprintf(out_seal, SEAL_SIZE + 1, "%08x", crc);
}

mw_status mw_lake_seal(mw_catalog *catalog, int64_t ingest, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    uint32_t crc = 0;
    MW_TRY(mw_catalog_query(catalog, LISTED "WHERE id = ? ORDER BY path",
                            MW_SQL(mw_sql_int(ingest)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        crc = add_row(crc, rows);
        status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    MW_TRY(status);
    char name[NAME_SIZE], seal[SEAL_SIZE + 1];
    snprintf(name, sizeof name, "lake.seal.%lld", (long long)ingest);
    write_seal(crc, seal);
    return mw_catalog_set(catalog, name, mw_str_of(seal), err);
}

/* An ingest as its rows go by. */
typedef struct {
    int64_t ingest; /* 0: none yet */
    uint32_t crc;
    char seal[SEAL_SIZE + 1]; /* empty: it has none */
} listed;

static mw_status broken(int64_t ingest, mw_error *err) {
    mw_status status = mw_fail(err, MW_CORRUPT,
                               "catalog: what it lists of ingest %lld is not what was written",
                               (long long)ingest);
    return mw_hint(err, status, "Bring catalog.db back from a copy.");
}

static mw_status check(const listed *it, mw_error *err) {
    char seal[SEAL_SIZE + 1];
    write_seal(it->crc, seal);
    bool is_sound = it->seal[0] == '\0' || mw_str_is(mw_str_of(seal), it->seal);
    return is_sound ? MW_OK : broken(it->ingest, err);
}

static void begin(listed *it, const mw_catalog_rows *rows) {
    *it = (listed){.ingest = mw_catalog_int(rows, ID)};
    snprintf(it->seal, sizeof it->seal, "%.*s", MW_STR_ARGS(mw_catalog_text(rows, SEAL)));
}

/* The first ingest that the query finds is broken. */
static mw_status check_none(mw_catalog *catalog, const char *broken_ones, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(catalog, broken_ones, MW_SQL_NOTHING, &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    if (status == MW_OK && has_row) status = broken(mw_catalog_int(rows, 0), err);
    mw_catalog_rows_close(rows);
    return status;
}

/* A seal whose ingest is gone, or goes by another number. */
static mw_status check_owners(mw_catalog *catalog, mw_error *err) {
    return check_none(catalog,
                      "SELECT substr(name, 11) FROM settings WHERE name GLOB 'lake.seal.*' "
                      "AND NOT EXISTS (SELECT 1 FROM ingests WHERE id = substr(name, 11))",
                      err);
}

/* Paths stand twice, in the table, which is sealed, and in its index, by which a file is looked up:
   one that the index has lost would pass for unlisted. */
static mw_status check_paths(mw_catalog *catalog, mw_error *err) {
    return check_none(catalog,
                      "SELECT ingest FROM lake_files AS file NOT INDEXED WHERE NOT EXISTS "
                      "(SELECT 1 FROM lake_files WHERE path = file.path)",
                      err);
}

mw_status mw_lake_check_seals(mw_catalog *catalog, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(check_owners(catalog, err));
    MW_TRY(check_paths(catalog, err));
    listed it = {.ingest = 0};
    MW_TRY(mw_catalog_query(catalog, LISTED "ORDER BY id, path", MW_SQL_NOTHING, &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        if (mw_catalog_int(rows, ID) != it.ingest) {
            status = check(&it, err);
            begin(&it, rows);
        }
        it.crc = add_row(it.crc, rows);
        if (status == MW_OK) status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    return status == MW_OK ? check(&it, err) : status;
}
