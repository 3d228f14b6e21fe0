"""`units` and `clean`: the same to the rows of files, of requests and of predict --input; what was done is told."""
import csv
import io
import json

import serving
import shop
from shop import Shop

PROJECT = """\
project: tills
streams:
  sales:
    from: data/sales.csv
    types: {sale: category}
    time: at
    id: sale
    where: cents > 0
    checks: {cents: {min: 0, max: 10}, load: {min: 0, max: 1}, shop: {in: [a, b]}, note: {in: [x]}}
    units: {cents: 0.01}
    clean: {cents: clip, load: drop, shop: default 'b'}
features:
  euros: cents
  shop:  shop
  before: sum(sales.cents by shop over 1h)
models:
  more:
    moment: on sales
    label: sum(sales.cents by shop over next 3h) > 5
    params: {rounds: 3, min_data_in_leaf: 2}
"""
# cents as they come, load, shop, note; then cents, shop as they are taken (None: the row is not)
CASES = [(250, 0.5, "a", "x", 2.5, "a"), (2500, 0.5, "a", "x", 10, "a"), (250, 0.5, "zz", "x", 2.5, "b"),
         (250, 0.5, "", "x", 2.5, "b"), (250, 7, "a", "x", None, "dropped"), (250, "", "a", "x", None, "dropped"),
         (-1, 0.5, "a", "x", None, "left out"), (300, 0, "b", "y", None, "refused"), (300, 0, "b", "", 3, "b")]


def rows(first, hours):
    return [{"sale": f"s{first + number}", "at": f"2024-01-{1 + number // 24:02}T{number % 24:02}:{hours:02}:00Z",
             "cents": case[0], "load": case[1], "shop": case[2], "note": case[3]}
            for number, case in enumerate(CASES * 8)]


def write(path, table):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


def taken(project, first):
    """What the log and the lake have of these rows."""
    found = json.loads(project.ok("sql", "SELECT sale, cents, shop FROM sales", "--json").out)
    return {row["sale"]: (row["cents"], row["shop"]) for row in found
            if first <= int(row["sale"][1:]) < first + len(CASES) * 8}


def expected(first):
    return {f"s{first + number}": (case[4], case[5]) for number, case in enumerate(CASES * 8) if case[4] is not None}


def test_values_are_cleaned_alike_on_every_path():
    with Shop(PROJECT) as project:
        (project.folder / "data").mkdir(exist_ok=True)
        write(project.folder / "data/sales.csv", rows(0, 0))
        done = project.run("ingest", "--json")
        file, = json.loads(done.out)["files"]
        assert done.code == 1, done.err  # rows were refused by the check of `note`
        assert (file["cleaned_values"], file["dropped"], file["left_out"], file["quarantined"]) == (24, 16, 8, 8), file
        assert taken(project, 0) == expected(0)
        project.ok("train", "more")
        write(project.folder / "new.csv", rows(1000, 30))
        project.ok("predict", "more", "--input", str(project.folder / "new.csv"), "--output",
                   str(project.folder / "answers.csv"))
        answers = list(csv.DictReader(io.StringIO((project.folder / "answers.csv").read_text())))
        for number, (answer, case) in enumerate(zip(answers, CASES * 8)):
            assert (answer["prediction"] == "") == (case[5] in ("dropped", "left out")), (number, answer, case)
        process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", "2024-02-01T00:00:00Z")
        sent = [{key: value if value != "" else None for key, value in row.items()} for row in rows(2000, 45)]
        status, told = serving.call(port, "POST", "/v1/events/sales", sent)
        reasons = [refusal["reason"] for refusal in told["rejected"]]
        assert status == 200 and told["accepted"] == 40 and len(reasons) == 32, told
        assert sum("clean: the row is no event" in reason for reason in reasons) == 16, reasons
        assert taken(project, 2000) == expected(2000)
        status, answer = serving.call(port, "POST", "/v1/models/more/predict", {"event": dict(sent[1], sale="s9000",
                                                                                              at="2024-01-31T23:30:00Z")})
        assert status == 200, answer
        features = serving.call(port, "GET", f"/v1/predictions/{answer['id']}")[1]["features"]
        assert features["euros"] == 10 and features["shop"] == "a", features
        replayed = json.loads(project.ok("predictions", "replay", answer["id"], "--json").out)
        assert replayed["differences"] == 0, replayed
        serving.stop(process)


if __name__ == "__main__":
    shop.main(globals())
