#include "serve/response.h"

#include "base/calendar.h"

#include <stdio.h>

void mw_response_init(mw_response *response) {
    *response = (mw_response){
        .code = 200, .content_type = MW_MEDIA_JSON, .model = MW_RESPONSE_OF_NO_MODEL};
    mw_buf_init(&response->headers, MW_RESPONSE_HEADERS_SIZE_MAX);
    mw_buf_init(&response->body, MW_RESPONSE_BODY_SIZE_MAX);
}

void mw_response_clear(mw_response *response) {
    response->code = 200;
    response->goes_on = false;
    response->content_type = MW_MEDIA_JSON;
    response->model = MW_RESPONSE_OF_NO_MODEL;
    mw_buf_clear(&response->headers);
    if (response->body.capacity > MW_RESPONSE_BODY_SIZE_KEPT) mw_buf_release(&response->body);
    else mw_buf_clear(&response->body);
}

void mw_response_header(mw_response *response, const char *name, mw_str value) {
    mw_buf *headers = &response->headers;
    mw_buf_append_text(headers, name);
    mw_buf_append_text(headers, ": ");
    for (size_t i = 0; i < value.size; i++) {
        bool control = (unsigned char)value.data[i] < ' ' || value.data[i] == 0x7f;
        mw_buf_append_char(headers, control ? ' ' : value.data[i]);
    }
    mw_buf_append_text(headers, "\r\n");
}

bool mw_response_header_next(mw_str *lines, mw_str *out_name, mw_str *out_value) {
    mw_str line;
    if (lines->size == 0 || !mw_str_split(lines, '\n', &line)) return false;
    bool named = mw_str_split(&line, ':', out_name);
    MW_ASSERT(named);
    *out_value = mw_str_trim(line);
    return true;
}

void mw_response_problem(mw_response *response, mw_status status, const mw_error *err) {
    int model = response->model;
    mw_response_clear(response);
    response->model = model;
    response->code = mw_status_http(status);
    response->content_type = MW_MEDIA_PROBLEM;
    mw_json json = mw_json_begin(&response->body);
    mw_json_object(&json);
    mw_json_key(&json, "type");
    char type[64];
    snprintf(type, sizeof type, "/problems/%s", mw_status_problem_type(status));
    mw_json_text(&json, type);
    mw_json_put_text(&json, "title", mw_status_text(status));
    mw_json_put_int(&json, "status", response->code);
    if (err && err->message[0]) {
        mw_json_put_text(&json, "detail", err->message);
    }
    if (err && err->hint[0]) {
        mw_json_put_text(&json, "hint", err->hint);
    }
    mw_json_object_end(&json);
    mw_buf_append_char(&response->body, '\n');
    if (status == MW_BUSY) mw_response_header(response, "Retry-After", MW_STR("1"));
}

void mw_http_date(int64_t now_us, char out_date[MW_HTTP_DATE_SIZE]) {
    static const char days[][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    mw_civil civil = mw_civil_of(now_us);
    MW_ASSERT(civil.year >= 0 && civil.year <= 9999);
    int size = snprintf(out_date, MW_HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
                        days[civil.weekday - 1], (unsigned)civil.day % 100,
                        months[civil.month - 1], (unsigned)civil.year % 10000,
                        (unsigned)civil.hour % 100, (unsigned)civil.minute % 100,
                        (unsigned)civil.second % 100);
    MW_ASSERT(size == MW_HTTP_DATE_SIZE - 1);
}

/* An answer that could not be made must not go out by half. */
void mw_response_settle(mw_response *response) {
    mw_error err;
    mw_status status = mw_buf_check(&response->headers, "headers of the answer", &err);
    if (status == MW_OK) status = mw_buf_check(&response->body, "body of the answer", &err);
    if (status == MW_TOO_LARGE) /* the request did nothing wrong: it is no 413 */
        status = mw_fail(&err, MW_UNAVAILABLE, "answer: must be at most %d bytes, got more",
                         MW_RESPONSE_BODY_SIZE_MAX);
    if (status != MW_OK) mw_response_problem(response, status, &err);
}

bool mw_response_has_content(const mw_response *response) {
    return response->code != 204 && response->code != 304;
}

bool mw_response_is_problem(const mw_response *response) { return response->code >= 400; }

/* The name is for people who watch the wire; programs read the code. */
static const char *code_name(int code) {
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
        {207, "Multi-Status"}, {304, "Not Modified"}, {400, "Bad Request"},
        {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
        {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {408, "Request Timeout"},
        {409, "Conflict"}, {413, "Content Too Large"}, {414, "URI Too Long"},
        {415, "Unsupported Media Type"}, {422, "Unprocessable Content"},
        {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"}, {501, "Not Implemented"},
        {503, "Service Unavailable"}, {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code) return names[i].name;
    return "";
}

static void write_head(const mw_response *response, mw_response_frame frame, mw_buf *out) {
    bool has_content = mw_response_has_content(response);
    mw_buf_append_text(out, "HTTP/1.1 ");
    mw_buf_append_int(out, response->code);
    mw_buf_append_char(out, ' ');
    mw_buf_append_text(out, code_name(response->code));
    mw_buf_append_text(out, "\r\nDate: ");
    mw_buf_append_text(out, frame.date);
    if (has_content) {
        mw_buf_append_text(out, "\r\nContent-Type: ");
        mw_buf_append_text(out, response->content_type);
    }
    if (has_content && !frame.goes_on) {
        mw_buf_append_text(out, "\r\nContent-Length: ");
        mw_buf_append_int(out, (int64_t)response->body.size);
    }
    if (frame.goes_on && frame.has_chunks)
        mw_buf_append_text(out, "\r\nTransfer-Encoding: chunked");
    mw_buf_append_text(out, "\r\n");
    mw_buf_append_str(out, mw_buf_str(&response->headers));
    if (!frame.keep_alive) mw_buf_append_text(out, "Connection: close\r\n");
    mw_buf_append_text(out, "\r\n");
}

static void write_chunk(mw_str bytes, mw_buf *out) {
    if (bytes.size == 0) return; /* it would say that there are no more */
    mw_buf_printf(out, "%zx\r\n", bytes.size);
    mw_buf_append_str(out, bytes);
    mw_buf_append_text(out, "\r\n");
}

void mw_response_write(mw_response *response, mw_response_frame frame, mw_buf *out) {
    mw_response_settle(response);
    bool is_whole = !frame.has_begun && !frame.goes_on;
    bool is_cut = frame.has_begun && mw_response_is_problem(response);
    if (!frame.has_begun) write_head(response, frame, out);
    if (frame.without_body || !mw_response_has_content(response)) return;
    if (is_whole || !frame.has_chunks) {
        mw_buf_append_str(out, mw_buf_str(&response->body));
        return;
    }
    write_chunk(mw_buf_str(&response->body), out);
    if (!frame.goes_on && !is_cut) mw_buf_append_text(out, "0\r\n\r\n");
}

void mw_response_release(mw_response *response) {
    mw_buf_release(&response->headers);
    mw_buf_release(&response->body);
}
