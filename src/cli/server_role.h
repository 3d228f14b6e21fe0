/*
 * server_role: the process of `serve` that answers predictions and takes events over HTTP, and
 * what other commands tell it over its control socket.
 */
#pragma once
#include "cli/workspace.h"

enum { MW_SERVE_CHAMPION = 1 }; /* control message: the model that is named has another one */

mw_status mw_cli_server(mw_cli *cli, mw_error *err);
/* Tells the server that runs on the workspace's state, if any, that the model has another
   champion, and waits until that answers. Where none runs, nothing is to be done. */
MW_MUST_USE mw_status mw_serve_tell_champion(const mw_workspace *workspace, mw_str model,
                                             mw_error *err);
/* Whether a server runs in the folder of the command. */
bool mw_serve_is_up(mw_cli *cli);
