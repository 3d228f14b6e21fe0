"""What the tests of the server share: a small shop, a server on a free port, calls."""
import atexit
import http.client
import json
import os
import signal
import subprocess
import time

MILLWRIGHT = os.environ["MILLWRIGHT"]
# A sanitized program keeps what is freed for a while, has notes on all of its memory, and takes its time.
MEMORY_BESIDE, PATIENCE = (1 << 29, 10) if "MILLWRIGHT_SANITIZED" in os.environ else (0, 1)
PROJECT = """project: shop
streams:
  orders:
    from: orders.csv
    types: {shop: category, number: category, returned: number}
    time: at
    id: number
    checks: {shop: {in: [north, south]}, amount: {min: 0, missing: 0%}}
    fields: {back: at + 2d}
    later: {returned: back}
features:
  amount: amount
  busy: count(orders by shop over 24h)
models:
  big:
    moment: on orders
    label: max(orders.amount by shop over next 1d) > 30
"""


def run(folder, *words):
    return subprocess.run([MILLWRIGHT, *words, "-C", folder], capture_output=True, text=True,
                          errors="replace", timeout=60 * PATIENCE)


def begin(folder, *words):
    """The process, and what it says when it serves."""
    process = subprocess.Popen([MILLWRIGHT, "serve", "--json", "-C", folder, *words],
                               stdout=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    return process, json.loads(process.stdout.readline())


def start(folder, *words):
    process, said = begin(folder, *words)
    return process, said["port"]


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(20 * PATIENCE) == 0


def kill(process):
    """And with it, a little later, all that it has begun: they hold the other end of what it says."""
    process.kill()
    process.stdout.read()
    process.wait()


def call(port, method, path, body=None, kind="application/json"):
    """A request may start a program of the user's, twice if that fails: half a second of CPU each, for which one of
    twenty tests beside each other waits for ten."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60 * PATIENCE)
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    connection.request(method, path, text, {"Content-Type": kind})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def order(name, **changes):
    row = {"number": name, "shop": "north", "amount": 12.5, "at": "2024-03-01T12:00:00Z"}
    row.update(changes)
    return {key: value for key, value in row.items() if value is not None}


BEGIN = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def fresh_order(name, **changes):
    """One for a server that goes by the wall clock: of the past it would not know the windows."""
    return order(name, **{"at": BEGIN, **changes})


def write_project(folder):
    with open(f"{folder}/millwright.yaml", "w") as file:
        file.write(PROJECT)
    with open(f"{folder}/orders.csv", "w") as file:
        file.write("number,shop,amount,at,returned\n")
        for i in range(600):
            hour, day, month = i % 24, i // 24 % 28 + 1, i // 672 + 1
            shop, amount = "north south".split()[i * i % 7 % 2], i * 7919 % 400 / 10
            file.write(f"h{i},{shop},{amount},2024-{month:02}-{day:02}T{hour:02}:00:00Z,\n")


def prepare(folder):
    """The project with its events in the lake and a model that answers."""
    write_project(folder)
    for words in (["ingest"], ["train"]):
        done = run(folder, *words)
        assert done.returncode == 0, done.stderr
