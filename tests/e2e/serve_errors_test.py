"""What a server refuses: each with a clear error, the right code, and nothing changed."""
import json
import socket
import tempfile
import threading
import urllib.request
from pathlib import Path

from serving import call, fresh_order, order, run, start, stop, write_project


def check_process(folder, port):
    second = run(folder, "serve", "--listen", "127.0.0.1:0")
    assert second.returncode == 4 and "a server runs on this project already" in second.stderr, second
    with tempfile.TemporaryDirectory() as other:
        write_project(other)
        taken = run(other, "serve", "--listen", f"127.0.0.1:{port}")
        assert taken.returncode == 4 and str(port) in taken.stderr, taken
        wrong = run(other, "serve", "--listen", "127.0.0.1:port")
        assert wrong.returncode == 2, wrong


def check_start_beside_one_that_dies(folder):
    """A server that was killed a moment ago may still answer: the next one waits for its end."""
    path = Path(folder, ".millwright", "socket")
    path.unlink(missing_ok=True)
    dying = socket.socket(socket.AF_UNIX)
    dying.bind(str(path))
    dying.listen()
    threading.Timer(0.3, dying.close).start()
    process, _ = start(folder, "--listen", "127.0.0.1:0")
    stop(process)


def check_events(port):
    bad = [(fresh_order("x", shop="east"), 'shop: must be one of north, south, got "east"'),
           (fresh_order("x", amount=-1), "amount: must be at least 0"),
           (fresh_order("x", amount=None), "amount: must be there"),
           (fresh_order("x", amount="12"), 'amount: must be a number, got "12"'),
           (fresh_order("x", amount=1e400), "JSON"),
           (fresh_order("x", at="yesterday"), "at: "),
           (fresh_order("x", at=None), "time: at must be there"),
           (fresh_order("x", number=None), "id: number must be there"),
           (fresh_order("x", amonut=3), "amonut: stream orders has no such column"),
           ("orders", 'event: must be an object, got "orders"')]
    good = [fresh_order("a"), fresh_order("b", returned=1)]
    rows = [json.dumps(row).replace("Infinity", "1e400") for row, _ in bad] + \
           [json.dumps(row) for row in good]
    status, answer = call(port, "POST", "/v1/events/orders", "\n".join(rows),
                          "application/x-ndjson")
    assert status == 200 and answer["accepted"] == 2, answer
    assert [one["row"] for one in answer["rejected"]] == list(range(1, len(bad) + 1)), answer
    for one, (row, reason) in zip(answer["rejected"], bad):
        assert reason in one["reason"], (row, one, reason)
    assert "Did you mean amount?" in answer["rejected"][8]["hint"], answer

    again = [fresh_order("a"), fresh_order("a", returned=2), fresh_order("a", returned=3), fresh_order("a", amount=13)]
    status, answer = call(port, "POST", "/v1/events/orders", {"events": again})
    assert (answer["accepted"], answer["repeats"], answer["corrections"]) == (1, 1, 2), answer
    assert answer["rejected"] == [], answer


def twice(name, *values):
    """A body with that member twice, of which two readers might take another each."""
    return "{" + ", ".join(f'"{name}": {json.dumps(value)}' for value in values) + "}"


