/*
 * shop_baskets: the shop of serve/shop_call_test.h, with a basket for each order, and a moment for
 * each thing in it; perhaps with classes for an answer.
 */
#pragma once
#include <stdio.h>

#include "serve/shop_call_test.h"

/* The shop's own version, but that it says of everything that it is the last of these classes. */
static inline mw_str shop_version_of(shop *s, mw_values names) {
    static const double shares[MW_CLASSES_MAX];
    mw_forest_head head = {.feature_count = 1,
                           .tree_count = (uint32_t)names.count,
                           .class_count = (uint32_t)names.count,
                           .output = MW_OUTPUT_SOFTMAX,
                           .sigmoid = 1};
    const mw_version *own;
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    for (size_t i = 0; i < names.count; i++) {
        mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = (double)i};
        mw_forest_node_append(&bytes, &head, &leaf);
    }
    MW_CHECK_OK(mw_version_decode(&s->arena, mw_buf_str(&s->version), &own, &err), &err);
    mw_version version = *own;
    MW_CHECK_OK(mw_forest_make(&s->arena, &head, mw_buf_str(&bytes), &version.forest, &err), &err);
    version.answer = MW_ANSWER_CLASS;
    version.classes = (mw_classes){names, shares};
    mw_buf_clear(&bytes);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, &err), &err);
    mw_str kept = mw_str_copy(&s->arena, mw_buf_str(&bytes));
    mw_buf_release(&bytes);
    return kept;
}

/* `classes` may have none: then the answer is the shop's, yes or no. `each` may be empty: then it
   is one an order, whose basket nobody looks at. */
static inline void shop_set_up_answers(shop *s, mw_values classes, const char *each) {
    static const char columns[] = "refund number\n";
    static const char moment[] =
        "moment: on orders\n  label: count(orders by shop over next 1d)\n";
    const char *first = strstr(shop_text, columns), *second = strstr(shop_text, moment);
    const char *label = classes.count > 0 ? "last(visits.shop by shop over next 1d)"
                                          : "count(orders by shop over next 1d)";
    char text[sizeof shop_text + 100];
    mw_error err;
    shop_set_up(s);
    shop_close(s);
    const char *rest = first + strlen(columns);
    snprintf(text, sizeof text,
             "%.*srefund number, basket list\n%.*smoment: on orders%s\n  label: %s\n%s",
             (int)(first - shop_text), shop_text, (int)(second - rest), rest, each, label,
             second + strlen(moment));
    s->program = mw_test_program(&s->arena, s->symbols, text);
    if (classes.count > 0) s->champions[SHOP_QUICK].bytes = shop_version_of(s, classes);
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

#define SHOP_EACH_THING " each basket as thing"

static inline void shop_set_up_baskets(shop *s) {
    shop_set_up_answers(s, (mw_values){NULL, 0}, SHOP_EACH_THING);
}
