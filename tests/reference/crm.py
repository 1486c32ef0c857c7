"""Customer relationship management: modules that a firm has, how far staff use them, and what that saves and costs.

Claim: a system is used little by little and, without training, by a part of the staff only; analysis and sharing are
worth as much as the records that they stand on.
Source: docs/model.md, crm, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import as_single

OPERATIONAL, ANALYTICAL, COLLABORATIVE = range(3)
STEPS = 2**20
EXAMPLE: dict[str, Any] = {"basic_use": 0.5, "use_rate": 0.05, "staff_saved": 0.02}
COUNTS = ("modules_owned", "module_use_sum", "records_saved", "crm_spend")


@dataclass(frozen=True)
class Policy:
    """What a firm decides: which modules it has, how far staff are trained, and what that costs."""

    operational: bool = False
    analytical: bool = False
    collaborative: bool = False
    crm_training: float = 0.0
    module_costs: tuple[float, ...] = (5.0, 5.0, 3.0)
    crm_training_cost: float = 1.5

    @property
    def has(self) -> tuple[bool, ...]:
        """Whether it has each module."""
        return self.operational, self.analytical, self.collaborative

    def cost(self, people: int) -> int:
        """Return what modules, and training for each, cost in a market of so many people, 1/1000 cent a period."""
        training = self.crm_training_cost * effort(self.crm_training)
        costs = [cost + training for cost, has in zip(self.module_costs, self.has, strict=True) if has]
        return people * hundredths(sum(costs))


def use_after(use: float, has: bool, training: float, p: dict[str, Any]) -> float:
    """Return how far staff use a module after a period more."""
    if not has:
        return 0.0
    reach = p["basic_use"] + (1.0 - p["basic_use"]) * training
    return use + p["use_rate"] * (reach - use)


def unrounded_saving(service_cost: int, use: float, p: dict[str, Any]) -> float:
    """Return what records save on the visit of a known customer, cents."""
    return service_cost * p["staff_saved"] * use


@dataclass
class Modules:
    """How far staff of each firm use the modules: use [module][firm]."""

    policies: list[Policy]
    p: dict[str, Any]
    use: list[list[float]] = field(default_factory=list)
    counts: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.p = {name: as_single(value) for name, value in self.p.items()}
        self.use = self.use or [[0.0] * len(self.policies) for _ in range(3)]
        self.begin()

    def begin(self) -> None:
        """Count from nothing."""
        self.counts = {name: [0] * len(self.policies) for name in COUNTS}

    def open(self) -> None:
        """Let staff come to use modules as a period opens."""
        for j, policy in enumerate(self.policies):
            for module, has in enumerate(policy.has):
                self.use[module][j] = use_after(self.use[module][j], has, as_single(policy.crm_training), self.p)
                self.counts["modules_owned"][j] += has

    def sums(self) -> list[float]:
        """Return the use of modules of each firm, in 2^-20, not yet cut off for each module."""
        return [sum(row[j] for row in self.use) * STEPS for j in range(len(self.policies))]

    def count(self, used: Sequence[Sequence[float]]) -> None:
        """Count how far modules are used: [module][firm]."""
        for row in used:
            for j, use in enumerate(row):
                self.counts["module_use_sum"][j] += math.floor(use * STEPS)

    def context_use(self, j: int) -> float:
        """Return how far staff use what channels share."""
        return min(self.use[OPERATIONAL][j], self.use[COLLABORATIVE][j])

    def profile_use(self, j: int) -> float:
        """Return how far staff use what is known of each customer."""
        return min(self.use[OPERATIONAL][j], self.use[ANALYTICAL][j])

    def saved(self, j: int, known: bool, service_cost: int) -> int:
        """Return what records save on a visit, in whole cents."""
        unrounded = unrounded_saving(service_cost, self.use[OPERATIONAL][j], self.p) if known else 0.0
        return math.floor(unrounded + 0.5)

    def visit(self, j: int, known: bool, service_cost: int) -> int:
        """Count what records save on a visit, and return it."""
        cents = self.saved(j, known, service_cost)
        self.counts["records_saved"][j] -= cents
        return cents

    def end(self, people: int) -> None:
        """Book what modules cost."""
        for j, policy in enumerate(self.policies):
            self.counts["crm_spend"][j] += policy.cost(people)


def crm_use(owned: int, use_sum: float) -> float:
    """Return the mean use of modules over modules and periods; NaN without modules."""
    return use_sum / owned if owned else math.nan
