"""`durability: disk`: no answer of a recorded request leaves before its record is synced, one sync for all that are
ready together. A library in front of libc's writes down each sync of a file and each answer, in their order."""
import http.client
import json
import os
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from serving import order, start, stop, write_project

COUNT, CLIENTS = 40, 8
SPY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static void note(const char *letter) {
    int file = open(getenv("SPY_FILE"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (file >= 0 && write(file, letter, 1) == 1) close(file);
}
int fdatasync(int file) {
    int result = ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
    note("s");
    return result;
}
ssize_t send(int to, const void *bytes, size_t size, int flags) {
    if (size > 12 && memcmp(bytes, "HTTP/1.1 200", 12) == 0) note("a");
    return ((ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send"))(to, bytes, size, flags);
}
"""


def compile_spy(folder):
    Path(folder, "spy.c").write_text(SPY)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", f"{folder}/spy.so", f"{folder}/spy.c", "-ldl"], check=True)


def send_events(port, names):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for name in names:
        connection.request("POST", "/v1/events/orders", json.dumps(order(name, at=now)))
        answer = connection.getresponse()
        assert answer.status == 200 and json.loads(answer.read())["accepted"] == 1
    connection.close()


def watched(folder, durability):
    """What was seen: one client's events one after another, then those of several at once."""
    notes = Path(folder, f"notes.{durability}")
    os.environ.update(LD_PRELOAD=f"{folder}/spy.so", SPY_FILE=str(notes))
    process, port = start(folder, "--listen", "127.0.0.1:0")
    for name in ("LD_PRELOAD", "SPY_FILE"):
        del os.environ[name]
    notes.write_text("")
    send_events(port, [f"{durability}{i}" for i in range(COUNT)])
    alone = notes.read_text()
    notes.write_text("")
    clients = [threading.Thread(target=send_events, args=(port, [f"{durability}{c}.{i}" for i in range(COUNT)]))
               for c in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    together = notes.read_text()
    stop(process)
    return alone, together


def main(folder):
    compile_spy(folder)
    write_project(folder)
    project = Path(folder, "millwright.yaml")
    alone, _ = watched(folder, "kernel")
    assert alone.count("a") == COUNT and "aa" in alone, alone
    project.write_text(project.read_text() + "durability: disk\n")
    alone, together = watched(folder, "disk")
    assert re.fullmatch(f"(s+a){{{COUNT}}}", alone), alone
    assert together.count("a") == COUNT * CLIENTS and together.startswith("s"), together
    print(f"disk: {together.count('s')} syncs for {together.count('a')} events of {CLIENTS} clients at once")
    assert together.count("s") <= together.count("a"), together


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
