#include "project/yaml.h"

#include <libfyaml.h>
#include <string.h>

#include "project/utf8.h"

typedef struct anchor {
    mw_str name;
    mw_yaml *node;
    struct anchor *before;
} anchor;

/* A list or a mapping that is still open, where its next item goes, and the key that waits. */
typedef struct {
    mw_yaml *node;
    mw_yaml_item **items_end;
    mw_yaml *key;
    mw_str anchor_name;
} level;

typedef struct {
    mw_arena *arena;
    mw_diagnostics *diagnostics;
    mw_str bytes;
    mw_yaml_tree tree;
    anchor *anchors;      /* newest first: a later anchor of the same name wins */
    mw_position position; /* of the newest event that had one */
    level levels[MW_YAML_DEPTH_MAX];
    size_t depth;
    size_t flow_depth;
    size_t document_count;
} builder;

static mw_status malformed(builder *b, const char *message, const char *hint) {
    mw_diagnose(b->diagnostics, b->position, MW_MALFORMED, "%s", message);
    if (hint) mw_diagnose_hint(b->diagnostics, "%s", hint);
    return MW_MALFORMED;
}

static mw_status beyond(builder *b, const char *what, int limit) {
    mw_diagnose(b->diagnostics, b->position, MW_MALFORMED, "%s must be at most %d", what, limit);
    return MW_MALFORMED;
}

/* --- one node ------------------------------------------------------------------------------- */

static mw_yaml *node_make(builder *b, mw_yaml_kind kind, mw_yaml_style style) {
    mw_yaml *node = mw_arena_alloc(b->arena, 1, sizeof *node);
    if (!node) return NULL;
    *node = (mw_yaml){.kind = kind,
                      .style = style,
                      .position = b->position,
                      .node_count = 1,
                      .made_before = b->tree.nodes};
    b->tree.nodes = node;
    return node;
}

static mw_status anchor_add(builder *b, mw_str name, mw_yaml *node) {
    if (name.size == 0) return MW_OK;
    anchor *made = mw_arena_alloc(b->arena, 1, sizeof *made);
    if (!made) return MW_NO_MEMORY;
    *made = (anchor){name, node, b->anchors};
    b->anchors = made;
    return MW_OK;
}

static mw_status count_below(builder *b, mw_yaml *parent, const mw_yaml *child) {
    parent->node_count += child->node_count;
    if (parent->node_count <= MW_YAML_NODES_MAX) return MW_OK;
    return beyond(b, "the number of values, with all aliases written out,", MW_YAML_NODES_MAX);
}

/* Puts a node where the walk stands: the root, a list's next item, a key, or a key's value. */
static mw_status attach(builder *b, mw_yaml *node) {
    if (b->depth == 0) {
        b->tree.root = node;
        return MW_OK;
    }
    level *top = &b->levels[b->depth - 1];
    if (top->node->kind == MW_YAML_MAPPING && !top->key) {
        if (node->kind != MW_YAML_TEXT)
            return malformed(b, "a key must be a word, got a list or a mapping", NULL);
        top->key = node;
        return MW_OK;
    }
    if (top->node->item_count == MW_YAML_ITEMS_MAX)
        return beyond(b, "the number of items in a list or a mapping", MW_YAML_ITEMS_MAX);
    mw_yaml_item *item = mw_arena_alloc(b->arena, 1, sizeof *item);
    if (!item) return MW_NO_MEMORY;
    *item = (mw_yaml_item){.key = top->key, .value = node};
    *top->items_end = item;
    top->items_end = &item->next;
    top->node->item_count++;
    top->key = NULL;
    return MW_OK;
}

/* --- libfyaml's events ---------------------------------------------------------------------- */

static mw_str token_copy(builder *b, struct fy_token *token, bool *out_failed) {
    size_t size = 0;
    const char *text = token ? fy_token_get_text(token, &size) : NULL;
    mw_str copy = mw_str_copy(b->arena, (mw_str){text ? text : "", text ? size : 0});
    if (!copy.data) *out_failed = true;
    return copy;
}

/* The bytes between the marks of `event`, which has some. */
static mw_str bytes_of(const builder *b, struct fy_event *event) {
    const struct fy_mark *start = fy_event_start_mark(event), *end = fy_event_end_mark(event);
    if (!start || !end) return MW_STR("");
    return mw_str_slice(b->bytes, start->input_pos, end->input_pos);
}

static mw_yaml_style scalar_style(struct fy_token *token) {
    switch (token ? fy_scalar_token_get_style(token) : FYSS_PLAIN) {
    case FYSS_SINGLE_QUOTED:
    case FYSS_DOUBLE_QUOTED: return MW_YAML_QUOTED;
    case FYSS_LITERAL:
    case FYSS_FOLDED: return MW_YAML_INDENTED;
    default: return MW_YAML_PLAIN;
    }
}

