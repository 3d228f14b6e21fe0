"""Bodies as streams: events as lines and as Arrow, and predictions line by line, are taken as they come and answered as
they are made, over HTTP/1.1 (with a length and in chunks) and HTTP/2, in the memory of a few pieces; slow writers and
slow readers hold up nobody; what came of a body before it is cut stands, whole rows of it, also over a kill -9.

tests/soak/large_bodies_test.py does the same with 200 MB in and 100 MB out."""
import http.client
import json
import os
import re
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pyarrow

from serving import MEMORY_BESIDE, PATIENCE, call, fresh_order, prepare, start, stop

EVENTS, PREDICT = "/v1/events/orders", "/v1/models/big/predict"
LINES, ARROW = "application/x-ndjson", "application/vnd.apache.arrow.stream"
BLANKS = 2000  # in each line: bytes that cost the server little else
BOUND = (6 << 20) + MEMORY_BESIDE  # memory that a body or an answer of any size may take


class Memory:
    """How much more than at the beginning the server has taken at most, in bytes."""

    def __init__(self, process):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        roles = {Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1]: int(pid) for pid in children}
        self.pid = roles[b"server"]
        self.of = Path(f"/proc/{self.pid}")
        (self.of / "clear_refs").write_text("5")  # the peak is counted anew
        self.before = self.read("VmRSS")

    def read(self, name):
        return int(re.search(name + r":\s+(\d+)", (self.of / "status").read_text())[1]) << 10

    def grown(self):
        return self.read("VmHWM") - self.before


def line(name, blanks=BLANKS, **changes):
    return json.dumps(fresh_order(name, **changes)).replace(", ", "," + " " * blanks, 1).encode() + b"\n"


def question(name, blanks=0, **more):
    return json.dumps({"event": fresh_order(name), "record": False, **more}).encode() + b" " * blanks + b"\n"


def in_blocks(parts, size=1 << 16):
    block = b""
    for part in parts:
        block += part
        if len(block) >= size:
            yield block
            block = b""
    yield block


