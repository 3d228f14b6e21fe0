#include "model/forest_format.h"

#include <math.h>
#include <string.h>

enum { WORD_SIZE = 4, MISSING_SHIFT = 2, DEFAULT_LEFT_SHIFT = 4, KIND_MASK = 3 };

static void append_f64(mw_buf *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    mw_buf_append_u64(out, bits);
}

void mw_forest_head_append(mw_buf *out, const mw_forest_head *head) {
    mw_buf_append_u32(out, head->feature_count);
    mw_buf_append_u32(out, head->tree_count);
    mw_buf_append_u32(out, head->output);
    mw_buf_append_u32(out, head->is_average);
    append_f64(out, head->sigmoid);
}

static mw_str without_empty_words(mw_str words) {
    while (words.size >= WORD_SIZE && memcmp(words.data + words.size - WORD_SIZE, "\0\0\0", 4) == 0)
        words.size -= WORD_SIZE;
    return words;
}

void mw_forest_node_append(mw_buf *out, const mw_forest_node *node) {
    MW_ASSERT(node->words.size % WORD_SIZE == 0);
    uint32_t head = node->kind;
    if (node->kind == MW_NODE_NUMERIC && node->missing != MW_MISSING_NONE)
        head |= (uint32_t)node->missing << MISSING_SHIFT |
                (uint32_t)node->default_left << DEFAULT_LEFT_SHIFT;
    mw_buf_append_u32(out, head);
    if (node->kind != MW_NODE_LEAF) mw_buf_append_u32(out, node->feature);
    if (node->kind != MW_NODE_CATEGORY) {
        append_f64(out, node->value);
        return;
    }
    mw_str words = without_empty_words(node->words);
    mw_buf_append_u32(out, (uint32_t)(words.size / WORD_SIZE));
    mw_buf_append_str(out, words);
}

bool mw_forest_head_read(mw_reader *reader, mw_forest_head *out_head) {
    uint32_t feature_count = mw_read_u32(reader);
    uint32_t tree_count = mw_read_u32(reader);
    uint32_t output = mw_read_u32(reader);
    uint32_t is_average = mw_read_u32(reader);
    double sigmoid = mw_read_double(reader);
    if (reader->failed || output >= MW_OUTPUT_COUNT || is_average > 1) return false;
    if (feature_count < 1 || feature_count > MW_FOREST_FEATURES_MAX) return false;
    if (tree_count < 1 || tree_count > MW_FOREST_TREES_MAX) return false;
    if (!isfinite(sigmoid) || sigmoid <= 0) return false;
    if (output != MW_OUTPUT_SIGMOID && sigmoid != 1) return false;
    *out_head = (mw_forest_head){.feature_count = feature_count,
                                 .tree_count = tree_count,
                                 .output = (mw_forest_output)output,
                                 .is_average = is_average == 1,
                                 .sigmoid = sigmoid};
    return true;
}

static bool category_read(mw_reader *reader, mw_forest_node *node) {
    uint32_t word_count = mw_read_u32(reader);
    if (word_count > MW_FOREST_WORDS_MAX) return false;
    node->words = mw_read_bytes(reader, (size_t)word_count * WORD_SIZE);
    return !reader->failed && without_empty_words(node->words).size == node->words.size;
}

bool mw_forest_node_read(mw_reader *reader, const mw_forest_head *head,
                         mw_forest_node *out_node) {
    uint32_t bits = mw_read_u32(reader);
    mw_forest_node node = {.kind = bits & KIND_MASK,
                           .missing = bits >> MISSING_SHIFT & 3,
                           .default_left = bits >> DEFAULT_LEFT_SHIFT & 1};
    if (bits >> (DEFAULT_LEFT_SHIFT + 1) != 0 || node.missing >= MW_MISSING_COUNT) return false;
    if (node.missing == MW_MISSING_NONE && node.default_left) return false;
    if (node.missing != MW_MISSING_NONE && node.kind != MW_NODE_NUMERIC) return false;
    if (node.kind > MW_NODE_CATEGORY) return false;

    if (node.kind != MW_NODE_LEAF) node.feature = mw_read_u32(reader);
    if (node.feature >= head->feature_count) return false;
    if (node.kind == MW_NODE_CATEGORY) {
        if (!category_read(reader, &node)) return false;
    } else {
        node.value = mw_read_double(reader);
        bool is_leaf = node.kind == MW_NODE_LEAF;
        if (is_leaf ? !isfinite(node.value) : isnan(node.value)) return false;
    }
    if (reader->failed) return false;
    *out_node = node;
    return true;
}
