#include "model/lightgbm_text.h"

#include <math.h>

/* Bits of LightGBM's decision_type. */
enum { IS_CATEGORY = 1, IS_DEFAULT_LEFT = 2, MISSING_SHIFT = 2, DECISION_TYPE_MAX = 11 };
enum { WORD_SIZE = 4, SHOWN_MAX = 40 /* bytes of a value that an error quotes */ };

/* The keys of a tree that say something about its predictions. */
#define TREE_KEY_MAP(X) \
    X(num_leaves)       \
    X(num_cat)          \
    X(split_feature)    \
    X(threshold)        \
    X(decision_type)    \
    X(left_child)       \
    X(right_child)      \
    X(leaf_value)       \
    X(cat_boundaries)   \
    X(cat_threshold)    \
    X(internal_count)   \
    X(leaf_count)       \
    X(is_linear)        \
    X(leaf_const)       \
    X(num_features)     \
    X(leaf_features)    \
    X(leaf_coeff)

typedef enum {
#define X(name) KEY_##name,
    TREE_KEY_MAP(X)
#undef X
    KEY_COUNT
} tree_key;

static const char *const key_names[] = {
#define X(name) #name,
    TREE_KEY_MAP(X)
#undef X
};

typedef struct {
    int64_t number; /* Tree=number */
    mw_str values[KEY_COUNT]; /* as written; data is NULL where the key is absent */
} tree_text;

/* A tree as LightGBM holds it: splits by number; a child < 0 is leaf ~child. */
typedef struct {
    int64_t leaf_count, category_count;
    int64_t *features, *decisions, *lefts, *rights; /* leaf_count - 1 */
    double *thresholds;                             /* leaf_count - 1 */
    double *leaves;                                 /* leaf_count */
    int64_t *boundaries;                            /* category_count + 1 */
    mw_str words;                                   /* little-endian u32, all sets in a row */
    int64_t *split_covers, *leaf_covers;            /* NULL without covers */
    double *constants;                              /* leaf_count; NULL unless leaves are linear */
    mw_str *terms;                                  /* leaf_count, in canonical bytes */
} tree;

typedef struct {
    mw_str rest;
    mw_arena scratch; /* one tree */
    mw_buf nodes;     /* of the trees so far, in canonical bytes */
    mw_forest_head head;
    mw_error *err;
} reading;

static mw_status no_memory(reading *r) {
    return mw_fail(r->err, MW_NO_MEMORY, "lightgbm text: out of memory");
}

static mw_status tree_broken(reading *r, const tree_text *text, const char *rule) {
    return mw_fail(r->err, MW_MALFORMED, "lightgbm text: tree %lld: %s", (long long)text->number,
                   rule);
}

static mw_str shown(mw_str value) {
    return mw_str_slice(value, 0, SHOWN_MAX);
}

/* "key=value" of a line; a line without '=' is all key. */
static mw_str line_key(mw_str line, mw_str *out_value) {
    mw_str rest = line, key = MW_STR("");
    if (!mw_str_split(&rest, '=', &key)) key = MW_STR("");
    *out_value = rest.data ? mw_str_trim(rest) : MW_STR("");
    return mw_str_trim(key);
}

/* The words of `value` one after the other; false at its end. */
static bool next_word(mw_str *value, mw_str *out_word) {
    while (mw_str_split(value, ' ', out_word))
        if (out_word->size > 0) return true;
    return false;
}

static mw_status head_broken(reading *r, mw_str key, mw_str value, const char *rule) {
    return mw_fail(r->err, MW_MALFORMED, "lightgbm text: %.*s must be %s, got %.*s",
                   MW_STR_ARGS(key), rule, MW_STR_ARGS(shown(value)));
}

