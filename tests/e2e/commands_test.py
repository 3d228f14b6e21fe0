"""The commands on a small project, in the order in which a user meets them."""
import csv
import io
import os
import subprocess

import shop
from shop import Shop


def test_the_whole_way():
    with Shop() as project:
        checked = project.ok("check", "--json").json()
        assert checked["ok"] and len(checked["models"][0]["features"]) == 6
        assert not (project.folder / ".millwright").exists(), "check changes nothing"

        assert "3,000" in project.ok("ingest").out
        assert "nothing to do" in project.ok("ingest").out
        verified = project.ok("features", "verify", "--sample", "100", "--json").json()
        assert verified["differences"] == 0 and verified["values"] > 500

        trained = project.ok("train", "--json").json()
        assert trained["champion"] and trained["metrics"]["roc_auc"]["value"] > 0.6
        assert set(trained) >= {"model", "version", "learner", "metrics", "baseline", "examples",
                                "data_version", "seconds"}
        again = project.ok("train", "--threads", "1")
        assert "nothing to do" in again.out and trained["version"] in again.out
        assert len(project.ok("runs", "list", "--json").json()) == 1


def test_versions_are_promoted_and_rolled_back():
    with Shop() as project:
        project.ok("ingest")
        first = project.ok("train", "--json").json()["version"]
        second = project.ok("train", "--seed", "2", "--json").json()
        assert not second["champion"]
        stages = {row["version"]: row["stage"] for row in project.ok("models", "list", "--json").json()}
        assert stages == {first: "champion", second["version"]: "candidate"}
        project.ok("models", "promote", "returned", second["version"])
        assert "nothing to do" in project.ok("models", "promote", "returned", second["version"]).out
        assert project.ok("models", "show", "returned", "--json").json()["version"] == second["version"]
        assert project.ok("models", "rollback", "returned", "--json").json()["champion"] == first
        rows = project.ok("sql", "SELECT count(*) AS n FROM promotions", "--json").json()
        assert rows == [{"n": 5}], "each change of stage is kept"
        project.fails(3, "has no version nope", "models", "promote", "returned", "nope")
        project.ok("runs", "compare", "1", "2")


def test_what_cannot_be_served_is_told_before_it_is_trained():
    """It can be trained and tried on files, so it is a note and no mistake."""
    words = ("models.returned: its moments fall due by themselves, but stream orders has no id to tell "
             "them apart")
    for moment, has_id, is_told in (("on orders at time + 1h", False, True),
                                    ("on orders at time + 1h", True, False),
                                    ("on orders", False, False),
                                    ("every 1d for shop of orders", False, False)):
        with Shop() as project:
            project.change("moment:   on orders", "moment:   " + moment)
            project.change("any(returns by id over next 3d", "any(returns by shop over next 3h")
            if not has_id:
                project.change("    time: placed\n    id: order_id\n", "    time: placed\n")
            if moment.startswith("every"):
                project.change("  amount:  amount\n  shop:    shop\n", "")
            notes = project.ok("check", "--json").json()["notes"]
            assert bool(notes) == is_told, (moment, has_id, notes)
            if not is_told:
                continue
            lines = (project.folder / "millwright.yaml").read_text().splitlines()
            note = notes[0]
            assert note["message"] == words + "; give it one, or serve refuses the model" and len(notes) == 1, notes
            assert lines[note["line"] - 1][note["column"] - 1:] == moment, note
            project.ok("ingest")
            trained = project.ok("train")
            assert f"millwright.yaml:{note['line']}:{note['column']}: {note['message']}\n" in trained.err
            assert project.ok("predict", "returned", "--input", str(project.folder / "data/orders.csv")).out
            refused = project.fails(3, words + "\n", "serve", "--listen", "127.0.0.1:0", timeout=60)
            assert "Give the stream an id" in refused.err, refused.err


