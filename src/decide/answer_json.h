/*
 * answer_json: what a prediction says, as members of a JSON object, for programs.
 *
 * Yes or no: "prediction" (the probability, or the score) and "decision". A number: itself, and a
 * decision of null. A class: its name, its "probability", "probabilities" of all classes where
 * they are at hand (null where not), and a decision of null.
 */
#pragma once
#include "base/json.h"
#include "decide/prediction.h"

/* {"billing": 0.71, ...}, in the order that they have. */
void mw_classes_write_json(mw_json *json, mw_classes classes);
/* All but the probabilities of other classes: "prediction", "probability", "decision". */
void mw_answer_write_brief(mw_json *json, const mw_prediction *prediction);
void mw_answer_write_json(mw_json *json, const mw_prediction *prediction);
