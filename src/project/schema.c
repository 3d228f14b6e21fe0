#include "project/schema.h"

#include "table/cell.h"

#define KEYS(array) .keys = (array), .key_count = sizeof(array) / sizeof *(array)
#define WORDS(array, in_force) .words = (array), .words_in_force = (in_force)

/* --- plain shapes --------------------------------------------------------------------------- */

static const mw_shape text = {.kind = MW_SHAPE_TEXT};
static const mw_shape name = {.kind = MW_SHAPE_NAME};
static const mw_shape names = {.kind = MW_SHAPE_NAMES};
static const mw_shape zone = {.kind = MW_SHAPE_ZONE};
static const mw_shape expression = {.kind = MW_SHAPE_EXPRESSION};
static const mw_shape expressions = {.kind = MW_SHAPE_MAP, .item = &expression};
static const mw_shape span = {.kind = MW_SHAPE_SPAN};
static const mw_shape size = {.kind = MW_SHAPE_SIZE};
static const mw_shape share = {.kind = MW_SHAPE_SHARE};
static const mw_shape number = {.kind = MW_SHAPE_NUMBER};
static const mw_shape numbers = {.kind = MW_SHAPE_MAP, .item = &number};
static const mw_shape amount = {.kind = MW_SHAPE_AMOUNT};
static const mw_shape texts = {.kind = MW_SHAPE_LIST, .item = &text};
static const mw_shape texts_by_name = {.kind = MW_SHAPE_MAP, .item = &text};
static const mw_shape text_or_texts = {.kind = MW_SHAPE_EITHER, .item = &texts, .other = &text};
static const mw_shape rate = {.kind = MW_SHAPE_RATE};
static const mw_shape per_positive = {.kind = MW_SHAPE_PER_POSITIVE};
static const mw_shape key_over = {.kind = MW_SHAPE_KEY_OVER};
static const mw_shape decision = {.kind = MW_SHAPE_DECISION};
static const mw_shape decisions = {.kind = MW_SHAPE_LIST, .item = &decision};
static const mw_shape output = {.kind = MW_SHAPE_OUTPUT};
static const mw_shape outputs = {.kind = MW_SHAPE_LIST, .item = &output};
static const mw_shape external = {.kind = MW_SHAPE_EXTERNAL};
static const mw_shape any = {.kind = MW_SHAPE_ANY};
static const mw_shape any_by_name = {.kind = MW_SHAPE_MAP, .item = &any};

/* --- streams -------------------------------------------------------------------------------- */

static const char *const type_words[] = {
#define X(type_name, word) word,
    MW_TYPE_MAP(X)
#undef X
        NULL,
};
static const mw_shape type = {.kind = MW_SHAPE_CHOICE, WORDS(type_words, MW_TYPE_COUNT)};
static const mw_shape types = {.kind = MW_SHAPE_MAP, .item = &type};

static const mw_shape_key column_check_keys[] = {
    {"in", &texts, MW_KEY_OPTIONAL, "the values that a row may have; missing ones pass"},
    {"min", &number, MW_KEY_OPTIONAL, "the smallest number that a row may have"},
    {"max", &number, MW_KEY_OPTIONAL, "the greatest number that a row may have"},
    {"missing", &share, MW_KEY_OPTIONAL, "the share of rows that may have no value"},
};
static const mw_shape column_check = {.kind = MW_SHAPE_RECORD, KEYS(column_check_keys)};

static const char *const unique_words[] = {"unique", NULL};
static const mw_shape unique = {.kind = MW_SHAPE_CHOICE, WORDS(unique_words, 1)};
static const mw_shape id_check = {.kind = MW_SHAPE_EITHER, .item = &column_check, .other = &unique};
static const mw_shape_key check_keys[] = {
    {"id", &id_check, MW_KEY_OPTIONAL, "`unique`: no two rows of one ingest have the same id"},
};
static const mw_shape checks = {.kind = MW_SHAPE_RECORD, KEYS(check_keys), .item = &column_check};

static const char *const repeats_words[] = {"drop", "keep", "refuse", NULL};
static const mw_shape repeats = {
    .kind = MW_SHAPE_CHOICE, WORDS(repeats_words, 1), .state = MW_KEY_NOT_BUILT};

