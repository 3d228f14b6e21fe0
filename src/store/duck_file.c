#include "store/duck_file.h"

#include <stdatomic.h>
#include <string.h>

#include "store/duck_rows.h"
#include "sys/baton.h"
#include "sys/errand.h"

/* A group of rows is written when it is whole: DuckDB's own size, but no more bytes than this. The
   queue holds a part of one, so that its owner goes on while one is written. */
enum { GROUP_ROWS_MAX = 122880, GROUP_SIZE_MAX = 1 << 26, QUEUE_SIZE_MAX = 1 << 24 };
enum { SQL_SIZE_MAX = 1 << 20, NAMES_SIZE_MAX = 1 << 24, QUEUE_CHUNKS_MAX = 32 };
#define ROWS_FUNCTION "millwright_rows"

struct mw_duck_file {
    mw_duck *duck;
    mw_duck_rows rows;          /* those that gather, the owner's */
    duck_connection connection; /* the writing thread's */
    mw_buf sql, names;          /* the names of the columns, each with a 0 behind it */
    mw_errand *errand;          /* the writing thread; NULL: none yet */
    mw_baton *baton;            /* guards what follows */
    duck_chunk queue[QUEUE_CHUNKS_MAX];
    size_t sizes[QUEUE_CHUNKS_MAX]; /* about, in bytes, of each; of all: */
    size_t queue_size;
    size_t queue_first, queue_count;
    bool is_called;             /* the statement has found its rows */
    bool has_ended;             /* no chunk follows those in the queue */
    bool is_given_up;
    bool is_over;               /* the statement has ended, well or not */
};

/* What a body of a table function is given shows whose it is only by these; they are the same for
   all, as the library is opened once. */
static void *(*_Atomic extra_info_of_bind)(duck_bind);
static void *(*_Atomic extra_info_of_call)(duck_call);

/* --- in the writing thread -------------------------------------------------------------------- */

/* The thread that began the file waits meanwhile, so it is safe to look at what is its own. */
static void bind_rows(duck_bind bind) {
    mw_duck *duck = atomic_load(&extra_info_of_bind)(bind);
    const duck_api *api = &duck->api;
    mw_duck_file *file = duck->called;
    MW_ASSERT(file); /* nobody else can ask this database anything */
    const char *name = file->names.data;
    for (size_t i = 0; i < file->rows.schema->field_count; i++, name += strlen(name) + 1)
        api->bind_add_result_column(bind, name, file->rows.types[i]);
    api->bind_set_bind_data(bind, file, NULL);
    mw_baton_take(file->baton);
    file->is_called = true;
    mw_baton_tell_news(file->baton);
    mw_baton_lay_down(file->baton);
}

static void begin_rows(duck_init init) {
    (void)init; /* nothing is to be made ready */
}

/* The next chunk; NULL when there is none any more, `*out_given_up` where one was to come. */
static duck_chunk take_chunk(mw_duck_file *file, bool *out_given_up) {
    duck_chunk chunk = NULL;
    mw_baton_take(file->baton);
    while (file->queue_count == 0 && !file->has_ended && !file->is_given_up)
        mw_baton_await_news(file->baton);
    *out_given_up = file->is_given_up;
    if (file->queue_count > 0 && !file->is_given_up) {
        chunk = file->queue[file->queue_first];
        file->queue_size -= file->sizes[file->queue_first];
        file->queue_first = (file->queue_first + 1) % QUEUE_CHUNKS_MAX;
        file->queue_count--;
        mw_baton_tell_news(file->baton);
    }
    mw_baton_lay_down(file->baton);
    return chunk;
}

static void give_rows(duck_call call, duck_chunk out_rows) {
    mw_duck *duck = atomic_load(&extra_info_of_call)(call);
    const duck_api *api = &duck->api;
    mw_duck_file *file = api->function_get_bind_data(call);
    bool is_given_up;
    duck_chunk chunk = take_chunk(file, &is_given_up);
    if (!chunk) {
        api->data_chunk_set_size(out_rows, 0);
        if (is_given_up) api->function_set_error(call, "the file was given up");
        return;
    }
    for (size_t i = 0; i < file->rows.schema->field_count; i++)
        api->vector_reference_vector(api->data_chunk_get_vector(out_rows, i),
                                     api->data_chunk_get_vector(chunk, i));
    api->data_chunk_set_size(out_rows, api->data_chunk_get_size(chunk));
    api->destroy_data_chunk(&chunk);
}

