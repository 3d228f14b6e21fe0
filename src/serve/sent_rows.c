#include "serve/sent_rows.h"

#include <math.h>
#include <string.h>

#define WHOLE_MAX 0x1p53 /* up to it a double holds each whole number */

bool mw_sent_is_simply_json(const mw_http_request *request) {
    return mw_str_equal(request->headers[MW_HEADER_CONTENT_TYPE], MW_STR("application/json"));
}

static bool type_has(const mw_http_request *request, const char *word) {
    mw_str type = request->headers[MW_HEADER_CONTENT_TYPE];
    return type.data && memmem(type.data, type.size, word, strlen(word));
}

bool mw_sent_is_lines(const mw_http_request *request) {
    return !mw_sent_is_simply_json(request) && type_has(request, "ndjson");
}

bool mw_sent_is_arrow(const mw_http_request *request) {
    return !mw_sent_is_simply_json(request) && type_has(request, "vnd.apache.arrow.stream");
}

/* Tools send JSON as forms when nobody tells them otherwise; that is taken too. */
static mw_status check_type(const mw_sent_rows *rows, const mw_http_request *request,
                            mw_error *err) {
    mw_str type = request->headers[MW_HEADER_CONTENT_TYPE];
    if (!type.data || mw_sent_is_simply_json(request) || type_has(request, "json") ||
        type_has(request, "urlencoded") || (rows->source && mw_sent_is_arrow(request)))
        return MW_OK;
    return mw_fail(err, MW_WRONG_TYPE,
                   "content-type: must be application/json, application/x-ndjson or, for events, "
                   "application/vnd.apache.arrow.stream, got %.*s",
                   MW_STR_ARGS(mw_str_slice(type, 0, 100)));
}

/* --- JSON --------------------------------------------------------------------------------- */

static void *allocate_json(void *context, size_t size) {
    (void)context;
    return mw_resize(NULL, size);
}

static void *resize_json(void *context, void *memory, size_t size_before, size_t size) {
    (void)context;
    (void)size_before;
    return mw_resize(memory, size);
}

static void free_json(void *context, void *memory) {
    (void)context;
    mw_free(memory);
}

yyjson_alc mw_sent_json_memory(void) {
    return (yyjson_alc){allocate_json, resize_json, free_json, NULL};
}

static mw_status read_json(mw_str text, yyjson_read_flag flags, const yyjson_alc *memory,
                           yyjson_doc **out_doc, mw_error *err) {
    yyjson_read_err failure;
    char *bytes = (char *)(uintptr_t)text.data; /* read only, without the flag to work in place */
    yyjson_doc *doc = yyjson_read_opts(bytes, text.size, flags, memory, &failure);
    if (!doc)
        return mw_fail(err, MW_MALFORMED, "body: must be JSON, but at byte %zu: %s", failure.pos,
                       failure.msg);
    *out_doc = doc;
    return MW_OK;
}

/* Whether digits may be gone that matter: yyjson makes a double of all that has a point, an
   exponent or too many digits. A document's values stand one after the other. */
static bool has_long_number(yyjson_doc *doc) {
    for (size_t i = 0; i < yyjson_doc_get_val_count(doc); i++) {
        yyjson_val *value = doc->root + i;
        if (yyjson_is_real(value) && fabs(yyjson_get_real(value)) >= WHOLE_MAX) return true;
    }
    return false;
}

/* Numbers that were left as text, but for those that a file would be refused for. */
static void read_numbers(yyjson_doc *doc) {
    for (size_t i = 0; i < yyjson_doc_get_val_count(doc); i++) {
        yyjson_val *value = doc->root + i, number;
        if (!yyjson_is_raw(value)) continue;
        const char *text = yyjson_get_raw(value);
        const char *end = yyjson_read_number(text, &number, 0, NULL, NULL);
        MW_ASSERT(end == text + yyjson_get_len(value)); /* as it was read before */
        mw_cell cell;
        mw_status status = yyjson_is_real(&number)
                               ? mw_cell_parse(MW_TYPE_NUMBER, mw_str_of(text), NULL, NULL, &cell,
                                               NULL)
                               : MW_OK;
        if (status == MW_OK) *value = number;
    }
}

