#include "model/xgboost_model.h"

#include <math.h>
#include <yyjson.h>

#include "model/ubjson.h"

enum { WORD_BITS = 32, SHOWN_MAX = 40 /* bytes of a value that an error quotes */ };
enum { VERSION_MAX = 3, FOREST_SIZE_MAX = 1 << 30 };

/* --- objectives ------------------------------------------------------------------------- */

/* How base_score, which is in the units of predictions, becomes a sum. */
typedef enum { AS_IT_IS, LOGIT, LOG } margin_kind;

typedef struct {
    const char *name;
    mw_forest_output output;
    margin_kind margin;
} objective;

static const objective objectives[] = {
    {"reg:squarederror", MW_OUTPUT_IDENTITY, AS_IT_IS},
    {"reg:linear", MW_OUTPUT_IDENTITY, AS_IT_IS},
    {"reg:squaredlogerror", MW_OUTPUT_IDENTITY, AS_IT_IS},
    {"reg:pseudohubererror", MW_OUTPUT_IDENTITY, AS_IT_IS},
    {"reg:absoluteerror", MW_OUTPUT_IDENTITY, AS_IT_IS},
    {"reg:quantileerror", MW_OUTPUT_IDENTITY, AS_IT_IS},
    {"reg:logistic", MW_OUTPUT_SIGMOID, LOGIT},
    {"binary:logistic", MW_OUTPUT_SIGMOID, LOGIT},
    {"binary:logitraw", MW_OUTPUT_IDENTITY, AS_IT_IS},
    {"binary:hinge", MW_OUTPUT_STEP, AS_IT_IS},
    {"count:poisson", MW_OUTPUT_EXP, LOG},
    {"reg:gamma", MW_OUTPUT_EXP, LOG},
    {"reg:tweedie", MW_OUTPUT_EXP, LOG},
    {"survival:cox", MW_OUTPUT_EXP, LOG},
    {"survival:aft", MW_OUTPUT_EXP_WIDE, LOG},
    {"multi:softprob", MW_OUTPUT_SOFTMAX, AS_IT_IS},
    {"rank:pairwise", MW_OUTPUT_IDENTITY, AS_IT_IS},
    {"rank:ndcg", MW_OUTPUT_IDENTITY, AS_IT_IS},
    {"rank:map", MW_OUTPUT_IDENTITY, AS_IT_IS},
};
enum { OBJECTIVE_COUNT = sizeof objectives / sizeof *objectives };

/* XGBoost 3 keeps probabilities off 0 and 1; before it refused to train with these. */
static float margin_of(margin_kind kind, float base_score, bool is_clamped) {
    if (kind == LOGIT && is_clamped) base_score = fminf(fmaxf(base_score, 1e-6f), 1.0f - 1e-6f);
    switch (kind) {
    case LOGIT: return -logf(1.0f / base_score - 1.0f);
    case LOG: return logf(base_score);
    case AS_IT_IS: break;
    }
    return base_score;
}

/* --- reading ---------------------------------------------------------------------------- */

/* A tree as XGBoost holds it, by node; a node without a left child is a leaf. */
typedef struct {
    yyjson_val *object; /* what has the lists */
    size_t number, node_count;
    int64_t *lefts, *rights, *features, *default_lefts, *kinds;
    double *conditions; /* a split's threshold, a leaf's value: floats */
    double *covers;     /* NULL: it has none */
    int64_t *set_nodes, *set_starts, *set_sizes, *categories;
    size_t set_count, category_count;
    float weight; /* of its leaves: dart's */
} tree;

typedef struct {
    mw_arena scratch;
    mw_buf nodes; /* of the trees so far, in canonical bytes */
    mw_forest_head head;
    const objective *objective;
    uint64_t major; /* of the XGBoost that saved it */
    mw_error *err;
} reading;

static mw_status no_memory(reading *r) {
    return mw_fail(r->err, MW_NO_MEMORY, "xgboost: out of memory");
}

static mw_status broken(reading *r, const char *thing, const char *rule) {
    return mw_fail(r->err, MW_MALFORMED, "xgboost: %s must be %s", thing, rule);
}

