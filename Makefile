# Millwright: one word a task. `make help` lists them; CMakeLists.txt says what is built and
# scripts/check runs what is checked. CONTRIBUTING.md tells more.
.DEFAULT_GOAL := all
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
export FUZZ_SECONDS ?= 5

all: build/build.ninja ## the program: build/millwright (release)
	@ninja -C build -j $(JOBS) millwright millwright_a millwright_so

demo: build/build.ninja ## the whole loop on a year of real flights
	@ninja -C build -j $(JOBS) millwright
	@scripts/demo

check: build/build.ninja ## the fast loop: tidy, release build, unit tests
	@scripts/check tidy unit

test: build/build.ninja build/clang/build.ninja python ## everything that must hold before a push
	@scripts/check tidy unit e2e asan fuzz

asan: build/clang/build.ninja ## unit tests under address and undefined sanitizers
	@scripts/check asan

fuzz: build/clang/build.ninja ## each fuzzer for FUZZ_SECONDS (5)
	@scripts/check fuzz

soak: build/build.ninja build/clang/build.ninja build/tsan/build.ninja python ## the long checks
	@scripts/setup --soak
	@FUZZ_SECONDS=120 scripts/check tsan asan-e2e soak fuzz

bench: build/build.ninja python ## our figures beside our peers'
	@scripts/check bench

tidy: ## the rules of the tree: layers, sizes, names, tests, banned functions
	@scripts/tidy

format: ## clang-format on all of src/
	@clang-format -i $$(git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]')

install: all ## into PREFIX (/usr/local)
	@cmake --install build --prefix $(PREFIX)

clean: ## remove what was built; the cache of packages stays
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  \1|/p' Makefile | column -t -s '|'

setup:
	@scripts/setup
python:
	@scripts/setup --python

build/build.ninja: | setup
	@cmake -S . -G Ninja -B build
build/clang/build.ninja: | setup
	@cmake -S . -G Ninja -B build/clang -DCMAKE_C_COMPILER=clang -DMW_SANITIZE=address,undefined,fuzzer-no-link
build/tsan/build.ninja: | setup
	@cmake -S . -G Ninja -B build/tsan -DCMAKE_C_COMPILER=clang -DMW_SANITIZE=thread

.PHONY: all demo check test asan fuzz soak bench tidy format install clean help setup python
