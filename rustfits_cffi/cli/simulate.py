"""A simulated exposure like that of a survey camera: two detectors, each with image, mask and weight map."""

from __future__ import annotations

import numpy as np

SHAPE = (2048, 4096)
SKY, READ_NOISE, SEED = 850.0, 7.0, 20260101
BAD, SATURATED, COSMIC = 1, 2, 4  # bits of the mask


def exposure(seed: int = SEED) -> dict[str, np.ndarray]:
    """The images of an exposure by name: float32 pixels with NaN where undefined, int32 mask, float32 weights."""
    random = np.random.default_rng(seed)
    images = {}
    for detector in ("CCD1", "CCD2"):
        pixels, mask, weight = _detector(random)
        images[detector], images[f"{detector}_MASK"], images[f"{detector}_WEIGHT"] = pixels, mask, weight
    return images


def _detector(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ny, nx = SHAPE
    gradient = np.linspace(0.97, 1.03, nx, dtype=np.float32) * np.linspace(1.01, 0.99, ny, dtype=np.float32)[:, None]
    pixels = SKY * gradient
    _add_stars(pixels, random)
    mask = np.zeros(SHAPE, np.int32)
    mask[pixels > 60000] |= SATURATED
    np.minimum(pixels, 65000, out=pixels)
    variance = pixels + np.float32(READ_NOISE**2)
    pixels += np.sqrt(variance) * random.standard_normal(SHAPE, np.float32)
    _add_cosmic_rays(pixels, mask, random)
    mask[:, random.integers(0, nx, 6)] |= BAD
    mask[random.integers(0, ny, 3000), random.integers(0, nx, 3000)] |= BAD
    pixels[mask & BAD != 0] = np.nan
    weight = (1 / variance).astype(np.float32)
    weight[mask != 0] = 0
    return pixels, mask, weight


def _add_stars(pixels: np.ndarray, random: np.random.Generator, count: int = 6000) -> None:
    """Round Gaussian stars, many of them faint and few bright."""
    ny, nx = pixels.shape
    half = 10
    rows, columns = random.uniform(half, ny - half - 1, count), random.uniform(half, nx - half - 1, count)
    fluxes = 300 * random.pareto(0.9, count).clip(0, 3e4) + 300
    offsets = np.arange(-half, half + 1)
    for row, column, flux in zip(rows, columns, fluxes, strict=True):
        y, x = int(row), int(column)
        profile_y, profile_x = (np.exp(-0.5 * ((offsets - d) / 1.8) ** 2) for d in (row - y, column - x))
        stamp = flux / (2 * np.pi * 1.8**2) * profile_y[:, None] * profile_x
        pixels[y - half : y + half + 1, x - half : x + half + 1] += stamp.astype(np.float32)


def _add_cosmic_rays(pixels: np.ndarray, mask: np.ndarray, random: np.random.Generator, count: int = 400) -> None:
    """Short straight tracks."""
    ny, nx = pixels.shape
    for _ in range(count):
        length, angle = random.integers(2, 40), random.uniform(0, np.pi)
        steps = np.arange(length)
        rows = (random.uniform(0, ny) + steps * np.sin(angle)).astype(int) % ny
        columns = (random.uniform(0, nx) + steps * np.cos(angle)).astype(int) % nx
        pixels[rows, columns] += np.float32(random.uniform(200, 8000))
        mask[rows, columns] |= COSMIC