def test_predict_adds_four_columns_and_records_nothing():
    with Shop() as project:
        project.ok("ingest")
        version = project.ok("train", "--json").json()["version"]
        before = project.state()
        source = project.folder / "new.csv"
        source.write_text("\n".join(project.orders[:1] + project.orders[-50:]) + "\n")
        printed = project.ok("predict", "returned", "--input", str(source)).out
        rows = list(csv.DictReader(io.StringIO(printed)))
        assert len(rows) == 50
        assert list(rows[0]) == ["order_id", "placed", "shop", "amount", "prediction", "decision", "version",
                                 "id"]
        assert all(0 < float(row["prediction"]) < 1 and row["version"] == version and
                   row["id"] == row["order_id"] for row in rows)

        with open(source) as lines:
            assert project.ok("predict", "returned", "--input", "-", stdin=lines).out == printed
        check_many_at_once(project)
        backwards = project.folder / "backwards.csv"
        backwards.write_text("\n".join(project.orders[:1] + project.orders[:-51:-1]) + "\n")
        reversed_rows = list(csv.DictReader(io.StringIO(
            project.ok("predict", "returned", "--input", str(backwards)).out)))
        assert reversed_rows == rows[::-1], "rows do not see each other"
        output = project.folder / "out.parquet"
        project.ok("predict", "returned", "--input", str(source), "--output", str(output))
        assert output.stat().st_size > 0 and project.state() == before


def check_many_at_once(project):
    """Each that predicts what comes on its standard input answers to that, whatever the others read."""
    command = [os.environ["MILLWRIGHT"], "predict", "returned", "--input", "-", "-C", str(project.folder)]
    asked = [project.orders[-k] for k in range(1, 9)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
               for _ in asked]
    for process, line in zip(running, asked):
        process.stdin.write(project.orders[0] + "\n" + line + "\n")
        process.stdin.close()
    for process, line in zip(running, asked):
        said = process.stdout.read().splitlines()
        assert process.wait(60) == 0 and len(said) == 2 and said[1].startswith(line), (line, said)


def test_a_version_answers_by_its_own_program():
    with Shop() as project:
        project.ok("ingest")
        project.ok("train")
        source = project.folder / "data/orders.csv"
        before = project.ok("predict", "returned", "--input", str(source)).out
        project.change("by shop over 7d", "by shop over 14d")
        assert project.ok("predict", "returned", "--input", str(source)).out == before


def test_a_file_that_grew_gives_its_new_rows():
    with Shop() as project:
        first = project.ok("ingest", "--json").json()
        project.orders.append("o9999,2024-03-20T00:00:00Z,a,5")
        project.write_data()
        second = project.ok("ingest", "--json").json()
        assert [(f["stream"], f["events"]) for f in second["files"]] == [("orders", 1)]
        assert second["data_version"] != first["data_version"]
        assert [(row["ingest"], row["from"]) for row in
                project.ok("data", "versions", "--json").json()] == [(2, "files"), (1, "files")]


