# Every wish has one command; `make` alone prints them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip install --quiet --disable-pip-version-check
RUNNABLE := $(VENV)/.runnable
STAMP := $(VENV)/.made
SOURCES := src tests benchmarks docs
# A file's tests stay with one worker, as they share what is dear; the dearest files come first by their names.
SIDE_BY_SIDE := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help setup run test check bench prove prove-races prove-model prove-kills fix schema docs lock clean

help: ## Print this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv with everything in it, the guerdon command included

# What running needs comes first and by itself, so that the first `make run` is quick.
$(RUNNABLE): requirements/run.txt pyproject.toml
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/run.txt
	$(PIP) --no-deps -e .
	@touch $(RUNNABLE)

$(STAMP): $(RUNNABLE) requirements/dev.txt
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $(STAMP)

run: $(RUNNABLE) ## Run the sandbox on 127.0.0.1:8080, data in ./.guerdon
	@$(RUN)/guerdon up --sandbox

test: setup ## Run every test but the long proofs
	$(RUN)/python -m pytest -q -m "not prove" $(SIDE_BY_SIDE)

check: setup ## Lint, types, architecture, documents
	$(RUN)/ruff format --check $(SOURCES)
	$(RUN)/ruff check $(SOURCES)
	$(RUN)/lint-imports
	$(RUN)/basedpyright
	$(RUN)/squawk migrations/*.sql
	$(RUN)/python -m docs.generate --check

bench: setup ## Run the benchmarks and print them as ratios
	$(RUN)/python -m benchmarks

prove: setup ## Run the long proofs: races, model, kills (hours; make prove-races and so on: one of them)
	@$(MAKE) --no-print-directory prove-races
	@$(MAKE) --no-print-directory prove-model
	@$(MAKE) --no-print-directory prove-kills

PROVE := $(RUN)/python -m pytest -v -m prove --timeout=0

# Two workers, each with a server of its own: a race leaves half of a processor to others.
prove-races: setup
	$(PROVE) -n 2 --dist worksteal tests/prove/test_races.py tests/prove/test_entitlement_races.py

prove-model: setup
	$(PROVE) -s tests/acceptance

prove-kills: setup
	$(PROVE) -s tests/prove/test_webhook_kills.py tests/prove/test_kill_loop.py

fix: setup ## Format and mend what can be mended
	$(RUN)/ruff format $(SOURCES)
	$(RUN)/ruff check --fix $(SOURCES)

schema: setup ## Write docs/schema.sql from the migrations
	$(RUN)/python -m docs.generate --only schema

docs: setup ## Write the generated documents: errors, settings, openapi, schema
	$(RUN)/python -m docs.generate

lock: setup ## Resolve the dependencies again and write both requirements files
	$(RUN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate pyproject.toml -o requirements/run.txt
	$(RUN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate pyproject.toml --group dev -o requirements/dev.txt

clean: ## Remove what was made, but no data
	rm -rf $(VENV) .ruff_cache .pytest_cache .hypothesis dist
