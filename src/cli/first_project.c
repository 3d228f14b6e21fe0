#include "cli/first_project.h"

#include <string.h>

#include "base/nearest.h"
#include "base/zone.h"
#include "ingest/data_file.h"
#include "lang/lexer.h"

enum { NAMES_SHOWN_SIZE = 300 };

typedef struct {
    mw_arena *arena;
    const mw_first_data *data;
    mw_str file; /* as seen from the project's folder */
    mw_schema columns;
    mw_str *names; /* of the columns as features */
    mw_str negative, positive; /* of the label's texts the least and the greatest: no and yes */
    bool is_plain_label;       /* it is asked for as it is: a number, or a class of several */
    mw_buf *out;
} draft;

/* --- names and paths ---------------------------------------------------------------------- */

/* `path` as seen from `folder`, a folder below this one; NULL data where that cannot be told from
   the names alone. */
static mw_str seen_from(mw_arena *arena, const char *folder, const char *path) {
    if (path[0] == '/') return mw_str_of(path);
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_str parts = mw_str_of(folder), part;
    bool is_below = folder[0] != '/';
    while (mw_str_split(&parts, '/', &part)) {
        if (mw_str_is(part, "..")) is_below = false;
        if (part.size > 0 && !mw_str_is(part, ".")) mw_buf_append_text(&out, "../");
    }
    mw_buf_append_text(&out, path);
    mw_str seen = is_below ? mw_str_copy(arena, mw_buf_str(&out)) : (mw_str){NULL, 0};
    mw_buf_release(&out);
    return seen;
}

/* As it stands within YAML's double quotes. */
static void append_escaped(mw_buf *out, mw_str text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') mw_buf_append_char(out, '\\');
        mw_buf_append_char(out, text.data[i]);
    }
}

/* In YAML's quotes, unless it is made of what needs none. */
static void append_path(mw_buf *out, mw_str path) {
    bool is_plain = true;
    for (size_t i = 0; i < path.size; i++)
        is_plain &= mw_name_is_plain((mw_str){path.data + i, 1}) ||
                    memchr("0123456789./-", path.data[i], 13) != NULL;
    if (!is_plain) mw_buf_append_char(out, '"');
    append_escaped(out, path);
    if (!is_plain) mw_buf_append_char(out, '"');
}

/* An expression of the column, between what stands around it, as a YAML value. */
static void append_value(mw_buf *out, const char *before, mw_str column, const char *after) {
    mw_buf name;
    mw_buf_init(&name, 1 << 16);
    mw_name_append(&name, column);
    const char *quote = name.size > 0 && name.data[0] == '`' ? "\"" : "";
    mw_buf_printf(out, "%s%s", quote, before);
    append_escaped(out, mw_buf_str(&name));
    mw_buf_printf(out, "%s%s", after, quote);
    mw_buf_release(&name);
}

/* The name that a field or feature gets after a column: letters, digits and _. */
static void append_name(mw_buf *out, mw_str column) {
    if (column.size > 0 && column.data[0] >= '0' && column.data[0] <= '9')
        mw_buf_append_char(out, '_');
    mw_name_append_part(out, column);
}

/* --- what the file holds ------------------------------------------------------------------ */

static bool is_id(const draft *d, mw_str column) {
    mw_str ids = mw_str_of(d->data->ids), id;
    while (mw_str_split(&ids, ',', &id))
        if (mw_str_equal(mw_str_trim(id), column)) return true;
    return false;
}

static bool is_feature(const draft *d, const mw_field *column) {
    return column->type != MW_TYPE_TIME && !mw_str_is(column->name, d->data->label) &&
           !is_id(d, column->name);
}

static bool is_list(const mw_field *column) {
    return column->type == MW_TYPE_LIST || column->type == MW_TYPE_NUMBER_LIST;
}

/* The name that column `index` gets as a feature. Where it is a word of the language, or another's
   but for case or for what a name cannot have, as "a b" and "a_b", the number stands behind. */
