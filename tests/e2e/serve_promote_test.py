"""A version is promoted, and rolled back, while clients ask: no request is lost, and each answer
names the version that was champion and is all that version's: beside each change they are replayed."""
import datetime
import json
import tempfile
import threading
import time

from serving import call, order, run, start, stop, write_project


def train(folder, seed):
    done = run(folder, "train", "--seed", str(seed), "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)["version"]


class Client(threading.Thread):
    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.versions, self.answers, self.stopping, self.failure = port, [], [], False, None

    def run(self):
        count = 0
        while not self.stopping and not self.failure:
            count += 1
            now = datetime.datetime.now(datetime.timezone.utc).isoformat()
            status, answer = call(self.port, "POST", "/v1/models/big/predict",
                                  {"event": order(f"live {count}", at=now)})
            if status != 200:
                self.failure = answer
            else:
                self.answers.append(answer)
                self.versions.append(answer["version"])

    def wait_for(self, version):
        """Until an answer names this version: it was seen to be the champion."""
        deadline = time.monotonic() + 20
        while not (self.versions and self.versions[-1] == version):
            assert self.failure is None, self.failure
            assert time.monotonic() < deadline, f"no answer by {version}"
            time.sleep(0.002)


def check_beside_changes(folder, answers):
    """By the version that an answer names alone."""
    for i in range(1, len(answers)):
        if answers[i]["version"] == answers[i - 1]["version"]:
            continue
        for answer in answers[i - 1:i + 1]:
            again = json.loads(run(folder, "predictions", "replay", answer["id"], "--json").stdout)
            assert again["differences"] == 0 and again["version"] == answer["version"], again
            assert again["replayed"]["prediction"] == answer["prediction"], (again, answer)


def main(folder):
    write_project(folder)
    assert run(folder, "ingest").returncode == 0
    first, second = train(folder, 1), train(folder, 2)
    assert first != second
    process, port = start(folder, "--listen", "127.0.0.1:0")
    client = Client(port)
    client.start()
    client.wait_for(first)
    for words, champion, replaced in ((["promote", "big", second], second, first),
                                      (["rollback", "big"], first, second)):
        done = run(folder, "models", *words)
        assert done.returncode == 0, done
        assert done.stdout == f"{champion} is now the champion of big, in place of {replaced}\n", done
        status, answer = call(port, "GET", "/v1/models/big")
        assert status == 200 and answer["version"] == champion, (answer, champion)
        client.wait_for(champion)
    for path, body, champion, replaced in (
            ("promote", {"version": second, "why": "by a test"}, second, first),
            ("promote", {"version": second}, second, None),
            ("rollback", None, first, second)):
        status, answer = call(port, "POST", f"/v1/models/big/{path}", body)
        assert status == 200 and answer == {"model": "big", "champion": champion, "replaced": replaced, "answers": True}, answer
        client.wait_for(champion)
    rows = run(folder, "sql", "SELECT version, who, why FROM promotions ORDER BY time", "--json")
    audit = [tuple(one.values()) for one in json.loads(rows.stdout)]
    assert (second, "http", "by a test") in audit and (first, "http", "over HTTP") in audit, audit
    client.stopping = True
    client.join(20)
    assert client.failure is None, client.failure
    changes = [version for i, version in enumerate(client.versions)
               if i == 0 or version != client.versions[i - 1]]
    assert changes == [first, second, first, second, first], changes
    assert len({answer["id"] for answer in client.answers}) == len(client.answers)
    check_beside_changes(folder, client.answers)
    stop(process)
    print(f"{len(client.versions)} answers across four changes of champion")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
