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


def test_the_events_add_up_to_the_value():
    with Shop() as project:
        project.ok("ingest")
        rows = list(csv.DictReader(io.StringIO(project.ok("features", "build").out)))
        for row in rows[shop.SEED % 7::701]:
            for feature in ("recent_1h", "recent_1d", "lately"):
                window, = project.ok("features", "why", row["id"], feature, "--json").json()["windows"]
                held = [event for event in window["events"] if event["verdict"] == "in"]
                assert len(held) == float(row[feature]), (row["id"], feature)


def test_a_planted_leak_stands_out_by_name():
    with Shop(shop.PROJECT.replace("    time: returned\n", "    time: placed\n    known: returned\n")) as project:
        stamps = {line.split(",")[0]: line.split(",")[1] for line in project.orders}
        project.returns = [line + "," + stamps[line.split(",")[0]] for line in project.returns]
        project.write_data()
        project.change("label:    any(returns by id over next 3d)", "label:    any(returns by id over next 5d)")
        project.ok("ingest")
        leaks = project.ok("features", "leaks", "--json").json()
        by_name = {feature["name"]: feature for feature in leaks["features"]}
        assert leaks["examples"] > 2000 and set(by_name) == {"amount", "shop", "recent_1h", "recent_1d", "spent", "lately"}
        assert by_name["shop"]["roc_auc"] is None and by_name["amount"]["changed_by_event_time"] == 0
        assert by_name["lately"]["changed_by_event_time"] > 0.5
        text = project.ok("features", "leaks").out
        assert "lately" in text and "too good" not in text
        project.change("label:    any(returns by id over next 5d)", "label:    count(returns by id over next 5d)")
        project.fails(3, "needs a label that is yes or no", "features", "leaks")


if __name__ == "__main__":
    shop.main(globals())
