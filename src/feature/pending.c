#include "feature/pending.h"

#include <string.h>

#define PENDING_MAX ((size_t)UINT32_MAX)

void mw_pending_init(mw_pending *pending, size_t element_words) {
    *pending = (mw_pending){.element_words = element_words};
}

bool mw_pending_reserve(mw_pending *pending, size_t extra) {
    size_t old = pending->free_capacity, needed = pending->count + extra;
    if (!mw_grow((void **)&pending->heap, &pending->capacity, needed, sizeof *pending->heap,
                 PENDING_MAX) ||
        !mw_grow((void **)&pending->elements, &pending->element_capacity, needed,
                 pending->element_words * sizeof *pending->elements, PENDING_MAX) ||
        !mw_grow((void **)&pending->free_elements, &pending->free_capacity, needed,
                 sizeof *pending->free_elements, PENDING_MAX))
        return false;
    for (size_t i = old; i < pending->free_capacity; i++)
        pending->free_elements[i] = (uint32_t)i;
    return true;
}

static mw_cell *element_at(const mw_pending *pending, uint32_t index) {
    return pending->elements + index * pending->element_words;
}

static bool comes_before(const mw_pending_entry *a, const mw_pending_entry *b) {
    return a->known != b->known ? a->known < b->known : a->number < b->number;
}

void mw_pending_add(mw_pending *pending, mw_pending_entry entry, const mw_cell *element) {
    MW_ASSERT(pending->count < pending->capacity);
    entry.element = pending->free_elements[pending->count];
    entry.card->reserved++;
    memcpy(element_at(pending, entry.element), element,
           pending->element_words * sizeof *element);
    size_t i = pending->count++;
    for (; i > 0 && comes_before(&entry, &pending->heap[(i - 1) / 2]); i = (i - 1) / 2)
        pending->heap[i] = pending->heap[(i - 1) / 2];
    pending->heap[i] = entry;
}

bool mw_pending_take(mw_pending *pending, int64_t known, mw_pending_entry *out_entry,
                     const mw_cell **out_element) {
    if (pending->count == 0 || pending->heap[0].known > known) return false;
    *out_entry = pending->heap[0];
    *out_element = element_at(pending, out_entry->element);
    out_entry->card->reserved--;
    pending->free_elements[--pending->count] = out_entry->element;

    mw_pending_entry last = pending->heap[pending->count];
    size_t i = 0;
    for (size_t child = 1; child < pending->count; child = 2 * i + 1) {
        if (child + 1 < pending->count &&
            comes_before(&pending->heap[child + 1], &pending->heap[child]))
            child++;
        if (!comes_before(&pending->heap[child], &last)) break;
        pending->heap[i] = pending->heap[child];
        i = child;
    }
    pending->heap[i] = last;
    return true;
}

const mw_cell *mw_pending_element(const mw_pending *pending, const mw_pending_entry *entry) {
    return element_at(pending, entry->element);
}

void mw_pending_release(mw_pending *pending) {
    mw_free(pending->heap);
    mw_free(pending->elements);
    mw_free(pending->free_elements);
    mw_pending_init(pending, pending->element_words);
}
