"""What `serve` begins again goes on with the project as it was served, whatever the file is now.

It is half edited and good so far, makes no sense, gives a stream keys that the champion does not know,
is a folder, or is gone: a server and a keeper that are killed are back within seconds, the same version
answers, and all who look are told. A file counts from a person's own start on, which goes by no other."""
import atexit
import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from serving import MILLWRIGHT, PATIENCE, PROJECT, call, order, prepare, run

WRONG = PROJECT.replace("  busy:", "  pagec: count(visits by page over 1d)\n  busy:")
TOLD = "millwright.yaml:13:16: features.pagec: there is no stream visits\n"
IDLE = "serving:\n  big: {missing: 50%}\n"  # good, but for a note
IDLE_NOTE = "millwright.yaml:19:18: serving: `missing` is not in force without a fallback"
GOES_ON = "goes on with the project as it was accepted at 20"
HALF = PROJECT[:PROJECT.index("features:")]  # good, and without a model


class Served:
    """A project that is served, and what its processes say."""

    def __init__(self, folder, *words, project=PROJECT):
        self.folder, self.file = folder, Path(folder, "millwright.yaml")
        self.deaths = 0
        prepare(folder)
        self.file.write_text(project)
        self.begin(*words)
        if "--json" not in words:  # the events are old; so it has opened the project
            self.wait_for("the keeper", lambda: "keeper: model=big event=alarm" in self.errors())

    def begin(self, *words):
        self.said = open(Path(self.folder, "said"), "w+", encoding="utf-8")
        command = [MILLWRIGHT, "serve", "-C", self.folder, "--listen", "127.0.0.1:0", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.said,
                                        text=True)
        atexit.register(self.process.kill)
        self.hear()

    def hear(self):
        """The next line of a server that serves; its port is another after each start."""
        line = self.process.stdout.readline()
        assert line, self.errors()
        self.heard = line
        is_json = line[0] == "{"
        address = json.loads(line)["port"] if is_json else line.split(",")[0].rsplit(":", 1)[1]
        self.port = int(address)

    def errors(self):
        self.said.seek(0)
        return self.said.read()

    def find(self, role):
        """The process of this role; None while there is none."""
        for path in Path("/proc").glob("[0-9]*"):
            try:
                words = (path / "cmdline").read_bytes().split(b"\0")
                parent = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            if parent == self.process.pid and role.encode() in words[1:2]:
                return int(path.name)
        return None

    def kill(self, role):
        """Of what dies five times within 5 s of its start `serve` thinks the worst."""
        self.deaths += role == "server"
        if self.deaths % 4 == 0 and role == "server":
            time.sleep(5.5)
        os.kill(self.find(role), signal.SIGKILL)

    def wait_for(self, what, is_there, seconds=30):
        deadline = time.monotonic() + seconds * PATIENCE
        while not is_there():
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < deadline, (what, self.errors())
            time.sleep(0.02)

    def ask(self, number):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return call(self.port, "POST", "/v1/models/big/predict", {"event": order(number, at=at)})

    def is_outdated(self):
        """By what status says and then metrics, which must agree: the server looks when status asks it."""
        accepted = served_since(self.folder)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
            metrics = answer.read().decode()
        assert f"\nmillwright_project_outdated {int(accepted is not None)}\n" in metrics, metrics
        return accepted is not None

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20 * PATIENCE) == 0, self.errors()
        self.said.close()


def served_since(folder):
    """As `status` tells it, which looks no further than that there is a project file."""
    path = Path(folder, "millwright.yaml")
    is_gone = not path.exists()
    if is_gone:
        path.write_text("")
    done = run(folder, "status", "--json")
    text = run(folder, "status").stdout
    if is_gone:
        path.unlink()
    assert done.returncode == 0, done
    accepted = json.loads(done.stdout)["project_accepted"]
    assert ("is another than it goes by" in text) == (accepted is not None), text
    return accepted


