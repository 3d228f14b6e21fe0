#include "model/forest_tree.h"

#include "model/forest_lanes.h"
#include "model/forest_output.h"
#include "model/seal.h"

static const mw_seal forest_seal = {
    .what = "forest", .magic = 0x5446574d /* MWFT */, .format = MW_FOREST_FORMAT};

enum { PENDING_NONE = -1 };

/* What is being filled: sizes first, by a walk that only counts. */
typedef struct {
    int32_t *roots;
    mw_tree_split *splits;
    double *leaves;
    uint32_t *words;
    mw_tree_linear *linears;
    mw_forest_term *terms;
    double *split_covers, *leaf_covers;
    int32_t split_count, leaf_count;
    uint32_t word_count, linear_count, term_count;
} builder;

static void builder_take_words(builder *b, mw_tree_split *s, mw_str bytes) {
    mw_reader reader = {.rest = bytes};
    s->by.set.first_word = b->word_count;
    s->by.set.word_count = (uint32_t)(bytes.size / sizeof(uint32_t));
    for (uint32_t i = 0; i < s->by.set.word_count; i++)
        b->words[b->word_count++] = mw_read_u32(&reader);
}

/* In a forest with a linear leaf, a plain one is linear without terms. */
static void builder_take_linear(builder *b, const mw_forest_node *node) {
    mw_tree_linear *linear = &b->linears[b->leaf_count];
    bool is_linear = node->kind == MW_NODE_LINEAR;
    *linear = (mw_tree_linear){.constant = is_linear ? node->constant : node->value,
                               .first_term = b->term_count};
    mw_reader reader = {.rest = node->terms};
    for (; reader.rest.size > 0; linear->term_count++)
        b->terms[b->term_count++] = mw_forest_term_read(&reader);
}

/* Adds a split or a leaf and gives its index as a child. */
static int32_t builder_take(builder *b, const mw_forest_node *node) {
    if (node->kind == MW_NODE_LEAF || node->kind == MW_NODE_LINEAR) {
        b->leaves[b->leaf_count] = node->value;
        if (b->linears) builder_take_linear(b, node);
        if (b->leaf_covers) b->leaf_covers[b->leaf_count] = node->cover;
        return ~b->leaf_count++;
    }
    mw_tree_split *s = &b->splits[b->split_count];
    if (b->split_covers) b->split_covers[b->split_count] = node->cover;
    s->feature = (uint16_t)node->feature;
    s->default_left = node->default_left;
    if (node->kind == MW_NODE_CATEGORY) {
        s->rule = MW_RULE_CATEGORY;
        builder_take_words(b, s, node->words);
    } else {
        s->rule = (uint8_t)node->missing;
        s->by.threshold = node->value;
    }
    return b->split_count++;
}

/* One tree in pre-order, of bytes that were measured. The splits whose right side is still to come
   form a list through their `right`; a leaf ends the left side of the newest of them. */
static void builder_take_tree(builder *b, mw_reader *reader, const mw_forest_head *head,
                              int32_t *out_root) {
    int32_t pending = PENDING_NONE;
    int32_t *link = out_root;
    for (;;) {
        mw_forest_node node;
        bool is_node = mw_forest_node_read(reader, head, &node);
        MW_ASSERT(is_node);
        int32_t child = builder_take(b, &node);
        *link = child;
        if (child >= 0) {
            b->splits[child].right = pending;
            pending = child;
            link = &b->splits[child].left;
            continue;
        }
        if (pending == PENDING_NONE) return;
        link = &b->splits[pending].right;
        pending = *link;
    }
}

/* Counts what the nodes need. A tree has one leaf more than splits, and no part of it at its
   start has, so the counts alone say where the last tree ends. */