/* name in the text, what becomes of the sum */
#define OBJECTIVE_MAP(X)                \
    X("binary", MW_OUTPUT_SIGMOID)      \
    X("cross_entropy", MW_OUTPUT_SIGMOID) \
    X("cross_entropy_lambda", MW_OUTPUT_LOG_EXP) \
    X("multiclass", MW_OUTPUT_SOFTMAX)  \
    X("multiclassova", MW_OUTPUT_SIGMOID) \
    X("regression", MW_OUTPUT_IDENTITY) \
    X("regression_l1", MW_OUTPUT_IDENTITY) \
    X("huber", MW_OUTPUT_IDENTITY)      \
    X("fair", MW_OUTPUT_IDENTITY)       \
    X("quantile", MW_OUTPUT_IDENTITY)   \
    X("mape", MW_OUTPUT_IDENTITY)       \
    X("lambdarank", MW_OUTPUT_IDENTITY) \
    X("rank_xendcg", MW_OUTPUT_IDENTITY) \
    X("poisson", MW_OUTPUT_EXP)         \
    X("gamma", MW_OUTPUT_EXP)           \
    X("tweedie", MW_OUTPUT_EXP)

static bool objective_find(mw_str name, mw_forest_output *out_output) {
    static const struct {
        const char *name;
        mw_forest_output output;
    } objectives[] = {
#define X(text, output) {text, output},
        OBJECTIVE_MAP(X)
#undef X
    };
    for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++) {
        if (!mw_str_is(name, objectives[i].name)) continue;
        *out_output = objectives[i].output;
        return true;
    }
    return false;
}

/* "binary sigmoid:1", "quantile alpha:0.9" */
static mw_status read_objective(reading *r, mw_str value) {
    mw_str rest = value, word = MW_STR("");
    if (!next_word(&rest, &word) || !objective_find(word, &r->head.output))
        return mw_fail(r->err, MW_NOT_BUILT, "lightgbm text: objective %.*s is not built yet",
                       MW_STR_ARGS(shown(value)));
    while (next_word(&rest, &word)) {
        if (mw_str_is(word, "sqrt") && r->head.output == MW_OUTPUT_IDENTITY)
            r->head.output = MW_OUTPUT_SQUARE;
        mw_str number = word, name;
        if (!mw_str_split(&number, ':', &name) || !mw_str_is(name, "sigmoid")) continue;
        if (!mw_str_to_double(number, &r->head.sigmoid) || r->head.sigmoid <= 0)
            return head_broken(r, MW_STR("sigmoid"), number, "a number above 0");
    }
    if (r->head.output != MW_OUTPUT_SIGMOID) r->head.sigmoid = 1;
    return MW_OK;
}

/* It is LightGBM 4 whose bits we give, and it reads the older ones. */
static mw_status refuse_version(reading *r, mw_str version) {
    mw_status status = mw_fail(r->err, MW_NOT_BUILT, "lightgbm text: version must be v4, got %.*s",
                               MW_STR_ARGS(shown(version)));
    if (!mw_str_is(version, "v3") && !mw_str_is(version, "v2")) return status;
    return mw_hint(r->err, status, "Save it by LightGBM 4: "
                                   "lightgbm.Booster(model_file=FILE).save_model(FILE).");
}

static mw_status read_head_line(reading *r, mw_str line) {
    mw_str value, key = line_key(line, &value);
    int64_t number = 0;
    bool is_number = mw_str_to_int64(value, &number);
    if (mw_str_is(key, "objective")) return read_objective(r, value);
    if (mw_str_is(key, "average_output")) {
        r->head.is_average = true;
    } else if (mw_str_is(key, "version")) {
        if (!mw_str_is(value, "v4")) return refuse_version(r, value);
    } else if (mw_str_is(key, "num_tree_per_iteration")) {
        if (!is_number || number < 1 || number > MW_FOREST_CLASSES_MAX)
            return head_broken(r, key, value, "from 1 to 4096");
        r->head.class_count = (uint32_t)number;
    } else if (mw_str_is(key, "max_feature_idx")) {
        if (!is_number || number < 0 || number >= MW_FOREST_FEATURES_MAX)
            return head_broken(r, key, value, "from 0 to 4095");
        r->head.feature_count = (uint32_t)number + 1;
    }
    return MW_OK;
}