mw_status mw_sent_parse(mw_str text, yyjson_alc memory, yyjson_doc **out_doc, mw_error *err) {
    yyjson_doc *doc = NULL;
    MW_TRY(read_json(text, 0, &memory, &doc, err));
    if (has_long_number(doc)) {
        yyjson_doc_free(doc);
        MW_TRY(read_json(text, YYJSON_READ_NUMBER_AS_RAW, &memory, &doc, err));
        read_numbers(doc);
    }
    *out_doc = doc;
    return MW_OK;
}

/* What is on the desk ends with it. */
static void end_document(mw_sent_rows *rows) {
    if (!rows->is_on_desk) yyjson_doc_free(rows->doc);
    rows->doc = NULL;
    rows->is_on_desk = false;
}

/* On the desk if it is sure to fit. */
static mw_status parse(mw_sent_rows *rows, mw_str text, mw_error *err) {
    yyjson_alc memory = mw_sent_json_memory();
    end_document(rows);
    bool fits = yyjson_read_max_memory_usage(text.size, 0) <= MW_SENT_DESK_SIZE;
    if (fits) yyjson_alc_pool_init(&memory, rows->desk->bytes, MW_SENT_DESK_SIZE);
    MW_TRY(mw_sent_parse(text, memory, &rows->doc, err));
    rows->is_on_desk = fits;
    return MW_OK;
}

static mw_status read_body(mw_sent_rows *rows, mw_error *err) {
    MW_TRY(parse(rows, rows->body, err));
    rows->root = yyjson_doc_get_root(rows->doc);
    yyjson_val *events = yyjson_obj_get(rows->root, "events");
    yyjson_val *list = yyjson_is_arr(events) ? events : rows->root;
    rows->is_single = !yyjson_is_arr(list);
    if (!rows->is_single) rows->items = yyjson_arr_iter_with(list);
    return MW_OK;
}

/* --- forms -------------------------------------------------------------------------------- */

mw_status mw_sent_rows_begin(mw_sent_rows *rows, const mw_http_request *request, mw_error *err) {
    MW_TRY(check_type(rows, request, err));
    rows->body = request->body;
    rows->has_more = request->has_more;
    if (mw_sent_is_lines(request)) {
        rows->form = MW_SENT_AS_LINES;
        return MW_OK;
    }
    rows->form = mw_sent_is_arrow(request) && rows->source ? MW_SENT_AS_ARROW : MW_SENT_AS_JSON;
    if (rows->form == MW_SENT_AS_JSON) return read_body(rows, err);
    if (!rows->has_more) MW_TRY(mw_sent_arrow_check(rows->body, rows->source, err));
    return mw_sent_arrow_begin(rows->source, &rows->arrow, err);
}

void mw_sent_rows_pass_over(mw_sent_rows *rows, const mw_http_request *request) {
    rows->form = MW_SENT_AS_JSON;
    rows->body = request->body;
    rows->is_on_desk = true; /* as a document would be that is to be read again */
}

/* The next line that is not empty; the last one of all need not be ended. */
static bool next_line(mw_sent_rows *rows, mw_str *out_line) {
    while (rows->at < rows->body.size) {
        mw_str rest = mw_str_slice(rows->body, rows->at, rows->body.size);
        const char *end = memchr(rest.data, '\n', rest.size);
        if (!end && rows->has_more) return false;
        size_t size = end ? (size_t)(end - rest.data) : rest.size;
        rows->row_at = rows->at;
        rows->at += size + (end != NULL);
        *out_line = mw_str_trim(mw_str_slice(rest, 0, size));
        if (out_line->size > 0) return true;
    }
    return false;
}

static mw_status next_of_lines(mw_sent_rows *rows, mw_sent_row *out_row, mw_sent_step *out_step,
                               mw_error *err) {
    mw_str line;
    if (!next_line(rows, &line)) {
        *out_step = rows->has_more ? MW_SENT_MORE : MW_SENT_END;
        return MW_OK;
    }
    rows->number++;
    MW_TRY(parse(rows, line, err));
    *out_row = mw_sent_json(yyjson_doc_get_root(rows->doc));
    *out_step = MW_SENT_ROW;
    return MW_OK;
}

