"""Moving the log's events to the lake changes nothing that anybody sees.

Orders are predicted by a server under a virtual clock. Of two copies of the project one has its log moved,
some of it beside the running server. Whatever is asked of the two afterwards, with a checkpoint, without
one, by a version with another program, after more was posted and moved: the answers are the same bytes.
"""
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from monitor_test import BEGIN, DAYS, Server, order, predict_orders, return_some, serving
from shop import PROJECT, Shop, main

END = BEGIN + timedelta(days=DAYS)


class Alone(Server):
    """A server without its keeper, which would move the log when it begins."""

    def __init__(self, shop, clock=END):
        command = [os.environ["MILLWRIGHT"], "server", "--clock", clock.strftime("%Y-%m-%dT%H:%M:%SZ"),
                   "--listen", "127.0.0.1:0", "--json", "-C", str(shop.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        port = json.loads(self.process.stdout.readline())["port"]
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def stop(self):
        self.connection.close()
        self.process.terminate()
        _, said = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, said
        return said


def copy_of(shop):
    other = Shop.__new__(Shop)
    other.folder = Path(tempfile.mkdtemp(prefix="millwright-moved-"))
    shutil.copytree(shop.folder, other.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("socket"))
    return other


def sql(shop, statement):
    return shop.ok("sql", statement, "--json").json()


def moved(shop):
    """Events in the lake that came from the log, as the catalog says."""
    return sql(shop, "SELECT coalesce(sum(events), 0)::BIGINT AS n FROM ingests WHERE ingest > 1")[0]["n"]


def standing(shop):
    """What `status` says of data and streams, wherever they stand."""
    status = shop.ok("status", "--json").json()
    return status["data_version"], [(one["stream"], one["events"], one["newest"])
                                    for one in status["streams"]]


def look(shop):
    """What is said without a server."""
    shop.ok("features", "build", "--output", str(shop.folder / "built.csv"))
    return [standing(shop), sql(shop, "SELECT * FROM orders ORDER BY place, order_id"),
            sql(shop, "SELECT * FROM returns ORDER BY place, order_id"),
            sql(shop, "SELECT * FROM predictions ORDER BY id"),
            sql(shop, "SELECT * FROM examples ORDER BY place, event"),
            (shop.folder / "built.csv").read_text(),
            {key: value for key, value in shop.ok("train", "--json").json().items()
             if key in ("version", "data_version", "examples", "metrics")}]


def live_on(shop, first, hours, promote=None, middle=None):
    """Goes on where the log ends; all answers, and what was said about the start."""
    server = Alone(shop)
    answers = []
    if promote:
        shop.ok("models", "promote", "returned", promote)
    for i in range(24):
        now = END + timedelta(hours=hours + i)
        server.go_to(now)
        answers.append(server.post("/v1/models/returned/predict", {"event": order(first + i, now, 3)}))
        row = {**order(i, now, 1), "returned": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "order_id": f"n{first + i - 9}"}
        del row["placed"]
        answers.append(server.post("/v1/events/returns", {"events": [row]}))
        if middle and i % 8 == 3:
            middle(shop)
    answers += [server.get(f"/v1/predictions/{one['id']}") for one in answers if "id" in one]
    answers.append(server.get("/v1/models"))
    return answers, server.stop()


def forget(shop):
    shutil.rmtree(shop.folder / ".millwright/checkpoints")


def move(shop):
    before = moved(shop)
    shop.ok("move-log")
    assert moved(shop) > before


def check_twins(plain, other):
    """`other` is moved again and again, `plain` never is."""
    assert look(plain) == look(other)
    said = live_on(plain, 1000, 1), live_on(other, 1000, 1, middle=move)
    assert said[0] == said[1] and "checkpoint" not in said[1][1], said[1][1]
    move(other)
    assert look(plain) == look(other)
    forget(plain), forget(other)
    said = live_on(plain, 1100, 30), live_on(other, 1100, 30)
    assert said[0] == said[1], "by replaying everything"
    assert live_on(plain, 1200, 60) == live_on(other, 1200, 60), "by a checkpoint that was made then"

    for shop in (plain, other):  # windows of another program, from lake and log
        text = (shop.folder / "millwright.yaml").read_text()
        shop.write(text.replace("over {1h, 1d})", "over {2h, 3d})"))
    versions = [shop.ok("train", "--json").json()["version"] for shop in (plain, other)]
    assert versions[0] == versions[1]
    said = [live_on(shop, 1300, 90, versions[0], middle)[0]
            for shop, middle in ((plain, None), (other, move))]
    assert said[0] == said[1], "by another program"
    assert moved(plain) == 0 and look(plain) == look(other)
    replayed = other.ok("predictions", "replay", said[1][20]["id"], "--json").json()
    assert replayed["differences"] == 0, replayed


def test_a_move_changes_nothing():
    with Shop(PROJECT) as shop:
        shop.ok("ingest")
        shop.ok("train")
        server = Alone(shop, BEGIN)
        made = predict_orders(server)
        return_some(server, made)
        before = look(shop)
        server.stop()
        with copy_of(shop) as other:
            with_lake = other.ok("data", "versions", "--json").json()[0]["data_version"]
            move(other)
            assert look(other) == before
            moved_row, *_ = other.ok("data", "versions", "--json").json()
            assert (moved_row["data_version"], moved_row["from"]) == (with_lake, "log"), moved_row
            assert other.ok("move-log").err == "", "nothing is left"
            check_twins(shop, other)


def test_the_keeper_moves_what_a_life_before_has_left():
    with Shop(PROJECT, count=500) as shop:
        shop.ok("ingest")
        shop.ok("train")
        server = Alone(shop, BEGIN)
        server.post("/v1/models/returned/predict", {"event": order(1, BEGIN, 1)})
        server.stop()
        with serving(shop, BEGIN):
            until = time.monotonic() + 20
            while moved(shop) == 0 and time.monotonic() < until:
                time.sleep(0.1)
            assert moved(shop) == 1
        assert sql(shop, "SELECT count(*) AS n FROM orders") == [{"n": 501}]


if __name__ == "__main__":
    main(globals())
