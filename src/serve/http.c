#include "serve/http.h"

#include <string.h>

static const char *const method_names[] = {
#define X(name) #name,
    MW_HTTP_METHOD_MAP(X)
#undef X
};

static const char *const header_names[] = {
#define X(name, text) text,
    MW_HTTP_HEADER_MAP(X)
#undef X
};

const char *mw_http_method_name(mw_http_method method) {
    MW_ASSERT((size_t)method < MW_HTTP_METHOD_COUNT);
    return method_names[method];
}

bool mw_http_same_word(mw_str text, const char *lower_word) {
    size_t i = 0;
    for (; i < text.size && lower_word[i]; i++) {
        bool upper = text.data[i] >= 'A' && text.data[i] <= 'Z';
        if ((upper ? text.data[i] + ('a' - 'A') : text.data[i]) != lower_word[i]) return false;
    }
    return i == text.size && lower_word[i] == '\0';
}

void mw_http_parts_init(mw_http_parts *parts, mw_http_rules rules) {
    if (rules.body_size_max == 0) rules.body_size_max = MW_HTTP_BODY_SIZE_MAX;
    if (rules.body_size_max < 2 * MW_HTTP_PIECE_SIZE) rules.takes_pieces = NULL;
    *parts = (mw_http_parts){.header = -1, .rules = rules};
    mw_buf_init(&parts->head, MW_HTTP_HEAD_SIZE_MAX);
    mw_buf_init(&parts->body, rules.body_size_max);
}

static void clear_body(mw_http_parts *parts) {
    if (parts->body.capacity > MW_HTTP_BODY_SIZE_KEPT) mw_buf_release(&parts->body);
    mw_buf_clear(&parts->body);
    parts->kind = MW_HTTP_SHORT;
    parts->piece_end = MW_HTTP_PIECE_SIZE;
    parts->taken = 0;
}

void mw_http_parts_clear(mw_http_parts *parts) {
    clear_body(parts);
    mw_buf_clear(&parts->head);
    memset(parts->headers, 0, sizeof parts->headers);
    parts->target = (mw_http_piece){0};
    parts->header = -1;
    parts->request = (mw_http_request){0};
}

bool mw_http_parts_repeat(mw_http_parts *parts, mw_str body) {
    if (body.size > MW_HTTP_PIECE_SIZE || body.size > parts->rules.body_size_max) return false;
    clear_body(parts);
    mw_buf_append_str(&parts->body, body);
    return !parts->body.failed;
}

static mw_status append_head(mw_http_parts *parts, mw_str text, mw_error *err) {
    mw_buf_append_str(&parts->head, text);
    return mw_buf_check(&parts->head, "head", err);
}

mw_status mw_http_parts_target(mw_http_parts *parts, mw_str text, mw_error *err) {
    if (parts->head.size + text.size > MW_HTTP_TARGET_SIZE_MAX)
        return mw_fail(err, MW_TARGET_TOO_LONG, "target: must be at most %d bytes, got more",
                       MW_HTTP_TARGET_SIZE_MAX);
    MW_TRY(append_head(parts, text, err));
    parts->target = (mw_http_piece){0, parts->head.size, true};
    return MW_OK;
}

static int header_find(mw_str name) {
    for (int i = 0; i < MW_HEADER_COUNT; i++)
        if (mw_str_is(name, header_names[i])) return i;
    return -1;
}

/* Those that may stand in several lines, which mean what one with commas would. A traceparent must
   not, and names no trace then: no request is refused for how it is traced. */
static bool is_list(int header) {
    return header == MW_HEADER_ACCEPT || header == MW_HEADER_TRACEPARENT ||
           header == MW_HEADER_TRACESTATE;
}

/* What stands behind the piece moves up to its place. Were it copied, some kilobytes of headers
   that take turns would fill the head with what they were. */
static void move_to_end(mw_http_parts *parts, mw_http_piece *header) {
    char kept[MW_HTTP_HEAD_SIZE_MAX];
    mw_http_piece moved = *header;
    size_t size = moved.to - moved.from, behind = parts->head.size - moved.to;
    if (behind == 0) return;
    char *bytes = parts->head.data + moved.from;
    memcpy(kept, bytes, size);
    memmove(bytes, bytes + size, behind);
    memcpy(bytes + behind, kept, size);
    for (int i = 0; i < MW_HEADER_COUNT; i++) {
        mw_http_piece *other = &parts->headers[i];
        if (!other->present || other->from < moved.to) continue;
        other->from -= size;
        other->to -= size;
    }
    *header = (mw_http_piece){moved.from + behind, parts->head.size, true};
}

/* The header's value will go on behind what it has so far. */
static mw_status continue_list(mw_http_parts *parts, mw_http_piece *header, mw_error *err) {
    move_to_end(parts, header);
    MW_TRY(append_head(parts, MW_STR(","), err));
    header->to = parts->head.size;
    return MW_OK;
}

