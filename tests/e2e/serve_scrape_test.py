"""/metrics as the readers of Prometheus' own Python client see it, in both formats, after real traffic; as promtool
sees it, which finds nothing to mend; and as a real Prometheus scrapes and answers it."""
import atexit
import http.client
import itertools
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.parse

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus
from serving import PROJECT, call, order, run, start, stop, write_project

PROGRAMS = os.environ["MILLWRIGHT_PROMETHEUS"]
PROMETHEUS_ASKS = ("application/openmetrics-text;version=1.0.0;q=0.5,"
                   "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2")


def scrape(port, accept):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics", headers={"Accept": accept} if accept else {})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.getheader("Vary") == "Accept", answer.headers
    return answer.getheader("Content-Type"), answer.read().decode()


def samples(families):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families for sample in family.samples}


def check(port):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())  # so that windows hold them
    for number in range(5):
        assert call(port, "POST", "/v1/events/orders", order(f"n{number}", at=now))[0] == 200
    assert call(port, "POST", "/v1/events/nothing", order("x"))[0] == 404

    kind, text = scrape(port, None)
    assert kind == "text/plain; version=0.0.4; charset=utf-8", kind
    plain = samples(read_prometheus(text))
    kind, text = scrape(port, PROMETHEUS_ASKS)
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8", kind
    families = list(read_openmetrics(text))
    opened = samples(families)

    assert set(plain) <= set(opened), set(plain) - set(opened)
    for seen in (plain, opened):
        assert seen["millwright_rows_total", (("result", "accepted"),)] == 5, seen
        route = (("method", "POST"), ("route", "/v1/events/{stream}"))
        assert seen["millwright_http_request_seconds_count", route] == 6, seen
        assert seen["millwright_http_request_seconds_bucket", (("le", "+Inf"), *route)] == 6, seen
        assert seen["millwright_http_requests_total", (("code", "404"), *route)] == 1, seen
        model = (("model", "big"),)
        assert seen["millwright_window_keys", model] == 1 and seen["millwright_window_bytes", model] > 0, seen
        assert seen["millwright_spilled_keys", model] == seen["millwright_spilled_bytes", model] == 0, seen
    units = {family.name: family.unit for family in families if family.unit}
    assert units["millwright_http_request_seconds"] == "seconds", units
    assert units["millwright_http_received_bytes"] == "bytes", units


def check_lint(port):
    kind, text = scrape(port, None)
    linted = subprocess.run([f"{PROGRAMS}/promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert linted.returncode == 0 and not linted.stderr, linted


def start_prometheus(folder, port):
    """On a free port, which its log tells."""
    with open(f"{folder}/prometheus.yml", "w") as file:
        file.write(f"""scrape_configs:
  - job_name: millwright
    scrape_interval: 1s
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
""")
    process = subprocess.Popen([f"{PROGRAMS}/prometheus", f"--config.file={folder}/prometheus.yml",
                                f"--storage.tsdb.path={folder}/tsdb", "--web.listen-address=127.0.0.1:0"],
                               stderr=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    for line in process.stderr:
        listening = re.search(r'msg="Listening on" address=127.0.0.1:(\d+)', line)
        if listening:
            return process, int(listening.group(1))
    raise AssertionError("Prometheus has ended")


def ask_prometheus(port, query):
    status, answer = call(port, "GET", "/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    assert status == 200, answer
    return {tuple(sorted(found["metric"].items())): float(found["value"][1]) for found in answer["data"]["result"]}


def is_ready(port):
    """It listens before it can be asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/-/ready")
    return connection.getresponse().status == 200


def check_prometheus(folder, port):
    process, prometheus = start_prometheus(folder, port)
    until = time.monotonic() + 60
    while not is_ready(prometheus):
        assert time.monotonic() < until, "Prometheus is not ready"
        time.sleep(0.2)
    while not (rows := ask_prometheus(prometheus, 'millwright_rows_total{result="accepted"}')):
        assert time.monotonic() < until, "nothing was scraped"
        time.sleep(0.2)
    assert list(rows.values()) == [5], rows
    assert list(ask_prometheus(prometheus, "up").values()) == [1]
    late = ask_prometheus(prometheus, "histogram_quantile(0.9, millwright_http_request_seconds_bucket"
                          '{route="/v1/events/{stream}"})')
    assert len(late) == 1 and all(0 < value < 1 for value in late.values()), late
    status, answer = call(prometheus, "GET", "/api/v1/targets/metadata?metric=millwright_rows")
    kinds = {found["type"] for found in answer["data"]}
    assert status == 200 and kinds == {"counter"}, answer
    process.kill()


def ago(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))


LOSSY = PROJECT.replace("shop: {in: [north, south]}, ", "").replace("models:", """\
  shop: shop
  huge: sum(orders.amount * 1e20 by shop over 24h)
models:""")


def check_counted(folder):
    """What is read as missing, what comes too late for windows, and how much later than declared events are known."""
    write_project(folder)
    with open(f"{folder}/millwright.yaml", "w") as file:
        file.write(LOSSY)
    for word in ("ingest", "train"):
        done = run(folder, word)
        assert done.returncode == 0, done
    process, port = start(folder, "--listen", "127.0.0.1:0")
    model, stream = (("model", "big"),), (("stream", "orders"),)

    def counts():
        seen = samples(read_prometheus(scrape(port, None)[1]))
        return [seen["millwright_" + name + "_total", labels] for name, labels in (
            ("window_values_outside", model), ("window_events_too_late", model), ("unseen_values", model),
            ("stream_events", stream), ("known_late_seconds", stream))]

    def pass_on(numbers=itertools.count()):
        """Windows take an event when the next one comes."""
        assert call(port, "POST", "/v1/events/orders", order(f"next {next(numbers)}", at=ago(0), amount=0))[0] == 200

    def added(event, path="/v1/events/orders"):
        pass_on()
        before = counts()
        status, answer = call(port, "POST", path, event)
        assert status == 200, answer
        pass_on()
        *counted, late = (now - then for now, then in zip(counts(), before))
        return counted, late // 60

    asked = "/v1/models/big/predict"
    assert added(order("a", at=ago(0))) == ([1, 0, 0, 2], 0)
    assert added(order("b", at=ago(1800), amount=0)) == ([0, 0, 0, 2], 30)
    assert added(order("c", at=ago(5 * 86400), amount=0)) == ([0, 1, 0, 2], 7200)
    assert added({"event": order("d", at=ago(0), amount=0)}, asked) == ([0, 0, 0, 2], 0)
    assert added({"event": order("e", at=ago(0), amount=0, shop="west")}, asked) == ([0, 0, 1, 2], 0)
    assert added({"event": order("f", at=ago(0), amount=0, shop="west"), "record": False}, asked) == ([0, 0, 1, 1], 0)
    check_lint(port)
    stop(process)


with tempfile.TemporaryDirectory() as folder:
    check_counted(folder)
with tempfile.TemporaryDirectory() as folder:
    write_project(folder)
    process, port = start(folder, "--listen", "127.0.0.1:0")
    check(port)
    check_lint(port)
    check_prometheus(folder, port)
    stop(process)
print("ok")
