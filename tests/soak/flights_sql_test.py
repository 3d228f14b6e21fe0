"""A year of flights, every feature of every moment: the exported SQL, run by DuckDB alone, against `features build`."""
import os
import subprocess
import tempfile
import time

import duckdb

PROGRAM = os.environ["MILLWRIGHT"]


def run(folder, *words):
    done = subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main(folder):
    run(folder, "init", "--example", "flights")
    run(folder, "ingest")
    run(folder, "features", "build", "--output", "built.parquet")
    database = duckdb.connect()
    os.chdir(folder)
    database.execute(run(folder, "features", "export", "--sql"))
    begun = time.process_time()
    database.execute("CREATE TABLE q AS FROM features_late")
    seconds = time.process_time() - begun
    database.execute("CREATE TABLE b AS FROM 'built.parquet'")
    moments = database.execute("SELECT count(*) FROM b").fetchone()[0]
    identity = ("\"id.carrier\" || '|' || CAST(\"id.flight\" AS BIGINT) || '|' || \"id.origin\" || '|' || "
                "strftime(\"id.sched_dep\", '%Y-%m-%dT%H:%M:%SZ')")
    names = [row[0] for row in database.execute("DESCRIBE b").fetchall()][2:]
    last_place = 0
    for name in names:
        joined, differ, far = database.execute(
            f'SELECT count(*), count(*) FILTER (q."{name}" IS DISTINCT FROM b."{name}"), '
            f'count(*) FILTER (q."{name}" IS DISTINCT FROM b."{name}" AND (abs(TRY_CAST(q."{name}" AS DOUBLE) - '
            f'TRY_CAST(b."{name}" AS DOUBLE)) <= 1e-15 * abs(TRY_CAST(b."{name}" AS DOUBLE))) IS NOT TRUE) '
            f"FROM (SELECT *, {identity} AS id FROM q) q JOIN b USING (id)").fetchone()
        assert joined == moments == 336776 and far == 0, (name, joined, far)
        last_place += differ
    print(f"{moments * len(names):,} values of {len(names) - 1} features and the label: {last_place:,} differ, in the "
          f"last place of a sum; DuckDB took {seconds:.0f} CPU s")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