static mw_status tree_broken(reading *r, const tree *t, const char *rule) {
    return mw_fail(r->err, MW_MALFORMED, "xgboost: tree %zu: %s", t->number, rule);
}

static mw_str text_of(yyjson_val *object, const char *key) {
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_str(value) ? (mw_str){yyjson_get_str(value), yyjson_get_len(value)}
                                : MW_STR("");
}

static mw_str shown(mw_str value) {
    return mw_str_slice(value, 0, SHOWN_MAX);
}

typedef struct {
    const char *key;
    int64_t absent; /* stands for one that is not there */
    int64_t max;
} count_rule;

/* XGBoost writes its parameters as texts. */
static mw_status read_count(reading *r, yyjson_val *params, count_rule rule, int64_t *out_value) {
    mw_str text = text_of(params, rule.key);
    int64_t value = rule.absent;
    if (text.size > 0 && !mw_str_to_int64(text, &value)) value = -1;
    if (value < 0 || value > rule.max)
        return mw_fail(r->err, MW_MALFORMED, "xgboost: %s must be from 0 to %lld, got %.*s",
                       rule.key, (long long)rule.max, MW_STR_ARGS(shown(text)));
    *out_value = value;
    return MW_OK;
}

static mw_status read_objective(reading *r, yyjson_val *learner) {
    mw_str name = text_of(yyjson_obj_get(learner, "objective"), "name");
    for (size_t i = 0; i < OBJECTIVE_COUNT; i++)
        if (mw_str_is(name, objectives[i].name)) r->objective = &objectives[i];
    if (r->objective) {
        r->head.output = r->objective->output;
        return MW_OK;
    }
    mw_status status = mw_fail(r->err, MW_NOT_BUILT, "xgboost: objective %.*s is not built yet",
                               MW_STR_ARGS(shown(name)));
    if (mw_str_is(name, "multi:softmax"))
        return mw_hint(r->err, status, "Save it with the objective multi:softprob: the same trees "
                                       "give a probability of each class.");
    return status;
}

/* "5E-1", or since 3.1 "[5E-1,2.5E-1]": one, or one a class. */
static mw_status read_base_scores(reading *r, yyjson_val *params, float *out_margins) {
    mw_str text = text_of(params, "base_score");
    bool is_list = mw_str_starts(text, MW_STR("[")) && mw_str_ends(text, MW_STR("]"));
    mw_str rest = is_list ? mw_str_slice(text, 1, text.size - 1) : text, word;
    uint32_t count = 0;
    double value = 0;
    while (mw_str_split(&rest, ',', &word)) {
        if (count == r->head.class_count || !mw_str_to_double(mw_str_trim(word), &value))
            return broken(r, "base_score", "a number, or one for each class");
        out_margins[count++] =
            margin_of(r->objective->margin, (float)value, r->major == VERSION_MAX);
    }
    if (count == 1)
        for (; count < r->head.class_count; count++) out_margins[count] = out_margins[0];
    if (count != r->head.class_count)
        return broken(r, "base_score", "a number, or one for each class");
    for (uint32_t i = 0; i < count; i++)
        if (!isfinite(out_margins[i])) return broken(r, "base_score", "in the objective's range");
    return MW_OK;
}

static bool value_is_whole(yyjson_val *value, int64_t *out) {
    if (yyjson_is_bool(value)) *out = yyjson_get_bool(value);
    else if (yyjson_is_int(value)) *out = yyjson_get_sint(value);
    else return false;
    return true;
}

/* `*count` is how many there must be, or SIZE_MAX: any number, which it then is. */
static mw_status read_integers(reading *r, const tree *t, const char *key,
                               size_t *count, int64_t **out_values) {
    yyjson_val *list = yyjson_obj_get(t->object, key), *value;
    size_t size = yyjson_arr_size(list), index, max;
    int64_t *values = mw_arena_alloc(&r->scratch, size, sizeof *values);
    if (!values) return no_memory(r);
    bool is_good = yyjson_is_arr(list) && (*count == SIZE_MAX || size == *count);
    yyjson_arr_foreach(list, index, max, value)
        is_good = value_is_whole(value, &values[index]) && is_good;
    if (!is_good)
        return mw_fail(r->err, MW_MALFORMED,
                       "xgboost: tree %zu: %s must be whole numbers, one a node", t->number, key);
    *count = size;
    *out_values = values;
    return MW_OK;
}

