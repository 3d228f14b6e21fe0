#include "model/library_model.h"

#include <yyjson.h>

#include "model/lightgbm_text.h"
#include "model/ubjson.h"
#include "model/xgboost_model.h"

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "the model file: out of memory");
}

/* --- lists of texts ---------------------------------------------------------------------- */

/* A category's name as a cell of our tables would spell it: 3 for 3.0, true for true. */
static mw_str text_of_value(mw_arena *arena, yyjson_val *value) {
    mw_buf text;
    mw_buf_init(&text, SIZE_MAX);
    if (yyjson_is_str(value)) mw_buf_append(&text, yyjson_get_str(value), yyjson_get_len(value));
    else if (yyjson_is_true(value)) mw_buf_append_text(&text, "true");
    else if (yyjson_is_false(value)) mw_buf_append_text(&text, "false");
    else if (yyjson_is_num(value)) mw_buf_append_double(&text, yyjson_get_num(value));
    mw_str copy = text.failed ? (mw_str){0} : mw_str_copy(arena, mw_buf_str(&text));
    mw_buf_release(&text);
    return copy;
}

static mw_status read_texts(mw_arena *arena, yyjson_val *list, mw_values *out_texts,
                            mw_error *err) {
    size_t count = yyjson_arr_size(list), index, max;
    yyjson_val *value;
    mw_str *texts = mw_arena_alloc(arena, count, sizeof *texts);
    if (!texts) return no_memory(err);
    yyjson_arr_foreach(list, index, max, value) {
        texts[index] = text_of_value(arena, value);
        if (!texts[index].data) return no_memory(err);
    }
    *out_texts = (mw_values){texts, count};
    return MW_OK;
}

static mw_str text_at(mw_arena *arena, yyjson_val *object, const char *key) {
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_str(value) ? text_of_value(arena, value) : MW_STR("");
}

/* --- LightGBM ---------------------------------------------------------------------------- */

/* What follows the last line that begins with `key`; empty if there is none. */
static mw_str line_after(mw_str text, const char *key) {
    mw_str line, found = MW_STR("");
    while (mw_str_split(&text, '\n', &line))
        if (mw_str_starts(line, mw_str_of(key)))
            found = mw_str_trim(mw_str_slice(line, mw_str_of(key).size, line.size));
    return found;
}

/* pandas_categorical:[["JFK", "LGA"], [1, 2]], or null. */
static mw_status read_pandas(mw_arena *arena, mw_str text, mw_library_model *model,
                             mw_error *err) {
    mw_str json = line_after(text, "pandas_categorical:");
    yyjson_doc *doc = json.size > 0 ? yyjson_read(json.data, json.size, 0) : NULL;
    yyjson_val *lists = yyjson_doc_get_root(doc), *list;
    size_t count = yyjson_arr_size(lists), index, max;
    mw_status status = MW_OK;
    mw_values *categories = mw_arena_alloc(arena, count, sizeof *categories);
    if (!categories) status = no_memory(err);
    if (status == MW_OK)
        yyjson_arr_foreach(lists, index, max, list)
            if (status == MW_OK) status = read_texts(arena, list, &categories[index], err);
    yyjson_doc_free(doc);
    model->categories = categories;
    model->category_list_count = count;
    return status;
}

static mw_status read_lightgbm(mw_arena *arena, mw_str text, mw_library_model *model,
                               mw_error *err) {
    model->kind = MW_LIBRARY_LIGHTGBM;
    model->library = MW_STR("lightgbm");
    MW_TRY(mw_lightgbm_text_read(arena, text, &model->forest, err));
    uint32_t feature_count = mw_forest_facts(model->forest).feature_count, count = 0;
    mw_str *names = mw_arena_alloc(arena, feature_count, sizeof *names);
    model->version = mw_str_copy(arena, line_after(text, "version="));
    model->objective = mw_str_copy(arena, line_after(text, "objective="));
    mw_str rest = mw_str_copy(arena, line_after(text, "feature_names=")), word;
    if (!names || !model->version.data || !model->objective.data || !rest.data)
        return no_memory(err);
    while (mw_str_split(&rest, ' ', &word) && count < feature_count) names[count++] = word;
    if (count == feature_count) model->feature_names = names;
    return read_pandas(arena, text, model, err);
}

/* --- XGBoost ----------------------------------------------------------------------------- */

