#include "store/duck.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "store/duck_api.h"

enum { SQL_SIZE_MAX = 1 << 24, MESSAGE_SIZE_MAX = 400 };

typedef struct {
    mw_str name;
    mw_duck_kind kind;
    const void *values;       /* of the current chunk */
    const uint64_t *validity; /* a bit a row; NULL: none is missing */
} column;

struct mw_duck_cursor {
    const duck_api *api;
    mw_arena arena; /* holds the columns */
    column *columns;
    size_t column_count;
    duck_statement statement;
    duck_result result;
    bool has_result;
    duck_chunk chunk;
};

static bool mentions(const char *message, const char *words) {
    return strstr(message, words) != NULL;
}

static mw_status status_of(const char *message) {
    if (mentions(message, "No space left") || mentions(message, "Disk quota") ||
        mentions(message, "File too large"))
        return MW_NO_SPACE;
    if (mentions(message, "Out of Memory")) return MW_NO_MEMORY;
    if (mentions(message, "No files found")) return MW_NOT_FOUND;
    if (mw_str_starts(mw_str_of(message), MW_STR("IO Error"))) return MW_IO;
    return MW_INVALID;
}

mw_status mw_duck_fail(mw_error *err, const char *message) {
    if (!message) message = "it failed without a reason";
    mw_str rest = mw_str_of(message), line = rest;
    (void)mw_str_split(&rest, '\n', &line);
    line = mw_str_slice(line, 0, MESSAGE_SIZE_MAX);
    return mw_fail(err, status_of(message), "duckdb: %.*s", MW_STR_ARGS(line));
}

static mw_status load_api(mw_duck *duck, mw_error *err) {
    static const char *const names[] = {
#define X(result, name, arguments) "duckdb_" #name,
        DUCK_FUNCTIONS(X)
#undef X
    };
    enum { COUNT = sizeof names / sizeof *names };
    duck_api *api = &duck->api;
    mw_symbol symbols[COUNT];
    MW_TRY(mw_library_open(duck->sys, "libduckdb.so", &duck->library, err));
    MW_TRY(mw_library_symbols(duck->library, names, COUNT, symbols, err));
    size_t i = 0;
#define X(result, name, arguments) api->name = (result(*) arguments)symbols[i++];
    DUCK_FUNCTIONS(X)
#undef X
    MW_ASSERT(i == COUNT);
    mw_str version = mw_str_of(api->library_version());
    if (!mw_str_starts(version, MW_STR(MW_DUCK_VERSION)))
        return mw_fail(err, MW_UNAVAILABLE, "duckdb: version must be %s*, got %.*s",
                       MW_DUCK_VERSION, MW_STR_ARGS(version));
    return MW_OK;
}

static bool configure(const duck_api *api, duck_config settings, mw_duck_config config) {
    char threads[24], memory[32];
    snprintf(threads, sizeof threads, "%d", config.thread_count);
    snprintf(memory, sizeof memory, "%lldB", (long long)config.memory_max);
    const char *folder = config.folder ? config.folder : "";
    return (config.thread_count == 0 ||
            api->set_config(settings, "threads", threads) == DUCK_OK) &&
           (config.memory_max == 0 ||
            api->set_config(settings, "memory_limit", memory) == DUCK_OK) &&
           api->set_config(settings, "temp_directory", folder) == DUCK_OK &&
           api->set_config(settings, "autoinstall_known_extensions", "false") == DUCK_OK &&
           api->set_config(settings, "autoload_known_extensions", "false") == DUCK_OK;
}

mw_status mw_duck_open_database(const mw_duck *duck, mw_duck_config config,
                                duck_database *out_database, mw_error *err) {
    const duck_api *api = &duck->api;
    duck_config settings = NULL;
    duck_database database = NULL;
    char *message = NULL;
    if (api->create_config(&settings) != DUCK_OK || !configure(api, settings, config)) {
        api->destroy_config(&settings);
        return mw_duck_fail(err, "a setting was refused");
    }
    int code = api->open_ext(NULL, &database, settings, &message);
    api->destroy_config(&settings);
    mw_status status = code == DUCK_OK ? MW_OK : mw_duck_fail(err, message);
    api->free(message);
    if (status == MW_OK) *out_database = database;
    else if (database) api->close(&database);
    return status;
}

static mw_status connect(mw_duck *duck, mw_error *err) {
    if (!duck->database)
        MW_TRY(mw_duck_open_database(duck, duck->config, &duck->database, err));
    if (duck->api.connect(duck->database, &duck->connection) == DUCK_OK) return MW_OK;
    return mw_duck_fail(err, "no connection could be made");
}