static mw_status read_floats(reading *r, const tree *t, const char *key,
                               double **out_values) {
    yyjson_val *list = yyjson_obj_get(t->object, key), *value;
    size_t index, max;
    double *values = mw_arena_alloc(&r->scratch, t->node_count, sizeof *values);
    if (!values) return no_memory(r);
    bool is_good = yyjson_arr_size(list) == t->node_count;
    if (is_good)
        yyjson_arr_foreach(list, index, max, value) {
            is_good = yyjson_is_num(value) && is_good;
            values[index] = (double)(float)yyjson_get_num(value);
        }
    if (!is_good)
        return mw_fail(r->err, MW_MALFORMED, "xgboost: tree %zu: %s must be numbers, one a node",
                       t->number, key);
    *out_values = values;
    return MW_OK;
}

static mw_status read_sets(reading *r, tree *t) {
    t->set_count = t->category_count = SIZE_MAX;
    MW_TRY(read_integers(r, t, "categories_nodes", &t->set_count, &t->set_nodes));
    MW_TRY(read_integers(r, t, "categories_segments", &t->set_count, &t->set_starts));
    MW_TRY(read_integers(r, t, "categories_sizes", &t->set_count, &t->set_sizes));
    MW_TRY(read_integers(r, t, "categories", &t->category_count, &t->categories));
    for (size_t i = 0; i < t->set_count; i++) {
        int64_t start = t->set_starts[i], size = t->set_sizes[i];
        int64_t count = (int64_t)t->category_count;
        if (start < 0 || size < 0 || start > count || size > count - start)
            return tree_broken(r, t, "categories_segments and _sizes must lie within categories");
        if (i > 0 && t->set_nodes[i - 1] >= t->set_nodes[i])
            return tree_broken(r, t, "categories_nodes must ascend");
    }
    for (size_t i = 0; i < t->category_count; i++)
        if (t->categories[i] < 0 || t->categories[i] >= MW_XGBOOST_CATEGORIES_MAX)
            return tree_broken(r, t, "a category must be from 0 to 2^24 - 1");
    return MW_OK;
}

static mw_status read_tree(reading *r, tree *t) {
    t->node_count = SIZE_MAX;
    MW_TRY(read_integers(r, t, "left_children", &t->node_count, &t->lefts));
    if (t->node_count == 0) return tree_broken(r, t, "it must have a node");
    MW_TRY(read_integers(r, t, "right_children", &t->node_count, &t->rights));
    MW_TRY(read_integers(r, t, "split_indices", &t->node_count, &t->features));
    MW_TRY(read_integers(r, t, "default_left", &t->node_count, &t->default_lefts));
    MW_TRY(read_floats(r, t, "split_conditions", &t->conditions));
    if (yyjson_obj_get(t->object, "split_type")) /* XGBoost before 1.3 had none */
        MW_TRY(read_integers(r, t, "split_type", &t->node_count, &t->kinds));
    if (t->kinds) MW_TRY(read_sets(r, t));
    if (r->head.has_covers) MW_TRY(read_floats(r, t, "sum_hessian", &t->covers));
    return MW_OK;
}

/* --- from XGBoost's nodes to ours ------------------------------------------------------- */

/* The words of the node's set, in the scratch arena. */
static mw_status make_words(reading *r, const tree *t, int64_t at, mw_str *out_words) {
    size_t low = 0, high = t->set_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (t->set_nodes[middle] < at) low = middle + 1;
        else high = middle;
    }
    if (low == t->set_count || t->set_nodes[low] != at)
        return tree_broken(r, t, "a categorical split must have its categories");
    const int64_t *categories = t->categories + t->set_starts[low];
    size_t count = (size_t)t->set_sizes[low];
    int64_t greatest = -1;
    for (size_t i = 0; i < count; i++)
        if (categories[i] > greatest) greatest = categories[i];
    size_t size = (size_t)(greatest + WORD_BITS) / WORD_BITS * sizeof(uint32_t);
    char *bytes = mw_arena_alloc(&r->scratch, size, 1);
    if (!bytes) return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        unsigned bit = 1u << categories[i] % 8;
        bytes[categories[i] / 8] = (char)((unsigned char)bytes[categories[i] / 8] | bit);
    }
    *out_words = (mw_str){bytes, size};
    return MW_OK;
}

