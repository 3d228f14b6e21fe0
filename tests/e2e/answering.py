"""A shop whose orders are asked three questions: will it come back (yes or no), how much does the shop sell within a day
(a number), which desk will see it (a class). For the tests beside this file."""
import random

import pandas
import shop

PROJECT = """\
project: shop
streams:
  orders:
    from: data/orders.csv
    time: placed
    id: order_id
    checks: {amount: {min: 0}, shop: {in: [a, b, c, d, e]}}
  returns:
    from: data/returns.csv
    time: returned
    id: order_id
  verdicts:
    from: data/verdicts.csv
    time: decided
    id: order_id
features:
  amount:  amount
  shop:    shop
  recent:  count(orders by shop over {1h, 1d})
  spent:   mean(orders.amount by shop over 1d)
models:
  returned:
    moment:   on orders
    label:    any(returns by id over next 3d)
    cost:     {false_alarm: 1, miss: 4}
    params:   {rounds: 20, num_leaves: 7}
  worth:
    moment:   on orders
    label:    sum(orders.amount by shop over next 1d)
    params:   {rounds: 20, num_leaves: 7}
  desk:
    moment:   on orders
    label:    last(verdicts.desk by id over next 2d)
    params:   {rounds: 20, num_leaves: 7}
"""
MODELS = ["returned", "worth", "desk"]
DESKS = ["billing", "other", "shipping"]
FEATURES = ["amount", "shop", "recent_1h", "recent_1d", "spent"]
SHOPS = ["e", "c", "a", "d", "b"]  # in an order of their own, as a data frame may have them


class Answering(shop.Shop):
    def __init__(self, count=1200):
        super().__init__(PROJECT, count)
        draw = random.Random(shop.SEED + 1)
        lines = ["order_id,decided,desk"]
        for order in self.orders[1:]:
            number, placed, store, amount = order.split(",")
            when = shop.datetime.fromisoformat(placed.replace("Z", "+00:00")) + shop.timedelta(seconds=draw.randrange(60, 170000))
            desk = "billing" if float(amount) > 40 else "shipping" if store in "ab" else "other"
            lines.append(f"{number},{shop.stamp(when)},{desk if draw.random() < 0.8 else draw.choice(DESKS)}")
        (self.folder / "data/verdicts.csv").write_text("\n".join(lines) + "\n")

    def examples(self, model):
        """The ids, the features as LightGBM and XGBoost take them, and the labels as text; of moments whose label stands."""
        file = self.folder / f"{model}.csv"
        self.ok("features", "build", "--model", model, "--output", str(file))
        frame = pandas.read_csv(file, dtype={"shop": pandas.CategoricalDtype(SHOPS), "label": str}, keep_default_na=False,
                                na_values={name: [""] for name in [*FEATURES, "label"]})
        frame = frame[frame["label"].notna()]
        return frame["id"], frame[FEATURES], frame["label"]


def frame_of(features):
    """Rows of features as the server tells them, as the boosters take them."""
    frame = pandas.DataFrame(features, columns=FEATURES)
    frame["shop"] = pandas.Categorical(frame["shop"], categories=SHOPS)
    return frame.astype({name: float for name in FEATURES if name != "shop"})
