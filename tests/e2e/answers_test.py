"""Models whose label is a number or a class, against LightGBM, XGBoost and scikit-learn: what is learned and imported has
their bits, and the metrics are theirs."""
import csv
import io
import json
import re

import example_worlds
import lightgbm
import numpy
import pandas
import xgboost
from examples_test import Folder
from shop import PROJECT, Shop, main
from sklearn import metrics

SHOP = PROJECT.replace("    cost:     {false_alarm: 1, miss: 4}\n", "")
NUMBER = SHOP.replace("any(returns by id over next 3d)", "coalesce(sum(returns.amount by id over next 3d), 0)")
CLASS = SHOP.replace("any(returns by id over next 3d)", 'coalesce(last(returns.shop by id over next 3d), "kept")')
CLASSES = ["a", "b", "c", "d", "e", "kept"]


def near(ours, theirs, what):
    assert abs(ours - theirs) <= 1e-12 * max(1, abs(theirs)), (what, ours, theirs)


def labelled(folder, trained, run):
    """The examples that a model was trained and tested on, as the program builds them: texts are categories, whose numbers
    are those of their values in the training part, in order."""
    file = folder / "built.csv"
    run("features", "build", "--output", str(file))
    frame = pandas.read_csv(file, keep_default_na=False, na_values=[""], low_memory=False)
    frame = frame[frame["label"].notna()]
    counts = trained["examples"]
    train, test = counts["train"], counts["test"]
    features = frame.drop(columns=["id", "time", "label"])
    for name in features:
        if not pandas.api.types.is_numeric_dtype(features[name]):
            values = sorted(features[name][:train].dropna().unique())
            features[name] = features[name].astype(pandas.CategoricalDtype(values))
    assert len(frame) >= train + counts["set_aside"] + test
    last = train + counts["set_aside"] + test
    return features, frame["label"], slice(0, train), slice(last - test, last)


