"""Every aggregate gives what DuckDB's SQL gives, over the worst of events: ties, nulls, empty windows, times on the
very edges, values huge, tiny and negative, around the night in which the clocks change.

SQL says which events a window holds, and which of them is first, last, least, most or most frequent. What is added
(sum, mean, var, std, trend) is worked out from those events as integers: exactly, rounded once. All must agree to the
bit; DuckDB's own sums of integers must too.
"""
import math
import random
import struct
import zoneinfo
from datetime import datetime, timedelta, timezone
from fractions import Fraction

import duckdb
import pyarrow
import pyarrow.parquet

import shop
from shop import Shop

ZONE = zoneinfo.ZoneInfo("America/New_York")
BEGIN = datetime(2024, 3, 8, 20, tzinfo=timezone.utc)  # the clocks go forward on the 10th
GRID = timedelta(minutes=30)
STEPS = 240
COUNTS = {"orders": 260, "views": 420, "resets": 40}

VALUES = [0.0, -0.0, 0.1, -0.3, 1e-30, -1e-30, 2.0**-80, -(2.0**-80), 1.5 * 2.0**-80, 2.5 * 2.0**-80, 2.0**-81,
          3 * 2.0**-41, 2.0**-41, 5e-324, -5e-324, 1e-310, 1e17, -1e17, 2.0**62, -(2.0**62), 2.0**63, -(2.0**63),
          math.nextafter(2.0**63, 0), 1e300, -1e300, 1.7976931348623157e308, 0.1 + 0.2, 1 / 3, 1.0, -1.0, 255.5, 256.0,
          257.0]
TEXTS = ["a", "B", "b", "ab", "é", "z", "Ω", "𝄞", "a\u0301", None]

# What each range is: in the language, and which times it holds, as SQL between a moment m and an event e.
RANGES = {
    "near": ("over 90m", "m.at - INTERVAL 90 MINUTE", "m.at"),
    "day": ("over 1d", "m.at - INTERVAL 24 HOUR", "m.at"),
    "ago": ("over 1d ago 3h", "m.at - INTERVAL 27 HOUR", "m.at - INTERVAL 3 HOUR"),
    "next": ("over next 6h", "m.at", "m.at + INTERVAL 6 HOUR"),
    "after": ("over next 6h after 2h", "m.at + INTERVAL 2 HOUR", "m.at + INTERVAL 8 HOUR"),
    "days": ("over 2d aligned day", "m.day_2", "m.day"),
    "to_day": ("over next 1d aligned day", "m.at", "m.tomorrow"),
    "ticks": ("over 9h every 1h", "m.hour - INTERVAL 9 HOUR", "m.hour"),
    "anew": ("over 2d since resets", "greatest(m.at - INTERVAL 48 HOUR, m.reset)", "m.at"),
}

# The aggregates whose value SQL says, and of which value of an event.
SAID = {
    "n": ("count({s}", "count(e.n)"),
    "high": ("count({s} where x > 0.1", "count(e.n) FILTER (e.x > 0.1)"),
    "some": ("any({s} where x < -1", "coalesce(bool_or(e.x < -1), false)"),
    "each": ("all({s}.x < 1000", "bool_and(e.x < 1000)"),
    "gap": ("since({s}", "epoch_us(m.at - max(e.at)) / 1e6"),
    "share": ("ratio({s} where x > 0.1", "count(e.n) FILTER (e.x > 0.1) / nullif(count(e.n), 0)"),
    "least": ("min({s}.x", "min(e.x)"),
    "most": ("max({s}.x", "max(e.x)"),
    "first_x": ("first({s}.x", "first(e.x ORDER BY e.at, e.x) FILTER (e.x IS NOT NULL)"),
    "last_x": ("last({s}.x", "last(e.x ORDER BY e.at, e.x) FILTER (e.x IS NOT NULL)"),
    "first_t": ("first({s}.tag", "first(e.tag ORDER BY e.at, e.tag) FILTER (e.tag IS NOT NULL)"),
    "last_t": ("last({s}.tag", "last(e.tag ORDER BY e.at, e.tag) FILTER (e.tag IS NOT NULL)"),
    "kinds": ("distinct({s}.x", "count(DISTINCT e.x)"),
    "kinds_t": ("distinct({s}.tag", "count(DISTINCT e.tag)"),
    "whole": ("sum({s}.k", "coalesce(sum(e.k::HUGEINT), 0)"),
    "odd": ("sum({s}.k where tag != 'a'", "coalesce(sum(e.k::HUGEINT) FILTER (e.tag <> 'a'), 0)"),
    "above": ("count({s} where x > now.x", "count(e.n) FILTER (e.x > m.x)"),
    "tens": ("min({s}.x * 2", "min(e.double)"),
    "top_x": ("top({s}.x", "list(e.x)"),
    "top_t": ("top({s}.tag", "list(e.tag)"),
    "q_0": ("quantile(0)({s}.x", "list(e.middle)"),
    "q_7": ("quantile(0.7)({s}.x", "list(e.middle)"),
    "q_999999": ("quantile(0.999999)({s}.x", "list(e.middle)"),
    "total": ("sum({s}.x", "list(e.n)"),
    "mean": ("mean({s}.x", "list(e.n)"),
    "var": ("var({s}.x", "list(e.n)"),
    "std": ("std({s}.x", "list(e.n)"),
    "trend": ("trend({s}.x", "list(e.n)"),
}


