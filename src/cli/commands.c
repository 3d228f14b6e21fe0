#include "cli/alerts.h"
#include "cli/backtest_command.h"
#include "cli/check.h"
#include "cli/checkpointer.h"
#include "cli/command.h"
#include "cli/feature_build.h"
#include "cli/feature_export.h"
#include "cli/feature_leaks.h"
#include "cli/feature_show.h"
#include "cli/feature_suggest.h"
#include "cli/feature_why.h"
#include "cli/features.h"
#include "cli/import.h"
#include "cli/init.h"
#include "cli/intake.h"
#include "cli/keeper_role.h"
#include "cli/log_mover.h"
#include "cli/model_export.h"
#include "cli/models.h"
#include "cli/monitor.h"
#include "cli/not_built.h"
#include "cli/predict.h"
#include "cli/prover.h"
#include "cli/prediction_replay.h"
#include "cli/query.h"
#include "cli/runs.h"
#include "cli/serve.h"
#include "cli/overview.h"
#include "cli/server_role.h"
#include "cli/token_command.h"
#include "cli/train.h"

/* Of `serve`, and of the process that it starts. */
#define SERVE_OPTIONS                                                                        \
    {"--listen", "HOST:PORT", "where to listen (127.0.0.1:7070)"},                           \
        {"--tokens", "on|off", "ask for bearer tokens (on off the loopback address)"},       \
        {"--tls-certificate", "FILE", "speak TLS with this certificate and its chain (PEM)"}, \
        {"--tls-key", "FILE", "and this key (PEM)"},                                         \
        {"--plain-http", NULL, "go without TLS off the loopback address, behind a proxy"},   \
        {"--threads", "N", "serve clients in so many threads (1)"},                          \
        {"--deadline", "SPAN", "refuse what has waited longer to be taken up (5s)"},         \
        {"--access-log", "FILE", "append a line of JSON for each request to this file"},     \
        {"--access-share", "SHARE", "for so many of them, and all that fail (1)"},           \
        {"--clock", "TIME", "go by a virtual clock that starts then"}

