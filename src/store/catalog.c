#include "store/catalog.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "store/migrations.h"

enum { PATH_SIZE_MAX = 4096 };

struct mw_catalog {
    sqlite3 *db;
    bool is_writer;
    bool in_transaction;
};

struct mw_catalog_rows {
    mw_catalog *catalog;
    sqlite3_stmt *statement;
};

mw_sql_value mw_sql_null(void) {
    return (mw_sql_value){.kind = MW_SQL_NULL};
}

mw_sql_value mw_sql_int(int64_t value) {
    return (mw_sql_value){.kind = MW_SQL_INT, .integer = value};
}

mw_sql_value mw_sql_time(int64_t us) {
    return us == MW_TIME_MISSING ? mw_sql_null() : mw_sql_int(us);
}

mw_sql_value mw_sql_real(double value) {
    if (isnan(value)) return mw_sql_null();
    return (mw_sql_value){.kind = MW_SQL_REAL, .real = value};
}

mw_sql_value mw_sql_str(mw_str value) {
    if (!value.data) return mw_sql_null();
    return (mw_sql_value){.kind = MW_SQL_TEXT, .text = value};
}

mw_sql_value mw_sql_text(const char *value) {
    return mw_sql_str(mw_str_of(value));
}

static mw_status status_of(int code) {
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return MW_BUSY;
    case SQLITE_NOMEM: return MW_NO_MEMORY;
    case SQLITE_FULL: return MW_NO_SPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return MW_CORRUPT;
    case SQLITE_CONSTRAINT: return MW_CONFLICT;
    case SQLITE_TOOBIG: return MW_TOO_LARGE;
    default: return MW_IO;
    }
}

/* Why the system refused what SQLite asked of it last; 0: it did not. A commit does not pass the
   reason on, but the file that was written to keeps it. */
static int reason_of_system(sqlite3 *db) {
    int why = sqlite3_system_errno(db);
    sqlite3_file *changes = NULL;
    if (why == 0) sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &changes);
    if (changes && changes->pMethods)
        changes->pMethods->xFileControl(changes, SQLITE_FCNTL_LAST_ERRNO, &why);
    if (why == 0) sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &why);
    return why;
}

/* SQLite calls it an I/O error where the file of its shared memory finds no room, or any file may
   not grow. */
static bool is_full(sqlite3 *db, int code) {
    if ((code & 0xff) != SQLITE_IOERR) return false;
    int why = reason_of_system(db);
    return why == ENOSPC || why == EFBIG || why == EDQUOT;
}

static mw_status failed(mw_catalog *catalog, int code, mw_error *err) {
    const char *path = sqlite3_db_filename(catalog->db, "main");
    bool is_file = path && *path, finds_no_room = is_full(catalog->db, code);
    mw_status status = finds_no_room ? MW_NO_SPACE : status_of(code);
    return mw_fail(err, status, "catalog: %s%s%s", is_file ? path : "", is_file ? ": " : "",
                   finds_no_room ? mw_status_text(status) : sqlite3_errmsg(catalog->db));
}

