"""10,000 idle connections on one server, started with the usual limit of 1,024 descriptors: requests are answered
beside them, each of them still works, the next client is told to come back, and memory stays small. Before them the
three processes, shared pages counted once, hold less than 20 MB: the keeper has read the lake by then, and given
DuckDB's memory back."""
import atexit
import http.client
import json
import random
import resource
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from serving import MEMORY_BESIDE, MILLWRIGHT, call, order, prepare, stop

COUNT, ASKED, NEEDED = 10_000, 200, 10_400
MEMORY_A_CONNECTION_MAX = 4096
MEMORY_IDLE_MAX = 20e6  # of a few hundred rows; 30 MB is the goal for 20,000


def resident(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def ask(connection):
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    return connection.recv(4096)


def start(folder, hard):
    """As a shell would: 1,024 now, `hard` for whoever asks."""
    process = subprocess.Popen(
        [MILLWRIGHT, "serve", "--json", "-C", folder, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard)))
    atexit.register(process.kill)
    port = json.loads(process.stdout.readline())["port"]
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    roles = {Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1]: int(pid) for pid in children}
    assert len(roles) == 2, roles
    return process, port, roles[b"server"], roles[b"keeper"]


def has_duckdb(pid):
    return "libduckdb" in Path(f"/proc/{pid}/maps").read_text()


def held(pid):
    """Its memory; of pages that others have too, its share."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def check_idle(pids, keeper):
    until = time.monotonic() + 20
    while not has_duckdb(keeper):
        assert time.monotonic() < until, "the keeper reads no lake"
        time.sleep(0.05)
    time.sleep(1)  # for the reading
    while sum(map(held, pids)) > MEMORY_IDLE_MAX + MEMORY_BESIDE:
        assert time.monotonic() < until, [held(pid) for pid in pids]
        time.sleep(0.05)
    print("idle:", *(f"{held(pid) / 1e6:.1f}" for pid in pids), "MB")


def last_that_fits(port):
    """There is room for it once the server has seen the end of the one before."""
    until = time.monotonic() + 10
    while True:
        connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        try:
            answer = ask(connection)
        except ConnectionError:  # refused and closed while it asked
            answer = b"HTTP/1.1 503 "
        if answer.startswith(b"HTTP/1.1 200 OK"):
            return connection
        connection.close()
        assert answer.startswith(b"HTTP/1.1 503 ") and time.monotonic() < until, answer
        time.sleep(0.01)


def check(port, server):
    before = resident(server)
    idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(COUNT - 1)]
    assert call(port, "POST", "/v1/events/orders", order("a"))[0] == 200
    idle.append(last_that_fits(port))

    beyond = socket.create_connection(("127.0.0.1", port), timeout=20)
    refusal = beyond.recv(4096)
    assert refusal.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 1\r\n" in refusal, refusal
    beyond.close()

    taken = resident(server) - before
    assert taken < MEMORY_A_CONNECTION_MAX * COUNT + MEMORY_BESIDE, f"{taken / COUNT:.0f} bytes a connection"
    for connection in random.Random(1).sample(idle, ASKED):
        assert ask(connection).startswith(b"HTTP/1.1 200 OK")
    print(f"{COUNT} idle connections, {taken / COUNT:.0f} bytes each")
    for connection in idle:
        connection.close()
    assert call(port, "POST", "/v1/events/orders", order("b"))[0] == 200


def main(folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < NEEDED:
        print(f"left out: this machine allows {hard} descriptors, {NEEDED} are needed")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, NEEDED), hard))
    prepare(folder)
    process, port, server, keeper = start(folder, hard)
    check_idle([process.pid, server, keeper], keeper)
    check(port, server)
    stop(process)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
