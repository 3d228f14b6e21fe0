#include "feature/block.h"

#include "feature/engine_state.h"
#include "feature/entry_plan.h"
#include "feature/family.h"
#include "feature/slate.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

enum { TURNS_MIN = 1 << 8, TURNS_MAX = 1 << 14, STRANDS_MAX = 64, STRANDS_EACH = 4 };
enum { STAGES = 4 }; /* of the work on a stretch */
/* Two stretches, the one that is gathered and the one that is worked off, never reach back beyond
   the part before the one that is read. */
static_assert(2 * TURNS_MAX <= MW_PART_EVENTS_MIN, "events of a stretch must stand");
#define ENTRIES_MAX ((size_t)TURNS_MAX * 4096)
/* What the moments of a stretch find: a lone caller has a stretch in the second cache, and threads
   that meet at its end do so less often. */
#define CELLS_MAX ((size_t)1 << 16)
#define SHARED_CELLS_MAX ((size_t)1 << 19)

/* How many entries ahead each step of foresight is taken. */
enum { SLOT_AHEAD = 24, CARD_AHEAD = 16, EVENTS_AHEAD = 8 };

typedef struct {
    mw_turn turn;
    uint32_t instance; /* of the event; 0: none */
    uint32_t asking, asking_event; /* the moment's own, by its id and its event's; 0: none */
    uint32_t moment;   /* its number among those of the block */
    uint32_t family;   /* of the first of an event's moments with `each`: how many they are */
} item;

typedef enum { LEAVE, TAKE, WITHDRAW } effect; /* nothing; the event, or what it replaces */

/* The card that an entry will need. */
typedef struct {
    uint64_t hash; /* of its keys */
    mw_card *card; /* a guess, once it was foreseen; NULL: none */
} foreseen;

/* What a group has to do in a turn on one card: a moment reads it, then an event changes it. */
typedef struct {
    foreseen foreseen;
    int64_t t;      /* of the moment */
    int64_t place;  /* of what is read, or else of what comes or goes: of both it is one */
    uint32_t item, moment;
    int32_t lookup; /* what is read; MW_NONE: nothing */
    effect change;
    mw_cell words[]; /* the card's keys, then the element that comes or goes */
} entry;

/* All that a strand needs to know of its entries, and what it finds, one behind the other: so
   nobody looks for turns that another thread has in its cache. */
typedef struct {
    char *entries;
    size_t entry_size;
    mw_cell *found;    /* the windows of each look-up */
    size_t count, capacity;
    size_t taken;      /* of what was found: this much has been brought to its moments */
} entry_list;

static inline entry *entry_at(const entry_list *list, size_t index) {
    return (entry *)(void *)(list->entries + index * list->entry_size);
}

/* Where the windows of a moment are found. */
typedef struct {
    uint32_t list, lookup;
} route;

/* The turns that are cut up together, by one of the crew. */
typedef struct {
    alignas(MW_LINE_SIZE) entry_list *lists; /* by strand and group */
    size_t from, to;   /* the items */
    route *routes;     /* of their moments, in order; NULL: strands put nothing aside */
    size_t route_count, route_capacity;
    uint64_t too_late, values_refused;
    mw_family family;  /* with `each`: works out those that begin in it */
    mw_list_lengths lengths; /* for keys of its moments */
} chunk;

/* What a strand needs for itself. */
typedef struct {
    alignas(MW_LINE_SIZE) mw_desk desk;
    mw_frame frame;     /* over the row at hand, */
    mw_list_lengths lengths; /* whose lists are those of the row before as a rule */
    mw_reading reading; /* of the moment at hand, by this desk and frame */
    mw_cell *windows; /* of the moment at hand */
} strand;

/* Turns that are worked off together. */
typedef struct {
    item *items;
    mw_cell *rows; /* of the moments, as they must stay */
    mw_cell *windows, *features; /* a row for each moment */
    size_t count, moment_count;
    size_t added_from; /* the first item that was added last */
} stretch;

