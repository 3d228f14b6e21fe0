"""Requests with an Idempotency-Key are carried out once, whatever happens: a stream without an id, which
knows no repeats, gets each event once though the server is killed again and again, every request is sent
until it is answered, and some are sent again after that. An answer that comes twice is the same twice.

Some kills tear the very write that has a request's events and its key: by a limit to the size of its files, which the log
reaches in the midst of such a write."""
import atexit
import ctypes
import http.client
import json
import os
import random
import re
import resource
import signal
import struct
import subprocess
import tempfile
import threading
from pathlib import Path
import time

MILLWRIGHT = os.environ["MILLWRIGHT"]
KILLS = int(os.environ.get("MW_KILLS", "10"))
TORN_KILLS = int(os.environ.get("MW_TORN_KILLS", "20"))
SEED = int(os.environ.get("MW_SEED", "1"))
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
PTRACE_CONT, PTRACE_SEIZE = 7, 0x4206
PROJECT = """project: clicks
streams:
  clicks: {from: clicks.csv, types: {user: category}, time: at}
  visits: {from: visits.csv, types: {user: category}, time: at, id: visit}
features:
  seen: count(clicks by user over 1d)
models:
  again:
    moment: on visits
    label: any(visits by user over next 1h)
"""


class Server:
    def __init__(self, folder):
        self.folder = folder
        self.start("127.0.0.1:0")

    def start(self, address):
        self.process = subprocess.Popen([MILLWRIGHT, "server", "--json", "-C", self.folder, "--listen", address],
                                        stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.start_again()

    def start_again(self):
        self.process.wait()
        self.process.stdout.close()
        self.start(f"127.0.0.1:{self.port}")

    def tear(self, size):
        """Lets the log grow by so many more bytes, in the segment that is written, which a new one may follow before;
        whether records stand there then without the last of their batch. Beyond, a write is cut short and the next one
        fails with a signal, which the server does not heed, but whose tracer is told: there it is killed."""
        limited, pid = None, self.process.pid
        assert LIBC.ptrace(PTRACE_SEIZE, pid, None, None) == 0, os.strerror(ctypes.get_errno())
        while True:
            log = max(Path(self.folder, ".millwright/log").glob("*.log"), key=lambda path: int(path.stem, 16) ^ 1 << 63)
            if log != limited:
                limited, limit = log, log.stat().st_size + size
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            told, status = os.waitpid(pid, os.WNOHANG)
            if told == 0:
                time.sleep(0.002)
                continue
            assert os.WIFSTOPPED(status), status
            if os.WSTOPSIG(status) == signal.SIGXFSZ:
                break
            LIBC.ptrace(PTRACE_CONT, pid, None, os.WSTOPSIG(status))
        self.process.kill()
        is_torn = is_broken_off(log.read_bytes())
        self.start_again()
        return is_torn


def is_broken_off(segment):
    offset, is_followed = 28, False
    while offset + 40 <= len(segment):
        size, _, kind = struct.unpack_from("<III", segment, offset)
        if offset + 40 + size > len(segment):
            break
        offset, is_followed = offset + 40 + size, kind >> 31 == 1
    return is_followed


def request(server, *words):
    """The answer of a server that does not stop."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request(*words)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 503:  # while it recovers
            return text
        time.sleep(0.01)


class Client(threading.Thread):
    def __init__(self, name, server):
        super().__init__()
        self.server, self.name_, self.prng = server, name, random.Random(f"{SEED}{name}")
        self.stopping, self.failure, self.sent, self.repeated = False, None, 0, 0

    def ask(self, key, body):
        """The answer, however often it must be asked for."""
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
                connection.request("POST", "/v1/events/clicks", body, {"Idempotency-Key": key})
                answer = connection.getresponse()
                if answer.status != 503:  # while it recovers
                    return answer.status, answer.read(), answer.headers["Idempotency-Replayed"]
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            self.repeated += 1
            time.sleep(0.01)

    def run(self):
        try:
            while not self.stopping:
                key = f"{self.name_}-{self.sent}"
                rows = [{"user": f"u{self.prng.randrange(9)}", "at": "2024-05-01T00:00:00Z"}
                        for _ in range(self.prng.choice([1, 1, 3, 40]))]
                first = self.ask(key, json.dumps(rows))
                assert first[0] == 200 and json.loads(first[1])["accepted"] == len(rows), first
                self.sent += len(rows)
                if self.prng.random() < 0.3:
                    second = self.ask(key, json.dumps(rows))
                    assert second == (first[0], first[1], "true"), (first, second)
        except AssertionError as failure:
            self.failure = failure


def events_of(server):
    return int(re.search(r"^millwright_log_events_total (\d+)", request(server, "GET", "/metrics"), re.M).group(1))


def main(folder):
    with open(f"{folder}/millwright.yaml", "w") as file:
        file.write(PROJECT)
    with open(f"{folder}/clicks.csv", "w") as file:
        file.write("user,at\nu1,2024-01-01T00:00:00Z\n")
    with open(f"{folder}/visits.csv", "w") as file:
        file.write("visit,user,at\nv1,u1,2024-01-01T00:00:00Z\n")
    subprocess.run([MILLWRIGHT, "ingest", "-C", folder], check=True, capture_output=True)
    server, prng = Server(folder), random.Random(SEED)

    clients = [Client(f"c{i}", server) for i in range(4)]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(prng.random() * 0.3)
        server.kill()
    torn = sum(server.tear(prng.randrange(1, 20000)) for _ in range(TORN_KILLS))
    for client in clients:
        client.stopping = True
        client.join()
        assert client.failure is None, client.failure
    sent, repeated = sum(client.sent for client in clients), sum(client.repeated for client in clients)
    assert events_of(server) == sent, (events_of(server), sent)
    server.kill()
    assert events_of(server) == sent, (events_of(server), sent)
    server.process.kill()
    assert repeated > 0 and sent > 100, (repeated, sent)
    assert torn >= TORN_KILLS / 2, torn
    print(f"{sent} events once each, over {KILLS} kills, {TORN_KILLS} in a write, of which {torn} broke off a batch, and "
          f"{repeated} requests sent again (seed {SEED})")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
