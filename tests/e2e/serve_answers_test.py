"""Models whose labels are yes or no, a number, a class: the server's answers are LightGBM's to the bit, recorded, found again,
replayed, and the same in `predict`; what stands in for a version answers in the same words."""
import csv
import http.client
import io
import json
import random
import re
from datetime import timedelta

import each_test
import lightgbm
import serve_openapi_test
from answering import DESKS, MODELS, Answering, frame_of
from serving import call, kill, start, stop
from shop import Shop, main, stamp

FALLBACKS = "serving: {{worth: {{fallback: {0}, missing: 40%}}, desk: {{fallback: {0}, missing: 40%}}}}\nfeatures:"
LABELS = {"returned": 'last(verdicts.desk by id over next 2d) = "billing"', "worth": "count(orders by shop over next 2d)",
          "desk": "last(verdicts.desk by id over next 2d)"}
AT = "2024-02-10T12:{:02}:{:02}Z"


def order(number, **changes):
    row = {"order_id": f"n{number}", "placed": AT.format(number // 60, number % 60), "shop": "abcde"[number * number % 5],
           "amount": number * 37 % 101 + 0.5, **changes}
    return {"event": {key: value for key, value in row.items() if value is not None}}


def serve(shop):
    return start(str(shop.folder), "--listen", "127.0.0.1:0", "--clock", "2024-02-10T12:30:00Z")


def ask(port, model, body):
    code, answer = call(port, "POST", f"/v1/models/{model}/predict", body)
    assert code == 200, answer
    return answer


def find(port, answer):
    """What the server tells of a prediction by its id; all that was answered among it."""
    code, found = call(port, "GET", f"/v1/predictions/{answer['id']}")
    said = {key: value for key, value in answer.items() if key not in ("clock", "why", "item")}
    assert code == 200 and {key: found.get(key) for key in said} == said, (found, answer)
    return found


def train_lightgbm(frame, labels, objective, **more):
    settings = {"objective": objective, "verbose": -1, "num_threads": 1, "min_data_per_group": 1, "cat_smooth": 1, **more}
    return lightgbm.train(settings, lightgbm.Dataset(frame, labels), 20)


def take_in(shop, model, booster, *words):
    file = str(shop.folder / f"{model}.txt")
    booster.save_model(file)
    said = shop.ok("models", "import", file, "--model", model, *words)
    assert "4000 rows of edge values: the same bits as" in said.err, said.err
    return booster


def imported(shop):
    """The models that LightGBM trained for Python, as the champions."""
    boosters = {}
    _, frame, labels = shop.examples("returned")
    boosters["returned"] = take_in(shop, "returned", train_lightgbm(frame, labels == "true", "binary"))
    _, frame, labels = shop.examples("worth")
    boosters["worth"] = take_in(shop, "worth", train_lightgbm(frame, labels.astype(float), "regression"))
    _, frame, labels = shop.examples("desk")
    boosters["desk"] = take_in(shop, "desk", train_lightgbm(frame, labels.map(DESKS.index), "multiclass", num_class=3),
                               "--classes", ",".join(DESKS))
    return boosters


def check_words(model, answer):
    """Each kind of answer has its own members, and none of another's."""
    if model == "returned":
        assert isinstance(answer["decision"], bool) and 0 <= answer["prediction"] <= 1, answer
    else:
        assert answer["decision"] is None, answer
    if model == "desk":
        shares = answer["probabilities"]
        assert list(shares) == DESKS and abs(sum(shares.values()) - 1) < 1e-9, answer
        assert answer["prediction"] == max(shares, key=shares.get) and answer["probability"] == max(shares.values()), answer
    else:
        assert "probability" not in answer and "probabilities" not in answer and isinstance(answer["prediction"], float), answer


def check_schema(described, answer):
    """The description takes what this kind of model answers, and nothing that is of another kind."""
    is_good = described.validator({"$ref": "#/components/schemas/prediction"}).is_valid
    assert is_good(answer), answer
    others = [{"decision": "yes"}, {"prediction": True}]
    if answer["model"] == "desk":
        others += [{"decision": True}, {"prediction": 0.5}, {"probabilities": {"billing": "1"}}]
    else:
        others += [{"prediction": "billing"}, {"probability": 0.5}, {"probabilities": {"billing": 1}}]
    for other in others:
        assert not is_good({**answer, **other}), (answer, other)
    for name in ("id", "model", "version", "prediction", "decision", "probability", "probabilities"):
        assert name not in answer or not is_good({key: value for key, value in answer.items() if key != name}), name


def columns_of(row, model):
    """A row that `predict` wrote, in the words of the server."""
    if model == "desk":
        return {"prediction": row["prediction"], "probability": float(row["probability"]), "decision": row["decision"] or None}
    return {"prediction": float(row["prediction"]), "decision": {"": None, "true": True, "false": False}[row["decision"]]}


def predicted(shop, model, orders):
    file = shop.folder / "asked.csv"
    with open(file, "w") as out:
        table = csv.DictWriter(out, ["order_id", "placed", "shop", "amount"])
        table.writeheader()
        table.writerows(body["event"] for body in orders)
    rows = list(csv.DictReader(io.StringIO(shop.ok("predict", model, "--input", str(file)).out)))
    said = {row["id"]: row for row in shop.ok("predict", model, "--input", str(file), "--json").json()}
    for row in rows:
        ours = columns_of(row, model)
        assert {key: said[row["order_id"]][key] for key in ours} == ours, (said, row)
        assert ("probability" in row) == (model == "desk"), row
    return {row["order_id"]: columns_of(row, model) for row in rows}


def check_replay(shop, answer):
    replayed = shop.ok("predictions", "replay", answer["id"], "--json").json()
    assert replayed["differences"] == 0, replayed
    for half in "recorded", "replayed":
        for key in "prediction", "decision", "probability":
            assert replayed[half].get(key) == answer.get(key), (key, replayed)
    text = shop.ok("predictions", "replay", answer["id"]).out
    assert "the same, bit by bit" in text and ("= decision" in text) == (answer["decision"] is not None), text


def test_answers_are_kept_and_told_alike():
    """Asked again, by id, after a kill, replayed, and by `predict` for the rows of a file."""
    with Answering() as shop:
        shop.ok("ingest")
        for model in MODELS:
            shop.ok("train", model)
        process, port = serve(shop)
        orders = [order(number) for number in range(24)]
        unrecorded = {model: ask(port, model, {**orders[0], "record": False}) for model in MODELS}
        answers = {model: [ask(port, model, body) for body in orders] for model in MODELS}
        for model in MODELS:
            for answer in answers[model]:
                check_words(model, answer)
                find(port, answer)
            assert ask(port, model, orders[0]) == answers[model][0]
            expected = {**answers[model][0], "id": None, "recorded": False}
            assert {key: unrecorded[model][key] for key in expected} == expected, (unrecorded[model], expected)
        by_event = call(port, "GET", "/v1/predictions?event=n7")[1]["predictions"]
        assert {one["model"]: one["prediction"] for one in by_event} == {name: answers[name][7]["prediction"] for name in MODELS}
        assert len({json.dumps(answer["probabilities"]) for answer in answers["desk"]}) > 10
        kill(process)
        process, port = serve(shop)
        described = serve_openapi_test.Description(port)
        for model in MODELS:
            assert [ask(port, model, body) for body in orders] == answers[model], "after a kill they are what they were"
            described.call("POST", "/v1/models/{model}/predict", 200, orders[0], model=model)
            described.call("GET", "/v1/predictions/{id}", 200, id=answers[model][0]["id"])
            described.call("GET", "/v1/models/{model}", 200, model=model)
            check_schema(described, answers[model][0])
        others = [order(number, order_id=f"x{number}") for number in range(1801, 1825)]  # later than all that was recorded
        asked = {model: [ask(port, model, {**body, "record": False}) for body in others] for model in MODELS}
        stop(process)
        for model in MODELS:
            told = predicted(shop, model, others)
            for body, answer in zip(others, asked[model]):
                row = told[body["event"]["order_id"]]
                assert {key: answer[key] for key in row} == row, (answer, row)
            for answer in answers[model][::6]:
                check_replay(shop, answer)


def test_answers_have_the_bits_of_lightgbm():
    """Of models that LightGBM trained for Python, asked about the features that the server has recorded."""
    with Answering() as shop:
        shop.ok("ingest")
        boosters = imported(shop)
        process, port = serve(shop)
        for model in MODELS:
            answers = [ask(port, model, order(number)) for number in range(40)]
            features = [find(port, answer)["features"] for answer in answers]
            theirs = boosters[model].predict(frame_of(features)).tolist()
            for answer, expected in zip(answers, theirs):
                check_words(model, answer)
                ours = list(answer["probabilities"].values()) if model == "desk" else answer["prediction"]
                assert ours == expected, (model, ours, expected)
            assert len({json.dumps(one) for one in theirs}) > 10, theirs
        stop(process)


def test_lists_lines_and_keys_say_the_same():
    with Answering() as shop:
        shop.ok("ingest")
        for model in MODELS:
            shop.ok("train", model)
        process, port = serve(shop)
        bodies = [{**order(number), "record": False} for number in range(3)]
        for model in MODELS:
            one_by_one = [ask(port, model, body) for body in bodies]
            listed = ask(port, model, {"events": [body["event"] for body in bodies], "record": False})["predictions"]
            keys = [key for key in one_by_one[0] if key != "clock"]
            assert [[row[key] for key in keys] for row in listed] == [[row[key] for key in keys] for row in one_by_one]
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("POST", f"/v1/models/{model}/predict", "\n".join(json.dumps(body) for body in bodies),
                               {"Content-Type": "application/x-ndjson"})
            assert [json.loads(line) for line in connection.getresponse().read().splitlines()] == one_by_one
            said = []
            for _ in range(2):
                connection.request("POST", f"/v1/models/{model}/predict", json.dumps(order(40)),
                                   {"Content-Type": "application/json", "Idempotency-Key": f"key-{model}"})
                said.append(connection.getresponse().read())
            assert said[0] == said[1] and json.loads(said[0])["id"], said
            check_words(model, json.loads(said[0]))
        stop(process)
        rows = shop.ok("sql", "SELECT model, prediction, class, decision FROM predictions ORDER BY model", "--json").json()
        assert [row["model"] for row in rows] == ["desk", "returned", "worth"], rows
        assert rows[0]["class"] in DESKS and rows[0]["decision"] is None and 0 < rows[0]["prediction"] < 1, rows
        assert rows[1]["class"] is None and rows[1]["decision"] in (True, False), rows
        assert rows[2]["class"] is None and rows[2]["decision"] is None and rows[2]["prediction"] > 1, rows


def test_a_swap_leaves_what_was_said():
    """Also where the version that said it answers no more."""
    with Answering() as shop:
        shop.ok("ingest")
        shop.change("features:", FALLBACKS.format("previous"))
        first = {model: shop.ok("train", model, "--json").json()["version"] for model in MODELS}
        process, port = serve(shop)
        before = {model: ask(port, model, order(1)) for model in MODELS}
        second = {model: shop.ok("train", model, "--seed", "7", "--json").json()["version"] for model in MODELS}
        for model in MODELS:
            assert before[model]["version"] == first[model] != second[model]
            shop.ok("models", "promote", model, second[model])
            after = ask(port, model, order(2))
            assert after["version"] == second[model], after
            check_words(model, after)
            assert ask(port, model, order(1)) == before[model]
            find(port, before[model])
        for model in "worth", "desk":
            blind = ask(port, model, order(3, shop=None, amount=None))
            assert (blind["fallback"], blind["version"]) == ("missing_features", first[model]), blind
            check_words(model, blind)
            assert ask(port, model, order(3, shop=None, amount=None)) == blind
        third = shop.ok("train", "desk", "--seed", "8", "--json").json()["version"]
        shop.ok("models", "promote", "desk", third)
        assert ask(port, "desk", order(4))["version"] == third
        assert ask(port, "desk", order(1)) == before["desk"], "neither answers nor stands in any more"
        find(port, before["desk"])
        stop(process)
        for model in MODELS:
            check_replay(shop, before[model])


def swap_labels(shop, before, after):
    """The question of a model becomes another: a version of each kind, and what the first one said."""
    shop.change(LABELS["desk"], LABELS[before])
    shop.ok("ingest")
    first = shop.ok("train", "desk", "--json").json()["version"]
    process, port = serve(shop)
    said = [ask(port, "desk", order(number)) for number in range(4)]
    shop.change(LABELS[before], LABELS[after])
    return process, port, said, [first, shop.ok("train", "desk", "--json").json()["version"]]


def test_a_model_is_asked_for_another_kind():
    """Its label is edited, a version learned by it and promoted: beside a server, or before its next start."""
    for before, after, beside in (("returned", "worth", True), ("worth", "desk", False), ("desk", "returned", True),
                                  ("returned", "desk", False)):
        with Answering() as shop:
            process, port, said, versions = swap_labels(shop, before, after)
            if not beside:
                kill(process)
            shop.ok("models", "promote", "desk", versions[1])
            if not beside:
                process, port = serve(shop)
            answer = ask(port, "desk", order(10))
            assert answer["version"] == versions[1], (answer, versions)
            check_words(after, answer)
            assert [ask(port, "desk", order(number)) for number in range(4)] == said
            for one in (*said, answer):
                find(port, one)
            shop.ok("models", "rollback", "desk")
            again = ask(port, "desk", order(11))
            assert again["version"] == versions[0], (again, versions)
            check_words(before, again)
            assert ask(port, "desk", order(10)) == answer
            kill(process)
            process, port = serve(shop)
            assert [ask(port, "desk", order(number)) for number in (10, 11)] == [answer, again]
            stop(process)
            for one in (said[0], answer, again):
                check_replay(shop, one)


def test_what_stands_in_says_a_number_or_a_class():
    with Answering() as shop:
        shop.ok("ingest")
        shop.change("features:", FALLBACKS.format("baseline"))
        for model in "worth", "desk":
            shop.ok("train", model)
        process, port = serve(shop)
        worth = ask(port, "worth", order(1, shop=None, amount=None))
        mean = shop.ok("models", "show", "worth", "--json").json()["mean"]
        assert (worth["fallback"], worth["prediction"], worth["decision"]) == ("missing_features", mean, None), worth
        desk = ask(port, "desk", order(1, shop=None, amount=None))
        shares = shop.ok("models", "show", "desk", "--json").json()["shares"]
        assert desk["fallback"] == "missing_features" and desk["probabilities"] == shares, desk
        check_words("desk", desk)
        assert find(port, desk)["probabilities"] == shares
        stop(process)
        for answer in worth, desk:
            assert shop.ok("predictions", "replay", answer["id"], "--json").json()["differences"] == 0


def test_why_a_number_or_a_class():
    """What the features add comes to the number itself, or to the sum of the class that is said."""
    with Answering() as shop:
        shop.ok("ingest")
        boosters = imported(shop)
        process, port = serve(shop)
        worth, desk = (ask(port, model, {**order(5), "explain": True}) for model in ("worth", "desk"))
        features = frame_of([find(port, desk)["features"]])
        assert call(port, "GET", f"/v1/predictions/{desk['id']}?explain=true")[1]["why"] == desk["why"]
        stop(process)
        for answer, sum_ in ((worth, worth["prediction"]),
                             (desk, boosters["desk"].predict(features, raw_score=True)[0][DESKS.index(desk["prediction"])])):
            why = answer["why"]
            told = why["expected"] + why["others"] + sum(reason["adds"] for reason in why["reasons"])
            assert abs(told - sum_) < 1e-6 * max(1, abs(sum_)), (answer, sum_)
            again = shop.ok("explain", answer["model"], "--id", answer["id"], "--json").json()
            assert again["why"] == why and again["prediction"] == answer["prediction"], again
            text = shop.ok("explain", answer["model"], "--id", answer["id"]).out
            assert str(answer["prediction"])[:5] in text and ", yes" not in text and ", no\n" not in text, text


def test_moments_that_fall_due():
    with Answering() as shop:
        text = (shop.folder / "millwright.yaml").read_text()
        shop.write(text.replace("moment:   on orders\n", "moment:   on orders at time + 1h\n"))
        shop.ok("ingest")
        for model in MODELS:
            shop.ok("train", model)
        process, port = serve(shop)
        assert call(port, "POST", "/v1/events/orders", order(1)["event"])[0] == 200
        early = {model: ask(port, model, order(1)) for model in MODELS}
        assert call(port, "POST", "/v1/clock", {"now": "2024-02-10T14:00:00Z"})[0] == 200
        for model in MODELS:
            assert early[model]["id"] is None
            due = ask(port, model, order(1))
            assert due["id"] and due["prediction"] == early[model]["prediction"], (due, early[model])
            check_words(model, due)
            assert find(port, due)["prediction"] == due["prediction"]
        stop(process)


def test_rankings_by_a_number_or_a_class():
    """Each element has an answer of its own, the greatest number, or the surest class, first; asked again it is the same."""
    labels = {"worth": "count(clicks by user over next 1d)",
              "desk": 'case when any(clicks by visit, item over next 1d) then "clicks" else "passes" end'}
    for kind, label in labels.items():
        with Shop("project: empty\n") as shop:
            text = each_test.project_text(shop.folder)
            shop.write(re.sub(r"(\n    label:).*", rf"\1 {label}", text).replace("\n    cost:", "\n    # cost:"))
            shop.ok("ingest")
            shop.ok("train", "rank")
            process, port = each_test.serve(shop, each_test.END)
            asked = each_test.visit("w1", ["i3", "i1", "i2"])
            code, first = each_test.ask(port, asked, explain=True)
            assert code == 200 and len(first["predictions"]) == 3, first
            for entry in first["predictions"]:
                assert entry["decision"] is None and entry["why"]["reasons"] is not None, entry
                shown = find(port, entry)
                assert shown["event"] == f"w1|{entry['item']}", shown
                assert shop.ok("predictions", "replay", entry["id"], "--json").json()["differences"] == 0
            sure = [entry["probability" if kind == "desk" else "prediction"] for entry in first["predictions"]]
            assert sure == sorted(sure, reverse=True), sure
            if kind == "desk":
                for entry in first["predictions"]:
                    assert entry["probabilities"][entry["prediction"]] == entry["probability"], entry
                    assert abs(sum(entry["probabilities"].values()) - 1) < 1e-9, entry
                assert len({json.dumps(entry["probabilities"]) for entry in first["predictions"]}) > 1, first
            assert each_test.ask(port, asked, explain=True)[1] == first
            stop(process)


CLASSES_OF_ITEMS = """\
project: rec
streams:
  visits: {from: visits.ndjson, time: at, id: visit}
  clicks: {from: clicks.csv, time: at, id: "visit, item"}
features:
  item: item
models:
  rank:
    moment:   on visits each candidates as item
    label:    coalesce(last(clicks.kind by visit, item over next 1h), "none")
    params:   {rounds: 20, num_leaves: 7, min_data_in_leaf: 5}
"""
KINDS = {"i1": "buy", "i2": "put into the basket", "i3": "look"}  # i4: none


def write_visits(folder):
    """Each thing of a visit has its own kind of click, nearly always; names of several lengths."""
    draw, visits, clicks, at = random.Random(1), [], ["visit,item,at,kind"], each_test.END - timedelta(days=40)
    for number in range(400):
        at += timedelta(seconds=draw.randrange(60, 5000))
        items = draw.sample(["i1", "i2", "i3", "i4"], 3)
        visits.append(json.dumps(each_test.visit(f"v{number}", items, at)))
        clicks += [f"v{number},{item},{stamp(at + timedelta(seconds=100))},{KINDS[item]}" for item in items
                   if item in KINDS and draw.random() < 0.9]
    visits.append(json.dumps(each_test.visit("end", None, at + timedelta(days=3))))
    (folder / "visits.ndjson").write_text("\n".join(visits) + "\n")
    (folder / "clicks.csv").write_text("\n".join(clicks) + "\n")


def test_elements_keep_classes_of_their_own():
    """Asked again, after a kill, and when their version answers no more: each is told the class that it was told first."""
    with Shop(CLASSES_OF_ITEMS) as shop:
        write_visits(shop.folder)
        shop.ok("ingest")
        shop.ok("train", "rank")
        process, port = each_test.serve(shop, each_test.END)
        asked = each_test.visit("w1", ["i3", "i1", "i2", "i4"])
        code, first = each_test.ask(port, asked)
        assert code == 200 and len(first["predictions"]) == 4, first
        assert {entry["item"]: entry["prediction"] for entry in first["predictions"]} == {**KINDS, "i4": "none"}, first
        assert each_test.ask(port, asked)[1] == first
        for entry in first["predictions"]:
            find(port, entry)
        explained = each_test.ask(port, asked, explain=True)[1]["predictions"]
        assert [{key: value for key, value in entry.items() if key != "why"} for entry in explained] == first["predictions"]
        kill(process)
        process, port = each_test.serve(shop, each_test.END)
        assert each_test.ask(port, asked)[1] == first
        second = shop.ok("train", "rank", "--seed", "7", "--json").json()["version"]
        shop.ok("models", "promote", "rank", second)
        after = each_test.ask(port, each_test.visit("w2", ["i2", "i4"]))[1]
        assert after["version"] != first["version"], after
        assert each_test.ask(port, asked)[1] == first, "its version answers no more"
        stop(process)
        check_damaged_before(shop, first["version"], asked)


def check_damaged_before(shop, version, asked):
    """What is wrong with the version before is told to whom it matters, and keeps no server from its start."""
    file, = (shop.folder / ".millwright/artefacts" / version[:2]).glob(version[2:] + "*")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])
    process, port = each_test.serve(shop, each_test.END)
    assert each_test.ask(port, each_test.visit("w3", ["i2", "i4"]))[0] == 200
    code, told = each_test.ask(port, asked)
    assert code == 500 and "holds other bytes than its name says" in told["detail"], told
    stop(process)