mw_status mw_duck_open(mw_sys *sys, mw_duck_config config, mw_duck **out_duck, mw_error *err) {
    MW_ASSERT(config.thread_count >= 0 && config.memory_max >= 0);
    size_t folder_size = config.folder ? strlen(config.folder) + 1 : 0;
    mw_duck *duck = mw_allocate(sizeof *duck + folder_size);
    if (!duck) return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory to open a database");
    if (config.folder) config.folder = memcpy(duck->folder, config.folder, folder_size);
    duck->sys = sys;
    duck->config = config;
    *out_duck = duck;
    return MW_OK;
}

mw_status mw_duck_ready(mw_duck *duck, mw_error *err) {
    if (duck->connection) return MW_OK;
    MW_TRY(load_api(duck, err));
    return connect(duck, err);
}

void mw_duck_rest(mw_duck *duck) {
    if (duck->connection) duck->api.disconnect(&duck->connection);
    if (!duck->database) return;
    duck->api.close(&duck->database);
    if (duck->writing) duck->api.close(&duck->writing);
    mw_library_rest(duck->library);
}

void mw_duck_close(mw_duck *duck) {
    if (!duck) return;
    mw_duck_rest(duck);
    mw_free(duck);
}

mw_status mw_duck_run(mw_duck *duck, const char *sql, mw_error *err) {
    duck_result result;
    mw_status status = MW_OK;
    MW_TRY(mw_duck_ready(duck, err));
    if (duck->api.query(duck->connection, sql, &result) != DUCK_OK)
        status = mw_duck_fail(err, duck->api.result_error(&result));
    duck->api.destroy_result(&result);
    return status;
}

/* How a column of a DuckDB type is asked for: its kind, and what the cast to it is around the
   column's number. */
typedef struct {
    mw_duck_kind kind;
    const char *before, *after; /* both NULL: it comes as it is */
} reading;

static reading reading_of(int type) {
    if (type >= DUCK_TINYINT && type <= DUCK_UINTEGER && type != DUCK_BIGINT)
        return (reading){MW_DUCK_INTEGER, "", "::BIGINT"};
    if (type >= DUCK_TIMESTAMP_S && type <= DUCK_TIMESTAMP_NS)
        return (reading){MW_DUCK_LOCAL_TIME, "", "::TIMESTAMP"};
    switch (type) {
    case DUCK_BOOLEAN: return (reading){MW_DUCK_BOOL, NULL, NULL};
    case DUCK_BIGINT: return (reading){MW_DUCK_INTEGER, NULL, NULL};
    case DUCK_DOUBLE: return (reading){MW_DUCK_NUMBER, NULL, NULL};
    case DUCK_FLOAT: return (reading){MW_DUCK_NUMBER, "", "::DOUBLE"};
    case DUCK_DECIMAL:
    case DUCK_UBIGINT:
    case DUCK_HUGEINT:
    case DUCK_UHUGEINT: return (reading){MW_DUCK_DECIMAL, "", "::VARCHAR"};
    case DUCK_TIMESTAMP: return (reading){MW_DUCK_LOCAL_TIME, NULL, NULL};
    case DUCK_DATE: return (reading){MW_DUCK_DATE, "", "::TIMESTAMP"};
    case DUCK_TIMESTAMP_TZ: return (reading){MW_DUCK_TIME, NULL, NULL};
    case DUCK_VARCHAR: return (reading){MW_DUCK_TEXT, NULL, NULL};
    default: return (reading){MW_DUCK_TEXT, "", "::VARCHAR"};
    }
}

/* Lists of texts and of numbers are told from those of all else, which are written out. */
static reading reading_of_list(int element) {
    mw_duck_kind kind = reading_of(element).kind;
    if (element == DUCK_VARCHAR) return (reading){MW_DUCK_LIST, "to_json(", ")::VARCHAR"};
    if (kind == MW_DUCK_INTEGER || kind == MW_DUCK_NUMBER || kind == MW_DUCK_DECIMAL)
        return (reading){MW_DUCK_NUMBER_LIST, "to_json(", ")::VARCHAR"};
    return reading_of(DUCK_LIST);
}

