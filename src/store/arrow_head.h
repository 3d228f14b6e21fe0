/*
 * arrow_head: what the head of an Arrow message claims, looked at before nanoarrow believes it.
 *
 * That library has a head verified as a flatbuffer, so reading it stays within its bytes; but it
 * then takes for granted that parts are there which may be left out, multiplies lengths unchecked
 * and reads values wherever it is told that they are. Private to arrow_reader.
 */
#pragma once
#include "base/str.h"

enum { MW_ARROW_ROWS_MAX = 1 << 20 }; /* of a batch */

/* The flatbuffer of a verified message. Each gives the rule that it breaks; NULL: none. */
typedef struct {
    const char *bytes;
    bool is_schema, is_dictionary;
} mw_arrow_head;

const char *mw_arrow_head_fault(mw_arrow_head head);
/* Of one without a fault that is no schema, and its body. */
const char *mw_arrow_body_fault(mw_arrow_head head, size_t body_size);
