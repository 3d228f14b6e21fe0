/*
 * lightgbm_child: the child's side: reads a request, trains, answers with frames.
 *
 * The only place where LightGBM is loaded. Reads standard input, writes standard output.
 */
#pragma once
#include "sys/sys.h"

/* The whole of the hidden command `lightgbm-child`; gives its exit code. */
int mw_lightgbm_child_main(mw_sys *sys);