static const mw_shape_key stream_keys[] = {
    {"from", &text_or_texts, MW_KEY_OPTIONAL, "where its rows come from: files, addresses"},
    {"types", &types, MW_KEY_OPTIONAL, "the type of a column, where the data leave it open"},
    {"missing", &text_or_texts, MW_KEY_OPTIONAL,
     "what stands for a missing value in CSV, beside the empty text; default `NA`"},
    {"zone", &zone, MW_KEY_OPTIONAL, "the zone of times that name none"},
    {"fields", &expressions, MW_KEY_OPTIONAL,
     "fields that are worked out from others, or by windows"},
    {"ask", &expressions, MW_KEY_OPTIONAL,
     "fields that a process is asked for, once, as an event enters: `PROCESS(FIELD, ...)`"},
    {"where", &expression, MW_KEY_OPTIONAL, "which rows are events of this stream"},
    {"units", &numbers, MW_KEY_OPTIONAL, "the factor that a column is multiplied by"},
    {"time", &expression, MW_KEY_COMPILED, "when an event happened; `always` for a static table"},
    {"known", &expression, MW_KEY_OPTIONAL,
     "when an event may be used from: `time + SPAN`, `time - SPAN` or a column; default `time`"},
    {"id", &names, MW_KEY_OPTIONAL, "the columns that say which instance an event belongs to"},
    {"clean", &texts_by_name, MW_KEY_OPTIONAL,
     "what to do with a value that is missing or breaks the column's checks: `default VALUE`, "
     "`drop` (the row) or `clip` (to the bounds)"},
    {"checks", &checks, MW_KEY_OPTIONAL, "what its rows must hold to"},
    {"later", &expressions, MW_KEY_OPTIONAL, "fields that become known later, each with its time"},
    {"late", &span, MW_KEY_OPTIONAL,
     "how long after its time and lag an event may become known; default 1h"},
    {"repeats", &repeats, MW_KEY_OPTIONAL,
     "what happens to a row that stands already; default `drop`"},
};
static const mw_shape stream = {.kind = MW_SHAPE_RECORD, KEYS(stream_keys)};
static const mw_shape streams = {.kind = MW_SHAPE_MAP, .item = &stream};

/* --- processes ------------------------------------------------------------------------------ */

static const char *const unanswered_words[] = {"missing", "refuse", NULL};
static const mw_shape unanswered_word = {.kind = MW_SHAPE_CHOICE, WORDS(unanswered_words, 2)};
static const mw_shape unanswered = {
    .kind = MW_SHAPE_EITHER, .item = &unanswered_word, .other = &number};
static const mw_shape_key process_keys[] = {
    {"command", &text, MW_KEY_REQUIRED,
     "the program and its arguments, split at blanks; it runs in the project's folder"},
    {"gives", &type, MW_KEY_REQUIRED, "the type of its answers"},
    {"timeout", &span, MW_KEY_OPTIONAL, "how long it may take over a batch of rows; default 1s"},
    {"batch", &number, MW_KEY_OPTIONAL, "the most rows that it is sent at once; default 256"},
    {"fallback", &unanswered, MW_KEY_OPTIONAL,
     "what stands where it does not answer: `missing`, this number, or nothing, for `refuse` "
     "takes no such row; default `missing`"},
};
static const mw_shape process = {.kind = MW_SHAPE_RECORD, KEYS(process_keys)};
static const mw_shape processes = {.kind = MW_SHAPE_MAP, .item = &process};

/* --- features ------------------------------------------------------------------------------- */

static const mw_shape_key feature_keys[] = {
    {"is", &expression, MW_KEY_REQUIRED, "the expression"},
    {"description", &text, MW_KEY_OPTIONAL, "what it is there for, in words"},
    {"owner", &text, MW_KEY_OPTIONAL, "who answers for it"},
    {"tags", &names, MW_KEY_OPTIONAL, "words to find it by"},
};
static const mw_shape feature_record = {.kind = MW_SHAPE_RECORD, KEYS(feature_keys)};
static const mw_shape feature = {
    .kind = MW_SHAPE_EITHER, .item = &feature_record, .other = &expression};
static const mw_shape features = {.kind = MW_SHAPE_MAP, .item = &feature};

/* --- models --------------------------------------------------------------------------------- */

static const mw_shape_key sample_keys[] = {
    {"keep", &share, MW_KEY_OPTIONAL, "the share of examples that are trained on"},
    {"where", &expression, MW_KEY_OPTIONAL, "the examples that are thinned out"},
    {"negatives", &per_positive, MW_KEY_OPTIONAL, "how many examples whose label is false"},
};
static const mw_shape sample = {.kind = MW_SHAPE_RECORD, KEYS(sample_keys)};