static mw_status name_feature(draft *d, size_t index, mw_error *err) {
    mw_buf name;
    mw_buf_init(&name, 1 << 16);
    append_name(&name, d->columns.fields[index].name);
    mw_str plain = mw_buf_str(&name);
    bool is_taken = mw_name_is_keyword(plain) || mw_str_is(plain, "time");
    for (size_t i = 0; i < index; i++)
        is_taken = is_taken || mw_str_equal_but_for_case(d->names[i], plain);
    if (is_taken) mw_buf_printf(&name, "_%zu", index + 1);
    mw_status status = mw_buf_check(&name, "init: a name", err);
    d->names[index] = mw_str_copy(d->arena, mw_buf_str(&name));
    mw_buf_release(&name);
    if (status == MW_OK && !d->names[index].data)
        return mw_fail(err, MW_NO_MEMORY, "init: no memory for a name");
    return status;
}

static mw_status name_features(draft *d, mw_error *err) {
    d->names = mw_arena_alloc(d->arena, d->columns.field_count, sizeof *d->names);
    if (!d->names) return mw_fail(err, MW_NO_MEMORY, "init: no memory for names");
    for (size_t i = 0; i < d->columns.field_count; i++) MW_TRY(name_feature(d, i, err));
    return MW_OK;
}

/* The columns as an error lists them, as many as there is room for. */
static mw_str column_names(const draft *d) {
    mw_buf names;
    mw_buf_init(&names, 1 << 16);
    for (size_t i = 0; i < d->columns.field_count && names.size < NAMES_SHOWN_SIZE; i++) {
        mw_buf_append_text(&names, i > 0 ? ", " : "");
        mw_buf_append_str(&names, d->columns.fields[i].name);
    }
    if (names.size >= NAMES_SHOWN_SIZE) mw_buf_append_text(&names, ", ...");
    mw_str copy = mw_str_copy(d->arena, mw_buf_str(&names));
    mw_buf_release(&names);
    return copy;
}

static mw_status find_column(const draft *d, mw_str name, const char *option,
                             const mw_field **out_column, mw_error *err) {
    mw_nearest nearest = mw_nearest_to(name);
    for (size_t i = 0; i < d->columns.field_count; i++) {
        *out_column = &d->columns.fields[i];
        if (mw_str_equal((*out_column)->name, name)) return MW_OK;
        mw_nearest_offer(&nearest, (*out_column)->name);
    }
    mw_status status = mw_fail(err, MW_NOT_FOUND, "init: %s: the file has no column %.*s", option,
                               MW_STR_ARGS(name));
    if (nearest.found.size > 0) return mw_hint_nearest(err, status, &nearest);
    return mw_hint(err, status, "It has %.*s.", MW_STR_ARGS(column_names(d)));
}

static mw_status find_columns(const draft *d, mw_type *out_label, mw_error *err) {
    const mw_field *column;
    MW_TRY(find_column(d, mw_str_of(d->data->time), "--time", &column, err));
    if (column->type != MW_TYPE_TIME)
        return mw_hint(err, mw_fail(err, MW_INVALID, "init: --time: %s must hold times, not a %s",
                                    d->data->time, mw_type_name(column->type)),
                       "Times are written as 2013-01-31T08:15:00Z. A column in which no row has a "
                       "value is taken as a text.");
    mw_str ids = mw_str_of(d->data->ids), id;
    while (mw_str_split(&ids, ',', &id))
        MW_TRY(find_column(d, mw_str_trim(id), "--id", &column, err));
    MW_TRY(find_column(d, mw_str_of(d->data->label), "--label", &column, err));
    if (is_id(d, column->name) || column->type == MW_TYPE_TIME || is_list(column))
        return mw_fail(err, MW_INVALID, "init: --label: %s must be a bool, a number or a text, and "
                       "no id", d->data->label);
    *out_label = column->type;
    return MW_OK;
}

/* --- the project -------------------------------------------------------------------------- */

