# One word a task. Needs Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: help install run test check bench lock messages clean

help:
	@echo "make install   make the environment in .venv/, with the command .venv/bin/portal"
	@echo "make run       migrate, load the demonstration, serve (PORT=8000)"
	@echo "make test      everything: checks, tests on SQLite and PostgreSQL, Chromium"
	@echo "make check     ruff, types, layers, templates, catalogues"
	@echo "make bench     speed, as ratios to a limit measured in the same run"
	@echo "make lock      renew requirements*.txt from pyproject.toml"
	@echo "make messages  renew the catalogues of the interface"

$(VENV)/.ok: requirements.txt tools/link.py
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python tools/link.py
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.ok
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

install: $(VENV)/.ok

run: install
	@PORTAL_DEMO=true $(BIN)/portal init --demo
	@PORTAL_DEMO=true exec $(BIN)/portal serve --with-scheduler

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy portal plugins
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m portal.web.template_lint portal plugins
	$(BIN)/python tools/messages.py --check
	@! grep -n '://' requirements.txt requirements-dev.txt

test: check
	$(BIN)/pytest -n $(WORKERS)

bench: $(VENV)/.dev
	$(BIN)/python -m bench

lock: $(VENV)/.dev
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 -o requirements-dev.txt -q
	$(BIN)/uv pip compile pyproject.toml --extra postgres --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 -c requirements-dev.txt -o requirements.txt -q

messages: $(VENV)/.dev
	$(BIN)/python tools/messages.py

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
