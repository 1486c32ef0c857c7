"""Corners in which the answer is known: closed forms of switching costs, the NBD, and word of mouth that is off."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from abm.engine.engine import Engine
from abm.engine.recording import read, record
from abm.kpis.attitude import word_of_mouth_ratio
from abm.scenario.scenario import Scenario

# Customers all alike who feel nothing but a price and a cost of leaving that is a trait, the same for all: 1/2.
INDIFFERENT = {
    "choice": {"attraction": 0.0, "outside": -80.0},
    "pricing": {"price_sensitivity": 1.0},
    "taste": {"taste_spread": 0.0},
    "trust": {"trust_weight": 0.0, "commitment_weight": 0.0},
    "word_of_mouth": {"word_of_mouth_weight": 0.0},
}


def loyal_market(utilities: list[float], cost: float, customers: int = 20_000, periods: int = 40) -> Scenario:
    """Return a market whose only states are the last firm and a cost of leaving it."""
    firms = [{"name": f"firm_{j}", "price": 5.0 - u, "unit_cost": 0.0} for j, u in enumerate(utilities)]
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers},
            "network": {"kind": "ring"},
            "firms": firms,
            "need": {"process": "every_period"},
            **INDIFFERENT,
            "switching_cost": {
                "basis": "trait",
                "trait_mean": 0.5,
                "trait_precision": 1e6,
                "switching_weight": 2.0 * cost,
            },
        }
    )


def closed_form(utilities: list[float], cost: float) -> tuple[np.ndarray, float]:
    """Return stationary shares and repeat rate of P(j | i) proportional to exp(U_j + s [i = j])."""
    weight = np.exp(utilities)
    share = weight * (weight.sum() + weight * np.expm1(cost))
    share /= share.sum()
    stay = weight * np.exp(cost) / (weight.sum() + weight * np.expm1(cost))
    return share, float(share @ stay)


@pytest.mark.parametrize(("firms", "cost"), [(2, 0.0), (3, 1.0), (5, 2.0)])
def test_symmetric_firms_repeat_as_the_switching_cost_says(firms, cost):
    scenario = loyal_market([0.0] * firms, cost)
    result = record(scenario, seed=7)
    last = slice(-1, None)
    repeats, base = result.tallies["repeats"][last].sum(), result.tallies["repeat_base"][last].sum()
    expected = np.exp(cost) / (np.exp(cost) + firms - 1)
    assert abs(repeats / base - expected) < 3 * np.sqrt(expected * (1 - expected) / base)


@pytest.mark.parametrize(("utilities", "cost"), [([0.5, 0.0], 1.0), ([0.5, 0.0], 2.0), ([1.0, 0.5, 0.0], 1.0)])
def test_shares_are_those_of_the_markov_chain(utilities, cost):
    share, repeat = closed_form(utilities, cost)
    result = record(loyal_market(utilities, cost), seed=3)
    visits = result.tallies["visits"][-1, :-1]
    n = visits.sum()
    assert np.all(np.abs(visits / n - share) < 3 * np.sqrt(share * (1 - share) / n))
    ours = result.tallies["repeats"][-1].sum() / n
    assert abs(ours - repeat) < 3 * np.sqrt(repeat * (1 - repeat) / n)


@pytest.mark.parametrize("utilities", [[0.0, 0.0], [0.5, 0.0], [1.0, 0.5, 0.0], [2.0, -1.0, 0.0, 0.3]])
@pytest.mark.parametrize("cost", [0.0, 1.0, 2.0, 3.0])
def test_closed_form_is_the_chain_in_the_long_run(utilities, cost):
    chain = np.exp(np.array(utilities) + cost * np.eye(len(utilities)))
    chain /= chain.sum(axis=1, keepdims=True)
    share, repeat = closed_form(utilities, cost)
    assert np.linalg.matrix_power(chain, 1000)[0] == pytest.approx(share, rel=1e-12)
    assert share @ np.diag(chain) == pytest.approx(repeat, rel=1e-12)


def test_a_common_cost_of_leaving_enlarges_the_leader():
    leader = [closed_form([0.5, 0.0], cost)[0][0] for cost in (0.0, 1.0, 2.0, 3.0)]
    assert leader == pytest.approx([0.6225, 0.6742, 0.7063, 0.7213], abs=5e-5)


def test_occasions_follow_the_nbd():
    periods, rate, shape = 40, 0.1, 0.8
    scenario = Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": 20_000, "purchase_rate": rate, "rate_shape": shape},
            "choice": {"outside": -80.0},
            "firms": [{"name": "only"}],
        }
    )
    engine = Engine(scenario, seed=11)
    engine.run(periods)
    counts = engine.world.customers.encounters[0].astype(int)
    nbd = stats.nbinom(shape, shape / (shape + rate * periods))
    edges = [0, 1, 2, 3, 5, 8, 12, 20, 10_000]
    seen = np.histogram(counts, edges)[0]
    expected = 20_000 * np.diff([nbd.cdf(e - 1) for e in edges])
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 0.001


def test_without_telling_the_graph_is_irrelevant():
    quiet = {"base": 0.0, "delight": 0.0, "disappointment": 0.0}
    runs = []
    for network in ({"kind": "ring"}, {"kind": "erdos_renyi", "neighbours": 12.0}, {"kind": "barabasi_albert"}):
        engine = Engine(
            Scenario.parse(
                {"periods": 30, "population": {"customers": 400}, "network": network, "word_of_mouth": quiet}
            ),
            seed=5,
        )
        engine.run(30)
        runs.append(engine.world)
    for other in runs[1:]:
        for name, column in runs[0].customers.items():
            np.testing.assert_array_equal(column, other.customers[name], err_msg=name)
        np.testing.assert_array_equal(runs[0].history, other.history)


def test_long_silence_leaves_nothing_of_what_was_heard():
    """Everybody talks, then nobody buys: stocks halve down to exactly 0, and none is ever too small for float32."""
    talk = {"base": 0.5, "contact_rate": 0.9, "decay": 0.5}
    scenario = Scenario.parse({"periods": 180, "population": {"customers": 300}, "word_of_mouth": talk})
    engine = Engine(scenario, seed=2)
    engine.run(20)
    stock = engine.world.customers.word_of_mouth
    assert np.mean(stock != 0) > 0.5
    engine.world.customers.purchase_rate.fill(0.0)
    smallest = np.inf
    for _ in range(160):
        engine.run(1)
        left = np.abs(stock[stock != 0])
        smallest = min(smallest, left.min(initial=np.inf))
    assert 1e-20 <= smallest < 1e-19
    assert not stock.any()


def test_good_stories_of_each_firm_outnumber_bad_ones_about_three_to_one():
    """Within the band of the card of facts, each firm for itself; over fifteen studies it is 3."""
    scenario = Scenario.parse({"periods": 104, "burn_in": 52, "population": {"customers": 10_000}})
    engine = Engine(scenario, seed=1)
    engine.run(104)
    ratio = read(engine).summary([word_of_mouth_ratio])
    assert np.all((ratio > 2.2) & (ratio < 4.0))  # EAST_HAMMOND_WRIGHT_2007
