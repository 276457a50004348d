"""The public names, their signatures, the cost of importing them, and the example in the README."""

import inspect
import os
import re
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi as rf

ROOT = Path(__file__).resolve().parent.parent
IMPORT_SECONDS = 0.060  # beyond numpy

SIGNATURES = {
    "FITS": "(filename, mode='r', *, lenient=False, trust_sizes=False, durable=False)",
    "FITS.create_image_hdu": (
        "(self, dtype, dims, *, extname=None, extver=None, compress=None, quantize=None, blank=None)"
    ),
    "FITS.write_image": (
        "(self, data, *, extname=None, extver=None, compress=None, quantize=None, blank=None, header=None)"
    ),
    "FITS.write": "(self, data, *, extname=None, header=None)",
    "FITS.close": "(self)",
    "FITS.sync": "(self)",
    "read": "(filename, ext=None, *, header=False)",
    "read_header": "(filename, ext=0)",
    "write": "(filename, data, *, mode='w+', extname=None, header=None)",
    "is_protected_key": "(key)",
    "Gzip1": "(*, tile_shape=None, heap_format='P', level=None)",
    "Gzip2": "(*, tile_shape=None, heap_format='P', level=None)",
    "Rice1": "(*, tile_shape=None, heap_format='P', blocksize=32)",
    "Hcompress1": "(*, tile_shape=None, heap_format='P', scale=0, smooth=False)",
    "Plio1": "(*, tile_shape=None, heap_format='P')",
    "Quantize": "(*, level=4.0, method='dither1', seed=0)",
    "ImageHDU.read": "(self, *, scale=True, mask_blank=False)",
    "ImageHDU.write": "(self, data, start=None)",
    "CompressedImageHDU.read": "(self, *, scale=True, mask_blank=False)",
    "CompressedImageHDU.write": "(self, data, start=None)",
    "FITSHeader.get": "(self, key, default=None)",
    "FITSHeader.update": "(self, other, *, copy_commentary=False)",
    "FITSHeader.to_dict": "(self, skip_protected=False)",
    "FITSHeader.set_comment": "(self, key, comment)",
    "FITSHeader.comment_of": "(self, key)",
    "FITSHeader.add_comment": "(self, text)",
    "FITSHeader.add_history": "(self, text)",
    "FITSHeader.add_blank": "(self, text)",
    "set_memory_pool_size": "(nbytes)",
    "set_num_threads": "(count)",
    "get_num_threads": "()",
    "versions": "()",
}
MEMBERS = {
    "FITS": "closed filename hdus __len__ __iter__ __getitem__ __contains__ __enter__ __exit__",
    "HDU": "extname extver has_data header index _force_taint",
    "ImageHDU": "bitpix dtype ndim shape size unit __len__ __getitem__ __setitem__",
    "CompressedImageHDU": "compression n_tiles tile_cache_size tile_cache_used set_tile_cache_size clear_tile_cache",
    "FITSHeader": "cards keys values items __len__ __iter__ __getitem__ __setitem__ __delitem__ __contains__",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_as_promised(name):
    target = rf
    for part in name.split("."):
        target = getattr(target, part)
    signature = inspect.signature(target)
    bare = signature.replace(
        parameters=[p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()],
        return_annotation=inspect.Signature.empty,
    )
    assert str(bare) == SIGNATURES[name]


@pytest.mark.parametrize("name", MEMBERS)
def test_classes_have_their_members(name):
    missing = [member for member in MEMBERS[name].split() if not hasattr(getattr(rf, name), member)]
    assert not missing


def test_every_public_name_exists_and_is_documented():
    assert len(rf.__all__) == len(set(rf.__all__))
    for name in rf.__all__:
        assert getattr(rf, name).__doc__, name
    for name in (
        "FITS",
        "HDU",
        "ImageHDU",
        "CompressedImageHDU",
        "FITSHeader",
        "Gzip1",
        "Gzip2",
        "Rice1",
        "Hcompress1",
        "Plio1",
        "Quantize",
        "FITSError",
        "read",
        "read_header",
        "write",
        "is_protected_key",
    ):
        assert name in rf.__all__
    with pytest.raises(AttributeError, match="nonsense"):
        rf.nonsense  # noqa: B018


def test_names_are_listed_before_they_are_used():
    code = (
        "import rustfits_cffi as rf; names = dir(rf); assert 'numpy' not in __import__('sys').modules;"
        "assert {*rf.__all__, '__version__', 'polycomp'} <= {*names}; rf.errors.ClosedError, rf.polycomp.encode"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_public_methods_are_documented():
    for cls in (rf.FITS, rf.HDU, rf.ImageHDU, rf.CompressedImageHDU, rf.FITSHeader):
        for name, member in vars(cls).items():
            if not name.startswith("_") and (callable(member) or isinstance(member, property)):
                assert member.__doc__, f"{cls.__name__}.{name}"


def test_classes_have_their_base_classes():
    assert issubclass(rf.CompressedImageHDU, rf.ImageHDU) and issubclass(rf.ImageHDU, rf.HDU)
    assert (
        issubclass(rf.FITSError, OSError)
        and issubclass(rf.TileError, rf.FITSError)
        and issubclass(rf.TileError, ValueError)
    )


def test_configs_compare_and_cannot_change():
    assert rf.Rice1(tile_shape=[4, 5]) == rf.Rice1(tile_shape=(4, 5)) != rf.Rice1() and rf.Gzip1() != rf.Gzip2()
    assert repr(rf.Rice1(tile_shape=(16, 16))) == "Rice1(tile_shape=[16, 16], heap_format='P', blocksize=32)"
    assert repr(rf.Quantize()) == "Quantize(level=4, method='dither1', seed=0)"
    for config in (rf.Rice1(), rf.Quantize()):
        with pytest.raises(AttributeError):
            config.level = 5
        with pytest.raises(TypeError):
            hash(config)


def test_versions_name_the_package_and_its_libraries():
    try:
        installed = metadata.version("rustfits_cffi")
    except metadata.PackageNotFoundError:
        pytest.skip("the package is not installed, only importable")
    assert rf.__version__ == installed and re.fullmatch(r"\d+\.\d+\.\d+", rf.__version__)
    versions = rf.versions()
    assert versions["rustfits_cffi"] == installed and str(versions["cfitsio"]).startswith("4.6.4")


def seconds_to_import(statement, cache):
    """Median CPU time of a statement in new processes, without other processes and numpy's threads.

    Compiled modules are in `cache`: only the first import after an installation compiles them.
    """
    code = f"import time, numpy; begin = time.thread_time(); {statement}; print(time.thread_time() - begin)"
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return statistics.median(
        float(subprocess.check_output(command, text=True, cwd=ROOT, env=environment)) for _ in range(7)
    )


def test_import_is_fast(tmp_path):
    assert seconds_to_import("import rustfits_cffi", tmp_path) < IMPORT_SECONDS


def test_import_brings_nothing_heavy():
    code = (
        "import sys, numpy; before = set(sys.modules); import rustfits_cffi; print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    heavy = {
        "argparse",
        "asyncio",
        "astropy",
        "email",
        "http",
        "importlib.metadata",
        "multiprocessing",
        "tqdm",
        "unittest",
        "urllib.request",
    }
    assert not heavy & set(loaded)
    assert "rustfits_cffi.reference" not in loaded and "rustfits_cffi.compare" not in loaded


def test_example_of_the_readme_prints_what_it_says(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    promised = re.search(r"^prints `(.*)`\.$", readme, re.MULTILINE)[1]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.strip() == promised
    with rf.FITS(tmp_path / "sky.fits.fz") as fits:
        assert len(fits) == 2 and np.isnan(fits["SCI"][7, 7])