def remove(path):
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def test_server(folder):
    served = Served(folder)
    kept = Path(folder, ".millwright/served.yaml").read_bytes()
    _, first = served.ask("x0")
    assert not served.is_outdated()
    spoilt = {
        "half, and good so far": HALF,
        "of another model": PROJECT.replace("  big:", "  huge:"),
        "wrong": WRONG,
        "half": PROJECT[:PROJECT.index("label")],
        "not YAML": "project: [",
        "empty": "",
        "of other keys": PROJECT.replace("    id: number\n", "    id: number, shop\n"),
        "of no memory": PROJECT + "memory: 1 kB\n",
        "of as many bytes": PROJECT.replace("24h", "23h"),
        "a folder": None,
        "gone": None,
    }
    for index, (name, text) in enumerate(spoilt.items()):
        remove(served.file)
        if text is not None:
            served.file.write_text(text)
        if name == "a folder":
            served.file.mkdir()
        before = len(served.errors())
        served.kill("server")
        served.hear()
        status, answer = served.ask(f"x{index + 1}")
        assert status == 200 and answer["version"] == first["version"], (name, answer)
        assert "fallback" not in answer and answer["prediction"] is not None, (name, answer)
        said = served.errors()[before:]
        assert said.count(GOES_ON) == 1 and "server: goes on" in said, (name, said)
        assert "millwright.yaml:" not in said, (name, said)  # its mistakes are for `check` to tell
        if name != "a folder":
            assert served.is_outdated(), name
    assert Path(folder, ".millwright/served.yaml").read_bytes() == kept
    remove(served.file)
    served.file.write_text(PROJECT)
    before = len(served.errors())
    served.kill("server")
    served.hear()
    assert served.ask("y")[0] == 200 and not served.is_outdated()
    assert GOES_ON not in served.errors()[before:]
    served.file.write_text(HALF)  # seen without a death, too
    served.wait_for("its word", served.is_outdated)
    served.file.write_text(PROJECT)
    served.wait_for("its word", lambda: not served.is_outdated())
    served.file.write_text(PROJECT + "  huge:" + PROJECT.split("  big:")[1])  # a second model: good
    served.end()
    served.begin()
    assert served.ask("z")[1]["version"] == first["version"] and not served.is_outdated()
    assert call(served.port, "GET", "/v1/models/huge")[0] == 200
    served.file.write_text(PROJECT)
    served.kill("server")
    served.hear()
    assert call(served.port, "GET", "/v1/models/huge")[0] == 200 and served.is_outdated()
    served.end()


def moved(folder):
    """Events of the log that are in the lake, as its catalog has it: the project file makes no sense here."""
    with contextlib.closing(sqlite3.connect(f"{folder}/.millwright/catalog.db", timeout=20)) as catalog:
        return catalog.execute("SELECT coalesce(sum(events), 0) FROM ingests WHERE id > 2").fetchone()[0]


def test_keeper(folder):
    """It goes on with its work, and so do those that work for it: the server finds a checkpoint."""
    served = Served(folder, project=PROJECT + IDLE)
    with open(f"{folder}/orders.csv", "a", encoding="utf-8") as file:
        file.write("h1000,north,1.5,2024-02-20T00:00:00Z,\n")
    done = run(folder, "ingest")  # after which it opens the project anew
    assert done.returncode == 0, done.stderr
    served.file.write_text(WRONG)
    served.kill("keeper")
    checkpoints = Path(folder, ".millwright/checkpoints")
    rows = [order(f"n{i}", at=f"2024-03-01T{i % 24:02}:00:00Z") for i in range(20000)]
    status, answer = call(served.port, "POST", "/v1/events/orders",
                          "\n".join(json.dumps(row) for row in rows), "application/x-ndjson")
    assert status == 200 and answer["accepted"] == 20000, answer
    # at idle priority, so where others need the cores it takes its time
    served.wait_for("a checkpoint", lambda: list(checkpoints.glob("*.checkpoint")), 180)
    served.kill("server")
    served.kill("keeper")
    served.hear()
    assert "by a checkpoint" in served.heard, (served.heard, served.errors())
    # in one or, on a busy machine, in parts; who was killed may have moved them without a word
    served.wait_for("the log's move", lambda: moved(folder) == 20000, 180)
    assert served.ask("x")[0] == 200
    served.wait_for("the keeper's death", lambda: served.errors().count("keeper: died") == 2, 60)
    said = served.errors()
    assert TOLD not in said and said.count(GOES_ON) == 1, said
    assert said.count("yaml:19:18: ") == said.count(IDLE_NOTE) == 1, said  # by the first server, for all
    served.end()


def obstruct(served, kept):
    """A server that is begun again, and cannot keep what it serves; False: it was ready before."""
    served.kill("server")
    served.wait_for("a start", lambda: not kept.is_dir())  # what is no such file is removed
    try:
        Path(kept, "in the way").mkdir(parents=True)
    except (FileExistsError, NotADirectoryError):
        kept.unlink()
        kept.mkdir()
        served.hear()
        return False
    served.hear()
    return True


