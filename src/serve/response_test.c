#include "serve/response.h"
#include "testing/test.h"

#include "base/calendar.h"

#include <string.h>

static const mw_response_frame kept = {.date = "DATE", .keep_alive = true};

static void check_written(mw_response *response, mw_response_frame frame, const char *expected) {
    mw_buf out;
    mw_buf_init(&out, 1 << 20);
    mw_response_write(response, frame, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
    mw_response_release(response);
}

MW_TEST(response_is_written_whole) {
    mw_response response;
    mw_response_init(&response);
    mw_response_header(&response, "Location", MW_STR("/v1/x"));
    mw_buf_append_text(&response.body, "{}\n");
    check_written(&response, kept,
                  "HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Type: application/json\r\n"
                  "Content-Length: 3\r\nLocation: /v1/x\r\n\r\n{}\n");
}

MW_TEST(response_to_head_tells_the_length_only) {
    mw_response response;
    mw_response_init(&response);
    response.content_type = MW_MEDIA_TEXT;
    mw_buf_append_text(&response.body, "ok\n");
    mw_response_frame frame = {.date = "DATE", .without_body = true};
    check_written(&response, frame,
                  "HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Length: 3\r\nConnection: close\r\n\r\n");
}

MW_TEST(response_without_content_has_no_length) {
    mw_response response;
    mw_response_init(&response);
    response.code = 204;
    check_written(&response, kept, "HTTP/1.1 204 No Content\r\nDate: DATE\r\n\r\n");
}

MW_TEST(response_problem_comes_from_the_status_list) {
    mw_response response;
    mw_error err;
    mw_response_init(&response);
    mw_buf_append_text(&response.body, "half an answ");
    mw_status status = mw_fail(&err, MW_NOT_FOUND, "model: no \"lat\"");
    status = mw_hint(&err, status, "Did you mean late?");
    mw_response_problem(&response, status, &err);
    check_written(&response, kept,
                  "HTTP/1.1 404 Not Found\r\nDate: DATE\r\n"
                  "Content-Type: application/problem+json\r\nContent-Length: 134\r\n\r\n"
                  "{\"type\":\"/problems/not-found\",\"title\":\"there is no such thing\","
                  "\"status\":404,\"detail\":\"model: no \\\"lat\\\"\","
                  "\"hint\":\"Did you mean late?\"}\n");
}

MW_TEST(response_header_cannot_be_split) {
    mw_response response;
    mw_response_init(&response);
    mw_response_header(&response, "X", MW_STR("a\r\nSet-Cookie: b\n\0c"));
    MW_CHECK_EQUAL_STR(mw_buf_str(&response.headers), "X: a  Set-Cookie: b  c\r\n");
    mw_response_release(&response);
}

MW_TEST(response_too_large_goes_out_as_a_problem) {
    mw_response response;
    mw_response_init(&response);
    response.body.size_max = 300;
    for (int i = 0; i < 40; i++) mw_buf_append_text(&response.body, "0123456789");
    mw_buf out;
    mw_buf_init(&out, 1 << 20);
    mw_response_write(&response, kept, &out);
    MW_CHECK(mw_str_starts(mw_buf_str(&out), MW_STR("HTTP/1.1 503 Service Unavailable\r\n")));
    MW_CHECK(strstr(out.data, "answer: must be at most") != NULL);
    mw_buf_release(&out);
    mw_response_release(&response);
}

MW_TEST(response_date_is_that_of_http) {
    char date[MW_HTTP_DATE_SIZE];
    mw_civil civil = {.year = 1994, .month = 11, .day = 6, .hour = 8, .minute = 49, .second = 37};
    mw_http_date(mw_civil_to_us(civil), date);
    MW_CHECK_EQUAL_STR(date, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void write_part(mw_response *response, const char *body, mw_response_frame frame,
                       mw_buf *out) {
    mw_response_clear(response);
    mw_buf_append_text(&response->body, body);
    mw_response_write(response, frame, out);
}

/* Its parts are chunks; the last one ends it, and a problem in its midst does not. */
MW_TEST(response_leaves_in_parts) {
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        mw_response response;
        mw_response_frame frame = {.date = "now", .keep_alive = true, .has_chunks = true};
        mw_buf out;
        mw_buf_init(&out, 1 << 16);
        mw_response_init(&response);
        frame.goes_on = true;
        write_part(&response, "0123456789abcdef", frame, &out);
        frame.has_begun = true;
        write_part(&response, "", frame, &out);
        write_part(&response, "xyz", frame, &out);
        frame.goes_on = false;
        mw_response_clear(&response);
        if (is_cut) mw_response_problem(&response, MW_NO_SPACE, NULL);
        mw_response_write(&response, frame, &out);
        mw_str all = mw_buf_str(&out);
        MW_CHECK(mw_str_starts(all, MW_STR("HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: "
                                           "application/json\r\nTransfer-Encoding: chunked\r\n"
                                           "\r\n10\r\n0123456789abcdef\r\n3\r\nxyz\r\n")));
        MW_CHECK(mw_str_ends(all, MW_STR("xyz\r\n0\r\n\r\n")) == !is_cut);
        MW_CHECK((memmem(all.data, all.size, "\"status\":507", 12) != NULL) == is_cut);
        mw_response_release(&response);
        mw_buf_release(&out);
    }
}

/* Who knows no chunks has the bytes alone. */
MW_TEST(response_leaves_in_parts_without_chunks) {
    mw_response response;
    mw_response_frame frame = {.date = "now", .goes_on = true};
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_response_init(&response);
    write_part(&response, "one", frame, &out);
    frame.has_begun = true;
    frame.goes_on = false;
    write_part(&response, "two", frame, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: "
                                         "application/json\r\nConnection: close\r\n\r\nonetwo");
    mw_response_release(&response);
    mw_buf_release(&out);
}