mw_status mw_http_parts_name(mw_http_parts *parts, mw_str name, mw_error *err) {
    parts->header = header_find(name);
    if (parts->header < 0) return MW_OK;
    mw_http_piece *header = &parts->headers[parts->header];
    if (header->present && !is_list(parts->header))
        return mw_fail(err, MW_MALFORMED, "%s: must be sent once, got it twice",
                       header_names[parts->header]);
    if (header->present) return continue_list(parts, header, err);
    *header = (mw_http_piece){parts->head.size, parts->head.size, true};
    return MW_OK;
}

mw_status mw_http_parts_value(mw_http_parts *parts, mw_str text, mw_error *err) {
    if (parts->header < 0) return MW_OK;
    MW_TRY(append_head(parts, text, err));
    parts->headers[parts->header].to = parts->head.size;
    return MW_OK;
}

static mw_str piece_text(const mw_http_parts *parts, mw_http_piece piece) {
    if (!piece.present) return (mw_str){NULL, 0};
    return mw_str_slice(mw_buf_str(&parts->head), piece.from, piece.to);
}

static mw_http_method method_of(mw_str name) {
    for (int i = 0; i < MW_HTTP_OTHER; i++)
        if (mw_str_is(name, method_names[i])) return (mw_http_method)i;
    return MW_HTTP_OTHER;
}

mw_status mw_http_parts_head(mw_http_parts *parts, mw_str method, mw_error *err) {
    mw_http_request *request = &parts->request;
    request->method = method_of(method);
    mw_str target = piece_text(parts, parts->target);
    if (!mw_target_parse(target, &request->target))
        return mw_fail(err, MW_MALFORMED, "target: must be a path from \"/\", got \"%.*s\"",
                       MW_STR_ARGS(target));
    for (int i = 0; i < MW_HEADER_COUNT; i++)
        request->headers[i] = mw_str_trim(piece_text(parts, parts->headers[i]));
    mw_str coding = request->headers[MW_HEADER_CONTENT_ENCODING];
    if (coding.data && !mw_http_same_word(coding, "identity"))
        return mw_fail(err, MW_WRONG_TYPE, "content-encoding: must be \"identity\", got \"%.*s\"",
                       MW_STR_ARGS(coding));
    return MW_OK;
}

/* Asked once it is known to be longer than a piece. */
static bool is_in_pieces(mw_http_parts *parts) {
    const mw_http_rules *rules = &parts->rules;
    if (parts->kind == MW_HTTP_SHORT) {
        bool takes = rules->takes_pieces && rules->takes_pieces(rules->context, &parts->request);
        parts->kind = takes ? MW_HTTP_IN_PIECES : MW_HTTP_WHOLE;
    }
    return parts->kind == MW_HTTP_IN_PIECES;
}

mw_status mw_http_parts_expect(mw_http_parts *parts, uint64_t body_size, mw_error *err) {
    if (body_size > MW_HTTP_PIECE_SIZE && is_in_pieces(parts)) return MW_OK;
    if (body_size <= parts->rules.body_size_max) return MW_OK;
    return mw_fail(err, MW_TOO_LARGE, "body: must be at most %zu bytes, got %llu",
                   parts->rules.body_size_max, (unsigned long long)body_size);
}

mw_status mw_http_parts_body(mw_http_parts *parts, mw_str bytes, mw_error *err) {
    size_t size = parts->body.size + bytes.size;
    MW_TRY(mw_http_parts_expect(parts, parts->taken + size, err));
    if (size > parts->rules.body_size_max)
        return mw_hint(err,
                       mw_fail(err, MW_TOO_LARGE,
                               "body: a part of it must be at most %zu bytes, got more",
                               parts->rules.body_size_max),
                       "A line, or a message of an Arrow stream, is taken as one part.");
    mw_buf_append_str(&parts->body, bytes);
    return mw_buf_check(&parts->body, "body", err);
}

bool mw_http_parts_have_piece(const mw_http_parts *parts) {
    return parts->kind == MW_HTTP_IN_PIECES && parts->body.size >= parts->piece_end;
}

const mw_http_request *mw_http_parts_show(mw_http_parts *parts, bool has_more) {
    parts->request.body = mw_buf_str(&parts->body);
    parts->request.has_more = has_more;
    return &parts->request;
}

/* What is left is a part that is not whole, perhaps a long one: it is looked at again when it has
   doubled, so that it takes time in proportion to its size. */
void mw_http_parts_take(mw_http_parts *parts, size_t size) {
    mw_buf_drop(&parts->body, size);
    parts->taken += size;
    size_t max = parts->rules.body_size_max, more = max / 16; /* that may come at once */
    if (more < MW_HTTP_PIECE_SIZE) more = MW_HTTP_PIECE_SIZE;
    size_t left = parts->body.size, end = max - more;
    parts->piece_end = left + (left > MW_HTTP_PIECE_SIZE ? left : MW_HTTP_PIECE_SIZE);
    if (parts->piece_end > end) parts->piece_end = left < end ? end : left + 1;
}

void mw_http_parts_release(mw_http_parts *parts) {
    mw_buf_release(&parts->head);
    mw_buf_release(&parts->body);
}
