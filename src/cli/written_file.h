/*
 * written_file: the file that a command is asked to write: that it may be, and can.
 *
 * Asked before the command begins. What would destroy the project is refused as wrong usage: its
 * file, what lies in its state folder, what a stream reads or would read, and the command's own
 * --input. These are told by what they are (mw_sys_is_same) and by where they stand, so through
 * links, `..` and absolute paths, and before there is a file, too. Any other file is replaced or,
 * as the option says, appended to.
 *
 * Costs the reading of the project file, a look at each folder above the target and, where a file
 * stands there, at each file that the streams' `from` names.
 */
#pragma once
#include "cli/command.h"

/* MW_OK if the command is to write none. One that it appends to is that to which a link leads,
   though the link is none of the project's either; it may be a pipe or a device. */
MW_MUST_USE mw_status mw_cli_try_written(const mw_cli *cli, mw_error *err);
/* The same of one more file, which the command writes beside that of its option. */
MW_MUST_USE mw_status mw_cli_try_written_beside(const mw_cli *cli, const char *path,
                                                mw_error *err);
