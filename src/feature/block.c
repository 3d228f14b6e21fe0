#include "feature/block.h"

#include "feature/cutter.h"
#include "feature/family.h"
#include "feature/slate.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

/* What few models need stands apart from what is done at each step. */
#define APART __attribute__((noinline))

enum { TURNS_MIN = 1 << 8, TURNS_MAX = 1 << 13, STRANDS_MAX = 64, STRANDS_EACH = 4 };
enum { STAGES = 4 }; /* of the work on a stretch */
/* Stretches in a ring: one that is given out, so many at work, and one that is gathered. */
enum { AT_WORK_MAX = 3, STRETCHES = AT_WORK_MAX + 1 };
static_assert(AT_WORK_MAX <= (int)MW_CREW_LOADS_MAX, "each is a load");
/* The one that is gathered and those at work then never reach back beyond the part before the one
   that is read. */
static_assert(AT_WORK_MAX * TURNS_MAX <= MW_PART_EVENTS_MIN, "events of a stretch must stand");
/* What the moments of a stretch find: a lone caller has a stretch in the second cache, and threads
   that meet at its end do so less often. */
#define CELLS_MAX ((size_t)1 << 16)
#define SHARED_CELLS_MAX ((size_t)1 << 19)

/* How many entries ahead each step of foresight is taken. */
enum { SLOT_AHEAD = 24, CARD_AHEAD = 16, EVENTS_AHEAD = 8 };

/* What a strand needs for itself. */
typedef struct {
    alignas(MW_LINE_SIZE) mw_desk desk;
    mw_frame frame;     /* over the row at hand, */
    mw_list_lengths lengths; /* whose lists are those of the row before as a rule */
    mw_reading reading; /* of the moment at hand, by this desk and frame */
    mw_cell *windows;   /* of a look-up whose windows do not stand side by side */
} strand;

/* What a piece of a stretch's end needs for itself. */
typedef struct {
    alignas(MW_LINE_SIZE) mw_family family; /* with `each`: works out those that begin in it */
    mw_cell *windows; /* of the moment at hand */
    uint64_t values_overflowed; /* features, without `each` */
} finisher;

struct mw_block {
    mw_engine *engine;
    mw_crew_stage stages[STAGES];
    bool is_apart;       /* strands put aside what they find */
    bool finishes;       /* features are worked out with the stretch; else they are windows, and
                            brought to a row as they are given out */
    bool keeps_windows;  /* until a stretch is given out */
    bool are_windows;    /* features are the windows, one by one, */
    bool gives_rows;     /* and stand as they are given out */
    size_t piece_count;  /* of the end of a stretch */
    strand *strands;
    finisher *finishers; /* by piece */
    size_t count_max;    /* items of a stretch that take another turn no more */
    size_t capacity;     /* room for them, and what one turn makes more */
    size_t row_width;
    mw_arena arena;
    mw_stretch *stretches;  /* where the caller is alone, all the same memory */
    alignas(MW_LINE_SIZE) mw_cutter cutter; /* one stretch is cut up at a time */
    /* What the caller alone sees. */
    alignas(MW_LINE_SIZE) mw_stretch *next, *given; /* what is gathered, and what is given out; */
    size_t first, at_work; /* between them so many at work, from this one on */
    size_t given_count;  /* items that were given out or passed over */
    mw_cell *windows, *features; /* of the last one, where they must be brought together */
    mw_elements elements; /* with `each`: of the moment that is added */
    mw_shift shift;
};

#define BLOCK_ARENA_MAX ((size_t)1 << 32)

size_t mw_block_strand_count(size_t crew_size) {
    size_t count = 1;
    while (crew_size > 1 && count < crew_size * STRANDS_EACH && count < STRANDS_MAX) count *= 2;
    return count;
}

/* --- whether --------------------------------------------------------------------------------- */

static bool waits(const mw_engine *engine, const mw_lookup_plan *lookup) {
    const mw_model_program *model = engine->config.model;
    if (lookup->wave > 0) return true;
    for (int32_t k = 0; k < engine->plan.groups[lookup->group].key_count; k++)
        for (size_t i = 0; i < model->feature_count; i++)
            if (mw_code_reads_feature(lookup->keys[k], (int32_t)i)) return true;
    return false;
}

