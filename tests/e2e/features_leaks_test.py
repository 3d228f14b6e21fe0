"""`features leaks` of labels that are numbers and classes: what it measures is scipy's and scikit-learn's, a planted leak stands
out by name, and where there is none nothing is named. (Of a yes or no: feature_doubts_test.)"""
import itertools

import numpy
import pandas
import shop
from scipy.stats import somersd
from shop import Shop
from sklearn.metrics import roc_auc_score

PROJECT = """\
project: leaky
streams:
  orders: {from: data/orders.csv, time: placed, id: order_id}
  hints:  {from: data/hints.csv, time: at, known: seen, id: order_id}
  ends:   {from: data/ends.csv, time: at, id: order_id}
features:
  amount:  amount
  waited:  waited * 1m
  gift:    gift = 1
  nothing: amount * 0
  who:     who
  named:   pair
  own:     last(hints.size by order_id over 2d)
  early:   last(hints.size by pair over 2d)
  words:   last(hints.class by pair over 2d)
models:
  back: {moment: on orders, label: last(ends.KIND by id over next 2d)}
"""
HONEST = ["amount", "waited", "gift", "nothing"]


def class_of(size):
    return "small" if size < 2 else "big" if size > 9 else "medium"


def write_world(project, leaks):
    """An order's size shows in its amount and in who asks, somewhat. Hints tell it an hour before: of the order itself, and
    of its pair, which is known a day later; without leaks they tell of nothing. Classes are parts of the sizes, so what
    tells the size tells the class, though no end of its range stands for the one in the middle."""
    draw, orders, hints, ends = shop.random.Random(shop.SEED), [], [], []
    for number in range(500):
        before, now, after, late = (shop.stamp(shop.START + shop.timedelta(hours=number + more))
                                    for more in (-1, 0, 2, 23))
        size = round(draw.expovariate(0.2), 1)
        told = size if leaks else round(draw.expovariate(0.2), 1)
        amount = "" if draw.random() < 0.1 else draw.randrange(10) + int(size)
        who = "" if draw.random() < 0.1 else f"w{draw.randrange(5 if size < 4 else 15)}"
        orders.append(f"o{number},{now},p{number},{amount},{draw.randrange(50)},{draw.randrange(2)},{who}")
        hints += [f"o{number},{before},{before},,{told},{class_of(told)}",
                  f"x{number},{before},{late},p{number},{told},{class_of(told)}"]
        ends.append(f"o{number},{after},{size},{class_of(size)}")
    for name, heading, rows in (("orders", "order_id,placed,pair,amount,waited,gift,who", orders),
                                ("hints", "order_id,at,seen,pair,size,class", hints),
                                ("ends", "order_id,at,size,class", ends)):
        (project.folder / f"data/{name}.csv").write_text("\n".join([heading] + rows) + "\n")


class World(Shop):
    def __init__(self, kind, leaks=True, project=PROJECT):
        super().__init__(project.replace("KIND", kind), count=1)
        write_world(self, leaks)
        self.ok("ingest")

    def columns(self):
        """What is built of the features, as numbers with missing below all, who asks, and the labels."""
        file = self.folder / "built.csv"
        self.ok("features", "build", "--output", str(file))
        frame = pandas.read_csv(file)
        frame = frame[frame["label"].notna()]
        frame["waited"] = pandas.to_timedelta(frame["waited"]).dt.total_seconds()
        columns = {name: frame[name].astype(float).fillna(-numpy.inf).to_numpy() for name in HONEST}
        return columns, frame["who"].fillna("").to_numpy(), frame["label"].to_numpy()


def folded(share):
    return max(share, 1 - share)


def concordance(values, labels):
    return folded((1 + somersd(labels, values).statistic) / 2)


def pairwise(values, labels):
    """Each two classes by scikit-learn, by their pairs of rows."""
    told = pairs = 0
    for one, other in itertools.combinations(sorted(set(labels)), 2):
        held = (labels == one) | (labels == other)
        ranks = pandas.Series(values[held]).rank()  # scikit-learn takes nothing infinite
        rows = int((labels == one).sum()) * int((labels == other).sum())
        told += rows * folded(roc_auc_score(labels[held] == one, ranks))
        pairs += rows
    return told / pairs


def held_out(texts, targets):
    """For each row how far its text's targets in the other half lie above that half's mean, five rows of the mean added."""
    half = numpy.array([(row * 0x9E3779B97F4A7C15 >> 63) & 1 for row in range(len(texts))])
    lifts = numpy.empty(len(texts))
    for row, text in enumerate(texts):
        others = targets[(texts == text) & (half != half[row])]
        lifts[row] = (others - targets[half != half[row]].mean()).sum() / (len(others) + 5)
    return lifts


