# The project's one vocabulary. `make help` lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
RUNS   := $(VENV)/.runs
# Both cores; a file's tests stay together, in their order.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile
# What needs no running peer and no waiting: the core, DIMSE, the state machines, the fixtures, the benchmark's own, the import rules.
UNIT   := tests/dul tests/dimse tests/stateful tests/fuzz tests/benchmarks $(wildcard tests/test_*.py)

.DEFAULT_GOAL := help
.PHONY: help setup demo recording test test-alone test-stack check lint types unit coverage stateful fuzz load crash stores kills interop selftest conformance conformance-site bench-quick bench bench-page dist check-dist check-packaging docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/' | expand -t 12

setup: $(STAMP) ## make .venv and install dulcet with its development tools

# The version is asked first: with an older Python pip would try for many minutes, without a word.
# A virtual environment that a failed attempt, or another Python, left behind is made anew.
define PREPARE
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else \
	    "dulcet needs Python 3.11 or newer, and $(PYTHON) is %d.%d; name another one: make PYTHON=python3.11" % v[:2])'
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo '$(PYTHON) -m venv $(VENV)'; $(PYTHON) -m venv --clear $(VENV); }
endef

$(STAMP): pyproject.toml
	$(PREPARE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[codecs,dev,docs,peers]'
	@touch $@ $(RUNS)

# What a first look needs, in seconds: none of the development tools.
$(RUNS): pyproject.toml
	$(PREPARE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

demo: $(RUNS) ## send real DICOM files to an embedded storescp, compare what arrived, say what to try next
	@$(BIN)/dulcet demo

recording: setup ## run `dulcet demo` in a terminal and draw what it showed, for the README: docs/_static/demo.svg
	$(BIN)/python docs/recording.py

test: test-alone ## all tests: unit, faces, command line, and interoperability with the peers that are installed
	$(PYTEST) tests/interop

test-alone: setup ## all tests but interoperability
	$(PYTEST) --ignore=tests/interop tests

test-stack: setup ## the unit tests, those of the faces, and those of the command line
	$(PYTEST) $(UNIT) tests/faces tests/cli

check: lint types unit ## ruff, mypy strict, import rules and the unit tests: under a minute

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

unit: setup
	$(PYTEST) $(UNIT)

coverage: setup ## branch coverage of dul and dimse by the unit tests
	$(BIN)/python -m pytest tests/dul tests/stateful tests/dimse tests/faces --cov --cov-branch --cov-report=term-missing --cov-fail-under=95

stateful: setup ## the long profile of the stateful machines; counts the cells of Table 9-10 that it hits
	$(BIN)/python -m pytest -m stateful tests/stateful -s

fuzz: setup ## fuzz the PDU stream and the command sets (SECONDS=600 each)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	$(BIN)/python tests/fuzz/run.py --seconds $(or $(SECONDS),600)

load: setup ## hundreds of clients, idle ones, slow ones, a day (SCALE=1) against storescp, as figures
	$(BIN)/python tests/load/run.py --scale $(or $(SCALE),1)

crash: setup ## kill -9 storescp at random moments (ROUNDS=100 of each kind) and compare what is there
	$(BIN)/python tests/crash/run.py --rounds $(or $(ROUNDS),100)

stores: setup ## the object store against emulators of Google's and Azure's, which pip and npm bring for it
	$(BIN)/python tests/stores/run.py

kills: setup ## kill -9 storescu with a journal at random moments (ROUNDS=100 of each kind) and compare what is where
	$(BIN)/python tests/crash/killing.py $(or $(ROUNDS),100)

interop: setup ## interoperability with the other stacks that are installed
	$(BIN)/python -m pytest tests/interop -v

selftest: setup ## the testbed against mini peers with planted faults and every generated mutant; writes docs/selftest.md
	$(BIN)/dulspec selftest --all --jobs 6 --markdown docs/selftest.md

conformance: setup ## the testbed against our own stack and every peer that is installed; writes docs/conformance
	$(BIN)/python tests/interop/conformance.py --out docs/conformance
	$(BIN)/python tests/interop/conformance_tls.py docs/conformance/tls-profiles.md

conformance-site: setup ## a static site of docs/conformance, in build/conformance-site
	$(BIN)/dulspec site docs/conformance --out build/conformance-site

bench-quick: setup ## the same work through us and through DCMTK, as ratios: under two minutes
	$(BIN)/python -m benchmarks

dist: setup ## the sdist and the wheel, in dist/
	rm -rf dist
	$(BIN)/python -m build --quiet --no-isolation

check-dist: dist ## look the sdist and the wheel over, install the wheel with all it needs, and try it
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[release]'
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/python -m venv --clear build/installed
	build/installed/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	cd build && installed/bin/dulcet demo
	cd build && ../$(BIN)/pyright --project ../tests/packaging --pythonpath installed/bin/python
	$(MAKE) check-packaging

check-packaging: setup ## lint container files, the compose file, the GitHub Action, the GitLab job, issue forms and units
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[release]'
	$(BIN)/hadolint packaging/*/Containerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec packaging/compose.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci packaging/dulspec/gitlab.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/verdict.yml
	! command -v systemd-analyze >/dev/null || systemd-analyze verify packaging/storescp.socket packaging/storescp.service

bench: setup ## the same, and TLS, links with delay, pynetdicom, counts: some 15 minutes; root for netem
	$(BIN)/python -m benchmarks --full

bench-page: setup ## docs/performance.md's tables and plots of build/bench/full.json, or of RESULTS=
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m benchmarks.page $(or $(RESULTS),build/bench/full.json)

docs: setup ## generate docs/fsm.md and docs/api, then the site of all pages in build/docs; follows every link
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx -q -W --keep-going -d build/doctrees -b html docs build/docs
	$(BIN)/python docs/links.py build/docs $(wildcard *.md docs/*.md docs/*/*.md)

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
