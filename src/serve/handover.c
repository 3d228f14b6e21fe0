#include "serve/handover.h"

#include <string.h>

#include "table/passing.h"

#define KEPT_SIZE_MAX ((size_t)1 << 32)
enum { KEPT_MOMENTS_MAX = 1 << 28 };

void mw_handover_init(mw_handover *handover, mw_symbols *symbols) {
    *handover = (mw_handover){.symbols = symbols};
    mw_arena_init(&handover->arena, KEPT_SIZE_MAX);
}

void mw_handover_release(mw_handover *handover) {
    mw_arena_release(&handover->arena);
    mw_free(handover->items);
}

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "handover: no memory for a moment");
}

mw_status mw_handover_begin(mw_handover *handover, mw_str stream, int64_t offset_us,
                            mw_error *err) {
    mw_str copy = mw_str_copy(&handover->arena, stream);
    if (!copy.data) return no_memory(err);
    handover->stream = copy;
    handover->offset_us = offset_us;
    return MW_OK;
}

static void keep_texts(const mw_handover *handover, const mw_schema *schema,
                       const mw_cell *features) {
    for (size_t i = 0; i < schema->field_count; i++)
        if (mw_type_is_symbol(schema->fields[i].type))
            mw_passing_keep(handover->symbols, features[i].symbol);
}

static mw_status add(mw_handover *handover, const mw_prediction *prediction,
                     const mw_schema *schema, int64_t before_t, mw_error *err) {
    size_t feature_count = schema->field_count;
    mw_cell *features = mw_arena_alloc(&handover->arena, feature_count + 1, sizeof *features);
    mw_str id = mw_str_copy(&handover->arena, prediction->event_id);
    if (!features || !id.data ||
        !mw_grow((void **)&handover->items, &handover->capacity, handover->count + 1,
                 sizeof *handover->items, KEPT_MOMENTS_MAX))
        return no_memory(err);
    memcpy(features, prediction->features, feature_count * sizeof *features);
    keep_texts(handover, schema, features);
    mw_kept_moment kept = {before_t, *prediction};
    kept.prediction.features = features;
    kept.prediction.event_id = id;
    handover->items[handover->count++] = kept;
    return MW_OK;
}

mw_status mw_handover_keep(mw_handover *handover, const mw_decider *decider,
                           const mw_prediction *prediction, int64_t reached, mw_error *err) {
    const mw_model_program *model = mw_decider_model(decider);
    const mw_stream *stream = &mw_decider_program(decider)->streams[model->moment_stream];
    int64_t before_t = prediction->t - model->moment_offset_us + handover->offset_us;
    if (!handover->stream.data || !mw_str_equal(handover->stream, stream->name) ||
        before_t <= reached)
        return MW_OK;
    return add(handover, prediction, mw_decider_features(decider), before_t, err);
}
