#include "feature/engine_state.h"

#include <string.h>

#define PLAN_SIZE_MAX ((size_t)64 << 20)

static mw_frame frame_of(const mw_engine *engine, const mw_cell *row, int64_t time_us) {
    return (mw_frame){.row = row,
                      .time_us = time_us,
                      .symbols = engine->config.symbols,
                      .zone = engine->config.program->zone};
}

/* Of a moment, for who alone has the engine. */
static mw_frame own_frame(mw_engine *engine, const mw_moment *moment) {
    mw_frame frame = frame_of(engine, moment->row, moment->t);
    frame.lengths = &engine->lengths;
    return frame;
}

static bool give_id(mw_engine *engine) {
    const mw_stream *stream =
        &engine->config.program->streams[engine->config.model->moment_stream];
    size_t count = (size_t)stream->id_count;
    mw_field *fields = mw_arena_alloc(&engine->arena, count + 1, sizeof *fields);
    engine->id = mw_arena_alloc(&engine->arena, count + 1, sizeof *engine->id);
    for (size_t i = 0; fields && i < count; i++)
        fields[i] = stream->schema.fields[stream->id_by_name[i]];
    engine->id_schema = (mw_schema){fields, count};
    return fields && engine->id;
}

static bool give_elements(mw_engine *engine, mw_admission *admissions) {
    for (size_t i = 0; i < engine->plan.group_count; i++) {
        admissions[i].element =
            mw_arena_alloc(&engine->arena, engine->plan.element_words_max, sizeof(mw_cell));
        if (!admissions[i].element) return false;
    }
    return true;
}

/* Of all strands. */
static size_t group_total(const mw_engine *engine) {
    return engine->strand_count * engine->plan.group_count;
}

static bool give_arrays(mw_engine *engine) {
    mw_arena *arena = &engine->arena;
    const mw_plan *plan = &engine->plan;
    engine->groups = mw_arena_alloc_lines(arena, engine->strand_count * plan->group_count + 1,
                                          sizeof *engine->groups);
    engine->parts = mw_arena_alloc(arena, engine->strand_count, sizeof *engine->parts);
    engine->admissions =
        mw_arena_alloc(arena, plan->group_count + 1, sizeof *engine->admissions);
    engine->withdrawals =
        mw_arena_alloc(arena, plan->group_count + 1, sizeof *engine->withdrawals);
    engine->windows = mw_arena_alloc(arena, engine->config.model->window_count + 1,
                                     sizeof *engine->windows);
    size_t feature_count = engine->config.model->feature_count;
    engine->plains = mw_arena_alloc(arena, feature_count + 1, sizeof *engine->plains);
    engine->derived = mw_arena_alloc(arena, feature_count + 1, sizeof *engine->derived);
    if (!engine->groups || !engine->parts || !engine->admissions || !engine->withdrawals ||
        !engine->windows || !engine->plains || !engine->derived || !give_id(engine))
        return false;
    return give_elements(engine, engine->admissions) && give_elements(engine, engine->withdrawals);
}

static void add_plain(mw_engine *engine, int32_t feature, int32_t window) {
    mw_plain_features *last = engine->plains + engine->plain_count - 1;
    bool follows = engine->plain_count > 0 && feature == last->feature + (int32_t)last->count &&
                   window == last->window + (int32_t)last->count;
    if (follows) last->count++;
    else engine->plains[engine->plain_count++] = (mw_plain_features){feature, window, 1};
}

/* Tells the features that are a window and nothing else from those that must be worked out. */
static void sort_features(mw_engine *engine) {
    const mw_model_program *model = engine->config.model;
    for (size_t i = 0; i < model->feature_count; i++) {
        int32_t feature = model->feature_order[i];
        int32_t window = mw_code_window(model->features[feature].code);
        if (window != MW_NONE) add_plain(engine, feature, window);
        else if (model->features[feature].vector_index == 0)
            engine->derived[engine->derived_count++] = feature;
    }
}

