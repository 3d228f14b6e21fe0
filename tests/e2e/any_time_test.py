"""A time is a time in all of the years 1 to 9999: the same data, weeks or two thousand years away, before 1970 and across
it, give the same features, labels, predictions and backtests, to the last bit."""
import json
from datetime import datetime, timedelta, timezone

import serving
import shop
from shop import START, Shop, main

WEEK = timedelta(days=7)  # moved by whole weeks, Mondays stay Mondays
PROJECT = """\
project: shop
streams:
  orders:
    from: data/orders.csv
    time: placed
    id: order_id
    types: {shop: category, due: time}
    fields: {paid: placed + 90m}
    later: {kind: paid}
  returns: {from: data/returns.csv, time: returned, known: time + 20m, id: order_id}
features:
  amount:  amount
  hurry:   due - placed
  overdue: last(orders.due by shop over 9d) - time
  recent:  count(orders by shop over {1h, 1d})
  spent:   std(orders.amount by shop over 3d)
  slope:   trend(orders.amount by shop over 3d)
  middle:  quantile(0.7)(orders.amount by shop over 2d)
  kind:    top(orders.kind by shop over 2d)
  kinds:   distinct(orders.kind by shop over 5d)
  gap:     since(orders by shop)
  least:   min(orders.amount by shop over 5h)
  before:  sum(orders.amount by shop over 1d ago 7h)
  days:    sum(orders.amount by shop over 2d aligned day)
  weeks:   mean(orders.amount by shop over 1w aligned week)
  hours:   count(orders by shop over 6h every 2h)
  anew:    count(orders by shop over 9d since returns)
  weekday: weekday(due)
  hour:    hour(due)
models:
  returned:
    moment:   on orders
    label:    any(returns by id over next 3d)
    cost:     {false_alarm: 1, miss: 4}
    params:   {rounds: 20, num_leaves: 7}
  busy:
    moment:   every 6h for shop of orders over 7d
    label:    count(orders by shop over next 1d aligned day)
    params:   {rounds: 10, num_leaves: 7}
"""
MODELS = ("returned", "busy")
TIMES = {"across 1970": datetime(1969, 12, 8, tzinfo=timezone.utc),
         "before": datetime(1601, 1, 1, tzinfo=timezone.utc), "the first": datetime(1, 1, 8, tzinfo=timezone.utc)}
LAST = datetime(9999, 10, 4, tzinfo=timezone.utc)


def text_of(when):
    return when.isoformat().replace("+00:00", "Z")


class World:
    """The shop's orders and returns, moved to another time; each order has a kind, known later, and mostly a due time."""

    def __init__(self, begin, count):
        self.shift = (begin - START) // WEEK * WEEK
        orders, returns = shop.generate(count)
        draw = shop.random.Random(shop.SEED + 7)
        self.orders = [self.row(line, "placed", number) for number, line in enumerate(orders[1:])]
        self.returns = [self.row(line, "returned", number) for number, line in enumerate(returns[1:])]
        for row in self.orders:
            due = row["placed"] + timedelta(seconds=draw.randrange(-6 * 86400, 3 * 86400), microseconds=draw.randrange(3))
            row.update(due=due if draw.random() < 0.8 else None, kind=draw.choice("xyz"))

    def row(self, line, time, number):
        name, when, where, amount = line.split(",")
        when = datetime.fromisoformat(when.replace("Z", "+00:00")) + self.shift + timedelta(microseconds=number % 5 - 2)
        return {"order_id": name, time: when, "shop": where, "amount": float(amount)}

    def sent(self, row):
        return {name: text_of(value) if isinstance(value, datetime) else value for name, value in row.items()
                if value is not None}

    def write(self, project, until=None):
        for name, rows, time in (("orders", self.orders, "placed"), ("returns", self.returns, "returned")):
            kept = [self.sent(row) for row in rows if until is None or row[time] < until]
            columns = list(rows[0])
            lines = [",".join(str(row.get(column, "")) for column in columns) for row in kept]
            (project.folder / f"data/{name}.csv").write_text("\n".join([",".join(columns), *lines]) + "\n")


