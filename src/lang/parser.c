#include "lang/parser.h"

enum { SHOWN_MAX = 40, LIST_MAX = 4096 };

void mw_parser_init(mw_parser *parser, mw_compiler *compiler, mw_source source) {
    *parser = (mw_parser){.compiler = compiler};
    mw_lexer_init(&parser->lexer, compiler, source);
    if (source.text.size > MW_EXPRESSION_SIZE_MAX) {
        mw_complain(compiler, source.position, MW_INVALID,
                    "an expression must have at most %d bytes, got %zu", MW_EXPRESSION_SIZE_MAX,
                    source.text.size);
        parser->failed = true;
        parser->lexer.rest = MW_STR("");
    }
    mw_parser_advance(parser);
    mw_parser_advance(parser);
}

mw_token mw_parser_advance(mw_parser *parser) {
    mw_token token = parser->token;
    parser->token = parser->after;
    if (parser->after.kind != MW_TOKEN_BAD) parser->after = mw_lexer_next(&parser->lexer);
    if (parser->token.kind == MW_TOKEN_BAD) parser->failed = true;
    return token;
}

bool mw_parser_at(const mw_parser *parser, const char *word) {
    return mw_token_is(&parser->token, word);
}

bool mw_parser_after_is(const mw_parser *parser, const char *word) {
    return mw_token_is(&parser->after, word);
}

bool mw_parser_accept(mw_parser *parser, const char *word) {
    if (!mw_parser_at(parser, word)) return false;
    mw_parser_advance(parser);
    return true;
}

void mw_parser_refuse(mw_parser *parser, const char *what) {
    if (parser->failed) return;
    parser->failed = true;
    const mw_token *token = &parser->token;
    if (token->kind == MW_TOKEN_END) {
        mw_complain(parser->compiler, token->position, MW_INVALID,
                    "expected %s, got the end of the expression", what);
        return;
    }
    const char *quote = token->kind == MW_TOKEN_TEXT          ? "\""
                        : token->kind == MW_TOKEN_QUOTED_NAME ? "`"
                                                              : "";
    mw_complain(parser->compiler, token->position, MW_INVALID, "expected %s, got %s%.*s%s", what,
                quote, MW_STR_ARGS(mw_str_slice(token->text, 0, SHOWN_MAX)), quote);
}

bool mw_parser_expect(mw_parser *parser, const char *word) {
    if (mw_parser_accept(parser, word)) return true;
    bool at_end = parser->token.kind == MW_TOKEN_END && !parser->failed;
    mw_parser_refuse(parser, word);
    if (at_end && (word[0] == ')' || word[0] == ']' || word[0] == '}'))
        mw_complain_hint(parser->compiler,
                         "Inside [ ] or { } of YAML a comma ends the expression: put it in "
                         "quotes, or on a line of its own.");
    return false;
}

bool mw_parser_expect_name(mw_parser *parser, const char *what, mw_token *out_name) {
    mw_token_kind kind = parser->token.kind;
    if (kind != MW_TOKEN_NAME && kind != MW_TOKEN_QUOTED_NAME) {
        mw_parser_refuse(parser, what);
        return false;
    }
    *out_name = mw_parser_advance(parser);
    return true;
}

bool mw_parser_end(mw_parser *parser) {
    if (parser->failed) return false;
    if (parser->token.kind == MW_TOKEN_END) return true;
    mw_parser_refuse(parser, "an operator or the end of the expression");
    return false;
}

mw_node *mw_parser_node(mw_parser *parser, mw_node_kind kind, const mw_token *token) {
    mw_node *node = mw_compiler_alloc(parser->compiler, 1, sizeof *node);
    if (!node) {
        parser->failed = true;
        return NULL;
    }
    node->kind = kind;
    node->position = token->position;
    node->text = token->text;
    node->height = 1;
    return node;
}

/* A list of nodes that grows in the arena. */
typedef struct {
    mw_node **items;
    size_t count, capacity;
} node_list;

