/*
 * server_ingest: hands an ingest to the server that runs on the same state.
 */
#pragma once
#include "cli/workspace.h"
#include "ingest/ingest.h"

/* Sends the offer and its events, and waits until all of them count, with progress bars. The
   workspace outlives it. */
mw_ingest_acceptor mw_server_acceptor(const mw_workspace *workspace);
