/* token_command: the commands that make, list and revoke the tokens by which clients are known. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_tokens_create(mw_cli *cli, mw_error *err);
mw_status mw_cli_tokens_list(mw_cli *cli, mw_error *err);
mw_status mw_cli_tokens_revoke(mw_cli *cli, mw_error *err);
