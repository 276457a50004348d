"""The options that fpack and funpack share, and the loop over the files of a command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rustfits_cffi.cli.streams import progress_bar
from rustfits_cffi.packing.names import Job
from rustfits_cffi.packing.report import Progress


@dataclass
class Settings:
    """A parsed command line: the options of both programs."""

    names: list[str] = field(default_factory=list)
    output: str | None = None
    verbose: bool = False
    clobber: bool = False
    delete: bool = False
    to_stdout: bool = False
    list_only: bool = False

    @property
    def names_files(self) -> bool:
        """Whether the name of each file is printed; never when the output goes to stdout."""
        return self.verbose and not self.to_stdout


def run_jobs(jobs: Sequence[Job], settings: Settings, work: Callable[[Job, Progress | None], str]) -> None:
    """Call `work` for each file and print its name and the name that `work` returns; a bar shows overall progress."""
    with progress_bar([job.source for job in jobs], is_quiet=settings.verbose) as progress:
        for job in jobs:
            if settings.names_files:
                print(f"{job.name} ", end="", flush=True)
            target = work(job, progress)
            if settings.names_files:
                print(f"-> {target}")
