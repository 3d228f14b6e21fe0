/*
 * shape: what a value of the project file must look like, as data.
 *
 * A shape is a tree of constant tables: which keys a mapping may have, what each is for and what
 * its value must be. One walk checks a file against it and reports every breach with its place;
 * another prints the same tables as the reference for users. schema.h holds the tables.
 *
 * ${VAR} may stand in plain texts (paths, addresses, words for people) alone. What has a meaning
 * of its own must stand in the file, which a version keeps; the environment it does not.
 */
#pragma once
#include "project/yaml.h"

typedef enum {
    /* texts */
    MW_SHAPE_TEXT,
    MW_SHAPE_NAME,
    MW_SHAPE_ZONE,
    MW_SHAPE_EXPRESSION,
    MW_SHAPE_SPAN,
    MW_SHAPE_SHARE,
    MW_SHAPE_SIZE,
    MW_SHAPE_NUMBER,
    MW_SHAPE_AMOUNT,    /* a number of at least 0 */
    MW_SHAPE_CHOICE,    /* one of `words` */
    MW_SHAPE_CONDITION, /* rule.h */
    MW_SHAPE_ACTIONS,   /* ACTION when CONDITION ... */
    MW_SHAPE_RATE,      /* these six: scalar.h */
    MW_SHAPE_PER_POSITIVE,
    MW_SHAPE_KEY_OVER,
    MW_SHAPE_DECISION,
    MW_SHAPE_OUTPUT,
    MW_SHAPE_EXTERNAL,
    MW_SHAPE_TEXTS_END,
    /* others */
    MW_SHAPE_NAMES = MW_SHAPE_TEXTS_END, /* a list of names, or a text with commas */
    MW_SHAPE_LIST,                       /* of `item` */
    MW_SHAPE_MAP,                        /* NAME: `item` */
    MW_SHAPE_RECORD,                     /* `keys`; other names are `item`, if that is given */
    MW_SHAPE_EITHER,                     /* `item` if it looks like that, else `other` */
    MW_SHAPE_ANY,
} mw_shape_kind;

typedef enum {
    MW_KEY_OPTIONAL,
    MW_KEY_REQUIRED,
    MW_KEY_COMPILED,  /* required too, but it is the compiler that tells when it is missing */
    MW_KEY_LATER,     /* accepted and checked; a note says that it is not in force yet */
    MW_KEY_NOT_BUILT, /* an error: passing over it would change what the project means */
} mw_key_state;

typedef struct mw_shape mw_shape;

typedef struct {
    const char *name;
    const mw_shape *shape;
    mw_key_state state;
    const char *meaning;
} mw_shape_key;

struct mw_shape {
    mw_shape_kind kind;
    const mw_shape *item, *other;
    const mw_shape_key *keys;
    size_t key_count;
    const char *const *words; /* of a choice, ended by NULL */
    size_t words_in_force;    /* the first so many */
    mw_key_state state;       /* of this one of two shapes, or of the words that are not in force */
};

enum { MW_NOTES_MAX = 100 };
/* Something that the file says and this build does not act on yet. */
typedef struct mw_note mw_note;
struct mw_note {
    mw_position position;
    mw_str text; /* "models.fraud.review: not in force yet" */
    mw_note *next;
};

/* The notes in file order, those past MW_NOTES_MAX left out. MW_OK however much was reported;
   MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_shape_check(const mw_shape *shape, const mw_yaml *root, mw_arena *arena,
                                     mw_diagnostics *diagnostics, mw_note **out_notes);
/* A Markdown table with one line a key. */
void mw_shape_reference(const mw_shape *shape, mw_buf *out);
