"""A folder or a file whose name looks like a pattern is itself alone: what the pattern would match beside it is read
by nobody."""
import tempfile
from pathlib import Path

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


if __name__ == "__main__":
    main(globals())