static mw_status give_disk(mw_engine *engine, mw_error *err) {
    size_t group_count = engine->plan.group_count;
    if (!engine->config.memory.disk || group_count == 0) return MW_OK;
    engine->colds =
        mw_arena_alloc(&engine->arena, engine->strand_count, sizeof *engine->colds);
    if (!engine->colds) return mw_fail(err, MW_NO_MEMORY, "features: no memory to start");
    engine->budget.spills = true;
    for (size_t i = 0; i < engine->strand_count; i++)
        mw_cold_init(&engine->colds[i], engine->groups + i * group_count, group_count,
                     engine->config.memory.disk);
    return MW_OK;
}

static mw_status prepare(mw_engine *engine, mw_error *err) {
    MW_TRY(mw_plan_make(&engine->config, &engine->arena, &engine->plan, err));
    if (!give_arrays(engine)) return mw_fail(err, MW_NO_MEMORY, "features: no memory to start");
    mw_instances_init(&engine->instances, &engine->id_schema, engine->config.symbols,
                      &engine->budget);
    MW_TRY(mw_desk_init(&engine->desk, &engine->plan, engine->config.program->zone,
                        &engine->arena, err));
    sort_features(engine);
    for (size_t i = 0; i < engine->strand_count; i++)
        engine->parts[i] = (mw_budget){.whole = &engine->budget};
    for (size_t i = 0; i < group_total(engine); i++)
        mw_group_init(&engine->groups[i], &engine->plan.groups[i % engine->plan.group_count],
                      &engine->parts[i / engine->plan.group_count]);
    return give_disk(engine, err);
}

/* Once for a process: small is better than fast, which counts in the library of src/edge. */
__attribute__((cold)) mw_status mw_engine_create(mw_engine_config config, mw_engine **out_engine,
                                                 mw_error *err) {
    MW_ASSERT(config.program && config.model && config.symbols);
    mw_engine *engine = mw_allocate(sizeof *engine);
    if (!engine) return mw_fail(err, MW_NO_MEMORY, "features: no memory to start");
    engine->config = config;
    engine->strand_count = config.strand_count > 0 ? config.strand_count : 1;
    engine->place = engine->instances_swept = INT64_MIN;
    engine->budget.max = config.memory.max > 0 ? config.memory.max : SIZE_MAX;
    engine->budget.part_count = engine->strand_count;
    mw_arena_init(&engine->arena, PLAN_SIZE_MAX);
    mw_pending_init(&engine->pending, 0);

    mw_status status = prepare(engine, err);
    if (status != MW_OK) {
        mw_arena_release(&engine->arena);
        mw_free(engine);
        return status;
    }
    mw_pending_init(&engine->pending, engine->plan.element_words_max);
    *out_engine = engine;
    return MW_OK;
}

void mw_engine_destroy(mw_engine *engine) {
    if (!engine) return;
    for (size_t i = 0; i < group_total(engine); i++) mw_group_release(&engine->groups[i]);
    for (size_t i = 0; engine->colds && i < engine->strand_count; i++)
        mw_cold_release(&engine->colds[i]);
    mw_instances_release(&engine->instances);
    mw_pending_release(&engine->pending);
    mw_desk_release(&engine->desk);
    MW_ASSERT(engine->budget.used == 0);
    mw_arena_release(&engine->arena);
    mw_free(engine);
}

void mw_engine_fill_id(mw_engine *engine, int32_t stream, const mw_cell *row) {
    const mw_model_program *model = engine->config.model;
    const mw_stream *from = &engine->config.program->streams[stream];
    const mw_stream *moments = &engine->config.program->streams[model->moment_stream];
    bool lacks_element = from->id_count < moments->id_count;
    int32_t next = 0;
    MW_ASSERT(from->id_count + lacks_element == moments->id_count);
    for (int32_t i = 0; i < moments->id_count; i++) {
        int32_t field = moments->id_by_name[i];
        engine->id[i] = lacks_element && field == model->each->element
                            ? mw_cell_missing(moments->schema.fields[field].type)
                            : row[from->id_by_name[next++]];
    }
}

