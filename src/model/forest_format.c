#include "model/forest_format.h"

#include <math.h>
#include <string.h>

enum { WORD_SIZE = 4, MISSING_SHIFT = 2, DEFAULT_LEFT_SHIFT = 4, KIND_MASK = 3 };
enum { IS_AVERAGE = 1, IS_FLOAT = 2, HAS_COVERS = 4, FLAGS = IS_AVERAGE | IS_FLOAT | HAS_COVERS };

static void append_f64(mw_buf *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    mw_buf_append_u64(out, bits);
}

void mw_forest_head_append(mw_buf *out, const mw_forest_head *head) {
    mw_buf_append_u32(out, head->feature_count);
    mw_buf_append_u32(out, head->tree_count);
    mw_buf_append_u32(out, head->class_count);
    mw_buf_append_u32(out, head->output);
    mw_buf_append_u32(out, (head->is_average ? IS_AVERAGE : 0) | (head->is_float ? IS_FLOAT : 0) |
                               (head->has_covers ? HAS_COVERS : 0));
    append_f64(out, head->sigmoid);
}

static mw_str without_empty_words(mw_str words) {
    while (words.size >= WORD_SIZE && memcmp(words.data + words.size - WORD_SIZE, "\0\0\0", 4) == 0)
        words.size -= WORD_SIZE;
    return words;
}

static void category_append(mw_buf *out, const mw_forest_node *node) {
    mw_str words = without_empty_words(node->words);
    mw_buf_append_u32(out, (uint32_t)(words.size / WORD_SIZE));
    mw_buf_append_str(out, words);
}

void mw_forest_node_append(mw_buf *out, const mw_forest_head *head, const mw_forest_node *node) {
    MW_ASSERT(node->words.size % WORD_SIZE == 0);
    MW_ASSERT(node->terms.size % MW_TERM_SIZE == 0);
    bool is_split = node->kind == MW_NODE_NUMERIC || node->kind == MW_NODE_CATEGORY;
    uint32_t bits = node->kind;
    if (is_split && node->missing != MW_MISSING_NONE)
        bits |= (uint32_t)node->missing << MISSING_SHIFT |
                (uint32_t)node->default_left << DEFAULT_LEFT_SHIFT;
    mw_buf_append_u32(out, bits);
    if (is_split) mw_buf_append_u32(out, node->feature);
    if (node->kind == MW_NODE_LINEAR)
        mw_buf_append_u32(out, (uint32_t)(node->terms.size / MW_TERM_SIZE));
    if (node->kind == MW_NODE_CATEGORY) category_append(out, node);
    else append_f64(out, node->value);
    if (node->kind == MW_NODE_LINEAR) {
        append_f64(out, node->constant);
        mw_buf_append_str(out, node->terms);
    }
    if (head->has_covers) append_f64(out, node->cover);
}

void mw_forest_term_append(mw_buf *out, mw_forest_term term) {
    mw_buf_append_u32(out, term.feature);
    append_f64(out, term.factor);
}

mw_forest_term mw_forest_term_read(mw_reader *reader) {
    mw_forest_term term = {.feature = mw_read_u32(reader)};
    term.factor = mw_read_double(reader);
    return term;
}

/* What became of a sum in format 1: identity, sigmoid, exp. */
enum { OUTPUT_COUNT_1 = 3 };

