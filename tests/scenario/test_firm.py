"""Firms: specs become levers, arrays over firms in the units that kernels work in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.mechanisms.loyalty.program import LoyaltyProgram
from abm.mechanisms.policy import NEVER
from abm.mechanisms.service.encounter import ServicePolicy
from abm.scenario.firm import Firm, levers
from abm.scenario.scenario import Scenario
from abm.world.columns import TIERS

CLUB = LoyaltyProgram(
    enrolment="automatic", hassle=3.0, earn_rate=0.05, earn_per_visit=0.5, endowment=1.25, goal=12.345, reward=4.0,
    reward_cost=0.8, redemption=0.7, expiry=9, member_cost=0.0125, tier_threshold=(99.995, 250.0),
    tier_discount=(0.05, 0.1), tier_bonus=(0.0, 0.5), tier_window=13,
)  # fmt: skip
SERVICE = ServicePolicy(
    quality=0.6, spread_within=0.3, spread_between=0.4, transparency=0.5, richness=0.0, quality_cost=1.0,
    transparency_cost=2.0,
)  # fmt: skip
FIRMS = (
    Firm(name="north", price=1.1, exit_fee=5.0, fixed_cost=12.345, program=CLUB),
    Firm(name="south", promise=0.9, service=SERVICE),
)


@pytest.fixture
def lever():
    return levers(FIRMS)


def test_every_lever_is_an_array_over_firms(lever):
    for name, array in lever.items():
        assert array.shape in ((2,), (TIERS, 2)), name
        assert array.flags.c_contiguous, name
        assert array.dtype in (np.float32, np.int32, np.int64), name


def test_money_and_points_by_hand(lever):
    """Cents and hundredths of a point, half up; membership in hundredths of a cent; failures are half the ordinary."""
    assert lever["fixed_cost"].tolist() == [1235, 0]
    assert lever["reward_expense"].tolist() == [320, 0]
    assert lever["endowment"].tolist() == [125, 0]
    assert lever["goal_points"].tolist()[0] == 1235
    assert lever["member_cost"].tolist() == [125, 0]
    service = -math.log(0.4) + 2 * math.log(2) + SERVICE.reliability_cost * math.log(2)
    assert lever["service_cost"].tolist()[1] == round(100 * service)


def test_the_goal_is_the_same_in_points_and_in_hundredths(lever):
    np.testing.assert_array_equal(lever["goal"], (lever["goal_points"] / 100).astype(np.float32))


def test_tiers_stand_below_each_other_with_the_base_first(lever):
    assert lever["tier_threshold"][:, 0].tolist() == [NEVER, 10_000, 25_000, NEVER, NEVER]
    assert np.all(lever["tier_threshold"][:, 1] == NEVER)
    assert lever["tier_discount"][:, 0] == pytest.approx([0, 0.05, 0.1, 0, 0])
    assert lever["tier_bonus"][:, 0] == pytest.approx([0, 0, 0.5, 0, 0])


def test_tiers_are_those_of_a_programme_that_has_some():
    firms = [*FIRMS, Firm(name="west", program=LoyaltyProgram(earn_rate=0.05, reward=4.0))]
    assert levers(firms)["has_tiers"].tolist() == [1, 0, 0]
    assert levers(firms)["has_program"].tolist() == [1, 0, 1]


def test_a_firm_without_programme_has_one_that_nobody_can_join(lever):
    assert lever["has_program"].tolist() == [1, 0]
    assert lever["automatic"].tolist() == [1, 0]
    assert lever["member_cost"][1] == 0


def test_a_promise_left_out_is_the_quality_delivered(lever):
    assert lever["promise"] == pytest.approx([ServicePolicy().quality, 0.9])


def test_spreads_add_as_variances(lever):
    assert lever["spread"][1] == pytest.approx(0.5)


def test_other_levers_are_what_the_spec_says(lever):
    for name in ("price", "exit_fee", "joining_fee", "integration", "unit_cost", "initial_awareness"):
        assert lever[name] == pytest.approx([getattr(firm, name) for firm in FIRMS]), name
    for name in ("quality", "failure_rate", "transparency", "richness"):
        assert lever[name] == pytest.approx([getattr(firm.service, name) for firm in FIRMS]), name


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"price": -1.0}, r"Firm\.price = -1\.0 is outside \[0, 1000\] \(index\)"),
        ({"promise": 1.5}, r"Firm\.promise = 1\.5 is outside \[0, 1\]"),
        ({"priice": 1.0}, r"no Firm parameter 'priice'; did you mean 'price'\?"),
        ({"service": {"quality": 1.0}}, r"quality = 1\.0 is outside \[0, 0\.99\]"),
    ],
)
def test_what_no_firm_can_do_is_refused(fields, message):
    with pytest.raises(Refusal, match=message):
        Firm.parse({"name": "north", **fields})


def test_the_name_may_come_first():
    assert Firm("north", price=1.1) == Firm(name="north", price=1.1)
    with pytest.raises(Refusal, match=r"^Firm\.name: is given twice$"):
        Firm("north", name="south")
    with pytest.raises(Refusal, match=r"^Firm\.name = 3 is not text"):
        Firm(3)


def test_a_firm_starts_from_a_strategy_and_leaves_it():
    market = Scenario(preset="services").replace({"firms.north.preset": "low_cost"})
    assert (market.firms[0].price, market.firms[0].service.quality) == (0.95, 0.7)
    dearer = market.replace({"firms.north.price": 0.9})
    assert (dearer.firms[0].preset, dearer.firms[0].service.quality) == ("low_cost", 0.7)
    assert dearer.replace({"firms.north.preset": "custom"}).firms[0] == Firm("north", price=0.9)
    with pytest.raises(Refusal, match=r"firms\.north: no strategy preset 'lowcost'; did you mean 'low_cost'"):
        market.replace({"firms.north.preset": "lowcost"})
