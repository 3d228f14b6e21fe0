#!/usr/bin/env python3
"""State folders that cannot be used as they are: of a newer format, damaged, held by another
process, not writable. Each is told apart, and nothing in them is changed."""
import fcntl
import os
import sqlite3
import subprocess
import unittest

from bad_shop import MILLWRIGHT, Shop, orders

READERS = (["check"], ["features", "list"], ["features", "build", "--output", "out.csv"])
WRITERS = (["ingest"], ["train"])


class BadState(Shop):
    def setUp(self):
        super().setUp()
        self.succeeds("ingest")

    def is_refused(self, commands, *says, kind):
        for command in commands:
            self.refused(command, 4, *says, kind=kind)

    def test_newer_state_folder(self):
        self.write(".millwright/format", "millwright state 99\n")
        self.is_refused(READERS + WRITERS, ".millwright has format 99, this program reads up to 1",
                        "Use the newer millwright that wrote it.", kind="newer-format")

    def test_newer_catalog(self):
        newest = self.catalog("PRAGMA user_version")[0][0]
        catalog = sqlite3.connect(self.state / "catalog.db")
        catalog.execute("PRAGMA user_version = 999")
        catalog.commit()
        catalog.close()
        self.is_refused(READERS + WRITERS, "catalog.db has format 999, this program reads up to "
                        f"{newest}", "Use the newer millwright that wrote it.",
                        kind="newer-format")

    def test_format_file_that_says_nothing(self):
        for text in ("", "gibberish\n", "millwright state\n", "millwright state x\n", "x" * 5000):
            self.write(".millwright/format", text)
            self.is_refused((["check"], ["ingest"]), "format does not name a format",
                            kind="corrupt")

    def test_catalog_that_is_none(self):
        for name in ("catalog.db-wal", "catalog.db-shm"):
            (self.state / name).unlink(missing_ok=True)
        self.write(".millwright/catalog.db", b"this is no database" * 500)
        for command in READERS + WRITERS:
            answer = self.succeeds(*command, code=4)
            self.assertIn("catalog", answer.err)
        self.assertEqual((self.state / "catalog.db").read_bytes(), b"this is no database" * 500)

    def test_lake_file_that_is_gone(self):
        path = self.state / "lake" / self.catalog("SELECT path FROM lake_files")[0][0]
        path.unlink()
        self.refused(["features", "build", "--output", "out.csv"], 4, path.name)

    def test_lake_file_that_was_cut_or_changed(self):
        path = self.state / "lake" / self.catalog("SELECT path FROM lake_files")[0][0]
        whole = path.read_bytes()
        path.write_bytes(whole[:len(whole) // 2])
        self.refused(["features", "build", "--output", "out.csv"], 4, path.name)
        changed = bytearray(whole)
        for at in range(8, len(whole) // 3):
            changed[at] ^= 0xFF
        path.write_bytes(changed)
        self.refused(["train"], 4, path.name)

    def test_another_writer(self):
        with open(self.state / "lock", "rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.write_orders(orders(310))
            self.refused(["ingest"], 4, "another process writes to .millwright",
                         "A server, or another ingest", kind="busy")
            self.succeeds("features", "list")
            self.succeeds("check")
            self.succeeds("features", "build", "--output", "out.csv")
        self.succeeds("ingest")
        self.assertEqual(len(self.lake()), 310)

    def test_reading_while_another_process_writes(self):
        # Growing files keep an ingest writing; every reader in between sees one whole ingest.
        counts = {300}
        for size in (1000, 3000):
            self.write_orders(orders(size))
            counts.add(size)
            writer = subprocess.Popen([MILLWRIGHT, "ingest"], cwd=self.folder,
                                      stdout=subprocess.DEVNULL)
            while True:
                is_over = writer.poll() is not None
                self.succeeds("features", "build", "--output", "out.csv")
                rows = len((self.folder / "out.csv").read_text().splitlines()) - 1
                self.assertIn(rows, counts)
                if is_over:
                    break
            self.assertEqual(writer.returncode, 0)
            self.assertEqual(rows, size)

    def test_state_folder_that_is_a_file(self):
        self.write("other.csv", "")
        os.rename(self.state, self.folder / "kept")
        self.write(".millwright", "a file")
        self.refused(["ingest"], 3, ".millwright: cannot be made a folder")

    def test_folder_that_cannot_be_written(self):
        # Root may write everywhere, unless that right is taken from it.
        prefix = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()
        self.write_orders(orders(310))
        new = self.folder / "new"
        new.mkdir()
        for name in ("millwright.yaml", "orders.csv"):
            (new / name).write_bytes((self.folder / name).read_bytes())
        for folder in (self.state, new):
            folder.chmod(0o555)
            self.addCleanup(folder.chmod, 0o755)
        self.refused(["ingest", "-C", "new"], 4, "new/.millwright", "ermission", prefix=prefix)
        self.refused(["init", "new/project", "--example", "flights"], 4, "new/project",
                     prefix=prefix)
        self.succeeds("check", "-C", "new", prefix=prefix)
        (self.state / "lock").chmod(0o444)
        (self.state / "catalog.db").chmod(0o444)
        self.refused(["ingest"], 4, ".millwright/", prefix=prefix)


class BadTraining(Shop):
    """Data from which nothing can be learned: the catalog and the artefacts stay as they are."""

    def setUp(self):
        super().setUp()
        self.succeeds("ingest")

    def test_label_that_never_matures(self):
        self.edit("over next 1d", "over next 3000d")
        self.refused(["train"], 3, "models.late: no label has matured",
                     "A label matures 3000d 1h after its moment", kind="invalid")

    def test_labels_of_one_class(self):
        for limit, word in ((">= 30000", "false"), (">= 0", "true")):
            text = (self.folder / "millwright.yaml").read_text()
            self.edit(">= 30", limit)
            self.refused(["train"], 3, f"labels to learn from are {word}",
                         "there is nothing to tell apart", kind="invalid")
            self.write("millwright.yaml", text)

    def test_label_that_is_always_missing(self):
        self.edit("last(orders.minutes by id over next 1d) >= 30",
                  "last(orders.minutes by id over next 1d) / 0 >= 30")
        self.refused(["train"], 3, "models.late: ", "missing", kind="invalid")

    def test_as_of_a_time_before_all_data(self):
        self.refused(["train", "--as-of", "2000-01-01"], 3, "models.late: ", kind="invalid")

    def test_words_that_mean_nothing(self):
        self.refused(["train", "nothing"], 3, "there is no model nothing", kind="not-found")
        self.refused(["train", "--seed", "x"], 2, '--seed: must be a whole number from 0 to 2147483647, got "x"',
                     kind="usage")
        self.refused(["train", "--as-of", "someday"], 2, "someday", kind="usage")
        self.refused(["train", "--nothing"], 2, "there is no option --nothing", kind="usage")
        self.refused(["ingest", "nothing"], 3, "the project has no stream nothing",
                     kind="not-found")
        self.refused(["ingest", "--from", "x.csv"], 2, "--from needs the stream", kind="usage")
        self.refused(["injest"], 2, "there is no command injest", "Did you mean ingest?",
                     kind="usage")

    def test_result_that_cannot_be_written(self):
        for words in (["features", "list"], ["--help"], ["--version"], ["features", "--help"],
                      ["ingest", "--help"]):
            with self.subTest(words=words), open("/dev/full", "wb") as full:
                done = subprocess.run([MILLWRIGHT, *words], cwd=self.folder, stdout=full,
                                      stderr=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 4)
                self.assertIn(b"output: the result could not be written", done.stderr)


if __name__ == "__main__":
    unittest.main()
