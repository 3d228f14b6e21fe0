#!/usr/bin/env python3
"""One event is one event, whichever way it comes in: by CSV, NDJSON, Parquet of three writers, JSON and Arrow over HTTP.

Each form has a stream of its own in one project; what they took, and what they refused, must be the same to the bit."""
import datetime
import decimal
import http.client
import json
import shutil
import tempfile
import unittest
from pathlib import Path

import duckdb
import polars
import pyarrow
import pyarrow.parquet

from serving import call, run, start, stop

FILES = {"csv": "csv", "ndjson": "ndjson", "pyarrow": "parquet", "polars": "parquet", "duckdb": "parquet"}
FORMS = [*FILES, "json", "arrow"]


def stamp(ns):
    """With nine decimals, which Python's datetime does not have."""
    second, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


class Case:
    """A column of one type: its values as texts of CSV, as texts of JSON, and as an array of Arrow's."""

    def __init__(self, of, texts, encoded, array, seen="x", forms=tuple(FORMS)):
        self.of, self.texts, self.encoded, self.array, self.seen, self.forms = of, texts, encoded, array, seen, forms

    def lines(self):
        return [f'{{"n": {i}, "at": "2024-01-01T00:00:00Z", "x": {text}}}' for i, text in enumerate(self.encoded)]

    def table(self):
        at = pyarrow.array([1704067200000000] * len(self.texts)).cast(pyarrow.timestamp("us", "UTC"))
        return pyarrow.table({"n": pyarrow.array(range(len(self.texts)), pyarrow.int64()), "at": at, "x": self.array})


def write_files(folder, case):
    lines = [f"{i},2024-01-01T00:00:00Z,{text}\n" for i, text in enumerate(case.texts)]
    (folder / "csv.csv").write_text("n,at,x\n" + "".join(lines))
    (folder / "ndjson.ndjson").write_text("\n".join(case.lines()))
    table = case.table()
    pyarrow.parquet.write_table(table, folder / "pyarrow.parquet")
    polars.from_arrow(table).write_parquet(folder / "polars.parquet")
    if "duckdb" not in case.forms:
        return
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.register("given", table)
        connection.execute(f"COPY (FROM given) TO '{folder}/duckdb.parquet'")


def send_arrow(port, table):
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/v1/events/arrow", sink.getvalue().to_pybytes(),
                       {"Content-Type": "application/vnd.apache.arrow.stream"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def post(folder, case):
    """By rows, so that one which is refused keeps no other out; how many were refused."""
    process, port = start(str(folder), "--listen", "127.0.0.1:0")
    refused = {}
    status, answer = call(port, "POST", "/v1/events/json", f"[{', '.join(case.lines())}]")
    assert status == 200, answer
    refused["json"] = [one["row"] for one in answer["rejected"]]
    status, answer = send_arrow(port, case.table())
    assert status == 200, answer
    refused["arrow"] = [one["row"] for one in answer["rejected"]]
    stop(process)
    return refused


class SameEvent(unittest.TestCase):
    maxDiff = None

    def taken(self, case):
        """By form: what each event says, by n, and the rows that were refused."""
        folder = Path(tempfile.mkdtemp(prefix="millwright-same-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        streams = "".join(f"  {form}: {{time: at, id: n, types: {{n: number, at: time, x: {case.of}}}"
                          f", from: {form}.{FILES.get(form, 'begin')}}}\n" for form in case.forms)
        (folder / "millwright.yaml").write_text(f"project: same\nstreams:\n{streams}")
        write_files(folder, case)
        for form in set(FORMS) - set(FILES):
            (folder / f"{form}.begin").write_text("n,at,x\n-1,2024-01-01T00:00:00Z,\n")
        done = run(str(folder), "ingest")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        refused = {form: [] for form in FORMS} | post(folder, case)
        for path in (folder / ".millwright/quarantine").glob("*.ndjson"):
            for line in path.read_text().splitlines():
                one = json.loads(line)
                refused[one["stream"]].append(one["row"] - 1)
        found = {}
        for form in case.forms:
            done = run(str(folder), "sql", "--json", f"SELECT n, {case.seen} AS x FROM \"{form}\" WHERE n >= 0 ORDER BY n")
            self.assertEqual(done.returncode, 0, done.stderr)
            found[form] = {int(row["n"]): row["x"] for row in json.loads(done.stdout)}, sorted(refused[form])
        return found

    def same(self, case, expected=None, refused=()):
        found = self.taken(case)
        if expected is not None:
            self.assertEqual(found["csv"], (expected, list(refused)))
        for form in case.forms:
            self.assertEqual(found[form], found["csv"], form)

    def test_times_to_the_nanosecond(self):
        # What is finer than a microsecond is cut off, toward 1970.
        steps = [0, 1, 499, 500, 501, 999, 1000, 1001, 1500]
        bases = [0, -1_000_000_000, 1_000_000_000, 1704067200_123456_000, -457700400_000000_000, -457700400_123457_000]
        given = sorted({base + sign * step for base in bases for step in steps for sign in (1, -1)})
        case = Case("time", [stamp(ns) for ns in given], [f'"{stamp(ns)}"' for ns in given],
                    pyarrow.array(given).cast(pyarrow.timestamp("ns", "UTC")), "epoch_us(x)")
        self.same(case, {i: abs(ns) // 1000 * (1 if ns >= 0 else -1) for i, ns in enumerate(given)})

    def test_durations_to_the_nanosecond(self):
        # Seconds come as doubles too, so the nearest microsecond counts, and the even one of two.
        steps = [0, 1, 499, 500, 501, 999, 1000, 1001, 1500, 2500, 61500]
        given = sorted({base + sign * step for base in (0, 1_000_000_000, 100_000_000_000_000, 90 * 10**9)
                        for step in steps for sign in (1, -1)})
        texts = [str(decimal.Decimal(ns).scaleb(-9)) for ns in given]
        case = Case("duration", texts, texts, pyarrow.array(given).cast(pyarrow.duration("ns")),
                    forms=[form for form in FORMS if form != "duckdb"])  # it writes intervals of months, days and time
        self.same(case, {i: int((decimal.Decimal(ns) / 1000).to_integral_value(decimal.ROUND_HALF_EVEN))
                         for i, ns in enumerate(given)})


if __name__ == "__main__":
    unittest.main()