bool mw_block_suits(const mw_engine *engine, const mw_events *events) {
    for (size_t i = 0; i < engine->plan.lookup_count; i++)
        if (waits(engine, &engine->plan.lookups[i])) return false;
    return !events || mw_events_count_in_place(events);
}

/* --- life ------------------------------------------------------------------------------------ */

/* Rows and times follow. */
static mw_frame frame_of(const mw_engine *engine) {
    return (mw_frame){.symbols = engine->config.symbols, .zone = engine->config.program->zone};
}

static mw_status give_strands(mw_block *block, mw_error *err) {
    const mw_plan *plan = &block->engine->plan;
    mw_arena *arena = &block->arena;
    for (size_t i = 0; i < block->engine->strand_count; i++) {
        strand *own = &block->strands[i];
        own->windows = mw_arena_alloc_lines(arena, plan->window_count + 1, sizeof(mw_cell));
        if (!own->windows) return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
        MW_TRY(mw_desk_init(&own->desk, plan, block->engine->config.program->zone, arena, err));
        own->frame = frame_of(block->engine);
        own->frame.lengths = &own->lengths;
        own->reading = (mw_reading){.instances = &block->engine->instances,
                                    .frame = &own->frame,
                                    .desk = &own->desk};
    }
    return MW_OK;
}

static mw_status give_finishers(mw_block *block, mw_error *err) {
    const mw_engine *engine = block->engine;
    for (size_t i = 0; i < block->piece_count; i++) {
        finisher *own = &block->finishers[i];
        own->windows = mw_arena_alloc_lines(&block->arena, engine->plan.window_count + 1,
                                            sizeof *own->windows);
        if (!own->windows) return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
        if (engine->config.model->each) MW_TRY(mw_family_init(&own->family, engine->config, err));
    }
    return MW_OK;
}

static bool give_stretch(mw_block *block, mw_stretch *one) {
    const mw_engine *engine = block->engine;
    size_t count = block->capacity;
    size_t window_count = block->is_apart && !block->finishes ? 0 : engine->plan.window_count;
    size_t list_count = engine->strand_count * engine->plan.group_count;
    size_t feature_count = block->finishes ? engine->config.model->feature_count : 0;
    size_t width = block->row_width + window_count + feature_count;
    one->block = block;
    one->lists = mw_arena_alloc_lines(&block->arena, list_count + 1, sizeof *one->lists);
    one->items = mw_resize(NULL, count * (sizeof *one->items + width * sizeof(mw_cell)));
    if (!one->lists || !one->items) return false;
    one->rows = (mw_cell *)(void *)(one->items + count);
    one->windows = one->rows + count * block->row_width;
    one->features = one->windows + count * window_count;
    return true;
}

static bool give_stretches(mw_block *block) {
    block->stretches = mw_arena_alloc_lines(&block->arena, STRETCHES, sizeof *block->stretches);
    if (!block->stretches || !give_stretch(block, block->stretches)) return false;
    for (size_t i = 1; i < STRETCHES; i++) {
        if (!block->is_apart) block->stretches[i] = block->stretches[0];
        else if (!give_stretch(block, &block->stretches[i])) return false;
    }
    block->next = &block->stretches[0];
    block->given = &block->stretches[STRETCHES - 1];
    return true;
}

static void choose_size(mw_block *block) {
    const mw_engine *engine = block->engine;
    const mw_model_program *model = engine->config.model;
    block->row_width = engine->config.program->streams[model->moment_stream].schema.field_count;
    size_t width = block->row_width + engine->plan.window_count + model->feature_count + 1;
    if (block->count_max > 0 && block->count_max <= TURNS_MAX) return;
    block->count_max = TURNS_MAX;
    size_t cells_max = block->is_apart ? SHARED_CELLS_MAX : CELLS_MAX;
    while (block->count_max > TURNS_MIN && block->count_max * width > cells_max)
        block->count_max /= 2;
}

