#include "model/leaf_packs.h"

#include <stdlib.h>
#include <string.h>

enum {
    LANES = 8,
    SECTION_LEAVES_MIN = 256, /* so that packs are full, and what they add stays near */
};

/* Of a step of each leaf of a pack. */
typedef struct {
    double of[LANES];
} shares;

/* Of each leaf: a direction of a split that it takes (see `directions`) at a step. */
typedef struct {
    uint32_t at[LANES], step;
} turns_of_eight;

typedef struct {
    double leaves[LANES]; /* 0 in a lane without one */
    uint32_t first_steps[LANES], step_counts[LANES]; /* the former of the section's steps */
    uint32_t point_count, step_count, first_share, first_turn, end_turn;
} pack;

/* Neighbouring trees. */
typedef struct {
    uint32_t first_tree, end_tree, first_split, end_split, first_leaf, end_leaf;
    uint32_t first_step, first_pack, end_pack;
} section;

struct mw_leaf_packs {
    const mw_forest_paths *paths;
    const mw_quadrature *quadratures;
    section *sections;
    pack *packs;
    shares *shares;
    turns_of_eight *turns;
    uint32_t *features; /* of each step of the paths, side by side */
    uint32_t section_count;
    uint32_t pack_count, share_count, turn_count;
    uint32_t steps_max, splits_max; /* of a section */
};

/* --- making ------------------------------------------------------------------------------ */

/* Packs are made twice: at first they are counted, then they are written. */
typedef struct {
    mw_leaf_packs *packs;
    uint64_t *order; /* leaves of the section at hand, those with the fewest steps first */
    bool is_counting;
} making;

static uint32_t points_of(uint32_t step_count) { return (step_count + 1) / 2; }

static uint32_t steps_of(uint64_t item) { return (uint32_t)(item >> 32); }

static int compare_items(const void *a, const void *b) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static void fill_turns(const making *m, const section *s, const mw_path_step *step, size_t lane) {
    turns_of_eight *made = m->packs->turns + m->packs->turn_count;
    for (uint32_t k = 0; k < step->turn_count; k++) {
        const mw_path_turn *turn = &m->packs->paths->turns[step->first_turn + k];
        made[k].at[lane] = 1 + 2 * (turn->split - s->first_split) + turn->goes_left;
    }
}

/* Step i of each of these leaves. */
static void take_step(making *m, const section *s, const uint64_t *items, size_t count,
                      uint32_t i) {
    mw_leaf_packs *all = m->packs;
    const mw_forest_paths *paths = all->paths;
    shares found;
    uint32_t turn_count = 0;
    for (size_t lane = 0; lane < LANES; lane++) {
        found.of[lane] = 1;
        if (lane >= count || i >= steps_of(items[lane])) continue;
        const mw_path_step *step =
            &paths->steps[paths->paths[(uint32_t)items[lane]].first_step + i];
        found.of[lane] = step->share;
        if (step->turn_count > turn_count) turn_count = step->turn_count;
        if (!m->is_counting) fill_turns(m, s, step, lane);
    }
    if (!m->is_counting) all->shares[all->share_count] = found;
    for (uint32_t k = 0; k < turn_count && !m->is_counting; k++)
        all->turns[all->turn_count + k].step = i;
    all->share_count++;
    all->turn_count += turn_count;
}

static void take_pack(making *m, const section *s, const uint64_t *items, size_t count) {
    mw_leaf_packs *all = m->packs;
    pack made = {.step_count = steps_of(items[count - 1]),
                 .first_share = all->share_count,
                 .first_turn = all->turn_count};
    made.point_count = points_of(made.step_count);
    for (size_t lane = 0; lane < count; lane++) {
        uint32_t leaf = (uint32_t)items[lane];
        made.leaves[lane] = all->paths->forest->leaves[leaf];
        made.first_steps[lane] = all->paths->paths[leaf].first_step - s->first_step;
        made.step_counts[lane] = steps_of(items[lane]);
    }
    for (uint32_t i = 0; i < made.step_count; i++) take_step(m, s, items, count, i);
    made.end_turn = all->turn_count;
    if (!m->is_counting) all->packs[all->pack_count] = made;
    all->pack_count++;
}

