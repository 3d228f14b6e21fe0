"""`features export --sql` gives a view whose rows are those of `features build`, run by DuckDB alone.

To the bit, but for sums and what is made of them, which DuckDB adds as doubles, and for sin, log and their like:
those agree to a part in 10^12, and a standard deviation, whose values enter rounded to 2^-40, to 10^-9.
"""
from datetime import datetime, timezone

import duckdb
import example_worlds
import shop
from shop import Shop

PROJECT = shop.PROJECT.replace("    time: placed\n    id", "    time: placed\n    known: seen\n    late: 2h\n    id", 1).replace(
    "project: shop\n", "project: shop\nzone: America/New_York\n").replace("features:\n", """\
  notes: {from: data/notes.csv, time: written, types: {note: text}}
features:
""").replace("models:\n", """\
  n:       count(orders where amount > 20 by shop over {1h, 1d})
  total:   sum(orders.amount by shop over 1d)
  least:   min(orders.amount by shop over 12h)
  most:    max(orders.amount * 2 by shop over 12h)
  newest:  last(orders.amount by shop over 1d)
  oldest:  first(orders.amount by shop over 1d)
  some:    any(orders where amount > 50 by shop over 3h)
  all_low: all(orders.amount < 20 by shop over 3h)
  gap:     since(orders by shop over 2d)
  gone:    since(returns by shop)
  share:   ratio(orders where amount > 20 by shop over 2d)
  spread:  std(orders.amount by shop over 1d)
  other:   count(orders by shop = now.shop, amount over 30d)
  said:    last(notes.note by shop over 30d)
  loud:    upper(said)
  part:    split(concat(shop, '-', said), '-', 2)
  longish: length(said) > 3 and (contains(said, 'a') or starts(said, 'q') or ends(said, 'o'))
  when:    hour(placed) + 100 * weekday(placed) + 1000 * day_of_year(placed) + week(placed) / 100
  pace:    gap / 1h
  later:   hour(placed + 90m)
  kind:    case when amount < 5 then 'low' when amount between 5 and 20 then 'middle' else shop end
  bend:    round(sqrt(amount - 10) + pow(amount, 0.5) + log(amount - 3), 2)
  capped:  clip(min(amount, spent, 30), 2, 25) + bucket(amount, 1, 5, 20) - max(floor(amount), 3)
  by_zero: amount / (recent_1h - 1)
  known:   coalesce(spent, -1) + (case when missing(said) then 1 else 0 end)
  member:  shop in ['a', 'c'] or said in ['taco', "it's"]
  far:     haversine(amount, 1, 2, 3)
  slope:   trend(orders.amount by shop over 12h)
  usual:   quantile(0.9)(orders.amount - 20 by shop over 12h)
  middle:  quantile(0.5)(orders.amount by shop over 1d)
  lowest:  quantile(0)(orders.amount * 0.001 by shop over 1d)
  kinds:   distinct(orders.amount by shop over 2h)
  sayings: top(notes.note by shop over 20d)
  price:   top(orders.order_id by shop over 2d)
  since_r: sum(orders.amount by shop over 5d since returns)
  counted: count(orders by shop over 5d since returns)
  dearly:  ratio(orders where amount > now.amount by shop over 6h)
  dearer:  count(orders where amount > now.amount and amount < 90 by shop over 1d)
  above:   mean(orders.amount - now.amount by shop over 6h)
  steps:   distinct(orders.amount where amount > now.amount by shop over 6h)
  half:    quantile(0.5)(orders.amount - now.amount by shop over 6h)
  common:  top(orders.order_id where amount < now.amount by shop over 6h)
  found:   count(notes by note = said over 20d)
  odd:     "count(notes where note != 'taco\\nDROP TABLE orders' by shop over 20d)"
  turned:  vector(amount + recent_1h, gap / 1h)
  words:   ngrams(said, 1, 3, 8)
  again:   ngrams(said, 1, 3, 8)
  tale:    "ngrams(concat(shop, ' to_2 ', loud, '-', said, ' x٣² 日本語, ', lower(loud), '.', kind), 2, 8, 5)"
  none:    ngrams(concat('-', '! '), 1, 1, 2)
  large:   ngrams(concat(said, ' TACO'), 1, 2, 4)
  small:   ngrams(concat(said, ' taco'), 1, 2, 4)
  worded:  words_1 + 10 * tale_0 + 100 * again_7
models:
""", 1)
EXACT_BUT = {"spent", "total", "share", "spread", "bend", "far", "capped", "known", "slope", "since_r", "above"}
ABSOLUTELY = {"spread": 1e-9, "slope": 1e-13, "capped": 1e-13}  # where what is large cancels


