"""What an older program has recorded is made again by this one, to the bit: each state folder of tests/golden/state, with its
predictions and their reasons as they were answered then, after a retraining on the way.

    older_state_test.py NAME    makes another such folder by the program of today, where a format of state has changed

A folder goes once a format in it is older than the one before today's, which is as far back as readers go."""
import datetime
import json
import random
import sys
import tarfile
import tempfile
from pathlib import Path

from serving import call, order, run, start, stop, write_project

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "state"
BEGIN = datetime.datetime(2024, 2, 1, tzinfo=datetime.timezone.utc)
LATER = "2024-03-01T00:00:00Z"
ASKED, SINCE_SECOND = 12, 6


def train(folder, *words):
    done = run(folder, "train", "--json", *words)
    assert done.returncode == 0, done
    return json.loads(done.stdout)["version"]


def make(name):
    """Predictions by two versions, each on events that were served before it."""
    with tempfile.TemporaryDirectory() as folder:
        write_project(folder)
        assert run(folder, "ingest").returncode == 0
        train(folder)
        second = train(folder, "--seed", "2")
        process, port = start(folder, "--listen", "127.0.0.1:0", "--clock", BEGIN.isoformat())
        draw, now, answers = random.Random(7), BEGIN, []
        for number in range(ASKED):
            if number == SINCE_SECOND:
                assert run(folder, "models", "promote", "big", second).returncode == 0
            now += datetime.timedelta(minutes=draw.randrange(5, 90))
            assert call(port, "POST", "/v1/clock", {"now": now.isoformat()})[0] == 200
            row = order(f"live {number}", at=now.isoformat(), shop=draw.choice(["north", "south"]),
                        amount=draw.randrange(400) / 10)
            status, answer = call(port, "POST", "/v1/models/big/predict", {"event": row, "explain": True})
            assert status == 200, answer
            answers.append(answer)
        stop(process)
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / f"{name}.json").write_text(json.dumps(answers, indent=1) + "\n")
        with tarfile.open(GOLDEN / f"{name}.tar.xz", "w:xz") as archive:
            archive.add(folder, ".", filter=anonymous)


def anonymous(member):
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def check(folder, answers):
    assert len({answer["version"] for answer in answers}) == 2 and len({answer["prediction"] for answer in answers}) > 5
    for answer in answers:
        done = run(folder, "predictions", "replay", answer["id"], "--json")
        assert done.returncode == 0, done
        again = json.loads(done.stdout)
        assert again["differences"] == 0, again
        for key in ("prediction", "decision"):
            assert again["recorded"][key] == again["replayed"][key] == answer[key], (again, answer)
        assert (again["version"], again["why"]) == (answer["version"], answer["why"]), (again, answer)
        held = [event for event in again["windows"][0]["events"] if event["verdict"] == "in"]
        assert len(held) == again["replayed"]["features"]["busy"], again
    assert run(folder, "features", "verify").returncode == 0


def check_served(folder, answers):
    process, port = start(folder, "--listen", "127.0.0.1:0", "--clock", LATER)
    for answer in answers:
        status, told = call(port, "GET", f"/v1/predictions/{answer['id']}")
        assert status == 200 and (told["prediction"], told["version"]) == (answer["prediction"], answer["version"]), told
    status, new = call(port, "POST", "/v1/models/big/predict", {"event": order("new", at=LATER)})
    assert status == 200 and new["version"] == answers[-1]["version"], new
    stop(process)
    assert run(folder, "predictions", "replay", new["id"]).returncode == 0


def main():
    names = sorted(path.name.removesuffix(".tar.xz") for path in GOLDEN.glob("*.tar.xz"))
    assert names, "there is no older state"
    for name in names:
        answers = json.loads((GOLDEN / f"{name}.json").read_text())
        assert len(answers) == ASKED
        with tempfile.TemporaryDirectory() as folder, tarfile.open(GOLDEN / f"{name}.tar.xz") as archive:
            archive.extractall(folder)
            assert run(folder, "ingest").returncode == 0  # what writes brings a catalog of the format before up
            check(folder, answers)
            check_served(folder, answers)
        print(f"{name}: {len(answers)} predictions come out as they were")


if len(sys.argv) > 1:
    make(sys.argv[1])
else:
    main()
