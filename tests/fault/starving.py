"""Processes that get no time in the background: kept from their end there by a library that is loaded before the system's."""
import os
import pathlib
import subprocess
import time

STARVING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Who works in the background syncs such a file in a minute; a file with its id says that it has come there. */
int fdatasync(int descriptor) {
    char link[64], path[4096] = "", mark[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    if (readlink(link, path, sizeof path - 1) > 0 && strstr(path, getenv("STARVED")) &&
        sched_getscheduler(0) == SCHED_IDLE) {
        snprintf(mark, sizeof mark, "%s%d", getenv("STARVING"), (int)getpid());
        close(open(mark, O_CREAT | O_WRONLY, 0600));
        sleep(60);
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return real(descriptor);
}
"""


def starve(folder, part_of_path):
    """All programs that are started from now on."""
    source, library = f"{folder}/starving.c", f"{folder}/starving.so"
    pathlib.Path(source).write_text(STARVING)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    os.environ.update(LD_PRELOAD=library, STARVED=part_of_path, STARVING=f"{folder}/starving.")


def is_starving(folder, pid):
    return pathlib.Path(folder, f"starving.{pid}").exists()


def work_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[1]
    except (FileNotFoundError, IndexError):  # it has ended
        return None


def children(pid):
    """The id of each child of the first thread by what it does."""
    return {work_of(child): int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def wait_for(what, found):
    until = time.monotonic() + 20
    while not found():
        assert time.monotonic() < until, what
        time.sleep(0.01)
    return found()