static bool list_add(mw_parser *parser, node_list *list, mw_node *item) {
    if (!item) return false;
    if (list->count == LIST_MAX) {
        mw_parser_refuse(parser, "at most 4096 values in a list");
        return false;
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 4;
        mw_node **items = mw_compiler_alloc(parser->compiler, capacity, sizeof(mw_node *));
        if (!items) {
            parser->failed = true;
            return false;
        }
        for (size_t i = 0; i < list->count; i++) items[i] = list->items[i];
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

/* Gives the node its arguments; NULL if the tree would grow too high. */
static mw_node *with_args(mw_parser *parser, mw_node *node, node_list args) {
    if (!node) return NULL;
    for (size_t i = 0; i < args.count; i++)
        if (args.items[i]->height >= node->height) node->height = args.items[i]->height + 1;
    if (node->height > MW_CHAIN_MAX) {
        if (!parser->failed)
            mw_complain(parser->compiler, node->position, MW_INVALID,
                        "an expression must have at most %d operators in a chain", MW_CHAIN_MAX);
        parser->failed = true;
        return NULL;
    }
    node->args = args.items;
    node->arg_count = args.count;
    return node;
}

static mw_node *join(mw_parser *parser, mw_node_kind kind, const mw_token *token, mw_node *left,
                     mw_node *right) {
    node_list args = {0};
    if (left && !list_add(parser, &args, left)) return NULL;
    if (!list_add(parser, &args, right)) return NULL;
    return with_args(parser, mw_parser_node(parser, kind, token), args);
}

/* expression {"," expression} */
static bool parse_list(mw_parser *parser, node_list *out_list) {
    do {
        if (!list_add(parser, out_list, mw_parser_expression(parser))) return false;
    } while (mw_parser_accept(parser, ","));
    return true;
}

/* A list up to and with `close`; it may be empty. */
static bool list_until(mw_parser *parser, const char *close, node_list *out_list) {
    if (mw_parser_accept(parser, close)) return true;
    return parse_list(parser, out_list) && mw_parser_expect(parser, close);
}

static mw_node *parse_call(mw_parser *parser) {
    mw_token name = mw_parser_advance(parser);
    mw_parser_advance(parser);
    node_list args = {0};
    bool is_empty = mw_parser_accept(parser, ")");
    if (!is_empty && !parse_list(parser, &args)) return NULL;
    if (!is_empty && mw_parser_refuse_aggregate(parser, &name)) return NULL;
    if (!is_empty && !mw_parser_expect(parser, ")")) return NULL;
    return with_args(parser, mw_parser_node(parser, MW_NODE_CALL, &name), args);
}

static mw_node *parse_case(mw_parser *parser) {
    mw_token start = mw_parser_advance(parser);
    node_list args = {0};
    while (mw_parser_accept(parser, "when")) {
        if (!list_add(parser, &args, mw_parser_expression(parser))) return NULL;
        if (!mw_parser_expect(parser, "then")) return NULL;
        if (!list_add(parser, &args, mw_parser_expression(parser))) return NULL;
    }
    if (args.count == 0) {
        mw_parser_refuse(parser, "when");
        return NULL;
    }
    if (mw_parser_accept(parser, "else") && !list_add(parser, &args, mw_parser_expression(parser)))
        return NULL;
    if (!mw_parser_expect(parser, "end")) return NULL;
    return with_args(parser, mw_parser_node(parser, MW_NODE_CASE, &start), args);
}

/* Words that cannot begin a value, so that a missing value is told where it is missing. */
static bool is_reserved(const mw_parser *parser) {
    static const char *const words[] = {"and",  "or",   "between", "in",  "where", "by",
                                        "then", "when", "else",    "end", "over",  "unless"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (mw_parser_at(parser, words[i])) return true;
    return false;
}

static mw_node *parse_name(mw_parser *parser) {
    mw_token name = mw_parser_advance(parser);
    if (mw_token_is(&name, "true") || mw_token_is(&name, "false")) {
        mw_node *node = mw_parser_node(parser, MW_NODE_BOOL, &name);
        if (node) node->boolean = mw_token_is(&name, "true");
        return node;
    }
    if (!mw_parser_accept(parser, ".")) return mw_parser_node(parser, MW_NODE_NAME, &name);
    mw_token member;
    if (!mw_parser_expect_name(parser, "a field's name after the dot", &member)) return NULL;
    mw_node *node = mw_parser_node(parser, MW_NODE_MEMBER, &member);
    if (!node) return NULL;
    node->owner = name.text;
    node->position = name.position;
    return node;
}

static mw_node *parse_literal(mw_parser *parser) {
    mw_token token = parser->token;
    mw_node_kind kind = token.kind == MW_TOKEN_NUMBER ? MW_NODE_NUMBER
                        : token.kind == MW_TOKEN_SPAN ? MW_NODE_SPAN
                                                      : MW_NODE_TEXT;
    mw_parser_advance(parser);
    mw_node *node = mw_parser_node(parser, kind, &token);
    if (!node) return NULL;
    node->number = token.number;
    node->span_us = token.span_us;
    return node;
}

static mw_node *parse_primary(mw_parser *parser) {
    switch (parser->token.kind) {
    case MW_TOKEN_NUMBER:
    case MW_TOKEN_SPAN:
    case MW_TOKEN_TEXT: return parse_literal(parser);
    case MW_TOKEN_QUOTED_NAME: return parse_name(parser);
    case MW_TOKEN_NAME:
        if (is_reserved(parser)) break;
        if (mw_parser_at(parser, "case")) return parse_case(parser);
        if (mw_parser_at_window(parser)) return mw_parser_window(parser);
        return mw_parser_after_is(parser, "(") ? parse_call(parser) : parse_name(parser);
    case MW_TOKEN_SIGN:
        if (mw_parser_accept(parser, "(")) {
            mw_node *inner = mw_parser_expression(parser);
            return inner && mw_parser_expect(parser, ")") ? inner : NULL;
        }
        if (mw_parser_at(parser, "[") && !parser->failed) {
            mw_parser_refuse(parser, "a value");
            mw_complain_hint(parser->compiler,
                             "A list of constants stands behind `in` alone: x in [1, 2].");
        }
        break;
    case MW_TOKEN_END:
    case MW_TOKEN_BAD: break;
    }
    mw_parser_refuse(parser, "a value");
    return NULL;
}

static mw_node *parse_sign(mw_parser *parser) {
    if (!mw_parser_at(parser, "-")) return parse_primary(parser);
    mw_token sign = mw_parser_advance(parser);
    if (mw_parser_at(parser, "-")) {
        mw_parser_refuse(parser, "a value after the sign");
        return NULL;
    }
    return join(parser, MW_NODE_UNARY, &sign, NULL, parse_primary(parser));
}

static mw_node *parse_product(mw_parser *parser) {
    mw_node *left = parse_sign(parser);
    while (left && (mw_parser_at(parser, "*") || mw_parser_at(parser, "/"))) {
        mw_token sign = mw_parser_advance(parser);
        left = join(parser, MW_NODE_BINARY, &sign, left, parse_sign(parser));
    }
    return left;
}

static mw_node *parse_sum(mw_parser *parser) {
    mw_node *left = parse_product(parser);
    while (left && (mw_parser_at(parser, "+") || mw_parser_at(parser, "-"))) {
        mw_token sign = mw_parser_advance(parser);
        left = join(parser, MW_NODE_BINARY, &sign, left, parse_product(parser));
    }
    return left;
}

/* left between LOW and HIGH */
static mw_node *parse_between(mw_parser *parser, mw_node *left) {
    mw_token word = mw_parser_advance(parser);
    node_list args = {0};
    if (!list_add(parser, &args, left)) return NULL;
    if (!list_add(parser, &args, parse_sum(parser))) return NULL;
    if (!mw_parser_expect(parser, "and")) return NULL;
    if (!list_add(parser, &args, parse_sum(parser))) return NULL;
    return with_args(parser, mw_parser_node(parser, MW_NODE_BETWEEN, &word), args);
}

/* left in LIST, which is a value */
static mw_node *parse_in_list(mw_parser *parser, const mw_token *word, mw_node *left) {
    node_list args = {0};
    if (!list_add(parser, &args, left) || !list_add(parser, &args, parse_sum(parser))) return NULL;
    return with_args(parser, mw_parser_node(parser, MW_NODE_CALL, word), args);
}

/* left in [A, B] or in (A, B) */
static mw_node *parse_in(mw_parser *parser, mw_node *left) {
    mw_token word = mw_parser_advance(parser);
    bool is_value = parser->token.kind == MW_TOKEN_NAME ||
                    parser->token.kind == MW_TOKEN_QUOTED_NAME;
    if (is_value) return parse_in_list(parser, &word, left);
    node_list args = {0};
    if (!list_add(parser, &args, left)) return NULL;
    bool is_square = mw_parser_accept(parser, "[");
    if (!is_square && !mw_parser_expect(parser, "(")) return NULL;
    if (!list_until(parser, is_square ? "]" : ")", &args)) return NULL;
    return with_args(parser, mw_parser_node(parser, MW_NODE_IN, &word), args);
}

static bool at_comparison(const mw_parser *parser) {
    static const char *const signs[] = {"=", "!=", "<", "<=", ">", ">="};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (mw_parser_at(parser, signs[i])) return true;
    return false;
}

static mw_node *parse_comparison(mw_parser *parser) {
    mw_node *left = parse_sum(parser);
    if (!left) return NULL;
    bool is_not = mw_parser_at(parser, "not") &&
                  (mw_parser_after_is(parser, "in") || mw_parser_after_is(parser, "between"));
    mw_token negation = parser->token;
    if (is_not) mw_parser_advance(parser);

    if (mw_parser_at(parser, "between")) {
        left = parse_between(parser, left);
    } else if (mw_parser_at(parser, "in")) {
        left = parse_in(parser, left);
    } else if (at_comparison(parser)) {
        mw_token sign = mw_parser_advance(parser);
        left = join(parser, MW_NODE_BINARY, &sign, left, parse_sum(parser));
        if (left && at_comparison(parser)) {
            mw_parser_refuse(parser, "one comparison at a time");
            mw_complain_hint(parser->compiler, "Join them: a < b and b < c.");
            return NULL;
        }
    }
    return is_not && left ? join(parser, MW_NODE_UNARY, &negation, NULL, left) : left;
}

static mw_node *parse_not(mw_parser *parser) {
    if (!mw_parser_at(parser, "not")) return parse_comparison(parser);
    mw_token word = mw_parser_advance(parser);
    if (mw_parser_at(parser, "not")) {
        mw_parser_refuse(parser, "a condition after not");
        return NULL;
    }
    return join(parser, MW_NODE_UNARY, &word, NULL, parse_comparison(parser));
}

static mw_node *parse_and(mw_parser *parser) {
    mw_node *left = parse_not(parser);
    while (left && mw_parser_at(parser, "and")) {
        mw_token word = mw_parser_advance(parser);
        left = join(parser, MW_NODE_BINARY, &word, left, parse_not(parser));
    }
    return left;
}

mw_node *mw_parser_expression(mw_parser *parser) {
    if (parser->depth == MW_NESTING_MAX) {
        if (!parser->failed)
            mw_complain(parser->compiler, parser->token.position, MW_INVALID,
                        "an expression must be nested at most %d deep", MW_NESTING_MAX);
        parser->failed = true;
        return NULL;
    }
    parser->depth++;
    mw_node *left = parse_and(parser);
    while (left && mw_parser_at(parser, "or")) {
        mw_token word = mw_parser_advance(parser);
        left = join(parser, MW_NODE_BINARY, &word, left, parse_and(parser));
    }
    parser->depth--;
    return left;
}

/* A word behind a value is an operator of other languages, or a part of a name. */
static void hint_of_word(const mw_parser *parser) {
    static const char foreign[][2][15] = {{"is", "missing(x)"}, {"like", "contains(x, y)"}};
    const mw_token *token = &parser->token;
    if (token->kind != MW_TOKEN_NAME || mw_name_is_keyword(token->text)) return;
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        if (!mw_str_equal_but_for_case(token->text, mw_str_of(foreign[i][0]))) continue;
        mw_complain_hint(parser->compiler, "Write %s.", foreign[i][1]);
        return;
    }
    mw_complain_hint(parser->compiler,
                     "A name of several words stands in backquotes: `First Name`.");
}

mw_node *mw_parse_expression(mw_compiler *compiler, mw_source source) {
    mw_parser parser;
    mw_parser_init(&parser, compiler, source);
    mw_node *node = mw_parser_expression(&parser);
    bool is_read = !parser.failed;
    if (mw_parser_end(&parser)) return node;
    if (is_read) hint_of_word(&parser);
    return NULL;
}

mw_node *mw_parse_label(mw_compiler *compiler, mw_source source, mw_node **out_unless) {
    mw_parser parser;
    mw_parser_init(&parser, compiler, source);
    mw_node *label = mw_parser_expression(&parser);
    mw_node *unless = NULL;
    if (mw_parser_accept(&parser, "unless")) unless = mw_parser_expression(&parser);
    if (!mw_parser_end(&parser)) return NULL;
    *out_unless = unless;
    return label;
}
