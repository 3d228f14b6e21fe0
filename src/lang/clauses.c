/* The clauses of the grammar that are not expressions: windows and their ranges. */
#include <string.h>

#include "lang/parser.h"
#include "lang/range.h"

/* Tables of texts, not of pointers to them, which the library of src/edge would relocate. */
static const char aggregates[][9] = {"count", "sum",   "mean",  "min",      "max", "first",
                                         "last",  "any",   "all",   "since",    "ratio", "var",
                                         "std",   "trend", "quantile", "distinct", "top"};
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool at_aggregate(const mw_parser *parser) {
    for (size_t i = 0; i < COUNT_OF(aggregates); i++)
        if (mw_parser_at(parser, aggregates[i])) return true;
    return false;
}

/* Past "min(": min(a, b) is a function, min(S.x by k) a window: a name, then a dot or a clause,
   tells. */
static bool begins_window(mw_parser *ahead) {
    mw_parser_advance(ahead);
    mw_parser_advance(ahead);
    if (mw_parser_at(ahead, "now")) return false;
    bool is_name = ahead->token.kind == MW_TOKEN_NAME || ahead->token.kind == MW_TOKEN_QUOTED_NAME;
    return is_name && (mw_parser_after_is(ahead, ".") || mw_parser_after_is(ahead, "where") ||
                       mw_parser_after_is(ahead, "by"));
}

static bool at_bracket(const mw_parser *parser, const char *brackets) {
    return parser->token.kind == MW_TOKEN_SIGN && parser->token.text.size == 1 &&
           strchr(brackets, parser->token.text.data[0]);
}

/* Whether a `within` stands in the brackets that open here, and in none inside of them. */
static bool holds_within(mw_parser *ahead) {
    int32_t depth = 0;
    do {
        if (at_bracket(ahead, "([{")) depth++;
        else if (at_bracket(ahead, ")]}")) depth--;
        else if (depth == 1 && mw_parser_at(ahead, "within")) return true;
        mw_parser_advance(ahead);
    } while (depth > 0 && ahead->token.kind != MW_TOKEN_END && ahead->token.kind != MW_TOKEN_BAD);
    return false;
}

static bool begins_within(mw_parser *ahead) {
    mw_parser_advance(ahead);
    return holds_within(ahead);
}

/* What is wrong further on is told when it is read. */
static bool stands_ahead(const mw_parser *parser, bool (*test)(mw_parser *ahead)) {
    mw_parser ahead = *parser;
    mw_diagnostics unheard;
    mw_compiler silent = *parser->compiler;
    mw_diagnostics_init(&unheard, parser->compiler->arena);
    silent.diagnostics = &unheard;
    ahead.compiler = ahead.lexer.compiler = &silent;
    return test(&ahead);
}

bool mw_parser_at_window(const mw_parser *parser) {
    if (parser->token.kind != MW_TOKEN_NAME || !mw_parser_after_is(parser, "(")) return false;
    if (!at_aggregate(parser)) return false;
    if (!mw_parser_at(parser, "min") && !mw_parser_at(parser, "max")) return true;
    return stands_ahead(parser, begins_window) || stands_ahead(parser, begins_within);
}

/* For whoever has put a function around what stands for the window's value. */
static void hint_stream(mw_parser *parser) {
    mw_complain_hint(parser->compiler,
                     "The stream stands first, as in last(STREAM.concat(a, b) by key).");
}

bool mw_parser_refuse_aggregate(mw_parser *parser, const mw_token *name) {
    static const char foreign[][2][15] = {{"avg", "mean"},
                                          {"average", "mean"},
                                          {"median", "quantile(0.5)"},
                                          {"stddev", "std"},
                                          {"count_distinct", "distinct"}};
    bool is_window = mw_parser_at(parser, "by") || mw_parser_at(parser, "where");
    if (parser->failed || !is_window) return false;
    if (mw_str_is(name->text, "min") || mw_str_is(name->text, "max")) { /* functions, too */
        mw_parser_refuse(parser, ")");
        hint_stream(parser);
        return true;
    }
    parser->failed = true;
    mw_complain(parser->compiler, name->position, MW_INVALID, "there is no aggregate %.*s",
                MW_STR_ARGS(name->text));
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        if (!mw_str_equal_but_for_case(name->text, mw_str_of(foreign[i][0]))) continue;
        mw_complain_hint(parser->compiler, "Write %s.", foreign[i][1]);
        return true;
    }
    mw_nearest nearest = mw_nearest_to(name->text);
    for (size_t i = 0; i < COUNT_OF(aggregates); i++)
        mw_nearest_offer_text(&nearest, aggregates[i]);
    if (!mw_diagnose_nearest(parser->compiler->diagnostics, &nearest))
        mw_complain_hint(parser->compiler,
                         "They are count, sum, mean, min, max, first, last, any, all, since, "
                         "ratio, var, std, trend, quantile, distinct and top.");
    return true;
}

