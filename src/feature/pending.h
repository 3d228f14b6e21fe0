/*
 * pending: events that are in the log but not known yet (DESIGN.md rule 1: an event counts from
 * max(declared known, place)).
 *
 * A weather report that is posted before its declared known time waits here. Its room in the
 * ring was taken when it was accepted, so that letting it go cannot fail. So does the withdrawal
 * of an event that a correction replaces. A binary heap by known time, and among equal ones in the
 * order in which they came: an event is there before it is withdrawn. In history, where an event's
 * place is its known time, it stays empty.
 */
#pragma once
#include "feature/group.h"

typedef struct {
    int64_t known;
    uint64_t number; /* in the order in which they came: from next_number */
    bool withdraws;  /* the element is to leave its card, not to enter it */
    uint32_t group;
    uint32_t element; /* index among `elements` */
    mw_card *card;    /* holds a reserved place */
} mw_pending_entry;

typedef struct {
    mw_pending_entry *heap;
    size_t count, capacity;
    uint64_t next_number;
    mw_cell *elements;       /* element_words each; the first `capacity` are ours */
    size_t element_words, element_capacity;
    uint32_t *free_elements; /* a stack: those that no entry uses lie past `count` */
    size_t free_capacity;
} mw_pending;

void mw_pending_init(mw_pending *pending, size_t element_words);
MW_MUST_USE bool mw_pending_reserve(mw_pending *pending, size_t extra);
/* Keeps an element for later and marks its room in the card; there must be room for it. */
void mw_pending_add(mw_pending *pending, mw_pending_entry entry, const mw_cell *element);
/* Takes the entry that becomes known first, if that is at or before `known`; its element is
   valid until the next add. */
MW_MUST_USE bool mw_pending_take(mw_pending *pending, int64_t known,
                                 mw_pending_entry *out_entry, const mw_cell **out_element);
const mw_cell *mw_pending_element(const mw_pending *pending, const mw_pending_entry *entry);
void mw_pending_release(mw_pending *pending);
