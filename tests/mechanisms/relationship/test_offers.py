"""Offers: what a voucher is worth, who receives one, and what it costs when it is used."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import lever_cost, profit
from abm.mechanisms.relationship.offers import add_offers, receive_offers, redeem_offers
from abm.mechanisms.relationship.vouchers import voucher_worth
from tests.mechanisms.small import Small


@abm.kernel
def send_everybody(offer_value, approaches, amount, at, lo, hi, t):
    """Send each customer of the first firm a voucher in period `at`.  offer_value, approaches (m, tile)  [written]"""
    if t == at:
        for i in range(lo, hi):
            offer_value[0, i - lo] += amount


class Sending(abm.Mechanism):
    """Vouchers for everybody."""

    name = "sending"
    needs: ClassVar = ("offers",)
    amount: int = abm.param(300, unit="cents", bounds=(0, 1_000_000), evidence="assumed", doc="voucher")
    at: int = abm.param(10, unit="period", bounds=(0, 1000), evidence="assumed", doc="when")

    def schedule(self, policies):
        return ((abm.Phase.CONTACT, send_everybody),)


def market(amount=None, **sections):
    scenario = abm.Scenario.parse(
        {
            "periods": 40,
            "population": {"customers": 600, "purchase_rate": 0.5},
            "information": {},
            "contacts": {"data_decay": 0.0},
            "offers": {},
            "firms": [{"name": "north", "information": {"data_coverage": 1.0}}, {"name": "east"}],
            **sections,
        }
    )
    return scenario if amount is None else scenario.adding(Sending(amount=amount))


def small():
    return Small(4, information={}, contacts={}, offers={})


@given(st.integers(0, 10**7), st.floats(0.01, 1e4), st.floats(0.015625, 4.0))
def test_a_voucher_is_worth_its_share_of_the_basket_and_never_more_than_the_price(cents, basket, price):
    found = float(voucher_worth(np.int64(cents), np.float32(basket), np.float32(price)))
    assert found == pytest.approx(min(0.01 * cents / basket, price), rel=1e-5)


def test_three_of_thirty_is_a_tenth_off():
    assert float(voucher_worth(np.int64(300), np.float32(30), np.float32(1))) == pytest.approx(0.1)


def test_who_receives_a_voucher():
    """Reached, known but not reached, not known: a bought list; the last is sent nothing."""
    market = small()
    market.c.known[0], market.c.reachable[0] = [1, 1, 0, 1], [1, 0, 0, 1]
    market.passing.offer_value[0, :4] = [300, 300, 300, 0]
    market.run("offers", receive_offers, t=5)
    assert market.c.voucher[0].tolist() == [300, 0, 300, 0]
    assert market.c.voucher_until[0].tolist() == [12, -1, 12, -1]
    assert market.counted("offers_received")[0] == 2


def test_of_two_vouchers_the_larger_counts_unless_it_has_lapsed():
    market = small()
    market.c.known[0], market.c.reachable[0] = 1, 1
    market.c.voucher[0], market.c.voucher_until[0] = [500, 500, 100, 100], [5, 4, 5, 4]
    market.passing.offer_value[0, :4] = 300
    market.run("offers", receive_offers, t=5)
    assert market.c.voucher[0].tolist() == [500, 300, 300, 300]


def test_it_weighs_like_a_cut_of_the_price_while_it_is_valid():
    market = small()
    market.c.voucher[0], market.c.voucher_until[0] = 300, [7, 6, 7, 8]
    market.c.basket[:], market.c.price_response[:] = 30.0, [6.0, 6.0, 3.0, 6.0]
    market.passing.utility[:] = 0.0
    market.run("offers", add_offers, t=7)
    np.testing.assert_allclose(market.passing.utility[0, :4], [0.6, 0.0, 0.3, 0.6], rtol=1e-6)
    assert not market.passing.utility[1, :4].any()


def test_it_is_used_once_up_to_what_is_paid():
    """The first visit of customer 0 uses the voucher, her second has none; 1 pays less than hers; that of 2 is over."""
    market = small()
    market.c.voucher[0], market.c.voucher_until[0] = [300, 5000, 300, 300], [7, 7, 6, 7]
    market.visits([0, 0, 1, 2, 3], [0, 0, 0, 0, 1])
    market.passing.visit_spend[:5] = [3000, 3000, 2000, 3000, 3000]
    market.run("offers", redeem_offers, t=7)
    assert market.at("visit_offer").tolist() == [300, 0, 2000, 0, 0]
    assert market.c.voucher[0].tolist() == [0, 0, 300, 300]
    assert market.counted("offers_redeemed")[:2] == [2, 0]
    assert market.counted("offers_cost")[:2] == [2300, 0]


def test_a_voucher_of_nothing_changes_nothing():
    one, other = (Engine(market(amount), 3) for amount in (None, 0))
    for engine in (one, other):
        engine.run(40)
    for name in one.world.tallies:
        np.testing.assert_array_equal(one.world.tallied(name), other.world.tallied(name), err_msg=name)


def test_vouchers_bring_visits_are_paid_for_and_lapse():
    found, without = (record(market(amount), 3, kpis=(profit, lever_cost)).tallies for amount in (1000, None))
    assert found["visits"][10:18, 0].sum() > without["visits"][10:18, 0].sum()
    assert 0 < found["offers_redeemed"][:, 0].sum() < found["offers_received"][:, 0].sum()
    assert found["offers_cost"][:, 0].sum() <= 10.0 * found["offers_redeemed"][:, 0].sum()
    assert found["offers_redeemed"][:10].sum() == found["offers_redeemed"][18:].sum() == 0
    assert found["offers_redeemed"][:, 1].sum() == 0


def test_customer_accounts_bear_what_their_vouchers_cost():
    """The contributions of all customers are the firm's revenue less goods and what levers cost on visits."""
    scenario = market(1000, customer_accounts={})
    engine = Engine(scenario, 3)
    engine.run(40)
    world = engine.world
    money = {name: world.tallied(name)[:, 0].sum() for name in ("revenue", "goods", "service", "offers_cost")}
    brought = world.customers.profit_from_customer[0].sum() / 100
    assert brought == pytest.approx(
        money["revenue"] - money["goods"] - money["service"] - money["offers_cost"], abs=0.01
    )


def test_they_need_contacts():
    with pytest.raises(Refusal, match="information"):
        abm.Scenario.parse({"offers": {}, "firms": [{"name": "north"}]})


def test_kernels_keep_to_their_rows():
    scenario = market().adding(Sending(amount=500, at=1))
    abm.check_kernels(scenario)
