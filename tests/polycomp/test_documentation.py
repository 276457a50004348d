"""The tutorial in docs/polycomp.md runs as printed, with the results that it states."""

import re
from pathlib import Path

import numpy as np

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "polycomp.md").read_text(encoding="utf-8")


def test_the_tutorial_runs():
    names = {}
    for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(block, names)
    assert np.abs(names["again"] - names["angles"]).max() <= 4.8e-6
    assert names["some"].size == 1000
    assert names["best"].encoded.statistics.ratio > 9
