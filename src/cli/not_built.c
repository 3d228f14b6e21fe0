#include "cli/not_built.h"

mw_status mw_cli_not_built(mw_cli *cli, mw_error *err) {
    mw_status status = mw_fail(err, MW_NOT_BUILT, "%s is not built yet", cli->command->name);
    return mw_hint(err, status, "millwright --help lists what is.");
}
