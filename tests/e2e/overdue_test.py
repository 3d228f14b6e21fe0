"""Where `known` is a column, the data say how long to wait: `check` and `ingest` warn where `late` is shorter (rule 1).

Returns are told of in a list that says when each became known: one in fifty 20 days after it happened, the
rest within half an hour.
"""
from datetime import datetime, timedelta

from shop import PROJECT, Shop, main, stamp

DATED = PROJECT.replace("    time: returned\n", "    time: returned\n    known: seen\n")


def date(shop, far):
    """Gives each return its `seen`; how many are overdue."""
    rows = [line.split(",") for line in shop.returns[1:]]
    overdue = 0
    lines = [shop.returns[0] + ",seen"]
    for number, row in enumerate(rows):
        is_late = number % 50 == 7
        overdue += is_late
        seen = datetime.fromisoformat(row[1]) + (far if is_late else timedelta(minutes=30))
        lines.append(",".join([*row, stamp(seen)]))
    shop.returns = lines
    shop.write_data()
    return overdue, len(rows)


def test_what_is_known_too_late_for_its_labels_is_told():
    with Shop(DATED) as shop:
        overdue, count = date(shop, timedelta(days=20))
        for command in ("check", "ingest"):
            said = " ".join(shop.ok(command).out.split())
            assert (f"returns: {overdue} of {count} events become known later than 1h after their time, which is how long "
                    "labels and moments wait (`late`)") in said, said
            assert "99 in 100 are known within 20d, all within 20d. Say `late: 20d` to wait for them all." in said, said
    with Shop(DATED.replace("known: seen", "known: seen\n    late: 20d")) as shop:
        date(shop, timedelta(days=20))
        assert "later than" not in shop.ok("check").out
        assert shop.ok("ingest", "--json").json()["overdue"] == []
        assert "later than" not in shop.ok("ingest").out, "nothing to do"


def test_it_is_told_as_numbers():
    with Shop(DATED) as shop:
        overdue, count = date(shop, timedelta(days=3))
        told = shop.ok("check", "--json").json()["data"]["overdue"]
        assert told == [{"stream": "returns", "events": count, "overdue": overdue, "waits_seconds": 3600,
                         "known_p99_seconds": 259200, "known_longest_seconds": 259200}], told
        assert shop.ok("ingest", "--json").json()["overdue"] == told


if __name__ == "__main__":
    main(globals())
