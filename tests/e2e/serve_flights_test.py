"""Days of flights are served under a virtual clock, and their features are those of a replay.

Twelve days of January 2013 are ingested and a model is trained. Flights of the next days are
sent over HTTP when they become known, as a client would, while the clock goes forward; the
server is killed on the way, every other time while a checkpoint is written, else after one. Then every feature of more
than 10,000 served predictions must equal, bit by bit, what `features build` computes from a project that has all of it
as history.
"""
import atexit
import csv
import datetime
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

MILLWRIGHT = os.environ["MILLWRIGHT"]
SHARE = os.environ["MILLWRIGHT_SHARE"]
HELD = range(13, 25)            # days of January that come over HTTP
START = "2013-01-12T05:00:00Z"  # a day before the first of them: their timetable is known by then
PREDICTIONS_MIN = 10000
KILLS = 6
EARLIER = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}  # missing before
LANDED = {"arr_time", "arr_delay", "air_time"}
UTC = datetime.timezone.utc


def run(folder, *words):
    done = subprocess.run([MILLWRIGHT, *words, "-C", folder], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def text_of(time):
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Server:
    def __init__(self, folder):
        self.folder = folder
        self.start()

    def start(self):
        command = [MILLWRIGHT, "serve", "--clock", START, "--listen", "127.0.0.1:0", "--json",
                   "-C", self.folder]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        started = json.loads(self.process.stdout.readline())
        self.port = started["port"]
        self.came_by_checkpoint = started["recovered"] - started["replayed"]
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.connection.request(method, path, text, headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.connection.close()

    def kill_with_checkpoint(self, prng):
        """At a random moment of writing one, or shortly after."""
        writer = subprocess.Popen([MILLWRIGHT, "checkpoint", "-C", self.folder])
        time.sleep(prng.random() * 0.6)
        writer.send_signal(signal.SIGKILL)
        self.kill()
        writer.wait()

    def kill_after_checkpoint(self):
        """Those of the keeper wait for a core that nobody needs."""
        run(self.folder, "checkpoint")
        self.kill()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, "a server that is told to stop exits with 0"


def rows_of(path, keep):
    with open(path, newline="") as file:
        return [row for row in csv.DictReader(file) if keep(row)]


def write_rows(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def as_json(row, without=()):
    texts = {"carrier", "tailnum", "origin", "dest", "time_hour"}
    known = {name: value for name, value in row.items() if value not in ("", "NA")}
    return {name: value if name in texts else float(value)
            for name, value in known.items() if name not in without}


def messages(flights):
    """What a client would send when: (time, stream, row)."""
    minutes = lambda text: datetime.timedelta(minutes=float(text))
    for row in flights:
        scheduled = time_of(row["time_hour"]) + minutes(row["minute"])
        yield scheduled - datetime.timedelta(days=1), "schedule", as_json(row, EARLIER)
        if row["dep_delay"] == "NA":
            continue
        left = scheduled + minutes(row["dep_delay"])
        yield left, "departures", as_json(row, LANDED)
        if row["arr_delay"] != "NA":
            yield left + minutes(row["air_time"]) + minutes("30"), "arrivals", as_json(row)


def same(served, built):
    if built == "" or served is None:
        return built == "" and served is None
    if isinstance(served, bool):
        return built == str(served).lower()
    return served == (float(built) if isinstance(served, (int, float)) else built)


def compare(server, built):
    count = 0
    for row in built:
        query = urllib.parse.urlencode({"event": row["id"]})
        status, answer = server.call("GET", f"/v1/predictions?{query}")
        assert status == 200, answer
        assert len(answer["predictions"]) == 1, (row["id"], answer)
        prediction = answer["predictions"][0]
        assert prediction["t"] == row["time"], (prediction, row)
        for name, value in prediction["features"].items():
            assert same(value, row[name]), (row["id"], name, value, row[name])
        count += 1
    return count


def main(folder):
    live, whole = os.path.join(folder, "live"), os.path.join(folder, "whole")
    subprocess.run([MILLWRIGHT, "init", live, "--example", "flights"], check=True,
                   stdout=subprocess.DEVNULL)
    data = os.path.join(live, "data")
    january = rows_of(f"{data}/flights.csv",
                      lambda row: int(row["month"]) == 1 and int(row["day"]) < HELD.stop)
    weather = rows_of(f"{data}/weather.csv",
                      lambda row: int(row["month"]) == 1 and int(row["day"]) <= HELD.stop)
    for name in ("flights", "weather"):
        os.remove(f"{data}/{name}.csv")
    write_rows(f"{data}/flights.csv", january)
    write_rows(f"{data}/weather.csv", weather)
    shutil.copytree(live, whole)
    held = [row for row in january if int(row["day"]) in HELD]
    write_rows(f"{data}/flights.csv", [row for row in january if int(row["day"]) < HELD.start])
    run(live, "ingest")
    run(live, "train")
    run(whole, "ingest")
    run(whole, "features", "build", "--output", f"{folder}/built.csv")

    prng = random.Random(int(os.environ.get("MW_SEED", "1")))
    sent = sorted(messages(held), key=lambda message: message[0])
    kills = set(prng.sample(range(len(sent)), KILLS))
    server = Server(live)
    clock, killed, shorter = None, 0, 0
    for i, (time, stream, row) in enumerate(sent):
        if i in kills:
            killed += 1
            if killed % 2: server.kill_with_checkpoint(prng)
            else: server.kill_after_checkpoint()
            server.start()
            shorter += server.came_by_checkpoint > 0
        if time != clock:
            clock = time
            status, answer = server.call("POST", "/v1/clock", {"now": text_of(time)})
            assert status == 200 and answer["clock"] == text_of(time), answer
        status, answer = server.call("POST", f"/v1/events/{stream}", row)
        assert status == 200 and answer["accepted"] == 1, answer
    ids = {row["id"] for row in rows_of(f"{folder}/built.csv", lambda row: START < row["time"])}
    built = rows_of(f"{folder}/built.csv",
                    lambda row: row["id"] in ids and row["time"] <= text_of(clock))
    count = compare(server, built)
    assert count >= PREDICTIONS_MIN, count

    # What was asked before is answered by what was made; what is not due yet, is not recorded.
    status, answer = server.call("POST", "/v1/models/late/predict",
                                 {"event": as_json(held[0], EARLIER)})
    assert status == 200 and answer["id"] and "recorded" not in answer, answer
    later = as_json(held[0], EARLIER)
    later["time_hour"] = "2013-01-29T10:00:00Z"
    status, answer = server.call("POST", "/v1/models/late/predict", {"event": later})
    assert status == 200 and answer["recorded"] is False and answer["id"] is None, answer
    status, answer = server.call("POST", "/v1/clock", {"now": START})
    assert status == 422, answer
    server.stop()
    assert shorter > 0, "no start came by a checkpoint"
    print(f"{count} predictions served as replayed; {shorter} of {KILLS} starts by a checkpoint")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
