"""HTTP/2 on the same port: curl and httpx speak it over TLS (ALPN) and over plain text (prior knowledge), with the
answers of HTTP/1.1; a hundred streams at once, large bodies, streams given up, readers who open no window; what
floods (resets, continuations, header bombs, pings) ends its connection and no other; a stop lets streams finish."""
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time

import h2.config
import h2.connection
import h2.events
import httpx
from hyperframe import frame as frames

from serving import call, fresh_order, prepare, start, stop

PREDICT = "/v1/models/big/predict"
FIELDS_OF_GET = b"\x82\x86\x84\x41\x01h"  # ":method: GET", ":scheme: http", ":path: /", ":authority: h"


class Client:
    """One connection by prior knowledge; streams are asked and awaited as the test likes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.codes, self.bodies, self.ended, self.reset, self.gone = {}, {}, set(), set(), None
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def ask(self, method, path, body=None, headers=(), end=True):
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", "h"), (":path", path), *headers]
        self.h2.send_headers(stream, fields, end_stream=end and body is None)
        self.flush()
        if body is not None:
            self.send(stream, json.dumps(body).encode(), end)
        return stream

    def send(self, stream, data, end=False):
        """All of it, unless the server has had enough of the stream."""
        while data and not self.gone and stream not in self.ended | self.reset:
            size = min(len(data), self.h2.local_flow_control_window(stream), 16000)
            if size == 0:
                self.read(opens_windows=False)
                continue
            self.h2.send_data(stream, data[:size], end_stream=end and size == len(data))
            self.flush()
            data = data[size:]

    def read(self, opens_windows=True):
        data = self.socket.recv(1 << 16)
        if not data:
            self.gone = self.gone or "closed"
            return
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                self.codes[event.stream_id] = int(dict(event.headers)[":status"])
                self.bodies[event.stream_id] = b""
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] += event.data
                if opens_windows:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self.reset.add(event.stream_id)
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.gone = event.error_code
        self.flush()

    def wait(self, *streams):
        while not self.gone and not set(streams) <= self.ended | self.reset:
            self.read()
        return [(self.codes.get(stream), self.bodies.get(stream)) for stream in streams]

    def get(self, path):
        return self.wait(self.ask("GET", path))[0]

    def close(self):
        self.socket.close()


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def check_curl(port, secure_port, certificate):
    for words, version in [(["--http2-prior-knowledge", f"http://127.0.0.1:{port}/healthz"], "2"),
                           (["--http2", f"http://127.0.0.1:{port}/healthz"], "1.1"),  # by Upgrade: stays as it is
                           (["--http2", "--cacert", certificate, f"https://localhost:{secure_port}/healthz"], "2"),
                           (["--http1.1", "--cacert", certificate, f"https://localhost:{secure_port}/healthz"], "1.1")]:
        got = subprocess.run(["curl", "-sS", "--max-time", "20", "-w", " %{http_version}", *words],
                             capture_output=True, text=True)
        assert got.returncode == 0 and "ok" in got.stdout and got.stdout.endswith(f" {version}"), (words, got)


def check_httpx(secure_port, certificate):
    trust = ssl.create_default_context(cafile=certificate)
    with httpx.Client(http2=True, verify=trust, base_url=f"https://localhost:{secure_port}", timeout=20) as client:
        events = [fresh_order(f"b{i}") for i in range(3000)]
        for body in ({"event": fresh_order("b1")}, {"events": events}):
            got = client.post(PREDICT, json={**body, "record": False})
            assert got.status_code == 200 and got.http_version == "HTTP/2", got
        assert len(got.json()["predictions"]) == 3000
        assert client.head("/v1/models").content == b""
        assert client.get("/v1/nothing").status_code == 404
        assert client.delete("/v1/models").headers["allow"] == "GET, HEAD"


def check_streams(port):
    """A hundred at once, each with its own answer; the same key twice is the same prediction."""
    client = Client(port)
    rows = [fresh_order(f"s{i}", amount=i) for i in range(98)]
    streams = [client.ask("POST", PREDICT, {"event": row, "record": False}) for row in rows]
    key = [("idempotency-key", "twice"), ("traceparent", f"00-{'4' * 32}-{'2' * 16}-01")]
    once, again = (client.ask("POST", PREDICT, {"event": fresh_order("k", at=now())}, key) for _ in range(2))
    answers = client.wait(*streams)
    for row, (code, body) in zip(rows, answers):
        expected = call(port, "POST", PREDICT, {"event": row, "record": False})
        assert (code, json.loads(body)) == expected, (row, code, body, expected)
    (code, first), (_, second) = client.wait(once, again)
    assert code == 200 and json.loads(first)["id"] == json.loads(second)["id"], (first, second)
    client.close()


def check_given_up(port):
    """Requests reset in the middle, at their end and after: none is answered, none is recorded by half."""
    client = Client(port)
    for i in range(50):
        stream = client.ask("POST", PREDICT, {"event": fresh_order(f"g{i}", at=now())}, end=i % 2 == 0)
        client.h2.reset_stream(stream)
    client.flush()
    assert client.get("/healthz")[0] == 200
    client.close()


def check_slow_reader(port):
    """Who asks for much and opens no window gets none of it sent beyond, keeps nobody waiting, and may go on later."""
    client = Client(port)
    body = {"events": [fresh_order(f"w{i}") for i in range(500)], "record": False}
    streams = [client.ask("POST", PREDICT, body) for _ in range(8)]
    client.socket.settimeout(1)
    try:
        while True:
            client.read(opens_windows=False)
    except TimeoutError:
        pass
    taken = sum(len(body) for body in client.bodies.values())
    assert taken == 65535, taken
    assert call(port, "GET", "/readyz")[0] == 200
    client.socket.settimeout(20)
    for stream in streams:
        if stream in client.bodies and client.bodies[stream]:
            client.h2.acknowledge_received_data(len(client.bodies[stream]), stream)
    client.flush()
    answers = client.wait(*streams)
    assert all(code == 200 and len(json.loads(body)["predictions"]) == 500 for code, body in answers)
    client.close()


def raw(port, pieces):
    """Sends the preface and the frames until the server has had enough: the error code of its GOAWAY."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    got, sent = b"", 0
    try:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames.SettingsFrame().serialize())
        for piece in pieces:
            connection.sendall(piece)
            sent += len(piece)
        connection.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass
    try:
        while data := connection.recv(1 << 16):
            got += data
    except ConnectionResetError:
        pass
    connection.close()
    code = None
    while len(got) >= 9:
        head, length = frames.Frame.parse_frame_header(memoryview(got[:9]))
        if isinstance(head, frames.GoAwayFrame):
            head.parse_body(memoryview(got[9:9 + length]))
            code = head.error_code
        got = got[9 + length:]
    return code, sent


