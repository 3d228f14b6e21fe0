"""Fields with windows: worked out once as an event enters, to the same bits whether a file or a client brings it."""
import csv
import json
import subprocess
from collections import defaultdict

import serving
import shop
from shop import Shop

PROJECT = shop.PROJECT.replace("    id: order_id\n    checks", """\
    id: order_id
    fields:
      worth: amount * last(rates.rate by shop)
      sold:  sum(orders.worth by shop over 1d)
    checks""").replace("features:\n", """\
  rates: {from: data/rates.csv, time: day, known: time + 1h}
features:
  worth: worth
  share: worth / max(orders.worth by shop over 7d)
  past:  sold
  gone:  sum(returns.worth by shop over 7d)
""").replace("    time: returned\n", """\
    time: returned
    fields: {worth: last(orders.worth by order_id)}
""")
DAY = 86400


def rates():
    """Five shops change their rate on every third day; shop e has none."""
    lines = ["shop,rate,day"]
    for day in range(0, 60, 3):
        for number, name in enumerate("abcd"):
            lines.append(f"{name},{1 + (day + number) % 7},{shop.stamp(shop.START + shop.timedelta(days=day))}")
    return lines


def seconds(text):
    return (shop.datetime.fromisoformat(text.replace("Z", "+00:00")) - shop.START).total_seconds()


def expected(orders):
    """Of each order its worth and what its shop had sold for in a day, from the definition."""
    known = defaultdict(list)
    for line in rates()[1:]:
        name, rate, day = line.split(",")
        known[name].append((seconds(day), float(rate)))
    found, past = {}, defaultdict(list)
    rows = sorted((line.split(",") for line in orders), key=lambda row: row[1])
    for number, placed, name, amount in rows:
        t = seconds(placed)
        seen = [rate for day, rate in known[name] if day + 3600 < t]
        worth = float(amount) * seen[-1] if seen else None
        found[number] = worth, sum(w for at, w in past[name] if at >= t - DAY)
        if worth is not None:
            past[name].append((t, worth))
    return found


