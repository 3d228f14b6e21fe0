"""Moments of `each`: one request for a visit is answered with a ranking of its candidates. Trained, served, killed, replayed,
explained, and joined with what came of it."""
import csv
import json
import math
import urllib.request
from datetime import datetime, timedelta, timezone

import example_worlds
import keeper_test
import serving
import shop
from shop import Shop

END = datetime(2024, 2, 20, tzinfo=timezone.utc)


def project_text(folder):
    """The example, trained as a yes/no question: the learner that ranks is a later one."""
    lines = example_worlds.recommend(folder, count=600).splitlines()
    left_out = ("learner:", "sample:", "decide:", "metric:", "serving:")
    return "\n".join(line for line in lines if not line.strip().startswith(left_out)) + "\n"


def visit(name, candidates, when=END, user="u1"):
    return {"visit": name, "user": user, "at": shop.stamp(when), "candidates": candidates}


def ask(port, event, **more):
    return serving.call(port, "POST", "/v1/models/rank/predict", {"event": event, **more})


def check_ranking(answer, elements):
    entries = answer["predictions"]
    assert sorted(entry["item"] for entry in entries) == sorted(elements), answer
    keys = [(-entry["prediction"], entry["item"]) for entry in entries]
    assert keys == sorted(keys), answer
    assert len({entry["id"] for entry in entries}) == len(entries), answer
    assert all(isinstance(entry["decision"], bool) for entry in entries)
    return entries


def check_refusals(port):
    status, wrong = ask(port, visit("w1", "i1"))
    assert status == 422 and "candidates: must be an array" in wrong["detail"], wrong
    status, wrong = ask(port, visit("w1", ["i1", None]))
    assert status == 422 and "element 1: must be a text" in wrong["detail"], wrong
    status, wrong = ask(port, visit("w1", [f"i{number}" for number in range(10001)]))
    assert status == 422 and "at most 10000 elements, got 10001" in wrong["detail"], wrong


def check_features(port, record, entries):
    """What is asked across the candidates, from each one's own."""
    prices = [serving.call(port, "GET", f"/v1/predictions/{entry['id']}")[1]["features"]["price"] for entry in entries]
    assert math.isclose(record["features"]["cheapness"], record["features"]["price"] / (sum(prices) / len(prices)),
                        rel_tol=1e-12), (record, prices)


def predict_file(project):
    """The same visit in a file, beside one without candidates: a row each candidate, by the same bits."""
    with open(project.folder / "new.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["visit", "user", "at", "candidates"],
                          ["w1", "u1", shop.stamp(END), json.dumps(["i1", "i2", "i3", "i2"])],
                          ["w2", "u1", shop.stamp(END), "[]"]])
    answers = json.loads(project.ok("predict", "rank", "--input", str(project.folder / "new.csv"), "--json").out)
    assert [(answer["id"], answer["item"]) for answer in answers] == \
        [("w1|i1", "i1"), ("w1|i2", "i2"), ("w1|i3", "i3"), ("", None)], answers
    assert answers[3]["prediction"] is None
    rows = list(csv.DictReader(project.ok("explain", "rank", "--input", str(project.folder / "new.csv")).out.splitlines()))
    assert [row["item"] for row in rows] == ["i1", "i2", "i3", ""] and all(row["why"] for row in rows[:3]), rows
    return {answer["item"]: answer["prediction"] for answer in answers[:3]}


def serve(project, when):
    return serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", shop.stamp(when))


