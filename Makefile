# make table1   recordings -> results/table1.csv, on the embedded default
# make people   a model for speech of people, which hears other voices too -> results/voices/model
# make test     the test suite
# make extras   what some tests are skipped without: two extras, and Debian's chromium and ffmpeg
# make slurm    the tests on a real SLURM, where Debian's packages are there or can be installed
# make oldest   the test suite, on the oldest versions that pyproject.toml allows
# make lint     the checks of style
# make clean    remove .venv and .venv-oldest (results stay)
#
# Only Python 3.11 or newer and make are assumed: .venv is built from constraints.txt when needed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
OLDEST := .venv-oldest
CORES ?= all

# Else every job would compile the modules of PyTorch and pandas again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help table1 people test extras slurm oldest lint clean

help:
	@sed -n '/^$$/q; s/^# //p' Makefile

table1: $(VENV)/installed
	@$(BIN)/snakemake --cores $(CORES) --quiet rules
	@echo
	@echo "results/table1.md     the table (also .csv, .tex and .png; all scores: scores.csv)"
	@echo "results/samples/      contact sheet, and videos with sound: truth left, generated right"

# Voices of flite and festival are used where these programs are installed.
people: $(VENV)/installed
	@$(BIN)/pip install --quiet --no-compile -c constraints.txt -e '.[people]'
	@$(BIN)/python benchmarks/voices.py data/voices --training
	@$(BIN)/snakemake results/voices/model --cores $(CORES) --quiet rules --configfile config/voices.yaml
	@echo
	@echo "$(BIN)/s2r generate speech.wav --model results/voices/model -o tract.mp4"

test: $(VENV)/installed
	@$(BIN)/python -m pytest

# Where the programs cannot be installed this is said, and their tests are skipped.
extras: $(VENV)/installed
	@$(BIN)/pip install --quiet --no-compile -c constraints.txt -e '.[align,browser]'
	@bash tests/install.sh || true

# Where SLURM cannot be installed the tests say so and are skipped.
slurm: $(VENV)/installed
	@$(BIN)/pip install --quiet --no-compile -c constraints.txt -e '.[slurm]'
	@bash tests/slurm/install.sh || true
	@$(BIN)/python -m pytest -n 0 -m slurm tests/slurm

# Raise a version in pyproject.toml only where this fails.
oldest: $(VENV)/installed
	@$(BIN)/pip install --quiet uv -c constraints.txt
	@$(BIN)/python -m venv --clear $(OLDEST)
	@$(BIN)/uv pip install --quiet --python $(OLDEST)/bin/python --resolution lowest-direct \
	  -e '.[workflow,studio,dev,align]'
	@$(OLDEST)/bin/python -m pytest

lint: $(VENV)/installed
	@$(BIN)/ruff check src tests workflow benchmarks
	@$(BIN)/ruff format --check src tests workflow benchmarks
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/snakemake --lint

clean:
	@rm -rf $(VENV) $(OLDEST)

# uv unpacks 6 GB of wheels in parallel, but reads no settings of pip; where it cannot reach an
# index, or the user has one of his own, pip does the same more slowly. Pip has no
# UV_TORCH_BACKEND (docs/installing.md): nothing is installed then.
$(VENV)/installed: pyproject.toml constraints.txt
	@if [[ $$PWD =~ [[:space:]\"\'\`\$$\&\|\;\<\>\(\)\*\?\\] ]]; then \
	  echo "Snakemake cannot start jobs where the path holds a space, a quote or a bracket, and this" \
	    "one does: $$PWD. Move the project to another folder." >&2; exit 1; fi
	@python=; for candidate in python3 python3.11 python3.12 python3.13 python3.14; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python=$$candidate; break; fi; done; \
	if [[ -z $$python ]]; then \
	  echo "s2r needs Python 3.11 or newer, and there is none on the PATH." >&2; exit 1; fi; \
	echo "Building $(VENV) with $$($$python --version), once: about 6 GB and a few minutes."; \
	if ! $$python -m venv $(VENV); then \
	  echo "$$python cannot make a virtual environment (Debian, Ubuntu: apt install python3-venv)." >&2; \
	  exit 1; fi
	@if [[ -z $$($(BIN)/pip config list | grep -E 'index-url|no-index' | grep -v extra-) ]] \
	    && $(BIN)/pip install --quiet uv -c constraints.txt \
	    && $(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[workflow,studio,dev]'; \
	then :; elif [[ -n $${UV_TORCH_BACKEND:-} ]]; then \
	  echo "The wheels of UV_TORCH_BACKEND=$$UV_TORCH_BACKEND could not be installed with uv (see above," \
	    "and docs/installing.md). Without this variable those of your usual index are." >&2; exit 1; \
	else \
	  $(BIN)/pip install --quiet --no-compile -c constraints.txt -e '.[workflow,studio,dev]'; fi
	@touch $@
