# Every command of the project. `make` alone lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo serve test explore check lint proto bench clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[dev,bench]'
	@touch $@

demo: $(VENV)/.installed ## Screen a messy call file against an embedded server and show why
	$(BIN)/dncd demo

serve: $(VENV)/.installed ## Serve ./dncd-store on loopback
	$(BIN)/dncd serve --store dncd-store

test: $(VENV)/.installed ## Install what is needed and run all tests
	$(BIN)/pytest -n 2 --dist loadfile

explore: $(VENV)/.installed ## Look for a sequence of calls that the server and its model answer differently
	DNCD_EXAMPLES=exploring DNCD_MODEL_EXAMPLES=$${DNCD_MODEL_EXAMPLES:-100} $(BIN)/pytest -n 2 tests/model

check: lint test ## Everything that CI holds: style, types, arrows, protos, stubs, tests

lint: $(VENV)/.installed ## All of `make check` but the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python proto/generate.py --check

proto: $(VENV)/.installed ## Generate the stubs in client/donotcontact/v1 from proto/
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python proto/generate.py

bench: $(VENV)/.installed-bench ## Measure the budgets and write bench/results
	$(BIN)/python bench/run.py

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
