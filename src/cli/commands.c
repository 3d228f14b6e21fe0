#include "cli/check.h"
#include "cli/command.h"
#include "cli/features.h"
#include "cli/init.h"
#include "cli/intake.h"

const mw_command mw_commands[] = {
    {
        .name = "init",
        .words = "[DIR]",
        .word_count_max = 1,
        .summary = "Make a project, from an example or from a data file",
        .options = {{"--example", "NAME", "a complete project with real data: flights"},
                    {"--from", "FILE", "a CSV or Parquet file to begin with; needs the next three"},
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
                    "  millwright ingest orders --from 'new/*.csv'\n",
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
        .name = "features explain",
        .words = "FEATURE",
        .word_count_min = 1,
        .word_count_max = 1,
        .summary = "Say in plain words what a feature sees, and when",
        .options = {{"--model", "MODEL", "whose feature, if the project has several models"}},
        .examples = "  millwright features explain origin_late\n",
        .run = mw_cli_features_explain,
    },
    {0},
};
