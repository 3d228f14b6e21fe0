/*
 * perception: what a project's vectors see, and its networks, for the compiler (lang/senses.h).
 *
 * A network is opened once for a file and an input, and stays open until the perception is
 * released, which is after all programs that were compiled with it. Opening is for one thread.
 */
#pragma once
#include "lang/senses.h"
#include "sys/sys.h"

enum { MW_NETWORKS_MAX = 64 };

typedef struct mw_perceived_network mw_perceived_network;

typedef struct {
    mw_sys *sys;
    mw_arena arena;
    const char *folder; /* that files are named from; not owned */
    mw_perceived_network *networks[MW_NETWORKS_MAX];
    size_t network_count;
    mw_senses senses;
} mw_perception;

void mw_perception_init(mw_perception *perception, mw_sys *sys, const char *folder);
void mw_perception_release(mw_perception *perception);
