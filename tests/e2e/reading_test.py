"""Commands that read change nothing, need no right to write, and read what a version says by itself."""
import os
import subprocess

from shop import PROJECT, Shop, main

# As another user it could not even be run where the program lies in root's home.
WITHOUT_ROOTS_POWER = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []


def read_only(shop, *arguments):
    """Runs a command that may write nothing but what its user has the right to."""
    command = [os.environ["MILLWRIGHT"], *arguments, "-C", str(shop.folder)]
    return subprocess.run(WITHOUT_ROOTS_POWER + command, capture_output=True, text=True, check=False)


def set_writable(folder, may_write):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or may_write else 0o444)
        if path.is_dir() and not may_write:
            path.chmod(0o555)


def test_a_state_is_read_without_the_right_to_write():
    with Shop() as shop:
        shop.ok("ingest")
        shop.ok("train")
        expected = shop.ok("models", "list", "--json").out
        set_writable(shop.folder, False)
        before = sorted(os.listdir(shop.folder / ".millwright"))
        forbidden = [*WITHOUT_ROOTS_POWER, "touch", shop.folder / ".millwright" / "new"]
        assert subprocess.run(forbidden, capture_output=True, check=False).returncode != 0
        try:
            done = read_only(shop, "models", "list", "--json")
            assert done.returncode == 0 and done.stdout == expected, done.stderr
            assert read_only(shop, "alerts", "--json").stdout.strip() == "[]"
            assert sorted(os.listdir(shop.folder / ".millwright")) == before
        finally:
            set_writable(shop.folder, True)


def test_sql_only_reads():
    with Shop(count=500) as shop:
        shop.ok("ingest")
        written = shop.folder / "written.csv"
        for statement in (f"COPY (SELECT 1) TO '{written}'", "CREATE TABLE x AS SELECT 1",
                          f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{written}'", "SET threads = 1",
                          f"ATTACH '{written}'", f"EXPORT DATABASE '{written}'",
                          "/* so */ INSERT INTO ingests SELECT * FROM ingests"):
            said = shop.fails(3, "millwright: ", "sql", statement).err
            assert "must only read" in said or "disabled by configuration" in said, (statement, said)
            assert not written.exists(), statement
        for statement in ("INSERT INTO ingests SELECT * FROM ingests", "DELETE FROM runs RETURNING run",
                          "insert into orders values (1)", "\n insert into nosuch values (1);", "update orders set amount = 1",
                          "delete from orders", "truncate orders", "EXPLAIN INSERT INTO orders VALUES (1)",
                          "merge into orders using returns on true when matched then delete",
                          "WITH a AS (SELECT 1) INSERT INTO orders SELECT * FROM a", "/* so */ update orders set amount = 1",
                          "drop view orders", "attach ':memory:' as x", "pragma threads = 2", "create table x (y int)",
                          "explain analyze create table x as select 1", "EXPLAIN (ANALYZE) CREATE TABLE x AS SELECT 1",
                          "EXPLAIN /* */ ANALYZE CREATE TABLE x AS SELECT 1", "explain analyze set threads = 1",
                          "EXPLAIN ANALYZE /* /* */ SELECT 1 -- */ CREATE TABLE x AS SELECT 1",
                          "EXPLAIN ANALYZE -- SELECT 1\n CREATE TABLE x AS SELECT 1",
                          "CREATE VIEW x AS SELECT 1", "CREATE TABLE x AS SELECT 1", "INSERT", "copy;", "SET threads = 1"):
            said = shop.fails(3, "sql: the statement must only read: SELECT, WITH", "sql", statement).err
            assert "Events are taken in by millwright ingest" in said, (statement, said)
        for nothing in ("", " \n", ";", " ; ; ", "/* nothing */", "\n--\n"):
            shop.fails(2, "sql: QUERY must be a statement, got nothing\n  As in: millwright sql", "sql", nothing)
        shop.fails(3, "takes one statement a call", "sql", "SELECT 1; SELECT 2")
        for statement in ("SELECT 1 AS x;", " SELECT 1 AS x ; \n;", "SELECT 1 AS x -- the one;"):
            assert shop.ok("sql", statement, "--json").json() == [{"x": 1}], statement
        assert shop.ok("sql", "SELECT ';' AS x", "--json").json() == [{"x": ";"}]
        for statement in ("WITH a AS (SELECT 1 AS x) SELECT * FROM a", "DESCRIBE orders", "VALUES (1)",
                          "SUMMARIZE SELECT amount FROM orders", "explain select 1;", "Explain\n FROM orders",
                          "EXPLAIN ANALYZE /* so */ SELECT count(*) FROM orders"):
            assert shop.ok("sql", statement, "--json").json(), statement
        plan = shop.ok("sql", "EXPLAIN SELECT shop, count(*) FROM orders GROUP BY shop").out
        assert plan.startswith("┌──") and "HASH_GROUP_BY" in plan and len(plan.splitlines()) > 5, plan
        said = shop.fails(3, "syntax error", "sql", "SELECT shop, at FROM orders")
        assert 'stands in double quotes, as in SELECT "at"' in said.err, said.err
        said = shop.fails(3, "syntax error", "sql", "select count(*) from order")
        assert 'A column or table whose name' in said.err and "SHOW TABLES lists the tables." in said.err, said.err


def test_a_name_without_a_version_is_told_from_a_model_without_a_champion():
    with Shop(count=500) as shop:
        shop.ok("ingest")
        shop.fails(3, "returned has no champion yet", "predict", "returned", "--input", "data/orders.csv")
        shop.ok("train")
        said = shop.fails(3, "there is no version of a model nothing", "predict", "nothing", "--input", "-",
                          stdin=subprocess.DEVNULL)
        assert "There are some of: returned." in said.err, said.err


def test_a_version_does_not_ask_today_s_environment():
    with Shop(PROJECT.replace("data/orders.csv", "${SHOP_DATA}/orders.csv"), count=500) as shop:
        known = {**os.environ, "SHOP_DATA": "data"}
        shop.ok("ingest", env=known)
        shop.ok("train", env=known)
        source = shop.folder / "data/orders.csv"
        unknown = {name: value for name, value in os.environ.items() if name != "SHOP_DATA"}
        expected = shop.ok("predict", "returned", "--input", str(source), env=known).out
        assert shop.ok("predict", "returned", "--input", str(source), env=unknown).out == expected
        shop.fails(3, "SHOP_DATA", "check", env=unknown)


def test_check_says_as_json_what_it_says_in_text():
    with Shop(count=500) as shop:
        shop.change("segments: [shop]", "segments: [shop]\n    review:   {queue: desk, ask: 5 per 1d}")
        noted = shop.ok("check", "--json").json()["notes"]
        assert [note["line"] for note in noted] and "not in force yet" in noted[0]["message"], noted
        shop.change("amount:  amount", "amount:  amont")
        shop.change("id: order_id", "id: ordr_id")
        shop.change("any(returns by id", "any(retrns by id")
        mistakes = shop.fails(3, "to mend", "check", "--json").json()["error"]["mistakes"]
        places = [(mistake["line"], mistake["column"]) for mistake in mistakes]
        assert len(places) > 1 and places == sorted(places), mistakes
        told = [line for line in shop.run("check").err.splitlines() if "millwright.yaml:" in line]
        assert [m["message"] for m in mistakes] == [line.split(": ", 1)[1] for line in told[:len(mistakes)]]


if __name__ == "__main__":
    main(globals())
