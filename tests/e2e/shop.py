"""A small project with generated data, and the program under test, for the tests beside this file.

Orders of five shops over sixty days; some are returned within three days, the dearer the likelier. The
data follow from the seed alone ($MW_SEED, printed on failure).
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
from datetime import datetime, timedelta, timezone
from pathlib import Path

SEED = int(os.environ.get("MW_SEED", "1"))
START = datetime(2024, 1, 1, tzinfo=timezone.utc)

PROJECT = """\
project: shop
streams:
  orders:
    from: data/orders.csv
    time: placed
    id: order_id
    checks: {amount: {min: 0}, shop: {in: [a, b, c, d, e]}}
  returns:
    from: data/returns.csv
    time: returned
    id: order_id
features:
  amount:  amount
  shop:    shop
  recent:  count(orders by shop over {1h, 1d})
  spent:   mean(orders.amount by shop over 1d)
  lately:  count(returns by shop over 7d)
models:
  returned:
    question: Will this order come back?
    moment:   on orders
    label:    any(returns by id over next 3d)
    cost:     {false_alarm: 1, miss: 4}
    segments: [shop]
    params:   {rounds: 20, num_leaves: 7}
"""


def stamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def generate(count=3000):
    """The lines of orders.csv and returns.csv, their headings first."""
    draw = random.Random(SEED)
    orders, returns = ["order_id,placed,shop,amount"], ["order_id,returned,shop,amount"]
    placed = START
    for number in range(count):
        placed += timedelta(seconds=draw.randrange(60, 3400))
        shop, amount = draw.choice("abcde"), round(draw.lognormvariate(3, 1), 2)
        orders.append(f"o{number},{stamp(placed)},{shop},{amount}")
        if draw.random() < min(0.9, amount / 100):
            returned = placed + timedelta(seconds=draw.randrange(3600, 60 * 3600))
            returns.append(f"o{number},{stamp(returned)},{shop},{amount}")
    return orders, returns


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)


class Shop:
    """A project folder of its own, removed at the end of the test."""

    def __init__(self, project=PROJECT, count=3000):
        self.folder = Path(tempfile.mkdtemp(prefix="millwright-shop-"))
        (self.folder / "data").mkdir()
        self.orders, self.returns = generate(count)
        self.write_data()
        self.write(project)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def write(self, project):
        (self.folder / "millwright.yaml").write_text(project)

    def change(self, old, new):
        text = (self.folder / "millwright.yaml").read_text()
        assert old in text, old
        self.write(text.replace(old, new))

    def write_data(self):
        (self.folder / "data/orders.csv").write_text("\n".join(self.orders) + "\n")
        (self.folder / "data/returns.csv").write_text("\n".join(self.returns) + "\n")

    def run(self, *arguments, **options):
        command = [os.environ["MILLWRIGHT"], *arguments, "-C", str(self.folder)]
        return Result(subprocess.run(command, capture_output=True, text=True, check=False, **options))

    def ok(self, *arguments, **options):
        result = self.run(*arguments, **options)
        assert result.code == 0, f"{arguments}: exit {result.code}\n{result.err}{result.out}"
        return result

    def fails(self, code, message, *arguments, **options):
        result = self.run(*arguments, **options)
        said = result.err + result.out
        assert result.code == code, f"{arguments}: exit {result.code}, expected {code}\n{said}"
        assert message in result.err, f"{arguments}: expected {message!r}, got\n{said}"
        return result

    def state(self):
        """What the state holds, for saying that nothing was lost."""
        status = json.loads(self.run("status", "--json").out)
        for stream in status.get("streams", []):
            del stream["age_seconds"]  # which goes on
        return json.dumps(status) + self.run("models", "list", "--json").out


def main(tests):
    """Runs the functions named test_...; the first argument picks by name."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    failed = 0
    for name, test in list(tests.items()):
        if not name.startswith("test_") or wanted not in name:
            continue
        try:
            test()
            print("ok", name)
        except Exception:
            failed += 1
            print(f"FAILED {name} (MW_SEED={SEED})")
            traceback.print_exc()
    sys.exit(1 if failed else 0)