def test_a_visit_is_answered_with_a_ranking():
    with Shop("project: empty\n") as project:
        (project.folder / "millwright.yaml").write_text(project_text(project.folder))
        project.ok("ingest")
        trained = json.loads(project.ok("train", "rank", "--json").out)
        assert trained["examples"]["train"] > 300 and trained["metrics"]["roc_auc"]["value"] > 0.6, trained
        told = predict_file(project)
        process, port = serve(project, END)
        check_refusals(port)
        status, before = ask(port, visit("w1", ["i3", "i1", "i2"]), record=False)
        assert status == 200 and all(entry["id"] is None for entry in before["predictions"]), before
        status, first = ask(port, visit("w1", ["i1", "i2", "i3", "i2"]), explain=True)
        assert status == 200 and first["event"] == "w1" and first["version"] == trained["version"][:12], first
        entries = check_ranking(first, ["i1", "i2", "i3"])
        assert [(entry["item"], entry["prediction"]) for entry in entries] == \
            [(entry["item"], entry["prediction"]) for entry in before["predictions"]], (before, first)
        assert all(entry["why"] for entry in entries)
        assert told == {entry["item"]: entry["prediction"] for entry in entries}, (told, entries)
        record = serving.call(port, "GET", f"/v1/predictions/{entries[0]['id']}")[1]
        assert record["event"] == f"w1|{entries[0]['item']}" and record["prediction"] == entries[0]["prediction"]
        check_features(port, record, entries)
        status, none = ask(port, visit("w2", []))
        assert status == 200 and none["predictions"] == [], none
        status, missing = ask(port, visit("w3", None))
        assert status == 200 and missing["predictions"] == [], missing
        status, many = serving.call(port, "POST", "/v1/models/rank/predict",
                                    {"events": [visit("w4", ["i1"]), visit("w5", 3), visit("w6", ["i2", "nosuch"])]})
        assert status == 200 and len(many["predictions"]) == 3 and "reason" in many["predictions"][1], many
        check_ranking(many["predictions"][2], ["i2", "nosuch"])
        status, rows = serving.call(port, "POST", "/v1/models/rank/features", {"event": visit("w7", ["i1", "i2"])})
        assert status == 200 and {row["item"] for row in rows["rows"]} == {"i1", "i2"}, rows
        check_after_a_kill(project, process, first)


def check_after_a_kill(project, process, first):
    process.kill()
    process.wait()
    process, port = serve(project, END)
    again = ask(port, visit("w1", ["i1", "i2", "i3", "i2"]))[1]
    assert [(entry["id"], entry["prediction"]) for entry in again["predictions"]] == \
        [(entry["id"], entry["prediction"]) for entry in first["predictions"]], (first, again)
    recorded = len(first["predictions"]) + 3 + check_corrections(port)  # 3: of w4 and w6
    process.kill()
    process.wait()
    process, port = serve(project, END)
    check_conflict(port)  # by the log
    serving.stop(process)
    process, port = serve(project, END)
    check_conflict(port)  # by the checkpoint
    check_outcomes(project, process, port, first, recorded)


def check_corrections(port):
    """What was ranked is not ranked with another list; what only stands is corrected first. How many were recorded."""
    for others in ["i1"], ["i9"], []:
        status, conflict = ask(port, visit("w1", others))
        assert status == 409 and "w1 was predicted with other contents" in conflict["detail"], conflict
    assert ask(port, visit("w1", ["i9"]), record=False)[0] == 200
    assert serving.call(port, "POST", "/v1/events/visits", visit("w8", ["i1", "i5"]))[1]["accepted"] == 1
    corrected = ask(port, visit("w8", ["i2", "i4"]))[1]
    check_ranking(corrected, ["i2", "i4"])
    assert serving.call(port, "POST", "/v1/events/visits", visit("w8", ["i2", "i4"]))[1]["repeats"] == 1
    assert serving.call(port, "POST", "/v1/events/visits", visit("w8", ["i4", "i6"]))[1]["corrections"] == 1
    again = ask(port, visit("w8", ["i4", "i6"]))[1]  # what was ranked stays, what is new is ranked now
    ids = {entry["item"]: entry["id"] for entry in check_ranking(again, ["i4", "i6"])}
    assert ids["i4"] in {entry["id"] for entry in corrected["predictions"]}, (corrected, again)
    assert serving.call(port, "POST", "/v1/events/visits", visit("w8", ["i7"]))[1]["corrections"] == 1
    check_conflict(port)
    return 3


def check_conflict(port):
    """Elements of w8 were ranked, whatever list it has had since."""
    for others in ["i8"], []:
        status, conflict = ask(port, visit("w8", others))
        assert status == 409 and "w8 was predicted with other contents" in conflict["detail"], conflict


