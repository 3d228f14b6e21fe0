#!/usr/bin/env python3
"""One event is one event, whichever way it comes in: by CSV, NDJSON, Parquet of three writers, JSON and Arrow over HTTP.

Each form has a stream of its own in one project; what they took, and what they refused, must be the same to the bit. A
case is a column of a type and some values; each value has a row to itself, in which all other columns are missing."""
import datetime
import decimal
import http.client
import json
import math
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
WHOLE = 2**53


def stamp(ns):
    """With nine decimals, which Python's datetime does not have."""
    second, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


class Case:
    """Values as texts of CSV, as texts of JSON (None is missing), and as an array of Arrow's; `seen` is what SQL shows
    of the column, `expected` what it must show of each value, REFUSED where none may be taken."""

    def __init__(self, of, values, array, expected, seen="{x}", encoded=json.dumps, text=str):
        self.of, self.array, self.seen, self.expected = of, array, seen, list(expected)
        self.texts = ["" if value is None else text(value) for value in values]
        self.encoded = ["null" if value is None else encoded(value) for value in values]


REFUSED = "refused"


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


class Table:
    """All cases one below the other."""

    def __init__(self, cases):
        self.cases, self.starts, self.count = cases, [], 0
        for case in cases:
            assert len(case.texts) == len(case.array) == len(case.expected)
            self.starts.append(self.count)
            self.count += len(case.texts)
        self.rows = [(i, at) for i, case in enumerate(cases) for at in range(len(case.texts))]

    def columns(self):
        return "".join(f", x{i}: {case.of}" for i, case in enumerate(self.cases))

    def csv(self):
        heading = ",".join(["n", "at", *(f"x{i}" for i in range(len(self.cases)))])
        lines = [f"{n},2024-01-01T00:00:00Z," + "," * i + self.cases[i].texts[at] + "," * (len(self.cases) - 1 - i)
                 for n, (i, at) in enumerate(self.rows)]
        return "\n".join([heading, *lines]) + "\n"

    def lines(self):
        return [f'{{"n": {n}, "at": "2024-01-01T00:00:00Z", "x{i}": {self.cases[i].encoded[at]}}}'
                for n, (i, at) in enumerate(self.rows)]

    def column(self, i):
        array, before = self.cases[i].array, self.starts[i]
        is_dictionary = pyarrow.types.is_dictionary(array.type)
        array = array.dictionary_decode() if is_dictionary else array
        after = self.count - before - len(array)
        whole = pyarrow.concat_arrays([pyarrow.nulls(before, array.type), array, pyarrow.nulls(after, array.type)])
        return whole.dictionary_encode() if is_dictionary else whole

    def arrow(self, skipped=lambda type: False):
        at = pyarrow.array([1704067200000000] * self.count).cast(pyarrow.timestamp("us", "UTC"))
        columns = {f"x{i}": self.column(i) for i in range(len(self.cases))}
        columns = {name: pyarrow.nulls(self.count) if skipped(column.type) else column for name, column in columns.items()}
        return pyarrow.table({"n": pyarrow.array(range(self.count), pyarrow.int64()), "at": at, **columns})


def is_duration(of):
    """DuckDB writes an interval of months, days and time for one, and none that is negative."""
    return pyarrow.types.is_duration(of)


def write_files(folder, table):
    (folder / "csv.csv").write_text(table.csv())
    (folder / "ndjson.ndjson").write_text("\n".join(table.lines()))
    rows = table.arrow()
    pyarrow.parquet.write_table(rows, folder / "pyarrow.parquet")
    polars.from_arrow(rows).write_parquet(folder / "polars.parquet")
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.register("given", table.arrow(is_duration))
        connection.execute(f"COPY (FROM given) TO '{folder}/duckdb.parquet'")
    for form in set(FORMS) - set(FILES):
        (folder / f"{form}.begin").write_text(table.csv().split("\n")[0] + "\n-1,2024-01-01T00:00:00Z" +
                                              "," * len(table.cases) + "\n")


def send(port, form, body, kind):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", f"/v1/events/{form}", body, {"Content-Type": kind})
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    assert answer.status == 200, said
    return {one["row"] - 1 for one in said["rejected"]}


def post(folder, table):
    process, port = start(str(folder), "--listen", "127.0.0.1:0")
    sink, rows = pyarrow.BufferOutputStream(), table.arrow()
    with pyarrow.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    refused = {"json": send(port, "json", f"[{', '.join(table.lines())}]", "application/json"),
               "arrow": send(port, "arrow", sink.getvalue().to_pybytes(), "application/vnd.apache.arrow.stream")}
    stop(process)
    return refused


