/*
 * declaration: what a project file says, as plain values: the compiler's input.
 *
 * project/ fills it from YAML, tests fill it by hand. Expressions stand as text with their
 * place in the file. Nothing here is checked yet.
 */
#pragma once
#include "lang/diagnostics.h"
#include "lang/senses.h"
#include "table/table.h"

/* The time of what has none: `time: always`. */
#define MW_TIME_ALWAYS MW_TIME_MIN

/* An expression's text; its first character stands at `position`. Empty data: not given. */
typedef struct {
    mw_str text;
    mw_position position;
} mw_source;

typedef struct {
    mw_str name;
    mw_position position; /* of the name */
    mw_source source;
} mw_named_source;

/* A field that a process of the user's is asked for, once, as an event enters: NAME: PROCESS(FIELD,
   ...). What the process is called by is no matter of the language. */
typedef struct {
    mw_str name;
    mw_position position; /* of the name */
    mw_source source;     /* whom it asks, of what */
    mw_type gives;        /* MW_TYPE_COUNT: there is no such process */
} mw_ask_declaration;

typedef enum { MW_MEND_UNITS, MW_MEND_DEFAULT, MW_MEND_DROP, MW_MEND_CLIP } mw_mend_kind;

/* What is done to a field of a row that is an event, by `units` or `clean`. */
typedef struct {
    mw_mend_kind kind;
    mw_str name;
    mw_position position;
    double factor;    /* of units */
    mw_source value;  /* of a default */
    double min, max;  /* what the checks of the field say, for it to be good; or infinite */
    mw_str *allowed;  /* likewise, as written; none: any value */
    size_t allowed_count;
} mw_mend_declaration;

typedef struct {
    mw_str name;
    mw_position position;
    mw_str zone;             /* of times that name none; empty: the program's */
    mw_schema columns;       /* of the source, with their types, the key `types` applied */
    bool lacks_columns;      /* there may be others, for its data could not be read: a mistake that
                                was told already */
    mw_named_source *fields; /* derived ones, in file order */
    size_t field_count;
    mw_ask_declaration *asks;
    size_t ask_count;
    mw_source where;
    mw_mend_declaration *mends; /* units, then what is cleaned, in file order */
    size_t mend_count;
    mw_source time;
    mw_source known;         /* not given: time */
    mw_str *ids;             /* names of the id columns */
    size_t id_count;
    mw_position id_position; /* of the first name */
    mw_named_source *laters; /* field name and the time at which it becomes known */
    size_t later_count;
    int64_t late_us;
} mw_stream_declaration;

typedef struct {
    mw_str name;
    mw_position position;
    mw_source moment;
    mw_source label;
} mw_model_declaration;

typedef struct {
    const mw_zone *zone;
    const mw_senses *senses; /* NULL: no picture is seen, no network run */
    mw_stream_declaration *streams;
    size_t stream_count;
    mw_named_source *features;
    size_t feature_count;
    mw_model_declaration *models;
    size_t model_count;
} mw_declarations;
