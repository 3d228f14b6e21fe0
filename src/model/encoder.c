#include "model/encoder.h"

#include <math.h>

struct mw_encoder {
    mw_model_features features;
    const mw_dictionary **dictionaries; /* NULL for features that are not symbols */
};

mw_status mw_encoder_create(mw_arena *arena, mw_symbols *symbols, mw_model_features features,
                            const mw_encoder **out_encoder, mw_error *err) {
    mw_encoder *encoder = mw_arena_alloc(arena, 1, sizeof *encoder);
    const mw_dictionary **dictionaries =
        mw_arena_alloc(arena, features.count, sizeof *dictionaries);
    if (!encoder || !dictionaries) return mw_fail(err, MW_NO_MEMORY, "encoder: out of memory");
    for (size_t i = 0; i < features.count; i++) {
        const mw_model_feature *feature = &features.items[i];
        if (!mw_type_is_symbol(feature->type)) continue;
        mw_status status =
            mw_dictionary_create(arena, symbols, feature->values, &dictionaries[i], err);
        if (status != MW_OK)
            return mw_fail_within(err, status, "feature %.*s", MW_STR_ARGS(feature->name));
    }
    *encoder = (mw_encoder){.features = features, .dictionaries = dictionaries};
    *out_encoder = encoder;
    return MW_OK;
}

static double in_seconds(int64_t us) {
    return (double)us / MW_SECOND_US;
}

size_t mw_encoder_run(const mw_encoder *encoder, const mw_cell *cells, double *out_values) {
    size_t unseen = 0;
    for (size_t i = 0; i < encoder->features.count; i++) {
        mw_type type = encoder->features.items[i].type;
        mw_cell cell = cells[i];
        if (mw_cell_is_missing(type, cell)) {
            out_values[i] = NAN;
        } else if (mw_type_is_symbol(type)) {
            int32_t number = mw_dictionary_find(encoder->dictionaries[i], cell.symbol);
            out_values[i] = number == MW_DICTIONARY_UNKNOWN ? NAN : (double)number;
            unseen += number == MW_DICTIONARY_UNKNOWN;
        } else if (type == MW_TYPE_NUMBER) {
            out_values[i] = cell.number;
        } else if (type == MW_TYPE_BOOL) {
            out_values[i] = cell.boolean == MW_TRUE;
        } else {
            out_values[i] = in_seconds(cell.time);
        }
        const mw_model_feature *feature = &encoder->features.items[i];
        for (size_t t = 0; t < feature->transform_count; t++)
            out_values[i] = mw_transform_apply(&feature->transforms[t], out_values[i]);
    }
    return unseen;
}
