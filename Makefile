# Two commands: `make demo` and `make test`. Each sets up what it needs in .venv; nothing is installed elsewhere.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint clean

help:
	@echo "make demo   run the whole chain on the sample data and print where the report is"
	@echo "make test   run the tests"
	@echo "make lint   format, types, floors"
	@echo "make clean  remove the demo's run folder"

setup: $(READY)

# torch first and pinned: left to the resolver it may bring gigabytes of CUDA packages; lm-eval brings source packages, built apart
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "Qantara needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) (a minute or two, once)"
	@$(PIP) hatchling editables
	@$(PIP) torch
	@$(PIP) lm-eval
	@$(PIP) --no-build-isolation --editable ".[train,encoders,dev]"
	@touch $(READY)

demo: $(READY)
	@$(BIN)/qantara run recipes/demo.yaml

test: $(READY)
	@$(BIN)/python -m pytest -q

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

clean:
	rm -rf runs/demo
