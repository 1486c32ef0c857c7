"""Accounts: money in whole cents by hand, and books that close when they should."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.money import cents
from abm.mechanisms.books.accounts import (
    book_fixed_cost,
    book_service,
    book_visits,
    charge,
    close_loyalty,
    close_order,
    close_relations,
    close_year,
    count_population,
)
from abm.mechanisms.phases import Phase
from abm.world.calendar import year_closes
from tests.mechanisms.small import Small

ACTIVE, DORMANT, LOST = 1, 2, 3
BARE = {"transparency": 0.0, "richness": 0.0, "spread_within": 0.25, "quality_cost": 1.0, "reliability_cost": 1.0}
TIERS = {"tier_threshold": [10.0], "tier_discount": [0.1], "tier_bonus": [0.0]}


@pytest.mark.parametrize(("cu", "whole"), [(0.125, 13), (0.124, 12), (0.126, 13), (0.0, 0), (12.34, 1234)])
def test_half_a_cent_is_rounded_up(cu, whole):
    assert cents(cu) == whole


def paid(price=1.1, tier=1):
    """Return a small world after one visit of a customer with a basket of 20 cu to firm 0 was paid for."""
    firm = {
        "price": price,
        "unit_cost": 0.5,
        "program": TIERS,
        "service": {**BARE, "quality": 0.8, "failure_rate": 0.05},
    }
    small = Small(2, [firm, {}])
    small.c.basket.fill(20.0)
    small.c.member[0], small.c.tier[0] = 1, tier
    small.visits([0], [0])
    small.phases(Phase.DELIVERY)
    small.run("accounts", charge)
    small.world.lookup("visits", 0)[:] = [1, 0, 1]
    small.run("accounts", book_visits)
    small.run("accounts", book_service)
    return small


def test_a_visit_by_hand():
    """22 cu less a tenth: 19.80; goods 10; service - ln 0.2 + ln 2 = 2.30."""
    small = paid()
    assert (small.at("visit_spend")[0], small.at("visit_forgone")[0]) == (1980, 220)
    found = {name: small.counted(name) for name in ("revenue", "goods", "service", "discounts", "price_cuts")}
    assert found == {
        "revenue": [1980, 0, 0], "goods": [1000, 0, 0], "service": [230, 0, 0], "discounts": [220, 0, 0],
        "price_cuts": [0, 0, 0],
    }  # fmt: skip
    assert small.c.year_spend.tolist() == [[1980, 0], [0, 0]]
    assert small.c.year_purchases.tolist() == [[1, 0], [0, 0]]


def test_prices_below_the_usual_are_cuts():
    small = paid(price=0.9, tier=0)
    assert small.counted("revenue") == [1800, 0, 0]
    assert small.counted("price_cuts") == [200, 0, 0]
    assert small.counted("discounts") == [0, 0, 0]


def test_service_is_booked_for_all_visits_of_a_share_at_once():
    """40 visits at 2.30 and 3 at - ln 0.4 + ln 2 = 1.61, beside what was booked before; nobody costs nothing."""
    firms = [{"service": {**BARE, "quality": quality, "failure_rate": 0.05}} for quality in (0.8, 0.6)]
    small = Small(3000, firms)
    small.world.lookup("visits", 0)[:] = [40, 3, 7]
    small.world.lookup("service", 0)[:] = [0, 5, 0]
    small.run("accounts", book_service)
    assert small.counted("service") == [9200, 488, 0]


@given(st.floats(0.015625, 1000, width=32), st.floats(0.0, 4.0, width=32), st.integers(0, 1))
def test_what_is_paid_and_what_is_forgone_make_the_full_price(basket, price, tier):
    small = Small(1, [{"price": price, "program": TIERS}])
    small.c.basket[:], small.c.member[0], small.c.tier[0] = basket, 1, tier
    small.visits([0], [0])
    small.phases(Phase.DELIVERY)
    small.run("accounts", charge)
    full = math.floor(100.0 * (float(small.c.basket[0]) * float(small.firms.price[0])) + 0.5)
    assert small.at("visit_spend")[0] + small.at("visit_forgone")[0] == full
    assert small.at("visit_forgone")[0] == (0 if tier == 0 else pytest.approx(0.1 * full, abs=1.0))


class TestBooks:
    def closed(self, t, **world):
        """Return a small world whose books may have closed at the end of period t."""
        small = Small(4, **{"periods": 30, "burn_in": 5, "periods_per_year": 10, **world})
        small.c.year_spend[:] = [[100, 0, 300, 0], [50, 70, 0, 0]]
        small.c.year_purchases[:] = [[3, 0, 5, 0], [2, 2, 0, 4]]
        small.c.own_before[:] = [[1, 1, 0, 0], [1, 0, 0, 1]]
        small.c.relation_before[:] = [[ACTIVE, LOST, LOST, DORMANT], [DORMANT, DORMANT, 0, LOST]]
        small.c.relation[:] = [[ACTIVE, DORMANT, 4, 0], [0, ACTIVE, 0, LOST]]
        for kernel in (close_loyalty, close_relations, close_order, close_year):
            small.run("accounts", kernel, t)
        return small

    def test_by_hand(self):
        """Two visits of five are less than half; the last customer was given four for nothing, and is a buyer."""
        small = self.closed(14)
        expected = {
            "category_spend": [520, 520], "buyers": [2, 3], "wallet_own": [400, 120], "wallet_all": [450, 220],
            "own_at_start": [2, 2], "retained": [1, 1], "lost_at_start": [2, 1], "regained": [1, 1],
            "dormant_at_start": [1, 2], "revived": [0, 2], "year_visits": [8, 8], "customers_at_close": [4, 4],
        }  # fmt: skip
        assert {name: small.counted(name)[:2] for name in expected} == expected
        assert not small.c.year_spend.any()
        assert not small.c.year_purchases.any()
        assert small.c.own_before.tolist() == [[1, 0, 1, 0], [0, 1, 0, 1]]
        np.testing.assert_array_equal(small.c.relation_before, small.c.relation)

    def test_with_the_burn_in_and_each_year_after_it(self):
        """Five periods that were left over had counted as a year."""
        books = {t + 1: self.closed(t) for t in range(30)}
        assert [done for done, small in books.items() if not small.c.year_spend.any()] == [5, 15, 25]
        assert [done for done, small in books.items() if any(small.counted("buyers"))] == [5, 15, 25]
        assert [done for done, small in books.items() if any(small.counted("own_at_start"))] == [5, 15, 25]
        assert [done for done in books if year_closes(done, 10, 5, 30)] == [5, 15, 25]

    @pytest.mark.parametrize(("burn_in", "periods", "closed"), [(0, 9, [0, 9]), (5, 14, [5, 14]), (5, 15, [5, 15])])
    def test_with_a_run_that_measures_less_than_a_year(self, burn_in, periods, closed):
        assert [done for done in range(periods + 1) if year_closes(done, 10, burn_in, periods)] == closed

    def test_tile_by_tile_nothing_is_counted_twice(self):
        whole, parts = Small(4, periods=1), Small(4, periods=1)
        for small in (whole, parts):
            small.c.year_spend[:] = [[100, 0, 300, 0], [50, 70, 0, 0]]
            small.c.year_purchases[:] = [[1, 0, 2, 0], [1, 1, 0, 1]]
        for kernel in (close_loyalty, close_relations, close_order, close_year):
            whole.run("accounts", kernel)
            for lo in (0, 2):
                parts.bound("accounts", kernel)(lo, lo + 2, 0)
        np.testing.assert_array_equal(whole.world.counted, parts.world.counted)

    def test_who_is_loyal_in_deed_and_in_mind(self):
        """Satisfied from 0.8, dissatisfied below 0.5, here on half the visits or more; who never came is nothing."""
        small = Small(7, periods=1)
        came = [[10, 10, 10, 10, 10, 10, 0], [10, 11, 9, 11, 0, 11, 5]]
        small.c.year_purchases[:] = came
        small.c.satisfaction[0] = [0.8, 0.8, 0.49, 0.49, 0.5, 0.79, 0.9]
        small.c.satisfaction[1] = np.nan
        small.run("accounts", close_loyalty)
        kinds = ("buyers", "loyalists", "mercenaries", "hostages", "defectors")
        assert [small.counted(kind) for kind in kinds] == [[6, 6, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]]
        np.testing.assert_array_equal(small.c.year_purchases, came)  # the books are closed after it

    def test_what_a_random_order_would_repeat(self):
        """Of 3 visits among 4: 3 * 2 / 4 repeats, 3 * 3 / 4 that another follows; one visit in all is followed by none,
        and a third of a count is rounded down.
        """
        small = Small(4, periods=1)
        small.c.year_purchases[:] = [[3, 1, 2, 0], [1, 0, 1, 0]]
        small.run("accounts", close_order)
        third = 2**20 // 3
        assert small.counted("chance_repeats") == [3 * 2**19 + 2 * third, 0, 0]
        assert small.counted("chance_base") == [9 * 2**18 + 4 * third + 1, 3 * 2**18 + 2 * third, 0]

    def test_no_order_of_many_visits_overflows(self):
        """65,535 visits to each firm, as many as the books hold."""
        small = Small(1, periods=1)
        small.c.year_purchases[:] = 65_535
        small.run("accounts", close_order)
        assert small.counted("chance_repeats")[:2] == [65_535 * 65_534 * 2**20 // 131_070] * 2
        assert small.counted("chance_base")[:2] == [65_535 * 131_069 * 2**20 // 131_070] * 2

    def test_what_does_not_depend_on_visits(self):
        """A fixed cost of 2.50; everybody is counted, gone or not."""
        small = Small(5, [{"fixed_cost": 2.5}, {}])
        small.c.exited[0] = 0
        small.run("accounts", count_population)
        small.run("accounts", book_fixed_cost)
        assert small.counted("fixed") == [250, 0, 0]
        assert small.counted("population") == [5, 5, 0]
