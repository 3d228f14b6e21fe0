"""`predictions replay` makes predictions of a server again, bit by bit, from lake and log: those of a version
that has been retired since, with later fields that came meanwhile, after a kill, and beside the running
server. It tells what was sent, which events each window held, and the reasons that the server gave."""
import atexit
import datetime
import json
import random
import signal
import subprocess
import tempfile

from serving import MILLWRIGHT, call, order, prepare, run, stop

PREDICTIONS = 25


def start(folder):
    process = subprocess.Popen([MILLWRIGHT, "server", "--json", "-C", folder, "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    return process, json.loads(process.stdout.readline())["port"]


def ask(port, draw, number, past):
    """The answer, beside what a replay must tell of it; `past` holds what was sent before."""
    now = datetime.datetime.now(datetime.timezone.utc)
    at = (now - datetime.timedelta(minutes=draw.randrange(30))).isoformat()
    row = order(f"live {number}", at=at, shop=draw.choice(["north", "south"]), amount=draw.randrange(400) / 10)
    if draw.random() < 0.4:  # an event that nobody asks about
        other = {**row, "number": f"other {number}"}
        assert call(port, "POST", "/v1/events/orders", other)[0] == 200
        past.append(other)
    status, answer = call(port, "POST", "/v1/models/big/predict", {"event": row, "explain": True})
    assert status == 200, answer
    status, shown = call(port, "GET", f"/v1/predictions/{answer['id']}?explain=true")
    assert status == 200 and shown["why"] == answer["why"] and shown["prediction"] == answer["prediction"], shown
    held = sorted(one["number"] for one in past if one["shop"] == row["shop"] and one["at"] < at)
    past.append(row)
    return {**answer, "row": row, "held": held}


def check(folder, answers):
    busy = set()
    for answer in answers:
        done = run(folder, "predictions", "replay", answer["id"], "--json")
        assert done.returncode == 0, done
        said = json.loads(done.stdout)
        assert said["differences"] == 0 and said["recorded"] == said["replayed"], said
        assert said["version"] == answer["version"] and said["model"] == "big", said
        assert said["replayed"]["prediction"] == answer["prediction"], (said, answer)
        assert said["why"] == answer["why"], (said, answer)
        assert all(said["input"][key] == answer["row"][key] for key in ("number", "shop", "amount")), (said, answer)
        window, = said["windows"]
        held = [event["id"] for event in window["events"] if event["verdict"] == "in"]
        assert sorted(held) == answer["held"] and len(held) == said["replayed"]["features"]["busy"], (said, answer)
        busy.add(len(held))
    return busy


def main(folder):
    prepare(folder)
    second = json.loads(run(folder, "train", "--seed", "2", "--json").stdout)["version"]
    draw = random.Random(5)
    process, port = start(folder)
    past = []
    answers = [ask(port, draw, i, past) for i in range(PREDICTIONS)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process, port = start(folder)
    assert run(folder, "models", "promote", "big", second).returncode == 0
    answers += [ask(port, draw, PREDICTIONS + i, past) for i in range(PREDICTIONS)]
    assert {answers[0]["version"], second} == {one["version"] for one in answers}
    status, refused = call(port, "GET", f"/v1/predictions/{answers[0]['id']}?explain=true")
    assert status == 501 and "millwright explain MODEL --id PREDICTION" in refused["hint"], refused
    busy = check(folder, draw.sample(answers, 12))
    assert len(busy) > 5, busy  # windows that hold what came while it was served
    stop(process)
    check(folder, answers[-3:])
    told = run(folder, "predictions", "replay", answers[3]["id"])
    assert told.returncode == 0 and "the same, bit by bit" in told.stdout, told
    latest = run(folder, "predictions", "replay", answers[-1]["id"], "--events", "2").stdout.splitlines()
    held = next(i for i, line in enumerate(latest) if line.startswith("count(orders by shop over 1d): "))
    assert f": {len(answers[-1]['held'])} in, " in latest[held] and latest[held + 1].endswith(" earlier, then"), latest
    assert latest[-1].endswith(" in") or "left out" in latest[-1], latest
    for words, code in ((("--events", "0"), 2), (("--events", "x"), 2)):
        assert run(folder, "predictions", "replay", answers[3]["id"], *words).returncode == code
    for word in ("p000", "p0000000000000"):
        absent = run(folder, "predictions", "replay", word)
        assert absent.returncode == 3 and f"there is no {word}" in absent.stderr, absent
    print("predictions come out the same")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
