#!/bin/bash
# The server killed 200 times under load, where `make test` does it 20 times.
export MW_KILLS=200
exec "${MILLWRIGHT_PYTHON:-python3}" "$(dirname "$0")/../fault/serve_kill_test.py"
