"""Kills a server under load again and again: nothing acknowledged is lost, nothing doubled.

Clients predict payments (each is appended as an event) and post others, while the server is
killed with SIGKILL at random moments and started again. A request without an answer is sent
again. At the end every acknowledged prediction is there once, under its id, as it was answered;
every acknowledged event stands; and the features of all predictions, those before, between and
after the kills, are what a plain reading of rules 2 and 3 says they must be.
"""
import atexit
import collections
import datetime
import http.client
import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

MILLWRIGHT = os.environ["MILLWRIGHT"]
KILLS = int(os.environ.get("MW_KILLS", "20"))
SEED = int(os.environ.get("MW_SEED", "1"))
HOUR_US = 3600 * 10**6
PROJECT = """project: payments
streams:
  payments:
    from: payments.csv
    types: {card: category, number: category}
    time: at
    id: number
    checks: {amount: {min: 0}}
features:
  amount: amount
  seen: count(payments by card over 1h)
  spent: sum(payments.amount by card over 1h)
  before: last(payments.amount by card over 1h)
  uneven: std(payments.amount by card over 1h)
  rising: trend(payments.amount by card over 1h)
  high: quantile(0.9)(payments.amount by card over 1h)
  amounts: distinct(payments.amount by card over 1h)
  usual: top(payments.amount by card over 1h)
models:
  large:
    question: Will this card pay more than 80 within a day?
    moment: on payments
    label: max(payments.amount by card over next 1d) > 80
"""


def write_history(folder, prng):
    start = datetime.datetime(2024, 1, 1)
    with open(f"{folder}/millwright.yaml", "w") as file:
        file.write(PROJECT)
    with open(f"{folder}/payments.csv", "w") as file:
        file.write("number,card,amount,at\n")
        for i in range(2000):
            at = start + datetime.timedelta(minutes=20 * i)
            amount = prng.randrange(1, 1000) / 10
            file.write(f"h{i},c{prng.randrange(40)},{amount},{at.isoformat()}Z\n")


