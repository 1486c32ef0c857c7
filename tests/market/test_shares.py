"""Every share lies in [0, 1] or has no value, and what must add up does, whatever the market."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from abm.engine.recording import record
from abm.kpis.standard import STANDARD
from abm.scenario.scenario import Scenario

SHARES = [one for one in STANDARD if one.unit in ("share", "0-1")]
PROGRAM = {"earn_per_visit": 1.0, "goal": 4.0, "reward": 3.0, "redemption": 0.7, "expiry": 5}
TIERS = {"tier_threshold": [40.0], "tier_discount": [0.1], "tier_bonus": [0.5], "tier_window": 10}
CORNERS: dict[str, dict[str, Any]] = {
    "nothing is paid": {"firms": [{"name": "north", "price": 0.0}, {"name": "east", "price": 0.0}]},
    "one firm gives away": {"firms": [{"name": "north", "price": 0.0}, {"name": "east"}]},
    "one customer": {"population": {"customers": 1}, "network": {"neighbours": 0.0}},
    "one firm": {"firms": [{"name": "north"}]},
    "monopoly that nobody escapes": {"firms": [{"name": "north"}], "choice": {"outside": -80.0}},
    "all are lost": {"choice": {"outside": 80.0}},
    "nobody needs anything": {"population": {"customers": 200, "purchase_rate": 0.0}},
    "all leave": {"defection": {"exit_rate": 1.0, "dissatisfaction": 0.0}},
    "contracts": {"choice": {"market": "lost_for_good", "term": 3}},
    "all are given up at once": {"lifecycle": {"dormant_after": 1, "lost_after": 1}},
}


def any_market(seed: int) -> dict[str, Any]:
    """Return a market of arbitrary size, firms and theories."""
    luck = Random(seed)
    firms = [
        {
            "name": f"firm_{j}",
            "price": luck.choice([0.0, 0.7, 1.0, 1.3]),
            "initial_awareness": luck.choice([1.0, 0.4]),
            "exit_fee": luck.choice([0.0, 4.0, 1e6]),
            "joining_fee": luck.choice([0.0, 2.0]),
            "integration": luck.choice([0.0, 0.5]),
            "service": {"quality": luck.uniform(0.2, 0.95), "failure_rate": luck.choice([0.0, 0.05, 0.5])},
            **luck.choice([{}, {"program": PROGRAM}, {"program": {**PROGRAM, **TIERS}}]),
        }
        for j in range(luck.randint(1, 5))
    ]
    return {
        "population": {"customers": luck.choice([30, 300]), "purchase_rate": luck.choice([0.1, 0.5, 3.0])},
        "firms": firms,
        "choice": {
            "rule": luck.choice(["mnl", "habit", "threshold", "deterministic"]),
            "market": luck.choice(["always_a_share", "lost_for_good"]),
            "term": luck.randint(1, 12),
            "outside": luck.choice([-80.0, 2.0, 5.0]),
        },
        "defection": {"exit_rate": luck.choice([0.0, 0.02, 0.3])},
        "lifecycle": {"dormant_after": luck.randint(1, 5), "lost_after": luck.randint(1, 9)},
        "switching_cost": {"basis": luck.choice(["facets", "trait"])},
    }


MARKETS = {**CORNERS, **{f"market {seed}": any_market(seed) for seed in range(24)}}


@pytest.mark.parametrize("name", MARKETS)
def test_shares_are_shares_and_sums_add_up(name):
    data = {"periods": 36, "burn_in": 6, "periods_per_year": 10, "population": {"customers": 200}, **MARKETS[name]}
    result = record(Scenario.parse(data), seed=3, kpis=STANDARD)
    over, by_period = result.summary(SHARES), result.by_period(SHARES)
    for k, measure in enumerate(SHARES):
        for found in (over[:, k], by_period[..., k]):
            valued = found[~np.isnan(found)]
            assert 0.0 <= valued.min(initial=0.0) <= valued.max(initial=0.0) <= 1.0, measure.name
    add_up(result.tallies)


def add_up(t: dict[str, np.ndarray]) -> None:
    """Check counts (periods, m + 1) against each other."""
    np.testing.assert_array_equal(t["visits"].sum(axis=1), t["occasions"].sum(axis=1))
    assert np.all(t["loyalists"] + t["mercenaries"] + t["hostages"] + t["defectors"] <= t["buyers"])
    assert np.all(t["buyers"] <= t["year_visits"])
    for part, whole in (
        ("repeats", "repeat_base"), ("repeat_base", "asked"), ("intention_sum", "asked"), ("retained", "own_at_start"),
        ("regained", "lost_at_start"), ("revived", "dormant_at_start"), ("left_category", "fell_lost"),
        ("fell_lost", "current"), ("active", "current"), ("wallet_own", "wallet_all"), ("buyers", "customers_at_close"),
    ):  # fmt: skip
        assert np.all(t[part] <= t[whole]), part
    assert t["year_visits"].sum() == t["visits"][:, :-1].sum()
    assert t["fell_lost"].sum() >= t["won_back"].sum()
    assert t["exits"].sum() <= t["population"][0, 0]
