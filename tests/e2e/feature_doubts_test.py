"""`features why` names the events behind a value, and those left out with the reason; `features leaks` says what
seeing more would have gained."""
import csv
import io

import shop
from shop import Shop

PROJECT = """\
project: why
streams:
  orders:  {from: data/asked.csv, time: placed, id: order_id}
  steps:   {from: data/steps.csv, time: at, known: seen, id: order_id}
features:
  pays:  sum(steps.amount where kind = 'pay' by user over 2d)
  doubt: pays * 2
  who:   user
models:
  pay:
    moment: on orders
    label:  any(steps where kind = 'pay' by user over next 1d)
"""
ASKED = "order_id,placed,user\no1,2024-01-10T00:00:00Z,ann\n"
STEPS = """\
order_id,at,seen,user,kind,amount
o0,2024-01-09T00:00:00Z,2024-01-09T00:00:00Z,ann,pay,2.5
o2,2024-01-09T05:00:00Z,2024-01-09T05:00:00Z,ann,view,7
o3,2024-01-09T09:00:00Z,2024-01-11T00:00:00Z,ann,pay,30
o1,2024-01-09T12:00:00Z,2024-01-09T12:00:00Z,ann,pay,500
o4,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z,ann,pay,4000
o5,2024-01-09T00:00:00Z,2024-01-09T00:00:00Z,bob,pay,60000
o6,2024-01-10T03:00:00Z,2024-01-10T03:00:00Z,ann,pay,7
"""


def test_each_event_has_its_reason():
    with Shop(PROJECT, count=1) as project:
        (project.folder / "data/asked.csv").write_text(ASKED)
        (project.folder / "data/steps.csv").write_text(STEPS)
        project.ok("ingest")
        why = project.ok("features", "why", "o1", "doubt", "--json").json()
        assert why["value"] == 5 and why["time"] == "2024-01-10T00:00:00Z"
        window, = why["windows"]
        assert [(e["id"], e["value"], e["verdict"]) for e in window["events"]] == [
            ("o0", 2.5, "in"), ("o2", 7, "condition"), ("o3", 30, "not_yet_known"), ("o1", 500, "own")]
        text = project.ok("features", "why", "o1", "pays", "--events", "3").out
        assert "pays of o1 is 2.5" in text and "1 in, 3 left out" in text and "  1 earlier, then" in text
        label = project.ok("features", "why", "o1", "label", "--json").json()
        assert label["value"] is True
        assert [(e["id"], e["verdict"]) for e in label["windows"][0]["events"]] == [("o6", "in")]
        assert project.ok("features", "why", "o1", "who", "--json").json()["windows"] == []
        project.fails(3, "has no moment of o9", "features", "why", "o9", "pays")
        project.fails(3, "Did you mean pays?", "features", "why", "o1", "pay")


def test_windows_that_a_window_waits_for_are_told():
    """Its key is what another one found; and each feature reads the two before it, so 2^31 ways lead there."""
    chain = "".join(f"  f{i}: f{i - 1} + f{i - 2}\n" for i in range(2, 46))
    with Shop(PROJECT.replace("features:\n", "features:\n  f0: count(steps by kind = last(steps.kind by user over 2d) "
                              "over 2d)\n  f1: f0\n" + chain), count=1) as project:
        (project.folder / "data/asked.csv").write_text(ASKED)
        (project.folder / "data/steps.csv").write_text(STEPS)
        project.ok("ingest")
        why = project.ok("features", "why", "o1", "f45", "--json").json()
        assert [window["window"].split("(")[0] for window in why["windows"]] == ["last", "count"], why


def test_the_events_add_up_to_the_value():
    with Shop() as project:
        project.ok("ingest")
        rows = list(csv.DictReader(io.StringIO(project.ok("features", "build").out)))
        for row in rows[shop.SEED % 7::701]:
            for feature in ("recent_1h", "recent_1d", "lately"):
                window, = project.ok("features", "why", row["id"], feature, "--json").json()["windows"]
                held = [event for event in window["events"] if event["verdict"] == "in"]
                assert len(held) == float(row[feature]), (row["id"], feature)


LEAKY = """\
project: leaky
streams:
  orders: {from: data/asked.csv, time: placed, id: order_id}
  hints:  {from: data/hints.csv, time: at, known: seen, id: order_id}
  ends:   {from: data/ends.csv, time: at, id: order_id}
features:
  amount: amount
  pair:   pair
  told:   last(hints.back by order_id over 2d)
  spoken: last(hints.back by pair over 2d)
models:
  back: {moment: on orders, label: last(ends.back by id over next 2d) > 0}
"""


def write_leaks(project):
    """What will come of an order is said an hour before: of itself, and of its pair, but that is known a day later."""
    draw, orders, hints, ends = shop.random.Random(shop.SEED), [], [], []
    for number in range(400):
        before, now, after, late = (shop.stamp(shop.START + shop.timedelta(hours=number + more))
                                    for more in (-1, 0, 2, 23))
        back = draw.randrange(2)
        orders.append(f"o{number},{now},p{number},{draw.randrange(100)}")
        hints += [f"o{number},{before},{before},,{back}", f"x{number},{before},{late},p{number},{back}"]
        ends.append(f"o{number},{after},{back}")
    for name, heading, rows in (("asked", "order_id,placed,pair,amount", orders),
                                ("hints", "order_id,at,seen,pair,back", hints), ("ends", "order_id,at,back", ends)):
        (project.folder / f"data/{name}.csv").write_text("\n".join([heading] + rows) + "\n")


def test_a_planted_leak_stands_out_by_name():
    with Shop(LEAKY, count=1) as project:
        write_leaks(project)
        project.ok("ingest")
        leaks = project.ok("features", "leaks", "--json").json()
        assert leaks["examples"] == 400 and [leak["gain"] for leak in leaks["features"]] == [0.5, 0.5, 0, 0], leaks
        by_name = {leak["name"]: leak for leak in leaks["features"]}
        assert list(by_name) == ["spoken", "told", "amount", "pair"], leaks
        assert abs(by_name["amount"]["roc_auc"] - 0.5) < 0.1 and by_name["pair"]["roc_auc"] == 0.5, leaks
        assert by_name["told"]["roc_auc_with_own_events"] == by_name["spoken"]["roc_auc_by_event_time"] == 1, leaks
        assert by_name["told"]["changed_by_event_time"] == by_name["spoken"]["changed_with_own_events"] == 0, leaks
        text = project.ok("features", "leaks").out
        assert "2 would have gained more than 0.01" in text and "too good" not in text, text


def test_a_feature_that_says_all_is_too_good():
    with Shop(LEAKY.replace(", known: seen", ""), count=1) as project:  # as if it had been known at once
        write_leaks(project)
        project.ok("ingest")
        text = project.ok("features", "leaks").out
        assert "spoken is too good to be true alone (1.0000): is it known when the project says?" in text, text


if __name__ == "__main__":
    shop.main(globals())