/* Whether the features are the windows, one by one. */
static bool are_windows(const mw_engine *engine) {
    const mw_plain_features *all = engine->plains;
    return engine->plain_count == 1 && all->feature == 0 && all->window == 0 &&
           all->count == engine->config.model->feature_count;
}

static mw_status prepare(mw_block *block, mw_error *err) {
    const mw_engine *engine = block->engine;
    const mw_model_program *model = engine->config.model;
    mw_arena *arena = &block->arena;
    choose_size(block);
    block->finishes = engine->derived_count > 0 || model->each;
    block->keeps_windows = !block->is_apart || model->each || model->schedule;
    block->are_windows = are_windows(engine);
    block->gives_rows = block->are_windows && !block->is_apart && !block->finishes;
    block->capacity = block->count_max + (model->each ? MW_LIST_ELEMENTS_MAX : 1);
    block->strands = mw_arena_alloc_lines(arena, engine->strand_count, sizeof *block->strands);
    block->finishers = mw_arena_alloc_lines(arena, block->piece_count, sizeof *block->finishers);
    block->windows = mw_arena_alloc_lines(arena, engine->plan.window_count + 1,
                                          sizeof *block->windows);
    block->features = mw_arena_alloc_lines(arena, model->feature_count + 1,
                                           sizeof *block->features);
    if (!block->strands || !block->finishers || !block->windows || !block->features ||
        !give_stretches(block))
        return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
    MW_TRY(mw_cutter_init(&block->cutter, engine, arena, err));
    MW_TRY(give_finishers(block, err));
    return give_strands(block, err);
}

static void set_stages(mw_block *block); /* the work is told below */

mw_status mw_block_create(mw_engine *engine, mw_crew crew, size_t turn_max,
                          mw_block **out_block, mw_error *err) {
    mw_arena arena; /* of the block too */
    mw_arena_init(&arena, BLOCK_ARENA_MAX);
    mw_block *block = mw_arena_alloc_lines(&arena, 1, sizeof *block);
    if (!block) return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
    *block = (mw_block){.engine = engine, .count_max = turn_max, .arena = arena};
    if (mw_engine_makes_text(engine)) crew = (mw_crew){0};
    mw_status status = mw_shift_init(&block->shift, &crew, err);
    block->is_apart = block->shift.hired;
    block->piece_count = block->is_apart ? crew.size : 1;
    if (status == MW_OK) status = prepare(block, err);
    if (status != MW_OK) {
        mw_block_destroy(block);
        return status;
    }
    set_stages(block);
    *out_block = block;
    return MW_OK;
}

static void release_stretch(const mw_block *block, mw_stretch *one) {
    size_t list_count = block->engine->strand_count * block->engine->plan.group_count;
    for (size_t i = 0; one->lists && i < list_count; i++) mw_entry_list_release(&one->lists[i]);
    mw_free(one->routes);
    mw_free(one->items);
}

void mw_block_destroy(mw_block *block) {
    if (!block) return;
    mw_shift_release(&block->shift);
    size_t stretch_count = block->is_apart ? STRETCHES : 1;
    for (size_t i = 0; block->stretches && i < stretch_count; i++)
        release_stretch(block, &block->stretches[i]);
    for (size_t i = 0; block->finishers && i < block->piece_count; i++)
        mw_family_release(&block->finishers[i].family);
    mw_free(block->elements.cells);
    for (size_t i = 0; block->strands && i < block->engine->strand_count; i++)
        mw_desk_release(&block->strands[i].desk);
    mw_arena arena = block->arena;
    mw_arena_release(&arena);
}

/* --- gathering ------------------------------------------------------------------------------- */

bool mw_block_is_empty(const mw_block *block) {
    return block->next->count == 0;
}

size_t mw_block_room(const mw_block *block) {
    size_t count = block->next->count;
    return count < block->count_max ? block->count_max - count : 0;
}

