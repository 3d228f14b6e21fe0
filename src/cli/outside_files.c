#include "cli/outside_files.h"

#include "base/digest_table.h"
#include "cli/written_file.h"
#include "lang/clock_sql.h"
#include "lang/outside_sql.h"
#include "lang/sql.h"
#include "sys/terminal.h"
#include "table/passing.h"

#define SYMBOLS_SIZE_MAX ((size_t)1 << 29)
enum { SQL_SIZE_MAX = 1 << 28, PATH_SIZE_MAX = 1 << 16 };

/* --- inputs that were seen -------------------------------------------------------------------- */

typedef struct {
    mw_hash_key key;
    mw_keyed_hash *digests;
    size_t count, room;
    mw_digest_table table;
} seen_inputs;

static mw_status is_new(seen_inputs *seen, mw_str input, bool *out_new, mw_error *err) {
    mw_keyed_hash digest = mw_hash_with_key(seen->key, input.data, input.size);
    *out_new = mw_digest_table_find(&seen->table, digest) == MW_DIGEST_ABSENT;
    if (!*out_new) return MW_OK;
    void *digests = seen->digests;
    bool has_room = mw_grow(&digests, &seen->room, seen->count + 1, sizeof digest,
                            MW_DIGESTS_MAX);
    seen->digests = digests;
    mw_digests items = {seen->digests, sizeof digest};
    if (!has_room || !mw_digest_table_reserve(&seen->table, items, seen->count + 1))
        return mw_fail(err, MW_NO_MEMORY, "no memory for %zu inputs", seen->count + 1);
    seen->digests[seen->count++] = digest;
    mw_digest_table_add(&seen->table);
    return MW_OK;
}

static void release_seen(seen_inputs *seen) {
    mw_digest_table_release(&seen->table);
    mw_free(seen->digests);
}

/* --- working out ------------------------------------------------------------------------------ */

/* One file in the making. */
typedef struct {
    const mw_vector *vector; /* over the arguments of a row */
    bool takes_text;
    mw_symbols *symbols;     /* of texts that leave with their row */
    mw_cell *arguments, *row; /* `row` is the file's: the input, then the numbers */
    seen_inputs seen;
    mw_duck_cursor *cursor;
    mw_outside_file *out;
    mw_progress progress;
} filling;

static mw_status take_arguments(filling *it, size_t row, mw_error *err) {
    for (size_t i = 0; i < it->vector->arg_count; i++) {
        if (!it->takes_text) {
            it->arguments[i] = mw_cell_number(mw_duck_number(it->cursor, i + 1, row));
            continue;
        }
        mw_str text = mw_duck_text(it->cursor, i + 1, row);
        it->arguments[i].symbol = mw_symbols_intern(it->symbols, text);
        if (it->arguments[i].symbol == 0)
            return mw_fail(err, MW_NO_MEMORY, "no memory for a text of %zu bytes", text.size);
    }
    return MW_OK;
}

static mw_status fill_row(filling *it, size_t row, mw_error *err) {
    bool is_it_new = false;
    mw_str input = mw_duck_text(it->cursor, 0, row);
    MW_TRY(is_new(&it->seen, input, &is_it_new, err));
    if (!is_it_new) return MW_OK;
    MW_TRY(take_arguments(it, row, err));
    mw_frame frame = {.row = it->arguments, .symbols = it->symbols};
    mw_vector_fill(it->vector, &frame, it->row + 1);
    mw_passing_tidy(it->symbols);
    mw_progress_update(&it->progress, ++it->out->input_count);
    return mw_table_file_add(it->out->file, input, it->row, err);
}

static mw_status fill_rows(filling *it, mw_error *err) {
    size_t count = 0;
    do {
        MW_TRY(mw_duck_fetch(it->cursor, &count, err));
        for (size_t i = 0; i < count; i++) MW_TRY(fill_row(it, i, err));
    } while (count > 0);
    return mw_table_file_seal(it->out->file, err);
}

static mw_status begin_filling(filling *it, mw_workspace *workspace, mw_error *err) {
    const mw_vector *vector = it->out->vector;
    it->vector = mw_vector_over_row(vector, &workspace->arena);
    it->takes_text = mw_vector_takes_text(vector);
    it->arguments = mw_arena_alloc(&workspace->arena, vector->arg_count, sizeof *it->arguments);
    it->row = mw_arena_alloc(&workspace->arena, vector->width + 1, sizeof *it->row);
    if (!it->vector || !it->arguments || !it->row)
        return mw_fail(err, MW_NO_MEMORY, "no memory for rows");
    mw_sys_entropy(workspace->cli->sys, &it->seen.key, sizeof it->seen.key);
    MW_TRY(mw_symbols_create(SYMBOLS_SIZE_MAX, &it->symbols, err));
    MW_TRY(mw_passing_allow(it->symbols, err));
    (void)mw_passing_set(it->symbols, true);
    return MW_OK;
}

