"""Ingests beside a server under load, with kill -9 of the ingest, of the server, or of both, at random
moments: each ingest is there whole or not at all, and again, it is completed; no event is lost or
doubled, whichever way its row came.

Everything happens within a day, so that one count over 24 hours sees each event once.
"""
import datetime
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from serving import MILLWRIGHT, PATIENCE, call, order, prepare, start  # noqa: E402

ROUNDS = int(os.environ.get("MW_KILLS", "12"))
SEED = int(os.environ.get("MW_SEED", "1"))
ROWS = 3000
NOW = datetime.datetime.now(datetime.timezone.utc)


def at(prng):
    return (NOW - datetime.timedelta(minutes=prng.randrange(60, 600))).strftime("%Y-%m-%dT%H:%M:%SZ")


class World:
    def __init__(self, folder, process, port, prng):
        self.folder, self.process, self.port, self.prng = folder, process, port, prng
        self.posted, self.lake, self.rows = [], 0, []

    def kill_server(self):
        """Its supervisor starts it again, on another port."""
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        commands = {child: pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                    for child in children}
        server, = (child for child, words in commands.items() if words[1] == b"server")
        os.kill(int(server), signal.SIGKILL)

    def kill_all(self):
        """Supervisor and all: nobody starts it again."""
        self.process.kill()
        self.process.wait()

    def revive(self):
        if self.process.poll() is None:
            self.port = json.loads(self.process.stdout.readline())["port"]
        else:
            self.process, self.port = start(self.folder, "--listen", "127.0.0.1:0")

    def write(self, batch):
        """New rows, some that were posted, and one that a client may post at any moment."""
        rows = [f"{batch}-{i},north,5,{at(self.prng)},\n" for i in range(ROWS)]
        rows += self.prng.sample(self.posted, min(50, len(self.posted)))
        self.prng.shuffle(rows)
        self.rows = rows
        with open(f"{self.folder}/more.csv", "w") as file:
            file.write("number,shop,amount,at,returned\n")
            file.writelines(rows)

    def ask(self, method, path, body=None):
        """Again, while the server says that it was too busy to take the request up."""
        answer = call(self.port, method, path, body)
        while answer[0] == 503:
            time.sleep(0.05)
            answer = call(self.port, method, path, body)
        return answer

    def post(self, row):
        number, shop, amount, when, _ = row.split(",")
        try:
            return self.ask("POST", "/v1/events/orders",
                            {"number": number, "shop": shop, "amount": float(amount), "at": when})
        except (OSError, ValueError):
            return None

    def post_some(self, name, count):
        for i in range(count):
            row = f"{name}-{i},north,5,{at(self.prng)},\n"
            answer = self.post(row)
            if answer is None:
                return
            assert answer[0] == 200 and answer[1]["accepted"] == 1, answer
            self.posted.append(row)

    def lake_rows(self):
        database = sqlite3.connect(f"file:{self.folder}/.millwright/catalog.db?mode=ro", uri=True)
        try:
            query = ("SELECT coalesce(sum(event_count), 0) FROM lake_files JOIN ingests ON id = ingest "
                     "WHERE stream = 'orders' AND log_through_us IS NULL")  # the keeper moves the others
            return database.execute(query).fetchone()[0]
        finally:
            database.close()

    def ingest(self):
        command = [MILLWRIGHT, "ingest", "orders", "--from", "more.csv", "-C", self.folder]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def seen(self, name):
        """What a prediction of now sees; it is recorded, and its own event comes after it."""
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        status, answer = self.ask("POST", "/v1/models/big/predict",
                                  {"event": order(name, at=now, amount=5)})
        assert status == 200, answer
        status, stored = self.ask("GET", f"/v1/predictions/{answer['id']}")
        assert status == 200, stored
        return stored["features"]["busy"]


def complete(world, batch):
    """Runs the ingest until it is in; the rows of it are there once."""
    for _ in range(20):
        process = world.ingest()
        out, err = process.communicate(timeout=120 * PATIENCE)
        if process.returncode == 0:
            world.lake += ROWS
            assert world.lake_rows() == world.lake, (batch, world.lake_rows(), world.lake, out, err)
            return
        assert process.returncode == 4, (batch, process.returncode, out, err)
        time.sleep(0.1)
    raise AssertionError(f"batch {batch} never came in: {err}")


def one_round(world, batch, length):
    """Returns whether the batch was in when the killing was over."""
    victims = ["ingest", "server", "both"][batch % 3]
    world.write(f"b{batch}")
    process = world.ingest()
    is_contested = batch % 2 == 0
    is_until_accepted = batch % 4 == 1  # the server has listed it, and may not have said so yet
    span = 60 if is_until_accepted else world.prng.uniform(0, length * (2 + is_contested))
    until = time.monotonic() + span
    while time.monotonic() < until and not (is_until_accepted and world.lake_rows() > world.lake):
        world.post_some(f"p{batch}-{time.monotonic_ns()}", 3)
        if is_contested and world.prng.random() < 0.2:  # a row of the ingest, before or after it is taken
            row = world.prng.choice(world.rows)
            answer = world.post(row)
            if answer and answer[0] == 200 and answer[1]["repeats"] == 0:
                world.posted.append(row)
    if victims != "server":
        process.kill()
    if victims == "server":
        world.kill_server()
    if victims == "both":
        world.kill_all()
    process.communicate(timeout=120 * PATIENCE)
    if victims != "ingest":
        world.revive()


def main(folder):
    prng = random.Random(SEED)
    prepare(folder)
    process, port = start(folder, "--listen", "127.0.0.1:0")
    world = World(folder, process, port, prng)
    before = world.lake_rows()
    predictions = 0
    world.seen("first")
    world.write("b0")
    begun = time.monotonic()
    assert world.ingest().wait(timeout=120 * PATIENCE) == 0
    length = time.monotonic() - begun
    world.lake = before + ROWS
    whole = 0
    for batch in range(1, ROUNDS + 1):
        taken_by_post = len(world.posted)
        one_round(world, batch, length)
        own = sum(1 for row in world.posted[taken_by_post:] if row.startswith(f"b{batch}-"))
        found = world.lake_rows() - world.lake
        assert found == 0 or ROWS - own <= found <= ROWS, (batch, found, own)
        whole += found > 0
        if found:
            world.lake += found
            assert world.ingest().wait(timeout=120 * PATIENCE) == 0  # nothing to do, but for its listing
            assert world.lake_rows() == world.lake, batch
        else:
            world.lake -= own  # these rows came by post, and are left out by the next ingest
            complete(world, batch)
        predictions += 1
        expected = 1 + predictions - 1 + (world.lake - before) + len(world.posted)
        seen = world.seen(f"check {batch}")
        assert seen == expected, (batch, seen, expected, SEED)
    world.kill_all()
    world.revive()
    assert world.seen("last") == expected + 1
    world.kill_all()
    assert 0 < whole < ROUNDS, whole
    print(f"{ROUNDS} ingests with kills (seed {SEED}), {whole} of which had been accepted; "
          f"{len(world.posted)} rows by post; each event counts once")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