void mw_engine_find_own(mw_engine *engine, const mw_cell *row, uint32_t *out_instance,
                        uint32_t *out_event_instance) {
    const mw_model_program *model = engine->config.model;
    *out_instance = *out_event_instance = 0;
    if (engine->plan.owns_by_id) {
        mw_engine_fill_id(engine, model->moment_stream, row);
        *out_instance = mw_instances_find(&engine->instances, engine->id);
    }
    if (engine->plan.owns_by_event) {
        mw_engine_fill_id(engine, mw_model_announcer(model), row);
        *out_event_instance = mw_instances_find(&engine->instances, engine->id);
    }
}

void mw_engine_settle(mw_engine *engine, int64_t known) {
    mw_pending_entry entry;
    const mw_cell *element;
    while (mw_pending_take(&engine->pending, known, &entry, &element)) {
        mw_group *group = &engine->groups[entry.group];
        if (entry.withdraws) mw_group_withdraw(group, entry.card, element, entry.known);
        else mw_group_insert(group, entry.card, element);
    }
}

/* Finds the groups that the event enters and makes room in them. */
static mw_status admit(mw_engine *engine, const mw_event *event, size_t *out_count,
                       uint32_t *out_refused, mw_error *err) {
    mw_frame frame = frame_of(engine, event->row, event->time);
    size_t count = 0, late_count = 0, group_count = 0;
    uint32_t refused = 0;
    for (int32_t i = engine->plan.first_of_stream[event->stream]; i != MW_NONE;
         i = engine->plan.groups[i].next_of_stream) {
        mw_group *group = &engine->groups[i];
        mw_admission *admission = &engine->admissions[count];
        mw_cell keys[MW_KEYS_MAX];
        group_count++;
        if (event->time < mw_group_horizon(group, event->place)) {
            late_count++;
            continue;
        }
        if (!mw_group_takes(group, &frame, keys)) continue;
        admission->group = (uint32_t)i;
        MW_TRY(mw_group_reserve(group, keys, event->place, &admission->card, err));
        refused += mw_group_fill(group, &frame, admission->element);
        count++;
    }
    if (group_count > 0 && late_count == group_count) engine->stats.events_too_late++;
    *out_count = count;
    *out_refused = refused;
    return MW_OK;
}

/* Fills the words of an element that are not its event's own. */
static void complete(const mw_engine *engine, const mw_admission *admission, int64_t known,
                     uint32_t instance) {
    const mw_group_plan *plan = engine->groups[admission->group].plan;
    if (plan->instance_word) admission->element[plan->instance_word].bits = instance;
    if (plan->known_word) admission->element[plan->known_word].time = known;
    if (plan->withdrawn_word) admission->element[plan->withdrawn_word].time = INT64_MAX;
}

/* Finds the groups where the event still stands that a correction replaces. What is older than the
   state never entered, or has left (rule 5). */
static mw_status find_replaced(mw_engine *engine, const mw_event *event, size_t *out_count,
                               mw_error *err) {
    mw_frame frame = frame_of(engine, event->replaced, event->replaced_time);
    uint32_t instance = 0;
    size_t count = 0;
    *out_count = 0;
    if (!event->replaced) return MW_OK;
    if (engine->plan.shares_instance[event->stream]) {
        mw_engine_fill_id(engine, event->stream, event->replaced);
        instance = mw_instances_find(&engine->instances, engine->id);
    }
    for (int32_t i = engine->plan.first_of_stream[event->stream]; i != MW_NONE;
         i = engine->plan.groups[i].next_of_stream) {
        mw_group *group = &engine->groups[i];
        mw_admission *withdrawal = &engine->withdrawals[count];
        mw_cell keys[MW_KEYS_MAX];
        if (event->replaced_time < mw_group_horizon(group, event->place) ||
            !mw_group_takes(group, &frame, keys))
            continue;
        withdrawal->group = (uint32_t)i;
        withdrawal->card = mw_group_find(group, keys);
        if (!withdrawal->card) continue;
        MW_TRY(mw_group_bring(group, withdrawal->card, err));
        (void)mw_group_fill(group, &frame, withdrawal->element);
        complete(engine, withdrawal, event->replaced_from, instance);
        count++;
    }
    *out_count = count;
    return MW_OK;
}

