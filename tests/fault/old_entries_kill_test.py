"""What has left a server's memory is known after `kill -9`, and learnt anew where its files are damaged.

So many predictions are recorded that a checkpoint writes them to files of their own; the server lets go of them, is
killed, and knows every one of them again, and what the fields with windows of their events were when these came. Then a byte is flipped in half of the blocks of each file: whoever asks for
what they hold is told, and the next start learns it anew and says so.
"""
import datetime
import glob
import json
import os
import re
import signal
import socket
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import serving  # noqa: E402
from serving import PATIENCE, begin, call, order, prepare, stop  # noqa: E402

serving.PROJECT = serving.PROJECT.replace("back: at + 2d", "back: at + 2d, many: count(orders by shop over 1h)").replace(
    "features:\n", "features:\n  many: many\n")
COUNT, ASKED_EVERY, BLOCK = 80_000, 4000, 1000
PREDICT, FEATURES = "/v1/models/big/predict", "/v1/models/big/features"
CLOCK = ("--clock", order("now")["at"], "--listen", "127.0.0.1:0")
NOW = datetime.datetime.fromisoformat(order("now")["at"].replace("Z", "+00:00"))


def row(number):
    """Those that are asked about lie behind some that come after: when these came, they would find more than they did."""
    ahead = 200 if number % ASKED_EVERY == 0 else 0
    at = NOW - datetime.timedelta(milliseconds=COUNT + 200 - number - ahead)
    return order(f"new{number:06}", amount=number % 400 / 10, at=at.isoformat().replace("+00:00", "Z"))


def record(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60 * PATIENCE) as connection:
        for first in range(0, COUNT, BLOCK):
            texts = [json.dumps({"event": row(number)}) for number in range(first, first + BLOCK)]
            connection.sendall("".join(f"POST {PREDICT} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(text)}\r\n\r\n{text}"
                                       for text in texts).encode())
            answered = b""
            while answered.count(b'"clock"') < BLOCK:
                data = connection.recv(1 << 20)
                assert data, answered[-500:]
                answered += data
            assert answered.count(b"HTTP/1.1 200") == BLOCK, answered[:2000]


def known(port):
    """Entries on disk and in memory."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60 * PATIENCE) as answer:
        text = answer.read().decode()
    return [int(re.search(f'known_entries{{where="{where}"}} (\\d+)', text)[1]) for where in ("disk", "memory")]


def wait_for_files(port):
    until = time.monotonic() + 180 * PATIENCE  # a checkpoint that came too early lets the next one wait
    while known(port)[0] == 0:
        assert time.monotonic() < until, known(port)
        time.sleep(0.1)


def ask_all(port):
    """Twenty predictions, each by its event, by its id, and by a request that repeats it; the event's fields."""
    changed = 0
    for number in range(0, COUNT, ASKED_EVERY):
        status, found = call(port, "GET", f"/v1/predictions?event=new{number:06}")
        assert status == 200 and len(found["predictions"]) == 1, (number, found)
        id = found["predictions"][0]["id"]
        status, again = call(port, "POST", PREDICT, {"event": row(number)})
        assert status == 200 and again["id"] == id, (number, again)
        status, recorded = call(port, "GET", f"/v1/predictions/{id}")
        assert status == 200, recorded
        status, seen = call(port, "POST", FEATURES, {"event": row(number)})
        assert status == 200 and seen["features"]["many"] == recorded["features"]["many"], (number, seen, recorded)
        status, new = call(port, "POST", FEATURES, {"event": row(number) | {"number": "another"}})
        changed += new["features"]["many"] > seen["features"]["many"]
    assert changed > 10, changed
    assert call(port, "GET", f"/v1/predictions?event=new{COUNT:06}")[1] == {"predictions": []}


def kill(process):
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    process.kill()
    process.wait()


def flip(folder):
    for path in glob.glob(f"{folder}/.millwright/checkpoints/runs/*.run"):
        with open(path, "r+b") as file:
            for block in range(1, os.path.getsize(path) // 4096 // 2):
                file.seek(4096 * block + 50)
                byte = file.read(1)[0]
                file.seek(4096 * block + 50)
                file.write(bytes([byte ^ 1]))


def main(folder):
    prepare(folder)
    process, said = begin(folder, *CLOCK)
    record(said["port"])
    wait_for_files(said["port"])
    ask_all(said["port"])
    kill(process)

    process, said = begin(folder, *CLOCK)
    assert "note" not in said and said["replayed"] < said["recovered"], said
    assert known(said["port"])[0] > 0
    ask_all(said["port"])
    stop(process)

    flip(folder)
    process, said = begin(folder, *CLOCK)
    refused = [call(said["port"], "POST", PREDICT, {"event": row(number)}) for number in range(0, COUNT, 97)]
    told = [answer for status, answer in refused if status == 500]
    assert told and all("fails its checksum" in answer["detail"] for answer in told), refused[:3]
    kill(process)

    process, said = begin(folder, *CLOCK)
    assert said["note"].startswith("a checkpoint is not used: ") and said["replayed"] > 0, said  # one before it may be
    ask_all(said["port"])
    stop(process)
    print(f"{COUNT} predictions known after 3 starts, {len(told)} questions refused by a flipped byte")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
