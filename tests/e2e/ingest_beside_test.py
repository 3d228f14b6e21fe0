"""An ingest beside a running server: by rule 1 as without one, and seen by the very next prediction."""
import datetime
import json
import shutil
import tempfile

from serving import call, order, prepare, run, start, stop

NOW = datetime.datetime.now(datetime.timezone.utc)
TEXT = "%Y-%m-%dT%H:%M:%SZ"


def ago(hours):
    return (NOW - datetime.timedelta(hours=hours)).strftime(TEXT)


def write_rows(folder, rows):
    """Rows (number, hours ago) of the shop `north`."""
    with open(f"{folder}/more.csv", "w") as file:
        file.write("number,shop,amount,at,returned\n")
        file.writelines(f"{number},north,5,{ago(hours)},\n" for number, hours in rows)


def ingest(folder, rows, *words, code=0):
    write_rows(folder, rows)
    done = run(folder, "ingest", "orders", "--from", "more.csv", "--json", *words)
    assert done.returncode == code, done
    return json.loads(done.stdout) if code in (0, 1) else done.stderr


def predict(port, name):
    body = {"event": order(name, at=datetime.datetime.now(datetime.timezone.utc).isoformat())}
    status, answer = call(port, "POST", "/v1/models/big/predict", body)
    assert status == 200, answer
    return answer["id"]


def busy_of(port, identity):
    status, stored = call(port, "GET", f"/v1/predictions/{identity}")
    assert status == 200, stored
    return stored["features"]["busy"]


def post(port, name, hours):
    row = {"number": name, "shop": "north", "amount": 5, "at": ago(hours)}
    status, answer = call(port, "POST", "/v1/events/orders", row)
    return status, answer


def seen_by(port, name):
    """What the next prediction sees of the last day: the events before its own."""
    return busy_of(port, predict(port, name))


def check_history(folder, port):
    """While nothing is predicted, an ingest is history, and the server has it at once."""
    report = ingest(folder, [("y1", 20), ("y2", 19)])
    assert report["place"] is None and report["ingest"] == 2, report
    done = run(folder, "ingest", "orders", "--from", "more.csv")
    assert done.returncode == 0 and "nothing to do" in done.stdout, done
    assert seen_by(port, "live 0") == 2


def check_places(folder, port):
    """Once something is predicted, it counts from now on; ids are known on either way."""
    first = predict(port, "live 1")
    assert busy_of(port, first) == 3
    asked = datetime.datetime.now(datetime.timezone.utc)
    report = ingest(folder, [(f"p{i}", 2 + i % 20) for i in range(1000)])
    assert datetime.datetime.fromisoformat(report["place"].replace("Z", "+00:00")) >= asked
    assert report["files"][0]["events"] == 1000, report
    second = predict(port, "live 2")
    assert busy_of(port, second) == 1004 and busy_of(port, first) == 3
    status, answer = post(port, "p7", 9)  # a repeat
    assert status == 200 and answer["rejected"] == [], answer
    status, answer = post(port, "p7", 10)
    assert (answer["corrections"], answer["accepted"], answer["rejected"]) == (1, 0, []), answer
    assert post(port, "n1", 3)[0] == 200
    again = ingest(folder, [("n1", 3), ("p8", 10), ("n2", 3)])
    assert again["files"][0]["repeats"] == 2 and again["files"][0]["events"] == 1, again
    assert seen_by(port, "live 3") == 1007  # live 2, n1, n2
    return first, second


def check_history_wanted(folder, port):
    """--history: refused where a prediction could have seen it; else the server begins anew."""
    error = ingest(folder, [("past", 6)], "--history", code=3)
    assert "ingest --history: must be of what became known after the last recorded prediction" \
        in error, error
    assert ingest(folder, [("future", -48)], "--history")["place"] is None
    assert seen_by(port, "live 4") == 1008


def check_changed_project(folder, port):
    """A server goes by the project file that it was started with."""
    shutil.copy(f"{folder}/millwright.yaml", f"{folder}/before.yaml")
    with open(f"{folder}/millwright.yaml", "a") as file:
        file.write("  # a comment changes nothing\n")
    assert ingest(folder, [("c1", 4)])["place"] is not None
    assert seen_by(port, "live 5") == 1010
    shutil.move(f"{folder}/before.yaml", f"{folder}/millwright.yaml")


def check_same_output(folder):
    """The same words and numbers with a server as without."""
    outputs = []
    for is_served in (False, True):
        copy = f"{folder}/copy{int(is_served)}"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("copy*", "socket"))
        process, _ = start(copy, "--listen", "127.0.0.1:0") if is_served else (None, 0)
        write_rows(copy, [("s1", 5), ("s1", 5), ("s1", 4), ("s2", 3)])
        done = run(copy, "ingest", "orders", "--from", "more.csv", "--json")
        assert done.returncode == 1, done
        report = json.loads(done.stdout)
        assert report.pop("place") and report.pop("data_version")
        assert report.pop("ingest")  # the keeper may have moved the log to the lake before
        outputs.append((report, done.stderr))
        if process:
            stop(process)
    served = json.dumps(outputs[1]).replace("copy1", "copy0")
    assert json.loads(served) == json.loads(json.dumps(outputs[0])), outputs


def main(folder):
    prepare(folder)
    process, port = start(folder, "--listen", "127.0.0.1:0")
    check_history(folder, port)
    first, second = check_places(folder, port)
    check_history_wanted(folder, port)
    check_changed_project(folder, port)
    stop(process)

    process, port = start(folder, "--listen", "127.0.0.1:0")
    assert seen_by(port, "live 6") == 1011
    assert busy_of(port, first) == 3 and busy_of(port, second) == 1004
    stop(process)
    check_same_output(folder)
    print("history, places, ids and --history beside a server, as without one")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
