#include "lang/lexer.h"

typedef struct {
    const char *name;
    int64_t us;
} unit;

/* Greatest first. */
static const unit units[] = {
    {"w", 7 * MW_DAY_US}, {"d", MW_DAY_US}, {"h", MW_HOUR_US}, {"m", MW_MINUTE_US},
    {"s", MW_SECOND_US},  {"ms", 1000},     {"us", 1}};
enum { UNIT_COUNT = sizeof units / sizeof units[0] };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 128;
}

static bool is_name_part(char c) {
    return is_name_start(c) || is_digit(c);
}

bool mw_name_is_plain(mw_str name) {
    if (name.size == 0 || name.size > MW_NAME_SIZE_MAX) return false;
    if (!is_name_start(name.data[0])) return false;
    for (size_t i = 1; i < name.size; i++)
        if (!is_name_part(name.data[i])) return false;
    return true;
}

bool mw_name_is_keyword(mw_str name) {
    static const char *const words[] = {"and",  "or",    "not",  "between", "in",     "where",
                                        "by",   "over",  "case", "when",    "then",   "else",
                                        "end",  "true",  "false", "now",    "unless"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (mw_str_is(name, words[i])) return true;
    return false;
}

void mw_name_append(mw_buf *out, mw_str name) {
    bool is_quoted = !mw_name_is_plain(name) || mw_name_is_keyword(name);
    if (is_quoted) mw_buf_append_char(out, '`');
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '`' || name.data[i] == '\\') mw_buf_append_char(out, '\\');
        mw_buf_append_char(out, name.data[i]);
    }
    if (is_quoted) mw_buf_append_char(out, '`');
}

void mw_name_append_part(mw_buf *out, mw_str name) {
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        bool is_ascii = (byte & 0x80) == 0, is_inner = (byte & 0xc0) == 0x80; /* of UTF-8 */
        if (!is_inner) mw_buf_append_char(out, is_ascii && is_name_part(byte) ? byte : '_');
    }
}

bool mw_span_parse(mw_str text, int64_t *out_us) {
    size_t digits = 0;
    while (digits < text.size && is_digit(text.data[digits])) digits++;
    int64_t count, us;
    if (!mw_str_to_int64(mw_str_slice(text, 0, digits), &count)) return false;
    mw_str name = mw_str_slice(text, digits, text.size);
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (!mw_str_is(name, units[i].name)) continue;
        if (__builtin_mul_overflow(count, units[i].us, &us)) return false;
        *out_us = us;
        return true;
    }
    return false;
}

void mw_span_write(mw_buf *out, int64_t span_us) {
    if (span_us < 0) mw_buf_append_char(out, '-');
    uint64_t us = span_us < 0 ? 0 - (uint64_t)span_us : (uint64_t)span_us;
    size_t i = us == 0 ? 4 : 1; /* 0s; and weeks are told in days */
    while (us % (uint64_t)units[i].us != 0) i++;
    mw_buf_printf(out, "%llu%s", (unsigned long long)(us / (uint64_t)units[i].us), units[i].name);
}

void mw_lexer_init(mw_lexer *lexer, mw_compiler *compiler, mw_source source) {
    *lexer = (mw_lexer){compiler, source.text, source.position};
}

/* Columns count characters of UTF-8, as editors do. */
static void skip(mw_lexer *lexer, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)lexer->rest.data[i];
        if (c == '\n') {
            lexer->position.line++;
            lexer->position.column = 1;
        } else if ((c & 0xc0) != 0x80) {
            lexer->position.column++;
        }
    }
    lexer->rest = mw_str_slice(lexer->rest, size, lexer->rest.size);
}

static mw_token take(mw_lexer *lexer, mw_token_kind kind, size_t size) {
    mw_token token = {
        .kind = kind, .position = lexer->position, .text = mw_str_slice(lexer->rest, 0, size)};
    skip(lexer, size);
    return token;
}

/* The rest is given up: one mistake of spelling would look like many. */
static mw_token bad(mw_lexer *lexer) {
    return take(lexer, MW_TOKEN_BAD, lexer->rest.size);
}

static size_t digits_at(mw_str s, size_t from) {
    size_t end = from;
    while (end < s.size && is_digit(s.data[end])) end++;
    return end - from;
}

/* The size of [digits][.digits][e[+-]digits], never taking the `..` of a range. */
static size_t number_size(mw_str s) {
    size_t size = digits_at(s, 0);
    if (size < s.size && s.data[size] == '.' && digits_at(s, size + 1) > 0)
        size += 1 + digits_at(s, size + 1);
    if (size < s.size && (s.data[size] == 'e' || s.data[size] == 'E')) {
        size_t sign = size + 1 < s.size && (s.data[size + 1] == '+' || s.data[size + 1] == '-');
        size_t digits = digits_at(s, size + 1 + sign);
        if (digits > 0) size += 1 + sign + digits;
    }
    return size;
}

