# `make` shows the targets. The environment is .venv, made from requirements.lock (pinned, with hashes).
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

unexport PYTHONDONTWRITEBYTECODE  # each process would compile all that it imports anew

.DEFAULT_GOAL := help
.PHONY: help run app test lint ui bench docs clean lock

help:  ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-6s %s\n", $$1, $$2}'

run: $(READY)  ## set up, and ask a question of each document, on the simulated world
	$(BIN)/python -m muso_exp tour

app: $(READY)  ## set up, and open the pages over finished runs in a browser
	$(BIN)/python -m muso_exp app

test: $(READY) lint  ## set up, and run lint, types and all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

ui: $(READY)  ## the MLflow UI over what was run, on http://127.0.0.1:5000
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow ui --host 127.0.0.1 --workers 1 \
		--backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///$${MUSO_OUTPUTS:-outputs}/mlflow.db}

bench: $(READY)  ## set up, and compare with peers: benchmarks/RESULTS.md, about 15 minutes
	$(BIN)/python benchmarks/run_all.py

docs: $(READY)  ## build the documentation, outputs/docs/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

clean:  ## remove the environment, caches and everything that was run
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache dist outputs/*

lock:  ## resolve the dependencies anew
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-emit-index-url \
		--no-annotate --python-version 3.11 --extra dev --extra app --extra audio --extra cluster -o requirements.lock pyproject.toml

$(READY): requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@echo "compiling librosa's numba functions (once, about 20 s)"
	$(BIN)/python -W ignore -c "import numpy; from muso_exp.features.song import estimate_song; \
		estimate_song(numpy.random.default_rng(0).random(66150, 'float32'), 22050)"
	touch $@
