"""A random project and the rows of its streams: what the language can say, drawn by its grammar (docs/language.md).

Orders have a list of goods, pays a field that is known later, views no id, places are a static table; all but the
places are known by a column or with a lag, some too late. Fields of streams may hold windows. Times lie on a grid,
so that most of them meet, around the days on which the zone's clocks change; numbers are quarters, whose sums a
double holds exactly. What `check` refuses is drawn again. The same seed gives the same project.

A broad world has up to three models, of moments of different streams and kinds, whose features are those that all of
them can have; and its streams have `where`, `units`, `clean` and fields without windows (random_streams.py).
"""
import csv
import json
import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from random_streams import StreamKeys

# Where a world begins, a day or two before the clocks change, if they do.
ZONES = {"UTC": datetime(2024, 3, 8), "America/New_York": datetime(2024, 3, 8), "Europe/Paris": datetime(2024, 10, 25),
         "Africa/Cairo": datetime(2024, 4, 24), "Australia/Lord_Howe": datetime(2024, 4, 5),
         "Asia/Kolkata": datetime(2024, 2, 27)}
STREAMS = {"orders": ["no", "who", "shop", "x", "y", "tag", "goods", "at", "seen"],
           "pays": ["no", "who", "shop", "x", "y", "tag", "item", "at", "seen", "z", "due"],
           "views": ["who", "shop", "x", "y", "tag", "item", "at", "seen"],
           "places": ["shop", "x", "y", "tag"]}
TYPES = {"no": "category", "who": "category", "shop": "category", "x": "number", "y": "number", "tag": "text", "item": "text",
         "goods": "list", "z": "number", "due": "time"}
HAPPENING = ["orders", "pays", "views"]
ROUNDS_MAX = 40
MEASURED = {"var", "std", "trend"}  # which SQL works out in another way