def of_texts(texts, labels):
    return concordance(held_out(texts, labels).round(9), labels)


def of_texts_by_class(texts, labels):
    told = pairs = 0
    for name in set(labels):
        yes = (labels == name).astype(float)
        rows = yes.sum() * (1 - yes).sum()
        told += rows * folded(roc_auc_score(yes, held_out(texts, yes).round(9)))
        pairs += rows
    return told / pairs


def check_measure(kind, key, expected, expected_of_texts):
    with World(kind) as project:
        leaks = project.ok("features", "leaks", "--json").json()
        found = {leak["name"]: leak for leak in leaks["features"]}
        columns, who, labels = project.columns()
        assert leaks["examples"] == len(labels) == 500
        for name in HONEST:
            assert abs(found[name][key] - expected(columns[name], labels)) < 1e-12, (name, found[name])
            assert found[name]["gain"] == 0 == found[name]["changed_by_event_time"], found[name]
        assert found["nothing"][key] > 0.5  # missing where the amount is, which tells a little
        assert abs(found["who"][key] - expected_of_texts(who, labels)) < 1e-12 and found["who"]["gain"] == 0, found["who"]
        assert found["who"][key] > 0.55 < found["amount"][key] < 0.95 and found["named"][key] == 0.5, found
        planted = {"early", "own"} | ({"words"} if kind == "class" else set())
        assert {leak["name"] for leak in leaks["features"][:len(planted)]} == planted, leaks
        for name in planted:
            way, other = ("with_own_events", "by_event_time") if name == "own" else ("by_event_time", "with_own_events")
            assert found[name][key] == 0.5 and found[name][f"{key}_{way}"] == 1 and found[name]["gain"] == 0.5, found[name]
            assert found[name][f"changed_{way}"] == 1 and found[name][f"changed_{other}"] == 0, found[name]


def test_of_numbers_it_is_concordance():
    check_measure("size", "concordance", concordance, of_texts)


def test_of_classes_it_is_the_area_between_each_two():
    check_measure("class", "pairwise_roc_auc", pairwise, of_texts_by_class)


def test_a_planted_leak_stands_out_by_name():
    for kind, title in (("size", "\nConcordance of each feature alone, over 500 examples: "),
                        ("class", "\nPairwise ROC AUC of each feature alone, over 500 examples: ")):
        with World(kind) as project:
            text = project.ok("features", "leaks").out
            assert title in text and "3 would have gained more than 0.01\n" in text and "too good" not in text, text
            assert {line.split()[0] for line in text.splitlines()[1:4]} == {"early", "own", "words"}, text
        with World(kind, project=PROJECT.replace(", known: seen", "")) as project:  # as if it had been known at once
            text = project.ok("features", "leaks").out
            assert "\nearly is too good to be true alone (1.0000): is it known when the project says?\n" in text, text


def test_nothing_is_made_up():
    """Known at once and of others, hints change nothing; and where they change all that is seen of them they say nothing."""
    for kind in ("size", "class"):
        alike = PROJECT.replace(", known: seen", "").replace("  own:     last(hints.size by order_id over 2d)\n", "")
        with World(kind, leaks=False, project=alike) as project:
            leaks = project.ok("features", "leaks", "--json").json()["features"]
            assert all(leak["gain"] == leak["changed_by_event_time"] == leak["changed_with_own_events"] == 0 for leak in leaks)
            text = project.ok("features", "leaks").out
            assert "would have gained" not in text and "too good" not in text, text
        with World(kind, leaks=False) as project:
            leaks = {leak["name"]: leak for leak in project.ok("features", "leaks", "--json").json()["features"]}
            assert leaks["early"]["changed_by_event_time"] == leaks["words"]["changed_by_event_time"] == leaks["own"]["changed_with_own_events"] == 1, leaks
            assert all(leak["gain"] < 0.06 for leak in leaks.values()), leaks  # some four standard errors of 500 examples


def test_a_word_where_there_is_nothing_to_compare():
    with World("size", project=PROJECT.replace("last(ends.KIND by id over next 2d)",
                                               "count(ends by id over next 2d) * 0")) as project:
        project.fails(3, "models.back: all 500 labels to learn from are 0", "features", "leaks")
    with World("size", project=PROJECT.replace("last(ends.KIND by id over next 2d)",
                                               "last(ends.order_id by id over next 2d)")) as project:
        project.fails(3, "its labels have 500 classes, at most 256 can be learned", "features", "leaks")


if __name__ == "__main__":
    shop.main(globals())
