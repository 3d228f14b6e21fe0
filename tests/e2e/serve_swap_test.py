"""A version with a large forest takes over while clients ask: they are answered while it is read, and catalog and
server change together or not at all."""
import datetime
import json
import pathlib
import re
import socket
import tempfile
import threading
import time

import lightgbm
import numpy

from serving import PATIENCE, call, kill, order, run, start, stop, write_project

TREES, COPIES = 100, 40


def write_forest(path, seed, copies):
    """One that LightGBM trained, its trees so many times over."""
    rng = numpy.random.default_rng(seed)
    rows = rng.uniform(0, 60, (8000, 2))
    yes = numpy.sin(rows[:, 0]) + numpy.cos(rows[:, 1]) + rng.normal(0, 1, 8000) > 0
    settings = {"objective": "binary", "num_leaves": 63, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}
    data = lightgbm.Dataset(rows, yes.astype(int), feature_name=["amount", "busy"])
    text = lightgbm.train(settings, data, TREES).model_to_string()
    head, trees, end = re.fullmatch(r"(.*?)(Tree=0\n.*)(end of trees.*)", text, re.S).groups()
    blocks = re.split(r"^Tree=\d+\n", trees, flags=re.M)[1:]
    blocks = [f"Tree={i}\n{block}" for i, block in enumerate(blocks * copies)]
    sizes = " ".join(str(len(block)) for block in blocks)
    head = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", head, flags=re.M)
    path.write_text(head + "".join(blocks) + end)