def check_outcomes(project, process, port, first, recorded):
    """The candidates that were shown have a label, by visit and item; the others have none."""
    keeper = keeper_test.wait_for(lambda: keeper_test.child_of(process.pid, b"keeper"))
    clicked, seen, hidden = [entry["item"] for entry in first["predictions"]]
    later = END + timedelta(minutes=2)
    for stream, item in (("impressions", clicked), ("impressions", seen), ("clicks", clicked)):
        event = {"visit": "w1", "item": item, "user": "u1", "at": shop.stamp(later)}
        assert serving.call(port, "POST", "/v1/clock", {"now": shop.stamp(later)})[0] == 200
        assert serving.call(port, "POST", f"/v1/events/{stream}", event)[1]["accepted"] == 1
    assert serving.call(port, "POST", "/v1/clock", {"now": shop.stamp(END + timedelta(days=2))})[0] == 200
    labels = {}
    for entry in first["predictions"]:
        replayed = json.loads(project.ok("predictions", "replay", entry["id"], "--json").out)
        assert replayed["differences"] == 0 and replayed["event"] == f"w1|{entry['item']}", replayed
        assert json.loads(project.ok("explain", "rank", "--id", entry["id"], "--json").out)
    rows = json.loads(project.ok("sql", "SELECT event, label FROM labels WHERE event LIKE 'w1|%'", "--json").out)
    labels = {row["event"].split("|")[1]: row["label"] for row in rows}
    assert labels == {clicked: 1, seen: 0}, (labels, hidden)
    assert keeper_test.child_of(process.pid, b"keeper") == keeper  # it was not started anew
    serving.stop(process)
    few = json.loads(project.ok("features", "verify", "--sample", "20", "--json").out)
    assert 20 <= few["moments"] + few["labels"] <= 50, few  # of the candidates of all visits, not of visits
    verified = json.loads(project.ok("features", "verify", "--json").out)
    assert verified["recorded"] == recorded and verified["differences"] == 0, (verified, recorded)
    watched = json.loads(project.ok("monitor", "--json").out)
    watched = (watched["models"][0] if "models" in watched else watched)["features"]
    assert watched["verified"] >= len(first["predictions"]) and watched["differing"] == 0, watched


def test_an_element_that_the_fallback_answers_has_no_reasons():
    """Those of the version would be of another answer."""
    with Shop("project: empty\n") as project:
        project.write(project_text(project.folder) + "serving: {rank: {fallback: baseline, missing: 30%}}\n")
        project.ok("ingest")
        project.ok("train", "rank")
        process, port = serve(project, END)
        for record in False, True, True:  # asked, recorded, asked again
            status, told = ask(port, visit("w1", ["i1", "nosuch"]), explain=True, record=record)
            assert status == 200, told
            known, unknown = sorted(told["predictions"], key=lambda entry: entry["item"])
            assert "fallback" not in known and known["why"]["reasons"], told
            assert unknown["fallback"] == "missing_features" and "why" not in unknown, told
        serving.stop(process)


def test_an_element_of_another_version_names_it():
    """Answered by the version before as the fallback, or before the list was corrected."""
    with Shop("project: empty\n") as project:
        project.write(project_text(project.folder) + "serving: {rank: {fallback: previous, missing: 30%}}\n")
        project.ok("ingest")
        first = project.ok("train", "rank", "--json").json()["version"]
        process, port = serve(project, END)
        ranked = ask(port, visit("w1", ["i1", "i2"]))[1]
        assert ranked["version"] == first and "version" not in ranked["predictions"][0], ranked
        second = project.ok("train", "rank", "--seed", "5", "--json").json()["version"]
        project.ok("models", "promote", "rank", second)
        assert ask(port, visit("w1", ["i1", "i2"]))[1] == ranked
        for record in False, True, True:
            told = ask(port, visit("w2", ["i1", "nosuch"]), explain=True, record=record)[1]
            assert told["version"] == second, told
            known, unknown = sorted(told["predictions"], key=lambda entry: entry["item"])
            assert "version" not in known and known["why"]["reasons"], told
            assert unknown["version"] == first and unknown["fallback"] == "missing_features", told
        assert serving.call(port, "POST", "/v1/events/visits", visit("w1", ["i2", "i3"]))[1]["corrections"] == 1
        mixed = ask(port, visit("w1", ["i2", "i3"]))[1]
        versions = {entry["item"]: entry.get("version", mixed["version"]) for entry in mixed["predictions"]}
        assert versions == {"i2": first, "i3": second}, mixed
        for entry in mixed["predictions"]:
            found = serving.call(port, "GET", f"/v1/predictions/{entry['id']}")[1]
            assert found["version"] == versions[entry["item"]], (found, mixed)
        serving.stop(process)