static const mw_shape_key binary_cost_keys[] = {
    {"false_alarm", &amount, MW_KEY_OPTIONAL, "what a false alarm costs"},
    {"miss", &amount, MW_KEY_OPTIONAL, "what a miss costs"},
    {"per", &key_over, MW_KEY_LATER, "what counts once"},
    {"over", &amount, MW_KEY_LATER, "what a unit too many costs"},
    {"under", &amount, MW_KEY_LATER, "what a unit too few costs"},
};
static const mw_shape binary_cost = {.kind = MW_SHAPE_RECORD, KEYS(binary_cost_keys)};
static const mw_shape_key action_cost_keys[] = {
    {"true", &expression, MW_KEY_REQUIRED, "what the action costs where the label is true"},
    {"false", &expression, MW_KEY_REQUIRED, "what the action costs where the label is false"},
};
static const mw_shape action_cost = {.kind = MW_SHAPE_RECORD, KEYS(action_cost_keys)};
static const mw_shape cost_by_action = {
    .kind = MW_SHAPE_MAP, .item = &action_cost, .state = MW_KEY_LATER};
static const mw_shape cost = {
    .kind = MW_SHAPE_EITHER, .item = &cost_by_action, .other = &binary_cost};

static const char *const learner_words[] = {"lightgbm", "xgboost", "linear", "rank", NULL};
static const mw_shape learner = {
    .kind = MW_SHAPE_CHOICE, WORDS(learner_words, 1), .state = MW_KEY_LATER};
static const char *const metric_words[] = {"roc_auc",           "average_precision", "log_loss",
                                           "calibration_error", "f1_macro",          "pinball",
                                           "ndcg@10",           "ndcg@20",           NULL};
static const mw_shape metric = {
    .kind = MW_SHAPE_CHOICE, WORDS(metric_words, 4), .state = MW_KEY_LATER};
static const char *const kind_words[] = {"binary", "number", "count", "class", "rank", NULL};
static const mw_shape kind = {.kind = MW_SHAPE_CHOICE, WORDS(kind_words, 1), .state = MW_KEY_LATER};

static const mw_shape_key goal_keys[] = {
    {"kpi", &text, MW_KEY_REQUIRED, "the figure that the model is there for"},
    {"from", &text, MW_KEY_OPTIONAL, "where it stands"},
    {"to", &text, MW_KEY_OPTIONAL, "where it should go"},
    {"owner", &text, MW_KEY_OPTIONAL, "who answers for it"},
};
static const mw_shape goal = {.kind = MW_SHAPE_RECORD, KEYS(goal_keys)};

static const mw_shape shares = {.kind = MW_SHAPE_MAP, .item = &share};
static const mw_shape_key review_keys[] = {
    {"queue", &name, MW_KEY_REQUIRED, "who looks"},
    {"ask", &rate, MW_KEY_REQUIRED, "how many they look at"},
    {"pick", &shares, MW_KEY_OPTIONAL, "which ones, by share"},
};
static const mw_shape review = {.kind = MW_SHAPE_RECORD, KEYS(review_keys)};

static const mw_shape_key model_keys[] = {
    {"question", &text, MW_KEY_OPTIONAL, "what is asked, in words"},
    {"purpose", &text, MW_KEY_OPTIONAL, "what the answer is for"},
    {"moment", &expression, MW_KEY_COMPILED,
     "what is predicted, and when: `on STREAM [at time - SPAN]` or "
     "`every SPAN for KEYS of STREAM`"},
    {"label", &expression, MW_KEY_COMPILED,
     "the truth, as it will be known: an expression that looks ahead; a bool is answered by a "
     "probability, a number by a number, a text by a class"},
    {"sample", &sample, MW_KEY_LATER, "which examples to train on"},
    {"kind", &kind, MW_KEY_OPTIONAL,
     "what the label is: its type says so, and nothing goes by this"},
    {"outputs", &outputs, MW_KEY_LATER, "what a prediction holds"},
    {"cost", &cost, MW_KEY_OPTIONAL, "what mistakes cost: sets the threshold"},
    {"decide", &decisions, MW_KEY_LATER, "the decisions, the first that matches wins"},
    {"learner", &learner, MW_KEY_OPTIONAL, "what makes the model; default `lightgbm`"},
    {"params", &texts_by_name, MW_KEY_OPTIONAL, "settings of the learner, by its own names"},
    {"metric", &metric, MW_KEY_OPTIONAL, "what a version is judged by; default `roc_auc`"},
    {"segments", &names, MW_KEY_OPTIONAL, "fields or features whose values are looked at apart"},
    {"goal", &goal, MW_KEY_LATER, "what the model is there to change"},
    {"review", &review, MW_KEY_LATER, "which predictions people look at"},
    {"champion", &external, MW_KEY_LATER, "a model outside to compare with"},
};
static const mw_shape model = {.kind = MW_SHAPE_RECORD, KEYS(model_keys)};
static const mw_shape models = {.kind = MW_SHAPE_MAP, .item = &model};

/* --- retraining, serving, the rest ---------------------------------------------------------- */

