"""/metrics as the readers of Prometheus' own Python client see it, in both formats, after real traffic."""
import http.client
import tempfile

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus
from serving import call, order, start, stop, write_project

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
    for number in range(5):
        assert call(port, "POST", "/v1/events/orders", order(f"n{number}"))[0] == 200
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
    units = {family.name: family.unit for family in families if family.unit}
    assert units["millwright_http_request_seconds"] == "seconds", units
    assert units["millwright_http_received_bytes"] == "bytes", units


with tempfile.TemporaryDirectory() as folder:
    write_project(folder)
    process, port = start(folder, "--listen", "127.0.0.1:0")
    check(port)
    stop(process)
print("ok")
