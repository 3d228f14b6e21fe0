/*
 * api: the HTTP interface of a project's service (DESIGN.md section 7), as a table of routes.
 *
 * Handlers read JSON, ask the service, and write JSON; a failure is a problem document. Rows of
 * a request stand or fall one by one and are numbered from 1. Under a virtual clock each answer
 * of predictions and events carries "clock".
 *
 * The context of the router is a mw_api. One thread answers at a time.
 */
#pragma once
#include "registry/registry.h"
#include "serve/plain_event.h"
#include "serve/telemetry.h"
#include "serve/router.h"
#include "serve/service.h"

enum {
    MW_API_WAITING_MAX = 256, /* requests that wait for what they correct, or ask */
    MW_API_HABITS = 4,        /* of clients; sources share them where there are more */
};

/* A change of the version that answers. */
typedef struct {
    mw_str model;
    mw_str version; /* empty: the champion before */
    mw_str who, why;
} mw_stage_wish;

typedef struct {
    char champion[MW_VERSION_NAME_SIZE + 1];
    char before[MW_VERSION_NAME_SIZE + 1]; /* likewise where nothing changed; empty: none was */
} mw_stage_change;

typedef struct {
    mw_service *service;     /* NULL: the server is not ready, and says so */
    mw_telemetry *telemetry; /* shown at /metrics; our own series are set when it is read */
    const mw_sequencer *sequencer;
    /* Makes the change, and names the version that is champion now. MW_BUSY: not at this moment.
       With `*pause`, NULL at first, it is on its way: called again, with that, it tells. */
    mw_status (*change)(void *context, const mw_stage_wish *wish, mw_pause **pause,
                        mw_stage_change *out_change, mw_error *err);
    /* All versions of the model by the catalog, newest first. */
    mw_status (*list)(void *context, mw_str model, mw_arena *arena, mw_version_row **out_versions,
                      size_t *out_count, mw_error *err);
    void *stage_context; /* of both */
    size_t waiting, queued;   /* its own, from 0: requests that do, that wait for room to, */
    uint64_t waiting_refused; /* and how many more were refused */
    mw_plain_habit habits[MW_API_HABITS]; /* its own */
} mw_api;

mw_router mw_api_router(void);
