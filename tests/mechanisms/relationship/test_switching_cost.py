"""Switching costs: facets by hand, within bounds, rising with the relation; the bond; the trait."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from abm.core.errors import Refusal
from abm.mechanisms.phases import Phase
from abm.mechanisms.relationship.switching_cost import (
    SwitchingCost,
    add_cost_of_leaving,
    add_integration_cost,
    book_integration,
    familiarity,
    grow_bond,
)
from abm.scenario.scenario import Scenario
from abm.world.columns import FACETS
from tests.mechanisms.small import Small

share = st.floats(0, 1, width=32)
SETTINGS = {
    "complexity": 1.0, "learning_visits": 6.0, "set_up_visits": 3.0, "procedural": 0.4, "financial": 0.2,
    "relational": 0.4, "bother_spread": 0.0,
}  # fmt: skip
PROGRAM = {
    "goal": 10.0, "reward": 4.0, "tier_threshold": [100.0], "tier_discount": [0.05], "tier_bonus": [0.0],
    "tier_window": 52,
}  # fmt: skip


def weighed(t=0, customers=1, provider=0, firms=({"program": PROGRAM}, {}, {}), set_up=None, settings=SETTINGS):
    """Return the small world after one visitor with a provider has weighed what leaving would cost."""
    small = Small(customers, firms, switching_cost=settings)
    small.c.provider[0] = provider
    small.c.basket.fill(40.0)
    small.c.purchase_rate.fill(0.25)
    if "point_value" in small.c:
        small.c.point_value[0] = 0.4
    if set_up:
        set_up(small.c)
    small.visits([0], [-1])
    small.phases(Phase.STAKES, Phase.VALUATION, t=t)
    return small


def facets(small):
    """Return the facets of customer 0 by name."""
    return dict(zip(FACETS, small.c.switching_facet[:, 0].tolist(), strict=True))


def settled(c):
    """Set a customer up who has used firm 0 three times."""
    c.encounters[0], c.points[0], c.tier[0] = 3, 500, 1
    c.expectation[:, 0] = [0.9, 0.6, 0.8]
    c.personal_bond[0], c.affective_commitment[0] = 0.1, 0.3


def test_facets_by_hand():
    """5 points of 0.4 cu: 2 cu; 5 % of 40 cu once in 4 periods for 8 periods: 4 cu; both beside a basket of 40."""
    firms = [{"program": PROGRAM, "integration": 0.1, "exit_fee": 10.0, "joining_fee": 4.0}, {}, {}]
    found = facets(weighed(t=44, firms=firms, set_up=settled))
    assert found == pytest.approx(
        {
            "economic_risk": 0.2, "evaluation": 1 / 3, "learning": 1 - math.exp(-0.5), "set_up": 1 - 0.9 / math.e,
            "benefit_loss": 6 / 46, "monetary_loss": 0.2, "personal_relationship": 0.1, "brand_relationship": 0.3,
        },
        rel=1e-5,
    )  # fmt: skip


def test_classes_and_calculative_commitment_by_hand():
    small = weighed(t=44, set_up=settled)
    f = list(facets(small).values())
    cost = 0.4 * sum(f[:4]) / 4 + 0.2 * sum(f[4:6]) / 2 + 0.4 * sum(f[6:]) / 2
    assert small.c.switching_cost[0] == pytest.approx(cost, rel=1e-5)
    assert small.c.calculative_commitment[:, 0] == pytest.approx([sum(f[:6]) / 6, 0, 0], rel=1e-5)


def test_rivals_are_the_other_firms_she_knows():
    def alone(c):
        c.aware[1:] = 0
        c.expectation[:, 0] = [0.9, 0.6, 0.8]

    def one_rival(c):
        alone(c)
        c.aware[1] = 1

    assert [facets(weighed(set_up=alone))[name] for name in ("economic_risk", "evaluation")] == [1.0, 1.0]
    found = facets(weighed(set_up=one_rival))
    assert [found["economic_risk"], found["evaluation"]] == pytest.approx([0.4, 0.5])


@pytest.mark.parametrize(("t", "left"), [(0, 52), (50, 2), (51, 1), (52, 52)])
def test_a_tier_is_worth_what_it_saves_until_the_window_ends(t, left):
    def in_tier(c):
        c.tier[0] = 1

    assert facets(weighed(t, set_up=in_tier))["benefit_loss"] == pytest.approx(0.0125 * left / (1.0 + 0.0125 * left))


def test_a_firm_without_programme_takes_no_benefits():
    assert facets(weighed(provider=1, set_up=settled))["benefit_loss"] == 0.0


def test_twice_the_loss_is_felt_more_and_never_as_everything():
    """Each was 1 from one basket on: there, all customers had the same cost of leaving."""

    def rich(points):
        def begin(c):
            c.points[0] = points

        return begin

    firms = [{"program": PROGRAM, "exit_fee": 500.0, "integration": 0.99}, {}]
    losses = [facets(weighed(set_up=rich(points), firms=firms))["benefit_loss"] for points in (50_000, 100_000)]
    assert losses == pytest.approx([200 / 240, 400 / 440])
    assert facets(weighed(firms=firms))["monetary_loss"] == pytest.approx(2 / 3)  # of two baskets, the most there is


def test_procedure_bothers_some_more_than_others():
    """Odds of 1/3 to 2/3 of evaluating three firms, four times: 2/3; money and people weigh as they do."""

    def bothered(c):
        settled(c)
        c.bother[0] = 4.0

    plain, found = (facets(weighed(set_up=begin)) for begin in (settled, bothered))
    assert found["evaluation"] == pytest.approx(2 / 3)
    for name in ("economic_risk", "learning", "set_up"):
        assert found[name] == pytest.approx(4 * plain[name] / (1 + 3 * plain[name]), rel=1e-5)
    for name in ("benefit_loss", "monetary_loss", "personal_relationship", "brand_relationship"):
        assert found[name] == plain[name]


def test_the_bother_is_lognormal_and_a_personal_trait():
    drawn = Small(5000, switching_cost={"bother_spread": 0.5}).c.bother
    assert stats.kstest(np.log(drawn) / 0.5, "norm").pvalue > 1e-3
    np.testing.assert_array_equal(drawn[:100], Small(100, switching_cost={"bother_spread": 0.5}).c.bother)
    assert np.all(Small(50, switching_cost={"bother_spread": 0.0}).c.bother == 1.0)


def test_integration_costs_more_with_each_step():
    """3 visits at -2 ln(1 - 0.5) = 1.386 cu; it is a part of what the visit costs."""
    small = Small(2, [{"integration": 0.5, "integration_cost": 2.0}, {}], customer_accounts={})
    small.visits([0, 1], [0, 1])
    small.run("switching_cost", add_integration_cost)
    assert small.at("visit_cost").tolist() == [139, 0]
    small.world.lookup("visits", 0)[:2] = [3, 4]
    small.run("switching_cost", book_integration)
    assert small.counted("integration_spend") == [417, 0, 0]
    costs = [-np.log1p(-share) for share in (0.0, 0.3, 0.6, 0.9)]
    assert np.all(np.diff(costs, 2) > 0)


def test_nothing_is_weighed_without_a_provider_or_a_visit():
    small = weighed(customers=2, provider=-1, set_up=settled)
    assert np.all(small.c.switching_facet == 0)
    assert np.all(small.c.switching_cost == 0)


@given(share, share, share, st.integers(0, 500), st.integers(0, 10**7))
def test_facets_and_cost_stay_between_0_and_1(expectation, bond, commitment, encounters, points):
    def anything(c):
        c.expectation.fill(expectation)
        c.personal_bond.fill(bond)
        c.affective_commitment.fill(commitment)
        c.encounters.fill(encounters)
        c.points[0] = points

    small = weighed(set_up=anything)
    assert all(0.0 <= value <= 1.0 for value in facets(small).values())
    assert 0.0 <= small.c.switching_cost[0] <= 1.0 + 1e-6


@pytest.mark.parametrize("weights", [(0.4, 0.2, 0.4), (0.7, 0.2, 0.1), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0)])
def test_weights_that_leave_the_cost_at_most_1_are_taken_together(weights):
    named = dict(zip(("procedural", "financial", "relational"), weights, strict=True))
    changed = Scenario().replace({f"switching_cost.{name}": weight for name, weight in named.items()})
    assert changed.switching_cost == SwitchingCost(**named)


@pytest.mark.parametrize("name", ["procedural", "financial", "relational"])
def test_weights_that_add_up_to_more_than_1_are_refused(name):
    total = 1.0 - getattr(SwitchingCost(), name) + 0.9
    with pytest.raises(Refusal, match=re.escape(f"switching_cost: procedural + financial + relational = {total:.6g}")):
        Scenario().replace({f"switching_cost.{name}": 0.9})


@given(st.floats(0, 1e4, width=32), st.floats(0.125, 100, width=32))
def test_familiarity_grows_to_one(encounters, visits):
    here, later = (familiarity(np.float32(e), np.float32(visits)) for e in (encounters, encounters + 1))
    assert 0.0 <= here <= later <= 1.0


def test_the_bond_grows_with_rich_contact():
    """0.2 + 0.05 * 0.5 * 0.8 = 0.22, and on from there at the second visit."""
    small = Small(
        2, [{"service": {"richness": 0.5}}, {"service": {"richness": 0.0}}], switching_cost={"bond_rate": 0.05}
    )
    small.c.personal_bond.fill(0.2)
    small.visits([0, 0, 1], [0, 0, 1])
    small.run("switching_cost", grow_bond)
    np.testing.assert_allclose(small.c.personal_bond, [[0.22 + 0.025 * 0.78, 0.2], [0.2, 0.2]], rtol=1e-6)


def test_the_cost_of_leaving_speaks_for_the_provider():
    small = Small(2, switching_cost={"switching_weight": 2.0})
    small.c.provider[:], small.c.switching_cost[:] = [1, -1], 0.4
    small.passing.utility[:, :2] = 3.0
    small.run("switching_cost", add_cost_of_leaving)
    assert small.passing.utility[:, :2].T.tolist() == [[3.0, pytest.approx(3.8)], [3.0, 3.0]]


def test_a_trait_is_a_beta_draw_that_no_visit_changes():
    trait = {"basis": "trait", "trait_mean": 0.3, "trait_precision": 5.0, "bond_rate": 0.0}
    small = Small(5000, switching_cost=trait)
    assert stats.kstest(small.c.switching_cost, stats.beta(1.5, 3.5).cdf).pvalue > 1e-3
    assert [kernel for _, kernel in small.scenario.switching_cost.schedule(())] == [add_cost_of_leaving]
