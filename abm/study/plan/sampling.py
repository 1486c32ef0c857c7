"""Points of the unit cube, from which designs are made: the same bits on every machine and with every version.

Luck is read as 64-bit words of the counter-based generator Philox, keyed by the design's seed, and turned into numbers
here: a word stream never changes, what a library makes of it may. Of the Sobol sequence, of a Saltelli design and of
Morris trajectories the first points of a larger design are those of a smaller one, so that a study that asks for more
keeps the runs it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abm.core.streams import stream_key

FloatArray = np.ndarray

LEVELS = 4  # of a Morris grid, evenly spaced from 0 to 1; the usual number
STEP = LEVELS // 2  # of a Morris trajectory, in levels: 2/3 of the range
_BITS = 30  # of a Sobol point; scipy's default


def latin_hypercube(points: int, factors: int, seed: int) -> FloatArray:
    """Return points (points, factors) in [0, 1): each factor has one value in each of `points` equal parts.

    Source: McKay, Beckman & Conover 1979, from memory.
    """
    words = _words(seed, "latin_hypercube", 2 * points * factors).reshape(2, factors, points)
    part = np.argsort(words[0], axis=1, kind="stable")  # the ranks of random words are a random permutation
    return np.asarray(((part + _uniform(words[1])) / points).T)


def sobol(points: int, factors: int, seed: int) -> FloatArray:
    """Return the first points (points, factors) of a scrambled Sobol sequence, in (0, 1).

    points : a power of two

    Scrambled by a random linear map of the bits and a random shift, which keep the even spread of the sequence.
    Source: Sobol 1967; Matousek 1998 for the scrambling, both from memory.
    """
    from scipy.stats import qmc  # noqa: PLC0415 - scipy.stats takes a second to import

    whole = (qmc.Sobol(factors, scramble=False, bits=_BITS).random(points) * 2**_BITS).astype(np.uint64)
    luck = _words(seed, "sobol", factors * (_BITS + 1)).reshape(factors, _BITS + 1)
    scrambled = np.zeros_like(whole)
    for bit in range(_BITS):  # from the most significant: it depends on itself and on those before it
        own = np.uint64(1 << (_BITS - 1 - bit))
        before = np.uint64((1 << _BITS) - 1) ^ (own | (own - np.uint64(1)))
        odd = np.bitwise_count(whole & ((luck[:, bit] & before) | own)) & 1
        scrambled |= odd * own
    shift = luck[:, _BITS] >> np.uint64(64 - _BITS)
    return np.asarray(((scrambled ^ shift) + 0.5) / 2**_BITS)


def saltelli(samples: int, factors: int, seed: int) -> FloatArray:
    """Return the points (samples * (factors + 2), factors) from which Sobol indices are estimated.

    samples : a power of two

    A block of factors + 2 rows per sample: a point A, then A with each factor in turn taken from a second point B,
    then B. Source: Saltelli et al. 2010 (doi 10.1016/j.cpc.2009.09.018), from memory; the order is SALib's.
    """
    first, second = np.split(sobol(samples, 2 * factors, seed), 2, axis=1)
    blocks = np.repeat(first[:, None, :], factors + 2, axis=1)
    for factor in range(factors):
        blocks[:, factor + 1, factor] = second[:, factor]
    blocks[:, -1] = second
    return blocks.reshape(-1, factors)


def morris(samples: int, factors: int, seed: int) -> FloatArray:
    """Return the points (samples * (factors + 1), factors) of Morris trajectories, on a grid of LEVELS levels.

    A trajectory begins at a random point of the grid and moves every factor once, in random order, by STEP levels.
    Source: Morris 1991 (doi 10.1080/00401706.1991.10484804), from memory.
    """
    words = _words(seed, "morris", 3 * samples * factors).reshape(samples, 3, factors)
    turn = np.argsort(np.argsort(words[:, 0], axis=1, kind="stable"), axis=1)
    low = (words[:, 1] % np.uint64(LEVELS - STEP)).astype(np.int64)
    rises = (words[:, 2] >> np.uint64(63)).astype(bool)
    start, end = np.where(rises, low, low + STEP), np.where(rises, low + STEP, low)
    moved = turn[:, None, :] < np.arange(factors + 1)[:, None]
    levels = np.where(moved, end[:, None, :], start[:, None, :])
    return (levels / (LEVELS - 1)).reshape(-1, factors)


def _words(seed: int, name: str, count: int) -> np.ndarray:
    return np.random.Philox(key=int(stream_key(seed, f"design.{name}"))).random_raw(count)


def _uniform(words: np.ndarray) -> FloatArray:
    """Return words as numbers in [0, 1)."""
    return (words >> np.uint64(11)) * 2.0**-53


@dataclass(frozen=True)
class Method:
    """A way to draw a design.

    draw : (number, factors, seed) -> points of the unit cube       size     : what `number` counts
    rows : of one sample, from the number of factors                doubling : whether `number` is a power of two
    """

    draw: Callable[[int, int, int], FloatArray]
    size: str = "points"
    rows: Callable[[int], int] = lambda factors: 1
    doubling: bool = False


METHODS = {
    "latin_hypercube": Method(latin_hypercube),
    "sobol": Method(sobol, doubling=True),
    "saltelli": Method(saltelli, "samples", lambda factors: factors + 2, doubling=True),
    "morris": Method(morris, "samples", lambda factors: factors + 1),
}