def test_unkept(folder):
    """What cannot be kept is served all the same, told once, and kept as soon as it can be."""
    served = Served(folder)
    kept = Path(folder, ".millwright/served.yaml")
    kept.unlink()
    kept.mkdir()
    while not obstruct(served, kept):
        pass
    said = "server: the project as it is served was not kept: "
    served.wait_for("its word", lambda: said in served.errors())
    assert served.ask("x")[0] == 200 and not served.is_outdated()
    served.wait_for("a later try", lambda: "is served is kept now" in served.errors())
    assert kept.read_text().startswith(PROJECT + "\n# As") and \
        served.errors().count(said) == 1, served.errors()
    served.end()


class InTheWay(threading.Thread):
    """Of what is to be kept: as long as it lasts nothing is."""

    def __init__(self, kept):
        super().__init__(daemon=True)
        self.kept, self.is_over = kept, threading.Event()
        self.start()

    def run(self):
        while not self.is_over.wait(0.002):
            try:
                if not self.kept.is_dir():
                    self.kept.unlink(missing_ok=True)
                    Path(self.kept, "in the way").mkdir(parents=True)
            except OSError:
                continue

    def end(self):
        self.is_over.set()
        self.join()


def test_apart(folder):
    """Where nothing could be kept, a keeper does not work by another file than the server."""
    served = Served(folder)
    in_the_way = InTheWay(Path(folder, ".millwright/served.yaml"))
    served.file.write_text("\n" + PROJECT)
    served.kill("server")  # so it goes by today's file, and the keeper by that of before
    served.hear()
    assert not served.is_outdated()
    served.wait_for("the keeper", lambda: "keeper: the server was begun again by another" in served.errors(), 90)
    apart = "keeper: the server goes by another project file than "
    time.sleep(2)
    assert apart not in served.errors(), served.errors()
    served.file.write_text("\n\n" + PROJECT)
    served.kill("keeper")  # and now the other way round
    served.wait_for("its word", lambda: apart in served.errors())
    assert served.is_outdated() and served.ask("x")[0] == 200
    in_the_way.end()
    served.wait_for("a later try", lambda: "is served is kept now" in served.errors())
    served.wait_for("the keeper", lambda: "goes by the server's project file now" in served.errors(), 90)
    time.sleep(2)
    assert served.errors().count(apart) == 1, served.errors()
    served.end()


