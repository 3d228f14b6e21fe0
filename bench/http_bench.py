#!/usr/bin/env python3
"""One row of 28 numbers over HTTP, 100 trees of 31 leaves: our server beside those that one would take else, in one run.

    http_bench.py [N]      N requests a server (default 20,000), over one connection, one after another

Server CPU per request comes first: it is what a shared machine disturbs least. All sides parse, check and answer JSON;
ours with `recorded` also writes event and prediction to the log before it answers, and with `50 windows` computes as
many features of the past of one of a hundred keys besides. `a bare loop` is the least that a server can cost: it reads
nothing of what it is sent (http_load_bench.c, which is the client of all). Where a request wakes a sleeping core, that
is paid for by whoever wakes it: `awake` is the same with a client that never sleeps. Server and client have a core
each. Then 50 windows at half load, what is answered of ten times the capacity, how soon a server answers after its
start, and what it holds idle.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import http_peers

MILLWRIGHT = os.environ.get("MILLWRIGHT", "build/millwright")
LOAD = Path(os.environ["MILLWRIGHT_LIB"]).parent / "http_load_bench"
CORES = sorted(os.sched_getaffinity(0))
COLUMNS, EXAMPLES, TREES, LEAVES = 28, 20_000, 100, 31
WARM_UP, LINES, LINES_OF_A_CROWD, BATCH = 500, 16, 200, 50
NAMES = [f"x{i}" for i in range(COLUMNS)]
FEATURES = "".join(f"  {name}: {name}\n" for name in NAMES)
SPANS = "{10m, 1h, 3h, 6h, 12h, 1d, 3d, 7d, 14d, 30d}"
WINDOWS = "".join(f"  {name}: {name}({of} by card over {SPANS})\n" for name, of in
                  [("count", "rows"), ("sum", "rows.x0"), ("mean", "rows.x1"), ("max", "rows.x2"), ("min", "rows.x3")])
CARDS = 100
PATH = "/v1/models/m/predict"
PROJECT = f"""\
project: bench
streams:
  rows:   {{from: data/rows.csv, time: at, id: row, types: {{card: category}}}}
  truths: {{from: data/truths.csv, time: at, id: row}}
features:
%s
models:
  m:
    moment: on rows
    label:  any(truths by id over next 1h)
    params: {{rounds: {TREES}, num_leaves: {LEAVES}}}
