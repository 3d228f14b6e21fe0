"""`features show` says of each feature what pandas and scipy say of its values: range, missing
share, rank correlation; and names what is constant, what is double, and what the champion passes over. Importances are made of
LightGBM's own contributions."""
import math

import lightgbm
import numpy
import pandas
from scipy.stats import spearmanr

import shop
from shop import Shop

TOLD = """\
  amount:
    is:          amount
    description: what the order was worth
    owner:       sales
    tags:        money, order
"""
MORE = """\
  twice:   amount * 2
  again:   count(orders by shop over 1h)
  never:   count(orders where amount < 0 by shop over 1h)
  idle:    since(orders by shop over 2h)
"""


def grown():
    return shop.PROJECT.replace("  amount:  amount\n", TOLD).replace("models:\n", MORE + "models:\n")


def check_against_pandas(catalogue, rows):
    for feature in catalogue["features"]:
        values = rows[feature["name"]]
        assert feature["missing"] == values.isna().mean(), feature
        if feature["type"] == "text":
            assert feature["from"] is None and feature["goes_with"] is None
            continue
        assert (feature["from"], feature["to"]) == (values.min(), values.max()), feature
        if not feature["goes_with"]:
            continue
        other = rows[feature["goes_with"]]
        if values.isna().any() or other.isna().any():
            continue
        assert math.isclose(feature["correlation"], spearmanr(values, other).statistic, abs_tol=1e-12), feature


def test_it_says_what_pandas_says():
    with Shop(grown()) as project:
        project.ok("ingest")
        path = project.folder / "rows.csv"
        project.ok("features", "build", "--output", str(path))
        catalogue = project.ok("features", "show", "--json").json()
        assert catalogue["moments"] == 3000 and catalogue["version"] is None
        check_against_pandas(catalogue, pandas.read_csv(path))
        by_name = {feature["name"]: feature for feature in catalogue["features"]}
        assert by_name["amount"]["owner"] == "sales" and by_name["amount"]["tags"] == ["money", "order"]
        assert by_name["again"]["same_as"] == "recent_1h" and by_name["recent_1d"]["same_as"] is None
        assert by_name["twice"]["goes_with"] == "amount" and by_name["twice"]["correlation"] == 1
        assert by_name["never"]["constant"] and not by_name["amount"]["constant"]
        assert by_name["amount"]["importance"] is None


def test_it_names_what_is_worth_a_look():
    with Shop(grown()) as project:
        project.ok("ingest")
        assert "No importance: no version answers yet." in project.ok("features", "show").out
        version = project.ok("train", "--json").json()["version"]
        text = project.ok("features", "show").out
        assert "never never changes\n" in text
        assert "again has the same value as recent_1h at each moment\n" in text
        assert "twice goes with amount (1.000)\n" in text
        assert f"never adds nothing to version {version}\n" in text
        shares = [feature["importance"] for feature in project.ok("features", "show", "--json").json()["features"]]
        assert abs(sum(shares) - 1) < 1e-9 and shares[0] == max(shares)
        one = project.ok("features", "show", "amount").out
        assert "what the order was worth" in one and "sales" in one and "twice (1.000, by rank)" in one
        project.change("twice:   amount * 2", "twice:   amount * 3")
        assert "No importance: the champion has other features" in project.ok("features", "show").out
        project.fails(3, "Did you mean again?", "features", "show", "agan")


def test_numbers_of_a_vector_are_counted():
    """Five shops fill a few of the 256 numbers of their names."""
    with Shop(grown().replace("models:\n", "  name:    ngrams(shop, 1, 1)\nmodels:\n"), count=1500) as project:
        project.ok("ingest")
        version = project.ok("train", "--json").json()["version"]
        numbers = [feature for feature in project.ok("features", "show", "--json").json()["features"]
                   if feature["name"].startswith("name_")]
        twins = sum(number["same_as"] is not None and not number["constant"] for number in numbers)
        constant = sum(number["constant"] for number in numbers)
        idle = sum(number["importance"] == 0 for number in numbers)
        assert len(numbers) == 256 and constant > 200 and idle > 200, numbers
        text = project.ok("features", "show").out
        assert f"name_0 to name_255: {constant} never change, {twins} have the same value as another at each moment,\n" in text
        assert f", {idle} add nothing to version {version}\n" in text and "name_0 never" not in text, text
        assert "never never changes\n" in text
        first = next(number["name"] for number in numbers if number["constant"])
        assert f"{first} never changes\n" in project.ok("features", "show", first).out


LABELS = {"yes": ("any(returns by id over next 3d)", "binary"),
          "number": ("coalesce(sum(returns.amount by id over next 3d), 0)", "regression"),
          "class": ('coalesce(last(returns.shop by id over next 3d), "kept")', "multiclass")}


