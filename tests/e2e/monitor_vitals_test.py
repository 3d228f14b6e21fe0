"""Streams that fall silent open an alert by the clock, once, and close it when they come back.

Orders of sixty days have habits: their longest silence is known. Under a virtual clock no silence up to
half as long again says anything; a longer one does, in `monitor` and from the keeper alike.
"""
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
            wait_for(lambda: orders_alerts(shop)[0]["closed"])
            assert len(orders_alerts(shop)) == 1
        text = shop.ok("monitor").out
        assert "longest silence" in text and RULE in text, text


if __name__ == "__main__":
    main(globals())
