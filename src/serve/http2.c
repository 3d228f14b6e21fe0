#include "serve/http2.h"

#include <assert.h>
#include <nghttp2/nghttp2.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    METHOD_SIZE_MAX = 15,
    FIELDS_MAX = 32,           /* headers of an answer; handlers add a few */
    STREAMS_KEPT = 8,          /* closed ones, for the next */
    HEADER_OVERHEAD = 32,      /* of each header in the size of a list, RFC 9113 section 6.5.2 */
    CONNECTION_WINDOW_SIZE = 4 * MW_HTTP2_WINDOW_SIZE,
    FRAMES_WAITING_MAX = 2000, /* to leave: far more than the answers of all streams */
};

typedef enum {
    WITHIN_HEAD,
    WITHIN_BODY,
    READY,    /* complete, or wrong: in the queue of those to be answered */
    TAKEN,    /* by whoever answers it */
    ANSWERED, /* to its end */
} stage;

/* How far the answer has come. */
typedef enum {
    UNMADE,
    KEPT,    /* not committed */
    LEAVING, /* nghttp2 sends it, up to what is committed */
} progress;

typedef struct stream stream;
struct stream {
    stream *next, *previous; /* of the open ones, or, by next, of those kept */
    stream *next_ready;
    int32_t id;
    stage stage;
    int64_t begun_us;
    char method[METHOD_SIZE_MAX + 1]; /* a longer one is cut: it is none that is served */
    size_t head_size;
    mw_http_parts parts;
    bool has_ended;    /* no more of its body comes */
    size_t unseen;     /* bytes of a body in pieces, for which no window is opened yet */
    mw_status refusal; /* MW_OK: nothing is wrong */
    mw_error reason;

    progress progress;
    int code;
    const char *content_type; /* NULL: it has no content */
    size_t content_length;
    char date[MW_HTTP_DATE_SIZE];
    mw_buf fields; /* lines, names in lower case */
    mw_buf body;
    size_t pulled;    /* bytes of the body */
    size_t committed; /* likewise */
    bool goes_on;     /* what is committed is not all of it */
    bool is_cut;      /* it will never be whole */
    struct {
        bool goes_on, is_cut;
    } kept; /* what these will be once all is committed */
};

/* Before each piece of nghttp2's memory. */
typedef struct block block;
struct block {
    block *next, *previous;
};
static_assert(sizeof(block) % alignof(max_align_t) == 0, "what follows a block must be aligned");

struct mw_http2 {
    nghttp2_session *session;
    block *blocks;
    bool is_starved;      /* nghttp2 has found no memory */
    mw_http_rules rules;
    int64_t now_us;       /* of the bytes being fed */
    stream *first;        /* of the open ones, newest first */
    size_t stream_count;
    stream *ready, **ready_end;
    stream *kept;
    size_t kept_count;
    size_t gathered_size; /* bytes of the bodies of streams that are not answered */
    size_t unsent_size;
};

/* --- memory ------------------------------------------------------------------------------- */

/* nghttp2's memory is kept in a list, since nghttp2 1.52 may hold what it has freed once it finds
   no memory for the data of an answer: from then on nothing is freed and the connection is at its
   end, which frees the list. */

static void link_block(mw_http2 *http, block *b) {
    b->previous = NULL;
    b->next = http->blocks;
    if (b->next) b->next->previous = b;
    http->blocks = b;
}

static void unlink_block(mw_http2 *http, const block *b) {
    if (b->previous) b->previous->next = b->next;
    else http->blocks = b->next;
    if (b->next) b->next->previous = b->previous;
}

static void *allocate(size_t size, void *context) {
    mw_http2 *http = context;
    block *b = mw_allocate(sizeof *b + size);
    if (!b) {
        http->is_starved = true;
        return NULL;
    }
    link_block(http, b);
    return b + 1;
}

static void *allocate_many(size_t count, size_t size, void *context) {
    return allocate(count * size, context); /* of its own structs */
}

static void give_back(void *memory, void *context) {
    mw_http2 *http = context;
    if (!memory || http->is_starved) return;
    block *b = (block *)memory - 1;
    unlink_block(http, b);
    mw_free(b);
}

