"""Whatever runs beside the server works in the background, and a checkpoint that gets no time there, while the log
grows by more than a segment, is made among equals. While it gets none, the keeper's first thread looks after it and
takes next to nothing. It is kept from its end by a library that is loaded before the system's; the log grows by a file
with nothing in it."""
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from serving import call, order, run, start, stop, write_project  # noqa: E402
from starving import children, starve, wait_for  # noqa: E402

DUE, OVERDUE = 2 << 20, 80 << 20  # bytes of the log


def policies(pid):
    """Of the first thread, and of all others."""
    threads = sorted(int(task.name) for task in pathlib.Path(f"/proc/{pid}/task").iterdir())
    return os.sched_getscheduler(threads[0]), {os.sched_getscheduler(thread) for thread in threads[1:]}


def cpu_seconds(pid):
    """Of the first thread, without children that have ended."""
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


def checkpoints(folder):
    return list(pathlib.Path(folder, ".millwright/checkpoints").glob("*.checkpoint"))


def main(folder):
    write_project(folder)
    assert run(folder, "ingest").returncode == 0
    starve(folder, ".checkpoint.")
    process, port = start(folder, "--listen", "127.0.0.1:0")
    status, answer = call(port, "POST", "/v1/events/orders", {"events": [order("a"), order("b")]})
    assert status == 200, answer
    roles = wait_for("both processes", lambda: {"server", "keeper"} <= (seen := children(process.pid)).keys() and seen)
    keeper = roles["keeper"]
    assert os.SCHED_IDLE not in policies(roles["server"])[1]
    wait_for("the keeper's own thread", lambda: policies(keeper) == (os.SCHED_OTHER, {os.SCHED_IDLE}))

    padding = pathlib.Path(folder, ".millwright/log/padding")
    with open(padding, "wb") as file:
        file.truncate(DUE)
    starved = wait_for("a checkpoint that is due", lambda: children(keeper).get("checkpoint"))
    wait_for("it is in the background", lambda: os.sched_getscheduler(starved) == os.SCHED_IDLE)
    before = cpu_seconds(keeper)
    time.sleep(1)
    assert cpu_seconds(keeper) - before < 0.05, "a few looks at it, of some 0.1 ms"
    assert children(keeper)["checkpoint"] == starved and not checkpoints(folder)
    os.truncate(padding, OVERDUE)
    wait_for("a checkpoint that is overdue", lambda: checkpoints(folder))
    assert not pathlib.Path(f"/proc/{starved}").exists()
    stop(process)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
