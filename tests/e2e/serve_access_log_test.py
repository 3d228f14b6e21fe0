"""The access log has a line for each request, or for a share and all that fail; a trace goes from the caller
through answer and line; requests are answered though the log cannot be written."""
import http.client
import json
import tempfile
import time
from pathlib import Path

from serving import fresh_order, prepare, run, start, stop

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def ask(port, path, headers=(), body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, dict(headers))
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers["traceparent"]


def traced_by(port, lines):
    """The answer's traceparent and tracestate, of a request with these header lines."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", "/v1/models")
    for name, value in lines:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, (lines, answer.status)
    return answer.headers["traceparent"], answer.headers["tracestate"]


def check_tracestate(port, caller):
    """All lines of it go on with a trace that is known; without one, or where it breaks a rule, none."""
    known = ("traceparent", caller)
    assert traced_by(port, [known, ("TraceState", "foo=1,bar=2"), ("Accept", "*/*"), ("tracestate", ""),
                            ("tracestate", "\trojo=00f067aa0ba902b7 ")])[1] == "foo=1,bar=2,rojo=00f067aa0ba902b7"
    parent, state = traced_by(port, [known, ("tracestate", "foo=1"), ("tracestate", "FOO=2")])
    assert parent.startswith(f"00-{TRACE}-") and state is None, (parent, state)
    assert traced_by(port, [("tracestate", "foo=1")]) == (None, None)
    assert traced_by(port, [("traceparent", caller[:-1]), ("tracestate", "foo=1")]) == (None, None)
    assert traced_by(port, [known, known, ("tracestate", "foo=1")]) == (None, None)


def main(folder):
    prepare(folder)
    log = Path(folder, "access.log")
    for words in (("--access-share", "0.5"), ("--access-log", str(log), "--access-share", "2")):
        assert run(folder, "serve", "--listen", "127.0.0.1:0", *words).returncode == 2
    absent = run(folder, "serve", "--listen", "127.0.0.1:0", "--access-log", f"{folder}/no/where.log")
    assert absent.returncode != 0 and "where.log" in absent.stderr, absent

    process, port = start(folder, "--listen", "127.0.0.1:0", "--access-log", str(log))
    begin = time.time()
    predict = "/v1/models/big/predict"
    status, body, _ = ask(port, predict, body={"event": fresh_order("n1"), "record": False})
    assert status == 200
    caller = f"00-{TRACE}-00f067aa0ba902b7-01"
    status, _, traced = ask(port, "/openapi.json?x=1", {"traceparent": caller})
    assert status == 200 and traced.startswith(f"00-{TRACE}-") and traced.endswith("-01") and traced != caller
    _, _, again = ask(port, "/nothing", {"traceparent": caller})
    assert again.startswith(f"00-{TRACE}-") and again != traced, "each request is a span of its own"
    assert ask(port, "/v1/models", {"traceparent": caller.upper()})[2] is None
    check_tracestate(port, caller)
    stop(process)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [one.get("trace") for one in lines[4:]] == [TRACE, TRACE, None, None, None]
    del lines[4:]
    assert [(one["method"], one["path"], one["code"]) for one in lines] == [
        ("POST", predict, 200), ("GET", "/openapi.json", 200), ("GET", "/nothing", 404), ("GET", "/v1/models", 200)]
    assert [one.get("trace") for one in lines] == [None, TRACE, TRACE, None]
    assert traced.split("-")[2] == lines[1]["span"] and again.split("-")[2] == lines[2]["span"]
    for one in lines:
        assert 0 <= one["us"] < 20e6 and 0 <= one["waited_us"] < 20e6 and one["bytes"] > 100, one
        written = time.mktime(time.strptime(one["time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        assert begin - 2 <= written <= time.time() + 2, one
    assert lines[0]["bytes"] > len(body)

    process, port = start(folder, "--listen", "127.0.0.1:0", "--access-log", str(log), "--access-share", "0")
    assert ask(port, "/v1/models")[0] == 200
    stop(process)
    assert len(log.read_text().splitlines()) == 9
    process, port = start(folder, "--listen", "127.0.0.1:0", "--access-log", "/dev/full")
    assert ask(port, "/v1/models")[0] == 200
    deadline = time.time() + 30
    while b"millwright_http_access_log_dropped_total 0" in ask(port, "/metrics")[1]:
        assert time.time() < deadline
        time.sleep(0.1)
    stop(process)
    print("a line for each")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