/* Notes that the stretch that is gathered reaches to a place. */
static void reach(mw_block *block, int64_t place) {
    mw_stretch *next = block->next;
    MW_ASSERT(block->at_work < AT_WORK_MAX && next->count < block->count_max);
    MW_ASSERT(place >= block->engine->place);
    if (next->count == 0) next->from = place;
    next->to = place;
    next->added_from = next->count;
}

static mw_status tell_instance(mw_block *block, mw_stretch_item *item, int64_t time,
                               mw_error *err) {
    mw_engine *engine = block->engine;
    if (!engine->plan.shares_instance[item->stream]) return MW_OK;
    if (!mw_instances_reserve(&engine->instances)) return mw_engine_no_memory(engine, err);
    mw_engine_fill_id(engine, item->stream, item->moment.row);
    item->instance = mw_instances_add(&engine->instances, (uint32_t)item->stream, time,
                                      engine->id);
    return MW_OK;
}

static mw_status add_event(mw_block *block, const mw_event *event, mw_error *err) {
    mw_stretch *next = block->next;
    mw_stretch_item item = {.moment = {event->time, event->place, event->row},
                            .kind = MW_ITEM_EVENT,
                            .stream = event->stream};
    MW_TRY(tell_instance(block, &item, event->time, err));
    if (event->replaced) {
        mw_stretch_item *replaced = &next->items[next->count++];
        *replaced = item;
        replaced->kind = MW_ITEM_REPLACED;
        replaced->moment = (mw_moment){event->replaced_time, event->place, event->replaced};
        replaced->from = event->replaced_from;
    }
    next->items[next->count++] = item;
    next->event_count++;
    return MW_OK;
}

/* Numbers a moment; the stretch has room for its row. */
static mw_cell *number_moment(mw_block *block, mw_stretch_item *added) {
    added->index = (uint32_t)block->next->moment_count++;
    return block->next->rows + added->index * block->row_width;
}

static void find_instances(mw_block *block, mw_stretch_item *added) {
    mw_engine_find_own(block->engine, added->moment.row, &added->asking, &added->asking_event);
}

/* A moment or a label. */
static void add_moment(mw_block *block, const mw_turn *turn) {
    mw_stretch *next = block->next;
    mw_stretch_item *added = &next->items[next->count++];
    bool is_label = turn->kind == MW_TURN_LABEL;
    *added = (mw_stretch_item){.moment = turn->moment,
                               .number = turn->number,
                               .kind = is_label ? MW_ITEM_LABEL : MW_ITEM_MOMENT};
    mw_cell *row = number_moment(block, added);
    if (block->row_width > 0)
        added->moment.row = memcpy(row, turn->moment.row, block->row_width * sizeof *row);
    if (block->engine->plan.has_instances) find_instances(block, added);
}

/* Puts the moments of an event in the place of the one that it announced. */
static mw_status add_family(mw_block *block, const mw_moment *announced, mw_error *err) {
    const mw_engine_config *config = &block->engine->config;
    mw_stretch *next = block->next;
    mw_stretch_item *first = &next->items[next->count];
    mw_elements *elements = &block->elements;
    MW_TRY(mw_elements_take(elements, config, announced->row, err));
    for (size_t i = 0; i < elements->count; i++) {
        mw_stretch_item *added = first + i;
        *added = (mw_stretch_item){.moment = *announced, .kind = MW_ITEM_MOMENT};
        mw_cell *row = number_moment(block, added);
        memcpy(row, announced->row, (block->row_width - 1) * sizeof *row);
        row[config->model->each->element] = elements->cells[i];
        added->moment.row = row;
        find_instances(block, added);
    }
    if (elements->count > 0) first->family = (uint32_t)elements->count;
    next->count += elements->count;
    return MW_OK;
}

mw_status mw_block_add(mw_block *block, const mw_turn *turn, mw_error *err) {
    reach(block, turn->place);
    if (turn->kind == MW_TURN_EVENT) return add_event(block, &turn->event, err);
    if (turn->kind == MW_TURN_MOMENT && block->engine->config.model->each)
        return add_family(block, &turn->moment, err);
    add_moment(block, turn);
    return MW_OK;
}

