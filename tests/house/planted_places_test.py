"""What tests/soak/planted_skews_test.py plants has its place in the sources: whoever moves the code learns it here,
not from a soak weeks later."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "soak"))
import planted_skews_test  # noqa: E402: its folder stands in no path

if __name__ == "__main__":
    planted_skews_test.check_lines()