static mw_token read_number(mw_lexer *lexer) {
    mw_str rest = lexer->rest;
    size_t size = number_size(rest), end = size;
    while (end < rest.size && is_name_part(rest.data[end])) end++;
    mw_str text = mw_str_slice(rest, 0, end);

    double number = 0;
    int64_t span_us = 0;
    if (end == size && mw_str_to_double(text, &number)) {
        mw_token token = take(lexer, MW_TOKEN_NUMBER, size);
        token.number = number;
        return token;
    }
    if (mw_span_parse(text, &span_us)) {
        mw_token token = take(lexer, MW_TOKEN_SPAN, end);
        token.span_us = span_us;
        return token;
    }
    mw_str shown = mw_str_slice(text, 0, 40);
    if (end == size) {
        mw_complain(lexer->compiler, lexer->position, MW_INVALID,
                    "a number must be one that a double can hold, got %.*s", MW_STR_ARGS(shown));
    } else {
        mw_complain(lexer->compiler, lexer->position, MW_INVALID,
                    "a span must be a whole number with its unit, got %.*s", MW_STR_ARGS(shown));
        mw_complain_hint(lexer->compiler, "The units are us, ms, s, m, h, d and w: 90m, not 1.5h.");
    }
    return bad(lexer);
}

static mw_token read_name(mw_lexer *lexer) {
    size_t size = 0;
    while (size < lexer->rest.size && is_name_part(lexer->rest.data[size])) size++;
    if (size > MW_NAME_SIZE_MAX) {
        mw_complain(lexer->compiler, lexer->position, MW_INVALID,
                    "a name must have at most %d bytes, got %zu", MW_NAME_SIZE_MAX, size);
        return bad(lexer);
    }
    return take(lexer, MW_TOKEN_NAME, size);
}

/* What stands between the quotes, \" and \\ undone; NULL data when memory is out. */
static mw_str unescape(mw_compiler *compiler, mw_str raw) {
    char *bytes = mw_compiler_alloc(compiler, raw.size + 1, 1);
    size_t size = 0;
    for (size_t i = 0; bytes && i < raw.size; i++) {
        if (raw.data[i] == '\\' && i + 1 < raw.size) i++;
        bytes[size++] = raw.data[i];
    }
    return (mw_str){bytes, size};
}

static mw_token read_quoted(mw_lexer *lexer, char quote) {
    mw_str rest = lexer->rest;
    size_t end = 1;
    while (end < rest.size && rest.data[end] != quote) end += rest.data[end] == '\\' ? 2 : 1;
    if (end >= rest.size) {
        mw_complain(lexer->compiler, lexer->position, MW_INVALID,
                    "a text that begins with %c must end with it, got the end of the expression",
                    quote);
        return bad(lexer);
    }
    mw_str text = unescape(lexer->compiler, mw_str_slice(rest, 1, end));
    bool is_name = quote == '`';
    if (!text.data) return bad(lexer);
    if (is_name && (text.size == 0 || text.size > MW_NAME_SIZE_MAX)) {
        mw_complain(lexer->compiler, lexer->position, MW_INVALID,
                    "a name must have 1 to %d bytes, got %zu", MW_NAME_SIZE_MAX, text.size);
        return bad(lexer);
    }
    mw_token token = take(lexer, is_name ? MW_TOKEN_QUOTED_NAME : MW_TOKEN_TEXT, end + 1);
    token.text = text;
    return token;
}

static mw_token read_sign(mw_lexer *lexer) {
    static const char signs[][3] = {"..", "!=", "<=", ">=", "+", "-", "*", "/", "(", ")",
                                    "[",  "]",  "{",  "}",  ",", ".", "=", "<", ">"};
    static const struct {
        char sign[3], meant[30];
    } foreign[] = {{"==", "="},           {"<>", "!="},
                   {"&&", "and"},         {"&", "and"},
                   {"||", "or"},          {"|", "or"},
                   {"!", "not"},          {"**", "pow(x, y)"},
                   {"^", "pow(x, y)"},    {"//", "floor(x / y)"},
                   {"%", "x - floor(x / y) * y"}, {"?", "case when A then B else C end"}};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        if (!mw_str_starts(lexer->rest, mw_str_of(foreign[i].sign))) continue;
        if (mw_str_starts(lexer->rest, MW_STR("!="))) continue;
        mw_complain(lexer->compiler, lexer->position, MW_INVALID, "there is no operator %s",
                    foreign[i].sign);
        mw_complain_hint(lexer->compiler, "Write %s.", foreign[i].meant);
        return bad(lexer);
    }
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        mw_str sign = mw_str_of(signs[i]);
        if (mw_str_starts(lexer->rest, sign)) return take(lexer, MW_TOKEN_SIGN, sign.size);
    }
    unsigned char c = (unsigned char)lexer->rest.data[0];
    if (c > ' ' && c < 127)
        mw_complain(lexer->compiler, lexer->position, MW_INVALID,
                    "an expression cannot hold the character %c", c);
    else
        mw_complain(lexer->compiler, lexer->position, MW_INVALID,
                    "an expression cannot hold the byte 0x%02x", c);
    return bad(lexer);
}

mw_token mw_lexer_next(mw_lexer *lexer) {
    size_t blank = 0;
    while (blank < lexer->rest.size && lexer->rest.data[blank] != '\0' &&
           (lexer->rest.data[blank] == ' ' || lexer->rest.data[blank] == '\t' ||
            lexer->rest.data[blank] == '\r' || lexer->rest.data[blank] == '\n'))
        blank++;
    skip(lexer, blank);
    if (lexer->rest.size == 0) return take(lexer, MW_TOKEN_END, 0);

    char first = lexer->rest.data[0];
    if (is_digit(first)) return read_number(lexer);
    if (is_name_start(first)) return read_name(lexer);
    if (first == '"' || first == '\'' || first == '`') return read_quoted(lexer, first);
    return read_sign(lexer);
}

bool mw_token_is(const mw_token *token, const char *word) {
    return (token->kind == MW_TOKEN_NAME || token->kind == MW_TOKEN_SIGN) &&
           mw_str_is(token->text, word);
}
