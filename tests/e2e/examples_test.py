"""The example projects of tests/projects on small data of known truth: they check, their features are those of the golden
files (written by MW_WRITE=1 and verified by the oracle each time), and a model is trained."""
import csv
import io
import json
import os
import shutil
import subprocess
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet

import example_worlds
import pictures
import shop
from sklearn.feature_extraction.text import HashingVectorizer

BERLIN = ZoneInfo("Europe/Berlin")
GOLDEN = Path("tests/golden/examples")
# Whose labels LightGBM can learn, from as many examples as are made here; one project names a learner that comes later.
MODELS = {"flights": "late", "churn": "churn", "fraud": "fraud", "maintenance": "fails", "recommend": "rank",
          "demand": "units", "documents": "route"}
# Which rows the golden file keeps.
STRIDE = {"flights": 7, "churn": 1, "fraud": 1, "maintenance": 61, "demand": 11, "documents": 9, "images": 5,
          "recommend": 7}


class Folder:
    def __init__(self, name):
        self.name, self.path = name, Path(tempfile.mkdtemp(prefix="millwright-example-"))

    def __enter__(self):
        (self.path / "millwright.yaml").write_text(example_worlds.WORLDS[self.name](self.path))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def ok(self, *words):
        done = subprocess.run([os.environ["MILLWRIGHT"], *words, "-C", str(self.path)], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, f"{self.name}: {words}: exit {done.returncode}\n{done.stderr}{done.stdout}"
        return done


def check_golden(folder, built):
    golden = GOLDEN / f"{folder.name}.csv"
    lines = built.splitlines(True)
    built = "".join(lines[:1] + lines[1::STRIDE[folder.name]])
    if os.environ.get("MW_WRITE"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(built)
    expected, found = (list(csv.reader(io.StringIO(text))) for text in (golden.read_text(), built))
    for number, (row, other) in enumerate(zip(expected, found)):
        assert row == other, f"{golden}:{number + 1}: expected {row}, got {other}"
    assert len(expected) == len(found), (golden, len(expected), len(found))


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def check_fraud(folder, built):
    """What is looked up as an event enters, from the definition: a payment's rate, a chargeback's card."""
    payments, rates, backs = (rows_of((folder.path / f"{name}.csv").read_text())
                              for name in ("payments", "fx", "chargebacks"))
    card_of = {row["payment_id"]: row["card"] for row in payments}
    for row, payment in zip(built, payments):
        at = payment["requested_at"]
        seen = [rate for rate in rates if rate["currency"] == payment["currency"] and
                rate["day"].replace("T00", "T01") < at]  # known an hour after its day began
        assert float(row["amount"]) == float(payment["amount"]) * float(seen[-1]["rate"]), row
        after = (datetime.fromisoformat(at[:-1]) - timedelta(days=90)).isoformat()
        count = sum(card_of[back["payment_id"]] == payment["card"] and back["payment_id"] != payment["payment_id"] and
                    after <= back["raised_at"] < at and back["loaded_at"] < at for back in backs)
        assert int(row["cb_card"]) == count, row
    assert sum(int(row["cb_card"]) for row in built) > 10


def check_churn(folder, built):
    """Who was active on a Monday, and on how many days of four weeks he was seen."""
    logins, subs = (rows_of((folder.path / f"{name}.csv").read_text()) for name in ("logins", "subs"))
    begin = {row["customer"]: row["changed_at"] for row in reversed(subs) if row["status"] == "active"}
    for row in built:
        name, t = row["id"].split("|")
        mine = [sub for sub in subs if sub["customer"] == name and sub["changed_at"] < t]
        assert mine[-1]["status"] == "active" and begin[name] < t, row
        assert t[11:16] == ("04:00" if t >= "2024-03-31" else "05:00"), row  # Berlin goes to summer time
        after = (datetime.fromisoformat(t[:-1]) - timedelta(days=28)).isoformat()
        days = {datetime.fromisoformat(login["at"].replace("Z", "+00:00")).astimezone(BERLIN).day
                for login in logins if login["customer"] == name and after <= login["at"] < t}
        assert int(row["days_used"]) == len(days), row  # days of the month


def try_example(name, check):
    with Folder(name) as folder:
        notes = json.loads(folder.ok("check", "--json").stdout)["notes"]
        assert any("not in force yet" in note["message"] for note in notes) == (name != "flights"), notes
        folder.ok("ingest")
        folder.ok("features", "build", "--output", str(folder.path / "built.csv"))
        built = (folder.path / "built.csv").read_text()
        check_golden(folder, built)
        check(folder, rows_of(built))
        folder.ok("features", "verify")
        if name not in MODELS:
            return
        trained = json.loads(folder.ok("train", MODELS[name], "--learner", "lightgbm", "--json").stdout)
        assert trained["examples"]["train"] > 50, trained
        assert trained["constant"] == (trained["examples"]["train"] < 250), trained  # two leaves take 100 of 80 % each


def check_maintenance(folder, built):
    """The mean of an hour's readings in whole minutes, and when the machine was heard of last."""
    readings = rows_of((folder.path / "readings.csv").read_text())
    for row in built[::STRIDE[folder.name]]:
        name, t = row["id"].split("|")
        after = (datetime.fromisoformat(t[:-1]) - timedelta(hours=1)).isoformat()
        seen = [float(reading["vib"]) for reading in readings if reading["machine"] == name and after <= reading["at"] < t]
        assert abs(float(row["vib_1h"]) - sum(seen) / len(seen)) < 1e-9 and row["silent"] == "600", row


def check_demand(folder, built):
    """What was sold on the day that the moment is about, counted in Paris."""
    sales = rows_of((folder.path / "sales.csv").read_text())
    for row in built[::STRIDE[folder.name]]:
        store, item, t, ahead = row["id"].split("|")
        at = datetime.fromisoformat(t.replace("Z", "+00:00")).astimezone(ZoneInfo("Europe/Paris"))
        day = (at + timedelta(seconds=float(ahead)) - timedelta(days=1)).date()
        sold = sum(int(sale["qty"]) for sale in sales if sale["store"] == store and sale["item"] == item and
                   sale["sold_at"] >= t and
                   datetime.fromisoformat(sale["sold_at"].replace("Z", "+00:00")).astimezone(at.tzinfo).date() == day)
        assert row["label"] in ("", str(sold)), (row, sold)


def check_documents(folder, built):
    """Runs of one word and of two, counted as scikit-learn counts them; the usual desk of the mails before."""
    mails = [json.loads(line) for file in sorted(folder.path.glob("mails/*")) for line in file.read_text().splitlines()]
    verdicts = rows_of((folder.path / "verdicts.csv").read_text())
    counter = HashingVectorizer(n_features=256, ngram_range=(1, 2), alternate_sign=False, norm=None,
                                token_pattern=r"\w+", lowercase=False)
    sender_of = {mail["mail"]: mail["sender"] for mail in mails}
    for row, mail in zip(built, mails):
        found = [row[f"words_{n}"] for n in range(256)]
        if mail["body"] is None:
            assert set(found) == {""}, row
            continue
        counts = counter.transform([(mail["subject"] + " " + mail["body"]).lower()]).toarray()[0]
        assert [float(value) for value in found] == list(counts), (mail, found)
        seen = [verdict["class"] for verdict in verdicts
                if sender_of[verdict["mail"]] == mail["sender"] and verdict["at"] < mail["received"]]
        assert row["usual"] == min(seen, key=lambda desk: (-seen.count(desk), desk), default=""), (mail, row["usual"])
        after = [verdict["class"] for verdict in verdicts if verdict["mail"] == mail["mail"]]
        assert row["label"] in ("", *after), row
    assert len({row["label"] for row in built}) == 4


def check_images(folder, built):
    """The most of each colour in a picture, which is what its network gives."""
    for row in built:
        part = row["id"]
        rows = pictures.read_png((folder.path / f"images/{part}.png").read_bytes())
        pixels = [pixel for line in rows for pixel in line]
        for colour in range(3):
            most = max(pixel[colour] for pixel in pixels) / 255
            assert abs(float(row[f"look_{colour}"]) - most) < 1e-7, (row, colour, most)
    assert {row["label"] for row in built} == {"true", "false", ""}
    assert len({row["recent"] for row in built}) > 5


def check_recommend(folder, built):
    """Each candidate of each visit is a moment; what is asked across them, and what came of them."""
    visits = pyarrow.parquet.read_table(folder.path / "visits.parquet").to_pylist()
    items, impressions, clicks = (rows_of((folder.path / f"{name}.csv").read_text())
                                  for name in ("items", "impressions", "clicks"))
    moments = {f"{visit['visit']}|{item}": (visit, item) for visit in visits for item in visit["candidates"] or []}
    assert {row["id"] for row in built} == set(moments) and len(built) == len(moments) > 500
    kinds = {item["item"]: item["category"] for item in items}

    def known(rows, t, back, **wanted):
        after = (t - timedelta(days=back)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return [row for row in rows if after <= row["at"] < t.strftime("%Y-%m-%dT%H:%M:%SZ") and
                all(row[key] == value for key, value in wanted.items())]

    for row in built:
        visit, item = moments[row["id"]]
        t, user = visit["at"], visit["user"]
        stamp = t.strftime("%Y-%m-%dT%H:%M:%SZ")
        prices = {name: float([it["price"] for it in items if it["item"] == name and it["changed_at"] < stamp][-1])
                  for name in visit["candidates"]}
        assert float(row["price"]) == prices[item] and row["category"] == kinds[item], row
        assert abs(float(row["cheapness"]) - prices[item] / (sum(prices.values()) / len(prices))) < 1e-12, row
        assert int(row["seen"]) == len(known(impressions, t, 7, user=user, item=item)), row
        assert int(row["user_cat"]) == sum(kinds[click["item"]] == kinds[item]
                                           for click in known(clicks, t, 30, user=user)), row
        own = {"visit": visit["visit"], "item": item}
        shown = any(all(it[key] == value for key, value in own.items()) for it in impressions)
        clicked = any(all(it[key] == value for key, value in own.items()) for it in clicks)
        assert row["label"] == ("" if not shown else "true" if clicked else "false"), row
    asked = next(row for row in built if int(row["user_cat"]) > 2)
    why = json.loads(folder.ok("features", "why", asked["id"], "user_cat", "--json").stdout)  # a key that a window finds
    assert why["value"] == int(asked["user_cat"]), (why, asked)
    assert sum(event["verdict"] == "in" for event in why["windows"][-1]["events"]) == why["value"], why


def check_flights(folder, built):
    """What an hour before its scheduled minute is known of a flight's airport, carrier, plane and aim; its own
    departure is left out, however early it was."""
    def minutes(count):
        return timedelta(minutes=count)

    flights, weather = (pyarrow.parquet.read_table(folder.path / f"data/{name}.parquet").to_pylist()
                        for name in ("flights", "weather"))
    for row in flights:
        row["planned"] = row["time_hour"] + minutes(row["minute"])
        row["left"] = row["dep_delay"] is not None and row["planned"] + minutes(row["dep_delay"])
        row["arrived"] = row["arr_delay"] is not None and row["left"] + minutes(row["air_time"] + 30)
    asked = {f"{row['carrier']}|{row['flight']}|{row['origin']}|{shop.stamp(row['planned'])}": row for row in flights}
    assert {row["id"] for row in built} == set(asked) and len(built) == len(flights) > 500
    left_early = 0
    for row in built:
        own = asked[row["id"]]
        t = own["planned"] - minutes(60)
        assert int(row["hour"]) == own["planned"].astimezone(ZoneInfo("America/New_York")).hour, row
        left_early += bool(own["left"]) and own["left"] < t

        def seen(when, hours, what, **same):
            return [other[what] for other in sorted(flights, key=lambda it: it[when] or t)
                    if other is not own and other[when] and t - timedelta(hours=hours) <= other[when] < t and
                    all(other[name] == own[name] and own[name] is not None for name in same)]

        def is_mean(feature, values):
            return row[feature] == "" if not values else abs(float(row[feature]) - sum(values) / len(values)) < 1e-9
        for hours in (1, 3, 24):
            assert is_mean(f"origin_late_{hours}h", seen("left", hours, "dep_delay", origin=1)), (row, hours)
        for hours, name in ((3, "3h"), (24, "24h"), (168, "7d")):
            assert is_mean(f"carrier_late_{name}", seen("arrived", hours, "arr_delay", carrier=1)), (row, name)
        assert is_mean("there_late", seen("arrived", 6, "arr_delay", dest=1)), row
        assert row["tail_late"] == "".join(map(str, seen("arrived", 24, "arr_delay", tailnum=1)[-1:])), row
        assert int(row["waiting"]) == sum(other is not own and other["origin"] == own["origin"] and
                                          t <= other["planned"] < t + minutes(60) for other in flights), row
        winds = [it["wind_speed"] for it in weather
                 if it["origin"] == own["origin"] and it["wind_speed"] is not None and
                 t - timedelta(hours=4) <= it["time_hour"] and it["time_hour"] + minutes(60) < t]
        assert row["wind"] == (f"{winds[-1]:g}" if winds else ""), row
        landed = own["arrived"] and t <= own["arrived"] < t + timedelta(days=2)
        assert row["label"] in ("", str(own["arr_delay"] >= 30).lower() if landed else ""), row
    assert {row["label"] for row in built} == {"", "true", "false"} and left_early > 10


def test_flights():
    try_example("flights", check_flights)


def test_recommend():
    try_example("recommend", check_recommend)


def test_churn():
    try_example("churn", check_churn)


def test_fraud():
    try_example("fraud", check_fraud)


def test_maintenance():
    try_example("maintenance", check_maintenance)


def test_demand():
    try_example("demand", check_demand)


def test_documents():
    try_example("documents", check_documents)


def test_images():
    try_example("images", check_images)


if __name__ == "__main__":
    shop.main(globals())