static bool is_set(const tree *t, int64_t at) {
    return t->kinds && t->kinds[at] == 1;
}

static mw_status append_node(reading *r, const tree *t, int64_t at) {
    mw_forest_node node = {.kind = MW_NODE_LEAF, .cover = t->covers ? t->covers[at] : 0};
    if (!(node.cover >= 0 && isfinite(node.cover)))
        return tree_broken(r, t, "sum_hessian must not be below 0");
    if (t->lefts[at] < 0) {
        node.value = (double)(float)(t->weight * (float)t->conditions[at]);
    } else {
        bool default_left = t->default_lefts[at];
        node.feature = (uint32_t)t->features[at];
        if (t->features[at] < 0 || t->features[at] >= r->head.feature_count)
            return tree_broken(r, t, "split_indices must be below num_feature");
        if (is_set(t, at)) {
            node.kind = MW_NODE_CATEGORY;
            node.default_left = !default_left; /* the sides are exchanged */
            node.missing = node.default_left ? MW_MISSING_NAN : MW_MISSING_NONE;
            MW_TRY(make_words(r, t, at, &node.words));
        } else {
            node.kind = MW_NODE_NUMERIC;
            node.missing = MW_MISSING_NAN;
            node.default_left = default_left;
            node.value = (double)nextafterf((float)t->conditions[at], -INFINITY);
        }
    }
    if (node.kind != MW_NODE_CATEGORY && !isfinite(t->conditions[at]))
        return tree_broken(r, t, "split_conditions must be finite");
    mw_forest_node_append(&r->nodes, &r->head, &node);
    return MW_OK;
}

/* In pre-order. Pruned nodes lie about unreached; a walk that meets more than there are goes in
   circles. */
static mw_status append_tree(reading *r, const tree *t) {
    size_t met = 0, depth = 0;
    int64_t *stack = mw_arena_alloc(&r->scratch, t->node_count + 1, sizeof *stack);
    if (!stack) return no_memory(r);
    stack[depth++] = 0;
    while (depth > 0) {
        int64_t at = stack[--depth];
        if (at < 0 || (uint64_t)at >= t->node_count)
            return tree_broken(r, t, "a child must be a node of the tree");
        if (++met > t->node_count) return tree_broken(r, t, "a node must not be reached twice");
        MW_TRY(append_node(r, t, at));
        if (t->lefts[at] < 0) continue;
        stack[depth++] = is_set(t, at) ? t->lefts[at] : t->rights[at];
        stack[depth++] = is_set(t, at) ? t->rights[at] : t->lefts[at];
    }
    return MW_OK;
}

/* --- the whole -------------------------------------------------------------------------- */

typedef struct {
    yyjson_val **trees;
    int64_t *classes; /* of each tree */
    double *weights;  /* dart's; NULL: 1 */
    size_t count;
} booster;

/* First of all, since such a tree fits no class: what else is said of it would mislead. */
static mw_status check_leaf_size(reading *r, yyjson_val *tree_object, size_t number) {
    int64_t size;
    MW_TRY(read_count(r, yyjson_obj_get(tree_object, "tree_param"),
                      (count_rule){"size_leaf_vector", 0, INT32_MAX}, &size));
    if (size <= 1) return MW_OK;
    return mw_fail(r->err, MW_NOT_BUILT,
                   "xgboost: tree %zu: leaves that are vectors are not built yet", number);
}

