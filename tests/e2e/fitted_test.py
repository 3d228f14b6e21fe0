"""Fitted features: the numbers that a version carries are scikit-learn's, found on the training part alone; and the
server answers as `predict` does, with these numbers read back."""
import csv
import io
from datetime import datetime, timedelta

import numpy
import serving
from shop import PROJECT, Shop, main
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler, TargetEncoder

FEATURES = """\
features:
  scaled:  scale(amount)
  spent:   scale(impute(mean(orders.amount by shop over 4h)))
  ranked:  rank_bucket(amount, 8)
  at:      target_encode(shop, 5)
  words:   scale(vector(amount, amount * amount))
  terms:   "tf_idf(ngrams(concat('in ', shop, case when amount > 50 then ' dear dear' else ' cheap' end), 1, 2, 256))"
  axes:    pca(scale(impute(vector(amount, amount * amount, mean(orders.amount by shop over 4h), 7))), 3)
"""
TERMS, AXES = 256, 4
MATURITY = timedelta(days=3, hours=1)


def near(found, expected):
    return numpy.allclose(found, expected, rtol=1e-12, atol=1e-12)


def check_terms(rows, counts, weights):
    """The same words weighed by scikit-learn, whose columns stand in another order."""
    texts = [f"in {row['at']} {'dear dear' if float(row['scaled']) > 50 else 'cheap'}" for row in rows]
    theirs = TfidfVectorizer(token_pattern=r"\w+", ngram_range=(1, 2)).fit_transform(texts).toarray()
    assert (counts.sum(axis=0) > 0).sum() == theirs.shape[1], "two terms share a bucket"
    ours = counts * weights
    ours /= numpy.linalg.norm(ours, axis=1, keepdims=True)
    assert near(numpy.sort(ours)[:, -theirs.shape[1]:], numpy.sort(theirs)), (ours[0], theirs[0])


def check_axes(numbers, shares):
    """Of three components and four numbers, one of which never changes."""
    assert [len(share) for share in shares] == [5, 5, 5, 1]
    pca = PCA(3, svd_solver="full").fit(numbers)
    ours = (numbers - [share[0] for share in shares]) @ numpy.array([share[1:] for share in shares[:3]]).T
    theirs = pca.transform(numbers)
    signs = numpy.sign((ours * theirs).sum(axis=0))
    assert numpy.allclose(ours, theirs * signs, rtol=1e-9, atol=1e-9), (ours[0], theirs[0])


def check_serving(shop, version):
    """Orders that are new, made when the last return has come."""
    shop.ok("models", "promote", "returned", version)
    placed = max(line.split(",")[1] for line in shop.orders[1:] + shop.returns[1:])
    orders = [{"order_id": f"n{number}", "placed": placed, "shop": name, "amount": amount}
              for number, (name, amount) in enumerate([("a", 12.5), ("b", 900), ("e", 0.5)])]
    (shop.folder / "new.csv").write_text("order_id,placed,shop,amount\n" + "".join(
        ",".join(str(value) for value in order.values()) + "\n" for order in orders))
    predicted = list(csv.DictReader(io.StringIO(
        shop.ok("predict", "returned", "--input", str(shop.folder / "new.csv")).out)))
    process, port = serving.start(str(shop.folder), "--listen", "127.0.0.1:0", "--clock", placed)
    for order, row in zip(orders, predicted):
        code, answer = serving.call(port, "POST", "/v1/models/returned/predict", {"event": order, "record": False})
        assert code == 200 and answer["prediction"] == float(row["prediction"]), (order, row, answer)
        code, answer = serving.call(port, "POST", "/v1/models/returned/predict",
                                    {"event": order, "record": False, "explain": True})
        reasons = {reason["feature"]: reason["value"] for reason in answer["why"]["reasons"]}
        assert reasons.get("axes") is None and not any(name.startswith("axes_") for name in reasons), reasons
    serving.stop(process)
    assert len({row["prediction"] for row in predicted}) == 3, predicted


def test_fitted():
    with Shop() as shop:
        head, rest = PROJECT.split("features:\n")
        shop.write(head + FEATURES + "models:\n" + rest.split("models:\n")[1])
        shop.ok("ingest")
        trained = shop.ok("train", "--json").json()
        shown = shop.ok("models", "show", "returned", trained["version"], "--json").json()
        built = list(csv.DictReader(io.StringIO(shop.ok("features", "build").out)))
        end = datetime.fromisoformat(shown["to"].replace("Z", "+00:00"))
        rows = [row for row in built if row["label"] and
                datetime.fromisoformat(row["time"].replace("Z", "+00:00")) + MATURITY <= end]
        assert len(rows) == shown["examples"], (len(rows), shown["examples"])

        def column(name):
            return numpy.array([float(row[name] or "nan") for row in rows]).reshape(-1, 1)

        fitted = {}
        for one in shown["fitted"]:
            fitted.setdefault(one["feature"], []).append((one["by"], one["numbers"]))
        for name in ("scaled", "words_0", "words_1"):
            scaler = StandardScaler().fit(column(name))
            assert [by for by, _ in fitted[name]] == ["scale"], fitted[name]
            assert near(fitted[name][0][1], [scaler.mean_[0], scaler.scale_[0]]), (name, fitted[name], scaler.scale_)
        spent = column("spent")
        assert numpy.isnan(spent).any() and [by for by, _ in fitted["spent"]] == ["impute", "scale"]
        mean = numpy.nanmean(spent)
        scaler = StandardScaler().fit(numpy.where(numpy.isnan(spent), mean, spent))
        assert near(fitted["spent"][0][1], [mean]) and near(fitted["spent"][1][1], [scaler.mean_[0], scaler.scale_[0]])

        bins = KBinsDiscretizer(8, encode="ordinal", strategy="quantile", quantile_method="inverted_cdf").fit(column("ranked"))
        ours = numpy.digitize(column("ranked"), fitted["ranked"][0][1])
        theirs = numpy.digitize(column("ranked"), bins.bin_edges_[0][1:-1])
        assert (ours != theirs).mean() < 0.01 and max(numpy.bincount(ours.ravel())) < len(rows) / 8 * 1.05

        check_terms(rows, numpy.hstack([column(f"terms_{i}") for i in range(TERMS)]),
                    [fitted[f"terms_{i}"][0][1][0] for i in range(TERMS)])
        numbers = []
        for i in range(AXES):
            (impute, mean), (scale, (middle, spread)), (by, _) = fitted[f"axes_{i}"]
            assert (impute, scale, by) == ("impute", "scale", "pca"), fitted[f"axes_{i}"]
            values = column(f"axes_{i}")
            numbers.append((numpy.where(numpy.isnan(values), mean, values) - middle) / spread)
        check_axes(numpy.hstack(numbers), [fitted[f"axes_{i}"][2][1] for i in range(AXES)])

        labels = numpy.array([row["label"] == "true" for row in rows])
        encoder = TargetEncoder(smooth=5, target_type="binary").fit([[row["at"]] for row in rows], labels)
        rates = fitted["at"][0][1]
        assert near(rates[:-1], encoder.encodings_[0]) and near(rates[-1], encoder.target_mean_), (rates, encoder)
        assert trained["metrics"]["roc_auc"]["value"] > 0.6, trained["metrics"]
        check_serving(shop, trained["version"])


if __name__ == "__main__":
    main(globals())
