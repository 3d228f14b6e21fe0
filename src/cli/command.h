/*
 * command: what every command of the program is made of, and how its words are read.
 *
 * A command is one row of a table: name ("features build"), the words that it takes, options
 * and a function. Parsing, --help, --json, -C DIR, usage errors and exit codes are common to
 * all and live here; a command sees options that are known and complete. That the file which a
 * command would write in the end may be, and can, is asked before it begins (written_file.h).
 *
 * Results go to standard output, everything said about them to standard error. Under --json
 * standard output carries one JSON value, also when the command fails.
 */
#pragma once
#include "base/json.h"
#include "sys/sys.h"

enum { MW_OPTIONS_MAX = 16, MW_WORDS_MAX = 256 };

typedef struct {
    const char *name;  /* "--from" */
    const char *value; /* "FILE"; NULL: a switch */
    const char *text;  /* one line of help */
} mw_option;

typedef struct mw_cli mw_cli;

typedef struct {
    const char *name;                  /* one or two words */
    const char *words;                 /* "[STREAM...]"; "" for none */
    size_t word_count_min, word_count_max;
    const char *summary;               /* one line, no full stop; NULL: not in the help */
    mw_option options[MW_OPTIONS_MAX]; /* ends at the first without a name */
    const char *written;               /* the option that names a file to write; NULL: none */
    bool prints;                       /* to standard output without that option */
    const char *appended;              /* the option that names a file to append to; likewise */
    const char *examples;              /* lines, each a command */
    mw_status (*run)(mw_cli *cli, mw_error *err);
} mw_command;

struct mw_cli {
    mw_sys *sys;
    const mw_command *command;
    const char *words[MW_WORDS_MAX];
    size_t word_count;
    const char *option_values[MW_OPTIONS_MAX]; /* by the command's options; "" for a set switch */
    const char *folder;                        /* -C DIR, or "." */
    bool json;
    bool colour;                               /* standard output is a terminal */
    mw_buf out;                                /* what goes to standard output at the end */
    mw_arena arena;                            /* for the length of the command */
};

/* All commands, in the order of the help; ends at the first without a name. */
extern const mw_command mw_commands[];
extern const char mw_program_version[]; /* "0.1.0" */

/* Reads the arguments, runs the command, prints its result or error: the exit code. */
int mw_command_main(mw_sys *sys, int argument_count, char **arguments);

/* Reads what follows the command's name into words and options. */
MW_MUST_USE mw_status mw_cli_read(mw_cli *cli, int count, char *const *arguments, mw_error *err);

/* How the command is called, and that --model names the model where no word does. */
mw_status mw_cli_hint_call(const mw_command *command, mw_status status, mw_error *err);

/* The value of an option of this command ("" for a switch); NULL when it was not given. */
const char *mw_cli_option(const mw_cli *cli, const char *name);
bool mw_command_has_option(const mw_command *command, const char *name);
bool mw_cli_has(const mw_cli *cli, const char *name);
/* What an option's whole number may be, and is if it was not given. */
typedef struct {
    int64_t least, most, usual; /* INT64_MAX: as much as wished */
} mw_cli_bounds;
/* MW_USAGE names option, bounds and value. */
MW_MUST_USE mw_status mw_cli_int(const mw_cli *cli, const char *name, mw_cli_bounds bounds,
                                 int64_t *out_value, mw_error *err);
/* --threads: of what is worked out by the cores, one for each unless it says otherwise. */
MW_MUST_USE mw_status mw_cli_threads(const mw_cli *cli, int64_t *out_count, mw_error *err);
/* Writes what has gathered in cli->out to standard output now (long-lived commands). */
void mw_cli_flush(mw_cli *cli);
/* A line on standard error: what is going on, for people; silent under --json. */
void mw_cli_note(const mw_cli *cli, const char *format, ...) MW_PRINTF(2, 3);
