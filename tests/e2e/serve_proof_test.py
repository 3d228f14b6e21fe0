"""While a server runs, a share of what it recorded is worked out by the rules, from all events: the counts stand in the
metrics and in `monitor`, and one value that is not by the rules raises an alert. `features verify` beside a busy server
finds no difference either."""
import contextlib
import sqlite3
import subprocess
import threading
import time

import duckdb

import serving
from shop import PROJECT, Shop, main


@contextlib.contextmanager
def served(project):
    """At the time of the last order, which its windows still hold."""
    clock = project.orders[-1].split(",")[1]
    process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", clock)
    try:
        yield port, clock
    finally:
        serving.stop(process)


def predict(port, number, at, model="returned"):
    order = {"order_id": f"new{number}", "placed": at, "shop": "abcde"[number % 5], "amount": 3 + number % 50}
    status, answer = serving.call(port, "POST", f"/v1/models/{model}/predict", {"event": order})
    assert status == 200, answer


def metrics(port):
    done = subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/metrics"], capture_output=True, text=True, check=True)
    return {line.split("{")[0]: float(line.split()[-1]) for line in done.stdout.splitlines()
            if line.startswith(("millwright_features_proved", "millwright_features_disproved"))}


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it has not come about"
        time.sleep(0.1)
    return found


def watched(project):
    model, = project.ok("monitor", "--json").json()["models"]
    alert, = (entry for entry in model["vitals"] if entry["rule"] == "features.differing > 0")
    return model["features"], alert["is_open"]


def change_catalog(project, sql):
    with contextlib.closing(sqlite3.connect(project.folder / ".millwright" / "catalog.db")) as catalog, catalog:
        assert catalog.execute(sql).rowcount > 0


def spoil_lake(project, spoilt):
    """Makes this of the orders in the lake, behind everybody's back: no file tells its bytes by a checksum, and no seal that."""
    change_catalog(project, "UPDATE lake_files SET checksum = NULL")
    change_catalog(project, "DELETE FROM settings WHERE name LIKE 'lake.seal.%'")
    for file in (project.folder / ".millwright").rglob("*.parquet"):
        if "orders" not in str(file):
            continue
        with duckdb.connect() as database:
            database.execute(f"CREATE TABLE spoilt AS {spoilt.format(orders=file)}")
            database.execute(f"COPY spoilt TO '{file}' (FORMAT parquet)")


def prove(project):
    """What it says, and how many were proved under this champion so far."""
    said = project.ok("prove").err
    return said, watched(project)[0]["proved"]


def proved(project):
    found = project.run("monitor", "--json")  # a busy server may be late to say what it knows
    return found.code == 0 and found.json()["models"][0]["features"]["proved"]


def test_what_is_recorded_is_proved_all_the_time():
    with Shop(PROJECT) as project:
        project.ok("ingest")
        project.ok("train")
        assert prove(project) == prove(project) == ("", 0)
        with served(project) as (port, clock):
            time.sleep(1)  # the keeper has seen the log
            for number in range(60):
                predict(port, number, clock)
            wait_for(lambda: proved(project))
        before = watched(project)[0]
        said = project.ok("prove", "--bytes-max", "1000").err
        assert "prove: model returned: a history of about 0.0" in said and "`features verify` does it elsewhere" in said, said
        assert watched(project)[0] == before
        before = prove(project)
        assert before == prove(project) and before[0] == "", "what was looked at is not taken again"
        with served(project) as (port, clock):
            found = wait_for(lambda: metrics(port))
            assert found["millwright_features_proved_total"] > 0, found
            assert found["millwright_features_disproved_total"] == 0, found
            for number in range(60, 67):
                predict(port, number, clock)
        assert prove(project) == ("", before[1] + 7)  # the log's last record waits for the next time
        features, is_open = watched(project)
        assert features["disproved"] == 0 and not is_open, features
        spoil_lake(project, "SELECT * REPLACE (amount * 2 AS amount) FROM '{orders}'")
        change_catalog(project, "UPDATE settings SET value = 'none' WHERE name = 'proof.returned'")
        assert "the setting cannot be read, and is taken as none" in project.ok("prove").err
        features, is_open = watched(project)
        assert features["disproved"] > 10 and is_open, features
        project.fails(1, "values differ", "features", "verify")


def test_what_cannot_be_proved_keeps_nothing_else_back():
    models = PROJECT[PROJECT.index("  returned:\n    question"):]
    with Shop(PROJECT + models.replace("  returned:\n", "  another:\n", 1)) as project:
        project.ok("ingest")
        for model in ("returned", "another"):
            project.ok("train", model)
        with served(project) as (port, clock):
            for number in range(10):
                predict(port, number, clock, "returned" if number % 2 else "another")
        project.ok("move-log")
        spoil_lake(project, "SELECT * FROM '{orders}' WHERE order_id <> 'new1'")
        project.fails(3, "model returned: prediction", "prove")
        models = project.ok("monitor", "--json").json()["models"]
        assert {model["model"]: model["features"]["proved"] for model in models} == {"returned": 4, "another": 5}, [model["features"] for model in models]
        assert project.ok("prove").err == "", "it was told once"


def test_verify_beside_a_busy_server():
    with Shop(PROJECT) as project:
        project.ok("ingest")
        project.ok("train")
        with served(project) as (port, clock):
            is_over, asked = threading.Event(), []

            def ask():
                while not is_over.is_set():
                    predict(port, len(asked), clock)
                    asked.append(None)
            client = threading.Thread(target=ask)
            client.start()
            try:
                wait_for(lambda: len(asked) > 100)
                for _ in range(3):
                    verified = project.ok("features", "verify", "--sample", "100", "--json").json()
                    assert verified["differences"] == 0 and verified["recorded"] >= 100, verified
            finally:
                is_over.set()
                client.join()


if __name__ == "__main__":
    main(globals())
