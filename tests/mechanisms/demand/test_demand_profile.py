"""Demand profile: factors by hand, what it does to occasions, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.mechanisms.demand.demand_profile import DemandProfile
from abm.scenario.scenario import Scenario


def occasions(**profile):
    data = {"periods": 70, "periods_per_year": 365, "population": {"customers": 2000}, "demand_profile": profile}
    engine = Engine(Scenario.parse(data), 1)
    engine.run(70)
    return engine.world.tallied("occasions")[:, -1]


def test_factors_by_hand():
    """1, 2 and 3 have mean 2."""
    np.testing.assert_array_equal(DemandProfile(profile=(1.0, 2.0, 3.0)).profile_factors, np.float32([0.5, 1.0, 1.5]))


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=40))
def test_a_profile_moves_demand_and_does_not_raise_it(profile):
    factors = DemandProfile(profile=tuple(profile)).profile_factors
    assert factors.mean() == pytest.approx(1.0, rel=1e-5)
    assert (factors >= 0).all()


def test_a_period_without_need_has_no_occasions():
    found = occasions(profile=(0.0, 1.0)).reshape(-1, 2)
    assert (found[:, 0] == 0).all()
    assert found[:, 1].mean() == pytest.approx(2 * occasions(profile=()).mean(), rel=0.05)


def test_at_the_clinic_most_come_on_mondays_and_fewest_on_thursdays():
    week = occasions().reshape(-1, 7).mean(axis=0)
    assert week.argmax() == 0
    assert week.argmin() == 3
    assert week[0] / week[3] == pytest.approx(1.25 / 0.85, rel=0.05)


def test_alike_is_nothing():
    plain = Scenario()
    for same in ({"profile": []}, {"profile": [3.0, 3.0]}):
        steps = plain.replace({"demand_profile": same}).steps()
        assert [step.name for step in steps] == [step.name for step in plain.steps()]


def test_refusals():
    with pytest.raises(Refusal, match=r"profile = 0 throughout"):
        Scenario.parse({"demand_profile": {"profile": [0.0, 0.0]}})
    with pytest.raises(Refusal, match=r"profile = 367 entries; at most 366 are allowed"):
        Scenario.parse({"demand_profile": {"profile": [1.0] * 367}})
