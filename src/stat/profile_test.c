#include "stat/profile.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 4000, COLUMNS = 6, SIZE_MAX_USED = 1 << 22 };

static const mw_type types[COLUMNS] = {MW_TYPE_NUMBER, MW_TYPE_NUMBER,   MW_TYPE_BOOL,
                                       MW_TYPE_TEXT,   MW_TYPE_DURATION, MW_TYPE_TIME};
static mw_cell cells[ROWS * COLUMNS];

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_profile *profile;
} fixture;

static mw_cell random_cell(uint64_t *prng, mw_symbols *symbols, size_t column) {
    if (mw_prng_below(prng, 20) == 0) return mw_cell_missing(types[column]);
    double x = mw_prng_double(prng);
    switch (column) {
    case 0: return mw_cell_number(log(x + 1e-9));
    case 1: return mw_cell_number(x < 0.6 ? 0 : floor(x * 50)); /* mostly 0 */
    case 2: return mw_cell_bool(x < 0.3);
    case 3: {
        char text[32];
        snprintf(text, sizeof text, "value %d", (int)(x * x * 200));
        return (mw_cell){.symbol = mw_symbols_intern(symbols, mw_str_of(text))};
    }
    case 4: return mw_cell_time((int64_t)(x * 1e9));
    default: return mw_cell_time((int64_t)(x * 1e15));
    }
}

static void set_up(fixture *f) {
    mw_arena_init(&f->arena, SIZE_MAX_USED);
    MW_CHECK_OK(mw_symbols_create(SIZE_MAX_USED, &f->symbols, NULL), NULL);
    uint64_t prng = mw_test_seed();
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        cells[i] = random_cell(&prng, f->symbols, i % COLUMNS);
    MW_CHECK_OK(mw_profile_create(&f->arena, f->symbols, COLUMNS, &f->profile, NULL), NULL);
    for (size_t c = 0; c < COLUMNS; c++) {
        mw_column column = {cells + c, COLUMNS, ROWS};
        MW_CHECK_OK(mw_profile_add(f->profile, mw_str_of("column"), types[c], column, NULL), NULL);
    }
}

static void tear_down(fixture *f) {
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

/* Counting the training rows again gives the counts of training; taking them back gives none. */
MW_TEST(profile_counts_rows_as_it_counted_training) {
    fixture f;
    set_up(&f);
    size_t bin_count = mw_profile_bin_count(f.profile);
    uint64_t *counts = mw_allocate(bin_count * sizeof *counts);
    for (size_t r = 0; r < ROWS; r++)
        mw_profile_count(f.profile, cells + r * COLUMNS, 1, counts);
    MW_CHECK(memcmp(counts, mw_profile_counts(f.profile), bin_count * sizeof *counts) == 0);
    for (size_t c = 0; c < COLUMNS; c++) {
        const mw_profile_column *column = mw_profile_column_at(f.profile, c);
        uint64_t sum = 0;
        for (size_t b = 0; b < column->bin_count; b++) sum += counts[column->first_bin + b];
        MW_CHECK_EQUAL_INT(sum, ROWS);
        MW_CHECK(counts[column->first_bin + column->bin_count - 1] > 0); /* missing */
    }
    for (size_t r = 0; r < ROWS; r++)
        mw_profile_count(f.profile, cells + r * COLUMNS, -1, counts);
    for (size_t b = 0; b < bin_count; b++) MW_CHECK_EQUAL_INT(counts[b], 0);
    mw_free(counts);
    tear_down(&f);
}

MW_TEST(profile_cuts_numbers_at_quantiles) {
    fixture f;
    set_up(&f);
    const mw_profile_column *smooth = mw_profile_column_at(f.profile, 0);
    const uint64_t *counts = mw_profile_counts(f.profile);
    MW_CHECK_EQUAL_INT(smooth->bin_count, MW_PROFILE_NUMBER_BINS_MAX + 1);
    for (size_t b = 0; b < MW_PROFILE_NUMBER_BINS_MAX; b++) {
        double share = (double)counts[smooth->first_bin + b] * MW_PROFILE_NUMBER_BINS_MAX / ROWS;
        MW_CHECK(share > 0.9 && share < 1.02);
    }
    /* the zeros, three fifths of all, have a bin of their own */
    const mw_profile_column *mostly_zero = mw_profile_column_at(f.profile, 1);
    size_t zero = mw_profile_bin(f.profile, 1, mw_cell_number(0));
    MW_CHECK(mw_profile_bin(f.profile, 1, mw_cell_number(-1e-300)) == zero - 1);
    MW_CHECK(mw_profile_bin(f.profile, 1, mw_cell_number(1e-300)) == zero + 1);
    MW_CHECK(counts[zero] > ROWS / 2);
    mw_buf text;
    mw_buf_init(&text, 1 << 10);
    mw_profile_append_bin(f.profile, 1, zero - mostly_zero->first_bin, &text);
    mw_buf_append_text(&text, "; ");
    mw_profile_append_bin(f.profile, 1, zero - mostly_zero->first_bin - 1, &text);
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), "0; below 0");
    mw_buf_release(&text);
    tear_down(&f);
}

