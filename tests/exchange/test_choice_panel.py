"""A switching cost estimated from an exported panel is the market's: by a logit where tastes do not differ, else not.

The utility of a firm there is -price_sensitivity x price + switching_weight x trait_mean [chosen before] + taste; the
logit and the mixed logit that are fitted to the panel know neither number.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import abm
from abm.logs.brands import ordered_purchases
from abm.logs.loyalty import estimate_loyalty
from tests.exchange.conditional_logit import conditional_logit

FIRMS = ("north", "east", "south")
PRICE, STATE = 6.0, 2.0  # logit units per price index, and for the firm chosen before
WITHOUT = (
    "perceived_value", "learning", "trust", "word_of_mouth", "rewards", "drop_out", "defection", "lifecycle", "fees",
    "renewal",
)  # fmt: skip
BURN_IN, PERIODS, STRETCH = 40, 80, 4


def panel(folder, customers: int, taste: float, precision: float = 1e6) -> pd.DataFrame:
    """Run a market whose prices are drawn anew every four periods, and return the panel of its second half.

    Prices stand until shortly after the panel begins: the mixed logit takes a first purchase as drawn from the steady
    state at the prices that it sees.
    """
    luck = np.random.default_rng(17)
    changes = []
    for t in range(BURN_IN + STRETCH, PERIODS, STRETCH):
        prices = zip(FIRMS, luck.uniform(0.8, 1.2, 3).round(3).tolist(), strict=True)
        changes.append({"name": f"prices_{t}", "from": t, "set": {f"firms.{firm}.price": one for firm, one in prices}})
    scenario = abm.Scenario.parse(
        {
            "preset": "closed_market",
            "periods": PERIODS,
            "burn_in": BURN_IN,
            "population": {"customers": customers},
            "need": {"process": "every_period"},
            "firms": [{"name": name} for name in FIRMS],
            "off": list(WITHOUT),
            "choice": {"outside": -80.0, "attraction": 0.0},
            "pricing": {"price_sensitivity": PRICE},
            "taste": {"taste_spread": taste, "fit": 0.0},
            "switching_cost": {
                "basis": "trait", "trait_mean": 0.5, "trait_precision": precision, "switching_weight": 2 * STATE,
                "bond_rate": 0.0,
            },
            "changes": changes,
        }
    )  # fmt: skip
    study = abm.Experiment(name="panel", scenario=scenario, replications=1, seed=23)
    abm.run(study, folder, workers=1)
    return abm.export(folder, panel=True)


@pytest.mark.slow
def test_a_logit_finds_what_the_market_has(tmp_path):
    found = conditional_logit(panel(tmp_path, 150, taste=0.0), ["price", "last"])
    off = (found["estimate"] - [0.0, 0.0, -PRICE, STATE]) / found["standard_error"]
    assert found.index.tolist() == ["east", "south", "price", "last"]
    assert (off.abs() < 3.0).all(), found
    assert found.loc["last", "standard_error"] < 0.1


@pytest.mark.slow
def test_taste_looks_like_a_switching_cost_to_a_logit_and_not_to_a_mixed_one(tmp_path):
    """Heterogeneity that is left out is taken for state dependence; one that is modelled is told apart."""
    table = panel(tmp_path, 250, taste=1.0)
    plain = conditional_logit(table, ["price", "last"]).loc["last"]
    assert plain["estimate"] - 3.0 * plain["standard_error"] > STATE
    chosen = table[table["chosen"] == 1]
    codes = pd.Categorical(chosen["firm"], categories=list(FIRMS)).codes
    prices = table["price"].to_numpy().reshape(-1, 3)
    who = pd.factorize(chosen["customer_id"])[0]
    bought = ordered_purchases(who, chosen["occasion"].to_numpy(), codes, firms=3)
    found = estimate_loyalty(bought, {"price": prices}, draws=64)
    assert abs(found.state_dependence - STATE) < 3.0 * found.state_dependence_error, found.describe()
    assert abs(found.taste_spread - 1.0) < 3.0 * found.taste_spread_error, found.describe()
    assert abs(found.coefficients["price"] + PRICE) < 3.0 * found.coefficient_errors["price"], found.describe()


@pytest.mark.slow
def test_who_differs_in_the_cost_of_leaving_makes_it_look_smaller(tmp_path):
    """With a trait of precision 2 (uniform between 0 and 1) the mean cost is the same, and the logit's is not."""
    found = conditional_logit(panel(tmp_path, 150, taste=0.0, precision=2.0), ["price", "last"]).loc["last"]
    assert found["estimate"] + 3.0 * found["standard_error"] < STATE


def test_the_logit_by_hand():
    """Two alternatives without attributes: the intercept is the log odds, its error that of a share."""
    chosen = [1, 0, 0, 1, 1, 0, 1, 0]  # the first three times of four
    table = pd.DataFrame({"occasion": np.repeat(range(4), 2), "firm": ["a", "b"] * 4, "chosen": chosen, "available": 1})
    found = conditional_logit(table, [])
    assert found.loc["b", "estimate"] == pytest.approx(-np.log(3.0))
    assert found.loc["b", "standard_error"] == pytest.approx(1.0 / np.sqrt(4 * 0.75 * 0.25))
