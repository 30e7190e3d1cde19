# Needs python >= 3.11, make, and a network for the packages; a C compiler makes the core faster.

VENV ?= .venv
ARGS ?=
PYTEST_ARGS ?= -n auto --dist loadfile
BENCH_ARGS ?=
PYTHONS ?= python3 python3.14 python3.13 python3.12 python3.11

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet

# What an installation is made from. A change in any of these builds the core again;
# all other modules are used in place.
SOURCES := $(wildcard src/plimsoll/units.py src/plimsoll/messages/*.py) \
	$(shell find src/plimsoll/core -name '*.py' 2>/dev/null)
INPUTS := pyproject.toml setup.py $(SOURCES)

# Stamps: the build last installed (compiled or pure), and the extras installed with it.
BUILT := $(VENV)/.built-$(if $(PLIMSOLL_PURE),pure,compiled)
TEST := $(VENV)/.extra-test
DEV := $(VENV)/.extra-dev

# One pip at a time, and the extras before the build, which they include.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  PLIMSOLL_PURE=1 runs the core interpreted; VENV=dir uses another environment."

$(PY):
	@for python in $(PYTHONS); do \
		if $$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' \
			>/dev/null 2>&1; then \
			echo "Creating $(VENV) with $$($$python -V)"; \
			$$python -m venv $(VENV) && exit 0; \
			rm -rf $(VENV); exit 1; \
		fi; \
	done; \
	echo "No Python >= 3.11 with venv found; name one: make PYTHONS=/path/to/python3" >&2; exit 1

# $(call install,extras): install in place, and say which build came out of it.
define install
	@echo "Installing plimsoll$(1) into $(VENV) (building the core; a minute or two)"
	@rm -f $(VENV)/.built-*
	@$(PIP) -e ".$(1)"
	@touch $(BUILT)
	@$(PY) -c 'from plimsoll import _build; print("Core:", _build.describe())'
endef

$(DEV): pyproject.toml | $(PY)
	$(call install,[dev])
	@touch $(TEST) $@

$(TEST): pyproject.toml | $(PY)
	$(call install,[test])
	@touch $@

$(BUILT): $(INPUTS) | $(PY)
	$(call install)

.PHONY: run
run: $(BUILT) ## Start the exchange (options: make run ARGS="--help")
	@$(VENV)/bin/plimsoll up $(ARGS)

.PHONY: build
build: $(BUILT) ## Install the package and compile its core, if anything changed

.PHONY: test
test: $(TEST) $(BUILT) ## Run the tests (a part: make test PYTEST_ARGS=tests/core)
	@$(PY) -m pytest $(PYTEST_ARGS)

.PHONY: lint
lint: $(DEV) ## Check style (ruff)
	@$(PY) -m ruff check .

.PHONY: types
types: $(DEV) ## Check types (mypy --strict)
	@$(PY) -m mypy

.PHONY: imports
imports: $(DEV) ## Check who imports whom (import-linter)
	@PYTHONPATH=src $(VENV)/bin/lint-imports --no-cache

.PHONY: scan
scan: $(PY) ## Check that the core is deterministic (AST scan)
	@$(PY) -m tests.tidy.determinism

.PHONY: bench
bench: $(BUILT) ## Run the benchmarks (options: make bench BENCH_ARGS="--help")
	@$(VENV)/bin/plimsoll bench $(BENCH_ARGS)

.PHONY: ci
ci: ## Run all that CI runs
	@.ci/run

.PHONY: clean
clean: ## Remove what was built and cached, but not .venv
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@rm -rf .coverage htmlcov src/*.egg-info $(VENV)/.built-*
	@find src \( -name '*.so' -o -name '*.pyd' \) -delete
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
