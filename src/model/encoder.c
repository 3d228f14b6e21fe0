#include "model/encoder.h"

#include <math.h>

/* One step of features that are transformed together: the share of each; NULL: each by itself. */
typedef const mw_transform *const *step;

struct mw_encoder {
    mw_model_features features;
    const mw_dictionary **dictionaries; /* NULL for features that are not symbols */
    const step **steps; /* of those with which others begin; NULL for the rest */
    unsigned char *types;
    size_t *transformed; /* features that are transformed, each or as the first of several */
    size_t transformed_count;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "encoder: out of memory");
}

static mw_status list_steps(mw_arena *arena, const mw_model_feature *first,
                            const step **out_steps, mw_error *err) {
    step *steps = mw_arena_alloc(arena, first->transform_count, sizeof *steps);
    if (!steps) return no_memory(err);
    for (size_t t = 0; t < first->transform_count; t++) {
        if (!mw_transform_is_joint(first->transforms[t].kind)) continue;
        const mw_transform **shares = mw_arena_alloc(arena, first->together, sizeof *shares);
        if (!shares) return no_memory(err);
        for (size_t i = 0; i < first->together; i++) shares[i] = &first[i].transforms[t];
        steps[t] = shares;
    }
    *out_steps = steps;
    return MW_OK;
}

/* How many features are transformed together, from this one on. */
static size_t span_of(const mw_model_feature *feature) {
    return feature->together > 0 ? feature->together : 1;
}

/* Once for a version: small is better than fast. */
__attribute__((cold)) mw_status mw_encoder_create(mw_arena *arena, mw_symbols *symbols,
                                                  mw_model_features features,
                                                  const mw_encoder **out_encoder,
                                                  mw_error *err) {
    mw_encoder *encoder = mw_arena_alloc(arena, 1, sizeof *encoder);
    const mw_dictionary **dictionaries =
        mw_arena_alloc(arena, features.count, sizeof *dictionaries);
    const step **steps = mw_arena_alloc(arena, features.count, sizeof *steps);
    unsigned char *types = mw_arena_alloc(arena, features.count, sizeof *types);
    size_t *transformed = mw_arena_alloc(arena, features.count, sizeof *transformed);
    if (!encoder || !dictionaries || !steps || !types || !transformed) return no_memory(err);
    for (size_t i = 0; i < features.count; i++) {
        const mw_model_feature *feature = &features.items[i];
        types[i] = (unsigned char)feature->type;
        if (feature->together > 0) MW_TRY(list_steps(arena, feature, &steps[i], err));
        if (!mw_type_is_symbol(feature->type)) continue;
        mw_status status =
            mw_dictionary_create(arena, symbols, feature->values, &dictionaries[i], err);
        if (status != MW_OK)
            return mw_fail_within(err, status, "feature %.*s", MW_STR_ARGS(feature->name));
    }
    *encoder = (mw_encoder){features, dictionaries, steps, types, transformed, 0};
    for (size_t i = 0; i < features.count; i += span_of(&features.items[i]))
        if (features.items[i].transform_count > 0)
            transformed[encoder->transformed_count++] = i;
    *out_encoder = encoder;
    return MW_OK;
}

static double in_seconds(int64_t us) {
    return (double)us / MW_SECOND_US;
}

/* The transforms of a feature, or of those that begin with it. */
static void transform(const mw_encoder *encoder, size_t index, double *values) {
    const mw_model_feature *feature = &encoder->features.items[index];
    const step *steps = encoder->steps[index];
    size_t together = span_of(feature);
    for (size_t t = 0; t < feature->transform_count; t++)
        if (steps && steps[t])
            mw_transform_apply_jointly(steps[t], values, together);
        else
            for (size_t i = 0; i < together; i++)
                values[i] = mw_transform_apply(&feature[i].transforms[t], values[i]);
}

size_t mw_encoder_run(const mw_encoder *encoder, const mw_cell *cells, double *out_values) {
    size_t unseen = 0;
    for (size_t i = 0; i < encoder->features.count; i++) {
        mw_type type = (mw_type)encoder->types[i];
        mw_cell cell = cells[i];
        if (type == MW_TYPE_NUMBER) {
            out_values[i] = cell.number; /* one that is missing is NaN already */
        } else if (mw_cell_is_missing(type, cell)) {
            out_values[i] = NAN;
        } else if (mw_type_is_symbol(type)) {
            int32_t number = mw_dictionary_find(encoder->dictionaries[i], cell.symbol);
            out_values[i] = number == MW_DICTIONARY_UNKNOWN ? NAN : (double)number;
            unseen += number == MW_DICTIONARY_UNKNOWN;
        } else if (type == MW_TYPE_BOOL) {
            out_values[i] = cell.boolean == MW_TRUE;
        } else {
            out_values[i] = in_seconds(cell.time);
        }
    }
    for (size_t i = 0; i < encoder->transformed_count; i++)
        transform(encoder, encoder->transformed[i], out_values + encoder->transformed[i]);
    return unseen;
}
