"""A label never changes once it has matured. What becomes known of it afterwards, by a late event, a late later field or a
correction, is counted as revised."""
import csv

from shop import Shop, main

PROJECT = """\
project: shop
streams:
  orders:  {from: orders.csv, time: placed, id: order_id}
  returns: {from: returns*.csv, time: returned, known: known, id: order_id, later: {good: checked, checked: checked}}
features:
  amount: amount
models:
  returned: {moment: on orders, label: any(returns by id over next 3d)}
  sound:    {moment: on orders, label: any(returns.good by id over next 5d)}
"""
ORDERS = ["order_id,placed,amount", *(f"o{number},2024-01-01T10:00:00Z,{number}" for number in range(1, 5)),
          "end,2024-03-01T10:00:00Z,9"]
RETURNS = ["order_id,returned,known,checked,good",
           "o1,2024-01-02T10:00:00Z,2024-01-02T10:00:00Z,2024-01-03T10:00:00Z,true",
           "o2,2024-01-02T10:00:00Z,2024-01-20T10:00:00Z,2024-01-03T10:00:00Z,true",  # known too late
           "o4,2024-01-02T10:00:00Z,2024-01-02T10:00:00Z,2024-01-03T10:00:00Z,true"]
MENDED = [RETURNS[0], "o4,2024-01-09T10:00:00Z,2024-01-20T10:00:00Z,2024-01-10T10:00:00Z,true"]  # it came back later


def write(shop, name, lines):
    (shop.folder / name).write_text("\n".join(lines) + "\n")


def check(shop, model, revised):
    told = shop.ok("features", "verify", "--model", model, "--json").json()
    assert (told["labels"], told["differences"], told["revised_labels"]) == (5, 0, revised), (model, told)
    line = f"{revised} of the 5 labels would be others by what has become known since they matured"
    assert (line in shop.ok("features", "verify", "--model", model).out) == (revised > 0)
    path = shop.folder / f"{model}.csv"
    shop.ok("features", "build", "--model", model, "--output", str(path))
    with open(path, newline="") as file:
        labels = {row["id"]: row["label"] for row in csv.DictReader(file)}
    assert labels == {"o1": "true", "o2": "false", "o3": "false", "o4": "true", "end": "false"}, labels


def test_later_truth_is_counted_and_changes_no_label():
    with Shop(PROJECT) as shop:
        write(shop, "orders.csv", ORDERS)
        write(shop, "returns1.csv", RETURNS)
        shop.ok("ingest")
        for model in ("returned", "sound"):
            check(shop, model, 1)
        write(shop, "returns2.csv", MENDED)
        shop.ok("ingest")
        for model in ("returned", "sound"):
            check(shop, model, 2)


if __name__ == "__main__":
    main(globals())
