# Everything a developer does here, one command each. Needs Python 3.11 or newer with venv, and make; nothing else.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
# The stamp carries the lock's checksum: another lock, another environment; the same lock, nothing to do.
STAMP := $(VENV)/.stamp-$(shell cat requirements/dev.txt pyproject.toml | cksum | cut -d' ' -f1)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo dev test bench fmt lint types arch migrations law audit lock clean

help: ## Say what there is
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: $(STAMP) ## One request of every right at every controller, a story, then serve; ONCE=1 stops after them
	@$(BIN)/insyn demo $(if $(ONCE),--once)

dev: $(STAMP) ## The service on the embedded database, reloading when a file changes
	@$(BIN)/insyn dev

test: lint types arch migrations audit ## Everything that must hold: style, types, floors, migrations, audit, tests
	@echo "== Rules of the law, and the tests that hold them"
	@$(BIN)/python -m scripts.law_coverage --check
	@echo "== Tests, $(WORKERS) at a time, on a PostgreSQL of their own"
	@$(BIN)/python -m pytest -n $(WORKERS) --hypothesis-profile=ci

bench: $(STAMP) ## Requests per second beside what the machine could do at best
	@$(BIN)/python -m bench

fmt: $(STAMP) ## Put the code into shape
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

lint: $(STAMP) ## Style: ruff, and whether the code is in shape
	@echo "== Style"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

types: $(STAMP) ## Types: mypy, strict
	@echo "== Types"
	@$(BIN)/mypy

arch: $(STAMP) ## Floors: who may import whom
	@echo "== Floors"
	@$(BIN)/lint-imports

migrations: $(STAMP) ## Migrations: up from nothing, equal to the models, down, up again
	@echo "== Migrations"
	@$(BIN)/python -m tests.harness.migrations

law: $(STAMP) ## Write which test holds which rule of the law (docs/law-coverage.md)
	@$(BIN)/python -m scripts.law_coverage

audit: $(STAMP) ## Known vulnerabilities among the locked packages
	@echo "== Audit of the lock"
	@$(BIN)/python -m scripts.audit

# The resolver must see the public index as it is: a mirror on this machine may know fewer files, and so fewer hashes.
COMPILE := env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null \
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/python -m piptools compile --quiet --generate-hashes --strip-extras \
	--allow-unsafe --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

lock: $(STAMP) ## Bring requirements/*.txt into step with pyproject.toml; UPGRADE=1 takes the newest releases
	@echo "Locking what builds it"
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --only-build-deps --all-build-deps -o requirements/build.txt pyproject.toml
	@echo "Locking what the service needs"
	@$(COMPILE) $(if $(UPGRADE),--upgrade) -o requirements/runtime.txt pyproject.toml
	@echo "Locking what development needs besides"
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra embedded --extra mariadb --extra dev -c requirements/runtime.txt -c requirements/build.txt \
		-o requirements/dev.txt pyproject.toml

clean: ## Remove the environment and the caches; .insyn, where the demo's data lies, stays
	@rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Insyn needs Python 3.11 or newer, and $(PYTHON) is not. Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments here. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Making the virtual environment in $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "Installing the locked packages, each checked against its hash (a minute, the first time)"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/dev.txt
	@echo "Installing Insyn itself, in place"
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
