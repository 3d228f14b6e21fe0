"""The metrics of `train --json` are those that scikit-learn finds on the same predictions.

The predictions come from `predict` over the test part, by the version that was just trained: so this also
shows that the examples that a version is tested on are what it would answer.
"""
import csv
import io
from datetime import datetime

import shop
from shop import Shop, stamp, START, timedelta
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

TEST_FROM = START + timedelta(days=40)


def test_metrics_equal_those_of_scikit_learn():
    with Shop() as project:
        project.ok("ingest")
        trained = project.ok("train", "--test-from", stamp(TEST_FROM), "--json").json()
        output = project.folder / "built.csv"
        project.ok("features", "build", "--output", str(output))
        with open(output) as lines:
            labels = {row["id"]: row["label"] == "true" for row in csv.DictReader(lines)}
        tested = project.folder / "tested.csv"
        rows = [line for line in project.orders[1:] if line.split(",")[1] >= stamp(TEST_FROM)]
        tested.write_text("\n".join(project.orders[:1] + rows) + "\n")
        answers = list(csv.DictReader(io.StringIO(project.ok("predict", "returned", "--input", str(tested)).out)))
        assert len(answers) == trained["examples"]["test"]

        first, second = (min(line.split(",")[1] for line in lines[1:]) for lines in (project.orders, project.returns))
        full = max(datetime.fromisoformat(first[:-1]) + timedelta(days=1), datetime.fromisoformat(second[:-1]) + timedelta(days=7))
        early = sum(datetime.fromisoformat(line.split(",")[1][:-1]) < full for line in project.orders[1:])
        assert trained["before_full_windows"] == early > 100, (trained["before_full_windows"], early)

        truth = [labels[row["id"]] for row in answers]
        scores = [float(row["prediction"]) for row in answers]
        expected = {"roc_auc": roc_auc_score(truth, scores),
                    "average_precision": average_precision_score(truth, scores),
                    "log_loss": log_loss(truth, scores),
                    "brier": brier_score_loss(truth, scores)}
        for name, value in expected.items():
            ours = trained["metrics"][name]
            assert abs(ours["value"] - value) < 1e-12, f"{name}: {ours['value']}, scikit-learn has {value}"
            assert ours["low"] <= ours["value"] <= ours["high"]

        threshold, cost = trained["threshold"], trained["cost"]
        alarms = sum(score >= threshold and not label for score, label in zip(scores, truth))
        misses = sum(score < threshold and label for score, label in zip(scores, truth))
        assert (cost["false_alarms"], cost["misses"], cost["value"]) == (alarms, misses, alarms + 4 * misses)
        decisions = [row["decision"] == "true" for row in answers]
        assert decisions == [score >= threshold for score in scores]


if __name__ == "__main__":
    shop.main(globals())