def quarantined(folder):
    refused = {form: set() for form in FILES}
    for path in (folder / ".millwright/quarantine").glob("*.ndjson"):
        for line in path.read_text().splitlines():
            one = json.loads(line)
            refused[one["stream"]].add(one["row"] - 1)
    return refused


def take_in(folder, table):
    """By form: what is seen of each row, REFUSED of those that were."""
    streams = "".join(f"  {form}: {{time: at, id: n, types: {{n: number, at: time{table.columns()}}}, "
                      f"from: {form}.{FILES.get(form, 'begin')}}}\n" for form in FORMS)
    (folder / "millwright.yaml").write_text(f"project: same\nstreams:\n{streams}")
    write_files(folder, table)
    done = run(str(folder), "ingest")
    assert done.returncode in (0, 1), done.stderr
    refused = quarantined(folder) | post(folder, table)
    shown = ", ".join(f"{case.seen.format(x=f'x{i}')} AS x{i}" for i, case in enumerate(table.cases))
    seen = {}
    for form in FORMS:
        done = run(str(folder), "sql", "--json", f"SELECT n, {shown} FROM \"{form}\" WHERE n >= 0 ORDER BY n")
        assert done.returncode == 0, done.stderr
        rows = {int(row["n"]): row for row in json.loads(done.stdout)}
        assert not rows.keys() & refused[form], (form, rows.keys() & refused[form])
        seen[form] = [REFUSED if n in refused[form] else rows[n][f"x{i}"] for n, (i, _) in enumerate(table.rows)]
    return seen


NUMBER, TIME, TEXT = "{x}::VARCHAR", "epoch_us({x})", "hex({x})"