def write_notes(project):
    draw = shop.random.Random(shop.SEED + 2)
    lines = ["shop,written,note"]
    for number in range(400):
        written = shop.START + shop.timedelta(seconds=draw.randrange(60 * 86400))
        note = draw.choice(["taco", "QUEUE", "it's", "no", "ŻÓŁĆ größer", ""])
        lines.append(f"{draw.choice('abcd')},{shop.stamp(written)},{note}")
    (project.folder / "data/notes.csv").write_text("\n".join(lines) + "\n")
    seen = [project.orders[0] + ",seen"]
    for line in project.orders[1:]:
        placed = shop.datetime.strptime(line.split(",")[1], "%Y-%m-%dT%H:%M:%SZ")
        seen.append(f"{line},{shop.stamp(placed + shop.timedelta(seconds=draw.randrange(7000)))}")
    project.orders = seen
    project.write_data()


def compare(project, database, feature):
    """How many values differ, by more than DuckDB's arithmetic does."""
    close = (f'abs(TRY_CAST(q."{feature}" AS DOUBLE) - TRY_CAST(b."{feature}" AS DOUBLE)) '
             f'<= 1e-12 * abs(TRY_CAST(b."{feature}" AS DOUBLE)) + {ABSOLUTELY.get(feature, 0)}'
             if feature in EXACT_BUT else "false")
    return database.execute(
        f'SELECT count(*), count(q."{feature}"), count(*) FILTER (q."{feature}" IS DISTINCT FROM b."{feature}" '
        f'AND ({close}) IS NOT TRUE) FROM q JOIN b ON b.id = q."id.order_id"').fetchone()


def run_sql(project, path):
    """A database with the views of an export."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'Asia/Tokyo'")  # where the reader sits is no matter
    database.execute(path.read_text().replace("'.millwright/", f"'{project.folder}/.millwright/"))
    return database


def build_and_export(project, name="returned"):
    """What DuckDB makes of the exported view of a model, in table q; what build gives, in b."""
    built, sql = project.folder / "built.parquet", project.folder / "features.sql"
    project.ok("features", "build", "--output", str(built))
    project.ok("features", "export", "--sql", "--output", str(sql))
    database = run_sql(project, sql)
    database.execute(f"CREATE TABLE q AS FROM features_{name}")
    database.execute(f"CREATE TABLE b AS FROM '{built}'")
    return database


def test_the_view_gives_what_build_gives():
    with Shop(PROJECT) as project:
        write_notes(project)
        project.ok("ingest")
        database = build_and_export(project)
        names = [row[0] for row in database.execute("DESCRIBE b").fetchall()]
        assert names[:2] == ["id", "time"]
        assert [row[0] for row in database.execute("DESCRIBE q").fetchall()] == ["id.order_id"] + names[1:]
        moments = database.execute("SELECT count(*) FROM b").fetchone()[0]
        assert moments > 2900
        for feature in names[1:]:
            joined, there, differ = compare(project, database, feature)
            assert joined == moments and there > 100 and differ == 0, (feature, joined, there, differ)


def correct(draw, project):
    """Files in which some orders and returns stand otherwise: dearer, of another shop, at another time, known anew."""
    for lines in (project.orders, project.returns):
        for number, line in enumerate(lines[1:], 1):
            name, at, place, amount, seen = line.split(",")
            if draw.random() < 0.3:
                at = datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ") + shop.timedelta(seconds=draw.choice([0, 0, 600, -3000]))
                seen = datetime.strptime(seen, "%Y-%m-%dT%H:%M:%SZ") + shop.timedelta(
                    seconds=draw.choice([0, 0, 40, 5000, 90000, -900]))
                at, seen, place = shop.stamp(at), shop.stamp(seen), draw.choice([place, place, "a", "b"])
                amount = f"{float(amount) + draw.randrange(1, 40):.2f}"
                lines[number] = f"{name},{at},{place},{amount},{seen}"
    project.write_data()


def test_corrected_streams_are_what_was_known_at_the_moment():
    """In files that were mended three times; of the moments, those that corrections leave. A key of the label is a
    feature."""
    with Shop(PROJECT.replace("    time: returned\n", "    time: returned\n    known: seen\n").replace("models:\n", """\
  back_at: last(returns.seen by shop over 7d) - time
