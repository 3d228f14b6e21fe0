/* report_page: writes a report of the program's own pages (web/) to a file. */
#pragma once
#include "cli/command.h"

/* `page` is one of the embedded pages (cli/assets.h), `json` what it shows. */
MW_MUST_USE mw_status mw_cli_write_page(mw_cli *cli, mw_str page, mw_str json, const char *path,
                                        mw_error *err);
