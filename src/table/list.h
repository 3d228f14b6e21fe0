/*
 * list: the elements of a list, all texts or all numbers, in their order.
 *
 * A list is kept as one symbol: its JSON array, spelled in one way alone (no blanks, shortest
 * numbers, the escapes of base/json.h). So lists are equal exactly when their bits are, and keys,
 * hashes, files, logs and snapshots take them as they take a text. An element is never missing;
 * a list may be, and that is not the empty one. Reading an element costs its bytes.
 *
 * A list that comes in may be spelled as JSON allows. One has at most MW_LIST_ELEMENTS_MAX elements
 * and MW_LIST_SIZE_MAX bytes; what is longer is refused, not cut.
 */
#pragma once
#include "base/json.h"
#include "table/cell.h"

enum { MW_LIST_ELEMENTS_MAX = 10000, MW_LIST_SIZE_MAX = 1 << 20 };

/* The type of the elements: text, or number. */
static inline mw_type mw_list_element_type(mw_type list) {
    MW_ASSERT(mw_type_is_list(list));
    return list == MW_TYPE_LIST ? MW_TYPE_TEXT : MW_TYPE_NUMBER;
}

/* Writing one, element by element; what does not fit is told at the end. */
typedef struct {
    mw_type type;
    mw_buf text;
    mw_json json;
    size_t count;
} mw_list_writer;

void mw_list_begin(mw_list_writer *writer, mw_type type); /* writer must not move until its end */
void mw_list_add_text(mw_list_writer *writer, mw_str element);
void mw_list_add_number(mw_list_writer *writer, double element); /* finite */
/* Gives the list and releases the writer, whatever comes of it. MW_INVALID: it is too long. */
MW_MUST_USE mw_status mw_list_end(mw_list_writer *writer, mw_symbols *symbols, mw_cell *out_cell,
                                  mw_error *err);

/* Reads a JSON array of such elements. MW_INVALID says what was expected. */
MW_MUST_USE mw_status mw_list_parse(mw_type type, mw_str text, mw_symbols *symbols,
                                    mw_cell *out_cell, mw_error *err);

/* Reads one as it is kept; false for any other spelling, and when the symbols are full. */
MW_MUST_USE bool mw_list_read_own(mw_type type, mw_str text, mw_symbols *symbols,
                                  mw_cell *out_cell);

/* Going through a list that is not missing. */
typedef struct {
    mw_str rest;
    mw_buf element; /* holds the text that was read last */
} mw_list_reader;

void mw_list_open(mw_list_reader *reader, mw_cell list, const mw_symbols *symbols);
/* The next text, valid until the next is read; false at the end, or when memory is out
   (element.failed). */
MW_MUST_USE bool mw_list_next_text(mw_list_reader *reader, mw_str *out_element);
MW_MUST_USE bool mw_list_next_number(mw_list_reader *reader, double *out_element);
void mw_list_close(mw_list_reader *reader);

/* Whether an element of the list equals a text or a number, of its elements' type. */
bool mw_list_contains(mw_type type, mw_cell list, mw_cell element, const mw_symbols *symbols);
size_t mw_list_length(mw_cell list, const mw_symbols *symbols);

/* The lengths that were asked for last, of lists of one table of symbols; zeroed, it knows none.
   Whoever asks of the same few lists again and again goes through each of them once. */
enum { MW_LIST_LENGTHS_KEPT = 8 };
typedef struct {
    struct {
        uint32_t list, length;
    } kept[MW_LIST_LENGTHS_KEPT]; /* the last one asked for first; list 0: none */
    uint64_t age;                 /* of the symbols, for which they are good */
    uint64_t counted;             /* so many lists were gone through */
} mw_list_lengths;

/* The length of a list that is not missing. */
size_t mw_list_length_again(mw_list_lengths *lengths, mw_cell list, const mw_symbols *symbols);
