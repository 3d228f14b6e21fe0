"""A backtest of real flights is the same byte for byte in another folder and with another number of
threads, keeps what it promises in its numbers, and leaves no trace in the project's state."""
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

MILLWRIGHT = os.environ["MILLWRIGHT"]
MONTHS = {"1", "2", "3"}
PERIOD = ["--from", "2013-02-01", "--to", "2013-03-20"]


def run(folder, *words):
    done = subprocess.run([MILLWRIGHT, *words, "-C", folder], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def keep_months(path):
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["month"] in MONTHS]
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def contents(folder):
    """What stands in the state, by path; but for the catalog's side files, which come and go."""
    found = {}
    for place, _, names in os.walk(os.path.join(folder, ".millwright")):
        for name in names:
            path = os.path.join(place, name)
            if not name.endswith(("-wal", "-shm")):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


def backtest(folder, threads):
    page = os.path.join(folder, "backtest.html")
    report = json.loads(run(folder, "backtest", "late", *PERIOD, "--threads", threads, "--html",
                            page, "--json"))
    with open(page, "rb") as file:
        return report, file.read()


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(part) for key, part in value.items() if "seconds" not in key}
    return [without_times(part) for part in value] if isinstance(value, list) else value


def main(folder):
    one, other = os.path.join(folder, "one"), os.path.join(folder, "other")
    run(folder, "init", one, "--example", "flights")
    for name in ("flights", "weather"):
        keep_months(f"{one}/data/{name}.csv")
    run(one, "ingest")
    shutil.copytree(one, other)
    before = contents(one)
    first, first_page = backtest(one, "1")
    second, second_page = backtest(other, "2")
    assert contents(one) == before, "a backtest leaves the project's state as it was"
    assert without_times(first) == without_times(second), (first, second)
    assert first_page == second_page, "the pages differ"

    policies = {policy["policy"]: policy for policy in first["policies"]}
    assert list(policies) == ["never", "monthly", "drift", "gated"], policies
    counts = {policy["predictions"] for policy in policies.values()}
    assert len(counts) == 1 and counts.pop() > 35000, "all policies answer the same moments"
    assert policies["never"]["retrains"] == 0 and policies["monthly"]["retrains"] == 1, policies
    assert policies["gated"]["promotions"] <= policies["gated"]["retrains"], policies
    print({name: round(policy["roc_auc"], 4) for name, policy in policies.items()})


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