models:
""").replace("label:    any(returns by id over next 3d)", "label:    sum(returns.amount by id over next 3d) + "
             "count(orders by shop over next 5h)"), count=1500) as project:
        write_notes(project)
        project.returns = [project.returns[0] + ",seen"] + [f"{line},{line.split(',')[1]}" for line in project.returns[1:]]
        draw = shop.random.Random(shop.SEED + 3)
        project.write_data()
        project.ok("ingest")
        for _ in range(3):
            correct(draw, project)
            took = project.ok("ingest", "--json").json()
            assert sum(one["corrections"] for one in took["files"]) > 300, took
        database = build_and_export(project)
        names = [row[0] for row in database.execute("DESCRIBE b").fetchall()]
        moments = database.execute("SELECT count(*) FROM b").fetchone()[0]
        assert moments == database.execute("SELECT count(*) FROM q").fetchone()[0] > 500
        for feature in names[1:]:
            joined, there, differ = compare(project, database, feature)
            assert joined == moments and there > 50 and differ == 0, (feature, joined, there, differ)
        revised = database.execute("SELECT count(*) FROM orders WHERE \"until:0\" IS NOT NULL").fetchone()[0]
        assert revised > 500, revised


def test_columns_may_be_called_as_our_own_are():
    """An export of mails has `From:`; what tells corrections apart stands in columns beside it."""
    with Shop("""project: mails
streams:
  mails: {from: data/mails.csv, time: sent, id: order_id}
features:
  busy: count(mails by box over 30d)
  sum:  sum(mails.`order:` by box over 30d)
  first: min(mails.`From:` by box over 30d)
models:
  again: {question: 'More?', moment: on mails, label: any(mails by box over next 1d)}
""") as project:
        for added in (1, 5):
            lines = [f"m{i},in,2024-03-{i + 1:02}T00:00:00Z,{100 + i},{i % 7},{i + added}" for i in range(20)]
            (project.folder / "data/mails.csv").write_text("\n".join(["order_id,box,sent,From:,until:,order:", *lines]) + "\n")
            took = project.ok("ingest", "--json").json()["files"][0]
            assert took["corrections"] == (20 if added == 5 else 0), took
        said = project.ok("sql", "--json", 'SELECT sum("From:") AS f, sum("until:") AS u, sum("order:") AS o FROM mails')
        assert said.json() == [{"f": 2190, "u": 57, "o": 290}], said.out
        database = build_and_export(project, "again")
        for feature in ("busy", "sum", "first"):
            joined, there, differ = compare(project, database, feature)
            assert joined == 20 and there > 0 and differ == 0, (feature, joined, there, differ)


def test_moments_of_each_are_those_of_build():
    """The recommend example: a row each candidate, with what is asked across those of one visit."""
    with Shop("project: empty\n") as project:
        text = example_worlds.recommend(project.folder)
        assert "  user_cat:" in text  # whose key a window finds
        project.write(text.replace("features:\n", """features:
  spread:  std(price within moment) + var(seen within moment)
  dearest: price = max(price within moment) and any(seen > 0 within moment)
  among:   count(item within moment) + length(candidates)
  offered: item in candidates and not contains(candidates, 'nothing')
  part:    cheapness - min(cheapness within moment)
  terms:   ngrams(concat(item, ' ', category, ' ', item), 1, 2, 6)
  termed:  max(terms_3 within moment) + terms_3
  middle:  quantile(0.5)(price within moment)
  kinds:   distinct(user_cat within moment)
  usual:   top(user_cat within moment)
  fashion: top(category within moment)
  cheap:   all(price < 40 within moment)
