"""Targets: whom a firm contacts to keep her, by what it knows of its customers and of its earlier campaigns.

Claim: who is most likely to leave is not who is moved most by a contact; what a contact does is learned from targets
who were left out of it by lot.
Source: ASCARZA_2018 (lift and not risk); cells, shrinkage and exploration are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TARGET, CONTACTED, HELD_OUT = np.uint8(1), np.uint8(2), np.uint8(3)  # what a customer is in a campaign; 0 = nothing
OUTCOMES = ("contacted", "contacted_seen", "held_out", "held_out_seen")  # of campaigns, counted by cell
_ROUNDING = 9  # decimals of a number of customers: 0.07 of 100 is 7, not 7.000000000000001


def nearest(share: float, customers: int) -> int:
    """Return the whole number nearest to a share of customers, halves rounded up.

    A lever, which is held as float32, counts as the number that was set: 0.7 of 5 are 3.5, and not a little less.
    """
    return int(np.floor(np.round(float(str(share)) * customers, _ROUNDING) + 0.5))


def cells_of(
    warning: np.ndarray, visits: np.ndarray, warning_edges: Sequence[float], visit_edges: Sequence[int]
) -> np.ndarray:
    """Return the cell (k,) of customers: bin of the warning, times the number of bins of visits, plus that of visits.

    An edge begins the bin above it.
    """
    risk = np.searchsorted(np.array(warning_edges, np.float32), warning, side="right")
    often = np.searchsorted(np.array(visit_edges, np.int64), visits, side="right")
    return risk * (len(visit_edges) + 1) + often


def shrunk_effects(record: np.ndarray, shrinkage: float) -> np.ndarray:
    """Return the estimated effect of a contact in each cell (cells,): difference of shares seen since,
    shrunk to 0.

    record : (4, cells) whole numbers, in the order of OUTCOMES

    With a contacted and b held out the difference is multiplied by h / (h + shrinkage), h = a b / (a + b); 0 without
    any of either.
    """
    contacted, seen, held, seen_held = record.astype(np.float64)
    known = (contacted > 0) & (held > 0)
    a, b = np.where(known, contacted, 1.0), np.where(known, held, 1.0)
    evidence = a * b / (a + b)
    return np.where(known, (seen / a - seen_held / b) * evidence / (evidence + shrinkage), 0.0)


def picked(
    k: int, explored: int, scores: np.ndarray, luck: np.ndarray, identity: np.ndarray, only_above: bool
) -> np.ndarray:
    """Return the places of k customers: first `explored` of the lowest luck, then of the others those of highest score.

    scores : (n,)      luck : (n,)  in (0, 1), also what decides among equal scores, then the lower identity does
    only_above : whether nobody is taken by a score of 0 or less, so that there may be fewer than k
    """
    by_lot = np.lexsort((identity, luck))
    first, rest = by_lot[:explored], by_lot[explored:]
    by_score = rest[np.argsort(-scores[rest], kind="stable")][: k - explored]
    if only_above:
        by_score = by_score[scores[by_score] > 0]
    return np.concatenate([first, by_score])
