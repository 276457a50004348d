"""What fpack and funpack share: standard streams, questions, messages, exit codes, and protection of inputs."""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from io import BufferedIOBase
from types import FrameType
from typing import Any, BinaryIO

from rustfits_cffi.errors import MEMORY_ALLOCATION, FITSError, status_text
from rustfits_cffi.native.library import versions
from rustfits_cffi.packing.names import STDIO, Job, NameProblem
from rustfits_cffi.packing.report import FileReport, Progress
from rustfits_cffi.storage.safe_files import temporary_file

UNCHANGED = "Input and output files are unchanged."


class Quit(Exception):
    """End of the program, with an exit code and lines for stdout."""

    def __init__(self, code: int, *lines: str):
        super().__init__(*lines)
        self.code, self.lines = code, lines


def run(command: Callable[[list[str]], None], arguments: list[str]) -> int:
    """Run a command and return its exit code. A signal that ends the program leaves no partial file."""
    try:
        with _signals_as_exit():
            command(arguments)
    except Quit as end:
        for line in end.lines:
            print(line)
        return end.code
    except NameProblem as problem:
        print(problem, end="" if str(problem).endswith(" ") else "\n")
        print(UNCHANGED)
        return 255
    except OSError as error:
        print(f"Error: {error}", file=sys.stderr)
        return (getattr(error, "status", None) or 255) & 255
    except ValueError as error:  # a bad value in the environment or in an argument
        print(f"Error: {error}", file=sys.stderr)
        return 255
    except MemoryError as error:
        print(f"Error: {error or 'out of memory'}", file=sys.stderr)
        return MEMORY_ALLOCATION
    except KeyboardInterrupt:
        return 255
    return 0


def version(program: str) -> str:
    """The line that ``-V`` prints."""
    numbers = versions()
    return (
        f"rustfits-{program} {numbers['rustfits_cffi']}, compatible with {program} 1.7.0, "
        f"CFITSIO version {numbers['cfitsio']}"
    )


@contextmanager
def input_file(name: str) -> Iterator[str]:
    """Path of an input; stdin is copied to a temporary file first."""
    if name != STDIO:
        yield name
        return
    with _temporary_folder() as folder:
        path = os.path.join(folder, "input.fits")
        with open(path, "wb") as target:
            copy(sys.stdin.buffer, target)
        yield path


@contextmanager
def output_file(job: Job, confirm: Callable[[], bool]) -> Iterator[str]:
    """Path for the output: its name, or a temporary file that goes to stdout or replaces the input at the end.

    `confirm` is called before an input is overwritten.
    """
    if job.target == STDIO:
        with _temporary_folder() as folder:
            path = os.path.join(folder, "output.fits")
            yield path
            with open(path, "rb") as source:
                copy(source, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    elif job.in_place:
        with temporary_file(job.target) as path:
            yield path
            if confirm():
                os.chmod(path, stat.S_IMODE(os.stat(job.target).st_mode))
                os.replace(path, os.path.realpath(job.target))
    else:
        yield job.target


@contextmanager
def reporting(name: str, *, has_output: bool = True) -> Iterator[None]:
    """Turn a failure of the library into the messages and the exit code of fpack."""
    try:
        yield
    except FITSError as error:
        status = error.status
        lines = [] if error.hdu is None else [f"Error processing file: {name}", f"  in HDU number {error.hdu + 1}"]
        if error.missing is not None:
            lines.insert(0, f"Unable to find and move to extension '{error.missing}'")
        introduction = f"FITSIO status = {status}: {status_text(status)}\n" if status else "Error: "
        print(f"{introduction}{error}", file=sys.stderr)
        lines += ["Input file is unchanged."] if lines and has_output else []
        raise Quit((status or 255) & 255, *lines) from None


def may_overwrite(name: str, done: FileReport | None, *, no_prompt: bool) -> bool:
    """Whether the input may be overwritten; asks the user if the packing was lossy."""
    if done is None or done.is_lossless or no_prompt:
        return True
    question = (
        f"\nFile {name}\nwas compressed with a LOSSY method.  Overwrite the\n"
        "original file with the compressed version? (Y/N) "
    )
    if _asks(question):
        return True
    print("\noriginal file NOT overwritten!")
    return False


def delete_input(job: Job, done: FileReport, *, no_prompt: bool) -> None:
    """Remove an input whose output is complete; asks the user if the packing was lossy."""
    if job.source == STDIO:
        return
    question = f"\nFile {job.name}\nwas compressed with a LOSSY method.  \nDelete the original file? (Y/N) "
    if not done.is_lossless and not no_prompt and not _asks(question):
        print("\noriginal file NOT deleted!")
        return
    os.remove(job.source)


@contextmanager
def progress_bar(names: Sequence[str], *, is_quiet: bool = False) -> Iterator[Progress | None]:
    """Progress over several files on a terminal, shown after a second of work; None in a pipe or without tqdm."""
    bar = None
    if sys.stderr.isatty() and not is_quiet:
        try:
            from tqdm import tqdm  # an optional dependency
        except ImportError:
            pass
        else:
            total = sum(os.path.getsize(name) for name in names if os.path.exists(name))
            bar = tqdm(total=total, unit="B", unit_scale=True, delay=1, leave=False)
    if bar is None:
        yield None
        return
    with bar:
        yield _Counter(bar)


class _Counter:
    """Adds up the progress of successive files in one bar."""

    def __init__(self, bar: Any):
        self._bar, self._before, self._done = bar, 0, 0

    def __call__(self, done: int, total: int) -> None:
        if done < self._done:  # the next file has begun
            self._before += self._done
        self._done = done
        self._bar.update(max(0, min(self._before + done, self._bar.total) - self._bar.n))


def _asks(question: str) -> bool:
    print(question, end="", flush=True)
    return sys.stdin.readline()[:1] in ("Y", "y")


def _temporary_folder() -> AbstractContextManager[str]:
    """A folder that is removed with its contents."""
    import tempfile  # slow to import and rarely needed

    return tempfile.TemporaryDirectory(prefix="rustfits-")


def copy(source: BinaryIO, target: BinaryIO | BufferedIOBase) -> None:
    """Copy the rest of one stream to another."""
    while piece := source.read(1 << 20):
        target.write(piece)


@contextmanager
def _signals_as_exit() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, so that temporary files are removed."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise Quit(255)

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    previous = {}
    try:
        for name in names:
            if signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
                previous[name] = signal.signal(getattr(signal, name), leave)
    except ValueError:  # not the main thread, which alone may handle signals
        pass
    try:
        yield
    finally:
        for name, handler in previous.items():
            signal.signal(getattr(signal, name), handler)
