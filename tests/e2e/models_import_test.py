"""Models that LightGBM and XGBoost trained on our features become versions that predict with their bits."""
import csv
import io
import json

import lightgbm
import pandas
import xgboost
from answering import Answering
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


# --- numbers, classes, scores ------------------------------------------------------------------------------------------

def told(shop, model, version):
    """What `predict` says of each order: the number or the score, of a class its name and probability."""
    out = shop.ok("predict", model, "--input", str(shop.folder / "data/orders.csv"), "--version", version).out
    rows = list(csv.DictReader(io.StringIO(out)))
    return {row["order_id"]: (row["prediction"], float(row["probability"])) if "probability" in row else float(row["prediction"])
            for row in rows}


def take_in_as(shop, model, kind, booster, *words):
    file = str(shop.folder / "booster.ubj")
    booster.save_model(file)
    said = shop.ok("models", "import", file, "--model", model, *words)
    assert "4000 rows of edge values: the same bits as" in said.err, said.err
    trained = shop.ok("models", "import", file, "--model", model, *words, "--json").json()
    shown = shop.ok("models", "show", model, trained["version"], "--json").json()
    assert (shown["answer"], shown["learner"]) == (kind, "imported"), shown
    assert ("threshold" in shown) == (kind in ("yes_no", "score")), shown
    return trained


def check_bits(shop, model, version, ids, theirs):
    found = told(shop, model, version)
    assert len(ids) > 800 and len({found[id] for id in ids}) > 20
    for id, expected in zip(ids, theirs):
        assert found[id] == expected, (model, id, found[id], expected)


OF_NUMBERS = [{"objective": name, "min_sum_hessian_in_leaf": 0} for name in
              ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma", "tweedie")]
OF_NUMBERS_XGBOOST = [{"objective": name, "min_child_weight": 0, "reg_lambda": 0} for name in
                      ("reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror", "count:poisson",
                       "reg:gamma", "reg:tweedie")]
OF_NUMBERS_XGBOOST.append({"objective": "reg:quantileerror", "quantile_alpha": 0.5})


def test_numbers_of_both_libraries():
    with Answering() as shop:
        shop.ok("ingest")
        ids, frame, labels = shop.examples("worth")
        labels = labels.astype(float) + 1  # gamma wants them above 0
        asked = xgboost.DMatrix(frame, enable_categorical=True)
        boosters = [(train_lightgbm(frame, labels, **more), frame) for more in OF_NUMBERS]
        boosters += [(train_xgboost(frame, labels, **more), asked) for more in OF_NUMBERS_XGBOOST]
        for booster, rows in boosters:
            trained = take_in_as(shop, "worth", "number", booster)
            assert set(trained["metrics"]) == {"mae", "rmse", "bias"} and "threshold" not in trained, trained
            check_bits(shop, "worth", trained["version"], ids, [float(value) for value in booster.predict(rows)])


def test_classes_of_both_libraries():
    with Answering() as shop:
        shop.ok("ingest")
        ids, frame, labels = shop.examples("desk")
        order = ["shipping", "billing", "other"]  # of the file's numbers, which is not that of the names
        numbers = labels.map(order.index)
        words = "--classes", ",".join(order)
        asked = xgboost.DMatrix(frame, enable_categorical=True)
        boosters = [(train_lightgbm(frame, numbers, objective=name, num_class=3), frame)
                    for name in ("multiclass", "multiclassova")]
        boosters.append((train_xgboost(frame, numbers, objective="multi:softprob", num_class=3), asked))
        for booster, rows in boosters:
            trained = take_in_as(shop, "desk", "class", booster, *words)
            assert set(trained["metrics"]) == {"accuracy", "log_loss", "f1_macro"} and "threshold" not in trained, trained
            theirs = [min((-float(share), name) for name, share in zip(order, row)) for row in booster.predict(rows)]
            check_bits(shop, "desk", trained["version"], ids, [(name, -share) for share, name in theirs])
        file = str(shop.folder / "booster.ubj")
        shop.fails(3, "--classes NAME,NAME", "models", "import", file, "--model", "desk")
        for wrong, message in (("billing,other", "the file has 3 classes, and 2 are named"),
                               ("billing,other,other", "each with a name of its own"), ("billing,,other", "name of its own")):
            shop.fails(3, message, "models", "import", file, "--model", "desk", "--classes", wrong)
        shop.fails(2, "--classes: names classes, and the label of worth is a number", "models", "import", file,
                   "--model", "worth", *words)
        check_odd_names(shop, file)


def check_odd_names(shop, file):
    """Whatever a name is, it can be said; and what is told of it is a line, and no longer than a line."""
    named = "models", "import", file, "--model", "desk", "--classes"
    odd = ["ship, ping", 'a "quoted" one', "null"]
    said = shop.ok(*named, '"ship, ping","a ""quoted"" one",null').err
    assert all(f'no label of the examples is the class "{name}"\n' in said for name in odd), said
    version = shop.ok(*named, '"ship, ping","a ""quoted"" one",null', "--json").json()["version"]
    assert list(shop.ok("models", "show", "desk", version, "--json").json()["shares"]) == odd
    long = '"two\nlines","' + 20000 * "long" + '",\x1b[2J'
    said = shop.ok(*named, long).err
    assert '"two?lines"\n' in said and '"?[2J"\n' in said and '"' + 15 * "long" + '..."\n' in said, said[:1000]
    version = shop.ok(*named, long, "--json").json()["version"]
    shown = next(line for line in shop.ok("models", "show", "desk", version).out.splitlines() if line.startswith("classes "))
    assert "two?lines 0." in shown and 15 * "long" + "... 0." in shown and len(shown) < 200, shown[:1000]
    for wrong in "", 'a,"b,c', 'a,"b"c,d', "a,b\nc,d":
        shop.fails(2, "--classes: must be names as in a line of CSV", *named, wrong)


def test_rankings_of_both_libraries():
    """Of a yes or no they give a score: what would read it as a probability is left out."""
    with Answering() as shop:
        shop.ok("ingest")
        ids, frame, labels = shop.examples("returned")
        labels = (labels == "true").astype(int)
        groups = [10] * (len(labels) // 10) + ([len(labels) % 10] if len(labels) % 10 else [])
        asked = xgboost.DMatrix(frame, enable_categorical=True)
        boosters = []
        for name in "lambdarank", "rank_xendcg":
            settings = {"objective": name, "verbose": -1, "num_threads": 1, "min_data_per_group": 1, "cat_smooth": 1}
            boosters.append((lightgbm.train(settings, lightgbm.Dataset(frame, labels, group=groups), 20), frame))
        for name in "rank:pairwise", "rank:ndcg", "rank:map":
            rows = xgboost.DMatrix(frame, labels, enable_categorical=True)
            rows.set_group(groups)
            boosters.append((xgboost.train({"objective": name, "nthread": 1, "max_cat_to_onehot": 1}, rows, 20), asked))
        for booster, rows in boosters:
            trained = take_in_as(shop, "returned", "score", booster)
            assert set(trained["metrics"]) == {"roc_auc", "average_precision"} and "threshold" in trained, trained
            check_bits(shop, "returned", trained["version"], ids, [float(value) for value in booster.predict(rows)])
        file = str(shop.folder / "booster.ubj")
        for model in "worth", "desk":
            shop.fails(3, "rank:map", "models", "import", file, "--model", model)


main(globals())
