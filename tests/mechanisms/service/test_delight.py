"""Delight: extras and surprises by hand, their ratchet in a market, and their cost."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import lever_cost
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.delight import delighted_share, surprise
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small


def test_what_happens_always_surprises_nobody():
    values = [float(surprise(np.float32(0.2), np.float32(rate))) for rate in (0.0, 0.5, 1.0)]
    assert values == pytest.approx([0.2, 0.1, 0.0])


def test_extras_are_added_to_every_visit_and_paid_for():
    """-20 ln(1 - .1) = 2.11 cu."""
    small = Small(2, [{"delight": {"extra": 0.1}}, {}], delight={}, taste={"taste_spread": 0.0})
    small.visits([0, 1], [0, 1])
    small.phases(Phase.DELIVERY)
    assert small.at("performance_shift").tolist() == pytest.approx([0.1, 0.0])
    assert small.at("delight_cost").tolist() == [211, 0]


def test_delight_raises_the_bar():
    """The expectation of those who have been surprised often is higher, and the cost is in the books."""
    firms = [{"name": "a", "delight": {"surprise_rate": 0.3, "extra": 0.05}}, {"name": "b"}]
    scenario = Scenario.parse({"periods": 80, "population": {"customers": 1500}, "delight": {}, "firms": firms})
    engine = Engine(scenario, 1)
    engine.run(80)
    c = engine.world.customers
    used = c.encounters > 5
    assert c.expectation[0, used[0]].mean() > c.expectation[1, used[1]].mean() + 0.02
    found = record(scenario, 1).summary([delighted_share, lever_cost])
    assert found[0, 0] > found[1, 0]
    assert found[0, 1] > found[1, 1]
