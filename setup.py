"""Build entry point: the metadata is in pyproject.toml, the extension in build_cfitsio.py."""

import sys
from pathlib import Path

from setuptools import setup

sys.path.insert(0, str(Path(__file__).resolve().parent))

from build_cfitsio import COMMANDS  # found only after the line above

setup(
    cffi_modules=["build_cfitsio.py:ffibuilder"],
    cmdclass=COMMANDS,
    options={"bdist_wheel": {"py_limited_api": "cp310"}},  # one wheel for every Python from 3.10 on
)
