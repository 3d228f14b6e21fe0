"""Small seeded data for the example projects of tests/projects, whose truth is known from how they are drawn.

Each function writes the files of one project into a folder and gives back the project's text with its addresses
(kafka://, postgresql://, paths) replaced by them.
"""
import json
import random
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pictures
import pyarrow
import pyarrow.parquet

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
PROJECTS = Path(__file__).parent.parent / "projects"


def stamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def write(folder, name, heading, rows):
    text = "".join(",".join("" if value is None else stamp(value) if isinstance(value, datetime) else str(value)
                            for value in row) + "\n" for row in rows)
    (folder / name).write_text(heading + "\n" + text)


def project(name, files):
    """The project's text, each stream reading its file."""
    text = (PROJECTS / f"{name}.yaml").read_text()
    for stream, file in files.items():
        pattern = rf"(^  {stream}:[^\n]*(?:\n    [^\n]*)*?from: *)(\[[^\]]*\]|\"[^\"]*\"|[^,}}\n]+)"
        text, count = re.subn(pattern, rf"\g<1>{file}", text, count=1, flags=re.MULTILINE)
        assert count == 1, (name, stream)
    return text


def fraud(folder, count=600, seed=1):
    """Stolen cards pay more, abroad and in bursts; each theft ends in a chargeback some days later."""
    draw = random.Random(seed)
    cards = [f"card{number}" for number in range(60)]
    shops = [(f"shop{number}", draw.uniform(40, 55), draw.uniform(0, 20)) for number in range(25)]
    payments, outcomes, chargebacks = [], [], []
    at = START
    for number in range(count):
        at += timedelta(seconds=draw.randrange(60, 43200))
        is_fraud = draw.random() < 0.08
        shop, lat, lon = draw.choice(shops)
        amount = round(draw.lognormvariate(5 if is_fraud else 3, 1), 2)
        card = draw.choice(cards)
        payments.append((f"p{number}", at, card, shop, amount, draw.choice(["EUR", "USD", "GBP"]), round(lat, 4),
                         round(lon, 4)))
        status = "declined" if draw.random() < (0.3 if is_fraud else 0.05) else "approved"
        outcomes.append((f"p{number}", at + timedelta(seconds=2), card, status))
        if is_fraud and status == "approved":
            raised = at + timedelta(days=draw.randrange(2, 40))
            chargebacks.append((f"p{number}", raised, raised + timedelta(days=draw.randrange(0, 3)), "fraud"))
    days = (at - START).days + 2
    write(folder, "payments.csv", "payment_id,requested_at,card,merchant,amount,currency,lat,lon", payments)
    write(folder, "outcomes.csv", "payment_id,decided_at,card,status", outcomes)
    write(folder, "chargebacks.csv", "payment_id,raised_at,loaded_at,reason", chargebacks)
    write(folder, "cards.csv", "card,changed_at,segment",
          [(card, START - timedelta(days=10), draw.choice(["gold", "basic"])) for card in cards])
    write(folder, "fx.csv", "day,currency,rate",
          [(START + timedelta(days=day), name, round(base + draw.uniform(-0.02, 0.02), 4))
           for day in range(-1, days) for name, base in (("EUR", 1.0), ("USD", 0.9), ("GBP", 1.2))])
    return project("fraud", {name: f"{name}.csv" for name in ("payments", "outcomes", "chargebacks", "cards", "fx")})


def churn(folder, seed=1):
    """Subscribers log in about daily until they lose interest."""
    draw = random.Random(seed)
    subs, logins, tickets = [], [], []
    end = START + timedelta(days=150)
    for number in range(20):
        name, begin = f"c{number}", START + timedelta(seconds=draw.randrange(0, 40 * 86400))
        bored = begin + timedelta(days=draw.randrange(20, 300))
        subs.append((begin, name, draw.choice(["basic", "gold"]), "active", draw.choice([5, 9])))
        if draw.random() < 0.3:
            subs.append((bored + timedelta(days=5), name, None, "closed_by_us", None))
        at = begin
        while at < end:
            at += timedelta(seconds=draw.randrange(3600, 2 * 86400 if at < bored else 90 * 86400))
            logins.append((at, name))
            if draw.random() < 0.05:
                tickets.append((at, name, draw.choice(["high", "low"])))
    for name, heading, rows in (("subs", "change_id,changed_at,customer,plan,status,fee", subs),
                                ("logins", "login_id,at,customer", logins),
                                ("tickets", "ticket_id,opened,customer,severity", tickets)):
        rows = sorted((row for row in rows if row[0] < end), key=lambda row: row[:2])
        write(folder, f"{name}.csv", heading, [(f"{name}{number}", *row) for number, row in enumerate(rows)])
    return project("churn", {name: f"{name}.csv" for name in ("logins", "tickets", "subs")})