/* Whose events these are, and whose a moment asks for: each before its event is told. */
static mw_status tell_pairs(mw_block *block, mw_stretch_item *pairs, size_t count,
                            mw_error *err) {
    int64_t offset = block->engine->config.model->moment_offset_us;
    for (size_t i = 0; i < count; i++) {
        find_instances(block, &pairs[i]);
        MW_TRY(tell_instance(block, &pairs[i], pairs[i].moment.t - offset, err));
    }
    return MW_OK;
}

mw_status mw_block_add_pairs(mw_block *block, const mw_moment *moments, size_t count,
                             mw_error *err) {
    const mw_engine *engine = block->engine;
    mw_stretch *next = block->next;
    mw_stretch_item *added = &next->items[next->count];
    int32_t stream = engine->config.model->moment_stream;
    MW_ASSERT(count > 0 && count <= mw_block_room(block));
    reach(block, moments[0].place);
    next->to = moments[count - 1].place;
    for (size_t i = 0; i < count; i++)
        added[i] = (mw_stretch_item){.moment = moments[i],
                                     .kind = MW_ITEM_PAIR,
                                     .stream = stream,
                                     .index = (uint32_t)(next->moment_count + i)};
    if (engine->plan.has_instances) MW_TRY(tell_pairs(block, added, count, err));
    next->count += count;
    next->moment_count += count;
    next->event_count += count;
    return MW_OK;
}

size_t mw_block_added_count(const mw_block *block) {
    return block->next->count - block->next->added_from;
}

mw_stretch_item *mw_block_added(mw_block *block, size_t index) {
    MW_ASSERT(index < mw_block_added_count(block));
    return &block->next->items[block->next->added_from + index];
}

/* --- the work -------------------------------------------------------------------------------- */

static mw_status cut_up(void *context, size_t piece, mw_error *err) {
    (void)piece;
    mw_stretch *of = context;
    return mw_cutter_cut(&of->block->cutter, of, of->block->is_apart, err);
}

static mw_cell *row_of(const mw_stretch *of, uint32_t index) {
    return of->windows + index * of->block->engine->plan.window_count;
}

/* A list that is worked off, and what of the plan that takes: copies, which nothing that is written
   meanwhile may change. */
typedef struct {
    const mw_stretch *of;
    mw_engine *engine;
    mw_group *group;
    strand *own;
    mw_entry_list list;
    const mw_lookup_plan *lookups;
    size_t window_count;
    mw_cell *found;      /* where the windows of the next look-up go, if they are put aside */
    int64_t maturity_us;
    bool is_apart, has_edges;
} labour;

/* The card of an entry: the one that was foreseen, that of the entry before, or another. */
static inline mw_card *card_of(mw_group *group, const mw_entry *todo) {
    mw_card *card = todo->foreseen.card;
    if (card && mw_cards_is(&group->cards, card, todo->words)) return group->recent = card;
    card = group->recent;
    if (card && mw_cards_is(&group->cards, card, todo->words)) return card;
    return group->recent = mw_cards_find(&group->cards, todo->words, todo->foreseen.hash);
}

static inline mw_status change_card(mw_group *group, mw_card *card, const mw_entry *todo,
                                    mw_error *err) {
    const mw_cell *element = todo->words + group->plan->key_count;
    if (todo->change == MW_WITHDRAW) {
        MW_TRY(mw_group_bring(group, card, err));
        if (card) mw_group_withdraw(group, card, element, todo->place);
        return MW_OK;
    }
    if (!card) card = group->recent = mw_cards_add(&group->cards, todo->words, todo->foreseen.hash);
    if (!card) return MW_NO_MEMORY;
    MW_TRY(mw_group_make_room(group, card, todo->place, err));
    mw_group_insert(group, card, element);
    return MW_OK;
}

