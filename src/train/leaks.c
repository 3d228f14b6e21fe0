#include "train/leaks.h"

#include <math.h>

#include "stat/concordance.h"
#include "stat/held_out.h"
#include "train/labels.h"

enum { ARENA_MAX = 1 << 30 };

typedef struct {
    mw_replay_config config; /* of the replay in hand */
    mw_leaks_progress progress;
    void *context;
    size_t replayed_count;   /* moments of all replays */
    mw_examples honest;
    uint32_t *example_of;    /* by number of the moment: its example + 1, or 0 */
    size_t moment_count;
    mw_arena arena;          /* of the labels' numbers */
    mw_labels labels;        /* of classes */
    double *numbers;         /* each example's label; of classes whether it is the one in hand */
    double *values;          /* of the feature in hand; */
    uint64_t *texts;         /* or these */
    mw_cell *cheated;        /* an example's features after another, as the cheat has them */
} meter;

/* --- how good one feature is alone ---------------------------------------------------------- */

static double value_of(mw_type type, mw_cell cell) {
    if (mw_cell_is_missing(type, cell)) return -INFINITY;
    switch (type) {
    case MW_TYPE_NUMBER: return cell.number;
    case MW_TYPE_BOOL: return cell.boolean == MW_TRUE;
    default: return (double)cell.time;
    }
}

/* Of it->texts, by the numbers that come with them elsewhere. */
static mw_status measure_texts(meter *it, double *out_worth, mw_error *err) {
    size_t count = it->honest.count;
    MW_TRY(mw_held_out_lifts(it->texts, it->numbers, count, it->values, err));
    return mw_concordance_of_numbers(it->values, it->numbers, count, out_worth, err);
}

/* Each class against all others, by how often it comes with a text elsewhere; weighed by their
   pairs of examples, as pairs of classes are. */
static mw_status measure_texts_of_classes(meter *it, double *out_worth, mw_error *err) {
    size_t count = it->honest.count;
    double sum = 0, pairs = 0;
    for (size_t k = 0; k < it->labels.all_names.count; k++) {
        double held = 0, worth;
        for (size_t i = 0; i < count; i++) held += it->numbers[i] = it->labels.numbers[i] == k;
        if (held == 0) continue;
        MW_TRY(measure_texts(it, &worth, err));
        sum += worth * held * ((double)count - held);
        pairs += held * ((double)count - held);
    }
    *out_worth = sum / pairs;
    return MW_OK;
}

static mw_status measure_feature(meter *it, const mw_cell *cells, size_t stride, mw_type type,
                                 double *out_worth, mw_error *err) {
    size_t count = it->honest.count;
    bool is_class = it->labels.kind == MW_ANSWER_CLASS;
    if (mw_type_is_symbol(type)) {
        for (size_t i = 0; i < count; i++) it->texts[i] = cells[i * stride].symbol;
        return is_class ? measure_texts_of_classes(it, out_worth, err)
                        : measure_texts(it, out_worth, err);
    }
    for (size_t i = 0; i < count; i++) it->values[i] = value_of(type, cells[i * stride]);
    if (!is_class)
        return mw_concordance_of_numbers(it->values, it->numbers, count, out_worth, err);
    return mw_concordance_of_classes(it->values, it->labels.numbers, count,
                                     it->labels.all_names.count, out_worth, err);
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
        mw_leak *leak = &out_leaks[f];
        leak->changed[cheat] = cheat == MW_CHEAT_NONE ? 0 : share_changed(it, f);
        if (cheat != MW_CHEAT_NONE && leak->changed[cheat] == 0)
            leak->worth[cheat] = leak->worth[MW_CHEAT_NONE]; /* as its values are */
        else
            MW_TRY(measure_feature(it, cells + f, count, model->features[f].type,
                                   &leak->worth[cheat], err));
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

/* There are examples, and at least two of their labels differ. */
static mw_status read_labels(meter *it, const mw_symbols *symbols, mw_error *err) {
    const mw_model_program *model = it->honest.model;
    size_t count = it->honest.count, positives = 0;
    mw_answer_kind kind = mw_answer_kind_of(mw_code_type(model->label));
    for (size_t i = 0; i < count; i++) {
        it->numbers[i] = it->honest.items[i].label;
        positives += it->numbers[i] > 0;
    }
    it->labels.kind = kind;
    if (mw_answer_kind_decides(kind) && (positives == 0 || positives == count))
        return mw_fail(err, MW_INVALID,
                       "leaks: needs examples of both classes, got %zu of %zu yes", positives,
                       count);
    if (mw_answer_kind_decides(kind)) return MW_OK;
    if (count == 0)
        return mw_fail(err, MW_INVALID, "leaks: needs examples, got none of model %.*s",
                       MW_STR_ARGS(model->name));
    mw_labels_question question = {.examples = &it->honest,
                                   .train_count = count,
                                   .example_count = count,
                                   .symbols = symbols};
    return mw_labels_read(question, &it->arena, &it->labels, err);
}

static mw_status make_room(meter *it, mw_error *err) {
    size_t count = it->honest.count;
    for (size_t i = 0; i < count; i++)
        if (it->honest.items[i].number >= it->moment_count)
            it->moment_count = it->honest.items[i].number + 1;
    it->example_of = mw_allocate((it->moment_count + 1) * sizeof *it->example_of);
    it->numbers = mw_allocate((count + 1) * sizeof *it->numbers);
    it->values = mw_allocate((count + 1) * sizeof *it->values);
    it->texts = mw_allocate((count + 1) * sizeof *it->texts);
    it->cheated = mw_allocate((count * it->honest.model->feature_count + 1) * sizeof(mw_cell));
    if (!it->example_of || !it->numbers || !it->values || !it->texts || !it->cheated)
        return mw_fail(err, MW_NO_MEMORY, "leaks: no memory for %zu examples", count);
    for (size_t i = 0; i < count; i++)
        it->example_of[it->honest.items[i].number] = (uint32_t)i + 1;
    return read_labels(it, it->config.symbols, err);
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
    mw_arena_init(&it.arena, ARENA_MAX);
    mw_status status = run(&it, out_leaks, err);
    *out_example_count = it.honest.count;
    mw_free(it.example_of);
    mw_free(it.numbers);
    mw_free(it.values);
    mw_free(it.texts);
    mw_free(it.cheated);
    mw_examples_release(&it.honest);
    mw_arena_release(&it.arena);
    return status;
}

double mw_leak_gain(const mw_leak *leak) {
    double gain = 0;
    for (int cheat = MW_CHEAT_EVENT_TIME; cheat < MW_CHEAT_COUNT; cheat++)
        gain = fmax(gain, leak->worth[cheat] - leak->worth[MW_CHEAT_NONE]);
    return gain;
}

const char *mw_leak_measure_name(mw_answer_kind kind) {
    static const char *const names[MW_ANSWER_COUNT] = {[MW_ANSWER_YES_NO] = "roc_auc",
                                                       [MW_ANSWER_NUMBER] = "concordance",
                                                       [MW_ANSWER_CLASS] = "pairwise_roc_auc",
                                                       [MW_ANSWER_SCORE] = "roc_auc"};
    return names[kind];
}
