# Every target works from a bare clone: it makes .venv with Python 3.11 or newer and installs from PyPI.
# The stamps inside .venv record what is installed, so nothing is installed twice.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= scenarios/smart_customer_service.toml
OUT ?= results/$(basename $(notdir $(SCENARIO)))
PYTEST_FLAGS ?= -q -n auto --dist loadfile
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

# The first of these that is Python 3.11 or newer; override with make PYTHON=/path/to/python.
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,\
  $(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(name))))

.PHONY: help run test lint format bench verification schema sheet docs screenshots clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

run: $(VENV)/installed ## install, run SCENARIO and leave its result files in OUT
	@$(BIN)/simengine run $(SCENARIO) --out $(OUT) --force

test: $(VENV)/installed-dev ## run all tests
	@$(BIN)/python -m pytest $(PYTEST_FLAGS)

lint: $(VENV)/installed-dev ## style, formatting, strict types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/installed-dev ## format the code and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/installed-dev ## measure against NumPy in the same run; writes benchmarks/results/
	@$(BIN)/python benchmarks/run.py $(BENCH_FLAGS)

verification: $(VENV)/installed-dev ## reproducibility matrix, coverage, stopping, gain of samplers; an hour
	@cd benchmarks && ../$(BIN)/python reproducibility.py
	@cd benchmarks && ../$(BIN)/python sampling.py
	@cd benchmarks && ../$(BIN)/python interval_coverage.py
	@cd benchmarks && ../$(BIN)/python stopping.py

schema: $(VENV)/installed-dev ## write the JSON Schema of the scenario language again
	@$(BIN)/simengine schema > simengine/scenario/simengine.schema.json.new
	@mv simengine/scenario/simengine.schema.json.new simengine/scenario/simengine.schema.json

sheet: run ## leave my-sheet.xlsx in OUT, an example of a workbook that links to the result
	@$(BIN)/python docs/linked_sheet.py $(OUT) $(OUT)/my-sheet.xlsx

docs: $(VENV)/installed-dev ## write the generated parts of README and docs again
	@$(BIN)/python docs/update.py

screenshots: $(VENV)/installed ## pictures of report and workbook for docs/; needs Chromium, LibreOffice, pdftoppm
	@$(BIN)/python docs/screenshots.py

clean: ## remove everything that can be made again; results stay
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find simengine tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then echo "simengine needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python" >&2; exit 1; fi
	@echo "making $(VENV) with $(PYTHON)" >&2
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/installed: pyproject.toml $(BIN)/python
	@echo "installing simengine and its dependencies into $(VENV) (once; about half a minute)" >&2
	@$(PIP) install --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml $(BIN)/python
	@echo "installing simengine and its development tools into $(VENV) (once; about half a minute)" >&2
	@$(PIP) install --editable '.[dev,distributed]'
	@touch $(VENV)/installed $@
