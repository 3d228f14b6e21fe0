#include "lang/outside.h"

#include "lang/program.h"
#include "testing/declare.h"
#include "testing/test.h"

#include <stdio.h>

static mw_test_project begin(const char *feature) {
    char text[512];
    snprintf(text, sizeof text, "feature v: %s\nstream s:\n  columns: said text, x number, t time\n"
                                "  time: t\n  id: t\nmodel m:\n  moment: on s\n"
                                "  label: any(s by said over next 1d)\n", feature);
    return mw_test_compile(text);
}

/* A network that tells its inputs apart, in three numbers. */
static bool weigh(const void *handle, const float *input, float *output) {
    (void)handle;
    for (int n = 0; n < 3; n++) output[n] = input[0] * (float)(n + 1) + input[1] - input[2] / 4;
    return true;
}

static const mw_senses senses = {.run = weigh};

static mw_vector embed(const mw_vector *input) {
    return (mw_vector){.kind = MW_VECTOR_EMBEDDED,
                       .width = 3,
                       .args = input->args,
                       .arg_count = input->arg_count,
                       .senses = &senses,
                       .input = input};
}

/* Both give the same of a row, one of its fields and the other of its arguments. */
static void check_alike(const char *feature, bool takes_text) {
    mw_test_project project = begin(feature);
    mw_vector inner = embed(project.model->features[0].vector), vector = embed(&inner);
    const mw_vector *over = mw_vector_over_row(&vector, &project.arena);
    MW_CHECK(over && mw_vector_is_outside(over) && mw_vector_is_outside(&inner));
    MW_CHECK(!mw_vector_is_outside(inner.input));
    MW_CHECK(mw_vector_takes_text(&vector) == takes_text);
    const double numbers[] = {-1.5, 0, 1e300, 0.1};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        mw_cell row[] = {{.symbol = mw_symbols_intern(project.symbols, MW_STR("one a two a"))},
                         mw_cell_number(numbers[i]), mw_cell_time(7)};
        mw_frame frame = {.row = row, .symbols = project.symbols};
        mw_cell arguments[3], expected[3], found[3];
        for (size_t n = 0; n < vector.arg_count; n++)
            arguments[n] = mw_code_run(vector.args[n], &frame);
        mw_vector_fill(&vector, &frame, expected);
        frame.row = arguments;
        mw_vector_fill(over, &frame, found);
        for (size_t n = 0; n < 3; n++) MW_CHECK_EQUAL_INT(found[n].bits, expected[n].bits);
        MW_CHECK(numbers[i] > 1 || !mw_cell_is_missing(MW_TYPE_NUMBER, found[0]));
    }
    mw_test_project_release(&project);
}

MW_TEST(outside_gives_of_arguments_what_the_vector_gives_of_the_row) {
    check_alike("vector(x * 3, length(said), x - 1)", false);
    check_alike("ngrams(concat(said, \" b\"), 1, 2, 3)", true);
}

MW_TEST(outside_is_none_without_memory) {
    mw_test_project project = begin("vector(x, x, 1)");
    mw_vector inner = embed(project.model->features[0].vector), vector = embed(&inner);
    for (size_t n = 0;; n++) {
        mw_arena arena;
        mw_arena_init(&arena, n * 16);
        bool is_made = mw_vector_over_row(&vector, &arena) != NULL;
        MW_CHECK(is_made || n < 100);
        mw_arena_release(&arena);
        if (is_made || n >= 100) break;
    }
    mw_test_project_release(&project);
}