static void *resize(void *memory, size_t size, void *context) {
    mw_http2 *http = context;
    if (!memory) return allocate(size, context);
    block *b = (block *)memory - 1;
    unlink_block(http, b);
    block *moved = mw_resize(b, sizeof *b + size);
    if (!moved) http->is_starved = true;
    link_block(http, moved ? moved : b);
    return moved ? moved + 1 : NULL;
}

static void free_blocks(mw_http2 *http) {
    for (block *b = http->blocks, *next; b; b = next) {
        next = b->next;
        mw_free(b);
    }
}

/* --- streams ------------------------------------------------------------------------------ */

static stream *stream_of(mw_http2 *http, int32_t id) {
    return nghttp2_session_get_stream_user_data(http->session, id);
}

static stream *stream_create(mw_http_rules rules) {
    stream *s = mw_allocate(sizeof *s);
    if (!s) return NULL;
    mw_http_parts_init(&s->parts, rules);
    mw_buf_init(&s->fields, MW_RESPONSE_HEADERS_SIZE_MAX);
    mw_buf_init(&s->body, MW_RESPONSE_BODY_SIZE_MAX);
    return s;
}

static void stream_destroy(stream *s) {
    mw_http_parts_release(&s->parts);
    mw_buf_release(&s->fields);
    mw_buf_release(&s->body);
    mw_free(s);
}

static stream *stream_open(mw_http2 *http, int32_t id) {
    stream *s = http->kept;
    if (s) http->kept = s->next, http->kept_count--;
    else if (!(s = stream_create(http->rules))) return NULL;
    s->id = id;
    s->stage = WITHIN_HEAD;
    s->begun_us = http->now_us;
    s->method[0] = '\0';
    s->head_size = s->unseen = 0;
    s->has_ended = false;
    s->progress = UNMADE;
    s->pulled = s->committed = 0;
    s->refusal = MW_OK;
    s->previous = NULL;
    s->next = http->first;
    if (s->next) s->next->previous = s;
    http->first = s;
    http->stream_count++;
    return s;
}

/* The client may send as many bytes of the body more as have been seen. */
static void open_window(mw_http2 *http, stream *s) {
    if (s->unseen > 0) (void)nghttp2_session_consume(http->session, s->id, s->unseen);
    s->unseen = 0;
}

static void request_clear(mw_http2 *http, stream *s) {
    open_window(http, s);
    http->gathered_size -= s->parts.body.size;
    mw_http_parts_clear(&s->parts);
}

/* Keeps memory for usual answers only. */
static void answer_clear(mw_http2 *http, stream *s) {
    http->unsent_size -= s->body.size - s->pulled;
    s->pulled = s->committed = 0;
    if (s->body.capacity > MW_HTTP_BODY_SIZE_KEPT) mw_buf_release(&s->body);
    else mw_buf_clear(&s->body);
}

static void queue_remove(mw_http2 *http, stream *s) {
    stream **at = &http->ready;
    while (*at != s) at = &(*at)->next_ready;
    *at = s->next_ready;
    if (!*at) http->ready_end = at;
}

static void stream_close(mw_http2 *http, stream *s) {
    if (s->stage == READY) queue_remove(http, s);
    request_clear(http, s);
    answer_clear(http, s);
    if (s->previous) s->previous->next = s->next;
    else http->first = s->next;
    if (s->next) s->next->previous = s->previous;
    http->stream_count--;
    if (http->kept_count == STREAMS_KEPT) {
        stream_destroy(s);
        return;
    }
    s->next = http->kept;
    http->kept = s;
    http->kept_count++;
}

static void make_ready(mw_http2 *http, stream *s) {
    s->stage = READY;
    s->next_ready = NULL;
    *http->ready_end = s;
    http->ready_end = &s->next_ready;
}

/* What comes of the request from now on is dropped; `s->reason` is filled. Who is at a piece of it
   hears of that when he wants more. */
static void refuse(mw_http2 *http, stream *s, mw_status status) {
    s->refusal = status;
    if (s->stage < READY) make_ready(http, s);
}

/* --- requests ----------------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    mw_http2 *http = context;
    bool is_request = frame->hd.type == NGHTTP2_HEADERS &&
                      frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    if (!is_request) return 0; /* trailers */
    stream *s = stream_open(http, frame->hd.stream_id);
    if (!s) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return nghttp2_session_set_stream_user_data(session, s->id, s);
}

