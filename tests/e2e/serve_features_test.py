"""GET features of a key are, bit for bit, those that an event of that moment sees; what a key cannot tell names the
fields that it lacks."""
import http.client
import json
import random
import tempfile
import urllib.parse
from pathlib import Path

from serving import call, run, start, stop

PROJECT = """project: pay
zone: Europe/Berlin
streams:
  payments:
    from: payments.csv
    types: {card: category, land: category}
    fields: {place: 'concat(land, "/", city)', paid: at}
    where: amount > 0
    units: {amount: 0.01}
    clean: {land: default "XX"}
    time: paid
    id: number
features:
  busy:   count(payments by card over {1h, 24h})
  spent:  sum(payments.amount by card over 7d)
  near:   count(payments by place over 24h)
  land:   count(payments where amount > 5 by land over 24h)
  above:  count(payments where amount > now.amount by card over 7d)
  ratio:  amount / mean(payments.amount by card over 7d)
  hour:   hour(paid)
  odd:    ratio + busy_1h
models:
  fraud:
    moment: on payments
    label: count(payments by card over next 1h) > 0
    params: {rounds: 5}
"""
SCHEDULED = PROJECT.split("  near:")[0] + """models:
  daily:
    moment: every 1d at "06:00" for card of payments over 7d
    label: count(payments by card over next 1d) > 0
"""
draw = random.Random(7)


def stamp(second):
    return f"2024-03-{1 + second // 86400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}Z"


def write_payments(folder):
    with open(Path(folder, "payments.csv"), "w") as file:
        file.write("number,card,land,city,amount,at\n")
        for i in range(3000):
            land = draw.choice(["DE", "NL", "FR", ""])
            file.write(f"h{i},c{draw.randrange(40)},{land},t{draw.randrange(3)},{draw.randrange(1, 2000)},{stamp(i * 600)}\n")


def see(port, model, code=200, **fields):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", f"/v1/models/{model}/features?{urllib.parse.urlencode(fields)}")
    answer = connection.getresponse()
    assert answer.status == code, answer.read()
    return json.loads(answer.read())


def check_keys(port):
    """All subsets of the fields: the features that are told are those of the whole event."""
    told = set()
    for i in range(60):
        event = {"card": f"c{draw.randrange(40)}", "land": draw.choice(["DE", "NL", None]), "city": f"t{draw.randrange(3)}",
                 "amount": draw.randrange(1, 2000), "number": f"n{i}"}
        given = {name: "" if value is None else value for name, value in event.items() if draw.random() < 0.6}
        seen = see(port, "fraud", **given)
        whole = call(port, "POST", "/v1/models/fraud/features", {"event": {**event, "at": seen["t"]}})[1]
        assert (whole["t"], whole["place"]) == (seen["t"], seen["place"])
        assert set(seen["features"]) | set(seen["lacks"]) == set(whole["features"])
        for name, value in seen["features"].items():
            assert value == whole["features"][name], (name, given, seen, whole)
        for name, lacks in seen["lacks"].items():
            assert lacks and not set(lacks) & set(given), (name, given, seen)
        told |= set(seen["features"])
    assert told == set(whole["features"]), told


def check_meaning(port):
    seen = see(port, "fraud", card="c1")
    assert set(seen["features"]) == {"busy_1h", "busy_24h", "spent", "hour"}, seen
    assert seen["lacks"] == {"near": ["place"], "land": ["land"], "above": ["amount"], "ratio": ["amount"], "odd": ["amount"]}
    assert "near" in see(port, "fraud", place="NL/t1")["features"]  # a derived field itself
    assert "near" in see(port, "fraud", land="NL", city="t1")["features"]
    for refused in ({"paid": "2024-03-01T00:00:00Z"}, {"cadr": "c1"}, {"amount": "much"}):
        see(port, "fraud", 422, **refused)
    return seen["features"]


def check_schedule(port, of_events):
    """The windows of a schedule's key, of which no version answers yet."""
    seen = see(port, "daily", card="c1")
    assert seen["version"] is None and seen["features"] == {name: of_events[name] for name in seen["features"]}, seen
    assert len(seen["features"]) == 3 and seen["lacks"] == {}, seen
    assert "for the features of a key are those of now" in see(port, "daily", 422, time="2024-03-01T00:00:00Z")["detail"]


def serve(folder, project, *commands):
    Path(folder, "millwright.yaml").write_text(project)
    for words in commands:
        done = run(folder, words)
        assert done.returncode == 0, done.stderr
    return start(folder, "--listen", "127.0.0.1:0", "--clock", "2024-03-21T19:59:00Z")


def main(folder):
    write_payments(folder)
    process, port = serve(folder, PROJECT, "ingest", "train")
    check_keys(port)
    of_events = check_meaning(port)
    stop(process)
    process, port = serve(folder, SCHEDULED)
    check_schedule(port, of_events)
    stop(process)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
