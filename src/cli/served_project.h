/*
 * served_project: the project file as the running server goes by it, kept in the state folder.
 *
 * A server that is ready keeps here the bytes of the project file that it was opened with. What
 * `serve` begins again, and what works for the server, goes on by them, whatever the file of today
 * says (docs/decisions/0049).
 *
 * The file is a YAML file that people can compare with today's: the bytes as they were, then a
 * line of comment with a word for the `serve`, the time and a SHA-256 of all before that. It is
 * written whole.
 */
#pragma once
#include "project/yaml.h"
#include "sys/sys.h"

#define MW_SERVED_FILE "served.yaml"

enum { MW_SERVE_WORD_SIZE_MAX = 64 };

typedef struct {
    mw_str bytes;        /* of the project file */
    mw_str serve;        /* the word of the `serve` that took it up: 1 to 64 letters and digits */
    int64_t accepted_us; /* when they were kept: as a server was ready, by the wall clock */
} mw_served_project;

/* One that no other `serve` has. */
void mw_serve_word_draw(mw_sys *sys, char out_word[MW_SERVE_WORD_SIZE_MAX + 1]);
/* Whether it is one, from wherever it comes. */
bool mw_serve_word_is_good(mw_str word);

/* `path`: of the file. */
MW_MUST_USE mw_status mw_served_project_write(mw_sys *sys, const char *path,
                                              const mw_served_project *project, mw_error *err);
/* Into `arena`. MW_NOT_FOUND: there is none; MW_CORRUPT: it is not as it was written. */
MW_MUST_USE mw_status mw_served_project_read(mw_sys *sys, const char *path, mw_arena *arena,
                                             mw_served_project *out_project, mw_error *err);
