#!/usr/bin/env python3
"""One row of 28 numbers over HTTP, 100 trees of 31 leaves: our server beside those that one would take else, in one run.

    http_bench.py [N [PART...]]      N requests a server (default 20,000), over one connection, one after another

The parts are start, ours, crowd, windows, disk and the names of the peers; without any, all of them. Where the machine
is quiet for a minute at a time, each can be run by itself.

Server CPU per request comes first: it is what a shared machine disturbs least. All sides parse, check and answer JSON;
ours with `recorded` also writes event and prediction to the log before it answers, and with `50 windows` computes as
many features of the past of one of a hundred keys besides. Of ours `CPU us` is the loop's, which takes requests and
answers them, and `beside` what else they cause, at idle priority and until all of it is done: the log is synced and
followed, and checkpoints are written, one at least, however few requests there are. Of the others `CPU us` is all.
`a bare loop` is the least that a server can cost: it reads nothing of what it is sent (http_load_bench.c, which is the
client of all). Where a request wakes a sleeping core, that is paid for by whoever wakes it: `awake` is the same with a
client that never sleeps, and with `16 connections`, each asking at once after each answer, the server does not sleep
either: that is what a request itself costs. Of those two of FastAPI + LightGBM, the bare loop and ours, where these
ran, stand ratios and differences beside those of the goals. Server and client have a core each. Then 50 windows at half
load, what is answered of ten times the capacity, how soon a server answers after its start, and what it holds idle.
"""
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import http_peers

MILLWRIGHT = os.environ.get("MILLWRIGHT", "build/millwright")
LOAD = Path(os.environ.get("MILLWRIGHT_LIB", "build/lib")).parent / "http_load_bench"
CORES = sorted(os.sched_getaffinity(0))
COLUMNS, EXAMPLES, TREES, LEAVES = 28, 20_000, 100, 31
WARM_UP, LINES, LINES_OF_A_CROWD, BATCH, ROUNDS = 500, 16, 200, 50, 8
NAMES = [f"x{i}" for i in range(COLUMNS)]
FEATURES = "".join(f"  {name}: {name}\n" for name in NAMES)
SPANS = "{10m, 1h, 3h, 6h, 12h, 1d, 3d, 7d, 14d, 30d}"
WINDOWS = "".join(f"  {name}: {name}({of} by card over {SPANS})\n" for name, of in
                  [("count", "rows"), ("sum", "rows.x0"), ("mean", "rows.x1"), ("max", "rows.x2"), ("min", "rows.x3")])
CARDS = 100
REFERENCE = "FastAPI + LightGBM"
BARE_LOOP = "a bare loop"
GOALS_US = {BARE_LOOP: 7.9, REFERENCE: 243, "bare": 12, "with 50 windows and record": 25}  # where they were set
CHECKPOINT_S = 8  # by then one is begun that was due, since they rest for a hundred times what one takes, here 60 ms
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


