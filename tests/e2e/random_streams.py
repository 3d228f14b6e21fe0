"""The keys of a random project's streams that say which of a row's values become an event: fields, where, units, clean.

Each says in Python too what it does, so that whoever knows the rows knows the events (random_project.py).
"""
from datetime import timedelta
from zoneinfo import ZoneInfo

CLEAN = {"y: default 0": ("y", None, lambda value: 0.0 if value is None else value),
         "y: drop": ("y", None, lambda value: value),
         "tag: default 'n'": ("tag", None, lambda value: "n" if value is None else value),
         "who: default 'b'": ("who", None, lambda value: "b" if value is None else value),
         "x: clip": ("x", "x: {min: -3, max: 3}", lambda value: None if value is None else min(max(value, -3.0), 3.0)),
         "shop: drop": ("shop", "shop: {in: [a, b]}", lambda value: value if value in ("a", "b") else None)}


def conditions(zone):
    """What may stand in `where`, and when it holds; missing ones do not."""
    return {"x > -3.5 or missing(x)": lambda row: row["x"] is None or row["x"] > -3.5,
            "not (tag = 'ba')": lambda row: row["tag"] is not None and row["tag"] != "ba",
            "who != 'n' or missing(who)": lambda row: row["who"] != "n",
            "y <= 3 or x < 0": lambda row: any(one is not None and one <= most for one, most in ((row["y"], 3), (row["x"], -0.1))),
            "shop in ['a', 'b'] or missing(shop)": lambda row: row["shop"] != "n",
            "hour(at) != 5": lambda row: row["at"].astimezone(ZoneInfo(zone)).hour != 5,
            "told <= at + 12h": lambda row: row["seen"] + timedelta(minutes=20) <= row["at"] + timedelta(hours=12)}


class StreamKeys:
    """Those of one stream. Of itself it has none."""

    def __init__(self):
        self.fields = {}  # without windows: their texts and types
        self.where, self.holds = None, lambda row: True
        self.units, self.clean, self.checks = {}, {}, []

    def draw(self, draw, zone, has_later):
        self.fields["told"] = ("seen + 20m", "time")
        for name, texts, kind in (("all", ["x + y", "coalesce(x, 0) * 2", "length(tag)"], "number"),
                                  ("both", ["concat(who, shop)", "lower(coalesce(tag, who))", "split(tag, 'b', 1)"], "text")):
            if draw.randrange(2):
                self.fields[f"{name}_of"] = (draw.choice(texts), kind)
        if draw.randrange(2):
            self.where, self.holds = draw.choice(list(conditions(zone).items()))
        if draw.randrange(3) == 0:
            self.units = {name: draw.choice([0.5, 4]) for name in draw.sample(["x", "y"] + ["z"] * has_later, 2)}
        if draw.randrange(3) == 0:
            for text in draw.sample(list(CLEAN), draw.randrange(1, 3)):
                name, check, _ = CLEAN[text]
                if all(CLEAN[other][0] != name for other in self.clean):
                    self.clean[text] = CLEAN[text]
                    self.checks += [check] if check else []

    def made(self, row):
        """The row as an event has it; None: it is none."""
        if not self.holds(row):
            return None
        made = dict(row)
        for name, factor in self.units.items():
            made[name] = None if row[name] is None else row[name] * factor
        for text, (name, _, clean) in self.clean.items():
            made[name] = clean(made[name])
            if text.endswith("drop") and made[name] is None:
                return None
        return made

    def lines(self):
        """Of the project file."""
        units = ", ".join(f"{name}: {factor}" for name, factor in self.units.items())
        found = [f'    where: "{self.where}"'] if self.where else []
        found += [f"    units: {{{units}}}"] if units else []
        found += [f"    clean: {{{', '.join(self.clean)}}}"] if self.clean else []
        return found + ([f"    checks: {{{', '.join(self.checks)}}}"] if self.checks else [])
