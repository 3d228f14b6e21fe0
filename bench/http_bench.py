#!/usr/bin/env python3
"""One row of 28 numbers over HTTP, 100 trees of 31 leaves: our server beside FastAPI with LightGBM, in one run.

    http_bench.py [N]      N requests a server (default 20,000), over one connection, one after another

Server CPU per request comes first: it is what a shared machine disturbs least. Both sides parse, check
and answer JSON; ours with `recorded` also writes event and prediction to the log before it answers, and with
`50 windows` computes as many features of the past of one of a hundred keys besides. The same rows are asked
everywhere, and the client is the same. Then how soon a server answers after its start, and what it holds idle.
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

MILLWRIGHT = os.environ.get("MILLWRIGHT", "build/millwright")
COLUMNS, EXAMPLES, TREES, LEAVES = 28, 20_000, 100, 31
NAMES = [f"x{i}" for i in range(COLUMNS)]
FEATURES = "".join(f"  {name}: {name}\n" for name in NAMES)
SPANS = "{10m, 1h, 3h, 6h, 12h, 1d, 3d, 7d, 14d, 30d}"
WINDOWS = "".join(f"  {name}: {name}({of} by card over {SPANS})\n" for name, of in
                  [("count", "rows"), ("sum", "rows.x0"), ("mean", "rows.x1"), ("max", "rows.x2"), ("min", "rows.x3")])
CARDS = 100
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
PEER = """\
import json, sys
import lightgbm, numpy, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
booster = lightgbm.Booster(model_file="model.txt")
Row = type("Row", (BaseModel,), {"__annotations__": {f"x{i}": float for i in range(%d)}})
app = FastAPI()
@app.post("/predict")
async def predict(row: Row):
    values = numpy.array([list(row.__dict__.values())])
    return {"prediction": float(booster.predict(values, num_threads=1)[0])}
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", loop="uvloop", http="httptools")
""" % COLUMNS


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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


def connect(port):
    for _ in range(300):
        try:
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        except OSError:
            time.sleep(0.1)
    sys.exit("http_bench: the server did not come up")


def ask(connection, request):
    connection.sendall(request)
    answer = connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        sys.exit(f"http_bench: {answer.decode()}")
    while b'"prediction"' not in answer or not answer.endswith(b"}"):
        answer += connection.recv(65536)


def measure(name, process, port, path, bodies):
    connection = connect(port)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
    requests = [f"{head}{len(body)}\r\n\r\n{body}".encode() for body in bodies]
    for request in requests[:500]:
        ask(connection, request)
    settle(process.pid)
    cpu, walls = cpu_seconds(process.pid), []
    for request in requests[500:]:
        start = time.perf_counter()
        ask(connection, request)
        walls.append(time.perf_counter() - start)
    cpu_us = 1e6 * (cpu_seconds(process.pid) - cpu) / len(walls)
    walls.sort()
    late = (1e6 * walls[int(len(walls) * share)] for share in (0.5, 0.99, 0.999))
    print(f"{name:<28} {cpu_us:>8.1f}", *(f"{us:>8.0f}" for us in late), flush=True)
    connection.close()
    return cpu_us


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def serve(folder, port):
    return subprocess.Popen([MILLWRIGHT, "serve", "-C", folder, "--listen", f"127.0.0.1:{port}"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def await_ready(port):
    for _ in range(60_000):
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n")
                if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.001)
    sys.exit("http_bench: the server is not ready")


def ask_ours(folder, rows, kinds, first):
    """Measures each kind of request, a name and whether it is recorded; rows have the ids from `first` on."""
    port = free_port()
    process = serve(folder, port)
    await_ready(port)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    events = [{"row": first + i, "at": now, "card": f"c{i % CARDS}", **dict(zip(NAMES, row))}
              for i, row in enumerate(rows)]
    taken = [measure(name, process, port, "/v1/models/m/predict",
                     [json.dumps({"event": event, "record": record}) for event in events]) for name, record in kinds]
    stop(process)
    return taken


def run_ours(folder, rows):
    bare, recorded = ask_ours(folder, rows, [("Millwright", False), ("Millwright, recorded", True)], EXAMPLES)
    make_project(folder, WINDOWS)
    version = json.loads(run(folder, "train", "--json"))["version"]
    run(folder, "models", "promote", "m", version)
    ask_ours(folder, rows, [("  50 windows, recorded", True)], EXAMPLES + len(rows))
    make_project(folder, WINDOWS, "durability: disk\n")
    ask_ours(folder, rows[:1500], [("  50 windows, on disk", True)], EXAMPLES + 2 * len(rows))
    return bare, recorded


def held_bytes(pid, kind):
    """By all its processes: Pss counts each page once, Pss_Anon not those of program and libraries, Rss all in each."""
    return sum(int(line.split()[1]) << 10 for each in family(pid)
               for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines() if line.startswith(f"{kind}:"))


def measure_start(name, folder):
    """From the start of the program to its first answer, the best of five, and what it holds then."""
    spans, held = [], {}
    for _ in range(5):
        port, start = free_port(), time.perf_counter()
        process = serve(folder, port)
        await_ready(port)
        spans.append(time.perf_counter() - start)
        settle(process.pid)
        held = {kind: held_bytes(process.pid, kind) / 1e6 for kind in ("Pss", "Pss_Anon", "Rss")}
        stop(process)
    print(f"{name}: first answer after {1e3 * min(spans):.0f} ms; idle {held['Pss']:.1f} MB of memory, each page counted "
          f"once, of it {held['Pss_Anon']:.1f} its own ({held['Rss']:.1f} with all in each process)", flush=True)


def run_peer(folder, rows):
    port = free_port()
    (folder / "peer.py").write_text(PEER)
    process = subprocess.Popen([sys.executable, "peer.py", str(port)], cwd=folder)
    bodies = [json.dumps(dict(zip(NAMES, row))) for row in rows]
    peer = measure("FastAPI + LightGBM", process, port, "/predict", bodies)
    stop(process)
    return peer


def main(count):
    folder = Path(tempfile.mkdtemp())
    try:
        rows, labels = generate(folder)
        train(folder, rows, labels)
        asked = [rows[i % EXAMPLES] for i in range(count + 500)]
        print(f"{'server':<28} {'CPU us':>8} {'p50 us':>8} {'p99':>8} {'p99.9':>8}    a request, of {count:,}")
        measure_start(f"{EXAMPLES:,} rows", folder)
        bare, recorded = run_ours(folder, asked)
        peer = run_peer(folder, asked)
        print(f"FastAPI + LightGBM takes {peer / bare:.1f} times the CPU, {peer / recorded:.1f} times with the record")
    finally:
        shutil.rmtree(folder)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
