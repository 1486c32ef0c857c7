"""Fees: what is owed by hand, whom they keep away, who pays them and when; the money is conserved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.books.fees import collect_fees, owed, shy_from_fees
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK = range(5)
GONE = {"exit_rate": 1.0, "dissatisfaction": 0.0}
FEES = {"joining_fee": 3.0, "exit_fee": 5.0}
CHARGING = ({"exit_fee": 50.0, "joining_fee": 8.0}, {})


@given(st.floats(0, 1e6, width=32), st.floats(0.015625, 1000, width=32), st.floats(0, 100, width=32))
def test_no_more_is_owed_than_the_fee_and_the_limit(fee, basket, limit):
    amount = owed(np.float32(fee), np.float32(basket), np.float32(limit))
    assert 0.0 <= amount <= min(fee, float(np.float32(limit) * np.float32(basket)))


def test_whom_fees_keep_away_by_hand():
    """A basket of 20: of 50 for leaving 40 are owed and 10 foreseen; with 8 for joining 0.9 baskets, weighed twice."""
    small = Small(5, CHARGING, fees={"fee_limit": 2.0, "foresight": 0.25})
    small.c.basket.fill(20.0)
    small.c.price_response.fill(2.0)
    small.c.relation[:] = [PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK]
    small.passing.utility[:, :5] = 3.0
    small.run("fees", shy_from_fees)
    np.testing.assert_allclose(small.passing.utility[0, :5], [1.2, 3.0, 3.0, 1.2, 3.0], rtol=1e-6)
    assert np.all(small.passing.utility[1, :5] == 3.0)


def test_an_exit_fee_is_at_stake_for_those_whose_provider_charges_it():
    small = Small(3, CHARGING)
    small.c.basket.fill(20.0)
    small.c.provider[:] = [0, 1, -1]
    small.visits([0, 1], [-1, -1])
    small.phases(Phase.STAKES, Phase.VALUATION)
    assert small.at("fee_at_stake").tolist() == [40.0, 0.0]
    assert small.c.switching_facet[5].tolist() == pytest.approx([2 / 3, 0.0, 0.0])


def test_who_pays_by_hand():
    """Two become customers, one of them again; two relations end: 8 each for coming, 40 each for going."""
    small = Small(7, CHARGING)
    small.c.basket.fill(20.0)
    small.c.relation_then[0] = [PROSPECT, LOST, ACTIVE, DORMANT, ACTIVE, PROSPECT, LOST]
    small.c.relation[0] = [ACTIVE, WON_BACK, LOST, LOST, DORMANT, PROSPECT, LOST]
    small.c.relation_then[1], small.c.relation[1] = small.c.relation_then[0], small.c.relation[0]
    small.run("fees", collect_fees)
    assert small.counted("joining_fees") == [1600, 0, 0]
    assert small.counted("exit_fees") == [8000, 0, 0]


@pytest.mark.parametrize("choice", [{}, {"market": "lost_for_good", "term": 5}], ids=["share", "contract"])
@pytest.mark.parametrize("start", [0, 20])
def test_over_a_run_each_beginning_and_each_end_is_paid_once(choice, start):
    """With a basket of 10 for all, fees of 3 and 5 are as many times that; who was a customer before does not join."""
    scenario = Scenario.parse(
        {
            "periods": 60,
            "population": {"customers": 400, "purchase_rate": 0.8, "basket": 10.0, "basket_spread": 0.0},
            "firms": [{"name": "north"}, {"name": "east"}],
            "choice": choice,
            "lifecycle": {"dormant_after": 3, "lost_after": 6},
            "changes": [{"name": "fees", "from": start, "set": {f"firms.north.{k}": v for k, v in FEES.items()}}],
        }
    )
    engine = Engine(scenario, seed=2)
    engine.run(60)
    names = ("acquired", "won_back", "fell_lost", "joining_fees", "exit_fees")
    acquired, won_back, lost, joined, left = (engine.world.tallied(name)[start:, 0].sum() for name in names)
    assert (joined, left) == pytest.approx((3.0 * (acquired + won_back), 5.0 * lost))
    assert left > 0


def test_who_comes_and_leaves_the_category_within_a_period_pays_neither():
    data = {"periods": 1, "population": {"customers": 300, "purchase_rate": 3.0}, "defection": GONE}
    engine = Engine(Scenario.parse({**data, "firms": [{"name": "north", **FEES}]}), seed=1)
    engine.run(1)
    acquired, joined, left = (engine.world.tallied(name).sum() for name in ("acquired", "joining_fees", "exit_fees"))
    assert (acquired > 0, joined, left) == (True, 0.0, 0.0)


def test_without_fees_nothing_is_done():
    names = {step.mechanism.name for step in Scenario().steps()}
    assert "fees" not in names
    charging = Scenario().replace({"firms.north.joining_fee": 1.0})
    assert "fees" in {step.mechanism.name for step in charging.steps()}
