#include "cli/command.h"
#include "cli/init.h"

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
    {0},
};
