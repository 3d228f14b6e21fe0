/*
 * millwright.h: the predictions of one exported model, wherever C runs.
 *
 *     millwright models export late --output late.mwm        where the model was trained
 *     cc edge.c -lmillwright -lm                             where it is used
 *
 * The library needs libc and libm and nothing else. It opens no file but the one it is asked to,
 * starts no thread, looks at no clock and writes nothing. Its predictions have the same bits as
 * those of `millwright predict` and of the server.
 *
 * Two ways to predict:
 *   - from the values of the features, if you have them: mw_model_predict.
 *   - from events: a timeline takes them as they come, keeps the windows that the model looks at,
 *     and works the features out itself: mw_timeline_predict for models that are asked (`on
 *     STREAM`), mw_timeline_rank where they predict for each element of a list, mw_timeline_next
 *     for moments that fall due by themselves.
 *
 * Errors: a function that can fail returns a mw_result and fills `problem` (NULL is allowed) with a
 * text for people. After a failure out parameters are untouched and nothing has changed; but a
 * timeline that ran out of memory fails from then on.
 *
 * Ownership: what open and create give is yours to close and destroy. A timeline goes before its
 * model. Texts that you pass are copied; those that you get live as long as their function says.
 *
 * Threads: a model never changes, so any number of threads may predict by it and make timelines of
 * it. A timeline is one thread's at a time.
 *
 * Times are microseconds since 1970-01-01T00:00:00Z. `now` is your clock: it must not go back, and
 * an event is seen by what comes strictly after it, never by what bears the same `now`.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Semantic: within one major version programs need not be changed. Up to 1.0 each minor version has
   structs of its own size, so a program is compiled again for it, and the shared library bears both
   numbers in its name: libmillwright.so.0.2. Files of another format say so when they are opened. */
#define MW_LIBRARY_VERSION "0.2.0"

typedef enum {
    MW_DONE = 0,
    MW_BAD_INPUT = 1,     /* what was passed breaks a rule */
    MW_BAD_FILE = 2,      /* it cannot be read, or is no exported model, or damaged */
    MW_NEWER_FILE = 3,    /* it was exported for a newer library than this */
    MW_OUT_OF_MEMORY = 4,
} mw_result;

typedef struct {
    char message[1024]; /* one line: thing, rule, value */
    char hint[256];     /* what to do; may be empty */
} mw_problem;

typedef enum { MW_VALUE_NUMBER, MW_VALUE_TEXT, MW_VALUE_BOOL, MW_VALUE_TIME } mw_value_kind;

/* A named value: a column of a stream, or a feature. What is left out is missing; so are NaN and a
   text that is NULL. A time may be a text too (RFC 3339 with its offset), a duration is a number
   of seconds, a category a text or a whole number. */
typedef struct {
    const char *name;
    mw_value_kind kind;
    union {
        double number;
        const char *text; /* UTF-8 */
        bool truth;
        int64_t time_us;
    } as;
} mw_value;

typedef struct {
    const mw_value *values;
    size_t count;
} mw_row;

typedef struct {
    mw_row before, after; /* of one id: what stands, and what takes its place */
} mw_change;

/* MW_ROW(mw_number("amount", 12.5), mw_text("shop", "a")): until the end of its block. */
#define MW_ROW(...)                          \
    ((mw_row){(const mw_value[]){__VA_ARGS__}, \
              sizeof((const mw_value[]){__VA_ARGS__}) / sizeof(mw_value)})
static inline mw_value mw_number(const char *name, double number) {
    mw_value value = {name, MW_VALUE_NUMBER, {number}};
    return value;
}
static inline mw_value mw_text(const char *name, const char *text) {
    mw_value value = {name, MW_VALUE_TEXT, {0}};
    value.as.text = text;
    return value;
}
static inline mw_value mw_bool(const char *name, bool truth) {
    mw_value value = {name, MW_VALUE_BOOL, {0}};
    value.as.truth = truth;
    return value;
}
static inline mw_value mw_time(const char *name, int64_t time_us) {
    mw_value value = {name, MW_VALUE_TIME, {0}};
    value.as.time_us = time_us;
    return value;
}

