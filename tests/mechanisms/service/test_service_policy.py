"""Service policies: what a visit costs, that every lever has its cost, and that perfection costs without end."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.mechanisms.service.encounter import ORDINARY_FAILURE_RATE, ORDINARY_SPREAD, ServicePolicy

NOTHING = {
    "quality": 0.0, "transparency": 0.0, "richness": 0.0, "failure_rate": ORDINARY_FAILURE_RATE,
    "spread_within": ORDINARY_SPREAD, "spread_between": 0.0,
}  # fmt: skip
HALVED = {  # a step of each lever that costs ln 2 of its scale
    "quality": 0.5, "transparency": 0.5, "richness": 0.5, "failure_rate": ORDINARY_FAILURE_RATE / 2,
    "spread_within": ORDINARY_SPREAD / 2,
}  # fmt: skip
COST = {
    "quality": "quality_cost", "transparency": "transparency_cost", "richness": "richness_cost",
    "failure_rate": "reliability_cost", "spread_within": "consistency_cost",
}  # fmt: skip
share = st.floats(0, 0.99)


def cost(**levers):
    """Return the cost of a visit to a firm that does nothing beyond the ordinary but this."""
    return ServicePolicy(**{**NOTHING, **levers}).cost_per_visit


def test_who_does_nothing_beyond_the_ordinary_pays_nothing():
    assert cost() == 0.0


@pytest.mark.parametrize("lever", COST)
def test_each_lever_costs_by_its_own_scale(lever):
    """Half of the way costs 3 ln 2, and nothing at a scale of 0; transparency, richness and spread were free."""
    step = {lever: HALVED[lever]}
    assert cost(**step, **{COST[lever]: 3.0}) == pytest.approx(3 * math.log(2))
    assert cost(**step, **{COST[lever]: 0.0}) == 0.0


def test_what_the_levers_cost_adds_up():
    assert cost(**HALVED, **dict.fromkeys(COST.values(), 1.0)) == pytest.approx(5 * math.log(2))


def test_spreads_add_as_variances_before_they_are_costed():
    """0.1 and 0.075 make 0.125, half the ordinary spread."""
    assert cost(spread_within=0.1, spread_between=0.075, consistency_cost=1.0) == pytest.approx(math.log(2))


@pytest.mark.parametrize("factor", [1, 3, 4])
def test_failing_or_varying_more_than_usual_saves_nothing(factor):
    assert cost(failure_rate=factor * ORDINARY_FAILURE_RATE, spread_within=factor * ORDINARY_SPREAD) == 0.0


@pytest.mark.parametrize(
    ("faultless", "scale"), [("failure_rate", "reliability_cost"), ("spread_within", "consistency_cost")]
)
def test_no_faults_at_all_are_costed_as_a_thousandth_of_the_ordinary(faultless, scale):
    assert cost(**{faultless: 0.0, scale: 2.0}) == pytest.approx(2 * math.log(1000))


@pytest.mark.parametrize("lever", ["quality", "transparency", "richness"])
@given(first=st.floats(0, 0.9), step=st.floats(0.001, 0.045))
def test_each_step_costs_more_than_the_one_before(lever, first, step):
    low, middle, high = (cost(**{lever: first + k * step}) for k in range(3))
    assert high - middle > middle - low > 0


@given(st.floats(0.001, 0.05), st.floats(1.1, 1.4))
def test_fewer_failures_never_cost_less(rate, factor):
    assert cost(failure_rate=rate) >= cost(failure_rate=rate * factor)


@given(share, st.floats(0, 1), share, share, st.floats(0, 1), st.floats(0, 1))
def test_the_cost_is_never_negative_and_always_finite(quality, rate, transparency, richness, within, between):
    levers = dict(zip(COST, (quality, transparency, richness, rate, within), strict=True))
    assert 0.0 <= cost(**levers, spread_between=between) < 40.0


@pytest.mark.parametrize("lever", ["quality", "transparency", "richness"])
@pytest.mark.parametrize("value", [1.0, -0.1])
def test_perfect_service_is_refused(lever, value):
    with pytest.raises(Refusal, match=rf"ServicePolicy\.{lever} = .* is outside \[0, 0\.99\]"):
        ServicePolicy(**{lever: value})
