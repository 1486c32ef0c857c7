"""Forecasting: what a firm expects of the coming period, from the visitors that it has seen.

Claim: what comes back with the season is foretold by what was a season ago, what is random by a mean of many periods.
Source: the written specification of the theory, without a look at its kernel; additive Holt-Winters as in statsmodels.

A log is kept whole here, as a list from its first period on. Weights are to be handed over as float32 holds them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

NO_FORECAST = -1.0
STEPS = 2**20
METHODS = ("naive", "seasonal_naive", "moving_average", "exponential_smoothing", "holt_winters")
RECURSIONS = METHODS[3:]
COUNTS = ("came_by", "forecast_misses", "forecast_periods", "forecast_gap", "forecast_visitors", "forecasting")


@dataclass(frozen=True)
class Rule:
    """How a series is foretold."""

    method: str = "none"
    window: int = 8
    season_length: int = 52
    level_weight: float = 0.3
    trend_weight: float = 0.05
    season_weight: float = 0.3


def in_steps(x: float) -> int:
    """Return a number in whole 2**-20, half rounded up."""
    return math.floor(x * STEPS + 0.5)


def mean(values: Sequence[float]) -> float:
    """Return the mean, added up from the first on."""
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


@dataclass
class Log:
    """What has been seen, period by period, and the recursions along it.

    season_length : with which Holt-Winters has begun, 0 = it has not      seasons : by period modulo that length
    """

    seen: list[float] = field(default_factory=list)
    smoothed: float = 0.0
    level: float = 0.0
    trend: float = 0.0
    seasons: list[float] = field(default_factory=list)
    season_length: int = 0

    def take_in(self, number: float, rule: Rule) -> None:
        """Take in what was seen in the next period."""
        self.seen.append(number)
        first = len(self.seen) == 1
        self.smoothed = number if first else self.smoothed + rule.level_weight * (number - self.smoothed)
        if self.season_length == rule.season_length:
            self.follow(number, rule)
        elif len(self.seen) >= rule.season_length:
            self.begin(rule.season_length)

    def begin(self, length: int) -> None:
        """Begin Holt-Winters with the latest season."""
        latest = range(len(self.seen) - length, len(self.seen))
        self.season_length, self.level, self.trend = length, mean([self.seen[p] for p in latest]), 0.0
        self.seasons = [0.0] * length
        for p in latest:
            self.seasons[p % length] = self.seen[p] - self.level

    def follow(self, number: float, rule: Rule) -> None:
        """Move level, trend and the season of the latest period."""
        place = (len(self.seen) - 1) % self.season_length
        before, expected = self.level, self.level + self.trend
        self.level = rule.level_weight * (number - self.seasons[place]) + (1.0 - rule.level_weight) * expected
        self.trend = rule.trend_weight * (self.level - before) + (1.0 - rule.trend_weight) * self.trend
        kept = (1.0 - rule.season_weight) * self.seasons[place]
        self.seasons[place] = rule.season_weight * (number - expected) + kept

    def foretold(self, rule: Rule) -> float:
        """Return what the next period is expected to be."""
        coming = len(self.seen)
        if rule.method == "holt_winters" and self.season_length == rule.season_length:
            return self.level + self.trend + self.seasons[coming % self.season_length]
        if rule.method in RECURSIONS:
            return self.smoothed
        if rule.method == "moving_average":
            return mean(self.seen[-rule.window :])
        seasonal = rule.method == "seasonal_naive" and coming >= rule.season_length
        return self.seen[coming - rule.season_length] if seasonal else self.seen[-1]


def series_foretold(series: Sequence[float], rule: Rule) -> list[float]:
    """Return the forecast of each period of a series, and of the one after it; nothing foretells the first."""
    log, found = Log(), [math.nan]
    for number in series:
        log.take_in(number, rule)
        found.append(log.foretold(rule))
    return found


def mape(forecasts: Sequence[float], seen: Sequence[float]) -> float:
    """Return the mean of |forecast - seen| / seen over periods that have both."""
    errors = [abs(f - s) / s for f, s in zip(forecasts, seen, strict=True) if not math.isnan(f) and s > 0.0]
    return mean(errors) if errors else math.nan


def bias(forecasts: Sequence[float], seen: Sequence[float]) -> float:
    """Return the sum of errors / the sum of what was seen, over periods with a forecast."""
    pairs = [(f, s) for f, s in zip(forecasts, seen, strict=True) if not math.isnan(f)]
    total = sum(s for _, s in pairs)
    return sum(f - s for f, s in pairs) / total if total != 0.0 else math.nan


@dataclass
class Forecaster:
    """A firm that foretells its visitors: `forecast` of the coming period, variance of its errors.

    until : latest period in the log
    """

    usual: float
    rule: Rule = Rule()
    log: Log = field(default_factory=Log)
    until: int = -1

    def __post_init__(self) -> None:
        """Expect an equal share of all occasions."""
        self.forecast = NO_FORECAST if self.rule.method == "none" else self.usual
        self.variance = self.usual

    def expects(self, t: int) -> bool:
        """Tell whether the firm has a forecast of period t."""
        return self.forecast != NO_FORECAST and self.until == t - 1

    def end(self, t: int, come: int, seen: int, error_weight: float) -> dict[str, int]:
        """Judge the forecast of period t, take in what was seen and foretell the next; return what is counted."""
        counted = dict.fromkeys(COUNTS[1:5], 0)
        if self.until != t - 1:
            self.log = Log()
        if self.rule.method == "none":
            self.forecast = NO_FORECAST
            return counted
        if self.log.seen:
            counted = judged(self.forecast, come)
            self.variance += error_weight * ((self.forecast - seen) ** 2 - self.variance)
        else:
            self.variance = float(seen)
        self.log.take_in(float(seen), self.rule)
        self.forecast, self.until = max(0.0, self.log.foretold(self.rule)), t
        return counted


def judged(forecast: float, come: int) -> dict[str, int]:
    """Return what is counted of a forecast against who came."""
    return {
        "forecast_misses": in_steps(abs(forecast - come) / come) if come else 0,
        "forecast_periods": int(come > 0),
        "forecast_gap": in_steps(forecast - come),
        "forecast_visitors": come,
    }


def expense(method: str, at_the_door: bool, rule_cost: float, recursion_cost: float, door_cost: float) -> int:
    """Return what forecasting costs a period, cents; costs in cu."""
    if method == "none":
        return 0
    analysis = recursion_cost if method in RECURSIONS else rule_cost
    return math.floor(100.0 * (analysis + (door_cost if at_the_door else 0.0)) + 0.5)
