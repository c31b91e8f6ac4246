# The two commands: `make run` and `make test`. Both set up what they need, and work again the second time.

VENV    ?= .venv
PORT    ?= 8000
DATA_DIR ?= var
BIN      = $(VENV)/bin

# The first of these that is a Python 3.11, 3.12 or 3.13; PYTHON=/path/to/python chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)

.PHONY: run run-distributed test test-long test-distributed check bench install install-dev format golden docs lock clean help

help:            ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1\t/' | expand -t 20

run: install     ## set up and start everything, embedded, on http://127.0.0.1:$(PORT) (PORT=, DATA_DIR=)
	@PORT="$(PORT)" DATA_DIR="$(DATA_DIR)" exec $(BIN)/forgetmenot serve --with-history

run-distributed: install ## the same, every part a process of its own, on RabbitMQ and PostgreSQL (AMQP_URL=, READ_MODELS_URL=, or private ones)
	@PORT="$(PORT)" DATA_DIR="$(DATA_DIR)" exec $(BIN)/forgetmenot serve --distributed --with-history

test: install-dev ## set up and run the tests
	@echo "Running the tests (some minutes; 'make test-long' runs the slow ones)"
	@$(BIN)/python -m pytest -m "not long" -n 2 --dist loadgroup

test-long: install-dev ## the slow tests
	@$(BIN)/python -m pytest -m long

test-distributed: install-dev ## the acceptance suite on the distributed topology (some minutes)
	@FORGETMENOT_TOPOLOGY=distributed $(BIN)/python -m pytest tests/acceptance

check: install-dev ## style, types, boundaries, generated documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m services.gateway.catalogue --check

bench: install-dev ## the figures, each beside its peer or its limit, in a table and as JSON in bench-results/
	@$(BIN)/python -m tests.bench

install: $(VENV)/.installed-run ## the set-up alone: $(VENV) with the `forgetmenot` command

install-dev: $(VENV)/.installed-dev ## the set-up for development

format: install-dev
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

golden: install-dev ## write schemas and samples of new event versions (never changes an old one)
	@$(BIN)/python -m tests.golden.record

docs: install-dev ## write the API and event catalogue anew from the code
	@$(BIN)/python -m services.gateway.catalogue --write

lock: install-dev ## resolve the dependencies anew
	@$(BIN)/pip install -q uv
	@for extra in "" "-dev"; do \
		$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate \
		--no-emit-index-url $$( [ -z "$$extra" ] || echo --extra dev --extra bench ) \
		pyproject.toml -o requirements$$extra.txt; done

clean:
	@rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "Forget-me-not needs Python 3.11, 3.12 or 3.13: install one, or name it with PYTHON=/path/to/python." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13: name one with PYTHON=/path/to/python." >&2; exit 1; }
	@echo "Setting up in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: on Debian, apt-get install python3-venv." >&2; exit 1; }

$(VENV)/.installed-run: $(VENV)/bin/python requirements.txt pyproject.toml
	@[ -f $(VENV)/.installed-dev ] && [ $(VENV)/.installed-dev -nt requirements.txt ] || { \
		echo "Installing what it runs on (once; a minute or more)"; \
		$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt; }
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python requirements-dev.txt pyproject.toml
	@echo "Installing what it runs on, and what its tests need (once; some minutes)"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
