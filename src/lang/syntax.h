/*
 * syntax: an expression as it was written, before anything is known about its names.
 *
 * Nodes live in the compiler's arena. Texts point into the project file or the arena. What the
 * grammar has but this build has not is refused while it is read, so it has no node.
 */
#pragma once
#include "base/beat.h"
#include "base/tick.h"
#include "lang/compiler.h"

typedef enum {
    MW_NODE_NUMBER,
    MW_NODE_SPAN,
    MW_NODE_TEXT,
    MW_NODE_BOOL,
    MW_NODE_NAME,
    MW_NODE_MEMBER,  /* owner.text: now.origin */
    MW_NODE_CALL,    /* text(args) */
    MW_NODE_UNARY,   /* text args[0]: not, - */
    MW_NODE_BINARY,  /* args[0] text args[1] */
    MW_NODE_BETWEEN, /* args[0] between args[1] and args[2] */
    MW_NODE_IN,      /* args[0] in the rest */
    MW_NODE_CASE,    /* condition, value, condition, value ..., and the else if the count is odd */
    MW_NODE_WINDOW,
    MW_NODE_WITHIN,  /* text(args[0] within moment); `window` has the fraction of a quantile */
} mw_node_kind;

typedef struct mw_node mw_node;
typedef struct mw_window_node mw_window_node;

struct mw_node {
    mw_node_kind kind;
    mw_position position;
    mw_str text;
    mw_str owner;
    double number;
    int64_t span_us;
    bool boolean;
    int32_t height; /* of the tree below, at most MW_CHAIN_MAX */
    mw_node **args;
    size_t arg_count;
    mw_window_node *window;
};

typedef struct {
    mw_str name;
    mw_position position;
    mw_node *value; /* the moment's side; NULL: the name says it */
} mw_key_node;

typedef struct {
    int64_t us;
    mw_str text; /* as written: names the feature of a span set */
} mw_span_node;

enum { MW_WINDOW_KEYS_MAX = 8, MW_SPANS_MAX = 32 };

struct mw_window_node {
    mw_str aggregate;
    double fraction; /* of quantile(0.9) */
    mw_position fraction_position;
    mw_str stream;
    mw_position stream_position;
    mw_node *value, *condition; /* NULL: none */
    bool by_id;
    mw_position by_position;
    mw_key_node keys[MW_WINDOW_KEYS_MAX];
    size_t key_count;
    bool has_range; /* else all of the past */
    bool is_next;
    bool is_set; /* {1h, 3h}: one feature for each */
    mw_position range_position;
    mw_span_node spans[MW_SPANS_MAX];
    size_t span_count;
    int64_t offset_us; /* `ago` or `after`; never negative, once ... */
    int32_t ahead_count; /* ... this many times the moment's `ahead` has been added */
    mw_str since;      /* a stream; no data: none */
    mw_position since_position;
    mw_tick tick;      /* of `aligned` or `every` */
    mw_position tick_position;
};

enum { MW_MOMENT_KEYS_MAX = 6 }; /* its time and how far ahead it looks are keys too */

typedef struct {
    mw_position position;
    mw_str stream;
    mw_position stream_position;
    mw_str list, element; /* `each LIST as NAME`; no data: there is none */
    mw_position list_position, element_position;
    int64_t offset_us; /* `on`: t = time + this */
    mw_position offset_position;

    bool is_schedule; /* `every`: the rest is there */
    mw_beat beat;
    mw_key_node keys[MW_MOMENT_KEYS_MAX];
    size_t key_count;
    int64_t over_us; /* 0: all of the past */
    mw_position over_position;
    mw_node *where; /* NULL: none */
    mw_position where_position;
    int64_t ahead_first_us, ahead_last_us; /* 0: none */
    mw_position ahead_position;
} mw_moment_node;
