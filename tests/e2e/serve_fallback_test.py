"""A fallback answers in place of a version that cannot: it says so and why, is counted, recorded and replayed."""
import http.client
import json

from serving import call, start, stop
from shop import Shop, main

AT = "2024-03-10T12:{:02}:00Z"


def order(number, **changes):
    row = {"order_id": f"n{number}", "placed": AT.format(number), "shop": "a", "amount": 30.5, **changes}
    return {"event": {key: value for key, value in row.items() if value is not None}}


def serve(shop, keys):
    """A server over the shop whose model has these keys in `serving`, at a time after all of its data."""
    text = (shop.folder / "millwright.yaml").read_text().split("serving:")[0]
    shop.write(text + f"serving:\n  returned: {{{keys}}}\n")
    return start(str(shop.folder), "--listen", "127.0.0.1:0", "--clock", "2024-03-10T12:00:00Z")


def ask(port, body):
    code, answer = call(port, "POST", "/v1/models/returned/predict", body)
    assert code == 200, answer
    return answer


def counted(port, reason):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    name = f'millwright_fallbacks_total{{model="returned",reason="{reason}"}} '
    return float(next(line for line in lines if line.startswith(name)).split()[-1])


def test_a_constant_answers_where_no_version_does():
    with Shop(count=200) as shop:
        shop.ok("ingest")
        process, port = serve(shop, "fallback: 0.75")
        first = ask(port, order(1))
        assert (first["prediction"], first["decision"], first["fallback"], first["version"]) == (0.75, True, "no_version", "")
        assert ask(port, order(1)) == first and counted(port, "no_version") == 1
        unrecorded = ask(port, {**order(2), "record": False})
        assert unrecorded["fallback"] == "no_version" and unrecorded["recorded"] is False
        assert counted(port, "no_version") == 2
        code, shown = call(port, "GET", f"/v1/predictions/{first['id']}")
        assert (code, shown["prediction"], shown["fallback"], shown["features"]) == (200, 0.75, "no_version", None), shown
        assert call(port, "GET", "/v1/predictions?event=n1")[1]["predictions"] == [shown]
        stop(process)
        shop.fails(3, "no version says by which features: no_version", "predictions", "replay", first["id"])
        shop.fails(3, "the fallback answered, not the version: no_version", "explain", "returned", "--id", first["id"])
        assert shop.ok("features", "verify", "--json").json()["differences"] == 0


def test_the_baseline_answers_for_missing_features_and_failed_checks():
    with Shop() as shop:
        shop.ok("ingest")
        version = shop.ok("train", "--json").json()["version"]
        baseline = shop.ok("models", "show", "returned", "--json").json()["share_of_yes"]
        process, port = serve(shop, "fallback: baseline, missing: 40%")
        own = ask(port, order(1))
        assert "fallback" not in own and own["prediction"] != baseline
        blind = ask(port, {**order(2, shop=None, amount=None), "explain": True})  # shop, amount, spent are missing
        assert (blind["fallback"], blind["prediction"], blind["version"]) == ("missing_features", baseline, version), blind
        assert "why" not in blind
        assert call(port, "GET", f"/v1/predictions/{blind['id']}")[1]["fallback"] == "missing_features"
        wrong = ask(port, order(3, amount=-1))
        assert (wrong["fallback"], wrong["prediction"], wrong["id"]) == ("check_failed", baseline, None), wrong
        code, refused = call(port, "POST", "/v1/models/returned/features", order(3, amount=-1))
        assert code == 422 and "amount: must be at least 0" in refused["detail"], "the fallback sees no features"
        code, refused = call(port, "POST", "/v1/models/returned/predict", order(4, colour="red"))
        assert code == 422 and "colour" in refused["detail"], refused
        assert counted(port, "missing_features") == 1 and counted(port, "check_failed") == 1
        stop(process)
        rows = shop.ok("sql", "SELECT id, fallback FROM predictions ORDER BY place", "--json").json()
        assert [row["fallback"] for row in rows] == [None, "missing_features"], rows
        replayed = shop.ok("predictions", "replay", blind["id"], "--json").json()
        assert replayed["fallback"] == "missing_features" and replayed["differences"] == 0, replayed
        shop.fails(3, "the fallback answered", "explain", "returned", "--id", blind["id"])
        process, port = serve(shop, "deadline: 1s")  # no fallback any more: the bad row is refused
        assert call(port, "POST", "/v1/models/returned/predict", order(3, amount=-1))[0] == 422
        stop(process)


