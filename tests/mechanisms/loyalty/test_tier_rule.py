"""Tiers by spend and class: thresholds are those of her class; a firm without classes is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.mechanisms.loyalty.program import LoyaltyProgram
from abm.mechanisms.loyalty.tiers import asked, rate_classes, tier_reached
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small
from tests.reference import tiers
from tests.reference.state import Programme

CLUB = {
    "enrolment": "automatic", "tier_threshold": [100.0, 200.0], "tier_discount": [0.05, 0.1], "tier_window": 4,
    "tier_rule": "class_and_spend", "class_factor": [0.5, 0.8],
}  # fmt: skip


def club(customers, program=CLUB):
    """Return a small world whose first firm has a programme, and classes."""
    return Small(customers, [{"program": program}, {}], customer_classes={})


class TestThresholds:
    def test_by_hand(self):
        """100 cu at .8 are 80.00, whatever float32 makes of .8; a third of a cent is rounded."""
        assert asked(np.int64(10_000), np.float32(0.8)) == 8000
        assert asked(np.int64(10_001), np.float32(1 / 3)) == 3334

    def test_members_rise_by_the_thresholds_of_their_class(self):
        """60 cu: class A asks 50 and 100, B 80 and 160, C, D and none 100 and 200."""
        small = club(5)
        small.c.customer_class[0], small.c.member[0] = [1, 2, 3, 4, 0], 1
        small.run("rewards", rate_classes)
        assert small.c.tier_factor[0] == pytest.approx([0.5, 0.8, 1.0, 1.0, 1.0])
        small.visits([0, 1, 2, 3, 4], [0] * 5)
        small.passing.visit_spend[:5] = [6000, 8000, 9999, 10_000, 20_000]
        small.phases(Phase.LOYALTY)
        assert small.c.tier[0].tolist() == [1, 1, 0, 1, 2]
        small.phases(Phase.WINDOWS, t=3)
        assert small.c.tier[0].tolist() == [1, 1, 0, 1, 2]

    def test_by_spend_alone_the_class_does_not_count(self):
        small = club(2, {**CLUB, "tier_rule": "spend", "class_factor": []})
        small.c.customer_class[0], small.c.member[0], small.c.tier_factor[0] = [1, 0], 1, 0.5
        small.visits([0, 1], [0, 0])
        small.passing.visit_spend[:2] = [6000, 6000]
        small.phases(Phase.LOYALTY)
        assert not small.c.tier[0].any()
        assert "rate_classes" not in [step.name for step in small.scenario.steps()]

    @given(st.integers(0, 50_000), st.integers(0, 4), st.lists(st.sampled_from([0.5, 0.75, 1.25]), max_size=4))
    def test_as_the_twin_says(self, spend, customer_class, factors):
        programme = Programme(tier_rule="class_and_spend", class_factor=tuple(factors), tier_threshold=(100.0, 200.0))
        factor = tiers.own_factor(programme, customer_class)
        held = np.array([[0], [10_000], [20_000], [2**62], [2**62]], np.int64)
        found = tier_reached(np.int64(spend), held, 0, np.float32(factor))
        assert found == tiers.tier_reached(spend, programme.tier_threshold, factor)


class TestMarket:
    def scenario(self, **program):
        firms = [{"name": "north", "program": {"preset": "tiers", "tier_window": 10, **program}}, {"name": "east"}]
        data = {"periods": 60, "population": {"customers": 500}, "firms": firms, "customer_classes": {"every": 10}}
        return Scenario.parse(data)

    def test_the_best_are_in_tiers_with_less_spend(self):
        worlds = []
        for fields in ({}, {"tier_rule": "class_and_spend", "class_factor": [0.1, 0.1, 0.1]}):
            engine = Engine(self.scenario(**fields), 3)
            engine.run(60)
            worlds.append(engine.world)
        raised = [int((world.customers.tier[0] > 0).sum()) for world in worlds]
        assert raised[1] > raised[0]

    def test_factors_of_1_change_no_bit(self):
        worlds = []
        for fields in ({}, {"tier_rule": "class_and_spend", "class_factor": [1.0] * 4}):
            engine = Engine(self.scenario(**fields), 3)
            engine.run(60)
            worlds.append(engine.world)
        np.testing.assert_array_equal(worlds[0].history, worlds[1].history)

    @pytest.mark.slow
    def test_kernels_keep_to_their_rows(self):
        abm.check_kernels(self.scenario(tier_rule="class_and_spend", class_factor=[0.5]).replace({"periods": 30}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"class_factor": (0.5,)}, "class_factor has no effect by spend alone"),
        ({"tier_rule": "class_and_spend", "class_factor": (1.0,) * 5}, "class_factor must have at most 4 entries"),
        ({"tier_rule": "class_and_spend", "class_factor": (-1.0,)}, "class_factor must have at most 4 entries"),
    ],
)
def test_what_does_not_fit_is_refused(fields, message):
    with pytest.raises(Refusal, match=message):
        LoyaltyProgram(**fields)


def test_a_market_without_classes_is_refused():
    firms = [{"name": "north", "program": CLUB}, {"name": "east"}]
    with pytest.raises(Refusal, match="the market has no classes of customers"):
        Scenario.parse({"firms": firms}).steps()