typedef struct {
    double prediction; /* of a yes-or-no label: the probability of yes (of a model that ranks: its
                          score); of a label that is a number: that number; of a class: how likely
                          the one named below is. Not finite where the forest's sums overflow */
    bool decision;     /* it reaches the version's threshold; false of a number or a class */
    int64_t t_us;      /* of the moment; 0 where features were given */
    const char *id;    /* of the moment's event, values joined by '|', until the timeline is used
                          again; empty where features were given */
    const char *element; /* of a model `each`, as text and as long; else empty */
    const char *class_name; /* of a label that is a class: the likeliest, of equals the first by
                               name; as long as the model. Empty: it answers none */
} mw_reply;

typedef struct mw_model mw_model;
typedef struct mw_timeline mw_timeline;
#define MW_API __attribute__((visibility("default")))

MW_API const char *mw_library_version(void); /* of the library that runs */

/* --- a model ---------------------------------------------------------------------------------- */

MW_API mw_result mw_model_open(const char *path, mw_model **out_model, mw_problem *problem);
/* The same from the file's bytes, which may go then. */
MW_API mw_result mw_model_read(const void *bytes, size_t size, mw_model **out_model,
                               mw_problem *problem);
MW_API void mw_model_close(mw_model *model); /* NULL is allowed */
/* Texts live as long as the model. */
MW_API const char *mw_model_name(const mw_model *model);    /* "late" */
MW_API const char *mw_model_version(const mw_model *model); /* 12 hex digits */
MW_API size_t mw_model_feature_count(const mw_model *model);
MW_API const char *mw_model_feature_name(const mw_model *model, size_t index);
/* Of a label that is a class, those that training saw, at most 256; else there are none. */
MW_API size_t mw_model_class_count(const mw_model *model);
MW_API const char *mw_model_class_name(const mw_model *model, size_t index);
/* Predicts from features, by their names. Allocates nothing for up to 256 of them. */
MW_API mw_result mw_model_predict(const mw_model *model, mw_row features, mw_reply *out_reply,
                                  mw_problem *problem);
/* The same, but gives the probability of every class, of which `count` is the number. */
MW_API mw_result mw_model_probabilities(const mw_model *model, mw_row features,
                                        double *out_probabilities, size_t count,
                                        mw_problem *problem);

/* --- a timeline ------------------------------------------------------------------------------- */

MW_API mw_result mw_timeline_create(const mw_model *model, mw_timeline **out_timeline,
                                    mw_problem *problem);
MW_API void mw_timeline_destroy(mw_timeline *timeline); /* NULL is allowed */
/* Takes a row of a stream's columns, as a client posts it to a server: an id that stands already
   brings its later fields, or nothing. Nothing that falls due before `now` may be left. The
   project's `checks` are the server's affair. */
MW_API mw_result mw_timeline_push(mw_timeline *timeline, int64_t now_us, const char *stream,
                                  mw_row row, mw_problem *problem);
/* Corrects the row that stands under an id and counted before `now`, for all that comes after. What
   was predicted stays. */
MW_API mw_result mw_timeline_correct(mw_timeline *timeline, int64_t now_us, const char *stream,
                                     mw_change rows, mw_problem *problem);
/* Predicts for a row of the stream that the model is `on`. Nothing is kept of it: push it after. */
MW_API mw_result mw_timeline_predict(mw_timeline *timeline, int64_t now_us, mw_row row,
                                     mw_reply *out_reply, mw_problem *problem);
/* The same for a model `on STREAM each LIST as NAME`: one moment for each different element of the
   row's list (a text, a JSON array), in its order, whose replies are to be taken next. */
MW_API mw_result mw_timeline_rank(mw_timeline *timeline, int64_t now_us, mw_row row,
                                  size_t *out_count, mw_problem *problem);
MW_API mw_result mw_timeline_ranked(mw_timeline *timeline, size_t index, mw_reply *out_reply,
                                    mw_problem *problem);
/* The next moment that falls due at or before `now`; `*out_found` is false if there is none. */
MW_API mw_result mw_timeline_next(mw_timeline *timeline, int64_t now_us, mw_reply *out_reply,
                                  bool *out_found, mw_problem *problem);
/* The probability of every class, by its index, in the reply that was given last: until the next
   one. NULL: none was, or the model has no classes. */
MW_API const double *mw_timeline_probabilities(const mw_timeline *timeline);

#ifdef __cplusplus
}
#endif
