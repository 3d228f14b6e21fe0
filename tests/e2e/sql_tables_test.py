"""`sql` sees all that there is: streams in lake and log, predictions, labels, examples, runs.

Beside a running server under a virtual clock: three hundred orders are predicted, some come back. What
SQL counts is compared with the answers, with the rows that were sent, and with `features build`.
"""
import csv
from datetime import timedelta

from monitor_test import BEGIN, DAYS, ORDERS, order, predict_orders, return_some, serving
from shop import PROJECT, Shop, main, stamp

LATER = BEGIN + timedelta(days=DAYS + 4)


def ask(shop, statement):
    return shop.ok("sql", statement, "--json").json()


def one(shop, statement):
    return list(ask(shop, statement)[0].values())[0]


def test_nothing_was_served_yet():
    with Shop(count=500) as shop:
        shop.ok("ingest")
        assert one(shop, "SELECT count(*) FROM predictions") == 0
        assert one(shop, "SELECT count(*) FROM orders") == 500
        assert one(shop, "SELECT count(*) FROM labels") == one(shop, "SELECT count(*) FROM examples") > 300
        shop.change("label:    any(", "label:    anny(")
        assert one(shop, "SELECT count(*) FROM orders") == 500, "the lake needs no program"
        shop.fails(3, "mistake to mend", "sql", "SELECT * FROM examples")


def test_numbers_to_the_last_digit():
    with Shop(count=100) as shop:
        shop.ok("ingest")
        answer = shop.ok("sql", "SELECT sum(9000000000000000000::BIGINT) AS a, 18446744073709551615::UBIGINT AS b, "
                         "-0.10::DECIMAL(5, 2) AS c FROM range(3)", "--json")
        assert answer.out.strip() == '[{"a":27000000000000000000,"b":18446744073709551615,"c":-0.10}]', answer.out


def test_a_flipped_bit_is_no_value():
    """Parquet's readers would take it for one: train, features and sql say which file was damaged."""
    with Shop(count=2000) as shop:
        shop.ok("ingest")
        path = shop.folder / ".millwright/lake/orders/000001.parquet"
        whole = path.read_bytes()
        for place in range(4, len(whole), len(whole) // 7):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1:])
            for command in (["sql", "SELECT sum(amount) FROM Orders"], ["features", "build", "--output", "a.csv"],
                            ["train"]):
                shop.fails(4, "orders/000001.parquet cannot be read: its bytes are not those that were written", *command)
            assert one(shop, "SELECT count(*) FROM returns") == len(shop.returns) - 1
        path.write_bytes(whole)
        shop.ok("train")


def test_names_that_are_taken():
    """A stream called as the catalog's table, fields and features as columns of ours."""
    project = PROJECT.replace("  returns:\n", "  runs: {from: data/returns.csv, time: returned, id: order_id}\n"
                              "  returns:\n").replace(
        "    id: order_id\n    checks", "    id: order_id\n    fields: {place: shop, Known: amount * 2, event: shop}\n"
        "    checks").replace("features:\n", "features:\n  place: place\n  Matured: Known\n")
    with Shop(project, count=500) as shop:
        shop.ok("ingest")
        shop.ok("train")
        with serving(shop, BEGIN) as server:
            server.post("/v1/events/orders", {"events": [order(1, BEGIN, 5)]})
            assert one(shop, "SELECT count(*) FROM orders") == 501, "of lake and log"
            assert one(shop, """SELECT bool_and("place:5" = shop AND "Known:6" = 2 * amount) FROM orders""") is True
        assert one(shop, "SELECT count(*) FROM runs") == len(shop.returns) - 1
        assert one(shop, "SELECT count(*) FROM main.runs") == 1
        assert one(shop, """SELECT bool_and("place:1" IN ('a', 'b', 'c', 'd', 'e')) FROM examples""") is True


def check_served(shop, made, labels):
    assert one(shop, "SELECT count(*) FROM orders") == 3000 + ORDERS
    assert one(shop, "SELECT count(*) FROM returns") == len(shop.returns) - 1 + sum(labels)
    predictions = ask(shop, "SELECT event, version, prediction, decision, made >= place AS is_late, t "
                            "FROM predictions WHERE model = 'returned' ORDER BY made")
    assert [(p["event"], p["prediction"], p["decision"]) for p in predictions] == [
        (row["order_id"], prediction, decision) for prediction, decision, row in made]
    assert all(p["is_late"] for p in predictions)
    assert {p["t"] for p in predictions} == {row["placed"] for _, _, row in made}
    joined = ask(shop, "SELECT l.event, label, amount FROM labels l JOIN predictions p USING (event, t) "
                       "JOIN orders ON order_id = l.event ORDER BY p.made")
    assert [(j["event"], j["label"] == 1, j["amount"]) for j in joined] == [
        (row["order_id"], label, row["amount"]) for (_, _, row), label in zip(made, labels)]


def check_examples(shop):
    """The examples, of lake and log, are what `features build` makes of both."""
    path = shop.folder / "built.csv"
    shop.ok("features", "build", "--output", str(path))
    with open(path, newline="") as file:
        built = {row["id"]: row for row in csv.DictReader(file)}
    found = ask(shop, "SELECT * FROM examples")
    compared = 0
    for row in found:
        other = built[row["event"]]
        assert row["t"] == other["time"], (row, other)
        for name in ("amount", "recent_1h", "recent_1d", "spent", "lately"):
            assert row[name] is None or row[name] == float(other[name]), (name, row, other)
        compared += 1
    assert compared > 2500 + ORDERS, compared


def test_beside_a_server():
    with Shop(PROJECT) as shop:
        shop.ok("ingest")
        shop.ok("train")
        with serving(shop, BEGIN) as server:
            made = predict_orders(server)
            labels = return_some(server, made)
            server.go_to(LATER)
            check_served(shop, made, labels)
            shop.fails(3, "only read", "sql", "DELETE FROM predictions")
            shop.fails(3, "SHOW TABLES lists them", "sql", "SELECT * FROM nothing")
            shop.fails(3, "DESCRIBE TABLE lists those of one table", "sql", "SELECT colour FROM orders")
            assert "orders" in [row["name"] for row in shop.ok("sql", "SHOW TABLES", "--json").json()]
        check_served(shop, made, labels)
        check_examples(shop)

        again, new = order(7, BEGIN, 5), {"order_id": "late", "placed": stamp(LATER), "shop": "a", "amount": 3}
        again = next(row for _, _, row in made if row["order_id"] == again["order_id"])
        lines = ["order_id,placed,shop,amount"]
        lines += [",".join(str(row[key]) for key in lines[0].split(",")) for row in (again, new)]
        (shop.folder / "data/more.csv").write_text("\n".join(lines) + "\n")
        shop.ok("ingest", "orders", "--from", "data/more.csv")
        assert one(shop, "SELECT count(*) FROM orders") == 3000 + ORDERS + 1, "an event counts once"
        placed = ask(shop, "SELECT place > known AS waited FROM orders WHERE order_id = 'late'")
        assert placed == [{"waited": True}], "it stands where it was accepted"


if __name__ == "__main__":
    main(globals())
