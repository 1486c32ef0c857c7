"""Indices of the trade: who is asked at which age of her unit, what of, and what she tells.

Claim: problems are counted as they are remembered, and answers carry a bias that she has for life.
Source: the written specification of the theory, without a look at its kernels.

Draws are of the stream "trade_indices": 0 and 1 a visit, 2 and 3 whether she is asked of problems, 4 and 5 which of
them she remembers, 6 her age of being asked how she likes it, for life, 7 that question.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.closeness import as_single, near
from tests.reference.durable import NOBODY, PURCHASE, SERVICE, Person, periods_of
from tests.reference.encounter import clipped
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {
    "asking": 0.3,
    "response": 0.4,
    "extremity": 0.4,
    "middle": 0.5,
    "scale": 10,
    "noise": 0.1,
    "recall": 0.9,
    "satisfied_part": 0.7,
    "early_age": 0.25,
    "appeal_from": 0.167,
    "appeal_until": 0.5,
    "service_from": 1.0,
    "service_until": 3.0,
    "late_age": 3.0,
}
NOT_SEEN, NOT_YET = -2, -1  # of problems noted
COUNTS = (
    "ssi_marks", "ssi_most", "appeal_marks", "appeal_most", "csi_marks", "csi_most", "rebuy_marks", "rebuy_most",
    "recommend_marks", "revisit_marks", "iqs_units", "iqs_problems", "vds_units", "vds_problems",
)  # fmt: skip
LEAST_EXPONENT = -80.0


@dataclass(frozen=True)
class Visit:
    """A visit as its questions take it, all of satisfaction in [0, 1]; felt may lie beyond before it is clipped."""

    kind: int
    felt: float
    satisfaction: float
    commitment: float
    preference: float
    rebuy: float


def rebuy_chance(
    one: Person, aware: Sequence[bool], sells: Sequence[bool], utility: Sequence[float], outside: float
) -> float:
    """Return how likely she would choose the make of her unit, if she bought one now.

    utility : without what durables add      outside : of buying nowhere
    """
    open_to_her = [j for j in range(len(utility)) if aware[j] and sells[j] and utility[j] > -1e30]
    if one.occasion_kind != SERVICE or one.owned_from not in open_to_her:
        return 0.0
    best = max(outside, *(utility[j] for j in open_to_her))
    weights = {j: math.exp(max(LEAST_EXPONENT, utility[j] - best)) for j in open_to_her}
    return weights[one.owned_from] / (math.exp(max(LEAST_EXPONENT, outside - best)) + sum(weights.values()))


@dataclass
class Study:
    """A study of the owners of a market, row by row.

    noted  : of each customer, problems of her unit a year before she is asked of a year's; -3 - k = k, of a unit that
             nobody has seen new
    counts : {tally: [of each firm]} of the period      close : whether float32 may have decided otherwise
    """

    firms: int
    identities: list[int]
    bias: Sequence[float]
    key: Key
    p: Mapping[str, Any]
    year: int = 52
    replication: int = 0
    noted: list[int] = field(default_factory=list)
    counts: dict[str, list[int]] = field(default_factory=dict)
    close: bool = False

    def count(self, name: str, j: int, number: int = 1) -> None:
        """Count for a firm."""
        self.counts.setdefault(name, [0] * self.firms)[j] += number

    def luck(self, i: int, t: int, draw: int, block: int = 0) -> list[float]:
        """Return the four uniforms of a customer's draw."""
        words = customer_words(self.key, self.identities[i], t, draw=draw, block=block, replication=self.replication)
        return [uniform(word) for word in words]

    def below(self, u: float, chance: float) -> bool:
        """Tell whether luck lies below a chance, and note whether that is too close to tell."""
        self.close |= near(u, chance, 2e-6)
        return u < chance

    def answers(self, u: Sequence[float], felt: float) -> bool:
        """Tell whether she is asked, by the first number, and answers, by the second."""
        readiness = clipped(self.p["response"] + self.p["extremity"] * abs(felt - self.p["middle"]))
        return self.below(u[0], self.p["asking"]) and self.below(u[1], readiness)

    @property
    def most(self) -> int:
        """Return the marks of the highest answer."""
        return self.p["scale"] - 1

    def said(self, i: int, truth: float, u: float) -> int:
        """Return what she says of a truth, in marks above the lowest answer."""
        exact = self.most * clipped(truth + self.bias[i] + self.p["noise"] * normal(u)) + 0.5
        self.close |= abs(exact - round(exact)) < 2e-6 * self.p["scale"]
        return math.floor(exact)

    def told(self, i: int, t: int, problems: int, draw: int) -> int:
        """Return how many of some problems she remembers."""
        return sum(self.below(self.luck(i, t, draw, k)[0], self.p["recall"]) for k in range(problems))

    def ask_visitor(self, i: int, t: int, j: int, one: Person, visit: Visit) -> None:
        """Ask who has bought at firm j, or had her unit serviced there at the right age."""
        first, last = (periods_of(self.p[name], self.year) for name in ("service_from", "service_until"))
        if visit.kind != PURCHASE and not (visit.kind == SERVICE and first <= one.unit_age <= last):
            return
        u, felt = self.luck(i, t, 0), clipped(visit.felt)
        if not self.answers(u, felt):
            return
        part = self.p["satisfied_part"]
        index = "ssi" if visit.kind == PURCHASE else "csi"
        self.count(f"{index}_marks", j, self.said(i, felt, u[2]))
        self.count(f"{index}_most", j, self.most)
        likely = part * visit.satisfaction + (1.0 - part) * visit.commitment
        self.count("recommend_marks", j, self.said(i, likely, u[3]))
        if visit.kind == SERVICE:
            again, rebuy, *_ = self.luck(i, t, 1)
            self.count("revisit_marks", j, self.said(i, visit.preference, again))
            self.count("rebuy_marks", one.owned_from, self.said(i, visit.rebuy, rebuy))
            self.count("rebuy_most", one.owned_from, self.most)

    def ask_problems(self, i: int, t: int, one: Person) -> None:
        """Ask an owner who has not left the category of problems, in the periods of two ages."""
        if one.owned_from == NOBODY:
            return
        early = max(1, periods_of(self.p["early_age"], self.year))
        late = max(self.year, periods_of(self.p["late_age"], self.year))
        if one.unit_age == 0:
            self.noted[i] = NOT_YET
        seen_new = self.noted[i] > NOT_SEEN
        if one.unit_age == late - self.year:
            self.noted[i] = one.unit_problems if seen_new else NOT_SEEN - 1 - one.unit_problems
        if one.unit_age == early and seen_new and self.answers(self.luck(i, t, 2), one.unit_liking):
            self.count("iqs_units", one.owned_from)
            self.count("iqs_problems", one.owned_from, self.told(i, t, one.unit_problems, 4))
        had = self.noted_problems(i)
        if one.unit_age == late and had is not None and self.answers(self.luck(i, t, 3), one.unit_liking):
            self.count("vds_units", one.owned_from)
            self.count("vds_problems", one.owned_from, self.told(i, t, one.unit_problems - had, 5))

    def noted_problems(self, i: int) -> int | None:
        """Return how many problems were noted of her unit, seen since it was new or not; None = none were noted."""
        noted = self.noted[i]
        if noted in (NOT_SEEN, NOT_YET):
            return None
        return noted if noted >= 0 else NOT_SEEN - 1 - noted

    def age_of_liking(self, i: int) -> int:
        """Return the age of a unit at which she is asked how she likes it."""
        first, last = (periods_of(self.p[name], self.year) for name in ("appeal_from", "appeal_until"))
        return first + math.floor(as_single((last - first + 1) * self.luck(i, 0, 6)[0]))

    def ask_liking(self, i: int, t: int, one: Person) -> None:
        """Ask an owner who has not left the category how she likes her unit, at her age of it."""
        if one.owned_from != NOBODY and one.unit_age == self.age_of_liking(i):
            u = self.luck(i, t, 7)
            if self.answers(u, one.unit_liking):
                self.count("appeal_marks", one.owned_from, self.said(i, one.unit_liking, u[2]))
                self.count("appeal_most", one.owned_from, self.most)


def measures(c: Mapping[str, float]) -> dict[str, float]:
    """Return the indices of a firm from its counts, added up over periods."""

    def part(some: float, of: float, times: float = 1.0) -> float:
        return times * some / of if of else math.nan

    return {
        "sales_satisfaction_index": part(c["ssi_marks"], c["ssi_most"], 100.0),
        "initial_quality": part(c["iqs_problems"], c["iqs_units"], 100.0),
        "unit_appeal": part(c["appeal_marks"], c["appeal_most"], 100.0),
        "service_satisfaction_index": part(c["csi_marks"], c["csi_most"], 100.0),
        "dependability": part(c["vds_problems"], c["vds_units"], 100.0),
        "trade_recommend": part(c["recommend_marks"], c["ssi_most"] + c["csi_most"]),
        "trade_revisit": part(c["revisit_marks"], c["csi_most"]),
        "trade_repurchase": part(c["rebuy_marks"], c["rebuy_most"]),
    }
