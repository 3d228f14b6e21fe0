"""`features export --sql` gives a view whose rows are those of `features build`, run by DuckDB alone.

To the bit, but for sums and what is made of them, which DuckDB adds as doubles, and for sin, log and their like:
those agree to a part in 10^12, and a standard deviation, whose values enter rounded to 2^-40, to 10^-9.
"""
import base64
import functools
import json
import resource
import signal
from datetime import datetime, timezone

import duckdb
import example_worlds
import pictures
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
    database.execute(f"SET file_search_path = '{project.folder}'")  # as if this were run there
    database.execute(path.read_text())
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
             "count(orders by shop over next 5h)").replace("    cost:     {false_alarm: 1, miss: 4}\n", ""),
              count=1500) as project:
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
  bent:    embed("bend.onnx", vector(price, dearest_of, cheapness))
  dearest_of: max(price within moment)
  bent_to: mean(bent_1 within moment) - bent_1
""", 1))
        (project.folder / "bend.onnx").write_bytes(pictures.network("Sigmoid", [None, 3]))
        project.ok("ingest")
        database = build_and_export(project, "rank")
        names = [row[0] for row in database.execute("DESCRIBE b").fetchall()]
        assert [row[0] for row in database.execute("DESCRIBE q").fetchall()] == ["id.visit", "id.item"] + names[1:]
        moments = database.execute("SELECT count(*) FROM b").fetchone()[0]
        assert moments == database.execute("SELECT count(*) FROM q").fetchone()[0] > 500
        for feature in names[1:]:
            exact = feature not in ("spread", "cheapness", "part", "pop", "bent_to")
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
  bent:    embed("bend.onnx", vector(fee, dearer, 1))
  dearer:  count(subs where fee > now.fee and changed_at > now.time - 20d by plan = now.plan over 60d)
""")
            project.write(text)
            (project.folder / "bend.onnx").write_bytes(pictures.network("Sigmoid", [None, 3]))
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


SHOTS = """project: shots
streams:
  shots: {from: data/shots.csv, types: {image: text, note: text, weight: number}, time: at, id: shot}
features:
  busy:  count(shots by place over 1d)
  heavy: mean(shots.weight by place over 20d)
  loads: sum(shots.weight by place over 2d)
  sway:  std(shots.weight by place over 9d)
  vary:  var(shots.weight * 1e18 by place over 9d)
  tilt:  trend(shots.weight by place over 9d)
  dots:  pixels(image, 2, 1)
  front: pixels(last(shots.image by place over 9d), 1, 1)
  most:  embed("most.onnx", pixels(image, 3, 2))
  said:  embed("bend.onnx", ngrams(note, 1, 1, 3))
  size:  embed("bend.onnx", vector(weight, busy, most_0))
  again: embed("bend.onnx", vector(weight, busy, most_0))
  plain: embed("bend.onnx", vector(weight, 1, 2))
  deep:  embed("bend.onnx", embed("bend.onnx", vector(heavy, weight / 1e9, size_1)))
  mixed: deep_0 + dots_1 * again_2
  more:  mixed > 0.5 or busy > 3
models:
  next:
    question: Another one soon?
    moment:   on shots
    label:    any(shots by place over next 1d)
"""
SUMS = {"heavy", "loads", "sway", "vary", "tilt"}  # of values that are too large to be added, too, which are missing
OUTSIDE = ["dots", "front", "most", "said", "size", "plain", "deep"]


def write_shots(project, count=400):
    """Pictures that come again, one that cannot be decoded to its end, texts that are none, and none; weights that
    a float has no room for, or rounds to nothing."""
    draw = shop.random.Random(shop.SEED)
    whole = [pictures.png([[[draw.randrange(256) for _ in range(3)] for _ in range(5)] for _ in range(4)]) for _ in range(9)]
    cut = whole[0][:-30]
    images = [base64.b64encode(one).decode() for one in [*whole, cut, b"neither"]] + ["~ no base64 ~", "", ""]
    weights = ["1e300", "-1e300", "3.4028235677973366e38", "3.4028235677973362e38", "1e-60", "-1e-60", "0", "0.1", "7", ""]
    notes = ["", "one word", "ONE ONE word", "? -", "größer"]
    rows = [[f"s{n}", shop.stamp(shop.START + shop.timedelta(minutes=97 * n)), draw.choice("ab"), draw.choice(images),
             draw.choice(notes), draw.choice(weights)] for n in range(count)]
    (project.folder / "data/shots.csv").write_text("\n".join(["shot,at,place,image,note,weight", *map(",".join, rows)]) + "\n")
    (project.folder / "most.onnx").write_bytes(pictures.network("GlobalMaxPool", [None, 3, 2, 3]))
    (project.folder / "bend.onnx").write_bytes(pictures.network("Sigmoid", [None, 3]))