static mw_status read_header(stream *s, mw_str name, mw_str value, mw_error *err) {
    s->head_size += name.size + value.size + HEADER_OVERHEAD;
    if (s->head_size > MW_HTTP_HEAD_SIZE_MAX)
        return mw_fail(err, MW_HEAD_TOO_LARGE, "headers: must be at most %d bytes, got more",
                       MW_HTTP_HEAD_SIZE_MAX);
    if (mw_str_is(name, ":path")) return mw_http_parts_target(&s->parts, value, err);
    if (mw_str_is(name, ":method")) {
        value = mw_str_slice(value, 0, METHOD_SIZE_MAX);
        memcpy(s->method, value.data, value.size);
        s->method[value.size] = '\0';
    }
    if (mw_str_starts(name, MW_STR(":"))) return MW_OK;
    MW_TRY(mw_http_parts_name(&s->parts, name, err));
    return mw_http_parts_value(&s->parts, value, err);
}

static mw_str text_of(nghttp2_rcbuf *text) {
    nghttp2_vec bytes = nghttp2_rcbuf_get_buf(text);
    return (mw_str){(const char *)bytes.base, bytes.len};
}

/* Trailers may not pass for headers: they are dropped. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags,
                     void *context) { /* tidy: nghttp2's type */
    (void)session;
    (void)flags;
    stream *s = stream_of(context, frame->hd.stream_id);
    if (!s || s->stage != WITHIN_HEAD || s->refusal != MW_OK) return 0;
    s->refusal = read_header(s, text_of(name), text_of(value), &s->reason);
    return 0;
}

static mw_status read_head(mw_http2 *http, stream *s) {
    if (s->refusal != MW_OK) return s->refusal;
    MW_TRY(mw_http_parts_head(&s->parts, mw_str_of(s->method), &s->reason));
    if (!mw_http_same_word(s->parts.request.headers[MW_HEADER_EXPECT], "100-continue"))
        return MW_OK;
    nghttp2_nv status = {.name = (uint8_t *)":status", .namelen = 7,
                         .value = (uint8_t *)"100", .valuelen = 3};
    int result = nghttp2_submit_headers(http->session, NGHTTP2_FLAG_NONE, s->id, NULL, &status, 1,
                                        NULL);
    return result == 0 ? MW_OK : mw_fail(&s->reason, MW_NO_MEMORY, "request: no memory is left");
}

static void end_head(mw_http2 *http, stream *s) {
    s->stage = WITHIN_BODY;
    mw_status status = read_head(http, s);
    if (status != MW_OK) refuse(http, s, status);
}

static void end_request(mw_http2 *http, stream *s) {
    s->has_ended = true;
    if (s->stage == WITHIN_BODY) make_ready(http, s);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    (void)session;
    bool is_headers = frame->hd.type == NGHTTP2_HEADERS, is_data = frame->hd.type == NGHTTP2_DATA;
    if (!is_headers && !is_data) return 0;
    stream *s = stream_of(context, frame->hd.stream_id);
    if (s && s->stage == WITHIN_HEAD) end_head(context, s);
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (s && ends) end_request(context, s);
    return 0;
}

static mw_status read_body(mw_http2 *http, stream *s, mw_str bytes, mw_error *err) {
    size_t all_max = MW_HTTP2_BODIES_MAX * s->parts.rules.body_size_max;
    if (http->gathered_size + bytes.size > all_max)
        return mw_fail(err, MW_BUSY, "bodies: those of one connection must be at most %zu bytes "
                       "at once, got more", all_max);
    MW_TRY(mw_http_parts_body(&s->parts, bytes, err));
    http->gathered_size += bytes.size;
    return MW_OK;
}

static int take_in_piece(mw_http2 *http, stream *s, size_t size) {
    s->unseen += size;
    if (s->stage != WITHIN_BODY) return 0; /* somebody is at what came before */
    if (mw_http_parts_have_piece(&s->parts)) make_ready(http, s);
    else open_window(http, s);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t size, void *context) { /* tidy: nghttp2's type */
    (void)flags;
    mw_http2 *http = context;
    stream *s = stream_of(http, id);
    if (s && s->stage < ANSWERED && s->refusal == MW_OK) {
        mw_status status = read_body(http, s, (mw_str){(const char *)bytes, size}, &s->reason);
        if (status != MW_OK) refuse(http, s, status);
        else if (s->parts.kind == MW_HTTP_IN_PIECES) return take_in_piece(http, s, size);
    }
    return nghttp2_session_consume(session, id, size);
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error_code,
                           void *context) {
    (void)session;
    (void)error_code;
    stream *s = stream_of(context, id);
    if (s) stream_close(context, s);
    return 0;
}

