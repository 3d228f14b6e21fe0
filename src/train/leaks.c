#include "train/leaks.h"

#include <math.h>

#include "stat/ranking.h"

typedef struct {
    mw_replay_config config; /* of the replay in hand */
    mw_leaks_progress progress;
    void *context;
    size_t replayed_count;   /* moments of all replays */
    mw_examples honest;
    uint32_t *example_of;    /* by number of the moment: its example + 1, or 0 */
    size_t moment_count;
    unsigned char *labels;   /* one each an example */
    double *scores;          /* of the feature in hand */
    mw_cell *cheated;        /* an example's features after another, as the cheat has them */
} meter;

/* --- how good one feature is alone ---------------------------------------------------------- */

static double score_of(mw_type type, mw_cell value) {
    if (mw_cell_is_missing(type, value)) return -INFINITY;
    switch (type) {
    case MW_TYPE_NUMBER: return value.number;
    case MW_TYPE_BOOL: return value.boolean == MW_TRUE;
    default: return (double)value.time;
    }
}

/* The chance that a yes stands above a no, ties as half; or below, if that is the greater one. */
static double area(const mw_ranking *ranking) {
    double positives = (double)ranking->positive_count, above = 0, won = 0;
    double negatives = (double)ranking->count - positives;
    for (size_t g = 0, i = 0; g < ranking->group_count; g++) {
        double yes = 0, no = 0;
        for (; i < ranking->group_ends[g]; i++)
            if (ranking->labels[i]) yes++;
            else no++;
        won += no * (above + yes / 2);
        above += yes;
    }
    double area = won / (positives * negatives);
    return area < 0.5 ? 1 - area : area;
}

static mw_status measure_feature(meter *it, const mw_cell *cells, size_t stride, mw_type type,
                                 double *out_auc, mw_error *err) {
    for (size_t i = 0; i < it->honest.count; i++)
        it->scores[i] = score_of(type, cells[i * stride]);
    mw_ranking ranking;
    MW_TRY(mw_ranking_init(&ranking, (mw_scored){it->scores, it->labels, it->honest.count}, err));
    *out_auc = area(&ranking);
    mw_ranking_release(&ranking);
    return MW_OK;
}

static double share_changed(const meter *it, size_t feature) {
    size_t count = it->honest.model->feature_count, changed = 0;
    for (size_t i = 0; i < it->honest.count; i++)
        changed += mw_table_row(&it->honest.features, i)[feature].bits !=
                   it->cheated[i * count + feature].bits;
    return it->honest.count > 0 ? (double)changed / (double)it->honest.count : 0;
}

static mw_status measure(meter *it, mw_cheat cheat, mw_leak *out_leaks, mw_error *err) {
    const mw_model_program *model = it->honest.model;
    size_t count = model->feature_count;
    const mw_cell *cells =
        cheat == MW_CHEAT_NONE ? mw_table_row(&it->honest.features, 0) : it->cheated;
    for (size_t f = 0; f < count; f++) {
        mw_type type = model->features[f].type;
        out_leaks[f].auc[cheat] = NAN;
        out_leaks[f].changed[cheat] = cheat == MW_CHEAT_NONE ? 0 : share_changed(it, f);
        if (mw_type_is_symbol(type)) continue;
        MW_TRY(measure_feature(it, cells + f, count, type, &out_leaks[f].auc[cheat], err));
    }
    return MW_OK;
}

/* --- the replays ---------------------------------------------------------------------------- */

static void keep(meter *it, const mw_step *step) {
    size_t count = it->honest.model->feature_count;
    uint32_t example = step->number < it->moment_count ? it->example_of[step->number] : 0;
    for (size_t f = 0; example > 0 && f < count; f++)
        it->cheated[(example - 1) * count + f] = step->features[f];
}

/* With labels it gathers the examples; then, without, what a cheat makes of them. */
static mw_status replay(meter *it, bool with_label, mw_error *err) {
    mw_replay *replay;
    it->config.with_label = with_label;
    MW_TRY(mw_replay_create(it->config, &replay, err));
    bool is_done = false;
    mw_status status = MW_OK;
    while (status == MW_OK) {
        mw_step step;
        status = mw_replay_next(replay, &step, &is_done, err);
        if (status != MW_OK || is_done) break;
        if (step.kind == MW_DUE_LABEL) {
            status = mw_examples_add(&it->honest, &step, err);
            continue;
        }
        if (!with_label) keep(it, &step);
        if (it->progress) it->progress(it->context, ++it->replayed_count);
    }
    mw_replay_destroy(replay);
    return status;
}

