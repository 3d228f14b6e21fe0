/*
 * champions: the versions that answer for a server's models, and those that follow them.
 *
 * A champion whose features hang on the same windows as before takes over at once. Another one
 * carries a program of its own: it follows once its windows are filled (serve/rebuild.h), and the
 * program before goes on until then. All programs that a decider may use are owned here.
 *
 * Whoever promotes sees to it that the sequencer rebuilds, and settles when it has.
 */
#pragma once
#include "cli/live_version.h"
#include "serve/api.h"

typedef struct {
    mw_workspace *workspace; /* both outlive it */
    mw_sequencer *sequencer; /* the opener's to set: it takes the champions as it is opened */
    mw_live_version *live;   /* one a model */
    mw_live_version *next;   /* likewise: it answers once its windows are filled */
    mw_champion *by_catalog; /* likewise: when it started */
    mw_fallback *fallbacks;  /* likewise: by the project file */
    size_t count;
} mw_champions;

/* Those that the catalog has now. To be released whatever it returns. */
MW_MUST_USE mw_status mw_champions_load(mw_workspace *workspace, mw_champions *out_champions,
                                        mw_error *err);
/* The version that answered when the process before ended: the champion follows it. */
MW_MUST_USE mw_status mw_champions_recall(mw_champions *champions, size_t model,
                                          const char *version, mw_champion *out_champion,
                                          mw_error *err);
/* At the end of a recovery: champions before stand in where they may, and those that did not answer
   yet when the process before ended, or were promoted meanwhile, take over as if they had just been
   promoted. */
MW_MUST_USE mw_status mw_champions_take_over(mw_champions *champions, mw_error *err);

MW_MUST_USE mw_status mw_champions_find(const mw_champions *champions, mw_str model,
                                        size_t *out_index, mw_error *err);
/* The version answers from the next request on; requests under way had the old one. If it carries
   another program, that goes on until the windows of the new one are filled. `read` is the same
   version (mw_sequencer_promote), or NULL; `version` holds afterwards what is of no more use. */
MW_MUST_USE mw_status mw_champions_promote(mw_champions *champions, size_t model,
                                           mw_live_version *version, mw_scorer *read,
                                           mw_error *err);
/* Versions whose windows are full have taken over: the programs before are of no more use. */
void mw_champions_settle(mw_champions *champions);
/* The versions that do not answer yet, as JSON. */
void mw_champions_list_next(const mw_champions *champions, mw_buf *out);
void mw_champions_release(mw_champions *champions);