/* Up to the first tree, whose line `*out_line` then is. */
static mw_status read_head(reading *r, mw_str *out_line) {
    mw_str line;
    if (!mw_str_split(&r->rest, '\n', &line) || !mw_str_is(mw_str_trim(line), "tree"))
        return mw_fail(r->err, MW_MALFORMED, "lightgbm text: its first line must be \"tree\"");
    while (mw_str_split(&r->rest, '\n', &line)) {
        if (!mw_str_starts(line, MW_STR("Tree="))) {
            MW_TRY(read_head_line(r, line));
            continue;
        }
        if (r->head.feature_count == 0)
            return mw_fail(r->err, MW_MALFORMED, "lightgbm text: max_feature_idx is missing");
        *out_line = line;
        return MW_OK;
    }
    return mw_fail(r->err, MW_MALFORMED, "lightgbm text: it has no tree");
}

static mw_status read_integers(reading *r, const tree_text *text, tree_key key, int64_t count,
                               int64_t **out_values) {
    mw_str rest = text->values[key], word;
    int64_t *values = mw_arena_alloc(&r->scratch, (size_t)count, sizeof *values);
    if (!values) return no_memory(r);
    int64_t found = 0;
    bool is_good = true;
    while (is_good && next_word(&rest, &word))
        is_good = found < count && mw_str_to_int64(word, &values[found++]);
    if (!is_good || found != count)
        return mw_fail(r->err, MW_MALFORMED,
                       "lightgbm text: tree %lld: %s must be %lld whole numbers",
                       (long long)text->number, key_names[key], (long long)count);
    *out_values = values;
    return MW_OK;
}

/* A threshold of inf parts what is there from what is missing. */
static bool read_double(mw_str word, double *out_value) {
    if (mw_str_to_double(word, out_value)) return true;
    bool is_negative = mw_str_is(word, "-inf");
    if (!is_negative && !mw_str_is(word, "inf")) return false;
    *out_value = is_negative ? -INFINITY : INFINITY;
    return true;
}

static mw_status read_doubles(reading *r, const tree_text *text, tree_key key, int64_t count,
                              double **out_values) {
    mw_str rest = text->values[key], word;
    double *values = mw_arena_alloc(&r->scratch, (size_t)count, sizeof *values);
    if (!values) return no_memory(r);
    int64_t found = 0;
    bool is_good = true;
    while (is_good && next_word(&rest, &word))
        is_good = found < count && read_double(word, &values[found++]);
    if (!is_good || found != count)
        return mw_fail(r->err, MW_MALFORMED,
                       "lightgbm text: tree %lld: %s must be %lld numbers",
                       (long long)text->number, key_names[key], (long long)count);
    *out_values = values;
    return MW_OK;
}

/* The sets of all categorical splits: where each begins in the words, and the words. */
static mw_status read_sets(reading *r, const tree_text *text, tree *t) {
    MW_TRY(read_integers(r, text, KEY_cat_boundaries, t->category_count + 1, &t->boundaries));
    for (int64_t i = 0; i < t->category_count; i++)
        if (t->boundaries[0] != 0 || t->boundaries[i] > t->boundaries[i + 1])
            return tree_broken(r, text, "cat_boundaries must begin with 0 and grow");
    int64_t count = t->boundaries[t->category_count];
    if (count > (int64_t)text->values[KEY_cat_threshold].size)
        return tree_broken(r, text, "cat_threshold is shorter than cat_boundaries says");

    int64_t *words;
    MW_TRY(read_integers(r, text, KEY_cat_threshold, count, &words));
    char *bytes = mw_arena_alloc(&r->scratch, (size_t)count, WORD_SIZE);
    if (!bytes) return no_memory(r);
    for (int64_t i = 0; i < count; i++) {
        if (words[i] < 0 || words[i] > UINT32_MAX)
            return tree_broken(r, text, "cat_threshold must hold words of 32 bits");
        for (int b = 0; b < WORD_SIZE; b++)
            bytes[i * WORD_SIZE + b] = (char)(unsigned char)(words[i] >> 8 * b);
    }
    t->words = (mw_str){bytes, (size_t)count * WORD_SIZE};
    return MW_OK;
}

