#include "stat/number_sort.h"

#include <math.h>
#include <stdlib.h>

#include "base/prng.h"
#include "testing/test.h"

enum { COUNT_MAX = 700 };

static int compare_stably(const void *a, const void *b) {
    const mw_tagged_number *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->tag > y->tag) - (x->tag < y->tag);
}

static double draw(uint64_t *prng) {
    static const double edges[] = {0, 1, -1, 0.5, 1e300, -1e300, 5e-324, INFINITY, -INFINITY};
    switch (mw_prng_below(prng, 4)) {
    case 0: return edges[mw_prng_below(prng, sizeof edges / sizeof *edges)];
    case 1: return mw_prng_double(prng) - 0.5;
    case 2: return (double)mw_prng_below(prng, 5);
    default: return ldexp(mw_prng_double(prng) - 0.5, (int)mw_prng_below(prng, 600) - 300);
    }
}

MW_TEST(number_sort_sorts_as_a_stable_comparison_does) {
    uint64_t prng = mw_test_seed();
    static mw_tagged_number items[COUNT_MAX], expected[COUNT_MAX], room[COUNT_MAX];
    for (size_t round = 0; round < 300; round++) {
        size_t count = mw_prng_below(&prng, COUNT_MAX);
        for (size_t i = 0; i < count; i++)
            items[i] = expected[i] = (mw_tagged_number){mw_number_key(draw(&prng)), i};
        qsort(expected, count, sizeof *expected, compare_stably);
        mw_number_sort(items, room, count);
        for (size_t i = 0; i < count; i++)
            MW_CHECK(items[i].key == expected[i].key && items[i].tag == expected[i].tag);
    }
}

MW_TEST(number_keys_order_as_their_numbers_do_and_read_back) {
    uint64_t prng = mw_test_seed();
    for (size_t i = 0; i < 10000; i++) {
        double a = draw(&prng), b = draw(&prng);
        MW_CHECK((mw_number_key(a) < mw_number_key(b)) == (a < b));
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_number_of_key(mw_number_key(a)), a);
    }
    MW_CHECK(mw_number_key(-0.0) < mw_number_key(0.0));
}