bool mw_parser_expect_span(mw_parser *parser, mw_span_node *out_span) {
    if (parser->token.kind != MW_TOKEN_SPAN) {
        bool is_number = parser->token.kind == MW_TOKEN_NUMBER && !parser->failed;
        mw_parser_refuse(parser, "a span such as 24h");
        if (is_number)
            mw_complain_hint(parser->compiler,
                             "The unit stands right behind the number: us, ms, s, m, h, d or w.");
        return false;
    }
    mw_token token = mw_parser_advance(parser);
    *out_span = (mw_span_node){token.span_us, token.text};
    return true;
}

static bool parse_spans(mw_parser *parser, mw_window_node *window) {
    window->range_position = parser->token.position;
    window->is_set = mw_parser_accept(parser, "{");
    do {
        if (window->span_count == MW_SPANS_MAX) {
            mw_parser_refuse(parser, "at most 32 spans in a set");
            return false;
        }
        mw_position position = parser->token.position;
        mw_span_node *span = &window->spans[window->span_count];
        if (!mw_parser_expect_span(parser, span)) return false;
        if (span->us == 0) {
            mw_complain(parser->compiler, position, MW_INVALID,
                        "a window's span must be longer than nothing, got %.*s",
                        MW_STR_ARGS(span->text));
            parser->failed = true;
            return false;
        }
        window->span_count++;
    } while (window->is_set && mw_parser_accept(parser, ","));
    return !window->is_set || mw_parser_expect(parser, "}");
}

/* TERM {("+" | "-") TERM}, TERM a SPAN or `ahead`; the sum not negative. */
static bool parse_offset(mw_parser *parser, const char *word, mw_window_node *window) {
    mw_position position = parser->token.position;
    int64_t total = 0;
    bool is_minus = false;
    do {
        mw_span_node span = {0};
        bool is_ahead = mw_parser_accept(parser, "ahead");
        if (is_ahead) window->ahead_count += is_minus ? -1 : 1;
        else if (!mw_parser_expect_span(parser, &span)) return false;
        bool overflows = is_minus ? __builtin_sub_overflow(total, span.us, &total)
                                  : __builtin_add_overflow(total, span.us, &total);
        if (overflows) {
            mw_parser_refuse(parser, "a shorter offset");
            return false;
        }
        is_minus = mw_parser_at(parser, "-");
    } while (mw_parser_accept(parser, "+") || mw_parser_accept(parser, "-"));
    if (total < 0 && window->ahead_count == 0) {
        mw_complain(parser->compiler, position, MW_INVALID,
                    "`%s` must not be negative: the window would begin on the moment's other side",
                    word);
        parser->failed = true;
        return false;
    }
    window->offset_us = total;
    return true;
}

/* ["since" STREAM] */
static bool parse_since(mw_parser *parser, mw_window_node *window) {
    mw_position position = parser->token.position;
    if (!mw_parser_accept(parser, "since")) return true;
    mw_token stream;
    if (!mw_parser_expect_name(parser, "a stream's name", &stream)) return false;
    window->since = stream.text;
    window->since_position = stream.position;
    if (!window->is_next) return true;
    mw_complain(parser->compiler, position, MW_INVALID,
                "`since` cuts a window back short, it has no meaning ahead");
    parser->failed = true;
    return false;
}

/* ["aligned" UNIT] */
static bool parse_aligned(mw_parser *parser, mw_window_node *window) {
    window->tick_position = parser->token.position;
    if (!mw_parser_accept(parser, "aligned")) return true;
    if (mw_unit_find(parser->token.text, &window->tick)) {
        mw_parser_advance(parser);
        return true;
    }
    mw_parser_refuse(parser, "hour, day, week or month");
    return false;
}

/* ["every" SPAN] */
static bool parse_every(mw_parser *parser, mw_window_node *window) {
    mw_position position = parser->token.position;
    if (!mw_parser_accept(parser, "every")) return true;
    mw_span_node span;
    if (!mw_parser_expect_span(parser, &span)) return false;
    if (window->tick.kind != MW_TICK_NONE) {
        mw_complain(parser->compiler, position, MW_INVALID,
                    "a window is either `aligned` or moves `every` span");
        mw_complain_hint(parser->compiler, "Leave out one: `aligned day` is `every 1d`.");
    } else if (!mw_tick_takes_span(span.us)) {
        mw_complain(parser->compiler, position, MW_INVALID,
                    "`every` must be a whole part of an hour or a day, or whole days, got %.*s",
                    MW_STR_ARGS(span.text));
    } else {
        window->tick = (mw_tick){MW_TICK_SPAN, span.us};
        window->tick_position = position;
        return true;
    }
    parser->failed = true;
    return false;
}

