"""Fields that a process of the user's is asked for: once, as an event enters. Then the answer is the event's."""
import csv
import http.client
import json
import os
import random
import shutil
import socket
import struct
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import serving
import shop
from shop import Shop

EXAMPLE = Path("examples/functions")
WORDS = ["good", "great", "fine", "bad", "awful", "late", "table", "arrived", "on", "time"]
PROJECT = (EXAMPLE / "millwright.yaml").read_text().replace("python3", sys.executable)
PROJECT = PROJECT.replace("question:", "params: {rounds: 5, min_data_in_leaf: 5}\n    question:")
GLAD, SAD = {"good", "great", "fine"}, {"bad", "awful", "late"}


def mood(text):
    words = text.split()
    return max(-1.0, min(1.0, (sum(w in GLAD for w in words) - sum(w in SAD for w in words)) / 3))


def generate(folder, count=1500, seed=1):
    """Reviews every 20 minutes; the sad ones want their money back."""
    draw = random.Random(seed)
    start = datetime(2024, 1, 1)
    reviews, refunds = [], []
    for number in range(count):
        at = start + timedelta(minutes=20 * number)
        text = " ".join(draw.choices(WORDS, k=5))
        reviews.append({"review": f"r{number}", "shop": f"s{draw.randrange(5)}", "text": text,
                        "at": at.strftime("%Y-%m-%dT%H:%M:%SZ")})
        if draw.random() < 0.5 - 0.45 * mood(text):
            refunds.append({"review": f"r{number}", "at": (at + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M:%SZ")})
    for name, rows in (("reviews", reviews), ("refunds", refunds)):
        with open(folder / f"{name}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return reviews


class Reviews(Shop):
    def __init__(self, project=PROJECT):
        super().__init__(project)
        shutil.copy(EXAMPLE / "sentiment.py", self.folder)
        self.reviews = generate(self.folder)

    def moods(self):
        found = json.loads(self.ok("sql", "SELECT review, mood FROM reviews", "--json").out)
        return {row["review"]: row["mood"] for row in found}


def replace_worker(project, body):
    """A worker whose answer to a batch is `body`, of its texts."""
    (project.folder / "sentiment.py").write_text(f"""\
import os, signal, sys, time
import pyarrow as pa
answer = pa.schema([("mood", pa.float64())])
batches = 0
with (pa.ipc.open_stream(sys.stdin.buffer) as questions, pa.ipc.new_stream(sys.stdout.buffer, answer) as answers):
    for batch in questions:
        texts = batch.column("text").to_pylist()
        batches += 1
        {body}
        answers.write_batch(pa.record_batch([pa.array(moods, pa.float64())], schema=answer))
        sys.stdout.buffer.flush()
""")


def workers(project):
    """Processes that run in the project's folder, or did and wait to be buried."""
    found = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            found += os.readlink(entry / "cwd") == str(project.folder)
        except OSError:  # it is gone, or not ours
            continue
    return found


def until(holds):
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def check_marks(project):
    """Of the features alone that hang on an answer."""
    for word in ("show", "leaks"):
        told = project.ok("features", word).out
        for name in ("mood", "shop_mood"):
            assert f"\n{name} hangs on what the process sentiment answered: not proved exact\n" in told, told
        assert told.count("not proved exact") == 2, told
        features = project.ok("features", word, "--json").json()["features"]
        assert {one["name"]: one["proved_exact"] for one in features} == \
            {"mood": False, "shop_mood": False, "length": True}, features
    for name, is_proved in (("shop_mood", False), ("length", True), ("label", True)):
        why = ("features", "why", project.reviews[200]["review"], name)
        assert project.ok(*why, "--json").json()["proved_exact"] == is_proved
        marked = "what the process sentiment answered is not proved exact\n" in project.ok(*why).out
        assert marked != is_proved, name
    assert project.ok("features", "show", "mood").out.count("not proved exact") == 1


def test_the_whole_way():
    with Reviews() as project:
        checked = project.ok("check").out
        assert "mood: sentiment(text), not proved exact" in checked, checked
        features = {one["name"]: one for one in project.ok("check", "--json").json()["models"][0]["features"]}
        assert {name: one["proved_exact"] for name, one in features.items()} == \
            {"mood": False, "shop_mood": False, "length": True}, features
        told = project.ok("ingest", "--json").json()
        assert (told["answered"], told["unanswered"]) == (1500, 0), told
        assert project.moods() == {row["review"]: mood(row["text"]) for row in project.reviews}
        verified = project.ok("features", "verify").out
        assert "agree in every bit" in verified and "2 of 3 features hang on what processes answered" in verified
        assert "not proved exact" in project.ok("features", "explain", "shop_mood").out
        assert "not proved exact" in project.ok("features", "list").out
        check_marks(project)
        assert project.ok("train", "--json").json()["metrics"]["roc_auc"]["value"] > 0.65

        # From here on the worker says something else: what was answered is what counts.
        before, after = project.folder / "before.csv", project.folder / "after.csv"
        project.ok("features", "build", "--output", str(before))
        replace_worker(project, "moods = [7.0 for text in texts]")
        project.ok("features", "build", "--output", str(after))
        assert after.read_bytes() == before.read_bytes()
        rows = [*project.reviews[:3], dict(project.reviews[3], text="another"),
                {"review": "new", "shop": "s1", "text": "good", "at": "2024-01-20T00:00:00Z"}]
        with open(project.folder / "new.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        project.ok("predict", "refund", "--input", str(project.folder / "new.csv"), "--output",
                   str(project.folder / "answers.csv"), "--explain")
        lines = list(csv.DictReader(open(project.folder / "answers.csv")))
        moods = [one["value"] for line in lines for one in json.loads(line["why"])["reasons"]
                 if one["feature"] == "mood"]
        assert moods == [mood(row["text"]) for row in rows[:3]] + [7.0, 7.0], moods
        assert project.ok("ingest", "--json").json()["answered"] == 0
        project.ok("backtest", "refund", "--from", "2024-01-15", "--to", "2024-01-19", "--policy", "never")
        project.fails(3, "streams.reviews.ask is not exported yet", "models", "export", "refund", "--output",
                      str(project.folder / "refund.mw"))


def test_a_label_hangs_on_what_may_drop_it():
    """Without naming an answer itself."""
    for field, is_proved in (("length(text)", True), ("mood", False), ("length + shop_mood", False)):
        with Reviews() as project:
            project.change("next 2d)", f"next 2d) unless {field} > 1000")
            project.ok("ingest")
            why = ("features", "why", project.reviews[200]["review"], "label")
            told = project.ok(*why, "--json").json()
            assert (told["value"] is not None, told["proved_exact"]) == (True, is_proved), (field, told)
            marked = "what the process sentiment answered is not proved exact\n" in project.ok(*why).out
            assert marked != is_proved, field


def test_a_worker_that_is_killed_in_the_middle():
    with Reviews() as project:
        flag = project.folder / "killed"
        replace_worker(project, f"""if batches == 4 and not os.path.exists({str(flag)!r}):
            open({str(flag)!r}, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        moods = [float(len(text)) for text in texts]""")
        told = project.ok("ingest", "--json").json()
        assert flag.exists() and (told["answered"], told["unanswered"]) == (1500, 0), told
        assert project.moods() == {row["review"]: float(len(row["text"])) for row in project.reviews}


def test_no_answer_in_time():
    with Reviews(PROJECT.replace("timeout: 5s", "timeout: 2s")) as project:
        flag = project.folder / "slow"
        replace_worker(project, f"""if batches == 3 and not os.path.exists({str(flag)!r}):
            open({str(flag)!r}, "w").close()
            time.sleep(100)
        moods = [1.0 for text in texts]""")
        done = project.ok("ingest")
        assert "Of 1500 values that processes were asked for 256 were not answered" in done.out, done.out
        assert "did not answer within 2000 ms" in done.out, done.out
        moods = list(project.moods().values())
        assert (moods.count(None), moods.count(1.0)) == (256, 1500 - 256)


def test_nothing_is_taken_without_answers():
    with Reviews() as project:
        (project.folder / "sentiment.py").unlink()
        project.fails(4, "process sentiment: it ended with exit code 2", "ingest")
        assert workers(project) == 0
    with Reviews() as project:
        generate(project.folder, count=20)  # which the fallback could stand in for
        (project.folder / "sentiment.py").unlink()
        for command in ("check", "ingest"):
            project.fails(4, "process sentiment: it ended with exit code 2", command)
        assert not list(project.folder.glob(".millwright/lake/**/*.parquet")) and workers(project) == 0
    with Reviews(PROJECT.replace(sys.executable, "/no/such/python")) as project:
        project.fails(4, "process sentiment: it cannot be started: /no/such/python", "ingest")
    with Reviews(PROJECT.replace("fallback: missing", "fallback: refuse")) as project:
        replace_worker(project, "moods = [1.0]")
        project.fails(3, "process sentiment: it must answer 0 rows, got 1", "ingest")
        assert workers(project) == 0
    with Reviews(PROJECT.replace("sentiment(text)", "sentimen(text)")) as project:
        project.fails(3, "there is no process sentimen", "check")


def review(name, text, minute=0):
    return {"review": name, "shop": "s1", "text": text, "at": f"2024-02-01T00:{30 + minute}:00Z"}


def asked_counts(port):
    """What /metrics says of the field: values by outcome, and those in whose place the fallback stands."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    counts = {}
    for line in connection.getresponse().read().decode().splitlines():
        if line.startswith("millwright_asked_"):
            assert 'stream="reviews",field="mood",process="sentiment"' in line, line
            outcome = line.split('outcome="')[1].split('"')[0] if "outcome" in line else "fallbacks"
            counts[outcome] = int(line.split()[-1])
    return counts


def test_the_server_asks_beside_its_loop():
    with Reviews(PROJECT.replace("timeout: 5s", "timeout: 8s").replace("fallback: missing", "fallback: 0.25")) as project:
        project.ok("ingest")
        project.ok("train", "refund")
        replace_worker(project, """moods = [float(len(text)) + batches for text in texts]
        if "slow" in texts: time.sleep(2.5)
        if "never" in texts: time.sleep(100)
        if "end" in texts: os._exit(3)""")
        process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", "2024-02-01T01:00:00Z")

        def predict(row):
            status, answer = serving.call(port, "POST", "/v1/models/refund/predict", {"event": row})
            assert status == 200, answer
            return serving.call(port, "GET", f"/v1/predictions/{answer['id']}")[1], answer["id"]

        # What hangs on an answer is marked wherever it is shown.
        marked = ["mood", "shop_mood"]
        model = serving.call(port, "GET", "/v1/models/refund")[1]
        assert [one["name"] for one in model["features"] if not one["proved_exact"]] == marked, model
        assert serving.call(port, "GET", "/v1/streams")[1]["streams"][0]["asked"] == [
            {"name": "mood", "type": "number", "process": "sentiment", "proved_exact": False}]
        keyed = serving.call(port, "GET", "/v1/models/refund/features?shop=s1")[1]
        assert keyed["not_proved_exact"] == marked, keyed
        described = serving.call(port, "GET", "/openapi.json")[1]["components"]["schemas"]
        assert "mood: not proved exact" in described["stream.reviews"]["description"], described
        assert "description" not in described["stream.refunds"], described

        found, name = predict(review("a", "xx"))  # the worker's second batch, after the one without rows
        assert found["features"]["mood"] == 4 and found["not_proved_exact"] == marked, found
        assert predict(review("a", "xx"))[1] == name  # again: what was answered stands
        replayed = project.ok("predictions", "replay", name, "--json").json()
        assert replayed["differences"] == 0 and replayed["not_proved_exact"] == marked, replayed
        assert "not proved exact" in project.ok("predictions", "replay", name).out
        status, told = serving.call(port, "POST", "/v1/events/reviews",
                                    [review("b", "x", 1), review("a", "xx"), review("c", "xxx", 2), {"review": "d"}])
        assert status == 200 and (told["accepted"], told["repeats"], len(told["rejected"])) == (2, 1, 1), told
        status, told = serving.call(port, "POST", "/v1/events/reviews", review("b", "xxxx", 1))
        assert (status, told["corrections"]) == (200, 1), told

        lines = [json.dumps(review("a", "xx")), "{", json.dumps(review("i", "x", 9)), "{"]
        status, told = serving.call(port, "POST", "/v1/events/reviews", "\n".join(lines), "application/x-ndjson")
        assert status == 200 and (told["accepted"], told["repeats"]) == (1, 1), told
        assert [one["row"] for one in told["rejected"]] == [2, 4], told

        # Features of events are seen likewise, and what was answered for them is forgotten.
        for _ in range(2):
            status, seen = serving.call(port, "POST", "/v1/models/refund/features", {"event": review("s", "xx", 8)})
            assert status == 200 and seen["features"]["mood"] > 2 and seen["features"]["length"] == 2, seen
            assert seen["not_proved_exact"] == marked, seen
        rows = [review("s", "x" * (i + 1), 8) for i in range(300)] + [{"review": "t"}]
        status, seen = serving.call(port, "POST", "/v1/models/refund/features", {"events": rows})
        assert status == 200 and len(seen["rows"]) == 301 and seen["rows"][300]["row"] == 301, seen
        lengths = [row["features"]["length"] for row in seen["rows"][:300]]
        asked = [row["features"]["mood"] - row["features"]["length"] for row in seen["rows"][:300]]
        assert lengths == list(range(1, 301)) and set(asked) == {asked[0], asked[0] + 1}, (lengths, asked)

        # More rows than are asked for at a time (2^16), each of them once.
        before = asked_counts(port)["answered"]
        status, seen = serving.call(port, "POST", "/v1/models/refund/features",
                                    {"events": [review(f"m{i}", "x", 8) for i in range(66000)]})
        assert status == 200 and len(seen["rows"]) == 66000, seen
        assert asked_counts(port)["answered"] == before + 66000

        # While one request waits for its answers, others are served.
        waiting = threading.Thread(target=predict, args=(review("e", "slow", 3),))
        waiting.start()
        time.sleep(0.1)
        before = time.monotonic()
        assert serving.call(port, "GET", "/v1/models")[0] == 200
        assert time.monotonic() - before < 1.5 and waiting.is_alive()
        waiting.join()

        assert predict(review("f", "never", 4))[0]["features"]["mood"] == 0.25
        time.sleep(0.3)  # the pause after a failure
        assert predict(review("g", "end", 5))[0]["features"]["mood"] == 0.25
        time.sleep(0.5)
        assert predict(review("h", "x", 6))[0]["features"]["mood"] > 1
        counts = asked_counts(port)
        assert counts["answered"] > 66300 and (counts["timed_out"], counts["fallbacks"]) == (1, 2), counts
        assert counts["failed"] == 1, counts
        serving.stop(process)
        assert workers(project) == 0
        moods = project.moods()
        assert (moods["a"], moods["b"], moods["c"], moods["f"], moods["g"]) == (4, 8, 6, 0.25, 0.25), moods
        assert "agree in every bit" in project.ok("features", "verify").out
        drift = project.ok("monitor", "--json").json()["models"][0]["drift"]
        assert {one["feature"] for one in drift if not one["proved_exact"]} == set(marked), drift
    with Reviews(PROJECT.replace("timeout: 5s", "timeout: 60s")) as project:
        replace_worker(project, """moods = [1.0 for text in texts]
        if "never" in texts: time.sleep(100)""")
        project.ok("ingest")
        process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", "2024-02-01T01:00:00Z")
        gone = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        gone.request("POST", "/v1/events/reviews", json.dumps(review("a", "never")))
        time.sleep(0.5)
        gone.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()  # resets the connection: nobody waits for it, and so does a stop not
        begun = time.monotonic()
        serving.stop(process)
        assert time.monotonic() - begun < 9 and workers(project) == 0
    with Reviews() as project:
        project.ok("ingest")
        (project.folder / "sentiment.py").write_text("raise SystemExit(9)")
        project.fails(4, "process sentiment: it ended with exit code 9", "serve", "--listen", "127.0.0.1:0", timeout=30)


def test_what_hangs_goes_with_the_server():
    with Reviews(PROJECT.replace("timeout: 5s", "timeout: 60s")) as project:
        project.ok("ingest")
        replace_worker(project, """moods = [1.0 for text in texts]
        if "never" in texts:
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(number, signal.SIG_IGN)
            os.fork()
            while True: time.sleep(100)""")
        process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", "2024-02-01T01:00:00Z")
        hung = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        hung.request("POST", "/v1/events/reviews", json.dumps(review("a", "never")))
        until(lambda: workers(project) == 2)  # the worker and its child
        process.kill()
        process.wait()
        until(lambda: workers(project) == 0)


if __name__ == "__main__":
    shop.main(globals())
