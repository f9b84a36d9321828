# The verbs of this project; `make help` lists them. Nothing needs to be installed but git, make and Python 3.11 or newer.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-docs faults check lint format wheel lock screenshots bench clean

PYTHON ?=
export PYTHON
# Where it is set, each of the hundreds of processes that tests start compiles the whole product first.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
# More arguments for what a verb starts: make run ARGS="--port 9000", make test ARGS="tests/domain -x".
ARGS ?=

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1@\2/p' Makefile | awk -F@ '{ printf "%-20s %s\n", $$1, $$2 }'

run: ## set up what is missing, then start the demo
	@scripts/make-venv run
	@$(BIN)/afterword demo $(ARGS)

test: .ready ## set up what tests need, then run them all, those of the documentation too
	@scripts/get-chromium
	@scripts/get-strace
	$(BIN)/python -m pytest -rs -n 2 $(ARGS)

faults: .ready ## each fault, many times: killed, power cut, disk full, calls that fail (half an hour)
	@scripts/get-strace
	FAULTS=long $(BIN)/python -m pytest -rs tests/faults tests/e2e/test_openapi.py $(ARGS)

test-docs: .ready ## run only what README.md and docs/ promise (part of make test)
	$(BIN)/python -m pytest -rs -m docs $(ARGS)

check: lint test wheel ## the whole gate: lint, test, wheel

lint: .ready ## format check, ruff, mypy strict, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .ready ## format the code and apply ruff's safe fixes
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

wheel: .ready ## build the wheel, install it in an empty venv, and use it
	@rm -rf dist
	$(BIN)/python -m hatchling build --target wheel
	$(BIN)/python scripts/smoke_wheel.py dist/*.whl

screenshots: .ready ## take pictures of every page
	@scripts/get-chromium
	$(BIN)/python -m tests.e2e.screenshots $(ARGS)

# Keeps the versions that are locked; `make lock ARGS=--upgrade` takes the newest allowed, ARGS="--upgrade-package NAME" one.
# test.txt comes first and holds the others to its versions, so that one venv can have them all.
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-config \
	--custom-compile-command "make lock" $(ARGS)
lock: ## choose versions anew for requirements/*.txt (needs the network)
	@scripts/make-venv lock
	$(UV_COMPILE) pyproject.toml --extra postgres --extra github-app --group test --output-file requirements/test.txt
	$(UV_COMPILE) pyproject.toml --constraint requirements/test.txt --output-file requirements/run.txt
	$(UV_COMPILE) --group build --constraint requirements/test.txt --output-file requirements/build.txt
	$(UV_COMPILE) --group lock --output-file requirements/lock.txt

bench: .ready ## measure speed beside a bare server's (some minutes, Linux, two cores)
	@scripts/get-bench-tools
	$(BIN)/python -W ignore::UserWarning -m tests.speed.bench $(ARGS)

clean: ## remove .venv and everything that was built; keeps afterword-data
	rm -rf .venv dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache mutants screenshots
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: .ready
.ready:
	@scripts/make-venv test