def test_an_element_whose_version_is_gone_has_no_reasons():
    """The others have theirs, for they were recorded just then; where all are of such a version, that is said."""
    with Shop("project: empty\n") as project:
        project.write(project_text(project.folder))
        project.ok("ingest")
        first = project.ok("train", "rank", "--json").json()["version"]
        process, port = serve(project, END)
        for name in "w1", "w3":
            assert ask(port, visit(name, ["i2"]))[1]["version"] == first
        second = project.ok("train", "rank", "--seed", "5", "--json").json()["version"]
        project.ok("models", "promote", "rank", second)
        assert serving.call(port, "POST", "/v1/events/visits", visit("w1", ["i2", "i3"]))[1]["corrections"] == 1
        for _ in range(2):
            status, mixed = ask(port, visit("w1", ["i2", "i3"]), explain=True)
            assert status == 200 and mixed["version"] == second, mixed
            assert {entry["item"]: "why" in entry for entry in mixed["predictions"]} == {"i2": False, "i3": True}, mixed
        status, alone = ask(port, visit("w3", ["i2"]), explain=True)
        assert status == 501 and "a version that answers no more" in alone["detail"], alone
        asked = [visit(name, ["i2"]) for name in ("w4", "w3", "w5")]
        rows = serving.call(port, "POST", "/v1/models/rank/predict", {"events": asked, "explain": True})[1]["predictions"]
        sent = "\n".join(json.dumps({"event": one, "explain": True}) for one in asked)
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models/rank/predict", sent.encode(),
                                         {"Content-Type": "application/x-ndjson"})
        lines = [json.loads(line) for line in urllib.request.urlopen(request, timeout=60)]
        for told in rows, lines:  # one is refused, and leaves the others alone
            assert told[1]["row"] == 2 and "a version that answers no more" in told[1]["reason"], told
            assert all(one["predictions"][0]["why"] for one in (told[0], told[2])), told
        serving.stop(process)


def test_elements_without_an_id_are_not_taken_for_another():
    """They bear no name, and are told apart by their order: replay, verification and keeper know which is which."""
    with Shop("project: empty\n") as project:
        text = project_text(project.folder).replace("time: at, id: visit}", "time: at}", 1)
        (project.folder / "millwright.yaml").write_text(text)
        project.ok("ingest")
        project.ok("train", "rank")
        process, port = serve(project, END)
        assert serving.call(port, "POST", "/v1/events/visits", visit("w0", ["i9", "i8"]))[1]["accepted"] == 1
        entries = check_ranking(ask(port, visit("w1", ["i3", "i1", "i2", "i1"]))[1], ["i1", "i2", "i3"])
        entries += check_ranking(ask(port, visit("w2", ["i2", "i4"]))[1], ["i2", "i4"])  # at the same time
        assert ask(port, visit("w3", []))[1]["predictions"] == []
        told = serving.call(port, "POST", "/v1/models/rank/predict",
                            {"events": [visit("w4", ["i5"], user="u2"), visit("w5", ["i6", "i5"])]})[1]["predictions"]
        entries += told[0]["predictions"] + told[1]["predictions"]
        assert serving.call(port, "POST", "/v1/events/visits", visit("w6", ["i9", "i8"]))[1]["accepted"] == 1
        for entry in entries:
            replayed = json.loads(project.ok("predictions", "replay", entry["id"], "--json").out)
            assert replayed["differences"] == 0 and replayed["input"]["item"] == entry["item"], (entry, replayed)
        serving.stop(process)
        verified = json.loads(project.ok("features", "verify", "--json").out)
        assert verified["recorded"] == len(entries) == 8 and verified["differences"] == 0, verified
        watched = json.loads(project.ok("monitor", "--json").out)
        watched = (watched["models"][0] if "models" in watched else watched)["features"]
        assert watched["verified"] == len(entries) and watched["differing"] == 0, watched


if __name__ == "__main__":
    shop.main(globals())
