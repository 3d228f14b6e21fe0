"""A move of the log's events to the lake that gets no time in the background is begun anew among equals, before an ingest
that waits for it gives up."""
import contextlib
import pathlib
import sqlite3
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from serving import call, order, run, start, stop, write_project  # noqa: E402
from starving import children, is_starving, starve, wait_for  # noqa: E402


def in_lake(folder):
    with contextlib.closing(sqlite3.connect(f"file:{folder}/.millwright/catalog.db?mode=ro", uri=True)) as catalog:
        return catalog.execute("SELECT sum(event_count) FROM lake_files").fetchone()[0]


def starved_move(folder, process):
    keeper = wait_for("the keeper", lambda: children(process.pid).get("keeper"))
    starved = wait_for("a move that is due", lambda: children(keeper).get("move-log"))
    wait_for("it holds the lake and gets no further", lambda: is_starving(folder, starved))
    return starved


def post_to_log(folder, *names):
    """A keeper that begins has the log moved."""
    process, port = start(folder, "--listen", "127.0.0.1:0")
    status, answer = call(port, "POST", "/v1/events/orders", {"events": [order(name) for name in names]})
    assert status == 200, answer
    stop(process)


def main(folder):
    write_project(folder)
    assert run(folder, "ingest").returncode == 0
    before = in_lake(folder)
    post_to_log(folder, "a", "b")
    starve(folder, "/.millwright/log/")
    process, _ = start(folder, "--listen", "127.0.0.1:0")
    starved = starved_move(folder, process)
    wait_for("what was posted is in the lake", lambda: in_lake(folder) == before + 2)
    wait_for("another has begun in its place", lambda: not pathlib.Path(f"/proc/{starved}").exists())
    stop(process)

    post_to_log(folder, "c")
    process, _ = start(folder, "--listen", "127.0.0.1:0")
    starved = starved_move(folder, process)
    more = pathlib.Path(folder, "more.csv")
    more.write_text("number,shop,amount,at,returned\nd,north,12.5,2024-03-01T12:00:00Z,\n")
    done = run(folder, "ingest", "orders", "--from", str(more))
    assert done.returncode == 0, done
    assert not pathlib.Path(f"/proc/{starved}").exists()
    stop(process)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
