"""What tests of several folders share."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


class Tools:
    """The programs fpack and funpack of the vendored cfitsio."""

    def __init__(self, folder: Path):
        self.folder = folder

    def run(self, name: str, *arguments, check: bool = True, **options) -> subprocess.CompletedProcess:
        """Run one of the programs; its output is captured as bytes."""
        command = [str(self.folder / name), *map(str, arguments)]
        return subprocess.run(command, check=check, capture_output=True, timeout=120, **options)


@pytest.fixture(scope="session")
def tools() -> Tools:
    """fpack and funpack, from the folder named in RUSTFITS_CFFI_TOOLS or from build/tools."""
    folder = Path(os.environ.get("RUSTFITS_CFFI_TOOLS", ROOT / "build" / "tools"))
    if not (folder / "fpack").exists():
        pytest.skip(f"no fpack in {folder}: `make tools` builds it")
    return Tools(folder)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real telescope files that lies beside the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip(f"no real files in {folder}")
    return folder
