# Two commands for a stranger: `make demo` and `make test`. Everything else is for those who change the code.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := build/tools

export RUSTFITS_CFFI_STRICT ?= 1

.PHONY: demo test bench build tools clean

build: $(VENV)/.built

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "setuptools>=77" "cffi>=1.16" "numpy>=1.23" "tqdm>=4.60"
	touch $@

$(VENV)/.built: $(VENV)/.installed setup.py build_cfitsio.py vendor/obtain.py $(wildcard vendor/*/lock.json) \
		$(wildcard rustfits_cffi/native/csrc/*) $(wildcard rustfits_cffi/native/cdef/*)
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	touch $@

$(VENV)/.tested: $(VENV)/.built
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[test,cli]"
	touch $@

tools: $(VENV)/.built
	$(BIN)/python build_cfitsio.py tools $(TOOLS)

demo: build
	$(BIN)/rustfits-cffi demo

test: $(VENV)/.tested tools
	$(BIN)/python -m pytest

bench: $(VENV)/.tested tools
	$(BIN)/python -m benchmarks $(ROWS)

clean:
	rm -rf build dist $(VENV) rustfits_cffi/_cfitsio.* *.egg-info