struct mw_block {
    mw_engine *engine;
    mw_shift shift;
    mw_crew_stage stages[STAGES];
    bool is_at_work;
    bool is_apart;       /* strands put aside what they find */
    mw_arena arena;
    chunk *chunks;
    size_t chunk_count;
    mw_entry_plan *entry_plans; /* by group */
    strand *strands;
    stretch next, now, done; /* what is gathered, worked off and given out; where the caller is
                                alone, the same memory */
    mw_elements elements; /* with `each`: of the moment that is added */
    size_t count_max;    /* items of a stretch that take another turn no more */
    size_t capacity;     /* room for them, and the moments of one event more */
    size_t given;        /* items that were given out or passed over */
    size_t row_width;
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

static mw_cell *give_rows(mw_block *block, size_t width) {
    return mw_arena_alloc(&block->arena, block->capacity * (width + 1), sizeof(mw_cell));
}

static bool give_stretch(mw_block *block, stretch *one) {
    one->items = mw_arena_alloc(&block->arena, block->capacity, sizeof *one->items);
    one->rows = give_rows(block, block->row_width);
    one->windows = give_rows(block, block->engine->plan.window_count);
    one->features = give_rows(block, block->engine->config.model->feature_count);
    return one->items && one->rows && one->windows && one->features;
}

static bool give_stretches(mw_block *block) {
    if (!give_stretch(block, &block->next)) return false;
    block->now = block->done = block->next;
    return !block->is_apart ||
           (give_stretch(block, &block->now) && give_stretch(block, &block->done));
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

static mw_status prepare(mw_block *block, mw_error *err) {
    const mw_engine *engine = block->engine;
    const mw_model_program *model = engine->config.model;
    mw_arena *arena = &block->arena;
    choose_size(block);
    block->capacity = block->count_max + (model->each ? MW_LIST_ELEMENTS_MAX : 0);
    size_t list_count = engine->strand_count * engine->plan.group_count;
    block->chunks = mw_arena_alloc_lines(arena, block->chunk_count, sizeof *block->chunks);
    block->strands = mw_arena_alloc_lines(arena, engine->strand_count, sizeof *block->strands);
    block->entry_plans =
        mw_arena_alloc(arena, engine->plan.group_count, sizeof *block->entry_plans);
    if (!block->chunks || !block->strands || !block->entry_plans || !give_stretches(block))
        return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
    for (size_t i = 0; i < engine->plan.group_count; i++)
        block->entry_plans[i] = mw_entry_plan_of(&engine->plan.groups[i]);
    for (size_t i = 0; i < block->chunk_count; i++) {
        block->chunks[i].lists = mw_arena_alloc_lines(arena, list_count + 1, sizeof(entry_list));
        if (!block->chunks[i].lists)
            return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
        if (model->each)
            MW_TRY(mw_family_init(&block->chunks[i].family, engine->config, err));
    }
    return give_strands(block, err);
}

mw_status mw_block_create(mw_engine *engine, mw_crew crew, size_t turn_max,
                          mw_block **out_block, mw_error *err) {
    mw_block *block = mw_allocate(sizeof *block);
    if (!block) return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
    *block = (mw_block){.engine = engine, .count_max = turn_max};
    if (mw_engine_makes_text(engine)) crew = (mw_crew){0};
    mw_arena_init(&block->arena, BLOCK_ARENA_MAX);
    mw_status status = mw_shift_init(&block->shift, &crew, err);
    block->is_apart = block->shift.hired;
    block->chunk_count = block->is_apart ? crew.size : 1;
    if (status == MW_OK) status = prepare(block, err);
    if (status != MW_OK) mw_block_destroy(block);
    else *out_block = block;
    return status;
}

static void release_list(entry_list *list) {
    mw_free(list->entries);
    mw_free(list->found);
}

void mw_block_destroy(mw_block *block) {
    if (!block) return;
    mw_shift_release(&block->shift);
    size_t list_count = block->engine->strand_count * block->engine->plan.group_count;
    for (size_t c = 0; block->chunks && c < block->chunk_count; c++) {
        for (size_t i = 0; block->chunks[c].lists && i < list_count; i++)
            release_list(&block->chunks[c].lists[i]);
        mw_free(block->chunks[c].routes);
        mw_family_release(&block->chunks[c].family);
    }
    mw_free(block->elements.cells);
    for (size_t i = 0; block->strands && i < block->engine->strand_count; i++)
        mw_desk_release(&block->strands[i].desk);
    mw_arena_release(&block->arena);
    mw_free(block);
}

/* --- gathering ------------------------------------------------------------------------------- */

bool mw_block_is_full(const mw_block *block) {
    return block->next.count >= block->count_max;
}

bool mw_block_is_empty(const mw_block *block) {
    return block->next.count == 0;
}

mw_turn *mw_block_room(mw_block *block) {
    MW_ASSERT(!mw_block_is_full(block));
    return &block->next.items[block->next.count].turn;
}

static mw_status add_event(mw_block *block, item *added, mw_error *err) {
    mw_engine *engine = block->engine;
    const mw_event *event = &added->turn.event;
    engine->stats.events_applied++;
    if (!engine->plan.shares_instance[event->stream]) return MW_OK;
    if (!mw_instances_reserve(&engine->instances)) return mw_engine_no_memory(engine, err);
    mw_engine_fill_id(engine, event->stream, event->row);
    added->instance = mw_instances_add(&engine->instances, (uint32_t)event->stream, event->time,
                                       engine->id);
    return MW_OK;
}

/* Numbers a moment; the stretch has room for its row. */
static mw_cell *number_moment(mw_block *block, item *added) {
    added->moment = (uint32_t)block->next.moment_count++;
    return block->next.rows + added->moment * block->row_width;
}

static void find_instances(mw_block *block, item *added) {
    mw_engine_find_own(block->engine, added->turn.moment.row, &added->asking,
                       &added->asking_event);
}

static void add_moment(mw_block *block, item *added) {
    mw_moment *moment = &added->turn.moment;
    mw_cell *row = number_moment(block, added);
    if (added->turn.kind != MW_TURN_BOTH && block->row_width > 0)
        moment->row = memcpy(row, moment->row, block->row_width * sizeof *row);
    if (block->engine->plan.has_instances) find_instances(block, added);
}

/* Puts the moments of an event in the place of the one that it announced. */
static mw_status add_family(mw_block *block, mw_error *err) {
    const mw_engine_config *config = &block->engine->config;
    item *first = &block->next.items[block->next.count];
    mw_turn announced = first->turn;
    mw_elements *elements = &block->elements;
    MW_TRY(mw_elements_take(elements, config, announced.moment.row, err));
    for (size_t i = 0; i < elements->count; i++) {
        item *added = first + i;
        *added = (item){.turn = announced};
        mw_cell *row = number_moment(block, added);
        memcpy(row, announced.moment.row, (block->row_width - 1) * sizeof *row);
        row[config->model->each->element] = elements->cells[i];
        added->turn.moment.row = row;
        find_instances(block, added);
    }
    if (elements->count > 0) first->family = (uint32_t)elements->count;
    block->next.count += elements->count;
    return MW_OK;
}

mw_status mw_block_add(mw_block *block, mw_error *err) {
    item *added = &block->next.items[block->next.count];
    mw_turn_kind kind = added->turn.kind;
    MW_ASSERT(added->turn.place >= block->engine->place);
    block->next.added_from = block->next.count;
    added->instance = added->asking = added->asking_event = 0;
    if (kind == MW_TURN_MOMENT && block->engine->config.model->each)
        return add_family(block, err);
    if (kind != MW_TURN_EVENT) add_moment(block, added);
    if (kind == MW_TURN_EVENT || kind == MW_TURN_BOTH) MW_TRY(add_event(block, added, err));
    block->next.count++;
    return MW_OK;
}

size_t mw_block_added_count(const mw_block *block) {
    return block->next.count - block->next.added_from;
}

mw_turn *mw_block_added(mw_block *block, size_t index) {
    MW_ASSERT(index < mw_block_added_count(block));
    return &block->next.items[block->next.added_from + index].turn;
}

/* --- cutting up ------------------------------------------------------------------------------ */

/* What is cut up, and into what. */
typedef struct {
    const mw_engine *engine;
    chunk *part;
    const item *item;
    const mw_entry_plan *entry_plans; /* by group */
    bool are_own;    /* all look-ups of features are their groups' own */
    uint32_t number; /* of the item */
    int64_t place;   /* at which it reads, or else happens: of both it is one */
    mw_frame frame;  /* over the row at hand */
} cutter;

/* The windows of any look-up of the group, at most. */
static size_t found_count_max(const mw_plan *plan, int32_t group) {
    size_t max = 0;
    for (size_t i = 0; i < plan->lookup_count; i++)
        if (plan->lookups[i].group == group && plan->lookups[i].window_count > max)
            max = plan->lookups[i].window_count;
    return max;
}

/* Makes room for entries more, and what they find. */
static bool extend(entry_list *list, const mw_plan *plan, int32_t group) {
    const mw_group_plan *of = &plan->groups[group];
    size_t words = (size_t)of->key_count + of->ring.element_words;
    size_t found = found_count_max(plan, group);
    size_t capacity = list->capacity, found_capacity = capacity * found;
    list->entry_size = sizeof(entry) + words * sizeof(mw_cell);
    if (!mw_grow((void **)&list->entries, &capacity, list->count + 1, list->entry_size,
                 ENTRIES_MAX) ||
        !mw_grow((void **)&list->found, &found_capacity, capacity * found, sizeof *list->found,
                 capacity * found))
        return false;
    list->capacity = capacity;
    return true;
}

/* Fills the element that stands for the row of the frame. */
static void fill(const cutter *by, const mw_group *group, effect change, mw_cell *element) {
    const mw_event *event = &by->item->turn.event;
    const mw_group_plan *plan = group->plan;
    uint32_t refused = mw_group_fill(group, &by->frame, element);
    if (refused > 0 && change == TAKE) by->part->values_refused += refused;
    if (plan->instance_word) element[plan->instance_word].bits = by->item->instance;
    if (plan->known_word)
        element[plan->known_word].time = change == TAKE ? event->place : event->replaced_from;
    if (plan->withdrawn_word) element[plan->withdrawn_word].time = INT64_MAX;
}

/* An entry without its words; NULL if memory is out. The low bits of a hash choose the strand; its
   table of cards goes by the high ones. */
static inline entry *add_entry(const cutter *by, int32_t group, uint64_t hash, int32_t lookup,
                               effect change) {
    const mw_engine *engine = by->engine;
    chunk *part = by->part;
    size_t of_strand = hash & (engine->strand_count - 1);
    size_t number = of_strand * engine->plan.group_count + (size_t)group;
    entry_list *list = &part->lists[number];
    if (list->count == list->capacity && !extend(list, &engine->plan, group)) return NULL;
    entry *added = entry_at(list, list->count++);
    *added = (entry){.foreseen = {hash, NULL},
                     .t = by->item->turn.moment.t,
                     .place = by->place,
                     .item = by->number,
                     .moment = by->item->moment,
                     .lookup = lookup,
                     .change = change};
    if (lookup != MW_NONE && part->routes)
        part->routes[part->route_count++] = (route){(uint32_t)number, (uint32_t)lookup};
    return added;
}

static bool cut_card(const cutter *by, int32_t group, const mw_cell *keys, int32_t lookup,
                     effect change) {
    const mw_group *of = &by->engine->groups[group];
    size_t key_count = of->cards.key_count;
    entry *added = add_entry(by, group, mw_cards_hash(&of->cards, keys), lookup, change);
    if (!added) return false;
    for (size_t i = 0; i < key_count; i++) added->words[i] = keys[i];
    if (change != LEAVE) fill(by, of, change, added->words + key_count);
    return true;
}

static bool cut_lookup(const cutter *by, int32_t lookup) {
    const mw_lookup_plan *plan = &by->engine->plan.lookups[lookup];
    mw_cell keys[MW_KEYS_MAX];
    mw_group_asked_keys(&by->engine->groups[plan->group], plan, &by->frame, keys);
    return cut_card(by, plan->group, keys, lookup, LEAVE);
}

/* The same as cut_card for an event that a plain group takes. */
static inline bool cut_plain(const cutter *by, int32_t group, const mw_entry_plan *plan,
                             int32_t lookup) {
    const mw_cell *row = by->frame.row;
    mw_cell key = row[plan->key];
    entry *added = add_entry(by, group, mw_cards_hash_one(key), lookup, TAKE);
    if (!added) return false;
    added->words[0] = key;
    uint32_t refused = mw_entry_plan_fill(plan, row, by->frame.time_us, added->words + 1);
    if (refused > 0) by->part->values_refused += refused;
    return true;
}

/* Of a group that may be any. */
static bool cut_group(const cutter *by, int32_t group, int32_t lookup, effect change) {
    mw_cell keys[MW_KEYS_MAX];
    if (mw_group_takes(&by->engine->groups[group], &by->frame, keys))
        return cut_card(by, group, keys, lookup, change);
    return lookup == MW_NONE || cut_lookup(by, lookup);
}

/* Gives the groups of a row's stream what they have to do with it. Where the moment that it makes
   asks for the very card that it enters, that is done in one go. */
static bool cut_row(const cutter *by, effect change) {
    const mw_event *event = &by->item->turn.event;
    bool is_both = by->item->turn.kind == MW_TURN_BOTH, is_good = true;
    bool is_late_for_all = true;
    int32_t i = by->engine->plan.first_of_stream[event->stream];
    if (i == MW_NONE) return true;
    for (const mw_entry_plan *plan; is_good && i != MW_NONE; i = plan->next_of_stream) {
        plan = &by->entry_plans[i];
        bool is_late = mw_entry_plan_is_late(plan, by->frame.time_us, event->place);
        int32_t lookup = is_both ? plan->own_lookup : MW_NONE;
        is_late_for_all = is_late_for_all && is_late;
        if (is_late) is_good = lookup == MW_NONE || cut_lookup(by, lookup);
        else if (plan->is_plain && change == TAKE && mw_entry_plan_takes(plan, by->frame.row))
            is_good = cut_plain(by, i, plan, lookup);
        else is_good = cut_group(by, i, lookup, change);
    }
    if (is_late_for_all && change == TAKE) by->part->too_late++;
    return is_good;
}

static bool cut_event(cutter *by) {
    const mw_event *event = &by->item->turn.event;
    if (event->replaced) {
        by->frame.row = event->replaced;
        by->frame.time_us = event->replaced_time;
        if (!cut_row(by, WITHDRAW)) return false;
    }
    by->frame.row = event->row;
    by->frame.time_us = event->time;
    return cut_row(by, TAKE);
}

/* All look-ups but those that are done with the event itself. */
static bool cut_moment(cutter *by) {
    const mw_plan *plan = &by->engine->plan;
    const mw_turn *turn = &by->item->turn;
    bool is_label = turn->kind == MW_TURN_LABEL, is_both = turn->kind == MW_TURN_BOTH;
    if (is_both && by->are_own) return true;
    int32_t end = (int32_t)(is_label ? plan->lookup_count : plan->feature_lookup_count);
    by->frame.row = turn->moment.row;
    by->frame.time_us = turn->moment.t;
    for (int32_t i = is_label ? (int32_t)plan->feature_lookup_count : 0; i < end; i++)
        if (!(is_both && plan->lookups[i].is_own) && !cut_lookup(by, i)) return false;
    return true;
}

static bool cut_item(cutter *by) {
    const mw_turn *turn = &by->item->turn;
    bool is_event = turn->kind == MW_TURN_EVENT;
    by->place = is_event ? turn->place : turn->moment.place;
    if (!is_event && !cut_moment(by)) return false;
    return (!is_event && turn->kind != MW_TURN_BOTH) || cut_event(by);
}

static mw_status cut_up(void *context, size_t piece, mw_error *err) {
    mw_block *block = context;
    const mw_engine *engine = block->engine;
    chunk *part = &block->chunks[piece];
    part->from = piece * block->now.count / block->chunk_count;
    part->to = (piece + 1) * block->now.count / block->chunk_count;
    for (size_t i = 0; i < engine->strand_count * engine->plan.group_count; i++)
        part->lists[i].count = part->lists[i].taken = 0;
    part->route_count = 0;
    if (block->is_apart &&
        !mw_grow((void **)&part->routes, &part->route_capacity,
                 (part->to - part->from) * engine->plan.lookup_count, sizeof *part->routes,
                 SIZE_MAX))
        return mw_fail(err, MW_NO_MEMORY, "replay: no memory for a stretch of it");
    cutter by = {.engine = engine,
                 .part = part,
                 .entry_plans = block->entry_plans,
                 .frame = frame_of(engine)};
    by.frame.lengths = &part->lengths;
    by.are_own = true;
    for (size_t i = 0; i < engine->plan.feature_lookup_count; i++)
        by.are_own = by.are_own && engine->plan.lookups[i].is_own;
    for (size_t i = part->from; i < part->to; i++) {
        by.item = &block->now.items[i];
        by.number = (uint32_t)i;
        if (!cut_item(&by))
            return mw_fail(err, MW_NO_MEMORY, "replay: no memory for a stretch of it");
    }
    return MW_OK;
}

/* --- the work -------------------------------------------------------------------------------- */

/* The card of an entry: the one that was foreseen, that of the entry before, or another. */
static inline mw_card *card_of(mw_group *group, const entry *todo) {
    mw_card *card = todo->foreseen.card;
    if (card && mw_cards_is(&group->cards, card, todo->words)) return group->recent = card;
    card = group->recent;
    if (card && mw_cards_is(&group->cards, card, todo->words)) return card;
    return group->recent = mw_cards_find(&group->cards, todo->words, todo->foreseen.hash);
}

static mw_status change_card(mw_group *group, mw_card *card, const entry *todo, mw_error *err) {
    const mw_cell *element = todo->words + group->plan->key_count;
    if (todo->change == WITHDRAW) {
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

/* Reads into the moment's row of windows; or, where threads would disturb each other there, aside,
   and it is brought to the rows at the end. */
static mw_status read_moment(const mw_block *block, strand *own, mw_group *group,
                             mw_card *card, const entry *todo, mw_error *err) {
    const mw_engine *engine = block->engine;
    mw_cell *row = block->now.windows + todo->moment * engine->plan.window_count;
    const mw_lookup_plan *lookup = &engine->plan.lookups[todo->lookup];
    own->frame.time_us = own->reading.t = todo->t;
    own->reading.place = todo->place;
    own->reading.maturity = todo->t + engine->config.model->maturity_us;
    if (lookup->reads_row || lookup->leaves_out) {
        const item *it = &block->now.items[todo->item];
        own->frame.row = it->turn.moment.row;
        own->reading.instance = it->asking;
        own->reading.event_instance = it->asking_event;
    }
    if (engine->plan.edge_count > 0) mw_edges_set(&own->desk.edges, todo->t);
    MW_TRY(mw_group_bring(group, card, err));
    return mw_reading_lookup(&own->reading, lookup, group, card,
                             block->is_apart ? own->windows : row);
}

/* Asks the cache for what entries will need, some entries ahead: first for the slot of the table,
   then for the card that it likely leads to, then for the card's events. Nothing is asked where the
   entry before has asked for the same. */
static inline void foresee(const mw_group *group, const entry_list *list, size_t i) {
    if (i < list->count)
        mw_cards_prefetch(&group->cards, entry_at(list, i)->foreseen.hash);
    size_t at = i - (SLOT_AHEAD - CARD_AHEAD);
    if (at < list->count) {
        foreseen *card = &entry_at(list, at)->foreseen;
        if (at == 0 || card->hash != entry_at(list, at - 1)->foreseen.hash)
            card->card = mw_cards_guess(&group->cards, card->hash);
        if (card->card) __builtin_prefetch(card->card, 1);
    }
    at = i - (SLOT_AHEAD - EVENTS_AHEAD);
    mw_card *card = at < list->count ? entry_at(list, at)->foreseen.card : NULL;
    if (card) mw_group_foresee_events(group, card);
}

/* Appends the windows of a look-up to what was found; gives the end of that. */
static inline mw_cell *put_found(const strand *own, const mw_lookup_plan *lookup, mw_cell *found) {
    for (size_t i = 0; i < lookup->run_count; i++) {
        mw_window_run run = lookup->runs[i];
        memcpy(found, own->windows + run.first, run.count * sizeof *found);
        found += run.count;
    }
    return found;
}

static mw_status work_off(const mw_block *block, size_t piece, mw_group *group,
                          const entry_list *of, mw_error *err) {
    const entry_list list = *of; /* which nothing that is written here may change */
    strand *own = &block->strands[piece];
    mw_cell *found = list.found;
    for (size_t i = 0; i < list.count + SLOT_AHEAD; i++) {
        foresee(group, &list, i);
        if (i < SLOT_AHEAD) continue;
        const entry *todo = entry_at(&list, i - SLOT_AHEAD);
        MW_TRY(mw_engine_relieve(block->engine, piece, err));
        mw_card *card = card_of(group, todo);
        if (todo->lookup != MW_NONE) {
            MW_TRY(read_moment(block, own, group, card, todo, err));
            if (block->is_apart)
                found = put_found(own, &block->engine->plan.lookups[todo->lookup], found);
        }
        if (todo->change != LEAVE) MW_TRY(change_card(group, card, todo, err));
    }
    return MW_OK;
}

static mw_status work_strand(void *context, size_t piece, mw_error *err) {
    mw_block *block = context;
    mw_engine *engine = block->engine;
    size_t group_count = engine->plan.group_count;
    int64_t place = block->now.items[0].turn.place;
    for (size_t g = 0; g < group_count; g++) {
        mw_group *group = &engine->groups[piece * group_count + g];
        if (mw_group_is_due(group, place)) mw_group_sweep(group, place);
        for (size_t c = 0; c < block->chunk_count; c++) {
            entry_list *list = &block->chunks[c].lists[piece * group_count + g];
            mw_status status = work_off(block, piece, group, list, err);
            if (status != MW_OK) return mw_engine_fail(engine, status, err);
        }
    }
    return MW_OK;
}

/* --- the end of a stretch -------------------------------------------------------------------- */

static mw_cell *windows_of(const mw_block *block, const stretch *of, const item *it) {
    return of->windows + it->moment * block->engine->plan.window_count;
}

static mw_cell *features_of(const mw_block *block, const stretch *of, const item *it) {
    return of->features + it->moment * block->engine->config.model->feature_count;
}

/* Brings a moment's windows, or a label's, to its row; gives the routes that follow. */
static const route *bring_windows(const mw_block *block, const chunk *part, const route *next,
                                  const item *it) {
    const mw_plan *plan = &block->engine->plan;
    bool is_label = it->turn.kind == MW_TURN_LABEL;
    size_t count =
        is_label ? plan->lookup_count - plan->feature_lookup_count : plan->feature_lookup_count;
    mw_cell *windows = windows_of(block, &block->now, it);
    for (const route *end = next + count; next < end; next++) {
        entry_list *list = &part->lists[next->list];
        const mw_lookup_plan *lookup = &plan->lookups[next->lookup];
        for (size_t i = 0; i < lookup->run_count; i++) {
            mw_window_run run = lookup->runs[i];
            memcpy(windows + run.first, list->found + list->taken, run.count * sizeof *windows);
            list->taken += run.count;
        }
    }
    return next;
}

/* With `each` the features wait for the windows of all of an event's moments. */
static mw_status finish(void *context, size_t piece, mw_error *err) {
    (void)err;
    mw_block *block = context;
    const mw_engine *engine = block->engine;
    bool has_each = engine->config.model->each;
    chunk *part = &block->chunks[piece];
    const route *next = part->routes;
    for (size_t i = part->from; i < part->to; i++) {
        const item *it = &block->now.items[i];
        if (it->turn.kind == MW_TURN_EVENT) continue;
        if (block->is_apart) next = bring_windows(block, part, next, it);
        if (!has_each && it->turn.kind != MW_TURN_LABEL)
            mw_engine_finish_features(engine, &it->turn.moment, windows_of(block, &block->now, it),
                                      features_of(block, &block->now, it));
    }
    return MW_OK;
}

/* The moments of one event stand side by side, their windows and features too. */
static mw_status finish_family(const mw_block *block, chunk *part, const item *first,
                               mw_error *err) {
    mw_members members = {.t = first->turn.moment.t,
                          .count = first->family,
                          .rows = first->turn.moment.row,
                          .windows = windows_of(block, &block->now, first),
                          .window_count = block->engine->plan.window_count,
                          .features = features_of(block, &block->now, first)};
    return mw_family_finish(&part->family, &members, err);
}

static mw_status finish_families(void *context, size_t piece, mw_error *err) {
    mw_block *block = context;
    chunk *part = &block->chunks[piece];
    for (size_t i = part->from; i < part->to; i++) {
        const item *it = &block->now.items[i];
        bool is_first = it->turn.kind == MW_TURN_MOMENT && it->family > 0;
        if (is_first) MW_TRY(finish_family(block, part, it, err));
    }
    return MW_OK;
}

static void add_up(mw_block *block) {
    mw_engine_stats *stats = &block->engine->stats;
    for (size_t i = 0; i < block->chunk_count; i++) {
        stats->events_too_late += block->chunks[i].too_late;
        stats->values_refused += block->chunks[i].values_refused;
        block->chunks[i].too_late = block->chunks[i].values_refused = 0;
    }
}

bool mw_block_gathers_meanwhile(const mw_block *block) {
    const mw_engine *engine = block->engine;
    return block->shift.hired && !engine->plan.has_instances && !engine->config.model->each;
}

void mw_block_begin(mw_block *block) {
    MW_ASSERT(!block->is_at_work && !mw_block_is_empty(block));
    stretch free = block->now;
    block->now = block->next;
    block->next = free;
    block->next.count = block->next.moment_count = 0;
    block->is_at_work = true;
    block->stages[0] = (mw_crew_stage){cut_up, block->chunk_count};
    block->stages[1] = (mw_crew_stage){work_strand, block->engine->strand_count};
    block->stages[2] = (mw_crew_stage){finish, block->chunk_count};
    block->stages[3] = (mw_crew_stage){finish_families,
                                       block->engine->config.model->each ? block->chunk_count : 0};
    mw_shift_begin(&block->shift, (mw_crew_load){block->stages, STAGES, block});
}

bool mw_block_is_at_work(const mw_block *block) {
    return block->is_at_work;
}

mw_status mw_block_end(mw_block *block, mw_error *err) {
    mw_engine *engine = block->engine;
    MW_ASSERT(block->is_at_work);
    block->is_at_work = false;
    MW_TRY(mw_shift_end(&block->shift, err));
    add_up(block);
    engine->place = block->now.items[block->now.count - 1].turn.place;
    mw_engine_sweep_instances(engine);
    stretch free = block->done;
    block->done = block->now;
    block->now = free;
    block->given = 0;
    return MW_OK;
}

bool mw_block_next(mw_block *block, mw_block_result *out_result) {
    const stretch *done = &block->done;
    while (block->given < done->count && done->items[block->given].turn.kind == MW_TURN_EVENT)
        block->given++;
    if (block->given == done->count) return false;
    const item *it = &done->items[block->given++];
    *out_result = (mw_block_result){&it->turn, windows_of(block, done, it),
                                    features_of(block, done, it)};
    return true;
}