/* Reads into a row of the model's windows. */
static inline mw_status read_moment(const labour *at, const mw_lookup_plan *lookup, mw_card *card,
                                    const mw_entry *todo, mw_cell *row) {
    strand *own = at->own;
    own->frame.time_us = own->reading.t = todo->t;
    own->reading.place = todo->place;
    own->reading.maturity = todo->t + at->maturity_us;
    if (lookup->reads_row || lookup->leaves_out) {
        const mw_stretch_item *it = &at->of->items[todo->item];
        own->frame.row = it->moment.row;
        own->reading.instance = it->asking;
        own->reading.event_instance = it->asking_event;
    }
    if (at->has_edges) mw_edges_set(&own->desk.edges, todo->t);
    return mw_reading_lookup(&own->reading, lookup, at->group, card, row);
}

/* Puts what was read into the row aside, unless it stands there; gives the end of that. */
static inline mw_cell *put_aside(const mw_lookup_plan *lookup, const mw_cell *row,
                                 mw_cell *found) {
    if (lookup->run_count == 1) return found + lookup->window_count;
    for (size_t i = 0; i < lookup->run_count; i++) {
        mw_window_run run = lookup->runs[i];
        memcpy(found, row + run.first, run.count * sizeof *found);
        found += run.count;
    }
    return found;
}

/* Reads into the moment's row; or, as threads would disturb each other there, aside, from where it
   is brought to the rows at the end: windows that stand side by side where they are put. */
static inline mw_status read_entry(labour *at, mw_card *card, const mw_entry *todo,
                                   mw_error *err) {
    const mw_lookup_plan *lookup = &at->lookups[todo->lookup];
    MW_TRY(mw_group_bring(at->group, card, err));
    if (!at->is_apart) {
        mw_cell *row = at->of->windows + todo->moment * at->window_count;
        return read_moment(at, lookup, card, todo, row);
    }
    mw_cell *row =
        lookup->run_count == 1 ? at->found - lookup->runs[0].first : at->own->windows;
    MW_TRY(read_moment(at, lookup, card, todo, row));
    at->found = put_aside(lookup, row, at->found);
    return MW_OK;
}

/* Asks the cache for what entries will need, some entries ahead: first for the slot of the table,
   then for the card that it likely leads to, then for the card's events. Nothing is asked where the
   entry before has asked for the same. */
static inline void foresee(const mw_group *group, const mw_entry_list *list, size_t i) {
    if (i < list->count)
        mw_cards_prefetch(&group->cards, mw_entry_at(list, i)->foreseen.hash);
    size_t at = i - (SLOT_AHEAD - CARD_AHEAD);
    if (at < list->count) {
        mw_foreseen *card = &mw_entry_at(list, at)->foreseen;
        if (at == 0 || card->hash != mw_entry_at(list, at - 1)->foreseen.hash)
            card->card = mw_cards_guess(&group->cards, card->hash);
        if (card->card) __builtin_prefetch(card->card, 1);
    }
    at = i - (SLOT_AHEAD - EVENTS_AHEAD);
    mw_card *card = at < list->count ? mw_entry_at(list, at)->foreseen.card : NULL;
    if (card) mw_group_foresee_events(group, card);
}

static labour labour_at(const mw_stretch *of, size_t piece, size_t group) {
    const mw_block *block = of->block;
    const mw_plan *plan = &block->engine->plan;
    size_t number = piece * plan->group_count + group;
    return (labour){.of = of,
                    .engine = block->engine,
                    .group = &block->engine->groups[number],
                    .own = &block->strands[piece],
                    .list = of->lists[number],
                    .lookups = plan->lookups,
                    .window_count = plan->window_count,
                    .found = mw_entry_list_found(&of->lists[number], plan),
                    .maturity_us = block->engine->config.model->maturity_us,
                    .is_apart = block->is_apart,
                    .has_edges = plan->edge_count > 0};
}

static mw_status work_off(labour at, size_t piece, mw_error *err) {
    for (size_t i = 0; i < at.list.count + SLOT_AHEAD; i++) {
        foresee(at.group, &at.list, i);
        if (i < SLOT_AHEAD) continue;
        const mw_entry *todo = mw_entry_at(&at.list, i - SLOT_AHEAD);
        MW_TRY(mw_engine_relieve(at.engine, piece, err));
        mw_card *card = card_of(at.group, todo);
        if (todo->lookup != MW_NONE) MW_TRY(read_entry(&at, card, todo, err));
        if (todo->change != MW_LEAVE) MW_TRY(change_card(at.group, card, todo, err));
    }
    return MW_OK;
}

