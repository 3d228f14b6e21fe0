"""`features verify` beside a busy server finds no difference."""
import threading
import time

import serving
from shop import PROJECT, START, Shop, main, stamp, timedelta

CLOCK = START + timedelta(days=60)


def predict(port, number, at=CLOCK):
    order = {"order_id": f"new{number}", "placed": stamp(at), "shop": "abcde"[number % 5], "amount": 3 + number % 50}
    status, answer = serving.call(port, "POST", "/v1/models/returned/predict", {"event": order})
    assert status == 200, answer


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it has not come about"
        time.sleep(0.1)
    return found


def test_verify_beside_a_busy_server():
    with Shop(PROJECT) as project:
        project.ok("ingest")
        project.ok("train")
        process, port = serving.start(project.folder, "--listen", "127.0.0.1:0", "--clock", stamp(CLOCK))
        is_over, asked = threading.Event(), []

        def ask():
            while not is_over.is_set():
                predict(port, len(asked))
                asked.append(None)
        client = threading.Thread(target=ask)
        client.start()
        try:
            wait_for(lambda: len(asked) > 100)
            for _ in range(3):
                verified = project.ok("features", "verify", "--sample", "100", "--json").json()
                assert verified["differences"] == 0 and verified["recorded"] >= 100, verified
        finally:
            is_over.set()
            client.join()
            serving.stop(process)


if __name__ == "__main__":
    main(globals())
