"""Power of a planned paired comparison: how many replications show a difference, and which difference they show.

    pilot = results.paired("profit", "points")
    print(abm.power(pilot, difference=50, power=0.9))     the replications it takes
    print(abm.power(pilot, replications=40, power=0.9))   the difference that 40 replications show

Claim: if the differences of R replications are normal with mean δ and standard deviation σ, the interval of their mean
excludes 0 with probability P(F > t²), where t is the two-sided critical value and F has the noncentral F distribution
with 1 and R - 1 degrees of freedom and noncentrality R δ² / σ²: the square of a noncentral t.
Source: the power of the t-test of any textbook, from memory; the tests hold it against simulation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scipy.optimize import brentq
from scipy.special import chdtri, ncfdtr, stdtrit  # scipy.stats takes a second to import

from abm.core.errors import Refusal, shown
from abm.core.shown import in_notebook
from abm.study.statistics.paired import PairedDifference

LIMIT = 0.8  # confidence that σ is below the pilot's upper limit (Browne 1995, seen in a secondary source)
MOST = 10**9  # replications that are still worth naming


@dataclass(frozen=True)
class Power:
    """What a paired comparison can show: one of the first three follows from the two others.

    difference   : true mean difference, in the KPI's unit         replications : pairs
    power        : probability that the interval excludes 0        sd           : of the difference between replications
    confidence   : of the interval                                 comparisons  : it holds for together (Bonferroni)
    cautious     : the same if the sd is as high as the pilot leaves possible at 0.8 confidence; None without a pilot
    """

    difference: float
    replications: int
    power: float
    sd: float
    confidence: float
    comparisons: int
    cautious: Power | None = None

    _repr_html_ = in_notebook

    def __str__(self) -> str:
        together = f" over {self.comparisons} comparisons" if self.comparisons > 1 else ""
        text = (
            f"{self._said()} (standard deviation {self.sd:.4g} between replications, "
            f"{self.confidence:.6g} confidence{together})"
        )
        if self.cautious is None:
            return text
        return f"{text}; with the upper limit of what the pilot leaves possible, {self.cautious.sd:.4g}: " + (
            self.cautious._said()
        )

    def _said(self) -> str:
        return (
            f"{self.replications:,} replications show a difference of {self.difference:.4g} "
            f"with probability {self.power:.3f}"
        )


def power(
    pilot: PairedDifference | float,
    *,
    difference: float | None = None,
    replications: int | None = None,
    power: float | None = None,
    confidence: float = 0.95,
    comparisons: int = 1,
) -> Power:
    """Return what follows from two of `difference`, `replications` and `power`; leave the third out.

    pilot       : a paired difference already measured, whose standard deviation is used, or that standard deviation
    comparisons : how many arms are to be compared at once; each gets an equal part of 1 - confidence

    Raises Refusal if not exactly one of the three is left out, and for numbers of no use.
    """
    sd = pilot.sd if isinstance(pilot, PairedDifference) else pilot
    _check(difference, replications, power, confidence, comparisons, sd)
    found = _solved(difference, replications, power, float(sd), confidence, comparisons)
    if not isinstance(pilot, PairedDifference):
        return found
    high = upper_limit(pilot.sd, pilot.pairs)
    cautious = _solved(difference, replications, power, high, confidence, comparisons)
    return replace(found, cautious=cautious)


def probability(difference: float, sd: float, replications: int, confidence: float) -> float:
    """Return the probability that Student's interval of normal differences excludes 0."""
    if sd == 0:
        return float(difference != 0)
    shift = abs(difference) / sd * math.sqrt(replications)
    t = float(stdtrit(replications - 1, 0.5 + confidence / 2))
    missed = float(ncfdtr(1, replications - 1, shift**2, t**2))
    return 1.0 if math.isnan(missed) else 1 - missed  # scipy gives nan for a probability too small to hold


def upper_limit(sd: float, pairs: int, limit: float = LIMIT) -> float:
    """Return the upper confidence limit of a standard deviation that was measured in so many pairs."""
    return sd * math.sqrt((pairs - 1) / float(chdtri(pairs - 1, limit)))


def _solved(
    difference: float | None,
    replications: int | None,
    power: float | None,
    sd: float,
    confidence: float,
    comparisons: int,
) -> Power:
    each = 1 - (1 - confidence) / comparisons
    if replications is None:
        assert difference is not None
        assert power is not None
        replications = _needed(difference, power, sd, each)
    elif difference is None:
        assert power is not None
        difference = _detectable(replications, power, sd, each)
    reached = probability(difference, sd, replications, each)
    return Power(difference, replications, reached, sd, confidence, comparisons)


def _needed(difference: float, power: float, sd: float, confidence: float) -> int:
    """Return the smallest number of replications with the power."""
    low, high = 1, 2  # low is too few
    while probability(difference, sd, high, confidence) < power:
        low, high = high, 2 * high
        if high > MOST:
            spread = f"at a standard deviation of {sd:.4g}"
            raise Refusal(
                f"difference = {difference} would take more than {MOST:,} replications {spread}; give a larger one"
            )
    while high - low > 1:
        middle = (low + high) // 2
        if probability(difference, sd, middle, confidence) < power:
            low = middle
        else:
            high = middle
    return high


def _detectable(replications: int, power: float, sd: float, confidence: float) -> float:
    """Return the smallest difference that so many replications show with the power."""
    if sd == 0:
        return 0.0
    high = sd
    while probability(high, sd, replications, confidence) < power:
        high *= 2
    return float(brentq(lambda d: probability(d, sd, replications, confidence) - power, 0.0, high, xtol=1e-12 * high))


def _check(
    difference: float | None,
    replications: int | None,
    power: float | None,
    confidence: float,
    comparisons: int,
    sd: float,
) -> None:
    given = {"difference": difference, "replications": replications, "power": power}
    left_out = [name for name, value in given.items() if value is None]
    if len(left_out) != 1:
        said = " and ".join(left_out) if left_out else "none"
        advice = "give two of difference, replications and power, and leave out the one you ask for"
        raise Refusal(f"{advice}; left out: {said}")
    if not isinstance(sd, int | float) or not 0 <= sd < math.inf:
        raise Refusal(f"the pilot's standard deviation is {shown(sd)}; it takes 2 pairs or more with a value")
    if not 0 < confidence < 1:
        raise Refusal(f"confidence = {shown(confidence)} is outside (0, 1)")
    if comparisons < 1:
        raise Refusal(f"comparisons = {shown(comparisons)} is below 1")
    if difference is not None and not 0 < abs(difference) < math.inf:
        raise Refusal(f"difference = {shown(difference)} is not a number other than 0")
    if replications is not None and not 2 <= replications <= MOST:
        raise Refusal(f"replications = {shown(replications)} is outside [2, {MOST:,}]")
    least = (1 - confidence) / comparisons
    if power is not None and not least < power < 1:
        raise Refusal(f"power = {shown(power)} is outside ({least:.4g}, 1)")
