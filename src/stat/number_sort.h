/*
 * number_sort: sorts doubles that are numbers, in linear time.
 *
 * By the bytes of a key that orders as the numbers do, least significant first; bytes that are
 * the same everywhere cost nothing. Each number takes a small tag with it; equal numbers (-0 and 0
 * are two) keep their order. About 30 ns a number from some thousands of them on.
 */
#pragma once
#include "base/memory.h"

typedef struct {
    uint64_t key; /* mw_number_key of the number */
    uint64_t tag;
} mw_tagged_number;

uint64_t mw_number_key(double value); /* of greater numbers it is greater */
double mw_number_of_key(uint64_t key);
/* Sorts by rising key. `room` is as large as `items`; what it holds afterwards means nothing. */
void mw_number_sort(mw_tagged_number *items, mw_tagged_number *room, size_t count);
