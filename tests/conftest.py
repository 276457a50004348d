"""What tests share: the fpack and funpack built from the vendored sources, and real files where they are present."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def tools() -> Path:
    """Folder with fpack and funpack (``make tools``)."""
    folder = Path(os.environ.get("RUSTFITS_CFFI_TOOLS", ROOT / "build" / "tools"))
    if not (folder / "fpack").exists():
        pytest.skip("fpack and funpack are not built; run `make tools`")
    return folder


@pytest.fixture(scope="session")
def real_files() -> Path:
    """Folder with real telescope files."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real telescope files are not on this machine")
    return folder
