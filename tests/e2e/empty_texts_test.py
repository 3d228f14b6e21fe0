"""An empty text is a missing one: CSV, lines of JSON and Parquet with the same rows give the same features."""
import json
import random

import duckdb
import shop
from shop import Shop

PROJECT = """\
project: words
streams:
  notes: {from: data/notes.FORMAT, time: written, id: name, types: {name: category, note: text, shop: category}}
features:
  said:   not missing(note)
  spoken: count(notes where not missing(note) by shop over 30d)
  usual:  top(notes.note by shop over 30d)
  kinds:  distinct(notes.note by shop over 30d)
models:
  again: {question: 'More?', moment: on notes, label: any(notes by shop over next 1d)}
"""


def draw_rows():
    draw = random.Random(shop.SEED)
    rows = []
    for number in range(300):
        written = shop.stamp(shop.START + shop.timedelta(minutes=37 * number))
        name = "" if number % 50 == 7 else f"n{number}"
        rows.append({"name": name, "written": written, "shop": draw.choice(["a", "b", ""]),
                     "note": draw.choice(["yes", "no", "", ""])})
    return rows


def write(path, rows):
    if path.suffix == ".csv":
        path.write_text("\n".join([",".join(rows[0])] + [",".join(row.values()) for row in rows]) + "\n")
        return
    lines = path.with_suffix(".jsonl")
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    if path.suffix == ".parquet":
        duckdb.sql(f"COPY (FROM read_json('{lines}')) TO '{path}'")


def test_files_of_all_formats_give_the_same_features():
    built = {}
    for form in ("csv", "jsonl", "parquet"):
        with Shop(PROJECT.replace("FORMAT", form)) as project:
            write(project.folder / f"data/notes.{form}", draw_rows())
            said = project.run("ingest", "--json").json()
            out = project.folder / "built.csv"
            project.ok("features", "build", "--output", str(out))
            built[form] = said["refused"], out.read_text()
    assert built["csv"][0] == [{"stream": "notes", "rule": "id: name must be there", "rows": 6}], built["csv"][0]
    assert built["csv"][1].count("\n") == 1 + 294
    assert built["csv"] == built["jsonl"] == built["parquet"]


if __name__ == "__main__":
    shop.main(globals())
