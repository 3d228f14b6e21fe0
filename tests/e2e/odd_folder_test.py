"""A folder or a file whose name looks like a pattern is itself alone: what the pattern would match beside it is read
by nobody. One whose name looks like a value (shop=x) says nothing of what is in it."""
import csv
import tempfile
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet

from shop import PROJECT, Shop, main

NAMES = [("da[ta]", "dat"), ("x*y", "xzy"), ("what?", "whats"), ("it's [*]", "it's *")]


def make(folder, count):
    """A project with so many orders, in a file whose name looks like a pattern too."""
    shop = Shop(PROJECT.replace("data/orders.csv", "data/o*.csv"), count)
    data = shop.folder / "data"
    (data / "orders.csv").rename(data / "or[d]ers?.csv")
    shop.folder = shop.folder.rename(folder)
    shop.ok("ingest")
    return shop


def check(shop, count):
    counted = shop.ok("sql", "SELECT count(*) AS n FROM orders", "--json").json()
    assert str(count) in str(counted), counted
    built = shop.folder / "bu[i]lt.parquet"
    assert f"{count} moments" in (said := shop.ok("features", "build", "--output", str(built))).out + said.err, said.out


def test_odd_folder():
    with tempfile.TemporaryDirectory() as folder:
        for odd, matched in NAMES:
            other, shop = make(Path(folder, matched), 40), make(Path(folder, odd), 60)
            check(shop, 60)
            check(other, 40)


def test_folder_that_looks_like_a_value():
    with tempfile.TemporaryDirectory() as folder:
        plain, odd = make(Path(folder, "plain"), 60), make(Path(folder, "shop=x"), 60)
        built = []
        for shop in (plain, odd):
            shops = shop.ok("sql", "SELECT DISTINCT shop FROM orders ORDER BY shop", "--json").json()
            assert [row["shop"] for row in shops] == list("abcde"), shops
            shop.ok("features", "build", "--output", str(shop.folder / "built.parquet"))
            shop.ok("features", "build", "--output", str(shop.folder / "built.csv"))
            built.append((shop.folder / "built.csv").read_bytes())
        assert built[0] == built[1] and {row["shop"] for row in csv.DictReader(built[1].decode().splitlines())} \
            == set("abcde"), built[1][:300]
        # A Parquet file that is ingested from such a folder.
        table = pyarrow.csv.read_csv(plain.folder / "data/or[d]ers?.csv")
        (plain.folder / "shop=x").mkdir()
        pyarrow.parquet.write_table(table, plain.folder / "shop=x/orders.parquet")
        plain.change("data/o*.csv", "shop=x/orders.parquet")
        assert plain.ok("ingest", "orders", "--json").json()["files"][0]["repeats"] == 60


if __name__ == "__main__":
    main(globals())
