/*
 * lightgbm_frame: what parent and child say to each other over their pipes.
 *
 * The parent sends one request: the head, then is_categorical, labels, values. The child answers
 * with frames, each a frame head and its bytes, the last of them a model or a failure. Both ends
 * are the same program on the same machine, so values travel as they lie in memory; the magic and
 * the head's size guard against a program that was replaced meanwhile.
 */
#pragma once
#include "train/lightgbm.h"

enum { MW_LIGHTGBM_MAGIC = 0x474c574d /* MWLG */ };

typedef struct {
    uint32_t magic, size; /* of this head */
    mw_lightgbm_settings settings;
    uint64_t row_count, feature_count;
    int32_t thread_count;
} mw_lightgbm_request;

typedef enum {
    MW_LIGHTGBM_PROGRESS, /* value: rounds done */
    MW_LIGHTGBM_MESSAGE,  /* text */
    MW_LIGHTGBM_MODEL,    /* text; the end */
    MW_LIGHTGBM_FAILURE   /* value: mw_status; text; the end */
} mw_lightgbm_frame_kind;

typedef struct {
    uint32_t magic;
    uint32_t kind;
    int32_t value;
    uint32_t zero;
    uint64_t size; /* of the text that follows */
} mw_lightgbm_frame;
