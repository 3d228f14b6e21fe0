/*
 * workspace: a project folder opened for a command: its file, columns, program and state.
 *
 * Everything that is wrong with the project file is printed at once, with file, line and column,
 * and fails the opening. Columns come from the catalog or, before the first ingest, from the
 * data files, so most commands need no file but the project's.
 *
 * What works for a running server can go by the file as that took it up (cli/served_project.h).
 *
 * All parts live as long as the workspace. One release, which takes a half-open one.
 */
#pragma once
#include "cli/command.h"
#include "cli/file_glance.h"
#include "feature/engine.h"
#include "ingest/asking.h"
#include "ingest/inferred.h"
#include "perception/perception.h"
#include "project/columns.h"
#include "registry/registry.h"
#include "store/log.h"
#include "store/state.h"

#define MW_PROJECT_FILE "millwright.yaml"
#define MW_STATE_FOLDER ".millwright"

/* Where that name stands in the state folder, open or not; NULL: memory is out. */
const char *mw_cli_state_path(const mw_cli *cli, mw_arena *arena, const char *name);

typedef enum {
    MW_WORKSPACE_LOOK,    /* reads the state if there is one */
    MW_WORKSPACE_READ,    /* there must be a state */
    MW_WORKSPACE_CATALOG, /* likewise; catalog and artefacts are added to */
    MW_WORKSPACE_WRITE,   /* the state is made if absent */
} mw_workspace_mode;

typedef struct {
    mw_cli *cli;
    mw_arena arena;
    const char *folder;          /* of the project; state_folder lies in it */
    const char *project_path, *state_folder; /* of the file that it is opened by */
    mw_str project_bytes;
    const char *today_path;      /* of millwright.yaml; project_path may be what was served */
    mw_file_glance today;        /* how that was when it was looked at last */
    int64_t accepted_us;         /* since when that is served; missing: opened by today's file */
    const mw_project *project;
    mw_note *notes;              /* the project's, and those that only its program shows */
    mw_str zone_data;            /* the project's zone as TZif; empty for UTC */
    const mw_zone *zone;
    const mw_zone **zones;       /* of each declared stream */
    mw_schema *columns;          /* likewise */
    mw_symbols *symbols;
    mw_perception *perception;
    const mw_program *program;
    mw_state *state;             /* NULL: there is none yet */
    mw_duck *duck;               /* the state's, or its own */
    mw_duck *own_duck;           /* NULL where the state has one */
    mw_asking *asking;           /* NULL: it was not started, or no stream asks */
} mw_workspace;

/* `from` (may be NULL): a file or pattern that stands in for all streams' own. Release the
   workspace also after a failure. */
MW_MUST_USE mw_status mw_workspace_open(mw_cli *cli, mw_workspace_mode mode, const char *from,
                                        mw_workspace *workspace, mw_error *err);
/* The same for what `serve` begins: by the project as it was taken up, whatever the file of today
   is; where none is kept, or it is not as it was written, by that; where it cannot be read, by
   none. A server says for which `serve`
   (else NULL): what another one has taken up is none. What is kept and does not do fails. */
MW_MUST_USE mw_status mw_workspace_open_served(mw_cli *cli, mw_workspace_mode mode,
                                               const char *serve, mw_workspace *workspace,
                                               mw_error *err);
/* Keeps what this workspace was opened by as served since `accepted_us`, or forgets what was. */
MW_MUST_USE mw_status mw_workspace_keep_served(const mw_workspace *workspace, const char *serve,
                                               mw_error *err);
MW_MUST_USE mw_status mw_workspace_forget_served(const mw_workspace *workspace, mw_error *err);
/* Of the bytes that this was opened by. */
void mw_workspace_hash_project(const mw_workspace *workspace, char out_hex[MW_SHA256_HEX_SIZE + 1]);
/* Whether the file of today is another than this was opened by, or is gone. One that cannot be read
   is no edit, but a failure. For who asks each second. */
MW_MUST_USE mw_status mw_workspace_look_at_today(mw_workspace *workspace, bool *out_is_outdated,
                                                 mw_error *err);
/* Only the folder, its state and symbols: for commands that ask nothing of the project file. */
MW_MUST_USE mw_status mw_workspace_open_state(mw_cli *cli, mw_workspace_mode mode,
                                              mw_workspace *workspace, mw_error *err);
void mw_workspace_release(mw_workspace *workspace);

/* Starts the programs of the user's that streams ask, for as long as the workspace stands. One that
   does not start is told. */
MW_MUST_USE mw_status mw_workspace_start_asking(mw_workspace *workspace, mw_error *err);

/* A model of the project, in its file and as compiled. */
typedef struct {
    const mw_project_model *project;
    const mw_model_program *program;
} mw_workspace_model;

/* The model of this name; without a name (NULL) the only one. */
MW_MUST_USE mw_status mw_workspace_find_model(const mw_workspace *workspace, const char *name,
                                              mw_workspace_model *out_model, mw_error *err);
mw_registry mw_workspace_registry(const mw_workspace *workspace);
/* What the project lets the window state of a model take, and where the rest goes; no limit for
   commands that ask nothing of the project file. */
mw_engine_memory mw_workspace_memory(const mw_workspace *workspace);
/* A time or a day, which begins in the zone; `what` names it in messages. */
MW_MUST_USE mw_status mw_cli_time(const mw_zone *zone, const char *what, const char *text,
                                  int64_t *out_us, mw_error *err);
/* The project's zone. */
MW_MUST_USE mw_status mw_workspace_time(const mw_workspace *workspace, const char *what,
                                        const char *text, int64_t *out_us, mw_error *err);
/* How far its log reaches now: to be asked before the lake is looked at. */
MW_MUST_USE mw_status mw_workspace_log_reach(const mw_workspace *workspace,
                                             mw_log_reach *out_reach, mw_error *err);
/* What its log takes on the disk, in bytes. */
MW_MUST_USE mw_status mw_workspace_log_size(const mw_workspace *workspace, uint64_t *out_size,
                                            mw_error *err);
/* The variables of the process, for ${VAR} in a project file. */
mw_environment mw_workspace_environment(const mw_cli *cli);
/* Who gives the command, for the audit: the user's name. */
mw_str mw_workspace_who(const mw_workspace *workspace);
