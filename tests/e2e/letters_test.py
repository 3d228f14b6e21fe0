"""The table of letters is what its script makes of Unicode."""
import subprocess
import sys
from pathlib import Path

import shop


def test_table():
    made = subprocess.run([sys.executable, "scripts/letters.py"], capture_output=True, text=True, check=True).stdout
    assert made == Path("src/base/letters_table.inc").read_text()


if __name__ == "__main__":
    shop.main(globals())
