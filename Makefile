# `make demo` and `make test` set up .venv by themselves. Everything else is for people who work on Winnow.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
REVIEW := .venv-review/.ready

.PHONY: demo test check setup browser

demo: $(READY)
	$(BIN)/winnow demo --out winnow-demo

test: check $(REVIEW) browser
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
	$(BIN)/pip install --quiet -c constraints.txt -e '.[train,s3,review,dev]'
	touch $(READY)

# The Label Studio server that the review's tests start. It pins other versions than ours, so it has a venv of its own.
$(REVIEW): constraints-review.txt
	$(PYTHON) -m venv .venv-review
	.venv-review/bin/pip install --quiet -r constraints-review.txt
	touch $(REVIEW)

# Pages are looked at in Debian's Chromium; Playwright only drives it.
browser:
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && apt-get update -q && \
	  apt-get install -y -q --no-install-recommends chromium; } || \
	  echo "WARNING: no Chromium, so no page will be looked at; 'apt-get install chromium' as root brings it" >&2
