"""What a fleet measures, class by class: samples of 10 s, NaN where there is none."""

from collections.abc import Callable
from typing import Final

import numpy as np

from .lines import SEED, STEP_S

Make = Callable[[np.random.Generator, int, int], np.ndarray]


def daily(rng: np.random.Generator, series: int, samples: int) -> np.ndarray:
    """Between -1.3 and 1.3, each series with its own beginning of the day."""
    days = np.arange(samples) * STEP_S / 86_400 + rng.random((series, 1))
    return np.sin(2 * np.pi * days) + 0.3 * np.sin(4 * np.pi * days)


def drift(rng: np.random.Generator, series: int, samples: int, hold: float = 0.8) -> np.ndarray:
    """Noise that remembers: each value is ``hold`` of the one before and something new."""
    noise = rng.standard_normal((samples, series))
    for at in range(1, samples):
        noise[at] += hold * noise[at - 1]
    return np.ascontiguousarray(noise.T)


def gauge(digits: int, mean: float = 50, swing: float = 20, noise: float = 2, hold: float = 0.8) -> Make:
    def make(rng: np.random.Generator, series: int, samples: int) -> np.ndarray:
        level = mean * (0.5 + rng.random((series, 1))) + swing * rng.random((series, 1)) * daily(rng, series, samples)
        return np.round(np.maximum(level + noise * drift(rng, series, samples, hold), 0), digits)

    return make


def constants(rng: np.random.Generator, series: int, samples: int) -> np.ndarray:
    """Limits and sizes; now and then they change."""
    values = rng.choice([0, 0, 0, 1, 100, 4096, 2**24, 0.5], (series, 1))
    return values + np.cumsum(rng.random((series, samples)) < 0.0005, axis=1)


def connections(rng: np.random.Generator, series: int, samples: int) -> np.ndarray:
    level = rng.integers(5, 2000, (series, 1))
    return np.maximum(np.round(level + np.sqrt(0.04 * level + 0.6) * drift(rng, series, samples, 0.98)), 0)


def counters(rng: np.random.Generator, series: int, samples: int) -> np.ndarray:
    rates = 10 ** rng.uniform(0, 4, (series, 1)) * (1 + 0.5 * daily(rng, series, samples))
    return rng.integers(0, 10**9, (series, 1)) + np.cumsum(rng.poisson(np.maximum(rates, 0.1)), axis=1).astype(float)


def rates(rng: np.random.Generator, series: int, samples: int) -> np.ndarray:
    """Events a second, counted over 10 s."""
    means = 10 ** rng.uniform(0, 3.5, (series, 1)) * (1 + 0.5 * daily(rng, series, samples))
    return rng.poisson(np.maximum(means, 0.05)) / 10


def pages(rng: np.random.Generator, series: int, samples: int) -> np.ndarray:
    """Memory in bytes: whole pages."""
    return np.round(gauge(3, 8e5, 2e5, 2e3, 0.95)(rng, series, samples)) * 4096


def sparse(rng: np.random.Generator, series: int, samples: int) -> np.ndarray:
    """Some samples here and there, or bursts."""
    here_and_there = rng.random((series, samples)) < rng.uniform(0.02, 0.3, (series, 1))
    bursts = np.cumsum(rng.random((series, samples)) < 0.01, axis=1) % 2 == 1
    present = np.where(np.arange(series)[:, None] % 2, bursts, here_and_there)
    return np.where(present, np.round(rng.lognormal(3, 1, (series, samples)), 1), np.nan)


def unrounded(rng: np.random.Generator, series: int, samples: int) -> np.ndarray:
    """Ratios with all their digits."""
    return gauge(15)(rng, series, samples) + rng.random((series, samples)) * 1e-3


# Of a hundred series.
SHARES: Final[dict[Make, int]] = {
    constants: 21,
    counters: 14,
    connections: 12,
    rates: 10,
    gauge(0): 7,
    gauge(1): 6,
    gauge(2): 9,
    gauge(3): 5,
    pages: 5,
    sparse: 5,
    unrounded: 6,
}


def mix(samples: int) -> np.ndarray:
    """A hundred series: float64 of shape (100, samples)."""
    rng = np.random.default_rng(SEED)
    return np.concatenate([make(rng, share, samples) for make, share in SHARES.items()])