def check_requests(port):
    wanted = [("POST", "/v1/events/order", fresh_order("c"), 404), ("GET", "/v1/nothing", None, 404),
              ("POST", "/v1/models/bug/predict", {"event": fresh_order("c")}, 404),
              ("GET", "/v1/predictions/p000", None, 404),
              ("GET", "/v1/predictions", None, 422), ("DELETE", "/v1/models", None, 405),
              ("POST", "/v1/events/orders", '{"number": ', 400),
              ("POST", "/v1/models/big/predict", fresh_order("c"), 422),
              ("POST", "/v1/models/big/predict", {"event": fresh_order("c"), "explain": 1}, 422),
              ("POST", "/v1/models/big/predict", twice("event", fresh_order("c"), fresh_order("d")), 422),
              ("POST", "/v1/models/big/predict", twice("events", [fresh_order("c")], []), 422),
              ("POST", "/v1/models/big/features", twice("event", fresh_order("c"), fresh_order("d")), 422),
              ("POST", "/v1/models/big/promote", twice("version", "a", "b"), 422),
              ("POST", "/v1/events/orders", twice("events", [fresh_order("c")], [fresh_order("d")]), 422),
              ("POST", "/v1/models/big/predict", {"event": fresh_order("c", shop="east")}, 422),
              ("POST", "/v1/models/big/predict", {"event": order("c")}, 422),  # long ago
              ("POST", "/v1/models/big/predict", {"event": order("c"), "record": False}, 422),
              ("POST", "/v1/clock", {"now": "2030-01-01T00:00:00Z"}, 409)]
    for method, path, body, code in wanted:
        status, answer = call(port, method, path, body)
        assert status == code and answer["status"] == code, (method, path, body, answer)
    status, answer = call(port, "POST", "/v1/events/orders", "a,b", "text/csv")
    assert status == 415, answer
    request = {"event": fresh_order("c"), "record": False}
    status, answer = call(port, "POST", "/v1/models/big/predict", request)
    assert status == 200 and answer["recorded"] is False, answer
    for path in ("/healthz", "/readyz", "/v1/models", "/v1/models/big", "/v1/streams"):
        assert call(port, "GET", path)[0] == 200, path


def check_parameters(port):
    """Nobody may think that ?record=false counts; programs that only look add theirs as they like."""
    given = {"event": fresh_order("unsaid")}
    lines = (json.dumps(fresh_order("unsaid")) + "\n") * 30000
    assert len(lines) > 1 << 20
    for method, path, body, kind in [
            ("POST", "/v1/models/big/predict", given, None), ("POST", "/v1/models/big/features", given, None),
            ("POST", "/v1/events/orders", fresh_order("unsaid"), None), ("POST", "/v1/events/orders", lines, "application/x-ndjson"),
            ("POST", "/v1/models/big/predict", lines, "application/x-ndjson"),
            ("POST", "/v1/models/big/promote", {}, None), ("POST", "/v1/models/big/rollback", {}, None),
            ("POST", "/v1/clock", {"now": "2030-01-01T00:00:00Z"}, None), ("GET", "/v1/models", None, None),
            ("GET", "/v1/models/big", None, None), ("GET", "/v1/models/big/versions", None, None), ("GET", "/v1/streams", None, None)]:
        for query in "record=false", "x", "a=1&b=2":
            status, answer = call(port, method, f"{path}?{query}", body, *([kind] if kind else []))
            assert status == 422 and answer["detail"] == f'query: has no "{query[0] if query[0] != "r" else "record"}"', (path, answer)
            assert answer["hint"] == "This address takes no parameters.", answer
    assert call(port, "GET", "/v1/predictions?event=unsaid")[1]["predictions"] == []
    for path in "/healthz", "/readyz", "/metrics", "/openapi.json":
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}?x=1&verbose") as answer:
            assert answer.status == 200, path
    assert call(port, "GET", "/v1/models?&")[0] == 200


def main(folder):
    write_project(folder)
    # Without a version, events are taken and predictions refused.
    done = run(folder, "ingest")
    assert done.returncode == 0, done
    process, port = start(folder, "--listen", "127.0.0.1:0")
    status, answer = call(port, "POST", "/v1/models/big/predict",
                          {"event": fresh_order("c"), "record": False})
    assert status == 503 and "no version" in answer["detail"], answer
    stop(process)
    done = run(folder, "train")
    assert done.returncode == 0, done
    process, port = start(folder, "--listen", "127.0.0.1:0")
    check_process(folder, port)
    check_events(port)
    check_requests(port)
    check_parameters(port)
    stop(process)
    check_start_beside_one_that_dies(folder)
    refused = run(folder, "serve", "--clock", "2024-03-01T00:00:00Z", "--listen", "127.0.0.1:0")
    assert refused.returncode == 3 and "wall clock" in refused.stderr, refused
    print("all refused as they should be")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