def maintenance(folder, seed=1):
    """Machines shake the more, the nearer they are to failing; a repair starts them again."""
    draw = random.Random(seed)
    machines = [(f"m{number}", draw.choice(["press", "pump"])) for number in range(4)]
    readings, failures, repairs = [], [], []
    for name, _ in machines:
        at, worn = START, 0.0
        while at < START + timedelta(days=16):
            at += timedelta(minutes=10)
            worn += draw.uniform(0, 0.02)
            readings.append((name, at, round(1 + worn + draw.uniform(-0.2, 0.2), 3)))
            if worn > 3 and draw.random() < 0.05:
                failures.append((name, at, at + timedelta(hours=1)))
                repairs.append((f"r{len(repairs)}", name, at + timedelta(hours=2), at + timedelta(hours=3), "false"))
                worn = 0.0
    write(folder, "readings.csv", "machine,at,vib", sorted(readings, key=lambda row: row[1]))
    write(folder, "failures.csv", "machine,failed_at,entered_at", sorted(failures, key=lambda row: row[1]))
    write(folder, "repairs.csv", "repair_id,machine,done_at,entered_at,planned", sorted(repairs, key=lambda row: row[2]))
    write(folder, "machines.csv", "machine,type", machines)
    return project("maintenance", {name: f"{name}.csv" for name in ("readings", "failures", "repairs", "machines")})


def demand(folder, seed=1):
    """Shops sell more of what is on promotion, and on Saturdays."""
    draw = random.Random(seed)
    shops, items, days = ["north", "south"], ["milk", "bread", "tea"], 60
    sales, promos = [], []
    for day in range(days):
        for shop in shops:
            for item in items:
                discount = 0.2 if draw.random() < 0.1 else 0
                if discount:
                    promos.append((START + timedelta(days=day), shop, item, discount, START + timedelta(days=day - 10)))
                for _ in range(draw.randrange(0, 5 if discount else 3)):
                    at = START + timedelta(days=day, seconds=draw.randrange(8 * 3600, 20 * 3600))
                    sales.append((at, shop, item, draw.randrange(1, 4)))
    sales.sort()
    write(folder, "sales.csv", "line_id,sold_at,store,item,qty", [(f"l{n}", *row) for n, row in enumerate(sales)])
    write(folder, "range.csv", "changed_at,store,item,listed",
          [(START - timedelta(days=1), shop, item, "true") for shop in shops for item in items])
    write(folder, "promos.csv", "day,store,item,discount,announced_at", promos)
    write(folder, "holidays.csv", "day,country", [(START + timedelta(days=31), "FR"), (START + timedelta(days=45), "DE")])
    write(folder, "stores.csv", "store,country", [("north", "FR"), ("south", "DE")])
    write(folder, "stockouts.csv", "at,store,item", [(START + timedelta(days=20, hours=12), "north", "tea")])
    return project("demand", {name: f"{name}.csv"
                              for name in ("sales", "range", "promos", "holidays", "stores", "stockouts")})