static reading reading_of_column(const duck_api *api, duck_statement statement, size_t at) {
    int type = api->prepared_statement_column_type(statement, at);
    if (type != DUCK_LIST) return reading_of(type);
    duck_type list = api->prepared_statement_column_logical_type(statement, at);
    duck_type element = api->list_type_child_type(list);
    reading how = reading_of_list(api->get_type_id(element));
    api->destroy_logical_type(&element);
    api->destroy_logical_type(&list);
    return how;
}

static mw_status prepare(mw_duck *duck, const char *sql, duck_statement *statement,
                         mw_error *err) {
    if (duck->api.prepare(duck->connection, sql, statement) == DUCK_OK) return MW_OK;
    mw_status status = mw_duck_fail(err, duck->api.prepare_error(*statement));
    duck->api.destroy_prepare(statement);
    return status;
}

/* Finds out the columns of the prepared statement; `sql` gets the list of casts that make
   them plain, or stays empty if they are. */
static mw_status describe(mw_duck_cursor *cursor, mw_buf *sql, mw_error *err) {
    const duck_api *api = cursor->api;
    cursor->column_count = api->prepared_statement_column_count(cursor->statement);
    if (cursor->column_count > MW_FIELDS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "duckdb: there may be %d columns, got %zu",
                       MW_FIELDS_MAX, cursor->column_count);
    cursor->columns =
        mw_arena_alloc(&cursor->arena, cursor->column_count, sizeof *cursor->columns);
    if (!cursor->columns && cursor->column_count > 0)
        return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory for columns");
    bool is_plain = true;
    for (size_t i = 0; i < cursor->column_count; i++) {
        column *one = &cursor->columns[i];
        const char *name = api->prepared_statement_column_name(cursor->statement, i);
        one->name = mw_str_copy(&cursor->arena, mw_str_of(name));
        api->free((void *)(uintptr_t)name);
        if (!one->name.data) return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory for a name");
        reading how = reading_of_column(api, cursor->statement, i);
        one->kind = how.kind;
        if (how.before) is_plain = false;
        mw_buf_printf(sql, "%s%s#%zu%s", i > 0 ? ", " : "", how.before ? how.before : "", i + 1,
                      how.after ? how.after : "");
    }
    if (is_plain) mw_buf_clear(sql);
    return MW_OK;
}

/* Prepares the statement so that each of its columns has the type of its kind. A statement
   that has such columns already runs as it is. */
static mw_status prepare_plain(mw_duck *duck, mw_duck_cursor *cursor, const char *sql,
                               mw_error *err) {
    MW_TRY(prepare(duck, sql, &cursor->statement, err));
    mw_buf casts, wrapped;
    mw_buf_init(&casts, SQL_SIZE_MAX);
    mw_buf_init(&wrapped, SQL_SIZE_MAX);
    mw_status status = describe(cursor, &casts, err);
    if (status == MW_OK && casts.size > 0) {
        mw_buf_append_text(&wrapped, "SELECT ");
        mw_buf_append_str(&wrapped, mw_buf_str(&casts));
        mw_buf_append_text(&wrapped, " FROM (");
        mw_buf_append_text(&wrapped, sql);
        mw_buf_append_text(&wrapped, "\n)");
        duck->api.destroy_prepare(&cursor->statement);
        status = mw_buf_check(&wrapped, "duckdb: the statement", err);
        if (status == MW_OK)
            status = prepare(duck, mw_buf_str(&wrapped).data, &cursor->statement, err);
    }
    mw_buf_release(&casts);
    mw_buf_release(&wrapped);
    return status;
}

static mw_status start(mw_duck_cursor *cursor, mw_error *err) {
    const duck_api *api = cursor->api;
    duck_pending pending = NULL;
    mw_status status = MW_OK;
    if (api->pending_prepared_streaming(cursor->statement, &pending) != DUCK_OK) {
        status = mw_duck_fail(err, api->pending_error(pending));
    } else {
        cursor->has_result = true;
        if (api->execute_pending(pending, &cursor->result) != DUCK_OK)
            status = mw_duck_fail(err, api->result_error(&cursor->result));
    }
    api->destroy_pending(&pending);
    return status;
}

/* If `*sql` begins with this word, and something follows, it goes on behind it. */
static bool take_word(mw_str *sql, const char *word) {
    mw_str rest = mw_str_trim(*sql);
    size_t size = strlen(word);
    if (rest.size <= size || !isspace((unsigned char)rest.data[size])) return false;
    if (!mw_str_equal_but_for_case(mw_str_slice(rest, 0, size), mw_str_of(word))) return false;
    *sql = mw_str_slice(rest, size, rest.size);
    return true;
}

