"""/openapi.json is OpenAPI 3.1 to the letter, and true: each operation is called, well and wrongly, and each
answer's code, type and body are what the description says; a body that the description refuses is refused."""
import http.client
import json
import tempfile
import time

import jsonschema
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from serving import fresh_order, order, prepare, run, start, stop, write_project


def absolute(schema):
    """The schema with its references into the whole description."""
    return json.loads(json.dumps(schema).replace('"#/components', '"api:#/components'))


class Description:
    def __init__(self, port):
        self.port = port
        self.text = json.loads(self.request("GET", "/openapi.json")[2])
        registry = Registry().with_resource("api:", Resource(self.text, DRAFT202012))
        self.validator = lambda schema: jsonschema.Draft202012Validator(absolute(schema), registry=registry)
        self.called = set()

    def request(self, method, path, body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()

    def resolve(self, value):
        while "$ref" in value:
            reference = value["$ref"].split("/")[1:]
            value = self.text
            for key in reference:
                value = value[key]
        return value

    def call(self, method, pattern, code, body=None, query="", **parameters):
        """Calls the operation; the answer must be of this code and as it is described."""
        operation = self.text["paths"][pattern][method.lower()]
        if code == 200:
            self.called.add(operation["operationId"])
        if body is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            fits = self.validator(schema).is_valid(body)
            assert fits or code != 200, (pattern, body)
        path = pattern.format(**parameters) + query
        sent = None if body is None else json.dumps(body)
        status, kind, text = self.request(method, path, sent)
        for _ in range(100):  # another process may write to the catalog for a moment
            if status != 503 or code == 503:
                break
            time.sleep(0.05)
            status, kind, text = self.request(method, path, sent)
        assert status == code, (method, path, body, status, text)
        described = self.resolve(operation["responses"].get(str(status), operation["responses"]["default"]))
        media = kind.split(";")[0]
        assert media in described["content"], (path, kind)
        schema = described["content"][media]["schema"]
        value = json.loads(text) if media.endswith("json") else text.decode()
        self.validator(schema).validate(value)
        return value


def call_all(described, second):
    predict, events = "/v1/models/{model}/predict", "/v1/events/{stream}"
    made = described.call("POST", predict, 200, {"event": fresh_order("n1")}, model="big")
    described.call("POST", predict, 200, {"events": [fresh_order("n2"), {"amount": 5}]}, model="big")
    described.call("POST", predict, 200, {"event": fresh_order("n3"), "record": False}, model="big")
    explained = described.call("POST", predict, 200, {"event": fresh_order("n3"), "record": False, "explain": True}, model="big")
    assert explained["why"], explained
    described.call("POST", predict, 422, {"event": 5}, model="big")
    described.call("POST", predict, 422, {"event": order("n4", amonut=5)}, model="big")
    described.call("POST", predict, 404, {"event": order("n4")}, model="bug")
    for body in ({"event": order("n4"), "recrod": False}, {"events": [], "event": order("n4")}):
        assert 'body: has no "' in described.call("POST", predict, 422, body, model="big")["detail"]
    features = "/v1/models/{model}/features"
    described.call("POST", features, 200, {"event": fresh_order("n5")}, model="big")
    described.call("POST", features, 200, {"events": [fresh_order("n5"), {"amount": 5}]}, model="big")
    described.call("POST", features, 422, {}, model="big")
    described.call("POST", features, 422, {"event": fresh_order("n5"), "record": True}, model="big")
    assert described.call("GET", features, 200, query="?shop=north", model="big")["lacks"] == {"amount": ["amount"]}
    described.call("GET", features, 422, query="?shpo=north", model="big")
    for body in (order("e1"), [order("e2", number=17)], {"events": [order("e3"), order("e4", shop=None)]}):
        described.call("POST", events, 200, body, stream="orders")
    described.call("POST", events, 404, order("e1"), stream="order")
    described.call("POST", events, 422, {"events": [order("e5")], "record": True}, stream="orders")
    shown = described.call("GET", "/v1/predictions/{id}", 200, id=made["id"])
    assert shown["prediction"] == made["prediction"] and "why" not in shown
    shown = described.call("GET", "/v1/predictions/{id}", 200, query="?explain=true", id=made["id"])
    assert shown["why"]["reasons"], shown
    described.call("GET", "/v1/predictions/{id}", 422, query="?explian=true", id=made["id"])
    described.call("GET", "/v1/predictions/{id}", 404, id="p0")
    described.call("GET", "/v1/predictions", 200, query="?event=n1")
    described.call("GET", "/v1/predictions", 422)
    described.call("GET", "/v1/predictions", 422, query="?event=n1&event=n2")
    described.call("GET", "/v1/predictions", 422, query="?event=n1&modle=big")
    described.call("GET", "/v1/models/{model}", 200, model="big")
    described.call("GET", "/v1/models/{model}", 404, model="bug")
    first = described.call("GET", "/v1/models/{model}", 200, model="big")["version"]
    promote, rollback = "/v1/models/{model}/promote", "/v1/models/{model}/rollback"
    changed = described.call("POST", promote, 200, {"version": second[:6], "why": "a test"}, model="big")
    assert changed == {"model": "big", "champion": second, "replaced": first, "answers": True}, changed
    listed = described.call("GET", "/v1/models/{model}/versions", 200, model="big")["versions"]
    assert [(one["version"], one["stage"]) for one in listed] == [(second, "champion"), (first, "retired")], listed
    described.call("GET", "/v1/models/{model}/versions", 404, model="bug")
    described.call("POST", promote, 404, {"version": "none"}, model="big")
    described.call("POST", promote, 422, {}, model="big")
    hinted = described.call("POST", promote, 422, {"version": second, "whey": "a test"}, model="big")
    assert hinted["hint"] == "Did you mean why?", hinted
    described.call("POST", rollback, 422, {"version": second}, model="big")
    assert described.call("POST", rollback, 200, {}, model="big")["champion"] == first
    described.call("POST", "/v1/clock", 409, {"now": "2030-01-01T00:00:00Z"})
    for path in ("/v1/models", "/v1/streams", "/healthz", "/readyz", "/metrics", "/openapi.json"):
        described.call("GET", path, 200)


def main(folder):
    prepare(folder)
    second = json.loads(run(folder, "train", "--seed", "2", "--json").stdout)["version"]
    process, port = start(folder, "--listen", "127.0.0.1:0")
    described = Description(port)
    OpenAPIV31SpecValidator(described.text).validate()
    assert described.text["info"]["title"] == "shop"
    call_all(described, second)
    stop(process)
    with tempfile.TemporaryDirectory() as other:
        write_project(other)
        assert run(other, "ingest").returncode == 0
        process, described.port = start(other, "--listen", "127.0.0.1:0", "--clock", "2024-03-01T00:00:00Z")
        described.call("POST", "/v1/clock", 200, {"now": "2024-03-02T00:00:00Z"})
        described.call("POST", "/v1/clock", 422, {"now": "yesterday"})
        described.call("POST", "/v1/clock", 422, {"now": "2024-03-03T00:00:00Z", "speed": 2})
        stop(process)
    operations = {one["operationId"] for path in described.text["paths"].values() for one in path.values()}
    assert described.called == operations, operations - described.called
    print(f"{len(operations)} operations are as described")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(temporary)
