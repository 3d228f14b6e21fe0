"""Far more is asked than can be answered: who names a deadline is answered near it or refused at once.

Fifty clients ask for large batches, one after another, so that each waits for the fifty others. Without a
deadline all are answered, late. With one of a few batches' time, the answers come several times sooner, the
others get 503 and Retry-After, the work done stays of the same order, and health is told throughout. Likewise with
one that the server was started with."""
import http.client
import json
import statistics
import tempfile
import threading
import time

from serving import order, prepare, start, stop

CLIENTS, ROWS, SECONDS = 50, 400, 3.0
PATH = "/v1/models/big/predict"


class Client(threading.Thread):
    def __init__(self, port, body, headers, until):
        super().__init__()
        self.port, self.body, self.headers, self.until = port, body, headers, until
        self.taken, self.refused, self.failure = [], 0, None

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while time.monotonic() < self.until and not self.failure:
            begin = time.monotonic()
            connection.request("POST", PATH, self.body, self.headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                self.taken.append(time.monotonic() - begin)
            elif answer.status == 503 and answer.headers["Retry-After"] == "1":
                self.refused += 1
                time.sleep(0.05)  # a client that waits less than it is told
            else:
                self.failure = answer.status
        connection.close()


def crowd(port, body, headers):
    until = time.monotonic() + SECONDS
    clients = [Client(port, body, headers, until) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    while time.monotonic() < until:
        probe = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        probe.request("GET", "/healthz")
        assert probe.getresponse().status == 200
        probe.close()
        time.sleep(0.2)
    for client in clients:
        client.join()
    assert not any(client.failure for client in clients), [client.failure for client in clients]
    return [span for client in clients for span in client.taken], sum(client.refused for client in clients)


def main(folder):
    prepare(folder)
    process, port = start(folder, "--listen", "127.0.0.1:0")
    body = json.dumps({"events": [order(f"o{i}") for i in range(ROWS)], "record": False})
    all_taken, refused = crowd(port, body, {"X-Request-Timeout-Ms": "60000"})
    assert refused == 0, refused
    wait = statistics.median(all_taken)
    deadline = max(wait / 8, 0.001)
    taken, refused = crowd(port, body, {"X-Request-Timeout-Ms": f"{deadline * 1000:.0f}"})
    soon = statistics.median(taken)
    print(f"without a deadline: {len(all_taken)} answered, median {wait * 1e3:.0f} ms; with {deadline * 1e3:.0f} ms: "
          f"{len(taken)} answered, median {soon * 1e3:.0f} ms, {refused} refused")
    assert refused > 0 and soon < wait / 2, (refused, soon, wait)
    assert len(taken) > len(all_taken) / 5, (len(taken), len(all_taken))
    stop(process)
    process, port = start(folder, "--listen", "127.0.0.1:0", "--deadline", f"{deadline * 1000:.0f}ms")
    taken, refused = crowd(port, body, {})
    soon = statistics.median(taken)
    print(f"by the server's own: {len(taken)} answered, median {soon * 1e3:.0f} ms, {refused} refused")
    assert refused > 0 and soon < wait / 2, (refused, soon, wait)
    stop(process)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