/* Who still sends a request that has its answer is told to stop. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    (void)context;
    bool is_last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    bool is_answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!is_last || !is_answer) return 0;
    if (nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) != 0) return 0;
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                     NGHTTP2_NO_ERROR);
}

static const mw_http_request *show(stream *s) {
    s->parts.request.keep_alive = true;
    return mw_http_parts_show(&s->parts, !s->has_ended);
}

bool mw_http2_next(mw_http2 *http, mw_http2_call *out_call) {
    stream *s = http->ready;
    if (!s) return false;
    queue_remove(http, s);
    s->stage = TAKEN;
    *out_call = (mw_http2_call){.stream = s->id, .status = s->refusal, .err = &s->reason,
                                .request = s->refusal == MW_OK ? show(s) : NULL};
    return true;
}

const mw_http_request *mw_http2_taken(mw_http2 *http, int32_t id) {
    stream *s = stream_of(http, id);
    return s && s->stage == TAKEN ? show(s) : NULL;
}

bool mw_http2_has(mw_http2 *http, int32_t id) { return stream_of(http, id) != NULL; }

void mw_http2_leave(mw_http2 *http, int32_t id, size_t taken, bool wants_more, int64_t now_us) {
    stream *s = stream_of(http, id);
    if (!s) return;
    mw_http_parts_take(&s->parts, taken);
    http->gathered_size -= taken;
    if (!wants_more) return;
    s->begun_us = now_us; /* the time for the next piece begins */
    s->stage = WITHIN_BODY;
    open_window(http, s);
    if (s->has_ended || mw_http_parts_have_piece(&s->parts)) make_ready(http, s);
}

/* --- answers ------------------------------------------------------------------------------ */

static void copy_fields(stream *s, mw_str lines) {
    mw_str name, value;
    mw_buf_clear(&s->fields);
    while (mw_response_header_next(&lines, &name, &value)) {
        for (size_t i = 0; i < name.size; i++) {
            bool upper = name.data[i] >= 'A' && name.data[i] <= 'Z';
            mw_buf_append_char(&s->fields, upper ? (char)(name.data[i] + ('a' - 'A'))
                                                 : name.data[i]);
        }
        mw_buf_append_text(&s->fields, ": ");
        mw_buf_append_str(&s->fields, value);
        mw_buf_append_text(&s->fields, "\r\n");
    }
}

static void keep_head(stream *s, const mw_response *response, mw_response_frame frame) {
    bool has_content = mw_response_has_content(response);
    s->progress = KEPT;
    s->code = response->code;
    s->content_type = has_content ? response->content_type : NULL;
    s->content_length = response->body.size;
    memcpy(s->date, frame.date, sizeof s->date);
    copy_fields(s, mw_buf_str(&response->headers));
}

/* What was pulled is needed no more, and what is not committed gives way to what comes now. */
static void trim_body(mw_http2 *http, stream *s) {
    http->unsent_size -= s->body.size - s->committed;
    s->body.size = s->committed;
    mw_buf_drop(&s->body, s->pulled);
    s->committed -= s->pulled;
    s->pulled = 0;
}

size_t mw_http2_answer(mw_http2 *http, int32_t id, mw_response *response,
                       mw_response_frame frame) {
    stream *s = stream_of(http, id);
    if (!s) return 0;
    mw_response_settle(response);
    bool has_body = mw_response_has_content(response) && !frame.without_body;
    trim_body(http, s);
    if (!frame.has_begun) keep_head(s, response, frame);
    if (!frame.goes_on) {
        if (s->stage == READY) queue_remove(http, s); /* nobody waits for more of it */
        request_clear(http, s);
        s->stage = ANSWERED;
    }
    s->kept.goes_on = frame.goes_on;
    s->kept.is_cut = frame.has_begun && mw_response_is_problem(response);
    size_t size = s->body.size;
    if (has_body) mw_buf_append_str(&s->body, mw_buf_str(&response->body));
    http->unsent_size += s->body.size - size;
    return s->body.size - size + (frame.has_begun ? 0 : s->fields.size);
}

