"""The build: the origin of the third-party sources, the refusal of wrong ones, and its errors."""

import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"main.c": b"int main(void) { return 0; }\n", "lib/part.h": b"#define PART 1\n", "COPYING": b"free\n"}
UNWANTED = {"configure": b"#!/bin/sh\n", "lib/.hidden.c": b"?"}


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def archive_of(root, files):
    """A gzipped tar of `files` in the folder `root`."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{root}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    """obtain.py with its own vendor folder of two libraries: one within a release archive, one bare."""
    obtain = loaded(ROOT / "vendor" / "obtain.py")
    monkeypatch.setattr(obtain, "VENDOR", tmp_path / "vendor")
    monkeypatch.setattr(obtain, "NAMES", ("inner", "bare"))
    monkeypatch.delenv(obtain.ENVIRONMENT_VARIABLE, raising=False)
    release = archive_of("inner-1", SOURCES | UNWANTED)
    packages = {
        "carrier-1.0.tar.gz": archive_of("carrier-1.0", {"inner-1.tar.gz": release}),
        "single-2.0.tar.gz": archive_of("single-2.0/src", SOURCES | UNWANTED),
    }
    common = {"version": "1", "keep": ["*.c", "lib/*.h", "COPYING"], "tree_sha256": obtain.tree_sha256(SOURCES)}
    locks = {
        "inner": {"package": "carrier", "package_version": "1.0", "archive": "inner-1.tar.gz", "root": "inner-1",
                  "package_sha256": sha256(packages["carrier-1.0.tar.gz"]), "archive_sha256": sha256(release)},
        "bare": {"package": "single", "package_version": "2.0", "archive": None, "root": "single-2.0/src",
                 "package_sha256": sha256(packages["single-2.0.tar.gz"]), "archive_sha256": None},
    }
    for name, lock in locks.items():
        (obtain.VENDOR / name).mkdir(parents=True)
        (obtain.VENDOR / name / "lock.json").write_text(json.dumps({"name": name, **common, **lock}))
    obtain.local = tmp_path / "local"
    obtain.local.mkdir()
    obtain.packages, obtain.release = packages, release
    return obtain


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def use_local(vendor, monkeypatch, location=None):
    monkeypatch.setenv(vendor.ENVIRONMENT_VARIABLE, str(location or vendor.local))


def test_packages_in_a_local_folder_are_unpacked(vendor, monkeypatch):
    use_local(vendor, monkeypatch)
    for name, data in vendor.packages.items():
        (vendor.local / name).write_bytes(data)
    for name in vendor.NAMES:
        assert tree(vendor.obtain(name)) == SOURCES


def test_one_local_archive_is_as_good_as_its_folder(vendor, monkeypatch):
    for name, data in vendor.packages.items():
        (vendor.local / name).write_bytes(data)
    use_local(vendor, monkeypatch, vendor.local / "single-2.0.tar.gz")
    for name in vendor.NAMES:
        assert tree(vendor.obtain(name)) == SOURCES


def test_a_release_archive_is_accepted(vendor, monkeypatch):
    use_local(vendor, monkeypatch)
    (vendor.local / "inner-1.tar.gz").write_bytes(vendor.release)
    assert tree(vendor.obtain("inner")) == SOURCES


def test_a_local_folder_of_sources_is_accepted(vendor, monkeypatch):
    use_local(vendor, monkeypatch)
    for name, data in (SOURCES | UNWANTED).items():
        path = vendor.local / "bare" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert tree(vendor.obtain("bare")) == SOURCES


def test_sources_in_the_vendor_folder_are_used_and_verified(vendor):
    target = vendor.VENDOR / "bare" / "src"
    vendor._install(vendor.read_lock("bare"), SOURCES, target)
    assert vendor.obtain("bare") == target
    (target / "main.c").write_bytes(b"int main(void) { return 1; }\n")
    with pytest.raises(vendor.VendorError, match=r"are not those of bare 1.*Delete that folder"):
        vendor.obtain("bare")


@pytest.mark.parametrize("name", ["carrier-1.0.tar.gz", "inner-1.tar.gz"])
def test_a_corrupt_archive_is_refused_and_leaves_nothing(vendor, monkeypatch, name):
    use_local(vendor, monkeypatch)
    data = bytearray(vendor.packages.get(name, vendor.release))
    data[len(data) // 2] ^= 1
    (vendor.local / name).write_bytes(data)
    words = r"is not the pinned file: its sha256 is \w{64}, the lock names \w{64}"
    with pytest.raises(vendor.VendorError, match=words):
        vendor.obtain("inner")
    assert [path.name for path in (vendor.VENDOR / "inner").iterdir()] == ["lock.json"]


def test_wrong_sources_in_a_local_folder_are_refused(vendor, monkeypatch):
    use_local(vendor, monkeypatch)
    (vendor.local / "bare").mkdir()
    (vendor.local / "bare" / "main.c").write_bytes(b"int main(void) { return 1; }\n")
    with pytest.raises(vendor.VendorError, match="sources found for bare 1 have the hash"):
        vendor.obtain("bare")
    assert not (vendor.VENDOR / "bare" / "src").exists()


@pytest.mark.parametrize(
    "location, message",
    [
        ("nowhere", "which does not exist"),
        ("local", r"inner is not there; wanted: carrier-1\.0\.tar\.gz or inner-1\.tar\.gz or inner/"),
        ("local/else.tar.gz", r"a file of another name than carrier-1\.0\.tar\.gz and single-2\.0\.tar\.gz"),
    ],
)
def test_a_wrong_local_path_says_what_is_wanted(vendor, monkeypatch, tmp_path, location, message):
    (vendor.local / "else.tar.gz").write_bytes(b"")
    use_local(vendor, monkeypatch, tmp_path / location)
    with pytest.raises(vendor.VendorError, match=message):
        vendor.obtain("inner")


def test_without_a_network_one_message_says_what_to_do(vendor, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(vendor.VendorError) as caught:
        vendor.obtain("bare")
    message = str(caught.value)
    assert "Could not download single 2.0" in message
    assert "put carrier-1.0.tar.gz and single-2.0.tar.gz into a folder and set RUSTFITS_CFFI_VENDOR" in message


@pytest.fixture(scope="module")
def builder():
    return loaded(ROOT / "build_cfitsio.py")


@pytest.fixture
def source(builder, tmp_path, monkeypatch):
    """A single C file, in a tree that the builder treats as the repository."""
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    path = tmp_path / "part.c"
    path.write_text("int rf_part(void) { return 1; }\n")
    return path


def test_a_missing_compiler_is_named(builder, source, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    words = r"no C compiler: 'no-such-compiler' was not found\. Install one, or name it in CC"
    with pytest.raises(SystemExit, match=words):
        builder.compile_all([(source, [])], tmp_path / "objects")


@pytest.mark.parametrize("command", [["build_cfitsio.py", "check"], ["setup.py", "-q", "build_ext"]])
def test_without_a_compiler_the_build_ends_in_one_line(command):
    environment = os.environ | {"CC": "no-such-compiler"}
    command = [sys.executable, *command]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1
    assert result.stderr.startswith("error: no C compiler: 'no-such-compiler' was not found")
    assert result.stderr.count("\n") == 1


def test_missing_headers_of_python_are_named(builder, monkeypatch, tmp_path):
    monkeypatch.setattr(builder.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    with pytest.raises(SystemExit, match=r"no Python\.h in .*python3-dev"):
        builder.require_compiler()


def test_a_compile_error_shows_the_file_and_what_the_compiler_said(builder, source, tmp_path):
    source.write_text("#error here it stops\n")
    with pytest.raises(SystemExit, match=r"part\.c does not compile:(?s:.*)here it stops"):
        builder.compile_all([(source, [])], tmp_path / "objects")


def test_only_changed_files_are_recompiled(builder, source, tmp_path):
    (target,) = builder.compile_all([(source, [])], tmp_path / "objects")
    first = Path(target).stat().st_mtime_ns
    builder.compile_all([(source, [])], tmp_path / "objects")
    assert Path(target).stat().st_mtime_ns == first
    builder.compile_all([(source, ["-DOTHER"])], tmp_path / "objects")
    assert Path(target).stat().st_mtime_ns > first


def run_setup(tmp_path, *commands):
    """Run setup.py on a copy of the repository, so that it leaves no files."""
    copy = tmp_path / "copy"
    skip = shutil.ignore_patterns(".git", ".venv", "build", "dist", "*.egg-info", "__pycache__", ".hypothesis", "*.so",
                                  "results")
    shutil.copytree(ROOT, copy, ignore=skip)
    command = [sys.executable, "setup.py", "-q", *commands]
    subprocess.run(command, cwd=copy, check=True, capture_output=True, timeout=300)


def test_source_distribution_has_the_sources_and_the_tests(tmp_path):
    if not all((ROOT / "vendor" / name / "src").is_dir() for name in ("cfitsio", "zlib", "libdeflate")):
        pytest.skip("the vendored sources are not in place")
    run_setup(tmp_path, "sdist", "--dist-dir", str(tmp_path))
    (package,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(package) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    for name in ("cfitsio/src/fitsio.h", "cfitsio/src/utilities/fpack.c", "zlib/src/deflate.c",
                 "libdeflate/src/lib/x86/cpu_features.h", "cfitsio/lock.json", "obtain.py"):
        assert f"vendor/{name}" in names
    for name in ("build_cfitsio.py", "Makefile", "LICENSE", "README.md", "rustfits_cffi/native/csrc/rf.h",
                 "rustfits_cffi/native/cdef/file.h", "rustfits_cffi/py.typed", "tests/conftest.py",
                 "docs/architecture.md"):
        assert name in names


def test_installed_files_are_python_only(tmp_path):
    run_setup(tmp_path, "build_py", "--build-lib", str(tmp_path / "lib"))
    files = [path for path in (tmp_path / "lib").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".py", ".typed"}
    assert [path.relative_to(tmp_path / "lib").as_posix() for path in files if path.suffix == ".typed"] == [
        "rustfits_cffi/py.typed"
    ]
