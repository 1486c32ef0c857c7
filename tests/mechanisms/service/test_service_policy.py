"""Service policies: what a visit costs, and that perfection costs without end."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.mechanisms.service.encounter import ORDINARY_FAILURE_RATE, ServicePolicy


def test_the_cost_of_a_visit_by_hand():
    """- ln 0.25 for quality 0.75, and ln 2 for half the ordinary failures."""
    policy = ServicePolicy(quality=0.75, failure_rate=0.05, quality_cost=1.0, reliability_cost=1.0)
    assert policy.cost_per_visit == pytest.approx(math.log(4) + math.log(2))


def test_the_scales_are_in_cu():
    policy = ServicePolicy(quality=0.75, failure_rate=0.05, quality_cost=2.0, reliability_cost=3.0)
    assert policy.cost_per_visit == pytest.approx(2 * math.log(4) + 3 * math.log(2))


@pytest.mark.parametrize("rate", [ORDINARY_FAILURE_RATE, 0.3, 1.0])
def test_failing_more_than_usual_saves_nothing(rate):
    assert ServicePolicy(quality=0.0, failure_rate=rate).cost_per_visit == 0.0


@given(st.floats(0, 0.99), st.floats(0, 1))
def test_the_cost_is_never_negative_and_always_finite(quality, rate):
    cost = ServicePolicy(quality=quality, failure_rate=rate).cost_per_visit
    assert 0.0 <= cost < 20.0


@pytest.mark.parametrize("quality", [1.0, -0.1])
def test_perfect_service_is_refused(quality):
    with pytest.raises(Refusal, match=r"ServicePolicy\.quality = .* is outside \[0, 0\.99\]"):
        ServicePolicy(quality=quality)
