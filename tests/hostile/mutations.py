"""Damaged files: a few small good ones, and seeded ways to damage them."""

from __future__ import annotations

import numpy as np

import rustfits_cffi as rf

ABSURD = (
    "-1",
    "0",
    "1",
    "2",
    "3",
    "7",
    "255",
    "2880",
    "32768",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "4294967296",
    "1152921504606846976",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "99999999999999999999999999",
    "1E300",
    "-1.5",
    "0.5",
    "NaN",
    "INF",
    "T",
    "F",
    "''",
    "'x'",
    "(1, 2)",
    "",
)
TFORMS = (
    "'1PB'",
    "'1QB'",
    "'1PI'",
    "'1PJ(9)'",
    "'1PD'",
    "'0PB'",
    "'2PB'",
    "'1PX'",
    "'9999999999PB'",
    "'8A'",
    "'1J'",
    "'1K'",
    "'PB'",
    "'1PB(99999999999)'",
    "'1D'",
    "'16X'",
    "'1E'",
    "'-1PB'",
    "''",
    "'1QA'",
)
WORDS = (
    "'RICE_1'",
    "'GZIP_1'",
    "'GZIP_2'",
    "'PLIO_1'",
    "'HCOMPRESS_1'",
    "'NOCOMPRESS'",
    "'RICE_ONE'",
    "'BZIP2_1'",
    "'NONE'",
    "'NO_DITHER'",
    "'SUBTRACTIVE_DITHER_1'",
    "'SUBTRACTIVE_DITHER_2'",
    "'IMAGE'",
    "'BINTABLE'",
    "'TABLE'",
    "'A3DTABLE'",
    "'COMPRESSED_DATA'",
    "'GZIP_COMPRESSED_DATA'",
    "'UNCOMPRESSED_DATA'",
    "'ZSCALE'",
    "'ZBLANK'",
)
KEYS = (
    "BITPIX",
    "NAXIS",
    "NAXIS1",
    "NAXIS2",
    "NAXIS3",
    "PCOUNT",
    "GCOUNT",
    "TFIELDS",
    "THEAP",
    "ZBITPIX",
    "ZNAXIS",
    "ZNAXIS1",
    "ZNAXIS2",
    "ZNAXIS3",
    "ZTILE1",
    "ZTILE2",
    "ZVAL1",
    "ZVAL2",
    "ZNAME1",
    "ZNAME2",
    "ZBLANK",
    "ZDITHER0",
    "ZSCALE",
    "ZZERO",
    "BSCALE",
    "BZERO",
    "BLANK",
    "ZQUANTIZ",
    "ZCMPTYPE",
    "XTENSION",
    "TFORM1",
    "TFORM2",
    "TFORM3",
    "TTYPE1",
    "TTYPE2",
    "ZIMAGE",
    "EXTNAME",
    "EXTVER",
    "GROUPS",
    "SIMPLE",
)


def originals(folder) -> list[bytes]:
    """Small good files, with every codec."""
    rng = np.random.default_rng(7)
    integers = np.rint(rng.normal(100, 9, (20, 30)))
    floats = rng.normal(100, 9, (20, 30))
    floats[3] = 2.5  # cannot be quantized
    floats[5, 5] = np.nan
    quantize = rf.Quantize(method="dither2")
    images = [
        [(integers.astype("i2"), {})],
        [(integers.astype("u2"), {"compress": rf.Rice1(tile_shape=(5, 8))})],
        [(integers.astype("u1"), {"compress": rf.Rice1(blocksize=16)})],
        [(floats.astype("f4"), {"compress": rf.Rice1(), "quantize": quantize})],
        [(integers.astype("i4"), {"compress": rf.Gzip1(heap_format="Q")})],
        [(floats, {"compress": rf.Gzip2(tile_shape=(7, 30))})],
        [(floats, {"compress": rf.Gzip2(), "quantize": rf.Quantize()})],
        [(integers.astype("i2"), {"compress": rf.Hcompress1()})],
        [(floats.astype("f4"), {"compress": rf.Hcompress1(smooth=True, scale=2), "quantize": rf.Quantize()})],
        [(integers.astype("i4"), {"compress": rf.Plio1(tile_shape=(10, 30))})],
        [(integers.astype("i2").reshape(2, 10, 30), {"compress": rf.Rice1(tile_shape=(2, 3, 30)), "blank": 90})],
        [
            (integers.astype("f4"), {}),
            (integers.astype("i2"), {"compress": rf.Gzip1()}),
            (integers.astype("i4"), {"extname": "X"}),
        ],
    ]
    files = []
    for hdus in images:
        with rf.FITS(folder / "original.fits", "w+") as fits:
            for pixels, options in hdus:
                fits.write_image(pixels, **options)
        files.append((folder / "original.fits").read_bytes())
    return files


def mutated(files: list[bytes], seed: int) -> tuple[str, bytes]:
    """One damaged file, and a description of the damage."""
    rng = np.random.default_rng(seed)
    raw = bytearray(files[int(rng.integers(len(files)))])
    done = []
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        damage = _DAMAGES[int(rng.choice(len(_DAMAGES), p=_WEIGHTS))]
        done.append(f"{damage.__name__}{damage(raw, rng)}")
    return f"seed {seed}: {', '.join(done)}", bytes(raw)


