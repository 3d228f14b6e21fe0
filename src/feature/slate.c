#include "feature/slate.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "feature/census.h"
#include "feature/scan.h"
#include "table/list.h"

struct mw_slate {
    mw_engine_config config;
    size_t width; /* of a moment's row */
    int64_t t, place;
    mw_elements elements;
    size_t count; /* of them, each with a row, its windows and features */
    mw_cell *rows, *windows, *features;
    size_t row_capacity, window_capacity, feature_capacity;
    mw_cell *values; /* one of each, to be counted */
    size_t value_capacity;
    mw_cell *withins;
    mw_list_lengths lengths; /* all moments of an event share its lists */
};

static_assert((int)MW_LIST_ELEMENTS_MAX < UINT16_MAX, "an element's number fits a slot");
static_assert((int)MW_LIST_ELEMENTS_MAX <= (int)MW_DIFFERENT_VALUES_MAX,
              "what is asked across a list is never too much");

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "features: no memory for the moments of one event");
}

mw_status mw_slate_create(mw_engine_config config, mw_slate **out_slate, mw_error *err) {
    MW_ASSERT(config.model->each);
    mw_slate *slate = mw_allocate(sizeof *slate);
    if (!slate) return no_memory(err);
    slate->config = config;
    slate->width = config.program->streams[config.model->moment_stream].schema.field_count;
    slate->withins = mw_allocate((config.model->within_count + 1) * sizeof *slate->withins);
    if (!slate->withins) {
        mw_slate_destroy(slate);
        return no_memory(err);
    }
    *out_slate = slate;
    return MW_OK;
}

void mw_slate_destroy(mw_slate *slate) {
    if (!slate) return;
    mw_free(slate->elements.cells);
    mw_free(slate->rows);
    mw_free(slate->windows);
    mw_free(slate->features);
    mw_free(slate->values);
    mw_free(slate->withins);
    mw_free(slate);
}

/* --- elements ------------------------------------------------------------------------------- */

static bool next_element(mw_list_reader *reader, mw_type type, mw_symbols *symbols,
                         mw_cell *out_cell) {
    mw_str text;
    double number;
    if (type == MW_TYPE_NUMBER_LIST) {
        if (!mw_list_next_number(reader, &number)) return false;
        *out_cell = mw_cell_number(number);
        return true;
    }
    if (!mw_list_next_text(reader, &text)) return false;
    out_cell->symbol = mw_symbols_intern(symbols, text);
    if (out_cell->symbol == 0) reader->element.failed = true;
    return out_cell->symbol != 0;
}

/* Puts an element behind the others unless it is among them; `slots`, more than there are elements,
   have the number of each from 1, at or after its hash. */
static void add_once(mw_elements *elements, uint16_t *slots, size_t slot_count, mw_cell element) {
    size_t at = mw_hash_u64(element.bits) % slot_count;
    for (; slots[at] > 0; at = (at + 1) % slot_count)
        if (elements->cells[slots[at] - 1].bits == element.bits) return;
    elements->cells[elements->count++] = element;
    slots[at] = (uint16_t)elements->count;
}

mw_status mw_elements_take(mw_elements *elements, const mw_engine_config *config,
                           const mw_cell *announced, mw_error *err) {
    const mw_each *each = config->model->each;
    mw_type type = config->program->streams[each->stream].schema.fields[each->list].type;
    mw_cell list = announced[each->list], element;
    elements->count = 0;
    if (mw_cell_is_missing(type, list)) return MW_OK;
    size_t length = mw_list_length(list, config->symbols), slot_count = 2 * length + 1;
    uint16_t *slots = mw_allocate(slot_count * sizeof *slots);
    if (!slots || !mw_grow((void **)&elements->cells, &elements->capacity, length + 1,
                           sizeof *elements->cells, MW_LIST_ELEMENTS_MAX + 1)) {
        mw_free(slots);
        return no_memory(err);
    }
    mw_list_reader reader;
    mw_list_open(&reader, list, config->symbols);
    while (next_element(&reader, type, config->symbols, &element))
        add_once(elements, slots, slot_count, element);
    bool is_whole = !reader.element.failed;
    mw_list_close(&reader);
    mw_free(slots);
    return is_whole ? MW_OK : no_memory(err);
}

/* --- filling -------------------------------------------------------------------------------- */

static bool grow(mw_cell **cells, size_t *capacity, size_t needed) {
    return mw_grow((void **)cells, capacity, needed + 1, sizeof **cells, SIZE_MAX / 16);
}

