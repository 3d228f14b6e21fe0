"""`features build` gives what DuckDB's SQL gives for the same windows, written out by hand.

Bit for bit but for means, which may differ in the last place. SQL says which values a sum is of; they are
added by math.fsum, which is exact as ours is: DuckDB's own sums of doubles are not. Variances and slopes are worked
out from the same values by fractions, which are exact too; DuckDB's own agree to nine digits.
"""
import math
import zoneinfo
from fractions import Fraction

import duckdb
import shop
from shop import Shop

SPAN = "INTERVAL 1 DAY"

PROJECT = """\
project: windows
streams:
  orders:
    from: data/orders.csv
    time: placed
    known: seen
    id: order_id
    late: 2h
    types: {seen: time, amount: number}
features:
  n:      count(orders by shop over 1d)
  dear:   count(orders where amount > 20 by shop over 1d)
  total:  sum(orders.amount by shop over 1d)
  middle: mean(orders.amount by shop over 1d)
  least:  min(orders.amount by shop over 1d)
  most:   max(orders.amount by shop over 1d)
  newest: last(orders.amount by shop over 1d)
  oldest: first(orders.amount by shop over 1d)
  some:   any(orders where amount > 50 by shop over 1d)
  every:  all(orders.amount > 20 by shop over 12h)
  gap:    since(orders by shop over 1d)
  dearer: count(orders where amount > now.amount by shop over 1d)
  ahead:  max(orders.amount - now.amount by shop over 1d)
  spread: var(orders.amount by shop over 1d)
  uneven: std(orders.amount by shop over 1d)
  rising: trend(orders.amount by shop over 1d)
  half:   quantile(0.5)(orders.amount by shop over 1d)
  high:   quantile(0.95)(orders.amount by shop over 1d)
  buyers: distinct(orders.buyer by shop over 1d)
  prices: distinct(orders.amount by shop over 12h)
  usual:  top(orders.buyer by shop over 1d)
  round:  top(orders.floor(amount / 10) by shop over 1d)
  double: sum(orders.amount * 2 by shop over {1h, 12h} )
models:
  dear: {moment: on orders, label: any(orders by shop over next 1h)}
"""

# An event counts if it lies in the span before t, was known before the moment's place, and is another.
QUERY = f"""
WITH powers AS (SELECT *, pow(2, floor(log2(amount))) AS power FROM orders),
moments AS (SELECT *, greatest(placed, seen) AS place,
                   (floor(amount / power * 256) + 0.5) / 256 * power AS middle FROM powers)
SELECT m.order_id AS id,
       count(e.order_id) AS n,
       count(e.order_id) FILTER (e.amount > 20) AS dear,
       list(e.amount) AS total,
       list(e.amount) AS middle,
       min(e.amount) AS least,
       max(e.amount) AS most,
       arg_max(e.amount, e.placed) AS newest,
       arg_min(e.amount, e.placed) AS oldest,
       coalesce(bool_or(e.amount > 50), false) AS some,
       bool_and(e.amount > 20) FILTER (e.placed >= m.placed - INTERVAL 12 HOUR) AS every,
       epoch(m.placed - max(e.placed)) AS gap,
       count(*) FILTER (e.amount > m.amount) AS dearer,
       max(e.amount - m.amount) AS ahead,
       list(struct_pack(x := e.amount, t := epoch_us(e.placed))) AS spread,
       list(struct_pack(x := e.amount, t := epoch_us(e.placed))) AS uneven,
       list(struct_pack(x := e.amount, t := epoch_us(e.placed))) AS rising,
       -- The order of buckets is that of their values, for no amount is negative.
       quantile_disc(e.middle, 0.5) AS half,
       quantile_disc(e.middle, 0.95) AS high,
       count(DISTINCT e.buyer) AS buyers,
       count(DISTINCT e.amount) FILTER (e.placed >= m.placed - INTERVAL 12 HOUR) AS prices,
       list(e.buyer) AS usual,
       list(floor(e.amount / 10)) AS round,
       var_samp(e.amount) AS sql_spread,
       stddev_samp(e.amount) AS sql_uneven,
       regr_slope(e.amount, epoch(e.placed) - epoch(m.placed)) AS sql_rising,
       list(e.amount * 2) FILTER (e.placed >= m.placed - INTERVAL 1 HOUR) AS double_1h,
       list(e.amount * 2) FILTER (e.placed >= m.placed - INTERVAL 12 HOUR) AS double_12h
FROM moments m LEFT JOIN moments e
  ON e.shop = m.shop AND e.placed >= m.placed - {SPAN} AND e.placed < m.placed AND e.seen < m.place
     AND e.order_id <> m.order_id
GROUP BY m.order_id, m.placed
"""