def test_help_and_what_is_not_built():
    with Shop() as project:
        assert "millwright train" in project.ok("train", "--help").out
        assert "features build" in project.ok("features", "--help").out
        millwright = os.environ["MILLWRIGHT"]
        for words in [["train"], ["features", "build"], ["features"]]:
            said = [subprocess.run([millwright, *line], capture_output=True, text=True, check=True).stdout
                    for line in (["help", *words], [*words, "--help"])]
            assert said[0] == said[1] and "usage: millwright " + " ".join(words) in said[0], said
        for words, hint in [(["-C", "x", "status"], "Options stand behind the command"), (["help", "trian"], "mean train?")]:
            refused = subprocess.run([millwright, *words], capture_output=True, text=True, check=False)
            assert refused.returncode == 2 and hint in refused.stderr, refused
        for words in [["score"], ["backup", "--to", "there"], ["data", "diff", "--help"]]:
            project.fails(3, "is not built yet", *words)
        project.fails(2, "Did you mean --seed?", "train", "--sed", "1")
        for words in ["build", "list", "verify", "leaks", "suggest", "export"]:
            told = f"one word too many: returned\n  It is called as: millwright features {words} --model returned\n"
            project.fails(2, told, "features", words, "returned")
        project.fails(2, "features show [FEATURE] --model returned\n", "features", "show", "amount", "returned")
        project.fails(2, "the model is a word, not an option\n  It is called as: millwright train [MODEL]\n",
                      "train", "--model", "returned")
        project.fails(3, "has no feature returned\n  It is the model itself", "features", "explain", "returned")
        label = project.ok("features", "explain", "label").out
        assert "label is a bool: any(returns by order_id over next 3d)" in label and "It matures 3d 1h after" in label, label
        assert project.ok("features", "explain", "returned.label").out == label
        told, = project.ok("features", "explain", "returned.label", "--json").json()
        assert told == {"feature": "label", "explanation": label.strip()}, told
        project.fails(3, "has no feature returned.lable", "features", "explain", "returned.lable", "--json")
        assert project.ok("features", "explain", "returned.amount").out == project.ok("features", "explain", "amount").out
        project.change("models:\n", "models:\n  dear: {moment: on orders, label: any(returns by id over next 1d)}\n")
        project.fails(3, "there is no model returne\n  Did you mean returned? There is: dear, returned.\n", "features",
                      "list", "--model", "returne")
        project.fails(3, "there is no model x\n  There is: dear, returned.\n", "features", "list", "--model", "x")
        project.fails(2, "say which model: dear, returned\n  It is called as: millwright features list [--model MODEL]\n",
                      "features", "list")
        project.fails(2, "there is no command trian", "trian")
        project.fails(2, "there is no command features shwo\n  Did you mean features show?", "features", "shwo")
        project.fails(2, "there is no command models zzzzzzzzz\n  millwright models --help", "models", "zzzzzzzzz")
        project.fails(2, "models: COMMAND is missing\n  millwright models --help", "models", "--json")


def test_a_file_that_cannot_be_written_is_told_before_the_work():
    """There is no data yet, so what failed at work would say so; and what stands at the place stays."""
    with Shop() as project:
        place = project.folder / "place"
        place.mkdir()
        for words in [["features", "build", "--output"], ["features", "export", "--sql", "--output"],
                      ["backtest", "returned", "--from", "2024-02-01", "--to", "2024-02-03", "--html"],
                      ["predict", "returned", "--input", "x.csv", "--output"],
                      ["explain", "returned", "--input", "x.csv", "--output"],
                      ["models", "export", "returned", "--output"], ["monitor", "--html"]]:
            absent = str(place / "absent/x.csv")
            told = f"{words[-1]}: {absent}: cannot be opened: No such file or directory\n  Make its folder first.\n"
            project.fails(3, told, *words, absent)
            project.fails(3, f"{words[-1]}: {place}: must be a file, not a folder", *words, str(place))
        assert list(place.iterdir()) == [] and not (project.folder / ".millwright").exists()


def test_a_test_part_of_one_class():
    with Shop(count=1000) as project:
        project.returns = [row for row in project.returns[:1]] + [
            row for row in project.returns[1:] if row.split(",")[1] < "2024-01-10"]
        project.write_data()
        project.ok("ingest")
        told = project.ok("train", "--test-from", "2024-01-14").out
        assert "roc_auc              none                        none  more is better" in told, told
        assert "nan" not in told, told