static ssize_t read_answer(nghttp2_session *session, int32_t id, uint8_t *out, size_t size_max,
                           uint32_t *out_flags, nghttp2_data_source *source,
                           void *context) { /* tidy: nghttp2's type */
    (void)session;
    (void)id;
    mw_http2 *http = context;
    stream *s = source->ptr;
    mw_str rest = mw_str_slice(mw_buf_str(&s->body), s->pulled, s->committed);
    if (rest.size == 0 && s->goes_on) return NGHTTP2_ERR_DEFERRED;
    if (rest.size == 0 && s->is_cut) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* a reset */
    mw_str piece = mw_str_slice(rest, 0, size_max);
    memcpy(out, piece.data, piece.size);
    s->pulled += piece.size;
    http->unsent_size -= piece.size;
    if (piece.size == rest.size && !s->goes_on && !s->is_cut) *out_flags = NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)piece.size;
}

typedef struct {
    nghttp2_nv items[FIELDS_MAX];
    size_t count;
} fields;

static void add_field(fields *all, mw_str name, mw_str value) {
    MW_ASSERT(all->count < FIELDS_MAX);
    all->items[all->count++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.data, .namelen = name.size,
        .value = (uint8_t *)(uintptr_t)value.data, .valuelen = value.size};
}

/* Half an answer must not leave: a stream that has none is reset. */
static void submit(mw_http2 *http, stream *s) {
    char code[8], length[24];
    mw_str lines = mw_buf_str(&s->fields), name, value;
    fields all = {.count = 0};
    snprintf(code, sizeof code, "%d", s->code);
    snprintf(length, sizeof length, "%zu", s->content_length);
    add_field(&all, MW_STR(":status"), mw_str_of(code));
    add_field(&all, MW_STR("date"), mw_str_of(s->date));
    if (s->content_type) add_field(&all, MW_STR("content-type"), mw_str_of(s->content_type));
    if (s->content_type && !s->goes_on)
        add_field(&all, MW_STR("content-length"), mw_str_of(length));
    while (mw_response_header_next(&lines, &name, &value)) add_field(&all, name, value);

    bool whole = !s->fields.failed && !s->body.failed;
    nghttp2_data_provider body = {.source = {.ptr = s}, .read_callback = read_answer};
    if (whole && nghttp2_submit_response(http->session, s->id, all.items, all.count,
                                         s->body.size > 0 || s->goes_on ? &body : NULL) == 0)
        return;
    (void)nghttp2_submit_rst_stream(http->session, NGHTTP2_FLAG_NONE, s->id,
                                    NGHTTP2_INTERNAL_ERROR); /* if not, the deadline ends it */
}

static void commit(mw_http2 *http, stream *s) {
    bool is_new = s->progress == KEPT, has_ended = s->goes_on && !s->kept.goes_on;
    if (!is_new && !has_ended && s->committed == s->body.size) return;
    s->committed = s->body.size;
    s->goes_on = s->kept.goes_on;
    s->is_cut = s->kept.is_cut || s->body.failed;
    s->progress = LEAVING;
    if (is_new) submit(http, s);
    else (void)nghttp2_session_resume_data(http->session, s->id); /* if it had run out of them */
}

void mw_http2_commit(mw_http2 *http) {
    for (stream *s = http->first; s; s = s->next) {
        if (s->progress != UNMADE) commit(http, s);
        /* Refused while somebody was at it, who has only now left it. */
        if (s->stage == WITHIN_BODY && s->refusal != MW_OK) make_ready(http, s);
    }
}

size_t mw_http2_unsent(const mw_http2 *http) { return http->unsent_size; }

mw_status mw_http2_pull(mw_http2 *http, mw_buf *out, size_t size_max, mw_error *err) {
    while (out->size < size_max) {
        const uint8_t *bytes;
        ssize_t size = http->is_starved ? -1 : nghttp2_session_mem_send(http->session, &bytes);
        if (size < 0)
            return mw_fail(err, MW_NO_MEMORY, "connection: no memory is left");
        if (size == 0) break;
        mw_buf_append(out, bytes, (size_t)size);
    }
    return mw_buf_check(out, "output", err);
}

/* --- the connection ----------------------------------------------------------------------- */