/* Ids go by plain names, so that a column with another name gets one as a field. */
static void write_ids(const draft *d) {
    mw_str ids = mw_str_of(d->data->ids), id;
    const char *before = "    fields: {";
    while (mw_str_split(&ids, ',', &id)) {
        id = mw_str_trim(id);
        if (mw_name_is_plain(id)) continue;
        mw_buf_append_text(d->out, before);
        append_name(d->out, id);
        mw_buf_append_text(d->out, ": ");
        append_value(d->out, "", id, "");
        before = ", ";
    }
    mw_buf_append_text(d->out, before[0] == ',' ? "}\n    id: " : "    id: ");
    ids = mw_str_of(d->data->ids);
    for (size_t i = 0; mw_str_split(&ids, ',', &id); i++) {
        if (i > 0) mw_buf_append_text(d->out, ", ");
        append_name(d->out, mw_str_trim(id));
    }
}

static void write_stream(const draft *d) {
    mw_buf_append_text(d->out, "streams:\n  events:\n    from: ");
    append_path(d->out, d->file);
    mw_buf_append_text(d->out, "\n    time: ");
    append_value(d->out, "", mw_str_of(d->data->time), "");
    mw_buf_append_char(d->out, '\n');
    write_ids(d);
    mw_buf_printf(d->out, "\n    later: {%s: ", d->data->label);
    append_value(d->out, "", mw_str_of(d->data->time), " + 1d");
    mw_buf_append_text(d->out, "}     # a guess: when the outcome is known\n\n");
}

static void write_features(const draft *d) {
    const mw_field *example = NULL;
    size_t count = 0;
    mw_buf_append_text(d->out, "features:\n");
    for (size_t i = 0; i < d->columns.field_count; i++) {
        const mw_field *column = &d->columns.fields[i];
        if (!is_feature(d, column)) continue;
        if (count++ == 0 || is_list(example)) example = column;
        mw_buf_append_text(d->out, "  ");
        mw_buf_append_str(d->out, d->names[i]);
        mw_buf_append_text(d->out, ": ");
        append_value(d->out, is_list(column) ? "length(" : "", column->name,
                     is_list(column) ? ")" : "");
        mw_buf_append_char(d->out, '\n');
    }
    if (count == 0) {
        mw_buf_append_text(d->out, "  hour: ");
        append_value(d->out, "hour(", mw_str_of(d->data->time), ")");
        mw_buf_append_char(d->out, '\n');
    }
    mw_buf_append_text(d->out, "  # Windows over the past go here, such as\n"
                               "  # recent: count(events by ");
    mw_name_append(d->out, example ? example->name : MW_STR("COLUMN"));
    mw_buf_append_text(d->out, " over {1h, 24h})\n\n");
}

static void write_model(const draft *d, mw_type label) {
    const char *name = d->data->label;
    mw_buf_printf(d->out, "models:\n  %s:\n    moment: on events\n    label: ", name);
    if (label != MW_TYPE_TEXT || d->is_plain_label) {
        mw_buf_printf(d->out, "last(events.%s by id over next 2d)", name);
        mw_buf_append_text(d->out, label == MW_TYPE_BOOL ? "\n"
                                   : !d->is_plain_label ? " = 1\n"
                                   : label == MW_TYPE_TEXT
                                       ? "     # a class; with = NAME, yes or no\n"
                                       : "     # a number; with >= 1, yes or no\n");
        return;
    }
    mw_buf_printf(d->out, "\"last(events.%s by id over next 2d) = '", name);
    append_escaped(d->out, d->positive);
    mw_buf_append_text(d->out, "'\"     # a guess: what counts as yes\n");
}

static void write_project(const draft *d, mw_type label) {
    mw_str name = mw_path_name(mw_str_of(d->data->file)), project = name;
    mw_str_split(&name, '.', &project);
    mw_buf_append_text(d->out, "project: ");
    append_name(d->out, project);
    mw_buf_append_text(d->out, "\n\n");
    write_stream(d);
    write_features(d);
    write_model(d, label);
}

