/*
 * model_compiler: from a declared model and the features to what an engine runs.
 *
 * Features are read once and compiled for each model, since their bare names are fields of its
 * moment. Private to lang; the scope is shared with window_compiler.c.
 */
#pragma once
#include "lang/program.h"
#include "lang/syntax.h"
#include "lang/typing.h"

/* One feature as it will stand in the vector: a span set has become several. */
typedef struct {
    mw_str name;     /* "wind_3h" */
    mw_str declared; /* "wind" */
    mw_position position;
    const mw_node *node; /* NULL: could not be read, told already */
    size_t span_index;   /* which span of its sets */
    size_t width;        /* of a vector; 0: it is a value of its own */
    size_t vector_index; /* which of its numbers */
    mw_fits fits;        /* that stood around the node */
    mw_type answer;      /* of a field that is asked for */
    bool is_asked;
} mw_feature_syntax;

typedef struct {
    mw_feature_syntax *items;
    size_t count, capacity;
    uint32_t *slots;   /* feature_names.h: twice an item's index, and 1 if it is by what it was
                          declared as; plus 1. 0: free */
    size_t slot_count; /* a power of two */
} mw_feature_list;

typedef enum { MW_FEATURE_NEW, MW_FEATURE_OPEN, MW_FEATURE_DONE } mw_feature_state;

typedef struct mw_moment_scope mw_moment_scope;

/* The features that wait for each other, outermost first: of one model, or fields with windows
   of any streams. */
typedef struct {
    struct {
        const mw_moment_scope *moment;
        int32_t index;
    } items[MW_NESTING_MAX];
    size_t count;
} mw_open_features;

/* What names mean at the moment. */
struct mw_moment_scope {
    mw_scope scope;
    const mw_program *program; /* its sources and streams */
    mw_feature_list syntaxes;
    mw_model_program *model;
    const mw_stream *stream; /* of the moment */
    const mw_moment_node *schedule; /* NULL: the moment is an event's */
    mw_schedule *scheduling;        /* what is made of it */
    const mw_stream *scheduled;     /* the stream whose keys it is for */
    size_t window_capacity, reading_capacity;

    const mw_expr **exprs;   /* of the features */
    const mw_expr **inlined; /* the same without reading features: for keys */
    mw_feature_state *states;
    mw_open_features *open;
    size_t done_count;

    mw_moment_scope *entries;  /* one a source, while fields with windows are compiled; else NULL */
    mw_stream_source *entered; /* whose fields these are; NULL: the features of a model */

    int32_t feature;   /* the one that is being compiled; -1: the label */
    size_t span_index; /* which span of its sets */
    bool in_label;
    bool in_key;
    bool in_contents; /* of a window: as in a key, no feature has been worked out yet */
    size_t first_window; /* of the features or of the label: equal ones are shared within */
};

/* Reads the features and opens their span sets. False: memory is out. */
MW_MUST_USE bool mw_read_features(mw_compiler *compiler, const mw_declarations *declarations,
                                  mw_feature_list *out_features);
void mw_compile_model(mw_compiler *compiler, const mw_model_declaration *declaration,
                      mw_program *program, mw_feature_list features,
                      mw_model_program *out_model);
/* A scope for `features`, still without `open`, moment and stream. False: memory is out. */
MW_MUST_USE bool mw_moment_scope_init(mw_moment_scope *moment, mw_compiler *compiler,
                                      const mw_program *program, mw_feature_list features,
                                      mw_model_program *out_model);
/* Compiles feature number `index` unless that is done, after those that it reads. */
void mw_compile_feature(mw_moment_scope *moment, int32_t index, mw_position position);
/* The stream that people know the moment's fields from. */
mw_str mw_moment_name(const mw_moment_scope *moment);

/* schedule_compiler.c: the stream of a schedule's moments, and, once the features can be asked for,
   whom it takes. */
MW_MUST_USE bool mw_compile_schedule(mw_moment_scope *moment, const mw_moment_node *node,
                                     mw_program *program);
void mw_compile_schedule_takes(mw_moment_scope *moment);
/* What the last event of the moment's key says: NULL without complaint if it has no such field. */
const mw_expr *mw_schedule_field(mw_moment_scope *moment, const mw_node *node);

/* each_compiler.c: the stream of the moments of `each`, when moment->stream is that of the events
   still; and the value of AGG(EXPR within moment). */
MW_MUST_USE bool mw_compile_each(mw_moment_scope *moment, const mw_moment_node *node,
                                 mw_program *program);
const mw_expr *mw_compile_within(mw_moment_scope *moment, const mw_node *node);
/* Complains of a key that holds such a value, itself or by a feature. */
void mw_refuse_within_key(mw_compiler *compiler, mw_position position);

/* A window whose offset hangs on `ahead`: a window each, and the moment's own is chosen. */
const mw_expr *mw_compile_window_ahead(mw_moment_scope *moment, const mw_node *node);

/* entry_compiler.c: the fields with windows of all sources, in one list each. */
void mw_compile_entries(mw_compiler *compiler, const mw_feature_list *entries,
                        mw_program *program);
/* The type of a stream's field as a window sees it: a field with windows is compiled first.
   MW_TYPE_COUNT: there is a mistake in it, told already. */
mw_type mw_entry_field_type(mw_moment_scope *moment, const mw_stream *stream, int32_t field,
                            mw_position position);
/* What a field that is asked for reads: the answer, in the row of the event that enters. */
const mw_expr *mw_entry_answer(mw_moment_scope *moment, int32_t index);
/* Tells the schemas the type of a field that has been compiled. */
void mw_entry_settle(mw_moment_scope *moment, int32_t index, mw_type type);

/* window_compiler.c: the value of a window, which joins the model's. */
const mw_expr *mw_compile_window(mw_moment_scope *moment, const mw_node *node);
const mw_stream_source *mw_find_source(mw_moment_scope *moment, mw_str name, mw_position position);
