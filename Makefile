# Every target sets up what it needs: a machine has to have Python 3.11 to 3.13 and make.
#   make demo ARGS="--pairs 50 --seed 7"      make test PYTHON=python3.12
# Everything is called by relative paths, so the checkout may lie in a folder with spaces.

VENV ?= .venv
ARGS ?=
TEST_ARGS ?=
# One more than the processors of the check's machine: tests with a browser or processes wait.
TEST_WORKERS ?= 3
BENCHMARKS ?= quality speed planning booking_rate firm_size webhooks verdicts reports pages loading

BIN := $(VENV)/bin
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	"$$python" -c "$(FITS)" 2>/dev/null && echo "$$python" && break; done)
endif
VERSION := $(shell "$(PYTHON)" -c "import sys; print('%d.%d' % sys.version_info[:2])" 2>/dev/null)
INSTALLED := $(VENV)/.installed-$(VERSION)

# Microsoft's worker for Azure Functions is published for this Python alone.
ifndef PYTHON313
PYTHON313 := $(shell for python in python3.13 \
	"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13.*/bin/python3.13; do \
	"$$python" -c "" 2>/dev/null && echo "$$python" && break; done)
endif
WORKER := build/worker

# Test packages from npm, one folder each; a lock file beside every package.json.
NODE_FOLDERS := tests/queue tests/simulator/foreign tests/browser tests/teams
NODE_INSTALLED := $(NODE_FOLDERS:%=%/node_modules/.package-lock.json)
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

# Caches stay in the checkout: the home folder may be missing or read-only.
export npm_config_cache = $(CURDIR)/build/npm
export npm_config_update_notifier = false
export UV_CACHE_DIR = $(CURDIR)/build/uv
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Tests start over a hundred processes: without bytecode each would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test tests test-large soak soak-selftest kills words lint types bench screenshots node worker lock sbom docs clean

help:
	@echo "make demo    a law firm's pairs are booked in a simulated tenant and live for five months"
	@echo "make serve   the same firm some weeks on, with its pages open in a browser"
	@echo "make test    lint, types and all tests; the last line says what was skipped"
	@echo "make tests   the tests alone"
	@echo "make test-large  the behaviours of scale with 500 pairs"
	@echo "make kills   kill the demo KILLS times at moments that SEED draws; it must end as if it had not"
	@echo "make soak    SEEDS lives under faults from SEED_BASE on; soak-selftest plants faults"
	@echo "make lint    ruff, mypy and the direction of imports"
	@echo "make bench   planning and booking at size"
	@echo "make screenshots  the pictures of the tutorials, taken anew in Chromium"
	@echo "make setup   only install; make node: also the test packages from npm"
	@echo "make worker  Microsoft's worker for Azure Functions, where Python 3.13 is found"
	@echo "make lock    resolve the dependencies again and export them"
	@echo "make sbom    the list of parts of what is deployed, as CycloneDX"
	@echo "make words   write the words of the code into the catalogue of each language"
	@echo "make docs    write the generated tables of docs/ again"
	@echo "make clean   remove whatever these targets made"

setup: $(INSTALLED)

$(INSTALLED): requirements-dev.txt
	@"$(PYTHON)" -c "$(FITS)" 2>/dev/null || { \
		echo "Tandem needs Python 3.11 to 3.13; name one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) with Python $(VERSION) (only when the dependencies change) ..."
	@test "$$("$(BIN)/python" -c "import sys; print('%d.%d' % sys.version_info[:2])" 2>&1)" = "$(VERSION)" \
		|| { rm -rf "$(VENV)" && "$(PYTHON)" -m venv "$(VENV)"; }
	@# Not compiled: msgraph-sdk has 20,000 modules, of which a few dozen are ever imported.
	@"$(BIN)/python" -m pip install --quiet --no-input --no-compile --only-binary :all: \
		--require-hashes --requirement requirements-dev.txt
	@"$(BIN)/python" -m pip install --quiet --no-input --no-index --no-deps --no-build-isolation \
		--editable .
	@touch "$@"

demo: $(INSTALLED)
	@"$(BIN)/python" -m integrations demo $(ARGS)

serve: $(INSTALLED)
	@"$(BIN)/python" -m integrations serve --demo $(ARGS)

test: lint tests

tests: $(INSTALLED)
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory node \
		|| echo "The npm packages could not be installed; tests that need them are skipped." >&2; fi
	@if test -n "$(PYTHON313)"; then $(MAKE) --no-print-directory worker \
		|| echo "Microsoft's worker could not be installed; its tests are skipped." >&2; fi
	@"$(BIN)/python" -m pytest -p tests.support.no_skips -n "$(TEST_WORKERS)" --dist worksteal \
		-q $(TEST_ARGS)

test-large: $(INSTALLED)
	@PAIRS=500 "$(BIN)/python" -m pytest tests/acceptance -q -m acceptance \
		-k "many_pairs or seams" --durations=3

soak: $(INSTALLED)
	@"$(BIN)/python" -m tests.simulation.soak

soak-selftest: $(INSTALLED)
	@"$(BIN)/python" -m tests.simulation.selftest $(ARGS)

kills: $(INSTALLED)
	@"$(BIN)/python" -m tests.cli.killing

lint: $(INSTALLED)
	@"$(BIN)/python" -m ruff check .
	@"$(BIN)/python" -m ruff format --check .
	@"$(BIN)/python" -m mypy
	@"$(BIN)/lint-imports" --cache-dir build/import-linter --no-logo

bench: $(INSTALLED)
	@for benchmark in $(BENCHMARKS); do \
		echo "== $$benchmark"; "$(BIN)/python" -m "benchmarks.$$benchmark" $(ARGS) || exit 1; done

screenshots: $(INSTALLED)
	@"$(BIN)/python" -m tests.browser.screenshots

node: $(NODE_INSTALLED)

%/node_modules/.package-lock.json: %/package-lock.json
	@echo "Installing the npm packages of $* ..."
	@cd "$*" && $(NPM_CI)
	@touch "$@"

worker: $(WORKER)/.installed

$(WORKER)/.installed: uv.lock | $(INSTALLED)
	@test -n "$(PYTHON313)" || { \
		echo "Python 3.13 is needed; name one: make worker PYTHON313=..." >&2; exit 1; }
	@echo "Setting up $(WORKER) with $(PYTHON313) ..."
	@UV_PROJECT_ENVIRONMENT="$(WORKER)" "$(BIN)/uv" sync --quiet --frozen --no-dev --no-install-project \
		--extra simulator --group worker --python "$(PYTHON313)"
	@touch "$@"

lock: $(INSTALLED)
	@"$(BIN)/uv" lock --quiet
	@$(BIN)/uv export --quiet --frozen --no-annotate --no-emit-project --no-dev \
		--extra telemetry --output-file requirements.txt
	@$(BIN)/uv export --quiet --frozen --no-annotate --no-emit-project --all-extras --all-groups \
		--output-file requirements-dev.txt

sbom: $(INSTALLED)
	@mkdir -p build
	@"$(BIN)/uv" export --quiet --frozen --no-dev --no-emit-project --extra telemetry \
		--format cyclonedx1.5 --output-file build/sbom.json >/dev/null
	@echo "build/sbom.json"

docs: $(INSTALLED)
	@"$(BIN)/python" -c "from pathlib import Path; from integrations.settings_table import write_into; \
		write_into(Path('docs/reference/settings.md'))"

words: $(INSTALLED)
	@"$(BIN)/python" -m integrations.words

clean:
	rm -rf "$(VENV)" build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf $(NODE_FOLDERS:%=%/node_modules)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
