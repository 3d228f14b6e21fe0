"""Who reads what `serve` writes may go: the server, its keeper and the two together go on."""
import atexit
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from serving import MILLWRIGHT, PATIENCE, call, prepare


def roles_of(process):
    """The server and the keeper that stand now."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    found = {}
    for pid in children:
        try:
            found[Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1].decode()] = int(pid)
        except (OSError, IndexError):  # gone meanwhile, or about to start
            pass
    return found


def await_new(process, role, old):
    until = time.monotonic() + 20 * PATIENCE
    while roles_of(process).get(role, old) == old:
        assert process.poll() is None, f"serve has ended: {process.returncode}"
        assert time.monotonic() < until, role
        time.sleep(0.05)


def test(folder):
    prepare(folder)
    process = subprocess.Popen([MILLWRIGHT, "serve", "-C", folder, "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    atexit.register(process.kill)
    port = None
    while port is None:
        line = process.stdout.readline()
        assert line, "serve has ended"
        port = int(line.split("http://127.0.0.1:")[1].split(",")[0]) if "listening on" in line else None
    process.stdout.close()  # as a log reader that dies
    first = roles_of(process)
    assert set(first) == {"server", "keeper"}, first

    os.kill(first["keeper"], signal.SIGKILL)  # of which the supervisor tells, and of the next
    await_new(process, "keeper", first["keeper"])
    assert call(port, "GET", "/v1/models/big")[0] == 200
    assert roles_of(process)["server"] == first["server"]

    os.kill(first["server"], signal.SIGKILL)  # the next one says where it listens
    await_new(process, "server", first["server"])
    second = roles_of(process)["server"]
    time.sleep(2 * PATIENCE)  # for what it writes as it starts
    assert process.poll() is None and roles_of(process)["server"] == second, "it does not come up"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20 * PATIENCE) in (0, 4)  # 4: what was to be written could not be


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        test(place)
