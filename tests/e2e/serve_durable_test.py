"""`durability: disk`: no answer of a recorded request leaves before its record is synced, one sync for all that wait
together. A library in front of libc's writes down each write and sync of the log by the server (the keeper's helpers sync
it too) and each answer, in their order."""
import http.client
import json
import os
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static void note(const char *word) {
    int file = open(getenv("SPY_FILE"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (file >= 0 && write(file, word, strlen(word)) >= 0) close(file);
}
static int is_server(void) {
    static char words[4096];
    if (!words[0]) {
        int file = open("/proc/self/cmdline", O_RDONLY);
        if (file < 0 || read(file, words, sizeof words - 1) <= 0) abort();
        close(file);
    }
    return strcmp(words + strlen(words) + 1, "server") == 0;
}
static int is_log(int file) {
    if (!is_server()) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    path[size > 0 ? size : 0] = 0;
    return strstr(path, "/.millwright/log/") != NULL;
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
    char word[32];
    ssize_t result = ((ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite"))(file, bytes, size, offset);
    snprintf(word, sizeof word, "w%zu ", size);
    if (is_log(file)) note(word);
    return result;
}
int fdatasync(int file) {
    if (is_log(file)) note("begin ");
    int result = ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
    if (is_log(file)) note("synced ");
    return result;
}
ssize_t send(int to, const void *bytes, size_t size, int flags) {
    if (size > 12 && memcmp(bytes, "HTTP/1.1 200", 12) == 0) note("answer ");
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


def watched(folder, durability, *words):
    """What was seen: one client's events one after another, then those of several at once. All are equally long."""
    def names(client):
        return [f"{durability}{len(words)}{client}.{i:02}" for i in range(COUNT)]
    notes = Path(folder, "notes")
    os.environ.update(LD_PRELOAD=f"{folder}/spy.so", SPY_FILE=str(notes))
    process, port = start(folder, "--listen", "127.0.0.1:0", *words)
    for name in ("LD_PRELOAD", "SPY_FILE"):
        del os.environ[name]
    notes.write_text("")
    send_events(port, names("x"))
    alone = notes.read_text().split()
    notes.write_text("")
    clients = [threading.Thread(target=send_events, args=(port, names(c)))
               for c in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    together = notes.read_text().split()
    stop(process)
    return alone, together


def check_covered(story, record_size):
    """Whenever answers have left, so many records had been written before a sync began that has ended."""
    written = covered = safe = answered = 0
    for word in story:
        if word == "begin":
            covered = written
        elif word == "synced":
            safe = covered
        elif word == "answer":
            answered += 1
            assert answered <= safe, story
        else:
            assert int(word[1:]) % record_size == 0, word
            written += int(word[1:]) // record_size
    assert answered == written == CLIENTS * COUNT, (answered, written)


def main(folder):
    compile_spy(folder)
    write_project(folder)
    project = Path(folder, "millwright.yaml")
    alone, _ = watched(folder, "kernel")
    assert alone.count("answer") == COUNT and alone.count("synced") < COUNT, alone
    project.write_text(project.read_text() + "durability: disk\n")
    for threads in ([], ["--threads", "3"]):
        alone, together = watched(folder, "disk", *threads)
        assert alone == [alone[0], "begin", "synced", "answer"] * COUNT, alone
        check_covered(together, int(alone[0][1:]))
        print(f"disk: {together.count('synced')} syncs for {COUNT * CLIENTS} events of {CLIENTS} clients at once")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
