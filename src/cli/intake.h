/* intake: `ingest`, and what an ingest has to say, which `check` says of its trial run. */
#pragma once
#include "cli/workspace.h"
#include "ingest/ingest.h"

mw_status mw_cli_ingest(mw_cli *cli, mw_error *err);

/* What is taken in, and where to. */
typedef struct {
    const mw_workspace *workspace;
    mw_state *state;
    const mw_str *streams; /* none: all */
    size_t stream_count;
    const char *from;      /* in place of the stream's own files; may be NULL */
    bool wants_history;
    mw_ingest_acceptor acceptor; /* `accept` NULL: this process */
} mw_intake;

/* The report needs releasing in any case. */
MW_MUST_USE mw_status mw_intake_run(mw_intake intake, mw_ingest_report *out_report, mw_error *err);
/* Tables of the files and of the reasons for which rows were refused. */
void mw_intake_print(const mw_ingest_report *report, mw_buf *out);
/* The same as members of the object that is being written. */
void mw_intake_write_json(const mw_ingest_report *report, mw_json *json);
