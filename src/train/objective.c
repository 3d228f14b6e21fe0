#include "train/objective.h"

/* What objectives give, as bits: some models of a share may stand for a yes or for a number. */
enum { YES = 1 << MW_ANSWER_YES_NO, NUMBER = 1 << MW_ANSWER_NUMBER, CLASSES = 1 << MW_ANSWER_CLASS,
       SCORE = 1 << MW_ANSWER_SCORE };

typedef struct {
    const char *name;
    unsigned gives;
} objective;

static const objective of_lightgbm[] = {
    {"binary", YES},         {"cross_entropy", YES | NUMBER}, {"regression", NUMBER},
    {"regression_l1", NUMBER}, {"huber", NUMBER},             {"fair", NUMBER},
    {"quantile", NUMBER},    {"mape", NUMBER},                {"poisson", NUMBER},
    {"gamma", NUMBER},       {"tweedie", NUMBER},             {"multiclass", CLASSES},
    {"multiclassova", CLASSES}, {"lambdarank", SCORE},        {"rank_xendcg", SCORE},
};
static const objective of_xgboost[] = {
    {"binary:logistic", YES},      {"reg:logistic", YES | NUMBER}, {"binary:logitraw", SCORE},
    {"reg:squarederror", NUMBER},  {"reg:linear", NUMBER},         {"reg:squaredlogerror", NUMBER},
    {"reg:absoluteerror", NUMBER}, {"reg:quantileerror", NUMBER},  {"reg:pseudohubererror", NUMBER},
    {"count:poisson", NUMBER},     {"reg:gamma", NUMBER},          {"reg:tweedie", NUMBER},
    {"multi:softprob", CLASSES},   {"rank:pairwise", SCORE},       {"rank:ndcg", SCORE},
    {"rank:map", SCORE},
};

/* LightGBM writes settings behind the name: "quantile alpha:0.9". */
static unsigned gives(const mw_library_model *model) {
    bool is_lightgbm = model->kind == MW_LIBRARY_LIGHTGBM;
    const objective *objectives = is_lightgbm ? of_lightgbm : of_xgboost;
    size_t count = is_lightgbm ? sizeof of_lightgbm / sizeof *of_lightgbm
                               : sizeof of_xgboost / sizeof *of_xgboost;
    mw_str rest = model->objective, name = MW_STR("");
    mw_str_split(&rest, ' ', &name);
    for (size_t i = 0; i < count; i++)
        if (mw_str_is(name, objectives[i].name)) return objectives[i].gives;
    return 0;
}

static const char *gives_text(unsigned given) {
    if (given & YES) return "a probability of yes";
    if (given & NUMBER) return "a number";
    if (given & CLASSES) return "a probability for each of its classes";
    if (given & SCORE) return "a score that ranks";
    return "nothing that a label could be";
}

static mw_status refuse(const mw_library_model *model, mw_type label, unsigned given,
                        mw_error *err) {
    static const char *const others[] = {
        [MW_ANSWER_YES_NO] = ("binary (LightGBM) and binary:logistic (XGBoost) give a probability "
                              "of yes, ranking ones a score."),
        [MW_ANSWER_NUMBER] = ("regression (LightGBM) and reg:squarederror (XGBoost) do, and others "
                              "that give one number. For a yes or no compare the label with a "
                              "number, as in `... = 1`."),
        [MW_ANSWER_CLASS] = "multiclass (LightGBM) and multi:softprob (XGBoost) do."};
    mw_status status = mw_fail(err, MW_INVALID,
                               "%.*s's objective %.*s gives %s, and the label is a %s",
                               MW_STR_ARGS(model->library), MW_STR_ARGS(model->objective),
                               gives_text(given), mw_type_name(label));
    return mw_hint(err, status, "%s", others[mw_answer_kind_of(label)]);
}

mw_status mw_objective_answer(const mw_library_model *model, mw_type label,
                              mw_answer_kind *out_kind, mw_error *err) {
    mw_answer_kind kind = mw_answer_kind_of(label);
    unsigned given = gives(model);
    if (kind == MW_ANSWER_YES_NO && (given & SCORE)) kind = MW_ANSWER_SCORE;
    if (!(given & 1u << kind)) return refuse(model, label, given, err);
    uint32_t count = mw_forest_facts(model->forest).class_count;
    if (count > 1 && kind != MW_ANSWER_CLASS)
        return mw_fail(err, MW_INVALID,
                       "%.*s's objective %.*s gives %u numbers a row, and must one",
                       MW_STR_ARGS(model->library), MW_STR_ARGS(model->objective), count);
    *out_kind = kind;
    return MW_OK;
}
