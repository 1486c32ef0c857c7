"""Three scanner panels: held against an independent computation, and the table that is kept of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abm.logs.brands import (
    brand_table,
    duplication_of_purchase,
    ordered_purchases,
    repeat_minus_shuffle,
    repeat_rate,
    shuffled_repeat_rate,
)
from abm.logs.loyalty import estimate_loyalty
from abm.logs.panel_measures import CONTROLS, panel_measures, relative_controls
from abm.logs.panels import Panel, read_panel

NAMES = ("Catsup", "Cracker", "Yogurt")
KEPT = Path(__file__).parents[2] / "papers" / "panels" / "measures.csv"
KEY = ["measure", "brand", "controls"]

read = cache(read_panel)


def kept(name: str) -> pd.DataFrame:
    """Return the lines of a panel in the table that is kept."""
    table = pd.read_csv(KEPT, keep_default_na=False, na_values={"standard_error": [""]})
    return table[table["panel"] == name].drop(columns="panel").set_index(KEY)


@pytest.mark.parametrize("name", NAMES)
def test_measures_agree_with_an_independent_computation(panel_folder, reference, name):
    expected, found = reference("brand_panels.json")[name], read(panel_folder / f"{name}.csv")
    bought, at = found.purchases, [found.brands.index(brand) for brand in expected["brands"]]
    assert repeat_rate(bought) == pytest.approx(expected["repeat_rate"], rel=1e-12)
    # theirs is the mean over so many shuffles as they do not say; shuffle_sd is that of one
    assert abs(shuffled_repeat_rate(bought) - expected["shuffle_mean"]) < expected["shuffle_sd"] / 5
    table, theirs = brand_table(bought).iloc[at], pd.DataFrame(expected["brand_table"])
    np.testing.assert_allclose(table[list(theirs)], theirs, rtol=1e-12)
    np.testing.assert_allclose(
        duplication_of_purchase(bought).table[np.ix_(at, at)], expected["duplication"], rtol=1e-12
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_table_that_is_kept(panel_folder, name):
    found = panel_measures(read(panel_folder / f"{name}.csv"), controls=[()]).set_index(KEY)
    compare(found, kept(name).loc[found.index])


@pytest.mark.endurance
@pytest.mark.parametrize("name", NAMES)
def test_the_whole_table_that_is_kept(panel_folder, name):
    found = panel_measures(read(panel_folder / f"{name}.csv"), CONTROLS).set_index(KEY)
    assert set(found.index) == set(kept(name).index)
    compare(found, kept(name).loc[found.index])


def compare(found, stored):
    counted = found["standard_error"].isna()
    np.testing.assert_allclose(found.loc[counted, "value"], stored.loc[counted, "value"], atol=5.1e-5)
    gap = (found["value"] - stored["value"]).abs() / found["standard_error"]
    assert (gap[~counted] < 0.1).all()


@pytest.mark.parametrize("name", NAMES)
def test_state_dependence_is_no_artefact_of_taste(name):
    """What the table says of the three panels, and what a market is calibrated against."""
    table = kept(name)["value"]
    assert 0.015 < table["repeat_minus_shuffle", "", ""] < 0.12
    assert 1.0 < table["taste_spread", "", "none"] < 2.1
    assert 0.2 < table["state_dependence", "", "none"] < 1.6


def test_low_prices_are_those_of_what_was_bought(panel_folder):
    """Prices below half of the brand's median: a coupon is known only for the brand that was bought."""
    seen = []
    for name in NAMES:
        panel = read(panel_folder / f"{name}.csv")
        low = panel.controls["price"] < np.median(panel.controls["price"], axis=0) / 2
        seen.append((int(low.sum()), int(low[np.arange(panel.brand.size), panel.brand].sum())))
    assert seen == [(132, 132), (7, 7), (170, 111)]


@pytest.mark.endurance
@pytest.mark.parametrize(
    ("name", "mean", "sd"), [("Catsup", 0.027, 0.009), ("Cracker", 0.036, 0.007), ("Yogurt", 0.136, 0.013)]
)
def test_what_markets_of_the_estimates_show(panel_folder, name, mean, sd):
    """Repeat minus shuffle of 20 panels simulated from the estimates, with the panel's purchases per household."""
    bought, luck, shown = read(panel_folder / f"{name}.csv").purchases, np.random.default_rng(5), []
    found, n = estimate_loyalty(bought), bought.counts.sum(axis=1)
    households, burn_in = np.arange(n.size), 60
    for _ in range(20):
        taste = found.intercepts + found.taste_spread * luck.standard_normal(bought.counts.shape)
        last, firms = luck.integers(0, bought.firms, n.size), []
        for _ in range(burn_in + n.max()):
            utility = taste + luck.gumbel(size=taste.shape)
            utility[households, last] += found.state_dependence
            last = utility.argmax(axis=1)
            firms.append(last)
        order, household = np.nonzero(np.arange(n.max())[:, None] < n)
        log = ordered_purchases(household, order, np.array(firms)[burn_in:][order, household])
        shown.append(repeat_minus_shuffle(log))
    assert np.mean(shown) == pytest.approx(mean, abs=3 * sd / np.sqrt(20))
    assert np.std(shown) == pytest.approx(sd, rel=0.5)


def test_prices_are_shares_of_their_mean():
    index = np.zeros(2, dtype=np.int64)
    panel = Panel(("h",), ("a", "b"), index, np.arange(2), np.array([0, 1]), {"price": np.array([[1.0, 3], [2, 2]])})
    assert relative_controls(panel)["price"].tolist() == [[0.5, 1.5], [1, 1]]
    lines = panel_measures(panel, controls=[])
    assert list(lines) == ["measure", "brand", "controls", "value", "standard_error"]
    assert set(lines["brand"]) == {"", "a", "b"}