static int set_up(mw_http2 *http, nghttp2_session_callbacks *callbacks, nghttp2_option *option) {
    nghttp2_mem memory = {.mem_user_data = http, .malloc = allocate, .calloc = allocate_many,
                          .realloc = resize, .free = give_back};
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MW_HTTP2_STREAMS_MAX},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, MW_HTTP2_WINDOW_SIZE},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MW_HTTP_HEAD_SIZE_MAX},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_option_set_no_recv_client_magic(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_no_auto_window_update(option, 1);
    int result = nghttp2_session_server_new3(&http->session, callbacks, http, option, &memory);
    if (result == 0)
        result = nghttp2_submit_settings(http->session, NGHTTP2_FLAG_NONE, settings,
                                         sizeof settings / sizeof *settings);
    if (result == 0)
        result = nghttp2_session_set_local_window_size(http->session, NGHTTP2_FLAG_NONE, 0,
                                                       CONNECTION_WINDOW_SIZE);
    return result;
}

mw_status mw_http2_create(mw_http_rules rules, mw_http2 **out_http, mw_error *err) {
    int result = NGHTTP2_ERR_NOMEM;
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    mw_http2 *http = mw_allocate(sizeof *http);
    if (http && nghttp2_session_callbacks_new(&callbacks) == 0 &&
        nghttp2_option_new(&option) == 0) {
        http->rules = rules;
        http->ready_end = &http->ready;
        result = set_up(http, callbacks, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    if (result != 0) {
        mw_http2_destroy(http);
        return mw_fail(err, MW_NO_MEMORY, "connection: no memory is left");
    }
    *out_http = http;
    return MW_OK;
}

/* Who takes none of our frames is given no more of them: nghttp2 counts those that acknowledge
   alone, but each stream that it refuses makes one too. */
static bool is_stuck(const mw_http2 *http) {
    return nghttp2_session_get_outbound_queue_size(http->session) > FRAMES_WAITING_MAX;
}

mw_status mw_http2_feed(mw_http2 *http, mw_str bytes, int64_t now_us, mw_error *err) {
    http->now_us = now_us;
    if (!http->is_starved && is_stuck(http)) {
        (void)nghttp2_session_terminate_session(http->session, NGHTTP2_ENHANCE_YOUR_CALM);
        return mw_fail(err, MW_MALFORMED,
                       "connection: at most %d frames may wait for their client, got more",
                       FRAMES_WAITING_MAX);
    }
    ssize_t result =
        nghttp2_session_mem_recv(http->session, (const uint8_t *)bytes.data, bytes.size);
    if (result >= 0 && !http->is_starved) return MW_OK;
    if (http->is_starved)
        return mw_fail(err, MW_NO_MEMORY, "connection: no memory is left");
    (void)nghttp2_session_terminate_session(http->session, NGHTTP2_ENHANCE_YOUR_CALM);
    return mw_fail(err, MW_MALFORMED, "connection: must be HTTP/2 to the letter, got: %s",
                   nghttp2_strerror((int)result));
}

size_t mw_http2_refuse_older(mw_http2 *http, int64_t begun_us, mw_status status,
                             const mw_error *err) {
    size_t count = 0;
    for (stream *s = http->first; s; s = s->next) {
        if (s->stage > WITHIN_BODY || s->begun_us >= begun_us) continue;
        s->reason = *err;
        refuse(http, s, status);
        count++;
    }
    return count;
}

size_t mw_http2_stream_count(const mw_http2 *http) { return http->stream_count; }

void mw_http2_end(mw_http2 *http) {
    int32_t last = nghttp2_session_get_last_proc_stream_id(http->session);
    (void)nghttp2_submit_goaway(http->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0);
}

bool mw_http2_has_ended(mw_http2 *http) {
    return !nghttp2_session_want_read(http->session) && !nghttp2_session_want_write(http->session);
}

void mw_http2_destroy(mw_http2 *http) {
    if (!http) return;
    for (stream *s = http->first, *next; s; s = next) {
        next = s->next;
        stream_destroy(s);
    }
    for (stream *s = http->kept, *next; s; s = next) {
        next = s->next;
        stream_destroy(s);
    }
    if (!http->is_starved) nghttp2_session_del(http->session);
    free_blocks(http);
    mw_free(http);
}
