# The commands of this project; `make` alone lists them. Each installs what it needs, once.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

python := .venv/bin/python
project := .venv/.project
pure := tests/core tests/manifest tests/report tests/architecture
alone := tests/faults
side_by_side := --numprocesses 4 --dist loadfile
covered := reconciler/core/*,reconciler/manifest/*,reconciler/report/*
lock_options := --generate-hashes --allow-unsafe --strip-extras --quiet \
  --no-emit-find-links --no-emit-index-url --no-emit-trusted-host --no-emit-options

# $(call group,NAME,COMMAND): run one group of checks, and say which one failed.
group = printf '── %s\n' '$(1)'; $(2) || { printf '✗ %s failed\n' '$(1)' >&2; exit 1; }

.PHONY: help venv parts lint types imports check test fuzz bench demo lock clean

help:  ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

.venv/.requirements: .ci/requirements.txt .ci/venv.sh
	@.ci/venv.sh && touch $@

$(project): .venv/.requirements pyproject.toml
	@$(python) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . && touch $@

venv: $(project)  ## .venv with pinned, hashed packages and this project

parts: $(project)  ## real servers and a real model for tests and demo, into .parts
	@$(python) -m tests.parts.install

lint: $(project)
	@$(call group,ruff check,$(python) -m ruff check .)
	@$(call group,ruff format,$(python) -m ruff format --check .)

types: $(project)
	@$(call group,mypy --strict,$(python) -m mypy)

imports: $(project)
	@$(call group,import contracts,.venv/bin/lint-imports --no-cache --no-logo)

check: lint types imports  ## the fast half: lint, types, import contracts, tests without I/O
	@$(call group,pure tests,$(python) -m pytest $(pure))

test: parts lint types imports  ## everything, as CI runs it
	@$(call group,tests,$(python) -m pytest $(side_by_side) --ignore $(alone) --timeout=120 --cov --cov-report=)
	@$(call group,tests that want a machine for themselves,$(python) -m pytest $(alone) --timeout=120 \
	  --cov --cov-append --cov-fail-under=95)
	@table=$$($(python) -m coverage report --include '$(covered)' --fail-under 100) \
	  || { printf '%s\n✗ these rooms must be covered to the last branch\n' "$$table" >&2; exit 1; }

fuzz: $(project)  ## hostile manifests and GGUF headers, made by chance (SECONDS=60 for each of the two)
	@$(python) -m tests.fuzz $(or $(SECONDS),60)

bench: parts  ## us against what people do today, medians and ratios in one run (PARTS="starting noop", JSON=FILE, SAVE=1: into README.md)
	@$(python) -m tests.bench $(PARTS) $(if $(JSON),--json $(JSON)) $(if $(SAVE),--save)

demo: parts  ## the whole story on a real Ollama, in under two minutes
	@$(python) -m tests.demo

lock: $(project)  ## pin .ci/requirements.txt anew from pyproject.toml and .ci/requirements.in (UPGRADE=1: to the newest)
	@$(python) -m venv --without-pip .venv/lock
	@$(python) -m pip --python .venv/lock/bin/python install --quiet --disable-pip-version-check pip-tools
	@CUSTOM_COMPILE_COMMAND="make lock" .venv/lock/bin/pip-compile $(lock_options) $(if $(UPGRADE),--upgrade) \
	  --output-file .ci/requirements.txt pyproject.toml .ci/requirements.in

clean:  ## remove everything that the other commands made
	rm -rf .venv .parts dist build .coverage* .hypothesis .*_cache
