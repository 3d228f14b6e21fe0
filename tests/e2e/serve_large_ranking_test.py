"""A ranking whose answer would be too large is refused before anything of it is recorded; one that just fits is answered whole."""
import json

import each_test
import lightgbm
import numpy
import pandas
from edge_classes_test import CLICKS, KINDS, write_clicks
from serving import call, stop
from shop import Shop, main

CLASSES = [f"class number {number:03}" for number in range(256)]


def take_in(shop):
    """A model that tells 256 classes apart, by one feature, each as likely as it is often."""
    draw = numpy.random.default_rng(1)
    labels = numpy.concatenate([numpy.arange(256), numpy.arange(256), draw.integers(0, 256, 4000)])
    frame = pandas.DataFrame({"item": pandas.Categorical(draw.choice(["i1", "i2", "i3", "i4"], labels.size)),
                              "seen": draw.integers(0, 50, labels.size).astype(float)})
    settings = {"objective": "multiclass", "num_class": 256, "verbose": -1, "num_threads": 1, "num_leaves": 3}
    file = str(shop.folder / "booster.txt")
    lightgbm.train(settings, lightgbm.Dataset(frame, labels), 1).save_model(file)
    shop.ok("models", "import", file, "--model", "rank", "--classes", ",".join(CLASSES))


def asked(name, count):
    return {"visit": name, "at": each_test.shop.stamp(each_test.END), "candidates": [f"thing {number}" for number in range(count)]}


def test_large_rankings():
    with Shop(CLICKS) as shop:
        write_clicks(shop.folder, {key: CLASSES[i] for i, key in enumerate(KINDS)})
        shop.ok("ingest")
        take_in(shop)
        process, port = each_test.serve(shop, each_test.END)
        code, refused = each_test.ask(port, asked("w1", 8000))
        assert code == 422 and refused["detail"].startswith("candidates: what is said of its elements must be at most"), refused
        assert "fewer elements" in json.dumps(refused), refused
        count = "SELECT count(*) n FROM predictions"
        assert shop.ok("sql", count, "--json").json() == [{"n": 0}]
        code, answer = each_test.ask(port, asked("w1", 5000))  # the same event: it does not stand yet
        entries = answer["predictions"]
        assert code == 200 and len(entries) == 5000 and all(len(entry["probabilities"]) == 256 for entry in entries)
        assert len(json.dumps(answer)) > 40 << 20
        assert each_test.ask(port, asked("w1", 5000))[1] == answer
        code, both = call(port, "POST", "/v1/models/rank/predict", {"events": [asked("w2", 8000), asked("w3", 3)]})
        assert code == 200 and both["predictions"][0]["row"] == 1 and len(both["predictions"][1]["predictions"]) == 3, str(both)[:500]
        assert shop.ok("sql", count, "--json").json() == [{"n": 5003}]
        stop(process)


if __name__ == "__main__":
    main(globals())