static mw_status execute(mw_catalog *catalog, const char *sql, mw_error *err) {
    int code = sqlite3_exec(catalog->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? MW_OK : failed(catalog, code, err);
}

static mw_status bind(mw_catalog *catalog, sqlite3_stmt *statement, mw_sql_values values,
                      mw_error *err) {
    MW_ASSERT((size_t)sqlite3_bind_parameter_count(statement) == values.count);
    for (size_t i = 0; i < values.count; i++) {
        const mw_sql_value *value = &values.items[i];
        int at = (int)i + 1;
        int code = SQLITE_OK;
        switch (value->kind) {
        case MW_SQL_NULL: code = sqlite3_bind_null(statement, at); break;
        case MW_SQL_INT: code = sqlite3_bind_int64(statement, at, value->integer); break;
        case MW_SQL_REAL: code = sqlite3_bind_double(statement, at, value->real); break;
        case MW_SQL_TEXT:
            code = sqlite3_bind_text64(statement, at, value->text.data, value->text.size,
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
            break;
        }
        if (code != SQLITE_OK) return failed(catalog, code, err);
    }
    return MW_OK;
}

mw_status mw_catalog_query(mw_catalog *catalog, const char *sql, mw_sql_values values,
                           mw_catalog_rows **out_rows, mw_error *err) {
    mw_catalog_rows *rows = mw_allocate(sizeof *rows);
    if (!rows) return mw_fail(err, MW_NO_MEMORY, "catalog: no memory for a query");
    rows->catalog = catalog;
    int code = sqlite3_prepare_v2(catalog->db, sql, -1, &rows->statement, NULL);
    mw_status status = code == SQLITE_OK ? bind(catalog, rows->statement, values, err)
                                         : failed(catalog, code, err);
    if (status != MW_OK) {
        mw_catalog_rows_close(rows);
        return status;
    }
    *out_rows = rows;
    return MW_OK;
}

mw_status mw_catalog_next(mw_catalog_rows *rows, bool *out_has_row, mw_error *err) {
    int code = sqlite3_step(rows->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) return failed(rows->catalog, code, err);
    *out_has_row = code == SQLITE_ROW;
    return MW_OK;
}

bool mw_catalog_is_null(const mw_catalog_rows *rows, int column) {
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

int64_t mw_catalog_int(const mw_catalog_rows *rows, int column) {
    return sqlite3_column_int64(rows->statement, column);
}

int64_t mw_catalog_time(const mw_catalog_rows *rows, int column) {
    return mw_catalog_is_null(rows, column) ? MW_TIME_MISSING : mw_catalog_int(rows, column);
}

double mw_catalog_real(const mw_catalog_rows *rows, int column) {
    if (mw_catalog_is_null(rows, column)) return NAN;
    return sqlite3_column_double(rows->statement, column);
}

mw_str mw_catalog_text(const mw_catalog_rows *rows, int column) {
    const unsigned char *text = sqlite3_column_text(rows->statement, column);
    if (!text) return MW_STR("");
    return (mw_str){(const char *)text,
                    (size_t)sqlite3_column_bytes(rows->statement, column)};
}

void mw_catalog_rows_close(mw_catalog_rows *rows) {
    if (!rows) return;
    sqlite3_finalize(rows->statement);
    mw_free(rows);
}

mw_status mw_catalog_run(mw_catalog *catalog, const char *sql, mw_sql_values values,
                         mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(catalog, sql, values, &rows, err));
    bool has_row = true;
    mw_status status = MW_OK;
    while (status == MW_OK && has_row) status = mw_catalog_next(rows, &has_row, err);
    mw_catalog_rows_close(rows);
    return status;
}

int64_t mw_catalog_last_id(const mw_catalog *catalog) {
    return sqlite3_last_insert_rowid(catalog->db);
}

int64_t mw_catalog_change_count(const mw_catalog *catalog) {
    return sqlite3_changes(catalog->db);
}

mw_status mw_catalog_begin(mw_catalog *catalog, mw_error *err) {
    MW_ASSERT(!catalog->in_transaction);
    MW_TRY(execute(catalog, "BEGIN IMMEDIATE", err));
    catalog->in_transaction = true;
    return MW_OK;
}

/* A commit that fails may leave the transaction open; then it is taken back. */
mw_status mw_catalog_commit(mw_catalog *catalog, mw_error *err) {
    MW_ASSERT(catalog->in_transaction);
    mw_status status = execute(catalog, "COMMIT", err);
    if (status != MW_OK) mw_catalog_rollback(catalog);
    catalog->in_transaction = false;
    return status;
}

void mw_catalog_rollback(mw_catalog *catalog) {
    MW_ASSERT(catalog->in_transaction);
    catalog->in_transaction = false;
    /* SQLite has rolled back by itself after some failures. */
    if (!sqlite3_get_autocommit(catalog->db))
        (void)sqlite3_exec(catalog->db, "ROLLBACK", NULL, NULL, NULL);
}

static mw_status read_number(mw_catalog *catalog, const char *sql, int64_t *out_number,
                             mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(catalog, sql, MW_SQL_NOTHING, &rows, err));
    bool has_row = false;
    mw_status status = mw_catalog_next(rows, &has_row, err);
    if (status == MW_OK) *out_number = has_row ? mw_catalog_int(rows, 0) : 0;
    mw_catalog_rows_close(rows);
    return status;
}

/* The file as it was stays beside it, as PATH.format-N. */
static mw_status back_up(mw_catalog *catalog, mw_sys *sys, int format, mw_error *err) {
    const char *path = sqlite3_db_filename(catalog->db, "main");
    if (!path || !*path) return MW_OK; /* in memory */
    char backup[PATH_SIZE_MAX];
    int size = snprintf(backup, sizeof backup, "%s.format-%d", path, format);
    if (size < 0 || size >= PATH_SIZE_MAX)
        return mw_fail(err, MW_TOO_LARGE, "catalog: the path is too long: %s", path);
    MW_TRY(mw_sys_remove(sys, backup, err)); /* of a migration that was cut off */
    return mw_catalog_run(catalog, "VACUUM INTO ?", MW_SQL(mw_sql_text(backup)), err);
}

static mw_status apply_step(mw_catalog *catalog, int format, mw_error *err) {
    char numbers[128];
    snprintf(numbers, sizeof numbers, "PRAGMA user_version = %d; PRAGMA application_id = %d",
             format + 1, MW_CATALOG_APPLICATION);
    MW_TRY(mw_catalog_begin(catalog, err));
    mw_status status = execute(catalog, mw_catalog_migration(format), err);
    if (status == MW_OK) status = execute(catalog, numbers, err);
    if (status == MW_OK) return mw_catalog_commit(catalog, err);
    mw_catalog_rollback(catalog);
    return status;
}

static mw_status check_format(int64_t application, int64_t format, const char *path,
                              mw_error *err) {
    bool is_new = application == 0 && format == 0;
    if (!is_new && application != MW_CATALOG_APPLICATION)
        return mw_fail(err, MW_CORRUPT, "catalog: %s is a database of something else", path);
    if (format > MW_CATALOG_FORMAT) {
        mw_status status =
            mw_fail(err, MW_NEWER_FORMAT,
                    "catalog: %s has format %lld, this program reads up to %d", path,
                    (long long)format, MW_CATALOG_FORMAT);
        return mw_hint(err, status, "Use the newer millwright that wrote it.");
    }
    return MW_OK;
}

/* Brings the tables up to this format; a reader only looks. */
static mw_status migrate(mw_catalog *catalog, mw_sys *sys, const char *path, mw_error *err) {
    int64_t application = 0, format = 0;
    MW_TRY(read_number(catalog, "PRAGMA application_id", &application, err));
    MW_TRY(read_number(catalog, "PRAGMA user_version", &format, err));
    MW_TRY(check_format(application, format, path, err));
    if (format == MW_CATALOG_FORMAT) return MW_OK;
    if (!catalog->is_writer && format == 0)
        return mw_fail(err, MW_NOT_FOUND, "catalog: %s has no tables yet", path);
    if (!catalog->is_writer) {
        mw_status status = mw_fail(err, MW_UNAVAILABLE, "catalog: %s has format %lld, not yet %d",
                                   path, (long long)format, MW_CATALOG_FORMAT);
        return mw_hint(err, status, "A command that writes, such as ingest, brings it up.");
    }
    if (format > 0) MW_TRY(back_up(catalog, sys, (int)format, err));
    for (int step = (int)format; step < MW_CATALOG_FORMAT; step++)
        MW_TRY(apply_step(catalog, step, err));
    return MW_OK;
}

/* As a URI that says that nobody writes: SQLite then needs no file of its own beside it. */
static mw_status append_frozen(mw_buf *uri, const char *path, mw_error *err) {
    mw_buf_append_text(uri, "file:");
    for (const char *c = path; *c; c++) {
        if (strchr("%?#", *c)) mw_buf_printf(uri, "%%%02X", (unsigned)*c);
        else mw_buf_append_char(uri, *c);
    }
    mw_buf_append_text(uri, "?immutable=1");
    return mw_buf_check(uri, "catalog: its path", err);
}

static mw_status open_database(mw_catalog *catalog, const char *path, int flags, mw_error *err) {
    flags |= SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &catalog->db, flags, NULL);
    if (code != SQLITE_OK)
        return mw_fail(err, status_of(code), "catalog: cannot open %s: %s", path,
                       sqlite3_errstr(code));
    sqlite3_extended_result_codes(catalog->db, 1);
    sqlite3_busy_timeout(catalog->db, MW_CATALOG_WAIT_MS);
    const char *settings = catalog->is_writer
                               ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                 "PRAGMA foreign_keys = ON"
                               : "PRAGMA query_only = ON";
    return execute(catalog, settings, err);
}