static mw_status measure(mw_reader reader, const mw_forest_head *head, builder *out_sizes,
                         mw_error *err) {
    uint64_t splits = 0, leaves = 0, words = 0, linears = 0, terms = 0;
    while (leaves < splits + head->tree_count) {
        mw_forest_node node;
        if (!mw_forest_node_read(&reader, head, &node))
            return mw_fail(err, MW_CORRUPT, "forest: node %llu breaks a rule of the format",
                           (unsigned long long)(splits + leaves));
        if (node.kind == MW_NODE_LEAF || node.kind == MW_NODE_LINEAR) leaves++;
        else splits++;
        words += node.words.size / sizeof(uint32_t);
        linears += node.kind == MW_NODE_LINEAR;
        terms += node.terms.size / MW_TERM_SIZE;
        if (splits > MW_FOREST_SPLITS_MAX || words > MW_FOREST_WORDS_MAX ||
            terms > MW_FOREST_TERMS_MAX)
            return mw_fail(err, MW_TOO_LARGE,
                           "forest: at most %d splits, %d words of sets and %d terms fit",
                           MW_FOREST_SPLITS_MAX, MW_FOREST_WORDS_MAX, MW_FOREST_TERMS_MAX);
    }
    if (reader.rest.size > 0)
        return mw_fail(err, MW_CORRUPT, "forest: %zu bytes follow the last tree",
                       reader.rest.size);
    out_sizes->split_count = (int32_t)splits;
    out_sizes->leaf_count = (int32_t)leaves;
    out_sizes->word_count = (uint32_t)words;
    out_sizes->linear_count = (uint32_t)linears;
    out_sizes->term_count = (uint32_t)terms;
    return MW_OK;
}

static bool builder_init(builder *b, mw_arena *arena, const builder *sizes,
                         const mw_forest_head *head) {
    size_t split_count = (size_t)sizes->split_count, leaf_count = (size_t)sizes->leaf_count;
    *b = (builder){
        .roots = mw_arena_alloc(arena, head->tree_count, sizeof *b->roots),
        .splits = mw_arena_alloc(arena, split_count, sizeof *b->splits),
        .leaves = mw_arena_alloc(arena, leaf_count, sizeof *b->leaves),
        .words = mw_arena_alloc(arena, sizes->word_count, sizeof *b->words),
    };
    if (!b->roots || !b->splits || !b->leaves || !b->words) return false;
    if (sizes->linear_count > 0) {
        b->linears = mw_arena_alloc(arena, leaf_count, sizeof *b->linears);
        b->terms = mw_arena_alloc(arena, sizes->term_count, sizeof *b->terms);
        if (!b->linears || !b->terms) return false;
    }
    if (!head->has_covers) return true;
    b->split_covers = mw_arena_alloc(arena, split_count, sizeof *b->split_covers);
    b->leaf_covers = mw_arena_alloc(arena, leaf_count, sizeof *b->leaf_covers);
    return b->split_covers && b->leaf_covers;
}

static mw_status head_broken(mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "forest: its head breaks a rule of the format");
}

/* `payload` lives as long as the forest. */
static mw_status build(mw_arena *arena, mw_str payload, const mw_forest **out_forest,
                       mw_error *err) {
    mw_reader reader = {.rest = payload};
    mw_forest_head head;
    if (!mw_forest_head_read(&reader, MW_FOREST_FORMAT, &head))
        return head_broken(err);
    builder sizes = {0}, b;
    MW_TRY(measure(reader, &head, &sizes, err));

    mw_forest *forest = mw_arena_alloc(arena, 1, sizeof *forest);
    if (!forest || !builder_init(&b, arena, &sizes, &head))
        return mw_fail(err, MW_NO_MEMORY, "forest: out of memory for %d splits",
                       sizes.split_count);
    for (uint32_t i = 0; i < head.tree_count; i++)
        builder_take_tree(&b, &reader, &head, &b.roots[i]);
    MW_ASSERT(b.split_count == sizes.split_count);
    MW_ASSERT(b.leaf_count == sizes.leaf_count);

    *forest = (mw_forest){.head = head,
                          .roots = b.roots,
                          .splits = b.splits,
                          .leaves = b.leaves,
                          .words = b.words,
                          .linears = b.linears,
                          .terms = b.terms,
                          .split_covers = b.split_covers,
                          .leaf_covers = b.leaf_covers,
                          .split_count = (size_t)b.split_count,
                          .leaf_count = (size_t)b.leaf_count,
                          .payload = payload};
    MW_TRY(mw_forest_layout_make(arena, forest, &forest->layout, err));
    *out_forest = forest;
    return MW_OK;
}