""", 1))
        project.ok("ingest")
        database = build_and_export(project, "rank")
        names = [row[0] for row in database.execute("DESCRIBE b").fetchall()]
        assert [row[0] for row in database.execute("DESCRIBE q").fetchall()] == ["id.visit", "id.item"] + names[1:]
        moments = database.execute("SELECT count(*) FROM b").fetchone()[0]
        assert moments == database.execute("SELECT count(*) FROM q").fetchone()[0] > 500
        for feature in names[1:]:
            exact = feature not in ("spread", "cheapness", "part", "pop")
            close = "false" if exact else f'abs(q."{feature}" - b."{feature}") <= 1e-9 * (1 + abs(b."{feature}"))'
            joined, there, differ = database.execute(
                f'SELECT count(*), count(q."{feature}"), count(*) FILTER (q."{feature}" IS DISTINCT FROM '
                f'b."{feature}" AND ({close}) IS NOT TRUE) FROM q JOIN b ON b.id = q."id.visit" || \'|\' || q."id.item"'
            ).fetchone()
            assert joined == moments and there > 100 and differ == 0, (feature, joined, there, differ)


def test_names_that_the_views_have_themselves():
    """Fields that are called as columns of ours, or as each other but for case."""
    project = shop.PROJECT.replace(
        "    id: order_id\n    checks", "    id: order_id\n    fields: {place: shop, Known: amount * 2, event: 2 * amount, "
        "AMOUNT: -amount}\n    checks").replace("features:\n", """features:
  place:  last(orders.place where event > 9 by place over 2d)
  least:  min(orders.AMOUNT by place over 1d)
  double: max(orders.Known by shop = now.place over 1d) + AMOUNT
""")
    with Shop(project, count=800) as project:
        project.ok("ingest")
        database = build_and_export(project)
        for feature in ("place", "least", "double"):
            there, differ = database.execute(
                f'SELECT count(q."{feature}"), count(*) FILTER (q."{feature}" IS DISTINCT FROM b."{feature}") '
                'FROM q JOIN b ON b.id = q."id.order_id"').fetchone()
            assert there > 700 and differ == 0, (feature, there, differ)


TICKED = shop.PROJECT.replace("    time: placed\n", "    time: placed\n    known: time - 3d\n", 1).replace("features:\n", """features:
  hours:  count(orders by shop over 5h aligned hour)
  days:   max(orders.amount by shop over 3d aligned day)
  weeks:  last(orders.order_id by shop over 7d aligned week)
  months: distinct(orders.amount by shop over 31d aligned month)
  before: min(orders.amount by shop over 2d ago 1d aligned day)
  steps:  count(orders by shop over 6h every 2h)
  tens:   any(orders where amount > now.amount by shop over 10m every 10m)
  to_day: count(orders by shop over next 1d aligned day)
  anew:   count(orders by shop over 9d since returns aligned day)
  days_anew: count(orders by shop over 12h since returns every 6h)
""")


def check_ticks(project, names):
    database = build_and_export(project)
    for feature in names:
        there, kinds, differ = database.execute(
            f'SELECT count(q."{feature}"), count(DISTINCT b."{feature}"), count(*) FILTER (q."{feature}" IS DISTINCT '
            f'FROM b."{feature}") FROM q JOIN b ON b.id = q."id.order_id"').fetchone()
        assert there > 500 and kinds > 1 and differ == 0, (feature, there, kinds, differ)


# When the clocks change by an hour, at midnight, and by a day; and the days on which they change by half an hour.
ZONES = {"UTC": shop.START, "America/New_York": datetime(2024, 2, 20), "Africa/Cairo": datetime(2024, 4, 12),
         "Pacific/Apia": datetime(2011, 12, 15)}
HALF_HOURS = (datetime(2024, 4, 6, 5), datetime(2024, 10, 5, 5))


def in_zone(zone):
    return TICKED.replace("project: shop\n", f"project: shop\nzone: {zone}\n")


def squeeze(project):
    """Some days as one."""
    for lines in (project.orders, project.returns):
        for number, line in enumerate(lines[1:], 1):
            name, at, rest = line.split(",", 2)
            at = shop.START + (datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ") - shop.START) / 30
            lines[number] = f"{name},{shop.stamp(at)},{rest}"
    project.write_data()


def test_windows_of_whole_ticks():
    names = [line.split(":")[0].strip() for line in TICKED.split("features:\n")[1].splitlines()[:10]]
    begin = shop.START
    for zone, shop.START in ZONES.items():
        with Shop(in_zone(zone), count=1600) as project:
            project.ok("ingest")
            check_ticks(project, names)
    for shop.START in HALF_HOURS:
        with Shop(in_zone("Australia/Lord_Howe"), count=1600) as project:
            squeeze(project)
            project.ok("ingest")
            check_ticks(project, ["hours", "steps", "tens"])
    shop.START = begin


def test_moments_of_schedules_are_those_of_build():
    """Of the example projects, on Mondays in Berlin, and for each of the next seven days at three in Paris; in nights that
    lack the hour, and several times a day; in Samoa, whose clocks skipped all of the 30th of December 2011."""
    begin = example_worlds.START
    for name, beat, zone in (("demand", "", None), ("churn", 'every 7d at "mon 06:00"', None),
                             ("churn", 'every 1d at "02:30"', None), ("churn", "every 6h", None),
                             ("churn", "every 1d", "Pacific/Apia"), ("churn", "every 6h", "Pacific/Apia")):
        with Shop("project: empty\n") as project:
            example_worlds.START = datetime(2011, 10, 1, tzinfo=timezone.utc) if zone else begin
            text = example_worlds.WORLDS[name](project.folder)
            example_worlds.START = begin
            if zone:
                text = text.replace("zone: Europe/Berlin\n", f"zone: {zone}\n")
            if name == "churn":
                over = "over 9d " if "d" not in beat else ""
                text = text.replace('every 7d at "mon 06:00"', beat).replace("of subs where", f"of subs {over}where")
                text = text.replace("features:\n", """features:
  fee:     fee
  dearer:  count(subs where fee > now.fee and changed_at > now.time - 20d by plan = now.plan over 60d)
