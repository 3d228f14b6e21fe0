#include "feature/slate.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "feature/family.h"
#include "table/list.h"

struct mw_slate {
    mw_engine_config config;
    size_t width; /* of a moment's row */
    int64_t t, place;
    mw_elements elements;
    size_t count; /* of them, each with a row, its windows and features */
    mw_cell *rows, *windows, *features;
    size_t row_capacity, window_capacity, feature_capacity;
    mw_family family;
};

static_assert((int)MW_LIST_ELEMENTS_MAX < UINT16_MAX, "an element's number fits a slot");

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "features: no memory for the moments of one event");
}

mw_status mw_slate_create(mw_engine_config config, mw_slate **out_slate, mw_error *err) {
    MW_ASSERT(config.model->each);
    mw_slate *slate = mw_allocate(sizeof *slate);
    if (!slate) return no_memory(err);
    slate->config = config;
    slate->width = config.program->streams[config.model->moment_stream].schema.field_count;
    mw_status status = mw_family_init(&slate->family, config, err);
    if (status != MW_OK) mw_slate_destroy(slate);
    else *out_slate = slate;
    return status;
}

void mw_slate_destroy(mw_slate *slate) {
    if (!slate) return;
    mw_free(slate->elements.cells);
    mw_free(slate->rows);
    mw_free(slate->windows);
    mw_free(slate->features);
    mw_family_release(&slate->family);
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
        !grow(&slate->features, &slate->feature_capacity, count * model->feature_count))
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        mw_cell *row = slate->rows + i * slate->width;
        memcpy(row, announced->row, (slate->width - 1) * sizeof *row);
        row[model->each->element] = slate->elements.cells[i];
    }
    slate->count = count;
    return MW_OK;
}

/* Reads the windows of all, then works out their features. */
static mw_status work_out(mw_slate *slate, mw_engine *engine, mw_error *err) {
    size_t window_count = slate->config.model->window_count;
    for (size_t i = 0; i < slate->count; i++) {
        mw_moment moment = mw_slate_moment(slate, i);
        MW_TRY(mw_engine_windows(engine, &moment, slate->windows + i * window_count, err));
    }
    mw_members members = {slate->t,       slate->count, slate->rows,
                          slate->windows, window_count, slate->features};
    return mw_family_finish(&slate->family, &members, err);
}

mw_status mw_slate_fill(mw_slate *slate, mw_engine *engine, const mw_moment *announced,
                        mw_error *err) {
    slate->t = announced->t;
    slate->place = announced->place;
    slate->count = 0;
    MW_TRY(expand(slate, announced, err));
    mw_status status = work_out(slate, engine, err);
    if (status != MW_OK) slate->count = 0;
    return status;
}

/* --- reading -------------------------------------------------------------------------------- */

size_t mw_slate_count(const mw_slate *slate) {
    return slate->count;
}

mw_moment mw_slate_moment(const mw_slate *slate, size_t index) {
    return (mw_moment){slate->t, slate->place, slate->rows + index * slate->width};
}

uint64_t mw_slate_overflowed(const mw_slate *slate) {
    return slate->family.values_overflowed;
}
uint64_t mw_slate_lists_counted(const mw_slate *slate) {
    return slate->family.lengths.counted;
}

const mw_cell *mw_slate_features(const mw_slate *slate, size_t index) {
    return slate->features + index * slate->config.model->feature_count;
}
