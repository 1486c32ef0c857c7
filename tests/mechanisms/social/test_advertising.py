"""Advertising: reach with diminishing return, goodwill that fades, promises that are heard, and what it costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.mechanisms.phases import Phase
from abm.mechanisms.social.advertising import book_advertising, build_goodwill, inform, reach
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

SETTINGS = {"half_reach": 0.1, "goodwill_decay": 0.9, "goodwill_weight": 1.7, "message_pull": 0.2}
ALL = 10.0  # cu that reach all but one customer in 2^100


def reached(spend, half_reach=0.1):
    """Return the equation's value for plain numbers."""
    return float(reach(np.float32(spend), np.float32(half_reach)))


def advertised(customers=4, spends=(0.0, 0.0), brands=(0.0, 0.0), awareness=1.0, **settings):
    """Return a small world whose firms promise 0.9 and spend on their names."""
    firms = [
        {"promise": 0.9, "initial_awareness": awareness, "advertising": {"advertising_spend": spend, "brand": brand}}
        for spend, brand in zip(spends, brands, strict=True)
    ]
    small = Small(customers, firms, advertising={**SETTINGS, **settings})
    small.c.expectation.fill(0.5)
    return small


class TestReach:
    def test_by_hand(self):
        """The spend that reaches half, twice and three times that: a half, three quarters, seven eighths."""
        assert [reached(spend) for spend in (0.0, 0.1, 0.2, 0.3)] == pytest.approx([0.0, 0.5, 0.75, 0.875])

    @given(st.floats(0.0, 1.0), st.floats(0.0078125, 0.5))
    def test_each_further_cu_reaches_fewer(self, spend, step):
        low, middle, high = (reached(spend + k * step) for k in range(3))
        assert middle - low >= high - middle - 1e-6
        assert 0.0 <= low <= middle <= high <= 1.0


class TestGoodwill:
    def grown(self, small, periods):
        """Return the goodwill of the first firm after each of some periods."""
        found = []
        for t in range(periods):
            small.run("advertising", build_goodwill, t)
            found.append(float(small.c.goodwill[0]))
        return found

    def test_it_grows_to_the_reach_and_fades_without_spending(self):
        """A tenth of the way to a half each period, 0.05 and 0.095; then nine tenths of it each period."""
        small = advertised(spends=(0.1, 0.0))
        assert self.grown(small, 2) == pytest.approx([0.05, 0.095])
        assert self.grown(small, 300)[-1] == pytest.approx(0.5, abs=1e-5)
        small.firms.advertising_spend[0] = 0.0
        assert self.grown(small, 2) == pytest.approx([0.45, 0.405], abs=1e-5)
        assert small.c.goodwill[1] == 0.0

    def test_utility_has_the_brand_and_the_weighed_goodwill(self):
        """0.25 + 1.7 * 0.5 for the one, - 1 for the other, beside whatever else there is."""
        with_names, without = (advertised(1, brands=brands, goodwill_decay=0.0) for brands in ((0.25, -1.0), (0, 0)))
        with_names.c.goodwill[:] = [0.5, 0.0]
        for small in (with_names, without):
            small.visits([0], [-1])
            small.phases(Phase.NEED, Phase.VALUATION)
        np.testing.assert_allclose(with_names.at("utility") - without.at("utility"), [[1.1], [-1.0]], atol=1e-5)


class TestMessages:
    def test_who_is_reached_learns_of_the_firm_and_expects_more(self):
        """0.5 + 0.2 * 0.4 of the firm that speaks; the other stays unknown."""
        small = advertised(3, spends=(ALL, 0.0), awareness=0.0)
        small.run("advertising", inform)
        assert small.c.aware.tolist() == [[1, 1, 1], [0, 0, 0]]
        np.testing.assert_allclose(small.c.expectation, [[0.58] * 3, [0.5] * 3], rtol=1e-6)
        assert small.counted("learned") == [3, 0, 0]
        small.run("advertising", inform, 1)
        assert small.counted("learned") == [3, 0, 0]  # once

    def test_a_promise_counts_less_with_who_knows_the_firm_herself(self):
        """0.2 * 0.4 without a visit, half after one, a quarter after three."""
        small = advertised(3, spends=(ALL, 0.0))
        small.c.encounters[0] = [0, 1, 3]
        small.run("advertising", inform)
        assert small.c.expectation[0].tolist() == pytest.approx([0.58, 0.54, 0.52])

    def test_as_many_are_reached_as_reach_says(self):
        """A half and three quarters of 1000 in 20 periods, within four standard errors."""
        small = advertised(1000, spends=(0.1, 0.2))
        counts = np.zeros(2)
        for t in range(20):
            small.c.expectation.fill(0.5)
            small.run("advertising", inform, t)
            counts += (small.c.expectation > 0.5).sum(axis=1)
        for got, p in zip(counts / 20_000, (0.5, 0.75), strict=True):
            assert abs(got - p) < 4 * np.sqrt(p * (1 - p) / 20_000)

    def test_who_is_reached_by_less_is_reached_by_more(self):
        """Common luck: spending more never loses a customer."""
        less, more = (advertised(500, spends=(spend, 0.0), awareness=0.0) for spend in (0.05, 0.2))
        for small in (less, more):
            small.run("advertising", inform)
        assert np.all(less.c.aware <= more.c.aware)
        assert 0 < less.c.aware[0].sum() < more.c.aware[0].sum() < 500


class TestCost:
    def test_all_of_the_market_is_paid_for(self):
        """0.1234 cu for each of 50, reached or not: 6.17 cu, in hundredths of a cent; silence is free."""
        small = advertised(50, spends=(0.1234, 0.0))
        small.run("advertising", book_advertising)
        assert small.counted("advertising_cost") == [61_700, 0, 0]

    def test_shares_book_what_one_does(self):
        small = advertised(50, spends=(0.1234, 0.05))
        call = small.bound("advertising", book_advertising)
        for lo, hi in ((0, 7), (7, 7), (7, 50)):
            call(lo, hi, 0)
        assert small.counted("advertising_cost") == [61_700, 25_000, 0]

    def test_a_run_books_it_each_period(self):
        firms = [{"name": "loud", "advertising": {"advertising_spend": 0.05}}, {"name": "quiet"}]
        data = {"periods": 6, "population": {"customers": 40}, "firms": firms, "advertising": {}}
        engine = Engine(Scenario.parse(data), 1)
        engine.run(6)
        assert engine.world.tallied("advertising_cost")[:, 0].tolist() == pytest.approx([2.0] * 6)
        assert not engine.world.tallied("advertising_cost")[:, 1:].any()


def test_without_its_section_there_is_no_theory_and_no_firm_can_spend():
    names = {step.name for step in Scenario().steps()}
    assert not names & {"build_goodwill", "inform", "add_brand", "add_goodwill", "book_advertising"}
    with pytest.raises(Refusal, match="the market has no advertising"):
        Scenario.parse({"firms": [{"name": "loud", "advertising": {"advertising_spend": 0.1}}]})


def test_names_that_are_worth_nothing_change_nothing():
    """The section alone, without spending or brands: the same market to the bit."""
    base = {"periods": 10, "population": {"customers": 100}}
    plain, named = (Engine(Scenario.parse({**base, **more}), 2) for more in ({}, {"advertising": {}}))
    for engine in (plain, named):
        engine.run(10)
    for name, column in plain.world.customers.items():
        np.testing.assert_array_equal(column, named.world.customers[name], err_msg=name)