/* EXPLAIN ANALYZE runs what it explains. What that is, DuckDB does not say of the whole, so it is
   asked of the rest alone. Comments before it are left to DuckDB, too: what is taken off are words
   that it reads likewise. */
static bool explains_select(mw_duck *duck, const char *sql) {
    mw_str rest = mw_str_of(sql);
    duck_statement statement = NULL;
    if (!take_word(&rest, "explain")) return false;
    (void)take_word(&rest, "analyze");
    if (prepare(duck, rest.data, &statement, NULL) != MW_OK) return false;
    bool is_select = duck->api.prepared_statement_type(statement) == DUCK_STATEMENT_SELECT;
    duck->api.destroy_prepare(&statement);
    return is_select;
}

/* Before it runs; what DuckDB calls a SELECT are WITH, VALUES, SHOW, DESCRIBE and SUMMARIZE too. */
static mw_status check_reads(mw_duck *duck, const mw_duck_cursor *cursor, const char *sql,
                             mw_error *err) {
    int type = cursor->api->prepared_statement_type(cursor->statement);
    if (type == DUCK_STATEMENT_SELECT) return MW_OK;
    if (type == DUCK_STATEMENT_EXPLAIN && explains_select(duck, sql)) return MW_OK;
    return mw_fail(err, MW_INVALID, "the statement must only read: SELECT, WITH, SHOW, DESCRIBE, "
                                    "SUMMARIZE, or EXPLAIN of these");
}

bool mw_duck_explains(const mw_duck_cursor *cursor) {
    return cursor->api->prepared_statement_type(cursor->statement) == DUCK_STATEMENT_EXPLAIN;
}

static mw_status run_query(mw_duck *duck, const char *sql, bool may_write,
                           mw_duck_cursor **out_cursor, mw_error *err) {
    MW_TRY(mw_duck_ready(duck, err));
    mw_duck_cursor *cursor = mw_allocate(sizeof *cursor);
    if (!cursor) return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory for a query");
    cursor->api = &duck->api;
    mw_arena_init(&cursor->arena, SQL_SIZE_MAX);
    mw_status status = prepare_plain(duck, cursor, sql, err);
    if (status == MW_OK && !may_write) status = check_reads(duck, cursor, sql, err);
    if (status == MW_OK) status = start(cursor, err);
    if (status != MW_OK) {
        mw_duck_cursor_close(cursor);
        return status;
    }
    *out_cursor = cursor;
    return MW_OK;
}

mw_status mw_duck_query(mw_duck *duck, const char *sql, mw_duck_cursor **out_cursor,
                        mw_error *err) {
    return run_query(duck, sql, true, out_cursor, err);
}

mw_status mw_duck_ask(mw_duck *duck, const char *sql, mw_duck_cursor **out_cursor, mw_error *err) {
    return run_query(duck, sql, false, out_cursor, err);
}

size_t mw_duck_column_count(const mw_duck_cursor *cursor) {
    return cursor->column_count;
}

mw_str mw_duck_column_name(const mw_duck_cursor *cursor, size_t at) {
    MW_ASSERT(at < cursor->column_count);
    return cursor->columns[at].name;
}

mw_duck_kind mw_duck_column_kind(const mw_duck_cursor *cursor, size_t at) {
    MW_ASSERT(at < cursor->column_count);
    return cursor->columns[at].kind;
}

mw_status mw_duck_fetch(mw_duck_cursor *cursor, size_t *out_row_count, mw_error *err) {
    const duck_api *api = cursor->api;
    if (cursor->chunk) api->destroy_data_chunk(&cursor->chunk);
    cursor->chunk = api->fetch_chunk(cursor->result);
    if (!cursor->chunk) { /* the end, or a failure on the way */
        const char *message = api->result_error(&cursor->result);
        if (message && *message) return mw_duck_fail(err, message);
        *out_row_count = 0;
        return MW_OK;
    }
    for (size_t i = 0; i < cursor->column_count; i++) {
        duck_vector vector = api->data_chunk_get_vector(cursor->chunk, i);
        cursor->columns[i].values = api->vector_get_data(vector);
        cursor->columns[i].validity = api->vector_get_validity(vector);
    }
    *out_row_count = api->data_chunk_get_size(cursor->chunk);
    return MW_OK;
}

bool mw_duck_is_null(const mw_duck_cursor *cursor, size_t at, size_t row) {
    const uint64_t *validity = cursor->columns[at].validity;
    return validity && !(validity[row / 64] >> (row % 64) & 1);
}