def take_in(folder, file):
    done = run(folder, "models", "import", str(file), "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)["version"]


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


def answering(port):
    return call(port, "GET", "/v1/models/big")[1]["version"]


def by_catalog(folder):
    return json.loads(run(folder, "models", "show", "big", "--json").stdout)["version"]


def count_promotions(folder):
    rows = run(folder, "sql", "SELECT count(*) AS n FROM promotions", "--json")
    return json.loads(rows.stdout)[0]["n"]


class Client(threading.Thread):
    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.stopping, self.failure, self.answers = port, False, None, []

    def run(self):
        while not self.stopping and not self.failure:
            status, answer = call(self.port, "POST", "/v1/models/big/predict",
                                  {"event": order(f"{self.name} {len(self.answers)}", at=now())})
            if status != 200:
                self.failure = answer
            self.answers.append((time.monotonic(), answer.get("version")))

    def wait_until(self, holds):
        while not holds():
            assert self.failure is None, self.failure
            time.sleep(0.001)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.join(20 * PATIENCE)
        assert self.failure is None, self.failure


def check_others_are_answered(folder, port, change, before, after):
    """Of the time that a change takes, nearly all: a loop that read the version would answer six times in it."""
    with Client(port) as client:
        client.wait_until(lambda: len(client.answers) >= 5)
        begun = time.monotonic()
        change()
        ended = time.monotonic()
        client.wait_until(lambda: client.answers[-1][0] > ended + 0.05)
    inside = [version for at, version in client.answers if begun < at < ended]
    assert len(inside) >= 20, (len(inside), ended - begun)
    assert inside[:5] == [before] * 5, inside[:5]
    at_last = [version for at, version in client.answers if at > ended + 0.04]
    assert set(at_last) == {after}, at_last
    versions = [version for _, version in client.answers]
    assert versions == sorted(versions, key=lambda version: version == after), "one answered after the other"
    assert answering(port) == by_catalog(folder) == after


def promote(port, version):
    status, answer = call(port, "POST", "/v1/models/big/promote", {"version": version})
    assert status == 200 and answer["champion"] == version and answer["answers"], answer
    return answer


def check_two_at_once(folder, port, versions):
    """Each is made, one after the other, whichever is first."""
    said = []
    threads = [threading.Thread(target=lambda version=version: said.append(promote(port, version)))
               for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 2 and said[1]["replaced"] == said[0]["champion"], said
    assert answering(port) == by_catalog(folder) == said[1]["champion"]


def check_rollback_among_others(folder, port, versions, others):
    """While a rollback reads the one before, others are promoted: what it goes back to is the one before them."""
    for version in versions:
        promote(port, version)
    said = []
    back = threading.Thread(target=lambda: said.append(call(port, "POST", "/v1/models/big/rollback")))
    back.start()
    time.sleep(0.05)
    promote(port, others[0])
    while by_catalog(folder) == others[0] and back.is_alive():
        time.sleep(0.001)
    promote(port, others[1])
    back.join()
    status, answer = said[0]
    in_time = answer["replaced"] == others[0]  # else it was over before the first of the others came
    assert status == 200 and answer["champion"] == versions[1 if in_time else 0], answer
    assert answering(port) == by_catalog(folder) == others[1]


def artefact_of(folder, version):
    (found,) = pathlib.Path(folder, ".millwright/artefacts").glob(f"{version[:2]}/{version[2:]}*")
    return found


def check_damage_changes_nothing(folder, port, before, other):
    path = artefact_of(folder, other)
    whole, count = path.read_bytes(), count_promotions(folder)
    for damaged in (None, whole[:-1] + bytes([whole[-1] ^ 1])):
        path.unlink(missing_ok=True)
        if damaged:
            path.write_bytes(damaged)
        status, answer = call(port, "POST", "/v1/models/big/promote", {"version": other})
        assert status == 500 and ("other bytes" in answer["detail"] or other in answer["detail"]), answer
        assert answering(port) == by_catalog(folder) == before
    assert count_promotions(folder) == count, "nothing was tried in the catalog"
    path.write_bytes(whole)


def send_promotion(port, version):
    body = json.dumps({"version": version}).encode()
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"POST /v1/models/big/promote HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    return client


def check_goes_on_alone(folder, port, version):
    """Its client hangs up: it is made all the same."""
    send_promotion(port, version).close()
    deadline = time.monotonic() + 20 * PATIENCE
    while answering(port) != version:
        assert time.monotonic() < deadline, "the change was lost"
        time.sleep(0.01)
    assert by_catalog(folder) == version


def check_drain(folder, process, port, version):
    """A change that is on its way is made, and told, before the server goes."""
    client = send_promotion(port, version)
    time.sleep(0.05)
    stop(process)
    answer = client.makefile("rb").read()
    assert b"200 OK" in answer and version.encode() in answer, answer
    assert by_catalog(folder) == version


def check_kill(folder, port, process, version, pause):
    """Whatever the moment, the next server answers by what the catalog says."""
    client = send_promotion(port, version)
    time.sleep(pause)
    kill(process)
    client.close()
    process, port = start(folder, "--listen", "127.0.0.1:0")
    assert answering(port) == by_catalog(folder)
    return process, port


def check_server(folder, versions, others, *words):
    one, two = versions
    assert run(folder, "models", "promote", "big", one).returncode == 0
    process, port = start(folder, "--listen", "127.0.0.1:0", *words)
    check_others_are_answered(folder, port, lambda: promote(port, two), one, two)
    check_others_are_answered(folder, port, lambda: call(port, "POST", "/v1/models/big/rollback"), two, one)
    check_others_are_answered(folder, port, lambda: run(folder, "models", "promote", "big", two), one, two)
    check_two_at_once(folder, port, versions)
    check_damage_changes_nothing(folder, port, *sorted(versions, key=lambda version: version != answering(port)))
    check_rollback_among_others(folder, port, versions, others)
    promote(port, two)
    check_goes_on_alone(folder, port, one)
    check_drain(folder, process, port, two)


def check_kills(folder, versions):
    process, port = start(folder, "--listen", "127.0.0.1:0")
    for i, pause in enumerate((0.01, 0.1, 0.5)):
        process, port = check_kill(folder, port, process, versions[i % 2], pause)
    stop(process)


def main(folder):
    write_project(folder)
    assert run(folder, "ingest").returncode == 0
    versions = []
    for seed in (1, 2, 3, 4):
        file = pathlib.Path(folder, f"forest{seed}.txt")
        write_forest(file, seed, COPIES if seed <= 2 else 1)
        versions.append(take_in(folder, file))
    versions, others = versions[:2], versions[2:]
    assert artefact_of(folder, versions[0]).stat().st_size > 10 << 20
    check_server(folder, versions, others)
    check_server(folder, versions, others, "--threads", "2")
    check_kills(folder, versions)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
