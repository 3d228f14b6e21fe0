#!/usr/bin/env python3
"""16 window features of card payments: our engine beside DuckDB and polars, in one run.

    replay_bench.py [N]      N payments (default 1,000,000) over 90 days

Cards and merchants follow Zipf laws. Each side runs in a process of its own, starts with the payments in
memory and ends with all features in memory. It does so twice, with an allocator that keeps what it has got,
and the second time counts: on a virtual machine the first touch of a page that the host has not backed yet
costs twenty times one of a page that it has, the host takes back what a process gives up within seconds, and
that would be the bill of whoever needs more memory. The sides take turns, five times each (DuckDB, which takes
minutes for ten million, once), and the least and the middle of each are told: what else a shared machine does only
ever adds to a figure. The totals of three features must agree on all sides, and with one thread and with two ours
must have the same bits.
"""
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CARDS, MERCHANTS, DAYS = 100_000, 5_000, 90
TIMES = 2
ROUNDS = 5
KEEPS_MEMORY = {"GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1099511627776",
                "_RJEM_MALLOC_CONF": "dirty_decay_ms:-1,muzzy_decay_ms:-1"}  # of jemalloc in polars
START_US = 1_767_225_600_000_000  # 2026-01-01


def generate(count, folder):
    import numpy
    import pyarrow
    from pyarrow import parquet
    draw = numpy.random.default_rng(7)

    def zipf(size, exponent):
        share = numpy.cumsum(1 / numpy.arange(1, size + 1) ** exponent)
        rank = numpy.searchsorted(share / share[-1], draw.random(count))
        return draw.permutation(size)[rank]

    card, merchant = zipf(CARDS, 0.8), zipf(MERCHANTS, 0.9)
    ts = numpy.sort(draw.integers(0, DAYS * 86_400_000, count)) * 1000 + START_US
    amount = numpy.round(numpy.exp(draw.normal(3.2, 1.1, count)), 2)
    parquet.write_table(pyarrow.table({"ts": pyarrow.array(ts, pyarrow.timestamp("us")), "card": card,
                                       "merchant": merchant, "amount": amount}), folder / "payments.parquet")
    with open(folder / "payments.bin", "wb") as out:
        out.write(numpy.int64(count).tobytes() + ts.astype("<i8").tobytes())
        for column in card, merchant, amount:
            out.write(column.astype("<f8").tobytes())


def measured(work):
    for _ in range(TIMES):
        wall, cpu = time.perf_counter(), time.process_time()
        kernel = resource.getrusage(resource.RUSAGE_SELF).ru_stime
        totals = work()
        print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu,
                          "kernel": resource.getrusage(resource.RUSAGE_SELF).ru_stime - kernel} | totals))


def run_duckdb(folder):
    import duckdb
    db = duckdb.connect()
    db.execute(f"SET threads = 2; SET preserve_insertion_order = false; "
               f"CREATE TABLE payments AS FROM '{folder}/payments.parquet'")

    def window(name, key, span):
        return (f"{name} AS (PARTITION BY {key} ORDER BY ts RANGE BETWEEN INTERVAL {span} PRECEDING "
                f"AND INTERVAL 1 microsecond PRECEDING)")

    spans = {"1": "1 hour", "24": "24 hour", "7": "7 day", "30": "30 day"}
    columns = ", ".join(f"count(*) OVER w{w} c{w}, sum(amount) OVER w{w} s{w}, avg(amount) OVER w{w} m{w}"
                        for w in spans)
    windows = ", ".join(window(f"w{w}", "card", span) for w, span in spans.items())

    def work():
        db.execute(f"""CREATE OR REPLACE TABLE features AS SELECT {columns}, max(amount) OVER w24 x24,
            epoch(ts) - epoch(max(ts) OVER w30) d, count(*) OVER wm cm, avg(amount) OVER wm mm
            FROM payments WINDOW {windows}, {window('wm', 'merchant', '24 hour')}""")
        c30, s24, cm = db.execute("SELECT sum(c30), sum(s24), sum(cm) FROM features").fetchone()
        return {"c30": int(c30), "s24": s24, "cm": int(cm)}

    measured(work)


