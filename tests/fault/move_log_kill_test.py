"""Moves of the log's events to the lake beside a server under load, and beside ingests, with kill -9 of the
move, of the server, of the keeper or of all, at random moments: each event counts once, for `sql`, for
`features build`, and for the next prediction; what a recorded prediction saw stays what it saw.

Everything happens within a day, so that one count over 24 hours sees each event once.
"""
import csv
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from serving import MILLWRIGHT, PATIENCE, call, order, prepare, run, start  # noqa: E402

ROUNDS = int(os.environ.get("MW_KILLS", "12"))
SEED = int(os.environ.get("MW_SEED", "1"))
VICTIMS = ["move", "server", "keeper", "all"]
NOW = datetime.datetime.now(datetime.timezone.utc)


class World:
    def __init__(self, folder):
        self.folder, self.prng = folder, random.Random(SEED)
        self.process, self.port = start(folder, "--listen", "127.0.0.1:0")
        self.posted, self.predicted, self.filed, self.seen, self.moves = 0, 0, 0, {}, 0

    def child(self, name):
        pid = self.process.pid
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if name in pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                return int(child)
        return None

    def kill(self, victim, move):
        if victim in ("move", "all"):
            move.kill()
        if victim == "all":
            self.process.kill()
            self.process.wait()
        elif victim != "move" and self.child(victim.encode()):
            os.kill(self.child(victim.encode()), signal.SIGKILL)

    def revive(self, victim):
        if victim == "server":
            self.port = json.loads(self.process.stdout.readline())["port"]
        elif victim == "all":
            self.process, self.port = start(self.folder, "--listen", "127.0.0.1:0")

    def ask(self, method, path, body=None):
        """Again, while the server recovers."""
        for _ in range(600):
            answer = call(self.port, method, path, body)
            if answer[0] != 503:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{path}: the server never recovered")

    def post(self):
        """A batch of new orders; now and then it is sent again, and counts once."""
        rows = [order(f"p{self.posted + i}", at=self.some_time(), amount=5) for i in range(100)]
        for repeats in [0, 100][:1 + (self.prng.random() < 0.3)]:
            status, answer = self.ask("POST", "/v1/events/orders", {"events": rows})
            assert status == 200 and answer["repeats"] == repeats and not answer["rejected"], answer
        self.posted += len(rows)

    def some_time(self):
        minutes = self.prng.randrange(60, 600)
        return (NOW - datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def begin_ingest(self):
        with open(f"{self.folder}/more.csv", "w") as file:
            file.write("number,shop,amount,at,returned\n")
            file.writelines(f"f{self.filed + i},north,5,{self.some_time()},\n" for i in range(300))
        return self.ingest()

    def ingest(self):
        return subprocess.Popen([MILLWRIGHT, "ingest", "orders", "--from", "more.csv", "-C", self.folder],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end_ingest(self, process):
        """Whatever became of it: run again, it is completed."""
        for _ in range(50):
            _, said = process.communicate(timeout=60 * PATIENCE)
            if process.returncode == 0:
                self.filed += 300
                return
            assert process.returncode == 4, said
            time.sleep(0.1)
            process = self.ingest()
        raise AssertionError(said)

    def predict(self):
        """What a prediction of now sees: all that was posted, and those that were predicted before."""
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        status, answer = self.ask("POST", "/v1/models/big/predict",
                                  {"event": order(f"q{self.predicted}", at=now, amount=5)})
        assert status == 200, answer
        status, stored = self.ask("GET", f"/v1/predictions/{answer['id']}")
        assert stored["features"]["busy"] == self.posted + self.predicted + self.filed, (stored, vars(self))
        self.seen[answer["id"]] = stored
        self.predicted += 1

    def sql(self, statement):
        done = run(self.folder, "sql", statement, "--json")
        assert done.returncode == 0, done
        return json.loads(done.stdout)[0]

    def check(self):
        """Each event once, wherever it stands."""
        expected = 600 + self.posted + self.predicted + self.filed
        found = self.sql("SELECT count(*) AS events, count(DISTINCT number) AS ids, count(DISTINCT place) "
                         "FILTER (number LIKE 'p%' OR number LIKE 'q%') AS places FROM orders")
        assert found == {"events": expected, "ids": expected, "places": expected - 600 - self.filed}, (found, expected)
        name = self.prng.choice(list(self.seen))
        assert self.ask("GET", f"/v1/predictions/{name}") == (200, self.seen[name])


def one_round(world, victim, length):
    move = subprocess.Popen([MILLWRIGHT, "move-log", "-C", world.folder], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    ingest = world.begin_ingest() if world.prng.random() < 0.4 else None
    until = time.monotonic() + world.prng.uniform(0, 1.5 * length)
    world.post()
    while time.monotonic() < until:
        world.post()
    world.kill(victim, move)
    _, said = move.communicate(timeout=60 * PATIENCE)
    assert move.returncode in (0, -signal.SIGKILL) or "another process adds" in said, said
    world.moves += move.returncode == 0
    world.revive(victim)
    if ingest:
        world.end_ingest(ingest)
    world.predict()
    world.check()


def move_all(folder):
    """The keeper may be at it too, and leave what comes after."""
    for _ in range(50):
        if run(folder, "move-log").returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError("the log was never moved")


def check_built(world):
    path = f"{world.folder}/built.csv"
    built = run(world.folder, "features", "build", "--output", path)
    assert built.returncode == 0, built
    with open(path, newline="") as file:
        rows = [row["id"] for row in csv.DictReader(file)]
    # Orders that were posted an hour and more after they happened came too late to be asked about.
    assert len(rows) == len(set(rows)) == 600 + world.predicted, (len(rows), world.predicted)


def main(folder):
    prepare(folder)
    world = World(folder)
    for _ in range(20):
        world.post()
    world.predict()
    begun = time.monotonic()
    move_all(folder)
    length = time.monotonic() - begun
    for i in range(ROUNDS):
        one_round(world, VICTIMS[i % len(VICTIMS)], length)
        if i % 5 == 4:
            check_built(world)
    move_all(folder)
    world.check()
    check_built(world)
    left = world.sql("SELECT sum(events)::BIGINT AS n FROM ingests WHERE ingest > 1")["n"]
    assert left == world.posted + world.predicted + world.filed, "all is moved, each event once"
    replayed = run(folder, "predictions", "replay", list(world.seen)[-1])
    assert replayed.returncode == 0, replayed
    world.process.kill()
    print(f"{ROUNDS} kills, {world.moves} moves done, {world.posted + world.predicted} events that were "
          f"posted and {world.filed} that were ingested, each once")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
