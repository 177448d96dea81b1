# `make demo` and `make test` set up .venv by themselves. Everything else is for people who work on Winnow.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
REVIEW := .venv-review/.ready

.PHONY: demo test check setup browser

demo: $(READY)
	$(BIN)/winnow demo --out winnow-demo

# Two files at a time, as half of what the long ones do is to wait; each process has a Spark session of its own.
test: check $(REVIEW) browser
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

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
	$(BIN)/pip install --quiet -c constraints.txt -e '.[train,s3,review,synth,dev]'
	touch $(READY)

# The Label Studio server that the review's tests start. It pins other versions than ours, so it has a venv of its own.
$(REVIEW): constraints-review.txt
	$(PYTHON) -m venv .venv-review
	.venv-review/bin/pip install --quiet -r constraints-review.txt
	touch $(REVIEW)

# Pages are rendered and looked at in Debian's Chromium, which Playwright only drives; the fonts are those of the
# scripts that generated documents are written in.
browser:
	@{ command -v chromium && fc-list | grep -q NotoSansCJK && fc-list | grep -q NotoSansArabic; } >/dev/null || \
	  { test "$$(id -u)" = 0 && apt-get update -q && \
	  apt-get install -y -q --no-install-recommends chromium fontconfig fonts-noto-core fonts-noto-cjk; } || \
	  echo "WARNING: no Chromium or Noto fonts, so no page will be rendered; as root," \
	  "'apt-get install chromium fonts-noto-core fonts-noto-cjk' brings them" >&2
