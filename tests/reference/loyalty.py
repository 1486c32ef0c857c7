"""What the twins of loyalty say of all customers of a small world or a market, held against its columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.reference import choice, convenience, loyalty_measures, loyalty_types, surplus
from tests.reference.closeness import as_single, near
from tests.reference.loyalty_types import BLOCKS, CONVENIENCE, INCENTIVISED, INERTIA, PREMIUM, PRICE
from tests.reference.state import NOBODY

STATE = (
    *("satisfaction", "expectation", "encounters", "trust", "affective_commitment", "taste", "program_utility"),
    *("customer_class", "provider", "aware"),
)
DISCOUNTS = (0.25, 0.125)


class Chooser:
    """What the terms of a customer's utility are: of the state as she chooses, and the twins' parameters."""

    def __init__(self, scenario: Any, world: Any, key: tuple[int, int], replication: int = 0) -> None:
        self.scenario, self.c = scenario, world.customers
        self.before = {name: self.c[name].copy() for name in STATE}
        self.firms = scenario.firms
        places = [convenience.drawn(key, identity, 0, replication) for identity in self.c.customer_id.tolist()]
        outlets = [convenience.drawn(key, j, 1, replication) for j in range(len(self.firms))]
        self.ways = [
            [convenience.way(place, outlet, firm.convenience.outlets) for place in places]
            for outlet, firm in zip(outlets, self.firms, strict=True)
        ]

    def attraction(self, i: int, j: int) -> float:
        """Return what a firm attracts with."""
        of = (float(self.before[name][j, i]) for name in ("satisfaction", "expectation", "encounters"))
        return self.scenario.choice.attraction * choice.attraction(*of)

    def rival(self, i: int, j: int) -> float:
        """Return the best attitude to a known firm other than j."""
        names = ("aware", "encounters", "satisfaction", "expectation")
        return loyalty_measures.best_rival(*(self.before[name][:, i].tolist() for name in names), j)

    def terms(self, i: int) -> dict[int, list[float]]:
        """Return the terms of each block, of the firms."""
        found = {block: [0.0] * len(self.firms) for block in BLOCKS}
        c, of, response = self.c, self.before, float(self.c.price_response[i])
        for j, firm in enumerate(self.firms):
            found[CONVENIENCE][j] = convenience.term(self.ways[j][i], self.scenario.convenience.model_dump())
            found[PRICE][j] = -response * firm.price
            cut = DISCOUNTS[of["customer_class"][j, i] - 1] if 0 < of["customer_class"][j, i] <= 2 and j == 0 else 0.0
            found[INCENTIVISED][j] = float(of["program_utility"][j, i]) + response * firm.price * cut
            trust = self.scenario.trust
            found[PREMIUM][j] = (
                self.attraction(i, j)
                + float(of["taste"][j, i])
                + trust.trust_weight * float(of["trust"][j, i])
                + trust.commitment_weight * float(of["affective_commitment"][j, i])
            )
        provider = of["provider"][i]
        if provider >= 0:
            found[INERTIA][provider] = self.scenario.switching_cost.switching_weight * float(c.switching_cost[i])
        return found


def assert_asked(chooser: Chooser, visits: Sequence[tuple[int, int]], p: dict[str, Any]) -> list[float]:
    """Compare what is found of visitors (customer, firm) as they choose with the twins; return worths of visits."""
    c, worths, latest = chooser.c, [], dict(visits)
    for i, j in visits:
        preference, provider = c.preference[:, i].astype(float).tolist(), int(chooser.before["provider"][i])
        terms, nowhere = chooser.terms(i), 1.0 - sum(preference)
        above = math.log(preference[j] / nowhere) - terms[INERTIA][j]
        worths.append(surplus.of_visit(float(c.basket[i]), above, 0.0, float(c.price_response[i])))
        if latest[i] != j:
            continue
        for f in range(len(preference)):
            found, of_twin = int(c.loyalty_tie[f, i]), loyalty_types.tie(preference, provider, terms, f, p)
            if found != of_twin and preference[f] > 0.0 and not loyalty_types.is_monopoly(preference):
                falls = loyalty_types.falls(preference, provider, terms, f, p)
                largest = sorted(falls)[-2:]
                assert near(max(falls), p["least_drop"]) or largest[1] - largest[0] < 1e-5, (i, f, falls, found)
            else:
                assert found == of_twin, (i, f)
        rival = chooser.rival(i, j)
        tolerance = loyalty_measures.tolerance(preference[j], chooser.attraction(i, j), loyalty_measures.EXAMPLE)
        assert c.failure_tolerance[i] == pytest.approx(tolerance, abs=1e-5)
        dependence = loyalty_measures.dependence(float(c.switching_cost[i]), rival, provider, j)
        assert c.dependence[i] == pytest.approx(dependence, abs=1e-5, nan_ok=True)
    return worths


TYPED = ("typed", *(f"{name}_loyal" for name in loyalty_types.NAMES[1:]))
MEASURED = (
    *("deliberation_sum", "sensitivity_sum", "rival_sum", "tolerance_sum", "identification_sum", "calculative_sum"),
    "dependence_sum",
)


def typed_by_twin(c: Any, visits: np.ndarray, p: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """Return what the twins count of types at a closing, and each customer's type; visits (m, n) of the year."""
    m, n = visits.shape
    used, here = c.encounters > 0, c.exited < 0
    attitudes = [
        {
            j: loyalty_types.attitude(float(c.satisfaction[j, i]), float(c.affective_commitment[j, i]))
            for j in range(m)
            if used[j, i] and here[i]
        }
        for i in range(n)
    ]
    steps = [loyalty_types.step(felt) for of in attitudes for felt in of.values()]
    warm = loyalty_types.warm_from(steps, as_single(p["top_attitude"]))
    expected, kinds = {name: [0] * m for name in TYPED}, []
    for i in range(n):
        of = visits[:, i].tolist(), int(c.provider[i]), c.loyalty_tie[:, i].tolist(), attitudes[i]
        firm, kind = loyalty_types.named(*of, warm, p)
        kinds.append(kind)
        if firm != NOBODY:
            expected["typed"][firm] += 1
            if kind:
                expected[TYPED[kind]][firm] += 1
    return expected, kinds


