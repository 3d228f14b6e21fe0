#!/bin/bash
# Requests with an Idempotency-Key over 200 kills, where `make test` does it over 10.
export MW_KILLS=200
exec "${MILLWRIGHT_PYTHON:-python3}" "$(dirname "$0")/../fault/serve_twice_test.py"