/* {"offsets": [0, 2, 3], "values": [122, 122, 98]}: texts as bytes, end to end. */
static mw_status read_packed(mw_arena *arena, yyjson_val *offsets, yyjson_val *bytes,
                             mw_values *out_texts, mw_error *err) {
    size_t size = yyjson_arr_size(bytes), count = yyjson_arr_size(offsets), index, max;
    yyjson_val *value;
    char *packed = mw_arena_alloc(arena, size, 1);
    size_t *ends = mw_arena_alloc(arena, count, sizeof *ends);
    mw_str *texts = mw_arena_alloc(arena, count, sizeof *texts);
    if (!packed || !ends || !texts) return no_memory(err);
    yyjson_arr_foreach(bytes, index, max, value) packed[index] = (char)yyjson_get_sint(value);
    yyjson_arr_foreach(offsets, index, max, value) ends[index] = (size_t)yyjson_get_uint(value);
    for (size_t i = 1; i < count; i++) {
        if (ends[i - 1] > ends[i] || ends[i] > size)
            return mw_fail(err, MW_MALFORMED, "xgboost: cats: offsets must ascend within values");
        texts[i - 1] = (mw_str){packed + ends[i - 1], ends[i] - ends[i - 1]};
    }
    *out_texts = (mw_values){texts, count > 0 ? count - 1 : 0};
    return MW_OK;
}

/* An item for each feature; of one that is no category it is empty, and left out here. */
static mw_status read_cats(mw_arena *arena, yyjson_val *cats, mw_library_model *model,
                           mw_error *err) {
    yyjson_val *items = yyjson_obj_get(cats, "enc"), *item;
    size_t index, max;
    mw_values *lists = mw_arena_alloc(arena, yyjson_arr_size(items), sizeof *lists);
    if (!lists) return no_memory(err);
    yyjson_arr_foreach(items, index, max, item) {
        mw_values *list = &lists[model->category_list_count];
        yyjson_val *offsets = yyjson_obj_get(item, "offsets");
        yyjson_val *values = yyjson_obj_get(item, "values");
        if (offsets) MW_TRY(read_packed(arena, offsets, values, list, err));
        else MW_TRY(read_texts(arena, values, list, err));
        model->category_list_count += list->count > 0;
    }
    model->categories = lists;
    return MW_OK;
}

static mw_status read_learner(mw_arena *arena, yyjson_val *root, mw_library_model *model,
                              mw_error *err) {
    yyjson_val *learner = yyjson_obj_get(root, "learner"), *number;
    yyjson_val *gradient = yyjson_obj_get(learner, "gradient_booster");
    yyjson_val *gbtree = yyjson_obj_get(gradient, "gbtree");
    yyjson_val *booster = yyjson_obj_get(gbtree ? gbtree : gradient, "model");
    model->objective = text_at(arena, yyjson_obj_get(learner, "objective"), "name");
    mw_values names;
    MW_TRY(read_texts(arena, yyjson_obj_get(learner, "feature_names"), &names, err));
    if (names.count == mw_forest_facts(model->forest).feature_count)
        model->feature_names = names.items;
    mw_buf version;
    mw_buf_init(&version, SIZE_MAX);
    size_t index, max;
    yyjson_arr_foreach(yyjson_obj_get(root, "version"), index, max, number)
        mw_buf_printf(&version, "%s%lld", index > 0 ? "." : "", (long long)yyjson_get_sint(number));
    model->version = mw_str_copy(arena, mw_buf_str(&version));
    mw_buf_release(&version);
    if (!model->version.data || !model->objective.data) return no_memory(err);
    return read_cats(arena, yyjson_obj_get(booster, "cats"), model, err);
}

static mw_status read_xgboost(mw_arena *arena, mw_str bytes, mw_library_model *model,
                              mw_error *err) {
    model->kind = MW_LIBRARY_XGBOOST;
    model->library = MW_STR("xgboost");
    mw_buf json;
    mw_buf_init(&json, SIZE_MAX);
    mw_status status = mw_xgboost_json(bytes, &json, err);
    mw_str text = mw_buf_str(&json);
    if (status == MW_OK) status = mw_xgboost_read(arena, text, &model->forest, err);
    if (status == MW_OK) {
        yyjson_doc *doc = yyjson_read(text.data, text.size, YYJSON_READ_ALLOW_INF_AND_NAN);
        status = doc ? read_learner(arena, yyjson_doc_get_root(doc), model, err) : no_memory(err);
        yyjson_doc_free(doc);
    }
    mw_buf_release(&json);
    return status;
}

mw_status mw_library_model_read(mw_arena *arena, mw_str bytes, mw_library_model *out_model,
                                mw_error *err) {
    mw_library_model model = {.forest = NULL};
    if (mw_str_starts(bytes, MW_STR("tree"))) MW_TRY(read_lightgbm(arena, bytes, &model, err));
    else if (mw_str_starts(bytes, MW_STR("{"))) MW_TRY(read_xgboost(arena, bytes, &model, err));
    else {
        mw_status status = mw_fail(err, MW_MALFORMED,
                                   "the model file must be LightGBM's text, or XGBoost's JSON or "
                                   "UBJSON");
        return mw_hint(err, status, "Both libraries write it with booster.save_model(FILE).");
    }
    *out_model = model;
    return MW_OK;
}
