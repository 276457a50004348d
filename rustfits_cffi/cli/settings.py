"""What the command lines of fpack and funpack have in common, read, and the loop over the files they name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rustfits_cffi.cli.streams import progress_bar
from rustfits_cffi.packing.names import Job
from rustfits_cffi.packing.report import Progress


@dataclass
class Settings:
    """A command line, read: the options of both programs."""

    names: list[str] = field(default_factory=list)
    output: str | None = None
    verbose: bool = False
    clobber: bool = False
    delete: bool = False
    to_stdout: bool = False
    list_only: bool = False

    @property
    def names_files(self) -> bool:
        """Whether each file is named: not where stdout takes the output."""
        return self.verbose and not self.to_stdout


def run_jobs(jobs: Sequence[Job], settings: Settings, work: Callable[[Job, Progress | None], str]) -> None:
    """Do the work for each file, naming it and what `work` says was written; a bar shows the progress over all."""
    with progress_bar([job.source for job in jobs], is_quiet=settings.verbose) as progress:
        for job in jobs:
            if settings.names_files:
                print(f"{job.name} ", end="", flush=True)
            target = work(job, progress)
            if settings.names_files:
                print(f"-> {target}")
