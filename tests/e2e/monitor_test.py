"""Production is watched: predictions of a real server under a virtual clock, labels that come later.

Three hundred orders, five times as dear as those of training, are predicted over ten days; then their
returns are posted. What `monitor` says beside the server must equal what is computed here from the
answers and the returns.
"""
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from datetime import timedelta

from shop import SEED, START, PROJECT, Shop, main, stamp

RETRAIN = """\
retrain:
  returned: {every: 300d, when: [drift.max > 0.2, roc_auc < 0.2], gate: [cost <= champion.cost]}
"""
BEGIN = START + timedelta(days=70)
ORDERS, DAYS = 300, 10


class Server:
    def __init__(self, shop, clock, errors=None):
        command = [os.environ["MILLWRIGHT"], "serve", "--clock", stamp(clock), "--listen",
                   "127.0.0.1:0", "--json", "-C", str(shop.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        port = json.loads(self.process.stdout.readline())["port"]
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path, body):
        self.connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def post(self, path, body):
        status, said = self.ask(path, body)
        assert status == 200, said
        return said

    def get(self, path):
        self.connection.request("GET", path)
        return json.loads(self.connection.getresponse().read())

    def go_to(self, when):
        self.post("/v1/clock", {"now": stamp(when)})

    def stop(self):
        self.connection.close()
        self.process.terminate()
        assert self.process.wait(20) == 0


@contextmanager
def serving(shop, clock, errors=None):
    server = Server(shop, clock, errors)
    try:
        yield server
    finally:
        server.stop()


def order(number, when, factor):
    draw = random.Random(SEED * 1000 + number)
    return {"order_id": f"n{number}", "placed": stamp(when), "shop": draw.choice("abcde"),
            "amount": round(factor * draw.lognormvariate(3, 1), 2)}


def predict_orders(server, factor=5):
    """(prediction, decision, order) of each, over ten days."""
    made = []
    for number in range(ORDERS):
        when = BEGIN + timedelta(days=DAYS) * number / ORDERS
        server.go_to(when)
        row = order(number, when, factor)
        answer = server.post("/v1/models/returned/predict", {"event": row})
        made.append((answer["prediction"], answer["decision"], row))
    return made


def return_some(server, made):
    """Posts returns two days after the last order, of those within their three days; the labels."""
    draw = random.Random(SEED)
    labels, events = [], []
    now = BEGIN + timedelta(days=DAYS)
    server.go_to(now)
    for number, (prediction, _, row) in enumerate(made):
        placed = BEGIN + timedelta(days=DAYS) * number / ORDERS
        is_in_time = now - placed < timedelta(days=3)
        comes = is_in_time and draw.random() < prediction
        labels.append(comes)
        if comes:
            events.append({**row, "returned": stamp(now - timedelta(minutes=1))})
            del events[-1]["placed"]
    answer = server.post("/v1/events/returns", {"events": events})
    assert answer["accepted"] == len(events), answer
    return labels


def roc_auc(made, labels):
    yes = [p for (p, _, _), label in zip(made, labels) if label]
    no = [p for (p, _, _), label in zip(made, labels) if not label]
    wins = sum((a > b) + (a == b) / 2 for a in yes for b in no)
    return wins / len(yes) / len(no)


def monitor(shop):
    return shop.ok("monitor", "returned", "--json").json()["models"][0]


def read_page(shop, *words):
    """The data of the page that `monitor --html` writes, once the page has been looked at."""
    path = shop.folder / "monitor.html"
    assert f"report: {path}" in shop.ok("monitor", *words, "--html", str(path)).out
    text = path.read_text()
    assert not re.search(r"(src|href)\s*=\s*[\"']?\s*(https?:)?//", text), "it needs no network"
    look_at(path)
    return json.loads(re.search(r'<script id="data"[^>]*>(.*?)</script>', text, re.S)[1])


def look_at(path):
    """Opens the page where there is a browser: all of it is drawn, and nothing is not a number."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        return
    with tempfile.TemporaryDirectory(prefix="millwright-browser-") as profile:
        done = subprocess.run(
            [browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
             "--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom", f"file://{path}"],
            capture_output=True, text=True, timeout=60, check=False)
    drawn = re.search(r'<main id="page">(.*?)</main>', done.stdout, re.S)[1]
    assert ">Alerts<" in drawn and "CONSOLE" not in done.stderr, done.stderr[-2000:]
    assert not re.search(r"\b(NaN|undefined|null|Infinity|\[object)\b", drawn), drawn


def test_quality_and_drift_are_what_they_are():
    with Shop(PROJECT + RETRAIN) as shop:
        shop.ok("ingest")
        shop.ok("train")
        before = monitor(shop)
        assert before["predictions"]["last_30d"] == 0 and before["answers_since"] is None, before
        assert "millwright serve" in shop.ok("monitor").out
        empty = read_page(shop)["models"][0]
        assert empty["verdict"]["is"] == "unknown" and empty["segments"] == [], empty
        with serving(shop, BEGIN) as server:
            made = predict_orders(server)
            labels = return_some(server, made)
            status = shop.ok("status", "--json").json()
            assert status["is_served"] and status["predictions"] == ORDERS, status
            assert status["log_events"] == ORDERS + sum(labels), status
            early = monitor(shop)
            assert early["virtual_clock"] and early["predictions"]["last_30d"] == ORDERS, early
            assert early["predictions"]["labelled_30d"] < ORDERS, "labels wait for their maturity"
            server.go_to(BEGIN + timedelta(days=DAYS + 4))
            seen = monitor(shop)
        assert "no server runs" in shop.ok("status").out
        assert seen["predictions"]["labelled_30d"] == ORDERS, seen["predictions"]
        quality = seen["quality"]
        assert quality["positives"] == sum(labels) and quality["outcomes"] == ORDERS, quality
        assert abs(quality["roc_auc"]["value"] - roc_auc(made, labels)) < 1e-12, quality
        assert quality["roc_auc"]["low"] < quality["roc_auc"]["value"] < quality["roc_auc"]["high"]
        cost = sum(4 if label else 1 for (_, decision, _), label in zip(made, labels)
                   if decision != label)
        assert quality["cost"] == cost, (quality, cost)
        check_drift(shop, seen)
        check_page(shop, seen)


def check_drift(shop, seen):
    drift = {entry["feature"]: entry for entry in seen["drift"]}
    order_seen = [entry["drift"] for entry in seen["drift"]]
    assert order_seen == sorted(order_seen, reverse=True), "the strongest is named first"
    assert drift["amount"]["drift"] > 0.2 > drift["shop"]["drift"], drift
    assert drift["amount"]["moved"][0]["now"] > drift["amount"]["moved"][0]["in_training"], drift
    rules = {rule["rule"]: rule for rule in seen["rules"]}
    assert rules["drift.max > 0.2"]["holds"] and not rules["roc_auc < 0.2"]["holds"], rules
    text = shop.ok("monitor").out
    assert "amount" in text and "drift.max > 0.2" in text and "labels matured" in text, text


def check_page(shop, seen):
    # The keeper may have promoted a version since; without a server nothing changes any more.
    page = read_page(shop, "returned")
    assert page["models"] == [monitor(shop)], "the page shows what --json says"
    assert seen["verdict"]["is"] == "trouble", seen["verdict"]
    assert "drift.max > 0.2 holds" in seen["verdict"]["reasons"][0], seen["verdict"]
    shops = seen["segments"]
    assert [s["value"] for s in shops] == list("abcde"), shops
    for key in ("outcomes", "positives", "cost"):
        assert sum(s[key] for s in shops) == seen["quality"][key], (key, shops)
    weeks = seen["weeks"]
    assert len(weeks) == 24 and weeks[-1]["to"] == stamp(BEGIN + timedelta(days=DAYS + 4))[:10], weeks
    assert max(week["outcomes"] for week in weeks) <= ORDERS and weeks[0]["outcomes"] == 0, weeks
    assert any(week["happened"] is not None for week in weeks), weeks
    amount = next(entry for entry in seen["drift"] if entry["feature"] == "amount")
    assert amount["weeks"][0] is None and max(filter(None, amount["weeks"])) > 0.2, amount["weeks"]


def test_an_unknown_model_is_refused():
    with Shop(count=500) as shop:
        shop.ok("ingest")
        shop.fails(3, "there is no model nothing", "monitor", "nothing")
        assert "no version answers" in shop.ok("monitor").out
        assert read_page(shop)["models"] == [{"model": "returned", "champion": None}]
        assert shop.ok("alerts", "--json").json() == []


if __name__ == "__main__":
    main(globals())
