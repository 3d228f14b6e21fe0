"""Moments of a schedule: each Monday at 06:00 in Berlin for each active subscriber; built, trained, served, replayed."""
import csv
import json
import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import serving
import shop
from shop import START, Shop, stamp

BERLIN = ZoneInfo("Europe/Berlin")
WEEKS, CUSTOMERS = 26, 60
PROJECT = """\
project: churn
zone: Europe/Berlin
streams:
  logins: {from: data/logins.csv, time: at, id: login_id}
  subs:   {from: data/subs.csv, time: changed_at, id: change_id}
features:
  plan:   plan
  fee:    last(subs.fee by customer)
  tenure: time - first(subs.time where status = "active" by customer)
  fade:   count(logins by customer over 7d) / count(logins by customer over 28d)
  quiet:  since(logins by customer)
  alike:  count(subs by plan = last(subs.plan by customer) over 365d)
models:
  churn:
    question: Will this subscriber stay away for the next 30 days?
    moment:   every 7d at "mon 06:00" for customer of subs where last(subs.status by customer) = "active"
    label:    not any(logins by customer over next 30d) unless any(subs where status = "closed" by customer over next 30d)
    cost:     {false_alarm: 1, miss: 5}
    params:   {rounds: 20, num_leaves: 7}
"""


class World:
    """Subscribers who log in about daily until they lose interest; some of them tell us."""

    def __init__(self):
        draw = random.Random(shop.SEED)
        self.subs, self.logins = [], []
        end = START + timedelta(days=7 * WEEKS)
        for number in range(CUSTOMERS):
            name, plan = f"c{number}", draw.choice(["basic", "gold"])
            begin = START + timedelta(seconds=draw.randrange(0, 60 * 86400))
            bored = begin + timedelta(days=draw.randrange(20, 300))
            self.subs.append((begin, name, plan, "active", draw.choice([5, 9])))
            if draw.random() < 0.3:
                self.subs.append((begin + timedelta(days=draw.randrange(10, 100)), name, "gold", "active", 12))
            if draw.random() < 0.3:
                self.subs.append((bored + timedelta(days=5), name, "", "closed", ""))
            at = begin
            while at < end:
                at += timedelta(seconds=draw.randrange(3600, 2 * 86400 if at < bored else 90 * 86400))
                self.logins.append((at, name))
        self.subs = sorted(row for row in self.subs if row[0] < end)
        self.logins = sorted(row for row in self.logins if row[0] < end)
        self.end = max(self.subs[-1][0], self.logins[-1][0])

    def write(self, project, until=None):
        def known(rows):
            return [(number, row) for number, row in enumerate(rows) if until is None or row[0] < until]
        (project.folder / "data/logins.csv").write_text("login_id,at,customer\n" + "".join(
            f"l{number},{stamp(row[0])},{row[1]}\n" for number, row in known(self.logins)))
        (project.folder / "data/subs.csv").write_text("change_id,changed_at,customer,plan,status,fee\n" + "".join(
            f"s{number},{stamp(row[0])},{row[1]},{row[2]},{row[3]},{row[4]}\n" for number, row in known(self.subs)))

    def mondays(self):
        local = START.astimezone(BERLIN).replace(hour=6, minute=0, second=0, microsecond=0)
        while local.weekday() != 0:
            local += timedelta(days=1)
        while (t := local.astimezone(START.tzinfo)) <= self.end:
            yield t
            local += timedelta(days=7)  # wall time: it follows the clocks

    def expected(self, t, name):
        """What the definition says of a subscriber; None: no moment."""
        mine = [row for row in self.subs if row[1] == name and row[0] < t]
        if not mine or [row[3] for row in mine][-1] != "active":
            return None
        logins = [at for at, who in self.logins if who == name and at < t]
        week = sum(at >= t - timedelta(days=7) for at in logins)
        month = sum(at >= t - timedelta(days=28) for at in logins)
        plan = [row[2] for row in mine if row[2]][-1]
        return {"plan": plan, "fee": [row[4] for row in mine if row[4] != ""][-1],
                "tenure": (t - next(row[0] for row in mine if row[3] == "active")).total_seconds(),
                "fade": week / month if month else None, "quiet": (t - logins[-1]).total_seconds() if logins else None,
                "alike": sum(row[2] == plan and t - timedelta(days=365) <= row[0] < t for row in self.subs)}

    def label(self, t, name):
        after = t + timedelta(days=30)
        if any(row[1] == name and row[3] == "closed" and t <= row[0] < after for row in self.subs):
            return ""
        return "false" if any(who == name and t <= at < after for at, who in self.logins) else "true"

    def moments(self):
        return {f"c{number}|{stamp(t)}": (t, seen) for t in self.mondays() for number in range(CUSTOMERS)
                if (seen := self.expected(t, f"c{number}"))}


