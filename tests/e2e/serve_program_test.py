"""A version answers by the program that it was trained with, whatever the project file says today.

A definition changes under the name of its feature. The server goes on with the old one, also
after a restart; the new one counts from the promotion of a version that was trained with it,
under load and without a lost request, and the old one again after a rollback. What was recorded is shown
by the features of the version that made it, whichever answers now.
"""
import datetime
import json
import signal
import tempfile
import threading
import time

from serving import PROJECT, call, order, run, start, stop, write_project

OTHER_FEATURES = "  price: amount\n  cheap: amount < 20\n"
HOURS_AGO = [20, 10, 5, 1.5, 0.2]  # of the orders that stand when the first question is asked


def train(folder):
    done = run(folder, "train", "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)["version"]


def ago(hours):
    return (datetime.datetime.now(datetime.timezone.utc) -
            datetime.timedelta(hours=hours)).isoformat()


class Client(threading.Thread):
    """Asks one question after the other, and looks at what each answer was made from."""
    def __init__(self, port, windows, asked):
        super().__init__(daemon=True)
        self.port, self.windows, self.asked = port, windows, asked
        self.versions, self.stopping, self.failure = [], False, None
        self.shown = {}  # what each prediction was made from, by its id

    def run(self):
        while not self.stopping and not self.failure:
            status, answer = call(self.port, "POST", "/v1/models/big/predict",
                                  {"event": order(f"live {self.asked}", at=ago(0))})
            if status != 200:
                self.failure = answer
                break
            window = self.windows[answer["version"]]
            busy = sum(hours < window for hours in HOURS_AGO) + self.asked
            status, shown = call(self.port, "GET", f"/v1/predictions/{answer['id']}")
            if status != 200 or shown["features"]["busy"] != busy:
                self.failure = (shown, "expected", busy)
            self.shown[answer["id"]] = shown
            self.asked += 1
            self.versions.append(answer["version"])

    def wait_for(self, version):
        deadline = time.monotonic() + 20
        while not (self.versions and self.versions[-1] == version):
            assert self.failure is None, self.failure
            assert time.monotonic() < deadline, f"no answer by {version}"
            time.sleep(0.002)

    def end(self):
        self.stopping = True
        self.join(20)
        assert self.failure is None, self.failure


def main(folder):
    write_project(folder)
    assert run(folder, "ingest").returncode == 0
    wide = train(folder)
    windows = {wide: 24}
    with open(f"{folder}/millwright.yaml", "w") as file:
        file.write(PROJECT.replace("over 24h", "over 2h"))
    live = json.loads(run(folder, "check", "--json").stdout)["models"][0]["live"]
    assert live == {"version": wide, "changes": [
        {"what": "feature", "name": "busy", "change": "changed",
         "live": "count(orders by shop over 1d)", "file": "count(orders by shop over 2h)"}]}, live

    process, port = start(folder, "--listen", "127.0.0.1:0")
    for i, hours in enumerate(HOURS_AGO):
        status, answer = call(port, "POST", "/v1/events/orders", order(f"old {i}", at=ago(hours)))
        assert status == 200 and answer["accepted"] == 1, answer
    client = Client(port, windows, 0)
    client.start()
    client.wait_for(wide)
    with open(f"{folder}/millwright.yaml", "w") as file:
        file.write(PROJECT.replace("over 24h", "over 2h").replace("  amount: amount\n", OTHER_FEATURES))
    narrow = train(folder)
    windows[narrow] = 2
    for words, champion in ((["promote", "big", narrow], narrow), (["rollback", "big"], wide),
                            (["promote", "big", narrow], narrow)):
        done = run(folder, "models", *words)
        assert done.returncode == 0, done
        client.wait_for(champion)
    client.end()
    changes = [version for i, version in enumerate(client.versions)
               if i == 0 or version != client.versions[i - 1]]
    assert changes == [wide, narrow, wide, narrow], changes

    process.send_signal(signal.SIGKILL)
    process.wait()
    with open(f"{folder}/millwright.yaml", "w") as file:
        file.write(PROJECT.replace("over 24h", "over 7d"))
    process, port = start(folder, "--listen", "127.0.0.1:0")
    again = Client(port, windows, client.asked)
    again.start()
    again.wait_for(narrow)
    again.end()
    names = {tuple(shown["features"]) for shown in client.shown.values()}
    assert names == {("amount", "busy"), ("price", "cheap", "busy")}, names
    for prediction, shown in client.shown.items():
        assert call(port, "GET", f"/v1/predictions/{prediction}") == (200, shown)
    stop(process)
    print(f"{again.asked} answers by two programs")


def rename_zone(folder):
    """A zone by another of its names is no other zone: the version goes on, and ingests, beside a server too."""
    write_project(folder)
    zoned = [f"zone: {name}\n{PROJECT}" for name in ("UTC", "Etc/UTC", "Zulu")]
    path = f"{folder}/millwright.yaml"
    with open(path, "w") as file:
        file.write(zoned[0])
    assert run(folder, "ingest").returncode == 0
    version = train(folder)
    with open(path, "w") as file:
        file.write(zoned[1])
    live = json.loads(run(folder, "check", "--json").stdout)["models"][0]["live"]
    assert live == {"version": version, "changes": [
        {"what": "zone", "change": "changed", "live": "UTC", "file": "Etc/UTC"}]}, live
    process, port = start(folder, "--listen", "127.0.0.1:0")
    assert call(port, "POST", "/v1/events/orders", order("before", at=ago(2)))[0] == 200
    status, answer = call(port, "POST", "/v1/models/big/predict", {"event": order("asked", at=ago(0))})
    assert status == 200 and answer["version"] == version, answer
    assert call(port, "GET", f"/v1/predictions/{answer['id']}")[1]["features"]["busy"] == 1
    with open(path, "w") as file:
        file.write(zoned[2])
    with open(f"{folder}/more.csv", "w") as file:
        file.write("number,at,shop,amount,returned\nmore,2024-03-01T00:00:00Z,north,5,\n")
    done = run(folder, "ingest", "orders", "--from", "more.csv")
    assert done.returncode == 0, done
    stop(process)


for each in main, rename_zone:
    with tempfile.TemporaryDirectory() as temporary:
        each(temporary)