bool mw_forest_head_read(mw_reader *reader, uint32_t format, mw_forest_head *out_head) {
    mw_forest_head head = {.feature_count = mw_read_u32(reader)};
    head.tree_count = mw_read_u32(reader);
    head.class_count = format == 1 ? 1 : mw_read_u32(reader);
    uint32_t output = mw_read_u32(reader);
    uint32_t flags = mw_read_u32(reader);
    head.sigmoid = mw_read_double(reader);
    if (reader->failed || output >= (format == 1 ? OUTPUT_COUNT_1 : MW_OUTPUT_COUNT)) return false;
    if (flags > (format == 1 ? IS_AVERAGE : FLAGS)) return false;
    if (head.feature_count < 1 || head.feature_count > MW_FOREST_FEATURES_MAX) return false;
    if (head.tree_count < 1 || head.tree_count > MW_FOREST_TREES_MAX) return false;
    if (head.class_count < 1 || head.class_count > MW_FOREST_CLASSES_MAX) return false;
    if (head.tree_count % head.class_count != 0) return false;
    if (!isfinite(head.sigmoid) || head.sigmoid <= 0) return false;
    if (output != MW_OUTPUT_SIGMOID && head.sigmoid != 1) return false;
    head.output = (mw_forest_output)output;
    head.is_average = flags & IS_AVERAGE;
    head.is_float = flags & IS_FLOAT;
    head.has_covers = flags & HAS_COVERS;
    *out_head = head;
    return true;
}

static bool category_read(mw_reader *reader, mw_forest_node *node) {
    uint32_t word_count = mw_read_u32(reader);
    if (word_count > MW_FOREST_WORDS_MAX) return false;
    node->words = mw_read_bytes(reader, (size_t)word_count * WORD_SIZE);
    return !reader->failed && without_empty_words(node->words).size == node->words.size;
}

static bool linear_read(mw_reader *reader, const mw_forest_head *head, mw_forest_node *node) {
    uint32_t term_count = mw_read_u32(reader);
    node->value = mw_read_double(reader);
    node->constant = mw_read_double(reader);
    if (term_count > MW_FOREST_TERMS_MAX || !isfinite(node->value) || !isfinite(node->constant))
        return false;
    node->terms = mw_read_bytes(reader, (size_t)term_count * MW_TERM_SIZE);
    mw_reader terms = {.rest = node->terms};
    while (terms.rest.size > 0) {
        mw_forest_term term = mw_forest_term_read(&terms);
        if (term.feature >= head->feature_count || !isfinite(term.factor)) return false;
    }
    return !reader->failed;
}

/* The kind of node and what it does with missing values. */
static bool bits_read(mw_reader *reader, mw_forest_node *node) {
    uint32_t bits = mw_read_u32(reader);
    *node = (mw_forest_node){.kind = bits & KIND_MASK,
                             .missing = bits >> MISSING_SHIFT & 3,
                             .default_left = bits >> DEFAULT_LEFT_SHIFT & 1};
    if (bits >> (DEFAULT_LEFT_SHIFT + 1) != 0 || node->missing >= MW_MISSING_COUNT) return false;
    if (node->missing == MW_MISSING_NONE) return !node->default_left;
    if (node->kind == MW_NODE_NUMERIC) return true;
    return node->kind == MW_NODE_CATEGORY && node->missing == MW_MISSING_NAN && node->default_left;
}

static bool fits_arithmetic(const mw_forest_head *head, double value) {
    return !head->is_float || (double)(float)value == value;
}

bool mw_forest_node_read(mw_reader *reader, const mw_forest_head *head,
                         mw_forest_node *out_node) {
    mw_forest_node node;
    if (!bits_read(reader, &node)) return false;
    if (node.kind == MW_NODE_NUMERIC || node.kind == MW_NODE_CATEGORY)
        node.feature = mw_read_u32(reader);
    if (node.feature >= head->feature_count) return false;
    switch (node.kind) {
    case MW_NODE_LEAF:
        node.value = mw_read_double(reader);
        if (!isfinite(node.value) || !fits_arithmetic(head, node.value)) return false;
        break;
    case MW_NODE_NUMERIC:
        node.value = mw_read_double(reader);
        if (isnan(node.value) || !fits_arithmetic(head, node.value)) return false;
        break;
    case MW_NODE_CATEGORY:
        if (!category_read(reader, &node)) return false;
        break;
    case MW_NODE_LINEAR:
        if (head->is_float || !linear_read(reader, head, &node)) return false;
        break;
    }
    if (head->has_covers) {
        node.cover = mw_read_double(reader);
        if (!isfinite(node.cover) || node.cover < 0) return false;
    }
    if (reader->failed) return false;
    *out_node = node;
    return true;
}