static mw_status scalar_add(builder *b, struct fy_event *event) {
    bool failed = false;
    struct fy_token *token = fy_event_get_token(event);
    mw_yaml *node = node_make(b, MW_YAML_TEXT, scalar_style(token));
    mw_str name = token_copy(b, fy_event_get_anchor_token(event), &failed);
    mw_str text = token_copy(b, token, &failed);
    if (!node || failed) return MW_NO_MEMORY;
    mw_str bytes = bytes_of(b, event);
    bool same = node->style != MW_YAML_QUOTED || mw_str_equal(bytes, text);
    node->text = text;
    node->source = same ? bytes : text;
    MW_TRY(anchor_add(b, name, node));
    MW_TRY(attach(b, node));
    return b->depth == 0 ? MW_OK : count_below(b, b->levels[b->depth - 1].node, node);
}

static mw_status alias_add(builder *b, struct fy_event *event) {
    size_t size = 0;
    const char *text = fy_token_get_text(fy_event_get_token(event), &size);
    mw_str name = {text ? text : "", text ? size : 0};
    for (const anchor *a = b->anchors; a; a = a->before) {
        if (!mw_str_equal(a->name, name)) continue;
        MW_TRY(attach(b, a->node));
        return b->depth == 0 ? MW_OK : count_below(b, b->levels[b->depth - 1].node, a->node);
    }
    name = mw_utf8_cut(name, 60);
    mw_diagnose(b->diagnostics, b->position, MW_MALFORMED,
                "an alias must name an anchor that is complete before it, got *%.*s",
                MW_STR_ARGS(name));
    mw_diagnose_hint(b->diagnostics, "Write &%.*s before the value that it stands for.",
                     MW_STR_ARGS(name));
    return MW_MALFORMED;
}

static mw_status collection_open(builder *b, struct fy_event *event, mw_yaml_kind kind) {
    if (b->depth == MW_YAML_DEPTH_MAX)
        return beyond(b, "the depth of lists and mappings in each other", MW_YAML_DEPTH_MAX);
    bool failed = false;
    bool flow = fy_event_get_node_style(event) == FYNS_FLOW;
    mw_yaml *node = node_make(b, kind, flow ? MW_YAML_FLOW : MW_YAML_LINES);
    mw_str name = token_copy(b, fy_event_get_anchor_token(event), &failed);
    if (!node || failed) return MW_NO_MEMORY;
    MW_TRY(attach(b, node));
    b->levels[b->depth++] = (level){.node = node, .items_end = &node->items, .anchor_name = name};
    b->flow_depth += flow;
    return MW_OK;
}

static mw_status collection_close(builder *b) {
    MW_ASSERT(b->depth > 0);
    level closed = b->levels[--b->depth];
    b->flow_depth -= closed.node->style == MW_YAML_FLOW;
    if (b->depth > 0) MW_TRY(count_below(b, b->levels[b->depth - 1].node, closed.node));
    return anchor_add(b, closed.anchor_name, closed.node);
}

static mw_status event_take(builder *b, struct fy_event *event) {
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark) b->position = (mw_position){mark->line + 1, mark->column + 1};
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (b->document_count++ == 0) return MW_OK;
        return malformed(b, "a project file must hold one document, got a second one",
                         "Remove the line --- in the middle.");
    case FYET_SCALAR: return scalar_add(b, event);
    case FYET_ALIAS: return alias_add(b, event);
    case FYET_SEQUENCE_START: return collection_open(b, event, MW_YAML_LIST);
    case FYET_MAPPING_START: return collection_open(b, event, MW_YAML_MAPPING);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END: return collection_close(b);
    default: return MW_OK;
    }
}

/* --- the whole file ------------------------------------------------------------------------- */

#define KEYS_ALIGN \
    "Each line is KEY: VALUE, and the keys of one mapping begin in the same column."

/* What to do about what libfyaml says in words of its own, told by a part of them. */
static const char *const remedies[][2] = {
    {"used as indentation", "Indent by blanks."},
    {"single-quoted", "Close the quote, in a line of its mapping."},
    {"double-quoted", "Close the quote, in a line of its mapping."},
    {"nested block mapping", "A text with a colon and a blank in it must be quoted."},
    {"plain key", KEYS_ALIGN},
    {"expected key", KEYS_ALIGN},
    {"expected ':'", "Each line is KEY: VALUE."},
    {"block sequence", "The items of a list begin in the same column, each with a dash; a mapping "
                       "has none."},
};

static const char *remedy_of(const builder *b, const char *message) {
    if (b->flow_depth > 0)
        return "An expression with a comma or a bracket inside [ ] or { } must be quoted or put on "
               "a line of its own.";
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (strstr(message, remedies[i][0])) return remedies[i][1];
    return NULL;
}

/* Passes on the first thing that libfyaml found; the rest mostly follows from it. */
static mw_status unreadable(builder *b, struct fy_diag *diag) {
    void *position = NULL;
    const struct fy_diag_error *found = fy_diag_errors_iterate(diag, &position);
    if (!found) return malformed(b, "this is not YAML", NULL);
    mw_position place = {found->line, found->column};
    mw_diagnose(b->diagnostics, place, MW_MALFORMED, "this is not YAML: %s", found->msg);
    const char *remedy = remedy_of(b, found->msg);
    if (remedy) mw_diagnose_hint(b->diagnostics, "%s", remedy);
    return MW_MALFORMED;
}