static void put(mw_engine *engine, const mw_admission *admission, int64_t known,
                bool withdraws) {
    mw_group *group = &engine->groups[admission->group];
    if (known > engine->place)
        mw_pending_add(&engine->pending,
                       (mw_pending_entry){.known = known,
                                          .number = engine->pending.next_number++,
                                          .withdraws = withdraws,
                                          .group = admission->group,
                                          .card = admission->card},
                       admission->element);
    else if (withdraws)
        mw_group_withdraw(group, admission->card, admission->element, known);
    else
        mw_group_insert(group, admission->card, admission->element);
}

mw_status mw_engine_no_memory(const mw_engine *engine, mw_error *err) {
    return mw_hint(err,
                   mw_fail(err, MW_NO_MEMORY,
                           "features: window state must stay within %zu bytes, has %zu",
                           engine->budget.max, engine->budget.used),
                   "Raise `memory`, or shorten the longest windows.");
}

mw_status mw_engine_fail(const mw_engine *engine, mw_status status, mw_error *err) {
    return status == MW_NO_MEMORY ? mw_engine_no_memory(engine, err) : status;
}

/* All that may fail of applying an event. */
static mw_status make_ready(mw_engine *engine, const mw_event *event, size_t *out_withdrawn,
                            size_t *out_count, uint32_t *out_refused, mw_error *err) {
    MW_TRY(find_replaced(engine, event, out_withdrawn, err));
    MW_TRY(admit(engine, event, out_count, out_refused, err));
    bool has_instance = engine->plan.shares_instance[event->stream] && *out_count > 0;
    bool is_early = mw_event_counts_from(event) > event->place;
    bool has_room =
        (!has_instance || mw_instances_reserve(&engine->instances)) &&
        (!is_early || mw_pending_reserve(&engine->pending, *out_withdrawn + *out_count));
    return has_room ? MW_OK : MW_NO_MEMORY;
}

mw_status mw_engine_apply(mw_engine *engine, const mw_event *event, mw_error *err) {
    MW_ASSERT(event->place >= engine->place && engine->strand_count == 1);
    MW_ASSERT(event->stream >= 0 &&
              (size_t)event->stream < engine->config.program->stream_count);
    engine->place = event->place;
    mw_engine_settle(engine, event->place);

    size_t count, withdrawn;
    uint32_t refused;
    MW_TRY(mw_engine_relieve(engine, 0, err));
    mw_status status = make_ready(engine, event, &withdrawn, &count, &refused, err);
    if (status != MW_OK) return mw_engine_fail(engine, status, err);
    MW_TRY(mw_symbols_settle(engine->config.symbols, err)); /* else it would enter without a text */

    int64_t known = mw_event_counts_from(event);
    uint32_t instance = 0;
    if (count > 0 && engine->plan.shares_instance[event->stream]) {
        mw_engine_fill_id(engine, event->stream, event->row);
        instance = mw_instances_add(&engine->instances, (uint32_t)event->stream, event->time,
                                    engine->id);
    }
    for (size_t i = 0; i < withdrawn; i++) put(engine, &engine->withdrawals[i], known, true);
    for (size_t i = 0; i < count; i++) {
        complete(engine, &engine->admissions[i], known, instance);
        put(engine, &engine->admissions[i], known, false);
    }
    engine->stats.events_applied++;
    engine->stats.values_refused += refused;
    return MW_OK;
}