static mw_status read_booster(reading *r, yyjson_val *learner, booster *b) {
    yyjson_val *gradient = yyjson_obj_get(learner, "gradient_booster"), *value;
    mw_str name = text_of(gradient, "name");
    bool is_dart = mw_str_is(name, "dart");
    if (!is_dart && !mw_str_is(name, "gbtree"))
        return mw_fail(r->err, MW_NOT_BUILT, "xgboost: booster %.*s is not built yet",
                       MW_STR_ARGS(shown(name)));
    yyjson_val *gbtree = is_dart ? yyjson_obj_get(gradient, "gbtree") : gradient;
    yyjson_val *model = yyjson_obj_get(gbtree, "model"), *trees = yyjson_obj_get(model, "trees");
    b->count = yyjson_arr_size(trees);
    if (b->count == 0 || b->count > MW_FOREST_TREES_MAX - r->head.class_count)
        return mw_fail(r->err, MW_MALFORMED, "xgboost: trees must be 1 to %d, got %zu",
                       MW_FOREST_TREES_MAX, b->count);
    b->trees = mw_arena_alloc(&r->scratch, b->count, sizeof(yyjson_val *));
    if (!b->trees) return no_memory(r);
    size_t index, max;
    yyjson_arr_foreach(trees, index, max, value) {
        MW_TRY(check_leaf_size(r, value, index));
        b->trees[index] = value;
    }
    r->head.has_covers = yyjson_obj_get(b->trees[0], "sum_hessian");
    tree whole = {.object = model, .node_count = b->count};
    MW_TRY(read_integers(r, &whole, "tree_info", &whole.node_count, &b->classes));
    whole.object = gradient;
    if (is_dart) MW_TRY(read_floats(r, &whole, "weight_drop", &b->weights));
    return MW_OK;
}

/* Our trees take turns by class, XGBoost's say theirs: the i-th tree of each class makes round i,
   so each class adds the same leaves in the same order. */
static mw_status order_trees(reading *r, const booster *b, size_t **out_order) {
    size_t classes = r->head.class_count;
    size_t *order = mw_arena_alloc(&r->scratch, b->count, sizeof *order);
    size_t *found = mw_arena_alloc(&r->scratch, classes, sizeof *found);
    if (!order || !found) return no_memory(r);
    for (size_t i = 0; i < b->count; i++) {
        int64_t class = b->classes[i];
        if (class < 0 || (uint64_t)class >= classes || found[class] >= b->count / classes)
            return broken(r, "tree_info", "the class of each tree, with as many trees in each");
        order[found[class]++ * classes + (size_t)class] = i;
    }
    if (b->count % classes != 0)
        return broken(r, "tree_info", "the class of each tree, with as many trees in each");
    *out_order = order;
    return MW_OK;
}

static mw_status append_trees(reading *r, const booster *b, const size_t *order) {
    mw_arena keep = r->scratch; /* the booster's; each tree has one of its own */
    mw_status status = MW_OK;
    for (size_t i = 0; i < b->count && status == MW_OK; i++) {
        mw_arena_init(&r->scratch, keep.size_max);
        tree t = {.object = b->trees[order[i]],
                  .number = order[i],
                  .weight = b->weights ? (float)b->weights[order[i]] : 1};
        status = read_tree(r, &t);
        if (status == MW_OK) status = append_tree(r, &t);
        mw_arena_release(&r->scratch);
    }
    r->scratch = keep;
    return status;
}

static mw_status check_version(reading *r, yyjson_val *root) {
    yyjson_val *major = yyjson_arr_get_first(yyjson_obj_get(root, "version"));
    if (!yyjson_is_uint(major)) return broken(r, "version", "a list of whole numbers");
    r->major = yyjson_get_uint(major);
    if (r->major <= VERSION_MAX) return MW_OK;
    return mw_fail(r->err, MW_NOT_BUILT, "xgboost: version must be at most %d, got %llu",
                   VERSION_MAX, (unsigned long long)r->major);
}