def build(project):
    output = project.folder / "built.csv"
    project.ok("features", "build", "--output", str(output))
    with open(output, newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def agrees(row, worth, spent):
    return (row["worth"] == "" if worth is None else float(row["worth"]) == worth) and \
        abs(float(row["past"]) - spent) <= 1e-9 * max(1, spent)


def new_project(count):
    project = Shop(PROJECT, count=count)
    (project.folder / "data/rates.csv").write_text("\n".join(rates()) + "\n")
    return project


def test_features_read_fields_with_windows():
    with new_project(1200) as project:
        project.ok("check")
        project.ok("ingest")
        found, built = expected(project.orders[1:]), build(project)
        assert len(built) == 1200
        assert all(agrees(built[number], *found[number]) for number in found)
        assert any(row["worth"] == "" for row in built.values())
        returned = {line.split(",")[0] for line in project.returns[1:]}
        total = json.loads(project.ok("sql", "SELECT count(worth) n FROM returns", "--json").out)
        assert total == [{"n": sum(found[number][0] is not None for number in returned)}], total


def test_history_in_pieces_is_history_at_once():
    with new_project(600) as whole, new_project(600) as pieces:
        whole.ok("ingest")
        half = len(pieces.orders) // 2
        cut = pieces.orders[half].split(",")[1]
        all_orders, all_returns = pieces.orders, pieces.returns
        pieces.orders = all_orders[:half]
        pieces.returns = [all_returns[0]] + [r for r in all_returns[1:] if r.split(",")[1] < cut]
        pieces.write_data()
        pieces.ok("ingest")
        pieces.orders, pieces.returns = all_orders, all_returns
        pieces.write_data()
        pieces.ok("ingest")
        assert build(whole) == build(pieces)


def test_what_comes_too_late_to_be_looked_up_is_refused():
    with new_project(300) as project:
        project.ok("ingest", "returns", "rates")
        project.fails(3, "would have changed their fields with windows", "ingest", "orders")


def test_served_is_replayed():
    with new_project(900) as project:
        later = [line.split(",") for line in project.orders[601:]]
        project.orders, project.returns = project.orders[:601], project.returns
        cut = project.orders[600].split(",")[1]
        project.returns = [project.returns[0]] + [r for r in project.returns[1:] if r.split(",")[1] <= cut]
        project.write_data()
        project.ok("ingest")
        project.ok("train", "returned")
        process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", cut)
        served, names = {}, "order_id placed shop amount".split()
        for number, row in enumerate(later[:120]):
            order = dict(zip(names, row), amount=float(row[3]))
            assert serving.call(port, "POST", "/v1/clock", {"now": order["placed"]})[0] == 200
            if number % 3 == 0:
                assert serving.call(port, "POST", "/v1/events/orders", order)[1]["accepted"] == 1
                continue
            status, answer = serving.call(port, "POST", "/v1/models/returned/predict", {"event": order})
            assert status == 200, answer
            served[order["order_id"]] = serving.call(port, "GET", f"/v1/predictions/{answer['id']}")[1]
            if number == 60:  # what was looked up before is known again after a crash
                process.kill()
                process.wait()
                process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", order["placed"])
        past, last = ({"event": dict(zip(names, row), amount=float(row[3]))} for row in (later[0], later[119]))
        for path, more in ("predict", {"record": False}), ("features", {}):
            status, answer = serving.call(port, "POST", f"/v1/models/returned/{path}", past | more)
            assert status == 422 and "windows" in answer["hint"], f"its windows have moved on: {answer}"
        status, answer = serving.call(port, "POST", "/v1/models/returned/features", last)
        assert status == 200 and answer["features"] == served[later[119][0]]["features"], answer
        serving.stop(process)
        found = expected(project.orders[1:] + [",".join(row) for row in later[:120]])
        for number, record in served.items():
            worth, spent = found[number]
            seen = record["features"]
            assert seen["worth"] == worth, (number, seen, worth)
            assert abs(seen["past"] - spent) <= 1e-9 * max(1, spent), (number, seen, spent)


def worth_of(port, order):
    status, answer = serving.call(port, "POST", "/v1/models/returned/predict", {"event": order})
    assert status == 200, answer
    return serving.call(port, "GET", f"/v1/predictions/{answer['id']}")[1]["features"]["worth"]


def test_a_field_is_worked_out_once():
    with new_project(600) as project:
        project.ok("ingest")
        project.ok("train", "returned")
        process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", "2024-02-20T12:00:00Z")
        order = {"order_id": "first", "placed": "2024-02-20T12:00:00Z", "shop": "a", "amount": 10}
        other = order | {"order_id": "other"}
        rate = {"shop": "a", "rate": 1000, "day": "2024-02-20T11:00:00Z"}
        assert serving.call(port, "POST", "/v1/events/orders", [order, other])[1]["accepted"] == 2
        assert serving.call(port, "POST", "/v1/clock", {"now": "2024-02-20T12:10:00Z"})[0] == 200
        assert serving.call(port, "POST", "/v1/events/rates", rate)[1]["accepted"] == 1
        assert serving.call(port, "POST", "/v1/clock", {"now": "2024-02-20T12:20:00Z"})[0] == 200
        process.kill()
        process.wait()
        process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", "2024-02-20T12:20:00Z")
        assert worth_of(port, order) not in (None, 10000)
        assert worth_of(port, order | {"order_id": "second", "placed": "2024-02-20T12:20:00Z"}) == 10000
        serving.stop(process)  # in peace: what it knows comes from a checkpoint now
        process, said = serving.begin(project.folder, "--listen", "127.0.0.1:0", "--clock", "2024-02-20T12:30:00Z")
        port = said["port"]
        assert said["replayed"] == 0 < said["recovered"], said
        assert worth_of(port, other) not in (None, 10000)
        assert worth_of(port, order | {"order_id": "third", "placed": "2024-02-20T12:30:00Z"}) == 10000
        serving.stop(process)


def test_predict_looks_up_too():
    with new_project(900) as project:
        later = project.orders[801:]
        project.orders = project.orders[:801]
        project.write_data()
        project.ok("ingest")
        project.ok("train", "returned")
        (project.folder / "new.csv").write_text("\n".join([project.orders[0], *later]) + "\n")
        rows = json.loads(project.ok("predict", "returned", "--input", str(project.folder / "new.csv"), "--json").out)
        assert len(rows) == len(later) and all(row["prediction"] is not None for row in rows)


if __name__ == "__main__":
    shop.main(globals())