def start(words, output=subprocess.DEVNULL, **how):
    """On the first core; the client has the last."""
    return subprocess.Popen(words, preexec_fn=lambda: os.sched_setaffinity(0, CORES[:1]), stdout=output, stderr=output,
                            **how)


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def family(pid):
    """A process and all below it: a supervisor's work counts."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def own_cpu_seconds(pid):
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def cpu_seconds(pid):
    return sum(own_cpu_seconds(each) for each in family(pid))


def ended_cpu_seconds(pid):
    """Of children that have ended, of all the family."""
    fields = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in family(pid)]
    return sum(int(each[13]) + int(each[14]) for each in fields) / os.sysconf("SC_CLK_TCK")


def whole_cpu_seconds(pid):
    while True:
        try:
            return cpu_seconds(pid) + ended_cpu_seconds(pid)
        except FileNotFoundError:  # one has just come to its end
            pass


def loop_cpu_seconds(pid):
    """Of the thread that answers, in our family."""
    server = next(each for each in family(pid) if b"\0server\0" in Path(f"/proc/{each}/cmdline").read_bytes())
    return int(Path(f"/proc/{server}/task/{server}/schedstat").read_text().split()[0]) / 1e9


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


def rest(pid):
    """Until no checkpoint is due either."""
    time.sleep(CHECKPOINT_S)
    settle(pid)


def comes_up(process, port, path, look_again_s=0.001):
    """Whether it answers within three minutes: one that loads for long may take connections and say nothing."""
    end = time.monotonic() + 180
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                    return True
        except OSError:
            pass
        time.sleep(look_again_s)
    return False


def serve(folder, port):
    process = start([MILLWRIGHT, "serve", "-C", folder, "--listen", f"127.0.0.1:{port}"])
    if not comes_up(process, port, "/readyz"):
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


def print_measured(name, told, cpu_us, beside_us=None):
    beside = "" if beside_us is None else f"{beside_us:.1f}"
    print(f"{name:<32} {cpu_us:>8.1f} {beside:>8}", *(f"{us:>8.0f}" for us in told["from_due"]), flush=True)


def measure(name, process, port, path, bodies, **how):
    ask(port, path, bodies[:WARM_UP])
    settle(process.pid)
    before = cpu_seconds(process.pid)
    told = ask(port, path, bodies[WARM_UP:], **how)
    cpu_us = 1e6 * (cpu_seconds(process.pid) - before) / (len(bodies) - WARM_UP)
    print_measured(name, told, cpu_us)
    return cpu_us


def measure_ours(name, process, port, path, bodies, **how):
    """Of the loop alone, and of all else until there is nothing left to do."""
    ask(port, path, bodies[:WARM_UP])
    rest(process.pid)
    count, loop, all_of_it = len(bodies) - WARM_UP, loop_cpu_seconds(process.pid), whole_cpu_seconds(process.pid)
    told = ask(port, path, bodies[WARM_UP:], **how)
    loop_us = 1e6 * (loop_cpu_seconds(process.pid) - loop) / count
    rest(process.pid)
    print_measured(name, told, loop_us, 1e6 * (whole_cpu_seconds(process.pid) - all_of_it) / count - loop_us)
    return loop_us


def measure_ways(name, process, port, path, bodies, measure_one=measure):
    """With a client that sleeps, with one that does not, and with many connections that are always busy; the CPU of the
    last two."""
    measure_one(name, process, port, path, bodies(), awake=False)
    return {"awake": measure_one("  awake", process, port, path, bodies(), awake=True),
            f"{LINES} connections": measure_one(f"  {LINES} connections", process, port, path, bodies(), lines=LINES,
                                                awake=True)}


def start_floor(work_us=0, written_to=()):
    port = free_port()
    process = start([LOAD, "floor", str(port), str(work_us), *written_to])
    time.sleep(0.2)
    return process, port


def kill(process):
    process.kill()
    process.wait()


def floor_bodies(count):
    return ["{}" + " " * 600] * count


def measure_floor(count):
    process, port = start_floor()
    cpu_us = measure_ways(BARE_LOOP, process, port, PATH, lambda: floor_bodies(count + WARM_UP))
    kill(process)
    return cpu_us


def stolen_s():
    """What the machine below has lent to others since it began, of all cores."""
    return int(Path("/proc/stat").read_text().split()[8]) / os.sysconf("SC_CLK_TCK")


def measure_round(pid, port, bodies, rate):
    """A second at a fixed rate: its latencies, how many ms the machine below gave to others, us of CPU a request of the
    process that answers, and how many ms the client stood still."""
    stolen, used = stolen_s(), own_cpu_seconds(pid)
    told = ask(port, PATH, bodies, rate=rate, lines=LINES)
    return (told["from_due"], 1e3 * (stolen_s() - stolen) / told["seconds"],
            1e6 * (own_cpu_seconds(pid) - used) / len(bodies), told["away_ms"])


def print_rounds(name, measured):
    """The round with the least p99, since a core that is lent to somebody else for milliseconds makes p99 whatever is
    asked; and the p99 in the middle of all."""
    (p50, p99, p999), stolen_ms, _, away_ms = min(measured, key=lambda one: one[0][1])
    middle, cpu_us, away_all_ms = (statistics.median(of(one) for one in measured)
                                   for of in (lambda one: one[0][1], lambda one: one[2], lambda one: one[3]))
    print(f"    {name:<24} p50 {p50:>6.0f} us, p99 {p99:>6.0f}, p99.9 {p999:>6.0f} (the best of {len(measured)} rounds; "
          f"{stolen_ms:.0f} ms stolen in it, the client away for {away_ms:.0f}); in the middle of all p99 {middle:.0f}, "
          f"{cpu_us:.1f} us of CPU, the client away for {away_all_ms:.0f} ms", flush=True)


def start_dear(cpu_us, written_to, rate, per_round):
    """A loop that takes so much CPU a request, and appends as much to a file as we do for each, synced as ours is, or
    to none."""
    light, port = start_floor(0, written_to)
    work_us = cpu_us - measure_round(light.pid, port, floor_bodies(per_round), rate)[2]
    kill(light)
    return start_floor(max(work_us, 0), written_to)


def measure_half_load(name, server, port, rows, count):
    """Half of what the server can answer at all; in turn a bare loop at the same rate, one that takes as much CPU a
    request, and one that writes as much besides: where a core or the disk is away for a while, requests pile up, and the
    dearer they are, the longer that lasts."""
    capacity = count / ask(port, PATH, rows.bodies(count, True), lines=LINES, awake=True)["seconds"]
    rate, per_round = capacity / 2, int(capacity / 2)
    print(f"{name}: {capacity:,.0f} a second at most; at half of that", flush=True)
    answering = next(pid for pid in family(server.pid) if b"\0server\0" in Path(f"/proc/{pid}/cmdline").read_bytes())
    ours, loops, measured = [], {"a bare loop": start_floor()}, {}
    with tempfile.NamedTemporaryFile() as written_to:
        for _ in range(ROUNDS):
            settle(server.pid)
            ours.append(measure_round(answering, port, rows.bodies(per_round, True), rate))
            settle(server.pid)
            if len(loops) == 1:
                for loop, file in [("a loop as dear", []), ("a loop as dear, writing", [written_to.name])]:
                    loops[loop] = start_dear(ours[0][2], file, rate, per_round)
            for loop, (process, loop_port) in loops.items():
                measured.setdefault(loop, []).append(
                    measure_round(process.pid, loop_port, floor_bodies(per_round), rate))
        for process, _ in loops.values():
            kill(process)
    print_rounds("it", ours)
    for loop, rounds in measured.items():
        print_rounds(loop, rounds)


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

def run_ours(folder, rows, count, cpu):
    cpu[BARE_LOOP] = measure_floor(count)
    port = free_port()
    process = serve(folder, port)
    all_count = count + WARM_UP
    cpu["bare"] = measure_ways("Millwright", process, port, PATH, lambda: rows.bodies(all_count, False), measure_ours)
    measure_ways("Millwright, recorded", process, port, PATH, lambda: rows.bodies(all_count, True), measure_ours)
    stop(process)


def run_windows(folder, rows, count, name, more=""):
    """In a copy, whose champion has the windows."""
    own = folder / "windows"
    if not own.exists():
        shutil.copytree(folder, own)
        make_project(own, WINDOWS)
        version = json.loads(run(own, "train", "--json"))["version"]
        run(own, "models", "promote", "m", version)
    make_project(own, WINDOWS, more)
    port = free_port()
    process = serve(own, port)
    cpu = measure_ways(f"50 windows, {name}", process, port, PATH, lambda: rows.bodies(count + WARM_UP, True),
                       measure_ours)
    measure_half_load(f"50 windows, {name}", process, port, rows, 2 * count)
    stop(process)
    return cpu


def run_recorded_windows(folder, rows, count, cpu):
    cpu["with 50 windows and record"] = run_windows(folder, rows, count, "recorded")


def run_crowd(folder, rows, count):
    port = free_port()
    process = serve(folder, port)
    measure_overload(port, rows, max(count // 10, 200))
    stop(process)


def run_peer(peer, folder, rows, count, cpu):
    python = http_peers.python_of(peer)
    if not python:
        print(f"{peer.name}: not run: {' and '.join(peer.needs)} are not in $MILLWRIGHT_PEERS", flush=True)
        return
    port = free_port()
    with tempfile.TemporaryFile() as said:
        words, environment = http_peers.command(peer, python, folder, port), http_peers.environment(python)
        process = start(words, said, cwd=folder, env=environment)
        if comes_up(process, port, peer.ready, 0.1):
            events = [dict(zip(NAMES, rows.rows[i % EXAMPLES])) for i in range(count + WARM_UP)]
            bodies = [peer.body(event) for event in events]
            cpu[peer.name] = measure_ways(peer.name, process, port, peer.path, lambda: bodies)
        else:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
            print(f"{peer.name}: not run: it was not ready after three minutes, or ended: {last}", flush=True)
        stop(process)


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


def tell_goals(cpu):
    """What noise there was is in both, so by the same run."""
    for name in ("bare", "with 50 windows and record"):
        for way, us in cpu.get(name, {}).items():
            if REFERENCE in cpu:
                goal = GOALS_US[REFERENCE] / GOALS_US[name]
                ratio = cpu[REFERENCE][way] / us
                print(f"{name}, {way}: {REFERENCE} takes {ratio:.1f} times our loop's CPU (goal {goal:.1f})")
            if BARE_LOOP in cpu:
                goal = GOALS_US[name] - GOALS_US[BARE_LOOP]
                more = us - cpu[BARE_LOOP][way]
                print(f"{name}, {way}: our loop takes {more:.1f} us more than a bare one (goal {goal:.1f})")


def parts_of(folder, rows, count, cpu):
    return {
        "start": lambda: measure_start(f"{EXAMPLES:,} rows", folder),
        "ours": lambda: run_ours(folder, rows, count, cpu),
        "crowd": lambda: run_crowd(folder, rows, count),
        "windows": lambda: run_recorded_windows(folder, rows, count, cpu),
        "disk": lambda: run_windows(folder, rows, min(count, 1000), "on disk", "durability: disk\n"),
        **{peer.name: lambda peer=peer: run_peer(peer, folder, rows, count if peer.is_quick else count // 10, cpu)
           for peer in http_peers.PEERS},
    }


def main(count, wanted):
    folder = Path(tempfile.mkdtemp())
    try:
        drawn, labels = generate(folder)
        train(folder, drawn, labels)
        cpu = {}  # of a request, by who asks
        parts = parts_of(folder, Rows(drawn), count, cpu)
        print(f"{'server':<32} {'CPU us':>8} {'beside':>8} {'p50 us':>8} {'p99':>8} {'p99.9':>8}    a request, of {count:,}")
        for name in wanted or parts:
            parts[name]()
        tell_goals(cpu)
    finally:
        shutil.rmtree(folder)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, sys.argv[2:])
