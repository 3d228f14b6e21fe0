/*
 * examples: moments with their features and matured labels, as a learner takes them.
 *
 * Rows stand in the order in which their labels matured, so what was known at a time is a
 * prefix. Made by a replay (mw_examples_build) or, in the loop, one by one as labels mature:
 * the numbers are the same. A label that is missing makes no example; one that `unless` drops
 * is counted (rule 6).
 */
#pragma once
#include "feature/replay.h"

enum { MW_SEGMENTS_MAX = 16 };

/* A column to slice metrics by: a feature or a field of the moment. */
typedef struct {
    mw_str name;
    mw_type type;
    bool is_feature;
    int32_t index;
} mw_segment;

typedef struct {
    int64_t t;
    int64_t place;   /* of the moment */
    int64_t matured; /* place of the label */
    uint64_t number; /* of the moment */
    double label;    /* a bool label counts as 0 or 1; of a class 0 */
    uint64_t class_symbol; /* of a class: its name; else 0 */
} mw_example;

typedef struct {
    const mw_model_program *model; /* outlives the examples */
    mw_schema schema;              /* the features' */
    mw_table features;             /* a row an example */
    mw_segment segments[MW_SEGMENTS_MAX];
    size_t segment_count;
    mw_schema segment_schema;
    mw_table segment_cells;        /* a row an example */
    mw_example *items;
    size_t count, capacity;
    size_t unlabelled_count;       /* the label was missing */
    size_t dropped_count;          /* `unless` was true */
    mw_arena arena;
} mw_examples;

/* `segment_names` are features or fields of the moment's stream; MW_INVALID names another. */
MW_MUST_USE mw_status mw_examples_init(mw_examples *examples, const mw_program *program,
                                       const mw_model_program *model,
                                       const mw_str *segment_names, size_t segment_count,
                                       mw_error *err);
/* Takes a label step of a replay: an example, or a count of what made none. */
MW_MUST_USE mw_status mw_examples_add(mw_examples *examples, const mw_step *step, mw_error *err);

typedef void (*mw_examples_progress)(void *context, int64_t place);

/* Replays the events and takes all labels with t in [from, to) matured by `now`. `progress`
   (may be NULL) is told the place now and then. */
MW_MUST_USE mw_status mw_examples_build(mw_examples *examples, mw_replay_config config,
                                        mw_examples_progress progress, void *context,
                                        mw_error *err);
/* How many of the first examples had matured by `now`. */
size_t mw_examples_known_by(const mw_examples *examples, int64_t now);
void mw_examples_release(mw_examples *examples);