/* `query` gives the inputs of the file's vector. */
static mw_status fill(mw_workspace *workspace, mw_duck *duck, const char *query,
                      mw_outside_file *out, mw_error *err) {
    filling it = {.out = out};
    it.progress = mw_progress_begin(workspace->cli->sys, "working out values", 0);
    mw_status status = begin_filling(&it, workspace, err);
    if (status == MW_OK) status = mw_duck_query(duck, query, &it.cursor, err);
    if (status == MW_OK) status = fill_rows(&it, err);
    mw_progress_end(&it.progress);
    mw_duck_cursor_close(it.cursor);
    release_seen(&it.seen);
    mw_symbols_destroy(it.symbols);
    return status;
}

/* --- the files -------------------------------------------------------------------------------- */

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "no memory for the files of values");
}

/* "FILE.look.parquet" of features.sql is features.look.parquet. */
static const char *path_of(mw_arena *arena, const char *output, const mw_feature *feature) {
    mw_str base = mw_str_of(output), name = feature->name;
    mw_buf path;
    if (mw_str_ends(base, MW_STR(".sql"))) base.size -= 4;
    if (feature->vector->width > 1) name.size -= 2; /* look_0 */
    mw_buf_init(&path, PATH_SIZE_MAX);
    mw_buf_printf(&path, "%.*s.%.*s.parquet", MW_STR_ARGS(base), MW_STR_ARGS(name));
    const char *copy = path.failed ? NULL : mw_arena_copy(arena, path.data, path.size);
    mw_buf_release(&path);
    return copy;
}

/* The query is asked in the project's folder, wherever it and the files stand. */
static mw_status find_path_in_sql(mw_workspace *workspace, const char *path, mw_str *out_path,
                                  mw_error *err) {
    mw_arena *arena = &workspace->arena;
    mw_sys *sys = workspace->cli->sys;
    const char *folder = mw_str_copy(arena, mw_path_folder(mw_str_of(path))).data;
    const char *project = NULL, *name = mw_path_name(mw_str_of(path)).data;
    if (!folder) return no_memory(err);
    MW_TRY(mw_sys_resolve(sys, folder, arena, &folder, err));
    MW_TRY(mw_sys_resolve(sys, workspace->folder, arena, &project, err));
    mw_str within = mw_str_of(folder), root = mw_str_of(project);
    bool is_in = mw_str_starts(within, root) &&
                 (within.size == root.size || within.data[root.size] == '/');
    if (is_in) within = mw_str_slice(within, root.size, within.size);
    if (is_in && within.size > 0) within = mw_str_slice(within, 1, within.size);
    const char *found = within.size > 0 ? mw_path_join(arena, within.data, name) : name;
    if (!found) return no_memory(err);
    *out_path = mw_str_of(found);
    return MW_OK;
}

/* input, number_0, number_1 .. */
static mw_status make_schema(mw_arena *arena, size_t width, mw_schema *out_schema, mw_error *err) {
    mw_field *fields = mw_arena_alloc(arena, width + 1, sizeof *fields);
    mw_buf name;
    if (!fields) return no_memory(err);
    fields[0] = (mw_field){MW_STR("input"), MW_TYPE_TEXT};
    mw_buf_init(&name, 64);
    bool has_room = true;
    for (size_t i = 0; i < width && has_room; i++) {
        mw_buf_clear(&name);
        mw_buf_printf(&name, "number_%zu", i);
        fields[i + 1] = (mw_field){mw_str_copy(arena, mw_buf_str(&name)), MW_TYPE_NUMBER};
        has_room = fields[i + 1].name.data != NULL;
    }
    mw_buf_release(&name);
    if (!has_room) return no_memory(err);
    *out_schema = (mw_schema){fields, width + 1};
    return MW_OK;
}

/* Where it is to stand, and that it may. */
static mw_status place_file(mw_outside_export from, const mw_feature *feature,
                            mw_outside_file *file, mw_error *err) {
    mw_workspace *workspace = from.workspace;
    file->vector = feature->vector;
    file->path = path_of(&workspace->arena, from.output, feature);
    if (!file->path) return no_memory(err);
    MW_TRY(mw_cli_try_written_beside(workspace->cli, file->path, err));
    return find_path_in_sql(workspace, file->path, &file->path_in_sql, err);
}

static mw_status begin_file(mw_workspace *workspace, mw_outside_file *file, mw_error *err) {
    mw_schema *schema = mw_arena_alloc(&workspace->arena, 1, sizeof *schema);
    if (!schema) return no_memory(err);
    MW_TRY(make_schema(&workspace->arena, file->vector->width, schema, err));
    mw_table_file_config config = {workspace->cli->sys, workspace->duck, schema,
                                   workspace->symbols, file->path};
    return mw_table_file_begin(config, &file->file, err);
}

static void append_view(const mw_outside_file *file, mw_str model, mw_str path, mw_buf *sql) {
    mw_buf_append_text(sql, "CREATE OR REPLACE VIEW ");
    mw_outside_sql_append_table(file->vector, model, sql);
    mw_buf_append_text(sql, " AS FROM ");
    mw_duck_append_parquet(sql, path);
    mw_buf_append_text(sql, ");\n");
}

