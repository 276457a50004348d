"""Simulated series of the kind that Polycomp was made for, and how well they compress.

Two experiments follow the published ones: an ephemeris (positions of minor planets, compressed with errors below one
metre) and the telemetry of a satellite that spins once a minute and scans the sky (pointing angles, clock, flags,
science data). All series are computed from a seed; none are measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.polycomp.streams.codecs import decode
from rustfits_cffi.polycomp.streams.codecs import encode as encode_series
from rustfits_cffi.polycomp.streams.optimize import optimize

__all__ = [
    "EPHEMERIS_ERROR",
    "POINTING_ERROR",
    "Row",
    "compress_ephemeris",
    "compress_telemetry",
    "ephemeris",
    "rows",
    "telemetry",
]

EPHEMERIS_ERROR = 0.99  # metres
POINTING_ERROR = 4.8e-6  # radians: one arc second
SCIENCE_BITS = 20

_ASTRONOMICAL_UNIT = 1.495978707e11  # m, IAU 2012
_YEAR = 365.25  # days
# semi-major axis (astronomical units), eccentricity, inclination (degrees)
_BODIES = {"Ceres": (2.767, 0.0758, 10.6), "Pallas": (2.773, 0.2302, 34.8), "Vesta": (2.362, 0.0886, 7.1)}

_SAMPLES_PER_SPIN = 1950  # 32.5 Hz, one turn a minute
_OPENING_ANGLE = np.radians(85.0)  # between the spin axis and the line of sight
_JITTER = 1.5e-6  # radians: residual noise of the star tracker


class Row(NamedTuple):
    """One line of a table of results; errors are in `unit`."""

    series: str
    method: str
    samples: int
    nbytes: int
    coded_nbytes: int
    ratio: float
    bound: float
    largest_error: float
    unit: str
    encode_seconds: float
    decode_seconds: float


def ephemeris(nsamples: int = 6000, seed: int = 1) -> dict[str, np.ndarray]:
    """Heliocentric positions of three bodies, one per day.

    Parameters
    ----------
    nsamples : int
        Number of days.
    seed : int
        Seed for the orientation of the orbits and a disturbance of several thousand kilometres.

    Returns
    -------
    dict of str to ndarray
        ``Ceres X`` and so on, in metres, float64.
    """
    rng = np.random.default_rng(seed)
    days = np.arange(nsamples, dtype=np.float64)
    series = {}
    for name, (axis, eccentricity, inclination) in _BODIES.items():
        period = _YEAR * axis**1.5
        mean = 2 * np.pi * days / period + rng.uniform(0, 2 * np.pi)
        anomaly = mean.copy()
        for _ in range(30):  # Kepler's equation
            anomaly -= (anomaly - eccentricity * np.sin(anomaly) - mean) / (1 - eccentricity * np.cos(anomaly))
        along = np.cos(anomaly) - eccentricity
        across = np.sqrt(1 - eccentricity**2) * np.sin(anomaly)
        tilt, turn = np.radians(inclination), rng.uniform(0, 2 * np.pi)
        flat = along * np.sin(turn) + across * np.cos(turn)
        position = along * np.cos(turn) - across * np.sin(turn), flat * np.cos(tilt), flat * np.sin(tilt)
        for letter, value in zip("XYZ", position, strict=True):
            pull = 5e6 * np.sin(2 * np.pi * days / (period / rng.uniform(2, 4)) + rng.uniform(0, 6))
            series[f"{name} {letter}"] = axis * _ASTRONOMICAL_UNIT * value + pull
    return series


def telemetry(nsamples: int = 117_000, seed: int = 1) -> dict[str, np.ndarray]:
    """Telemetry of a spinning satellite, one hour by default.

    Parameters
    ----------
    nsamples : int
        Number of samples, at 32.5 Hz.
    seed : int
        Seed for the nutation, the flags and the noise.

    Returns
    -------
    dict of str to ndarray
        OBT (clock ticks, int64), THETA, PHI, PSI (radians, float64), FLAG (uint8), DIFF (kelvin, float64).
    """
    rng = np.random.default_rng(seed)
    number = np.arange(nsamples)
    theta, phi, psi = _pointing(number, rng)
    flag = np.zeros(nsamples, np.uint8)
    for begin in rng.integers(0, nsamples, max(1, nsamples // 4000)):
        flag[begin : begin + rng.integers(5, 400)] |= np.uint8(1 << int(rng.integers(0, 3)))
    dipole = 3.36e-3 * (np.cos(theta) * 0.3 + np.sin(theta) * np.cos(phi - 1.2))
    noise = rng.normal(scale=2e-3, size=nsamples) + np.cumsum(rng.normal(scale=2e-6, size=nsamples))
    return {
        "OBT": _clock(number, rng),
        "THETA": theta,
        "PHI": phi,
        "PSI": psi,
        "FLAG": flag,
        "DIFF": dipole + noise,
    }


def _clock(number: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """On-board ticks: 2016 per sample, and occasionally one more, because the two clocks drift."""
    extra = np.cumsum(rng.random(number.size) < 1 / 700)
    return 106_245_312_874_464 + 2016 * number + extra


def _pointing(number: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Galactic colatitude and longitude of the line of sight, and the angle of the detector on the sky."""
    spin = 2 * np.pi * number / _SAMPLES_PER_SPIN
    # the axis steps along its path once an hour and nutates by a few arc seconds; galactic coordinates
    longitude = 0.7 + np.radians(1 / 24) * (number // (60 * _SAMPLES_PER_SPIN))
    nutation = 2e-5 * np.sin(spin / 5.3 + rng.uniform(0, 6))
    latitude = np.radians(30.0) + 2e-5 * np.cos(spin / 4.1 + rng.uniform(0, 6))
    spin = spin + 3e-5 * np.sin(spin * 0.21 + rng.uniform(0, 6)) + _JITTER * rng.normal(size=number.size)
    axis = _direction(np.pi / 2 - latitude, longitude + nutation)
    north = _direction(-latitude, longitude + nutation)
    east = np.cross(axis, north)
    radial = np.cos(spin)[:, None] * north + np.sin(spin)[:, None] * east
    sight = np.cos(_OPENING_ANGLE) * axis + np.sin(_OPENING_ANGLE) * radial
    theta = np.arccos(np.clip(sight[:, 2], -1, 1))
    phi = np.mod(np.arctan2(sight[:, 1], sight[:, 0]), 2 * np.pi)
    along = np.cos(spin)[:, None] * east - np.sin(spin)[:, None] * north
    south = np.stack([np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), -np.sin(theta)], axis=1)
    west = np.stack([np.sin(phi), -np.cos(phi), np.zeros_like(phi)], axis=1)
    psi = np.arctan2((along * west).sum(axis=1), (along * south).sum(axis=1))
    return theta, phi, psi


