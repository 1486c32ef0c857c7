"""Ranking: customers in the order of what they are worth to a firm, cut into classes.

Source: CURRY_CURRY_2000 (classes by rank).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_QUINTILES = 5
_ROUNDING = 9  # decimals of a number of customers: 0.07 of 100 is 7, not 7.000000000000001


def quintiles(amounts: np.ndarray) -> np.ndarray:
    """Return 1 = lowest to 5 = highest for each amount (k,): 5 times the rank over k, rounded up, alike = mean rank."""
    from scipy.stats import rankdata  # noqa: PLC0415 - scipy.stats takes a second to import, and most runs rank nobody

    return np.ceil(_QUINTILES * rankdata(amounts) / amounts.size)


def classes_by_rank(scores: np.ndarray, identity: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Return the codes of classes (k,), from 1: the highest scores first, of equals the lowest identity.

    Of k customers, those of rank up to the whole number nearest to k times the shares so far are in a class, halves
    rounded up; the last class has the rest.
    """
    ends = np.floor(np.round(np.cumsum(shares) * scores.size, _ROUNDING) + 0.5)
    found = np.empty(scores.size, np.uint8)
    found[np.lexsort((identity, -scores))] = 1 + np.searchsorted(ends, np.arange(scores.size), side="right")
    return found