def settings_of(trained):
    settings = dict(word.split("=") for word in trained["settings"].split())
    settings = {key: value if key == "objective" else float(value) if "." in value else int(value)
                for key, value in settings.items()}
    return {**settings, "verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1}


def learn(trained, features, labels):
    return lightgbm.train(settings_of(trained), lightgbm.Dataset(features, labels))


def check_numbers(measured, predictions, labels, what):
    near(measured["mae"]["value"], metrics.mean_absolute_error(labels, predictions), what)
    near(measured["rmse"]["value"], metrics.root_mean_squared_error(labels, predictions), what)
    near(measured["bias"]["value"], numpy.mean(predictions - labels), what)


def check_classes(measured, probabilities, classes, labels, what):
    answers = [classes[i] for i in numpy.argmax(probabilities, axis=1)]
    near(measured["accuracy"]["value"], metrics.accuracy_score(labels, answers), what)
    near(measured["f1_macro"]["value"], metrics.f1_score(labels, answers, average="macro"), what)
    near(measured["log_loss"]["value"], metrics.log_loss(labels, probabilities, labels=classes), what)


def check_intervals(trained):
    for name, estimate in trained["metrics"].items():
        assert estimate["low"] <= estimate["value"] <= estimate["high"], (name, estimate)
    assert trained["metrics"].keys() == trained["baseline"].keys()
    assert "threshold" not in trained and "cost" not in trained, trained


def test_demand_learns_a_number():
    with Folder("demand") as folder:
        folder.ok("ingest")
        trained = json.loads(folder.ok("train", "units", "--learner", "lightgbm", "--json").stdout)
        features, labels, train, test = labelled(folder.path, trained, folder.ok)
        booster = learn(trained, features[train], labels[train])
        check_numbers(trained["metrics"], booster.predict(features[test]), labels[test], "demand")
        check_numbers(trained["baseline"], numpy.full(trained["examples"]["test"], labels[train].mean()), labels[test],
                      "baseline")
        check_intervals(trained)


def test_documents_learns_classes():
    with Folder("documents") as folder:
        folder.ok("ingest")
        trained = json.loads(folder.ok("train", "route", "--learner", "lightgbm", "--json").stdout)
        features, labels, train, test = labelled(folder.path, trained, folder.ok)
        classes = sorted(labels[train].unique())
        codes = labels.map(classes.index)
        booster = learn(trained, features[train], codes[train])
        check_classes(trained["metrics"], booster.predict(features[test]), classes, labels[test], "documents")
        shares = [(labels[train] == name).mean() for name in classes]
        check_classes(trained["baseline"], numpy.tile(shares, (trained["examples"]["test"], 1)), classes, labels[test],
                      "baseline")
        check_intervals(trained)


def train(shop, *words):
    shop.ok("ingest")
    return shop.ok("train", "returned", *words, "--json").json()


def take_in(shop, booster, name, *words):
    """The library's own bits on rows of edge values, and its metrics on the test part."""
    file = str(shop.folder / name)
    booster.save_model(file)
    assert "4000 rows of edge values: the same bits as" in shop.ok("models", "import", file, *words).err
    return shop.ok("models", "import", file, *words, "--json").json()


def test_a_number_is_learned_to_lightgbms_bits():
    with Shop(NUMBER) as shop:
        trained = train(shop)
        features, labels, first, last = labelled(shop.folder, trained, shop.ok)
        booster = learn(trained, features[first], labels[first])
        check_numbers(trained["metrics"], booster.predict(features[last]), labels[last], "number")
        again = take_in(shop, booster, "booster.txt")
        for key in ("metrics", "baseline", "segments"):
            assert again[key] == trained[key], key  # the same trees: all values and intervals are equal, to the bit
        assert again["version"] != trained["version"]
        out = shop.ok("predict", "returned", "--input", str(shop.folder / "data/orders.csv"), "--version",
                      again["version"]).out
        ours = {row["order_id"]: float(row["prediction"]) for row in csv.DictReader(io.StringIO(out))}
        frame = pandas.read_csv(shop.folder / "built.csv")
        theirs = booster.predict(features)
        for id_, expected in zip(frame["id"][frame["label"].notna()], theirs):
            assert ours[str(id_)] == expected, (id_, ours[str(id_)], expected)


def test_numbers_of_other_objectives_are_imported():
    with Shop(NUMBER) as shop:
        trained = train(shop)
        features, labels, first, last = labelled(shop.folder, trained, shop.ok)
        for objective in ("regression_l1", "huber", "fair", "quantile", "mape", "poisson", "tweedie"):
            booster = lightgbm.train({"objective": objective, "verbose": -1, "num_threads": 1},
                                     lightgbm.Dataset(features[first], labels[first]), 10)
            found = take_in(shop, booster, "booster.txt")
            check_numbers(found["metrics"], booster.predict(features[last]), labels[last], objective)
        for objective in ("reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror",
                          "count:poisson", "reg:tweedie"):
            settings = {"objective": objective, "nthread": 1, "tree_method": "hist"}
            booster = xgboost.train(settings, xgboost.DMatrix(features[first], labels[first], enable_categorical=True), 10)
            found = take_in(shop, booster, "booster.json")
            asked = xgboost.DMatrix(features[last], enable_categorical=True)
            check_numbers(found["metrics"], booster.predict(asked).astype(float), labels[last], objective)
        relevant = lightgbm.Dataset(features[first], (labels[first] > 0).astype(int), group=[trained["examples"]["train"]])
        ranking = lightgbm.train({"objective": "lambdarank", "verbose": -1}, relevant, 3)
        ranking.save_model(shop.folder / "booster.txt")
        shop.fails(3, "gives a score that ranks, and the label is a number", "models", "import",
                   str(shop.folder / "booster.txt"))


def test_small_numbers_are_shown():
    """A number of any scale is one that people can read, in what was measured, and in why it is said."""
    with Shop(NUMBER.replace("coalesce(sum(", "1e-6 * coalesce(sum(")) as shop:
        trained = train(shop)
        said = shop.ok("train", "returned").out
        for name, estimate in trained["metrics"].items():
            line = next(line for line in said.splitlines() if line.startswith(name))
            shown = [float(word) for word in line.split(" is better")[0].split() if word[-1].isdigit()][:4]
            told = [estimate["value"], estimate["low"], estimate["high"], trained["baseline"][name]["value"]]
            assert all(abs(a - b) <= 0.006 * abs(b) for a, b in zip(shown, told, strict=True)), (line, told)
        text = shop.ok("models", "show", "returned").out
        mean = shop.ok("models", "show", "returned", "--json").json()["mean"]
        shown = float(re.search(r"\nmean +(\S+)", text).group(1))
        assert 0 < mean < 1e-3 and abs(shown - mean) < 0.006 * mean, text
        (shop.folder / "millwright.yaml").write_text(SHOP)  # another question, of another kind of answer
        other = train(shop)
        rows = shop.ok("runs", "compare", "1", "2").out
        assert all(f"\n{name} " in "\n" + rows for name in (*trained["metrics"], *other["metrics"])), rows


def test_ranking_scores_a_yes_or_no():
    with Shop() as shop:
        trained = train(shop)
        features, labels, first, last = labelled(shop.folder, trained, shop.ok)
        labels = labels.astype(str).str.lower().eq("true").astype(int)
        count = trained["examples"]["train"]
        groups = lightgbm.Dataset(features[first], labels[first], group=[100] * (count // 100) + [count % 100])
        booster = lightgbm.train({"objective": "lambdarank", "verbose": -1, "num_threads": 1}, groups, 20)
        found = take_in(shop, booster, "booster.txt")
        assert set(found["metrics"]) == {"roc_auc", "average_precision"}, found["metrics"]
        scores = booster.predict(features[last])
        near(found["metrics"]["roc_auc"]["value"], metrics.roc_auc_score(labels[last], scores), "roc_auc")
        near(found["metrics"]["average_precision"]["value"], metrics.average_precision_score(labels[last], scores), "ap")
        yes = scores >= found["threshold"]
        alarms, misses = int((yes & (labels[last] == 0)).sum()), int((~yes & (labels[last] == 1)).sum())
        assert found["cost"]["value"] == alarms + 4 * misses and found["threshold"] in scores, found["cost"]
        other = xgboost.train({"objective": "rank:pairwise", "nthread": 1, "tree_method": "hist"},
                              xgboost.DMatrix(features[first], labels[first], enable_categorical=True), 10)
        found = take_in(shop, other, "booster.json")
        asked = xgboost.DMatrix(features[last], enable_categorical=True)
        near(found["metrics"]["roc_auc"]["value"], metrics.roc_auc_score(labels[last], other.predict(asked)), "xgboost")


def test_what_cannot_be_judged_is_refused():
    with Shop(NUMBER) as shop:
        shop.ok("ingest")
        shop.fails(3, "a label that is a number is not backtested yet", "backtest", "returned", "--from", "2024-02-01",
                   "--to", "2024-02-20")
        (shop.folder / "millwright.yaml").write_text(NUMBER + "retrain:\n  returned: {every: 7d}\n")
        shop.fails(3, "retrain.returned: a model whose label is a number is not retrained by itself yet", "check")
        (shop.folder / "millwright.yaml").write_text(NUMBER.replace("    segments:", "    cost: {false_alarm: 1, miss: 2}\n"
                                                                                     "    segments:"))
        shop.fails(3, "false_alarm and miss are of a yes or no, and the label is a number", "check")


def test_a_version_of_numbers_is_promoted_by_hand():
    with Shop(NUMBER) as shop:
        first = train(shop)["version"]
        second = train(shop, "--seed", "2")["version"]
        stages = {row["version"]: row["stage"] for row in shop.ok("models", "list", "--json").json()}
        assert stages == {first: "champion", second: "candidate"}
        shop.ok("models", "promote", "returned", second)
        stages = {row["version"]: row["stage"] for row in shop.ok("models", "list", "--json").json()}
        assert stages == {first: "retired", second: "champion"}


def test_classes_are_learned_to_lightgbms_bits():
    with Shop(CLASS) as shop:
        trained = train(shop)
        features, labels, first, last = labelled(shop.folder, trained, shop.ok)
        assert sorted(labels[first].unique()) == CLASSES
        booster = learn(trained, features[first], labels[first].map(CLASSES.index))
        check_classes(trained["metrics"], booster.predict(features[last]), CLASSES, labels[last], "classes")
        assert all(set(row["metrics"]) == {"accuracy", "log_loss", "f1_macro"} for row in trained["segments"])

        again = take_in(shop, booster, "booster.txt", "--classes", ",".join(CLASSES))
        for key in ("metrics", "baseline", "segments"):
            assert again[key] == trained[key], key
        check_answers(shop, again["version"], booster.predict(features), CLASSES)


def check_answers(shop, version, probabilities, classes):
    """What is answered of each order is the library's likeliest class, with its bits."""
    out = shop.ok("predict", "returned", "--input", str(shop.folder / "data/orders.csv"), "--version", version).out
    ours = {row["order_id"]: (row["prediction"], float(row["probability"])) for row in csv.DictReader(io.StringIO(out))}
    frame = pandas.read_csv(shop.folder / "built.csv")
    for id_, row in zip(frame["id"][frame["label"].notna()], probabilities):
        assert ours[str(id_)] == (classes[numpy.argmax(row)], float(max(row))), (id_, ours[str(id_)], row)


def test_classes_of_other_objectives_and_orders_are_imported():
    order = ["kept", "e", "d", "c", "b", "a"]  # of the file's numbers
    named = ["--classes", ",".join(order)]
    with Shop(CLASS) as shop:
        trained = train(shop)
        features, labels, first, last = labelled(shop.folder, trained, shop.ok)
        codes = labels.map(order.index)
        booster = lightgbm.train({"objective": "multiclassova", "num_class": 6, "verbose": -1, "num_threads": 1},
                                 lightgbm.Dataset(features[first], codes[first]), 5)
        found = take_in(shop, booster, "ova.txt", *named)
        near(found["metrics"]["accuracy"]["value"],
             metrics.accuracy_score(codes[last], numpy.argmax(booster.predict(features[last]), axis=1)), "ova")
        check_answers(shop, found["version"], booster.predict(features), order)
        other = xgboost.train({"objective": "multi:softprob", "num_class": 6, "nthread": 1, "tree_method": "hist"},
                              xgboost.DMatrix(features[first], codes[first], enable_categorical=True), 5)
        for name in ("softprob.json", "softprob.ubj"):
            found = take_in(shop, other, name, *named)
        probabilities = other.predict(xgboost.DMatrix(features, enable_categorical=True))
        check_answers(shop, found["version"], probabilities, order)
        assert abs(found["metrics"]["log_loss"]["value"] -
                   metrics.log_loss(labels[last], probabilities[last][:, ::-1], labels=sorted(order))) < 1e-6  # floats
        file = str(shop.folder / "softprob.json")
        shop.fails(3, "the file has 6 classes and does not name them", "models", "import", file)
        shop.fails(3, "the file has 6 classes, and 2 are named", "models", "import", file, "--classes", "a,b")
        said = shop.ok("models", "import", file, "--classes", "kept,e,d,c,b,A").err
        assert 'no label of the examples is the class "A"' in said, said


main(globals())
