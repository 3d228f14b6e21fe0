"""Random programs as SQL: what `features build` makes of a random project, over streams that were corrected and grew,
DuckDB makes of the exported view, to the bit. Only var, std and trend, whose values enter rounded, and sums of fields
that are rounded quotients, which DuckDB adds as doubles, are held to 10^-9.

$MW_WORLDS says how many projects, $MW_SEED which is the first; of itself it is one that has found a fault, and 14.
"""
import os
import time

import duckdb
from random_project import World, find_measured
from shop import SEED, Shop

KEPT = [153]  # a mean of means, as it was drawn before worlds were broad
SEEDS = [SEED + i for i in range(int(os.environ["MW_WORLDS"]))] if "MW_WORLDS" in os.environ else \
    [*KEPT, *range(SEED, SEED + 14)]
WORLDS = len(SEEDS)


def ingest(world):
    """In three steps: what was there first, corrections, what came after. True: with corrections."""
    project, whole = world.shop, world.rows
    world.rows = {name: rows if name == "places" else rows[:len(rows) * 2 // 3] for name, rows in whole.items()}
    world.write_rows()
    project.ok("ingest")
    took = []
    for step in range(2):
        world.correct()
        if step:
            for name, rows in world.rows.items():
                rows.extend(whole[name][len(rows):])
            world.write_rows()
        done = project.run("ingest", "--json")
        if done.code == 3 and "would have changed" in done.err:
            return False  # history that fields with windows would have looked up
        assert done.code == 0, done.err
        took += done.json()["files"]
    assert sum(one["corrections"] for one in took) > 20, took
    return True


def read(project, model):
    """The rows of a model that were built, and those of its view, by the names of their columns."""
    built, sql = project.folder / "built.parquet", project.folder / "features.sql"
    project.ok("features", "build", "--model", model, "--output", str(built))
    left_out = project.ok("features", "export", "--sql", "--model", model, "--output", str(sql)).err
    assert "left out" not in left_out, left_out
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'Asia/Tokyo'; SET threads = 1")
        database.execute(sql.read_text().replace("'.millwright/", f"'{project.folder}/.millwright/"))
        tables = []
        for name in (f"'{built}'", f"features_{model}"):
            found = database.execute(f"FROM {name}")
            names = [column[0] for column in found.description]
            tables.append([dict(zip(names, row)) for row in found.fetchall()])
        return tables


def as_text(name, value):
    if name == "id.time":
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(int(value)) if name == "id.ahead" else str(value)


def is_same(is_measured, a, b):
    if a is None or b is None or not is_measured:
        return a == b and type(a) is type(b)
    return abs(a - b) <= 1e-9 * max(1, abs(a))


def check_model(world, model):
    """How many values agreed, and how many were there."""
    built, viewed = read(world.shop, model.name)
    texts = world.feature_texts() | {"label": model.label, "time": ""}
    measured = find_measured(texts, world.rounded())
    ids = [name for name in (viewed or [{}])[0] if name.startswith("id.")]
    named = [("|".join(as_text(name, row[name]) for name in ids), row) for row in viewed]
    assert len(built) == len(viewed), (model.name, len(built), len(viewed), world.text())
    by_id = group(named) if ids else group([(stamp_of(row), row) for row in viewed])
    values = there = 0
    for key, rows in group([(row["id"] if ids else stamp_of(row), row) for row in built]).items():
        others = by_id.get(key, [])
        assert len(rows) == len(others) and (len(rows) == 1 or not ids), (model.name, key, rows, others, world.text())
        for name, text in texts.items():
            for a, b in zip(*(sorted((row[name] for row in of), key=repr) for of in (rows, others))):
                assert is_same(name in measured, a, b), f"{model.name}: {name}: {text}: {key}: {a!r}, in SQL {b!r}\n{world.text()}"
                values, there = values + 1, there + (a is not None)
    return values, there


def group(named):
    """What has no id stands by its time, several together."""
    found = {}
    for name, row in named:
        found.setdefault(name, []).append(row)
    return found


def stamp_of(row):
    return row["time"].isoformat()


def check(seed):
    with Shop("project: empty\n", count=1) as project:
        world = World(seed, project, events=160, broad=seed not in KEPT)
        is_corrected = ingest(world)
        found = [check_model(world, model) for model in world.models]
        return sum(one[0] for one in found), sum(one[1] for one in found), is_corrected, len(found)


def main():
    values = there = corrected = models = 0
    failed = []
    for seed in SEEDS:
        begin = time.monotonic()
        try:
            found = check(seed)
        except Exception as error:  # so that all of the others are tried
            failed.append(seed)
            print(f"FAILED MW_SEED={seed} MW_WORLDS=1: {error}", flush=True)
            continue
        values, there, corrected, models = values + found[0], there + found[1], corrected + found[2], models + found[3]
        if "MW_LOUD" in os.environ:
            print(seed, found, round(time.monotonic() - begin, 2), flush=True)
    print(f"{WORLDS} worlds of {models} models, {corrected} of them corrected, {values} values, {there} of them there; failed: {failed}")
    assert WORLDS == 1 or models > WORLDS
    assert not failed and there > values / 3 and values > 300 * WORLDS and corrected > WORLDS / 4


if __name__ == "__main__":
    main()
