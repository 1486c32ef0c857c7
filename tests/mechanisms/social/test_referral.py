"""Referral programmes: who hands on codes, who comes with them, and what is paid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.social.referral import (
    code_conversion,
    cost_per_referral,
    incentive,
    liking,
    pay_referrals,
    self_referral_share,
)
from tests.mechanisms.small import Small


def market(customers=1500, periods=40, awareness=0.3, referral=None, **policy):
    firms = [{"name": "new", "initial_awareness": awareness, "referral": policy}, {"name": "east"}]
    return abm.Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "purchase_rate": 0.5},
            "referral": referral or {},
            "firms": firms,
        }
    )


def tallies(scenario, seed=5):
    return record(scenario, seed).tallies


@given(a=st.floats(0, 1e4), b=st.floats(0, 1e4), altruism=st.floats(0, 1), half=st.floats(0.01, 1e6))
def test_rewards_prompt_within_bounds_and_more_prompt_more(a, b, altruism, half):
    one, other = (float(incentive(np.float32(x), *map(np.float32, (b, altruism, half)))) for x in (a, a + 1.0))
    assert 0.0 <= one <= other <= 1.0


@pytest.mark.parametrize(("satisfaction", "expected"), [(0.6, 0.0), (0.2, 0.0), (0.8, 0.5), (1.0, 1.0)])
def test_only_what_is_liked_is_recommended(satisfaction, expected):
    assert float(liking(np.float32(satisfaction), np.float32(0.6))) == pytest.approx(expected, abs=1e-6)


def test_without_rewards_nothing_is_scheduled():
    assert "referral" not in [step.mechanism.name for step in market().steps()]


def test_what_is_paid_is_rewards_times_claims():
    found = tallies(market(sender_reward=5.0, checked=0.5, check_cost=0.8, referral={"self_referral": 0.5}))
    came, own, refused = (found[name][:, 0] for name in ("referred_customers", "self_referred", "refused_referrals"))
    assert min(came.sum(), own.sum(), refused.sum()) > 0
    np.testing.assert_allclose(found["referral_cost"][:, 0], 5.0 * (came + own))
    each = round(100 * 0.8 * np.log(2)) / 100
    np.testing.assert_allclose(found["check_spend"][:, 0], each * (came + own + refused))
    assert refused.sum() / (own.sum() + refused.sum()) == pytest.approx(0.5, abs=0.1)
    assert found["referral_cost"][:, 1].sum() == 0


def test_a_friend_is_paid_once_and_only_for_a_first_purchase():
    scenario = market(sender_reward=20.0, receiver_reward=5.0, referral={"self_referral": 0.0})
    found = tallies(scenario)
    assert 0 < found["referred_customers"][:, 0].sum() <= found["acquired"][:, 0].sum()
    assert found["referred_customers"][:, 0].sum() <= found["codes_new"][:, 0].sum() <= found["codes"][:, 0].sum()
    paid = found["referral_cost"][:, 0].sum()
    assert paid <= 25.0 * found["referred_customers"][:, 0].sum()
    assert paid >= 20.0 * found["referred_customers"][:, 0].sum()


def test_a_first_purchase_for_nothing_uses_up_the_code():
    """There is nothing to take off, but what she buys later is no first purchase."""
    small = Small(1, [{"referral": {"receiver_reward": 5.0}}], referral={})
    small.c.code_until[:] = 9
    small.visits([0], [0])
    small.passing.visit_spend[0] = 0
    small.run("referral", pay_referrals)
    assert small.c.code_until[0, 0] == -1
    assert (small.counted("referred_customers"), small.counted("referral_cost")) == ([1, 0], [0, 0])


def test_codes_bring_customers_and_make_the_firm_known():
    without, with_codes = tallies(market(awareness=0.1)), tallies(market(awareness=0.1, sender_reward=10.0))
    assert with_codes["acquired"][:, 0].sum() > without["acquired"][:, 0].sum()
    assert with_codes["learned"][:, 0].sum() > without["learned"][:, 0].sum()


def test_a_code_that_is_worth_nothing_to_the_friend_moves_only_awareness():
    known = {"awareness": 1.0, "referral": {"self_referral": 0.0}}
    without, paid = tallies(market(**known)), tallies(market(**known, sender_reward=10.0))
    np.testing.assert_array_equal(without["visits"], paid["visits"])
    assert paid["referred_customers"].sum() > 0  # who would have come anyway


def test_nobody_recommends_what_she_does_not_like():
    good = market(sender_reward=10.0)
    bad = good.replace({"firms.new.service.quality": 0.2})
    per_visit = [one["codes"][:, 0].sum() / one["visits"][:, 0].sum() for one in map(tallies, (good, bad))]
    assert per_visit[1] < 0.2 * per_visit[0]


def test_without_ties_nobody_is_referred():
    scenario = market(sender_reward=10.0).replace({"network.isolated": 1500})
    assert tallies(scenario)["codes"].sum() == 0


def test_threads_and_shares():
    scenario = market(sender_reward=5.0, receiver_reward=5.0, checked=0.3)
    worlds = []
    for threads in (1, 2):
        engine = Engine(scenario, 5, threads=threads)
        engine.run(scenario.periods)
        worlds.append(engine.world)
    for name in ("code_until", "code_of", "aware", "provider"):
        np.testing.assert_array_equal(*(world.customers[name] for world in worlds))
    table = abm.simulate(scenario, 5, kpis=(cost_per_referral, code_conversion, self_referral_share))
    share = table.loc[table.firm == "new", "self_referral_share"].dropna()
    assert ((share >= 0) & (share <= 1)).all()


def test_kernels_keep_to_their_rows():
    abm.check_kernels(market(customers=300, sender_reward=5.0, receiver_reward=5.0, checked=0.3))