/* What other files need of this one. */
static mw_status show_file(const mw_outside_file *file, mw_str model, mw_duck *duck,
                           mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    append_view(file, model, mw_table_file_sealed_path(file->file), &sql);
    mw_status status = mw_buf_check(&sql, "the query", err);
    if (status == MW_OK) status = mw_duck_run(duck, sql.data, err);
    mw_buf_release(&sql);
    return status;
}

static mw_status ask(mw_outside_export from, mw_duck *duck, const mw_feature *feature,
                     mw_outside_file *file, mw_error *err) {
    mw_buf query, sql;
    const mw_zone *zone = from.workspace->program->zone;
    mw_buf_init(&query, SQL_SIZE_MAX);
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_status status = mw_model_append_inputs_sql(from.of, feature, &query, err);
    mw_sql_append_macros(zone, mw_buf_str(&query), &sql);
    mw_clock_sql_append_view(zone, mw_buf_str(&query), &sql);
    if (status == MW_OK) status = mw_buf_check(&query, "the query", err);
    if (status == MW_OK) status = mw_buf_check(&sql, "the query", err);
    if (status == MW_OK && sql.size > 0) status = mw_duck_run(duck, sql.data, err);
    if (status == MW_OK) status = fill(from.workspace, duck, query.data, file, err);
    mw_buf_release(&query);
    mw_buf_release(&sql);
    return status;
}

static mw_status make_file(mw_outside_export from, const mw_feature *feature, mw_duck *duck,
                           mw_outside_file *file, mw_error *err) {
    MW_TRY(begin_file(from.workspace, file, err));
    mw_status status = ask(from, duck, feature, file, err);
    if (status == MW_OK) status = show_file(file, from.of.model->name, duck, err);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "%s", file->path);
}

/* What cannot be written is told before the first value is worked out. */
static mw_status make_files(mw_outside_export from, const mw_model_outside *outside,
                            mw_duck *duck, mw_outside_files *files, mw_error *err) {
    mw_str streams = mw_str_copy(&from.workspace->arena, from.streams);
    if (!streams.data) return no_memory(err);
    MW_TRY(mw_duck_run(duck, streams.data, err));
    for (size_t i = 0; i < outside->count; i++)
        MW_TRY(place_file(from, outside->features[i], &files->files[i], err));
    for (size_t i = 0; i < outside->count; i++) {
        files->count = i + 1;
        MW_TRY(make_file(from, outside->features[i], duck, &files->files[i], err));
    }
    return MW_OK;
}

mw_status mw_outside_files_make(mw_outside_export from, mw_outside_files *out_files,
                                mw_error *err) {
    mw_arena *arena = &from.workspace->arena;
    mw_model_outside outside;
    mw_buf spill;
    mw_duck *duck = NULL;
    MW_TRY(mw_model_find_outside(from.of, arena, &outside, err));
    if (outside.count == 0) return MW_OK;
    out_files->files = mw_arena_alloc(arena, outside.count, sizeof *out_files->files);
    if (!out_files->files) return no_memory(err);
    mw_buf_init(&spill, PATH_SIZE_MAX);
    mw_buf_printf(&spill, "%s.spill.tmp", from.output);
    mw_status status = mw_buf_check(&spill, "the path", err);
    mw_duck_config config = {.folder = spill.data}; /* in memory as whoever runs the SQL later */
    if (status == MW_OK) status = mw_duck_open(from.workspace->cli->sys, config, &duck, err);
    if (status == MW_OK) status = make_files(from, &outside, duck, out_files, err);
    mw_duck_close(duck);
    mw_buf_release(&spill);
    return status;
}

mw_status mw_outside_files_appear(mw_outside_files *files, mw_error *err) {
    for (size_t i = 0; i < files->count; i++) MW_TRY(mw_table_file_end(files->files[i].file, err));
    return MW_OK;
}

void mw_outside_files_release(mw_outside_files *files) {
    for (size_t i = 0; i < files->count; i++) mw_table_file_destroy(files->files[i].file);
    *files = (mw_outside_files){0};
}

/* --- in the query ----------------------------------------------------------------------------- */

void mw_outside_files_append_sql(const mw_outside_files *files, mw_str model, mw_buf *sql) {
    mw_buf line;
    if (files->count == 0) return;
    mw_buf_append_text(sql,
                       "-- What SQL cannot do stands in files, by its input. An input that is not "
                       "there has missing\n-- numbers: add a row for it, one alone, with what "
                       "another tool makes of it.\n");
    mw_buf_init(&line, SQL_SIZE_MAX);
    for (size_t i = 0; i < files->count; i++) {
        const mw_outside_file *file = &files->files[i];
        mw_buf_clear(&line);
        mw_buf_printf(&line, "%.*s; its input is ", MW_STR_ARGS(file->vector->text));
        mw_outside_sql_describe_input(file->vector, &line);
        mw_sql_append_comment(sql, mw_buf_str(&line));
        append_view(file, model, file->path_in_sql, sql);
    }
    sql->failed = sql->failed || line.failed;
    mw_buf_release(&line);
    mw_buf_append_char(sql, '\n');
}
