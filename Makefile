# Every target explains itself: make help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
DEMO := demo

.DEFAULT_GOAL := help
.PHONY: help install demo train-demo test lint types format bench clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: $(BIN)/.installed ## A virtual environment in .venv with everything in it

$(BIN)/.installed: pyproject.toml requirements.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt --editable ".[dev]"
	touch $@

demo: install ## Remove an object from a built-in clip with the shipped weights, and measure the result
	$(BIN)/python benchmarks/demo.py $(DEMO)

train-demo: install ## Train both networks for a few minutes on built-in data, and test them
	$(BIN)/python benchmarks/train_demo.py $(DEMO)

test: install lint types ## Everything that must pass: style, types, tests
	$(BIN)/python -m pytest

lint: install ## Style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## Types
	$(BIN)/mypy

format: install ## Mend style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## Time each part against a plain implementation (docs/performance.md)
	$(BIN)/python benchmarks/speed.py

clean: ## Remove what make made, but for .venv
	rm -rf $(DEMO) .pytest_cache .mypy_cache .ruff_cache build *.egg-info
