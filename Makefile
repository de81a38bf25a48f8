# The verbs of the project. `make run` and `make test` work on a fresh machine with Python 3.11 to 3.13, git and make.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# One more than there are cores: tests wait for servers and children much of their time.
WORKERS = $(shell echo $$(( $$(nproc 2>/dev/null || sysctl -n hw.ncpu) + 1 )))
# Wheels and our modules come with bytecode compiled here once; without it every start would be three times slower.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test test-slow test-containers coverage check docs report-image page-image format lock ui bench bench-quality bench-serving clean

help: ## Show the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: .venv/ready ## Make .venv with everything in requirements.lock, and the package

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"gallop needs Python 3.11 to 3.13, $(PYTHON) is {v[0]}.{v[1]}; name another: make run PYTHON=python3.12")'
	@echo "Setting up .venv (once, a minute or two) ..."
	@$(PYTHON) -m venv .venv
	@# The installer, at the version and hash of the lock; then everything else with it.
	@sed -n '/^uv==/,/^[^ ]/p' requirements.lock | sed '1!{/^[^ ]/d}' > .venv/installer.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/installer.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -x /template/ src/gallop
	@touch $@

run: .venv/ready ## Train, select, deploy and report; does again only what changed
	@$(BIN)/gallop run $(ARGS)

test: .venv/ready ## Run the tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not slow and not containers" -q $(ARGS)

test-slow: .venv/ready ## Run the long campaigns
	@$(BIN)/pytest -m slow -q $(ARGS)

test-containers: .venv/ready ## Train in real containers (as root on Debian: installs buildah and debootstrap)
	@sh tests/pipeline/base_image.sh
	@$(BIN)/pytest -m containers -q tests/pipeline $(ARGS)

coverage: .venv/ready ## Run the tests and show what they execute, branches and child processes included
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile -m "not slow and not containers" -q $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

check: .venv/ready ## Lint, types, architecture, lock, workflows, docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/ty check src containers pipeline.py
	@$(BIN)/lint-imports
	@$(BIN)/python -m scripts.lock --check
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions action.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/idea.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/zizmor --offline --no-progress --quiet --persona=auditor action.yml .github
	@$(MAKE) --no-print-directory docs

docs: .venv/ready ## Build the docs' site into site/; a broken link is an error
	@rm -rf site
	@$(BIN)/sphinx-build --quiet --fail-on-warning --fresh-env -c docs . site
	@echo "site/index.html: the docs"

report-image: .venv/ready ## Draw docs/report.png anew from the report of the last run (needs Chromium)
	@$(BIN)/python -m scripts.report_image $(ARGS)

page-image: .venv/ready ## Draw docs/page.png anew from a running `gallop serve` (needs Chromium)
	@$(BIN)/python -m scripts.page_image $(ARGS)

bench-serving: .venv/ready ## Ask `gallop serve` and `mlflow models serve` in turn (PROJECT=folder for another project)
	@$(BIN)/python -m benchmarks.serving $${PROJECT:-.}

format: .venv/ready ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: .venv/ready ## Resolve the locks anew
	@$(BIN)/python -m scripts.lock

ui: .venv/ready ## Show MLflow's pages on the project's runs (PORT=5001 for another port)
	@$(BIN)/gallop ui --port $${PORT:-5000}

bench: .venv/ready ## Measure, and print figures with machine and versions
	@$(BIN)/python -m benchmarks.stages

bench-quality: .venv/ready ## Compare with AutoML on open tables (an hour; needs the evaluation data)
	@test -x benchmarks/.venv-peers/bin/python || $(BIN)/uv venv --quiet benchmarks/.venv-peers
	@VIRTUAL_ENV=benchmarks/.venv-peers $(BIN)/uv pip install --quiet -r benchmarks/peers/requirements.txt
	@$(BIN)/python -m benchmarks.quality $(ARGS)

clean: ## Remove outputs, not data or models
	rm -rf data/interim/* data/processed/* reports/report.html site .coverage .coverage.*