def headers(stream, fields=FIELDS_OF_GET, flags=("END_HEADERS", "END_STREAM")):
    return frames.HeadersFrame(stream, fields, flags=flags).serialize()


def floods():
    cancel = [headers(2 * i + 1) + frames.RstStreamFrame(2 * i + 1, 8).serialize() for i in range(30000)]
    yield "resets", cancel
    rest = frames.ContinuationFrame(1, b"\x00\x01a\x01b" * 100).serialize()
    yield "continuations", [headers(1, flags=())] + [rest] * 30000
    large = b"\x40\x01x\x7f\x81\x1e" + b"a" * 4000  # a field into the table, then references to it
    bomb = [headers(2 * i + 1, FIELDS_OF_GET + (large if i == 0 else b"") + b"\xbe" * 16000) for i in range(400)]
    yield "references", bomb
    yield "pings", [frames.PingFrame(0, b"12345678").serialize() * 4000] * 50
    yield "settings", [frames.SettingsFrame(settings={3: 1}).serialize() * 4000] * 50


def check_floods(port, server):
    for name, pieces in floods():
        before = memory(server)
        code, sent = raw(port, pieces)
        grown = memory(server) - before
        print(f"{name}: ended by code {code} after {sent >> 10} KiB; memory grew by {grown >> 10} KiB")
        assert code not in (None, 0) or name == "references", (name, code)
        assert grown < 8 << 20, (name, grown)
        assert call(port, "GET", "/healthz")[0] == 200


def memory(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def post_too_much(port):
    """The connection, and the code of a body beyond 16 MiB. Where many are at work, it may not have come after the 30 s
    that a request has: then it comes again."""
    for _ in range(4):
        client = Client(port)
        stream = client.ask("POST", PREDICT, None, [("content-length", "99999999")], end=False)
        client.send(stream, b" " * (17 << 20))
        client.wait(stream)
        if client.codes[stream] != 408:
            break
        client.close()
    return client, client.codes[stream]


def check_limits(port):
    client = Client(port)
    (code, body), = client.wait(client.ask("GET", "/healthz", headers=[("x", "a" * 20000)]))
    assert code == 431 and json.loads(body)["status"] == 431, (code, body)
    assert client.get("/" + "a" * 9000)[0] == 414
    client.close()
    client, code = post_too_much(port)
    assert code == 413, code
    assert client.get("/healthz")[0] == 200
    client.close()


def check_drain(port, process):
    """At a stop the streams that have begun are answered, and the client is told that no more are taken."""
    client = Client(port)
    assert client.get("/healthz")[0] == 200
    half = client.ask("POST", PREDICT, None, end=False)
    client.wait(client.ask("GET", "/healthz"))
    process.send_signal(signal.SIGTERM)
    while client.gone is None:
        client.read()
    assert client.gone == 0, client.gone
    client.gone = None
    body = json.dumps({"event": fresh_order("d1"), "record": False}).encode()
    raw_frame = frames.DataFrame(half, body, flags=("END_STREAM",)).serialize()  # h2's own client gives up at GOAWAY
    client.socket.sendall(raw_frame)
    got = b""
    while data := client.socket.recv(1 << 16):
        got += data
    assert b'"prediction"' in got, got
    assert process.wait(20) == 0


def main(folder):
    prepare(folder)
    certificate, key = f"{folder}/site.pem", f"{folder}/site.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-out", certificate, "-keyout", key], check=True, capture_output=True)
    process, port = start(folder, "--listen", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key)
    secure_port, secure = port, process
    check_httpx(secure_port, certificate)
    with tempfile.TemporaryDirectory() as other:
        prepare(other)
        process, port = start(other, "--listen", "127.0.0.1:0")
        check_curl(port, secure_port, certificate)
        children = open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()
        server, = [pid for pid in children if b"server" in open(f"/proc/{pid}/cmdline", "rb").read()]
        for check in (check_streams, check_given_up, check_slow_reader, check_limits):
            began = time.monotonic()
            check(port)
            print(f"{check.__name__}: {time.monotonic() - began:.2f} s")
        check_floods(port, server)
        check_drain(port, process)
    stop(secure)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