def documents(folder, seed=1):
    """Mails of a few senders, whose desks show in their words; a clerk looks at most of them."""
    draw = random.Random(seed)
    words = {"billing": ["Rechnung", "invoice", "past due", "payment"], "repair": ["broken", "Gerät", "noise", "leak"],
             "sales": ["quote", "price list", "order", "größer"]}
    usual = {f"s{number}": draw.choice(sorted(words)) for number in range(8)}
    mails, verdicts, at = {}, [], START
    for number in range(120):
        at += timedelta(seconds=draw.randrange(600, 40000))
        sender = draw.choice(sorted(usual))
        desk = usual[sender] if draw.random() < 0.8 else draw.choice(sorted(words))
        text = [draw.choice(words[desk] + ["the", "PLEASE", "und"]) for _ in range(draw.randrange(1, 12))]
        mails.setdefault(at.strftime("%Y-%m"), []).append(
            {"mail": f"m{number}", "sender": sender, "subject": text[0], "body": ", ".join(text[1:]) or None,
             "received": stamp(at)})
        if draw.random() < 0.9:
            verdicts.append((f"m{number}", draw.choice(["ann", "bob"]), desk,
                             at + timedelta(seconds=draw.randrange(3600, 5 * 86400))))
    (folder / "mails").mkdir()
    for month, rows in mails.items():
        (folder / f"mails/{month}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write(folder, "verdicts.csv", "mail,clerk,class,at", sorted(verdicts, key=lambda row: row[3]))
    return project("documents", {})


def images(folder, seed=1):
    """Parts in front of a camera; the redder one is, the likelier it is found defective. The network that looks at
    them takes the most that it sees of each colour, so what it gives is known, and is rounded nowhere."""
    draw = random.Random(seed)
    inspections, at = [], START
    (folder / "images").mkdir()
    (folder / "models").mkdir()
    (folder / "models/resnet18.onnx").write_bytes(pictures.network("GlobalMaxPool", [None, 3, 224, 224]))
    for number in range(40):
        at += timedelta(seconds=draw.randrange(600, 20000))
        colour, line = [draw.randrange(256) for _ in range(3)], draw.choice(["a", "b"])
        rows = [[[min(255, value + draw.randrange(9)) for value in colour] for _ in range(12)] for _ in range(8)]
        (folder / f"images/p{number:02}.png").write_bytes(pictures.png(rows))
        beside = {"part": f"p{number:02}", "line": line, "taken": stamp(at)}
        (folder / f"images/p{number:02}.json").write_text(json.dumps(beside))
        if draw.random() < 0.9:
            inspections.append((f"p{number:02}", "eve", "true" if colour[0] > 170 else "false",
                                at + timedelta(seconds=draw.randrange(3600, 2 * 86400))))
    write(folder, "inspections.csv", "part,inspector,defect,at", sorted(inspections, key=lambda row: row[3]))
    return project("images", {"parts": '"images/*.png"'})


def recommend(folder, seed=1, count=300):
    """Visitors who like one kind of things, the cheaper the more; each visit offers some of the things."""
    draw = random.Random(seed)
    things = [(f"i{number}", draw.choice(["book", "toy", "tool"]), draw.randrange(5, 90)) for number in range(18)]
    likes = {f"u{number}": draw.choice(["book", "toy", "tool"]) for number in range(12)}
    items = [(name, START - timedelta(days=2), kind, price) for name, kind, price in things]
    visits, impressions, clicks = [], [], []
    at = START
    for number in range(count):
        at += timedelta(seconds=draw.randrange(60, 9000))
        visit, user = f"v{number}", draw.choice(list(likes))
        offered = draw.sample(things, draw.randrange(0, 7))
        visits.append((visit, user, at, [name for name, _, _ in offered]))
        for name, kind, price in offered:
            if draw.random() < 0.15:
                continue
            shown = at + timedelta(seconds=draw.randrange(0, 300))
            impressions.append((visit, name, user, shown))
            if draw.random() < (0.6 if kind == likes[user] else 0.1) * (1 - price / 120):
                clicks.append((visit, name, user, shown + timedelta(seconds=draw.randrange(1, 900))))
        if draw.random() < 0.1:
            name, kind, price = draw.choice(things)
            items.append((name, at, kind, round(price * draw.uniform(0.5, 1.5), 2)))
    last = max(row[3] for row in clicks)
    visits.append(("end", "u0", last + timedelta(days=1), None))  # so that all labels mature
    table = pyarrow.table({"visit": [row[0] for row in visits], "user": [row[1] for row in visits],
                           "at": pyarrow.array([row[2] for row in visits], pyarrow.timestamp("us", "UTC")),
                           "candidates": pyarrow.array([row[3] for row in visits], pyarrow.list_(pyarrow.string()))})
    pyarrow.parquet.write_table(table, folder / "visits.parquet")
    write(folder, "impressions.csv", "visit,item,user,at", sorted(impressions, key=lambda row: row[3]))
    write(folder, "clicks.csv", "visit,item,user,at", sorted(clicks, key=lambda row: row[3]))
    write(folder, "items.csv", "item,changed_at,category,price", items)
    return project("recommend", {"visits": "visits.parquet", "impressions": "impressions.csv", "clicks": "clicks.csv",
                                 "items": "items.csv"})


def flights(folder, seed=1):
    """Planes fly all day and carry their delays on; wind delays all that leave, and some flights are cancelled."""
    draw = random.Random(seed)
    hours = [START + timedelta(hours=number) for number in range(24 * 12)]
    wind = {(origin, hour): draw.choice([None, 5.5, 12.0, 30.5]) for origin in ("EWR", "JFK", "LGA") for hour in hours}
    rows = []
    for plane in range(24):
        origin, carrier = draw.choice(["EWR", "JFK", "LGA"]), draw.choice(["AA", "B6", "UA"])
        at, delay = START + timedelta(minutes=draw.randrange(600)), 0
        while (at := at + timedelta(minutes=draw.randrange(200, 500))) < hours[-1]:
            hour = at.replace(minute=0)
            delay = max(-10, delay // 2 + draw.randrange(-15, 20) + round(2 * (wind[origin, hour] or 0) - 20))
            delay = -75 if draw.random() < 0.03 else delay  # gone before anybody asks
            row = {"carrier": carrier, "flight": 100 + plane, "origin": origin,
                   "dest": draw.choice(["BOS", "ATL", "ORD"]), "tailnum": f"N{plane}" if plane else None, "time_hour": hour, "minute": at.minute,
                   "distance": draw.randrange(180, 900)}
            flown = {"dep_time": 1, "dep_delay": delay, "air_time": draw.randrange(40, 180), "arr_time": 1,
                     "arr_delay": delay + draw.randrange(-10, 15)}
            fate = draw.random()  # cancelled, landed elsewhere, or as planned
            rows.append({**row, **{name: None if fate < 0.04 or (fate < 0.07 and name[:3] != "dep") else value
                                   for name, value in flown.items()}})
    (folder / "data").mkdir()
    rows.sort(key=lambda row: (row["time_hour"], row["minute"], row["flight"]))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "data/flights.parquet")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(
        [{"origin": origin, "time_hour": hour, "wind_speed": speed} for (origin, hour), speed in wind.items()]),
        folder / "data/weather.parquet")
    return project("flights", {})


WORLDS = {"flights": flights, "fraud": fraud, "churn": churn, "maintenance": maintenance, "demand": demand,
          "documents": documents, "images": images, "recommend": recommend}