static bool parse_range(mw_parser *parser, mw_window_node *window) {
    window->has_range = true;
    window->is_next = mw_parser_accept(parser, "next");
    if (!parse_spans(parser, window)) return false;
    const char *word = window->is_next ? "after" : "ago";
    const char *other = window->is_next ? "ago" : "after";
    if (mw_parser_at(parser, other)) {
        mw_parser_refuse(parser, word);
        mw_complain_hint(parser->compiler, "A window back is moved by `ago`, a window ahead by "
                                           "`after`.");
        return false;
    }
    if (mw_parser_accept(parser, word) && !parse_offset(parser, word, window)) return false;
    return parse_since(parser, window) && parse_aligned(parser, window);
}

static bool parse_keys(mw_parser *parser, mw_window_node *window) {
    if (mw_parser_at(parser, "id") && !mw_parser_after_is(parser, "=") &&
        !mw_parser_after_is(parser, ",")) {
        mw_parser_advance(parser);
        window->by_id = true;
        return true;
    }
    do {
        if (window->key_count == MW_WINDOW_KEYS_MAX) {
            mw_parser_refuse(parser, "at most 8 keys");
            return false;
        }
        mw_token name;
        if (!mw_parser_expect_name(parser, "a field to group by", &name)) return false;
        mw_key_node *key = &window->keys[window->key_count++];
        *key = (mw_key_node){.name = name.text, .position = name.position};
        if (mw_parser_accept(parser, "=")) {
            key->value = mw_parser_expression(parser);
            if (!key->value) return false;
        }
    } while (mw_parser_accept(parser, ","));
    return true;
}

/* STREAM ["." EXPR] ["where" COND] "by" KEYS ["over" RANGE] ["every" SPAN] */
static bool parse_window_body(mw_parser *parser, mw_window_node *window) {
    mw_token stream;
    if (!mw_parser_expect_name(parser, "a stream's name", &stream)) return false;
    window->stream = stream.text;
    window->stream_position = stream.position;
    if (mw_parser_accept(parser, ".")) {
        window->value = mw_parser_expression(parser);
        if (!window->value) return false;
    }
    if (mw_parser_accept(parser, "where")) {
        window->condition = mw_parser_expression(parser);
        if (!window->condition) return false;
    }
    if (parser->failed) return false;
    window->by_position = parser->token.position;
    bool is_call = mw_parser_at(parser, "(");
    if (!mw_parser_expect(parser, "by")) {
        if (is_call) hint_stream(parser);
        else mw_complain_hint(parser->compiler,
                              "A window is written mean(STREAM.field by key over 24h).");
        return false;
    }
    if (!parse_keys(parser, window)) return false;
    if (mw_parser_accept(parser, "over") && !parse_range(parser, window)) return false;
    return !parser->failed && parse_every(parser, window);
}

/* "(" EXPR "within" "moment" ")"; of `window` the fraction alone is there. */
static mw_node *parse_within(mw_parser *parser, const mw_token *aggregate,
                             mw_window_node *window) {
    mw_node *node = mw_parser_node(parser, MW_NODE_WITHIN, aggregate);
    mw_node **args = mw_compiler_alloc(parser->compiler, 1, sizeof(mw_node *));
    if (!node || !args || !mw_parser_expect(parser, "(")) return NULL;
    args[0] = mw_parser_expression(parser);
    if (!args[0] || !mw_parser_expect(parser, "within") || !mw_parser_expect(parser, "moment") ||
        !mw_parser_expect(parser, ")"))
        return NULL;
    node->args = args;
    node->arg_count = 1;
    node->height = args[0]->height + 1;
    node->window = window;
    return node;
}

/* The "(0.9)" of a quantile. */
static bool parse_fraction(mw_parser *parser, mw_window_node *window) {
    if (!mw_parser_expect(parser, "(")) return false;
    if (parser->token.kind != MW_TOKEN_NUMBER) {
        mw_parser_refuse(parser, "a fraction such as 0.9");
        mw_complain_hint(parser->compiler, "Write quantile(0.9)(STREAM.FIELD by ...).");
        return false;
    }
    window->fraction_position = parser->token.position;
    window->fraction = mw_parser_advance(parser).number;
    return mw_parser_expect(parser, ")");
}

mw_node *mw_parser_window(mw_parser *parser) {
    mw_token aggregate = mw_parser_advance(parser);
    mw_node *node = mw_parser_node(parser, MW_NODE_WINDOW, &aggregate);
    mw_window_node *window = mw_compiler_alloc(parser->compiler, 1, sizeof *window);
    if (!node || !window) return NULL;
    window->aggregate = aggregate.text;
    if (mw_str_is(aggregate.text, "quantile") && !parse_fraction(parser, window)) return NULL;
    if (stands_ahead(parser, holds_within)) return parse_within(parser, &aggregate, window);
    if (!mw_parser_expect(parser, "(")) return NULL;
    if (!parse_window_body(parser, window) || !mw_parser_expect(parser, ")")) return NULL;
    node->window = window;
    return node;
}