static mw_status read_model(reading *r, yyjson_val *root) {
    yyjson_val *learner = yyjson_obj_get(root, "learner");
    yyjson_val *params = yyjson_obj_get(learner, "learner_model_param");
    if (!params) return broken(r, "its root", "an object with a learner");
    MW_TRY(check_version(r, root));
    int64_t class_count, target_count, feature_count;
    const count_rule class_rule = {"num_class", 0, MW_FOREST_CLASSES_MAX};
    const count_rule target_rule = {"num_target", 1, MW_FOREST_CLASSES_MAX};
    const count_rule feature_rule = {"num_feature", 0, MW_FOREST_FEATURES_MAX};
    MW_TRY(read_count(r, params, class_rule, &class_count));
    MW_TRY(read_count(r, params, target_rule, &target_count));
    MW_TRY(read_count(r, params, feature_rule, &feature_count));
    if (feature_count == 0) return broken(r, "num_feature", "at least 1");
    if (target_count > class_count) class_count = target_count;
    r->head.class_count = class_count > 0 ? (uint32_t)class_count : 1;
    r->head.feature_count = (uint32_t)feature_count;
    MW_TRY(read_objective(r, learner));

    float *margins = mw_arena_alloc(&r->scratch, r->head.class_count, sizeof *margins);
    booster b = {0};
    size_t *order = NULL;
    if (!margins) return no_memory(r);
    MW_TRY(read_base_scores(r, params, margins));
    MW_TRY(read_booster(r, learner, &b));
    MW_TRY(order_trees(r, &b, &order));
    r->head.tree_count = (uint32_t)b.count + r->head.class_count;
    for (uint32_t i = 0; i < r->head.class_count; i++)
        mw_forest_node_append(&r->nodes, &r->head,
                              &(mw_forest_node){.kind = MW_NODE_LEAF, .value = (double)margins[i]});
    MW_TRY(append_trees(r, &b, order));
    return mw_buf_check(&r->nodes, "xgboost", r->err);
}

static mw_status read_json(mw_arena *arena, mw_str json, const mw_forest **out_forest,
                           mw_error *err) {
    yyjson_read_err why;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)json.data, json.size,
                                       YYJSON_READ_ALLOW_INF_AND_NAN, NULL, &why);
    if (!doc)
        return mw_fail(err, why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? MW_NO_MEMORY
                                                                            : MW_MALFORMED,
                       "xgboost: its JSON ends at byte %zu: %s", why.pos, why.msg);
    reading r = {.err = err, .head = {.is_float = true, .sigmoid = 1}};
    mw_arena_init(&r.scratch, 64 * json.size + (1 << 16));
    mw_buf_init(&r.nodes, FOREST_SIZE_MAX);
    mw_status status = read_model(&r, yyjson_doc_get_root(doc));
    if (status == MW_OK)
        status = mw_forest_make(arena, &r.head, mw_buf_str(&r.nodes), out_forest, err);
    mw_buf_release(&r.nodes);
    mw_arena_release(&r.scratch);
    yyjson_doc_free(doc);
    return status;
}

/* A key of JSON begins with a quote, one of UBJSON with its length. */
static bool is_ubjson(mw_str bytes) {
    mw_str after = mw_str_trim(mw_str_slice(bytes, 1, bytes.size));
    return !mw_str_starts(after, MW_STR("\"")) && !mw_str_starts(after, MW_STR("}"));
}

mw_status mw_xgboost_json(mw_str bytes, mw_buf *out, mw_error *err) {
    if (bytes.size > MW_XGBOOST_SIZE_MAX)
        return mw_fail(err, MW_TOO_LARGE, "xgboost: at most %d bytes fit, got %zu",
                       MW_XGBOOST_SIZE_MAX, bytes.size);
    if (!mw_str_starts(bytes, MW_STR("{"))) {
        mw_status status = mw_fail(err, MW_MALFORMED, "xgboost: a model must be JSON or UBJSON");
        return mw_hint(err, status, "Save it again: booster.save_model(\"model.json\").");
    }
    if (!is_ubjson(bytes)) {
        mw_buf_append_str(out, bytes);
        return mw_buf_check(out, "xgboost", err);
    }
    mw_status status = mw_ubjson_to_json(bytes, out, err);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "xgboost");
}

mw_status mw_xgboost_read(mw_arena *arena, mw_str bytes, const mw_forest **out_forest,
                          mw_error *err) {
    mw_buf json;
    mw_buf_init(&json, SIZE_MAX);
    mw_status status = mw_xgboost_json(bytes, &json, err);
    if (status == MW_OK) status = read_json(arena, mw_buf_str(&json), out_forest, err);
    mw_buf_release(&json);
    return status;
}