void mw_engine_sweep_instances(mw_engine *engine) {
    int64_t retention = engine->plan.instance_retention_us, cut, due;
    if (!engine->plan.has_instances || retention == MW_RETAIN_FOREVER) return;
    if (__builtin_add_overflow(engine->instances_swept, retention / 4 + 1, &due) ||
        engine->place < due || __builtin_sub_overflow(engine->place, retention, &cut))
        return;
    mw_instances_sweep(&engine->instances, cut);
    engine->instances_swept = engine->place;
}

void mw_engine_advance(mw_engine *engine, int64_t place) {
    if (place <= engine->place) return;
    mw_engine_settle(engine, place - 1);
    engine->place = place;
    for (size_t i = 0; i < group_total(engine); i++)
        if (mw_group_is_due(&engine->groups[i], place)) mw_group_sweep(&engine->groups[i], place);
    mw_engine_sweep_instances(engine);
}

/* Reads the windows of the features, or those of the label, into `windows`, which the frame has
   too: keys are worked out from what was read before. */
static mw_status read_windows(mw_engine *engine, const mw_moment *moment, const mw_frame *frame,
                              bool is_label, mw_cell *windows, mw_error *err) {
    const mw_plan *plan = &engine->plan;
    mw_edges_set(&engine->desk.edges, moment->t);
    mw_reading reading = {.t = moment->t,
                          .place = moment->place,
                          .maturity = moment->t + engine->config.model->maturity_us,
                          .instances = &engine->instances,
                          .frame = frame,
                          .desk = &engine->desk};
    mw_engine_find_own(engine, moment->row, &reading.instance, &reading.event_instance);
    size_t middle = plan->feature_lookup_count;
    for (size_t i = is_label ? middle : 0; i < (is_label ? plan->lookup_count : middle); i++) {
        const mw_lookup_plan *lookup = &plan->lookups[i];
        mw_group *group = &engine->groups[lookup->group];
        mw_card *card = mw_group_look_up(group, lookup, frame);
        MW_TRY(mw_engine_relieve(engine, 0, err));
        MW_TRY(mw_engine_fail(engine, mw_group_bring(group, card, err), err));
        MW_TRY(mw_engine_fail(
            engine, mw_reading_lookup(&reading, lookup, group, card, windows), err));
    }
    return MW_OK;
}

static bool may_make_text(const mw_code *code) {
    return code && mw_code_makes_text(code);
}

static bool group_makes_text(const mw_group_plan *group) {
    if (may_make_text(group->condition)) return true;
    for (size_t i = 0; i < group->column_count; i++)
        if (may_make_text(group->columns[i].value)) return true;
    for (size_t i = 0; i < group->fold_count; i++)
        if (may_make_text(group->folds[i].value)) return true;
    return false;
}

bool mw_engine_makes_text(const mw_engine *engine) {
    const mw_model_program *model = engine->config.model;
    const mw_plan *plan = &engine->plan;
    for (size_t i = 0; i < plan->group_count; i++)
        if (group_makes_text(&plan->groups[i])) return true;
    for (size_t i = 0; i < plan->lookup_count; i++)
        for (int32_t k = 0; k < plan->groups[plan->lookups[i].group].key_count; k++)
            if (may_make_text(plan->lookups[i].keys[k])) return true;
    for (size_t i = 0; i < plan->window_count; i++)
        if (may_make_text(model->windows[i].value) ||
            may_make_text(model->windows[i].now_condition))
            return true;
    for (size_t i = 0; i < model->within_count; i++)
        if (may_make_text(model->withins[i].of.value) ||
            may_make_text(model->withins[i].of.condition))
            return true;
    for (size_t i = 0; i < model->feature_count; i++)
        if (model->features[i].vector || may_make_text(model->features[i].code)) return true;
    return false;
}

