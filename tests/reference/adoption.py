"""Adoption: who has not adopted the category has no occasions, and sales tell the stage of its life cycle.

Claim: some adopt of themselves, others because neighbours have; sales rise, level off and fall with who is left.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, Words, customer_words, fine_uniform

NOT_YET = -1
INTRODUCTION, GROWTH, MATURITY, DECLINE = range(4)
EXACT = 1e-14  # float64 error of an exponential and of a few factors, with room


@dataclass(frozen=True)
class Rule:
    """What customers adopt by.

    name : "bass" or "threshold"      innovation, imitation : 1/year      threshold, spread : shares
    """

    name: str = "bass"
    innovation: float = 0.03
    imitation: float = 0.4
    threshold: float = 0.18
    spread: float = 0.0


def chance(share: float, innovation: float, imitation: float, years: float) -> float:
    """Return the chance of adopting within some years, of whom a share of neighbours has adopted."""
    return 1.0 - math.exp(-(innovation + imitation * share) * years)


def share_of(adopted: int, neighbours: int) -> float:
    """Return the share of neighbours who have adopted, as float32 holds it; of none it is 0."""
    return as_single(adopted / neighbours) if neighbours else 0.0


def threshold_of(u: float, threshold: float, spread: float) -> float:
    """Return a threshold: uniform from threshold - spread to threshold + spread, and a share."""
    return min(1.0, max(0.0, threshold + spread * (2.0 * u - 1.0)))


def life_words(key: Key, identity: int, replication: int = 0) -> Words:
    """Return the words that decide once and for all: of beginning as an adopter, and of the threshold."""
    return customer_words(key, identity, 0, draw=1, block=0, replication=replication)


def begins_as_adopter(key: Key, identity: int, initial: float, at_start: int, replication: int = 0) -> bool:
    """Tell whether a customer has adopted before the market begins, which no newcomer has."""
    return identity < at_start and fine_uniform(life_words(key, identity, replication)[0]) < as_single(initial)


def adopts_by_hazard(
    key: Key, identity: int, t: int, share: float, rule: Rule, year: int, replication: int = 0
) -> tuple[bool, bool]:
    """Return whether she adopts at the end of period t, and whether that is too close to tell."""
    words = customer_words(key, identity, t, draw=0, block=0, replication=replication)
    odds = chance(share, as_single(rule.innovation), as_single(rule.imitation), 1.0 / year)
    luck = fine_uniform(words[0])
    return luck < odds, near(luck, odds, EXACT)


def adopts_by_threshold(key: Key, identity: int, share: float, rule: Rule, replication: int = 0) -> tuple[bool, bool]:
    """Return whether a share of neighbours reaches her threshold, and whether that is too close to tell."""
    u = fine_uniform(life_words(key, identity, replication)[1])
    own = as_single(threshold_of(u, as_single(rule.threshold), as_single(rule.spread)))
    return share >= own, rule.spread > 0.0 and 0.0 < own < 1.0 and share in (own, math.nextafter(own, 0.0))


def growth(latest: int, before: int) -> float:
    """Return the growth of sales from a year to the next; from nothing to something it is without bound."""
    if before == 0:
        return math.inf if latest > 0 else 0.0
    return (latest - before) / before


def stage_of(grown: float, adopted: float, growth_from: float, introduction_below: float) -> int:
    """Return the stage of the life cycle."""
    if grown >= growth_from:
        return GROWTH
    if adopted < introduction_below:
        return INTRODUCTION
    return DECLINE if grown < 0.0 else MATURITY


def need_of(need: float, since: int) -> float:
    """Return the need of a customer by her adoption period: nothing before she has adopted."""
    return 0.0 if since == NOT_YET else need


def adopted_of(have: int, not_yet: int) -> float:
    """Return the share who have adopted by which a stage is told; 1 if there is nobody."""
    return have / (have + not_yet) if have + not_yet else 1.0


@dataclass
class Category:
    """The customers of a market, row by row, and its life cycle.

    since      : first period with occasions, 0 = from the start, -1 = has not adopted
    neighbours : rows of each customer's neighbours
    sales      : visits of each period to all firms      adopted : share who had adopted at the end of each
    close      : whether float error may have decided otherwise in a period
    """

    identities: list[int]
    neighbours: Sequence[Sequence[int]]
    rule: Rule
    key: Key
    year: int = 52
    replication: int = 0
    since: list[int] = field(default_factory=list)
    stage: int = -1
    sales: list[int] = field(default_factory=list)
    adopted: list[float] = field(default_factory=list)
    close: bool = False

    def begin(self, initial: float) -> None:
        """Draw who has adopted before the market begins."""
        n = len(self.identities)
        adopters = [begins_as_adopter(self.key, who, initial, n, self.replication) for who in self.identities]
        self.since = [0 if adopter else NOT_YET for adopter in adopters]

    def replace(self, row: int, identity: int) -> None:
        """Let a newcomer take a place."""
        self.identities[row], self.since[row] = identity, NOT_YET

    def share(self, row: int, t: int) -> float:
        """Return the share of a customer's neighbours who had adopted as period t began."""
        mine = self.neighbours[row]
        return share_of(sum(0 <= self.since[k] <= t for k in mine), len(mine))

    def decides(self, row: int, t: int) -> bool:
        """Return whether a customer who still may adopt does so at the end of the period."""
        share, who = self.share(row, t), self.identities[row]
        if self.rule.name == "bass":
            found, close = adopts_by_hazard(self.key, who, t, share, self.rule, self.year, self.replication)
        elif not self.neighbours[row]:
            return False
        else:
            found, close = adopts_by_threshold(self.key, who, share, self.rule, self.replication)
        self.close |= close
        return found

    def end(self, t: int, gone: Sequence[bool]) -> dict[str, int]:
        """Let customers adopt at the end of a period, and return what is counted.

        gone : by row, who has left the category
        """
        rows = range(len(self.since))
        adopting = [i for i in rows if self.since[i] == NOT_YET and not gone[i] and self.decides(i, t)]
        for i in adopting:
            self.since[i] = t + 1
        have = sum(since != NOT_YET for since in self.since)
        not_yet = sum(self.since[i] == NOT_YET and not gone[i] for i in rows)
        self.adopted.append(adopted_of(have, not_yet))
        counted = {"adopters": have, "not_adopted": not_yet, "adoptions": len(adopting)}
        return counted | {"stage_sum": max(self.stage, 0), "stage_periods": int(self.stage >= 0)}

    def judge(self, t: int, every: int, growth_from: float, introduction_below: float) -> None:
        """Tell the stage as period t opens, at a date, from the latest year and the one before."""
        if t % every == 0 and t >= 2 * self.year:
            latest, before = sum(self.sales[t - self.year : t]), sum(self.sales[t - 2 * self.year : t - self.year])
            self.stage = stage_of(growth(latest, before), self.adopted[t - 1], growth_from, introduction_below)


def adoption_share(counted: Sequence[dict[str, int]]) -> float:
    """Return adopters / (adopters + who still may), of the periods added up; NaN if there is nobody."""
    have = sum(one["adopters"] for one in counted)
    everybody = have + sum(one["not_adopted"] for one in counted)
    return have / everybody if everybody else math.nan


def adoption_rate(counted: Sequence[dict[str, int]], year: int) -> float:
    """Return adoptions / who could adopt, times the periods of a year; NaN if nobody could."""
    new = sum(one["adoptions"] for one in counted)
    could = new + sum(one["not_adopted"] for one in counted)
    return year * new / could if could else math.nan


def mean_stage(counted: Sequence[dict[str, int]]) -> float:
    """Return the mean code of the stages that were known; NaN if none was."""
    known = sum(one["stage_periods"] for one in counted)
    return sum(one["stage_sum"] for one in counted) / known if known else math.nan
