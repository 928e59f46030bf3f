# One word a task. Needs Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: help install run test check bench sbom audit messages lock clean

help:
	@echo "make run       a demonstration on http://127.0.0.1:8000 (PORT=... for another port)"
	@echo "make install   make the environment in .venv/, with the command .venv/bin/portal"
	@echo "make test      everything: checks, tests on SQLite and PostgreSQL"
	@echo "make check     ruff, types, layers, templates, catalogues"
	@echo "make bench     speed, as ratios to a bare program measured in the same run"
	@echo "make sbom      what the product is made of, as CycloneDX JSON"
	@echo "make audit     known holes in its packages; needs pip-audit and a network, and says when nobody could be asked"
	@echo "make messages  collect texts into the English catalogues and compile them"
	@echo "make lock      renew requirements*.txt from pyproject.toml"

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

run: $(VENV)/.ok
	@$(BIN)/portal init --demo >/dev/null
	@exec $(BIN)/portal serve --with-scheduler

bench: $(VENV)/.ok
	$(BIN)/python -m bench

sbom: $(VENV)/.ok
	@$(BIN)/python tools/sbom.py

audit: $(VENV)/.ok
	@$(BIN)/python tools/audit.py

messages: $(VENV)/.dev
	$(BIN)/python tools/messages.py

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy portal plugins
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/template_lint.py
	$(BIN)/python tools/messages.py --check
	@! grep -n '://' requirements.txt requirements-dev.txt

test: check
	$(BIN)/pytest -n $(WORKERS) --dist loadscope

lock: $(VENV)/.dev
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 -o requirements-dev.txt -q
	$(BIN)/uv pip compile pyproject.toml --extra postgres --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 -c requirements-dev.txt -o requirements.txt -q

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
