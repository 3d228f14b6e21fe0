"""A static table (`time: always`) is known to every moment, whenever its file was taken in: built, and served."""
import csv

import serving
import shop
from shop import Shop

PROJECT = shop.PROJECT.replace("features:\n", """\
  stores: {from: data/stores.csv, time: always, id: store}
features:
  city:  last(stores.city by store = shop)
  area:  sum(stores.area by city = now.shop)
  known: any(stores by store = shop)
""")
STORES = ["store,city,area", "a,Rome,10", "b,Bonn,20.5", "c,a,4", "d,,3", "x,a,8"]
EXPECTED = {  # e has no store; two stores stand in the city called a
    "a": ("Rome", 12, True), "b": ("Bonn", 0, True), "c": ("a", 0, True), "d": ("", 0, True), "e": ("", 0, False)}


def has_expected(shop_name, city, area, known):
    return (city or "", float(area), known in (True, "true")) == EXPECTED[shop_name]


def project_with_stores():
    project = Shop(PROJECT, count=600)
    (project.folder / "data/stores.csv").write_text("\n".join(STORES) + "\n")
    return project


def test_features_see_a_static_table():
    with project_with_stores() as project:
        assert "always" in project.ok("check").out
        project.ok("ingest")
        assert "nothing to do" in project.ok("ingest").out
        listed, = (stream for stream in project.ok("status", "--json").json()["streams"] if stream["stream"] == "stores")
        assert listed["newest"] is None and listed["age_seconds"] is None, listed # it has always been known
        output = project.folder / "built.csv"
        project.ok("features", "build", "--output", str(output))
        with open(output, newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 600
        assert all(has_expected(row["shop"], row["city"], row["area"], row["known"]) for row in rows)
        explained = project.ok("features", "explain", "city").out
        assert "ever before" not in explained and "the events of stores" in explained


def test_a_server_sees_a_static_table():
    with project_with_stores() as project:
        project.ok("ingest")
        project.ok("train", "returned")
        process, port = serving.start(project.folder, "--clock", "2024-03-01T00:00:00Z")
        for name in EXPECTED:
            order = {"order_id": f"new-{name}", "placed": "2024-03-01T00:00:00Z", "shop": name, "amount": 3}
            status, answer = serving.call(port, "POST", "/v1/models/returned/predict", {"event": order})
            assert status == 200, answer
            status, record = serving.call(port, "GET", f"/v1/predictions/{answer['id']}")
            assert status == 200, record
            seen = record["features"]
            assert has_expected(name, seen["city"], seen["area"], seen["known"]), (name, seen)
        serving.stop(process)


if __name__ == "__main__":
    shop.main(globals())
