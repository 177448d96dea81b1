# `make demo` and `make test` set up .venv by themselves. Everything else is for people who work on Winnow.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check setup

demo: $(READY)
	$(BIN)/winnow demo --out winnow-demo

test: check
	$(BIN)/pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(READY)

# torch comes first and alone: the constraints pin its version, and the machine's package index decides whether that
# version is the CPU or the CUDA build.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt -e '.[train,s3,dev]'
	touch $(READY)
