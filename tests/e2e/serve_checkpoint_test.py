"""A server begins where its last checkpoint ends, and from the beginning where that is of no use.

It writes one when it is told to stop. What it answers afterwards is the same whether the checkpoint
was used, was damaged or was written by a newer program; a line says why it was not used.
"""
import datetime
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile

from serving import MILLWRIGHT, call, order, prepare

HISTORY, LIVE = 600, 30


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


def start(folder):
    process = subprocess.Popen([MILLWRIGHT, "serve", "--json", "--listen", "127.0.0.1:0", "-C",
                                folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    return process, json.loads(process.stdout.readline())


def stop(process):
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 0, said
    return said


def ask(port, asked):
    """What was predicted is there and is answered again, and what is new sees all that was."""
    answers = []
    for event, id in asked:
        status, answer = call(port, "GET", f"/v1/predictions/{id}")
        assert status == 200 and answer["event"] == event["number"], answer
        answers.append(answer)
        status, repeated = call(port, "POST", "/v1/models/big/predict", {"event": event})
        assert status == 200 and repeated["id"] == id, repeated
    return answers


def busy(port):
    """The window of a prediction that is not kept holds all orders of the day."""
    status, answer = call(port, "POST", "/v1/models/big/predict",
                          {"event": order("new", at=now()), "record": False})
    assert status == 200 and answer["id"] is None, answer
    return answer["prediction"]


def newest(folder):
    return sorted(glob.glob(f"{folder}/.millwright/checkpoints/*.checkpoint"))[-1]


def damage(path, offset, text):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(text)


def check(folder, asked, answers, replayed, note):
    process, started = start(folder)
    assert started["recovered"] == HISTORY + LIVE, started
    assert started["replayed"] == replayed, started
    assert started.get("note", "").startswith(note) and bool(note) == ("note" in started), started
    assert call(started["port"], "GET", "/readyz")[0] == 200
    assert ask(started["port"], asked) == answers[0]
    assert busy(started["port"]) == answers[1]
    said = stop(process)
    assert "checkpoint" not in said, said


def check_cut_log(folder, last):
    """Whoever reads the log tells that it was cut before the checkpoint's place, and does nothing."""
    path = sorted(glob.glob(f"{folder}/.millwright/log/*"))[-1]
    with open(path, "rb") as file:
        whole = file.read()
    with open(path, "r+b") as file:
        file.truncate(len(whole) // 2)
    with open(f"{folder}/orders.csv", "a") as file:
        file.write("\n")  # so that there is something to ingest
    commands = [["status"], ["sql", "SELECT count(*) FROM predictions"], ["sql", "SELECT count(*) FROM orders"],
                ["sql", "SELECT count(*) FROM labels"], ["train"], ["features", "build"], ["features", "verify"],
                ["predictions", "replay", last], ["explain", "big", "--id", last],
                ["predict", "big", "--input", f"{folder}/orders.csv"],
                ["backtest", "big", "--from", "2024-01-05", "--to", "2024-01-20"], ["ingest"], ["monitor"],
                ["serve", "--listen", "127.0.0.1:0"]]
    for words in commands:
        done = subprocess.run([MILLWRIGHT, *words, "-C", folder], capture_output=True, text=True,
                              check=False, timeout=60)
        assert done.returncode == 4, (words, done)
        assert "log: it lacks what checkpoint" in done.stderr, (words, done)
        assert "remove .millwright/checkpoints" in done.stderr, (words, done)
    with open(path, "rb") as file:
        assert file.read() == whole[:len(whole) // 2], "it is left as it is"
    with open(path, "wb") as file:
        file.write(whole)
    subprocess.run([MILLWRIGHT, "status", "-C", folder], check=True, stdout=subprocess.DEVNULL)


def main(folder):
    project = f"{folder}/shop"
    os.mkdir(project)
    prepare(project)
    process, started = start(project)
    assert started["replayed"] == started["recovered"] == HISTORY, started
    asked = []
    for i in range(LIVE):
        event = order(f"live {i}", at=now(), amount=i)
        status, answer = call(started["port"], "POST", "/v1/models/big/predict", {"event": event})
        assert status == 200, answer
        asked.append((event, answer["id"]))
    answers = ask(started["port"], asked), busy(started["port"])
    assert "checkpoint" not in stop(process)

    check(project, asked, answers, 0, "")
    path = newest(project)
    shutil.copy(path, f"{folder}/good")
    for offset, text, note in ((200, b"XXXXXXXX", "fails its checksum"),
                               (4, b"\x63", "has format 99, this program reads up to 1")):
        for other in glob.glob(f"{project}/.millwright/checkpoints/*.checkpoint"):
            os.remove(other)
        shutil.copy(f"{folder}/good", path)
        damage(path, offset, text)
        check(project, asked, answers, HISTORY + LIVE,
              f"a checkpoint is not used: checkpoint: {path} {note}")
    print(f"{LIVE} predictions answered alike after 4 starts")
    check_cut_log(project, asked[-1][1])


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
