"""What a new codec requires: a folder and a file of C with a row, a config class, and a row of parameters.

A toy codec is added to a copy of the sources, which is built and reads an image that no other program could write.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = (".git", ".venv", "dist", "*.egg-info", "__pycache__", ".hypothesis", ".pytest_cache", "results")

# New files: the coder, which combines every byte with a key by XOR, and its codec.
ADDED = {
    "rustfits_cffi/native/csrc/toy/rf_toy.h": """
#ifndef RF_TOY_H
#define RF_TOY_H

#include "rf.h"

void rf_toy_code(const uint8_t *src, size_t nbytes, uint8_t key, uint8_t *dst);

#endif
""",
    "rustfits_cffi/native/csrc/toy/rf_toy.c": """
#include "toy/rf_toy.h"

void rf_toy_code(const uint8_t *src, size_t nbytes, uint8_t key, uint8_t *dst)
{
    for (size_t i = 0; i < nbytes; i++) dst[i] = src[i] ^ key;
}
""",
    "rustfits_cffi/native/csrc/codecs/rf_toy_codec.c": """
#include "codecs/rf_codec.h"
#include "pixels/rf_pixels.h"
#include "toy/rf_toy.h"

static int decode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const uint8_t *src, size_t src_len,
                  void *target, int target_bitpix, rf_values *out)
{
    size_t width = rf_width(coder->bitpix);
    if (src_len != extent->n * width) return RF_ESIZE;
    if (!rf_codec_target(w, extent->n, coder->bitpix, target, target_bitpix, out)) return RF_ENOMEM;
    rf_toy_code(src, src_len, (uint8_t)coder->rice_block, out->data);
    rf_reorder(out->data, extent->n, width);
    return RF_OK;
}

static int encode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const void *values, int nullcheck,
                  uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    size_t width = rf_width(coder->bitpix), nbytes = extent->n * width;
    uint8_t *bytes = rf_reserve(&w->bytes, nbytes);
    (void)nullcheck;
    if (!bytes) return RF_ENOMEM;
    if (dst_cap < nbytes) return RF_ENOSPACE;
    for (size_t i = 0; i < nbytes; i++) bytes[i] = ((const uint8_t *)values)[i];
    rf_reorder(bytes, extent->n, width);
    rf_toy_code(bytes, nbytes, (uint8_t)coder->rice_block, dst);
    *dst_len = nbytes;
    return RF_OK;
}

static size_t bound(const rf_coder *coder, const rf_extent *extent) { return extent->n * rf_width(coder->bitpix); }

const rf_codec_functions rf_toy_codec = {
    .name = "TOY_1", .codec = 99, .holds_floats = true, .decode = decode, .encode = encode, .bound = bound,
};
""",
}

# Rows in existing files: (file, existing text, row to insert).
ROWS = [
    ("rustfits_cffi/native/csrc/codecs/rf_codecs.c", "    row(rf_rice_codec) \\\n", "    row(rf_toy_codec) \\\n"),
    (
        "rustfits_cffi/config.py",
        "_ZQUANTIZ = {",
        """

@dataclass(frozen=True, kw_only=True, repr=False)
class Toy1(Codec):
    key: int = 1

    zcmptype: ClassVar[str] = "TOY_1"
    holds_floats: ClassVar[bool] = True
    most_bits: ClassVar[int] = 64

    def coder_parameters(self) -> dict[str, Any]:
        return {"rice_block": self.key}

    @classmethod
    def of_file(cls, tile_shape: tuple[int, ...], heap_format: str, parameters: dict[str, Any]) -> Codec:
        return cls(tile_shape=tile_shape, heap_format=heap_format, key=parameters["rice_block"])


""",
    ),
    ("rustfits_cffi/config.py", '    "GZIP": Gzip1,\n', '    "TOY_1": Toy1,\n'),
    (
        "rustfits_cffi/format/codec_parameters.py",
        "= {\"RICE_1\": _rice,",
        ' "TOY_1": lambda parameters: {"rice_block": int(_parameter(parameters, "KEY", 1, 1)[1])},',
    ),
]

USE = """
import numpy as np
import rustfits_cffi as rf
from rustfits_cffi.config import Toy1
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_coding import Coder, TileCoding

def header(*cards):
    return "".join(f"{card:<80}" for card in (*cards, "END")).ljust(2880).encode()

def value(key, value):
    return f"{key:<8}= {value!r:>20}" if isinstance(value, int) else f"{key:<8}= '{value:<8}'"

for dtype, bitpix in (("i2", 16), ("i8", 64), ("f8", -64)):
    pixels = np.random.default_rng(1).normal(0, 1000, (5, 40)).astype(dtype)
    coding = TileCoding((5, 40), (2, 40), bitpix, Coder("TOY_1", bitpix, **Toy1(key=77).coder_parameters()))
    coded = TileCodec(coding).encode(pixels, np.arange(3))
    assert coded.data.tobytes() == bytes(byte ^ 77 for byte in pixels.astype(pixels.dtype.newbyteorder(">")).tobytes())
    ends = np.cumsum(coded.nbytes)
    rows = np.stack([coded.nbytes, ends - coded.nbytes], axis=1).astype(">i4").tobytes()
    cards = [value("XTENSION", "BINTABLE"), value("BITPIX", 8), value("NAXIS", 2), value("NAXIS1", 8),
             value("NAXIS2", 3), value("PCOUNT", int(ends[-1])), value("GCOUNT", 1), value("TFIELDS", 1),
             value("TTYPE1", "COMPRESSED_DATA"), value("TFORM1", "1PB"), "ZIMAGE  =                    T",
             value("ZBITPIX", bitpix), value("ZNAXIS", 2),
             value("ZNAXIS1", 40), value("ZNAXIS2", 5), value("ZTILE1", 40), value("ZTILE2", 2),
             value("ZCMPTYPE", "TOY_1"), value("ZNAME1", "KEY"), value("ZVAL1", 77)]
    primary = header("SIMPLE  =                    T", value("BITPIX", 8), value("NAXIS", 0))
    data = rows + coded.data.tobytes()
    with open("toy.fits", "wb") as file:
        file.write(primary + header(*cards) + data + bytes(-len(data) % 2880))
    with rf.FITS("toy.fits") as fits:
        assert fits[1].compression == Toy1(tile_shape=(2, 40), key=77)
        assert np.array_equal(fits[1].read(), pixels) and np.array_equal(fits[1][1:4, 3:9], pixels[1:4, 3:9])
print("read")
"""


def copied(folder):
    """A copy of the repository in which compiled files count as up to date."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT, "tests", "docs", "tools", "sanitized"))
    for command in folder.glob("build/objects/*.cmd"):
        moved = command.read_text(encoding="utf-8").replace(str(ROOT), str(folder))
        command.write_text(moved, encoding="utf-8")
    return folder


def test_a_new_codec_is_a_folder_a_file_and_rows(tmp_path):
    copy = copied(tmp_path / "copy")
    for name, text in ADDED.items():
        path = copy / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
        if path.suffix == ".h":
            os.utime(path, (0, 0))  # otherwise everything would be recompiled
    for name, before, row in ROWS:
        path = copy / name
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, (row + before) if before == "_ZQUANTIZ = {" else (before + row)))
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(build, cwd=copy, env=environment, check=True, capture_output=True, timeout=600)
    result = subprocess.run([sys.executable, "-c", USE], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.stdout == "read\n", result.stderr
