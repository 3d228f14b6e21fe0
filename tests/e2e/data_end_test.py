"""A label that counts what comes finds nothing where the data end: `train` says how many do, and what leaves them out."""
from datetime import datetime, timedelta, timezone

from shop import SEED, Shop, main, stamp


def end_at(shop, when):
    """A last order, and nothing after it."""
    shop.orders = [shop.orders[0], *(line for line in shop.orders[1:] if line.split(",")[1] < stamp(when))]
    shop.returns = [shop.returns[0], *(line for line in shop.returns[1:] if line.split(",")[1] < stamp(when))]
    shop.write_data()


def looking_past(shop, end, span):
    times = [datetime.fromisoformat(line.split(",")[1].replace("Z", "+00:00")) for line in shop.orders[1:]]
    return sum(time + span > end for time in times), len(times)


def test_labels_beyond_the_data_are_told():
    with Shop() as shop:
        end_at(shop, datetime(2024, 2, 20, tzinfo=timezone.utc))
        shop.ok("ingest")
        answer = shop.ok("train")
        lines = shop.orders[1:] + shop.returns[1:]
        end = datetime.fromisoformat(max(line.split(",")[1] for line in lines).replace("Z", "+00:00"))
        past, count = looking_past(shop, end, timedelta(days=3))
        assert 100 * past > count, f"MW_SEED={SEED}: the case is not there"
        assert (f"warning: {past} of the {count:,} examples have labels that look past 2024-02-19, where the data end"
                in answer.err), answer.err
        assert "`--as-of 2024-02-19` leaves them out" in answer.err, answer.err
        assert "look past" not in shop.ok("train", "--as-of", "2024-02-19").err


def test_a_backtest_tells_of_labels_that_the_data_do_not_reach():
    with Shop() as shop:
        end_at(shop, datetime(2024, 2, 20, tzinfo=timezone.utc))
        shop.ok("ingest")
        days = ["backtest", "returned", "--policy", "never", "--from", "2024-02-10"]
        told = shop.ok(*days, "--to", "2024-02-25")
        asked = shop.ok(*days, "--to", "2024-02-25", "--json").json()
        lane = asked["policies"][0]
        assert asked["open"] > 0 and lane["predictions"] == lane["labelled"] + asked["open"]
        assert f"\n{asked['open']} have labels that mature after 2024-02-19, where the data end\n" in told.out, told.out
        assert "have labels" not in shop.ok(*days, "--to", "2024-02-12").out
        none = shop.ok("backtest", "returned", "--policy", "never,monthly", "--from", "2024-02-18", "--to", "2024-02-25",
                       "--html", str(shop.folder / "page.html")).out
        assert ", 0 of them labelled" in none and "nan" not in none, none
        assert '"excess":null' in (shop.folder / "page.html").read_text()
        shop.fails(3, "has no moment in these days\n  The data go from 2024-01-01T00:", "backtest", "returned",
                   "--from", "2024-03-10", "--to", "2024-03-20")
        shop.fails(3, "Let the first day be later", "backtest", "returned", "--from", "2024-01-02", "--to", "2024-03-20")


def test_a_label_that_is_missing_then_needs_no_word():
    with Shop() as shop:
        shop.change("any(returns by id over next 3d)", "last(returns.amount by id over next 3d) > 20")
        shop.ok("ingest")
        assert "look past" not in shop.ok("train").err


if __name__ == "__main__":
    main(globals())
