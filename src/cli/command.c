#include "cli/command.h"

#include "base/nearest.h"
#include "cli/not_built.h"
#include "cli/written_file.h"
#include "sys/parallel.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_SIZE_MAX ((size_t)1 << 32)
#define ARENA_SIZE_MAX ((size_t)1 << 34)
enum { HELP_COLUMN = 26, NAME_SIZE_MAX = 200 };

const char mw_program_version[] = "0.1.0";

/* --- help ------------------------------------------------------------------------------- */

static void print_all_commands(FILE *stream) {
    fprintf(stream, "Production machine learning in one binary.\n\n"
                    "usage: millwright COMMAND [WORDS] [OPTIONS]\n\ncommands\n");
    for (const mw_command *command = mw_commands; command->name; command++)
        if (command->summary)
            fprintf(stream, "  %-*s %s\n", HELP_COLUMN - 4, command->name, command->summary);
    fprintf(stream, "\nevery command takes\n"
                    "  --help                 what it does, with examples\n"
                    "  --json                 one JSON value on standard output\n"
                    "  -C DIR                 the project's folder, if not this one\n\n"
                    "start here\n"
                    "  millwright init flights --example flights\n"
                    "  millwright check -C flights\n");
}

static void print_command(FILE *stream, const mw_command *command) {
    fprintf(stream, "%s\n\nusage: millwright %s%s%s [OPTIONS]\n\noptions\n", command->summary,
            command->name, command->words[0] ? " " : "", command->words);
    for (const mw_option *option = command->options; option->name; option++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", option->name, option->value ? option->value : "");
        fprintf(stream, "  %-*s %s\n", HELP_COLUMN - 4, left, option->text);
    }
    fprintf(stream, "  %-*s %s\n  %-*s %s\n", HELP_COLUMN - 4, "--json",
            "one JSON value on standard output", HELP_COLUMN - 4, "-C DIR",
            "the project's folder, if not this one");
    if (command->examples) fprintf(stream, "\nexamples\n%s", command->examples);
}

/* Whether the command begins with the word, as all of `features` do. */
static bool is_of_group(const mw_command *command, const char *word) {
    size_t size = strlen(word);
    return command->summary && strncmp(command->name, word, size) == 0 &&
           command->name[size] == ' ';
}

static bool is_group(const char *word) {
    const mw_command *command = mw_commands;
    while (command->name && !is_of_group(command, word)) command++;
    return command->name != NULL;
}

static void print_group(FILE *stream, const char *word) {
    fprintf(stream, "usage: millwright %s COMMAND [OPTIONS]\n\n", word);
    for (const mw_command *command = mw_commands; command->name; command++)
        if (is_of_group(command, word))
            fprintf(stream, "  %-*s %s\n", HELP_COLUMN - 4, command->name, command->summary);
}

/* --- reading the arguments -------------------------------------------------------------- */

/* The command that the first one or two arguments name; `*out_used` of them. */
static const mw_command *find_command(int count, char **arguments, int *out_used) {
    for (const mw_command *command = mw_commands; command->name; command++) {
        const char *space = strchr(command->name, ' ');
        if (!space) {
            if (strcmp(command->name, arguments[0]) != 0) continue;
            *out_used = 1;
            return command;
        }
        size_t first = (size_t)(space - command->name);
        bool both = count > 1 && strlen(arguments[0]) == first &&
                    strncmp(command->name, arguments[0], first) == 0 &&
                    strcmp(space + 1, arguments[1]) == 0;
        if (!both) continue;
        *out_used = 2;
        return command;
    }
    return NULL;
}

