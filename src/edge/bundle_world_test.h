/*
 * bundle_world_test: an exported model over a small shop, for the tests of this layer.
 *
 * Its forest is of one tree a feature, which gives its leaves values that tell the rows apart.
 */
#pragma once
#include "edge/bundle.h"
#include "testing/declare.h"
#include "testing/test.h"

#define SHOP_STREAMS                                                                     \
    "stream orders\n"                                                                    \
    "  columns: shop category, number number, at time, amount number, paid bool, took "  \
    "duration, back_at time, back number\n"                                              \
    "  time: at\n"                                                                       \
    "  id: shop, number\n"                                                               \
    "  where: amount > 0 or missing(amount)\n"                                           \
    "  later back: back_at\n"                                                            \
    "  later back_at: back_at\n"                                                         \
    "  field rate: last(rates.rate by shop)\n"                                           \
    "stream rates\n"                                                                     \
    "  columns: shop category, at time, rate number\n"                                   \
    "  time: at\n"                                                                       \
    "feature shop: shop\n"                                                               \
    "feature worth: amount * rate\n"                                                     \
    "feature count: count(orders by shop over 24h)\n"                                    \
    "feature spent: sum(orders.amount by shop over 24h)\n"                               \
    "feature back: sum(orders.back by shop over 24h)\n"

#define SHOP_MODEL(MOMENT) \
    SHOP_STREAMS "model m\n  moment: " MOMENT "\n  label: any(orders by shop over next 1h)\n"
#define SHOP_ASKED SHOP_MODEL("on orders")
#define SHOP_DUE SHOP_MODEL("on orders at time + 1h")
#define SHOP_SCHEDULED SHOP_MODEL("every 1h for shop of orders")

#define SHOP_RANKED                                                                      \
    "stream orders\n"                                                                    \
    "  columns: shop category, number number, at time, shops list\n"                     \
    "  time: at\n"                                                                       \
    "  id: number\n"                                                                     \
    "stream buys\n"                                                                      \
    "  columns: shop category, at time\n"                                                \
    "  time: at\n"                                                                       \
    "feature shop: shop_of\n"                                                            \
    "feature count: count(orders by shop = shop_of over 24h)\n"                          \
    "feature most: max(count within moment)\n"                                           \
    "model m\n"                                                                          \
    "  moment: on orders each shops as shop_of\n"                                        \
    "  label: any(buys by shop = shop_of over next 1h)\n"

/* A tree that splits feature `index`: a number at the thresholds 0, 1, 2 ..., a category by its
   first value. */
static inline void shop_tree(mw_buf *nodes, const mw_forest_head *head, uint32_t index,
                             bool is_category) {
    char first[4] = {1, 0, 0, 0};
    mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = 0.1 * (index + 1)};
    for (int at = 0; at < (is_category ? 1 : 6); at++) {
        mw_forest_node split = {.kind = is_category ? MW_NODE_CATEGORY : MW_NODE_NUMERIC,
                                .feature = index,
                                .value = at,
                                .missing = is_category ? MW_MISSING_NONE : MW_MISSING_NAN,
                                .words = {first, is_category ? sizeof first : 0}};
        mw_forest_node_append(nodes, head, &split);
        mw_forest_node_append(nodes, head, &leaf);
        leaf.value += 0.013 * (at + 1);
    }
    mw_forest_node_append(nodes, head, &leaf);
}

/* A tree a feature; or a tree a class, equal ones where there are more classes than features. */
static inline const mw_forest *shop_forest(mw_arena *arena, const mw_schema *features,
                                           uint32_t class_count) {
    mw_buf nodes;
    mw_error err;
    const mw_forest *forest;
    uint32_t count = (uint32_t)features->field_count;
    mw_forest_head head = {
        .feature_count = count, .tree_count = count, .class_count = 1, .sigmoid = 1};
    if (class_count > 0) head.tree_count = head.class_count = class_count;
    if (class_count > 0) head.output = MW_OUTPUT_SOFTMAX;
    mw_buf_init(&nodes, 1 << 20);
    for (uint32_t i = 0; i < head.tree_count; i++)
        shop_tree(&nodes, &head, i % count, mw_type_is_symbol(features->fields[i % count].type));
    MW_CHECK_OK(mw_forest_make(arena, &head, mw_buf_str(&nodes), &forest, &err), &err);
    mw_buf_release(&nodes);
    return forest;
}

typedef struct {
    mw_answer_kind kind;
    mw_values classes;
    uint32_t sum_count; /* of its forest; 0: one a class */
} shop_answer;

/* The version's bytes, with the dictionary {"a", "b"} for each category. */
static inline void shop_version(mw_arena *arena, const char *project, shop_answer answer,
                                mw_buf *out) {
    const mw_str values[] = {MW_STR("a"), MW_STR("b")};
    mw_symbols *symbols;
    mw_error err;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, &err), &err);
    const mw_model_program *model = &mw_test_program(arena, symbols, project)->models[0];
    mw_model_feature *items = mw_arena_alloc(arena, model->feature_count, sizeof *items);
    mw_field *fields = mw_arena_alloc(arena, model->feature_count, sizeof *fields);
    for (size_t i = 0; i < model->feature_count; i++) {
        mw_type type = model->features[i].type;
        fields[i] = (mw_field){model->features[i].name, type};
        items[i] = (mw_model_feature){.name = model->features[i].name,
                                      .type = type,
                                      .values = {values, mw_type_is_symbol(type) ? 2 : 0}};
    }
    mw_schema features = {fields, model->feature_count};
    static const double shares[MW_CLASSES_MAX + 1] = {0};
    uint32_t sums = answer.sum_count > 0 ? answer.sum_count : (uint32_t)answer.classes.count;
    mw_version version = {.model = model->name,
                          .features = {items, model->feature_count},
                          .answer = answer.kind,
                          .classes = {answer.classes, shares},
                          .forest = shop_forest(arena, &features, sums),
                          .threshold = mw_answer_kind_decides(answer.kind) ? 1.2 : 0};
    MW_CHECK_OK(mw_version_encode(&version, out, &err), &err);
    mw_symbols_destroy(symbols);
}

/* The file that is exported of it. */
static inline void shop_export_answer(const char *project, shop_answer answer, mw_buf *out) {
    mw_arena arena;
    mw_buf version;
    mw_error err;
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&version, 1 << 20);
    shop_version(&arena, project, answer, &version);
    mw_declarations declarations = mw_test_declare(&arena, project);
    MW_CHECK_OK(mw_bundle_encode(&declarations, 0, mw_buf_str(&version), out, &err), &err);
    mw_buf_release(&version);
    mw_arena_release(&arena);
}

static inline shop_answer shop_named(mw_values classes) {
    return (shop_answer){.kind = MW_ANSWER_CLASS, .classes = classes};
}
/* Three classes, in an order of their own. */
static inline shop_answer shop_classes(void) {
    static const mw_str names[] = {{"ship", 4}, {"bill", 4}, {"other", 5}};
    return shop_named((mw_values){names, 3});
}

static inline void shop_export(const char *project, mw_buf *out) {
    shop_export_answer(project, (shop_answer){.kind = MW_ANSWER_YES_NO}, out);
}
