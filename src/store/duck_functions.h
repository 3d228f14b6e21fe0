/*
 * duck_functions: those functions of DuckDB's C interface that the duck modules use (internal).
 *
 * As duck_api.h says: declared here, because the package that holds the library has no header.
 */
#pragma once
#include <stdint.h>

typedef struct duck_database *duck_database;
typedef struct duck_connection *duck_connection;
typedef struct duck_config *duck_config;
typedef struct duck_statement *duck_statement;
typedef struct duck_pending *duck_pending;
typedef struct duck_chunk *duck_chunk;
typedef struct duck_vector *duck_vector;
typedef struct duck_type *duck_type;
typedef struct duck_appender *duck_appender;
typedef struct duck_table_function *duck_table_function;
typedef struct duck_bind *duck_bind; /* what a call of a table function gives, */
typedef struct duck_init *duck_init; /* when it begins, */
typedef struct duck_call *duck_call; /* and for each chunk */
typedef void (*duck_release)(void *);
typedef void (*duck_bind_body)(duck_bind);
typedef void (*duck_init_body)(duck_init);
typedef void (*duck_call_body)(duck_call, duck_chunk);

typedef struct {
    uint64_t deprecated_counts[3];
    void *deprecated_columns;
    char *deprecated_message;
    void *internal;
} duck_result;

/* result, name without its "duckdb_", arguments */
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
    X(int, appender_destroy, (duck_appender *))                                                 \
    X(duck_table_function, create_table_function, (void))                                       \
    X(void, destroy_table_function, (duck_table_function *))                                    \
    X(void, table_function_set_name, (duck_table_function, const char *))                       \
    X(void, table_function_set_extra_info, (duck_table_function, void *, duck_release))         \
    X(void, table_function_set_bind, (duck_table_function, duck_bind_body))                     \
    X(void, table_function_set_init, (duck_table_function, duck_init_body))                     \
    X(void, table_function_set_function, (duck_table_function, duck_call_body))                 \
    X(int, register_table_function, (duck_connection, duck_table_function))                     \
    X(void *, bind_get_extra_info, (duck_bind))                                                 \
    X(void, bind_set_bind_data, (duck_bind, void *, duck_release))                              \
    X(void, bind_add_result_column, (duck_bind, const char *, duck_type))                       \
    X(void *, function_get_extra_info, (duck_call))                                             \
    X(void *, function_get_bind_data, (duck_call))                                              \
    X(void, function_set_error, (duck_call, const char *))                                      \
    X(void, vector_reference_vector, (duck_vector, duck_vector))
