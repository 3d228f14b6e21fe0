/*
 * senses: what vectors need from outside of the language: pictures decoded, networks run.
 *
 * The language is pure, so whoever compiles a project hands them in (perception/). What was opened
 * outlives the program. Calls may come from any thread.
 */
#pragma once
#include "base/str.h"

/* What a network is given: channels of height x width, or `width` numbers in a row (height 0). */
typedef struct {
    size_t channels, height, width;
} mw_sense_input;

/* A network that has been opened. */
typedef struct {
    const void *handle;
    size_t width;        /* how many numbers it gives */
    mw_str sha256;       /* of its file, in hex: part of the program's meaning */
} mw_sense_network;

/* A file that a program hangs on. */
typedef struct {
    mw_str name, sha256; /* in hex */
} mw_program_file;
enum { MW_PROGRAM_FILES_MAX = 64 };

typedef struct {
    void *context;
    /* The network of a file, named from the project's folder. */
    mw_status (*open)(void *context, mw_str file, mw_sense_input input,
                      mw_sense_network *out_network, mw_error *err);
    /* False: it gives nothing for this. */
    bool (*run)(const void *handle, const float *input, float *output);
    /* The picture that the text stands for in base64, as 3 x height x width numbers from 0 to 1.
       False: it stands for none. */
    bool (*see)(mw_str text, size_t width, size_t height, float *output);
} mw_senses;
