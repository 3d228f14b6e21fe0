#!/bin/bash
# All phases of schemathesis, where `make test` leaves out the one that walks through every corner of the schemas.
exec "${MILLWRIGHT_PYTHON:-python3}" "$(dirname "$0")/../e2e/serve_schemathesis_test.py" examples,coverage,fuzzing,stateful 20
