#include "store/migrations.h"

#include <assert.h>

#include "base/status.h"

/* An ingest is all or nothing: its row here, the files that it took and the lake files that it
   made are listed in one transaction. data_version hashes all events up to and with it. */
static const char tables_of_data[] =
    "CREATE TABLE ingests ("
    "  id INTEGER PRIMARY KEY,"
    "  at_us INTEGER NOT NULL,"
    "  data_version TEXT NOT NULL,"
    "  events INTEGER NOT NULL) STRICT;"
    /* One row each source (a declared stream) and file. rows_hash: of the first row_count rows. */
    "CREATE TABLE ingested_files ("
    "  ingest INTEGER NOT NULL REFERENCES ingests,"
    "  source TEXT NOT NULL,"
    "  path TEXT NOT NULL,"
    "  content_hash TEXT NOT NULL,"
    "  rows_hash TEXT NOT NULL,"
    "  row_count INTEGER NOT NULL,"
    "  quarantined INTEGER NOT NULL,"
    "  repeats INTEGER NOT NULL,"
    "  left_out INTEGER NOT NULL) STRICT;"
    "CREATE INDEX ingested_files_by_content ON ingested_files (source, content_hash);"
    "CREATE TABLE lake_files ("
    "  ingest INTEGER NOT NULL REFERENCES ingests,"
    "  stream TEXT NOT NULL,"
    "  path TEXT NOT NULL UNIQUE,"
    "  event_count INTEGER NOT NULL,"
    "  size INTEGER NOT NULL,"
    "  known_min_us INTEGER NOT NULL,"
    "  known_max_us INTEGER NOT NULL,"
    "  rows_hash TEXT NOT NULL) STRICT;"
    /* The fields of a lake stream, in the order of the lake's columns. */
    "CREATE TABLE stream_fields ("
    "  stream TEXT NOT NULL,"
    "  position INTEGER NOT NULL,"
    "  name TEXT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  PRIMARY KEY (stream, position)) STRICT, WITHOUT ROWID;"
    /* The columns of a source's files, so that a project compiles without its files; and a hash
       of the stream keys under which its events were made. */
    "CREATE TABLE source_columns ("
    "  source TEXT NOT NULL,"
    "  position INTEGER NOT NULL,"
    "  name TEXT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  PRIMARY KEY (source, position)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE source_definitions ("
    "  source TEXT PRIMARY KEY,"
    "  definition TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;";

/* A run is one training; it ends in at most one version. A version is immutable but for its
   stage, and each change of that has its row in promotions. */
static const char tables_of_models[] =
    "CREATE TABLE runs ("
    "  id INTEGER PRIMARY KEY,"
    "  model TEXT NOT NULL,"
    "  learner TEXT NOT NULL,"
    "  status TEXT NOT NULL,"
    "  started_us INTEGER NOT NULL,"
    "  ended_us INTEGER,"
    "  seed INTEGER NOT NULL,"
    "  data_version TEXT NOT NULL,"
    "  version TEXT,"
    "  why TEXT,"
    "  details TEXT NOT NULL) STRICT;" /* JSON */
    "CREATE TABLE metrics ("
    "  run INTEGER NOT NULL REFERENCES runs,"
    "  name TEXT NOT NULL,"
    "  segment TEXT NOT NULL," /* empty: of all examples */
    "  value REAL, low REAL, high REAL,"
    "  count INTEGER,"
    "  PRIMARY KEY (run, name, segment)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE versions ("
    "  version TEXT NOT NULL,"
    "  model TEXT NOT NULL,"
    "  created_us INTEGER NOT NULL,"
    "  run INTEGER REFERENCES runs,"
    "  artefact TEXT NOT NULL,"
    "  stage TEXT NOT NULL,"
    "  details TEXT NOT NULL," /* JSON: lineage */
    "  PRIMARY KEY (model, version)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE promotions ("
    "  id INTEGER PRIMARY KEY,"
    "  at_us INTEGER NOT NULL,"
    "  model TEXT NOT NULL,"
    "  version TEXT NOT NULL,"
    "  from_stage TEXT NOT NULL,"
    "  to_stage TEXT NOT NULL,"
    "  who TEXT NOT NULL,"
    "  why TEXT NOT NULL) STRICT;"
    "CREATE TABLE alerts ("
    "  id INTEGER PRIMARY KEY,"
    "  model TEXT NOT NULL,"
    "  rule TEXT NOT NULL,"
    "  opened_us INTEGER NOT NULL,"
    "  closed_us INTEGER,"
    "  value REAL,"
    "  message TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX alerts_open ON alerts (model, rule) WHERE closed_us IS NULL;";

/* The place from which the events of an ingest count as accepted; none: they are history, or from
   the log, and stand where their files say. And the place up to which the log's events are in
   the lake since this ingest; none: it brought none of them. */
static const char places_of_ingests[] =
    "ALTER TABLE ingests ADD COLUMN place_us INTEGER;"
    "ALTER TABLE ingests ADD COLUMN log_through_us INTEGER;";

/* From one row's place to the next one's in each file of the ingest. */
static const char steps_of_ingests[] =
    "ALTER TABLE ingests ADD COLUMN step_us INTEGER NOT NULL DEFAULT 0;";

/* Who may ask the server for what. Of a token only its SHA-256 is kept; a revoked one keeps its
   row, for the audit. scopes: bits, as registry/tokens.h numbers them. */
static const char table_of_tokens[] =
    "CREATE TABLE tokens ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  hash TEXT NOT NULL UNIQUE,"
    "  scopes INTEGER NOT NULL,"
    "  created_us INTEGER NOT NULL,"
    "  expires_us INTEGER NOT NULL,"
    "  who TEXT NOT NULL,"
    "  revoked_us INTEGER) STRICT;"
    "CREATE UNIQUE INDEX tokens_in_force ON tokens (name) WHERE revoked_us IS NULL;";

/* Of all events of the log up to log_through_us, as data versions name them. */
static const char digests_of_the_log[] = "ALTER TABLE ingests ADD COLUMN log_digest TEXT;";

/* How many rows of the file are corrections; with any it has the columns of what they replace. */
static const char corrections_of_files[] =
    "ALTER TABLE lake_files ADD COLUMN corrections INTEGER NOT NULL DEFAULT 0;";

/* CRC32C of the file's bytes; none: it is from before these were kept. */
static const char checksums_of_files[] = "ALTER TABLE lake_files ADD COLUMN checksum INTEGER;";

/* Whether the definition has the stream's own zone, as those from before have not. */
static const char zones_of_sources[] =
    "ALTER TABLE source_definitions ADD COLUMN has_zone INTEGER NOT NULL DEFAULT 0;";

static const char *const steps[] = {tables_of_data, tables_of_models, places_of_ingests,
                                    steps_of_ingests, table_of_tokens, digests_of_the_log,
                                    corrections_of_files, checksums_of_files, zones_of_sources};
static_assert(sizeof steps / sizeof *steps == MW_CATALOG_FORMAT, "a format is a step");

const char *mw_catalog_migration(int format) {
    MW_ASSERT(format >= 0 && format < MW_CATALOG_FORMAT);
    return steps[format];
}
