# `make demo` and `make test` are for everyone. The other commands are for those who change the code:
#   make bench [ROWS="R1 S1"]   speed compared with other libraries
#   make fuzz [MINUTES=10]      the tests that use random numbers, repeatedly with new ones
#   make torture [TIMES=200]    changes of files that are killed, and that meet full disks (five minutes)
#   make sanitize               the tests of the C code with the compiler's checks of addresses and arithmetic
#   make plain                  the same tests with the C code for any processor
#   make compilers              compiles our C with gcc, clang and gcc for arm64, whichever are installed
#   make lint

PYTHON ?= python3
MINUTES ?= 10
TIMES ?= 200
ROUND ?= $(shell date +%s)
OF_C := tests/native tests/hostile tests/identity tests/hdu tests/polycomp
VENV := .venv
BIN := $(VENV)/bin
TOOLS := build/tools
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

export RUSTFITS_CFFI_STRICT ?= 1

.PHONY: demo test bench fuzz torture sanitize plain compilers lint build tools clean

build: $(VENV)/.built

$(VENV)/.installed: pyproject.toml
	@echo "Making a Python environment in $(VENV) and installing cffi and numpy into it ..."
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else "error: Python 3.10 or newer is needed, " \
		"$(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(PIP) "setuptools>=77" "cffi>=1.16" "numpy>=1.23" "tqdm>=4.60"
	@touch $@

$(VENV)/.built: $(VENV)/.installed setup.py build_cfitsio.py vendor/obtain.py $(wildcard vendor/*/lock.json) \
		$(wildcard rustfits_cffi/native/csrc/*.h rustfits_cffi/native/csrc/*/*) $(wildcard rustfits_cffi/native/cdef/*)
	@echo "Obtaining the sources of cfitsio, zlib and libdeflate, and compiling them with ours (about a minute) ..."
	@$(BIN)/python build_cfitsio.py check
	$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

# The packages of the extras "test" and "cli", without rebuilding the extension.
$(VENV)/.tested: $(VENV)/.built
	@echo "Installing the packages that the tests compare with (fitsio, astropy, rustfits) ..."
	@$(BIN)/python -c 'from importlib.metadata import requires; print(*[r.split(";")[0] for r in requires("rustfits_cffi") \
		if "extra" in r and "dev" not in r], sep="\n")' > $(VENV)/requirements.txt
	$(PIP) --requirement $(VENV)/requirements.txt
	@touch $@

# The packages of the extra "dev"; their rules are in pyproject.toml.
$(VENV)/.linted: $(VENV)/.installed
	$(PIP) ruff mypy
	@touch $@

tools: $(VENV)/.built
	@echo "Building fpack and funpack from the same sources ..."
	$(BIN)/python build_cfitsio.py tools $(TOOLS)

demo: build
	$(BIN)/rustfits-cffi demo

test: $(VENV)/.tested tools
	$(BIN)/python -m pytest

bench: $(VENV)/.tested tools
	$(BIN)/python -m benchmarks --memory $(ROWS)
	$(if $(ROWS),,$(BIN)/python -m benchmarks.polycomp)

fuzz: $(VENV)/.tested
	@end=$$(($$(date +%s) + 60 * $(MINUTES))); round=$(ROUND); while [ $$(date +%s) -lt $$end ]; do \
		echo "round $$round (to repeat it: make fuzz ROUND=$$round)"; \
		$(BIN)/python -m pytest --fuzz-round $$round --hypothesis-seed $$round || exit 1; round=$$((round + 1)); done

torture: $(VENV)/.tested
	$(BIN)/python -m tests.edits.torture $(TIMES)

sanitize: $(VENV)/.tested tools
	@echo "Compiling with the compiler's checks (a minute), then running the tests of the C code (3 minutes) ..."
	RUSTFITS_CFFI_SANITIZE=1 $(BIN)/python setup.py --quiet build --build-base build/sanitized --build-lib build/sanitized/lib
	PYTHONPATH=$(CURDIR)/build/sanitized/lib LD_PRELOAD="$$(cc -print-file-name=libasan.so) $$(cc -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 $(BIN)/pytest $(OF_C)

plain: $(VENV)/.tested tools
	@echo "Compiling for any processor (a minute), then running the tests of the C code (a few minutes) ..."
	RUSTFITS_CFFI_CFLAGS=-DRF_PLAIN $(BIN)/python setup.py --quiet build --build-base build/plain --build-lib build/plain/lib
	PYTHONPATH=$(CURDIR)/build/plain/lib $(BIN)/pytest $(OF_C)

compilers: $(VENV)/.built
	$(BIN)/python build_cfitsio.py ours build/compilers

lint: $(VENV)/.linted
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf build dist $(VENV) rustfits_cffi/_cfitsio.* *.egg-info
