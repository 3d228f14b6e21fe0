#include "lang/vector.h"

#include "base/prng.h"
#include "lang/program.h"
#include "testing/declare.h"
#include "testing/test.h"

#include <stdio.h>

enum { WIDTH_MAX = 64 };

typedef struct {
    mw_test_project project;
    mw_cell row[2]; /* said, x */
    mw_cell cells[WIDTH_MAX];
} fixture;

static fixture begin(const char *feature) {
    fixture f = {0};
    char text[512];
    snprintf(text, sizeof text, "feature v: %s\nstream s:\n  columns: said text, x number, t time\n"
                                "  time: t\n  id: t\nmodel m:\n  moment: on s\n"
                                "  label: any(s by said over next 1d)\n", feature);
    f.project = mw_test_compile(text);
    return f;
}

/* The vector's numbers of a text (NULL: missing) and a number. */
static const mw_cell *fill(fixture *f, const char *said, double x) {
    f->row[0].symbol = said ? mw_symbols_intern(f->project.symbols, mw_str_of(said)) : 0;
    f->row[1] = mw_cell_number(x);
    mw_frame frame = {
        .row = f->row, .symbols = f->project.symbols, .zone = f->project.program->zone};
    mw_feature_run(&f->project.model->features[0], &frame, f->cells);
    return f->cells;
}

static void end(fixture *f) { mw_test_project_release(&f->project); }

/* The expected counts are those of scikit-learn's HashingVectorizer(n_features=16,
   ngram_range=(1, 2), alternate_sign=False, norm=None, token_pattern=r"\w+", lowercase=False). */
MW_TEST(vector_counts_words_as_others_do) {
    static const double counts[] = {0, 1, 0, 0, 0, 0, 2, 1, 0, 2, 0, 1, 2, 3, 1, 0};
    fixture f = begin("ngrams(said, 1, 2, 16)");
    MW_CHECK_EQUAL_INT(f.project.model->feature_count, 16);
    MW_CHECK_EQUAL_STR(f.project.model->features[3].name, "v_3");
    MW_CHECK_EQUAL_STR(mw_code_text(f.project.model->features[3].code),
                       "ngrams(said, 1, 2, 16)[3]");
    const mw_cell *cells = fill(&f, "Past due: the invoice, past due! gr\xc3\xb6\xc3\x9f" "e", 0);
    for (size_t i = 0; i < 16; i++) MW_CHECK(cells[i].number == counts[i]);
    end(&f);
}

MW_TEST(vector_counts_nothing_in_an_empty_text_and_misses_a_missing_one) {
    fixture f = begin("ngrams(said, 2, 3, 8)");
    const char *const without[] = {"", " ,.", "alone", "\xff\xfe"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        for (size_t n = 0; n < 8; n++) MW_CHECK(fill(&f, without[i], 0)[n].number == 0);
    for (size_t n = 0; n < 8; n++)
        MW_CHECK(mw_cell_is_missing(MW_TYPE_NUMBER, fill(&f, NULL, 0)[n]));
    end(&f);
}

/* Of n words in a row there are n - k + 1 runs of k. */
MW_TEST(vector_counts_every_run_of_words) {
    uint64_t prng = mw_test_seed();
    fixture f = begin("ngrams(said, 2, 5, 7)");
    for (int round = 0; round < 300; round++) {
        mw_buf text;
        mw_buf_init(&text, 1 << 16);
        size_t words = (size_t)mw_prng_below(&prng, 40), expected = 0;
        for (size_t i = 0; i < words; i++)
            mw_buf_printf(&text, "%sw%d", i % 3 ? " " : "-- ", (int)mw_prng_below(&prng, 9));
        for (size_t k = 2; k <= 5 && k <= words; k++) expected += words - k + 1;
        mw_buf_append_char(&text, '.');
        double sum = 0;
        for (size_t i = 0; i < 7; i++) sum += fill(&f, text.data, 0)[i].number;
        MW_CHECK_EQUAL_INT((int64_t)sum, (int64_t)expected);
        mw_buf_release(&text);
    }
    end(&f);
}

/* One number by itself is that of the whole, also where memory is out for the whole. */
MW_TEST(vector_numbers_agree_with_the_whole) {
    fixture f = begin("vector(x, x * 2, length(said))");
    const mw_model_program *model = f.project.model;
    const mw_cell *cells = fill(&f, "four", 1.5);
    const double expected[] = {1.5, 3, 4};
    mw_frame frame = {.row = f.row, .symbols = f.project.symbols, .zone = f.project.program->zone};
    for (size_t i = 0; i < 3; i++) {
        MW_CHECK(cells[i].number == expected[i]);
        MW_CHECK(mw_code_run(model->features[i].code, &frame).bits == cells[i].bits);
        MW_CHECK_EQUAL_INT(model->features[i].vector_index, i);
    }
    mw_memory_fail_after(0);
    mw_cell none = mw_code_run(model->features[0].code, &frame);
    mw_memory_fail_after(SIZE_MAX);
    MW_CHECK(mw_cell_is_missing(MW_TYPE_NUMBER, none));
    end(&f);
}

MW_TEST(vector_without_memory_is_missing) {
    fixture f = begin("ngrams(said, 1, 1, 4)");
    (void)fill(&f, "some words", 0);
    mw_memory_fail_after(0);
    const mw_cell *cells = fill(&f, "some words", 0);
    mw_memory_fail_after(SIZE_MAX);
    for (size_t i = 0; i < 4; i++) MW_CHECK(mw_cell_is_missing(MW_TYPE_NUMBER, cells[i]));
    end(&f);
}