/* Leaves whose paths need as many points, eight by eight. */
static void take_packs(making *m, const section *s) {
    size_t count = 0, end;
    for (uint32_t leaf = s->first_leaf; leaf < s->end_leaf; leaf++) {
        uint32_t step_count = m->packs->paths->paths[leaf].step_count;
        if (step_count > 0) m->order[count++] = (uint64_t)step_count << 32 | leaf;
    }
    qsort(m->order, count, sizeof *m->order, compare_items);
    for (size_t first = 0; first < count; first = end) {
        uint32_t point_count = points_of(steps_of(m->order[first]));
        for (end = first + 1; end < count && end < first + LANES; end++)
            if (points_of(steps_of(m->order[end])) != point_count) break;
        take_pack(m, s, m->order + first, end - first);
    }
}

static uint32_t step_of(const mw_forest_paths *paths, uint32_t leaf) {
    return leaf < paths->forest->leaf_count ? paths->paths[leaf].first_step : paths->step_count;
}

static void take_section(making *m, section *s) {
    mw_leaf_packs *all = m->packs;
    const mw_forest_paths *paths = all->paths;
    uint32_t tree_count = paths->forest->head.tree_count;
    for (s->end_tree = s->first_tree; s->end_tree < tree_count; s->end_tree++) {
        if (s->end_leaf - s->first_leaf >= SECTION_LEAVES_MIN) break;
        s->end_leaf = paths->leaf_ends[s->end_tree];
        s->end_split = paths->split_ends[s->end_tree];
    }
    s->first_step = step_of(paths, s->first_leaf);
    s->first_pack = all->pack_count;
    take_packs(m, s);
    s->end_pack = all->pack_count;
    uint32_t steps = step_of(paths, s->end_leaf) - s->first_step;
    uint32_t splits = s->end_split - s->first_split;
    if (steps > all->steps_max) all->steps_max = steps;
    if (splits > all->splits_max) all->splits_max = splits;
}

static void take_all(making *m) {
    mw_leaf_packs *all = m->packs;
    uint32_t tree_count = all->paths->forest->head.tree_count;
    section s = {0};
    all->section_count = all->pack_count = all->share_count = all->turn_count = 0;
    for (; s.end_tree < tree_count; all->section_count++) {
        s = (section){.first_tree = s.end_tree,
                      .first_split = s.end_split, .end_split = s.end_split,
                      .first_leaf = s.end_leaf, .end_leaf = s.end_leaf};
        take_section(m, &s);
        if (!m->is_counting) all->sections[all->section_count] = s;
    }
}

mw_status mw_leaf_packs_make(mw_arena *arena, const mw_forest_paths *paths,
                             const mw_quadrature *quadratures, const mw_leaf_packs **out_packs,
                             mw_error *err) {
    mw_leaf_packs *all = mw_arena_alloc(arena, 1, sizeof *all);
    mw_arena scratch;
    mw_arena_init(&scratch, SIZE_MAX);
    making m = {.packs = all, .is_counting = true};
    m.order = mw_arena_alloc(&scratch, paths->forest->leaf_count, sizeof *m.order);
    if (all && m.order) {
        *all = (mw_leaf_packs){.paths = paths, .quadratures = quadratures};
        take_all(&m);
        all->sections = mw_arena_alloc(arena, all->section_count, sizeof *all->sections);
        all->packs = mw_arena_alloc(arena, all->pack_count, sizeof *all->packs);
        all->shares = mw_arena_alloc(arena, all->share_count, sizeof *all->shares);
        all->turns = mw_arena_alloc(arena, all->turn_count, sizeof *all->turns);
        all->features = mw_arena_alloc(arena, paths->step_count, sizeof *all->features);
    }
    bool has_memory = all && m.order && all->sections && all->packs && all->shares &&
                      all->turns && all->features;
    m.is_counting = false;
    if (has_memory) take_all(&m);
    for (uint32_t i = 0; has_memory && i < paths->step_count; i++)
        all->features[i] = paths->steps[i].feature;
    mw_arena_release(&scratch);
    if (!has_memory) return mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    *out_packs = all;
    return MW_OK;
}