static mw_status read_counts(reading *r, const tree_text *text, tree *t) {
    bool has_leaves = mw_str_to_int64(text->values[KEY_num_leaves], &t->leaf_count);
    bool has_categories = mw_str_to_int64(text->values[KEY_num_cat], &t->category_count);
    /* A number takes a byte at least, so counts beyond the text's size are lies. */
    int64_t count_max = (int64_t)text->values[KEY_leaf_value].size;
    if (!has_leaves || t->leaf_count < 1 || t->leaf_count > count_max)
        return tree_broken(r, text, "num_leaves must be the number of its leaf values");
    if (!has_categories || t->category_count < 0 || t->category_count >= t->leaf_count)
        return tree_broken(r, text, "num_cat must be from 0 to num_leaves - 1");
    return MW_OK;
}

/* The first tree says whether there are any: LightGBM has written them since 2.0. */
static mw_status read_covers(reading *r, const tree_text *text, tree *t) {
    if (r->head.tree_count == 0) r->head.has_covers = text->values[KEY_leaf_count].data != NULL;
    if (!r->head.has_covers) return MW_OK;
    MW_TRY(read_integers(r, text, KEY_leaf_count, t->leaf_count, &t->leaf_covers));
    if (t->leaf_count > 1)
        MW_TRY(read_integers(r, text, KEY_internal_count, t->leaf_count - 1, &t->split_covers));
    for (int64_t i = 0; i < t->leaf_count; i++)
        if (t->leaf_covers[i] < 0 || (i > 0 && t->split_covers[i - 1] < 0))
            return tree_broken(r, text, "leaf_count and internal_count must not be below 0");
    return MW_OK;
}

/* The terms of all leaves stand one after the other. */
static mw_status read_linear(reading *r, const tree_text *text, tree *t) {
    int64_t *counts, *features, total = 0;
    double *factors;
    MW_TRY(read_doubles(r, text, KEY_leaf_const, t->leaf_count, &t->constants));
    MW_TRY(read_integers(r, text, KEY_num_features, t->leaf_count, &counts));
    int64_t count_max = (int64_t)text->values[KEY_leaf_coeff].size;
    for (int64_t i = 0; i < t->leaf_count; i++) {
        if (counts[i] < 0 || counts[i] > count_max - total || !isfinite(t->constants[i]))
            return tree_broken(r, text, "num_features and leaf_const must fit leaf_coeff");
        total += counts[i];
    }
    MW_TRY(read_integers(r, text, KEY_leaf_features, total, &features));
    MW_TRY(read_doubles(r, text, KEY_leaf_coeff, total, &factors));

    mw_buf bytes;
    mw_buf_init(&bytes, SIZE_MAX);
    for (int64_t i = 0; i < total; i++)
        mw_forest_term_append(&bytes, (mw_forest_term){(uint32_t)features[i], factors[i]});
    mw_str all = mw_buf_check(&bytes, "terms", r->err) == MW_OK
                     ? mw_str_copy(&r->scratch, mw_buf_str(&bytes))
                     : (mw_str){0};
    mw_buf_release(&bytes);
    t->terms = mw_arena_alloc(&r->scratch, (size_t)t->leaf_count, sizeof *t->terms);
    if (!all.data || !t->terms) return no_memory(r);
    for (int64_t i = 0; i < total; i++)
        if (features[i] < 0 || features[i] >= r->head.feature_count || !isfinite(factors[i]))
            return tree_broken(r, text, "leaf_features and leaf_coeff must be finite and in range");
    for (int64_t i = 0; i < t->leaf_count; i++) {
        size_t size = (size_t)counts[i] * MW_TERM_SIZE;
        t->terms[i] = mw_str_slice(all, 0, size);
        all = mw_str_slice(all, size, all.size);
    }
    return MW_OK;
}

