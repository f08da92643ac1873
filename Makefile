# make run: the app. make test: every test. Nothing but Python 3.11 or later is needed before.

VENV := .venv
BIN := $(VENV)/bin
# The newest Python that really runs (a pyenv shim may not) and that TensorFlow has wheels for.
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: run test bench lint format clean

run: $(VENV)/installed
	$(BIN)/python -m app

test: $(VENV)/installed-test
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(VENV)/installed-test
	$(BIN)/python -m tests.benchmark

lint: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build .cache .pytest_cache .ruff_cache .mypy_cache

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/installed-test: requirements-test.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	touch $@

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; none was found."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	echo "This Python cannot make an environment: on Debian, apt-get install python3-venv."; exit 1; }
