# make run: the app. make test: every test. Nothing but Python 3.11 or later is needed before.

VENV := .venv
BIN := $(VENV)/bin
# Python compiles what it imports; pip would compile everything.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check
# The newest Python that really runs (a pyenv shim may not), that can make an environment (Debian
# keeps that in a package of its own) and that TensorFlow has wheels for.
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: run test bench lint format audit space clean

run: $(VENV)/installed
	$(BIN)/python -m app

test: lint
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/browser
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/browser

bench: $(VENV)/installed-test
	$(BIN)/python -m tests.benchmark

lint: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.audit

audit: $(VENV)/installed-test
	$(BIN)/python -m tests.audit --strict

format: $(VENV)/installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# What a Hugging Face Space is given, and nothing else: the files of the last commit.
SPACE ?= build/space
space:
	rm -rf $(SPACE) && mkdir -p $(SPACE)
	git archive HEAD app assets models requirements.txt README.md LICENSE | tar -x -C $(SPACE)

clean:
	rm -rf $(VENV) build .cache .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(VENV)/installed: requirements.txt $(BIN)/python
	$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/installed-test: requirements-test.txt requirements-cluster.txt requirements-mcp.txt requirements-training.txt $(VENV)/installed
	$(INSTALL) -r requirements-test.txt
	@touch $@

# Made anew where it is missing or its Python is gone. A failure leaves none, half or whole. The pip
# that comes with Python 3.11 searches for minutes where a newer one takes seconds.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with its venv module is needed" \
	"(on Debian: apt-get install python3 python3-venv); none was found."; exit 1; }
	$(PYTHON) -m venv --clear $(VENV) && $(INSTALL) --upgrade pip || { rm -rf $(VENV); exit 1; }
