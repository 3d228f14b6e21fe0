/*
 * stream: what a declared stream has become: its source, and the streams that it gives.
 */
#pragma once
#include "lang/code.h"
#include "table/event.h"

typedef struct {
    mw_str name;
    mw_schema schema;      /* the fields that its events carry */
    int32_t source;        /* index of the declared stream that it comes from */
    int32_t *row_fields;   /* for each field, its index in the source's row */
    int32_t id_count;      /* 0: nothing is deduplicated */
    int32_t *id_fields;    /* indexes into schema, in declared order */
    int32_t *id_by_name;   /* the same, in the order of their names: for comparing streams */
    int32_t id_set;        /* equal for streams with the same id columns; -1 without id */
    const mw_code *time;   /* over the source's row; missing: no event */
    const mw_code *known;  /* over the source's row, its `time_us` being the event's time */
    const mw_code *present; /* later streams: not missing any of its later fields; else NULL */
    int64_t lag_us;        /* L of `known: time + L`, else 0 */
    int64_t ahead_us;      /* L of `known: time - L`, else 0 */
    int64_t late_us;
    bool known_is_column;
    bool is_later;
    bool is_always;        /* a static table: its events are before all else, at MW_TIME_ALWAYS */
    bool is_of_moments;    /* of a schedule, or of `each`: no event is in it */
    size_t entry_count;    /* the last so many fields have windows or are asked for: worked out as
                              it enters */
} mw_stream;

/* Whether two rows of its events say the same id; without id columns they do. */
static inline bool mw_stream_same_id(const mw_stream *stream, const mw_cell *one,
                                     const mw_cell *other) {
    for (int32_t i = 0; i < stream->id_count; i++) {
        int32_t field = stream->id_fields[i];
        if (one[field].bits != other[field].bits) return false;
    }
    return true;
}

/* What takes a field's place in a row that is an event. */
typedef struct {
    int32_t field;       /* of the row */
    const mw_code *code; /* over the row; of a drop: what must hold */
    bool is_drop;
    bool is_clean;       /* else a unit, which changes no meaning */
} mw_mend;

/* A field that a process of the user's is asked for as an event enters. */
typedef struct {
    int32_t field;            /* of the row, at its end; and in the stream's own events */
    mw_str process;
    const int32_t *arguments; /* fields of the row, which are there before the event enters */
    size_t argument_count;
} mw_ask;

typedef struct mw_model_program mw_model_program;

typedef struct {
    mw_str name;
    mw_str zone;             /* of times that name none; empty: the program's */
    mw_schema row;           /* the columns, the derived fields, then those with windows and those
                                that are asked for */
    size_t column_count;
    size_t plain_count;      /* the fields before those */
    const mw_code **fields;  /* row field column_count + i, in the order in which they must run */
    int32_t *field_indexes;  /* the row field that fields[i] fills */
    const mw_code *where;    /* NULL: all rows are events */
    mw_mend *mends;          /* in the order in which they must run, once `where` holds */
    size_t mend_count;
    mw_ask *asks;            /* in the order of their fields, the last of the row */
    size_t ask_count;
    int32_t first_stream;    /* its own; later groups follow */
    int32_t stream_count;
    const mw_model_program *entry; /* its features are the fields with windows and those that are
                                      asked for (whose code reads the answer), and its moments the
                                      stream's events as they enter; NULL: there are none */
} mw_stream_source;
