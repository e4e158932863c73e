# make demo: see it work.  make test: prove it.  make torture: try to break it, for some hours.
# make bench: measure it, in half an hour.  make docs: read about it, in site/index.html.
# All install into .venv first, once; what is used is compiled as it is first imported, not all there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

OLD_PYTHON := bertcl-tui needs Python 3.11 or newer, and $(PYTHON) is older; name another, like \
	make PYTHON=python3.12
SAMPLE_PACK := from engine.tasks.sources.sample import SAMPLE_PACK; print(*SAMPLE_PACK)

.PHONY: demo test torture bench quick lint docs check format clean install

demo: $(STAMP)
	@$(BIN)/bertcl-tui demo

# Workers that a test starts read compiled modules instead of compiling all of them each time.
test torture quick: export PYTHONDONTWRITEBYTECODE =

# mkdocs-material would speak of its future at every build.
lint docs: export NO_MKDOCS_2_WARNING = 1

test: $(STAMP)
	@$(BIN)/pytest -n 4

# 200 faults, an hour of 8 workers and 2 readers, and 10,000 generated inputs for every parser. It
# goes on where it was, by the file torture.json: make torture TORTURE="--faults 20 --minutes 5"
torture: $(STAMP)
	@$(BIN)/python -m tests.process.harness.torture $(TORTURE)
	@$(BIN)/pytest -n 2 --timeout 0 --hypothesis-profile torture -k test_any_

# All benches that need no GPU, on a machine with nothing else to do; bench/results.json and
# docs/performance.md have what they find. Some of them: make bench BENCH="training asking"; those
# that this commit lacks: make bench BENCH=--missing
bench: $(STAMP)
	@$(BIN)/python -m bench $(BENCH)

# What can be known in a minute or so: no real workers, pictures or whole app, and no real learning.
# For while one is writing; `make check` says whether it may be merged.
quick: $(STAMP)
	@$(BIN)/pytest -n 3 -m "not process and not snapshot and not app and not long"

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m mkdocs build --strict --site-dir build/site

docs: $(STAMP)
	@$(BIN)/python -m mkdocs build --strict
	@echo "site/index.html"

check: lint test

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "$(OLD_PYTHON)")'
	@echo "installing into $(VENV) (once; some minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --no-compile --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install -qq --no-compile -c constraints.txt -e . --group dev
	@$(BIN)/python -m pip install -qq --no-compile --no-deps $$($(BIN)/python -c '$(SAMPLE_PACK)')
	@touch $@

clean:
	rm -rf $(VENV) build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