class Server:
    def __init__(self, folder):
        self.folder = folder
        self.start()

    def start(self):
        command = [MILLWRIGHT, "serve", "--listen", "127.0.0.1:0", "--json", "-C", self.folder,
                   "--threads", random.choice("123")]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def kill_child(self):
        """Kills the server alone: its supervisor starts it again, on another free port."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            os.kill(int(children.read().split()[0]), signal.SIGKILL)
        self.port = json.loads(self.process.stdout.readline())["port"]


class Client(threading.Thread):
    """Sends payments one after the other; keeps what was acknowledged."""

    def __init__(self, server, name, seed):
        super().__init__(daemon=True)
        self.server, self.name_, self.prng = server, name, random.Random(seed)
        self.connection = None
        self.stopping = False
        self.answers = {}  # by the payment's number
        self.payments = {}
        self.posted = {}
        self.repeated = 0
        self.failure = None

    def try_call(self, path, body):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port,
                                                             timeout=20)
            self.connection.request("POST", path, json.dumps(body),
                                    {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            if self.connection:
                self.connection.close()
            self.connection = None
            return None

    def call(self, path, body):
        answer = self.try_call(path, body)
        while answer is None and not self.stopping:
            self.repeated += 1
            time.sleep(0.01)
            answer = self.try_call(path, body)
        return answer

    def run(self):
        try:
            i = 0
            while not self.stopping:
                i += 1
                time.sleep(0.002)  # so that checking them all stays short
                self.send(f"{self.name_}{i}")
        except AssertionError as failure:
            self.failure = failure

    def send(self, number):
        now = datetime.datetime.now(datetime.timezone.utc)
        payment = {"number": number, "card": f"c{self.prng.randrange(5)}",
                   "amount": self.prng.randrange(1, 1000) / 8, "at": now.isoformat()}
        if self.prng.random() < 0.2:  # on a card of its own, since its place is not told
            payment["card"] = "posted"
            answer = self.call("/v1/events/payments", payment)
            if answer is None:
                return
            assert answer[0] == 200 and not answer[1]["rejected"], answer
            assert answer[1]["accepted"] + answer[1]["repeats"] == 1, answer
            self.posted[number] = payment
            return
        self.payments[number] = payment
        answer = self.call("/v1/models/large/predict", {"event": payment})
        if answer is not None:
            assert answer[0] == 200 and answer[1]["id"], answer
            self.answers[number] = answer[1]


def us_of(text):
    time_ = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    delta = time_ - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (delta.days * 86400 + delta.seconds) * 10**6 + delta.microseconds


def get(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def spread(window):
    """std and trend of (time, place, amount, number), by whole numbers: amounts are eighths."""
    n, x = len(window), [round(one[2] * 8) for one in window]
    t = [one[0] for one in window]
    squares = n * sum(a * a for a in x) - sum(x) ** 2
    times = n * sum(a * a for a in t) - sum(t) ** 2
    both = n * sum(a * b for a, b in zip(t, x)) - sum(t) * sum(x)
    if n < 2:
        return None, None
    scaled = squares * 4**100 // (64 * n * (n - 1))
    root = math.isqrt(scaled)
    return (2 * root + (root * root != scaled)) / 2**101, both * 10**6 / (8 * times) if times else None


def ninth_tenth(amounts):
    """By nearest rank, as the middle of its bucket: 256 of them between two powers of two."""
    if not amounts:
        return None
    mantissa, exponent = math.frexp(sorted(amounts)[-(-9 * len(amounts) // 10) - 1])
    return math.ldexp(math.floor(mantissa * 512) + 0.5, exponent - 9)


def expected(payment, place, cards):
    """The features by rules 2 and 3: times within the hour before, known before the place."""
    t = us_of(payment["at"])
    window = [one for one in cards[payment["card"]]
              if t - HOUR_US <= one[0] < t and one[1] < place and one[3] != payment["number"]]
    last = max(window, default=(0, 0, None))[0]
    values = [one[2] for one in window if one[0] == last]
    amounts = collections.Counter(one[2] for one in window)
    uneven, rising = spread(window)
    return {"amount": payment["amount"], "seen": len(window),
            "spent": sum(one[2] for one in window), "before": max(values, default=None),
            "uneven": uneven, "rising": rising, "high": ninth_tenth([one[2] for one in window]),
            "amounts": len(amounts),
            "usual": min(amounts, key=lambda one: (-amounts[one], one), default=None)}


def check(server, clients):
    payments = {number: one for client in clients for number, one in client.payments.items()}
    recorded, cards, ids = {}, collections.defaultdict(list), set()
    for number, payment in payments.items():
        status, answer = get(server, f"/v1/predictions?event={number}")
        assert status == 200 and len(answer["predictions"]) <= 1, answer
        for one in answer["predictions"]:
            recorded[number] = one
            assert one["id"] not in ids, "an id names one prediction"
            ids.add(one["id"])
            place = us_of(one["place"])  # the event was appended right behind
            cards[payment["card"]].append((us_of(payment["at"]), place + 1, payment["amount"],
                                           number))
    for client in clients:
        for number, answer in client.answers.items():
            assert number in recorded, f"{number} was acknowledged and is lost"
            for name in ("id", "version", "prediction", "decision"):
                assert recorded[number][name] == answer[name], (recorded[number], answer)
        for number, payment in client.posted.items():
            answer = client.try_call("/v1/events/payments", payment)
            assert answer and answer[1]["repeats"] == 1, f"{number} was acknowledged and is lost"
    for number, one in recorded.items():
        wanted = expected(payments[number], us_of(one["place"]), cards)
        assert one["features"] == wanted, (number, one["features"], wanted)
    return len(recorded)


def main(folder):
    prng = random.Random(SEED)
    write_history(folder, prng)
    for command in ("ingest", "train"):
        done = subprocess.run([MILLWRIGHT, command, "-C", folder], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    server = Server(folder)
    clients = [Client(server, name, SEED + i) for i, name in enumerate("ab")]
    for client in clients:
        client.start()
    for i in range(KILLS):
        time.sleep(prng.uniform(0.02, 0.3))
        if i % 2:
            server.kill_child()
        else:
            server.kill()
            server.start()
    time.sleep(0.1)
    for client in clients:
        client.stopping = True
    for client in clients:
        client.join(30)
        if client.failure:
            raise client.failure
        client.connection = None
    count = check(server, clients)
    answered = sum(len(client.answers) for client in clients)
    repeated = sum(client.repeated for client in clients)
    assert count >= answered > 100, (count, answered)
    server.kill()
    print(f"seed {SEED}: {KILLS} kills, {answered} predictions acknowledged, none lost, "
          f"{repeated} requests sent again")


with tempfile.TemporaryDirectory() as temporary:
    try:
        main(temporary)
    except AssertionError:
        print(f"seed {SEED}", file=sys.stderr)
        raise