def send(port, path, parts, kind=LINES, size=None):
    """The answer to a body that is sent before it is read: in chunks, or with its length."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30 * PATIENCE)
    headers = {"Content-Type": kind, **({"Content-Length": str(size)} if size else {})}
    connection.request("POST", path, in_blocks(parts), headers, encode_chunked=not size)
    return connection.getresponse()


def taken(answer):
    told = json.loads(answer.read())
    assert answer.status == 200 and not told["rejected"], told
    return told["accepted"], told["repeats"]


def head(path, kind=LINES):
    return (f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n").encode()


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Both:
    """Sends a body in one thread, and lets the other read the answer meanwhile."""

    def __init__(self, port, path, parts, kind=LINES):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)  # else the system holds megabytes
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        self.is_cut = False
        self.sender = threading.Thread(target=self.send, args=(path, parts, kind))
        self.sender.start()
        self.answer = http.client.HTTPResponse(self.socket, method="POST")

    def send(self, path, parts, kind):
        try:
            self.socket.sendall(head(path, kind))
            for block in in_blocks(parts):
                self.socket.sendall(chunk(block))
            self.socket.sendall(b"0\r\n\r\n")
        except OSError:
            self.is_cut = True  # by a kill

    def end(self):
        self.sender.join()
        self.socket.close()


def check_lines(port, process, megabytes):
    count = (megabytes << 20) // len(line("c1"))
    assert taken(send(port, EVENTS, [line("c1")])) == (1, 0)
    memory = Memory(process)
    assert taken(send(port, EVENTS, (line("c1") for _ in range(count)))) == (0, count)
    size = len(line("c1")) * count
    assert taken(send(port, EVENTS, (line("c1") for _ in range(count)), size=size)) == (0, count)
    assert memory.grown() < BOUND, memory.grown()
    print(f"{2 * megabytes} MB of lines: {memory.grown() >> 10} KB of memory")


def check_rows(port):
    """They are numbered through, and many that are refused are counted."""
    parts = [*(line(f"n{i}") for i in range(300)), b"{\n", line("nx", amount=-1), *(line(f"m{i}") for i in range(300))]
    told = json.loads(send(port, EVENTS, parts).read())
    assert told["accepted"] == 600 and [one["row"] for one in told["rejected"]] == [301, 302], told
    told = json.loads(send(port, EVENTS, (line("u", 0, amount=-1) for _ in range(20000))).read())
    assert told["accepted"] == 0 and len(told["rejected"]) + told["unlisted"] == 20000, told["unlisted"]
    assert len(told["rejected"]) > 5000 and told["rejected"][-1]["row"] == len(told["rejected"])


def check_a_long_line(port):
    """It may be as long as a body that is gathered, and no longer."""
    assert taken(send(port, EVENTS, [line("l1", 15 << 20), line("l2")])) == (2, 0)
    answer = send(port, EVENTS, [line("l3"), line("l4", 17 << 20)], size=len(line("l3")) + len(line("l4", 17 << 20)))
    told = json.loads(answer.read())
    assert answer.status == 413 and "a part of it must be at most" in told["detail"], told
    assert taken(send(port, EVENTS, [line("l3")])) == (0, 1)  # it was taken before that


def arrow(count, **columns):
    table = pyarrow.table({"number": pyarrow.array([f"a{i}" for i in range(count)]),
                           "shop": pyarrow.array(["north"] * count).dictionary_encode(),
                           "amount": pyarrow.array([float(i % 90) for i in range(count)]),
                           "at": pyarrow.array(["2024-03-01T12:00:00Z"] * count), **columns})
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)
    return sink.getvalue().to_pybytes()


def check_arrow(port):
    body = arrow(20000)
    cut = send(port, EVENTS, [body[:len(body) // 2]], ARROW)
    assert cut.status == 400 and "must be a whole Arrow stream" in json.loads(cut.read())["detail"]
    new, repeats = taken(send(port, EVENTS, [body], ARROW))
    assert new + repeats == 20000 and 5000 < repeats < 11000, (new, repeats)
    assert taken(send(port, EVENTS, [body], ARROW, len(body))) == (0, 20000)
    wrong = send(port, EVENTS, [arrow(20000, extra=pyarrow.nulls(20000))], ARROW)
    assert wrong.status == 422 and "extra" in json.loads(wrong.read())["detail"]


def check_a_list(port, process):
    """A list is gathered; its answer leaves in parts, and is what the rows are answered one by one."""
    one = call(port, "POST", PREDICT, {"event": fresh_order("q"), "record": False})[1]
    events = [fresh_order("q"), fresh_order("q", amount=-1)] * 3000
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30 * PATIENCE)
    connection.request("POST", PREDICT, json.dumps({"events": events, "record": False}))
    answer = connection.getresponse()
    assert answer.headers["Transfer-Encoding"] == "chunked" and answer.headers["Content-Length"] is None
    told = json.loads(answer.read())["predictions"]
    assert len(told) == 6000 and all(given == one for given in told[::2]), told[0]
    assert [given["row"] for given in told[1::2]] == list(range(2, 6001, 2)), told[1]
    connection.request("GET", "/healthz")  # the connection goes on
    assert connection.getresponse().status == 200


def check_predictions(port, process, megabytes):
    one = json.loads(send(port, PREDICT, [question("q")]).read())
    assert one["model"] == "big" and one["recorded"] is False, one
    count = (megabytes << 20) // len(json.dumps(one, separators=(",", ":")))
    memory = Memory(process)
    both = Both(port, PREDICT, (question("q") if i % 100 else b'{"event": 5}\n' for i in range(count)))
    both.answer.begin()
    assert both.answer.headers["Content-Type"] == LINES, both.answer.headers
    for i in range(count):
        told = json.loads(both.answer.readline())
        assert told == one if i % 100 else told["row"] == i + 1, (i, told)
    assert both.answer.readline() == b""
    both.end()
    assert memory.grown() < BOUND, memory.grown()
    print(f"{count} predictions, {megabytes} MB of answers: {memory.grown() >> 10} KB of memory")


def check_a_slow_reader(port, process):
    """Who does not read is not answered further, nor read: nothing piles up, and others are served."""
    memory = Memory(process)
    count, one = 20000, question("q", 1500, explain=True)  # more than the system's buffers hold, both ways
    both = Both(port, PREDICT, (one for _ in range(count)))
    time.sleep(1)
    assert both.sender.is_alive(), "all was taken, though nothing was read"
    for _ in range(20):
        began = time.monotonic()
        assert call(port, "GET", "/healthz")[0] == 200
        assert time.monotonic() - began < 0.5 * PATIENCE
    both.answer.begin()
    assert both.answer.read().count(b"\n") == count
    both.end()
    assert memory.grown() < BOUND, memory.grown()


def check_a_slow_writer(port):
    """One that sends a body bit by bit, and one that leaves in its midst: whole rows of its pieces count."""
    slow = socket.create_connection(("127.0.0.1", port), timeout=20 * PATIENCE)
    slow.sendall(head(EVENTS) + chunk(b"".join(line(f"s{i}") for i in range(100)) + line("s100")[:500]))
    for _ in range(20):
        assert call(port, "POST", EVENTS, fresh_order("beside"))[0] == 200
    slow.sendall(chunk(line("s100")[500:]) + b"0\r\n\r\n")
    answer = http.client.HTTPResponse(slow, method="POST")
    answer.begin()
    assert taken(answer) == (101, 0)
    slow.sendall(head(EVENTS) + chunk(b"".join(line(f"t{i}") for i in range(100)) + line("t100")[:500]))
    time.sleep(0.2)
    slow.close()
    time.sleep(0.2)
    new, repeats = taken(send(port, EVENTS, (line(f"t{i}") for i in range(101))))
    assert new + repeats == 101 and 60 < repeats <= 100, (new, repeats)  # of its pieces; the rest was none yet


class Http2:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30 * PATIENCE)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.bodies, self.ended = {}, set()
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def read(self):
        for event in self.h2.receive_data(self.socket.recv(1 << 16)):
            assert not isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)), event
            if isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
        self.flush()

    def begin(self, path):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(":method", "POST"), (":scheme", "http"), (":authority", "h"), (":path", path),
                                      ("content-type", LINES)])
        return stream

    def send(self, stream, data, end):
        while data:
            size = min(len(data), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if size == 0:
                self.read()
                continue
            self.h2.send_data(stream, data[:size], end_stream=end and size == len(data))
            self.flush()
            data = data[size:]

    def wait(self, stream):
        while stream not in self.ended:
            self.read()
        return self.bodies[stream]


def check_http2(port, process):
    """Windows open as pieces are taken; streams beside one that sends slowly are answered."""
    client = Http2(port)
    memory = Memory(process)
    body = b"".join(line(f"w{i}") for i in range(4000))
    slow, long = client.begin(EVENTS), client.begin(EVENTS)
    client.send(slow, body[:300000], False)
    client.send(long, body, True)
    told = json.loads(client.wait(long))
    assert told["accepted"] + told["repeats"] == 4000, told
    client.send(slow, body[300000:], True)
    assert json.loads(client.wait(slow))["repeats"] + told["repeats"] == 4000
    asked = client.begin(PREDICT)
    client.send(asked, b"".join(question("q") for _ in range(8000)), True)
    assert client.wait(asked).count(b'"prediction"') == 8000
    wide = client.begin(PREDICT)  # one line that is longer than a window
    client.send(wide, question("q", 3 << 20), True)
    assert client.wait(wide).count(b'"prediction"') == 1
    assert memory.grown() < BOUND, memory.grown()


def check_a_kill(folder, process, port):
    """What was taken of a body is there again, each row once; the others are taken when it is sent again."""
    count, server = 40000, Memory(process).pid

    def rows():
        for i in range(count):
            yield line(f"k{i}", 200)
            if i == count // 2:
                process.kill()
                os.kill(server, signal.SIGKILL)

    both = Both(port, EVENTS, rows())
    both.end()
    assert both.is_cut
    time.sleep(0.3)  # its children go with it
    process, port = start(folder, "--threads", "2")
    new, repeats = taken(send(port, EVENTS, (line(f"k{i}", 200) for i in range(count))))
    assert new > 0 and repeats > 0 and new + repeats == count, (new, repeats)
    print(f"{repeats} of {count} rows had come before the kill")
    return process, port


def timed(check, *arguments):
    began = time.monotonic()
    check(*arguments)
    print(f"{check.__name__}: {time.monotonic() - began:.2f} s")


def main(in_megabytes=10, out_megabytes=4):
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        process, port = start(folder)
        timed(check_lines, port, process, in_megabytes)
        timed(check_predictions, port, process, out_megabytes)
        timed(check_rows, port)
        timed(check_a_long_line, port)
        timed(check_arrow, port)
        timed(check_a_list, port, process)
        timed(check_a_slow_reader, port, process)
        timed(check_a_slow_writer, port)
        timed(check_http2, port, process)
        process, port = check_a_kill(folder, process, port)
        timed(check_a_list, port, process)  # by two threads now
        timed(check_a_slow_reader, port, process)
        stop(process)


if __name__ == "__main__":
    main()
