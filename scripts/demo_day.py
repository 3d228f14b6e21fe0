"""The demo's last day: holds it back, sends it over HTTP, compares what was served with a replay.

    demo_day.py hold DATA MIDNIGHT HELD
        Leaves DATA/flights.csv and DATA/weather.csv as they stood at MIDNIGHT: what was not known
        yet goes. The whole files move to the folder HELD.
    demo_day.py play HELD MIDNIGHT ADDRESS SERVED
        Plays a client of the server at ADDRESS: moves its clock from one moment to the next, posts
        each departure, landing and weather report when it is known, and asks, an hour before each
        flight, whether it will be late. Writes the answers to the file SERVED, as JSON.
    demo_day.py compare SERVED BUILT
        Compares each served feature vector with its row of BUILT, from `features build`.
"""
import csv
import http.client
import json
import shutil
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

MISSING = "NA"
DEPARTED = ("dep_time", "dep_delay")  # known once a flight has left
LANDED = ("arr_time", "arr_delay", "air_time")  # known once it has landed
TEXTS = {"carrier", "tailnum", "origin", "dest", "time_hour"}


def time_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def minutes(text):
    return timedelta(minutes=float(text))


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


# --- when what is known; the project file says the same in `time`, `known` and `later` -------------


def scheduled(flight):
    return time_of(flight["time_hour"]) + minutes(flight["minute"])


def left(flight):
    return scheduled(flight) + minutes(flight["dep_delay"]) if flight["dep_delay"] != MISSING else None


def landed(flight):
    if flight["arr_delay"] == MISSING:
        return None
    return left(flight) + minutes(flight["air_time"]) + timedelta(minutes=30)


def reported(weather):
    return time_of(weather["time_hour"]) + timedelta(hours=1)


def without(row, names):
    return {name: MISSING if name in names else value for name, value in row.items()}


# --- hold ------------------------------------------------------------------------------------------


def as_known(flight, midnight):
    """The flight as its row stood at midnight; None if it was not on the timetable yet."""
    if scheduled(flight) - timedelta(days=1) >= midnight:
        return None
    if left(flight) is None or left(flight) >= midnight:
        return without(flight, DEPARTED + LANDED)
    if landed(flight) is None or landed(flight) >= midnight:
        return without(flight, LANDED)
    return flight


def hold(data, midnight, held):
    held.mkdir(parents=True)
    for name in ("flights.csv", "weather.csv"):
        shutil.move(data / name, held / name)
    flights = [as_known(flight, midnight) for flight in rows_of(held / "flights.csv")]
    write_rows(data / "flights.csv", [flight for flight in flights if flight])
    weather = rows_of(held / "weather.csv")
    write_rows(data / "weather.csv", [report for report in weather if reported(report) < midnight])


# --- play ------------------------------------------------------------------------------------------


class Server:
    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=60)

    def call(self, method, path, body=None):
        self.connection.request(method, path, body and json.dumps(body),
                                {"Content-Type": "application/json"} if body else {})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            sys.exit(f"{method} {path}: {answer.status}\n{text}")
        return json.loads(text)


def as_json(row):
    return {name: value if name in TEXTS else float(value)
            for name, value in row.items() if value not in ("", MISSING)}


def happenings(held, midnight):
    """(when, order, what, row): a moment comes before the events that are known at its minute."""
    for flight in rows_of(held / "flights.csv"):
        if scheduled(flight) - timedelta(hours=1) >= midnight:
            timetable = without(flight, DEPARTED + LANDED)
            yield scheduled(flight) - timedelta(hours=1), 0, "predict", timetable
        if left(flight) and left(flight) >= midnight:
            yield left(flight), 1, "departures", without(flight, LANDED)
        if landed(flight) and landed(flight) >= midnight:
            yield landed(flight), 1, "arrivals", flight
    for report in rows_of(held / "weather.csv"):
        if reported(report) >= midnight:
            yield reported(report), 1, "weather", report


def show_progress(done, total):
    if sys.stderr.isatty():
        bar = "=" * (30 * done // total)
        end = "\r" if done < total else "\r\x1b[K"
        print(f"playing the day [{bar:<30}] {100 * done // total:3} %", end=end, file=sys.stderr, flush=True)


def play(held, midnight, address, served_path):
    server = Server(address)
    clock, sent, latencies, served = None, 0, [], []
    day = sorted(happenings(held, midnight), key=lambda happening: happening[:2])
    for i, (when, _, what, row) in enumerate(day):
        if when != clock:
            clock = when
            server.call("POST", "/v1/clock", {"now": text_of(clock)})
        if what == "predict":
            start = time.perf_counter()
            answer = server.call("POST", "/v1/models/late/predict", {"event": as_json(row)})
            latencies.append(time.perf_counter() - start)
            served.append(server.call("GET", f"/v1/predictions/{answer['id']}"))
        else:
            answer = server.call("POST", f"/v1/events/{what}", as_json(row))
            if answer["accepted"] != 1:
                sys.exit(f"{what}: {answer}")
            sent += 1
        if i % 50 == 0 or i + 1 == len(day):
            show_progress(i + 1, len(day))
    served_path.write_text(json.dumps(served, indent=1))
    latencies.sort()
    print(f"{sent:,} events sent, {len(served):,} predictions asked for; an answer took "
          f"{1000 * latencies[len(latencies) // 2]:.2f} ms (p50), "
          f"{1000 * latencies[len(latencies) * 99 // 100]:.2f} ms (p99), the client's share included")


# --- compare ---------------------------------------------------------------------------------------


def same(served, built):
    """Both sides write the shortest text that reads back to the same bits, so equal doubles are equal bits."""
    if served is None or built == "":
        return served is None and built == ""
    if isinstance(served, bool):
        return built == str(served).lower()
    return float(built) == served if isinstance(served, (int, float)) else built == served


def compare(served_path, built_path):
    served = json.loads(served_path.read_text())
    wanted = {prediction["event"] for prediction in served}
    with open(built_path, newline="") as file:
        built = {row["id"]: row for row in csv.DictReader(file) if row["id"] in wanted}
    values, different = 0, []
    for prediction in served:
        row = built[prediction["event"]]
        for name, value in {"time": prediction["t"], **prediction["features"]}.items():
            values += name != "time"
            if not same(value, row[name]):
                different.append(f"{prediction['event']}: {name}: served {value}, replayed {row[name]}")
    print(f"{len(served):,} predictions, {values:,} feature values: {len(different)} differ")
    if different:
        sys.exit("\n".join(different[:10]))


def main(command, *words):
    if command == "hold":
        hold(Path(words[0]), time_of(words[1]), Path(words[2]))
    elif command == "play":
        play(Path(words[0]), time_of(words[1]), words[2], Path(words[3]))
    else:
        compare(Path(words[0]), Path(words[1]))


main(*sys.argv[1:])