/* A reader who must not write beside the catalog, or cannot for want of space, cannot share it by
   SQLite's usual means. With no changes in PATH-wal nobody has it open, and the file alone is all
   there is. */
static bool is_frozen(const mw_catalog *catalog, mw_sys *sys, const char *path, mw_status status) {
    char changes[PATH_SIZE_MAX];
    mw_file_info info;
    mw_error unseen;
    int code = sqlite3_errcode(catalog->db) & 0xff;
    int size = snprintf(changes, sizeof changes, "%s-wal", path);
    bool is_kept_out = code == SQLITE_CANTOPEN || code == SQLITE_READONLY || status == MW_NO_SPACE;
    return !catalog->is_writer && is_kept_out && size > 0 && size < PATH_SIZE_MAX &&
           mw_sys_info(sys, changes, &info, &unseen) == MW_OK && (!info.exists || info.size == 0);
}

static mw_status reopen_frozen(mw_catalog *catalog, mw_sys *sys, const char *path, mw_error *err) {
    mw_buf uri;
    mw_buf_init(&uri, 4 * PATH_SIZE_MAX);
    mw_status status = append_frozen(&uri, path, err);
    sqlite3_close(catalog->db);
    catalog->db = NULL;
    if (status == MW_OK)
        status = open_database(catalog, uri.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
    if (status == MW_OK) status = migrate(catalog, sys, path, err);
    mw_buf_release(&uri);
    return status;
}

mw_status mw_catalog_open(mw_sys *sys, const char *path, bool is_writer,
                          mw_catalog **out_catalog, mw_error *err) {
    MW_ASSERT(path || is_writer);
    mw_catalog *catalog = mw_allocate(sizeof *catalog);
    if (!catalog) return mw_fail(err, MW_NO_MEMORY, "catalog: no memory to open it");
    catalog->is_writer = is_writer;
    const char *name = path ? path : ":memory:";
    int flags = SQLITE_OPEN_READWRITE | (is_writer ? SQLITE_OPEN_CREATE : 0);
    mw_status status = open_database(catalog, name, flags, err);
    if (status == MW_OK) status = migrate(catalog, sys, name, err);
    if (status != MW_OK && path && is_frozen(catalog, sys, path, status)) {
        if (err) *err = (mw_error){0};
        status = reopen_frozen(catalog, sys, path, err);
    }
    if (status != MW_OK) {
        mw_catalog_close(catalog);
        return status;
    }
    *out_catalog = catalog;
    return MW_OK;
}

void mw_catalog_set_wait(mw_catalog *catalog, int wait_ms) {
    sqlite3_busy_timeout(catalog->db, wait_ms);
}

void mw_catalog_close(mw_catalog *catalog) {
    if (!catalog) return;
    int code = sqlite3_close(catalog->db);
    MW_ASSERT(code == SQLITE_OK); /* busy: a query was not closed */
    mw_free(catalog);
}

mw_status mw_catalog_set(mw_catalog *catalog, const char *name, mw_str value, mw_error *err) {
    return mw_catalog_run(catalog, "INSERT OR REPLACE INTO settings VALUES (?, ?)",
                          MW_SQL(mw_sql_text(name), mw_sql_str(value)), err);
}

mw_status mw_catalog_get(mw_catalog *catalog, const char *name, mw_arena *arena,
                         mw_str *out_value, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(catalog, "SELECT value FROM settings WHERE name = ?",
                            MW_SQL(mw_sql_text(name)), &rows, err));
    bool has_row = false;
    mw_status status = mw_catalog_next(rows, &has_row, err);
    if (status == MW_OK && !has_row)
        status = mw_fail(err, MW_NOT_FOUND, "catalog: there is no setting %s", name);
    if (status == MW_OK) {
        mw_str copy = mw_str_copy(arena, mw_catalog_text(rows, 0));
        if (copy.data) *out_value = copy;
        else status = mw_fail(err, MW_NO_MEMORY, "catalog: no memory for setting %s", name);
    }
    mw_catalog_rows_close(rows);
    return status;
}
