"""`features suggest` finds the window that the labels were made from, and proposes nothing where there is nothing: of a yes
or no, of a number, of a class."""
import random
import re
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
    label:  LABEL
    params: {rounds: 20, num_leaves: 7}
"""
LABELS = {"yes": "any(gifts by id over next 1h)", "number": "coalesce(sum(gifts.size by id over next 1h), 0)",
          "class": 'coalesce(last(gifts.kind by id over next 1h), "none")'}
SMALL = {"small": f"1e-6 * {LABELS['number']}"}
LOSS = {"yes": "log_loss", "number": "squared_error", "class": "log_loss"}
# What the proof tells, and whether more of it is better.
TOLD = {"yes": {"log_loss": False, "roc_auc": True}, "number": {"rmse": False, "mae": False},
        "class": {"log_loss": False, "accuracy": True}}


def write_world(folder, cause, drifts=False):
    """Orders of forty people, and their visits; with a cause, who came three times within a day gives presents. What
    drifts is how often there are presents at all."""
    draw, now, seen = random.Random(shop.SEED), shop.START, {}
    paths = [folder / "data" / f"{name}.csv" for name in ("orders", "visits", "gifts")]
    with open(paths[0], "w") as orders, open(paths[1], "w") as visits, open(paths[2], "w") as gifts:
        print("order_id,placed,who,amount", file=orders)
        print("order_id,at,size,kind", file=gifts)
        print("visit_id,at,who,pages", file=visits)
        for number in range(9000):
            now += timedelta(seconds=draw.randrange(60, 600))
            who = f"p{draw.randrange(40)}"
            if draw.random() < 0.5:
                print(f"v{number},{shop.stamp(now)},{who},{draw.randrange(1, 9)}", file=visits)
                seen.setdefault(who, []).append(now)
                continue
            today = sum(now - timedelta(days=1) <= at < now for at in seen.get(who, []))
            odds = (0.8 if today >= 3 else 0.2) if cause else 0.1 + number / 18000 if drifts else 0.4
            print(f"o{number},{shop.stamp(now)},{who},{draw.randrange(5, 90)}", file=orders)
            if draw.random() < odds:
                size = number * 7919 % 20 + 20  # no draw: the worlds of all labels are the same
                print(f"o{number},{shop.stamp(now + timedelta(minutes=5))},{size},{'abc'[number % 3]}", file=gifts)


def build(cause, kind, drifts=False):
    project = Shop(PROJECT.replace("LABEL", (LABELS | SMALL)[kind]), count=1)
    write_world(project.folder, cause, drifts)
    project.ok("ingest")
    return project


def check_found(kind):
    with build(True, kind) as project:
        found = project.ok("features", "suggest", "--most", "2", "--json").json()
        first = found["suggestions"][0]
        assert first["expression"] == "count(visits by who over 1d)", first
        assert first["alone"].keys() == {LOSS[kind], "standard_error"}, first
        assert first["alone"][LOSS[kind]] > 4 * first["alone"]["standard_error"]
        assert found["with"].keys() == found["without"].keys() == TOLD[kind].keys(), found
        for name, is_greater_better in TOLD[kind].items():
            less, more = ("without", "with") if is_greater_better else ("with", "without")
            assert found[less][name]["value"] < found[more][name]["value"], (name, found)
        text = project.ok("features", "suggest", "--most", "1").out
        assert f"  {first['name']}: count(visits by who over 1d)\n" in text
        assert f"By how much the {LOSS[kind].replace('_', ' ')} falls on later examples" in text, text
        assert all(f"  {name:<10} {found['without'][name]['value']:.4f} without" in text for name in TOLD[kind]), text
        file = project.folder / "millwright.yaml"
        file.write_text(file.read_text().replace("models:\n", f"  {first['name']}: {first['expression']}\nmodels:\n"))
        again = project.ok("features", "suggest", "--json").json()
        assert first["expression"] not in [it["expression"] for it in again["suggestions"]]
        return found


def test_the_cause_is_found_and_helps():
    found = check_found("yes")
    assert found["with"]["roc_auc"]["low"] > found["without"]["roc_auc"]["high"]


def test_the_cause_of_a_number_is_found():
    found = check_found("number")
    assert found["with"]["rmse"]["high"] < found["without"]["rmse"]["low"]


def test_the_cause_of_a_class_is_found():
    found = check_found("class")
    assert found["with"]["log_loss"]["high"] < found["without"]["log_loss"]["low"]


def test_the_proof_of_small_numbers_can_be_read():
    with build(True, "small") as project:
        found = project.ok("features", "suggest", "--json").json()
        text = project.ok("features", "suggest").out
        for name in TOLD["number"]:
            shown = re.search(rf"  {name} +(\S+) without, (\S+) with them \((\S+) to (\S+)\)", text).groups()
            more = found["with"][name]
            told = [found["without"][name]["value"], more["value"], more["low"], more["high"]]
            assert all(abs(float(a) - b) <= 0.006 * b < 1e-6 for a, b in zip(shown, told)), (shown, told)


def test_nothing_is_made_up():
    for kind in LABELS:
        with build(False, kind) as project:
            found = project.ok("features", "suggest", "--json").json()
            assert found["tried"] > 20 and found["suggestions"] == [], (kind, found)
            assert "None adds more than chance would." in project.ok("features", "suggest").out


def test_it_says_what_it_needs():
    with Shop(count=100) as project:
        project.ok("ingest")
        project.fails(3, "needs at least 750 examples", "features", "suggest")
        project.fails(2, '--most: must be a whole number from 1 to 100, got "0"', "features", "suggest", "--most", "0")


def test_what_was_tried_on_nothing_is_not_judged():
    """Each class is gone before the next one comes, or no label comes before the proof begins."""
    with build(True, "class") as project:
        file, config = project.folder / "data" / "gifts.csv", project.folder / "millwright.yaml"
        lines = file.read_text().splitlines()
        kinds = [line.rsplit(",", 1)[0] + f",{'ab'[i % 2]}{i // 100}" for i, line in enumerate(lines[1:])]
        file.write_text("\n".join(lines[:1] + kinds) + "\n")
        project.ok("ingest")
        config.write_text(config.read_text().replace(LABELS["class"], "last(gifts.kind by id over next 1h)"))
        project.fails(3, "needs at least 100 examples to try windows on, got ", "features", "suggest")
        config.write_text(config.read_text().replace("last(gifts.kind by id over next 1h)", "any(gifts by id over next 13d)"))
        project.fails(3, "needs at least 100 examples to try windows on, got ", "features", "suggest")


def test_what_drifts_is_no_windows_gain():
    """The version stands below what comes later, by some 10 % of the loss: any column at all could make up for that."""
    for kind in LABELS:
        with build(False, kind, drifts=True) as project:
            gains = re.findall(r"(\d+\.\d\d) %", project.ok("features", "suggest").out)
            assert all(float(gain) < 2 for gain in gains), (kind, gains)


def test_a_class_that_learning_had_not_seen_is_left_out():
    """It comes up in the part that windows are tried on."""
    with build(True, "class") as project:
        all_rows = project.ok("features", "suggest", "--json").json()["examples"]
        lines = (project.folder / "data" / "gifts.csv").read_text().splitlines()
        middle = len(lines) * 7 // 10
        lines[middle:middle + 30] = [line[:-1] + "z" for line in lines[middle:middle + 30]]
        (project.folder / "data" / "gifts.csv").write_text("\n".join(lines) + "\n")
        with Shop(PROJECT.replace("LABEL", LABELS["class"]), count=1) as other:
            for name in ("orders", "visits", "gifts"):
                (other.folder / "data" / f"{name}.csv").write_text((project.folder / "data" / f"{name}.csv").read_text())
            other.ok("ingest")
            found = other.ok("features", "suggest", "--json").json()
            assert found["examples"] == all_rows - 30, (found["examples"], all_rows)
            assert found["suggestions"][0]["expression"] == "count(visits by who over 1d)", found


if __name__ == "__main__":
    shop.main(globals())