"""


# --- the world ------------------------------------------------------------------------------------

def stamp(i):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_767_225_600 + 60 * i))


def make_project(folder, features, more=""):
    (folder / "millwright.yaml").write_text(PROJECT % features + more)


def generate(folder):
    draw = random.Random(7)
    rows = [[round(draw.gauss(0, 1), 4) for _ in NAMES] for _ in range(EXAMPLES)]
    labels = [sum(row[:8]) + row[8] * row[9] + draw.gauss(0, 1) > 0 for row in rows]
    (folder / "data").mkdir()
    with open(folder / "data/rows.csv", "w") as out:
        out.write(",".join(["row", "at", "card", *NAMES]) + "\n")
        for i, row in enumerate(rows):
            out.write(f"{i},{stamp(i)},c{i % CARDS},{','.join(map(str, row))}\n")
    with open(folder / "data/truths.csv", "w") as out:
        out.write("row,at\n")
        out.writelines(f"{i},{stamp(i + 1)}\n" for i, label in enumerate(labels) if label)
    make_project(folder, FEATURES)
    return rows, labels


def run(folder, *words):
    return subprocess.run([MILLWRIGHT, *words, "-C", folder], check=True, capture_output=True, text=True).stdout


def train(folder, rows, labels):
    import lightgbm
    import numpy
    run(folder, "ingest")
    run(folder, "train")
    settings = {"objective": "binary", "num_leaves": LEAVES, "verbose": -1, "seed": 1}
    data = lightgbm.Dataset(numpy.array(rows), numpy.array(labels, dtype=float))
    lightgbm.train(settings, data, TREES).save_model(folder / "model.txt")


class Rows:
    """The same rows for all; ours never see an id twice."""

    def __init__(self, rows):
        self.rows, self.next = rows, EXAMPLES

    def events(self, count):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        first, self.next = self.next, self.next + count
        return [{"row": first + i, "at": now, "card": f"c{i % CARDS}", **dict(zip(NAMES, self.rows[i % EXAMPLES]))}
                for i in range(count)]

    def bodies(self, count, record):
        return [json.dumps({"event": event, "record": record}) for event in self.events(count)]

    def batches(self, count):
        events = self.events(BATCH)
        return [json.dumps({"events": events, "record": False})] * count


# --- processes ------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(words, **how):
    """On the first core; the client has the last."""
    return subprocess.Popen(words, preexec_fn=lambda: os.sched_setaffinity(0, CORES[:1]), stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, **how)


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def family(pid):
    """A process and all below it: a supervisor's work counts."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu_seconds(pid):
    tasks = [task for each in family(pid) for task in Path(f"/proc/{each}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def settle(pid):
    """Until the server has nothing to do: the keeper looks through the past when it starts."""
    for _ in range(60):
        try:
            before = cpu_seconds(pid)
            time.sleep(0.5)
            if cpu_seconds(pid) - before < 0.01:
                return
        except FileNotFoundError:  # a helper of the keeper has come to its end
            pass


def comes_up(port, path):
    """Whether it answers within three minutes."""
    end = time.monotonic() + 180
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                    return True
        except OSError:
            pass
        time.sleep(0.001)
    return False


def serve(folder, port):
    process = start([MILLWRIGHT, "serve", "-C", folder, "--listen", f"127.0.0.1:{port}"])
    if not comes_up(port, "/readyz"):
        sys.exit("http_bench: our server is not ready after three minutes")
    return process


# --- asking ---------------------------------------------------------------------------------------

def ask(port, path, bodies, rate=0, lines=1, awake=False, headers=""):
    """What came of it: seconds, answered, refused, failed, and latencies in us: p50, p99, p99.9."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}Content-Length: "
    with tempfile.NamedTemporaryFile("w") as requests:
        requests.writelines(f"{head}{len(body)}\r\n\r\n{body}\0" for body in bodies)
        requests.flush()
        words = [LOAD, "ask", str(port), requests.name, str(rate), str(lines), *(["spin"] if awake else [])]
        told = subprocess.run(words, capture_output=True, text=True, check=False,
                              preexec_fn=lambda: os.sched_setaffinity(0, CORES[-1:]))
    if told.returncode != 0 or json.loads(told.stdout)["failed"] > 0:
        sys.exit(f"http_bench: {told.stderr}")
    return json.loads(told.stdout)


def measure(name, process, port, path, bodies, **how):
    ask(port, path, bodies[:WARM_UP])
    settle(process.pid)
    before = cpu_seconds(process.pid)
    told = ask(port, path, bodies[WARM_UP:], **how)
    cpu_us = 1e6 * (cpu_seconds(process.pid) - before) / (len(bodies) - WARM_UP)
    print(f"{name:<32} {cpu_us:>8.1f}", *(f"{us:>8.0f}" for us in told["from_due"]), flush=True)
    return cpu_us


def measure_floor(count):
    port = free_port()
    process = start([LOAD, "floor", str(port)])
    time.sleep(0.2)
    bodies = ["{}" + " " * 600] * (count + WARM_UP)
    asleep = measure("a bare loop", process, port, PATH, bodies)
    awake = measure("  awake", process, port, PATH, bodies, awake=True)
    process.kill()
    process.wait()
    return asleep, awake


def measure_half_load(name, port, rows, count):
    """Asked at a fixed rate, half of what the server can answer at all."""
    capacity = count / ask(port, PATH, rows.bodies(count, True), lines=LINES, awake=True)["seconds"]
    told = ask(port, PATH, rows.bodies(count, True), rate=capacity / 2, lines=LINES)
    p50, p99, p999 = told["from_due"]
    print(f"{name}: {capacity:,.0f} a second at most; at half of that p50 {p50:.0f} us, p99 {p99:.0f}, p99.9 {p999:.0f}",
          flush=True)


def measure_overload(port, rows, count):
    """Batches, since a client on one core cannot ask for ten times as many single rows."""
    told = ask(port, PATH, rows.batches(count), lines=LINES, awake=True)
    capacity, deadline_ms = count / told["seconds"], 20
    print(f"batches of {BATCH} rows: {capacity:,.0f} a second at most, over {LINES} connections p99 "
          f"{told['from_sent'][1] / 1e3:.1f} ms", flush=True)
    for headers, meaning in [("", "with no deadline of their own"),
                             (f"X-Request-Timeout-Ms: {deadline_ms}\r\n", f"with a deadline of {deadline_ms} ms")]:
        told = ask(port, PATH, rows.batches(5 * count), rate=10 * capacity, lines=LINES_OF_A_CROWD, headers=headers)
        p50, p99, p999 = (us / 1e3 for us in told["from_sent"])
        print(f"  ten times as many over {LINES_OF_A_CROWD}, {meaning}: {told['answered'] / told['seconds']:,.0f} a second "
              f"answered, p50 {p50:.1f} ms, p99 {p99:.1f}, p99.9 {p999:.1f}; {told['refused']:,} of {5 * count:,} refused",
              flush=True)


# --- the servers ----------------------------------------------------------------------------------

def run_ours(folder, rows, count):
    port = free_port()
    process = serve(folder, port)
    bare = measure("Millwright", process, port, PATH, rows.bodies(count + WARM_UP, False))
    awake = measure("  awake", process, port, PATH, rows.bodies(count + WARM_UP, False), awake=True)
    recorded = measure("Millwright, recorded", process, port, PATH, rows.bodies(count + WARM_UP, True))
    stop(process)
    return bare, awake, recorded


def run_windows(folder, rows, count):
    make_project(folder, WINDOWS)
    version = json.loads(run(folder, "train", "--json"))["version"]
    run(folder, "models", "promote", "m", version)
    port = free_port()
    process = serve(folder, port)
    measure("  50 windows, recorded", process, port, PATH, rows.bodies(count + WARM_UP, True))
    measure_half_load("  50 windows, recorded", port, rows, 2 * count)
    stop(process)
    make_project(folder, WINDOWS, "durability: disk\n")
    process = serve(folder, port)
    measure("  50 windows, on disk", process, port, PATH, rows.bodies(1000 + WARM_UP, True))
    measure_half_load("  50 windows, on disk", port, rows, count)
    stop(process)


def run_crowd(folder, rows, count):
    port = free_port()
    process = serve(folder, port)
    measure_overload(port, rows, max(count // 10, 200))
    stop(process)


def run_peer(peer, folder, rows, count):
    """Its CPU a request; None where it is not installed."""
    python = http_peers.python_of(peer)
    if not python:
        print(f"{peer.name}: not run: {' and '.join(peer.needs)} are not in $MILLWRIGHT_PEERS", flush=True)
        return None
    port = free_port()
    process = start(http_peers.command(peer, python, folder, port), cwd=folder, env=http_peers.environment(python))
    if not comes_up(port, peer.ready):
        print(f"{peer.name}: not run: it was not ready after three minutes", flush=True)
        stop(process)
        return None
    events = [dict(zip(NAMES, rows.rows[i % EXAMPLES])) for i in range(count + WARM_UP)]
    cpu_us = measure(peer.name, process, port, peer.path, [peer.body(event) for event in events])
    stop(process)
    return cpu_us


def held_bytes(pid, kind):
    """By all its processes: Pss counts each page once, Pss_Anon not those of program and libraries, Rss all in each."""
    return sum(int(line.split()[1]) << 10 for each in family(pid)
               for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines() if line.startswith(f"{kind}:"))


def measure_start(name, folder):
    """From the start of the program to its first answer, the best of five, and what it holds then."""
    spans, held = [], {}
    for _ in range(5):
        port, begun = free_port(), time.perf_counter()
        process = serve(folder, port)
        spans.append(time.perf_counter() - begun)
        settle(process.pid)
        held = {kind: held_bytes(process.pid, kind) / 1e6 for kind in ("Pss", "Pss_Anon", "Rss")}
        stop(process)
    print(f"{name}: first answer after {1e3 * min(spans):.0f} ms; idle {held['Pss']:.1f} MB of memory, each page counted "
          f"once, of it {held['Pss_Anon']:.1f} its own ({held['Rss']:.1f} with all in each process)", flush=True)


def main(count):
    folder = Path(tempfile.mkdtemp())
    try:
        drawn, labels = generate(folder)
        train(folder, drawn, labels)
        rows = Rows(drawn)
        print(f"{'server':<32} {'CPU us':>8} {'p50 us':>8} {'p99':>8} {'p99.9':>8}    a request, of {count:,}")
        measure_start(f"{EXAMPLES:,} rows", folder)
        floor, floor_awake = measure_floor(count)
        bare, awake, recorded = run_ours(folder, rows, count)
        run_crowd(folder, rows, count)
        run_windows(folder, rows, count)
        print(f"beyond the bare loop: {bare - floor:.1f} us, awake {awake - floor_awake:.1f}")
        for peer in http_peers.PEERS:
            cpu_us = run_peer(peer, folder, rows, count if peer.is_quick else count // 10)
            if cpu_us:
                print(f"  {cpu_us / bare:.1f} times our CPU, {cpu_us / recorded:.1f} times with the record")
    finally:
        shutil.rmtree(folder)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
