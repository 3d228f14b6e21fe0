#include "cli/command.h"

#include <string.h>

#include "testing/test.h"

enum { ARGUMENTS_MAX = 32 };

/* An argument of a line as a shell would take it: up to a blank that is in no quotes. */
static char *next_argument(char **rest) {
    while (**rest == ' ') (*rest)++;
    char *first = *rest, *out = *rest, quote = 0;
    for (; **rest && (quote || **rest != ' '); (*rest)++) {
        if (quote ? **rest == quote : (**rest == '\'' || **rest == '"')) quote = quote ? 0 : **rest;
        else *out++ = **rest;
    }
    MW_CHECK(quote == 0);
    if (**rest) (*rest)++;
    *out = 0;
    return first;
}

static void check_example(const mw_command *command, mw_str line) {
    char text[400], *arguments[ARGUMENTS_MAX], *rest = text;
    int count = 0;
    MW_CHECK(line.size < sizeof text);
    memcpy(text, line.data, line.size);
    text[line.size] = 0;
    char *redirected = strstr(text, " < ");
    if (redirected) *redirected = 0;
    while (*rest) {
        MW_CHECK(count < ARGUMENTS_MAX);
        arguments[count++] = next_argument(&rest);
    }
    int used = strchr(command->name, ' ') ? 3 : 2; /* with the program's own name */
    MW_CHECK(count >= used);
    mw_cli cli = {.sys = mw_sys_real(), .command = command};
    mw_error err = {0};
    MW_CHECK_OK(mw_cli_read(&cli, count - used, arguments + used, &err), &err);
}

/* Each example is of its own command, or of another program, and is read without a complaint. */
MW_TEST(commands_take_their_own_examples) {
    size_t example_count = 0;
    for (const mw_command *command = mw_commands; command->name; command++) {
        if (!command->examples) continue;
        mw_str rest = mw_str_of(command->examples), line;
        while (mw_str_split(&rest, '\n', &line)) {
            line = mw_str_trim(line);
            if (!mw_str_starts(line, MW_STR("millwright "))) continue;
            mw_str called = mw_str_slice(line, strlen("millwright "), line.size);
            MW_CHECK(mw_str_starts(called, mw_str_of(command->name)));
            check_example(command, line);
            example_count++;
        }
    }
    MW_CHECK(example_count > 30);
}

static bool is_of_command(const mw_command *command, const char *name) {
    for (const mw_option *option = command->options; option->name; option++)
        if (strcmp(option->name, name) == 0) return strcmp(option->value, "FILE") == 0;
    return false;
}

static bool says_that_it_prints(const mw_command *command) {
    for (const mw_option *option = command->options; option->name; option++)
        if (strstr(option->text, "instead of standard output")) return true;
    return false;
}

/* Whoever writes a file says so, for that is tried before the work. */
MW_TEST(commands_say_what_they_write) {
    size_t written_count = 0;
    for (const mw_command *command = mw_commands; command->name; command++) {
        bool writes = is_of_command(command, "--output") || is_of_command(command, "--html");
        MW_CHECK(writes == (command->written != NULL));
        if (writes) MW_CHECK(is_of_command(command, command->written));
        MW_CHECK(command->prints == says_that_it_prints(command));
        bool is_asked = command->summary != NULL; /* what `serve` starts it has looked at */
        MW_CHECK((is_of_command(command, "--access-log") && is_asked) ==
                 (command->appended != NULL));
        written_count += writes;
    }
    MW_CHECK(written_count > 5);
}

MW_TEST(commands_have_names_and_words_of_their_own) {
    for (const mw_command *command = mw_commands; command->name; command++) {
        MW_CHECK(command->run != NULL);
        MW_CHECK(command->word_count_min <= command->word_count_max);
        if (command->summary) MW_CHECK((command->words[0] == 0) == (command->word_count_max == 0));
        for (const mw_command *other = command + 1; other->name; other++)
            MW_CHECK(strcmp(command->name, other->name) != 0);
    }
}