const mw_command mw_commands[] = {
    {
        .name = "init",
        .words = "[DIR]",
        .word_count_max = 1,
        .summary = "Make a project, from an example or from a data file",
        .options = {{"--example", "NAME", "a complete project with real data: flights"},
                    {"--from", "FILE", "CSV, Parquet or NDJSON to begin with; needs the next 3"},
                    {"--time", "COL", "its column that says when a row happened"},
                    {"--label", "COL", "its column that is to be predicted"},
                    {"--id", "COL,...", "its columns that tell one row from another"}},
        .examples = "  millwright init flights --example flights\n"
                    "  millwright init --from orders.csv --time placed_at --label returned "
                    "--id order_id\n",
        .run = mw_cli_init,
    },
    {
        .name = "check",
        .words = "",
        .summary = "Check project, data and features; changes nothing",
        .examples = "  millwright check\n"
                    "  millwright check -C flights --json\n",
        .run = mw_cli_check,
    },
    {
        .name = "ingest",
        .words = "[STREAM...]",
        .word_count_max = MW_WORDS_MAX,
        .summary = "Take the events of the data files in, all or none",
        .options = {{"--from", "FILE", "read the stream from this file or pattern instead"},
                    {"--history", NULL, "events count from the time they declare as known"}},
        .examples = "  millwright ingest\n"
                    "  millwright ingest weather --from 'new/*.csv'\n",
        .run = mw_cli_ingest,
    },
    {
        .name = "features list",
        .words = "",
        .summary = "List a model's features, their types and what they look at",
        .options = {{"--model", "MODEL", "whose features, if the project has several models"}},
        .examples = "  millwright features list\n",
        .run = mw_cli_features_list,
    },
    {
        .name = "features show",
        .words = "[FEATURE]",
        .word_count_max = 1,
        .summary = "Show what is known of the features: their values, importance, cost, twins",
        .options = {{"--model", "MODEL", "whose features, if the project has several models"},
                    {"--cost", NULL, "measure CPU and memory too: a replay for each feature"}},
        .examples = "  millwright features show\n"
                    "  millwright features show origin_late_1h --cost\n",
        .run = mw_cli_features_show,
    },
    {
        .name = "features explain",
        .words = "FEATURE",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Say in plain words what a feature, or the label, sees, and when",
        .options = {{"--model", "MODEL", "whose feature, if the project has several models"}},
        .examples = "  millwright features explain origin_late\n"
                    "  millwright features explain late.label\n",
        .run = mw_cli_features_explain,
    },
    {
        .name = "features why",
        .words = "ID FEATURE",
        .word_count_min = 2,
        .word_count_max = 2,
        .summary = "List the events behind a value, and those left out, with the reasons",
        .options = {{"--model", "MODEL", "whose feature, if the project has several models"},
                    {"--events", "N", "the latest of a window that are shown (20)"}},
        .examples = "  millwright features why 'B6|1|JFK|2013-12-30T15:21:00Z' origin_late_1h\n"
                    "  millwright features why 'B6|1|JFK|2013-12-30T15:21:00Z' label --json\n",
        .run = mw_cli_features_why,
    },
    {
        .name = "features build",
        .words = "",
        .summary = "Compute the features and label of every moment, a row each",
        .options = {{"--model", "MODEL", "whose features, if the project has several models"},
                    {"--output", "FILE", "a .csv or .parquet file, instead of standard output"},
                    {"--threads", "N", "of the replay (one a core); changes no number"}},
        .written = "--output",
        .prints = true,
        .examples = "  millwright features build --output examples.parquet\n",
        .run = mw_cli_features_build,
    },
    {
        .name = "features verify",
        .words = "",
        .summary = "Compute moments and recorded predictions the slow way, compare the bits",
        .options = {{"--model", "MODEL", "whose features, if the project has several models"},
                    {"--sample", "N", "about how many of either (200)"}},
        .examples = "  millwright features verify --sample 1000\n",
        .run = mw_cli_features_verify,
    },
    {
        .name = "features leaks",
        .words = "",
        .summary = "Show what each feature would have gained by seeing what it must not",
        .options = {{"--model", "MODEL", "whose features, if the project has several models"}},
        .examples = "  millwright features leaks\n",
        .run = mw_cli_features_leaks,
    },
    {
        .name = "features suggest",
        .words = "",
        .summary = "Try windows that the model does not have, on data later than it learned from",
        .options = {{"--model", "MODEL", "for which model, if the project has several"},
                    {"--most", "N", "how many to suggest at most (5)"}},
        .examples = "  millwright features suggest --most 3\n",
        .run = mw_cli_features_suggest,
    },
    {
        .name = "features export",
        .words = "",
        .summary = "Write a model's features as SQL that DuckDB runs without this program",
        .options = {{"--sql", NULL, "as a view in DuckDB's SQL, over the lake's files"},
                    {"--model", "MODEL", "whose features, if the project has several models"},
                    {"--output", "FILE",
                     "instead of standard output, with what pictures and networks gave beside it"}},
        .written = "--output",
        .prints = true,
        .examples = "  millwright features export --sql --output features.sql\n"
                    "  duckdb -init features.sql -c \"FROM features_late LIMIT 10\"\n",
        .run = mw_cli_features_export,
    },
    {
        .name = "train",
        .words = "[MODEL]",
        .word_count_max = 1,
        .summary = "Make a version of a model, test it on its latest examples, record it",
        .options = {{"--learner", "NAME", "lightgbm, in place of the project's"},
                    {"--seed", "N", "of all that is random (1)"},
                    {"--as-of", "TIME", "with what was known then, instead of now"},
                    {"--test-from", "DAY", "test on the moments from then on (the latest fifth)"},
                    {"--threads", "N", "of replay and learner (one a core); changes no number"}},
        .examples = "  millwright train\n"
                    "  millwright train late --test-from 2013-09-01 --seed 7 --json\n",
        .run = mw_cli_train,
    },
    {
        .name = "backtest",
        .words = "MODEL",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Show what each retraining policy would have done, and cost",
        .options = {{"--from", "DAY", "the first day that is predicted"},
                    {"--to", "DAY", "the last one; both of the project's zone"},
                    {"--policy", "P,...", "never, monthly, drift, gated (all of them)"},
                    {"--html", "FILE", "write the report as one page, with plots"},
                    {"--seed", "N", "of all that is random (1)"},
                    {"--threads", "N", "of the learner (one a core); changes no number"}},
        .written = "--html",
        .examples = "  millwright backtest late --from 2013-02-01 --to 2013-12-31 "
                    "--html backtest.html\n"
                    "  millwright backtest late --from 2013-09-01 --to 2013-12-31 "
                    "--policy never,gated --json\n",
        .run = mw_cli_backtest,
    },
    {
        .name = "predict",
        .words = "MODEL",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Predict the rows of a file; records nothing",
        .options = {{"--input", "FILE", "rows of the moment's stream, CSV, Parquet or NDJSON; "
                                        "- is CSV on standard input"},
                    {"--output", "FILE", "a .csv or .parquet file, instead of standard output"},
                    {"--version", "VERSION", "that answers, instead of the champion"},
                    {"--explain", NULL, "add why: what each feature adds, the strongest first"}},
        .written = "--output",
        .prints = true,
        .examples = "  millwright predict late --input today.csv --output predicted.csv\n"
                    "  millwright predict late --input - < today.csv\n",
        .run = mw_cli_predict,
    },
    {
        .name = "explain",
        .words = "MODEL",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Say why: of the rows of a file, or of a recorded prediction",
        .options = {{"--input", "FILE", "rows of the moment's stream, CSV, Parquet or NDJSON; "
                                        "- is CSV on standard input"},
                    {"--output", "FILE", "a .csv or .parquet file, instead of standard output"},
                    {"--version", "VERSION", "that answers, instead of the champion"},
                    {"--id", "PREDICTION", "a recorded prediction, in place of --input"}},
        .written = "--output",
        .prints = true,
        .examples = "  millwright explain late --input today.csv --json\n"
                    "  millwright explain late --id p01hv2w3d4e5f6\n",
        .run = mw_cli_explain,
    },
    {
        .name = "predictions replay",
        .words = "ID",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Make a recorded prediction again, and compare bit by bit; say why it is so",
        .options = {{"--events", "N", "the latest of a window that are shown (20)"}},
        .examples = "  millwright predictions replay p1fqm5n0c2v8g0\n",
        .run = mw_cli_predictions_replay,
    },
    {
        .name = "runs list",
        .words = "[MODEL]",
        .word_count_max = 1,
        .summary = "List the trainings with their main metrics, newest first",
        .examples = "  millwright runs list\n",
        .run = mw_cli_runs_list,
    },
    {
        .name = "runs show",
        .words = "RUN",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Show all metrics of a training, by segment too",
        .examples = "  millwright runs show 3\n",
        .run = mw_cli_runs_show,
    },
    {
        .name = "runs compare",
        .words = "RUN RUN",
        .word_count_min = 2,
        .word_count_max = 2,
        .summary = "Compare the metrics of two trainings",
        .examples = "  millwright runs compare 3 5\n",
        .run = mw_cli_runs_compare,
    },
    {
        .name = "models list",
        .words = "[MODEL]",
        .word_count_max = 1,
        .summary = "List the versions, newest first, and which one answers",
        .examples = "  millwright models list\n",
        .run = mw_cli_models_list,
    },
    {
        .name = "models show",
        .words = "MODEL [VERSION]",
        .word_count_min = 1,
        .word_count_max = 2,
        .summary = "Show a version: what it was made from, and how good it is",
        .examples = "  millwright models show late\n"
                    "  millwright models show late 1521cc\n",
        .run = mw_cli_models_show,
    },
    {
        .name = "models promote",
        .words = "MODEL VERSION",
        .word_count_min = 2,
        .word_count_max = 2,
        .summary = "Let a version answer from now on",
        .options = {{"--why", "TEXT", "the reason, for the audit"}},
        .examples = "  millwright models promote late 1521cce08e37 --why 'better on EWR'\n",
        .run = mw_cli_models_promote,
    },
    {
        .name = "models import",
        .words = "FILE",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Take in a model that LightGBM or XGBoost saved, as a version",
        .options = {{"--model", "MODEL", "whose version, if the project has several models"},
                    {"--classes", "NAME,...", "of a label of classes: the names of the file's, in "
                                              "the order of its numbers, as in a line of CSV"}},
        .examples = "  millwright models import booster.txt\n"
                    "  millwright models import booster.ubj --model late\n"
                    "  millwright models import booster.txt --model desk "
                    "--classes billing,other,sales\n",
        .run = mw_cli_models_import,
    },
    {
        .name = "models export",
        .words = "MODEL [VERSION]",
        .word_count_min = 1,
        .word_count_max = 2,
        .summary = "Write a version, whatever it answers, as one file for libmillwright",
        .options = {{"--output", "FILE", "the file"}},
        .written = "--output",
        .examples = "  millwright models export late --output late.mwm\n"
                    "  millwright models export late 1521cc --output late.mwm\n",
        .run = mw_cli_models_export,
    },
    {
        .name = "models rollback",
        .words = "MODEL",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Let the champion before answer again; once more goes one further back",
        .options = {{"--why", "TEXT", "the reason, for the audit"}},
        .examples = "  millwright models rollback late\n",
        .run = mw_cli_models_rollback,
    },
    {
        .name = "tokens create",
        .words = "NAME",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Make a token that lets a client in, and show it once",
        .options = {{"--scope", "SCOPE,...", "what it allows: predict, events, read, admin"},
                    {"--days", "N", "until it expires (90)"}},
        .examples = "  millwright tokens create checkout --scope predict,events\n",
        .run = mw_cli_tokens_create,
    },
    {
        .name = "tokens list",
        .words = "",
        .summary = "List the tokens, newest first; never the tokens themselves",
        .examples = "  millwright tokens list\n",
        .run = mw_cli_tokens_list,
    },
    {
        .name = "tokens revoke",
        .words = "NAME",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Let a token count no more, from now on",
        .examples = "  millwright tokens revoke checkout\n",
        .run = mw_cli_tokens_revoke,
    },
    {
        .name = "data versions",
        .words = "",
        .summary = "List the ingests and moves of the log, and the data versions that they made",
        .examples = "  millwright data versions\n",
        .run = mw_cli_data_versions,
    },
    {
        .name = "data quarantine",
        .words = "",
        .summary = "Show the rows that were refused, with the reasons",
        .examples = "  millwright data quarantine\n",
        .run = mw_cli_data_quarantine,
    },
    {
        .name = "sql",
        .words = "QUERY",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Ask streams, predictions, labels, examples and runs in SQL",
        .examples = "  millwright sql 'SHOW TABLES'\n"
                    "  millwright sql 'SELECT count(*) FROM schedule'\n"
                    "  millwright sql 'SELECT * FROM predictions JOIN labels USING (event, t)'\n"
                    "  millwright sql 'SELECT * FROM metrics' --json\n",
        .run = mw_cli_sql,
    },
    {
        .name = "monitor",
        .words = "[MODEL]",
        .word_count_max = 1,
        .summary = "Show how the models do in production: quality, drift, staleness",
        .options = {{"--html", "FILE", "write the report as one page, with plots"}},
        .written = "--html",
        .examples = "  millwright monitor\n"
                    "  millwright monitor late --html monitor.html\n",
        .run = mw_cli_monitor,
    },
    {
        .name = "alerts",
        .words = "",
        .summary = "List the alerts, open ones first; exits 1 while one is open",
        .examples = "  millwright alerts\n",
        .run = mw_cli_alerts,
    },
    {
        .name = "status",
        .words = "",
        .summary = "Show what the project holds: streams, versions, champions",
        .examples = "  millwright status\n",
        .run = mw_cli_status,
    },
    {.name = "lightgbm-child", .words = "", .run = mw_cli_lightgbm_child},
    {
        .name = "server",
        .words = "",
        .options = {SERVE_OPTIONS,
                    {"--serving", "WORD", "go by the project as the serve of this word has it"}},
        .run = mw_cli_server,
    },
    {.name = "keeper", .words = "", .run = mw_cli_keeper},
    {.name = "look", .words = "", .run = mw_cli_look},
    {.name = "checkpoint", .words = "", .run = mw_cli_checkpoint},
    {.name = "move-log", .words = "", .run = mw_cli_move_log},
    {
        .name = "prove",
        .words = "",
        .options = {{"--bytes-max", "BYTES", "what the history may take in memory"}},
        .run = mw_cli_prove,
    },
    {
        .name = "serve",
        .words = "",
        .summary = "Answer predictions and take events over HTTP",
        .options = {SERVE_OPTIONS},
        .appended = "--access-log",
        .examples = "  millwright serve\n"
                    "  millwright serve --listen 0.0.0.0:8443 --tls-certificate site.pem "
                    "--tls-key site.key\n"
                    "  millwright serve --clock 2013-12-31T05:00:00Z\n",
        .run = mw_cli_serve,
    },
    /* Of the design, for later issues. */
#define NOT_BUILT(of) {.name = of, .run = mw_cli_not_built}
    NOT_BUILT("data profile"),
    NOT_BUILT("data suggest"),
    NOT_BUILT("data diff"),
    NOT_BUILT("data export"),
    NOT_BUILT("data publish"),
    NOT_BUILT("runs delete"),
    NOT_BUILT("runs export"),
    NOT_BUILT("models compare"),
    NOT_BUILT("models approve"),
    NOT_BUILT("models reproduce"),
    NOT_BUILT("models card"),
    NOT_BUILT("predictions show"),
    NOT_BUILT("rollout start"),
    NOT_BUILT("rollout status"),
    NOT_BUILT("rollout stop"),
    NOT_BUILT("retrain"),
    NOT_BUILT("jobs"),
    NOT_BUILT("audit"),
    NOT_BUILT("actions"),
    NOT_BUILT("score"),
    NOT_BUILT("ci"),
    NOT_BUILT("doctor"),
    NOT_BUILT("backup"),
    NOT_BUILT("restore"),
    NOT_BUILT("erase"),
#undef NOT_BUILT
    {0},
};
