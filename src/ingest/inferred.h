/*
 * inferred: the columns of a project's streams: those of the catalog, else those of the data.
 *
 * Once a stream's events were taken in, its columns stand in the catalog, so that the project
 * compiles without its files and a file's later rows cannot change a type. Before, they are
 * those of the first file that `from` names. Data that cannot be read are a mistake at their
 * `from`, and leave the stream without columns, so that all that is wrong is told at once.
 */
#pragma once
#include "ingest/data_file.h"
#include "project/project.h"
#include "store/catalog.h"

typedef struct {
    const mw_data_reader *reader;
    mw_catalog *catalog; /* NULL: there is no state yet */
    const mw_project *project;
    const char *folder;  /* of the project */
    mw_str from;         /* file or pattern in place of the `from` of all streams; or empty */
} mw_infer_config;

/* One schema a stream of the project, in its order, in `arena`; an empty one goes with a mistake.
   What is wrong with a file that was given in place of `from` is no mistake of the project: it
   fails, and names the stream; so does what the world is to blame for. */
MW_MUST_USE mw_status mw_infer_columns(const mw_infer_config *config, mw_arena *arena,
                                       mw_diagnostics *diagnostics, mw_schema **out_columns,
                                       mw_error *err);
/* Keeps a source's columns: the first `count` fields of its row. */
MW_MUST_USE mw_status mw_keep_columns(mw_catalog *catalog, mw_str source, const mw_schema *row,
                                      size_t count, mw_error *err);