static mw_status events_take(builder *b, struct fy_parser *parser, struct fy_diag *diag) {
    for (;;) {
        struct fy_event *event = fy_parser_parse(parser);
        if (!event) return unreadable(b, diag);
        bool last = event->type == FYET_STREAM_END;
        mw_status status = event_take(b, event);
        fy_parser_event_free(parser, event);
        if (status != MW_OK || last) return status;
    }
}

static void drop_output(struct fy_diag *diag, void *user, const char *text, size_t size) {
    (void)diag, (void)user, (void)text, (void)size; /* the errors are collected instead */
}

static mw_status parse(builder *b) {
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.output_fn = drop_output;
    struct fy_diag *diag = fy_diag_create(&diag_config);
    if (!diag) return MW_NO_MEMORY;
    fy_diag_set_collect_errors(diag, true);

    struct fy_parse_cfg config = {.search_path = "", .flags = FYPCF_QUIET, .diag = diag};
    struct fy_parser *parser = fy_parser_create(&config);
    mw_status status = MW_NO_MEMORY;
    if (parser && fy_parser_set_string(parser, b->bytes.data, b->bytes.size) == 0)
        status = events_take(b, parser, diag);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return status;
}

static mw_position position_of_byte(mw_str bytes, size_t offset) {
    mw_position position = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        bool line_ends = bytes.data[i] == '\n';
        bool continues = ((unsigned char)bytes.data[i] & 0xc0) == 0x80;
        position.line += line_ends;
        position.column = line_ends ? 1 : position.column + !continues;
    }
    return position;
}

/* What libfyaml would pass over in silence, or read as an early end. */
static mw_status bytes_check(builder *b) {
    if (b->bytes.size > MW_YAML_SIZE_MAX)
        return beyond(b, "the size of a project file in bytes", MW_YAML_SIZE_MAX);
    size_t bad = mw_utf8_find_bad(b->bytes);
    if (bad == b->bytes.size) return MW_OK;
    mw_diagnose(b->diagnostics, position_of_byte(b->bytes, bad), MW_MALFORMED,
                "a project file must be UTF-8 text, got the byte 0x%02x",
                (unsigned)(unsigned char)b->bytes.data[bad]);
    mw_diagnose_hint(b->diagnostics, "Save the file as UTF-8.");
    return MW_MALFORMED;
}

mw_status mw_yaml_parse(mw_str bytes, mw_arena *arena, mw_diagnostics *diagnostics,
                        mw_yaml_tree *out_tree) {
    const mw_str byte_order_mark = MW_STR("\xef\xbb\xbf");
    if (mw_str_starts(bytes, byte_order_mark))
        bytes = mw_str_slice(bytes, byte_order_mark.size, bytes.size);
    builder b = {.arena = arena, .diagnostics = diagnostics, .bytes = bytes, .position = {1, 1}};
    MW_TRY(bytes_check(&b));
    b.bytes = mw_str_copy(arena, bytes);
    if (!b.bytes.data) return MW_NO_MEMORY;
    MW_TRY(parse(&b));
    if (!b.tree.root) return malformed(&b, "the file is empty", "Begin it with project: NAME.");
    *out_tree = b.tree;
    return MW_OK;
}

static const mw_yaml *earlier_key(const mw_yaml *mapping, const mw_yaml_item *item) {
    for (const mw_yaml_item *other = mapping->items; other != item; other = other->next)
        if (mw_str_equal(other->key->text, item->key->text)) return other->key;
    return NULL;
}

static void drop_repeats_of(mw_yaml *mapping, mw_diagnostics *diagnostics) {
    for (mw_yaml_item **at = &mapping->items; *at;) {
        const mw_yaml_item *item = *at;
        const mw_yaml *earlier = earlier_key(mapping, item);
        if (!earlier) {
            at = &(*at)->next;
            continue;
        }
        mw_diagnose(diagnostics, item->key->position, MW_INVALID,
                    "the key %.*s must stand once, got it on line %d already",
                    MW_STR_ARGS(mw_utf8_cut(item->key->text, 60)), earlier->position.line);
        *at = item->next;
        mapping->item_count--;
    }
}

void mw_yaml_drop_repeats(const mw_yaml_tree *tree, mw_diagnostics *diagnostics) {
    for (mw_yaml *node = tree->nodes; node; node = node->made_before)
        if (node->kind == MW_YAML_MAPPING) drop_repeats_of(node, diagnostics);
}

bool mw_yaml_is_empty(const mw_yaml *node) {
    return node->kind == MW_YAML_TEXT && node->style == MW_YAML_PLAIN && node->text.size == 0;
}

const mw_yaml *mw_yaml_get(const mw_yaml *node, const char *key) {
    if (!node || node->kind != MW_YAML_MAPPING) return NULL;
    for (const mw_yaml_item *item = node->items; item; item = item->next)
        if (mw_str_is(item->key->text, key)) return item->value;
    return NULL;
}
