/*
 * prediction: one recorded prediction as a value, its id, and its bytes in the log.
 *
 * A prediction is named by its place: stamps never repeat in a log. It carries all that a
 * replay needs to say whether it would come out the same: the moment's t and place, the id of
 * the event it was made for, the version, and each feature's cell in canonical bytes. Of classes
 * it keeps the one that was answered: the others' probabilities follow from features and version.
 */
#pragma once
#include "lang/program.h"
#include "model/classes.h"
#include "table/answer_kind.h"

enum { MW_PREDICTION_ID_SIZE = 14 }; /* "p" and 13 digits of base 32 */

/* Why the fallback answered (decide/decider.h). name, word; their numbers stand in logs */
#define MW_FALLBACK_REASON_MAP(X) \
    X(NONE, "") /* it did not: this is the version's own answer */ \
    X(NO_VERSION, "no_version") X(FAILED, "failed") X(NOT_A_NUMBER, "not_a_number") \
    X(MISSING, "missing_features") X(BREAKER, "breaker_open") X(CHECK, "check_failed")

typedef enum {
#define X(name, word) MW_BECAUSE_##name,
    MW_FALLBACK_REASON_MAP(X)
#undef X
    MW_BECAUSE_COUNT
} mw_fallback_reason;
const char *mw_fallback_reason_word(mw_fallback_reason reason);

typedef struct {
    int64_t place;     /* of the moment; its stamp */
    int64_t t;
    mw_str model, version;
    mw_str event_id;   /* the id of the moment's event, values joined by '|' */
    uint32_t element_size; /* with `each`, how many bytes at its end are the element and its '|' */
    mw_answer_kind kind;
    double prediction; /* the probability of yes or of the class, the number or the score */
    bool decision;     /* prediction >= the version's threshold; false where nothing decides */
    mw_str class_name; /* of a class: which; empty: none, and the prediction is NaN */
    mw_classes classes; /* of a class: all that the version knows; none in what is read back */
    mw_fallback_reason fallback;
    bool is_blind;     /* the fallback answered without features: all of them are missing */
    const mw_cell *features; /* of the version's types; feature_count of them */
} mw_prediction;

/* The id of the event alone, without an element. */
mw_str mw_prediction_announced(const mw_prediction *prediction);

/* Writes the id with a NUL; sorts as the place does. */
void mw_prediction_id(int64_t place, char out_id[MW_PREDICTION_ID_SIZE + 1]);
MW_MUST_USE bool mw_prediction_id_parse(mw_str id, int64_t *out_place);

/* Elements of an event without an id bear no name that tells them apart; their order does: they are
   recorded one after the other, all at one place, which is the stamp of the first. */
typedef struct {
    int64_t place;
    size_t number;
} mw_prediction_order;
#define MW_PREDICTION_ORDER ((mw_prediction_order){INT64_MIN, SIZE_MAX})
/* Which of the elements the prediction was made for, from 0. All that a model with `each` has
   recorded are to be handed in, in the order of their stamps. SIZE_MAX: the first of the event's
   was not. */
size_t mw_prediction_number(mw_prediction_order *order, const mw_prediction *prediction,
                            int64_t stamp);

void mw_prediction_append(mw_buf *out, const mw_prediction *prediction,
                          const mw_schema *features, const mw_symbols *symbols);
/* Reads back; texts are views into `bytes`, features go to `out_features` (as many as the
   schema has). MW_CORRUPT if the bytes are not a prediction with these features. */
MW_MUST_USE mw_status mw_prediction_read(mw_str bytes, const mw_schema *features,
                                         mw_symbols *symbols, mw_cell *out_features,
                                         mw_prediction *out_prediction, mw_error *err);
/* Only what stands before the features: enough to find the version whose types they have. */
MW_MUST_USE mw_status mw_prediction_read_head(mw_str bytes, mw_prediction *out_prediction,
                                              mw_error *err);