/* --- reading the file --------------------------------------------------------------------- */

/* Of two texts like no and yes, N and Y, the greater one says yes; of more nobody can tell. */
static void look_at_text(draft *d, mw_str value) {
    if (d->positive.size == 0) d->negative = d->positive = value;
    if (mw_str_equal(value, d->negative) || mw_str_equal(value, d->positive)) return;
    if (!mw_str_equal(d->negative, d->positive)) d->is_plain_label = true;
    *(mw_str_compare(value, d->positive) > 0 ? &d->positive : &d->negative) = value;
}

static mw_status look_at_label(const mw_data_reader *reader, draft *d, mw_type label,
                               mw_error *err) {
    mw_field field = {mw_str_of(d->data->label), label};
    mw_schema wanted = {&field, 1};
    mw_table rows;
    mw_table_init(&rows, &wanted);
    mw_refusals refusals;
    mw_refusals_init(&refusals);
    mw_status status = mw_data_file_read(reader, d->data->file, 1, &rows, &refusals, err);
    for (size_t row = 0; status == MW_OK && row < rows.row_count; row++) {
        mw_cell cell = *mw_table_row(&rows, row);
        if (mw_cell_is_missing(label, cell)) continue;
        if (label == MW_TYPE_TEXT) look_at_text(d, mw_symbols_text(reader->symbols, cell.symbol));
        else d->is_plain_label |= cell.number != 0 && cell.number != 1;
    }
    mw_refusals_release(&refusals);
    mw_table_release(&rows);
    return status;
}

static mw_status write_from_data(mw_cli *cli, mw_duck *duck, draft *d, mw_error *err) {
    mw_symbols *symbols;
    MW_TRY(mw_symbols_create(1 << 20, &symbols, err));
    mw_data_reader reader = {
        .sys = cli->sys, .duck = duck, .symbols = symbols, .zone = mw_zone_utc()};
    mw_type label = MW_TYPE_BOOL;
    mw_status status = mw_data_file_columns(&reader, d->data->file, d->arena, &d->columns, err);
    if (status == MW_OK) status = find_columns(d, &label, err);
    if (status == MW_OK) status = name_features(d, err);
    if (status == MW_OK && (label == MW_TYPE_TEXT || label == MW_TYPE_NUMBER))
        status = look_at_label(&reader, d, label, err);
    if (status == MW_OK) write_project(d, label);
    mw_symbols_destroy(symbols);
    return status;
}

static mw_status check_words(const mw_first_data *data, mw_error *err) {
    if (!data->time || !data->label || !data->ids) {
        mw_status status =
            mw_fail(err, MW_USAGE, "init: --from also needs --time, --label and --id");
        return mw_hint(err, status, "--id names the columns that tell one row from another.");
    }
    if (mw_name_is_plain(mw_str_of(data->label))) return MW_OK;
    mw_status status = mw_fail(err, MW_USAGE, "init: --label: the column's name must be letters, "
                                              "digits and _, got %s", data->label);
    return mw_hint(err, status, "Rename the column in the file.");
}

mw_status mw_first_project_write(mw_cli *cli, const mw_first_data *data, mw_buf *out_yaml,
                                 mw_error *err) {
    MW_TRY(check_words(data, err));
    draft d = {.arena = &cli->arena, .data = data, .out = out_yaml};
    d.file = seen_from(&cli->arena, data->folder, data->file);
    if (!d.file.data) {
        mw_status status = mw_fail(err, MW_USAGE, "init: %s is no folder below this one, so %s "
                                   "cannot be found from there", data->folder, data->file);
        return mw_hint(err, status, "Give --from a whole path.");
    }
    mw_duck *duck = NULL;
    mw_status status = mw_duck_open(cli->sys, (mw_duck_config){.thread_count = 1}, &duck, err);
    if (status == MW_OK) status = write_from_data(cli, duck, &d, err);
    mw_duck_close(duck);
    return status;
}