def test_init_from_a_file():
    with Shop() as project:
        (project.folder / "millwright.yaml").unlink()
        made = subprocess.run(
            [shop.os.environ["MILLWRIGHT"], "init", "--from", "data/orders.csv", "--time", "placed",
             "--label", "amount", "--id", "order_id"],
            cwd=project.folder, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
        project.ok("check")


def test_init_asks_for_the_label_that_the_file_has():
    """Yes or no where it says no more than that; else the number, or the class, as it is."""
    for values, said in [(["0", "1"], " = 1\n"), (["0", "", "1", "2.5"], "     # a number; with >= 1, yes or no\n"),
                         (["true", "false"], "\n"), (["N", "", "Y"], " = 'Y'\"     # a guess: what counts as yes\n"),
                         (["b", "a", "b"], " = 'b'\"     # a guess: what counts as yes\n"),
                         (["b", "a", "c"], "     # a class; with = NAME, yes or no\n")]:
        with Shop() as project:
            (project.folder / "odd.csv").write_text("id,when,size,said\n" + "".join(
                f"{i},2024-01-{1 + i % 28:02}T00:00:00Z,{i % 7},{values[i % len(values)]}\n" for i in range(900)))
            made = subprocess.run([shop.os.environ["MILLWRIGHT"], "init", "made", "--from", "odd.csv", "--time", "when",
                                   "--id", "id", "--label", "said"], cwd=project.folder, capture_output=True, text=True,
                                  check=False)
            assert made.returncode == 0, made.stderr
            project.folder /= "made"
            text = (project.folder / "millwright.yaml").read_text()
            assert f"last(events.said by id over next 2d){said}" in text, text
            project.ok("check")
            project.ok("ingest")
            project.ok("train")


def test_init_finds_the_file_from_the_new_folder():
    with Shop() as project:
        (project.folder / "odd.csv").write_text(
            'Order No,Order Date,"Total (EUR)",2nd,state\n'
            "1,2026-01-01T10:00:00Z,5.5,a,no\n2,2026-01-02T10:00:00Z,7,b,yes\n")
        def init(*words):
            return subprocess.run(
                [shop.os.environ["MILLWRIGHT"], "init", *words, "--time", "Order Date", "--label",
                 "state", "--id", "Order No"],
                cwd=project.folder, capture_output=True, text=True, check=False)
        made = init("a/b", "--from", "odd.csv")
        assert made.returncode == 0, made.stderr
        assert "= 'yes'" in (project.folder / "a/b/millwright.yaml").read_text()
        outside = init("../elsewhere", "--from", "odd.csv")
        assert outside.returncode == 2 and "Give --from a whole path" in outside.stderr
        assert not (project.folder / "../elsewhere").exists()
        project.folder /= "a/b"
        features = project.ok("check", "--json").json()["models"][0]["features"]
        assert [feature["name"] for feature in features] == ["Total__EUR_", "_2nd"]


def test_init_writes_what_check_takes():
    """Columns called as words of the language, with letters beyond ASCII, alike but for blanks, lists, none."""
    header = 'id,größe,Größe,a b,a_b,select,over,not,now,when,x:y,"q""uote",\'single\',1st,true,label\n'
    rows = "".join(f"{i},1,2,3,4,5,6,7,8,2024-01-0{i}T00:00:00Z,3,4,5,6,7,{i % 2}\n" for i in range(1, 5))
    files = {"odd.csv": (header + rows, 13), "bare.csv": ("id,when,label\n1,2024-01-01,1\n", 1),
             "lists.jsonl": ('{"id": "a", "when": "2024-01-01", "tags": ["x"], "sizes": [1], "shop": "s", "label": true}\n', 3)}
    for name, (text, count) in files.items():
        with Shop() as project:
            (project.folder / name).write_text(text)
            def init(*words):
                return subprocess.run([shop.os.environ["MILLWRIGHT"], "init", "made", "--from", name, *words],
                                      cwd=project.folder, capture_output=True, text=True, check=False)
            for words, rule in [
                    (["--time", "when", "--id", "id", "--label", "returned"], "--label: the file has no column returned"),
                    (["--time", "label", "--id", "id", "--label", "label"], "--time: label must hold times, not a"),
                    (["--time", "when", "--id", "id", "--label", "id"], "--label: id must be a bool")]:
                refused = init(*words)
                assert refused.returncode != 0 and rule in refused.stderr, refused.stderr
            assert "It has id, " in init("--time", "when", "--id", "id", "--label", "returned").stderr
            made = init("--time", "when", "--id", "id", "--label", "label")
            assert made.returncode == 0, made.stderr
            project.folder /= "made"
            features = project.ok("check", "--json").json()["models"][0]["features"]
            assert len({feature["name"] for feature in features}) == len(features) == count, features


if __name__ == "__main__":
    shop.main(globals())
