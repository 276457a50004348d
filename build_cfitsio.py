"""Builds ``rustfits_cffi._cfitsio``: cfitsio, zlib, libdeflate and our C in one cffi extension (API mode).

``setup.py`` names `ffibuilder` in ``cffi_modules``. The declarations for Python are the files of
``rustfits_cffi/native/cdef/`` (what we use of cfitsio) and the marked part of our own headers in
``rustfits_cffi/native/csrc/`` (so that compiler and Python read the same text). All C files are compiled in parallel;
only changed ones are recompiled.

``python build_cfitsio.py check`` says in one line what is missing, before pip hides it among its own messages.
``python build_cfitsio.py tools FOLDER`` builds the ``fpack`` and ``funpack`` programs from the same sources.
``python build_cfitsio.py ours FOLDER`` compiles only our C, with every installed compiler of a list.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cffi
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
CDEF = ROOT / "rustfits_cffi" / "native" / "cdef"
CSRC = ROOT / "rustfits_cffi" / "native" / "csrc"
OBJECTS = ROOT / "build" / "objects"
SOURCES = {name: ROOT / "vendor" / name / "src" for name in ("cfitsio", "zlib", "libdeflate")}

CFITSIO_FILES = [
    "buffers", "cfileio", "checksum", "drvrfile", "drvrmem", "editcol", "edithdu", "eval_f", "eval_l", "eval_y",
    "fits_hcompress", "fits_hdecompress", "fitscore", "getcol", "getcolb", "getcold", "getcole", "getcoli", "getcolj",
    "getcolk", "getcoll", "getcols", "getcolsb", "getcolui", "getcoluj", "getcoluk", "getkey", "group", "grparser",
    "histo", "imcompress", "iraffits", "modkey", "pliocomp", "putcol", "putcolb", "putcold", "putcole", "putcoli",
    "putcolj", "putcolk", "putcoll", "putcols", "putcolsb", "putcolu", "putcolui", "putcoluj", "putcoluk", "putkey",
    "quantize", "region", "ricecomp", "scalnull", "simplerng", "swapproc", "wcssub", "wcsutil", "zcompress",
    "zuncompress",
]  # fmt: skip
ZLIB_FILES = ["adler32", "crc32", "deflate", "infback", "inffast", "inflate", "inftrees", "trees", "uncompr", "zutil"]

# No contraction anywhere: a fused multiply-add changes quantized pixels, and so bytes.
COMMON_FLAGS = ["-O2", "-ffp-contract=off", "-fvisibility=hidden", "-fPIC"]
VENDOR_FLAGS = ["-w", "-fno-strict-aliasing", "-fwrapv"]
OUR_FLAGS = ["-O3", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-pthread"]
STRICT_FLAGS = ["-Werror"]  # for us and for CI; a newer compiler's new warning must not stop a user's build
COMPILERS = ["gcc", "clang", "aarch64-linux-gnu-gcc"]  # for `make compilers`
# RUSTFITS_CFFI_SANITIZE=1 (make sanitize): checks addresses everywhere, and arithmetic in our own C.
SANITIZE = os.environ.get("RUSTFITS_CFFI_SANITIZE") == "1"
ADDRESS_FLAGS = ["-g", "-fno-omit-frame-pointer", "-fsanitize=address"] if SANITIZE else []
ARITHMETIC_FLAGS = ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"] if SANITIZE else []
CFITSIO_MACROS = ["-D_REENTRANT", "-DHAVE_UNISTD_H", "-DHAVE_FTRUNCATE"]

CDEF_BEGIN, CDEF_END = "/* cffi: begin */", "/* cffi: end */"


def our_headers() -> list[Path]:
    """Our public headers, those with a part marked for cffi, each after those that it includes."""
    ordered: dict[Path, None] = {}

    def add(path: Path) -> None:
        for name in re.findall(r'^#include "([a-z_/]+\.h)"', path.read_text(encoding="utf-8"), re.MULTILINE):
            if path not in ordered and (CSRC / name).is_file():
                add(CSRC / name)
        ordered[path] = None

    for path in sorted(CSRC.rglob("*.h")):
        add(path)
    return [path for path in ordered if CDEF_BEGIN in path.read_text(encoding="utf-8")]


def declarations() -> str:
    """Everything that Python may call: cfitsio's part by topic, then the marked parts of our headers."""
    topics = sorted(CDEF.glob("*.h"), key=lambda path: (path.name != "types.h", path.name))
    parts = [path.read_text(encoding="utf-8") for path in topics]
    for path in our_headers():
        text = path.read_text(encoding="utf-8")
        parts.append(text.split(CDEF_BEGIN, 1)[1].split(CDEF_END, 1)[0])
    return "\n".join(parts)


