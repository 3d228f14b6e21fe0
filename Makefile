# Millwright: one word a task. `make help` lists them; CMakeLists.txt says what is built.
.DEFAULT_GOAL := all
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 5
configure = cmake -S . -G Ninja

all: build/build.ninja ## build build/millwright (release)
	@ninja -C build -j $(JOBS)

setup: ## install what is missing; without network when nothing is
	@scripts/setup

build/build.ninja: | setup
	@$(configure) -B build
build/asan/build.ninja: | setup
	@$(configure) -B build/asan -DMW_SANITIZE=address,undefined
build/clang/build.ninja: | setup
	@CC=clang $(configure) -B build/clang
build/fuzz/build.ninja: | setup
	@CC=clang $(configure) -B build/fuzz -DMW_FUZZ=ON -DMW_SANITIZE=address,undefined

clean: ## remove all that was built (never the cache of packages)
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | column -t -s '|'

.PHONY: all setup clean help
