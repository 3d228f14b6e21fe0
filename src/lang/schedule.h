/*
 * schedule: when the moments of `every` fall, and for whom: for each key of a stream that it takes.
 */
#pragma once
#include "base/beat.h"
#include "lang/code.h"

enum { MW_KEYS_MAX = 8 };

typedef struct {
    mw_beat beat;
    int32_t stream;               /* whose keys */
    int32_t key_count;
    int32_t keys[MW_KEYS_MAX];    /* fields of its schema; the moment's row begins with them, and
                                     goes on with `time`, t, and `ahead` if there is any */
    int64_t over_us;              /* keys without an event for so long are not taken; 0: all */
    int64_t ahead_first_us, ahead_last_us; /* in steps of the first; 0: none */
    const mw_code *takes;         /* over the moment, the features and their windows */
} mw_schedule;