static const mw_shape condition = {.kind = MW_SHAPE_CONDITION};
static const mw_shape conditions = {.kind = MW_SHAPE_LIST, .item = &condition};
static const mw_shape_key retrain_keys[] = {
    {"every", &span, MW_KEY_OPTIONAL, "train again so often"},
    {"when", &conditions, MW_KEY_OPTIONAL, "train again when one of these holds"},
    {"gate", &conditions, MW_KEY_OPTIONAL, "a new version answers only if all of these hold"},
};
static const mw_shape retrain = {.kind = MW_SHAPE_RECORD, KEYS(retrain_keys)};
static const mw_shape retrains = {.kind = MW_SHAPE_MAP, .item = &retrain};

static const char *const fallback_words[] = {"previous", "baseline", NULL};
static const mw_shape fallback_word = {.kind = MW_SHAPE_CHOICE, WORDS(fallback_words, 2)};
static const mw_shape fallback_actions = {.kind = MW_SHAPE_ACTIONS, .state = MW_KEY_LATER};
static const mw_shape fallback_rule = {
    .kind = MW_SHAPE_EITHER, .item = &fallback_actions, .other = &expression};
static const mw_shape fallback_other = {
    .kind = MW_SHAPE_EITHER, .item = &number, .other = &fallback_rule};
static const mw_shape fallback = {
    .kind = MW_SHAPE_EITHER, .item = &fallback_word, .other = &fallback_other};

static const mw_shape_key serving_keys[] = {
    {"fallback", &fallback, MW_KEY_OPTIONAL,
     "what answers when the model cannot: the version before, the share of yes in training, "
     "this number, or this expression over the moment's fields and the features"},
    {"missing", &share, MW_KEY_OPTIONAL,
     "the share of the features that may be missing; with more of them the fallback answers"},
    {"deadline", &span, MW_KEY_OPTIONAL,
     "an answer that takes longer counts as one that the model could not give"},
    {"rollout", &any, MW_KEY_LATER, "how a new version takes over"},
    {"record", &text, MW_KEY_LATER, "which predictions are recorded"},
    {"explore", &share, MW_KEY_LATER, "the share of answers that try something else"},
    {"write", &any, MW_KEY_LATER, "where predictions are written to besides"},
};
static const mw_shape serving = {.kind = MW_SHAPE_RECORD, KEYS(serving_keys)};
static const mw_shape servings = {.kind = MW_SHAPE_MAP, .item = &serving};

static const mw_shape_key action_keys[] = {
    {"when", &expression, MW_KEY_REQUIRED, "what sets it off"},
    {"post", &text, MW_KEY_OPTIONAL, "the address that is called"},
    {"run", &text, MW_KEY_OPTIONAL, "the command that is run"},
    {"once", &key_over, MW_KEY_OPTIONAL, "not again for that long"},
    {"holdout", &share, MW_KEY_OPTIONAL, "the share that is left alone, to compare with"},
};
static const mw_shape action = {.kind = MW_SHAPE_RECORD, KEYS(action_keys)};
static const mw_shape actions = {.kind = MW_SHAPE_MAP, .item = &action};

static const char *const durability_words[] = {"kernel", "disk", NULL};
static const mw_shape durability = {.kind = MW_SHAPE_CHOICE, WORDS(durability_words, 2)};

static const mw_shape_key project_keys[] = {
    {"project", &text, MW_KEY_REQUIRED, "the project's name"},
    {"zone", &zone, MW_KEY_OPTIONAL, "the time zone of calendar functions; default UTC"},
    {"streams", &streams, MW_KEY_REQUIRED, "the streams of events"},
    {"processes", &processes, MW_KEY_OPTIONAL,
     "programs of your own that fields are asked of (functions.md)"},
    {"features", &features, MW_KEY_OPTIONAL, "the features of all models"},
    {"models", &models, MW_KEY_OPTIONAL, "what is predicted"},
    {"retrain", &retrains, MW_KEY_OPTIONAL,
     "when a model is trained again, and what a new version must show"},
    {"durability", &durability, MW_KEY_OPTIONAL,
     "where records must be before they are answered; default kernel, synced every 100 ms"},
    {"memory", &size, MW_KEY_OPTIONAL,
     "how much the window state of each model may take, and in a replay three eighths of that "
     "what waits for labels; above it keys that went cold, and what waits, are kept on disk; "
     "default no limit"},
    {"serving", &servings, MW_KEY_OPTIONAL, "how a model answers"},
    {"actions", &actions, MW_KEY_LATER, "what a decision sets off"},
    {"stores", &any_by_name, MW_KEY_LATER, "where state lives when one machine is outgrown"},
    {"environments", &any_by_name, MW_KEY_LATER, "what differs between test and production"},
    {"use", &text_or_texts, MW_KEY_LATER, "files of features that projects share"},
};
const mw_shape mw_project_schema = {.kind = MW_SHAPE_RECORD, KEYS(project_keys)};