static mw_status read_tree(reading *r, const tree_text *text, tree *out_tree) {
    tree t = {0};
    MW_TRY(read_counts(r, text, &t));
    MW_TRY(read_doubles(r, text, KEY_leaf_value, t.leaf_count, &t.leaves));
    if (t.leaf_count > 1) {
        int64_t split_count = t.leaf_count - 1;
        MW_TRY(read_integers(r, text, KEY_split_feature, split_count, &t.features));
        MW_TRY(read_doubles(r, text, KEY_threshold, split_count, &t.thresholds));
        MW_TRY(read_integers(r, text, KEY_decision_type, split_count, &t.decisions));
        MW_TRY(read_integers(r, text, KEY_left_child, split_count, &t.lefts));
        MW_TRY(read_integers(r, text, KEY_right_child, split_count, &t.rights));
        if (t.category_count > 0) MW_TRY(read_sets(r, text, &t));
    }
    MW_TRY(read_covers(r, text, &t));
    mw_str is_linear = text->values[KEY_is_linear];
    if (is_linear.data && !mw_str_is(is_linear, "0")) MW_TRY(read_linear(r, text, &t));
    *out_tree = t;
    return MW_OK;
}

static mw_status append_split(reading *r, const tree_text *text, const tree *t, int64_t at) {
    int64_t decision = t->decisions[at];
    if (decision < 0 || decision > DECISION_TYPE_MAX)
        return tree_broken(r, text, "decision_type must be from 0 to 11");
    if (t->features[at] < 0 || t->features[at] >= r->head.feature_count)
        return tree_broken(r, text, "split_feature must be from 0 to max_feature_idx");
    mw_forest_node node = {.kind = MW_NODE_NUMERIC,
                           .feature = (uint32_t)t->features[at],
                           .value = t->thresholds[at],
                           .missing = (mw_missing_kind)(decision >> MISSING_SHIFT),
                           .default_left = decision & IS_DEFAULT_LEFT,
                           .cover = t->split_covers ? (double)t->split_covers[at] : 0};
    if (decision & IS_CATEGORY) {
        if (!(node.value >= 0 && node.value < (double)t->category_count))
            return tree_broken(r, text, "a categorical threshold must be from 0 to num_cat - 1");
        const int64_t *bounds = t->boundaries + (int64_t)node.value;
        node = (mw_forest_node){
            .kind = MW_NODE_CATEGORY, .feature = node.feature, .cover = node.cover};
        node.words = mw_str_slice(t->words, (size_t)bounds[0] * WORD_SIZE,
                                  (size_t)bounds[1] * WORD_SIZE);
    }
    mw_forest_node_append(&r->nodes, &r->head, &node);
    return MW_OK;
}

static void append_leaf(reading *r, const tree *t, int64_t leaf) {
    mw_forest_node node = {.kind = t->constants ? MW_NODE_LINEAR : MW_NODE_LEAF,
                           .value = t->leaves[leaf],
                           .constant = t->constants ? t->constants[leaf] : 0,
                           .terms = t->terms ? t->terms[leaf] : MW_STR(""),
                           .cover = t->leaf_covers ? (double)t->leaf_covers[leaf] : 0};
    mw_forest_node_append(&r->nodes, &r->head, &node);
}

/* Appends the tree in pre-order. A walk that meets more splits than the tree has goes in circles,
   and one that meets as many ends in as many leaves as it should. */