def test_reports_say_nothing_false():
    """What is measured by yes and no is left out of numbers and classes, and said to be."""
    with Answering() as shop:
        shop.ok("ingest")
        for model in MODELS:
            shop.ok("train", model)
        process, port = serve(shop)
        for model in MODELS:
            body = {"events": [order(number)["event"] for number in range(120)]}
            assert all("prediction" in row for row in ask(port, model, body)["predictions"])
        models = {model: call(port, "GET", f"/v1/models/{model}")[1] for model in MODELS}
        assert [models[model]["answer"] for model in MODELS] == ["yes_no", "number", "class"], models
        assert models["desk"]["classes"] == DESKS and "threshold" not in models["desk"], models
        assert "threshold" in models["returned"] and "threshold" not in models["worth"], models
        assert call(port, "POST", "/v1/clock", {"now": "2024-02-14T12:00:00Z"})[0] == 200
        page = shop.folder / "monitor.html"
        seen = {one["model"]: one for one in shop.ok("monitor", "--json", "--html", str(page)).json()["models"]}
        said = shop.ok("monitor").out
        stop(process)
        for model, kind, many in ("worth", "number", "numbers"), ("desk", "class", "classes"):
            one = seen[model]
            assert one["answer"] == kind and one["quality"] is None and one["segments"] == [], one
            assert one["verdict"]["reasons"][-1] == f"how good answers are that are {many} is not measured yet; drift is", one
            assert one["predictions"]["last_30d"] == 120, one
            drift = {row["feature"]: row["drift"] for row in one["drift"]}
            assert all(isinstance(value, (int, float)) for value in drift.values()) and drift["prediction"] >= 0, drift
            assert all(week["roc_auc"] is None and week["expected"] is None for week in one["weeks"]), one
        assert seen["returned"]["quality"]["outcomes"] == 120 and seen["returned"]["answer"] == "yes_no", seen["returned"]
        assert said.count("of them yes; mistakes cost") == 1, said
        assert '"quality":null' in page.read_text()
        rows = shop.ok("sql", "SELECT model, label, class FROM labels WHERE event = 'o7' ORDER BY model", "--json").json()
        assert rows[0]["label"] is None and rows[0]["class"] in DESKS and rows[1]["class"] is rows[2]["class"] is None, rows
        shop.fails(3, "examples_MODEL, if there are several models", "sql", "SELECT label FROM examples")
        rows = shop.ok("sql", "SELECT DISTINCT label FROM examples_desk ORDER BY label", "--json").json()
        assert [row["label"] for row in rows] == DESKS, rows
        for model in MODELS:
            label = "VARCHAR" if model == "desk" else "DOUBLE"
            assert shop.ok("sql", f"SELECT DISTINCT typeof(label) kind FROM examples_{model}", "--json").json() == [{"kind": label}]
            assert shop.ok("features", "verify", "--model", model, "--json").json()["differences"] == 0
        shop.ok("prove")
        listed = shop.ok("runs", "list").out.splitlines()
        assert all(name in listed[0] for name in ("roc_auc", "log_loss", "mae", "rmse", "accuracy")), listed
        for words in ("features", "leaks"), ("features", "suggest"):
            for model in "worth", "desk":
                assert shop.ok(*words, "--model", model, "--json").json(), (words, model)
        shop.fails(3, "is not backtested yet", "backtest", "worth", "--from", "2024-01-20", "--to", "2024-01-22")


if __name__ == "__main__":
    main(globals())