def names_of(span):
    return [name for name in SAID if name != "gap" or "next" not in RANGES[span][0]]  # since looks back alone


def project():
    features = "".join(f"  {name}_{span}_{stream}: {SAID[name][0].format(s=stream)} by who {RANGES[span][0]})\n"
                       for stream in ("orders", "views") for span in RANGES for name in names_of(span))
    streams = "".join(f"  {name}: {{from: {name}.parquet, time: at, known: seen, late: 3h{more}}}\n"
                      for name, more in (("orders", ", id: n"), ("views", ""), ("resets", "")))
    return (f"project: extremes\nzone: {ZONE.key}\nstreams:\n{streams}features:\n{features}models:\n"
            "  m: {moment: on orders, label: any(views by who over next 1h)}\n")


def draw_events(draw, count):
    events = []
    for number in range(count):
        at = BEGIN + draw.randrange(STEPS) * GRID
        seen = at + draw.choice([0, 0, 0, 1, 1, 2, 5, 6, -1, -6, -18]) * GRID
        x = draw.choice([None, math.nan, draw.choice(VALUES), draw.choice(VALUES), draw.choice(VALUES),
                         draw.uniform(-1, 1) * 10.0 ** draw.randrange(-12, 12), draw.randrange(-4, 5) / 2])
        k = draw.choice([None, draw.randrange(-9, 9), draw.randrange(-(2**52), 2**52)])
        events.append({"n": number, "at": at, "seen": seen, "who": draw.choice(["p", "q", "r", None]),
                       "x": x, "k": k, "tag": draw.choice(TEXTS)})
    return events


def write(project, name, events):
    columns = {"n": pyarrow.int64(), "at": pyarrow.timestamp("us", "UTC"), "seen": pyarrow.timestamp("us", "UTC"),
               "who": pyarrow.string(), "x": pyarrow.float64(), "k": pyarrow.int64(), "tag": pyarrow.string()}
    table = pyarrow.table({key: pyarrow.array([event[key] for event in events], kind) for key, kind in columns.items()})
    pyarrow.parquet.write_table(table, project.folder / f"{name}.parquet")


def has_value(x):
    return x is not None and not math.isnan(x)


def middle_of(x):
    """The middle of the bucket of a value: its sign, its exponent and the first 8 bits of its mantissa."""
    bits = struct.unpack("<q", struct.pack("<d", abs(x)))[0] >> 44
    if bits == 0:
        return 0.0
    low, high = (struct.unpack("<d", struct.pack("<q", edge << 44))[0] for edge in (bits, bits + 1))
    return math.copysign(low + (high - low) / 2 if math.isfinite(high) else low * (1 + 2.0**-9 / (low / 2.0**1023)), x)


def columns_of(events):
    """As they stand in SQL: NaN is null, and beside each value its bucket and what an expression makes of it."""
    rows = []
    for event in events:
        x = event["x"] if has_value(event["x"]) else None
        double = None if x is None or not math.isfinite(x * 2) else x * 2 + 0.0
        rows.append({**event, "at": event["at"].replace(tzinfo=None), "seen": event["seen"].replace(tzinfo=None),
                     "x": None if x is None else x + 0.0, "middle": None if x is None else middle_of(x),
                     "double": double})
    return rows


def on_grid(x, bits):
    """A value as a multiple of 2^-bits, rounded half to even; None: no sum takes it."""
    return round(Fraction(x) * 2**bits) if has_value(x) and abs(x) < 2.0**63 else None