static mw_status next_of_arrow(mw_sent_rows *rows, mw_sent_row *out_row, mw_sent_step *out_step,
                               mw_error *err) {
    mw_str rest = mw_str_slice(rows->body, rows->at, rows->body.size);
    *out_step = MW_SENT_ROW;
    if (rows->is_ahead)
        *out_step = mw_sent_arrow_next_at_hand(&rows->arrow) ? MW_SENT_ROW : MW_SENT_END;
    else if (!rows->is_again)
        MW_TRY(mw_sent_arrow_next(&rows->arrow, &rest, rows->has_more, out_step, err));
    rows->is_again = false;
    rows->at = rows->body.size - rest.size;
    rows->number += *out_step == MW_SENT_ROW;
    *out_row = (mw_sent_row){.arrow = &rows->arrow};
    return MW_OK;
}

static mw_status next_of_json(mw_sent_rows *rows, mw_sent_row *out_row, mw_sent_step *out_step) {
    if (rows->is_again) rows->is_again = false;
    else if (rows->is_single) rows->item = rows->number == 0 ? rows->root : NULL;
    else rows->item = yyjson_arr_iter_next(&rows->items);
    *out_step = rows->item ? MW_SENT_ROW : MW_SENT_END;
    rows->number += rows->item != NULL;
    *out_row = mw_sent_json(rows->item);
    return MW_OK;
}

mw_status mw_sent_rows_next(mw_sent_rows *rows, mw_sent_row *out_row, mw_sent_step *out_step,
                            mw_error *err) {
    switch (rows->form) {
    case MW_SENT_AS_LINES: return next_of_lines(rows, out_row, out_step, err);
    case MW_SENT_AS_ARROW: return next_of_arrow(rows, out_row, out_step, err);
    case MW_SENT_AS_JSON: break;
    }
    return next_of_json(rows, out_row, out_step);
}

bool mw_sent_rows_fail_alone(const mw_sent_rows *rows) {
    return rows->form == MW_SENT_AS_LINES;
}

void mw_sent_rows_again(mw_sent_rows *rows) {
    MW_ASSERT(rows->number > 0);
    rows->number--;
    if (rows->form == MW_SENT_AS_LINES) rows->at = rows->row_at;
    else rows->is_again = true;
}

/* --- ahead, and later --------------------------------------------------------------------- */

mw_sent_rows mw_sent_rows_ahead(mw_sent_rows *rows) {
    if (rows->form == MW_SENT_AS_LINES) end_document(rows); /* its place on the desk is needed */
    mw_sent_rows ahead = *rows;
    ahead.is_ahead = true;
    return ahead;
}

void mw_sent_rows_leave_ahead(mw_sent_rows *ahead) {
    if (ahead->form == MW_SENT_AS_LINES) end_document(ahead);
}

size_t mw_sent_rows_keep(mw_sent_rows *rows, bool as_it_is) {
    bool is_needed = rows->form == MW_SENT_AS_JSON && rows->is_on_desk; /* to be read again */
    if (is_needed || rows->form == MW_SENT_AS_LINES) end_document(rows);
    rows->desk = NULL;
    if (is_needed || as_it_is) return 0;
    if (rows->form == MW_SENT_AS_JSON) return rows->body.size;
    size_t taken = rows->at;
    rows->at = 0;
    return taken;
}

mw_status mw_sent_rows_go_on(mw_sent_rows *rows, const mw_http_request *request, mw_error *err) {
    rows->body = request->body;
    rows->has_more = request->has_more;
    if (rows->form != MW_SENT_AS_JSON || rows->doc) return MW_OK;
    MW_TRY(read_body(rows, err));
    for (size_t i = 0; i < rows->number + rows->is_again && !rows->is_single; i++)
        rows->item = yyjson_arr_iter_next(&rows->items);
    if (rows->is_single) rows->item = rows->root;
    return MW_OK;
}

void mw_sent_rows_end(mw_sent_rows *rows) {
    end_document(rows);
    mw_sent_arrow_end(&rows->arrow);
}
