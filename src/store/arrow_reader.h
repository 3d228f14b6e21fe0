/*
 * arrow_reader: an Arrow stream (IPC streaming format), read as its bytes come.
 *
 * Bytes are pushed in as they arrive, in pieces of any size; the reader says when the schema, a
 * batch of rows or the end stands. One message is held at a time, of at most a size that is given
 * at birth (and one for each column that names a dictionary), and no more is taken from memory
 * than has come; a batch has at most 1,048,576 rows. Heads and offsets are checked before anything
 * is read by them, so hostile bytes end in an error: they are MW_MALFORMED. Refused are compressed
 * bodies, string views and columns of types without a kind below.
 *
 * A value means what it would mean in a CSV file of that column: a column's type is the caller's,
 * and what is not of it as it comes is read from its text. One thread.
 */
#pragma once
#include "table/table.h"

typedef struct mw_arrow_reader mw_arrow_reader;

typedef enum { MW_ARROW_MORE, MW_ARROW_SCHEMA, MW_ARROW_BATCH, MW_ARROW_END } mw_arrow_step;

typedef enum {
    MW_ARROW_NOTHING, /* no value but null */
    MW_ARROW_BOOL,
    MW_ARROW_INTEGER,
    MW_ARROW_NUMBER,
    MW_ARROW_TEXT,
    MW_ARROW_TIME,
    MW_ARROW_LOCAL_TIME, /* without a zone; dates are midnight */
    MW_ARROW_DURATION,
    MW_ARROW_LIST,
    MW_ARROW_NUMBER_LIST,
    MW_ARROW_OTHER, /* of no column: the schema is refused */
} mw_arrow_kind;

MW_MUST_USE mw_status mw_arrow_reader_create(size_t message_size_max,
                                             mw_arrow_reader **out_reader, mw_error *err);
/* Takes bytes from the front of `*bytes`, until something stands or none are left (MORE). What
   stood before is gone then. After the end nothing is taken. After a failure, destroy it. */
MW_MUST_USE mw_status mw_arrow_reader_take(mw_arrow_reader *reader, mw_str *bytes,
                                           mw_arrow_step *out_step, mw_error *err);
/* Whether bytes of a message are held that is not whole: an end of input here is a cut. */
bool mw_arrow_reader_is_within(const mw_arrow_reader *reader);

/* Once the schema stands. Names are as long as they come, and as wrong. */
size_t mw_arrow_column_count(const mw_arrow_reader *reader);
mw_str mw_arrow_column_name(const mw_arrow_reader *reader, size_t column);
mw_arrow_kind mw_arrow_column_kind(const mw_arrow_reader *reader, size_t column);
/* As Arrow calls its type, for messages. */
void mw_arrow_column_describe(const mw_arrow_reader *reader, size_t column, char *out, size_t size);

/* Of the batch that stands. */
size_t mw_arrow_row_count(const mw_arrow_reader *reader);
typedef struct {
    mw_type type;
    const mw_zone *zone; /* of local times; NULL: they are refused */
    mw_symbols *symbols;
} mw_arrow_target;
/* MW_INVALID says what was expected. */
MW_MUST_USE mw_status mw_arrow_cell(const mw_arrow_reader *reader, size_t column, size_t row,
                                    mw_arrow_target target, mw_cell *out_cell, mw_error *err);
void mw_arrow_reader_destroy(mw_arrow_reader *reader); /* NULL is allowed */