/* What people read is short, and no two bins of a column read the same. */
MW_TEST(profile_rounds_the_edges_of_bins_for_people) {
    fixture f;
    set_up(&f);
    mw_buf before, text, exact;
    mw_buf_init(&before, 1 << 10);
    mw_buf_init(&text, 1 << 10);
    mw_buf_init(&exact, 1 << 10);
    const mw_profile_column *smooth = mw_profile_column_at(f.profile, 0);
    size_t shorter = 0;
    for (size_t b = 0; b < smooth->bin_count; b++) {
        mw_buf_clear(&text);
        mw_buf_clear(&exact);
        mw_profile_append_bin_rounded(f.profile, 0, b, &text);
        mw_profile_append_bin(f.profile, 0, b, &exact);
        MW_CHECK(text.size <= sizeof "above -0.12345, up to -0.12345");
        MW_CHECK(!mw_str_equal(mw_buf_str(&text), mw_buf_str(&before)));
        shorter += text.size < exact.size;
        mw_buf_clear(&before);
        mw_buf_append_str(&before, mw_buf_str(&text));
    }
    MW_CHECK(shorter > smooth->bin_count / 2);
    mw_buf_release(&before);
    mw_buf_release(&text);
    mw_buf_release(&exact);
    tear_down(&f);
}

MW_TEST(profile_keeps_the_frequent_values) {
    fixture f;
    set_up(&f);
    const mw_profile_column *column = mw_profile_column_at(f.profile, 3);
    const uint64_t *counts = mw_profile_counts(f.profile) + column->first_bin;
    MW_CHECK_EQUAL_INT(column->bin_count, MW_PROFILE_VALUES_MAX + 2);
    MW_CHECK(counts[MW_PROFILE_VALUES_MAX] > 0); /* others */
    uint64_t least = UINT64_MAX;
    for (size_t b = 0; b < MW_PROFILE_VALUES_MAX; b++)
        if (counts[b] < least) least = counts[b];
    for (int i = 0; i < 200; i++) {
        char text[32];
        snprintf(text, sizeof text, "value %d", i);
        mw_cell cell = {.symbol = mw_symbols_intern(f.symbols, mw_str_of(text))};
        if (mw_profile_bin(f.profile, 3, cell) != column->first_bin + MW_PROFILE_VALUES_MAX)
            continue;
        uint64_t count = 0;
        for (size_t r = 0; r < ROWS; r++) count += cells[r * COLUMNS + 3].symbol == cell.symbol;
        MW_CHECK(count <= least);
    }
    tear_down(&f);
}

MW_TEST(profile_comes_back_in_another_process) {
    fixture f;
    set_up(&f);
    mw_symbols *others; /* the same texts under other codes */
    MW_CHECK_OK(mw_symbols_create(SIZE_MAX_USED, &others, NULL), NULL);
    (void)mw_symbols_intern(others, MW_STR("a stranger"));
    mw_buf bytes, again;
    mw_buf_init(&bytes, 1 << 20);
    mw_buf_init(&again, 1 << 20);
    mw_profile_encode(f.profile, &bytes);
    const mw_profile *back;
    mw_error err;
    MW_CHECK_OK(mw_profile_decode(&f.arena, others, mw_buf_str(&bytes), &back, &err), &err);
    mw_profile_encode(back, &again);
    MW_CHECK(mw_str_equal(mw_buf_str(&bytes), mw_buf_str(&again)));
    for (size_t r = 0; r < ROWS; r++)
        for (size_t c = 0; c < COLUMNS; c++) {
            mw_cell cell = cells[r * COLUMNS + c], other = cell;
            if (types[c] == MW_TYPE_TEXT && cell.symbol != 0)
                other.symbol =
                    mw_symbols_intern(others, mw_symbols_text(f.symbols, cell.symbol));
            MW_CHECK_EQUAL_INT(mw_profile_bin(back, c, other), mw_profile_bin(f.profile, c, cell));
        }
    for (size_t size = 0; size < bytes.size; size += 1 + size / 50)
        MW_CHECK_STATUS(mw_profile_decode(&f.arena, others,
                                          mw_str_slice(mw_buf_str(&bytes), 0, size), &back, NULL),
                        MW_CORRUPT);
    mw_buf_release(&bytes);
    mw_buf_release(&again);
    mw_symbols_destroy(others);
    tear_down(&f);
}

MW_TEST(profile_of_a_constant_sees_a_change_on_either_side) {
    fixture f;
    set_up(&f);
    mw_cell constant[] = {mw_cell_number(3), mw_cell_number(3), mw_cell_number(3)};
    mw_profile *profile;
    MW_CHECK_OK(mw_profile_create(&f.arena, f.symbols, 2, &profile, NULL), NULL);
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("c"), MW_TYPE_NUMBER, (mw_column){constant, 1, 3},
                               NULL),
                NULL);
    MW_CHECK_EQUAL_INT(mw_profile_bin(profile, 0, mw_cell_number(2)), 0);
    MW_CHECK_EQUAL_INT(mw_profile_bin(profile, 0, mw_cell_number(3)), 1);
    MW_CHECK_EQUAL_INT(mw_profile_bin(profile, 0, mw_cell_number(4)), 2);
    /* and one that was always missing has a bin for what comes */
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("m"), MW_TYPE_NUMBER, (mw_column){constant, 1, 0},
                               NULL),
                NULL);
    MW_CHECK_EQUAL_INT(mw_profile_column_at(profile, 1)->bin_count, 2);
    tear_down(&f);
}

static mw_status build_once(void *context) {
    fixture *f = context;
    mw_arena arena;
    mw_arena_init(&arena, SIZE_MAX_USED);
    mw_profile *profile;
    mw_status status = mw_profile_create(&arena, f->symbols, COLUMNS, &profile, NULL);
    for (size_t c = 0; status == MW_OK && c < COLUMNS; c++)
        status = mw_profile_add(profile, MW_STR("column"), types[c],
                                (mw_column){cells + c, COLUMNS, 50}, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(profile_survives_every_shortage_of_memory) {
    fixture f;
    set_up(&f);
    MW_CHECK(mw_test_every_allocation_fails(build_once, &f) > 5);
    tear_down(&f);
}
