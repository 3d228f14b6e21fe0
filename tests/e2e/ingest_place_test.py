"""Where events of an ingest count (rule 1): history while nothing is predicted, else from the place
at which they were accepted, behind all that was given before and before all that comes after."""
import datetime
import json
import tempfile

from serving import call, order, run, start, stop, write_project

NOW = datetime.datetime.now(datetime.timezone.utc)


def ago(hours):
    return (NOW - datetime.timedelta(hours=hours)).isoformat()


def ingest(folder, rows, *words, code=0):
    """Ingests rows (number, hours ago, amount) of the shop `north`."""
    with open(f"{folder}/more.csv", "w") as file:
        file.write("number,shop,amount,at,returned\n")
        file.writelines(f"{number},north,{amount},{ago(hours)},\n" for number, hours, amount in rows)
    done = run(folder, "ingest", "orders", "--from", "more.csv", "--json", *words)
    assert done.returncode == code, done
    return json.loads(done.stdout) if code in (0, 1) else done.stderr


def predict(port, name, record=True):
    body = {"event": order(name, at=datetime.datetime.now(datetime.timezone.utc).isoformat()),
            "record": record}
    status, answer = call(port, "POST", "/v1/models/big/predict", body)
    assert status == 200, answer
    return answer


def busy(port, identity):
    status, stored = call(port, "GET", f"/v1/predictions/{identity}")
    assert status == 200, stored
    return stored["features"]["busy"]


def micros(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def status(folder):
    """What the state holds; how old that is goes on."""
    seen = json.loads(run(folder, "status", "--json").stdout)
    for stream in seen["streams"]:
        del stream["age_seconds"]
    return seen


def main(folder):
    write_project(folder)
    done = run(folder, "ingest")
    assert done.returncode == 0 and "(history)" in done.stdout, done
    assert run(folder, "train").returncode == 0

    # A server without a prediction leaves it history, also of yesterday.
    process, port = start(folder, "--listen", "127.0.0.1:0")
    stop(process)
    assert ingest(folder, [("y1", 20, 5)])["place"] is None

    process, port = start(folder, "--listen", "127.0.0.1:0")
    first = predict(port, "live 1")
    assert busy(port, first["id"]) == 1  # y1
    stop(process)

    # From now on, whatever is declared; ids that stand in the log alone are known.
    before = datetime.datetime.now(datetime.timezone.utc)
    report = ingest(folder, [("y2", 10, 5), ("y3", 9, 5)])
    assert micros(report["place"]) >= before, report
    seen = json.loads(run(folder, "sql", "--json", "SELECT number, place, place > known AS is_late FROM orders "
                          "WHERE number IN ('y1', 'y2', 'y3') ORDER BY number").stdout)
    assert [(row["number"], row["is_late"]) for row in seen] == [("y1", False), ("y2", True), ("y3", True)], seen
    assert seen[1]["place"] == report["place"], seen
    done = run(folder, "ingest", "orders", "--from", "more.csv")
    assert done.returncode == 0 and "nothing to do" in done.stdout, done
    again = ingest(folder, [("live 1", 1, 12.5), ("y3", 9, 5), ("y4", 8, 5)])
    took = again["files"][0]
    assert (took["corrections"], took["repeats"], took["events"]) == (1, 1, 1), again
    with open(f"{folder}/text.csv", "w") as file:
        file.write(f"number,shop,amount,at,returned\ny5,north,5,{ago(7)},\n")
    done = run(folder, "ingest", "orders", "--from", "text.csv")
    assert "or later where they declare so: predictions are recorded." in done.stdout, done

    # What a prediction could have seen is no history any more.
    state = status(folder)
    error = ingest(folder, [("past", 6, 5)], "--history", code=3)
    assert "ingest --history: must be of what became known after the last recorded prediction" \
        in error, error
    assert status(folder) == state
    later = ingest(folder, [("future", -48, 5)], "--history")  # known the day after tomorrow
    assert later["place"] is None, later
    early = ingest(folder, [("future", -48, 6)], code=3)  # it would stand before what it corrects
    assert "orders: id: stands in history that is known only later" in early, early

    # The next server sees them, and stamps what it makes after them; the old one stays as it was.
    process, port = start(folder, "--listen", "127.0.0.1:0")
    second = predict(port, "live 2")
    assert busy(port, second["id"]) == 6, busy(port, second["id"])  # y1 to y5, live 1
    assert busy(port, first["id"]) == 1
    assert second["id"] > first["id"]
    stop(process)
    print("history, then three ingests from their places on; --history of the past is refused")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
