"""Why a prediction is what it is: the reasons of predict, explain and the server are LightGBM's own contributions; those of
linear leaves, which LightGBM does not explain, are Shapley's values, worked out with LightGBM's predictions."""
import csv
import io
import itertools
import json
import math
from datetime import datetime, timezone

import lightgbm
import numpy
import pandas
from serving import call, start, stop
from shop import Shop, main

FEATURES = ["amount", "shop", "recent_1h", "recent_1d", "spent", "lately"]


def examples(shop):
    file = shop.folder / "examples.csv"
    shop.ok("features", "build", "--output", str(file))
    frame = pandas.read_csv(file, dtype={"shop": pandas.CategoricalDtype(list("abcde"))})
    frame = frame[frame["label"].notna()]
    return frame["id"], frame[FEATURES], frame["label"].astype(str).str.lower().eq("true").astype(int)


def train(frame, labels, **more):
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_per_group": 1, "cat_smooth": 1, **more}
    return lightgbm.train(settings, lightgbm.Dataset(frame, labels), 30)


def import_booster(shop):
    """A champion that LightGBM knows too, and what it says of each order: contributions, then the expected sum."""
    ids, frame, labels = examples(shop)
    booster = train(frame, labels)
    booster.save_model(shop.folder / "booster.txt")
    shop.ok("models", "import", str(shop.folder / "booster.txt"))
    return dict(zip(ids, booster.predict(frame, pred_contrib=True)))


def check(why, known):
    added = {reason["feature"]: reason["adds"] for reason in why["reasons"]}
    assert abs(why["expected"] - known[-1]) < 1e-9 and why["others"] == 0, why
    for feature, value in zip(FEATURES, known):
        assert abs(added.get(feature, 0) - value) < 1e-9, (why, known)
    strength = [abs(reason["adds"]) for reason in why["reasons"]]
    assert strength == sorted(strength, reverse=True), why


def test_reasons_are_lightgbms_contributions():
    with Shop() as shop:
        shop.ok("ingest")
        known = import_booster(shop)
        orders = str(shop.folder / "data/orders.csv")
        told = 0
        answers = shop.ok("explain", "returned", "--input", orders, "--json").json()
        for row in answers:
            if row["id"] in known:
                check(row["why"], known[row["id"]])
                told += 1
        assert told > 2000, told
        shown = next(row for row in answers if row["why"]["reasons"][0]["feature"] == "shop")
        assert shown["why"]["reasons"][0]["value"] in list("abcde")
        table = list(csv.DictReader(io.StringIO(shop.ok("predict", "returned", "--input", orders, "--explain").out)))
        assert [json.loads(row["why"]) for row in table] == [row["why"] for row in answers]
        assert "why" not in shop.ok("predict", "returned", "--input", orders).out.splitlines()[0]


def shapley(booster, row, background):
    """By the formula as it stands: what is not known of the row is that of the background rows, averaged."""
    def worth(known):
        mixed = background.copy()
        for name in known:
            mixed[name] = row[name].iloc[0] if name != "shop" else pandas.Categorical(
                [row[name].iloc[0]] * len(mixed), dtype=background[name].dtype)
        return booster.predict(mixed, raw_score=True).mean()

    sets = [set for size in range(len(FEATURES) + 1) for set in itertools.combinations(FEATURES, size)]
    worths = {frozenset(known): worth(known) for known in sets}
    weight = [math.factorial(size) * math.factorial(len(FEATURES) - size - 1) / math.factorial(len(FEATURES))
              for size in range(len(FEATURES))]
    values = [sum(weight[len(known)] * (worths[known | {name}] - worths[known]) for known in worths if name not in known)
              for name in FEATURES]
    return values + [worths[frozenset()]]