size_t mw_engine_derive(const mw_engine *engine, const mw_moment *moment, const mw_cell *windows,
                        mw_cell *features) {
    const mw_model_program *model = engine->config.model;
    mw_frame frame = frame_of(engine, moment->row, moment->t);
    frame.windows = windows;
    frame.features = features;
    for (size_t i = 0; i < engine->derived_count; i++) {
        int32_t feature = engine->derived[i];
        mw_feature_run(&model->features[feature], &frame, &features[feature]);
    }
    if (!mw_overflow_happened()) return 0;
    return mw_overflow_count(model, engine->derived, engine->derived_count, &frame);
}

mw_status mw_engine_features(mw_engine *engine, const mw_moment *moment, mw_cell *out_features,
                             mw_error *err) {
    MW_ASSERT(!engine->config.model->each); /* an event's moments are made together (slate.h) */
    mw_engine_settle(engine, moment->place - 1);
    mw_frame frame = own_frame(engine, moment);
    frame.windows = engine->windows;
    frame.features = out_features;
    MW_TRY(read_windows(engine, moment, &frame, false, engine->windows, err));
    engine->stats.values_overflowed +=
        mw_engine_finish_features(engine, moment, engine->windows, out_features);
    return MW_OK;
}

mw_status mw_engine_windows(mw_engine *engine, const mw_moment *moment, mw_cell *out_windows,
                            mw_error *err) {
    mw_engine_settle(engine, moment->place - 1);
    mw_frame frame = own_frame(engine, moment);
    frame.windows = out_windows;
    return read_windows(engine, moment, &frame, false, out_windows, err);
}

bool mw_engine_would_take(const mw_engine *engine, const mw_moment *moment,
                          const mw_cell *windows, const mw_cell *features) {
    const mw_schedule *schedule = engine->config.model->schedule;
    if (!schedule) return true;
    mw_frame frame = frame_of(engine, moment->row, moment->t);
    frame.windows = windows;
    frame.features = features;
    return mw_code_run(schedule->takes, &frame).boolean == MW_TRUE;
}

bool mw_engine_takes(mw_engine *engine, const mw_moment *moment, const mw_cell *features) {
    return mw_engine_would_take(engine, moment, engine->windows, features);
}

mw_label mw_engine_finish_label(mw_engine *engine, const mw_moment *moment,
                                const mw_cell *windows, const mw_cell *features) {
    const mw_model_program *model = engine->config.model;
    mw_frame frame = own_frame(engine, moment);
    frame.windows = windows;
    frame.features = features;
    return (mw_label){.value = mw_code_run(model->label, &frame),
                      .is_dropped = model->unless &&
                                    mw_code_run(model->unless, &frame).boolean == MW_TRUE};
}

mw_status mw_engine_label(mw_engine *engine, const mw_moment *moment, const mw_cell *features,
                          mw_label *out_label, mw_error *err) {
    const mw_model_program *model = engine->config.model;
    MW_ASSERT(engine->config.with_label && model->label);
    mw_engine_settle(engine, moment->t + model->maturity_us - 1);
    mw_frame frame = own_frame(engine, moment);
    frame.windows = engine->windows;
    frame.features = features;
    MW_TRY(read_windows(engine, moment, &frame, true, engine->windows, err));
    *out_label = mw_engine_finish_label(engine, moment, engine->windows, features);
    return MW_OK;
}

uint64_t mw_engine_lists_counted(const mw_engine *engine) {
    return engine->lengths.counted;
}

mw_engine_stats mw_engine_read_stats(const mw_engine *engine) {
    mw_engine_stats stats = engine->stats;
    for (size_t i = 0; i < group_total(engine); i++)
        stats.keys += engine->groups[i].cards.count;
    for (size_t i = 0; engine->colds && i < engine->strand_count; i++) {
        stats.keys_spilled += engine->colds[i].spill.count;
        stats.bytes_spilled += engine->colds[i].spill.size;
    }
    stats.bytes = engine->budget.used;
    stats.bytes_movable = engine->budget.used - engine->budget.fixed;
    return stats;
}
