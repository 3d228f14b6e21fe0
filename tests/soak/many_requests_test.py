"""Ten million requests on a server (many_requests_test.py [N [RECORDED]], each at least 400,000): predictions of all kinds of
rows, wrong ones among them and many with an id of their own, and what can be looked at, over connections that come and go, in HTTP/1.1
and HTTP/2. From the first twentieth on neither memory nor descriptors grow. Then a million on another whose predictions are recorded,
while the clock moves a day with every connection: once a checkpoint has what is old, of each 5 bytes at most stay (what tells whether the
disk has it), and few descriptors."""
import datetime
import itertools
import json
import os
import random
import re
import socket
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import h2.config
import h2.connection
import h2.events

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from serving import call, order, prepare, start, stop  # noqa: E402

BLOCK, BLOCKS_A_CONNECTION, BLOCKS_BETWEEN_HTTP2, STREAMS = 1000, 20, 250, 500
GROWTH_MAX, RECORDED_MAX = 1 << 20, 5
UNWRITTEN_MAX, UNWRITTEN_BYTES = 150_000, 100  # ids and predictions that no checkpoint has yet
RUN_FILES_MAX = 30  # that have the others, which are few for any number of these
NEW = "new########"  # in its place each request that is recorded has a number of its own
numbers = itertools.count()
BEGIN, DAY = datetime.datetime.fromisoformat(order("now")["at"].replace("Z", "+00:00")), datetime.timedelta(hours=25)
at = order("now")["at"]  # of what is recorded
PREDICT, FEATURES = "/v1/models/big/predict", "/v1/models/big/features"


def make_request(draw, is_recorded):
    """Method, path, body and the code that is the answer."""
    row = order(f"n{draw.randrange(600)}", shop=draw.choice(["north", "south"]), amount=draw.randrange(400) / 10)
    kind = draw.random()
    if kind < 0.9:
        if is_recorded or draw.random() < 0.5:
            row["number"] = NEW
        body = {"event": row} if is_recorded else {"event": row, "record": False}
        return "POST", PREDICT, json.dumps(body), 200
    return draw.choice([("GET", "/healthz", "", 200), ("GET", "/v1/models", "", 200), ("GET", "/v1/model", "", 404),
                        ("POST", FEATURES, json.dumps({"event": row}), 200), ("DELETE", PREDICT, "", 405),
                        ("POST", PREDICT, json.dumps({"event": row})[:-2], 400),
                        ("POST", PREDICT, json.dumps({"event": {**row, "amuont": 1}}), 422)])


def make_block(draw, is_recorded):
    """Requests in a row as they go over the wire, and how many answers of each code they get."""
    text, codes = [], {}
    for _ in range(BLOCK):
        method, path, body, code = make_request(draw, is_recorded)
        text.append(f"{method} {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}")
        codes[code] = codes.get(code, 0) + 1
    return "".join(text).encode(), codes


def numbered(text):
    text = text.replace(order("now")["at"].encode(), at.encode())
    return re.sub(NEW.encode(), lambda _: b"new%08d" % next(numbers), text)


def move_clock(port, days):
    """The windows have passed what came before."""
    global at
    at = (BEGIN + days * DAY).isoformat().replace("+00:00", "Z")
    status, answer = call(port, "POST", "/v1/clock", {"now": at})
    assert status == 200, answer