TOPS = {"usual", "round"}
SPREADS = {"spread", "uneven", "rising"}
SUMS = {"total", "double_1h", "double_12h"}


def with_delays(lines):
    """Two columns more: when each order became known, up to two hours after it was placed, and who bought."""
    draw = shop.random.Random(shop.SEED + 1)
    out = [lines[0] + ",seen,buyer"]
    for line in lines[1:]:
        placed = shop.datetime.strptime(line.split(",")[1], "%Y-%m-%dT%H:%M:%SZ")
        buyer = draw.choice(["", "ann", "bob", "Bob", "eve", "zoe", f"b{draw.randrange(40)}"])
        out.append(f"{line},{shop.stamp(placed + shop.timedelta(seconds=draw.randrange(7200)))},{buyer}")
    return out


def spread(name, pairs):
    """var, std or trend of [{'x', 't'}] by their definitions, rounded once."""
    points = [(Fraction(round(Fraction(pair["x"]) * 2**40), 2**40), pair["t"]) for pair in pairs if pair["x"] is not None]
    n = len(points)
    if n < 2:
        return None
    x_mean, t_mean = Fraction(sum(x for x, _ in points), n), Fraction(sum(t for _, t in points), n)
    if name == "rising":
        times = sum((t - t_mean) ** 2 for _, t in points)
        slope = times and sum((t - t_mean) * (x - x_mean) for x, t in points) * 10**6 / times
        return slope.numerator / slope.denominator if times else None
    squares = sum((x - x_mean) ** 2 for x, _ in points) / (n - 1)
    if name == "spread":
        return squares.numerator / squares.denominator
    # The root to 200 bits; one bit more says that it is not exact.
    scaled = squares.numerator * 4**200 // squares.denominator
    return (2 * math.isqrt(scaled) + (math.isqrt(scaled) ** 2 != scaled)) / 2**201


def agrees(name, ours, theirs):
    if name.startswith("sql_"):
        if ours is None or theirs is None or math.isnan(theirs):
            return ours is None
        return abs(ours - theirs) <= 1e-9 * max(abs(theirs), 1e-3)
    if name in SPREADS:
        theirs = spread(name, theirs)
    if name in SUMS or name == "middle":
        values = [value for value in theirs or [] if value is not None]
        theirs = math.fsum(values) if values or name in SUMS else None
        if name == "middle" and values:
            theirs /= len(values)
            return abs(ours - theirs) <= math.ulp(theirs)
    if name in TOPS:
        values = [value for value in theirs if value is not None]
        theirs = min(set(values), key=lambda value: (-values.count(value), value), default=None)
    if ours is None or theirs is None:
        return ours is None and theirs is None
    if isinstance(ours, str):
        return ours == theirs
    return float(ours) == float(theirs)


def test_windows_equal_sql():
    with Shop(PROJECT) as project:
        project.orders = with_delays(project.orders)
        project.write_data()
        project.ok("ingest")
        output = project.folder / "built.parquet"
        built = project.ok("features", "build", "--output", str(output), "--json").json()
        assert built["moments"] == len(project.orders) - 1

        database = duckdb.connect()
        database.execute(f"CREATE TABLE orders AS FROM read_csv('{project.folder}/data/orders.csv')")
        expected = {row[0]: row[1:] for row in database.execute(QUERY).fetchall()}
        names = [column[0] for column in database.execute(QUERY).description][1:]
        columns = ", ".join(["id"] + [f'"{name.removeprefix("sql_")}"' for name in names])
        unequal = 0
        for row in database.execute(f"SELECT {columns} FROM '{output}'").fetchall():
            for name, ours, theirs in zip(names, row[1:], expected[row[0]]):
                if not agrees(name, ours, theirs):
                    unequal += 1
                    print(f"{row[0]} {name}: {ours!r}, SQL has {theirs!r}")
        assert unequal == 0, f"{unequal} values differ"


# ---- Windows that keep to the clocks of a zone, around the nights in which these change ----

ZONE = zoneinfo.ZoneInfo("America/New_York")

ALIGNED = """\
project: aligned
zone: America/New_York
streams:
  orders: {from: data/orders.csv, time: placed, id: order_id}
features:
  hours:  count(orders by shop over 24h aligned hour)
  days:   sum(orders.amount by shop over {1d, 7d, 28d} aligned day)
  before: max(orders.amount by shop over 1d ago 7d aligned day)
  weeks:  count(orders by shop over 14d aligned week)
  month:  count(orders by shop over 30d aligned month)
  sixth:  min(orders.amount by shop over 4h every 10m)
  ever:   count(orders by shop every 1d)
models:
  dear: {moment: on orders, label: sum(orders.amount by shop over next 1d aligned day)}
"""

