"""Forecasts of a series, one period ahead, from the series alone: what a firm can work out from its own log.

Claim: what comes back with the season is foretold by what was a season ago; what is random is best met by a mean of
many periods; the last period alone is a poor forecast of either.
Source: definitions (naive, seasonal naive, moving average, exponential smoothing, additive Holt-Winters); recursions as
in statsmodels, against which they are tested. How a recursion begins is a choice of this page.

The rules are in float64, and the same code works on a series and in a market. All are linear in what was seen, so that
the sum of forecasts of segments, all by one rule with the same weights, is the forecast of the sum: segments tell
something more only where they have rules or weights of their own, or shares that move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm.core.errors import Refusal, one_of
from abm.core.kernels import equation, kernel

FloatArray = NDArray[np.float64]
Method = Literal["naive", "seasonal_naive", "moving_average", "exponential_smoothing", "holt_winters"]

METHODS: tuple[str, ...] = get_args(Method)
NAIVE, SEASONAL_NAIVE, MOVING_AVERAGE, EXPONENTIAL_SMOOTHING, HOLT_WINTERS = range(len(METHODS))
LAGS = 366  # periods of the log that rules look back on at most: a year of days
STATE = 4  # numbers that a recursion carries along: smoothed, level, trend, length of the season
SMOOTHED, LEVEL, TREND, SEASON = range(STATE)


@equation(double=True)
def smoothed(level, seen, weight):
    """Return the smoothed level after a period: moved by `weight` of the way to what was seen."""
    return level + weight * (seen - level)


@equation(double=True)
def begin_seasons(state, seasons, past, logged, season_length):
    """Begin Holt-Winters with the latest season: its mean as level, no trend, deviations from the mean as seasons.

    The entry of period p of the log is that at p modulo the season's length, here and below.

    logged : number of the latest period      state (4,), seasons (366,)  [written]
    """
    first, total = logged + 1 - season_length, 0.0
    for k in range(first, logged + 1):
        total += past[k % LAGS]
    level = total / season_length
    for k in range(first, logged + 1):
        seasons[k % season_length] = past[k % LAGS] - level
    state[LEVEL], state[TREND], state[SEASON] = level, 0.0, season_length


@equation(double=True)
def follow_seasons(state, seasons, seen, place, level_weight, trend_weight, season_weight):
    """Move level, trend and the season's entry at `place` by what was seen.

    expected = level + trend, and each moves by its weight, w, from the numbers that stood before:
    level to w (seen - entry) + (1 - w) expected, trend to w (change of level) + (1 - w) trend, entry to
    w (seen - expected) + (1 - w) entry.

    state (4,), seasons (366,)  [written]
    """
    before = state[LEVEL] + state[TREND]
    level = level_weight * (seen - seasons[place]) + (1.0 - level_weight) * before
    state[TREND] = trend_weight * (level - state[LEVEL]) + (1.0 - trend_weight) * state[TREND]
    seasons[place] = season_weight * (seen - before) + (1.0 - season_weight) * seasons[place]
    state[LEVEL] = level


@equation(double=True)
def take_in(state, seasons, past, seen, logged, season_length, level_weight, trend_weight, season_weight):
    """Take in what was seen in period `logged` of the log, the first of which is 0.

    The smoothed level begins with the first period. Holt-Winters begins when a whole season lies in the log, and again
    if the season's length is another than that with which it began. While the length is one that the log does not yet
    hold, level, trend and entries stand still; if it is then what it was they move on from there.

    state (4,), seasons, past (366,)  [written]
    """
    past[logged % LAGS] = seen
    state[SMOOTHED] = seen if logged == 0 else smoothed(state[SMOOTHED], seen, level_weight)
    if state[SEASON] == season_length:
        follow_seasons(state, seasons, seen, logged % season_length, level_weight, trend_weight, season_weight)
    elif logged + 1 >= season_length:
        begin_seasons(state, seasons, past, logged, season_length)


@equation(double=True)
def mean_of_last(past, logged, window):
    """Return the mean of the latest `window` periods, or of as many as there are, added up from the oldest on."""
    count, total = min(window, logged + 1), 0.0
    for k in range(logged + 1 - count, logged + 1):
        total += past[k % LAGS]
    return total / count


@equation(double=True)
def foretold(method, state, seasons, past, logged, window, season_length):
    """Return the forecast of period `logged + 1`, once period `logged` is taken in.

    naive                 : what was seen in the latest period
    seasonal_naive        : what was seen `season_length` periods before; until then as naive
    moving_average        : the mean of the latest `window` periods
    exponential_smoothing : the smoothed level
    holt_winters          : level + trend + entry of period `logged + 1`; until a season of this length lies in the log
                            as exponential smoothing
    """
    whole_season = logged + 1 >= season_length
    if method == NAIVE or (method == SEASONAL_NAIVE and not whole_season):
        found = past[logged % LAGS]
    elif method == SEASONAL_NAIVE:
        found = past[(logged + 1 - season_length) % LAGS]
    elif method == MOVING_AVERAGE:
        found = mean_of_last(past, logged, window)
    elif method == EXPONENTIAL_SMOOTHING or state[SEASON] != season_length:
        found = state[SMOOTHED]
    else:
        found = state[LEVEL] + state[TREND] + seasons[(logged + 1) % season_length]
    return found


@kernel(per="market", double=True)
def forecast_series(forecast, state, seasons, past, series, weights, method, window, season_length):
    """Forecast each period of a series from those before it.

    forecast (periods + 1,), state (4,), seasons, past (366,)  [written]      weights (3,)  of level, trend, season
    """
    forecast[0] = np.nan
    for t in range(series.shape[0]):
        take_in(state, seasons, past, series[t], t, season_length, weights[0], weights[1], weights[2])
        forecast[t + 1] = foretold(method, state, seasons, past, t, window, season_length)


def forecast(
    series: ArrayLike,
    method: str,
    *,
    window: int = 8,
    season_length: int = 52,
    level_weight: float = 0.3,
    trend_weight: float = 0.05,
    season_weight: float = 0.3,
) -> FloatArray:
    """Return the forecast of each period from those before it, and of the period that comes: (periods + 1,) float64.

    series  : (periods,) of finite numbers      method : a name in `METHODS`; see `foretold` for the rules
    window  : periods of a moving average, 1 to 366      season_length : periods, 1 to 366
    weights : of the recursions, 0 to 1

    Nothing foretells the first period: its entry is NaN. A forecast may be negative.
    Raises Refusal for another method, a series that is none, and numbers outside their bounds.
    """
    seen = checked_series(series)
    if method not in METHODS:
        raise Refusal(f"method = {method!r} is no method of forecasting (methods: {one_of(METHODS)})")
    for name, periods in (("window", window), ("season_length", season_length)):
        if isinstance(periods, bool) or not isinstance(periods, int | np.integer) or not 1 <= periods <= LAGS:
            raise Refusal(f"{name} = {periods!r} is not allowed; take whole periods from 1 to {LAGS}")
    weights = {"level_weight": level_weight, "trend_weight": trend_weight, "season_weight": season_weight}
    for name, weight in weights.items():
        if not 0.0 <= weight <= 1.0:
            raise Refusal(f"{name} = {weight!r} is outside [0, 1]")
    found, state = np.empty(seen.size + 1), np.zeros(STATE)
    given = np.array(list(weights.values()), np.float64)
    code = METHODS.index(method)
    forecast_series(found, state, np.zeros(LAGS), np.zeros(LAGS), seen, given, code, int(window), int(season_length))
    return found


def sum_of_segments(series: ArrayLike, methods: Sequence[str], **settings: float) -> FloatArray:
    """Return the sum of the forecasts of segments: (periods + 1,) float64.

    series   : (segments, periods)      methods : of each segment, its rule; one alone is that of all
    settings : as `forecast` takes them, for all segments
    Raises Refusal for another number of methods than of segments, and as `forecast` does.
    """
    rows = np.asarray(series, np.float64)
    if rows.ndim != 2 or not rows.shape[0]:
        raise Refusal(f"series has the shape {rows.shape}; a row for each segment is needed, and a column for a period")
    rules = list(methods) * (rows.shape[0] if len(methods) == 1 else 1)
    if len(rules) != rows.shape[0]:
        raise Refusal(f"{len(rules)} methods for {rows.shape[0]} segments; give one for each, or one for all")
    each = [forecast(row, rule, **settings) for row, rule in zip(rows, rules, strict=True)]  # type: ignore[arg-type]
    return np.sum(each, axis=0, dtype=np.float64)


def mape(forecasts: ArrayLike, seen: ArrayLike) -> float:
    """Return the mean of |forecast - seen| / seen over periods with a forecast and something to see; NaN without any.

    A forecast is a finite number, and something to see is more than 0; other periods are left out.

    forecasts, seen : (periods,)      Raises Refusal for two lengths.
    """
    said, there = _pair(forecasts, seen)
    counts = np.isfinite(said) & (there > 0)
    return float(np.mean(np.abs(said - there)[counts] / there[counts])) if counts.any() else float("nan")


def bias(forecasts: ArrayLike, seen: ArrayLike) -> float:
    """Return the sum of forecast - seen over periods with a forecast / the sum of what was seen; NaN if that is 0.

    forecasts, seen : (periods,)      Raises Refusal for two lengths.
    """
    said, there = _pair(forecasts, seen)
    counts = np.isfinite(said)
    total = there[counts].sum()
    return float((said - there)[counts].sum() / total) if total else float("nan")


def checked_series(series: ArrayLike) -> FloatArray:
    """Return a series as (periods,) float64.  Raises Refusal if it has other axes, or an entry that is no number."""
    try:
        seen = np.ascontiguousarray(series, np.float64)
    except (TypeError, ValueError):
        raise Refusal("series holds something that is no number; give it a number for each period") from None
    if seen.ndim != 1:
        raise Refusal(f"series has the shape {seen.shape}; one number for each period is needed")
    if not np.isfinite(seen).all():
        raise Refusal(f"series[{int(np.flatnonzero(~np.isfinite(seen))[0])}] is no finite number; leave no period out")
    return seen


def _pair(forecasts: ArrayLike, seen: ArrayLike) -> tuple[FloatArray, FloatArray]:
    said, there = np.asarray(forecasts, np.float64), np.asarray(seen, np.float64)
    if said.shape != there.shape or said.ndim != 1:
        raise Refusal(f"forecasts of shape {said.shape} for periods of shape {there.shape}; give one for each period")
    return said, there
