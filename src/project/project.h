/*
 * project: the project file as one value.
 *
 * Reading is pure: the bytes and the environment are arguments. All that is wrong with the file
 * goes to the diagnostics at once; the project holds what could be read, so that the compiler
 * can find its own mistakes in the same pass. Expressions stay text, with their places.
 *
 * A project lives in the caller's arena and is immutable.
 */
#pragma once
#include "lang/program.h"
#include "project/environment.h"
#include "project/rule.h"
#include "project/shape.h"

enum { MW_PROJECT_ARENA_SIZE = 64 << 20 }; /* enough for any file that is small enough */

/* What a column must hold to. Without a bound it is the infinite one; missing values pass all
   but `missing_share_max`. */
typedef struct {
    mw_str column;
    mw_position position;
    mw_str *allowed; /* as written; none: any value */
    size_t allowed_count;
    double min, max;
    double missing_share_max;
} mw_column_check;

typedef struct {
    mw_stream_declaration declaration; /* without its columns, which come from the data */
    mw_str *from;
    size_t from_count;
    mw_position from_position; /* of its first entry; of the stream, if there is none */
    mw_str zone;            /* of times that name none; empty: the project's */
    mw_position zone_position;
    mw_str *missing;        /* texts of CSV that mean a missing value, beside the empty one */
    size_t missing_count;
    bool tells_missing;     /* the file has written these */
    mw_named_source *types; /* column, and a word that is a type */
    size_t type_count;
    mw_column_check *checks;
    size_t check_count;
    bool id_is_unique; /* a repeated id within one ingest is an error */
} mw_project_stream;

enum { MW_PROCESS_BATCH_MAX = 65536 };
/* A program of the user's that fields are asked of. */
typedef struct {
    mw_str name;
    mw_position position;
    mw_str command;     /* words with blanks between them; no shell reads it */
    mw_type gives;      /* MW_TYPE_COUNT: the file does not say, and that was told */
    int64_t timeout_us; /* over a batch */
    size_t batch;       /* rows at most */
    bool refuses;       /* a row that it does not answer is not taken */
    double fallback;    /* what stands there otherwise; NaN: missing */
} mw_project_process;

typedef struct {
    int64_t every_us; /* 0: not by time */
    mw_rule *when;    /* one of them is enough */
    size_t when_count;
    mw_rule *gate; /* all must hold */
    size_t gate_count;
    mw_position position; /* of its key; line 0: there is none */
} mw_retrain;

/* What answers for a model that cannot. */
typedef enum {
    MW_FALLBACK_NONE,
    MW_FALLBACK_PREVIOUS, /* the version that was champion before */
    MW_FALLBACK_BASELINE, /* the version's share of yes in training */
    MW_FALLBACK_CONSTANT,
    MW_FALLBACK_EXPRESSION, /* over the features and the moment (lang/stand_in.h) */
} mw_fallback_kind;

typedef struct {
    mw_fallback_kind kind;
    double constant;
    double missing_max;  /* the share of features that may be missing */
    int64_t deadline_us; /* an answer that takes longer has failed; 0: none has */
    mw_source expression;
} mw_fallback;

typedef struct {
    mw_model_declaration declaration;
    mw_str question, purpose;
    mw_str learner; /* "lightgbm" if not given */
    mw_str metric;  /* "roc_auc" if not given */
    mw_named_source *params;
    size_t param_count;
    mw_str *segments;
    size_t segment_count;
    mw_position segments_position;
    bool has_cost; /* else both mistakes cost 1 */
    mw_position cost_position;
    double false_alarm_cost, miss_cost;
    mw_retrain retrain;
    mw_fallback fallback;
} mw_project_model;

/* What is written beside a feature's expression, for people. Parts may be empty. */
typedef struct {
    mw_str description, owner;
    mw_str *tags;
    size_t tag_count;
} mw_feature_about;

typedef struct {
    mw_str name;
    mw_str zone; /* "UTC" if not given */
    mw_position zone_position;
    bool is_durable; /* records are on disk before they are answered */
    uint64_t memory_max; /* bytes of a model's window state in memory; 0: no limit */
    mw_project_stream *streams;
    size_t stream_count;
    mw_project_process *processes;
    size_t process_count;
    mw_named_source *features;
    mw_feature_about *features_about; /* likewise */
    size_t feature_count;
    mw_project_model *models;
    size_t model_count;
    mw_note *notes; /* what is accepted but not in force or not checked yet */
} mw_project;

/* MW_OK however much is wrong with what the file says: see mw_diagnostics_status. MW_MALFORMED:
   it cannot be read at all, and the diagnostics say why. MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_project_read(mw_str bytes, mw_environment environment, mw_arena *arena,
                                      mw_diagnostics *diagnostics, const mw_project **out_project);

const mw_project_stream *mw_project_find_stream(const mw_project *project, mw_str name);
const mw_project_process *mw_project_find_process(const mw_project *project, mw_str name);
const mw_project_model *mw_project_find_model(const mw_project *project, mw_str name);
/* Of the feature whose expression stands there: all that its spans make of it share one. NULL:
   there is none. */
const mw_feature_about *mw_project_feature_about(const mw_project *project,
                                                 mw_position expression);
/* The same by the name of a feature as versions have it. */
const mw_feature_about *mw_project_find_about(const mw_project *project, mw_str feature);

/* The Markdown table of all keys. */
void mw_project_reference(mw_buf *out);