def preamble() -> str:
    """The C text before the generated wrappers."""
    vendor = ["fitsio.h", "fitsio2.h", "zlib.h", "libdeflate.h"]
    includes = [f'#include "{name}"' for name in vendor + [path.relative_to(CSRC).as_posix() for path in our_headers()]]
    return "\n".join([*includes, "extern float *fits_rand_value; /* cfitsio's dither table, in no header */", ""])


def include_flags() -> list[str]:
    return [f"-I{folder}" for folder in (*SOURCES.values(), CSRC)]


def compile_jobs() -> list[tuple[Path, list[str]]]:
    """Every C file of the extension with its flags."""
    jobs = [(SOURCES["cfitsio"] / f"{name}.c", VENDOR_FLAGS + CFITSIO_MACROS) for name in CFITSIO_FILES]
    jobs += [(SOURCES["zlib"] / f"{name}.c", VENDOR_FLAGS) for name in ZLIB_FILES]
    libdeflate = SOURCES["libdeflate"]
    jobs += [(path, VENDOR_FLAGS) for path in sorted(libdeflate.glob("lib/*.c")) + sorted(libdeflate.glob("lib/*/*.c"))]
    strict = STRICT_FLAGS if os.environ.get("RUSTFITS_CFFI_STRICT") == "1" else []
    extra = os.environ.get("RUSTFITS_CFFI_CFLAGS", "").split()
    jobs += [(path, OUR_FLAGS + ARITHMETIC_FLAGS + strict + extra) for path in sorted(CSRC.rglob("*.c"))]
    return jobs


def compiler_command() -> list[str]:
    """The C compiler: that of CC, or the one with which Python was built."""
    return (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()


def no_compiler() -> SystemExit:
    return SystemExit(f"error: no C compiler: {compiler_command()[0]!r} was not found. Install one, or name it in CC.")


def require_compiler() -> None:
    """Exit with one clear message if nothing can be compiled."""
    if not shutil.which(compiler_command()[0]):
        raise no_compiler()
    include = Path(sysconfig.get_paths()["include"])
    if not (include / "Python.h").is_file():
        raise SystemExit(
            f"error: no Python.h in {include}: the C headers of this Python are not installed. Install the package "
            "that has them (python3-dev or python3-devel on Linux), or build with another Python: make PYTHON=..."
        )


def headers_of(source: Path) -> list[Path]:
    """The headers that a C file may include: all of ours, or those of its own folder."""
    return list(CSRC.rglob("*.h") if source.is_relative_to(CSRC) else source.parent.glob("*.h"))


def compile_all(jobs: list[tuple[Path, list[str]]], folder: Path) -> list[str]:
    """Object files of `jobs` in `folder`, compiled on all cores; those newer than their sources are kept."""
    compiler = compiler_command()
    folder.mkdir(parents=True, exist_ok=True)

    def build(job: tuple[Path, list[str]]) -> str:
        source, flags = job
        target = folder / f"{source.relative_to(ROOT).as_posix().replace('/', '_')}.o"
        flags = [*COMMON_FLAGS, *ADDRESS_FLAGS, *flags, *include_flags()]
        command = [*compiler, *flags, "-c", str(source), "-o", str(target)]
        stamp = target.with_suffix(".cmd")
        newest = max(path.stat().st_mtime for path in (source, *headers_of(source)))
        fresh = target.exists() and target.stat().st_mtime > newest
        if fresh and stamp.exists() and stamp.read_text(encoding="utf-8") == " ".join(command):
            return str(target)
        try:
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise no_compiler() from None
        if result.returncode:
            raise SystemExit(f"error: {source.name} does not compile:\n{' '.join(command)}\n{result.stderr}")
        sys.stderr.write(result.stderr)
        stamp.write_text(" ".join(command), encoding="utf-8")
        return str(target)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(build, jobs))