def built(begin, count=900):
    """What `features build` gives for each moment, but for its time."""
    world = World(begin, count)
    with Shop(PROJECT, 1) as project:
        world.write(project)
        project.ok("ingest")
        lines = []
        for model in MODELS:
            project.ok("features", "build", "--model", model, "--output", str(project.folder / "built.csv"))
            rows = (project.folder / "built.csv").read_text().splitlines()
            lines += [row.split(",", 2)[2] for row in rows]
            assert "agree in every bit" in project.ok("features", "verify", "--model", model).out
        return lines


def test_features_and_labels():
    expected = built(START)
    assert len(expected) > 1200, len(expected)
    for name, begin in TIMES.items():
        got = built(begin)
        assert got == expected, (name, [pair for pair in zip(expected, got) if pair[0] != pair[1]][:2])
    got = built(LAST)  # of which no label has matured
    assert [row.rsplit(",", 1)[0] for row in got] == [row.rsplit(",", 1)[0] for row in expected]
    assert all(row.endswith((",", ",label")) for row in got)


def served(begin, count=900, from_row=600, to_row=760):
    """What a server answers whose clock goes through the world, killed and started again on the way."""
    world = World(begin, count)
    first = world.orders[from_row]["placed"] - timedelta(seconds=30)
    sent = [(row["placed"], "orders", row) for row in world.orders[from_row:to_row]]
    sent += [(row["returned"], "returns", row) for row in world.returns if first <= row["returned"] < sent[-1][0]]
    answers = []
    with Shop(PROJECT, 1) as project:
        world.write(project, first)
        project.ok("ingest")
        versions = [project.ok("train", model, "--json").json() for model in MODELS]
        clock = ("--listen", "127.0.0.1:0", "--clock", text_of(first))
        process, port = serving.start(str(project.folder), *clock)
        for number, (when, stream, row) in enumerate(sorted(sent, key=lambda one: one[0])):
            if number == 90:
                serving.kill(process)
                process, port = serving.start(str(project.folder), *clock)
            assert serving.call(port, "POST", "/v1/clock", {"now": text_of(when)})[0] == 200
            body = world.sent(row)
            if stream == "orders":
                kind = body.pop("kind")
                status, said = serving.call(port, "POST", "/v1/models/returned/predict", {"event": body, "explain": True})
                assert status == 200, said
                answers.append((said["prediction"], json.dumps(said["why"], sort_keys=True), said["id"]))
                body["kind"] = kind
            if stream == "returns" or number % 4 == 0:
                assert serving.call(port, "POST", f"/v1/events/{stream}", body)[0] == 200
        serving.stop(process)
        for _, _, name in answers[::20]:
            assert project.ok("predictions", "replay", name, "--json").json()["differences"] == 0
        shift = world.shift // timedelta(microseconds=1)
        made = project.ok("sql", f"SELECT model, epoch_us(t) - ({shift}) AS t, prediction FROM predictions ORDER BY ALL", "--json")
        for model in MODELS:
            assert "agree in every bit" in project.ok("features", "verify", "--model", model).out
    return [answer[:2] for answer in answers], made.json(), [version["metrics"] for version in versions]


def test_a_server():
    expected = served(START)
    assert len(expected[0]) > 150 and {one["model"] for one in expected[1]} == set(MODELS)
    for name in ("across 1970", "the first"):
        assert served(TIMES[name]) == expected, name


def backtested(begin):
    world = World(begin, 1500)
    with Shop(PROJECT, 1) as project:
        world.write(project)
        project.ok("ingest")
        days = [text_of(begin + timedelta(days=day))[:10] for day in (20, 28)]
        told = project.ok("backtest", "returned", "--from", days[0], "--to", days[1], "--policy", "never,gated", "--json").json()
    for policy in told["policies"]:
        del policy["by_month"]  # which other days make
        for day in policy["by_day"]:
            day["day"] = str(datetime.fromisoformat(day["day"]).replace(tzinfo=timezone.utc) - world.shift)
    return {**told, "from": "", "to": "", "first_version": ""}


def test_a_backtest():
    expected = backtested(START)
    assert expected["policies"][0]["labelled"] > 300 and len(expected["policies"][0]["by_day"]) == 9, expected
    assert backtested(TIMES["across 1970"]) == expected


if __name__ == "__main__":
    main(globals())
