/*
 * duck_api: DuckDB's C interface, as far as duck.c and duck_writer.c use it.
 *
 * Declared here, because the package that holds the library has no header. The values are
 * those of duckdb.h 1.5; the interface is stable within a version, which mw_duck_open checks.
 */
#pragma once
#include <assert.h>

#include "store/duck.h"

#define MW_DUCK_VERSION "v1.5."

typedef struct duck_database *duck_database;
typedef struct duck_connection *duck_connection;
typedef struct duck_config *duck_config;
typedef struct duck_statement *duck_statement;
typedef struct duck_pending *duck_pending;
typedef struct duck_chunk *duck_chunk;
typedef struct duck_vector *duck_vector;
typedef struct duck_type *duck_type;
typedef struct duck_appender *duck_appender;

typedef struct {
    uint64_t deprecated_counts[3];
    void *deprecated_columns;
    char *deprecated_message;
    void *internal;
} duck_result;

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

/* result, name, arguments */
#define DUCK_FUNCTIONS(X)                                                                       \
    X(const char *, library_version, (void))                                                    \
    X(int, create_config, (duck_config *))                                                      \
    X(int, set_config, (duck_config, const char *, const char *))                               \
    X(void, destroy_config, (duck_config *))                                                    \
    X(int, open_ext, (const char *, duck_database *, duck_config, char **))                     \
    X(void, close, (duck_database *))                                                           \
    X(int, connect, (duck_database, duck_connection *))                                         \
    X(void, disconnect, (duck_connection *))                                                    \
    X(void, free, (void *))                                                                     \
    X(int, query, (duck_connection, const char *, duck_result *))                               \
    X(const char *, result_error, (duck_result *))                                              \
    X(void, destroy_result, (duck_result *))                                                    \
    X(int, prepare, (duck_connection, const char *, duck_statement *))                          \
    X(const char *, prepare_error, (duck_statement))                                            \
    X(void, destroy_prepare, (duck_statement *))                                                \
    X(uint64_t, prepared_statement_column_count, (duck_statement))                              \
    X(int, prepared_statement_type, (duck_statement))                                           \
    X(const char *, prepared_statement_column_name, (duck_statement, uint64_t))                 \
    X(int, prepared_statement_column_type, (duck_statement, uint64_t))                          \
    X(duck_type, prepared_statement_column_logical_type, (duck_statement, uint64_t))            \
    X(duck_type, list_type_child_type, (duck_type))                                             \
    X(int, get_type_id, (duck_type))                                                            \
    X(int, pending_prepared_streaming, (duck_statement, duck_pending *))                        \
    X(const char *, pending_error, (duck_pending))                                              \
    X(int, execute_pending, (duck_pending, duck_result *))                                      \
    X(void, destroy_pending, (duck_pending *))                                                  \
    X(duck_chunk, fetch_chunk, (duck_result))                                                   \
    X(uint64_t, data_chunk_get_size, (duck_chunk))                                              \
    X(void, data_chunk_set_size, (duck_chunk, uint64_t))                                        \
    X(void, data_chunk_reset, (duck_chunk))                                                     \
    X(duck_vector, data_chunk_get_vector, (duck_chunk, uint64_t))                               \
    X(duck_chunk, create_data_chunk, (duck_type *, uint64_t))                                   \
    X(void, destroy_data_chunk, (duck_chunk *))                                                 \
    X(uint64_t, vector_size, (void))                                                            \
    X(void *, vector_get_data, (duck_vector))                                                   \
    X(uint64_t *, vector_get_validity, (duck_vector))                                           \
    X(void, vector_ensure_validity_writable, (duck_vector))                                     \
    X(void, vector_assign_string_element_len, (duck_vector, uint64_t, const char *, uint64_t))  \
    X(duck_type, create_logical_type, (int))                                                    \
    X(void, destroy_logical_type, (duck_type *))                                                \
    X(int, appender_create, (duck_connection, const char *, const char *, duck_appender *))     \
    X(const char *, appender_error, (duck_appender))                                            \
    X(int, append_data_chunk, (duck_appender, duck_chunk))                                      \
    X(int, appender_close, (duck_appender))                                                     \
    X(int, appender_destroy, (duck_appender *))

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
    char folder[];        /* that of the config */
};

/* Loads the library and connects, unless that is done. */
mw_status mw_duck_ready(mw_duck *duck, mw_error *err);

/* Fails with the first line of DuckDB's message, under the status that it amounts to. */
mw_status mw_duck_fail(mw_error *err, const char *message);
