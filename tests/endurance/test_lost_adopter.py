"""A market of persons who adopt, each of whom may be lost, against the closed form of the market of Bass: 5 %."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario
from abm.value.lost_adopter import lost_adoptions

P, Q, RATE = 0.03, 0.38, 0.10  # a year
PEOPLE, YEAR, YEARS, LOST = 600, 26, 25, 0.1
LAG = 2  # periods from hearing of the firm until others hear of it through her


def market(**knock_out):
    """Return a market in which everybody knows everybody, buys once she has heard of the only firm, and goes on."""
    tie = Q / YEAR / (PEOPLE - 1)
    return Scenario.parse(
        {
            "periods": YEAR * YEARS,
            "periods_per_year": YEAR,
            "burn_in": 0,
            "population": {"customers": PEOPLE},
            "network": {"kind": "complete"},
            "need": {"process": "every_period"},
            "choice": {"outside": -80.0},
            "word_of_mouth": {
                "base": 0.0, "delight": 0.0, "disappointment": 0.0,
                "discovery": P / YEAR, "weak_tie": tie, "strong_tie": tie,
            },
            "firms": [{"name": "only", "initial_awareness": 0.0}],
            "knock_out": knock_out,
        }
    )  # fmt: skip


@pytest.mark.endurance
@pytest.mark.parametrize(("lost_at", "pairs"), [(1, 900), (3, 600)])
def test_what_a_lost_adopter_costs(lost_at, pairs):
    """Adoptions lost, discounted to the loss, for each of a tenth of the adopters: within 5 % and 3 standard errors.

    A tenth is more than the one of the closed form: where as many are lost it is 3 % more in the third year.
    """
    at = lost_at * YEAR + LAG
    engines = [Engine(market(at=at, part=part), 1) for part in (0.0, LOST)]
    lost, gone = np.zeros(pairs), np.zeros(pairs)
    value = np.exp(-RATE * (np.arange(YEAR * YEARS) - at) / YEAR)
    for r in range(pairs):
        for sign, engine in zip((1, -1), engines, strict=True):
            engine.restart(r)
            engine.run(YEAR * YEARS)
            lost[r] += sign * (engine.world.tallied("acquired")[:, 0] * value).sum()
        gone[r] = engines[1].world.tallied("customers_removed")[:, 0].sum()
    each = lost.sum() / gone.sum()
    error = np.std(lost - each * gone, ddof=1) / np.sqrt(pairs) / gone.mean()
    expected = lost_adoptions(P, Q, lost_at, RATE, until=YEARS)
    print(f"{lost_at}: {each:.4f} +- {error:.4f}, expected {expected:.4f}, {gone.mean():.1f} lost")
    assert abs(each / expected - 1.0) < 0.05 + 3 * error / expected
