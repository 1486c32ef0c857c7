"""The twin of listening: by numbers worked by hand, and in a whole market."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario
from tests.reference import listening


class TestListeningByHand:
    p = listening.EXAMPLE

    def test_what_is_heard(self):
        """All calls hear of 0.35 of the core, after 1 period; with half of staff's visits 1 - 0.65 * 0.875, after 2."""
        intensities = (0.0, 0.0, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0)
        found = [listening.heard(intensities, [0.0] * 4, [t] * 8, self.p)[0] for t in (0, 1, 2)]
        assert found == pytest.approx([0.0, 0.35, 0.43125])

    def test_records_hear_what_is_voiced(self):
        """Half of complaints are recorded; of treatment 0.4 are voiced, of the price all, of information nothing."""
        voiced = listening.voiced([0, 2, 3, 0], [0, 5, 3, 4])
        assert voiced == [0.0, 0.4, 1.0, 0.0]
        heard = listening.heard((0.0,) * 6 + (0.5, 0.0), voiced, [1] * 8, self.p)
        assert heard == pytest.approx([0.0, 0.2, 0.5, 0.0])

    def test_repair(self):
        """0.5 of which 0.06 comes loose: 0.47; of the rest 0.25 * 0.8 * 0.4 is repaired: 0.0424 more."""
        assert listening.repaired(0.5, 0.4, 0.8, self.p) == pytest.approx(0.5124)
        assert listening.repaired(0.5, 0.0, 0.8, self.p) == pytest.approx(0.47)

    def test_what_is_reviewed(self):
        assert listening.reviewed([10, 0, 4, 0], [0.5, 1.0, 0.25, 1.0], [0.1, 1.0, 0.5, 1.0]) == (14, 6.0, 3.0)

    def test_cost(self):
        """Half of focus groups and of effort, at 0.3 and 0.5 cu: 0.8 ln 2 = 0.554518 cu a visit."""
        assert listening.Policy((0.5,) + (0.0,) * 7, 0.5).cost(2) == 2 * 5545


WAYS = (
    *("focus_groups", "manager_visits", "staff_visits", "questionnaires"),
    *("after_sale_calls", "front_line", "complaint_records", "customer_meetings"),
)
LISTENERS = [
    {
        "focus_groups": 0.5,
        "front_line": 0.25,
        "complaint_records": 0.9375,
        "questionnaires": 0.25,
        "repair_effort": 0.9,
    },
    {"manager_visits": 0.5, "staff_visits": 0.125, "after_sale_calls": 0.75, "customer_meetings": 0.5},
]


def test_reviews_of_a_whole_market_are_those_of_the_twin():
    """With ways known from the day of a review on, and before it."""
    firms = [
        {"name": name, "service": {"failure_rate": 0.4}, "voice": {"online_ease": 0.5}, "listening": ways}
        for name, ways in zip(("north", "east"), LISTENERS, strict=True)
    ]
    delays = (7, 2, 3, 4, 1, 0, 1, 12)
    numbers = {"review_every": 3, "delays": delays, "relapse": 0.25}
    sections = {"complaint": {}, "failure_causes": {}, "listening": numbers}
    population = {"customers": 200, "purchase_rate": 0.8}
    engine = Engine(Scenario.parse({"periods": 20, "population": population, "firms": firms, **sections}), seed=3)
    p, tallied = {**listening.EXAMPLE, **numbers}, engine.world.tallied
    policies = [
        listening.Policy(tuple(own.get(way, 0.0) for way in WAYS), own.get("repair_effort", 0.0)) for own in LISTENERS
    ]
    repaired = [[0.0] * 4 for _ in firms]
    for t in range(20):
        engine.run(1)
        reviews = t > 0 and t % 3 == 0  # before the first period there is nothing to hear of
        for j, policy in enumerate(policies):
            expected = 0, 0.0, 0.0
            if reviews:
                grievances, complaints, failures = (
                    tallied(name)[t - 3 : t, 1:5, j].sum(axis=0).tolist()
                    for name in ("grievances", "complaints", "failures_by_cause")
                )
                heard = listening.heard(policy.intensities, listening.voiced(complaints, grievances), [t] * 8, p)
                repaired[j] = [
                    listening.repaired(*each, policy.effort, p) for each in zip(repaired[j], heard, strict=True)
                ]
                expected = listening.reviewed(failures, heard, repaired[j])
            found = [tallied(f"{what}_failures")[t, j] for what in ("reviewed", "heard", "repaired")]
            assert found == pytest.approx(expected, rel=1e-5)
            assert round(10_000 * tallied("listened")[t, j]) == policy.cost(int(tallied("visits")[t, j]))
        np.testing.assert_allclose(engine.world.customers.repaired, np.transpose(repaired), atol=1e-6)
    assert np.min(engine.world.customers.repaired[:, 0]) > 0.1
    assert tallied("heard_failures")[:, 1].sum() > 0
