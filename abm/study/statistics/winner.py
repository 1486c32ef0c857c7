"""Which arm is best, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from abm.study.statistics.paired import PairedDifference


@dataclass(frozen=True)
class Winner:
    """The arm shown to be best in a KPI, or None, and the sentence that says why.

    duels : the leading arm's paired difference from every other, at a confidence that holds for all together
    """

    arm: str | None
    statement: str
    duels: tuple[PairedDifference, ...]

    def __str__(self) -> str:
        return self.statement


def decide(kpi: str, leader: str, duels: Sequence[PairedDifference], confidence: float, largest: bool) -> Winner:
    """Say whether the leading arm is the best.

    Claim: if each of the k intervals misses its true difference with probability a/k, then a worse arm is called best
    with probability at most a (Bonferroni's inequality).
    """
    duels = tuple(duels)
    if not duels:
        return Winner(None, f"there is only the arm '{leader}', so there is nothing to compare", duels)
    closest = min(duels, key=lambda duel: _lead(duel, largest))
    sure = f"{confidence:.6g} confidence over {len(duels)} comparison{'s' if len(duels) > 1 else ''}"
    most = "highest" if largest else "lowest"
    if _lead(closest, largest) > 0:
        best = f"'{leader}' has the {most} {kpi} of {closest.firm}"
        return Winner(leader, f"{best}: {_duel(closest)} for the closest, '{closest.against}' ({sure})", duels)
    reason = _doubt(closest)
    return Winner(None, f"no arm is shown to have the {most} {kpi} of {closest.firm}: {reason} ({sure})", duels)


def _lead(duel: PairedDifference, largest: bool) -> float:
    """Return by how much the leader is ahead at the least; NaN counts as not at all."""
    lead = duel.low if largest else -duel.high
    return -math.inf if math.isnan(lead) else lead


def _duel(duel: PairedDifference) -> str:
    return f"{duel.mean:+.4g} [{duel.low:.4g}, {duel.high:.4g}] in {duel.pairs} pairs"


def _doubt(duel: PairedDifference) -> str:
    names = f"'{duel.arm}' and '{duel.against}'"
    if duel.pairs < 2:
        return f"{names} have {duel.pairs} pair{'' if duel.pairs == 1 else 's'} with a value, and it takes 2 or more"
    if duel.sd == 0:
        return f"{names} are equal in all {duel.pairs} pairs"
    text = f"'{duel.arm}' leads '{duel.against}' by {_duel(duel)}"
    if duel.mean == 0:
        return text
    needed = math.ceil(duel.pairs * ((duel.high - duel.low) / 2 / duel.mean) ** 2)
    return f"{text}; if that is the true difference, about {needed:,} pairs would show it"
