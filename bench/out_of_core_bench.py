#!/usr/bin/env python3
"""Features of more payments than memory should hold: `ingest` file by file, then `features build` into Parquet.

    out_of_core_bench.py [N ...]     payments (default 1,000,000), 1,000,000 to a file, over 90 days

Sixteen window features and a label, cards and merchants by laws like those of replay_bench.py, `memory: 2 GB`.
CPU seconds and the largest resident memory of the build must grow linearly and hardly at all.
"""
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILE_ROWS, DAYS, START_US = 1_000_000, 90, 1_767_225_600_000_000  # 2026-01-01
PROJECT = """\
project: payments
memory: 2 GB
streams:
  payments:    {from: payments*.parquet, time: ts}
  chargebacks: {from: chargebacks*.parquet, time: ts}
features:
  a: count(payments by card over {1h, 24h, 7d, 30d})
  s: sum(payments.amount by card over {1h, 24h, 7d, 30d})
  m: mean(payments.amount by card over {1h, 24h, 7d, 30d})
  x: max(payments.amount by card over 24h)
  d: since(payments by card over 30d)
  c: count(payments by merchant over 24h)
  n: mean(payments.amount by merchant over 24h)
models:
  fraud: {moment: on payments, label: any(chargebacks by card over next 1d)}
"""


def write_files(folder, number, count, total):
    """Payments, of which a hundredth is charged back in the end."""
    import numpy
    import pyarrow
    from pyarrow import parquet
    draw = numpy.random.default_rng(number)
    span = DAYS * 86_400_000_000 / total
    ts = START_US + ((number * FILE_ROWS + numpy.sort(draw.random(count)) * count) * span).astype("int64")
    card = numpy.floor(total / 10 * draw.random(count) ** 3)
    merchant = numpy.floor(5_000 * draw.random(count) ** 2)
    table = pyarrow.table({"ts": pyarrow.array(ts, pyarrow.timestamp("us")), "card": card, "merchant": merchant,
                           "amount": numpy.round(numpy.exp(draw.normal(3.2, 1.1, count)), 2)})
    parquet.write_table(table, f"{folder}/payments{number:04}.parquet")
    parquet.write_table(table.select(["ts", "card"])[::100], f"{folder}/chargebacks{number:04}.parquet")


def run(folder, *arguments):
    """CPU seconds, wall seconds and the largest resident memory, in MB."""
    began = time.perf_counter()
    process = subprocess.Popen([os.environ.get("MILLWRIGHT", "build/millwright"), *arguments, "-C", str(folder)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, arguments
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss / 1024


def measure(total):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "millwright.yaml").write_text(PROJECT)
        taken_in = [0, 0, 0]
        for number in range(-(-total // FILE_ROWS)):
            subprocess.run([sys.executable, __file__, "write", folder, str(number),
                            str(min(FILE_ROWS, total - number * FILE_ROWS)), str(total)], check=True)
            cpu, wall, memory = run(folder, "ingest")
            taken_in = [taken_in[0] + cpu, taken_in[1] + wall, max(taken_in[2], memory)]
            for path in folder.glob("*.parquet"):
                path.unlink()
        built = run(folder, "features", "build", "--output", str(folder / "features.parquet"))
        size = (folder / "features.parquet").stat().st_size
    for what, (cpu, wall, memory) in {"ingest": taken_in, "build": built}.items():
        print(f"{total:>13,}  {what:8}{cpu:9.1f}{wall:9.1f}{total / cpu:18,.0f}{memory:13,.0f}", flush=True)
    print(f"{'':15}a file of {size:,} bytes", flush=True)


def main(totals):
    print(f"{'payments':>13}  {'':8}{'CPU s':>9}{'wall s':>9}{'events per CPU s':>18}{'memory, MB':>13}")
    for total in totals:
        measure(total)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.argv[1:2] == ["write"]:
        write_files(sys.argv[2], *map(int, sys.argv[3:6]))
    else:
        main([int(one) for one in sys.argv[1:]] or [1_000_000])
