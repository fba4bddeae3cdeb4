# What developers run. Needs CPython >= 3.11 with venv and headers, and gcc or clang.
#   make test VENV=/tmp/venv PYTHON=python3.13

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
DIST ?= dist

.PHONY: help venv build run test lint types samples docs bench sdist wheel debug clean

help:
	@echo "make venv     create $(VENV)"
	@echo "make build    compile and install the package with the tools of development"
	@echo "make run      train on the handwritten digits"
	@echo "make test     run the tests on the installed package (ARGS='-k name')"
	@echo "make lint     ruff and cython-lint"
	@echo "make types    mypy"
	@echo "make samples  run every sample briefly"
	@echo "make docs     write the documentation to build/docs"
	@echo "make bench    run the benchmarks (ARGS='--rows W1,W2,W3')"
	@echo "make sdist    write the source distribution to $(DIST)"
	@echo "make wheel    write the source distribution, and a wheel that is built from it, to $(DIST)"
	@echo "make debug    run the tests on a build with bounds checks, in .venv-debug"
	@echo "make clean    remove what was built; environments stay"

venv: $(BIN)/python

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

build: venv
	$(BIN)/pip install --quiet '.[dev]'

run: build
	$(BIN)/python samples/basic-image-classification.py digits

test: build
	$(BIN)/pytest $(ARGS)

lint: build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(abspath $(BIN)):$$PATH" cython-lint rindow_math rindow_nn

types: build
	$(BIN)/mypy

samples: build
	.ci/samples $(BIN)/python

docs: build
	$(BIN)/python -P -m sphinx -q -W --keep-going docs build/docs

bench: build
	$(BIN)/python benchmarks/run.py $(ARGS)

sdist: build
	$(BIN)/python -m build --sdist --outdir $(DIST)

wheel: build
	$(BIN)/python -m build --outdir $(DIST)

debug:
	RINDOW_DEBUG=1 $(MAKE) test VENV=.venv-debug

clean:
	rm -rf build $(DIST) *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f rindow_math/matrix/kernels/blas_int.pxi
	find rindow_math rindow_nn tests samples benchmarks -name __pycache__ -prune -exec rm -rf {} +
	find rindow_math rindow_nn -name '*.so' -delete
