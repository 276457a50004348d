"""The machine and the versions with which the figures were measured."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import PEERS, MissingPeer, RustfitsCffi


def machine() -> dict[str, Any]:
    """Processor, usable cores, system, and its load before the run."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": _cpu(), "cores": cores, "system": platform.platform(), "load": os.getloadavg()[0]}


def versions() -> dict[str, str]:
    """Version of each side, or that it is missing."""
    found = {"python": platform.python_version(), "numpy": np.__version__}
    for name, make in {"rustfits_cffi": lambda: RustfitsCffi(1), **PEERS}.items():
        try:
            found[name] = make().version()
        except MissingPeer as error:
            found[name] = f"missing ({error})"
        except Exception as error:
            found[name] = f"unknown ({error})"
    return found


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