def measured_by_twin(c: Any, firms: Sequence[Any], p: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the sums of the measures of loyalty at a closing, and what is counted."""
    m, n = c.preference.shape
    sums = {name: [0.0] * m for name in MEASURED}
    counts = {name: [0] * m for name in ("asked_customers", "dependants", "with_firm", *loyalty_measures.SKIPPED)}
    for i, j in np.ndindex(n, m):
        group = loyalty_measures.skipped(c.last_purchase[j, i], c.relation[j, i], c.missed[j, i], c.exited[i])
        if group:
            counts["with_firm"][j] += 1
            counts[group][j] += 1
        if not loyalty_measures.is_own(c.provider[i], c.exited[i], j):
            continue
        preference = c.preference[:, i].astype(float).tolist()
        names = ("aware", "encounters", "satisfaction", "expectation")
        found = {
            "deliberation_sum": loyalty_measures.deliberation(preference, p),
            "sensitivity_sum": loyalty_measures.price_sensitivity(c.price_response[i], firms[j].price, preference[j]),
            "rival_sum": loyalty_measures.best_rival(*(c[name][:, i].tolist() for name in names), j),
            "tolerance_sum": c.failure_tolerance[i],
            "identification_sum": c.affective_commitment[j, i],
            "calculative_sum": c.calculative_commitment[j, i],
            "dependence_sum": 0.0 if math.isnan(c.dependence[i]) else c.dependence[i],
        }
        counts["asked_customers"][j] += 1
        counts["dependants"][j] += not math.isnan(c.dependence[i])
        for name, value in found.items():
            sums[name][j] += float(value)
    return sums, counts
