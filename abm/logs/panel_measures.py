"""All that is measured of a scanner panel, in one table: brand measures, and loyalty taken apart.

What a market is calibrated against is read off this table; papers/panels keeps it for three panels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from abm.logs.brands import (
    brand_table,
    duplication_of_purchase,
    frequency_constant,
    relative_spread,
    repeat_minus_shuffle,
    repeat_rate,
    shuffled_repeat_rate,
    sole_buyers_share,
    top_share,
)
from abm.logs.loyalty import estimate_loyalty
from abm.logs.panels import FloatArray, Panel

CONTROLS: tuple[tuple[str, ...], ...] = ((), ("feature", "display"), ("price", "feature", "display"))
_Line = tuple[str, str, str, float, float]


def panel_measures(panel: Panel, controls: Iterable[tuple[str, ...]] = CONTROLS) -> pd.DataFrame:
    """Return the measures of a panel, its whole length as the window: measure, brand, controls, value, standard_error.

    controls : of each estimate of loyalty, those that the panel has; () for none

    brand is "" for measures of the market, controls for what is counted; standard_error is NaN for what is counted.
    """
    lines = [*_of_the_market(panel), *_of_brands(panel)]
    for names in dict.fromkeys(tuple(name for name in one if name in panel.controls) for one in controls):
        lines += _loyalty(panel, names)
    return pd.DataFrame(lines, columns=["measure", "brand", "controls", "value", "standard_error"])


def relative_controls(panel: Panel) -> dict[str, FloatArray]:
    """Return the controls of a panel, prices as a share of their mean over brands and occasions."""
    controls = dict(panel.controls)
    controls["price"] = controls["price"] / controls["price"].mean()
    return controls


def _of_the_market(panel: Panel) -> Iterator[_Line]:
    bought = panel.purchases
    duplication = duplication_of_purchase(bought)
    values = {
        "households": float(bought.customers),
        "purchases": float(bought.firm.size),
        "repeat_rate": repeat_rate(bought),
        "shuffled_repeat_rate": shuffled_repeat_rate(bought),
        "repeat_minus_shuffle": repeat_minus_shuffle(bought),
        "sole_buyers_share": sole_buyers_share(bought),
        "top_20_share": top_share(bought.counts.sum(axis=1)),
        "frequency_constant_spread": relative_spread(frequency_constant(bought)),
        "duplication_coefficient": duplication.coefficient,
        "duplication_mean_error": duplication.mean_error,
        "duplication_largest_error": duplication.largest_error,
    }
    for measure, value in values.items():
        yield measure, "", "", value, np.nan


def _of_brands(panel: Panel) -> Iterator[_Line]:
    table = brand_table(panel.purchases)
    for measure in table:
        for brand, value in zip(panel.brands, table[measure], strict=True):
            yield str(measure), brand, "", float(value), np.nan


def _loyalty(panel: Panel, names: tuple[str, ...]) -> Iterator[_Line]:
    every = relative_controls(panel)
    found = estimate_loyalty(panel.purchases, {name: every[name] for name in names})
    called = " + ".join(names) or "none"
    yield "taste_spread", "", called, found.taste_spread, found.taste_spread_error
    yield "state_dependence", "", called, found.state_dependence, found.state_dependence_error
    for name in names:
        yield f"{name}_coefficient", "", called, found.coefficients[name], found.coefficient_errors[name]