def is_equal(text, value):
    if value is None or isinstance(value, str):
        return text == (value or "")
    return abs(float(text) - value) <= 1e-12 * max(1, abs(value))


def test_built_moments_are_those_of_the_definition():
    with Shop(PROJECT) as project:
        world = World()
        world.write(project)
        assert "every 7d" in project.ok("check").out
        project.ok("ingest")
        output = project.folder / "built.csv"
        project.ok("features", "build", "--output", str(output))
        with open(output, newline="") as file:
            built = {row["id"]: row for row in csv.DictReader(file)}
        moments = world.moments()
        assert set(built) == set(moments) and len(built) > 500
        for key, (t, seen) in moments.items():
            assert built[key]["time"] == stamp(t)
            assert all(is_equal(built[key][name], seen[name]) for name in seen), (key, built[key], seen)
            assert built[key]["label"] == world.label(t, key.split("|")[0]), key
        assert "customer of subs" in project.ok("features", "explain", "quiet").out
        project.ok("features", "verify")


def test_served_moments_are_made_once_when_the_clock_reaches_them():
    with Shop(PROJECT) as project:
        world = World()
        mondays = list(world.mondays())
        cut = mondays[18] - timedelta(days=3)
        world.write(project, until=cut)
        project.ok("ingest")
        version = json.loads(project.ok("train", "churn", "--json").out)
        assert version["examples"]["train"] > 100, version
        process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", stamp(cut))
        news = sorted([(row[0], "logins", number) for number, row in enumerate(world.logins) if row[0] >= cut] +
                      [(row[0], "subs", number) for number, row in enumerate(world.subs) if row[0] >= cut])
        for count, (at, stream, number) in enumerate(news):
            if at >= mondays[21]:
                break
            assert serving.call(port, "POST", "/v1/clock", {"now": stamp(at)})[0] == 200
            if stream == "logins":
                event = {"login_id": f"l{number}", "at": stamp(at), "customer": world.logins[number][1]}
            else:
                _, name, plan, status, fee = world.subs[number]
                event = {"change_id": f"s{number}", "changed_at": stamp(at), "customer": name, "status": status,
                         "plan": plan or None, "fee": fee or None}
            assert serving.call(port, "POST", f"/v1/events/{stream}", event)[1]["accepted"] == 1
            if count in (150, 400):
                process.kill()
                process.wait()
                process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", stamp(at))
        made = []
        for t in mondays[18:21]:
            for number in range(CUSTOMERS):
                name = f"c{number}"
                seen = world.expected(t, name)
                call = {"event": {"customer": name, "time": stamp(t)}}
                status, answer = serving.call(port, "POST", "/v1/models/churn/predict", call)
                assert status == (200 if seen else 404), (name, t, answer)
                if not seen:
                    continue
                record = serving.call(port, "GET", f"/v1/predictions/{answer['id']}")[1]
                for feature, value in seen.items():
                    got = record["features"][feature]
                    same = got == value if value is None or isinstance(value, str) else abs(got - value) < 1e-9
                    assert same, (name, t, feature, got, value)
                made.append((answer, name, stamp(t)))
        status, last = serving.call(port, "POST", "/v1/models/churn/predict", {"event": {"customer": "c1"}})
        assert status == 200, last
        status, unknown = serving.call(port, "POST", "/v1/models/churn/predict", {"event": {"customer": "nobody"}})
        assert status == 200 and not unknown.get("recorded", False), unknown
        status, wrong = serving.call(port, "POST", "/v1/models/churn/predict", {"event": {}})
        assert status == 422 and "customer" in str(wrong), wrong
        serving.stop(process)
        for answer, name, time in made[::len(made) // 6]:
            again = project.ok("predictions", "replay", answer["id"], "--json").json()
            assert again["differences"] == 0 and again["replayed"]["prediction"] == answer["prediction"], again
            assert (again["input"]["customer"], again["input"]["time"]) == (name, time), again
            held = {window["window"]: window["events"] for window in again["windows"]}
            assert held and any(held.values()), again
        verified = project.ok("features", "verify", "--sample", "20", "--json").json()
        assert verified["differences"] == 0 and verified["recorded"] > 10, verified


if __name__ == "__main__":
    shop.main(globals())
