"""Corrections (rule 8) on every way in: a file that was mended, HTTP, an ingest beside the server;
predictions before and after them, a kill, and every command that looks back agrees."""
import datetime
import json
import signal
import tempfile

from serving import PROJECT, call, run, start, stop

SUMS = PROJECT.replace("  busy: count(orders by shop over 24h)",
                       "  busy: count(orders by shop over 24h)\n"
                       "  spent: sum(orders.amount by shop over 24h)\n"
                       "  most: max(orders.amount by shop over 24h every 1h)\n"
                       "  usual: quantile(0.5)(orders.amount by shop over 24h)")
NOW = datetime.datetime.now(datetime.timezone.utc)


def ago(hours):
    return (NOW - datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_rows(folder, file, rows):
    with open(f"{folder}/{file}", "w") as out:
        out.write("number,shop,amount,at,returned\n")
        out.writelines(f"{number},{shop},{amount},{ago(hours)},\n" for number, shop, amount, hours in rows)


def history(amount_of_h5):
    return [(f"h{i}", "north south".split()[i % 2], amount_of_h5 if i == 5 else i % 40, 600 - i)
            for i in range(598)]


def ingest(folder, *words):
    done = run(folder, "ingest", "--json", *words)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def row(number, shop, amount, hours):
    return {"number": number, "shop": shop, "amount": amount, "at": ago(hours)}


def post(port, *rows):
    status, answer = call(port, "POST", "/v1/events/orders", {"events": list(rows)})
    assert status == 200 and answer["rejected"] == [], answer
    return answer["accepted"], answer["repeats"], answer["corrections"]


def stored_features(port, identity):
    status, stored = call(port, "GET", f"/v1/predictions/{identity}")
    assert status == 200, stored
    return {key: value for key, value in stored["features"].items() if key != "amount"}


def seen(port, name, shop="north", record=True):
    """Predicts for an order of now; its id and the window features that it saw."""
    at = datetime.datetime.now(datetime.timezone.utc).isoformat()
    body = {"event": {"number": name, "shop": shop, "amount": 1, "at": at}, "record": record}
    status, answer = call(port, "POST", "/v1/models/big/predict", body)
    assert status == 200, answer
    return answer["id"], stored_features(port, answer["id"])


def check_history(folder):
    """A mended file: the mended row alone ever counts, and what is built is verified."""
    write_rows(folder, "orders.csv", history(5))
    ingest(folder)
    write_rows(folder, "orders.csv", history(39))
    took = ingest(folder)["files"][0]
    assert (took["corrections"], took["repeats"], took["events"], took["quarantined"]) == (1, 597, 0, 0)
    assert "nothing to do" in run(folder, "ingest").stdout
    stands = json.loads(run(folder, "sql", "--json", "SELECT count(*) AS n, max(amount) FILTER (number = 'h5') AS a "
                                                     "FROM orders").stdout)
    assert stands == [{"n": 598, "a": 39}], stands
    why = json.loads(run(folder, "features", "why", "h7", "spent", "--json").stdout)
    told = [(one["id"], one["value"], one["verdict"]) for one in why["windows"][0]["events"] if one["id"] == "h5"]
    assert sorted(told) == [("h5", 5, "replaced"), ("h5", 39, "in")], told
    done = run(folder, "features", "export", "--sql")
    assert done.returncode == 0 and 'AS "until:0"' in done.stdout, done


def check_live(folder, port):
    """Over HTTP, of what stands in log and lake, and by an ingest beside the server."""
    first = seen(port, "p1")
    assert post(port, row("a1", "north", 50, 1)) == (1, 0, 0)
    second = seen(port, "p2")
    assert second[1]["busy"] == first[1]["busy"] + 2 and second[1]["most"] == 50, second
    assert post(port, row("a1", "north", 30, 1), row("h596", "north", 45, 4)) == (0, 0, 2)
    third = seen(port, "p3")
    assert third[1]["busy"] == second[1]["busy"] + 1 and third[1]["most"] == 45, third
    assert third[1]["spent"] == second[1]["spent"] + 1 - 20 + (45 - 596 % 40), (second, third)
    assert post(port, row("a1", "north", 30, 1)) == (0, 1, 0)
    assert post(port, row("a1", "south", 30, 1)) == (0, 0, 1)  # it moves to another key
    fourth = seen(port, "p4")
    assert fourth[1]["busy"] == third[1]["busy"] and fourth[1]["spent"] == third[1]["spent"] + 1 - 30, fourth

    write_rows(folder, "more.csv", [("h594", "north", 49, 6), ("a1", "north", 20, 1), ("a2", "north", 2, 1)])
    took = ingest(folder, "orders", "--from", "more.csv")["files"][0]
    assert (took["corrections"], took["events"]) == (2, 1), took
    fifth = seen(port, "p5")
    assert fifth[1]["most"] == 49 and fifth[1]["busy"] == fourth[1]["busy"] + 3, (fourth, fifth)
    assert stored_features(port, first[0]) == first[1]  # what was predicted stays
    status, answer = call(port, "POST", "/v1/models/big/predict", {"event": row("p1", "north", 9, 0)})
    assert status == 409 and "was predicted with other contents" in answer["detail"], answer

    # Who asks too late is refused, and has corrected nothing.
    status, answer = call(port, "POST", "/v1/models/big/predict", {"event": row("a2", "north", 9, 5)})
    assert status == 422 and "must be known within 1h" in answer["detail"], answer
    assert post(port, row("a2", "north", 2, 1)) == (0, 1, 0)

    # An event that stands may be asked about with other contents: it is corrected first.
    assert post(port, row("b1", "north", 7, 0)) == (1, 0, 0)
    status, sixth = call(port, "POST", "/v1/models/big/predict", {"event": row("b1", "north", 8, 0)})
    assert status == 200 and post(port, row("b1", "north", 8, 0)) == (0, 1, 0), sixth
    assert post(port, row("b1", "north", 9, 0)) == (0, 0, 1)
    status, stored = call(port, "GET", f"/v1/predictions/{sixth['id']}")
    assert stored["features"]["amount"] == 8, stored
    return [first, second, third, fourth, fifth, (sixth["id"], stored_features(port, sixth["id"]))]


def check_history_after_log(folder):
    """Before the first prediction a file is history: what it corrects of the log counts from the same place, and stays
    corrected when the log's events move to the lake behind it."""
    process, port = start(folder, "--listen", "127.0.0.1:0")
    assert post(port, row("e1", "north", 4, 1), row("e2", "north", 4, 1)) == (2, 0, 0)
    stop(process)
    write_rows(folder, "early.csv", [("e1", "south", 3, 1)])
    took = ingest(folder, "orders", "--from", "early.csv")
    assert took["place"] is None and took["files"][0]["corrections"] == 1, took
    for words in ((), ("move-log",)):
        if words:
            assert run(folder, *words).returncode == 0
        stands = json.loads(run(folder, "sql", "--json", "SELECT shop, amount FROM orders WHERE number = 'e1'").stdout)
        assert stands == [{"shop": "south", "amount": 3}], (words, stands)
        process, port = start(folder, "--listen", "127.0.0.1:0")
        status, found = call(port, "GET", "/v1/models/big/features?shop=north")
        stop(process)
        assert status == 200 and found["features"]["busy"] == 11, found
    assert run(folder, "features", "verify").returncode == 0


def check_replay_before_known(folder):
    """Predicted before it is known, corrected before that too: a replay takes the row that was sent, wherever it stands."""
    process, port = start(folder, "--listen", "127.0.0.1:0")
    status, answer = call(port, "POST", "/v1/models/big/predict", {"event": row("f1", "north", 7, -1)})
    assert status == 200, answer
    write_rows(folder, "soon.csv", [("f1", "south", 8, -1)])
    assert ingest(folder, "orders", "--from", "soon.csv")["files"][0]["corrections"] == 1
    stop(process)
    assert run(folder, "move-log").returncode == 0
    done = run(folder, "predictions", "replay", answer["id"])
    assert done.returncode == 0, done.stdout
    assert run(folder, "features", "verify").returncode == 0


def main(folder):
    with open(f"{folder}/millwright.yaml", "w") as file:
        file.write(SUMS)
    check_history(folder)
    assert run(folder, "train").returncode == 0
    check_history_after_log(folder)
    process, port = start(folder, "--listen", "127.0.0.1:0")
    made = check_live(folder, port)
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    for identity, _ in made:
        done = run(folder, "predictions", "replay", identity)
        assert done.returncode == 0, done
    done = run(folder, "features", "verify", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["recorded"] == len(made), done
    process, port = start(folder, "--listen", "127.0.0.1:0")
    last = seen(port, "p6")
    assert last[1]["busy"] == made[4][1]["busy"] + 2 and last[1]["most"] == 49, (made[4], last)
    assert post(port, row("h594", "north", 3, 6)) == (0, 0, 1)
    assert seen(port, "p7")[1]["most"] == 45
    stop(process)
    again = json.loads(run(folder, "monitor", "--json").stdout)
    again = again["models"][0] if "models" in again else again
    assert again["features"]["verified"] >= 6 and again["features"]["differing"] == 0, again["features"]
    stands = json.loads(run(folder, "sql", "--json", "SELECT shop, amount FROM orders WHERE number IN ('a1', 'h594') "
                                                     "ORDER BY number").stdout)
    assert stands == [{"shop": "north", "amount": 20}, {"shop": "north", "amount": 3}], stands
    check_replay_before_known(folder)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
