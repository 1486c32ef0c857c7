"""What holds of many runs: relations in distribution, each at a distance that chance hardly ever goes.

Two sets of runs with luck of their own are compared by the difference of their means in standard errors; five of them
are passed about once in 10,000 comparisons, also with the few runs that there are.
"""

from __future__ import annotations

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from scipy.optimize import brentq

from abm.engine.engine import Engine
from abm.scenario.period_length import in_periods_of
from abm.scenario.scenario import Scenario
from tests.metamorphic.scenarios import after, changed, holds_over, hundredths, markets, tied

RUNS = 16
FAR = 5.0  # standard errors


def shares_of(market, first, runs=RUNS):
    """Return visits to each firm, and to nobody, as shares of occasions: (runs, m + 1), replications from the first."""
    engine = Engine(Scenario.parse(market), 1, first)
    found = []
    for replication in range(first, first + runs):
        engine.restart(replication)
        engine.run(market["periods"])
        visits = engine.world.tallied("visits").sum(axis=0)
        found.append(visits / max(1.0, visits.sum()))
    return np.array(found)


def assert_alike(one, other):
    """Means of two sets of runs are near."""
    error = np.sqrt(one.var(axis=0, ddof=1) / len(one) + other.var(axis=0, ddof=1) / len(other))
    assert np.all(np.abs(one.mean(axis=0) - other.mean(axis=0)) <= FAR * error + 1e-6)


@holds_over(markets(("plain", "voice")), st.randoms())
def test_order_of_firms(market, shuffled):
    """Luck is shared out among firms in their order: another order is other luck, of the same distribution."""
    order = list(range(len(market["firms"])))
    shuffled.shuffle(order)
    other = shares_of({**market, "firms": [market["firms"][j] for j in order]}, RUNS)
    assert_alike(shares_of(market, 0)[:, [*order, -1]], other)


@holds_over(markets(("plain", "talk")), st.integers(0, 99))
def test_who_sits_where(market, salt):
    """Customers are drawn alike: who of them sits where in a graph is luck, and moves no mean."""
    n = market["population"]["customers"]
    graph, place = tied(n, salt), np.random.default_rng(salt).permutation(n).tolist()
    moved = {**graph, "ties": [(place[i], place[k]) for i, k in graph["ties"]]}
    assert_alike(shares_of({**market, "network": graph}, 0), shares_of({**market, "network": moved}, RUNS))


@holds_over(markets(("plain",)), st.integers(0, 99))
def test_the_copy_of_a_market(market, salt):
    """Of two copies that do not touch the second has luck of its own, and is in the mean what one is alone."""
    n = market["population"]["customers"]
    once = tied(n, salt)
    ties = [*once["ties"], *((i + n, k + n) for i, k in once["ties"])]
    twice = {"kind": "ties", "ties": ties, "weights": [0.7] * len(ties)}
    alone = shares_of({**market, "network": once}, 0)
    both = shares_of({**changed(market, population={"customers": 2 * n}), "network": twice}, RUNS)
    assert_alike(alone, both)


SIZES = (50, 100, 200, 400, 800)


@holds_over(markets(("plain",), ("mnl", "habit", "threshold")))
def test_shares_of_larger_markets_vary_less(market):
    """Customers tied to a few others are nearly independent: the spread of shares falls as n^-1/2.

    The slope of log spread on log n: with 24 runs a size its standard error is 0.07, and 0.35 is five of them.
    """
    market = {
        **changed(market, population={"purchase_rate": 1.0}),
        "periods": 5,
        "burn_in": 0,
        "network": {"kind": "watts_strogatz"},
    }
    spread = [shares_of(changed(market, population={"customers": n}), 0, 24)[:, -1].std(ddof=1) for n in SIZES]
    assume(min(spread) > 0.0)
    slope = np.polyfit(np.log(SIZES), np.log(spread), 1)[0]
    assert abs(slope + 0.5) < 0.35


@holds_over(hundredths(0.5, 6.0), hundredths(0.6, 1.4), hundredths(0.6, 1.4), st.integers(0, 999))
def test_a_price_coefficient_is_found_again(sensitivity, first, second, seed):
    """Choices are those of a logit in prices: maximum likelihood finds the coefficient that they were made with.

    With the worth of buying nowhere known, the likelihood of n_0, n_1, n_2 choices has its score at
    Σ p_j (expected n_j - n_j) = 0, and information N Var(p) about the coefficient.
    """
    prices, outside = np.array([0.0, first, second]), -sensitivity
    firms = [{"name": "north", "price": first}, {"name": "east", "price": second}]
    world = after(
        {
            "periods": 20, "firms": firms, "off": ["word_of_mouth", "taste", "trust", "defection"],
            "population": {"customers": 200, "purchase_rate": 1.0}, "switching_cost": {"switching_weight": 0.0},
            "choice": {"attraction": 0.0, "outside": outside, "rule": "mnl"},
            "pricing": {"price_sensitivity": sensitivity}, "trust": {"trust_weight": 0.0, "commitment_weight": 0.0},
            "perceived_value": {"value_weight": 0.0},
        },
        seed,
    ).world  # fmt: skip
    visits = world.tallied("visits").sum(axis=0)[[2, 0, 1]]

    def chances(beta):
        weight = np.exp(np.array([outside, 0.0, 0.0]) - beta * prices)
        return weight / weight.sum()

    found = brentq(lambda beta: prices @ (visits.sum() * chances(beta) - visits), -50.0, 100.0)
    p = chances(sensitivity)
    information = visits.sum() * (p @ prices**2 - (p @ prices) ** 2)
    assert abs(found - sensitivity) < FAR / np.sqrt(information)


@holds_over(markets(("plain", "voice"), ("mnl",)), st.sampled_from([(52, 26), (52, 104), (12, 24)]))
def test_length_of_a_period(market, lengths):
    """In periods of another length a market has as many occasions a year, and they go to much the same firms.

    Poisson counts differ by their spread. Shares may move as customers learn in coarser steps: by 0.15 at most.
    """
    before, then = lengths
    whole = changed(market, need={"process": "poisson"}, defection={"exit_rate": 0.0})
    year = {**whole, "periods": before, "burn_in": 0, "periods_per_year": before}
    scenario = Scenario.parse(year).replace({"population.purchase_rate": 0.5})
    other = in_periods_of(scenario, then)
    assert other.periods == then
    worlds = [after(one).world for one in (scenario, other)]
    counted = [world.tallied("occasions").sum() for world in worlds]
    assert min(counted) > 0
    assert abs(counted[0] - counted[1]) <= FAR * np.sqrt(sum(counted))
    shares = [world.tallied("visits").sum(axis=0) / count for world, count in zip(worlds, counted, strict=True)]
    assert np.all(np.abs(shares[0] - shares[1]) < 0.15)
