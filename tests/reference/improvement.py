"""Improvement: reviews of a firm's answers, the projects that come of them, and what raised attributes cost.

Claim: a firm works on what counts with who answers and lacks most to its target; what comes of it is a matter of luck,
wears off, and is dropped if the score has not risen since.
Source: docs/model.md, improvement, without a look at its kernels.

Draws are of the stream "improvement": identity j, period t of the review, draw 0, block k, word 0, for firm j and the
k-th attribute.  Importance is found by Cramer's rule, in fractions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.attributes import ATTRIBUTES, BEST
from tests.reference.closeness import as_single
from tests.reference.encounter import clipped
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {"improve_every": 13, "fewest_answers": 10, "outcome_spread": 0.8, "wear": 0.06}
PAIRS = tuple(combinations_with_replacement(range(5), 2))
STEPS = 2**20
COUNTS = (
    *("improvement_spend", "well_aimed", "checked_projects", "kept_projects", "planned_rises", "found_rises"),
    *("improvement_sum", "improvement_periods", "projects_open", "improved_running", "improvement_kept_up"),
)


def in_steps(value: float) -> int:
    """Return a number in whole 2^-20, half rounded up."""
    return math.floor(STEPS * value + 0.5)


@dataclass
class Answers:
    """What a firm has counted of its answers and visits: in a period, or since the review before."""

    answers: int = 0
    visits: int = 0
    full: int = 0  # most marks that an attribute could have had
    marks: list[int] = field(default_factory=lambda: [0] * 5)
    marks_visit: int = 0
    products: list[int] = field(default_factory=lambda: [0] * 15)
    with_visit: list[int] = field(default_factory=lambda: [0] * 5)

    def add(self, given: Sequence[int], visit: int, scale: int) -> None:
        """Add what one visitor answers on each attribute, and on the visit."""
        marks = [one - 1 for one in given]
        self.answers += 1
        self.full += scale - 1
        self.marks_visit += visit - 1
        for k in range(5):
            self.marks[k] += marks[k]
            self.with_visit[k] += marks[k] * (visit - 1)
        for place, (a, b) in enumerate(PAIRS):
            self.products[place] += marks[a] * marks[b]

    def score(self, k: int) -> float:
        """Return how an attribute is judged, 0-1; NaN without answers."""
        return self.marks[k] / self.full if self.full else math.nan

    def moments(self) -> list[list[int]]:
        """Return the moments of a constant and the attributes (6, 6)."""
        rows = [[self.answers, *self.marks], *([one] + [0] * 5 for one in self.marks)]
        for (a, b), product in zip(PAIRS, self.products, strict=True):
            rows[1 + a][1 + b] = rows[1 + b][1 + a] = product
        return rows

    def importance(self) -> list[float]:
        """Return what each attribute counts: its coefficient if above 0, over the sum of those; else all the same."""
        rows, right = self.moments(), [self.marks_visit, *self.with_visit]
        whole = determinant(rows)
        if not whole:
            return [0.2] * 5
        above = [max(0.0, float(determinant(replaced(rows, 1 + k, right)) / whole)) for k in range(5)]
        return [one / sum(above) for one in above] if any(above) else [0.2] * 5


def determinant(rows: Sequence[Sequence[int]]) -> Fraction:
    """Return the determinant of whole numbers, exactly."""
    left = [[Fraction(one) for one in row] for row in rows]
    found = Fraction(1)
    while left:
        at = next((place for place, row in enumerate(left) if row[0]), None)
        if at is None:
            return Fraction(0)
        first = left.pop(at)
        found *= first[0] * (-1) ** at
        left = [[b - row[0] / first[0] * a for a, b in zip(first[1:], row[1:], strict=True)] for row in left]
    return found


def replaced(rows: Sequence[Sequence[int]], k: int, column: Sequence[int]) -> list[list[int]]:
    """Return rows with another k-th column."""
    return [[*row[:k], one, *row[k + 1 :]] for row, one in zip(rows, column, strict=True)]


@dataclass
class Policy:
    """What a firm decides on improvement."""

    improvement_budget: float = 0.0  # cu a visit
    improvement_scale: float = 0.5
    target_score: float = 0.9
    target_of: str = "stated"  # or "best_rival"
    improvement_rule: str = "importance_and_gap"  # "gap", "importance", "even"
    improvement_focus: str = "first"  # or "in_proportion"
    improvement_check: str = "drop_failed"  # or "keep_all"
    keep_from: float = 0.0
    improvement_upkeep: float = 0.0
    improvement_upkeep_scale: float = 0.1

    def parts(self, importance: Sequence[float], gaps: Sequence[float]) -> list[float]:
        """Return which part of the budget goes to each attribute."""
        pairs = zip(importance, gaps, strict=True)
        priority = {
            "importance_and_gap": [weight * gap for weight, gap in pairs],
            "gap": [*gaps],
            "importance": [*importance],
            "even": [1.0] * 5,
        }[self.improvement_rule]
        if not any(priority):
            return [0.0] * 5
        if self.improvement_focus == "in_proportion" or self.improvement_rule == "even":
            return [one / sum(priority) for one in priority]
        return [float(k == priority.index(max(priority))) for k in range(5)]


@dataclass
class Project:
    """What was planned for an attribute, what came of it, and how it was judged before."""

    planned: float
    did: float
    score: float


@dataclass
class Firm:
    """A firm that improves its attributes, and what it counts of it.

    set_itself : (5,) how far each attribute is off its quality without improvement
    steps      : (5,) and with it, as it stands        counts : of one period
    """

    policy: Policy
    quality: float = 0.75
    quality_cost: float = 3.0
    cost_parts: Sequence[float] = (0.4, 0.15, 0.2, 0.15, 0.1)
    set_itself: list[float] = field(default_factory=lambda: [0.0] * 5)
    steps: list[float] = field(default_factory=lambda: [0.0] * 5)
    improved: list[float] = field(default_factory=lambda: [0.0] * 5)
    projects: dict[int, Project] = field(default_factory=dict)
    expense: int = 0  # cents a visit
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    spent_on: list[int] = field(default_factory=lambda: [0] * 5)

    def set_anew(self, k: int, step: float) -> None:
        """Set the step of an attribute: it stands until the next review, when what was improved comes on top."""
        self.set_itself[k] = self.steps[k] = step

    def begin(self) -> None:
        """Begin a period, of which nothing is counted yet."""
        self.counts = dict.fromkeys(COUNTS, 0)
        self.spent_on = [0] * 5

    def room(self, k: int) -> float:
        """Return what an attribute lacks to the best."""
        return max(0.0, BEST - (self.quality + self.set_itself[k] + self.improved[k]))

    def check(self, sheet: Answers, p: Mapping[str, Any]) -> None:
        """Look at each project: what has failed is undone by who drops it; end them all."""
        known = sheet.answers >= p["fewest_answers"]
        for k, project in self.projects.items() if known else ():
            rise = sheet.score(k) - project.score
            failed = self.policy.improvement_check == "drop_failed" and rise < self.policy.keep_from
            self.counts["checked_projects"] += 1
            self.counts["kept_projects"] += not failed
            self.counts["planned_rises"] += in_steps(project.planned)
            self.counts["found_rises"] += in_steps(rise)
            if failed:
                self.improved[k] -= project.did
        self.projects = {}

    def wear(self, p: Mapping[str, Any]) -> None:
        """Let a part of what is improved wear off, less what is prevented by keeping it up."""
        kept = 1.0 - p["wear"] * (1.0 - self.policy.improvement_upkeep)
        self.improved = [one * kept for one in self.improved]

    def begin_projects(self, sheet: Answers, targets: Sequence[float], luck: Sequence[float], weights: Any) -> None:
        """Spend the budget of all visits since the review before on what comes first.

        targets : (5,) scores     luck : (5,) outcome, as a factor     weights : (5,) true, of its customers
        """
        own, rooms = self.policy, [self.room(k) for k in range(5)]
        gaps = [max(0.0, target - sheet.score(k)) for k, target in enumerate(targets)]
        worth = [weight * room for weight, room in zip(weights, rooms, strict=True)]
        for k, part in enumerate(own.parts(sheet.importance(), gaps)):
            if part == 0.0 or rooms[k] == 0.0:
                continue
            planned = rooms[k] * (1.0 - math.exp(-own.improvement_budget * part / own.improvement_scale))
            did = clipped(planned * luck[k], rooms[k] - BEST, rooms[k])
            self.improved[k] += did
            self.projects[k] = Project(planned, did, sheet.score(k))
            money = math.floor(hundredths(100.0 * own.improvement_budget) * sheet.visits * part + 0.5)
            self.counts["improvement_spend"] += money
            self.spent_on[k] += money
            self.counts["well_aimed"] += money if k == worth.index(max(worth)) else 0

    def dearer(self) -> float:
        """Return what raised attributes cost on a visit, cu; below 0 for those that are lower."""
        return self.quality_cost * sum(
            part * (effort(self.quality + step) - effort(self.quality + own))
            for part, step, own in zip(self.cost_parts, self.steps, self.set_itself, strict=True)
        )

    def settle(self) -> None:
        """Deliver what is improved, as far as 0 to the best can be delivered, in numbers that float32 holds."""
        for k, own in enumerate(self.set_itself):
            if self.improved[k]:
                delivered = clipped(self.quality + own + self.improved[k], 0.0, BEST) - self.quality
                self.steps[k] = as_single(delivered)
                self.improved[k] = self.steps[k] - own
            else:
                self.steps[k] = own
        self.expense = hundredths(self.dearer())

    def end(self, visits: int) -> None:
        """Count a period with so many visits."""
        kept_up = self.policy.improvement_upkeep_scale * effort(self.policy.improvement_upkeep)
        self.counts["improvement_sum"] = sum(in_steps(one) for one in self.improved)
        self.counts["improvement_periods"] = 1
        self.counts["projects_open"] = len(self.projects)
        self.counts["improved_running"] = visits * self.expense
        self.counts["improvement_kept_up"] = visits * hundredths(100.0 * kept_up)


def outcomes(key: Key, j: int, t: int, replication: int, p: Mapping[str, Any]) -> list[float]:
    """Return what comes of a project of firm j on each attribute, in what was planned."""
    words = (customer_words(key, j, t, draw=0, block=k, replication=replication)[0] for k in range(5))
    return [1.0 + p["outcome_spread"] * normal(uniform(word)) for word in words]


def targets(firms: Sequence[Firm], sheets: Sequence[Answers], j: int, p: Mapping[str, Any]) -> list[float]:
    """Return the score of each attribute that firm j aims at: stated, or the best that is known of a rival."""
    stated = firms[j].policy.target_score
    if firms[j].policy.target_of == "stated":
        return [stated] * 5
    known = [sheet for r, sheet in enumerate(sheets) if r != j and sheet.answers >= max(1, p["fewest_answers"])]
    return [max((sheet.score(k) for sheet in known), default=stated) for k in range(5)]


def whole_weights(weights: Sequence[Sequence[float]], providers: Sequence[int], j: int) -> list[int]:
    """Return what each attribute weighs with a firm's customers, or with all where it has none, in whole 2^-20.

    weights : (n, 5)      providers : (n,) -1 = none
    """
    own = [of for of, provider in zip(weights, providers, strict=True) if provider == j] or weights
    return [sum(math.floor(STEPS * of[k]) for of in own) for k in range(5)]


def review(
    firms: Sequence[Firm], sheets: Sequence[Answers], luck: Sequence[Any], weights: Sequence[Any], p: Mapping[str, Any]
) -> None:
    """Check, let wear work, plan and do, firm by firm.  luck, weights : (m, 5)"""
    for j, firm in enumerate(firms):
        sheet = sheets[j]
        firm.check(sheet, p)
        firm.wear(p)
        if firm.policy.improvement_budget > 0.0 and sheet.answers >= max(1, p["fewest_answers"]):
            firm.begin_projects(sheet, targets(firms, sheets, j, p), luck[j], weights[j])
        firm.settle()


def measures(c: Mapping[str, float], spent_on: Sequence[float]) -> dict[str, float]:
    """Return the measures of what was counted, in units."""
    spent, looked_at, periods = sum(spent_on), c["checked_projects"], c["improvement_periods"]
    return {
        **{f"{name}_part_of_improvement": divided(of, spent) for name, of in zip(ATTRIBUTES, spent_on, strict=True)},
        "well_aimed_share": divided(c["well_aimed"], spent),
        "planned_rise_of_score": divided(100.0 * c["planned_rises"], looked_at),
        "found_rise_of_score": divided(100.0 * c["found_rises"], looked_at),
        "kept_share_of_projects": divided(c["kept_projects"], looked_at),
        "mean_improvement": divided(100.0 * c["improvement_sum"] / 5.0, periods),
        "projects_under_way": divided(c["projects_open"], periods),
    }


def divided(amount: float, by: float) -> float:
    """Return a quotient, NaN of nothing."""
    return amount / by if by else math.nan
