/*
 * key_list: keys of some cells each, numbered from 0 as they come.
 *
 * A hash table from a key to its number; an entry takes 8 bytes for each cell of the key and at
 * most 16 more. Who has something to say of a key keeps it in an array by the number.
 */
#pragma once
#include "table/cell.h"

#define MW_KEY_NONE SIZE_MAX

typedef struct {
    size_t cell_count; /* of a key */
    mw_cell *cells;
    size_t count, capacity;
    uint32_t *slots; /* 1 + the number; 0: free */
    size_t slot_count;
} mw_key_list;

void mw_key_list_init(mw_key_list *list, size_t cell_count);
/* The key's number, or MW_KEY_NONE. */
size_t mw_key_list_find(const mw_key_list *list, const mw_cell *key);
/* Adds a key that is not there, as number `count`; false if memory is out. */
MW_MUST_USE bool mw_key_list_add(mw_key_list *list, const mw_cell *key);
static inline const mw_cell *mw_key_list_at(const mw_key_list *list, size_t number) {
    return list->cells + number * list->cell_count;
}
/* Keeps the keys whose flags are set, in their order, with numbers from 0 again. */
void mw_key_list_keep(mw_key_list *list, const bool *is_kept);
void mw_key_list_clear(mw_key_list *list); /* keeps its memory */
void mw_key_list_release(mw_key_list *list);
