"""`predictions replay` makes predictions of a server again, bit by bit, from lake and log: those of a version
that has been retired since, with later fields that came meanwhile, after a kill, and beside the running
server."""
import datetime
import json
import random
import signal
import subprocess
import tempfile

from serving import MILLWRIGHT, call, order, run, stop, write_project

PREDICTIONS = 25


def start(folder):
    process = subprocess.Popen([MILLWRIGHT, "server", "--json", "-C", folder, "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())["port"]


def ask(port, draw, number):
    now = datetime.datetime.now(datetime.timezone.utc)
    at = (now - datetime.timedelta(minutes=draw.randrange(30))).isoformat()
    row = order(f"live {number}", at=at, shop=draw.choice(["north", "south"]), amount=draw.randrange(400) / 10)
    if draw.random() < 0.4:  # an event that nobody asks about
        assert call(port, "POST", "/v1/events/orders", {**row, "number": f"other {number}"})[0] == 200
    status, answer = call(port, "POST", "/v1/models/big/predict", {"event": row})
    assert status == 200, answer
    return answer


def check(folder, answers):
    busy = set()
    for answer in answers:
        done = run(folder, "predictions", "replay", answer["id"], "--json")
        assert done.returncode == 0, done
        said = json.loads(done.stdout)
        assert said["differences"] == 0 and said["recorded"] == said["replayed"], said
        assert said["version"] == answer["version"] and said["model"] == "big", said
        assert said["replayed"]["prediction"] == answer["prediction"], (said, answer)
        busy.add(said["replayed"]["features"]["busy"])
    return busy


def main(folder):
    write_project(folder)
    assert run(folder, "ingest").returncode == 0
    assert run(folder, "train").returncode == 0
    second = json.loads(run(folder, "train", "--seed", "2", "--json").stdout)["version"]
    draw = random.Random(5)
    process, port = start(folder)
    answers = [ask(port, draw, i) for i in range(PREDICTIONS)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process, port = start(folder)
    assert run(folder, "models", "promote", "big", second).returncode == 0
    answers += [ask(port, draw, PREDICTIONS + i) for i in range(PREDICTIONS)]
    assert {answers[0]["version"], second} == {one["version"] for one in answers}
    busy = check(folder, draw.sample(answers, 12))
    assert len(busy) > 5, busy  # windows that hold what came while it was served
    stop(process)
    check(folder, answers[-3:])
    told = run(folder, "predictions", "replay", answers[3]["id"])
    assert told.returncode == 0 and "the same, bit by bit" in told.stdout, told
    for word in ("p000", "p0000000000000"):
        absent = run(folder, "predictions", "replay", word)
        assert absent.returncode == 3 and f"there is no {word}" in absent.stderr, absent
    print("predictions come out the same")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