/* The errand's. */
static mw_status write_file(void *context, mw_error *err) {
    mw_duck_file *file = context;
    const duck_api *api = &file->duck->api;
    duck_result result;
    mw_status status = MW_OK;
    if (api->query(file->connection, file->sql.data, &result) != DUCK_OK)
        status = mw_duck_fail(err, api->result_error(&result));
    api->destroy_result(&result);
    mw_baton_take(file->baton);
    file->is_over = true;
    mw_baton_tell_news(file->baton);
    mw_baton_lay_down(file->baton);
    return status;
}

/* --- in the owner's --------------------------------------------------------------------------- */

/* Within any connection of the database, which knows it from then on. */
static mw_status register_rows(mw_duck *duck, duck_connection connection, mw_error *err) {
    const duck_api *api = &duck->api;
    atomic_store(&extra_info_of_bind, api->bind_get_extra_info);
    atomic_store(&extra_info_of_call, api->function_get_extra_info);
    duck_table_function function = api->create_table_function();
    api->table_function_set_name(function, ROWS_FUNCTION);
    api->table_function_set_extra_info(function, duck, NULL);
    api->table_function_set_bind(function, bind_rows);
    api->table_function_set_init(function, begin_rows);
    api->table_function_set_function(function, give_rows);
    int code = api->register_table_function(connection, function);
    api->destroy_table_function(&function);
    return code == DUCK_OK ? MW_OK : mw_duck_fail(err, "no function for rows could be made");
}

static mw_status connect(mw_duck *duck, duck_database database, duck_connection *out_connection,
                         mw_error *err) {
    if (duck->api.connect(database, out_connection) == DUCK_OK) return MW_OK;
    return mw_duck_fail(err, "no connection could be made");
}

/* DuckDB ends a group by its bytes only where order need not be kept. It is, for a file has one
   thread, which takes its rows one after the other. */
static mw_status let_bytes_end_groups(const duck_api *api, duck_connection connection,
                                      mw_error *err) {
    duck_result result;
    mw_status status = MW_OK;
    if (api->query(connection, "SET GLOBAL preserve_insertion_order = false", &result) != DUCK_OK)
        status = mw_duck_fail(err, api->result_error(&result));
    api->destroy_result(&result);
    return status;
}

/* The database for writing has no thread but those that write: while one of its own waited for
   rows, the one that began the statement would look for work all the time. */
static mw_status open_writing(mw_duck *duck, mw_error *err) {
    duck_connection connection = NULL;
    duck_database database = NULL;
    mw_duck_config config = {.thread_count = 1, .memory_max = duck->config.memory_max};
    if (duck->writing) return MW_OK;
    MW_TRY(mw_duck_open_database(duck, config, &database, err));
    mw_status status = connect(duck, database, &connection, err);
    if (status == MW_OK) status = let_bytes_end_groups(&duck->api, connection, err);
    if (status == MW_OK) status = register_rows(duck, connection, err);
    if (connection) duck->api.disconnect(&connection);
    if (status == MW_OK) duck->writing = database;
    else duck->api.close(&database);
    return status;
}

/* About how large a row of short texts is; a text is a view of 16 bytes, and what it views. */
static size_t row_size(const mw_schema *schema) {
    size_t size = 0;
    for (size_t i = 0; i < schema->field_count; i++)
        size += mw_type_is_symbol(schema->fields[i].type) ? 4 * sizeof(uint64_t)
                                                          : sizeof(uint64_t);
    return size;
}

static mw_status write_names(mw_duck_file *file, mw_error *err) {
    for (size_t i = 0; i < file->rows.schema->field_count; i++) {
        mw_buf_append_str(&file->names, file->rows.schema->fields[i].name);
        mw_buf_append_char(&file->names, 0);
    }
    return mw_buf_check(&file->names, "duckdb: the names of columns", err);
}

static mw_status write_statement(mw_duck_file *file, const char *path, mw_error *err) {
    size_t chunk_rows = file->rows.count_max, chunk_size = chunk_rows * row_size(file->rows.schema);
    size_t chunk_count = GROUP_SIZE_MAX / chunk_size;
    size_t group_rows = (chunk_count > 0 ? chunk_count : 1) * chunk_rows;
    if (group_rows > GROUP_ROWS_MAX) group_rows = GROUP_ROWS_MAX;
    mw_buf_append_text(&file->sql, "COPY (FROM " ROWS_FUNCTION "()) TO ");
    mw_duck_append_text(&file->sql, mw_str_of(path));
    mw_buf_printf(&file->sql,
                  " (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE %zu, "
                  "ROW_GROUP_SIZE_BYTES %d)", group_rows, GROUP_SIZE_MAX);
    return mw_buf_check(&file->sql, "duckdb: the statement", err);
}

