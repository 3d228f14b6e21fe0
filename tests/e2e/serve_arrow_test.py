"""Events as an Arrow stream are what they are as JSON: the same rows taken, refused, repeated and corrected, the same
features afterwards; what is no whole stream of the stream's columns is refused whole."""
import datetime
import http.client
import json
import tempfile

import pyarrow

from serving import call, prepare, start, stop

ARROW = "application/vnd.apache.arrow.stream"
AT = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(minutes=1)


def rows(prefix):
    """New ones, a repeat, a correction, and one that breaks a check."""
    made = [{"number": f"{prefix}{i}", "shop": "north south".split()[i % 2], "amount": i / 4} for i in range(50)]
    return [*made, made[3], {**made[7], "amount": 99.5}, {"number": f"{prefix}x", "shop": "east", "amount": 1.0}]


def stream(made, **columns):
    """With a dictionary, a large text, a timestamp in ms, in batches of 20 rows."""
    arrays = {"shop": pyarrow.array([row["shop"] for row in made]).dictionary_encode(),
              "number": pyarrow.array([row["number"] for row in made], pyarrow.large_string()),
              "amount": pyarrow.array([row["amount"] for row in made]),
              "at": pyarrow.array([AT] * len(made), pyarrow.timestamp("ms", "UTC")), **columns}
    table = pyarrow.table(arrays)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=20)
    return sink.getvalue().to_pybytes()


def send(port, body, path="/v1/events/orders"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", path, body, {"Content-Type": ARROW})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def busy(port, shop):
    status, seen = call(port, "GET", f"/v1/models/big/features?shop={shop}")
    assert status == 200, seen
    return seen["features"]["busy"]


def check_same(port):
    before = [busy(port, shop) for shop in ("north", "south")]
    status, as_json = call(port, "POST", "/v1/events/orders", [{**row, "at": AT.isoformat()} for row in rows("j")])
    assert status == 200 and (as_json["accepted"], as_json["repeats"], as_json["corrections"]) == (50, 1, 1), as_json
    grown = [busy(port, shop) for shop in ("north", "south")]
    status, as_arrow = send(port, stream(rows("a")))
    assert (status, as_arrow) == (200, as_json), as_arrow
    again = [busy(port, shop) for shop in ("north", "south")]
    assert [b - a for a, b in zip(before, grown)] == [b - a for a, b in zip(grown, again)] == [25, 25]


def check_refused(port):
    good = stream(rows("r"))
    for body, code, says in ((good[:-100], 400, "body: "), (b"", 400, "body: must be a whole Arrow stream"), (good + b"x", 400, "body: "),
                             (b"ARROW1\0\0" + good, 400, ""), (stream(rows("r"), shpo=pyarrow.array([1] * 53)), 422, "shpo: stream orders has no such column")):
        status, answer = send(port, body)
        assert status == code and answer["detail"].startswith(says), (status, answer)
    status, answer = send(port, good, "/v1/models/big/predict")
    assert status == 415, answer
    wrong = stream(rows("r")[:2], amount=pyarrow.array(["much", "4.5"]))
    status, answer = send(port, wrong)
    assert status == 200 and answer["accepted"] == 1 and answer["rejected"][0]["row"] == 1, answer
    assert answer["rejected"][0]["reason"].startswith("amount: "), answer


def main(folder):
    prepare(folder)
    process, port = start(folder, "--listen", "127.0.0.1:0")
    check_same(port)
    check_refused(port)
    stop(process)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