def test_the_previous_version_answers_before_and_after_a_promotion():
    with Shop() as shop:
        shop.ok("ingest")
        first = shop.ok("train", "--json").json()["version"]
        second = shop.ok("train", "--seed", "7", "--json").json()["version"]
        assert first != second
        shop.ok("models", "promote", "returned", second)
        process, port = serve(shop, "fallback: previous, missing: 40%")
        said = ask(port, order(1, shop=None, amount=None))
        assert (said["fallback"], said["version"]) == ("missing_features", first), said
        assert ask(port, order(2))["version"] == second
        shop.ok("models", "promote", "returned", first)
        said = ask(port, order(3, shop=None, amount=None))
        assert (said["fallback"], said["version"]) == ("missing_features", second), said
        stop(process)
        assert shop.ok("predictions", "replay", said["id"], "--json").json()["differences"] == 0


def test_the_breaker_opens_after_five_answers_that_came_too_late():
    with Shop() as shop:
        text = (shop.folder / "millwright.yaml").read_text()
        assert "rounds: 20," in text
        shop.write(text.replace("rounds: 20,", "rounds: 2000,"))  # twenty trees may take less than the deadline
        shop.ok("ingest")
        shop.ok("train")
        process, port = serve(shop, "fallback: 0.5, deadline: 1us")
        said = [ask(port, order(number)) for number in range(8)]
        assert [answer.get("fallback") for answer in said] == [None] * 5 + ["breaker_open"] * 3, said
        assert said[7]["prediction"] == 0.5 and counted(port, "breaker_open") == 3
        stop(process)
        replayed = shop.ok("predictions", "replay", said[7]["id"])
        assert "the fallback answered without features: breaker_open" in replayed.out, replayed.out


NO_NUMBER = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=0
objective=binary sigmoid:1
feature_names=amount
feature_infos=[0:100000]

Tree=0
num_leaves=2
num_cat=0
split_feature=0
split_gain=1
threshold=100000
decision_type=2
left_child=-1
right_child=-2
leaf_value=-1 1
leaf_weight=1 1
leaf_count=1 1
internal_value=0
internal_weight=2
internal_count=2
is_linear=1
leaf_const=-1 0
num_features=0 2
leaf_features= 0 0
leaf_coeff= 1e+305 -1e+305
shrinkage=1


end of trees

feature_importances:

parameters:
end of parameters

