#!/usr/bin/env python3
"""One row of 28 numbers over HTTP, 100 trees of 31 leaves: our server beside FastAPI with LightGBM, in one run.

    http_bench.py [N]      N requests a server (default 20,000), over one connection, one after another

Server CPU per request comes first: it is what a shared machine disturbs least. Both sides parse, check
and answer JSON; ours with `recorded` also writes event and prediction to the log before it answers. The
same rows are asked everywhere, and the client is the same.
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
PROJECT = f"""\
project: bench
streams:
  rows:   {{from: data/rows.csv, time: at, id: row}}
  truths: {{from: data/truths.csv, time: at, id: row}}
features:
{"".join(f"  {name}: {name}{chr(10)}" for name in NAMES)}
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


def generate(folder):
    draw = random.Random(7)
    rows = [[round(draw.gauss(0, 1), 4) for _ in NAMES] for _ in range(EXAMPLES)]
    labels = [sum(row[:8]) + row[8] * row[9] + draw.gauss(0, 1) > 0 for row in rows]
    (folder / "data").mkdir()
    with open(folder / "data/rows.csv", "w") as out:
        out.write(",".join(["row", "at", *NAMES]) + "\n")
        for i, row in enumerate(rows):
            out.write(f"{i},{stamp(i)},{','.join(map(str, row))}\n")
    with open(folder / "data/truths.csv", "w") as out:
        out.write("row,at\n")
        out.writelines(f"{i},{stamp(i + 1)}\n" for i, label in enumerate(labels) if label)
    (folder / "millwright.yaml").write_text(PROJECT)
    return rows, labels


def train(folder, rows, labels):
    import lightgbm
    import numpy
    for command in ("ingest", "train"):
        subprocess.run([MILLWRIGHT, command, "-C", folder], check=True, capture_output=True)
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
        before = cpu_seconds(pid)
        time.sleep(0.5)
        if cpu_seconds(pid) - before < 0.01:
            return


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
    p50, p99 = (1e6 * walls[int(len(walls) * share)] for share in (0.5, 0.99))
    print(f"{name:<24} {cpu_us:>10.1f} {p50:>10.0f} {p99:>10.0f}", flush=True)
    connection.close()
    return cpu_us


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def run_ours(folder, rows):
    port = free_port()
    process = subprocess.Popen([MILLWRIGHT, "serve", "-C", folder, "--listen", f"127.0.0.1:{port}"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    bodies = {}
    for record in (False, True):
        events = [{"row": EXAMPLES + i, "at": now, **dict(zip(NAMES, row))} for i, row in enumerate(rows)]
        bodies[record] = [json.dumps({"event": event, "record": record}) for event in events]
    bare = measure("Millwright", process, port, "/v1/models/m/predict", bodies[False])
    recorded = measure("Millwright, recorded", process, port, "/v1/models/m/predict", bodies[True])
    stop(process)
    return bare, recorded


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
        print(f"{'server':<24} {'CPU us':>10} {'p50 us':>10} {'p99 us':>10}    a request, of {count:,}")
        bare, recorded = run_ours(folder, asked)
        peer = run_peer(folder, asked)
        print(f"FastAPI + LightGBM takes {peer / bare:.1f} times the CPU, {peer / recorded:.1f} times with the record")
    finally:
        shutil.rmtree(folder)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
