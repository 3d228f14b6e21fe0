#include "train/imported.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "model/classes.h"
#include "model/forest_remap.h"
#include "train/objective.h"

typedef struct {
    mw_arena *arena;
    const mw_library_model *model;
    const mw_schema *schema;
    mw_forest_head head;
    mw_feature_move *moves; /* of the model's features */
    mw_values *values;      /* of the project's */
    size_t lists_taken;
    mw_error *err;
} fitting;

static mw_status no_memory(fitting *f) {
    return mw_fail(f->err, MW_NO_MEMORY, "the imported model: out of memory");
}

/* A category of the file: its name, and its number there. */
typedef struct {
    mw_str name;
    uint32_t number;
} named;

static int compare_names(const void *a, const void *b) {
    return mw_str_compare(((const named *)a)->name, ((const named *)b)->name);
}

/* Sorts a list of the file into a dictionary, and notes where each of its numbers went. */
static mw_status take_list(fitting *f, mw_values list, const mw_field *field,
                           mw_feature_move *move) {
    named *items = mw_arena_alloc(f->arena, list.count, sizeof *items);
    mw_str *sorted = mw_arena_alloc(f->arena, list.count, sizeof *sorted);
    uint32_t *numbers = mw_arena_alloc(f->arena, list.count, sizeof *numbers);
    if (!items || !sorted || !numbers) return no_memory(f);
    if (list.count > MW_DICTIONARY_VALUES_MAX)
        return mw_fail(f->err, MW_TOO_LARGE, "feature %.*s: at most %d categories fit, got %zu",
                       MW_STR_ARGS(field->name), MW_DICTIONARY_VALUES_MAX, list.count);
    for (size_t i = 0; i < list.count; i++) items[i] = (named){list.items[i], (uint32_t)i};
    qsort(items, list.count, sizeof *items, compare_names);
    for (size_t i = 0; i < list.count; i++) {
        if (i > 0 && mw_str_equal(items[i].name, items[i - 1].name))
            return mw_fail(f->err, MW_INVALID, "feature %.*s: its category \"%.*s\" stands twice",
                           MW_STR_ARGS(field->name), MW_STR_ARGS(items[i].name));
        sorted[i] = items[i].name;
        numbers[items[i].number] = (uint32_t)i;
    }
    f->values[move->feature] = (mw_values){sorted, list.count};
    move->categories = numbers;
    move->category_count = list.count;
    return MW_OK;
}

static mw_status unknown_feature(fitting *f, mw_str name) {
    mw_status status = mw_fail(f->err, MW_INVALID,
                               "the model's feature %.*s is no feature of the project",
                               MW_STR_ARGS(name));
    mw_nearest nearest = mw_nearest_to(name);
    for (size_t i = 0; i < f->schema->field_count; i++)
        mw_nearest_offer(&nearest, f->schema->fields[i].name);
    if (nearest.found.size > 0) return mw_hint_nearest(f->err, status, &nearest);
    return mw_hint(f->err, status, "Train it on columns named as in millwright features list.");
}

static mw_status match_feature(fitting *f, uint32_t i, bool *is_used) {
    mw_str name = f->model->feature_names[i];
    int32_t at = mw_schema_find(f->schema, name);
    if (at == MW_NO_FIELD) return unknown_feature(f, name);
    if (is_used[at])
        return mw_fail(f->err, MW_INVALID, "the model has two features %.*s", MW_STR_ARGS(name));
    is_used[at] = true;
    f->moves[i] = (mw_feature_move){.feature = (uint32_t)at};
    const mw_field *field = &f->schema->fields[at];
    if (!mw_type_is_symbol(field->type)) return MW_OK;
    if (f->lists_taken < f->model->category_list_count)
        return take_list(f, f->model->categories[f->lists_taken++], field, &f->moves[i]);
    mw_status status = mw_fail(f->err, MW_INVALID,
                               "feature %.*s is a category, but the file does not name its values",
                               MW_STR_ARGS(field->name));
    return mw_hint(f->err, status, "Train on a pandas frame in which it is a category, with "
                                   "LightGBM or XGBoost from 3.1 on.");
}

