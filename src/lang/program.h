/*
 * program: the meaning of a project's streams, features and models, ready to run.
 *
 * A *source* is a declared stream: how a row of a file or a request becomes events. A *stream*
 * is a sequence of events as the log and the engine know it: each source gives one, and one
 * more for each group of `later` fields with the same time ("schedule@left"). A *window* is one
 * aggregate as the engine computes it; expressions refer to windows by index.
 *
 * Times are us; a window holds the events with t + start <= time < t + end, or the whole ticks in
 * between; one ahead never holds what is before t. All is in one arena, immutable once compiled.
 */
#pragma once
#include "base/tick.h"
#include "lang/declaration.h"
#include "lang/each.h"
#include "lang/feature_reading.h"
#include "lang/fitted.h"
#include "lang/schedule.h"
#include "lang/stream.h"
#include "lang/vector.h"

/* name, word in the language */
#define MW_AGGREGATE_MAP(X) \
    X(COUNT, "count") X(SUM, "sum") X(MEAN, "mean") X(MIN, "min") X(MAX, "max") \
    X(FIRST, "first") X(LAST, "last") X(ANY, "any") X(SINCE, "since") \
    X(VAR, "var") X(STD, "std") X(TREND, "trend") X(QUANTILE, "quantile") \
    X(DISTINCT, "distinct") X(TOP, "top")

typedef enum {
#define X(name, word) MW_AGGREGATE_##name,
    MW_AGGREGATE_MAP(X)
#undef X
} mw_aggregate;

enum { MW_DIFFERENT_VALUES_MAX = 10000 }; /* with more `distinct` and `top` are missing */
#define MW_ALL_PAST INT64_MIN /* start of a window without `over` */

typedef struct {
    int32_t stream;
    mw_aggregate aggregate;
    mw_type type;             /* of its result */
    int32_t quantile_millionths; /* which quantile */
    const mw_code *value;     /* over the event; NULL: count, any, since (a value of theirs has
                                 become part of the condition) */
    const mw_code *condition; /* over the event; NULL: every event */
    const mw_code *now_condition; /* what else must hold, over event and moment's row, or NULL */
    const mw_code **now_fields;   /* those of the event that `now_condition`, or a value that reads
                                     the moment's row too, look at: each a code of its own */
    size_t now_field_count;
    bool reads_now;               /* one of these two reads the moment's row */
    int32_t key_count;
    int32_t event_keys[MW_KEYS_MAX];        /* fields of the stream's schema */
    const mw_code *moment_keys[MW_KEYS_MAX]; /* over the moment's row, t and the windows before
                                                this one; in labels the features too; same types */
    int64_t start_us, end_us; /* relative to t; with a tick no end ever lies outside of these */
    mw_tick tick;
    int64_t start_steps, end_steps; /* the ends, in ticks from the last one at or before t */
    int32_t since;            /* a window before this one, of the same kind, whose value, a time, it
                                 does not begin before (on a tick); missing: no matter. -1: none */
    bool is_ahead;            /* leaves out only the predicted event; else all with its id */
    int32_t own_by;           /* the stream by whose id own events are told; -1: there are none */
    mw_str text;              /* canonical spelling, for people and for equality */
    mw_str process;           /* of the user's, whose answers it hangs on (asked.h); empty: none */
} mw_window;

typedef struct {
    mw_str name;
    mw_type type;
    const mw_code *code;
    mw_position position;
    const mw_vector *vector;  /* of which it is one number; NULL: it is a value of its own */
    size_t vector_index;      /* which number; the others stand beside it, in order */
    mw_fits fits;             /* what a version makes of it for its learner */
    mw_str process;           /* as of a window */
} mw_feature;

/* AGG(EXPR within moment), across all moments of one event. */
typedef struct {
    mw_window of;  /* without a stream: value and condition are over the moment, the features that
                      come before it, their windows and the withins before it */
    size_t after;  /* so many features, in the order in which they must run, come before it */
} mw_within;

struct mw_model_program {
    mw_str name;
    const mw_schedule *schedule; /* NULL: moments are those of the stream's events */
    const mw_each *each;         /* NULL: an event makes one moment */
    int32_t moment_stream;       /* with either, one of its own that no event is ever in */
    int64_t moment_offset_us; /* t = the event's time + this */
    mw_feature *features;     /* as listed: the vector that a learner sees */
    size_t feature_count;
    int32_t *feature_order;   /* the order in which they must run */
    mw_feature_reading *readings; /* each place where a feature's name stands */
    size_t reading_count;
    mw_window *windows;       /* first the features', then the label's, which reads no others */
    size_t window_count, feature_window_count;
    mw_within *withins;
    size_t within_count;
    const mw_code *label;     /* over features, windows and the moment; bool, number or text */
    const mw_code *unless;    /* NULL: none */
    int64_t maturity_us;      /* the label matures at t + this (rule 6) */
    const mw_program_file *files; /* those that the program hangs on */
    size_t file_count;
    int64_t lateness_us;      /* lag + late of the moment's stream: bound on place - t (rule 5) */
};

typedef struct {
    const mw_zone *zone;
    const mw_program_file *files; /* of networks */
    size_t file_count;
    mw_stream_source *sources;
    size_t source_count;
    mw_stream *streams;
    size_t stream_count;
    mw_model_program *models;
    size_t model_count;
} mw_program;

/* Compiles all declarations, which are not kept. Every mistake goes to `diagnostics`, and the
   status of the first comes back. Constants are interned in `symbols`. */
MW_MUST_USE mw_status mw_program_compile(const mw_declarations *declarations, mw_arena *arena,
                                         mw_symbols *symbols, mw_diagnostics *diagnostics,
                                         const mw_program **out_program);

int32_t mw_program_find_stream(const mw_program *program, mw_str name); /* or -1 */
int32_t mw_program_find_source(const mw_program *program, mw_str name); /* or -1 */
size_t mw_program_widest_row(const mw_program *program); /* cells of any stream's; 1 or more */
/* The stream whose events announce the model's moments, as they happen or with their keys. */
int32_t mw_model_announcer(const mw_model_program *model);
const mw_model_program *mw_program_find_model(const mw_program *program, mw_str name);

/* Works a feature out into `out_cell`; if it is a vector's first number, all of them, into that
   cell and those that follow. */
void mw_feature_run(const mw_feature *feature, const mw_frame *frame, mw_cell *out_cell);

typedef enum { MW_ROW_IS_EVENT, MW_ROW_LEFT_OUT, MW_ROW_DROPPED } mw_row_fate;

/* Makes a source's row ready in place (columns filled, the rest to fill): empty texts are missing;
   derived fields, but those with windows, which come when the event enters (feature/entrance.h);
   `where`, by which a row is left out; then units, and `clean`, by which a row is dropped and whose
   changed values are added to `*cleaned` (NULL: nobody asks). */
mw_row_fate mw_source_ready(const mw_stream_source *source, mw_cell *row, const mw_frame *frame,
                            uint64_t *cleaned);
/* Makes the event of `stream` from the frame's row, made ready, into `out_cells` (the stream's
   schema) and `out_event` (place = known). False: this row is no event of that stream. */
MW_MUST_USE bool mw_stream_event(const mw_program *program, int32_t stream, const mw_frame *frame,
                                 mw_cell *out_cells, mw_event *out_event);
/* The event's id as text, values joined by '|' (DESIGN.md section 7). */
void mw_stream_append_id(const mw_stream *stream, const mw_cell *row, const mw_symbols *symbols,
                         mw_buf *out);
