#include "ingest/heading.h"

#include <string.h>

#include "table/table.h"

static const char delimiters[] = {',', ';', '\t', '|'};
enum { DELIMITER_COUNT = sizeof delimiters };

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "heading: no memory");
}

/* The first record, without its end: a newline in quotes does not end it. */
static mw_status cut_record(mw_str text, mw_str *out_record, mw_error *err) {
    bool is_quoted = false;
    size_t size = 0;
    for (; size < text.size; size++) {
        char c = text.data[size];
        if (c == 0) {
            mw_status status =
                mw_fail(err, MW_INVALID, "heading: must be text in UTF-8, got a zero byte");
            return mw_hint(err, status, "Unpack what is compressed; convert what is in UTF-16.");
        }
        is_quoted = is_quoted != (c == '"');
        if (!is_quoted && (c == '\n' || c == '\r')) break;
    }
    if (size >= MW_HEADING_SIZE_MAX - 3)
        return mw_fail(err, MW_INVALID, "heading: must be at most %d bytes", MW_HEADING_SIZE_MAX);
    if (is_quoted) return mw_fail(err, MW_INVALID, "heading: a quote is not closed");
    if (mw_str_trim(mw_str_slice(text, 0, size)).size == 0)
        return mw_fail(err, MW_INVALID, "heading: must name the columns, is blank");
    *out_record = mw_str_slice(text, 0, size);
    return MW_OK;
}

/* How often each stands outside quotes decides; among equals the first. */
static char delimiter_of(mw_str record, size_t *out_count) {
    size_t counts[DELIMITER_COUNT] = {0}, best = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < record.size; i++) {
        is_quoted = is_quoted != (record.data[i] == '"');
        for (size_t d = 0; !is_quoted && d < DELIMITER_COUNT; d++)
            counts[d] += record.data[i] == delimiters[d];
    }
    for (size_t d = 1; d < DELIMITER_COUNT; d++)
        if (counts[d] > counts[best]) best = d;
    *out_count = counts[best];
    return delimiters[best];
}

/* The next name of `*rest`, and `*rest` past its delimiter; two quotes in quotes mean one. */
static mw_str next_name(mw_str *rest, char delimiter, char *room) {
    bool has_quotes = rest->size > 0 && rest->data[0] == '"';
    bool is_quoted = has_quotes;
    size_t at = has_quotes, size = 0;
    for (; at < rest->size && (is_quoted || rest->data[at] != delimiter); at++) {
        bool is_quote = has_quotes && rest->data[at] == '"';
        bool is_double = is_quote && is_quoted && at + 1 < rest->size && rest->data[at + 1] == '"';
        if (is_quote && !is_double) is_quoted = !is_quoted;
        else room[size++] = rest->data[at];
        at += is_double;
    }
    *rest = mw_str_slice(*rest, at + 1, rest->size);
    return (mw_str){room, size};
}

static mw_status name_by_place(mw_arena *arena, size_t column, mw_str *out_name, mw_error *err) {
    mw_buf text;
    mw_buf_init(&text, 100);
    mw_buf_printf(&text, "column%zu", column + 1);
    *out_name = mw_str_copy(arena, mw_buf_str(&text));
    mw_buf_release(&text);
    return out_name->data ? MW_OK : no_memory(err);
}

/* Quadratic in the columns, of which there are at most a few thousand. */
mw_status mw_heading_check_names(const mw_str *names, size_t count, mw_error *err) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (mw_str_equal(names[i], names[k]))
                return mw_fail(err, MW_INVALID,
                               "each column needs a name of its own, got %.*s twice",
                               MW_STR_ARGS(names[i]));
    return MW_OK;
}

/* Behind its record, which ends at `at`. */
static void end_line(mw_heading *heading, mw_str text, size_t at) {
    bool has_return = at < text.size && text.data[at] == '\r';
    size_t newline = at + has_return;
    bool has_newline = newline < text.size && text.data[newline] == '\n';
    heading->form.ends_by_return = has_return && !has_newline;
    heading->size = newline + has_newline;
}

mw_status mw_heading_read(mw_str text, mw_arena *arena, mw_heading *out_heading, mw_error *err) {
    size_t mark = mw_str_starts(text, MW_STR("\xef\xbb\xbf")) ? 3 : 0;
    mw_str rest;
    mw_heading heading = {.count = 0};
    MW_TRY(cut_record(mw_str_slice(text, mark, text.size), &rest, err));
    end_line(&heading, text, mark + rest.size);
    heading.form.delimiter = delimiter_of(rest, &heading.count);
    heading.count++;
    if (heading.count > MW_FIELDS_MAX)
        return mw_fail(err, MW_INVALID, "heading: must name at most %d columns, got %zu",
                       MW_FIELDS_MAX, heading.count);
    heading.names = mw_arena_alloc(arena, heading.count, sizeof *heading.names);
    char *room = mw_arena_alloc(arena, rest.size + 1, 1);
    if (!heading.names || !room) return no_memory(err);
    for (size_t i = 0; i < heading.count; i++) {
        heading.names[i] = next_name(&rest, heading.form.delimiter, room);
        room += heading.names[i].size;
        if (heading.names[i].size == 0)
            MW_TRY(name_by_place(arena, i, &heading.names[i], err));
    }
    MW_TRY(mw_heading_check_names(heading.names, heading.count, err));
    *out_heading = heading;
    return MW_OK;
}
