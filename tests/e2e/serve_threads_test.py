"""A server with several threads: predictions, events and corrections from many clients at once while the champion
changes; every answer is one version's and is recorded as it was given, after a kill too, and the windows are right."""
import datetime
import http.client
import json
import signal
import tempfile
import threading
import time

from serving import call, order, run, start, stop, write_project

CLIENTS, REQUESTS = 8, 60


def train(folder, seed):
    done = run(folder, "train", "--seed", str(seed), "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)["version"]


class Client(threading.Thread):
    """Predicts on a connection of its own, and corrects and sends events in between."""

    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.port, self.number, self.answers, self.sent, self.failure = port, number, [], 0, None

    def ask(self, connection, path, body):
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)

    def run(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            for i in range(REQUESTS):
                now = datetime.datetime.now(datetime.timezone.utc).isoformat()
                name = f"{self.number} {i}"
                self.answers.append(self.ask(connection, "/v1/models/big/predict", {"event": order(f"p {name}", at=now)}))
                first, second = (order(f"e {name}", at=now, amount=amount) for amount in (1, 2))
                taken = self.ask(connection, "/v1/events/orders", [first, first, second] if i % 10 == 0 else first)
                assert (taken["accepted"], taken["rejected"]) == (1, []), taken
                self.sent += 1
        except Exception as failure:
            self.failure = failure


def check_recorded(port, clients):
    """Each answer is recorded once, as it was given."""
    answers = [answer for client in clients for answer in client.answers]
    assert len(answers) == len({answer["id"] for answer in answers}) == CLIENTS * REQUESTS
    for answer in answers[::7]:
        status, stored = call(port, "GET", f"/v1/predictions/{answer['id']}")
        assert status == 200 and all(stored[key] == answer[key] for key in answer), (answer, stored)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    assert f"\nmillwright_predictions_total {len(answers)}\n" in text, text
    return answers


def main(folder):
    write_project(folder)
    assert run(folder, "ingest").returncode == 0
    first, second = train(folder, 1), train(folder, 2)
    process, port = start(folder, "--listen", "127.0.0.1:0", "--threads", "3")
    clients = [Client(port, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for version in (second, first) * 3:
        assert run(folder, "models", "promote", "big", version).returncode == 0
    for client in clients:
        client.join(120)
        assert client.failure is None, client.failure
    answers = check_recorded(port, clients)
    assert {answer["version"] for answer in answers} <= {first, second}
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.2)  # its children go with it
    process, port = start(folder, "--listen", "127.0.0.1:0", "--threads", "2")
    check_recorded(port, clients)
    stop(process)
    verified = run(folder, "features", "verify", "--json")
    assert verified.returncode == 0, verified
    refused = run(folder, "serve", "--threads", "none")
    assert refused.returncode == 2 and 'must be a whole number from 1 to 64, got "none"' in refused.stderr, refused
    print(f"{len(answers)} predictions and {sum(client.sent for client in clients)} events by {CLIENTS} clients")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