/* --- one row ----------------------------------------------------------------------------- */

typedef struct {
    double *directions; /* 1, then of each split of the section whether the row goes right, and
                           whether left: 1 or 0 */
    double *adds;       /* of each step of the section's paths */
    double *passes, *factors, *before, *integrals; /* of each step of a pack, in each lane */
} work;

#define LANES_AT_ONCE 2
#define ADD_LANES add_two
#include "model/leaf_pack.h"
#define LANES_AT_ONCE 4
#define ADD_LANES add_four
#include "model/leaf_pack.h"
#define LANES_AT_ONCE 8
#define ADD_LANES add_eight
#include "model/leaf_pack.h"

static void add_pack_plain(const mw_leaf_packs *all, const pack *p, const work *w) {
    for (unsigned first = 0; first < LANES; first += 2) add_two(all, p, w, first);
}

#if defined __x86_64__
__attribute__((target("avx2"))) static void add_pack_avx2(const mw_leaf_packs *all, const pack *p,
                                                          const work *w) {
    for (unsigned first = 0; first < LANES; first += 4) add_four(all, p, w, first);
}

__attribute__((target("avx512f"))) static void add_pack_avx512(const mw_leaf_packs *all,
                                                               const pack *p, const work *w) {
    add_eight(all, p, w, 0);
}
#endif

typedef void add_pack(const mw_leaf_packs *all, const pack *p, const work *w);

static add_pack *add_pack_of(mw_lanes_kind kind) {
#if defined __x86_64__
    if (kind == MW_LANES_AVX512) return add_pack_avx512;
    if (kind == MW_LANES_AVX2) return add_pack_avx2;
#endif
    (void)kind; /* NEON's vectors are of two, as plain ones */
    return add_pack_plain;
}

static void fill_directions(const mw_forest *forest, const section *s, const double *row,
                            double *directions) {
    *directions++ = 1;
    for (uint32_t at = s->first_split; at < s->end_split; at++) {
        const mw_tree_split *split = &forest->splits[at];
        bool is_left = mw_tree_goes_left(forest, split, row[split->feature]);
        *directions++ = !is_left;
        *directions++ = is_left;
    }
}

/* In the order of the leaves, as the explainer adds what they add for eight rows. */
static void add_in_order(const mw_leaf_packs *all, const section *s, const work *w,
                         double *values) {
    const mw_forest_paths *paths = all->paths;
    mw_forest_head head = paths->forest->head;
    uint32_t step = s->first_step;
    for (uint32_t t = s->first_tree; t < s->end_tree; t++) {
        double *sums = values + t % head.class_count * (head.feature_count + 1);
        for (uint32_t end = step_of(paths, paths->leaf_ends[t]); step < end; step++)
            sums[all->features[step]] += w->adds[step - s->first_step];
    }
}

mw_status mw_leaf_packs_add(const mw_leaf_packs *all, mw_lanes_kind kind, const double *row,
                            double *values, mw_error *err) {
    size_t lane_count = (size_t)all->paths->step_count_max * LANES;
    size_t direction_count = 1 + 2 * (size_t)all->splits_max;
    double *memory =
        mw_allocate((4 * lane_count + direction_count + all->steps_max) * sizeof *memory);
    if (!memory) return mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    work w = {.passes = memory,
              .factors = memory + lane_count,
              .before = memory + 2 * lane_count,
              .integrals = memory + 3 * lane_count,
              .directions = memory + 4 * lane_count,
              .adds = memory + 4 * lane_count + direction_count};
    add_pack *add = add_pack_of(kind);
    for (const section *s = all->sections; s < all->sections + all->section_count; s++) {
        fill_directions(all->paths->forest, s, row, w.directions);
        for (uint32_t i = s->first_pack; i < s->end_pack; i++) add(all, &all->packs[i], &w);
        add_in_order(all, s, &w, values);
    }
    mw_free(memory);
    return MW_OK;
}