mw_status mw_forest_make(mw_arena *arena, const mw_forest_head *head, mw_str nodes,
                         const mw_forest **out_forest, mw_error *err) {
    mw_buf joined;
    mw_buf_init(&joined, SIZE_MAX);
    mw_forest_head_append(&joined, head);
    mw_buf_append_str(&joined, nodes);
    mw_str payload = joined.failed ? (mw_str){0} : mw_str_copy(arena, mw_buf_str(&joined));
    mw_buf_release(&joined);
    if (!payload.data) return mw_fail(err, MW_NO_MEMORY, "forest: out of memory");
    return build(arena, payload, out_forest, err);
}

mw_status mw_forest_decode(mw_arena *arena, mw_str bytes, const mw_forest **out_forest,
                           mw_error *err) {
    mw_str payload;
    MW_TRY(mw_seal_open(forest_seal, bytes, &payload, err));
    if (mw_seal_format(bytes) == 1) {
        mw_reader reader = {.rest = payload};
        mw_forest_head head;
        if (!mw_forest_head_read(&reader, 1, &head)) return head_broken(err);
        return mw_forest_make(arena, &head, reader.rest, out_forest, err);
    }
    mw_str copy = mw_str_copy(arena, payload);
    if (!copy.data) return mw_fail(err, MW_NO_MEMORY, "forest: out of memory");
    return build(arena, copy, out_forest, err);
}

void mw_forest_encode(const mw_forest *forest, mw_buf *out) {
    mw_seal_append(out, forest_seal, forest->payload);
}

void mw_forest_hash(const mw_forest *forest, char out_hex[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, forest->payload);
    mw_sha256_hex(&sha, out_hex);
}

mw_forest_head mw_forest_facts(const mw_forest *forest) {
    return forest->head;
}

bool mw_forest_is_linear(const mw_forest *forest) {
    return forest->linears != NULL;
}

static void sum_row(const mw_forest *forest, const double *features, double *out_sums) {
    if (forest->layout) mw_forest_lanes_row(forest->layout, mw_lanes_best(), features, out_sums);
    else mw_tree_sums(forest, features, out_sums);
}

double mw_forest_raw(const mw_forest *forest, const double *features) {
    MW_ASSERT(forest->head.class_count == 1);
    double sum;
    sum_row(forest, features, &sum);
    return sum;
}

double mw_forest_predict(const mw_forest *forest, const double *features) {
    MW_ASSERT(forest->head.class_count == 1);
    double prediction;
    mw_forest_predict_row(forest, features, &prediction);
    return prediction;
}

void mw_forest_predict_row(const mw_forest *forest, const double *features,
                           double *out_predictions) {
    sum_row(forest, features, out_predictions);
    mw_forest_output_apply(&forest->head, out_predictions);
}

void mw_forest_raw_rows(const mw_forest *forest, const double *features, size_t row_count,
                        double *out_sums) {
    if (forest->layout) {
        mw_forest_lanes_rows(forest->layout, mw_lanes_best(), features, row_count, out_sums);
        return;
    }
    for (size_t row = 0; row < row_count; row++)
        mw_tree_sums(forest, features + row * forest->head.feature_count,
                     out_sums + row * forest->head.class_count);
}

void mw_forest_predict_rows(const mw_forest *forest, const double *features, size_t row_count,
                            double *out_predictions) {
    mw_forest_raw_rows(forest, features, row_count, out_predictions);
    for (size_t row = 0; row < row_count; row++)
        mw_forest_output_apply(&forest->head, out_predictions + row * forest->head.class_count);
}