def learn(project, objective):
    """A champion that LightGBM knows too, and all moments' features, as it takes them."""
    path = project.folder / "rows.csv"
    project.ok("features", "build", "--output", str(path))
    frame = pandas.read_csv(path, dtype={"shop": pandas.CategoricalDtype(list("abcde"))})
    features = frame.drop(columns=["id", "time", "label"])
    known = frame["label"].notna()
    labels, classes = frame["label"][known], []
    if objective == "multiclass":
        classes = sorted(labels.unique())
        labels = labels.map(classes.index)
    settings = {"objective": objective, "num_class": max(1, len(classes)), "verbose": -1, "num_threads": 1,
                "min_data_per_group": 1, "cat_smooth": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(features[known], labels.astype(float)), 20)
    booster.save_model(project.folder / "booster.txt")
    project.ok("models", "import", str(project.folder / "booster.txt"), *(["--classes", ",".join(classes)] if classes else []))
    return booster, features


def test_importance_is_of_every_class():
    """Of the classes that are not answered too: what speaks against them alone matters."""
    for label, objective in LABELS.values():
        text = shop.PROJECT.replace("    cost:     {false_alarm: 1, miss: 4}\n", "")
        with Shop(text.replace("any(returns by id over next 3d)", label), count=1500) as project:
            project.ok("ingest")
            booster, features = learn(project, objective)
            added = numpy.abs(booster.predict(features, pred_contrib=True))
            added = added.reshape(len(features), -1, len(features.columns) + 1)[:, :, :-1].sum(axis=(0, 1))
            shown = {feature["name"]: feature["importance"]
                     for feature in project.ok("features", "show", "--json").json()["features"]}
            for name, share in zip(features.columns, added / added.sum()):
                assert math.isclose(shown[name], share, rel_tol=1e-9), (objective, name, shown[name], share)


READ = """\
  home:    last(orders.shop by amount over 30d)
  near:    count(orders by shop = home over 30d)
  dear:    amount > 20
  both:    dear and near > 1
"""

MORE_MODELS = """\
  other:
    moment: every 1d for shop of orders over 1d where dear
    label:  count(orders by shop = home over next 1d) > 3
serving:
  returned: {fallback: "case when dear then 0.5 else 0.1 end"}
"""


def test_it_says_who_reads_a_feature():
    """In the key of a window too, and whichever model it is for."""
    text = shop.PROJECT.replace("models:\n", READ + "models:\n")
    text = text.replace("over next 3d)", "over next 3d) unless dear").replace("[shop]", "[home, dear]") + MORE_MODELS
    nobody = {"features": [], "labels": [], "moments": [], "segments": [], "fallbacks": []}
    with Shop(text) as project:
        project.ok("ingest")
        for model in ("returned", "other"):
            shown = project.ok("features", "show", "--model", model, "--json").json()["features"]
            read_by = {feature["name"]: feature["read_by"] for feature in shown}
            assert read_by["home"] == {**nobody, "features": ["near"], "labels": ["other"], "segments": ["returned"]}
            assert read_by["near"] == {**nobody, "features": ["both"]} and read_by["both"] == nobody
            assert read_by["dear"] == {"features": ["both"], "labels": ["returned"], "moments": ["other"],
                                       "segments": ["returned"], "fallbacks": ["returned"]}
        told = project.ok("features", "show", "home", "--model", "other").out
        assert "  read by      near, the label of other, the segments of returned\n" in told, told
        assert "read by" not in project.ok("features", "show", "both", "--model", "other").out


def test_it_measures_what_a_feature_costs():
    with Shop(grown()) as project:
        project.ok("ingest")
        features = project.ok("features", "show", "--cost", "--json").json()["features"]
        by_name = {feature["name"]: feature for feature in features}
        assert by_name["amount"]["keys"] == 0 and by_name["amount"]["state_bytes"] == 0
        assert by_name["lately"]["keys"] == 5 and by_name["lately"]["state_bytes"] > 5 * 100
        assert by_name["recent_1d"]["state_bytes"] > by_name["recent_1h"]["state_bytes"] > 0
        assert all(feature["cpu_us_per_moment"] >= 0 for feature in features)
        text = project.ok("features", "show", "lately", "--cost").out
        assert "bytes a key" in text and "Costs are of each feature alone" in text


def test_the_list_says_where_a_feature_comes_from():
    with Shop(shop.PROJECT.replace("features:\n", """features:
  twice: 2 * lately + amount
  keyed: count(orders by shop = last(returns.shop by shop over 7d) over 1d)
  mixed: sum(orders.amount by shop over 1d) / twice
""")) as project:
        lines = {line.split()[0]: line for line in project.ok("check").out.splitlines() if line.startswith("  ")}
        assert "what made amount, lately " in lines["twice"], lines["twice"]
        assert "orders, returns known before the moment " in lines["keyed"], lines["keyed"]
        assert "orders known before the moment, and what made twice " in lines["mixed"], lines["mixed"]


if __name__ == "__main__":
    shop.main(globals())