def _direction(colatitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Unit vectors, one per row."""
    sine = np.sin(colatitude)
    return np.stack([sine * np.cos(longitude), sine * np.sin(longitude), np.cos(colatitude)], axis=1)


def compress_ephemeris(series: dict[str, np.ndarray]) -> list[Row]:
    """Each coordinate with the best of several parameters, every error below one metre."""
    found = []
    for name, samples in series.items():
        best = optimize(
            samples, num_of_coefficients=range(8, 18), samples_per_chunk=range(100, 500, 25),
            max_error=EPHEMERIS_ERROR,
        )  # fmt: skip
        found.append(_row(name, samples, "polynomial", EPHEMERIS_ERROR, "m", **best.encoded.parameters))
    return found


def compress_telemetry(columns: dict[str, np.ndarray]) -> list[Row]:
    """Each column as a mission would store it, and all of them together."""
    found = [_telemetry_row(name, samples) for name, samples in columns.items()]
    nbytes, coded_nbytes = sum(row.nbytes for row in found), sum(row.coded_nbytes for row in found)
    encoding, decoding = sum(row.encode_seconds for row in found), sum(row.decode_seconds for row in found)
    samples = found[0].samples if found else 0
    whole = Row(
        "all columns", "", samples, nbytes, coded_nbytes, nbytes / coded_nbytes, 0.0, 0.0, "", encoding, decoding
    )
    return [*found, whole]


def _telemetry_row(name: str, samples: np.ndarray) -> Row:
    """The result of one column, compressed in the way that suits it."""
    if name in ("OBT", "FLAG"):
        return _row(name, samples, "diffrle" if name == "OBT" else "rle", 0.0, "")
    if name == "DIFF":
        step = float(np.ptp(samples)) / (2**SCIENCE_BITS - 1)
        return _row(name, samples, "quantization", step / 2 * (1 + 1e-9), "K", bits_per_sample=SCIENCE_BITS)
    head = samples[:20_000]  # enough to choose the parameters
    angles: dict[str, Any] = {"max_error": POINTING_ERROR}
    if name != "THETA":
        angles |= {"period": 2 * np.pi, "straighten": True}
    best = optimize(head, num_of_coefficients=range(4, 13), samples_per_chunk=range(40, 400, 20), **angles)
    return _row(
        name, samples, "polynomial", POINTING_ERROR, "rad", num_of_coefficients=best.num_of_coefficients,
        samples_per_chunk=best.samples_per_chunk, **angles,
    )  # fmt: skip


def _row(name: str, samples: np.ndarray, method: str, bound: float, unit: str, **parameters: Any) -> Row:
    """The result of one series; its largest error is measured by decoding it."""
    coded, encoding = _timed(lambda: encode_series(samples, method, **parameters))
    decoded, decoding = _timed(lambda: decode(coded))
    difference = np.abs(decoded.astype(np.float64) - samples) if bound else decoded != samples
    period = coded.parameters.get("period")
    if period:  # 0 and 2 pi are the same angle
        difference = np.minimum(difference, np.abs(period - difference))
    largest = float(difference.max(initial=0))
    if method == "polynomial":
        method += f" {coded.parameters['num_of_coefficients']}/{coded.parameters['samples_per_chunk']}"
    return Row(
        name, method, samples.size, samples.nbytes, coded.nbytes, samples.nbytes / coded.nbytes, bound, largest, unit,
        encoding, decoding,
    )  # fmt: skip


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """The result of a call, and the seconds of the fastest of five, because short series take microseconds."""
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - begin)
    return result, min(seconds)


def rows(seed: int = 1) -> list[Row]:
    """Run both experiments and return the rows of the demonstration table.

    Parameters
    ----------
    seed : int
        Seed of the simulation.

    Returns
    -------
    list of Row
        Bytes before and after, the largest error and its bound, and the times; one row per series.
    """
    return compress_ephemeris(ephemeris(seed=seed)) + compress_telemetry(telemetry(seed=seed))
