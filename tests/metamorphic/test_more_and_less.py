"""More of something, under the same luck: what can only rise does not fall, for nobody."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario
from tests.metamorphic.scenarios import after, changed, holds_over, hundredths, markets, with_firms

UNMOVED = {  # what experience and hearsay do to choices is left out: utilities stay as they are
    "off": ["word_of_mouth", "trust", "defection"],
    "switching_cost": {"switching_weight": 0.0},
    "choice": {"attraction": 0.0},
}
QUALITIES = st.tuples(hundredths(0, 0.99), hundredths(0, 0.99)).map(sorted)
PAIR = st.tuples(hundredths(0, 1), hundredths(0, 1)).map(sorted)


def first_period(market):
    """Return the world after one period."""
    engine = Engine(Scenario.parse(market), 1)
    engine.run(1)
    return engine.world


def with_service(market, **levers):
    """Return a market whose first firm sets other levers of its service."""
    return with_firms(market, {"service": {**market["firms"][0]["service"], **levers}})


@holds_over(markets(("plain",), ("mnl", "deterministic")), PAIR)
def test_a_dearer_firm(market, prices):
    """Where nothing else moves utilities, nobody visits a firm more often because it has become dearer.

    The outside option and the firms share the line of a visit's luck in a fixed order: as the share of one falls all
    others rise, so that its part of the line lies within what it was.
    """
    still = changed(market, **UNMOVED)
    cheap, dear = (after(with_firms(still, {"price": 0.5 + price})).world for price in prices)
    assert np.all(dear.customers.encounters[0] <= cheap.customers.encounters[0])
    assert np.all(dear.tallied("visits")[:, 0] <= cheap.tallied("visits")[:, 0])
    others = [*range(1, cheap.m), -1]
    assert np.all(dear.tallied("visits")[:, others].sum(axis=1) >= cheap.tallied("visits")[:, others].sum(axis=1))


@holds_over(markets(("plain", "voice", "books"), ("mnl", "deterministic")), QUALITIES)
def test_better_service(market, qualities):
    """In a first period nobody can have chosen by it: the same visits, at the better firm none of them worse."""
    worse, better = (first_period(with_service(market, quality=quality)) for quality in qualities)
    np.testing.assert_array_equal(worse.customers.encounters, better.customers.encounters)
    first, second = worse.customers.satisfaction, better.customers.satisfaction
    went = worse.customers.encounters > 0
    assert np.all(first[0][went[0]] <= second[0][went[0]])
    np.testing.assert_array_equal(first[1:][went[1:]], second[1:][went[1:]])


@holds_over(markets(("voice",), ("mnl", "deterministic")), PAIR)
def test_more_failures(market, rates):
    """Failures are drawn against their rate: more of them are the same ones and others, and so are complaints."""
    fewer, more = (first_period(with_service(market, failure_rate=rate)) for rate in rates)
    for name in ("failures", "complaints"):
        assert fewer.tallied(name)[0, ..., 0].sum() <= more.tallied(name)[0, ..., 0].sum(), name


@holds_over(markets(), st.tuples(hundredths(0, 2), hundredths(0, 2)).map(sorted))
def test_more_need(market, rates):
    """Traits and occasions are drawn against rates: with a higher one nobody has fewer occasions."""
    less, more = (first_period(changed(market, population={"purchase_rate": rate})) for rate in rates)
    assert np.all(less.customers.purchase_rate <= more.customers.purchase_rate)
    assert np.all(less.tallied("occasions")[0] <= more.tallied("occasions")[0])


@holds_over(markets(("plain",), ("mnl", "deterministic")), st.tuples(hundredths(-4, 4), hundredths(-4, 4)).map(sorted))
def test_buying_nowhere_is_worth_more(market, outside):
    """Where nothing else moves utilities, nobody buys more often because buying nowhere is worth more."""
    still = changed(market, **UNMOVED)
    less, more = (after(changed(still, choice={"outside": worth})).world for worth in outside)
    bought = [world.customers.encounters.sum(axis=0) for world in (less, more)]
    assert np.all(bought[1] <= bought[0])


@holds_over(markets(("plain",), ("mnl",)), hundredths(-2, 2))
def test_all_utilities_raised_alike(market, by):
    """A logit knows differences alone: what raises the worth of every option alike moves no probability."""
    still = changed(market, **UNMOVED, pricing={"price_sensitivity": 2.0}, population={"price_weight_spread": 0.0})
    outside = still["choice"]["outside"]
    raised = changed(still, choice={"outside": outside - 2.0 * by})
    raised["firms"] = [{**firm, "price": firm["price"] + by + 2.0} for firm in still["firms"]]
    still["firms"] = [{**firm, "price": firm["price"] + 2.0} for firm in still["firms"]]
    one, other = first_period(still), first_period(raised)
    np.testing.assert_allclose(one.customers.preference, other.customers.preference, rtol=0, atol=1e-5)


@holds_over(markets(("plain", "talk")), PAIR)
def test_more_telling(market, chances):
    """Who tells is drawn against the chance of it: with a higher one no story of a first period is missing."""
    fewer, more = (first_period(changed(market, word_of_mouth={"base": chance})) for chance in chances)
    assert np.all((fewer.customers.story == 0) | (more.customers.story != 0))