def spread(name, points):
    """var, std or trend of [(value on the grid of 2^-40, us)] by their definitions, rounded once."""
    n = len(points)
    if n < 2:
        return None
    x_sum, t_sum = sum(x for x, _ in points), sum(t for _, t in points)
    if name == "trend":
        times = sum((n * t - t_sum) ** 2 for _, t in points)
        both = sum((n * t - t_sum) * (n * x - x_sum) for x, t in points)
        return both * 10**6 / (times << 40) if times else None
    above, below = sum((n * x - x_sum) ** 2 for x, _ in points), n * n * (n - 1) << 80
    if name == "var":
        return above / below
    root = math.isqrt((above << 400) // below)  # to 200 bits; one bit more says that it is not exact
    return (2 * root + (root * root * below != above << 400)) / 2**201


def added(name, numbers, events):
    exact = [(on_grid(events[n]["x"], 80), events[n]) for n in numbers or [] if n is not None]
    exact = [(x, event) for x, event in exact if x is not None]
    if name in ("total", "mean"):
        total = sum(x for x, _ in exact) / 2**80
        return total if name == "total" else total / len(exact) if exact else None
    return spread(name, [(on_grid(event["x"], 40), (event["at"] - BEGIN) // timedelta(microseconds=1))
                         for _, event in exact])


def wanted(name, said, events):
    """What a feature must be, given what SQL says."""
    if name in ("total", "mean", "var", "std", "trend"):
        return added(name, said, events)
    if not isinstance(said, list):
        return said
    values = [value for value in said if value is not None]
    if name.startswith("q_"):
        millionths = {"q_0": 0, "q_7": 700000, "q_999999": 999999}[name]
        rank = max(1, -(-millionths * len(values) // 10**6))  # the nearest rank
        return sorted(values)[rank - 1] if values else None
    order = (lambda value: value.encode()) if values and isinstance(values[0], str) else lambda value: value
    return min(set(values), key=lambda value: (-values.count(value), order(value)), default=None)


def bits(value):
    return struct.pack("<d", value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def local_midnight(at, days):
    day = at.astimezone(ZONE).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(timezone.utc).replace(tzinfo=None)


def load(database, worlds):
    for name, events in worlds.items():
        rows = columns_of(events)
        database.register("loaded", pyarrow.Table.from_pylist(rows))
        database.execute(f"CREATE TABLE {name} AS FROM loaded")
    edges = [{"n": event["n"], "day": local_midnight(event["at"], 0), "day_2": local_midnight(event["at"], -2),
              "tomorrow": local_midnight(event["at"], 1), "hour": event["at"].replace(minute=0, tzinfo=None)}
             for event in worlds["orders"]]
    database.register("edges", pyarrow.Table.from_pylist(edges))
    database.execute("""
        CREATE TABLE moments AS
        SELECT o.*, greatest(o.at, o.seen) AS place, d.day, d.day_2, d.tomorrow, d.hour,
               (SELECT max(r.at) FROM resets r
                WHERE r.who = o.who AND r.at < o.at AND r.seen < greatest(o.at, o.seen)) AS reset
        FROM orders o JOIN edges d USING (n)""")


def ask_sql(database, stream, span):
    _, begin, end = RANGES[span]
    own = "AND e.n <> m.n" if stream == "orders" else ""
    values = ", ".join(f"{sql} AS {name}" for name, (_, sql) in SAID.items())
    rows = database.execute(f"""
        SELECT m.n AS id, {values} FROM moments m LEFT JOIN {stream} e
        ON e.who = m.who AND e.seen < m.place {own} AND e.at >= {begin} AND e.at < {end}
        GROUP BY m.n, m.at""").fetchall()
    return {row[0]: dict(zip(SAID, row[1:])) for row in rows}


def compare(database, built, worlds):
    there = {name: 0 for name in SAID}
    ours = {int(row["id"]): row for row in built.to_pylist()}
    late = {row["n"] for row in worlds["orders"] if row["seen"] - row["at"] > timedelta(hours=3)}
    assert set(ours) == {row["n"] for row in worlds["orders"]} - late and len(ours) > 200
    wrong = []
    for stream in ("orders", "views"):
        for span in RANGES:
            for number, said in ask_sql(database, stream, span).items():
                for name in names_of(span) if number in ours else ():
                    feature = f"{name}_{span}_{stream}"
                    expected, found = wanted(name, said[name], worlds[stream]), ours[number][feature]
                    there[name] += expected is not None
                    if bits(expected) != bits(found):
                        wrong.append((number, feature, found, expected))
    assert not wrong, f"{len(wrong)} values differ: {wrong[:20]}"
    assert min(there.values()) > 1000, there


def test_every_aggregate_over_the_worst_of_events():
    draw = random.Random(shop.SEED)
    with Shop(project(), count=1) as folder:
        worlds = {name: draw_events(draw, count) for name, count in COUNTS.items()}
        for name, events in worlds.items():
            write(folder, name, events)
        folder.ok("ingest")
        output = folder.folder / "built.parquet"
        folder.ok("features", "build", "--output", str(output))
        database = duckdb.connect()
        load(database, worlds)
        compare(database, pyarrow.parquet.read_table(output), worlds)


if __name__ == "__main__":
    shop.main(globals())
