"""Streams that fall silent open an alert by the clock, once, and close it when they come back.

Orders of sixty days have habits: their longest silence is known. Under a virtual clock no silence up to
half as long again says anything; a longer one does, in `monitor` and from the keeper alike.
"""
import tempfile
from datetime import datetime, timedelta

from keeper_test import alerts, wait_for
from monitor_test import RETRAIN, monitor, order, serving
from shop import PROJECT, Shop, main, stamp

MINUTES = timedelta(minutes=1)
RULE = "staleness.orders > 1.5"


def times_of(lines):
    return [datetime.fromisoformat(line.split(",")[1]) for line in lines[1:]]


def longest_silence(times):
    return max(after - before for before, after in zip(times, times[1:])
               if after.date() > times[-1].date() - timedelta(days=30))


def look(server, shop, when):
    """The stream and the alert at this time of the clock."""
    server.go_to(when)
    seen = monitor(shop)
    stream = next(s for s in seen["streams"] if s["stream"] == "orders")
    alert = next(v for v in seen["vitals"] if v["rule"] == RULE)
    return stream, alert, seen["verdict"]


def orders_alerts(shop):
    return [entry for entry in alerts(shop) if entry["rule"] == RULE]


def test_a_silent_stream_is_stale_once():
    with Shop(PROJECT + RETRAIN) as shop:
        times = times_of(shop.orders)
        last, silence = times[-1], longest_silence(times)
        shop.ok("ingest")
        shop.ok("train")
        before = monitor(shop)["streams"][0]
        assert before["events"] == len(times) and before["staleness"] > 1000, before
        with serving(shop, last + MINUTES) as server:
            stream, alert, _ = look(server, shop, last + 1.4 * silence)
            assert stream["newest"] == stamp(last), stream
            assert stream["longest_silence_seconds"] == silence.total_seconds(), (stream, silence)
            assert 1.39 < stream["staleness"] < 1.41 and not alert["is_open"], (stream, alert)

            stale = last + 1.5 * silence + 11 * MINUTES
            stream, alert, verdict = look(server, shop, stale)
            assert alert["is_open"] and verdict["is"] == "trouble", alert
            assert RULE in " ".join(verdict["reasons"]), verdict
            opened = datetime.fromisoformat(alert["opened"])
            assert stale - 11 * MINUTES < opened <= stale, "it goes by the clock"
            found = wait_for(lambda: orders_alerts(shop))
            assert [(a["opened"], a["closed"]) for a in found] == [(alert["opened"], None)], found

            look(server, shop, stale + 60 * MINUTES)
            assert len(orders_alerts(shop)) == 1, "it is not repeated"
            server.post("/v1/events/orders", order(1, stale + 60 * MINUTES, 1))
            stream, alert, _ = look(server, shop, stale + 80 * MINUTES)
            assert not alert["is_open"] and stream["events"] == len(times) + 1, (stream, alert)
            assert stream["longest_silence_seconds"] > 1.5 * silence.total_seconds(), stream
            seen = shop.ok("status", "--json").json()["streams"][0]
            assert (seen["events"], seen["log_events"]) == (len(times) + 1, 1), seen
            assert seen["newest"] == stream["newest"] and seen["age_seconds"] == stream["age_seconds"]
            wait_for(lambda: orders_alerts(shop)[0]["closed"])
            assert len(orders_alerts(shop)) == 1
        text = shop.ok("monitor").out
        assert "longest silence" in text and RULE in text, text


def post_orders(server, begin, count, late, first):
    """One order every five minutes, each posted as long after its time."""
    for number in range(count):
        when = begin + number * 5 * MINUTES
        server.go_to(when)
        server.post("/v1/events/orders", order(first + number, when - late, 1))
    return begin + count * 5 * MINUTES


def test_events_that_come_later_than_declared_are_warned_of_once():
    rule = "lag.orders > 60"
    with Shop(PROJECT + RETRAIN) as shop, tempfile.TemporaryFile("w+") as log:
        shop.ok("ingest")
        shop.ok("train")
        seen = {stream["stream"]: stream for stream in monitor(shop)["streams"]}
        assert seen["orders"]["late_p99_seconds"] in (None, 0), "history is there when it declares"
        begin = times_of(shop.orders)[-1] + 120 * MINUTES
        with serving(shop, begin, log) as server:
            def lags():
                return [entry for entry in alerts(shop) if entry["rule"].startswith("lag.")]
            at = post_orders(server, begin, 200, 90 * MINUTES, 0)
            server.go_to(at)
            warned, = wait_for(lags)
            assert warned["rule"] == rule and warned["closed"] is None and int(warned["value"]) == 5400, warned
            assert "are declared as known at their time" in warned["message"], warned
            assert "came up to 1h 30m later: `known: time + 90m` says so" in warned["message"], warned
            assert "1 alert is open" in shop.ok("status").out
            said = monitor(shop)
            assert warned["message"].split(", but 99")[0] in " ".join(said["verdict"]["reasons"]), said["verdict"]
            stream = next(s for s in said["streams"] if s["stream"] == "orders")
            assert int(stream["late_p99_seconds"]) == 5400 and stream["events_last_day"] >= 200, stream
            at = post_orders(server, at, 400, 0 * MINUTES, 1000)
            server.go_to(at)
            wait_for(lambda: lags()[0]["closed"])
            assert len(lags()) == 1, "it is said once"
        log.seek(0)
        lines = [line for line in log if rule in line]
        assert len(lines) == 2 and "known: time + 90m" in lines[0] and "no longer" in lines[1], lines


def test_requests_are_counted_by_model():
    with Shop(PROJECT) as shop:
        shop.ok("ingest")
        shop.ok("train")
        begin = times_of(shop.orders)[-1] + MINUTES
        with serving(shop, begin) as server:
            assert monitor(shop)["requests"]["last_hour"] == 0
            server.go_to(begin + MINUTES)
            for number in range(120):
                server.post("/v1/models/returned/predict", {"event": order(number, begin, 1)})
            for number in range(30):
                row = {**order(1000 + number, begin, 1), "shop": "nowhere"}
                assert server.ask("/v1/models/returned/predict", {"event": row})[0] == 422
            assert server.ask("/v1/models/other/predict", {"event": {}})[0] == 404
            seen = monitor(shop)
            requests = seen["requests"]
            assert requests["last_hour"] == 150 and requests["refused_share"] == 0.2, requests
            assert requests["failed_share"] == 0, requests
            assert 0 < requests["latency_p50_seconds"] <= requests["latency_p99_seconds"] < 5, requests
            vitals = {vital["rule"]: vital for vital in seen["vitals"]}
            assert vitals["errors > 0.01"]["value"] == 0, vitals
            assert vitals["latency.p99 > 0.25"]["value"] == requests["latency_p99_seconds"], vitals
            assert "requests of the last hour: 150, p50 " in shop.ok("monitor").out
            assert shop.ok("status", "--json").json()["models"][0]["requests"] == requests
            assert " 150, p50 " in shop.ok("status").out
        assert monitor(shop)["requests"] is None
        assert "no server runs" in shop.ok("monitor").out


if __name__ == "__main__":
    main(globals())
