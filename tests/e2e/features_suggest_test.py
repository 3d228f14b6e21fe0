"""`features suggest` finds the window that the labels were made from, and proposes nothing where there is nothing."""
import random
from datetime import timedelta

import shop
from shop import Shop

PROJECT = """\
project: habits
streams:
  orders:  {from: data/orders.csv, time: placed, id: order_id}
  visits:  {from: data/visits.csv, time: at, id: visit_id}
  gifts:   {from: data/gifts.csv, time: at, id: order_id}
features:
  amount: amount
  who:    who
models:
  big:
    moment: on orders
    label:  any(gifts by id over next 1h)
    params: {rounds: 20, num_leaves: 7}
"""


def write_world(folder, cause):
    """Orders of forty people, and their visits; with a cause, who came three times within a day gives presents."""
    draw, now, seen = random.Random(shop.SEED), shop.START, {}
    paths = [folder / "data" / f"{name}.csv" for name in ("orders", "visits", "gifts")]
    with open(paths[0], "w") as orders, open(paths[1], "w") as visits, open(paths[2], "w") as gifts:
        print("order_id,placed,who,amount", file=orders)
        print("order_id,at", file=gifts)
        print("visit_id,at,who,pages", file=visits)
        for number in range(9000):
            now += timedelta(seconds=draw.randrange(60, 600))
            who = f"p{draw.randrange(40)}"
            if draw.random() < 0.5:
                print(f"v{number},{shop.stamp(now)},{who},{draw.randrange(1, 9)}", file=visits)
                seen.setdefault(who, []).append(now)
                continue
            today = sum(now - timedelta(days=1) <= at < now for at in seen.get(who, []))
            odds = (0.8 if today >= 3 else 0.2) if cause else 0.4
            print(f"o{number},{shop.stamp(now)},{who},{draw.randrange(5, 90)}", file=orders)
            if draw.random() < odds:
                print(f"o{number},{shop.stamp(now + timedelta(minutes=5))}", file=gifts)


def build(cause):
    project = Shop(PROJECT, count=1)
    write_world(project.folder, cause)
    project.ok("ingest")
    return project


def test_the_cause_is_found_and_helps():
    with build(cause=True) as project:
        found = project.ok("features", "suggest", "--most", "2", "--json").json()
        first = found["suggestions"][0]
        assert first["expression"] == "count(visits by who over 1d)", first
        assert first["alone"]["log_loss"] > 4 * first["alone"]["standard_error"]
        assert found["with"]["roc_auc"]["low"] > found["without"]["roc_auc"]["high"]
        assert found["with"]["log_loss"]["value"] < found["without"]["log_loss"]["value"]
        text = project.ok("features", "suggest", "--most", "1").out
        assert f"  {first['name']}: count(visits by who over 1d)\n" in text
        file = project.folder / "millwright.yaml"
        file.write_text(file.read_text().replace("models:\n", f"  {first['name']}: {first['expression']}\nmodels:\n"))
        again = project.ok("features", "suggest", "--json").json()
        assert first["expression"] not in [it["expression"] for it in again["suggestions"]]


def test_nothing_is_made_up():
    with build(cause=False) as project:
        found = project.ok("features", "suggest", "--json").json()
        assert found["tried"] > 20 and found["suggestions"] == [], found
        assert "None adds more than chance would." in project.ok("features", "suggest").out


def test_it_says_what_it_needs():
    with Shop(count=100) as project:
        project.ok("ingest")
        project.fails(3, "needs at least 750 examples", "features", "suggest")
        project.fails(2, '--most: must be a whole number from 1 to 100, got "0"', "features", "suggest", "--most", "0")
        project.change("label:    any(returns by id over next 3d)", "label:    count(returns by id over next 3d)")
        project.change("    cost:     {false_alarm: 1, miss: 4}\n", "")
        project.fails(3, "needs a label that is yes or no", "features", "suggest")


if __name__ == "__main__":
    shop.main(globals())