static mw_status unknown_command(int count, char **words, mw_error *err) {
    char name[NAME_SIZE_MAX];
    bool of_group = is_group(words[0]), has_second = count > 1 && words[1][0] != '-';
    if (of_group && !has_second) {
        mw_status status = mw_fail(err, MW_USAGE, "%s: COMMAND is missing", words[0]);
        return mw_hint(err, status, "millwright %s --help lists them.", words[0]);
    }
    snprintf(name, sizeof name, "%s%s%s", words[0], of_group ? " " : "", of_group ? words[1] : "");
    mw_nearest nearest = mw_nearest_to(mw_str_of(name));
    for (const mw_command *command = mw_commands; command->name; command++)
        if (command->summary) mw_nearest_offer_text(&nearest, command->name);
    mw_status status = mw_fail(err, MW_USAGE, "there is no command %s", name);
    if (name[0] == '-')
        return mw_hint(err, status, "Options stand behind the command: millwright status -C DIR.");
    if (nearest.found.size > 0) return mw_hint_nearest(err, status, &nearest);
    return mw_hint(err, status, "millwright %s%s--help lists them.", of_group ? words[0] : "",
                   of_group ? " " : "");
}

mw_status mw_cli_hint_call(const mw_command *command, mw_status status, mw_error *err) {
    return mw_hint(err, status, "It is called as: millwright %s%s%s%s", command->name,
                   command->words[0] ? " " : "", command->words,
                   mw_command_has_option(command, "--model") ? " [--model MODEL]" : "");
}

static mw_status unknown_option(const mw_command *command, const char *word, mw_error *err) {
    mw_str name;
    mw_str rest = mw_str_of(word);
    (void)mw_str_split(&rest, '=', &name);
    if (mw_str_is(name, "--model") && strstr(command->words, "MODEL")) {
        mw_status misplaced = mw_fail(err, MW_USAGE, "%s: the model is a word, not an option",
                                      command->name);
        return mw_cli_hint_call(command, misplaced, err);
    }
    mw_nearest nearest = mw_nearest_to(mw_str_of(word));
    mw_nearest_offer_text(&nearest, "--json");
    mw_nearest_offer_text(&nearest, "--help");
    mw_nearest_offer_text(&nearest, "-C");
    for (const mw_option *option = command->options; option->name; option++)
        mw_nearest_offer_text(&nearest, option->name);
    mw_status status = mw_fail(err, MW_USAGE, "%s: there is no option %s", command->name, word);
    if (nearest.found.size > 0) return mw_hint_nearest(err, status, &nearest);
    return mw_hint(err, status, "millwright %s --help lists them.", command->name);
}

/* Reads one option at arguments[*index]; its value may follow '=' or stand next. */
static mw_status read_option(mw_cli *cli, int count, char *const *arguments, int *index,
                             mw_error *err) {
    const char *word = arguments[*index];
    const char *equals = strchr(word, '=');
    size_t size = equals ? (size_t)(equals - word) : strlen(word);
    if (size == 6 && strncmp(word, "--json", 6) == 0 && !equals) {
        cli->json = true;
        return MW_OK;
    }
    bool is_folder = strcmp(word, "-C") == 0;
    const mw_option *option = cli->command->options;
    while (!is_folder && option->name &&
           (strlen(option->name) != size || strncmp(option->name, word, size) != 0))
        option++;
    if (!is_folder && !option->name) return unknown_option(cli->command, word, err);

    bool takes_value = is_folder || option->value;
    if (!takes_value && equals)
        return mw_fail(err, MW_USAGE, "%s: %s takes no value", cli->command->name, option->name);
    const char *value = "";
    if (takes_value) {
        bool follows = !equals && *index + 1 < count;
        if (!equals && !follows)
            return mw_fail(err, MW_USAGE, "%s: %s needs a value (%s)", cli->command->name, word,
                           is_folder ? "DIR" : option->value);
        value = equals ? equals + 1 : arguments[++*index];
    }
    const char **into =
        is_folder ? &cli->folder : &cli->option_values[option - cli->command->options];
    if (takes_value && *into)
        return mw_fail(err, MW_USAGE, "%s: %s is given twice, %s and %s", cli->command->name,
                       is_folder ? "-C" : option->name, *into, value);
    *into = value;
    return MW_OK;
}

/* It may be a model that is meant. */
static mw_status too_many_words(const mw_command *command, const char *word, mw_error *err) {
    mw_status status = mw_fail(err, MW_USAGE, "%s: one word too many: %s", command->name, word);
    if (!mw_command_has_option(command, "--model")) return mw_cli_hint_call(command, status, err);
    return mw_hint(err, status, "It is called as: millwright %s%s%s --model %s", command->name,
                   command->words[0] ? " " : "", command->words, word);
}

