/*
 * each: one event, many moments, one for each different element of a list that it carries.
 */
#pragma once
#include "lang/code.h"

typedef struct {
    int32_t stream;  /* whose events announce; the moment's row begins with theirs */
    int32_t list;    /* field of both */
    int32_t element; /* the last field of the moment's row, which the event's lacks */
} mw_each;
