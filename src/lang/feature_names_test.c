#include "lang/feature_names.h"

#include "base/prng.h"
#include "testing/test.h"

#include <string.h>

enum { FEATURES = 200 };

/* By every feature before it. */
static size_t look_at_all(const mw_feature_list *list, const mw_feature_syntax *it,
                          bool knows_case) {
    for (size_t i = 0; i < list->count; i++) {
        const mw_feature_syntax *other = &list->items[i];
        bool is_same = knows_case ? mw_str_equal(other->name, it->name)
                                  : mw_str_equal_but_for_case(other->name, it->name) ||
                                        mw_str_equal_but_for_case(other->name, it->declared) ||
                                        mw_str_equal_but_for_case(other->declared, it->name);
        if (is_same) return i;
    }
    return list->count;
}

/* Few different texts, in either case, so that all kinds of clashes come. */
static mw_str any_name(uint64_t *prng, mw_compiler *compiler, size_t variety) {
    static const char *const parts[] = {"a", "A", "ab", "aB", "b_1", "B_1"};
    return mw_compiler_text(compiler, "%s%d", parts[mw_prng_below(prng, 6)],
                            (int)mw_prng_below(prng, variety));
}

static void add(mw_compiler *compiler, mw_feature_list *list, mw_feature_syntax feature) {
    if (list->count == list->capacity) {
        mw_feature_syntax *items =
            mw_compiler_alloc(compiler, 2 * list->capacity + 4, sizeof *items);
        MW_CHECK(items != NULL);
        if (list->count > 0) memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
        MW_CHECK(mw_feature_names_reserve(compiler, list));
    }
    list->items[list->count++] = feature;
    mw_feature_names_add(compiler, list);
}

MW_TEST(feature_names_find_what_looking_at_all_finds) {
    uint64_t prng = mw_test_seed();
    size_t clashes = 0, accepted = 0;
    for (int round = 0; round < 100; round++) {
        mw_arena arena;
        mw_diagnostics diagnostics;
        mw_arena_init(&arena, 1 << 24);
        mw_diagnostics_init(&diagnostics, &arena);
        diagnostics.of_version = round % 3 == 0;
        mw_compiler compiler = {.arena = &arena, .diagnostics = &diagnostics};
        mw_feature_list list = {.items = NULL};
        size_t variety = 1 + (size_t)mw_prng_below(&prng, 60);
        for (size_t i = 0; i < FEATURES; i++) {
            mw_feature_syntax feature = {.declared = any_name(&prng, &compiler, variety)};
            bool is_made = mw_prng_below(&prng, 2) == 0;
            feature.name = is_made ? any_name(&prng, &compiler, variety) : feature.declared;
            size_t found = 0;
            if (list.count > 0) found = mw_feature_names_find(&compiler, &list, &feature);
            size_t naive = look_at_all(&list, &feature, diagnostics.of_version);
            MW_CHECK_EQUAL_INT(found, naive);
            clashes += naive < list.count;
            accepted += naive == list.count;
            if (naive == list.count) add(&compiler, &list, feature);
        }
        mw_arena_release(&arena);
    }
    MW_CHECK(clashes > 1000 && accepted > 1000);
}
