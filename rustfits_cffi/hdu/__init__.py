"""The objects users hold; `open_hdu` is the only place that picks the class."""

from rustfits_cffi.directory import Directory
from rustfits_cffi.hdu.base import HDU
from rustfits_cffi.hdu.images.compressed import CompressedImageHDU
from rustfits_cffi.hdu.images.image import ImageHDU
from rustfits_cffi.hdu.tables.table import AsciiTableHDU, CompressedTableHDU, TableHDU

__all__ = [
    "HDU",
    "AsciiTableHDU",
    "CompressedImageHDU",
    "CompressedTableHDU",
    "ImageHDU",
    "TableHDU",
    "open_hdu",
]

_CLASSES = {
    "image": ImageHDU,
    "compressed image": CompressedImageHDU,
    "table": TableHDU,
    "compressed table": CompressedTableHDU,
    "ascii table": AsciiTableHDU,
}


def open_hdu(directory: Directory, index: int) -> HDU:
    """The object for one HDU: its class follows from the header; what has no class of its own is a bare `HDU`."""
    return _CLASSES.get(directory.kind(index), HDU)(directory, directory.number(index))
