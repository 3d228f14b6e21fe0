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


def train(shop):
    told = shop.ok("train", "returned", "--json").json()
    return told["events_after_labels"], shop.ok("train", "returned").out


def test_training_says_that_events_came_after_labels():
    """Every third of 300 orders comes back; of ten of these that is known a day later than a label waits for."""
    orders, returns = ["order_id,placed,amount"], ["order_id,returned,known"]
    late = []
    for number in range(300):
        day, hour = 1 + number // 24, number % 24
        orders.append(f"p{number},2024-02-{day:02d}T{hour:02d}:00:00Z,{number % 7}")
        if number % 3 == 0:
            known = f"2024-02-{day + 3 + (number < 30):02d}T{hour:02d}:30:00Z"
            line = f"p{number},2024-02-{day + 2:02d}T{hour:02d}:30:00Z,{known}"
            (late if number < 30 else returns).append(line)
    orders.append("end,2024-03-01T10:00:00Z,9")
    project = PROJECT.replace("known: known", "known: known, late: 1d").replace(", later: {good: checked, checked: checked}", "")
    with Shop(project.replace(PROJECT.splitlines(True)[-1], "")) as shop:
        write(shop, "orders.csv", orders)
        write(shop, "returns1.csv", returns)
        shop.ok("ingest")
        count, said = train(shop)
        assert count == 0 and "came after labels" not in said, said
        write(shop, "returns2.csv", returns[:1] + late)
        shop.ok("ingest")
        count, said = train(shop)
        assert count == 10, count
        assert ("10 events (returns) came after labels that look at their time had matured, and changed none: "
                "`features verify` counts") in said, said


if __name__ == "__main__":
    main(globals())
