"""A server on a disk that takes its checkpoint for ever still ends in time when it is told to, and
loses nothing. The disk is slow by a library that is loaded before the system's."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from serving import call, order, run, start, stop, write_project  # noqa: E402

SLOW_DISK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Syncs a checkpoint in a minute, and all else at once. */
int fdatasync(int descriptor) {
    char link[64], path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    if (readlink(link, path, sizeof path - 1) > 0 && strstr(path, ".checkpoint.")) sleep(60);
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return real(descriptor);
}
"""


def slow_disk(folder):
    source, library = f"{folder}/slow_disk.c", f"{folder}/slow_disk.so"
    pathlib.Path(source).write_text(SLOW_DISK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def send(port, names):
    status, answer = call(port, "POST", "/v1/events/orders",
                          {"events": [order(name) for name in names]})
    assert status == 200, answer
    return answer["accepted"], answer["repeats"]


def main(folder):
    write_project(folder)
    assert run(folder, "ingest").returncode == 0
    os.environ["LD_PRELOAD"] = slow_disk(folder)
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    os.environ["ASAN_OPTIONS"] = f"{sanitizer}:detect_leaks=0"  # it leaves the writer the memory that this still uses
    process, port = start(folder, "--listen", "127.0.0.1:0")
    assert send(port, ["a", "b"]) == (2, 0)
    told = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    took = time.monotonic() - told
    written = [path.name for path in pathlib.Path(folder, ".millwright/checkpoints").iterdir()]
    assert 10 < took < 15, took
    assert not any(name.endswith(".checkpoint") for name in written), written
    del os.environ["LD_PRELOAD"]
    os.environ["ASAN_OPTIONS"] = sanitizer
    process, port = start(folder, "--listen", "127.0.0.1:0")
    assert send(port, ["a", "b", "c"]) == (1, 2)
    stop(process)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
