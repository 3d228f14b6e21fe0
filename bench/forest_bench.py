#!/usr/bin/env python3
"""Forests of 100 trees x 31 leaves and 500 x 63 over 28 columns, and 100 x 31 with 4 categorical ones, on one thread.

    forest_bench.py [ROWS [SHAPE...]]      ROWS to predict (default 50,000), of shapes such as "100 x 31" (all)

Beside LightGBM's own predict; and beside lleaves, tl2cgen, treelite, ONNX Runtime and XGBoost where $MILLWRIGHT_PEERS names
a Python that has bench/forest_peers.txt. XGBoost trains a forest of that shape of its own, which we run too. CPU seconds, the
best of five (of three for peers). Our sums must have LightGBM's bits, and XGBoost's.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS, TRAINING = 28, 100_000
CATEGORIES = {24: 8, 25: 30, 26: 100, 27: 1000}
MODELS = {"100 x 31": (100, 31, {}), "500 x 63": (500, 63, {}), "100 x 31, 4 categorical": (100, 31, CATEGORIES),
          "500 x 63, 4 categorical": (500, 63, CATEGORIES)}


def make_data(rows, categories):
    import numpy
    from sklearn.datasets import make_classification
    values, labels = make_classification(n_samples=TRAINING + rows, n_features=COLUMNS, n_informative=18, n_redundant=4,
                                         n_clusters_per_class=6, flip_y=0.05, class_sep=0.8, random_state=7)
    values = values.astype(numpy.float32).astype(float)  # so that engines with floats branch alike
    draw = numpy.random.default_rng(7)
    values[:, :14][draw.random((len(values), 14)) < 0.03] = numpy.nan
    for column, count in categories.items():
        rank = numpy.argsort(numpy.argsort(values[:, column]))
        values[:, column] = draw.permutation(count)[rank * count // len(values)]
    return values[:TRAINING], labels[:TRAINING], numpy.ascontiguousarray(values[TRAINING:])


def make_model(folder, rows, trees, leaves, categories):
    import lightgbm
    values, labels, asked = make_data(rows, categories)
    settings = {"objective": "binary", "num_leaves": leaves, "num_threads": 1, "verbose": -1, "seed": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(values, labels, categorical_feature=list(categories)), trees)
    booster.save_model(folder / "model.txt")
    asked.tofile(folder / "rows.f64")
    booster.predict(asked, raw_score=True, num_threads=1).tofile(folder / "sums.f64")


def best(work, repeats=3):
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def run_lightgbm(folder, rows):
    import lightgbm
    booster = lightgbm.Booster(model_file=folder / "model.txt")
    return best(lambda: booster.predict(rows, raw_score=True, num_threads=1))


def run_lleaves(folder, rows):
    import lleaves
    model = lleaves.Model(model_file=folder / "model.txt")
    model.compile()
    return best(lambda: model.predict(rows, n_jobs=1))


def run_onnx(folder, rows):
    import lightgbm
    import onnxmltools
    import onnxruntime
    from onnxmltools.convert.common.data_types import FloatTensorType
    booster = lightgbm.Booster(model_file=folder / "model.txt")
    model = onnxmltools.convert_lightgbm(booster, initial_types=[("rows", FloatTensorType([None, COLUMNS]))],
                                         zipmap=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    floats = rows.astype("float32")
    return best(lambda: session.run(None, {"rows": floats}))


def run_tl2cgen(folder, rows):
    import tl2cgen
    import treelite
    model = treelite.frontend.load_lightgbm_model(folder / "model.txt")
    tl2cgen.export_lib(model, toolchain="gcc", libpath=folder / "model.so", params={"parallel_comp": 8})
    predictor, matrix = tl2cgen.Predictor(folder / "model.so", nthread=1), tl2cgen.DMatrix(rows)
    return best(lambda: predictor.predict(matrix, pred_margin=True))


def run_treelite(folder, rows):
    import treelite
    model = treelite.frontend.load_lightgbm_model(folder / "model.txt")
    return best(lambda: treelite.gtil.predict(model, rows, nthread=1, pred_margin=True))


def run_xgboost(folder, rows):
    """Leaves its model and what it says behind."""
    import numpy
    import xgboost
    text = (folder / "model.txt").read_text()
    trees, leaves = text.count("\nTree="), int(text.split("\nnum_leaves=")[1].split("\n")[0])
    settings = {"objective": "binary:logistic", "tree_method": "hist", "grow_policy": "lossguide", "max_depth": 0,
                "max_leaves": leaves, "nthread": 1}
    labels = numpy.fromfile(folder / "sums.f64") > 0
    booster = xgboost.train(settings, xgboost.DMatrix(rows, labels), trees)
    booster.set_param({"nthread": 1})
    booster.save_model(folder / "xgboost.json")
    booster.inplace_predict(rows, predict_type="margin").astype(float).tofile(folder / "xgboost.f64")
    return best(lambda: booster.inplace_predict(rows, predict_type="margin"))


PEERS = {"LightGBM": run_lightgbm, "lleaves": run_lleaves, "tl2cgen": run_tl2cgen, "treelite": run_treelite,
         "ONNX Runtime": run_onnx, "XGBoost": run_xgboost}


def run_peer(name, folder):
    import numpy
    rows = numpy.fromfile(folder / "rows.f64").reshape(-1, COLUMNS)
    print(json.dumps({"cpu": PEERS[name](folder, rows)}))


def show(name, count, seconds, note=""):
    print(f"  {name:<22}{count / seconds:>12,.0f}{1e6 * seconds / count:>10.2f}   {note}", flush=True)


def run_engine(folder, model, sums):
    """Lines of ours: what it took to load, then each kind of lanes."""
    engine = Path(os.environ.get("MILLWRIGHT_LIB", "build/lib")).parent / "forest_engine_bench"
    files = [folder / file for file in (model, "rows.f64", sums)]
    return [json.loads(line) for line in subprocess.run([engine, *files], stdout=subprocess.PIPE, text=True,
                                                        check=True).stdout.splitlines()]


def show_ours(lines, count, prefix=""):
    for line in lines:
        show(f"{prefix}{line['kind']}, {line['how']}", count, line["cpu"], "" if line["equal"] else "OTHER BITS")


def ask_peers(folder, count):
    python = os.environ.get("MILLWRIGHT_PEERS")
    for name in PEERS if python else ["LightGBM"]:
        done = subprocess.run([python or sys.executable, __file__, "--peer", name, folder], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode == 0:
            show(name, count, json.loads(done.stdout.splitlines()[-1])["cpu"])
        else:
            print(f"  {name:<22}{'cannot: ' + done.stderr.strip().splitlines()[-1][:60]:>12}")


def main(count, titles):
    for title, shape in ((title, MODELS[title]) for title in titles or MODELS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_model(folder, count, *shape)
            load, *ours = run_engine(folder, "model.txt", "sums.f64")
            print(f"{title:<24}{'rows per s':>12}{'us a row':>10}   (we load it in {1000 * load['cpu']:.1f} ms)")
            show_ours(ours, count)
            ask_peers(folder, count)
            if (folder / "xgboost.json").exists():
                show_ours(run_engine(folder, "xgboost.json", "xgboost.f64")[1:], count, "its forest, ")
            assert all(line["equal"] for line in ours), "our sums differ from LightGBM's"


if sys.argv[1:2] == ["--peer"]:
    run_peer(sys.argv[2], Path(sys.argv[3]))
else:
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000, sys.argv[2:])