def micros(when):
    return (when - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def stamp(when):
    text = when.isoformat(timespec="microseconds" if when.microsecond else "seconds")
    return text.replace("+00:00", "Z")


@dataclass
class Model:
    """One that is predicted. `stream` is that of its moments; None: a schedule makes them."""

    name: str
    moment: str
    stream: str | None
    has_each: bool
    label: str = ""

    @property
    def offset_us(self):
        offset = re.search(r"at time ([+-]) (\d+)(m|h)", self.moment)
        return int(offset[1] + offset[2]) * (60 if offset[3] == "h" else 1) * 60 * 10**6 if offset else 0


class Expressions:
    """Texts of the language, each for a row: of a stream's events (`of` names it), or of the moment (None)."""

    def __init__(self, draw, world):
        self.draw, self.world = draw, world
        self.features = {}  # those that may be read so far: their types

    def one_in(self, count):
        return self.draw.randrange(count) == 0

    def pick(self, *texts):
        return self.draw.choice(texts)

    def fields(self, kind, of):
        """Names of fields of that kind, in events of the stream or in the moment's row."""
        world = self.world
        if of is None:
            names = world.moment_fields[kind] + [name for name, its in self.features.items() if its == kind]
            return names or {"number": ["1.5"], "text": ["'a'"], "time": ["time"]}[kind]
        names = {"number": ["x", "y"], "text": ["who", "shop", "tag"], "time": ["at", "seen", "time"]}[kind]
        if of == "places":
            names = {"number": ["x", "y"], "text": ["shop", "tag"], "time": []}[kind]
        if of in ("pays", "views") and kind == "text":
            names = names + ["item"]
        names = names + [name for name, its in world.entered.get(of, {}).items() if its == kind]
        return names + [name for name, (_, its) in world.keys[of].fields.items() if its == kind]

    def field(self, kind, of, now):
        mine = self.world.moment_fields[kind]
        if now and of and mine and self.one_in(3):
            return f"now.{self.draw.choice(mine)}"
        return self.draw.choice(self.fields(kind, of))

    def number(self, of=None, now=False, depth=2):
        """One whose value is a double exactly, wherever it is worked out."""
        if depth == 0 or self.one_in(3):
            return self.field("number", of, now) if not self.one_in(4) else self.pick("1", "0.5", "-2", "3.25")
        a, b = (self.number(of, now, depth - 1) for _ in range(2))
        at = self.time(of, now)
        return self.pick(f"({a} + {b})", f"({a} - {b})", f"{a} * {b}" if depth == 1 else f"({a} + {b})", f"abs({a})",
                         f"min({a}, {b})", f"max({a}, {b})", f"clip({a}, -1, 2)", f"coalesce({a}, {b})", f"floor({a})",
                         f"ceil({a})", f"round({a})", f"bucket({a}, -1, 0, 2)", f"length({self.text(of, now, 0)})",
                         f"(case when {self.truth(of, now, depth - 1)} then {a} else {b} end)",
                         *([f"hour({at})", f"weekday({at})", f"day({at} + 3h)", f"month({at})", f"week({at})",
                            f"minute({at})", f"day_of_year({at})", f"quarter({at})"] if at else []))

    def time(self, of, now):
        if of == "places":
            return "now.time" if now else None
        return self.field("time", of, now) if not self.one_in(4) else f"({self.field('time', of, now)} + {self.world.span(7)})"

    def text(self, of=None, now=False, depth=1):
        if depth == 0 or self.one_in(2):
            return self.field("text", of, now)
        a, b = (self.text(of, now, depth - 1) for _ in range(2))
        return self.pick(f"lower({a})", f"upper({a})", f"concat({a}, {b})", f"coalesce({a}, 'none')", f"split({a}, 'b', 1)",
                         f"(case when {self.truth(of, now, 0)} then {a} else {b} end)")

    def truth(self, of=None, now=False, depth=1):
        if depth > 0 and self.one_in(3):
            a, b = (self.truth(of, now, depth - 1) for _ in range(2))
            return self.pick(f"({a} and {b})", f"({a} or {b})", f"not ({a})")
        a, b = self.number(of, now, 1 if depth else 0), self.number(of, now, 0)
        c, d = self.text(of, now, 0), self.text(of, now, 0)
        forms = [f"{a} > {b}", f"{a} <= {b}", f"{a} = {b}", f"{a} != {b}", f"{a} between -1 and 1", f"{a} in [0, 1, 2.5]",
                 f"{c} = {d}", f"{c} != 'a'", f"{c} in ['a', 'ab', 'n']", f"missing({a})", f"not missing({c})",
                 f"contains({c}, 'a')", f"starts({c}, 'b')", f"ends({c}, 'b')", f"{c} < {d}"]
        if self.has_goods(of):
            forms += [f"{c} in goods", "contains(goods, 'a')", "missing(goods)", "length(goods) > 1"]
        if of != "places":
            forms.append(f"{self.time(of, now)} < {self.time(of, now)} + {self.world.span(20)}")
            forms.append("seen > at" if of else f"{a} >= {b}")
        return self.draw.choice(forms)

    def has_goods(self, of):
        """Whether its row has the list, in a broad world."""
        world = self.world
        return world.broad and (of == "orders" or (of is None and all(one.stream == "orders" for one in world.models)))

    def keys(self, of, nested=2):
        """`by` what. Not of the whole id, which is said elsewhere."""
        theirs = ["who", "shop", "tag"] if of != "places" else ["shop", "tag"]
        theirs += ["item"] if of in ("pays", "views") else []
        theirs += ["no"] if of in ("orders", "pays") and self.one_in(4) else []
        chosen = self.draw.sample(theirs, 2 if self.one_in(4) and len(theirs) > 1 else 1)
        return ", ".join(self.key(name, nested) for name in chosen)

    def key(self, name, nested):
        mine = self.world.moment_fields["text"]
        if name in mine and not self.one_in(3):
            return name
        ways = [f"{name} = {self.field('text', None, False)}", f"{name} = coalesce({self.field('text', None, False)}, 'b')"]
        if mine:
            ways.append(f"{name} = now.{self.draw.choice(mine)}")
        if nested:
            of = self.draw.choice(HAPPENING)
            ways.append(f"{name} = {self.pick('last', 'first', 'top')}({of}.{self.text(of, False, 0)} "
                        f"by {self.keys(of, nested - 1)}{self.range_back(nested - 1, True)})")
        return self.draw.choice(ways)

    def range_back(self, nested=1, may_all=False):
        """Over which time; those on ticks are whole ones."""
        world = self.world
        since = f" since {self.draw.choice(HAPPENING)}" if nested and self.one_in(6) else ""
        kind = self.draw.randrange(10)
        if kind < 2:
            unit, days = self.draw.choice([("hour", 0), ("day", 1), ("week", 7), ("month", 30)])
            count = self.draw.randrange(1, 4)
            if unit == "hour":
                return f" over {count * 2}h{' ago 3h' if self.one_in(3) else ''}{since} aligned hour"
            span = self.draw.choice([28, 30, 31]) if unit == "month" else days * count
            ago = f" ago {span}d" if self.one_in(4) else ""
            return f" over {span}d{ago}{since} aligned {unit}"
        if kind < 4:
            tick = self.draw.choice(["10m", "1h", "6h", "1d"] if world.minutes < 60 else ["1h", "6h", "1d"])
            count, amount, unit = self.draw.randrange(1, 9), int(tick[:-1]), tick[-1]
            ago = f" ago {amount * self.draw.randrange(1, 4)}{unit}" if self.one_in(3) else ""
            return f" over {amount * count}{unit}{ago}{since} every {tick}"
        if kind == 4 and may_all:
            return ""
        ago = f" ago {world.span(30)}" if self.one_in(4) else ""
        if world.broad and world.ahead and nested and self.one_in(3):
            ago = self.pick(" ago 4h - ahead", " ago ahead", " ago ahead - 30m")
        return f" over {world.span(200)}{ago}{since}"

    def range_ahead(self):
        world = self.world
        if world.broad and world.ahead and self.one_in(3):
            return self.pick(" over next 2h after ahead - 1h", " over next 1d after 3h - ahead", " over next 1h after ahead")
        if self.one_in(4):
            return self.pick(" over next 1d aligned day", " over next 3h after 1h aligned hour", " over next 7d aligned week",
                             " over next 30d aligned month")
        if self.one_in(4):
            return self.pick(" over next 6h every 1h", " over next 2h after 1h every 1h")
        after = f" after {world.span(10)}" if self.one_in(3) else ""
        return f" over next {world.span(60)}{after}"

    def range_announced(self, of):
        """Ahead over what is known by then, or in part."""
        if self.world.known[of] != "time - 2h":
            return self.range_ahead()
        return self.pick(" over next 2h", " over next 30m", " over next 45m after 30m", " over next 1h after 1h", " over next 7s")

    def window(self, ahead=False, exact=False, entry=False, announced=None):
        """A window and the type of its value; one ahead of a feature, over a stream that is announced."""
        of = announced or self.draw.choice(HAPPENING + ["places"] * (not ahead and self.one_in(3)))
        now = not entry and self.one_in(4)
        kind = self.draw.randrange(9)
        all_past = True
        condition = f" where {self.truth(of, now)}" if self.one_in(3) else ""
        value_of = "pays.z" if of == "pays" and self.one_in(3) else None
        if kind == 0:
            head, result = f"count({of}{condition}", "number"
        elif kind == 1:
            head, result = f"any({of}{condition}", "bool"
        elif kind == 2:
            if of == "places":
                head, result = f"count({of}{condition}", "number"
            else:
                head, result = f"since({of}{condition}", "span"
        elif kind == 3:
            head, result, all_past = f"ratio({of} where {self.truth(of, now)}", "number", of == "places"
        elif kind == 4:
            head, result = f"{self.pick('first', 'last', 'top')}({of}.{self.text(of, now)}{condition}", "text"
            all_past = "top(" not in head
        elif kind == 5:
            head, result = f"{self.pick('all', 'any')}({of}.{self.truth(of, now)}{condition}", "bool"
            all_past = head.startswith("any")
        else:
            names = ["sum", "mean", "min", "max", "first", "last", "quantile(0.25)", "quantile(0.9)", "quantile(1)", "distinct",
                     "top", *([] if exact else MEASURED)]
            name = self.draw.choice(names)
            value = self.number(of, now) if value_of is None else value_of.split(".")[1]
            head, result = f"{name}({of}.{value}{condition}", "number"
            all_past = name in ("first", "last")
        if self.world.has_id_of(of) and self.one_in(5) and not entry:
            keys = "id"
        else:
            keys = self.keys(of, 0 if ahead else 2)
        if of == "places":
            return f"{head} by {keys})", result
        if announced:
            return f"{head} by {keys}{self.range_announced(of)})", result
        over = self.range_ahead() if ahead else self.range_back(1, all_past)
        return f"{head} by {keys}{over})", result


class World:
    """`live` ones have a label that a model can learn, and all of them rows that stand in `rows`, by their streams."""

    def __init__(self, seed, shop, events=260, live=False, broad=True):
        self.seed, self.shop, self.live, self.broad = seed, shop, live, broad
        self.draw = draw = random.Random(seed)
        self.zone = draw.choice(list(ZONES))
        self.minutes = draw.choice([10, 10, 360])
        self.begin = ZONES[self.zone].replace(tzinfo=timezone.utc)
        self.steps = 2 * events if live else events
        knowns = ["seen", "seen", "time", "time + 30m", "time - 2h"] + ["told"] * broad
        self.known = {name: draw.choice(knowns) for name in HAPPENING}
        self.keys = {name: StreamKeys() for name in STREAMS}
        lates = ["1h", "2h"] if live and self.minutes < 60 else ["1h", "2h", "6h", "2d"]  # so that labels mature
        self.late = {name: draw.choice(lates) for name in HAPPENING}
        self.draw_moment()
        if broad:
            self.draw_broad()
        self.ids = {"orders": ["no"], "pays": ["no", "item"] if self.each and draw.randrange(2) else ["no"], "views": []}
        self.expressions = Expressions(draw, self)
        self.entered = {}
        self.draw_entered()
        self.numbers = {name: 0 for name in HAPPENING}
        self.rows = {name: self.draw_rows(name, events) for name in HAPPENING}
        self.rows["places"] = [{"shop": name, "x": self.number(), "y": self.number(), "tag": self.word()} for name in "abn"]
        self.write_rows()
        self.write_accepted()

    def span(self, most):
        """A length of up to so many steps of the grid, now and then off it."""
        minutes = self.minutes * self.draw.randrange(1, most)
        if self.draw.randrange(6) == 0:
            return f"{minutes * 60 + self.draw.randrange(60)}s"
        return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"

    def draw_moment(self):
        draw = self.draw
        row = {"number": ["x", "y"], "text": ["who", "shop", "tag"], "time": ["at", "seen", "time"]}
        self.each = self.scheduled = self.ahead = False
        kind = draw.randrange(8)
        if kind < 4:
            self.moment = draw.choice(["on orders", "on orders", "on orders at time + 1h", "on orders at time - 1h"])
        elif kind < 6:
            self.each = True
            row["text"].append("item")
            self.moment = draw.choice(["on orders each goods as item", "on orders each goods as item at time + 30m"])
        else:
            self.scheduled = True
            self.ahead = draw.randrange(3) == 0
            beats = ["every 2h", "every 6h", 'every 1d at "02:30"'] if self.minutes < 60 else \
                ["every 1d", 'every 7d at "mon 06:00"', 'every 1d at "02:30"']
            keys = draw.choice(["who", "shop", "who, shop", "shop, tag"])
            where = draw.choice(["", "", " where x > 0", " where count(pays by shop over 1d) > 1"])
            where = where.replace("shop", keys.split(",")[0])
            stream = draw.choice(["orders", "views", "pays"])
            span = f" over {self.span(200)}" if draw.randrange(3) else ""
            ahead = " ahead 1h..3h" if self.ahead else ""
            self.moment = f"{draw.choice(beats)} for {keys} of {stream}{span}{where}{ahead}"
            row = {"number": ["x", "y"], "text": ["who", "shop", "tag"], "time": ["at", "time"]}
        if "- 1h" in self.moment:
            self.known["orders"] = "time - 2h"
        self.models = [Model("m", self.moment, None if self.scheduled else "orders", self.each)]
        self.moment_fields = row
        self.moment_has_id = not self.scheduled

    def draw_broad(self):
        """More models, and more keys of the streams."""
        draw = self.draw
        for name in HAPPENING:
            self.keys[name].draw(draw, self.zone, name == "pays")
        span = self.span(200)
        beats = ["every 6h for who of orders", f"every 1d at \"02:30\" for shop of pays over {span}",
                 f"every 12h for id of orders over {span}", f"every 6h for shop, who of views over {span} where x > 0"]
        moments = ["on orders", "on orders at time + 1h", "on pays", "on pays at time + 1h", "on views", "on views at time + 30m"]
        for stream in HAPPENING:
            moments += [f"on {stream} at time - 1h"] * (self.known[stream] == "time - 2h")
        of_each = ["on orders each goods as item", "on orders each goods as item at time + 30m"]
        for name in "no"[:draw.choice([0, 1, 1, 2])]:
            moment = draw.choice(of_each if self.each else moments + beats)
            if self.live and moment.startswith("on views"):
                moment = "on views"  # what falls due by itself is served by its id alone
            if self.ahead:
                moment = self.moment.replace("1h..3h", "1h..2h").replace("every 6h", "every 2h" if self.minutes < 60 else "every 12h")
            stream = None if moment.startswith("every") else moment.split()[1]
            self.models.append(Model(name, moment, stream, self.each))
        self.moment_has_id = all(one.stream in ("orders", "pays") for one in self.models)
        streams = {one.stream for one in self.models}
        if None in streams:
            self.moment_fields["time"] = ["at", "time"]
        elif len(streams) == 1:
            for name, (_, kind) in self.keys[streams.pop()].fields.items():
                self.moment_fields[kind] = self.moment_fields[kind] + [name]

    def draw_entered(self):
        """Fields of the streams that have windows."""
        draw, x = self.draw, self.expressions
        fields, each, scheduled = self.moment_fields, self.each, self.moment_has_id
        self.entry_texts = {name: {} for name in HAPPENING}
        for name in HAPPENING:
            if draw.randrange(2):
                continue
            self.moment_fields = {"number": ["x", "y"], "text": ["who", "shop", "tag"], "time": ["at", "seen"]}
            for count in range(draw.randrange(1, 3)):
                self.entry_texts[name][f"w{count}"] = self.draw_entry()
            self.entered[name] = {field: kind for field, (_, kind) in self.entry_texts[name].items()}
        self.moment_fields, self.each, self.moment_has_id = fields, each, scheduled

    def draw_entry(self):
        while True:
            text, kind = self.expressions.window(exact=True, entry=True)
            if kind in ("number", "text"):
                return text, kind

    def rounded(self):
        """The names of the fields with windows that are quotients, which no double may hold, or are read from such."""
        texts = [item for fields in self.entry_texts.values() for item in fields.items()]
        found = {name for name, (text, _) in texts if re.match(r"mean\(|ratio\(", text)}
        for _ in texts:
            found |= {name for name, (text, _) in texts if any(re.search(rf"\b{other}\b", text) for other in found)}
        return found

    def has_id_of(self, stream):
        """Whether the moment's row has that stream's id, and its own events are told by it."""
        return self.moment_has_id and self.ids.get(stream) == (["no", "item"] if self.each else ["no"])

    def known_of(self, stream, row):
        """From when an event of history counts, in microseconds."""
        if self.known[stream] == "told":
            return micros(row["seen"] + timedelta(minutes=20))
        lag = {"seen": None, "time": 0, "time + 30m": 30, "time - 2h": -120}[self.known[stream]]
        when = row["seen"] if lag is None else row["at"] + timedelta(minutes=lag)
        return micros(when)

    def number(self):
        draw = self.draw
        if draw.randrange(7) == 0:
            return None
        return draw.choice([1e6, -1e6, 0.0, 1024.25]) if draw.randrange(9) == 0 else draw.randrange(-16, 17) / 4

    def word(self):
        return self.draw.choice(["a", "b", "ab", "ba", "n", "Ŧé", None])

    def name(self):
        return self.draw.choice(["a", "b", "n", "a", "b", None])

    def row(self, stream, at):
        draw = self.draw
        lag = 0 if draw.randrange(2) else draw.randrange(0, 60 if draw.randrange(4) == 0 else 6) * self.minutes
        lag = -draw.randrange(200) if draw.randrange(8) == 0 else lag
        self.numbers[stream] += 1
        row = {"no": f"k{self.numbers[stream]}", "who": self.name(), "shop": self.name(), "x": self.number(), "y": self.number(),
               "tag": self.word(), "item": self.word(), "at": at, "seen": at + timedelta(minutes=lag), "z": None, "due": None,
               "goods": None if draw.randrange(9) == 0 else
               [draw.choice(["a", "b", "ab", "n"]) for _ in range(draw.randrange(5))]}
        if draw.randrange(2):
            row.update(z=self.number(), due=row["seen"] + timedelta(minutes=self.minutes * draw.randrange(30)))
        if "item" in self.ids[stream]:
            row["item"] = row["item"] or "a"
        return {name: row[name] for name in STREAMS[stream]}

    def time_at(self, step):
        at = self.begin + timedelta(minutes=self.minutes * step)
        if self.draw.randrange(8) == 0:
            at += timedelta(seconds=self.draw.randrange(600), microseconds=self.draw.choice([0, 1, 999999]))
        return at

    def draw_rows(self, stream, count):
        steps = sorted(self.draw.randrange(self.steps) for _ in range(count))
        return [self.row(stream, self.time_at(step)) for step in steps]

    def change(self, stream, row):
        """The same event, corrected: of its values, its keys or its times."""
        draw, other = self.draw, dict(row)
        fresh = self.row(stream, row["at"])
        fixed = {*self.ids[stream], "no", "at", "seen", "z", "due"}
        for name in draw.sample([name for name in STREAMS[stream] if name not in fixed], 2):
            other[name] = fresh[name]
        if draw.randrange(3) == 0:
            other["at"] = row["at"] + timedelta(minutes=self.minutes * draw.choice([-3, 1, 5]))
        if draw.randrange(3) == 0:
            other["seen"] = row["seen"] + timedelta(minutes=self.minutes * draw.choice([-2, 1, 7, 60]))
        return other

    def correct(self, share=0.2):
        """Some of what stands is otherwise in the files from now on."""
        for stream in ("orders", "pays"):
            rows = self.rows[stream]
            for i, row in enumerate(rows):
                if self.draw.random() < share:
                    rows[i] = self.change(stream, row)
        self.write_rows()

    def write_rows(self, rows=None, folder=None):
        for stream, its in (rows or self.rows).items():
            with open(f"{folder or self.shop.folder}/data/{stream}.csv", "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(STREAMS[stream])
                writer.writerows([as_cell(row[name]) for name in STREAMS[stream]] for row in its)

    # --- the project ---------------------------------------------------------------------------

    def text(self):
        lines = ["project: random", f"zone: {self.zone}", "streams:"]
        for name in HAPPENING:
            types = ", ".join(f"{column}: {TYPES[column]}" for column in STREAMS[name] if column in TYPES)
            texts = {**self.keys[name].fields, **self.entry_texts[name]}
            fields = "".join(f"\n      {field}: {json.dumps(text)}" for field, (text, _) in texts.items())
            lines += [f"  {name}:", f"    from: data/{name}.csv", f"    types: {{{types}}}", "    missing: []", "    time: at",
                      f"    known: {self.known[name]}", f"    late: {self.late[name]}"]
            lines += [f"    id: {', '.join(self.ids[name])}"] if self.ids[name] else []
            lines += ["    later: {z: due, due: due}"] if name == "pays" else []
            lines += [f"    fields:{fields}"] if fields else []
            lines += self.keys[name].lines()
        lines += ["  places: {from: data/places.csv, types: {shop: category, x: number, y: number, tag: text}, time: always, "
                  "id: shop}", "features:"]
        lines += [f"  {name}: {json.dumps(text)}" for name, (text, _) in self.features.items()]
        lines += ["models:"]
        for one in self.models:
            lines += [f"  {one.name}:", f"    moment: {json.dumps(one.moment)}", f"    label: {json.dumps(one.label)}",
                      "    params: {rounds: 3, num_leaves: 3, min_data_in_leaf: 1}"]
        return "\n".join(lines) + "\n"

    def draw_feature(self, number):
        draw, x = self.draw, self.expressions
        kind = draw.randrange(12)
        if kind < 7:
            return x.window()
        if self.broad and kind == 9 and draw.randrange(2):
            return x.pick((f"ngrams({x.text()}, 1, 2, 3)", "vector of 3"),
                          (f"vector({x.number(depth=1)}, {self.draw_number_window()})", "vector of 2"))
        announced = [name for name in HAPPENING if self.known[name] in ("seen", "told", "time - 2h")] if self.broad else []
        if kind == 7 and announced:
            return x.window(ahead=True, announced=draw.choice(announced))
        if kind == 7 and self.known["views"] == "seen":
            head = x.pick("count(views", "any(views")
            return f"{head} by {x.keys('views', 1)}{x.range_ahead()})", "bool" if head.startswith("any") else "number"
        if kind == 8:
            return x.truth(depth=2), "bool"
        if kind == 9:
            return x.text(depth=2), "text"
        if kind == 10 and self.each:
            value = x.number(depth=1)
            name = x.pick("sum", "max", "min", "mean", "count", "distinct", "top", "quantile(0.5)")
            return f"{name}({value} within moment)", "number"
        (a, one), (b, other) = x.window(exact=True), x.window(exact=True)
        if one == other == "number":
            return x.pick(f"{a} - {b}", f"coalesce({a}, {b})", f"max({a}, {b}) + {x.number(depth=1)}",
                          f"case when {b} > 1 then {a} else {x.number(depth=1)} end"), "number"
        if one == "span":
            return f"{a} / 1h", "number"
        if one == "text":
            return f"coalesce({a}, {x.text()})", "text"
        return f"{x.number(depth=2)}", "number"

    def draw_number_window(self):
        while True:
            text, kind = self.expressions.window(exact=True)
            if kind == "number":
                return text

    def feature_texts(self):
        """What each number or other value is made by, one of a vector's too."""
        found = {}
        for name, (text, kind) in self.features.items():
            width = int(kind.split()[-1]) if kind.startswith("vector of") else 0
            found |= {f"{name}_{i}": text for i in range(width)} or {name: text}
        return found

    def draw_label(self):
        x = self.expressions
        if self.live:
            keys = x.pick("who", "shop")
            return x.pick(f"any(pays by {keys} over next {self.minutes * 3}m)",
                          f"sum(pays.x by {keys} over next {self.minutes * 9}m) > 0")
        if self.each and x.one_in(2):
            return f"any(pays by {'id' if len(self.ids['pays']) > 1 else 'no, item'} over next {self.span(30)})"
        ahead, kind = x.window(ahead=True, exact=True)
        if kind == "number" and x.one_in(2):
            ahead = f"{ahead} - {x.window(exact=True)[0]} > 1"
        unless = f" unless any(views by {x.keys('views', 0)} over next {self.span(9)})" if x.one_in(3) else ""
        return f"{ahead}{unless}"

    def write_accepted(self, count=9):
        """Draws features, and what is refused again, until `check` takes all."""
        self.features, self.refused = {}, []
        for number in range(count):
            self.features[f"f{number}"] = self.draw_one(number)
        for one in self.models:
            one.label = self.draw_label()
        for _ in range(ROUNDS_MAX):
            self.shop.write(self.text())
            said = self.shop.run("check")
            if said.code == 0:
                return
            self.mend(said.err)
        raise AssertionError(f"seed {self.seed}: check takes no such project: {said.err}\n{self.text()}")

    def draw_one(self, number):
        """It may read numbers and texts among the features before it."""
        self.expressions.features = {name: kind for name, (text, kind) in self.features.items()
                                     if int(name[1:]) < number and kind in ("number", "text") and not is_measured(text)}
        return self.draw_feature(number)

    def mend(self, said):
        assert "millwright.yaml:" in said, said
        for line in said.splitlines():
            place = re.search(r"millwright\.yaml:\d+:\d+: (\S+?):? ", line)
            if not place:
                continue
            self.refused.append(line)
            words = place[1].rstrip(":").split(".")
            if words[0] == "features":
                self.features[words[1]] = self.draw_one(int(words[1][1:]))
            elif words[0] == "streams" and len(words) > 3:
                fields, mine = self.moment_fields, self.moment_has_id
                self.moment_fields = {"number": ["x", "y"], "text": ["who", "shop", "tag"], "time": ["at", "seen"]}
                kind = self.entry_texts[words[1]][words[3]][1]
                self.expressions.features = {}
                while True:
                    drawn = self.draw_entry()
                    if drawn[1] == kind:
                        break
                self.entry_texts[words[1]][words[3]] = drawn
                self.moment_fields, self.moment_has_id = fields, mine
            else:
                for one in self.models:
                    if one.name == words[1]:
                        one.label = self.draw_label()


def is_measured(text):
    return any(f"{name}(" in text for name in MEASURED)


def adds_rounded(text, rounded):
    return re.search(r"\b(sum|mean)\(", text) and any(re.search(rf"\b{name}\b", text) for name in rounded)


def find_measured(features, rounded):
    """The names of those that hang on a var, std or trend, or on a sum of those fields, which are rounded quotients."""
    found = set()
    for _ in features:
        found |= {name for name, text in features.items() if is_measured(text) or adds_rounded(text, rounded) or
                  any(re.search(rf"\b{other}\b", text) for other in found)}
    return found


def as_cell(value):
    if value is None:
        return ""
    if isinstance(value, datetime):
        return stamp(value)
    return json.dumps(value) if isinstance(value, list) else value