def limit_files(size):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that a file that is too large is an error
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def check_shots(project, database, moments=400):
    database.execute("CREATE TABLE q AS FROM features_next")
    built = project.folder / "built.parquet"
    project.ok("features", "build", "--output", str(built))
    database.execute(f"CREATE TABLE b AS FROM '{built}'")
    names = [row[0] for row in database.execute("DESCRIBE b").fetchall()]
    assert [row[0] for row in database.execute("DESCRIBE q").fetchall()] == ["id.shot"] + names[1:]
    missing = 0
    for feature in names[1:]:
        close = f'abs(q."{feature}" - b."{feature}") <= 1e-9 * (1e-9 + abs(b."{feature}"))' if feature in SUMS else "false"
        joined, there, differ = database.execute(
            f'SELECT count(*), count(q."{feature}"), count(*) FILTER (q."{feature}" IS DISTINCT FROM b."{feature}" '
            f'AND ({close}) IS NOT TRUE) FROM q JOIN b ON b.id = q."id.shot"').fetchone()
        assert joined == moments and there > 100 and differ == 0, (feature, joined, there, differ)
        missing += joined - there
    assert missing > 1000, missing


def test_what_pictures_and_networks_gave_stands_beside():
    with Shop(SHOTS) as project:
        write_shots(project)
        project.ok("ingest")
        sql = project.folder / "features.sql"
        said = project.ok("features", "export", "--sql", "--json", "--output", "features.sql", cwd=project.folder).json()
        assert said["left_out"] == [], said
        files = {file["file"]: file for file in said["files"]}
        assert sorted(files) == sorted(f"features.{name}.parquet" for name in OUTSIDE), files
        with duckdb.connect() as database:
            for name, file in files.items():
                rows = database.execute(f"SELECT count(*), count(DISTINCT input) FROM '{project.folder / name}'").fetchone()
                assert rows == (file["inputs"], file["inputs"]), (name, file, rows)
        assert files["features.dots.parquet"]["inputs"] == 12 and files["features.said.parquet"]["inputs"] == 4, files
        assert files["features.plain.parquet"]["inputs"] == 7, files  # two infinite; what is rounded to nothing keeps its sign
        check_shots(project, run_sql(project, sql))


def test_the_files_beside_are_found_from_the_projects_folder():
    """Wherever the export was written to, and from."""
    with Shop(SHOTS) as project, Shop(SHOTS) as other:
        write_shots(project, 50)
        project.ok("ingest")
        for folder, name, found in ((project.folder / "data", "../next.sql", "'next.dots.parquet'"),
                                    (project.folder, "data/next", "'data/next.dots.parquet'"),
                                    (other.folder, "it's.sql", f"'{other.folder}/it''s.dots.parquet'")):
            project.ok("features", "export", "--sql", "--output", name, cwd=folder)
            assert f"FROM read_parquet({found}," in (folder / name).read_text(), name
            database = run_sql(project, folder / name)
            assert database.execute("SELECT count(dots_0) FROM features_next").fetchone()[0] > 20
            assert not list(folder.glob("*.tmp")), list(folder.iterdir())


def test_new_inputs_have_values_once_a_row_is_added():
    """And two rows of one input are an error, not two moments of one."""
    with Shop(SHOTS) as project:
        write_shots(project, 60)
        project.ok("ingest")
        sql = project.folder / "features.sql"
        project.ok("features", "export", "--sql", "--output", str(sql))
        database = run_sql(project, sql)
        lines = sql.read_text().splitlines()
        table = next(line.split('"')[1] for line in lines if "features.dots.parquet" in line)
        assert "-- pixels(image, 2, 1); its input is sha256(image)" in lines
        database.execute(f"CREATE TABLE shown AS FROM '{project.folder}/.millwright/lake/shots/000001.parquet'")
        database.execute("UPDATE shown SET image = 'a new one' WHERE shot = 's7'")
        database.execute("CREATE OR REPLACE VIEW shots AS FROM shown")
        database.execute(f"CREATE TABLE kept AS FROM '{project.folder}/features.dots.parquet'")
        database.execute(f'CREATE OR REPLACE VIEW "{table}" AS FROM kept')
        ask = "SELECT dots_0, dots_5 FROM features_next WHERE \"id.shot\" = 's7'"
        assert database.execute(ask).fetchall() == [(None, None)]
        database.execute("INSERT INTO kept SELECT sha256('a new one'), 1, 2, 3, 4, 5, 0.25")
        assert database.execute(ask).fetchall() == [(1.0, 0.25)]
        database.execute("INSERT INTO kept SELECT sha256('a new one'), 1, 2, 3, 4, 5, 0.5")
        try:
            database.execute(ask)
        except duckdb.Error as error:
            assert "More than one row" in str(error), error
        else:
            raise AssertionError("two rows of one input")


