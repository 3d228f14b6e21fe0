#!/bin/bash
# 100 random projects in production, where `make test` has 8.
export MW_WORLDS=100
exec "${MILLWRIGHT_PYTHON:-python3}" "$(dirname "$0")/../e2e/random_serving_test.py"