def obtain_sources() -> None:
    """Put the verified vendored sources in place; exit with one clear message if that is impossible."""
    sys.path.insert(0, str(ROOT / "vendor"))
    import obtain

    try:
        for name in obtain.NAMES:
            obtain.obtain(name)
    except obtain.VendorError as error:
        raise SystemExit(f"error: {error}") from None


class BuildExtension(build_ext):
    """Obtains the sources and compiles all C files in parallel before the generated wrapper is compiled and linked."""

    def build_extension(self, ext):
        require_compiler()
        obtain_sources()
        # with the other build results, not in build_temp, which pip deletes: unchanged files stay compiled
        base = Path(self.get_finalized_command("build").build_base)
        ext.extra_objects = compile_all(compile_jobs(), (ROOT / base / "objects").resolve())
        ext.depends = ext.extra_objects  # otherwise setuptools would not relink when only these have changed
        super().build_extension(ext)


class SourceDistribution(sdist):
    """Includes the vendored sources, so that users need no second download."""

    def run(self):
        obtain_sources()
        super().run()


def build_tools(folder: Path) -> None:
    """Build the programs ``fpack`` and ``funpack`` of the vendored cfitsio in `folder`."""
    obtain_sources()
    utilities = SOURCES["cfitsio"] / "utilities"
    flags = VENDOR_FLAGS + CFITSIO_MACROS
    library = [job for job in compile_jobs() if job[0].is_relative_to(SOURCES["cfitsio"])
               or job[0].is_relative_to(SOURCES["zlib"])]
    folder.mkdir(parents=True, exist_ok=True)
    objects = compile_all([*library, (utilities / "fpackutil.c", flags)], OBJECTS)
    for program in ("fpack", "funpack"):
        main = compile_all([(utilities / f"{program}.c", flags)], OBJECTS)
        command = [*compiler_command(), *main, *objects, "-lm", "-pthread", "-o", str(folder / program)]
        subprocess.run(command, check=True)


def compile_ours(folder: Path) -> None:
    """Compile our C with each installed compiler of `COMPILERS`: one may refuse what another accepts."""
    obtain_sources()
    os.environ["RUSTFITS_CFFI_STRICT"] = "1"
    ours = [job for job in compile_jobs() if job[0].is_relative_to(CSRC)]
    for compiler in COMPILERS:
        if shutil.which(compiler):
            os.environ["CC"] = compiler
            compile_all(ours, folder / compiler)
        print(f"{compiler}: {'no errors, no warnings' if shutil.which(compiler) else 'not installed'}")


COMMANDS = {"build_ext": BuildExtension, "sdist": SourceDistribution}

ffibuilder = cffi.FFI()
ffibuilder.cdef(declarations())
ffibuilder.set_source(
    "rustfits_cffi._cfitsio",
    preamble(),
    include_dirs=[str(folder) for folder in (*SOURCES.values(), CSRC)],
    extra_compile_args=["-O2", "-ffp-contract=off", "-fvisibility=hidden", "-w", "-D_REENTRANT"],
    extra_link_args=["-pthread", *ADDRESS_FLAGS, *ARITHMETIC_FLAGS]
    + (["-Wl,-Bsymbolic"] if sys.platform.startswith("linux") else []),
    libraries=["m"],
)

if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "tools":
        build_tools(Path(sys.argv[2]).resolve())
    elif len(sys.argv) == 3 and sys.argv[1] == "ours":
        compile_ours(Path(sys.argv[2]).resolve())
    elif sys.argv[1:] == ["check"]:
        require_compiler()
        obtain_sources()
    else:
        sys.exit(__doc__)
