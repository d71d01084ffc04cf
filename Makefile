# `make run` does the main job, `make test` tests the harness. Both set up all they need in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PYTEST := $(BIN)/python -m pytest
BOARD ?= host
REPORT ?= reports/latest

.PHONY: help run test firmware-test bench lint types models clean

help:
	@echo "make run     run test_cases/ on a board (BOARD=host), with a report in $(REPORT)"
	@echo "make test    the harness's own tests"
	@echo "make firmware-test   the firmware's portable part, with sanitizers, and against the harness"
	@echo "make bench   the harness's own speed, as ratios"
	@echo "make lint    ruff"
	@echo "make types   mypy"
	@echo "make models  train and write the example models again"
	@echo "make clean   remove what was made"

run: $(READY)
	$(PYTEST) test_cases --board $(BOARD) --report-dir $(REPORT) --junitxml $(REPORT)/junit.xml $(ARGS)
	@echo "report: $(REPORT)/junit.xml, logs: $(REPORT)/logs/"

test: $(READY)
	$(PYTEST) tests --ignore tests/firmware -n auto $(ARGS)

firmware-test: $(READY)
	$(PYTEST) tests/firmware $(ARGS)

bench: $(READY)
	$(PYTEST) benchmarks -q -s -p no:cacheprovider $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

models: $(READY)
	$(BIN)/python -m test_cases.training

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer expected, $$($(PYTHON) --version) came; try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

clean:
	rm -rf $(VENV) reports build *.egg-info .pytest_cache .mypy_cache .ruff_cache
