#!/usr/bin/env python3
"""Hostile requests, a port in use, a second server, a stop in the middle: each is answered clearly
(RFC 9457), what was acknowledged stays, and the server goes on."""
import concurrent.futures
import http.client
import json
import shutil
import signal
import socket
import subprocess
import unittest

from bad_shop import MILLWRIGHT, Shop

CLOCK = "2024-02-01T00:00:00Z"
EVENT = {"order": 9000, "at": CLOCK, "shop": "north", "price": 5}
PREDICT = "/v1/models/late/predict"
EVENTS = "/v1/events/orders"


class BadRequests(Shop):
    def setUp(self):
        super().setUp()
        self.succeeds("ingest")
        self.succeeds("train")
        self.start()

    def tearDown(self):
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()

    def start(self):
        self.process = subprocess.Popen(
            [MILLWRIGHT, "serve", "--clock", CLOCK, "--listen", "127.0.0.1:0", "--json"],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.process.kill)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(20), 0)

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read()
        finally:
            connection.close()

    def send(self, data):
        """Raw bytes; all that is answered until the server closes, or nothing more comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as stream:
            try:
                stream.sendall(data)
                stream.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it may have closed already: what it said counts
            answer = b""
            try:
                while piece := stream.recv(1 << 16):
                    answer += piece
            except OSError:
                pass
            return answer

    def is_problem(self, answer, status, *says):
        code, kind, body = answer
        self.assertEqual(code, status, body)
        self.assertEqual(kind, "application/problem+json")
        problem = json.loads(body)
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["type"].startswith("/problems/"))
        self.assertTrue(problem["title"] and problem["detail"])
        for text in says:
            self.assertIn(text, problem["detail"] + problem.get("hint", ""))
        self.is_alive()

    def is_alive(self):
        self.assertEqual(self.call("GET", "/healthz")[0], 200)

    def post(self, path, value):
        body = value if isinstance(value, (bytes, str)) else json.dumps(value)
        return self.call("POST", path, body, **{"Content-Type": "application/json"})

    def test_addresses(self):
        self.is_problem(self.call("GET", "/nowhere"), 404)
        self.is_problem(self.post("/v1/models/nothing/predict", {"event": EVENT}), 404, "nothing")
        self.is_problem(self.post("/v1/events/nothing", EVENT), 404, "nothing")
        self.is_problem(self.call("GET", "/v1/predictions/nothing"), 404)
        self.is_problem(self.call("DELETE", "/v1/models"), 405)
        self.is_problem(self.call("GET", PREDICT), 405)
        self.is_problem(self.call("GET", "/" + "x" * 10000), 414)

    def test_bodies(self):
        for body in ("", "{", "[]", "null", "{}", '{"event": 1}', '{"event": {}, "event": {}}x',
                     "[" * 100000, '{"event": {"price": 1e999}}',
                     '{"event": ' * 5000, b"\xff\xfe", b"\0" * 100):
            code, _, answer = self.post(PREDICT, body)
            self.assertIn(code, (400, 422), (body[:40], answer))
            self.is_problem((code, "application/problem+json", answer), code)

    def test_fields(self):
        for change in ({"price": "dear"}, {"at": "yesterday"}, {"at": None}, {"order": None},
                       {"price": -1}, {"shop": "west"}, {"prise": 1}, {"price": [1]},
                       {"order": 2**60}):
            code, _, answer = self.post(PREDICT, {"event": EVENT | change})
            self.assertIn(code, (400, 422), (change, answer))
            self.assertIn(next(iter(change)).replace("at", ""), answer.decode(), change)
        self.is_alive()
        self.assertEqual(self.post(PREDICT, {"event": EVENT})[0], 200)

    def test_times_that_are_too_old(self):
        self.is_problem(self.post(PREDICT, {"event": EVENT | {"at": "2024-01-01T00:00:00Z"}}), 422)

    def test_sizes(self):
        head = b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\n"
        for sent, status in (
                (head + b"X: " + b"y" * 20000 + b"\r\n\r\n", b"431"),
                (head + b"Content-Length: 99999999999\r\n\r\n{", b"413"),
                (head + b"Content-Length: -1\r\n\r\n", b"400"),
                (head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", b"400"),
                (head + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
                (head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400")):
            answer = self.send(sent)
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), (sent[:80], answer[:200]))
            self.is_alive()

    def test_bytes_that_are_no_request(self):
        for sent in (b"\0" * 1000, b"\r\n" * 1000, b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
                     b"PRI * HTTP/2.0\r\n\r\nMS\r\n\r\n", b"GET / HTTP/1.1\nHost: x\n : y\n\n"):
            answer = self.send(sent)
            self.assertTrue(answer == b"" or answer[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5"),
                            answer[:200])
        for rubbish in (b"\xff" * 100, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
            answer, kinds = self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + rubbish), []
            while answer:  # frames of HTTP/2: three bytes of size, one of kind
                kinds.append(answer[3])
                answer = answer[9 + int.from_bytes(answer[:3], "big"):]
            self.assertIn(7, kinds)  # GOAWAY
        for sent in (b"", b"GET /heal", b"POST " + EVENTS.encode() + b" HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 50\r\n\r\n{\"order\": 1"):
            self.send(sent)
        self.is_alive()

    def test_events_that_are_refused_beside_others(self):
        lines = [EVENT | {"order": 9001}, EVENT | {"order": 9002, "price": "dear"},
                 EVENT | {"order": 9003}]
        code, _, body = self.call("POST", EVENTS, "\n".join(map(json.dumps, lines)) + "\n{broken\n",
                                  **{"Content-Type": "application/x-ndjson"})
        answer = json.loads(body)
        self.assertEqual((code, answer["accepted"]), (200, 2), answer)
        self.assertEqual([refused["row"] for refused in answer["rejected"]], [2, 4], answer)

    def test_port_in_use_and_second_server(self):
        other = self.folder / "other"
        other.mkdir()
        for name in ("millwright.yaml", "orders.csv"):
            shutil.copy(self.folder / name, other)
        self.succeeds("ingest", "-C", "other")
        self.succeeds("train", "-C", "other")
        address = f"127.0.0.1:{self.port}"
        self.succeeds_not("serve", "-C", "other", "--listen", address, says=address)
        self.succeeds_not("server", "--listen", "127.0.0.1:0", says="another process writes")
        said = self.succeeds_not("serve", "--listen", "127.0.0.1:0", says="a server runs on this project already")
        self.assertNotIn("keeper", said, "a second one would do the first one's work again")
        self.is_alive()

    def succeeds_not(self, *words, says):
        answer = self.run_command(*words)
        self.assertEqual(answer.code, 4, str(answer))
        self.assertIn(says, answer.err)
        return answer.err

    def test_wrong_words(self):
        self.stop()
        for address in ("nonsense", "127.0.0.1:99999", "1.2.3.4.5:80"):
            answer = self.run_command("serve", "--clock", CLOCK, "--listen", address)
            self.assertIn(answer.code, (2, 3), str(answer))
            self.assertIn(address.split(":")[0], answer.err)
        for words in (("--clock", "noon"), ("--listen", "127.0.0.1:99999"), ("--threads", "0"), ("--tokens", "maybe"),
                      ("--tls-key", "key.pem"), ("--access-share", "0.5"), ("--plain-http", "--tls-key", "k")):
            answer = self.run_command("serve", *words)
            self.assertEqual(answer.code, 2, str(answer))
            self.assertNotIn("started as process", answer.err + answer.out)  # nothing is started to be refused

    def test_stop_in_the_middle(self):
        acknowledged = []

        def client(first):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                for number in range(first, first + 2000):
                    connection.request("POST", PREDICT, json.dumps(
                        {"event": EVENT | {"order": number}}), {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    body = json.loads(answer.read())
                    if answer.status == 200:
                        acknowledged.append(body["id"])
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            clients = [pool.submit(client, first) for first in range(10000, 50000, 10000)]
            while len(acknowledged) < 50 and not all(one.done() for one in clients):
                pass
            self.stop()
        self.process.stdout.close()
        self.assertGreater(len(acknowledged), 0)
        self.assertEqual(len(set(acknowledged)), len(acknowledged), "an id names one prediction")
        self.start()
        for prediction in acknowledged:
            self.assertEqual(self.call("GET", f"/v1/predictions/{prediction}")[0], 200, prediction)


if __name__ == "__main__":
    unittest.main()