static mw_status match_features(fitting *f, size_t *out_unused) {
    bool *is_used = mw_arena_alloc(f->arena, f->schema->field_count, sizeof *is_used);
    if (!is_used) return no_memory(f);
    if (!f->model->feature_names) {
        mw_status status = mw_fail(f->err, MW_INVALID, "the model file names no features");
        return mw_hint(f->err, status, "Train it on columns named as in millwright features list.");
    }
    for (uint32_t i = 0; i < f->head.feature_count; i++) MW_TRY(match_feature(f, i, is_used));
    *out_unused = f->schema->field_count - f->head.feature_count;
    if (f->lists_taken == f->model->category_list_count) return MW_OK;
    mw_status status = mw_fail(f->err, MW_INVALID,
                               "the file names the categories of %zu features, but %zu of its "
                               "features are categories of the project",
                               f->model->category_list_count, f->lists_taken);
    return mw_hint(f->err, status, "What is a number here must have been trained as a number.");
}

/* As many names as the forest has classes, each another. */
static mw_status match_classes(fitting *f, mw_values classes) {
    uint32_t count = f->head.class_count;
    if (classes.count == 0) {
        mw_status status = mw_fail(f->err, MW_INVALID,
                                   "the file has %u classes and does not name them", count);
        return mw_hint(f->err, status, "Say which they are, in the order of its numbers from 0 on: "
                                       "--classes NAME,NAME,...");
    }
    if (classes.count != count)
        return mw_fail(f->err, MW_INVALID, "the file has %u classes, and %zu are named", count,
                       classes.count);
    if (mw_classes_are_sound(classes)) return MW_OK;
    return mw_fail(f->err, MW_INVALID, "its classes must be %d to %d, each with a name of its own",
                   MW_CLASSES_MIN, MW_CLASSES_MAX);
}

static mw_status write_settings(fitting *f, mw_str file_bytes, mw_str *out_settings) {
    mw_sha256 sha;
    char hex[MW_SHA256_HEX_SIZE + 1];
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, file_bytes);
    mw_sha256_hex(&sha, hex);
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_buf_printf(&text, "library=%.*s version=%.*s objective=\"%.*s\" sha256=%s",
                  MW_STR_ARGS(f->model->library), MW_STR_ARGS(f->model->version),
                  MW_STR_ARGS(f->model->objective), hex);
    mw_status status = mw_buf_check(&text, "the import's settings", f->err);
    *out_settings = mw_str_copy(f->arena, mw_buf_str(&text));
    mw_buf_release(&text);
    return status == MW_OK && !out_settings->data ? no_memory(f) : status;
}

mw_status mw_imported_make(mw_arena *arena, const mw_library_model *model, mw_str file_bytes,
                           mw_imported_wish wish, mw_imported *out_imported, mw_error *err) {
    const mw_schema *schema = wish.features;
    fitting f = {.arena = arena,
                 .model = model,
                 .schema = schema,
                 .head = mw_forest_facts(model->forest),
                 .err = err};
    mw_imported imported = {.unused_count = 0};
    f.moves = mw_arena_alloc(arena, f.head.feature_count, sizeof *f.moves);
    f.values = mw_arena_alloc(arena, schema->field_count, sizeof *f.values);
    if (!f.moves || !f.values) return no_memory(&f);
    MW_TRY(mw_objective_answer(model, wish.label, &imported.answer, err));
    if (imported.answer == MW_ANSWER_CLASS) {
        MW_TRY(match_classes(&f, wish.classes));
        imported.classes = wish.classes;
    }
    MW_TRY(match_features(&f, &imported.unused_count));
    MW_TRY(mw_forest_remap(arena, model->forest, f.moves, (uint32_t)schema->field_count,
                           &imported.forest, err));
    MW_TRY(write_settings(&f, file_bytes, &imported.settings));
    imported.values = f.values;
    *out_imported = imported;
    return MW_OK;
}
