#include "model/forest_remap.h"

#include <string.h>

#include "model/forest_tree.h"

enum { WORD_SIZE = 4, WORD_BITS = 32 };

typedef struct {
    const mw_feature_move *moves;
    mw_buf nodes;
    mw_buf parts; /* words or terms of the node at hand */
    mw_error *err;
} remapping;

static uint32_t word_at(mw_str words, size_t index) {
    MW_ASSERT((index + 1) * WORD_SIZE <= words.size);
    return mw_u32_at(words.data + index * WORD_SIZE);
}

/* The set's categories under their new numbers, in `parts`. */
static mw_status move_set(remapping *r, const mw_feature_move *move, mw_forest_node *node) {
    size_t word_count = node->words.size / WORD_SIZE;
    size_t new_count = (move->category_count + WORD_BITS - 1) / WORD_BITS;
    mw_buf_clear(&r->parts);
    for (size_t i = 0; i < new_count; i++) mw_buf_append_u32(&r->parts, 0);
    MW_TRY(mw_buf_check(&r->parts, "a set", r->err));
    for (size_t i = 0; i < word_count; i++) {
        uint32_t word = word_at(node->words, i);
        for (; word; word &= word - 1) {
            size_t category = i * WORD_BITS + (size_t)__builtin_ctz(word);
            if (category >= move->category_count)
                return mw_fail(r->err, MW_INVALID,
                               "a split asks for category %zu, of %zu that are named", category,
                               move->category_count);
            uint32_t to = move->categories[category];
            if (to == MW_CATEGORY_GONE) continue;
            MW_ASSERT(to < move->category_count);
            char *byte = &r->parts.data[to / 8];
            *byte = (char)((unsigned char)*byte | 1u << to % 8);
        }
    }
    node->words = mw_buf_str(&r->parts);
    return MW_OK;
}

static mw_status move_node(remapping *r, mw_forest_node *node) {
    if (node->kind == MW_NODE_LEAF) return MW_OK;
    if (node->kind == MW_NODE_LINEAR) {
        mw_reader terms = {.rest = node->terms};
        mw_buf_clear(&r->parts);
        while (terms.rest.size > 0) {
            mw_forest_term term = mw_forest_term_read(&terms);
            if (r->moves[term.feature].categories)
                return mw_fail(r->err, MW_INVALID, "a leaf multiplies a category");
            term.feature = r->moves[term.feature].feature;
            mw_forest_term_append(&r->parts, term);
        }
        MW_TRY(mw_buf_check(&r->parts, "terms", r->err));
        node->terms = mw_buf_str(&r->parts);
        return MW_OK;
    }
    const mw_feature_move *move = &r->moves[node->feature];
    node->feature = move->feature;
    if (!move->categories) return MW_OK;
    if (node->kind == MW_NODE_CATEGORY) return move_set(r, move, node);
    return mw_fail(r->err, MW_INVALID, "a split compares a category as a number");
}

static mw_status move_nodes(remapping *r, mw_reader *reader, const mw_forest_head *old_head,
                            const mw_forest_head *head) {
    while (reader->rest.size > 0) {
        mw_forest_node node;
        bool is_node = mw_forest_node_read(reader, old_head, &node);
        MW_ASSERT(is_node);
        MW_TRY(move_node(r, &node));
        mw_forest_node_append(&r->nodes, head, &node);
    }
    return mw_buf_check(&r->nodes, "forest", r->err);
}

mw_status mw_forest_remap(mw_arena *arena, const mw_forest *forest, const mw_feature_move *moves,
                          uint32_t width, const mw_forest **out_forest, mw_error *err) {
    mw_reader reader = {.rest = forest->payload};
    mw_forest_head old_head, head;
    bool is_head = mw_forest_head_read(&reader, MW_FOREST_FORMAT, &old_head);
    MW_ASSERT(is_head);
    for (uint32_t i = 0; i < old_head.feature_count; i++) MW_ASSERT(moves[i].feature < width);
    head = old_head;
    head.feature_count = width;
    remapping r = {.moves = moves, .err = err};
    mw_buf_init(&r.nodes, SIZE_MAX);
    mw_buf_init(&r.parts, SIZE_MAX);
    mw_status status = move_nodes(&r, &reader, &old_head, &head);
    if (status == MW_OK)
        status = mw_forest_make(arena, &head, mw_buf_str(&r.nodes), out_forest, err);
    mw_buf_release(&r.nodes);
    mw_buf_release(&r.parts);
    return status;
}
