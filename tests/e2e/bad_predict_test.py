#!/usr/bin/env python3
"""Input that cannot be predicted, and names that stand for nothing: told by row and rule, nothing
recorded, the champion as it was."""
import os
import subprocess
import unittest

from bad_shop import Shop

HEADING = "order,at,shop,price"
GOOD = "9001,2024-01-20T00:00:00Z,north,5"


class BadPrediction(Shop):
    def setUp(self):
        super().setUp()
        self.succeeds("ingest")
        self.succeeds("train")

    def is_refused(self, rows, *says, heading=HEADING):
        self.write("in.csv", "\n".join([heading, *rows]) + "\n")
        self.refused(["predict", "late", "--input", "in.csv"], 3, *says)

    def test_good_rows_beside_no_rows(self):
        self.write("in.csv", f"{HEADING}\n{GOOD}\n")
        before = self.snapshot()
        answer = self.succeeds("predict", "late", "--input", "in.csv")
        self.assertEqual(len(answer.out.splitlines()), 2)
        self.write("empty.csv", HEADING + "\n")
        answer = self.succeeds("predict", "late", "--input", "empty.csv")
        self.assertEqual(answer.out.splitlines(), [HEADING + ",prediction,decision,version,id"])
        (self.folder / "empty.csv").unlink()
        self.assertEqual(self.snapshot(), before, "predict records nothing")

    def test_bad_rows(self):
        self.is_refused([GOOD, "9002,yesterday,north,5"], "in.csv: row 2: at: must be a date",
                        'got "yesterday"')
        self.is_refused([GOOD, GOOD, "9002,2024-01-20,north,dear"], "row 3: price: must be a",
                        '"dear"')
        self.is_refused([GOOD + ",1"], "row 1")

    def test_bad_columns(self):
        self.is_refused([GOOD + ",1"], "column prediction", heading=HEADING + ",prediction")
        self.is_refused(["9001,2024-01-20,north"], "there is no column price",
                        heading="order,at,shop")

    def test_files(self):
        self.refused(["predict", "late", "--input", "nowhere.csv"], 3, "nowhere.csv: there is no "
                     "such file", kind="not-found")
        self.write("in.csv", f"{HEADING}\n{GOOD}\n")
        answer = self.succeeds("predict", "late", "--input", "in.csv", "--output",
                               "nowhere/out.csv", code=3)
        self.assertIn("nowhere/out.csv", answer.err)
        self.refused(["predict", "late", "--input", "in.csv", "--output", "out.txt"], 2,
                     "must end in .csv or .parquet", kind="usage")

    def test_standard_input_is_named_so(self):
        """It is laid down as a file of some name, which is nobody's business."""
        self.write("in.csv", f"{HEADING}\n{GOOD}\n9002,yesterday,north,5\n")
        with open(self.folder / "in.csv", encoding="utf-8") as rows:
            done = subprocess.run([os.environ["MILLWRIGHT"], "predict", "late", "--input", "-"], cwd=self.folder,
                                  stdin=rows, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 3, done)
        self.assertTrue(done.stderr.startswith("millwright: standard input: row 2: at: must be a date"), done)
        self.assertNotIn(".tmp", done.stderr)

    def test_names_that_stand_for_nothing(self):
        self.refused(["models", "promote", "late", "ffff"], 3, "ffff", kind="not-found")
        self.refused(["runs", "show", "99"], 3, "there is no run 99", kind="not-found")
        self.refused(["runs", "show", "x"], 2, 'RUN must be a number, got "x"', kind="usage")
        self.refused(["sql", "SELEC"], 3, 'syntax error at or near "SELEC"')
        self.refused(["backtest", "late", "--from", "2024-05-01", "--to", "2024-01-01"], 2,
                     "--to: must not lie before --from", kind="usage")
        self.refused(["backtest", "late", "--from", "2024-01-02", "--to", "2024-01-03", "--policy",
                      "best"], 2, "none named best", kind="usage")
        self.refused(["models", "rollback", "late"], 3, "late: there is no champion before this one")
        self.refused(["models", "rollback", "lat"], 3, "there is no champion of a model lat", kind="not-found")

    def test_version_that_was_damaged(self):
        (path,) = [path for path in (self.state / "artefacts").rglob("*") if path.is_file()]
        whole = path.read_bytes()
        self.write("in.csv", f"{HEADING}\n{GOOD}\n")
        for damaged in (whole[:-1], whole[:len(whole) // 2], b"",
                        whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]):
            path.write_bytes(damaged)
            self.refused(["predict", "late", "--input", "in.csv"], 4, kind="corrupt")
        path.unlink()
        self.refused(["predict", "late", "--input", "in.csv"], 4, "version ", kind="corrupt")


if __name__ == "__main__":
    unittest.main()
