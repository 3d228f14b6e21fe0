#include "project/comma.h"

#include <string.h>

#include "project/utf8.h"

enum {
    PIECES_MAX = 32, /* of one expression: bounds the work on hostile files */
    SHOWN_MAX = 80,  /* bytes of an expression in a message */
};

/* What is open at some place in an expression. */
typedef struct {
    int parentheses;
    bool quote;
} balance;

static void balance_add(balance *b, mw_str text) {
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '"') b->quote = !b->quote;
        if (b->quote) continue;
        b->parentheses += c == '(';
        b->parentheses -= c == ')';
    }
}

static bool is_open(balance b) {
    return b.quote || b.parentheses > 0;
}

static bool is_plain(const mw_yaml *node) {
    return node->kind == MW_YAML_TEXT && node->style == MW_YAML_PLAIN;
}

/* What a comma leaves behind: an item of a list, or a key without a value. */
static const mw_yaml *piece_of(const mw_yaml_item *item) {
    const mw_yaml *piece = item->key ? item->key : item->value;
    bool alone = !item->key || mw_yaml_is_empty(item->value);
    return alone && is_plain(piece) && !mw_yaml_is_empty(piece) ? piece : NULL;
}

/* From the start of `first` to the end of `last`, both views of the file's bytes. */
static mw_str span_between(mw_str first, mw_str last) {
    return (mw_str){first.data, (size_t)(last.data - first.data) + last.size};
}

/* Whether nothing but one comma stands between the two; an alias stands elsewhere. */
static bool comma_parts(mw_str before, mw_str after) {
    const char *from = before.data + before.size;
    if (after.data <= from) return false;
    return mw_str_is(mw_str_trim((mw_str){from, (size_t)(after.data - from)}), ",");
}

static void report(const mw_yaml *broken, mw_str whole, mw_diagnostics *diagnostics) {
    mw_str rest = broken->source, line;
    (void)mw_str_split(&rest, '\n', &line);
    mw_diagnose(diagnostics, broken->position, MW_INVALID,
                "an expression with a comma inside [ ] or { } must be quoted or put on a line of "
                "its own, got %.*s",
                MW_STR_ARGS(mw_utf8_cut(line, SHOWN_MAX)));
    if (whole.size > SHOWN_MAX || memchr(whole.data, '\n', whole.size)) return;
    const char *quote = memchr(whole.data, '"', whole.size) ? "'" : "\"";
    mw_diagnose_hint(diagnostics, "Write %s%.*s%s.", quote, MW_STR_ARGS(whole), quote);
}

/* Mends the value of `first` if the items after it close what it leaves open. */
static void item_mend(mw_yaml *parent, mw_yaml_item *first, mw_diagnostics *diagnostics) {
    mw_yaml *broken = first->value;
    if (!is_plain(broken)) return;
    balance so_far = {0};
    balance_add(&so_far, broken->source);
    mw_str whole = broken->source;
    size_t taken = 0;
    mw_yaml_item *item = first->next;
    for (; is_open(so_far) && item && taken < PIECES_MAX; item = item->next, taken++) {
        const mw_yaml *piece = piece_of(item);
        if (!piece || !comma_parts(whole, piece->source)) return;
        whole = span_between(whole, piece->source);
        balance_add(&so_far, piece->source);
    }
    if (taken == 0 || is_open(so_far)) return;
    report(broken, whole, diagnostics);
    broken->text = broken->source = whole;
    first->next = item;
    parent->item_count -= taken;
}

void mw_comma_mend(const mw_yaml_tree *tree, mw_diagnostics *diagnostics) {
    for (mw_yaml *node = tree->nodes; node; node = node->made_before) {
        if (node->kind == MW_YAML_TEXT || node->style != MW_YAML_FLOW) continue;
        for (mw_yaml_item *item = node->items; item; item = item->next)
            item_mend(node, item, diagnostics);
    }
}
