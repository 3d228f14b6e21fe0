/*
 * plan: how the windows of a model share state.
 *
 * Windows over the same events (stream, condition) under the same keys form a group: they read one
 * ring a card. Within it, equal values are kept once, equal ends of windows are one bound, windows
 * that ask for the same card (equal keys on the moment's side) share one lookup, those that begin
 * or end alike in it one cut, and those that hold the same events of it one range. Made once for an
 * engine, in its arena; immutable.
 */
#pragma once
#include "feature/edges.h"
#include "feature/engine.h"
#include "feature/fold.h"
#include "feature/census.h"

#define MW_RETAIN_FOREVER INT64_MAX
enum { MW_NONE = -1 };

/* Where windows of a group begin or end; each card remembers where that was last. */
typedef struct {
    int64_t offset_us; /* from the moment's t, */
    int32_t edge;      /* or where this edge is; MW_NONE: none */
    bool is_label;     /* labels are read at other times: they get bounds of their own */
} mw_bound_plan;

typedef struct {
    const mw_code *value; /* NULL: a word of a fold */
    int32_t field;        /* that it is and no more than that; else MW_NO_FIELD */
    mw_type type;
    bool is_summed;
} mw_column;

typedef struct {
    int32_t stream;
    const mw_code *condition; /* NULL: every event */
    int32_t key_count;
    const int32_t *keys;      /* fields of the stream's schema */
    mw_type key_types[MW_KEYS_MAX];
    mw_column *columns;       /* column i is word 1 + i of an element */
    size_t column_count;
    mw_rank *ranks;
    uint32_t *totalled, *peaked; /* of the ring */
    mw_ring_powers *powered;
    mw_census_plan *censuses;
    uint32_t census_count;
    mw_tick tick;             /* an element is a tick, made of folds; MW_TICK_NONE: an event */
    mw_fold *folds;
    mw_bound_plan *bounds;
    size_t fold_count, bound_count;
    mw_ring_shape ring;
    uint32_t instance_word;   /* which instance an event belongs to; 0: not kept */
    uint32_t known_word;      /* when it became known; 0: not kept */
    uint32_t withdrawn_word;  /* from when a correction replaces it; 0: it leaves the ring then */
    int64_t retention_us;     /* an event leaves at time + this, or never */
    int32_t own_lookup;       /* the one by which a moment asks for the card that the event enters
                                 which makes it; MW_NONE: no such */
    int32_t next_of_stream;   /* the next group over the same stream, or MW_NONE */
} mw_group_plan;

typedef enum {
    MW_KNOWN_NOW,              /* whatever has been applied */
    MW_KNOWN_BY_THE_MOMENT,    /* a label's window back: known before the moment's place */
    MW_KNOWN_BY_MATURITY,      /* a label's window ahead that may be read after its maturity */
} mw_known_rule;

/* Where windows of a look-up begin or end: the group's bound; MW_NONE: where the ring begins. */
typedef struct { mw_bound_plan at; int32_t bound; } mw_cut_plan;

typedef struct {
    const mw_window *window;
    mw_aggregate aggregate;     /* that of the window */
    uint32_t index;             /* of the window in the model */
    int32_t column;             /* MW_NONE: the events themselves */
    int32_t total, rank, powers, census; /* of that column, or MW_NONE */
    bool is_plain;              /* of events as they are kept: neither of ticks nor of now */
    int32_t fold;               /* of a group of ticks */
    const int32_t *now_columns; /* of the fields that it looks at when read; NULL: it does not */
    uint32_t census_span;
    mw_cell nothing;            /* its value over no event */
} mw_window_plan;
typedef struct { uint32_t window; mw_cell value; } mw_nothing_plan; /* its value over no event */
typedef struct { uint32_t window, peak; } mw_best_plan; /* the best number of a range */
/* A total over a range, and the windows that are made of it. */
typedef struct {
    int32_t total;
    int32_t sum, mean;          /* of the model's windows; MW_NONE: not asked for */
} mw_difference_plan;

/* The events that a window holds; windows over the same ones share it. What nearly all models ask
   of nearly all ranges stands apart from the rest. */
typedef struct {
    int32_t start_cut, end_cut; /* among its lookup's */
    int32_t since;              /* not before the time that this window told; MW_NONE: none */
    bool leaves_out;            /* events of the moment's own instance (rule 3) */
    mw_known_rule known;
    bool is_whole;              /* all between its cuts, but for own events and replaced ones */
    const mw_window_plan *windows, *others; /* first those that the following stand for */
    const mw_nothing_plan *nothings; /* of all its windows */
    size_t window_count, other_count;
    int32_t count, latest;      /* those that count the events, and tell since when; or MW_NONE */
    mw_difference_plan *differences; /* none where a range has no start of its own: `since` */
    mw_best_plan *bests;
    size_t difference_count, best_count;
} mw_range_plan;

typedef struct { uint32_t first, count; } mw_window_run; /* windows of the model, side by side */
/* The card that windows ask for by the same keys, all that is read on it, and where it ends. */
typedef struct {
    int32_t group;
    const mw_code *const *keys; /* over the moment and what lookups before this one have read */
    int32_t fields[MW_KEYS_MAX]; /* of the moment's row: each key; MW_NO_FIELD: more than that */
    bool is_label, is_own;      /* own: its group's own_lookup */
    int32_t wave;               /* over 0: its windows wait for those of lookups before */
    bool leaves_out, by_event;  /* one of its ranges does: by the id of the moment's event, without
                                   an element */
    bool counts_now;            /* a window counts values that only the moment tells */
    bool reads_row;             /* one of its windows looks at the moment's row when it is read */
    bool is_nested;             /* ranges are whole, end at the first cut, begin each at the next */
    mw_window_run *runs;        /* all windows that it reads, */
    size_t run_count, window_count; /* and how many they are */
    mw_cut_plan *cuts;          /* the latest first, as far as their order is known */
    mw_range_plan *ranges;
    uint32_t *totals;           /* those that its differences are of */
    size_t cut_count, range_count, total_count;
} mw_lookup_plan;

typedef struct {
    mw_group_plan *groups;
    mw_lookup_plan *lookups;     /* first those of the features, then those of the label; each
                                    after those that it waits for */
    size_t group_count, lookup_count, feature_lookup_count;
    size_t cut_count_max, total_count_max; /* of a lookup; of a group */
    mw_edge_plan *edges;         /* of all windows that keep to ticks */
    size_t edge_count, window_count; /* the model's windows that are kept */
    int32_t *first_of_stream;    /* by stream: its first group, or MW_NONE; and whether */
    bool *shares_instance;       /* its events are told apart by instance */
    bool has_instances, owns_by_id, owns_by_event; /* own events are told by these ids */
    int64_t instance_retention_us;
    size_t element_words_max, field_count_max; /* the latter of the streams' schemas */
} mw_plan;

MW_MUST_USE mw_status mw_plan_make(const mw_engine_config *config, mw_arena *arena,
                                   mw_plan *out_plan, mw_error *err);