CANCELLING = """project: shots
streams:
  shots: {from: data/shots.csv, types: {weight: number}, time: at, id: shot}
  marks: {from: data/marks.csv, time: at, id: mark}
features:
  total: sum(shots.weight by place over 3d)
  usual: mean(shots.weight by place over 3d)
  sway:  std(shots.weight by place over 3d)
  vary:  var(shots.weight by place over 3d)
  tilt:  trend(shots.weight by place over 3d)
  of_total: embed("bend.onnx", vector(total, 1, 2))
  of_usual: embed("bend.onnx", vector(usual, 1, 2))
  of_rest:  embed("bend.onnx", vector(sway, vary, tilt))
models:
  next: {question: 'Another?', moment: on marks, label: any(marks by place over next 1d)}
"""


def test_inputs_are_the_same_with_any_number_of_threads():
    """Sums of doubles that cancel, whose every digit hangs on the order in which they are added."""
    draw = shop.random.Random(shop.SEED)
    with Shop(CANCELLING) as project:
        at = [shop.stamp(shop.START + shop.timedelta(seconds=7 * n)) for n in range(400000)]
        weights = [draw.random() * 10 ** draw.randrange(12) for _ in range(len(at) // 2)]
        (project.folder / "data/shots.csv").write_text("shot,at,place,weight\n" + "".join(
            f"s{n},{at[n]},{'ab'[n // 2 % 2]},{'-' * (n % 2)}{weights[n // 2]!r}\n" for n in range(len(at))))
        (project.folder / "data/marks.csv").write_text("mark,at,place\n" + "".join(
            f"m{n},{at[n * 2000 + 3000]},{draw.choice('ab')}\n" for n in range(150)))
        (project.folder / "bend.onnx").write_bytes(pictures.network("Sigmoid", [None, 3]))
        project.ok("ingest")
        sql = project.folder / "features.sql"
        project.ok("features", "export", "--sql", "--output", str(sql))
        values = set()
        for threads in (2, 1, 4, 2):
            database = run_sql(project, sql)
            database.execute(f"PRAGMA threads={threads}")
            rows = database.execute("SELECT mark, total, usual, sway, vary, tilt, of_total_0, of_usual_0, of_rest_0 FROM "
                                    "(SELECT *, \"id.mark\" AS mark FROM features_next) ORDER BY mark").fetchall()
            assert len(rows) == 150 and None not in {cell for row in rows for cell in row}, (threads, rows)
            values.add(tuple(rows))
        assert len(values) == 1


def test_all_files_of_an_export_appear_or_none():
    with Shop(SHOTS.replace("data/shots.csv", "[data/shots.csv, more/*.parquet]")) as project:
        write_shots(project, 40)
        (project.folder / "more").mkdir()
        duckdb.execute("COPY (SELECT 'm' AS shot, TIMESTAMP '2024-03-01' AS at, 'a' AS place, '' AS image, '' AS note, "
                       f"1.5 AS weight) TO '{project.folder}/more/one.parquet'")
        (project.folder / "out/next.size.parquet").mkdir(parents=True)
        project.ok("ingest")
        refused = project.fails(2, "more/next.dots.parquet: must not be a file that stream shots reads", "features", "export",
                                "--sql", "--output", "more/next.sql", cwd=project.folder)
        assert refused.out == "" and len(list((project.folder / "more").iterdir())) == 1
        project.fails(3, "out/next.size.parquet: must be a file", "features", "export", "--sql", "--output", "out/next.sql",
                      cwd=project.folder)
        assert [path.name for path in (project.folder / "out").iterdir()] == ["next.size.parquet"]
        words = ["features", "export", "--sql", "--output", "next.sql"]
        for added, largest in (("loud: ngrams(concat(upper(note), lower(note)), 1, 1, 2)", "next.sql"),
                               ("huge: pixels(image, 40, 30)", "next.huge.parquet")):
            project.write(SHOTS.replace("features:\n", f"features:\n  {added}\n"))
            project.ok(*words, cwd=project.folder)
            sizes = {path.name: path.stat().st_size for path in project.folder.glob("next*")}
            assert max(sizes, key=sizes.get) == largest and sizes[largest] > 33000, sizes  # the catalog's memory has 32768
            for name in sizes:
                (project.folder / name).unlink()
            failed = project.run(*words, cwd=project.folder, preexec_fn=functools.partial(limit_files, sizes[largest] - 1))
            assert failed.code == 4 and largest in failed.err, (failed.code, failed.err)
            assert not list(project.folder.glob("next*")), list(project.folder.glob("next*"))
            project.ok(*words, cwd=project.folder, preexec_fn=functools.partial(limit_files, 2 * sizes[largest]))
            assert {path.name: path.stat().st_size for path in project.folder.glob("next*")} == sizes
            for name in sizes:
                (project.folder / name).unlink()


LISTED = """project: lists
streams:
  notes: {from: data/notes.jsonl, types: {items: list, note: text, mark: text, long: text}, time: at, id: n}
features:
  same:   items = split(note, '|')
  alike:  split(note, '|') = split(note, mark)
  parts:  length(split(note, mark))
  many:   length(split(long, ','))
  within: mark in split(note, '|') or contains(split(note, mark), 'b')
  words:  ngrams(case when 'a' in split(note, '|') then note else mark end, 1, 1, 2)
  before: count(notes where 'a' in split(note, '|') by mark over 9d)
models:
  next: {question: 'Another?', moment: on notes, label: any(notes by mark over next 1h)}
"""


def test_lists_are_spelled_alike():
    """A list that came in and one that was split from a text, whatever stands in them; up to 10,000 parts and 2^20
    bytes, brackets and quotes included."""
    draw = shop.random.Random(shop.SEED)
    letters = [chr(code) for code in [*range(1, 36), 92, 127, 0x80, 0x2028, 0xe4, 0xffff, 0x1f600]]
    rows = []
    for n in range(300):
        items = ["".join(draw.choices([*letters, "a", "b"], k=draw.randrange(4))) for _ in range(draw.randrange(1, 6))]
        items += draw.choices(["a", "b", ""], k=2)
        long = {7: "x," * 9999, 8: "x," * 10000, 9: "x" * ((1 << 20) - 4), 10: "x" * ((1 << 20) - 3),
                11: "\n" * ((1 << 19) - 2), 12: "\n" * ((1 << 19) - 1), 13: "ä" * ((1 << 19) - 2)}.get(n, "")
        rows.append({"n": f"n{n}", "at": shop.stamp(shop.START + shop.timedelta(minutes=40 * n)), "items": items,
                     "note": "|".join(items), "mark": draw.choice(["|", "", "a", "||", "b|a", "\t", "\\"]), "long": long})
    with Shop(LISTED) as project:
        (project.folder / "data/notes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        project.ok("ingest")
        database = build_and_export(project, "next")
        for feature in [row[0] for row in database.execute("DESCRIBE b").fetchall()][2:-1]:
            joined, there, differ = database.execute(
                f'SELECT count(*), count(q."{feature}"), count(*) FILTER (q."{feature}" IS DISTINCT FROM b."{feature}") '
                'FROM q JOIN b ON b.id = q."id.n"').fetchone()
            assert joined == 300 and there > (3 if feature == "many" else 100) and differ == 0, (feature, joined, there, differ)
        many = database.execute('SELECT "id.n", many FROM q WHERE many IS NOT NULL').fetchall()
        assert sorted(many) == [("n11", 1), ("n13", 1), ("n7", 10000), ("n9", 1)], many
        same, alike, long = database.execute(
            "SELECT bool_and(same), count(*) FILTER (alike), count(*) FILTER (parts > 4) FROM q").fetchone()
        assert same and alike > 20 and long > 10, (same, alike, long)


def test_what_sql_cannot_say_is_left_out_by_name():
    with Shop(shop.PROJECT.replace(
            "features:\n", "features:\n  dots: pixels(shop, 1, 1)\n  twice: dots_1 * 2\n").replace(
            "    time: returned\n", "    types: {returned: time, order_id: text, shop: text}\n    time: returned\n")) as project:
        (project.folder / "data/returns.csv").write_text("order_id,returned,shop,amount\n")
        project.ok("ingest")
        said = project.ok("features", "export", "--sql", "--json").json()
        assert [line.split(":")[0] for line in said["left_out"]] == ["dots_0 .. 2", "twice"], said["left_out"]
        assert "-- Left out: dots_0 .. 2: SQL sees no pictures" in said["sql"] and said["files"] == []
        noted = project.ok("features", "export", "--sql").err
        assert "pictures and networks are written with --output FILE" in noted, noted
        path = project.folder / "features.sql"
        noted = project.ok("features", "export", "--sql", "--output", str(path)).err
        assert "left out" not in noted, noted
        database = run_sql(project, path)
        names = [row[0] for row in database.execute("DESCRIBE features_returned").fetchall()]
        assert names == ["id.order_id", "time", "dots_0", "dots_1", "dots_2", "twice", "amount", "shop", "recent_1h", "recent_1d",
                         "spent", "lately", "label"], names
        assert database.execute("SELECT count(*), count(dots_0) FROM features_returned").fetchone() == (3000, 0)
        project.fails(2, "say in which form", "features", "export")


if __name__ == "__main__":
    shop.main(globals())