def test_linear_leaves_are_explained_against_100_rows_of_training():
    with Shop() as shop:
        shop.ok("ingest")
        ids, frame, labels = examples(shop)
        booster = train(frame, labels, linear_tree=True)
        try:
            booster.predict(frame, pred_contrib=True)
            raise AssertionError("LightGBM explains linear trees by now: compare with that")
        except lightgbm.basic.LightGBMError as refusal:
            assert "linear trees" in str(refusal), refusal
        booster.save_model(shop.folder / "booster.txt")
        shop.ok("models", "import", str(shop.folder / "booster.txt"))
        shown = shop.ok("models", "show", "returned", "--json").json()
        learned_from = shown["examples"]
        background = frame.iloc[[i * learned_from // 100 for i in range(100)]]
        orders = str(shop.folder / "data/orders.csv")
        answers = {row["id"]: row["why"] for row in shop.ok("explain", "returned", "--input", orders, "--json").json()}
        sums = booster.predict(frame, raw_score=True)
        for id, total in zip(ids, sums):
            why = answers[id]
            added = sum(reason["adds"] for reason in why["reasons"])
            assert abs(why["expected"] + added + why["others"] - total) < 1e-9, (id, why, total)
        for i in numpy.linspace(0, len(frame) - 1, 3, dtype=int):
            check(answers[ids.iloc[i]], shapley(booster, frame.iloc[[i]], background))


DESCRIBED = {"shop": "where it was ordered", "recent_1h": "how busy the shop was", "recent_1d": "how busy the shop was"}


def describe(shop):
    shop.change("shop:    shop\n", "shop: {is: shop, description: where it was ordered}\n")
    shop.change("recent:  count(orders by shop over {1h, 1d})\n",
                "recent: {is: 'count(orders by shop over {1h, 1d})', description: how busy the shop was}\n")


def check_described(why):
    for reason in why["reasons"]:
        assert reason.get("description") == DESCRIBED.get(reason["feature"]), reason
    assert {reason["feature"] for reason in why["reasons"]} & set(DESCRIBED), why


def test_the_server_says_why():
    with Shop() as shop:
        describe(shop)
        shop.ok("ingest")
        known = import_booster(shop)
        row = dict(zip(shop.orders[0].split(","), shop.orders[2000].split(",")))
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {**row, "amount": float(row["amount"]), "placed": now}
        process, port = start(shop.folder, "--listen", "127.0.0.1:0")
        try:
            asked = {"event": event, "record": False, "explain": True}
            status, answer = call(port, "POST", "/v1/models/returned/predict", asked)
            assert status == 200, answer
            alone = next(row for row in shop.ok("explain", "returned", "--input", str(shop.folder / "data/orders.csv"),
                                                "--json").json() if row["id"] == event["order_id"])
            assert set(alone["why"]) == set(answer["why"]) == {"expected", "reasons", "others"}
            assert abs(answer["why"]["expected"] - known[event["order_id"]][-1]) < 1e-9
            asked = {"event": {**event, "order_id": "new"}, "explain": True}
            status, live = call(port, "POST", "/v1/models/returned/predict", asked)
            assert status == 200 and live["id"], live
            check_described(live["why"])
            shop.change("where it was ordered", "the words of a later version")
            shop.ok("train")
            shop.ok("models", "promote", "returned", shop.ok("models", "list", "--json").json()[0]["version"])
            told = shop.ok("explain", "returned", "--id", live["id"], "--json").json()
            assert (told["why"], told["prediction"]) == (live["why"], live["prediction"]), (told, live)
            shown = shop.ok("explain", "returned", "--id", live["id"]).out
            assert "expected" in shown and live["why"]["reasons"][0]["feature"] in shown, shown
            assert " ".join(shown.split()).count(f"shop {event['shop']} {DESCRIBED['shop']}") == 1, shown
            replayed = shop.ok("predictions", "replay", live["id"], "--json").json()
            assert replayed["why"] == live["why"], replayed["why"]
            status, later = call(port, "POST", "/v1/models/returned/predict", {"event": event, "record": False, "explain": True})
            told = {reason["feature"]: reason.get("description") for reason in later["why"]["reasons"]}
            assert told["shop"] == "the words of a later version", told
            shop.fails(3, "is no id of a prediction", "explain", "returned", "--id", "nothing")
            shop.fails(3, "is recorded", "explain", "returned", "--id", live["id"][:-1] + ("0" if live["id"][-1] != "0" else "1"))
            shop.fails(2, "exclude each other", "explain", "returned", "--id", "p0", "--input", "x.csv")
            status, answer = call(port, "POST", "/v1/models/returned/predict", {"event": event, "explain": "yes"})
            assert status == 422 and "explain: must be true or false" in answer["detail"], answer
        finally:
            stop(process)


main(globals())
