# One command each; everything is installed from the lock files into .venv.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# --no-deps: the lock files are complete. Left to resolve, pip takes the newest release of what has an
# extra, and stops when that is newer than the lock.
LOCKED := --no-deps --require-hashes

# pip says nothing for as long as it takes: half a minute on an ordinary line.
define installed
	@echo "Downloading and installing the $$(grep -c '^[a-z].*==' $(1)) packages of $(1), once …"
	@$(PIP) install $(LOCKED) -r $(1)
	@echo "Installing the service into .venv …"
	@$(PIP) install --no-deps --editable .
endef

# If it is set, as in most containers, every process that a test starts compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

.PHONY: help run test test-kafka test-mail test-prometheus soak mutants bench papers lock

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: .venv/.runtime ## start the service with the embedded broker and the inbox on 127.0.0.1:$(PORT)
	@echo "Starting. Open http://127.0.0.1:$(PORT)/ in a few seconds."
	@exec $(BIN)/uvicorn app.main:app --host 127.0.0.1 --port $(PORT)

# Collected once before: otherwise each of pytest's processes compiles all of the tests.
test: .venv/.test ## format, lint, types, unit and end-to-end tests
	@$(BIN)/python -m tests.support.tools browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@mkdir -p .mypy_cache
	@echo "$(BIN)/mypy, beside the tests" && $(BIN)/mypy > .mypy_cache/said 2>&1 & types=$$!; \
	$(BIN)/python -m pytest --collect-only --quiet > /dev/null 2>&1; \
	$(BIN)/python -m pytest -n 5 --dist worksteal --cov --cov-report=term -m "not kafka and not mail and not prometheus"; \
	tests=$$?; wait $$types; types=$$?; cat .mypy_cache/said; exit $$((tests ? tests : types))

test-kafka: .venv/.test ## the end-to-end tests on real Apache Kafka (three brokers)
	@$(BIN)/python -m tests.support.tools kafka
	$(BIN)/python -m pytest tests/kafka

test-mail: .venv/.test ## mails handed to real Postfix and OpenSMTPD, from Debian's packages (as root)
	@$(BIN)/python -m tests.support.tools mail
	$(BIN)/python -m pytest tests/mail

test-prometheus: .venv/.test ## metrics, alert rules and the dashboard's queries by a real Prometheus, from Debian's package (as root)
	@$(BIN)/python -m tests.support.tools prometheus
	$(BIN)/python -m pytest tests/prometheus

soak: .venv/.test ## the ledger test in full: 85,000 notifications or more, every fault, a table (20 minutes)
	@$(BIN)/python -m tests.support.tools kafka
	$(BIN)/python -m tests.ledger

mutants: .venv/.test ## break the engine on purpose, and see that the tests notice
	$(BIN)/python -m tests.mutants

bench: .venv/.test ## the benchmarks, beside their peers (QUICK=1 for three minutes, ONLY=instant,latency)
	@$(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

papers: .venv/.test ## write the settings tables (READMEs, .env.example), docs/states.md and the catalogue of texts
	$(BIN)/python -m app.settings.reference
	$(BIN)/python -m tests.support.states
	$(BIN)/python -m tests.support.catalogue

lock: .venv/.test ## resolve the dependencies anew
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--upgrade pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--upgrade --extra otel --constraint requirements.lock pyproject.toml -o docker/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--upgrade --extra test --extra otel --constraint docker/requirements.lock pyproject.toml -o tests/requirements.lock

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (make PYTHON=python3.12 …)")'
	@echo "Making a virtual environment in .venv …"
	@$(PYTHON) -m venv .venv

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	$(call installed,requirements.lock)
	@touch $@

.venv/.test: tests/requirements.lock pyproject.toml | .venv/bin/python
	$(call installed,tests/requirements.lock)
	@touch $@ .venv/.runtime