def nanosecond_times():
    """What is finer than a microsecond is cut off, toward 1970."""
    steps = [0, 1, 499, 500, 501, 999, 1000, 1001, 1500]
    bases = [0, -1_000_000_000, 1_000_000_000, 1704067200_123456_000, -457700400_000000_000, -457700400_123457_000]
    given = sorted({base + sign * step for base in bases for step in steps for sign in (1, -1)})
    expected = [abs(ns) // 1000 * (1 if ns >= 0 else -1) for ns in given]
    yield Case("time", [stamp(ns) for ns in given], pyarrow.array(given).cast(pyarrow.timestamp("ns", "UTC")), expected, TIME)
    yield Case("time", [stamp(ns)[:-1] for ns in given], pyarrow.array(given).cast(pyarrow.timestamp("ns")), expected, TIME)


def nanosecond_durations():
    """Seconds come as doubles too, so the nearest microsecond counts, and the even one of two."""
    steps = [0, 1, 499, 500, 501, 999, 1000, 1001, 1500, 2500, 61500]
    given = sorted({base + sign * step for base in (0, 1_000_000_000, 100_000_000_000_000, 90 * 10**9)
                    for step in steps for sign in (1, -1)})
    expected = [int((decimal.Decimal(ns) / 1000).to_integral_value(decimal.ROUND_HALF_EVEN)) for ns in given]
    texts = [str(decimal.Decimal(ns).scaleb(-9)) for ns in given]
    yield Case("duration", texts, pyarrow.array(given).cast(pyarrow.duration("ns")), expected, encoded=str)


def other_times():
    dates = [datetime.date(2024, 1, 1), datetime.date(1955, 7, 1), datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None]
    midnights = [None if day is None else (day.toordinal() - 719163) * 86_400_000_000 for day in dates]
    texts = [None if day is None else day.isoformat() for day in dates]
    for of in (pyarrow.date32(), pyarrow.date64()):
        yield Case("time", texts, pyarrow.array(dates, of), midnights, TIME)
    yield Case("category", texts, pyarrow.array(dates, pyarrow.date32()), texts)
    for unit, factor in (("s", 1_000_000), ("ms", 1000), ("us", 1)):
        counts = [0, -1, 1, 1704067200]
        yield Case("time", [stamp(count * factor * 1000) for count in counts],
                   pyarrow.array(counts).cast(pyarrow.timestamp(unit, "UTC")), [count * factor for count in counts], TIME)
    first, last = -62135596800_000_000, 253402300799_999_999
    ends = [first - 1, first, first + 1, last - 1, last, last + 1]
    texts = ["0000-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999998Z",
             "9999-12-31T23:59:59.999999Z", "10000-01-01T00:00:00Z"]
    yield Case("time", texts, pyarrow.array(ends).cast(pyarrow.timestamp("us", "UTC")), [REFUSED, *ends[1:-1], REFUSED], TIME)
    odd = ["2024-01-01T05:00:00+02:00", "1955-01-01 00:00", "0000-12-31", "10000-01-01", "2024-02-30", "24-01-01", "1704067200", ""]
    yield Case("time", odd, pyarrow.array(odd), [1704078000000000, -473385600000000, *[REFUSED] * 5, None], TIME)


def numbers():
    whole = [0, -1, WHOLE - 1, WHOLE, WHOLE + 1, -WHOLE, -WHOLE - 1, 2**63 - 1, -2**63]
    kept = [REFUSED if abs(one) > WHOLE else str(float(one)) for one in whole]
    yield Case("number", whole, pyarrow.array(whole, pyarrow.int64()), kept, NUMBER)
    yield Case("category", whole, pyarrow.array(whole, pyarrow.int64()), [str(one) for one in whole])
    long = [0, WHOLE, WHOLE + 1, 2**64 - 1]
    yield Case("number", long, pyarrow.array(long, pyarrow.uint64()), ["0.0", str(float(WHOLE)), REFUSED, REFUSED], NUMBER)
    yield Case("category", long, pyarrow.array(long, pyarrow.uint64()), [str(one) for one in long])
    doubles = [0.0, -0.0, 5e-324, 1e308, 0.1, 1 / 3, None, 1e16, float(WHOLE), 1e22, -1.5]
    yield Case("number", doubles, pyarrow.array(doubles, pyarrow.float64()),
               [None if one is None else str(one + 0.0) for one in doubles], NUMBER, text=repr)
    beyond = [math.inf, -math.inf]
    yield Case("number", beyond, pyarrow.array(beyond), [REFUSED] * 2, NUMBER, encoded=lambda one: f'"{one}"')
    yield Case("number", [None], pyarrow.array([math.nan]), [None], NUMBER)
    single = pyarrow.array([0.1, 1e30, -0.0, 3.5], pyarrow.float32())
    yield Case("number", single.to_pylist(), single, [str(one + 0.0) for one in single.to_pylist()], NUMBER, text=repr)
    yield Case("number", [None, None], pyarrow.nulls(2), [None, None], NUMBER)


def words():
    given = ["", " ", "  x ", "a\tb", "größe", "🙂", "e\u0301", '"q"', "a,b", "a\nb", "null", "true", "\u00a0", "\ufeff", "0", "01", "1.0"]
    expected = [one.encode().hex().upper() or None for one in given]
    for of in (pyarrow.string(), pyarrow.large_string(), pyarrow.dictionary(pyarrow.int32(), pyarrow.string())):
        for kind in ("text", "category"):
            yield Case(kind, given, pyarrow.array(given).cast(of), expected, TEXT, text=quoted)
    yield Case("bool", [True, False, None], pyarrow.array([True, False, None]), [True, False, None],
               text=lambda one: str(one).lower())
    lists = [["a", "b"], [], None, [""], ["é"], ["x", None]]
    dense = [None if one is None else json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in lists]
    yield Case("list", lists, pyarrow.array(lists, pyarrow.list_(pyarrow.string())), [*dense[:-1], REFUSED],
               text=lambda one: quoted(json.dumps(one, ensure_ascii=False)))
    rows = [[1.0, -0.0], [], None, [0.1, 1e22], [float(WHOLE)]]
    yield Case("list of number", rows, pyarrow.array(rows, pyarrow.list_(pyarrow.float64())),
               ["[1,0]", "[]", None, "[0.1,1e+22]", f"[{WHOLE}]"], text=lambda one: quoted(json.dumps(one)))


class SameEvent(unittest.TestCase):
    maxDiff = None

    def test_each_value_in_all_forms(self):
        cases = [case for some in (nanosecond_times, nanosecond_durations, other_times, numbers, words) for case in some()]
        table = Table(cases)
        folder = Path(tempfile.mkdtemp(prefix="millwright-same-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        seen = take_in(folder, table)
        expected = [case.expected[at] for case in cases for at in range(len(case.texts))]
        for form in FORMS:
            for n, (i, at) in enumerate(table.rows):
                if form == "duckdb" and is_duration(cases[i].array.type):
                    continue
                with self.subTest(form=form, of=cases[i].of, array=str(cases[i].array.type), value=cases[i].texts[at]):
                    self.assertEqual(seen[form][n], expected[n])
        self.assertGreater(len(expected), 300)


if __name__ == "__main__":
    unittest.main()
