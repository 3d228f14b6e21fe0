#!/bin/bash
# 200 random projects against DuckDB, where `make test` has 15.
export MW_WORLDS=200
exec "${MILLWRIGHT_PYTHON:-python3}" "$(dirname "$0")/../e2e/random_sql_test.py"