pandas_categorical:null
"""


def test_what_is_no_number_is_told_and_the_breaker_opens():
    """Of an imported model whose linear leaf for great amounts is infinite both ways; without a fallback the answer is null."""
    with Shop() as shop:
        shop.ok("ingest")
        (shop.folder / "odd.txt").write_text(NO_NUMBER)
        assert "4000 rows of edge values: the same bits" in shop.ok("models", "import", str(shop.folder / "odd.txt")).err
        baseline = shop.ok("models", "show", "returned", "--json").json()["share_of_yes"]
        process, port = serve(shop, "fallback: baseline")
        own = ask(port, order(1))
        assert "fallback" not in own and own["prediction"] != baseline, own
        said = [ask(port, order(number, amount=1e6)) for number in range(2, 8)]
        assert [answer["fallback"] for answer in said] == ["not_a_number"] * 5 + ["breaker_open"], said
        assert all(answer["prediction"] == baseline for answer in said), said
        assert counted(port, "not_a_number") == 5 and counted(port, "breaker_open") == 1
        stop(process)
        replayed = shop.ok("predictions", "replay", said[0]["id"], "--json").json()
        assert (replayed["fallback"], replayed["differences"], replayed["replayed"]["prediction"]) == ("not_a_number", 0, None), replayed
        process, port = serve(shop, "deadline: 1s")
        odd = ask(port, {**order(9, amount=1e6), "record": False})
        assert odd["prediction"] is None and odd["decision"] is False and "fallback" not in odd, odd
        stop(process)


def test_an_expression_answers_by_what_is_known():
    """By a field of the row, one that is worked out as the order enters (`seen`), and a feature."""
    with Shop() as shop:
        shop.change("    checks: {amount", "    fields: {seen: count(orders by shop over 30d)}\n    checks: {amount")
        rule = "case when missing(now.amount) then 0.25 when recent_1d < now.seen and now.amount > 20 then 0.75 else 0.5 end"
        shop.ok("ingest")
        process, port = serve(shop, f'fallback: "{rule}", missing: 40%')
        first = ask(port, order(1))
        assert (first["prediction"], first["decision"], first["fallback"], first["version"]) == (0.75, True, "no_version", "")
        assert ask(port, order(2, amount=5.0))["prediction"] == 0.5
        wrong = ask(port, order(3, amount=-1))
        assert (wrong["prediction"], wrong["fallback"]) == (0.25, "check_failed"), wrong
        stop(process)
        version = shop.ok("train", "--json").json()["version"]
        process, port = serve(shop, f'fallback: "{rule}", missing: 40%')
        assert ask(port, order(1)) == first
        blind = ask(port, order(4, shop=None, amount=None))
        assert (blind["prediction"], blind["fallback"], blind["version"]) == (0.25, "missing_features", version), blind
        stop(process)
        assert shop.ok("predictions", "replay", blind["id"], "--json").json()["differences"] == 0
        process, port = serve(shop, 'fallback: "coalesce(now.amount > 20 or now.seen = 0, true)", deadline: 1us')
        said = [ask(port, order(number, amount=30.0 - number)) for number in range(5, 15)]
        assert [answer.get("fallback") for answer in said] == [None] * 5 + ["breaker_open"] * 5, said
        assert [(answer["prediction"], answer["decision"]) for answer in said[5:]] == [(0.0, False)] * 5, said
        stop(process)
        rows = shop.ok("sql", "SELECT fallback, prediction FROM predictions ORDER BY place DESC LIMIT 1", "--json").json()
        assert rows == [{"fallback": "breaker_open", "prediction": 0}], rows
        assert shop.ok("features", "verify", "--json").json()["differences"] == 0
        shop.ok("prove")
        features = shop.ok("monitor", "--json").json()["models"][0]["features"]
        assert features["proved"] > 0 and features["disproved"] == 0, features


def test_what_cannot_be_a_fallback_is_told():
    with Shop() as shop:
        shop.change("features:", "serving: {returned: {fallback: basline}}\nfeatures:")
        shop.fails(3, "there is no feature basline, and no such field of the moment", "check")
        shop.fails(3, "Did you mean baseline?", "check")
        shop.change("basline", "baseline")
        shop.change("{returned: {fallback: baseline}}", "{bought: {fallback: baseline}}")
        shop.fails(3, "serving: must name a model of this project, got bought", "check")
        for rule, wrong in (("coalesce(amuont, 0)", "there is no feature amuont"), ("amount > 3", "must have a value where nothing is known"),
                            ("count(orders by shop over 1h)", "over features and the moment's fields alone")):
            shop.change("{bought: {fallback: baseline}}", f'{{returned: {{fallback: "{rule}"}}}}')
            shop.fails(3, wrong, "check")
            shop.change(f'{{returned: {{fallback: "{rule}"}}}}', "{bought: {fallback: baseline}}")
        shop.change("{bought: {fallback: baseline}}", '{returned: {fallback: "review when amount > 500 else approve"}}')
        assert "serving.returned.fallback: not in force yet" in shop.ok("check").err
        shop.change('{returned: {fallback: "review when amount > 500 else approve"}}', "{bought: {fallback: baseline}}")
        shop.change("{bought: {fallback: baseline}}", "{returned: {deadline: 50ms}}")
        assert "`deadline` is not in force without a fallback" in shop.ok("check").err


if __name__ == "__main__":
    main(globals())