bool mw_duck_bool(const mw_duck_cursor *cursor, size_t at, size_t row) {
    MW_ASSERT(cursor->columns[at].kind == MW_DUCK_BOOL);
    return ((const uint8_t *)cursor->columns[at].values)[row] != 0;
}

int64_t mw_duck_int(const mw_duck_cursor *cursor, size_t at, size_t row) {
    mw_duck_kind kind = cursor->columns[at].kind;
    MW_ASSERT(kind == MW_DUCK_INTEGER || kind == MW_DUCK_TIME || kind == MW_DUCK_LOCAL_TIME ||
              kind == MW_DUCK_DATE);
    return ((const int64_t *)cursor->columns[at].values)[row];
}

double mw_duck_number(const mw_duck_cursor *cursor, size_t at, size_t row) {
    MW_ASSERT(cursor->columns[at].kind == MW_DUCK_NUMBER);
    return ((const double *)cursor->columns[at].values)[row];
}

mw_str mw_duck_text(const mw_duck_cursor *cursor, size_t at, size_t row) {
    mw_duck_kind kind = cursor->columns[at].kind;
    MW_ASSERT(kind == MW_DUCK_TEXT || kind == MW_DUCK_DECIMAL || kind == MW_DUCK_LIST ||
              kind == MW_DUCK_NUMBER_LIST);
    const duck_string *text = &((const duck_string *)cursor->columns[at].values)[row];
    uint32_t size = text->inlined.size;
    bool is_inlined = size <= DUCK_STRING_INLINED_MAX;
    return (mw_str){is_inlined ? text->inlined.bytes : text->pointer.data, size};
}

bool mw_duck_cell(const mw_duck_cursor *cursor, size_t at, size_t row, mw_duck_target target,
                  mw_cell *out_cell) {
    mw_type type = target.type;
    if (mw_duck_is_null(cursor, at, row)) {
        *out_cell = mw_cell_missing(type);
    } else if (type == MW_TYPE_NUMBER) {
        *out_cell = mw_cell_number(mw_duck_number(cursor, at, row));
    } else if (type == MW_TYPE_BOOL) {
        *out_cell = mw_cell_bool(mw_duck_bool(cursor, at, row));
    } else if (mw_type_is_symbol(type)) {
        uint32_t code = mw_symbols_intern(target.symbols, mw_duck_text(cursor, at, row));
        if (code == 0) return false;
        *out_cell = (mw_cell){.symbol = code};
    } else {
        *out_cell = mw_cell_time(mw_duck_int(cursor, at, row));
    }
    return true;
}

void mw_duck_cursor_close(mw_duck_cursor *cursor) {
    if (!cursor) return;
    if (cursor->chunk) cursor->api->destroy_data_chunk(&cursor->chunk);
    if (cursor->has_result) cursor->api->destroy_result(&cursor->result);
    if (cursor->statement) cursor->api->destroy_prepare(&cursor->statement);
    mw_arena_release(&cursor->arena);
    mw_free(cursor);
}

static void append_quoted(mw_buf *sql, mw_str text, char quote) {
    mw_buf_append_char(sql, quote);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == quote) mw_buf_append_char(sql, quote);
        mw_buf_append_char(sql, text.data[i]);
    }
    mw_buf_append_char(sql, quote);
}

void mw_duck_append_text(mw_buf *sql, mw_str text) {
    append_quoted(sql, text, '\'');
}

void mw_duck_append_path(mw_buf *sql, mw_str path) {
    mw_buf_append_char(sql, '\'');
    for (size_t i = 0; i < path.size; i++) {
        bool is_wild = path.data[i] == '*' || path.data[i] == '?' || path.data[i] == '[';
        if (path.data[i] == '\'') mw_buf_append_char(sql, '\'');
        if (is_wild) mw_buf_append_char(sql, '[');
        mw_buf_append_char(sql, path.data[i]);
        if (is_wild) mw_buf_append_char(sql, ']');
    }
    mw_buf_append_char(sql, '\'');
}

void mw_duck_append_parquet(mw_buf *sql, mw_str path) {
    mw_buf_append_text(sql, "read_parquet(");
    mw_duck_append_path(sql, path);
    mw_buf_append_text(sql, ", hive_partitioning = false");
}

void mw_duck_append_name(mw_buf *sql, mw_str name) {
    append_quoted(sql, name, '"');
}
