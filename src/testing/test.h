/*
 * test: the whole frame for unit tests. Tests register themselves; main runs them all.
 *
 *     MW_TEST(window_forgets_old_events) { MW_CHECK(mw_window_count(&window) == 0); }
 *
 * A program takes one optional argument and then runs only the tests whose names contain it. A
 * failing check prints its place, its expression and the seed, and ends the program with 1.
 * Checks may be made from any thread; the rest is for the main thread.
 */
#pragma once
#include "base/str.h"

#define MW_TEST(name)                                                \
    static void name(void);                                          \
    __attribute__((constructor)) static void register_##name(void) { \
        mw_test_register(#name, name);                               \
    }                                                                \
    static void name(void)

void mw_test_register(const char *name, void (*body)(void));

/* The seed of this run: $MW_SEED, or 1. */
uint64_t mw_test_seed(void);

/* A fresh temporary directory, removed with all that is in it when the program ends. */
const char *mw_test_directory(void);

/* Runs `body` with its allocation n and all later ones failing, n = 0, 1, 2 ... until it returns
   MW_OK. Before that it must return MW_NO_MEMORY; each time it must free all that it took.
   Returns that n, so that a test can check that it failed at all. */
size_t mw_test_every_allocation_fails(mw_status (*body)(void *context), void *context);

typedef struct {
    const char *file;
    int line;
    const char *expression;
} mw_test_place;

#define MW_TEST_PLACE(expression) ((mw_test_place){__FILE__, __LINE__, (expression)})

#define MW_CHECK(condition) \
    ((condition) ? (void)0 : mw_test_fail(MW_TEST_PLACE(#condition), "it does not hold"))

/* Each argument is evaluated once; the expected value comes second. */
#define MW_CHECK_EQUAL_INT(actual, expected)                                     \
    mw_test_check_int(MW_TEST_PLACE(#actual " = " #expected), (int64_t)(actual), \
                      (int64_t)(expected))
#define MW_CHECK_EQUAL_DOUBLE_BITS(actual, expected) \
    mw_test_check_bits(MW_TEST_PLACE(#actual " = " #expected), (actual), (expected))
/* Either side is a mw_str or a NUL-terminated text. */
#define MW_CHECK_EQUAL_STR(actual, expected)                                       \
    mw_test_check_str(MW_TEST_PLACE(#actual " = " #expected), MW_TEST_STR(actual), \
                      MW_TEST_STR(expected))
/* `err` is the mw_error * that the call filled, and its message is printed; NULL is allowed. */
#define MW_CHECK_OK(call, err) \
    mw_test_check_status(MW_TEST_PLACE(#call " = MW_OK"), (call), MW_OK, (err))
#define MW_CHECK_STATUS(call, expected) \
    mw_test_check_status(MW_TEST_PLACE(#call " = " #expected), (call), (expected), NULL)

/* The functions behind the checks. */
#define MW_TEST_STR(s) \
    _Generic((s), mw_str: mw_test_str, char *: mw_str_of, const char *: mw_str_of)(s)
static inline mw_str mw_test_str(mw_str s) {
    return s;
}
_Noreturn void mw_test_fail(mw_test_place place, const char *format, ...) MW_PRINTF(2, 3);
void mw_test_check_int(mw_test_place place, int64_t actual, int64_t expected);
void mw_test_check_bits(mw_test_place place, double actual, double expected);
void mw_test_check_str(mw_test_place place, mw_str actual, mw_str expected);
void mw_test_check_status(mw_test_place place, mw_status actual, mw_status expected,
                          const mw_error *err);
