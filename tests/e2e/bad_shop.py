"""A small shop in a folder of its own, and what the tests of bad input ask about it.

Every test of bad input asks the same four things: the exit code, the message for people, the
error for programs (--json), and that nothing else has changed. `Shop.refused` asks them all.
"""
import datetime
import hashlib
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import pyarrow.parquet

MILLWRIGHT = os.environ["MILLWRIGHT"]

PROJECT = """\
project: shop
streams:
  orders:
    from: orders.csv
    time: at
    id: order
    types: {order: number, at: time, shop: text, price: number, minutes: number}
    checks: {price: {min: 0}, shop: {in: [north, south, east]}}
    fields: {delivered: at + minutes * 1m}
    later: {delivered: delivered, minutes: delivered}
features:
  price:  price
  shop:   shop
  recent: count(orders by shop over 1d)
  slow:   mean(orders.minutes by shop over 7d)
models:
  late:
    moment: on orders
    label: last(orders.minutes by id over next 1d) >= 30
    cost: {false_alarm: 1, miss: 5}
    learner: lightgbm
    metric: roc_auc
"""


def orders(count, seed=1):
    """The rows of `count` orders as lists of texts, heading first: dearer ones take longer."""
    prng = random.Random(seed)
    at = datetime.datetime(2024, 1, 1)
    rows = [["order", "at", "shop", "price", "minutes"]]
    for number in range(1, count + 1):
        at += datetime.timedelta(minutes=prng.randint(1, 90))
        price = prng.randint(100, 9900) / 100
        shop = prng.choice(["north", "south", "east"])
        minutes = round(prng.expovariate(1 / (10 + price / 2)), 1)
        rows.append([str(number), at.isoformat() + "Z", shop, str(price), str(minutes)])
    return rows


class Answer:
    """What a command said."""

    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"exit code {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


class Shop(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millwright-bad-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.state = self.folder / ".millwright"
        self.write("millwright.yaml", PROJECT)
        self.rows = orders(300)
        self.write_orders(self.rows)

    # --- its files

    def write(self, name, contents):
        data = contents if isinstance(contents, bytes) else contents.encode()
        (self.folder / name).write_bytes(data)

    def write_orders(self, rows):
        self.write("orders.csv", "".join(",".join(row) + "\n" for row in rows))

    def edit(self, old, new, name="millwright.yaml"):
        text = (self.folder / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new, 1))

    def place_of(self, words, within="millwright.yaml"):
        """FILE:LINE:COLUMN of the first place of these words."""
        lines = (self.folder / within).read_text().split("\n")
        for number, line in enumerate(lines, 1):
            if words in line:
                return f"{within}:{number}:{line.index(words) + 1}"
        self.fail(f"{within} has no {words}")

    # --- running

    def run_command(self, *words, prefix=(), **more):
        # Relative to the folder, so that places read as a user sees them.
        done = subprocess.run([*prefix, MILLWRIGHT, *words], cwd=self.folder, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, **more)
        answer = Answer(done)
        self.assertGreaterEqual(answer.code, 0, f"died of a signal: {answer}")
        self.assertNotIn("Sanitizer", answer.err)
        return answer

    def succeeds(self, *words, code=0, **more):
        answer = self.run_command(*words, **more)
        self.assertEqual(answer.code, code, str(answer))
        return answer

    def refused(self, words, code, *says, kind=None, **more):
        """The command fails with this code and says all of these; as JSON too; nothing changes."""
        before = self.snapshot()
        answer = self.run_command(*words, **more)
        self.assertEqual(answer.code, code, str(answer))
        self.assertEqual(answer.out, "", "a failure has no result")
        for text in says:
            self.assertIn(text, answer.err, str(answer))
        spoken = self.run_command(*words, "--json", **more)
        self.assertEqual(spoken.code, code, str(spoken))
        error = spoken.json["error"]
        self.assertTrue(error["type"])
        if kind:
            self.assertEqual(error["type"], kind)
        if "mistakes" in error:
            for mistake in error["mistakes"]:
                self.assertEqual(mistake["file"], "millwright.yaml")
                self.assertGreater(mistake["line"], 0)
                self.assertGreater(mistake["column"], 0)
                self.assertTrue(mistake["message"])
        else:
            self.assertIn(error["message"], answer.err)
            self.assertIn(error["hint"], answer.err)
        self.assertEqual(self.snapshot(), before, "a refused command has changed something")
        return answer

    # --- what is there

    def catalog(self, sql):
        """Rows of the catalog, read from a copy: a reader of the file itself would touch it."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("catalog.db", "catalog.db-wal"):
                if (self.state / name).exists():
                    shutil.copy(self.state / name, folder)
            catalog = sqlite3.connect(f"{folder}/catalog.db")
            rows = list(catalog.iterdump()) if sql is None else catalog.execute(sql).fetchall()
            catalog.close()
            return rows

    def snapshot(self):
        """A hash of every file; the catalog by what it says, as its pages may be moved."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not path.name.startswith("catalog.db"):
                found[str(path.relative_to(self.folder))] = hashlib.sha256(
                    path.read_bytes()).hexdigest()
        if (self.state / "catalog.db").exists():
            found["catalog"] = self.catalog(None)
        return found

    def lake(self, column="order", stream="orders"):
        """A column of all events that the catalog lists, as the Parquet files hold it."""
        if not (self.state / "catalog.db").exists():
            return []
        listed = self.catalog(f"SELECT path, event_count FROM lake_files WHERE stream = '{stream}'")
        values = []
        for path, count in listed:
            found = pyarrow.parquet.read_table(self.state / "lake" / path).column(column)
            self.assertEqual(len(found), count, f"{path} is not what the catalog lists")
            values += found.to_pylist()
        return sorted(values)

    def quarantine(self):
        """The refused rows of all ingests."""
        lines = []
        for path in sorted((self.state / "quarantine").glob("*.ndjson")):
            lines += [json.loads(line) for line in path.read_text().splitlines()]
        return lines
