"""A version is watched by the program that it was trained with, whatever the project file says today.

After three hundred predictions and their returns the file gets another feature under an old name and
another label: what `monitor` says of quality and drift stays to the bit. The keeper trains by the new
file: where only features differ the gate compares the two versions moment by moment, where the label
differs it refuses, and says why.
"""
from datetime import timedelta

from keeper_test import champion, retrainings, wait_for
from monitor_test import BEGIN, DAYS, ORDERS, RETRAIN, monitor, predict_orders, return_some, serving
from shop import PROJECT, Shop, main

LATER = BEGIN + timedelta(days=DAYS + 4)


def features_of(shop, version):
    return shop.ok("models", "show", "returned", version, "--json").json()["features"]


def test_quality_and_drift_are_those_of_the_version():
    with Shop(PROJECT) as shop:
        shop.ok("ingest")
        shop.ok("train")
        with serving(shop, BEGIN) as server:
            labels = return_some(server, predict_orders(server))
            server.go_to(LATER)
        before = monitor(shop)
        assert before["quality"]["outcomes"] == ORDERS and before["quality"]["positives"] == sum(labels)
        shop.change("  amount:  amount\n", "  amount:  amount * 7 + 3\n")
        shop.change("label:    any(returns by id over next 3d)",
                    "label:    any(returns by id over next 3d) and amount > 60")
        shop.change("    segments: [shop]\n", "")
        shop.change("miss: 4", "miss: 40")
        assert monitor(shop) == before, "an edit of the file does not change what was"

        version = shop.ok("train", "--json").json()["version"]
        shop.ok("models", "promote", "returned", version)
        after = monitor(shop)
        assert after["champion"] == version and after["predictions"]["other_program"] == ORDERS, after
        assert after["quality"]["outcomes"] == 0 and after["segments"] == [], after["quality"]
        shop.ok("models", "rollback", "returned")
        assert monitor(shop)["quality"] == before["quality"], "and back again"


def test_a_model_that_the_server_does_not_know_is_not_served():
    """It came into the file after the server had read that, or has left it."""
    with Shop(PROJECT) as shop:
        shop.ok("ingest")
        shop.ok("train", "returned")
        with serving(shop, BEGIN):
            shop.change("models:\n  returned:", "models:\n  again:")
            shop.ok("train", "again")
            models = shop.ok("status", "--json").json()["models"]
            assert [model["model"] for model in models] == ["again", "returned"], models
            assert shop.ok("monitor", "--json").json()["models"][0]["model"] == "again"


def keep_after(*changes):
    """The runs that the keeper made, of a file that was changed after the first training."""
    with Shop(PROJECT + RETRAIN) as shop:
        shop.ok("ingest")
        first = shop.ok("train", "--json").json()["version"]
        for old, new in changes:
            shop.change(old, new)
        with serving(shop, BEGIN) as server:
            return_some(server, predict_orders(server))
            server.go_to(LATER)
            runs = wait_for(lambda: len(retrainings(shop)) == 2 and retrainings(shop))
            yield shop, server, first, runs


def test_the_keeper_compares_another_feature_by_example():
    added = ("  amount:  amount\n", "  amount:  amount\n  dear:    amount > 60\n")
    for shop, server, first, runs in keep_after(added):
        assert features_of(shop, first)[:2] == ["amount", "shop"]
        version = runs[0]["version"]
        assert features_of(shop, version)[:2] == ["amount", "dear"], "trained by the file of today"
        wait_for(lambda: champion(shop) == version)
        asked = "SELECT who, why FROM promotions WHERE to_stage = 'champion' AND version = "
        promoted = shop.ok("sql", f"{asked}'{version}'", "--json").json()
        assert promoted[0]["who"] == "keeper" and "passed on 300 examples" in promoted[0]["why"], promoted

        def answers():
            return server.get("/v1/models/returned")["version"] == version
        wait_for(answers)


def test_the_keeper_leaves_another_label_to_people():
    changed = ("any(returns by id over next 3d)", "any(returns by id over next 2d)")
    for shop, server, first, runs in keep_after(changed):
        assert {run["version"] for run in runs} != {first}
        assert champion(shop) == first, "what cannot be compared is not promoted"


if __name__ == "__main__":
    main(globals())