static mw_status cheat_with_own_events(meter *it, mw_error *err) {
    const mw_model_program *honest = it->config.model;
    mw_window *windows = mw_allocate((honest->window_count + 1) * sizeof *windows);
    if (!windows) return mw_fail(err, MW_NO_MEMORY, "leaks: no memory for the windows");
    for (size_t i = 0; i < honest->window_count; i++) {
        windows[i] = honest->windows[i];
        windows[i].own_by = -1;
    }
    mw_model_program cheating = *honest;
    cheating.windows = windows;
    it->config.model = &cheating;
    mw_status status = replay(it, false, err);
    it->config.model = honest;
    mw_free(windows);
    return status;
}

/* The moments stay where they were: their stream's events do. */
static mw_status as_happened(const mw_replay_config *config, mw_events *out_events,
                             mw_error *err) {
    const mw_program *program = config->program;
    const mw_model_program *model = config->model;
    int32_t kept = model->each ? model->each->stream : model->moment_stream;
    const mw_schema *schemas[MW_STREAMS_MAX];
    for (size_t s = 0; s < program->stream_count; s++) schemas[s] = &program->streams[s].schema;
    MW_TRY(mw_events_init(out_events, schemas, program->stream_count, err));
    mw_status status = MW_OK;
    for (size_t i = 0; i < config->events->event_count && status == MW_OK; i++) {
        mw_event event = mw_events_at(config->events, i);
        if (event.stream != kept) {
            if (event.known > event.time) event.known = event.time;
            if (event.place > event.time) event.place = event.time;
        }
        status = mw_events_add(out_events, &event, err);
    }
    if (status == MW_OK) status = mw_events_sort(out_events, err);
    if (status != MW_OK) mw_events_release(out_events);
    return status;
}

static mw_status cheat_with_event_time(meter *it, mw_error *err) {
    mw_events events;
    MW_TRY(as_happened(&it->config, &events, err));
    const mw_events *honest = it->config.events;
    it->config.events = &events;
    mw_status status = replay(it, false, err);
    it->config.events = honest;
    mw_events_release(&events);
    return status;
}

/* --- all of it ------------------------------------------------------------------------------ */

static mw_status make_room(meter *it, mw_error *err) {
    size_t count = it->honest.count;
    for (size_t i = 0; i < count; i++)
        if (it->honest.items[i].number >= it->moment_count)
            it->moment_count = it->honest.items[i].number + 1;
    it->example_of = mw_allocate((it->moment_count + 1) * sizeof *it->example_of);
    it->labels = mw_allocate(count + 1);
    it->scores = mw_allocate((count + 1) * sizeof *it->scores);
    it->cheated = mw_allocate((count * it->honest.model->feature_count + 1) * sizeof(mw_cell));
    if (!it->example_of || !it->labels || !it->scores || !it->cheated)
        return mw_fail(err, MW_NO_MEMORY, "leaks: no memory for %zu examples", count);
    size_t positives = 0;
    for (size_t i = 0; i < count; i++) {
        it->example_of[it->honest.items[i].number] = (uint32_t)i + 1;
        it->labels[i] = it->honest.items[i].label > 0;
        positives += it->labels[i];
    }
    if (positives > 0 && positives < count) return MW_OK;
    return mw_fail(err, MW_INVALID, "leaks: needs examples of both classes, got %zu of %zu yes",
                   positives, count);
}

static mw_status run(meter *it, mw_leak *out_leaks, mw_error *err) {
    MW_TRY(replay(it, true, err));
    MW_TRY(make_room(it, err));
    MW_TRY(measure(it, MW_CHEAT_NONE, out_leaks, err));
    MW_TRY(cheat_with_event_time(it, err));
    MW_TRY(measure(it, MW_CHEAT_EVENT_TIME, out_leaks, err));
    MW_TRY(cheat_with_own_events(it, err));
    return measure(it, MW_CHEAT_OWN_EVENTS, out_leaks, err);
}

mw_status mw_leaks_measure(mw_replay_config config, mw_leaks_progress progress, void *context,
                           mw_leak *out_leaks, size_t *out_example_count, mw_error *err) {
    meter it = {.config = config, .progress = progress, .context = context};
    MW_TRY(mw_examples_init(&it.honest, config.program, config.model, NULL, 0, err));
    mw_status status = run(&it, out_leaks, err);
    *out_example_count = it.honest.count;
    mw_free(it.example_of);
    mw_free(it.labels);
    mw_free(it.scores);
    mw_free(it.cheated);
    mw_examples_release(&it.honest);
    return status;
}

double mw_leak_gain(const mw_leak *leak) {
    double gain = 0;
    for (int cheat = MW_CHEAT_EVENT_TIME; cheat < MW_CHEAT_COUNT; cheat++)
        gain = fmax(gain, leak->auc[cheat] - leak->auc[MW_CHEAT_NONE]);
    return gain;
}
