"""Luck that traits of customers are drawn from: four uniforms for each, by her identity.   Reads nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import special

from abm.core.kernels import kernel
from abm.core.streams import uniform4_fine

STRETCH = 1 << 16  # customers whose traits are drawn at a time


@kernel(double=True)
def draw_traits(luck, ids, draw, key, replication):
    """Fill four uniforms a customer.  luck (4, n) float64 [written]; ids (n,) uint32."""
    for i in range(ids.shape[0]):
        luck[0, i], luck[1, i], luck[2, i], luck[3, i] = uniform4_fine(key, ids[i], 0, draw << 16, replication)


def drawn_traits(
    ids: np.ndarray, key: np.uint64, replication: int, draw: int = 0
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield rows of customers and four uniforms for each, (4, rows) float64: a stretch at a time, to save memory.

    draw : that no kernel with this key uses in period 0, as it would find the same numbers
    """
    for first in range(0, len(ids), STRETCH):
        rows = slice(first, min(first + STRETCH, len(ids)))
        luck = np.empty((4, rows.stop - first), np.float64)
        draw_traits(luck, ids[rows], draw, key, replication)
        yield rows, luck


def beta_chances(mean: float, shape: float, luck: np.ndarray) -> np.ndarray:
    """Return the quantiles (n,) at uniforms (n,) of the Beta with a mean and a first shape; 0 and 1 are all alike."""
    if mean in (0.0, 1.0):
        return np.full_like(luck, mean)
    return special.betaincinv(shape, shape * (1.0 - mean) / mean, luck)
