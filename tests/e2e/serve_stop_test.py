"""`serve` is told to stop before anything is begun: it ends at once, and as it does later.

The first process of a container gets no signal that it has not asked for, so what ends any other
process by itself must be asked for here, from the beginning on."""
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from serving import MILLWRIGHT, PATIENCE, run, write_project


def asks_for(process, number):
    """It is blocked, so it waits until it is read."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    mask = next(line.split()[1] for line in lines if line.startswith("SigBlk:"))
    return int(mask, 16) >> (number - 1) & 1


def child_of(process):
    try:
        return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def meet_look(folder):
    """A `serve` and the process that looks at its project, which is stopped in the midst of that."""
    for _ in range(50):
        serve = subprocess.Popen([MILLWRIGHT, "serve", "-C", folder, "--listen", "127.0.0.1:0"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while serve.poll() is None:
            for child in child_of(serve.pid):
                try:
                    os.kill(child, signal.SIGSTOP)
                    words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if words[1:2] == [b"look"]:
                    return serve, child
                os.kill(child, signal.SIGCONT)
                if words[1:2] == [b"server"]:  # it was too quick
                    serve.terminate()
        serve.communicate()
    raise AssertionError("nothing looks at the project first")


def main(folder):
    write_project(folder)
    assert run(folder, "ingest").returncode == 0
    for number in (signal.SIGTERM, signal.SIGINT):
        serve, looking = meet_look(folder)
        for asked in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            assert asks_for(serve.pid, asked), asked
        assert not asks_for(looking, number)
        began = time.monotonic()
        serve.send_signal(number)
        out, said = serve.communicate(timeout=20 * PATIENCE)
        assert time.monotonic() - began < 5 * PATIENCE
        assert serve.returncode == 0 and out == "", (serve.returncode, said)
        assert said == f"told to stop by signal {number.value}\n", said
        assert not Path(f"/proc/{looking}").exists(), "it ends with it"


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
