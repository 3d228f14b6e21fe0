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
} mw_feature_syntax;

typedef struct {
    mw_feature_syntax *items;
    size_t count;
} mw_feature_list;

typedef enum { MW_FEATURE_NEW, MW_FEATURE_OPEN, MW_FEATURE_DONE } mw_feature_state;

/* What names mean at the moment. */
typedef struct {
    mw_scope scope;
    const mw_program *program; /* its sources and streams */
    mw_feature_list syntaxes;
    mw_model_program *model;
    const mw_stream *stream; /* of the moment */
    size_t window_capacity;

    const mw_expr **exprs;   /* of the features */
    const mw_expr **inlined; /* the same without reading features: for keys */
    mw_feature_state *states;
    int32_t *open;
    size_t open_count, done_count;

    int32_t feature;   /* the one that is being compiled; -1: the label */
    size_t span_index; /* which span of its sets */
    bool in_label;
    bool in_key;
    size_t first_window; /* of the features or of the label: equal ones are shared within */
} mw_moment_scope;

/* Reads the features and opens their span sets. False: memory is out. */
MW_MUST_USE bool mw_read_features(mw_compiler *compiler, const mw_declarations *declarations,
                                  mw_feature_list *out_features);
void mw_compile_model(mw_compiler *compiler, const mw_model_declaration *declaration,
                      const mw_program *program, mw_feature_list features,
                      mw_model_program *out_model);

/* window_compiler.c: the value of a window, which joins the model's. */
const mw_expr *mw_compile_window(mw_moment_scope *moment, const mw_node *node);
const mw_stream_source *mw_find_source(mw_moment_scope *moment, mw_str name, mw_position position);
