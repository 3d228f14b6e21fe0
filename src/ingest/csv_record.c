#include "ingest/csv_record.h"

#include <string.h>

/* Where the cutting stands. */
typedef struct {
    mw_csv_form form;
    const char *at, *end;
    bool is_last, is_misquoted;
} cutter;

static bool is_line_end(const cutter *c, char byte) {
    return byte == (c->form.ends_by_return ? '\r' : '\n');
}

static void pass_blanks(cutter *c) {
    while (c->at < c->end && *c->at == ' ') c->at++;
}

/* To the delimiter or line end that ends the value; false if it may go on behind the window. */
static bool pass_plain(cutter *c) {
    while (c->at < c->end && *c->at != c->form.delimiter && !is_line_end(c, *c->at)) c->at++;
    return c->at < c->end || c->is_last;
}

/* A return that belongs to the line end. */
static bool is_return_of_end(const cutter *c, const char *at) {
    bool ends_behind = at + 1 == c->end ? c->is_last : at[1] == '\n';
    return !c->form.ends_by_return && *at == '\r' && ends_behind;
}

/* Past the quote that closes, from behind the one that opens. */
static mw_csv_found pass_quoted(cutter *c, mw_str *out_value, bool *out_has_doubles) {
    const char *from = c->at;
    for (;;) {
        const char *quote = memchr(c->at, '"', (size_t)(c->end - c->at));
        if (!quote) return c->is_last ? MW_CSV_UNCLOSED : MW_CSV_CUT_OFF;
        if (quote + 1 == c->end && !c->is_last) return MW_CSV_CUT_OFF;
        c->at = quote + 1;
        if (c->at == c->end || *c->at != '"') {
            *out_value = (mw_str){from, (size_t)(quote - from)};
            return MW_CSV_RECORD;
        }
        *out_has_doubles = true;
        c->at++;
    }
}

/* Behind a closed quote, blanks aside, the value must end. */
static mw_csv_found end_quoted(cutter *c) {
    pass_blanks(c);
    const char *behind = c->at;
    if (!pass_plain(c)) return MW_CSV_CUT_OFF;
    bool is_at_end = behind == c->at || (behind + 1 == c->at && is_return_of_end(c, behind));
    c->is_misquoted = c->is_misquoted || !is_at_end;
    return MW_CSV_RECORD;
}

/* The value at the cutter, which then stands at its delimiter, at the line end or at the end of the
   last window. */
static mw_csv_found cut_value(cutter *c, mw_str *out_value, bool *out_has_doubles) {
    const char *from = c->at;
    pass_blanks(c);
    if (c->at < c->end && *c->at == '"') {
        c->at++;
        mw_csv_found found = pass_quoted(c, out_value, out_has_doubles);
        return found == MW_CSV_RECORD ? end_quoted(c) : found;
    }
    if (!pass_plain(c)) return MW_CSV_CUT_OFF;
    const char *to = c->at;
    bool ends_line = to == c->end || is_line_end(c, *to);
    if (ends_line && to > from && is_return_of_end(c, to - 1)) to--;
    *out_value = (mw_str){from, (size_t)(to - from)};
    return MW_CSV_RECORD;
}

mw_csv_found mw_csv_cut(mw_csv_form form, mw_str window, bool is_last, mw_csv_record *record) {
    cutter c = {.form = form, .at = window.data, .end = window.data + window.size,
                .is_last = is_last};
    mw_csv_record cut = {.values = record->values, .room = record->room};
    bool goes_on = true;
    MW_ASSERT(window.size > 0);
    while (goes_on) {
        mw_str value = {0};
        mw_csv_found found = cut_value(&c, &value, &cut.has_doubles);
        if (found != MW_CSV_RECORD) return found;
        if (cut.count < cut.room) cut.values[cut.count] = value;
        else cut.has_more = cut.has_more || value.size > 0;
        cut.count++;
        goes_on = c.at < c.end && *c.at == form.delimiter;
        c.at += goes_on;
    }
    cut.is_misquoted = c.is_misquoted;
    cut.text = (mw_str){window.data, (size_t)(c.at - window.data)};
    cut.size = cut.text.size + (c.at < c.end);
    if (cut.text.size > 0 && is_return_of_end(&c, c.at - 1)) cut.text.size--;
    *record = cut;
    return MW_CSV_RECORD;
}

void mw_csv_join_doubles(mw_csv_record *record, char *window) {
    size_t count = record->count < record->room ? record->count : record->room;
    for (size_t i = 0; record->has_doubles && i < count; i++) {
        mw_str value = record->values[i];
        size_t offset = (size_t)(value.data - record->text.data), size = 0;
        if (offset == 0 || window[offset - 1] != '"') continue;
        for (size_t k = offset; k < offset + value.size; k++) {
            window[offset + size++] = window[k];
            k += window[k] == '"';
        }
        record->values[i].size = size;
    }
}
