/*
 * version: one trained artefact of a model with all that it needs to predict, and its name.
 *
 * It carries its program (the project file's bytes, the columns of the streams as they were, the
 * zone's data: whoever loads it compiles them again), the dictionaries, the forest, the threshold
 * and what it was made from. Nothing in it depends on a clock, a path, a process or a number of
 * threads, so the same project, data and seed give the same bytes, and the bytes give the name.
 *
 * A plain value: whoever fills it owns what it points to; a decoded one lives in the arena.
 */
#pragma once
#include "model/classes.h"
#include "model/encoder.h"
#include "model/forest.h"
#include "table/answer_kind.h"
#include "table/table.h"

enum {
    MW_VERSION_MAGIC = 0x5256574d, /* MWVR */
    MW_VERSION_FORMAT = 5, /* 4 is what says yes or no */
    MW_VERSION_NAME_SIZE = 12, /* hex digits */
    MW_VERSION_STREAMS_MAX = 1024,
    MW_VERSION_FILES_MAX = 64,
    MW_VERSION_SIZE_MAX = 1 << 30,
};

typedef struct {
    mw_str name;
    mw_schema columns; /* of its source, as they were when the version was trained */
} mw_version_stream;

typedef struct {
    mw_str name, sha256; /* in hex */
} mw_version_file;

typedef struct {
    mw_str model;                     /* its name in the project file */
    mw_str project;                   /* the project file's bytes */
    mw_str zone, zone_data;           /* name, and TZif bytes (none for UTC) */
    const mw_version_stream *streams; /* declared streams, in their order */
    size_t stream_count;
    mw_model_features features; /* in the order of the forest's */
    const mw_version_file *files; /* without which its program is another */
    size_t file_count;
    mw_answer_kind answer;
    mw_classes classes; /* of a class: as the forest's sums stand, with their shares in training */
    const mw_forest *forest;
    double threshold; /* a prediction from here on decides yes; 0 where nothing decides */
    double baseline;  /* what it says of everybody: the share of yes in training, the mean of a
                         number, the share of the commonest class, the mean of a score */
    mw_str learner;   /* "lightgbm" */
    mw_str settings;  /* those that matter, in their canonical spelling; the seed is one */
    mw_str data_version;
    int64_t from_us, to_us; /* training window: moments with from <= t < to */
    uint64_t example_count;
    mw_str profile; /* the bytes of mw_profile_encode (stat/profile.h) */
    const double *background; /* with linear leaves: rows of training to explain against, encoded */
    size_t background_count;
} mw_version;

MW_MUST_USE mw_status mw_version_encode(const mw_version *version, mw_buf *out, mw_error *err);
/* Copies what it keeps. Bytes that break a rule are MW_CORRUPT, naming the part. */
MW_MUST_USE mw_status mw_version_decode(mw_arena *arena, mw_str bytes,
                                        const mw_version **out_version, mw_error *err);
/* The same without the forest, which is NULL then and takes nearly all of the time: for those that
   want the program. It points into the bytes, too, which are to outlive it. */
MW_MUST_USE mw_status mw_version_decode_all_but_forest(mw_arena *arena, mw_str bytes,
                                                       const mw_version **out_version,
                                                       mw_error *err);
/* The name of the version with these bytes: the first digits of their SHA-256. */
void mw_version_name(mw_str bytes, char out_name[MW_VERSION_NAME_SIZE + 1]);
