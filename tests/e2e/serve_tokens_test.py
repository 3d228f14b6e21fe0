"""Who may ask the server for what: nobody unasked off the loopback address; tokens by scope, until they
are revoked or have expired, also after a restart; and no token lies anywhere on the disk."""
import http.client
import json
import subprocess
import tempfile
from pathlib import Path

from serving import MILLWRIGHT, fresh_order, prepare, run, start, stop

PREDICT, EVENTS = "/v1/models/big/predict", "/v1/events/orders"


def ask(port, method, path, token=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, json.loads(answer.read() or "null")


def make(folder, name, scope, *words):
    made = run(folder, "tokens", "create", name, "--scope", scope, "--json", *words)
    assert made.returncode == 0, made
    return json.loads(made.stdout)["token"]


def check_options(folder):
    for words, says in [(("--listen", "0.0.0.0:0"), "--plain-http"),
                        (("--listen", ":0"), "--plain-http"),
                        (("--tokens", "maybe"), "on or off")]:
        refused = run(folder, "serve", *words)
        assert refused.returncode == 2 and says in refused.stderr, refused
    for words, code in [(("create", "a"), 2), (("create", "a", "--scope", "rea"), 3),
                        (("create", "a", "--scope", "read", "--days", "0"), 2), (("revoke", "a"), 3)]:
        refused = run(folder, "tokens", *words)
        assert refused.returncode == code, refused


def check_scopes(folder, port, tokens):
    row, wish = fresh_order("n1"), {"event": fresh_order("n1"), "record": False}
    wanted = [("GET", "/healthz", None, None, 200), ("GET", "/readyz", None, None, 200),
              ("GET", "/metrics", None, None, 401), ("GET", "/v1/models", None, None, 401),
              ("POST", PREDICT, wish, None, 401), ("POST", EVENTS, row, None, 401),
              ("POST", PREDICT, wish, "mw_" + "0" * 64, 401), ("GET", "/nothing", None, None, 404),
              ("POST", PREDICT, wish, tokens["shop"], 200), ("POST", EVENTS, row, tokens["shop"], 200),
              ("GET", "/v1/models", None, tokens["shop"], 403),
              ("GET", "/v1/models", None, tokens["eyes"], 200),
              ("POST", EVENTS, row, tokens["eyes"], 403), ("POST", EVENTS, row, tokens["boss"], 200),
              ("POST", "/v1/clock", {"now": "2030-01-01T00:00:00Z"}, tokens["shop"], 403),
              ("POST", "/v1/clock", {"now": "2030-01-01T00:00:00Z"}, tokens["boss"], 409)]
    for method, path, body, token, code in wanted:
        status, headers, answer = ask(port, method, path, token, body)
        assert status == code, (method, path, token, status, answer)
        assert (headers["WWW-Authenticate"] == "Bearer") == (code == 401), headers.items()


def check_change(folder, port, tokens):
    assert ask(port, "GET", "/v1/models", tokens["eyes"])[0] == 200
    assert run(folder, "tokens", "revoke", "eyes").returncode == 0
    assert ask(port, "GET", "/v1/models", tokens["eyes"])[0] == 401
    again = make(folder, "eyes", "read")
    assert again != tokens["eyes"] and ask(port, "GET", "/v1/models", again)[0] == 200
    listed = json.loads(run(folder, "tokens", "list", "--json").stdout)
    assert [(one["name"], one["state"]) for one in listed] == [
        ("eyes", "in force"), ("boss", "in force"), ("eyes", "revoked"), ("shop", "in force")], listed
    return again


def check_disk(folder, tokens):
    for path in Path(folder, ".millwright").rglob("*"):
        if path.is_file():
            assert not any(token.encode() in path.read_bytes() for token in tokens), path


def check_warnings(folder):
    process = subprocess.Popen([MILLWRIGHT, "serve", "-C", folder, "--listen", "0.0.0.0:0", "--plain-http",
                                "--tokens", "off"], stderr=subprocess.PIPE, text=True)
    lines = []
    while sum("warning: without" in line for line in lines) < 2:
        lines.append(process.stderr.readline())
        assert lines[-1], lines
    stop(process)
    process.stderr.close()


def main(folder):
    prepare(folder)
    check_options(folder)
    process, port = start(folder, "--listen", "0.0.0.0:0", "--plain-http")
    assert ask(port, "GET", "/v1/models")[0] == 401  # no token is there yet: nobody comes in
    tokens = {"shop": make(folder, "shop", "predict,events"), "eyes": make(folder, "eyes", "read"),
              "boss": make(folder, "boss", "admin", "--days", "1")}
    check_scopes(folder, port, tokens)
    again = check_change(folder, port, tokens)
    stop(process)
    process, port = start(folder, "--listen", "localhost:0", "--tokens", "on")
    assert ask(port, "GET", "/v1/models")[0] == 401
    assert ask(port, "GET", "/v1/models", tokens["eyes"])[0] == 401
    assert ask(port, "GET", "/v1/models", again)[0] == 200
    stop(process)
    check_disk(folder, [again, *tokens.values()])
    process, port = start(folder, "--listen", "127.0.0.1:0")
    assert ask(port, "GET", "/v1/models")[0] == 200
    stop(process)
    check_warnings(folder)
    print("in came who should")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
