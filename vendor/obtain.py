"""Obtain the third-party C sources for the build, and verify every byte of them.

Each folder ``vendor/<name>/`` holds a ``lock.json`` (which release, which registry package carries it, which
hashes) and, once obtained, the unpacked sources in ``src/``. Sources are looked for in this order:

1. ``vendor/<name>/src``: already unpacked, as in a source distribution;
2. the environment variable ``RUSTFITS_CFFI_VENDOR``: a folder that holds the packages' source distributions, the
   release archives, or the unpacked sources in ``<name>/``; or one of those archives, with the others next to it;
3. the package registry, through ``pip download`` with the pinned hash.

In any case, the unpacked tree must have the hash that the lock names.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent
ENVIRONMENT_VARIABLE = "RUSTFITS_CFFI_VENDOR"
NAMES = ("cfitsio", "zlib", "libdeflate")


class VendorError(RuntimeError):
    """The sources could not be obtained, or are not the ones the lock names."""


def read_lock(name: str) -> dict:
    """The lock of one vendored library, as written in its ``lock.json``."""
    return json.loads((VENDOR / name / "lock.json").read_text(encoding="utf-8"))


def obtain(name: str) -> Path:
    """Folder with the verified sources of one vendored library.

    Raises
    ------
    VendorError
        If no source is available, or its hash differs from that in the lock.
    """
    lock = read_lock(name)
    target = VENDOR / name / "src"
    if target.is_dir():
        _require_tree(lock, target)
        return target
    local = os.environ.get(ENVIRONMENT_VARIABLE)
    files = _files_from_local(lock, Path(local)) if local else _files_from_registry(lock)
    _install(lock, files, target)
    return target


def tree_sha256(files: dict[str, bytes]) -> str:
    """One hash over the names and the contents of a tree, independent of archive format and time stamps."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()


def _is_kept(lock: dict, name: str) -> bool:
    """Whether the build needs this file; a pattern's ``*`` stays within one folder, and hidden files never match."""
    parts = name.split("/")
    if parts[-1].startswith("."):
        return False
    for pattern in lock["keep"]:
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(map(fnmatch.fnmatchcase, parts, wanted)):
            return True
    return False


def _files_in_folder(lock: dict, folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in names.items() if _is_kept(lock, name)}


def _files_in_archive(lock: dict, data: bytes) -> dict[str, bytes]:
    prefix = lock["root"] + "/"
    files = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if member.isfile() and name.startswith(prefix) and _is_kept(lock, name[len(prefix):]):
                files[name[len(prefix):]] = archive.extractfile(member).read()
    return files


def _files_in_package(lock: dict, package: bytes) -> dict[str, bytes]:
    """Sources within a registry package: directly, or in the release archive that it carries."""
    if lock["archive"] is None:
        return _files_in_archive(lock, package)
    inner = f"{lock['package']}-{lock['package_version']}/{lock['archive']}"
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        data = archive.extractfile(inner).read()
    _require_hash(f"{inner} in the package", data, lock["archive_sha256"])
    return _files_in_archive(lock, data)


def _package_file_name(lock: dict) -> str:
    return f"{lock['package']}-{lock['package_version']}.tar.gz"


def _known_file_names() -> set[str]:
    locks = [read_lock(name) for name in NAMES]
    return {_package_file_name(lock) for lock in locks} | {lock["archive"] for lock in locks if lock["archive"]}


def _wanted_packages() -> str:
    """Names of the source distributions of all libraries, as text: a user can then fetch them all at once."""
    return " and ".join(sorted({_package_file_name(read_lock(name)) for name in NAMES}))


def _files_from_local(lock: dict, location: Path) -> dict[str, bytes]:
    """Sources from a folder, or from a single archive, named by the user."""
    if not location.exists():
        raise VendorError(f"{ENVIRONMENT_VARIABLE} names {location}, which does not exist.")
    if location.is_file():
        if location.name not in _known_file_names():
            wanted = _wanted_packages()
            raise VendorError(f"{ENVIRONMENT_VARIABLE} names {location}, a file of another name than {wanted}.")
        location = location.parent
    package, archive = location / _package_file_name(lock), location / (lock["archive"] or "")
    if package.is_file():
        return _files_in_package(lock, _read_pinned(package, lock["package_sha256"]))
    if archive.is_file():
        return _files_in_archive(lock, _read_pinned(archive, lock["archive_sha256"]))
    if (location / lock["name"]).is_dir():
        return _files_in_folder(lock, location / lock["name"])
    wanted = " or ".join(filter(None, [_package_file_name(lock), lock["archive"], lock["name"] + "/"]))
    raise VendorError(
        f"{ENVIRONMENT_VARIABLE} names {os.environ[ENVIRONMENT_VARIABLE]}, but {lock['name']} is not there; "
        f"wanted: {wanted}.\nFor all libraries put {_wanted_packages()} into one folder."
    )


def _files_from_registry(lock: dict) -> dict[str, bytes]:
    """Sources from the package registry: one ``pip download`` that refuses any other hash."""
    requirement = f"{lock['package']}=={lock['package_version']} --hash=sha256:{lock['package_sha256']}"
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "requirements.txt")
        wanted.write_text(requirement + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", lock["package"],
                   "--require-hashes", "--requirement", str(wanted), "--dest", folder]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        package = Path(folder, _package_file_name(lock))
        if result.returncode or not package.is_file():
            raise VendorError(_download_failed(lock, result.stderr))
        return _files_in_package(lock, package.read_bytes())


def _download_failed(lock: dict, stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    last = [line for line in lines if line.startswith("ERROR")][-1:] or lines[-1:] or ["pip gave no reason"]
    return (
        f"Could not download {lock['package']} {lock['package_version']}, which carries the sources of "
        f"{lock['name']} {lock['version']} ({last[0]}).\n"
        f"Without a network: put {_wanted_packages()} into a folder and set {ENVIRONMENT_VARIABLE} to that "
        f"folder, or install from our source distribution, which carries the sources."
    )


def _read_pinned(path: Path, sha256: str) -> bytes:
    """The bytes of a file that must have this hash."""
    data = path.read_bytes()
    _require_hash(str(path), data, sha256)
    return data


def _require_hash(what: str, data: bytes, sha256: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise VendorError(f"{what} is not the pinned file: its sha256 is {found}, the lock names {sha256}.")


def _require_tree(lock: dict, folder: Path) -> None:
    found = tree_sha256(_files_in_folder(lock, folder))
    if found != lock["tree_sha256"]:
        raise VendorError(
            f"The sources in {folder} are not those of {lock['name']} {lock['version']}: their hash is {found}, the "
            f"lock names {lock['tree_sha256']}. Delete that folder to obtain them again."
        )


def _install(lock: dict, files: dict[str, bytes], target: Path) -> None:
    """Put a verified tree in place in one step, so that an interrupted build never leaves half of it."""
    found = tree_sha256(files)
    if found != lock["tree_sha256"]:
        raise VendorError(
            f"The sources found for {lock['name']} {lock['version']} have the hash {found}, the lock names "
            f"{lock['tree_sha256']}."
        )
    unpacked = Path(tempfile.mkdtemp(prefix="src-", dir=target.parent))
    try:
        for name, data in files.items():
            path = unpacked / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        unpacked.chmod(0o755)
        unpacked.rename(target)
    except BaseException:
        shutil.rmtree(unpacked, ignore_errors=True)
        raise


if __name__ == "__main__":
    try:
        for vendored in NAMES:
            print(f"{vendored}: {obtain(vendored)}")
    except VendorError as error:
        sys.exit(f"error: {error}")