mw_status mw_cli_read(mw_cli *cli, int count, char *const *arguments, mw_error *err) {
    bool only_words = false;
    for (int i = 0; i < count; i++) {
        const char *word = arguments[i];
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
        } else if (!only_words && word[0] == '-' && word[1] != 0) {
            MW_TRY(read_option(cli, count, arguments, &i, err));
        } else {
            if (cli->word_count == cli->command->word_count_max ||
                cli->word_count == MW_WORDS_MAX)
                return too_many_words(cli->command, word, err);
            cli->words[cli->word_count++] = word;
        }
    }
    if (!cli->folder) cli->folder = ".";
    if (cli->word_count < cli->command->word_count_min) {
        mw_status status = mw_fail(err, MW_USAGE, "%s: %s is missing", cli->command->name,
                                   cli->command->words);
        return mw_hint(err, status, "millwright %s --help shows examples.", cli->command->name);
    }
    return MW_OK;
}

/* --- running ---------------------------------------------------------------------------- */

static void print_failure(mw_cli *cli, mw_status status, const mw_error *err) {
    if (cli->json && cli->out.size == 0) {
        mw_json json = mw_json_begin(&cli->out);
        mw_json_object(&json);
        mw_json_key(&json, "error");
        mw_json_object(&json);
        mw_json_put_text(&json, "type", mw_status_problem_type(status));
        mw_json_put_text(&json, "message", err->message);
        mw_json_put_text(&json, "hint", err->hint);
        mw_json_object_end(&json);
        mw_json_object_end(&json);
    }
    const char *message = err->message[0] ? err->message : mw_status_text(status);
    fprintf(stderr, "millwright: %s\n", message);
    if (err->hint[0]) fprintf(stderr, "  %s\n", err->hint);
}

/* Asked before the arguments are read, so that what is wrong with them is said in JSON too. */
static bool asks_for_json(int count, char **arguments) {
    for (int i = 0; i < count && strcmp(arguments[i], "--") != 0; i++)
        if (strcmp(arguments[i], "--json") == 0) return true;
    return false;
}

static int run_command(mw_cli *cli, int count, char **arguments) {
    mw_error err = {0};
    cli->json = asks_for_json(count, arguments);
    mw_buf_init(&cli->out, OUTPUT_SIZE_MAX);
    mw_arena_init(&cli->arena, ARENA_SIZE_MAX);
    bool is_built = cli->command->run != mw_cli_not_built; /* else it says so to anything */
    mw_status status = is_built ? mw_cli_read(cli, count, arguments, &err) : MW_OK;
    if (status == MW_OK) status = mw_cli_try_written(cli, &err);
    if (status == MW_OK) status = cli->command->run(cli, &err);
    if (status == MW_OK) status = mw_buf_check(&cli->out, "output", &err);
    if (status != MW_OK) print_failure(cli, status, &err);
    if (cli->json && cli->out.size > 0 && cli->out.data[cli->out.size - 1] != '\n')
        mw_buf_append_char(&cli->out, '\n');
    mw_cli_flush(cli);
    mw_buf_release(&cli->out);
    mw_arena_release(&cli->arena);
    return mw_status_exit_code(status);
}

/* What names no command: a group of them, or nothing. */
static int answer_unknown(int count, char **words) {
    bool is_helped = count == 1 || strcmp(words[1], "--help") == 0;
    if (is_helped && is_group(words[0])) {
        print_group(count == 1 ? stderr : stdout, words[0]);
        return count == 1 ? mw_status_exit_code(MW_USAGE) : 0;
    }
    mw_error err = {0};
    mw_cli nowhere = {.json = asks_for_json(count, words)};
    mw_buf_init(&nowhere.out, OUTPUT_SIZE_MAX);
    mw_status status = unknown_command(count, words, &err);
    print_failure(&nowhere, status, &err);
    mw_cli_flush(&nowhere);
    mw_buf_release(&nowhere.out);
    return mw_status_exit_code(status);
}

