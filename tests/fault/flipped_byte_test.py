"""One bit that turns in any file of the state folder is found and named, or changes nothing: never another answer.

The catalog is SQLite's, whose pages have no checksums: of it this holds for what numbers hang on."""
import contextlib
import datetime
import hashlib
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from serving import call, order, run, start, stop, write_project

SEED = int(os.environ.get("MW_SEED", "1"))
FLIPS, FLIPS_OF_CATALOG = int(os.environ.get("FLIPS", "2")), int(os.environ.get("FLIPS_OF_CATALOG", "12"))
BEGIN = datetime.datetime(2024, 2, 1, tzinfo=datetime.timezone.utc)
# Checkpoints only spare time: a damaged one is passed over. What was served counts for nothing in a later serve.
UNUSED = ("lock", "checkpoints", "served.yaml")


def make(folder):
    """A lake of history and of what came later, refused rows, a version, predictions."""
    write_project(folder)
    with open(folder / "orders.csv", "a") as file:
        file.write("cold,east,1,2024-01-01T00:00:00Z,\n")
    assert run(folder, "ingest").returncode == 1 # a row was refused
    assert run(folder, "train").returncode == 0
    process, port = start(folder, "--listen", "127.0.0.1:0", "--clock", BEGIN.isoformat())
    for number in range(6):
        row = order(f"live {number}", at=(BEGIN + datetime.timedelta(hours=number)).isoformat(), amount=3 * number)
        assert call(port, "POST", "/v1/models/big/predict", {"event": row})[0] == 200
    status, answer = call(port, "GET", "/v1/predictions?event=live%203")
    assert status == 200
    stop(process)
    with open(folder / "orders.csv", "a") as file: # accepted at a place of its own
        file.write("".join(f"l{i},north,{i},2024-01-31T{i:02}:00:00Z,\n" for i in range(20)))
    assert run(folder, "ingest").returncode == 0
    return answer["predictions"][0]["id"]


def observe(folder, prediction):
    """What commands say that read the state in different ways: exit code, answer, error."""
    built = folder.parent / "built.csv"
    built.unlink(missing_ok=True)
    seen = [run(folder, *words) for words in (["features", "build", "--output", str(built)], ["features", "verify"],
                                              ["predictions", "replay", prediction], ["data", "quarantine"])]
    digest = hashlib.sha256(built.read_bytes()).hexdigest() if built.exists() else ""
    return [(done.returncode, done.stdout + (digest if done is seen[0] else ""), done.stderr) for done in seen]


def flip(path, draw, begin=0, end=None):
    content = bytearray(path.read_bytes())
    at = draw.choice([i for i, byte in enumerate(content[:end]) if byte and i >= begin]) # SQLite's pages are half empty
    content[at] ^= 1 << draw.randrange(8)
    path.write_bytes(content)
    return at


def judge(expected, seen, where):
    """Whether the flip was found."""
    found = False
    for (code, said, _), (got, says, error) in zip(expected, seen):
        assert got >= 0, (where, got, error) # no crash
        assert (got, says) == (code, said) or got not in (0, 1), (where, got, says, error)
        assert (got == code) == (got in (0, 1)) and (got in (0, 1) or error), (where, got, error)
        found = found or got != code
    return found


def paths_of(catalog):
    """Where the index of the lake's paths begins and ends: a second copy of what the seals are over."""
    with contextlib.closing(sqlite3.connect(f"file:{catalog}?mode=ro&immutable=1", uri=True)) as database:
        (page,), (size,) = (database.execute(sql).fetchone() for sql in (
            "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_lake_files_1'", "PRAGMA page_size"))
    return (page - 1) * size, page * size


def add(folder, where):
    """An ingest takes no file of the lake away, whether it sees the flip or not."""
    lake = folder / ".millwright" / "lake"
    before = set(lake.glob("**/*.parquet"))
    with open(folder / "orders.csv", "a") as file:
        file.write("new,north,1,2024-02-03T00:00:00Z,\n")
    done = run(folder, "ingest")
    assert done.returncode >= 0, (where, done) # no crash
    assert before and before <= set(lake.glob("**/*.parquet")), (where, before, done)


def main():
    draw = random.Random(SEED)
    print(f"MW_SEED={SEED}")
    with tempfile.TemporaryDirectory() as name:
        whole, broken = Path(name) / "whole", Path(name) / "broken"
        whole.mkdir()
        prediction = make(whole)
        expected = observe(whole, prediction)
        assert [code for code, _, _ in expected] == [0] * 4, expected
        files = sorted(path.relative_to(whole) for path in whole.glob(".millwright/**/*") if path.is_file() and path.stat().st_size)
        for file in (file for file in files if not any(part in str(file) for part in UNUSED)):
            is_catalog = file.name.startswith("catalog.db")
            is_log = file.suffix == ".log" # whose last record could be taken for a torn write
            begins = [0] * (FLIPS_OF_CATALOG if is_catalog else FLIPS) + [(whole / file).stat().st_size - 200] * (10 * is_log)
            for begin in begins:
                shutil.rmtree(broken, ignore_errors=True)
                shutil.copytree(whole, broken)
                at = flip(broken / file, draw, begin)
                assert judge(expected, observe(broken, prediction), (file, at)) or is_catalog, (file, at)
                if is_catalog:
                    add(broken, (file, at))
        catalog = Path(".millwright/catalog.db")
        for _ in range(FLIPS_OF_CATALOG):
            shutil.rmtree(broken, ignore_errors=True)
            shutil.copytree(whole, broken)
            add(broken, ("index", flip(broken / catalog, draw, *paths_of(whole / catalog))))


main()
