# `make run` does the main job, `make test` tests the harness. Both set up all they need in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PYTEST := $(BIN)/python -m pytest
BOARD ?= host
REPORT ?= reports/latest
# Of `make firmware`: what runs the models (tflm, loopback), for which board (pico, pico_w, pico2), and whether the verbs
# that break the board on purpose are in it. LSTM=cmsis_nn takes CMSIS-NN's, which forgets its state. CMAKE_ARGS takes
# further settings.
ENGINE ?= tflm
PICO_BOARD ?= pico
TEST_VERBS ?=
LSTM ?= reference
FIRMWARE := build/firmware/$(PICO_BOARD)-$(ENGINE)$(if $(TEST_VERBS),-test)$(if $(filter cmsis_nn,$(LSTM)),-cmsis_nn)

.PHONY: help run test firmware firmware-test test-images bench lint types models clean

help:
	@echo "make run     run test_cases/ on a board (BOARD=host), with a report in $(REPORT)"
	@echo "make test    the harness's own tests"
	@echo "make firmware   build/firmware/pico-tflm/tflm_bench.uf2 (ENGINE=loopback: without TFLM; PICO_BOARD=pico_w, pico2)"
	@echo "make firmware-test   the firmware's portable part, with sanitizers, and against the harness"
	@echo "make test-images   build/test-images/: small images that are not ours, for tests of run-uf2"
	@echo "make bench   the harness's own speed, as ratios"
	@echo "make lint    ruff"
	@echo "make types   mypy"
	@echo "make models  train and write the example models again"
	@echo "make clean   remove what was made"

run: $(READY)
	$(PYTEST) test_cases --board $(BOARD) --report-dir $(REPORT) --junitxml $(REPORT)/junit.xml $(ARGS)
	@echo "also: $(REPORT)/junit.xml, $(REPORT)/run.json, $(REPORT)/logs/"

test: $(READY)
	$(PYTEST) tests --ignore tests/firmware --ignore tests/tflm_firmware --ignore tests/devices --ignore tests/virtual_usb \
	  --ignore tests/integration/pico --ignore tests/third_party_image --ignore tests/browser --ignore tests/nightly \
	  -n auto $(ARGS)
	$(PYTEST) tests/devices -m "not emulated" -n auto $(ARGS)
	$(PYTEST) tests/nightly -m "not emulated" -n auto --dist loadgroup $(ARGS)
	$(PYTEST) tests/browser $(ARGS)

firmware: $(READY)
	@command -v cmake >/dev/null && command -v arm-none-eabi-g++ >/dev/null || { echo "a cross compiler and cmake expected; on \
	Debian: apt install cmake ninja-build ccache gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib"; exit 1; }
	cmake -S pico_firmware -B $(FIRMWARE) $(if $(shell command -v ninja),-G Ninja) -D PICO_BOARD=$(PICO_BOARD) \
	  -D TFLM_HIL_ENGINE=$(ENGINE) -D Python3_EXECUTABLE=$(CURDIR)/$(BIN)/python \
	  $(if $(TEST_VERBS),-D TFLM_HIL_TEST_VERBS=ON) $(if $(filter tflm,$(ENGINE)),-D TFLM_HIL_LSTM=$(LSTM)) $(CMAKE_ARGS)
	cmake --build $(FIRMWARE) --parallel
	@touch $(FIRMWARE)/tflm_bench.uf2
	@echo "firmware: $(FIRMWARE)/tflm_bench.uf2"

firmware-test: $(READY)
	$(PYTEST) tests/firmware $(ARGS)
	$(PYTEST) tests/devices -m emulated -n auto $(ARGS)
	$(PYTEST) tests/third_party_image $(ARGS)
	$(PYTEST) tests/virtual_usb tests/integration/pico -n auto $(ARGS)
	$(PYTEST) tests/tflm_firmware $(ARGS)

test-images: $(READY)
	cmake -S tests/third_party_image -B build/test-images $(if $(shell command -v ninja),-G Ninja) -D PICO_BOARD=pico \
	  -D Python3_EXECUTABLE=$(CURDIR)/$(BIN)/python $(CMAKE_ARGS)
	cmake --build build/test-images --parallel

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
