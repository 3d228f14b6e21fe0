"""Bad input: each kind with a clear message, the right exit code, and nothing lost."""
import os
import resource
import signal

import shop
from shop import Shop


def broken(old, new, message, code=3):
    """A project file with one mistake: `check` names it, and nothing is made."""
    with Shop(count=50) as project:
        project.change(old, new)
        result = project.fails(code, message, "check")
        assert "millwright.yaml:" in result.err, result.err
        mistakes = project.fails(code, message, "check", "--json").json()["error"]["mistakes"]
        assert mistakes[0]["line"] > 0
        project.fails(code, message, "ingest")
        assert not (project.folder / ".millwright").exists()


def test_no_project_file():
    with Shop(count=5) as project:
        (project.folder / "millwright.yaml").unlink()
        project.fails(3, "there is no millwright.yaml in", "check")


def test_missing_file():
    with Shop(count=50) as project:
        (project.folder / "data/orders.csv").unlink()
        project.fails(3, "orders.csv: there is no such file", "ingest")


def test_empty_file():
    with Shop(count=50) as project:
        (project.folder / "data/orders.csv").write_text("")
        project.fails(3, "orders.csv: the file is empty", "ingest")


def test_unknown_column():
    broken("time: placed", "time: placd", "placd")


def test_unreadable_yaml():
    with Shop(count=50) as project:
        project.write("project: [unclosed\nstreams: {")
        result = project.fails(3, "millwright.yaml:", "check")
        assert result.out == ""


def test_misspelt_key():
    broken("question:", "questoin:", "Did you mean question?")


def test_expression_split_by_a_comma():
    broken("label:    any(returns by id over next 3d)",
           "label:    any(returns by id over next 3d)\n    retrain: {when: [max(a, b) > 1]}", "comma")


def test_cyclic_features():
    broken("  amount:  amount\n", "  amount:  amount\n  x: y + 1\n  y: x + 1\n", "x")


def test_feature_that_sees_the_future():
    broken("count(returns by shop over 7d)", "count(returns by shop over next 7d)", "future")


def test_later_field_used_bare():
    broken("    id: order_id\n    checks", "    id: order_id\n    later: {amount: placed + 1d}\n    checks",
           "amount")


def test_wrong_type_in_a_row():
    with Shop(count=500) as project:
        project.change("    checks:", "    types: {amount: number}\n    checks:")
        project.orders[300] = "o299,2024-01-05T00:00:00Z,a,lots"
        project.write_data()
        project.fails(1, "1 of", "check")
        result = project.fails(1, "rows were refused; the rest is in", "ingest")
        assert "amount: must be a finite number" in result.out, result.out
        rows = project.ok("data", "quarantine", "--json").json()
        assert [(row["stream"], row["row"], row["value"]) for row in rows] == [("orders", 300, "lots")]
        assert project.ok("sql", "SELECT count(*) AS n FROM orders", "--json").json() == [{"n": 499}]


def test_wrong_type_in_a_later_file():
    """The types of the first ingest hold: a later file cannot change them."""
    with Shop(count=50) as project:
        project.ok("ingest")
        (project.folder / "data/more.csv").write_text(
            "order_id,placed,shop,amount\nx,2024-04-01T00:00:00Z,a,lots\ny,2024-04-01T00:00:00Z,a,5\n")
        result = project.fails(1, "1 of 2 rows were refused", "ingest", "orders", "--from", "data/more.csv")
        assert "amount: must be a finite number" in result.out, result.out


def test_repeated_id():
    with Shop(count=500) as project:
        project.orders.append(project.orders[7])
        project.orders.append(project.orders[8].rsplit(",", 1)[0] + ",1")
        project.write_data()
        result = project.fails(1, "1 of", "ingest", "--json").json()
        assert result["files"][0]["repeats"] == 1 and result["files"][0]["quarantined"] == 1


def test_every_row_refused_takes_nothing():
    with Shop(count=50) as project:
        project.ok("ingest")
        before = project.state()
        (project.folder / "data/bad.csv").write_text("order_id,placed,shop,amount\nx,2024-04-01T00:00:00Z,q,1\n")
        project.fails(3, "all 1 rows were refused", "ingest", "orders", "--from", "data/bad.csv")
        assert project.state() == before


def test_label_that_never_matures():
    with Shop(count=500) as project:
        project.change("over next 3d)", "over next 9000d)")
        project.ok("ingest")
        before = project.state()
        project.fails(3, "matured", "train")
        assert project.state() == before


def test_one_class_only():
    with Shop(count=500) as project:
        project.change("any(returns by id over next 3d)", "any(returns by id over next 3d) or amount >= 0")
        project.ok("ingest")
        before = project.state()
        project.fails(3, "labels to learn from are true", "train")
        assert project.state() == before


def test_predict_refuses_what_it_cannot_read():
    with Shop() as project:
        project.ok("ingest")
        project.fails(3, "has no champion yet", "predict", "returned", "--input", "data/orders.csv")
        project.ok("train")
        source = project.folder / "in.csv"
        source.write_text("order_id,placed,shop,amount\no1,2024-03-01T00:00:00Z,a,5\no2,never,a,5\n")
        project.fails(3, "row 2: placed:", "predict", "returned", "--input", str(source))
        source.write_text("order_id,placed,shop\no1,2024-03-01T00:00:00Z,a\n")
        project.fails(3, "there is no column amount", "predict", "returned", "--input", str(source))
        source.write_text("order_id,placed,shop,amount,decision\no1,2024-03-01T00:00:00Z,a,5,1\n")
        project.fails(3, "column decision has the name", "predict", "returned", "--input", str(source))
        project.fails(2, "--output: must end in", "predict", "returned", "--input", "x.csv", "--output", "x.txt")


def limit_files(size):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return limit


def test_full_disk():
    """A limit on file sizes stands in for a disk that is full: writes fail half-way alike."""
    with Shop() as project:
        project.ok("ingest", "returns")
        before = project.state()
        for size in (512, 4096, 20000):
            result = project.run("ingest", "orders", preexec_fn=limit_files(size))
            assert result.code == 4, f"{size}: exit {result.code}\n{result.err}{result.out}"
            assert result.err.startswith("millwright: "), result.err
            assert project.state() == before
        project.ok("ingest", "orders")
        verified = project.ok("features", "verify", "--sample", "20", "--json").json()
        assert verified["differences"] == 0


def test_state_of_a_newer_format():
    with Shop(count=50) as project:
        project.ok("ingest")
        (project.folder / ".millwright/format").write_text("millwright state 99\n")
        for command in (["status"], ["ingest"], ["check"], ["train"]):
            project.fails(4, "has format 99, this program reads up to", *command)


def test_state_that_another_process_writes():
    with Shop(count=50) as project:
        project.ok("ingest")
        with open(project.folder / ".millwright/lock", "a") as lock:
            import fcntl
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if project.run("ingest").code == 0:  # the program may lock by records instead
                fcntl.flock(lock, fcntl.LOCK_UN)
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            project.fails(4, "another process writes to", "ingest")
        project.ok("ingest")


if __name__ == "__main__":
    os.environ.setdefault("LANG", "C.UTF-8")
    shop.main(globals())
