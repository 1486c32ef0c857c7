"""What lost customers were worth: a market without them against the same market with them, by replication.

Claim: value of a lost customer = (profit with her - profit without her) / customers lost. What she would have spent
herself is the direct part; the rest is social: others who did not come, or came later, because she was not there.
Source: HOGAN_LEMON_LIBAI_2003 (abstract); definition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abm.core.errors import Refusal
from abm.study.statistics import intervals
from abm.study.statistics.paired import FloatArray, together
from abm.study.storage.results import Results

REMOVED = "customers_removed"


@dataclass(frozen=True)
class Part:
    """A part of the value, cu per customer lost, with its interval over replications."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class LostCustomers:
    """What each customer lost in an arm was worth to a firm.

    removed : customers lost, mean over replications        pairs : replications
    total = direct + social : cu per customer lost, from the date of the loss on
    """

    arm: str
    against: str
    firm: str
    removed: float
    total: Part
    direct: Part
    social: Part
    pairs: int

    def __str__(self) -> str:
        parts = f"{self.total}, of which direct {self.direct}, social {self.social}"
        return f"a customer of {self.firm} lost in {self.arm}: {parts} cu ({self.pairs} pairs)"


def lost_customers(
    results: Results,
    arm: str,
    group: str,
    *,
    against: str | None = None,
    firm: str | None = None,
    discount: float = 0.0,
    periods: int | None = None,
    confidence: float = 0.95,
) -> LostCustomers:
    """Return what customers were worth whom `knock_out` takes away in an arm.

    group    : of just those who are taken away: [groups.g] with by = "knocked_out" and the arm
    against  : the arm with them; None = the baseline      firm : whose profit; None = the focal firm
    discount : of money, 1/year, to the period of the loss      periods : from that one on; None = to the end

    The intervals are of ratios of means over replications, as the number of customers lost may differ between them.
    Raises Refusal for results without the KPIs profit and customers_removed, for an arm that loses nobody or at more
    than one date, and for a group in which some of them are not.
    """
    against = results.baseline if against is None else against
    firm = results.firms[0] if firm is None else firm
    taken = _taken(results, arm, group)
    dates = np.unique(np.nonzero(taken)[2])
    if len(dates) != 1:
        raise Refusal(f"the arm {arm!r} loses customers in {len(dates) or 'no'} periods; one is expected")
    scenario = results.experiment.scenario
    weight = weights(results.sheet.periods, int(dates[0]), periods, discount, scenario.periods_per_year)
    removed = taken.sum(axis=2)

    def lost(of: str | None, customers: FloatArray | float) -> FloatArray:
        courses = [results.course("profit", one, firm, of) for one in (against, arm)]
        return ((courses[0] - courses[1]) @ weight) / scenario.periods_per_year * customers

    blocks = [lost(None, float(scenario.population.customers)), lost(group, removed), removed]
    (total, direct, count), _ = together(blocks)
    parts = [_part(money, count, confidence) for money in (total, direct, total - direct)]
    return LostCustomers(arm, against, firm, float(count.mean()), parts[0], parts[1], parts[2], len(count))


def weights(periods: int, date: int, length: int | None, discount: float, year: int) -> FloatArray:
    """Return what money of each period counts (periods,): 0 before `date` and `length` periods on, else discounted."""
    since = np.arange(periods) - date
    inside = (since >= 0) & (since < (periods if length is None else length))
    return np.where(inside, (1.0 + discount) ** (-np.maximum(since, 0) / year), 0.0)


def _taken(results: Results, arm: str, group: str) -> FloatArray:
    """Return how many customers an arm loses by point, replication and period, whichever firm has lost them."""

    def counted(of: str | None) -> FloatArray:
        return np.sum([results.course(REMOVED, arm, firm, of) for firm in results.firms], axis=0)

    everybody, inside = counted(None), counted(group)
    if not np.array_equal(everybody, inside, equal_nan=True):
        raise Refusal(f"some customers lost in {arm!r} are not in the group {group!r}")
    return np.nan_to_num(everybody)


def _part(money: FloatArray, count: FloatArray, confidence: float) -> Part:
    return Part(*(float(number) for number in intervals.ratio(money, count, confidence)))