static mw_status work_strand(void *context, size_t piece, mw_error *err) {
    const mw_stretch *of = context;
    mw_engine *engine = of->block->engine;
    size_t group_count = engine->plan.group_count;
    int64_t place = of->from;
    for (size_t g = 0; g < group_count; g++) {
        mw_group *group = &engine->groups[piece * group_count + g];
        if (mw_group_is_due(group, place)) mw_group_sweep(group, place);
        if (of->lists[piece * group_count + g].count == 0) continue;
        mw_status status = work_off(labour_at(of, piece, g), piece, err);
        if (status != MW_OK) return mw_engine_fail(engine, status, err);
    }
    return MW_OK;
}

/* --- the end of a stretch -------------------------------------------------------------------- */

static mw_cell *features_of(const mw_stretch *of, const mw_stretch_item *it) {
    return of->features + it->index * of->block->engine->config.model->feature_count;
}

/* Brings a moment's windows, or a label's, to their row. */
static void bring_windows(const mw_stretch *of, const mw_stretch_item *it, mw_cell *row) {
    const mw_plan *plan = &of->block->engine->plan;
    bool is_label = it->kind == MW_ITEM_LABEL;
    size_t count =
        is_label ? plan->lookup_count - plan->feature_lookup_count : plan->feature_lookup_count;
    const mw_stretch_route *next = of->routes + it->route;
    for (const mw_stretch_route *end = next + count; next < end; next++) {
        const mw_cell *found = of->lists[next->list].found + next->found;
        const mw_lookup_plan *lookup = &plan->lookups[next->lookup];
        for (size_t i = 0; i < lookup->run_count; i++) {
            mw_window_run run = lookup->runs[i];
            memcpy(row + run.first, found, run.count * sizeof *row);
            found += run.count;
        }
    }
}

/* The first of the items that a piece of the end has to do with. */
static size_t piece_from(const mw_stretch *of, size_t piece) {
    return piece * of->count / of->block->piece_count;
}

/* With `each` the features wait for the windows of all of an event's moments. */
static mw_status finish(void *context, size_t piece, mw_error *err) {
    (void)err;
    const mw_stretch *of = context;
    const mw_block *block = of->block;
    bool has_each = block->engine->config.model->each;
    mw_cell *windows = block->finishers[piece].windows;
    uint64_t overflowed = 0;
    size_t to = piece_from(of, piece + 1);
    for (size_t i = piece_from(of, piece); i < to; i++) {
        const mw_stretch_item *it = &of->items[i];
        if (!mw_stretch_item_asks(it)) continue;
        bool is_label = it->kind == MW_ITEM_LABEL;
        mw_cell *row = is_label || block->keeps_windows ? row_of(of, it->index) : windows;
        if (block->is_apart) bring_windows(of, it, row);
        if (!is_label && !has_each)
            overflowed += mw_engine_finish_features(block->engine, &it->moment, row,
                                                    features_of(of, it));
    }
    block->finishers[piece].values_overflowed += overflowed;
    return MW_OK;
}

/* The moments of one event stand side by side, their windows and features too. */
static mw_status finish_family(const mw_stretch *of, mw_family *family,
                               const mw_stretch_item *first, mw_error *err) {
    mw_members members = {.t = first->moment.t,
                          .count = first->family,
                          .rows = first->moment.row,
                          .windows = row_of(of, first->index),
                          .window_count = of->block->engine->plan.window_count,
                          .features = features_of(of, first)};
    return mw_family_finish(family, &members, err);
}

static mw_status finish_families(void *context, size_t piece, mw_error *err) {
    const mw_stretch *of = context;
    size_t to = piece_from(of, piece + 1);
    for (size_t i = piece_from(of, piece); i < to; i++) {
        const mw_stretch_item *it = &of->items[i];
        bool is_first = it->kind == MW_ITEM_MOMENT && it->family > 0;
        if (is_first) MW_TRY(finish_family(of, &of->block->finishers[piece].family, it, err));
    }
    return MW_OK;
}

