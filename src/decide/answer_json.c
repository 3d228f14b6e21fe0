#include "decide/answer_json.h"

void mw_classes_write_json(mw_json *json, mw_classes classes) {
    mw_json_object(json);
    for (size_t i = 0; i < classes.names.count; i++) {
        mw_json_key_str(json, classes.names.items[i]);
        mw_json_number(json, classes.probabilities[i]);
    }
    mw_json_object_end(json);
}

static void write_class(mw_json *json, const mw_prediction *prediction) {
    mw_json_key(json, "prediction");
    if (prediction->class_name.size > 0) mw_json_str(json, prediction->class_name);
    else mw_json_null(json);
    mw_json_put_number(json, "probability", prediction->prediction);
}

static void write_probabilities(mw_json *json, mw_classes classes) {
    mw_json_key(json, "probabilities");
    if (classes.names.count > 0) mw_classes_write_json(json, classes);
    else mw_json_null(json);
}

static void write(mw_json *json, const mw_prediction *prediction, bool is_brief) {
    bool is_class = prediction->kind == MW_ANSWER_CLASS;
    if (is_class) write_class(json, prediction);
    else mw_json_put_number(json, "prediction", prediction->prediction);
    if (is_class && !is_brief) write_probabilities(json, prediction->classes);
    mw_json_key(json, "decision");
    if (mw_answer_kind_decides(prediction->kind)) mw_json_bool(json, prediction->decision);
    else mw_json_null(json);
}

void mw_answer_write_brief(mw_json *json, const mw_prediction *prediction) {
    write(json, prediction, true);
}

void mw_answer_write_json(mw_json *json, const mw_prediction *prediction) {
    write(json, prediction, false);
}