static mw_status append_tree(reading *r, const tree_text *text, const tree *t) {
    int64_t split_count = t->leaf_count - 1, splits_met = 0, depth = 0;
    int64_t *stack = mw_arena_alloc(&r->scratch, (size_t)t->leaf_count + 1, sizeof *stack);
    if (!stack) return no_memory(r);
    stack[depth++] = split_count > 0 ? 0 : ~INT64_C(0);
    while (depth > 0) {
        int64_t at = stack[--depth];
        if (at < -t->leaf_count || at >= split_count)
            return tree_broken(r, text, "a child must be a split or a leaf of the tree");
        if (at < 0) {
            if (!isfinite(t->leaves[~at]))
                return tree_broken(r, text, "a leaf_value must be finite");
            append_leaf(r, t, ~at);
            continue;
        }
        if (++splits_met > split_count)
            return tree_broken(r, text, "a split must not be reached twice");
        MW_TRY(append_split(r, text, t, at));
        stack[depth++] = t->rights[at];
        stack[depth++] = t->lefts[at];
    }
    if (splits_met < split_count) return tree_broken(r, text, "a split cannot be reached");
    return MW_OK;
}

/* Gathers the lines of the tree that `*line` opens, up to the next tree or the end of trees;
   `*line` is that line then. */
static mw_status gather(reading *r, mw_str *line, tree_text *out_text) {
    mw_str value;
    *out_text = (tree_text){0};
    (void)line_key(*line, &value);
    if (!mw_str_to_int64(value, &out_text->number) || out_text->number != r->head.tree_count)
        return mw_fail(r->err, MW_MALFORMED, "lightgbm text: Tree=%u must come next, got %.*s",
                       r->head.tree_count, MW_STR_ARGS(shown(value)));
    while (mw_str_split(&r->rest, '\n', line)) {
        if (mw_str_starts(*line, MW_STR("Tree="))) return MW_OK;
        if (mw_str_starts(*line, MW_STR("end of trees"))) return MW_OK;
        mw_str key = line_key(*line, &value);
        for (size_t k = 0; k < KEY_COUNT; k++)
            if (mw_str_is(key, key_names[k])) out_text->values[k] = value;
    }
    return tree_broken(r, out_text, "the text ends before \"end of trees\"");
}

static mw_status read_all(reading *r) {
    mw_str line;
    MW_TRY(read_head(r, &line));
    while (!mw_str_starts(line, MW_STR("end of trees"))) {
        if (r->head.tree_count == MW_FOREST_TREES_MAX)
            return mw_fail(r->err, MW_TOO_LARGE, "lightgbm text: at most %d trees fit",
                           MW_FOREST_TREES_MAX);
        tree_text text;
        tree t;
        MW_TRY(gather(r, &line, &text));
        MW_TRY(read_tree(r, &text, &t));
        MW_TRY(append_tree(r, &text, &t));
        r->head.tree_count++;
        mw_arena_clear(&r->scratch);
    }
    if (r->head.tree_count == 0)
        return mw_fail(r->err, MW_MALFORMED, "lightgbm text: it has no tree");
    if (r->head.tree_count % r->head.class_count != 0)
        return mw_fail(r->err, MW_MALFORMED,
                       "lightgbm text: num_tree_per_iteration must divide its %u trees, got %u",
                       r->head.tree_count, r->head.class_count);
    return mw_buf_check(&r->nodes, "lightgbm text", r->err);
}

mw_status mw_lightgbm_text_read(mw_arena *arena, mw_str text, const mw_forest **out_forest,
                                mw_error *err) {
    if (text.size > MW_LIGHTGBM_TEXT_SIZE_MAX)
        return mw_fail(err, MW_TOO_LARGE, "lightgbm text: at most %d bytes fit, got %zu",
                       MW_LIGHTGBM_TEXT_SIZE_MAX, text.size);
    reading r = {.rest = text, .err = err, .head = {.class_count = 1, .sigmoid = 1}};
    /* Each number of the text becomes at most 8 bytes in one of fifteen arrays. */
    mw_arena_init(&r.scratch, 256 * text.size + (1 << 16));
    mw_buf_init(&r.nodes, SIZE_MAX);
    mw_status status = read_all(&r);
    if (status == MW_OK)
        status = mw_forest_make(arena, &r.head, mw_buf_str(&r.nodes), out_forest, err);
    mw_buf_release(&r.nodes);
    mw_arena_release(&r.scratch);
    return status;
}