def run_polars(folder):
    import polars
    payments = polars.read_parquet(folder / "payments.parquet").with_columns(one=polars.lit(1.0))

    def rolling(column, what, span, key, name):
        column = polars.col(column)
        return getattr(column, f"rolling_{what}_by")("ts", span, closed="left").over(key).alias(name)

    columns = []
    for name, span in {"1": "1h", "24": "24h", "7": "7d", "30": "30d"}.items():
        columns += [rolling("one", "sum", span, "card", f"c{name}"),
                    rolling("amount", "sum", span, "card", f"s{name}"),
                    rolling("amount", "mean", span, "card", f"m{name}")]
    columns += [rolling("amount", "max", "24h", "card", "x24"),
                (polars.col("ts") - polars.col("ts").shift(1)).over("card").alias("d"),
                rolling("one", "sum", "24h", "merchant", "cm"),
                rolling("amount", "mean", "24h", "merchant", "mm")]

    def work():
        features = payments.with_columns(columns)
        return {"c30": int(features["c30"].sum()), "s24": features["s24"].sum(),
                "cm": int(features["cm"].sum())}

    measured(work)


def run(command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True,
                          env=os.environ | KEEPS_MEMORY | {"POLARS_MAX_THREADS": "2"})
    return json.loads(done.stdout.splitlines()[-1])


def main(count):
    engine = Path(os.environ.get("MILLWRIGHT_LIB", "build/lib")).parent / "replay_engine_bench"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(count, folder)
        sides = {"millwright": [engine, folder / "payments.bin", 1, TIMES],
                 "2 threads": [engine, folder / "payments.bin", 2, TIMES],
                 "polars": [sys.executable, __file__, "polars", folder],
                 "duckdb": [sys.executable, __file__, "duckdb", folder]}
        rounds = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, command in sides.items():
                if name != "duckdb" or not rounds[name]:
                    rounds[name].append(run(command))

    def of(name, what, pick):
        return pick(result[what] for result in rounds[name])

    least_cpu, least_wall = of("millwright", "cpu", min), of("millwright", "wall", min)
    print(f"{count:,} payments, 16 window features, {ROUNDS} rounds in turn (DuckDB once)\n"
          f"{'':12}{'CPU s':>8}{'middle':>8}{'kernel s':>10}{'wall s':>8}{'middle':>8}{'events per CPU s':>18}"
          f"{'CPU, ours = 1':>15}{'wall, ours = 1':>16}")
    for name in sides:
        cpu, wall = of(name, "cpu", min), of(name, "wall", min)
        print(f"{name:12}{cpu:8.2f}{of(name, 'cpu', statistics.median):8.2f}{of(name, 'kernel', min):10.2f}"
              f"{wall:8.2f}{of(name, 'wall', statistics.median):8.2f}{count / cpu:18,.0f}"
              f"{cpu / least_cpu:15.1f}{wall / least_wall:16.2f}")
    ours = rounds["millwright"][0]
    for name in sides:
        for result in rounds[name]:
            assert result["c30"] == ours["c30"] and result["cm"] == ours["cm"], f"{name} counts otherwise"
            assert abs(result["s24"] / ours["s24"] - 1) < 1e-9, f"{name} adds otherwise"
            assert result.get("bits", ours["bits"]) == ours["bits"], f"{name} finds other bits"
    print(f"window state of {ours['keys']:,} keys at the end: {ours['state_bytes']:,} bytes; the totals agree, "
          "and the bits of one thread and two")


if __name__ == "__main__":
    peers = {"duckdb": run_duckdb, "polars": run_polars}
    if len(sys.argv) == 3:
        peers[sys.argv[1]](Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
