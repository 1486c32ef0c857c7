"""Which arm is best, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from abm.core.errors import Refusal, counted
from abm.core.shown import in_notebook
from abm.study.statistics.paired import PairedDifference

_MOST_DECIMALS = 6


def more_is_better(kpi: str, better: str) -> bool:
    """Return whether more of a KPI is better.  better : "more", "less" or ""; Refusal for the last, which is neither"""
    if not better:
        ways = "largest=True or largest=False; on the command line --highest or --lowest"
        raise Refusal(f"neither more nor less of {kpi} is better; say which, as {ways}")
    return better == "more"


@dataclass(frozen=True)
class Winner:
    """The arm shown to be best in a KPI, or None, and the sentence that says why.

    differences : the leading arm's paired difference from every other, at a confidence that holds for all together
    """

    arm: str | None
    statement: str
    differences: tuple[PairedDifference, ...]

    _repr_html_ = in_notebook

    def __str__(self) -> str:
        return self.statement


def decide(kpi: str, leader: str, differences: Sequence[PairedDifference], confidence: float, largest: bool) -> Winner:
    """Say whether the leading arm is the best.

    Claim: if each of the k intervals misses its true difference with probability a/k, then a worse arm is called best
    with probability at most a (Bonferroni's inequality).
    """
    differences = tuple(differences)
    if not differences:
        return Winner(None, f"there is only the arm '{leader}', so there is nothing to compare", differences)
    closest = min(differences, key=lambda one: _lead(one, largest))
    sure = f"{confidence:.6g} confidence over {counted(len(differences), 'comparison')}"
    most = "highest" if largest else "lowest"
    if _lead(closest, largest) > 0:
        best = f"'{leader}' has the {most} {kpi} of {closest.firm}"
        return Winner(
            leader, f"{best}: {_in_words(closest)} for the closest, '{closest.against}' ({sure})", differences
        )
    reason = _doubt(closest)
    return Winner(None, f"no arm is shown to have the {most} {kpi} of {closest.firm}: {reason} ({sure})", differences)


def _lead(one: PairedDifference, largest: bool) -> float:
    """Return by how much the leader is ahead at the least; NaN counts as not at all."""
    lead = one.low if largest else -one.high
    return -math.inf if math.isnan(lead) else lead


def _in_words(one: PairedDifference) -> str:
    """Return a difference and its interval with two digits of half the interval, which is as much as it bears out."""
    half = (one.high - one.low) / 2
    digits = min(max(1 - math.floor(math.log10(half)), 0), _MOST_DECIMALS) if 0 < half < math.inf else 4
    numbers = f"{one.mean:+.{digits}f} [{one.low:.{digits}f}, {one.high:.{digits}f}]"
    return f"{numbers} in {counted(one.pairs, 'pair')}"


def _doubt(one: PairedDifference) -> str:
    names = f"'{one.arm}' and '{one.against}'"
    if one.pairs < 2:
        return f"{names} have {counted(one.pairs, 'pair')} with a value, and it takes 2 or more"
    if one.sd == 0:
        return f"{names} are equal in all {one.pairs} pairs"
    text = f"'{one.arm}' leads '{one.against}' by {_in_words(one)}"
    if one.mean == 0:
        return text
    needed = math.ceil(one.pairs * ((one.high - one.low) / 2 / one.mean) ** 2)
    return f"{text}; if that is the true difference, about {needed:,} pairs would show it"
