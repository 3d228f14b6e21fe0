"""Models that LightGBM and XGBoost trained on our features become versions that predict with their bits."""
import csv
import io
import json

import lightgbm
import pandas
import xgboost
from shop import Shop, main

FEATURES = ["amount", "shop", "recent_1h", "recent_1d", "spent", "lately"]


def examples(shop):
    """The features and labels as the program builds them, shops as categories in an order of their own."""
    file = shop.folder / "examples.csv"
    shop.ok("features", "build", "--output", str(file))
    frame = pandas.read_csv(file, dtype={"shop": pandas.CategoricalDtype(["e", "c", "a", "d", "b"])})
    frame = frame[frame["label"].notna()]
    return frame["id"], frame[FEATURES], frame["label"].astype(str).str.lower().eq("true").astype(int)


def ours(shop, version):
    out = shop.ok("predict", "returned", "--input", str(shop.folder / "data/orders.csv"), "--version", version).out
    return {row["order_id"]: float(row["prediction"]) for row in csv.DictReader(io.StringIO(out))}


def compare(shop, ids, theirs, version):
    found = ours(shop, version)
    assert len(ids) > 2000
    for id, expected in zip(ids, theirs):
        assert found[id] == float(expected), (id, found[id], expected)


def take_in(shop, file):
    said = shop.ok("models", "import", str(file)).err
    assert "4000 rows of edge values: the same bits as" in said, said
    version = shop.ok("models", "import", str(file), "--json").json()["version"]
    shown = shop.ok("models", "show", "returned", version, "--json").json()
    assert shown["learner"] == "imported" and "sha256=" in shown["settings"], shown
    return version


def train_lightgbm(frame, labels, **more):
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_per_group": 1, "cat_smooth": 1, **more}
    return lightgbm.train(settings, lightgbm.Dataset(frame, labels), 20)


def train_xgboost(frame, labels, **more):
    settings = {"objective": "binary:logistic", "nthread": 1, "max_cat_to_onehot": 1, **more}
    return xgboost.train(settings, xgboost.DMatrix(frame, labels, enable_categorical=True), 20)


def test_lightgbm_and_xgboost_become_versions():
    with Shop() as shop:
        shop.ok("ingest")
        ids, frame, labels = examples(shop)
        booster = train_lightgbm(frame, labels)
        booster.save_model(shop.folder / "booster.txt")
        first = take_in(shop, shop.folder / "booster.txt")
        compare(shop, ids, booster.predict(frame), first)
        other = train_xgboost(frame[reversed(FEATURES)], labels)
        for kind in "json", "ubj":
            other.save_model(shop.folder / f"booster.{kind}")
        second = take_in(shop, shop.folder / "booster.json")
        asked = xgboost.DMatrix(frame[reversed(FEATURES)], enable_categorical=True)
        compare(shop, ids, other.predict(asked), second)
        take_in(shop, shop.folder / "booster.ubj")
        versions = {row["version"]: row["stage"] for row in shop.ok("models", "list", "--json").json()}
        assert versions[first] == "champion" and versions[second] == "candidate", versions
        shop.ok("models", "promote", "returned", second)
        assert shop.ok("models", "show", "returned", "--json").json()["version"] == second


def test_what_does_not_fit_is_refused_by_name():
    with Shop() as shop:
        shop.ok("ingest")
        _, frame, labels = examples(shop)
        file = str(shop.folder / "model.ubj")

        def refuse(booster, message):
            booster.save_model(file)
            shop.fails(3, message, "models", "import", file)

        refuse(train_lightgbm(frame.rename(columns={"spent": "spend"}), labels),
               "the model's feature spend is no feature of the project")
        shop.fails(3, "Did you mean spent?", "models", "import", file)
        refuse(train_lightgbm(frame.assign(shop=frame["shop"].cat.codes), labels),
               "feature shop is a category, but the file does not name its values")
        refuse(train_lightgbm(frame.assign(lately=frame["lately"].astype("category")), labels),
               "the file names the categories of 2 features, but 1 of its features are categories of the project")
        refuse(train_lightgbm(frame, labels, objective="multiclass", num_class=3),
               "lightgbm's objective multiclass num_class:3 gives a probability for each of its classes, and the label is a bool")
        refuse(train_xgboost(frame, labels, objective="multi:softmax", num_class=2),
               "xgboost: objective multi:softmax is not built yet")
        vectors = xgboost.train({"multi_strategy": "multi_output_tree", "tree_method": "hist"},
                                xgboost.DMatrix(frame[["amount", "spent"]], frame[["amount", "spent"]].fillna(0)), 2)
        refuse(vectors, "leaves that are vectors are not built yet")
        refuse(xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(frame[["amount"]], labels), 2),
               "xgboost: booster gblinear is not built yet")
        train_xgboost(frame, labels).save_model(shop.folder / "model.json")
        whole = (shop.folder / "model.json").read_bytes()
        for size in (0, 1, 100, len(whole) // 2, len(whole) - 1):
            (shop.folder / "model.json").write_bytes(whole[:size])
            result = shop.run("models", "import", str(shop.folder / "model.json"))
            assert result.code == 3 and "model.json" in result.err, result.err
        shop.fails(3, "nothing.txt", "models", "import", str(shop.folder / "nothing.txt"))
        assert json.loads(shop.ok("models", "list", "--json").out) == []


main(globals())