static int answer(mw_sys *sys, int count, char **words) {
    if (count > 1 && strcmp(words[0], "help") == 0) { /* `help train` is `train --help` */
        char help[] = "--help", *turned[] = {words[1], count > 2 ? words[2] : help, help};
        return answer(sys, count > 2 ? 3 : 2, turned);
    }
    if (count == 0 || strcmp(words[0], "--help") == 0 || strcmp(words[0], "help") == 0) {
        print_all_commands(count == 0 ? stderr : stdout);
        return count == 0 ? mw_status_exit_code(MW_USAGE) : 0;
    }
    if (strcmp(words[0], "--version") == 0) {
        printf("millwright %s\n", mw_program_version);
        return 0;
    }
    int used = 0;
    const mw_command *command = find_command(count, words, &used);
    if (!command) return answer_unknown(count, words);
    for (int i = used; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], "--help") != 0 || !command->summary) continue;
        print_command(stdout, command);
        return 0;
    }
    mw_cli cli = {.sys = sys,
                  .command = command,
                  .colour = isatty(STDOUT_FILENO) && !mw_sys_environment(sys, "NO_COLOR")};
    return run_command(&cli, count - used, words + used);
}

/* A result that did not reach its reader, as on a full disk, is a failure. */
int mw_command_main(mw_sys *sys, int argument_count, char **arguments) {
    int exit_code = answer(sys, argument_count - 1, arguments + 1);
    fflush(stdout);
    if (!ferror(stdout)) return exit_code;
    fputs("millwright: output: the result could not be written\n", stderr);
    return mw_status_exit_code(MW_IO);
}

/* --- for commands ----------------------------------------------------------------------- */

/* MW_OPTIONS_MAX: the command has no such option. */
static size_t find_option(const mw_command *command, const char *name) {
    for (size_t i = 0; i < MW_OPTIONS_MAX && command->options[i].name; i++)
        if (strcmp(command->options[i].name, name) == 0) return i;
    return MW_OPTIONS_MAX;
}

bool mw_command_has_option(const mw_command *command, const char *name) {
    return find_option(command, name) < MW_OPTIONS_MAX;
}

const char *mw_cli_option(const mw_cli *cli, const char *name) {
    size_t index = find_option(cli->command, name);
    MW_ASSERT(index < MW_OPTIONS_MAX); /* the command has declared it */
    return cli->option_values[index];
}

bool mw_cli_has(const mw_cli *cli, const char *name) { return mw_cli_option(cli, name) != NULL; }

mw_status mw_cli_int(const mw_cli *cli, const char *name, mw_cli_bounds bounds,
                     int64_t *out_value, mw_error *err) {
    const char *text = mw_cli_option(cli, name);
    int64_t value = bounds.usual;
    bool is_number = !text || mw_str_to_int64(mw_str_of(text), &value);
    if (is_number && (!text || (value >= bounds.least && value <= bounds.most))) {
        *out_value = value;
        return MW_OK;
    }
    if (bounds.most == INT64_MAX)
        return mw_fail(err, MW_USAGE, "%s: must be a whole number of at least %lld, got \"%s\"",
                       name, (long long)bounds.least, text);
    return mw_fail(err, MW_USAGE, "%s: must be a whole number from %lld to %lld, got \"%s\"",
                   name, (long long)bounds.least, (long long)bounds.most, text);
}

mw_status mw_cli_threads(const mw_cli *cli, int64_t *out_count, mw_error *err) {
    mw_cli_bounds bounds = {1, MW_THREADS_MAX, (int64_t)mw_sys_core_count(cli->sys)};
    return mw_cli_int(cli, "--threads", bounds, out_count, err);
}

void mw_cli_flush(mw_cli *cli) {
    fwrite(cli->out.data, 1, cli->out.size, stdout);
    fflush(stdout);
    mw_buf_clear(&cli->out);
}

void mw_cli_note(const mw_cli *cli, const char *format, ...) {
    if (cli->json) return;
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}