def test_start(folder):
    """A person's start goes by today's file alone, whatever an earlier `serve` has left behind."""
    served = Served(folder, "--json")
    served.file.write_text(WRONG)
    served.kill("server")
    served.hear()
    heard = json.loads(served.heard)
    assert heard["accepted"].startswith("20"), heard
    second = run(folder, "serve", "--listen", "127.0.0.1:0")
    assert second.returncode == 4, second
    assert "a server runs on this project already" in second.stderr, second
    served.process.kill()  # so the file as served is left behind
    served.process.wait()
    served.said.close()
    kept = Path(folder, ".millwright/served.yaml")
    assert kept.read_text().startswith(PROJECT + "\n# As millwright serve ")
    refused = run(folder, "serve", "--listen", "127.0.0.1:0")
    assert refused.returncode == 3, refused
    counted = f"millwright: {folder}/millwright.yaml: 1 mistake to mend\n"
    assert refused.stderr == f"{folder}/{TOLD}{counted}", refused  # nothing was started
    refused = run(folder, "serve", "--listen", "127.0.0.1:0", "--json")
    mistakes = json.loads(refused.stdout)["error"]["mistakes"]
    assert refused.returncode == 3 and len(mistakes) == 1, refused
    served.file.write_text(PROJECT)
    with socket.socket() as taken:  # what was kept goes before the new server keeps anything
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run(folder, "serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert refused.returncode != 0 and "127.0.0.1" in refused.stderr, refused
    assert not kept.exists()
    served.begin()
    kept.write_text(kept.read_text().replace("24h", "23h"))  # not as it was written: it is none
    served.file.write_text(WRONG)
    served.kill("server")
    assert served.process.wait(30 * PATIENCE) != 0, served.errors()
    said = served.errors()
    assert GOES_ON not in said and "served.yaml: is not as it was written: goes by millwright.yaml" in said, said
    served.said.close()


def test_another_serve(folder):
    """What that took up is none of this one's, though its server died before it could forget it."""
    served = Served(folder)
    served.process.kill()  # so the file as served is left behind
    served.process.wait()
    kept = Path(folder, ".millwright/served.yaml")
    left = kept.read_bytes()
    served.file.write_text(PROJECT.replace("24h", "12h"))
    served.said.close()
    served.begin()
    own = kept.read_bytes()
    assert own.startswith(served.file.read_bytes() + b"\n# As"), own
    kept.write_bytes(left)  # as if the first server had died before it removed it
    served.kill("server")
    served.hear()
    assert GOES_ON not in served.errors() and not served.is_outdated(), served.errors()
    assert kept.read_bytes().splitlines()[:-1] == own.splitlines()[:-1]
    served.end()


def test_unreadable(folder):
    """Where what is kept cannot be read for a while, no other file counts in its place."""
    served = Served(folder)
    kept, aside = Path(folder, ".millwright/served.yaml"), Path(folder, "aside")
    time.sleep(5.5)  # what has lived so long is begun again, whatever it dies of
    kept.rename(aside)
    kept.symlink_to("served.yaml")  # to itself
    served.file.write_text(HALF)
    served.kill("server")
    served.wait_for("a failed start", lambda: "with exit code 4, starts again" in served.errors())
    assert "served.yaml: cannot be looked at: " in served.errors(), served.errors()
    aside.replace(kept)
    served.hear()
    assert served.ask("x")[0] == 200 and "server: " + GOES_ON in served.errors(), served.errors()
    served.end()


def test_unreadable_today(folder):
    """A file of today that cannot be read for a while is no edit, and what it is."""
    served = Served(folder)
    aside = Path(folder, "aside")
    said = "server: whether millwright.yaml was edited is not known: "

    def metric():
        with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics") as answer:
            found = [line for line in answer.read().decode().splitlines()
                     if line.startswith("millwright_project_outdated ")]
        return found[0].split()[1]
    for text, expected in ((PROJECT, "0"), (HALF, "1"), (PROJECT, "0")):
        served.file.write_text(text)
        served.wait_for("its word", lambda: metric() == expected)
        count = served.errors().count(said)
        served.file.rename(aside)
        served.file.symlink_to("millwright.yaml")  # to itself
        served.wait_for("its word", lambda: served.errors().count(said) > count)
        time.sleep(2.5)
        assert metric() == expected and served.errors().count(said) == count + 1, served.errors()
        aside.replace(served.file)
        time.sleep(1.5)  # it is seen again
        assert metric() == expected
    assert "edited is not known: " + str(served.file) + ": cannot be looked at: " in served.errors()
    served.end()


def test_promoted_meanwhile(folder):
    """A version by today's file that was promoted while no server ran: who cannot use it says what to do."""
    served = Served(folder)
    served.process.send_signal(signal.SIGSTOP)
    served.kill("server")
    Path(folder, "visits.csv").write_text("shop,at\nnorth,2024-01-02T00:00:00Z\nsouth,2024-01-03T00:00:00Z\n")
    visits = "  visits: {from: visits.csv, time: at}\nfeatures:\n  seen: count(visits by shop over 7d)\n"
    served.file.write_text(PROJECT.replace("features:\n", visits))
    # Until the server has ended it holds the log, and the keeper may be moving what it holds.
    served.wait_for("the ingest", lambda: run(folder, "ingest").returncode == 0)
    made = json.loads(run(folder, "train", "--json").stdout)["version"]
    done = run(folder, "models", "promote", "big", made)
    assert done.returncode == 0, done
    served.process.send_signal(signal.SIGCONT)
    assert served.process.wait(30 * PATIENCE) != 0, served.errors()
    said = served.errors()
    assert "stream visits: the project file no longer says" in said, said
    assert "to go by millwright.yaml of today, start serve again." in said, said
    served.said.close()
    served.begin()
    assert served.ask("x")[1]["version"] == made
    served.end()


def test_by_hand(folder):
    """A server that a person has begun without a `serve` goes by today's file, too."""
    prepare(folder)
    file, kept = Path(folder, "millwright.yaml"), Path(folder, ".millwright/served.yaml")
    for text in (PROJECT, PROJECT.replace("24h", "23h")):
        file.write_text(text)
        with subprocess.Popen([MILLWRIGHT, "server", "-C", folder, "--listen", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, text=True) as server:
            heard, goes_by = server.stdout.readline(), kept.read_text()
            server.terminate()
        assert heard.startswith("listening on ") and goes_by.startswith(text + "\n# As millwright serve "), goes_by
    for word in ("", "a b", "a" * 65, "\n", "é"):
        refused = run(folder, "server", "--listen", "127.0.0.1:0", "--serving", word)
        assert refused.returncode == 2 and "--serving: must be 1 to 64 letters and digits" in refused.stderr, refused


for test in (test_server, test_keeper, test_unkept, test_apart, test_start, test_another_serve,
             test_unreadable, test_unreadable_today, test_promoted_meanwhile, test_by_hand):
    with tempfile.TemporaryDirectory() as temporary:
        test(temporary)
    print("ok", test.__name__)
