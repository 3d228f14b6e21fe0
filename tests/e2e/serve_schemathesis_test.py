"""schemathesis reads /openapi.json and tries what it describes, well and wrongly: no answer is a failure of the server,
and each one's code, type and body are among those described.

    serve_schemathesis_test.py [PHASES [EXAMPLES]]    the phases of schemathesis, and the examples of an operation in each

Models of all kinds are asked: a yes or no, a number, a class, and classes of the elements of a list.

Two of its checks are left out. That data against a schema be refused: rows are answered one by one, a refused one in a
list with 200. That data by a schema be accepted: a row may break a rule of the project that no schema tells."""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from serving import PROJECT, run, start, stop, write_project

SCHEMATHESIS = Path(os.environ["MILLWRIGHT_PYTHON"]).with_name("schemathesis")
MODELS = """\
  much:
    moment: on orders
    label: sum(orders.amount by shop over next 1d)
  which:
    moment: on orders
    label: case when max(orders.amount by shop over next 2h) > 25 then "dear" else "cheap" end
  each:
    moment: on lists each shops as shop
    label: case when any(orders by shop over next 1h) then "some" else "none" end
"""
LISTS = """\
  lists: {from: lists.ndjson, time: at, id: list}
features:
"""


def write_lists(folder):
    with open(f"{folder}/lists.ndjson", "w") as file:
        for i in range(200):
            at = f"2024-01-{i // 24 % 28 + 1:02}T{i % 24:02}:00:00Z"
            row = {"list": f"l{i}", "at": at, "amount": i % 7, "shops": ["north", "south", "west"][:i % 3 + 1]}
            file.write(json.dumps(row) + "\n")


def prepare(folder):
    write_project(folder)
    write_lists(folder)
    Path(folder, "millwright.yaml").write_text(PROJECT.replace("features:\n", LISTS) + MODELS)
    for words in (["ingest"], *(["train", model] for model in ("big", "much", "which", "each"))):
        done = run(folder, *words)
        assert done.returncode == 0, (words, done.stderr)


def main(folder, phases="fuzzing,stateful", examples="8"):
    prepare(folder)
    process, port = start(folder, "--listen", "127.0.0.1:0")
    Path(folder, "schemathesis.toml").write_text(  # or a machine that is busy for a millisecond would fail it
        '[parameters]\n"header.X-Request-Timeout-Ms" = "60000"\n')
    tried = subprocess.run(
        [SCHEMATHESIS, "run", f"http://127.0.0.1:{port}/openapi.json", "--no-color", "--checks", "all",
         "--exclude-checks", "negative_data_rejection,positive_data_acceptance", "--phases", phases,
         "--max-examples", examples, "--generation-deterministic",
         "--suppress-health-check", "too_slow"],  # which says how busy the machine is, not how the server answers
        cwd=folder, capture_output=True, text=True, timeout=900)
    said = tried.stdout + tried.stderr
    assert tried.returncode == 0, said
    assert "Tested: 16" in said, said
    print(re.search(r"\d+ generated, [^\n]*", said).group())
    stop(process)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary, *sys.argv[1:])
