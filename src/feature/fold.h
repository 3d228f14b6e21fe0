/*
 * fold: what the events of one tick come to, where windows hold whole ticks alone.
 *
 * Such windows never part the events of a tick, so a ring need not keep these apart: it has one
 * element a tick, however many events that saw. Of these it keeps what the group's aggregates ask,
 * each a few words that merge: in any order, the same bits. Reading merges the ticks of a range:
 * O(n) in its ticks.
 */
#pragma once
#include "feature/ring.h"
#include "lang/program.h"

typedef enum {
    MW_FOLD_COUNT,    /* of the events */
    MW_FOLD_LATEST,   /* the time of the last event */
    MW_FOLD_TOTAL,    /* of a value */
    MW_FOLD_LEAST,
    MW_FOLD_GREATEST,
    MW_FOLD_FIRST,    /* a value and its time */
    MW_FOLD_LAST,
} mw_fold_kind;

enum { MW_FOLD_WORDS_MAX = 4 };

typedef struct {
    mw_fold_kind kind;
    const mw_code *value; /* NULL for those of events */
    mw_type type;         /* of the value */
    uint32_t word;        /* of an element: its first */
} mw_fold;

/* Whether the aggregate can be had from merged ticks, and how. */
MW_MUST_USE bool mw_fold_kind_of(mw_aggregate aggregate, mw_fold_kind *out_kind);
/* Whether what was merged can be taken back: of a least or a last nothing says what came before. */
MW_MUST_USE bool mw_fold_is_reversible(mw_fold_kind kind);
uint32_t mw_fold_word_count(mw_fold_kind kind);
mw_type mw_fold_word_type(const mw_fold *fold, uint32_t word);

/* The words over no event. */
void mw_fold_clear(const mw_fold *fold, mw_cell *out_words);
/* The words over one event; false if its value is outside of a sum's range. */
bool mw_fold_event(const mw_fold *fold, const mw_frame *frame, mw_cell *out_words);
/* The words that stand at a position of a ring. */
void mw_fold_load(const mw_fold *fold, const mw_ring_shape *shape, const mw_ring *ring,
                  uint64_t position, mw_cell *out_words);
void mw_fold_merge(const mw_fold *fold, const mw_symbols *symbols, const mw_cell *from,
                   mw_cell *into);
/* The words over the ticks at positions [from, to) of a ring: loaded and merged one by one, but for
   the kinds that are read most by straight code. */
typedef struct {
    const mw_ring_shape *shape;
    const mw_ring *ring;
    uint64_t from, to;
} mw_fold_ticks;
void mw_fold_merge_ticks(const mw_fold *fold, mw_fold_ticks ticks, mw_cell *out_words);
/* The reverse, of a kind that has one. */
void mw_fold_take_back(const mw_fold *fold, const mw_cell *from, mw_cell *into);
/* `nothing`: what the aggregate is over no event. */
mw_cell mw_fold_read(const mw_fold *fold, const mw_cell *words, mw_aggregate aggregate, int64_t t,
                     mw_cell nothing);
