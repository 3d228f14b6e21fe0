#!/usr/bin/env python3
"""Exact SHAP values of 100 trees x 31 leaves over 28 columns, on one thread, rows per CPU second.

    shap_bench.py [ROWS]      ROWS to explain (default 2,000)

By the training data (path-dependent) beside LightGBM's own contributions, and against 100 background rows; beside shap's
TreeExplainer too where $MILLWRIGHT_PEERS names a Python that has bench/shap_peers.txt. CPU seconds, the best of three.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS, TRAINING, BACKGROUND = 28, 100_000, 100


def make_data(rows):
    import numpy
    from sklearn.datasets import make_classification
    values, labels = make_classification(n_samples=TRAINING + rows, n_features=COLUMNS, n_informative=18, n_redundant=4,
                                         n_clusters_per_class=6, flip_y=0.05, class_sep=0.8, random_state=7)
    draw = numpy.random.default_rng(7)
    values[:, :14][draw.random((len(values), 14)) < 0.03] = numpy.nan
    return values[:TRAINING], labels[:TRAINING], numpy.ascontiguousarray(values[TRAINING:])


def make_model(folder, rows):
    import lightgbm
    values, labels, asked = make_data(rows)
    settings = {"objective": "binary", "num_leaves": 31, "num_threads": 1, "verbose": -1, "seed": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(values, labels), 100)
    booster.save_model(folder / "model.txt")
    asked.tofile(folder / "rows.f64")
    values[:BACKGROUND].tofile(folder / "background.f64")
    booster.predict(asked, pred_contrib=True, num_threads=1).tofile(folder / "values.f64")


def best(work, repeats=3):
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def run_lightgbm(booster, rows, background):
    return best(lambda: booster.predict(rows, pred_contrib=True, num_threads=1))


def run_shap(booster, rows, background):
    import shap
    explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    return best(lambda: explainer.shap_values(rows))  # it asks LightGBM


def run_shap_background(booster, rows, background):
    import shap
    explainer = shap.TreeExplainer(booster, background, feature_perturbation="interventional")
    return best(lambda: explainer.shap_values(rows[:200], check_additivity=False), 1) * len(rows) / 200


PEERS = {"LightGBM": run_lightgbm, "shap": run_shap, "shap, background": run_shap_background}


def run_peer(name, folder):
    import lightgbm
    import numpy
    rows = numpy.fromfile(folder / "rows.f64").reshape(-1, COLUMNS)
    background = numpy.fromfile(folder / "background.f64").reshape(-1, COLUMNS)
    booster = lightgbm.Booster(model_file=folder / "model.txt")
    print(json.dumps({"cpu": PEERS[name](booster, rows, background)}))


def ask(name, folder, python):
    done = subprocess.run([python, __file__, name, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])["cpu"]
    print(f"{name:<22}cannot: {done.stderr.strip().splitlines()[-1][:80]}")
    return None


def main(count):
    engine = Path(os.environ.get("MILLWRIGHT_LIB", "build/lib")).parent / "shap_engine_bench"
    python = os.environ.get("MILLWRIGHT_PEERS")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder, count)
        files = [folder / file for file in ("model.txt", "rows.f64", "background.f64", "values.f64")]
        done = subprocess.run([engine, *files], stdout=subprocess.PIPE, text=True, check=True)
        print(f"{'100 x 31':<22}{'rows per CPU s':>15}")
        for line in map(json.loads, done.stdout.splitlines()):
            print(f"{'ours, ' + line['how']:<22}{count / line['cpu']:>15,.0f}   off LightGBM's by {line['from_theirs']:.1e}, "
                  f"sums by {line['from_sums']:.1e}")
            assert line["from_theirs"] < 1e-9 and line["from_sums"] < 1e-9, line
        for peer in PEERS if python else ["LightGBM"]:
            cpu = ask(peer, folder, python or sys.executable)
            if cpu:
                print(f"{peer:<22}{count / cpu:>15,.0f}", flush=True)


if len(sys.argv) == 3:
    run_peer(sys.argv[1], Path(sys.argv[2]))
else:
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