static void set_stages(mw_block *block) {
    size_t family_pieces = block->engine->config.model->each ? block->piece_count : 0;
    block->stages[0] = (mw_crew_stage){cut_up, 1};
    block->stages[1] = (mw_crew_stage){work_strand, block->engine->strand_count};
    block->stages[2] = (mw_crew_stage){finish, block->finishes ? block->piece_count : 0};
    block->stages[3] = (mw_crew_stage){finish_families, family_pieces};
}

/* --- stretch after stretch ------------------------------------------------------------------- */

bool mw_block_is_at_work(const mw_block *block) {
    return block->at_work > 0;
}

/* Whose events are whose is noted as they are gathered, and read at work; the elements of `each`
   are texts, which may be new. */
bool mw_block_may_begin(const mw_block *block) {
    const mw_engine *engine = block->engine;
    bool is_lone = !block->is_apart || engine->plan.has_instances || engine->config.model->each;
    return block->at_work < (is_lone ? 1 : AT_WORK_MAX);
}

/* The stretch that is so many behind the first at work. */
static mw_stretch *stretch_at(const mw_block *block, size_t index) {
    return &block->stretches[(block->first + index) % STRETCHES];
}

uint64_t mw_block_overflowed(const mw_block *block) {
    uint64_t count = 0;
    MW_ASSERT(!mw_block_is_at_work(block));
    for (size_t i = 0; i < block->piece_count; i++)
        count += block->finishers[i].values_overflowed +
                 block->finishers[i].family.values_overflowed;
    return count;
}

void mw_block_begin(mw_block *block) {
    MW_ASSERT(mw_block_may_begin(block) && !mw_block_is_empty(block));
    mw_shift_begin(&block->shift, (mw_crew_load){block->stages, STAGES, block->next});
    block->next = stretch_at(block, ++block->at_work);
}

/* What was given out is gone. */
static void clear_given(mw_block *block) {
    mw_stretch *given = block->given;
    given->count = given->moment_count = given->event_count = 0;
    given->too_late = given->values_refused = 0;
    block->given_count = 0;
}

mw_status mw_block_end(mw_block *block, mw_error *err) {
    mw_engine *engine = block->engine;
    MW_ASSERT(mw_block_is_at_work(block));
    clear_given(block);
    const mw_stretch *done = block->given = stretch_at(block, 0);
    block->first++;
    block->at_work--;
    MW_TRY(mw_shift_end(&block->shift, err));
    engine->stats.events_applied += done->event_count;
    engine->stats.events_too_late += done->too_late;
    engine->stats.values_refused += done->values_refused;
    engine->place = done->to;
    mw_engine_sweep_instances(engine);
    return MW_OK;
}

/* Where windows were put aside, or features are the windows in another order. */
APART static mw_block_result bring_result(const mw_block *block, const mw_stretch_item *it) {
    const mw_stretch *given = block->given;
    bool stand_apart = block->is_apart && !block->finishes;
    mw_cell *windows = stand_apart ? block->windows : row_of(given, it->index);
    mw_block_result result = {.item = it, .windows = windows, .features = windows};
    if (stand_apart) bring_windows(given, it, windows);
    if (it->kind == MW_ITEM_LABEL) return result;
    if (block->finishes) {
        result.features = features_of(given, it);
    } else if (!block->are_windows) {
        mw_engine_bring_plain(block->engine, windows, block->features);
        result.features = block->features;
    }
    return result;
}

bool mw_block_next(mw_block *block, mw_block_result *out_result) {
    const mw_stretch *given = block->given;
    const mw_stretch_item *it;
    do {
        if (block->given_count == given->count) return false;
        it = &given->items[block->given_count++];
    } while (!mw_stretch_item_asks(it));
    if (!block->gives_rows) {
        *out_result = bring_result(block, it);
        return true;
    }
    mw_cell *row = row_of(given, it->index);
    *out_result = (mw_block_result){it, row, row};
    return true;
}
