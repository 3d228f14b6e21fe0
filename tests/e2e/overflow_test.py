"""An expression that goes beyond the doubles is missing, and counted (rule 12): in a build by any threads, and by a server.

A feature multiplies amounts until the dear ones no longer fit. What lacks its input, or divides by zero, is missing too
and no overflow.
"""
import csv
import re
import urllib.request
from datetime import timedelta

import each_test
from monitor_test import BEGIN, order, serving
from shop import PROJECT, Shop, main

HUGE = PROJECT.replace("models:", """\
  huge:    amount * 1e307
  nothing: amount / 0
  lacking: spent * 1e300 / (amount - amount)
  caught:  coalesce(amount * 1e307, 0)
models:""")


def too_dear(amounts):
    return sum(float(amount) * 1e307 == float("inf") for amount in amounts)


def test_a_build_counts_them_by_any_number_of_threads():
    with Shop(HUGE) as shop:
        shop.ok("ingest")
        expected = too_dear(line.split(",")[3] for line in shop.orders[1:])
        assert 100 < expected < 2900, expected
        for threads in "1", "2", "4":
            told = shop.ok("features", "build", "--output", str(shop.folder / "built.csv"), "--threads", threads, "--json").json()
            assert told["overflowed"] == expected, (threads, told, expected)
        said = shop.ok("features", "build", "--output", str(shop.folder / "built.csv"))
        assert f"{expected} features are missing, since an expression went beyond 1.8e308" in said.err, said.err
        columns, *rows = (line.split(",") for line in (shop.folder / "built.csv").read_text().splitlines())
        assert sum(row[columns.index("huge")] == "" for row in rows) == expected


def test_moments_of_one_event_are_counted_each():
    with Shop() as shop:
        text = each_test.project_text(shop.folder)
        assert "\nfeatures:\n" in text
        shop.write(text.replace("\nfeatures:\n", "\nfeatures:\n  huge: price * 1e307\n"))
        shop.ok("ingest")
        counts = set()
        for threads in "1", "3":
            path = shop.folder / "built.csv"
            told = shop.ok("features", "build", "--output", str(path), "--threads", threads, "--json").json()
            with open(path, newline="") as file:
                rows = list(csv.DictReader(file))
            expected = sum(bool(row["price"]) and row["huge"] == "" for row in rows)
            assert told["overflowed"] == expected and 0 < expected < len(rows), (told, expected, len(rows))
            counts.add(expected)
        assert len(counts) == 1, counts


def test_nothing_is_said_where_nothing_overflowed():
    with Shop() as shop:
        shop.ok("ingest")
        done = shop.ok("features", "build", "--output", str(shop.folder / "built.csv"), "--json")
        assert done.json()["overflowed"] == 0 and "went beyond" not in done.err, done.err


def counted(server):
    address = f"http://127.0.0.1:{server.connection.port}/metrics"
    with urllib.request.urlopen(address) as answer:
        text = answer.read().decode()
    found = re.search(r'^millwright_features_overflowed_total\{model="returned"\} (\d+)', text, re.M)
    return int(found[1])


def test_a_server_counts_them_in_its_answers():
    with Shop(HUGE) as shop:
        shop.ok("ingest")
        shop.ok("train")
        with serving(shop, BEGIN) as server:
            at = counted(server)
            assert at == 0, at
            for number in range(40):
                row = order(number, BEGIN - timedelta(minutes=1), 1)
                server.post("/v1/models/returned/predict", {"event": row, "record": number % 3 > 0})
                at += too_dear([row["amount"]])
                assert counted(server) == at, (row, at)
            assert 0 < at < 40, at


if __name__ == "__main__":
    main(globals())