/* Until its statement has found the rows, which it does by what its database is at. */
static mw_status begin_writing(mw_duck_file *file, mw_error *err) {
    mw_duck *duck = file->duck;
    MW_ASSERT(!duck->called);
    duck->called = file;
    mw_status status = mw_errand_begin_apart(duck->sys, write_file, file, &file->errand, err);
    if (status == MW_OK) {
        mw_baton_take(file->baton);
        while (!file->is_called && !file->is_over) mw_baton_await_news(file->baton);
        mw_baton_lay_down(file->baton);
        if (!file->is_called) status = mw_errand_wait(file->errand, err);
    }
    duck->called = NULL;
    return status;
}

static mw_status begin(mw_duck_file *file, const mw_schema *schema, const mw_symbols *symbols,
                       const char *path, mw_error *err) {
    mw_duck *duck = file->duck;
    MW_TRY(open_writing(duck, err));
    MW_TRY(mw_duck_rows_init(&file->rows, duck, schema, symbols, err));
    MW_TRY(write_names(file, err));
    MW_TRY(write_statement(file, path, err));
    MW_TRY(mw_baton_create(&file->baton, err));
    MW_TRY(connect(duck, duck->writing, &file->connection, err));
    return begin_writing(file, err);
}

mw_status mw_duck_file_create(mw_duck *duck, const mw_schema *schema, const mw_symbols *symbols,
                              const char *path, mw_duck_file **out_file, mw_error *err) {
    MW_TRY(mw_duck_ready(duck, err));
    mw_duck_file *file = mw_allocate(sizeof *file);
    if (!file) return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory to write a file");
    file->duck = duck;
    mw_buf_init(&file->sql, SQL_SIZE_MAX);
    mw_buf_init(&file->names, NAMES_SIZE_MAX);
    mw_status status = begin(file, schema, symbols, path, err);
    if (status != MW_OK) {
        mw_duck_file_destroy(file);
        return status;
    }
    *out_file = file;
    return MW_OK;
}

/* One chunk always has room, however large. */
static bool has_room(const mw_duck_file *file, size_t size) {
    return file->queue_count == 0 || (file->queue_count < QUEUE_CHUNKS_MAX &&
                                      file->queue_size + size <= QUEUE_SIZE_MAX);
}

/* False where nobody takes it any more. */
static bool put_chunk(mw_duck_file *file, duck_chunk chunk, size_t size) {
    mw_baton_take(file->baton);
    while (!has_room(file, size) && !file->is_over) mw_baton_await_news(file->baton);
    bool is_taken = !file->is_over;
    if (is_taken) {
        size_t at = (file->queue_first + file->queue_count++) % QUEUE_CHUNKS_MAX;
        file->queue[at] = chunk;
        file->sizes[at] = size;
        file->queue_size += size;
        mw_baton_tell_news(file->baton);
    }
    mw_baton_lay_down(file->baton);
    return is_taken;
}

static mw_status hand_over(mw_duck_file *file, mw_error *err) {
    size_t size = mw_duck_rows_size(&file->rows);
    duck_chunk chunk = mw_duck_rows_take(&file->rows);
    if (!chunk) return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory for rows");
    if (put_chunk(file, chunk, size)) return MW_OK;
    file->duck->api.destroy_data_chunk(&chunk);
    mw_status status = mw_errand_wait(file->errand, err);
    MW_ASSERT(status != MW_OK); /* rows were yet to come */
    return status;
}

mw_status mw_duck_file_add(mw_duck_file *file, mw_str name, const mw_cell *row, mw_error *err) {
    if (mw_duck_rows_are_full(&file->rows)) MW_TRY(hand_over(file, err));
    mw_duck_rows_add(&file->rows, name, row);
    return MW_OK;
}

/* Tells the writing thread that no more comes. */
static void stop(mw_duck_file *file, bool *how) {
    mw_baton_take(file->baton);
    *how = true;
    mw_baton_tell_news(file->baton);
    mw_baton_lay_down(file->baton);
}

mw_status mw_duck_file_end(mw_duck_file *file, mw_error *err) {
    if (file->rows.count > 0) MW_TRY(hand_over(file, err));
    stop(file, &file->has_ended);
    return mw_errand_wait(file->errand, err);
}

void mw_duck_file_destroy(mw_duck_file *file) {
    if (!file) return;
    const duck_api *api = &file->duck->api;
    if (file->errand) stop(file, &file->is_given_up);
    mw_errand_end(file->errand);
    for (size_t i = 0; i < file->queue_count; i++)
        api->destroy_data_chunk(&file->queue[(file->queue_first + i) % QUEUE_CHUNKS_MAX]);
    if (file->connection) api->disconnect(&file->connection);
    mw_baton_destroy(file->baton);
    mw_duck_rows_release(&file->rows);
    mw_buf_release(&file->sql);
    mw_buf_release(&file->names);
    mw_free(file);
}