ALIGNED_QUERY = """
SELECT m.order_id AS id,
       count(*) FILTER (e.placed >= hour - INTERVAL 24 HOUR AND e.placed < hour) AS hours,
       list(e.amount) FILTER (e.placed >= day_1 AND e.placed < day) AS days_1d,
       list(e.amount) FILTER (e.placed >= day_7 AND e.placed < day) AS days_7d,
       list(e.amount) FILTER (e.placed >= day_28 AND e.placed < day) AS days_28d,
       max(e.amount) FILTER (e.placed >= day_8 AND e.placed < day_7) AS before,
       count(*) FILTER (e.placed >= week_2 AND e.placed < week) AS weeks,
       count(*) FILTER (e.placed >= month_1 AND e.placed < month) AS month,
       min(e.amount) FILTER (e.placed >= ten - INTERVAL 4 HOUR AND e.placed < ten) AS sixth,
       count(*) FILTER (e.placed < day) AS ever,
       list(e.amount) FILTER (e.placed >= m.placed AND e.placed < tomorrow) AS label
FROM moments m JOIN orders e ON e.shop = m.shop AND e.order_id <> m.order_id
GROUP BY m.order_id
"""
ALIGNED_SUMS = {"days_1d", "days_7d", "days_28d", "label"}


def in_utc(local):
    return local.replace(tzinfo=ZONE).astimezone(shop.timezone.utc)


def edges_of(placed):
    """The starts of units around a time, as a person with a calendar finds them."""
    local = placed.astimezone(ZONE)
    day = shop.datetime(local.year, local.month, local.day)
    week = day - shop.timedelta(days=day.weekday())
    month = day.replace(day=1)
    hour = placed - shop.timedelta(minutes=placed.minute, seconds=placed.second)
    ten = placed - shop.timedelta(minutes=placed.minute % 10, seconds=placed.second)
    edges = {"hour": hour, "ten": ten, "day": in_utc(day), "week": in_utc(week), "month": in_utc(month),
             "week_2": in_utc(week - shop.timedelta(days=14)), "tomorrow": in_utc(day + shop.timedelta(days=1)),
             "month_1": in_utc((month - shop.timedelta(days=1)).replace(day=1))}
    for days in (1, 7, 8, 28):
        edges[f"day_{days}"] = in_utc(day - shop.timedelta(days=days))
    return edges


def moved(lines, days):
    """The orders, so many days later."""
    out = [lines[0]]
    for line in lines[1:]:
        number, placed, rest = line.split(",", 2)
        placed = shop.datetime.strptime(placed, "%Y-%m-%dT%H:%M:%SZ") + shop.timedelta(days=days)
        out.append(f"{number},{shop.stamp(placed)},{rest}")
    return out


def compare_aligned(days_later):
    with Shop(ALIGNED, count=4200) as project:
        project.orders = moved(project.orders, days_later)
        project.write_data()
        project.ok("ingest")
        output = project.folder / "built.parquet"
        project.ok("features", "build", "--output", str(output))

        lines = []
        for line in project.orders[1:]:
            order_id, placed, at, _ = line.split(",")
            when = shop.datetime.strptime(placed, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=shop.timezone.utc)
            edges = edges_of(when)
            lines.append(",".join([order_id, at, placed] + [shop.stamp(edge) for edge in edges.values()]))
        heading = ",".join(["order_id", "shop", "placed"] + list(edges))
        (project.folder / "moments.csv").write_text("\n".join([heading] + lines) + "\n")
        database = duckdb.connect()
        database.execute(f"CREATE TABLE orders AS FROM read_csv('{project.folder}/data/orders.csv')")
        database.execute(f"CREATE TABLE moments AS FROM read_csv('{project.folder}/moments.csv')")
        done = database.execute(ALIGNED_QUERY)
        names = [column[0] for column in done.description][1:]
        expected = {row[0]: row[1:] for row in done.fetchall()}
        columns = ", ".join(["id"] + [f'"{name}"' for name in names])
        unequal, labels = 0, 0
        for row in database.execute(f"SELECT {columns} FROM '{output}'").fetchall():
            for name, ours, theirs in zip(names, row[1:], expected[row[0]]):
                if name == "label" and ours is None:
                    continue  # not matured
                labels += name == "label"
                if name in ALIGNED_SUMS:
                    theirs = math.fsum(theirs or [])
                if (None if ours is None else float(ours)) != (None if theirs is None else float(theirs)):
                    unequal += 1
                    print(f"{row[0]} {name}: {ours!r}, SQL has {theirs!r}")
        assert unequal == 0, f"{unequal} values differ"
        assert labels > 4000, labels


def test_aligned_windows_equal_sql_when_clocks_go_forward():
    compare_aligned(0)


def test_aligned_windows_equal_sql_when_clocks_go_back():
    compare_aligned(235)


if __name__ == "__main__":
    shop.main(globals())
