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


def build(project_text, form, rows):
    with Shop(project_text.replace("FORMAT", form)) as project:
        write(project.folder / f"data/notes.{form}", rows)
        checked = project.ok("check").out
        project.ok("ingest")
        out = project.folder / "built.csv"
        project.ok("features", "build", "--output", str(out))
        return out.read_text(), checked


def test_a_stream_says_what_is_missing_in_its_csv():
    """NA unless it says something else; a text in JSON, which has a null."""
    rows = [row for row in draw_rows() if row["name"]]
    marked = [{**row, "shop": row["shop"] or "NA"} for row in rows]
    said = PROJECT.replace("time: written", "time: written, missing: []")
    (usual, unsaid), (none, told) = build(PROJECT, "csv", marked), build(said, "csv", marked)
    assert usual == build(PROJECT, "jsonl", rows)[0] and none == build(PROJECT, "jsonl", marked)[0] != usual
    assert "the empty text" not in unsaid and "  missing   the empty text\n" in told, told
    dashed = [{**row, "shop": row["shop"] or "-"} for row in rows]
    assert build(PROJECT.replace("time: written", 'time: written, missing: ["-", n/a]'), "csv", dashed)[0] == usual


def test_streams_of_one_file_have_each_their_own_words():
    rows = [{**row, "shop": row["shop"] or "-"} for row in draw_rows() if row["name"]]
    streams = "".join(f"  {name}: {{from: data/notes.csv, time: written, id: name, missing: {words}, types: {types}}}\n"
                      for name, words in (("plain", "[]"), ("dashed", '["-"]'))
                      for types in ["{name: category, note: text, shop: category}"])
    with Shop(f"project: words\nstreams:\n{streams}") as project:
        write(project.folder / "data/notes.csv", rows)
        project.ok("ingest")
        missing = {name: project.ok("sql", f"SELECT count(*) FILTER (shop IS NULL) AS missing FROM {name}").out
                   for name in ("plain", "dashed")}
    dashes = sum(row["shop"] == "-" for row in rows)
    assert dashes > 0 and "0" in missing["plain"].split() and str(dashes) in missing["dashed"].split(), missing


if __name__ == "__main__":
    shop.main(globals())
