/*
 * family: the features of the moments that one event makes with `each`, worked out together.
 *
 * A feature may look across them (`within moment`): first the windows of each are read, by whoever
 * has them, then the features run, and where one asks for an aggregate of all, that is worked out
 * in between. What is asked of all is added up as windows are, exactly, so the order of the list
 * does not matter.
 *
 * It touches nothing of an engine. One thread uses it.
 */
#pragma once
#include "feature/engine.h"
#include "table/list.h"

typedef struct {
    mw_engine_config config;
    size_t width;            /* of a moment's row */
    mw_cell *withins;        /* what was asked of all */
    mw_cell *values;         /* one of each, to be counted */
    size_t value_capacity;
    uint64_t values_overflowed; /* features, as of an engine */
    mw_list_lengths lengths; /* all moments of an event share its lists */
} mw_family;

/* Of each moment a row, its windows and its features, one behind the other. */
typedef struct {
    int64_t t;
    size_t count;
    const mw_cell *rows;
    const mw_cell *windows;
    size_t window_count; /* of each; the first are the model's that features read */
    mw_cell *features;
} mw_members;

/* For a model with `each`. */
MW_MUST_USE mw_status mw_family_init(mw_family *family, mw_engine_config config, mw_error *err);
void mw_family_release(mw_family *family); /* a zeroed one too */
/* Fills the features of all. */
MW_MUST_USE mw_status mw_family_finish(mw_family *family, const mw_members *members,
                                       mw_error *err);
