"""The weights of a recursion that fit a series best; the fitting is statsmodels', which is an extra."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from abm.capacity.forecasts import LAGS, checked_series
from abm.core.errors import Refusal

_SHORTEST = 3  # periods from which one weight can be told


@dataclass(frozen=True)
class Weights:
    """Weights of the level, of the trend and of the season, each 0-1; the last two are 0 without a season."""

    level_weight: float
    trend_weight: float = 0.0
    season_weight: float = 0.0


def fitted_weights(series: ArrayLike, season_length: int | None = None) -> Weights:
    """Return the weights with the least sum of squared errors, one period ahead.

    series        : (periods,) of finite numbers
    season_length : of additive Holt-Winters, at least 2 periods; left out = exponential smoothing

    The recursion begins as in `forecasts.forecast`: with the first period, or with the first season.
    Raises Refusal for a series of fewer than 3 periods or two seasons, and without statsmodels.
    """
    seen = checked_series(series)
    least = _SHORTEST if season_length is None else 2 * season_length
    if season_length is not None and not 2 <= season_length <= LAGS:
        raise Refusal(f"season_length = {season_length} is not allowed; take 2 to {LAGS} periods, or leave it out")
    if seen.size < least:
        raise Refusal(f"series has {seen.size} periods; weights need at least {least}")
    smoothing = _statsmodels()
    if season_length is None:
        model = smoothing.SimpleExpSmoothing(seen, initialization_method="known", initial_level=seen[0])
        return Weights(float(np.clip(model.fit().params["smoothing_level"], 0.0, 1.0)))
    level = seen[:season_length].mean()
    model = smoothing.ExponentialSmoothing(
        seen[season_length:], trend="add", seasonal="add", seasonal_periods=season_length,
        initialization_method="known", initial_level=level, initial_trend=0.0,
        initial_seasonal=seen[:season_length] - level,
    )  # fmt: skip
    found = model.fit().params
    names = ("smoothing_level", "smoothing_trend", "smoothing_seasonal")
    return Weights(*(float(np.clip(found[name], 0.0, 1.0)) for name in names))


def _statsmodels() -> Any:
    """Return its module of smoothing."""
    try:
        return importlib.import_module("statsmodels.tsa.holtwinters")
    except ImportError:
        text = 'fitting weights needs statsmodels, which is an extra: pip install "patronage[forecast]"'
        raise Refusal(text) from None
