"""400 MB of events in, twice 200, and 100 MB of predictions out, each in a few megabytes of memory; and the rest of
tests/e2e/serve_streams_test.py."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import serve_streams_test  # noqa: E402

serve_streams_test.main(in_megabytes=200, out_megabytes=100)
