#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "sys/parallel.h"
#include "testing/test.h"

static const mw_command baking = {
    .name = "bake bread",
    .words = "FLOUR [WATER]",
    .word_count_min = 1,
    .word_count_max = 2,
    .options = {{"--heat", "DEGREES", ""}, {"--threads", "N", ""}, {"--dark", NULL, ""},
                {"--onto", "FILE", ""}},
};

enum { ARGUMENTS_MAX = 16 };

/* Of arguments that a blank parts. */
static mw_status read_line(mw_cli *cli, const char *line, mw_error *err) {
    static char text[200];
    char *arguments[ARGUMENTS_MAX];
    int count = 0;
    MW_CHECK(strlen(line) < sizeof text);
    snprintf(text, sizeof text, "%s", line);
    for (char *rest = text, *word; (word = strsep(&rest, " ")) != NULL;) {
        if (!word[0]) continue;
        MW_CHECK(count < ARGUMENTS_MAX);
        arguments[count++] = word;
    }
    *cli = (mw_cli){.sys = mw_sys_real(), .command = &baking};
    return mw_cli_read(cli, count, arguments, err);
}

MW_TEST(command_reads_words_and_options_in_any_order) {
    static const char *const lines[] = {
        "rye salted --heat 230 --dark -C kitchen --json",
        "--dark -C kitchen rye --json --heat=230 salted",
        "--heat 230 --dark --json -C kitchen -- rye salted",
    };
    mw_error err;
    mw_cli cli;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        MW_CHECK_OK(read_line(&cli, lines[i], &err), &err);
        MW_CHECK_EQUAL_INT(cli.word_count, 2);
        MW_CHECK_EQUAL_STR(cli.words[0], "rye");
        MW_CHECK_EQUAL_STR(cli.words[1], "salted");
        MW_CHECK_EQUAL_STR(mw_cli_option(&cli, "--heat"), "230");
        MW_CHECK_EQUAL_STR(cli.folder, "kitchen");
        MW_CHECK(mw_cli_has(&cli, "--dark") && !mw_cli_has(&cli, "--threads") && cli.json);
    }
    MW_CHECK_OK(read_line(&cli, "- --heat -5", &err), &err);
    MW_CHECK_EQUAL_STR(cli.words[0], "-"); /* a word, as the name of standard input */
    MW_CHECK_EQUAL_STR(mw_cli_option(&cli, "--heat"), "-5");
    MW_CHECK_OK(read_line(&cli, "-- --heat", &err), &err);
    MW_CHECK_EQUAL_STR(cli.words[0], "--heat");
}

MW_TEST(command_refuses_what_it_does_not_take) {
    static const char *const cases[][3] = {
        {"", "bake bread: FLOUR [WATER] is missing",
         "millwright bake bread --help shows examples."},
        {"a b c", "bake bread: one word too many: c",
         "It is called as: millwright bake bread FLOUR [WATER]"},
        {"a --model b", "bake bread: there is no option --model",
         "millwright bake bread --help lists them."},
        {"a --heat", "bake bread: --heat needs a value (DEGREES)", ""},
        {"a -C", "bake bread: -C needs a value (DIR)", ""},
        {"a --dark=yes", "bake bread: --dark takes no value", ""},
        {"a --heat 230 --heat=250", "bake bread: --heat is given twice, 230 and 250", ""},
        {"a -C kitchen -C cellar", "bake bread: -C is given twice, kitchen and cellar", ""},
        {"a --heta 230", "bake bread: there is no option --heta", "Did you mean --heat?"},
        {"a --json=1", "bake bread: there is no option --json=1", "Did you mean --json?"},
        {"a --zzzzzz", "bake bread: there is no option --zzzzzz",
         "millwright bake bread --help lists them."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_cli cli;
        mw_error err = {0};
        MW_CHECK_STATUS(read_line(&cli, cases[i][0], &err), MW_USAGE);
        MW_CHECK_EQUAL_STR(err.message, cases[i][1]);
        MW_CHECK_EQUAL_STR(err.hint, cases[i][2]);
    }
}

/* A command takes the model as a word or as an option, and says which to whoever took the other. */
MW_TEST(command_says_how_the_model_is_named) {
    static const mw_command by_option = {
        .name = "taste", .words = "", .options = {{"--model", "MODEL", ""}}};
    static const mw_command by_word = {.name = "sell", .words = "MODEL", .word_count_max = 1};
    static char rye[] = "rye", model[] = "--model";
    mw_cli cli = {.sys = mw_sys_real(), .command = &by_option};
    mw_error err = {0};
    MW_CHECK_STATUS(mw_cli_read(&cli, 1, (char *[]){rye}, &err), MW_USAGE);
    MW_CHECK_EQUAL_STR(err.message, "taste: one word too many: rye");
    MW_CHECK_EQUAL_STR(err.hint, "It is called as: millwright taste --model rye");
    cli = (mw_cli){.sys = mw_sys_real(), .command = &by_word};
    MW_CHECK_STATUS(mw_cli_read(&cli, 2, (char *[]){model, rye}, &err), MW_USAGE);
    MW_CHECK_EQUAL_STR(err.message, "sell: the model is a word, not an option");
    MW_CHECK_EQUAL_STR(err.hint, "It is called as: millwright sell MODEL");
    static char both[] = "--model=rye";
    MW_CHECK_STATUS(mw_cli_read(&cli, 1, (char *[]){both}, &err), MW_USAGE);
    MW_CHECK_EQUAL_STR(err.message, "sell: the model is a word, not an option");
}

MW_TEST(command_reads_whole_numbers) {
    mw_cli cli;
    mw_error err;
    int64_t value = 0;
    MW_CHECK_OK(read_line(&cli, "rye --heat 230", &err), &err);
    const mw_cli_bounds bounds = {-5, 230, 7};
    MW_CHECK_OK(mw_cli_int(&cli, "--heat", bounds, &value, &err), &err);
    MW_CHECK_EQUAL_INT(value, 230);
    MW_CHECK_OK(mw_cli_int(&cli, "--threads", bounds, &value, &err), &err);
    MW_CHECK_EQUAL_INT(value, 7);
    MW_CHECK_OK(mw_cli_threads(&cli, &value, &err), &err);
    MW_CHECK_EQUAL_INT(value, mw_sys_core_count(cli.sys));
    static const char *const wrong[] = {"rye --heat=", "rye --heat 2.5", "rye --heat=-6",
                                        "rye --heat 99999999999999999999", "rye --heat 231"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        MW_CHECK_OK(read_line(&cli, wrong[i], &err), &err);
        MW_CHECK_STATUS(mw_cli_int(&cli, "--heat", bounds, &value, &err), MW_USAGE);
    }
    MW_CHECK_EQUAL_STR(err.message, "--heat: must be a whole number from -5 to 230, got \"231\"");
    const mw_cli_bounds open = {232, INT64_MAX, 300};
    MW_CHECK_STATUS(mw_cli_int(&cli, "--heat", open, &value, &err), MW_USAGE);
    MW_CHECK_EQUAL_STR(err.message, "--heat: must be a whole number of at least 232, got \"231\"");
    MW_CHECK_OK(read_line(&cli, "rye --threads 0", &err), &err);
    MW_CHECK_STATUS(mw_cli_threads(&cli, &value, &err), MW_USAGE);
    MW_CHECK_EQUAL_INT(value, mw_sys_core_count(cli.sys));
}