""")
            project.write(text)
            project.ok("ingest")
            database = build_and_export(project, "units" if name == "demand" else name)
            names = [row[0] for row in database.execute("DESCRIBE b").fetchall()]
            columns = [row[0] for row in database.execute("DESCRIBE q").fetchall()]
            ids = [column for column in columns if column.startswith("id.")]
            assert columns == ids + names[1:], columns
            as_text = " || '|' || ".join(
                f"strftime(q.\"{column}\", '%Y-%m-%dT%H:%M:%SZ')" if column == "id.time" else
                f'CAST(CAST(q."{column}" AS BIGINT) AS VARCHAR)' if column == "id.ahead" else f'q."{column}"' for column in ids)
            moments = database.execute("SELECT count(*) FROM b").fetchone()[0]
            assert moments == database.execute("SELECT count(*) FROM q").fetchone()[0] > 300
            for feature in names[1:]:
                joined, there, differ = database.execute(
                    f'SELECT count(*), count(q."{feature}"), count(*) FILTER (q."{feature}" IS DISTINCT FROM b."{feature}") '
                    f"FROM q JOIN b ON b.id = {as_text}").fetchone()
                assert joined == moments and there > 50 and differ == 0, (beat, feature, joined, there, differ)


def test_what_sql_cannot_say_is_left_out_by_name():
    with Shop(shop.PROJECT.replace(
            "features:\n", "features:\n  parts: length(split(shop, ','))\n  twice: parts * 2\n"
            "  dots: pixels(shop, 1, 1)\n").replace(
            "    time: returned\n", "    types: {returned: time, order_id: text, shop: text}\n    time: returned\n")) as project:
        (project.folder / "data/returns.csv").write_text("order_id,returned,shop,amount\n")
        project.ok("ingest")
        said = project.ok("features", "export", "--sql", "--json").json()
        assert [line.split(":")[0] for line in said["left_out"]] == ["parts", "twice", "dots_0 .. 2"], said["left_out"]
        assert "-- Left out: twice: SQL has not the list that split gives" in said["sql"]
        path = project.folder / "features.sql"
        noted = project.ok("features", "export", "--sql", "--output", str(path))
        assert "left out: dots_0 .. 2: SQL sees no pictures" in noted.err, noted.err
        database = run_sql(project, path)
        names = [row[0] for row in database.execute("DESCRIBE features_returned").fetchall()]
        assert names == ["id.order_id", "time", "amount", "shop", "recent_1h", "recent_1d", "spent", "lately", "label"]
        assert database.execute("SELECT count(*) FROM features_returned").fetchone() == (3000,)
        project.fails(2, "say in which form", "features", "export")


if __name__ == "__main__":
    shop.main(globals())
