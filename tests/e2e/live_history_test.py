"""What was posted live is history too: for training, features, backtests and predictions, as it is for `sql`.

Three hundred orders are predicted by a server under a virtual clock, and some come back. Every command
that learns from history must see them, with the very features that were served, and its data version must
say which events it saw.
"""
import csv
import json
from datetime import timedelta

from monitor_test import BEGIN, DAYS, ORDERS, predict_orders, return_some, serving
from shop import PROJECT, Shop, main

LATER = BEGIN + timedelta(days=DAYS + 4)
FEATURES = ("amount", "recent_1h", "recent_1d", "spent", "lately")


def built(shop):
    path = shop.folder / "built.csv"
    shop.ok("features", "build", "--output", str(path))
    with open(path, newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def check_features(shop, served):
    """As they were served, number by number."""
    rows = built(shop)
    assert len(rows) == 3000 + ORDERS
    for recorded in served:
        row = rows[recorded["event"]]
        for name in FEATURES:
            was = recorded["features"][name]
            assert (row[name] == "") if was is None else (float(row[name]) == was), (name, recorded, row)
    shop.ok("features", "verify", "--sample", "50")
    why = shop.ok("features", "why", served[-1]["event"], "recent_1d", "--json").json()
    assert why["value"] == served[-1]["features"]["recent_1d"] > 1, why
    shop.fails(3, "has no moment of x1", "features", "why", "x1", "recent_1d")


def check_training(shop, before):
    report = shop.ok("train", "--json").json()
    assert sum(report["examples"].values()) == sum(before["examples"].values()) + ORDERS, report
    assert report["data_version"] != before["data_version"]
    assert shop.ok("status", "--json").json()["data_version"] == report["data_version"]
    again = shop.ok("train", "--json").json()
    assert (again["version"], again["data_version"]) == (report["version"], report["data_version"])
    shown = shop.ok("models", "show", "returned", report["version"], "--json").json()
    assert report["data_version"] in json.dumps(shown), shown


def check_backtest(shop):
    """The last days were lived through live only."""
    days = ["--from", BEGIN.strftime("%Y-%m-%d"), "--to", (BEGIN + timedelta(days=DAYS)).strftime("%Y-%m-%d")]
    report = shop.ok("backtest", "returned", *days, "--policy", "never", "--json").json()
    assert report["policies"][0]["predictions"] == ORDERS, report


def check_prediction(shop):
    """An order in the hour after the last ones sees them."""
    placed = (BEGIN + timedelta(days=DAYS) - timedelta(minutes=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (shop.folder / "ask.csv").write_text(f"order_id,placed,shop,amount\nx1,{placed},a,5\n")
    shop.ok("predict", "returned", "--input", str(shop.folder / "ask.csv"), "--explain", "--output",
            str(shop.folder / "told.csv"))
    with open(shop.folder / "told.csv", newline="") as file:
        why = json.loads(next(csv.DictReader(file))["why"])
    seen = {one["feature"]: one["value"] for one in why["reasons"]}
    assert seen["recent_1d"] > 0, seen


def test_history_holds_what_was_served():
    with Shop(PROJECT) as shop:
        shop.ok("ingest")
        before = shop.ok("train", "--json").json()
        with serving(shop, BEGIN) as server:
            made = predict_orders(server)
            return_some(server, made)
            server.go_to(LATER)
            ids = [row["id"] for row in shop.ok("sql", "SELECT id FROM predictions ORDER BY id", "--json").json()]
            served = [server.get(f"/v1/predictions/{one}") for one in ids]
            assert len(served) == ORDERS
            check_features(shop, served)
            check_training(shop, before)
        check_features(shop, served)
        check_training(shop, before)
        check_backtest(shop)
        check_prediction(shop)


if __name__ == "__main__":
    main(globals())
