# The two commands for a machine that has only Python 3.11+, make and a package index:
#   make audit    audits the example handler against the declared invariants
#   make test     runs everything that must be green
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Each file of requirements is an environment of its own: routers that cannot be installed together.
ROUTERS := $(patsubst tests/routers/requirements-%.txt,.venv-routers-%/.ready,$(wildcard tests/routers/requirements-*.txt))
# Libraries that are audited by their ready adapters; RUN="--select ID -n 20" says what of them.
LITELLM_AUDITS := audit-litellm audit-litellm-router audit-langchain
AUDITS := $(LITELLM_AUDITS) audit-pydantic-ai
# Tests run in so many processes unless told otherwise: pytest -n. Some wait for real clocks.
JOBS ?= 3

.PHONY: audit audit-deep $(AUDITS) test environments lint clean
.DELETE_ON_ERROR:

audit: $(VENV)/.examples
	$(BIN)/llminv run

audit-deep: $(VENV)/.dev
	$(BIN)/llminv run --no-write --max-examples 10000
	$(BIN)/python -m pytest -n $(JOBS) -m deep

$(LITELLM_AUDITS): $(VENV)/.examples .venv-routers-litellm/.ready
	$(BIN)/llminv run --handler $(@:audit-%=%) --python .venv-routers-litellm/bin/python $(RUN)

audit-pydantic-ai: $(VENV)/.examples .venv-routers-pydantic-ai/.ready
	$(BIN)/llminv run --handler pydantic-ai --python .venv-routers-pydantic-ai/bin/python $(RUN)

test:
	+$(MAKE) --no-print-directory --jobs=4 environments lint
	$(BIN)/python -m pytest -n $(JOBS) -m "not deep"
	$(BIN)/llminv docs --check --diff

environments: $(VENV)/.dev $(ROUTERS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Each stamp says that the environment has what pyproject.toml asks for.
$(VENV)/.examples: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[examples]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m pip check
	@touch $@ $(VENV)/.examples

.venv-routers-%/.ready: tests/routers/requirements-%.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	$(@D)/bin/python -m pip check
	@touch $@

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "llminv needs Python 3.11 or later; set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) .venv-routers-* build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