def known(port):
    """How many ids and predictions stand in memory."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return int(re.search(r'known_entries{where="memory"} (\d+)', answer.read().decode())[1])


def wait_for_checkpoint(port):
    until = time.monotonic() + 1200  # after one they rest for a hundred times its CPU
    while known(port) > UNWRITTEN_MAX:
        assert time.monotonic() < until, known(port)
        time.sleep(0.5)


def ask_block(connection, block):
    text, codes = block
    connection.sendall(numbered(text))
    got, rest = {}, b""
    while sum(got.values()) < BLOCK:
        data = rest + connection.recv(1 << 20)
        assert len(data) > len(rest), "the server has closed"
        *answers, last = data.split(b"HTTP/1.1 ")
        for answer in answers[1:]:
            got[int(answer[:3])] = got.get(int(answer[:3]), 0) + 1
        rest = b"HTTP/1.1 " + last
        whole = last.find(b"\r\n\r\n")
        if whole >= 0 and sum(got.values()) == BLOCK - 1:
            length = int(last[last.index(b"Content-Length: ") + 16:].split(b"\r", 1)[0])
            while len(last) < whole + 4 + length:
                last += connection.recv(1 << 16)
            got[int(last[:3])] = got.get(int(last[:3]), 0) + 1
    assert got == codes, (got, codes)


def ask_http2(port, draw, is_recorded):
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    client.initiate_connection()
    asked, wanted, ended = 0, {}, 0
    while ended < STREAMS:
        while asked < STREAMS and asked - ended < 50:
            method, path, body, code = make_request(draw, is_recorded)
            stream = client.get_next_available_stream_id()
            client.send_headers(stream, [(":method", method), (":scheme", "http"), (":authority", "h"), (":path", path)],
                                end_stream=not body)
            if body:
                client.send_data(stream, numbered(body.encode()), end_stream=True)
            wanted[stream] = str(code)
            asked += 1
        connection.sendall(client.data_to_send())
        for event in client.receive_data(connection.recv(1 << 16)):
            if isinstance(event, h2.events.ResponseReceived):
                assert dict(event.headers)[":status"] == wanted[event.stream_id], (event.headers, wanted[event.stream_id])
            elif isinstance(event, h2.events.DataReceived):
                client.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            ended += isinstance(event, h2.events.StreamEnded)
    connection.close()


class Watch:
    """What the server holds now."""

    def __init__(self, pid):
        self.pid = pid

    def read(self):
        resident = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
        ticks = sum(map(int, Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
        return resident, len(os.listdir(f"/proc/{self.pid}/fd")), ticks / os.sysconf("SC_CLK_TCK")


def ask_all(port, count, watch, is_recorded):
    """After the first twentieth the server holds no more, but for what is recorded."""
    draw = random.Random(int(os.environ.get("MW_SEED", "1")))
    blocks = [make_block(draw, is_recorded) for _ in range(BLOCKS_A_CONNECTION)]
    before, asked, number, days = None, 0, 0, 0
    while asked < count:
        if is_recorded:
            days += 1
            move_clock(port, days)
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            for block in blocks:
                ask_block(connection, block)
                asked += BLOCK
                number += 1
                if number % BLOCKS_BETWEEN_HTTP2 == 0:
                    ask_http2(port, draw, is_recorded)
                    asked += STREAMS
        if not before and asked >= count / 20:
            before, begun, first = watch.read(), asked, next(numbers)
    if is_recorded:
        move_clock(port, days + 1)
        wait_for_checkpoint(port)
    until = time.monotonic() + 60
    files = RUN_FILES_MAX if is_recorded else 0
    while watch.read()[1] > before[1] + files:  # the last connection is seen to be gone
        assert time.monotonic() < until, (before, watch.read())
        time.sleep(0.1)
    after, recorded = watch.read(), next(numbers) - first - 1
    what = "recorded" if is_recorded else "with ids of their own"
    print(f"{asked:,} requests, {recorded:,} {what}: {after[0] - before[0]:+,} bytes of memory beside {before[0]:,}, "
          f"{(after[0] - before[0]) / recorded:.1f} for each of these, {after[1]} descriptors, "
          f"{(after[2] - before[2]) / (asked - begun) * 1e6:.1f} us of CPU each", flush=True)
    unwritten = UNWRITTEN_MAX * UNWRITTEN_BYTES if is_recorded else 0
    each = RECORDED_MAX * recorded if is_recorded else 0
    assert after[0] - before[0] < GROWTH_MAX + unwritten + each, (before, after)


def ask_one_server(folder, count, is_recorded):
    process, port = start(folder, "--clock", order("now")["at"], "--listen", "127.0.0.1:0")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    server, = [pid for pid in children if b"\0server\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    ask_all(port, count, Watch(server), is_recorded)
    assert call(port, "GET", "/readyz")[0] == 200
    stop(process)


def main(folder, count, recorded):
    prepare(folder)
    ask_one_server(folder, count, is_recorded=False)
    ask_one_server(folder, recorded, is_recorded=True)


with tempfile.TemporaryDirectory() as temporary:
    counts = [int(word) for word in sys.argv[1:]]
    main(temporary, *(counts + [10_000_000, 1_000_000][len(counts):]))
