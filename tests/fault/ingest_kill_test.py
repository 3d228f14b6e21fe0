#!/usr/bin/env python3
"""An ingest killed at any moment leaves the lake with all of it or none; the next one completes it.

The moments are random, spread over the time that an ingest takes here; MW_SEED replays them.
"""
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from bad_shop import MILLWRIGHT, Shop, orders  # noqa: E402

KILLS = 10  # of each kind
SEED = int(os.environ.get("MW_SEED", "1"))


class Killed(Shop):
    def start(self):
        return subprocess.Popen([MILLWRIGHT, "ingest"], cwd=self.folder,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def leftovers(self):
        """Files of the lake that the catalog does not list."""
        listed = {path for path, in self.catalog("SELECT path FROM lake_files")}
        found = {str(path.relative_to(self.state / "lake"))
                 for path in (self.state / "lake").rglob("*") if path.is_file()}
        self.assertLessEqual(listed, found)
        return found - listed

    def kill_and_complete(self, before, after):
        """Ingests the files over and over, killing it; `before` and `after` are the ids then."""
        prng = random.Random(SEED)
        kept = self.folder.with_name(self.folder.name + "-kept")
        shutil.copytree(self.folder, kept)
        self.addCleanup(shutil.rmtree, kept)
        begun = time.monotonic()
        self.assertEqual(self.start().wait(), 0)
        length = time.monotonic() - begun
        whole = 0
        for kill in range(KILLS):
            shutil.rmtree(self.folder)
            shutil.copytree(kept, self.folder)
            process = self.start()
            time.sleep(prng.uniform(0, length * 1.1))
            process.kill()
            process.wait()
            found = self.lake_or_none()
            self.assertIn(found, (before, after), f"kill {kill}, seed {SEED}")
            whole += found == after
            answer = self.succeeds("ingest")
            self.assertEqual("nothing to do" in answer.out, found == after)
            self.assertEqual(self.lake(), after)
            self.assertEqual(len(self.lake("order", "orders@delivered")), len(after))
            self.assertEqual(self.leftovers(), set(), "what a killed ingest had written is gone")
        print(f"killed {KILLS} times in {length:.3f} s, seed {SEED}: {whole} times it was done, "
              f"{KILLS - whole} times nothing had happened")

    def lake_or_none(self):
        try:
            return self.lake()
        except sqlite3.OperationalError as error:  # its tables may not be made yet
            self.assertIn("no such table", str(error))
            return []


class KilledIngest(Killed):
    def test_first_ingest(self):
        self.write_orders(orders(3000))
        self.kill_and_complete([], [float(number) for number in range(1, 3001)])

    def test_ingest_of_a_grown_file(self):
        self.succeeds("ingest")
        self.write_orders(orders(3000))
        self.kill_and_complete([float(number) for number in range(1, 301)],
                               [float(number) for number in range(1, 3001)])


class KilledIngestOfManyIds(Killed):
    """With more events in the lake than are read each time: their ids stand in files beside it."""
    OLD, NEW = 70_000, 71_000

    def test_ingest_of_a_grown_file(self):
        """The killed ingest makes the files, for the one before had an empty lake."""
        self.rows = orders(self.NEW)
        self.write_orders(self.rows[:self.OLD + 1])
        self.succeeds("ingest")
        self.assertFalse((self.state / "ids").exists())
        self.write_orders(self.rows)
        self.kill_and_complete([float(number) for number in range(1, self.OLD + 1)],
                               [float(number) for number in range(1, self.NEW + 1)])
        self.asks_again()

    def asks_again(self):
        """Rows that stand, one that is corrected and one that is new, in a file that never was."""
        self.assertTrue(list((self.state / "ids" / "orders").glob("*.list")))
        rows = [list(row) for row in self.rows[:1] + self.rows[500:560] + self.rows[-20:]]
        rows[1][3] = "1"
        rows.append([str(self.NEW + 1)] + rows[-1][1:])
        self.write("others.csv", "".join(",".join(row) + "\n" for row in rows))
        report = self.succeeds("ingest", "orders", "--from", "others.csv", "--json").json
        figures = [report["files"][0][key] for key in ("events", "corrections", "repeats")]
        self.assertEqual(figures, [1, 1, 79])
        self.assertEqual(len(self.lake()), self.NEW + 2)


class GrownFile(Shop):
    def test_only_the_new_rows_are_taken(self):
        self.succeeds("ingest")
        first = self.snapshot()
        self.write_orders(orders(310))
        report = self.succeeds("ingest", "--json").json
        self.assertEqual((report["files"][0]["rows"], report["files"][0]["new"],
                          report["files"][0]["events"]), (310, 10, 10))
        self.assertEqual(self.lake(), [float(number) for number in range(1, 311)])
        second = self.snapshot()
        for path in first:
            if path.startswith(".millwright/lake"):
                self.assertEqual(first[path], second[path], "a lake file never changes")

    def test_rows_refused_before_are_not_told_again(self):
        rows = orders(310)
        rows[5][3] = "dear"
        self.write_orders(rows[:301])
        self.succeeds("ingest", code=1)
        self.write_orders(rows)
        report = self.succeeds("ingest", "--json").json
        self.assertEqual((report["files"][0]["new"], report["files"][0]["quarantined"]), (10, 0))
        self.assertEqual(len(self.lake()), 309)

    def test_grown_without_an_id(self):
        self.edit("    id: order\n", "")
        self.edit("by id over", "by order over")
        self.succeeds("ingest")
        self.write_orders(orders(310))
        self.succeeds("ingest")
        self.assertEqual(self.lake(), [float(number) for number in range(1, 311)])

    def test_a_row_cut_in_the_middle_by_who_writes_the_file(self):
        whole = (self.folder / "orders.csv").read_text()
        self.write("orders.csv", whole[:-len(whole.splitlines()[-1]) // 2 - 1])
        self.succeeds("ingest", code=1)
        self.assertEqual(len(self.lake()), 299)
        self.write("orders.csv", whole)
        self.succeeds("ingest")
        self.assertEqual(len(self.lake()), 300, "the row is taken once it is whole")


if __name__ == "__main__":
    unittest.main()
