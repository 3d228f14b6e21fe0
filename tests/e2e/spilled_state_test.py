"""Window state that `memory` has no room for goes to disk, as does what waits for labels, and no number changes.

Four thousand payments of two thousand people, whose state is several times what the project allows; half of them
wait for their labels at once, twice of what may wait in memory. Features
built, examples trained on and answers of a server must be what they are without a limit, over a restart too;
where not even the keys fit, that is said; and where a key cannot be read back, the fallback answers.
"""
import os
import random
import re
from datetime import timedelta
from pathlib import Path

from monitor_test import serving
from shop import SEED, START, Shop, main, stamp

PEOPLE, PAYMENTS, LIVE = 2000, 4000, 300
LIMIT = "memory: 700 kB\n"
PROJECT = """\
project: payments
streams:
  payments: {from: data/orders.csv, time: at, id: number}
  frauds:   {from: data/returns.csv, time: at, id: number}
features:
  amount: amount
  seen:   count(payments by person over {1d, 30d})
  spent:  mean(payments.amount by person over {7d, 30d})
  most:   max(payments.amount by person over 30d)
  spots:  distinct(payments.spot by person over 30d)
  there:  count(payments by spot over 1h)
models:
  fraud:
    moment: on payments
    label:  any(frauds by id over next 12d)
    params: {rounds: 5, num_leaves: 7}
"""


def payment(draw, number, at):
    return {"number": f"p{number}", "at": stamp(at), "person": f"q{draw.randrange(PEOPLE)}",
            "spot": draw.choice("abcdefgh"), "amount": round(draw.lognormvariate(3, 1), 2)}


def write_data(shop):
    draw = random.Random(SEED)
    shop.orders, shop.returns = ["number,at,person,spot,amount"], ["number,at"]
    for number in range(PAYMENTS):
        row = payment(draw, number, START + timedelta(minutes=9 * number))
        shop.orders.append(",".join(str(cell) for cell in row.values()))
        if draw.random() < 0.2:
            shop.returns.append(f"p{number},{stamp(START + timedelta(minutes=9 * number + 500))}")
    shop.write_data()


def built(shop):
    path = shop.folder / "built.csv"
    shop.ok("features", "build", "--output", str(path))
    return path.read_bytes()


def spill_files(parent):
    """Those that the server, a child of the process, has open, by their names in /proc. They have no others any more."""
    found = []
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        for descriptor in Path(f"/proc/{child}/fd").iterdir():
            try:
                target = os.readlink(descriptor)
            except FileNotFoundError:  # closed since it was listed
                continue
            if "spill-" in target:
                assert target.endswith("(deleted)"), target
                found.append(descriptor)
    return found


def gauges(server):
    """Of the one model's windows, as /metrics tells them."""
    server.connection.request("GET", "/metrics")
    text = server.connection.getresponse().read().decode()
    found = dict(re.findall(r'^millwright_((?:window|spilled)_\w+)\{model="fraud"\} (\S+)$', text, re.MULTILINE))
    return {name: float(value) for name, value in found.items()}


def check_gauges(server, spills):
    told = gauges(server)
    keys, out, size = told["window_keys"], told["spilled_keys"], told["spilled_bytes"]
    if spills:
        assert 0 < out < keys and size > 10 * out and told["window_bytes"] <= 700_000, told
    else:
        assert out == size == 0 and keys > 1000 and told["window_bytes"] > 700_000, told


def live(shop, spills):
    """What a server answers to new payments, before and after a restart."""
    draw, answers = random.Random(SEED + 1), []
    begin = START + timedelta(minutes=9 * PAYMENTS)
    for half in range(2):
        clock = begin + timedelta(minutes=10 * half * LIVE)
        with serving(shop, clock) as server:
            for number in range(half * LIVE, (half + 1) * LIVE):
                at = begin + timedelta(minutes=10 * number)
                server.go_to(at)
                event = payment(draw, f"n{number}", at)
                server.post("/v1/models/fraud/predict", {"event": event})
            names = shop.ok("sql", "SELECT id FROM predictions ORDER BY id", "--json").json()
            assert bool(spill_files(server.process.pid)) == spills
            check_gauges(server, spills)
            answers = [server.get(f"/v1/predictions/{one['id']}") for one in names]
    assert len(answers) == 2 * LIVE
    assert not list((shop.folder / ".millwright").glob("spill-*"))
    shop.ok("features", "verify", "--sample", "30")
    return [(one["event"], one["features"], one["prediction"]) for one in answers]


def told(project):
    with Shop(project, count=0) as shop:
        write_data(shop)
        shop.ok("ingest")
        features = built(shop)
        metrics = shop.ok("train", "--json").json()["metrics"]
        return features, metrics, live(shop, project.startswith("memory"))


def test_a_limit_changes_no_number():
    features, metrics, answers = told(PROJECT)
    less = told(LIMIT + PROJECT)
    assert less[0] == features
    assert less[1] == metrics
    assert less[2] == answers


def test_what_not_even_the_keys_fit_in_is_refused():
    with Shop("memory: 30 kB\n" + PROJECT, count=0) as shop:
        write_data(shop)
        shop.ok("ingest")
        shop.fails(4, "features: window state must stay within 30000 bytes", "features", "build")
        shop.change("30 kB", "much")
        shop.fails(3, 'memory: must be a size such as 500 MB or 2 GB, got "much"', "check")


def test_what_cannot_be_read_back_is_answered_by_the_fallback():
    """The spilled keys are cut off under the server: each answer is as before or the fallback's, five of which open the breaker."""
    with Shop("memory: 500 kB\n" + PROJECT + "serving: {fraud: {fallback: 0.25}}\n", count=0) as shop:
        write_data(shop)
        shop.ok("ingest")
        shop.ok("train")
        at = START + timedelta(minutes=9 * PAYMENTS)
        with serving(shop, at) as server:
            def ask(person):
                event = {**payment(random.Random(person), "new", at), "person": f"q{person}"}
                return server.post("/v1/models/fraud/predict", {"event": event, "record": False})

            before = [ask(person)["prediction"] for person in range(PEOPLE)]
            for file in spill_files(server.process.pid):
                os.truncate(file, 0)
            for person in range(PEOPLE):
                said = ask(person)
                if "fallback" in said:
                    break
                assert said["prediction"] == before[person], (said, before[person])
            assert (said["fallback"], said["prediction"]) == ("failed", 0.25), said
            reasons = [ask(person)["fallback"] for _ in range(5)]
            assert reasons == ["failed"] * 4 + ["breaker_open"], reasons
            server.connection.request("GET", "/metrics")
            text = server.connection.getresponse().read().decode()
            assert 'millwright_fallbacks_total{model="fraud",reason="failed"} 5\n' in text, text


if __name__ == "__main__":
    main(globals())