static mw_status expand(mw_slate *slate, const mw_moment *announced, mw_error *err) {
    const mw_model_program *model = slate->config.model;
    MW_TRY(mw_elements_take(&slate->elements, &slate->config, announced->row, err));
    size_t count = slate->elements.count;
    if (!grow(&slate->rows, &slate->row_capacity, count * slate->width) ||
        !grow(&slate->windows, &slate->window_capacity, count * model->window_count) ||
        !grow(&slate->features, &slate->feature_capacity, count * model->feature_count) ||
        !grow(&slate->values, &slate->value_capacity, count))
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        mw_cell *row = slate->rows + i * slate->width;
        memcpy(row, announced->row, (slate->width - 1) * sizeof *row);
        row[model->each->element] = slate->elements.cells[i];
    }
    slate->count = count;
    return MW_OK;
}

static mw_frame frame_of(mw_slate *slate, size_t index) {
    const mw_model_program *model = slate->config.model;
    return (mw_frame){.row = slate->rows + index * slate->width,
                      .windows = slate->windows + index * model->window_count,
                      .features = slate->features + index * model->feature_count,
                      .withins = slate->withins,
                      .time_us = slate->t,
                      .symbols = slate->config.symbols,
                      .zone = slate->config.program->zone,
                      .lengths = &slate->lengths};
}

/* Features [from, to) in the order in which they must run. */
static void run_features(mw_slate *slate, size_t from, size_t to) {
    const mw_model_program *model = slate->config.model;
    for (size_t i = 0; i < slate->count; i++) {
        mw_frame frame = frame_of(slate, i);
        mw_cell *features = slate->features + i * model->feature_count;
        for (size_t k = from; k < to; k++) {
            int32_t feature = model->feature_order[k];
            if (model->features[feature].vector_index == 0)
                mw_feature_run(&model->features[feature], &frame, &features[feature]);
        }
    }
}

/* Rule 10. */
static mw_cell of_nothing(const mw_window *of) {
    if (of->aggregate == MW_AGGREGATE_SUM) return mw_cell_number(0);
    return mw_cell_missing(of->type);
}

static bool is_counted(const mw_window *of) {
    return of->aggregate == MW_AGGREGATE_QUANTILE || of->aggregate == MW_AGGREGATE_DISTINCT ||
           of->aggregate == MW_AGGREGATE_TOP;
}

/* Ranks and frequencies, which no scan has. */
static mw_cell count_values(mw_slate *slate, const mw_window *of) {
    mw_ring_shape shape = {.symbols = slate->config.symbols};
    mw_census_plan plan = {.type = mw_code_type(of->value),
                           .is_bucketed = of->aggregate == MW_AGGREGATE_QUANTILE,
                           .shape = &shape};
    for (size_t i = 0; i < slate->count; i++) {
        mw_frame frame = frame_of(slate, i);
        slate->values[i] = mw_code_run(of->value, &frame);
    }
    return mw_census_read_many(&plan, slate->values, (uint32_t)slate->count, of);
}

static mw_cell aggregate(mw_slate *slate, const mw_window *of) {
    if (is_counted(of)) return count_values(slate, of);
    mw_scan scan = mw_scan_begin(of, slate->config.symbols);
    for (size_t i = 0; i < slate->count; i++) {
        mw_frame frame = frame_of(slate, i);
        mw_cell value = {0};
        if (of->condition && mw_code_run(of->condition, &frame).boolean != MW_TRUE) continue;
        if (of->value) value = mw_code_run(of->value, &frame);
        mw_scan_add(&scan, slate->t, value);
    }
    return mw_scan_read(&scan, slate->t, of_nothing(of));
}

mw_status mw_slate_fill(mw_slate *slate, mw_engine *engine, const mw_moment *announced,
                        mw_error *err) {
    const mw_model_program *model = slate->config.model;
    slate->t = announced->t;
    slate->place = announced->place;
    slate->count = 0;
    MW_TRY(expand(slate, announced, err));
    for (size_t i = 0; i < slate->count; i++) {
        mw_moment moment = mw_slate_moment(slate, i);
        mw_status status = mw_engine_windows(engine, &moment,
                                             slate->windows + i * model->window_count, err);
        if (status == MW_OK) continue;
        slate->count = 0;
        return status;
    }
    size_t done = 0;
    for (size_t i = 0; i < model->within_count; i++) {
        run_features(slate, done, model->withins[i].after);
        done = model->withins[i].after;
        slate->withins[i] = aggregate(slate, &model->withins[i].of);
    }
    run_features(slate, done, model->feature_count);
    return MW_OK;
}

/* --- reading -------------------------------------------------------------------------------- */

size_t mw_slate_count(const mw_slate *slate) {
    return slate->count;
}

mw_moment mw_slate_moment(const mw_slate *slate, size_t index) {
    return (mw_moment){slate->t, slate->place, slate->rows + index * slate->width};
}

uint64_t mw_slate_lists_counted(const mw_slate *slate) {
    return slate->lengths.counted;
}

const mw_cell *mw_slate_features(const mw_slate *slate, size_t index) {
    return slate->features + index * slate->config.model->feature_count;
}
