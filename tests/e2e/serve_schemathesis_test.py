"""schemathesis reads /openapi.json and tries what it describes, well and wrongly: no answer is a failure of the server,
and each one's code, type and body are among those described.

    serve_schemathesis_test.py [PHASES [EXAMPLES]]    the phases of schemathesis, and the examples of an operation in each

Two of its checks are left out. That data against a schema be refused: rows are answered one by one, a refused one in a
list with 200. That data by a schema be accepted: a row may break a rule of the project that no schema tells."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from serving import prepare, start, stop

SCHEMATHESIS = Path(os.environ["MILLWRIGHT_PYTHON"]).with_name("schemathesis")


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
