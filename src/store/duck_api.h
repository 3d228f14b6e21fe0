/*
 * duck_api: DuckDB's C interface, as far as the duck modules use it.
 *
 * Declared here, because the package that holds the library has no header. The values are
 * those of duckdb.h 1.5; the interface is stable within a version, which mw_duck_open checks.
 */
#pragma once
#include <assert.h>

#include "store/duck.h"
#include "store/duck_functions.h"

#define MW_DUCK_VERSION "v1.5."

/* A string in a vector: its bytes if there are at most 12, else where they are. */
typedef union {
    struct {
        uint32_t size;
        char bytes[12];
    } inlined;
    struct {
        uint32_t size;
        char prefix[4];
        const char *data;
    } pointer;
} duck_string;
static_assert(sizeof(duck_string) == 16, "as DuckDB lays it out");

enum { DUCK_STRING_INLINED_MAX = 12, DUCK_OK = 0 };

/* Of duckdb_type, those that we tell apart. */
enum {
    DUCK_BOOLEAN = 1,
    DUCK_TINYINT = 2,
    DUCK_UINTEGER = 8, /* 2 to 8: the integers that fit into 64 bits with a sign */
    DUCK_UBIGINT = 9,
    DUCK_FLOAT = 10,
    DUCK_DOUBLE = 11,
    DUCK_BIGINT = 5,
    DUCK_TIMESTAMP = 12,
    DUCK_DATE = 13,
    DUCK_HUGEINT = 16,
    DUCK_VARCHAR = 17,
    DUCK_DECIMAL = 19,
    DUCK_LIST = 24,
    DUCK_TIMESTAMP_S = 20,
    DUCK_TIMESTAMP_NS = 22, /* 20 to 22: seconds, milliseconds, nanoseconds */
    DUCK_TIMESTAMP_TZ = 31,
    DUCK_UHUGEINT = 32,
};

enum { DUCK_STATEMENT_SELECT = 1, DUCK_STATEMENT_EXPLAIN = 4 };

typedef struct {
#define X(result, name, arguments) result(*name) arguments;
    DUCK_FUNCTIONS(X)
#undef X
} duck_api;

struct mw_duck {
    mw_sys *sys;
    mw_duck_config config;
    mw_library *library;
    duck_api api; /* filled when the connection is made */
    duck_database database;
    duck_connection connection;
    uint64_t table_count; /* writers made so far: each has a table of its own name */
    duck_database writing;       /* where files are written (duck_file.c); NULL: none was yet */
    struct mw_duck_file *called; /* whose rows are looked for there, while a file begins */
    char folder[];        /* that of the config */
};

/* Loads the library and connects, unless that is done. */
mw_status mw_duck_ready(mw_duck *duck, mw_error *err);

/* Another database of the same library, which the caller closes. */
mw_status mw_duck_open_database(const mw_duck *duck, mw_duck_config config,
                                duck_database *out_database, mw_error *err);

/* Fails with the first line of DuckDB's message, under the status that it amounts to. */
mw_status mw_duck_fail(mw_error *err, const char *message);
