/*
 * repeated_head: a client's next request as a rule begins with the bytes of the one before.
 *
 * But for the digits of its Content-Length such a head is the same, so it says the same, and
 * nobody need read its grammar again: it is compared. What is kept is a head that was read and
 * found right, up to its empty line. One that has a length repeats with another of as many digits.
 *
 * It owns its copy, and belongs to one thread.
 */
#pragma once
#include "base/str.h"

enum { MW_REPEATED_HEAD_SIZE_MAX = 1 << 10 }; /* longer ones are not kept */

typedef struct {
    mw_buf head;        /* empty: there is none */
    size_t from, to;    /* the digits of its length; equal: it has no body */
} mw_repeated_head;

void mw_repeated_head_init(mw_repeated_head *kept);
void mw_repeated_head_forget(mw_repeated_head *kept);
/* `length` is within the head; its data is NULL where there is none. */
void mw_repeated_head_keep(mw_repeated_head *kept, mw_str head, mw_str length);
/* Whether the bytes begin with it and have all of the body that it tells of. */
bool mw_repeated_head_fits(const mw_repeated_head *kept, mw_str bytes, mw_str *out_body);
void mw_repeated_head_release(mw_repeated_head *kept);