def _cards(raw: bytearray) -> list[int]:
    """Offsets of the cards of all headers."""
    return [at for at in range(0, len(raw), 80) if raw[at + 8 : at + 10] == b"= "]


def change_card(raw, rng):
    """Give an important keyword an absurd value."""
    offsets = [at for at in _cards(raw) if raw[at : at + 8].decode("latin-1").strip() in KEYS]
    if not offsets:
        return ""
    at = int(rng.choice(offsets))
    key = raw[at : at + 8].decode("latin-1").strip()
    choices = TFORMS if key.startswith("TFORM") else ABSURD
    if key in ("ZCMPTYPE", "XTENSION", "ZQUANTIZ", "TTYPE1", "TTYPE2"):
        choices = WORDS
    value = str(rng.choice(choices if rng.random() < 0.9 else (*ABSURD, *WORDS, *TFORMS)))
    raw[at + 10 : at + 80] = value.rjust(20).ljust(70).encode()[:70]
    return f"({key} = {value})"


def rename_card(raw, rng):
    """Lose a keyword, or duplicate it in place of another one."""
    offsets = _cards(raw)
    if len(offsets) < 2:
        return ""
    at, other = rng.choice(offsets, 2)
    raw[at : at + 8] = raw[other : other + 8] if rng.random() < 0.5 else b"LOST    "
    return f"({bytes(raw[other : other + 8])!r} at {at})"


def swap_cards(raw, rng):
    offsets = _cards(raw)
    if len(offsets) < 2:
        return ""
    a, b = (int(offset) for offset in rng.choice(offsets, 2))
    raw[a : a + 80], raw[b : b + 80] = raw[b : b + 80], raw[a : a + 80]
    return f"({a}, {b})"


def lose_end(raw, rng):
    offsets = [at for at in range(0, len(raw), 80) if raw[at : at + 80] == b"END".ljust(80)]
    if offsets:
        at = int(rng.choice(offsets))
        raw[at : at + 3] = rng.choice([b"   ", b"END", b"END"])
        raw[at + 8 : at + 9] = rng.choice([b" ", b"=", b"x"])
    return ""


def flip_header_bytes(raw, rng):
    offsets = _cards(raw)
    if offsets:
        for _ in range(int(rng.integers(1, 4))):
            at = int(rng.choice(offsets)) + int(rng.integers(80))
            if at < len(raw):
                raw[at] = int(rng.choice([32, 39, 47, 48, 57, 61, 84, rng.integers(256)]))
    return ""


def flip_data_bytes(raw, rng):
    """Anything except headers: tables of tiles, tiles, pixels."""
    starts = [at + 2880 for at in range(0, len(raw), 2880) if b"END".ljust(80) in raw[at : at + 2880]]
    if not starts or starts[-1] >= len(raw):
        return ""
    begin = int(rng.choice(starts))
    if begin >= len(raw):
        return ""
    width = int(rng.choice([8, 16, 160, 1000]))
    for _ in range(int(rng.integers(1, 9))):
        at = begin + int(rng.integers(min(width, len(raw) - begin)))
        raw[at] = int(rng.choice([0, 1, 127, 128, 255, rng.integers(256)]))
    return f"(from {begin} on)"


def descriptors(raw, rng):
    """Write whole 32-bit words into the first rows of a data unit."""
    starts = [at + 2880 for at in range(0, len(raw), 2880) if b"END".ljust(80) in raw[at : at + 2880]]
    if not starts or starts[-1] + 64 > len(raw):
        return ""
    begin = starts[-1] + 4 * int(rng.integers(16))
    word = int(rng.choice([0, 1, 2, 8, 100, 2**31 - 1, 2**31, 2**32 - 1, 2**24]))
    raw[begin : begin + 4] = word.to_bytes(4, "big")
    return f"({begin}: {word})"


def cut(raw, rng):
    """End the file early, at a block or anywhere."""
    length = int(rng.integers(len(raw) + 1))
    del raw[length // 2880 * 2880 if rng.random() < 0.5 else length :]
    return f"({len(raw)})"


def lose_bytes(raw, rng):
    if raw:
        at = int(rng.integers(len(raw)))
        del raw[at : at + int(rng.choice([1, 80, 2880]))]
    return ""


def insert_junk(raw, rng):
    at = int(rng.integers(len(raw) + 1)) // 80 * 80
    raw[at:at] = rng.bytes(int(rng.choice([80, 2880])))
    return f"({at})"


def only_junk(raw, rng):
    start = bytes(raw[: int(rng.choice([0, 0, 80, 240]))])
    raw[:] = start + rng.bytes(int(rng.choice([0, 1, 79, 80, 2879, 2880, 6000])))
    return f"({len(raw)})"


_DAMAGES = (
    change_card,
    rename_card,
    swap_cards,
    lose_end,
    flip_header_bytes,
    flip_data_bytes,
    descriptors,
    cut,
    lose_bytes,
    insert_junk,
    only_junk,
)
_WEIGHTS = np.array([30, 6, 4, 2, 10, 16, 12, 8, 5, 4, 3]) / 100
