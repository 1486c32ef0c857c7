"""Forecasting: each firm foretells the visitors of the coming period from its own log.   Uses no neighbours.

Claim: a firm sees who came to it, and foretells from that by a rule; what comes back with the season is foretold by
what was a season ago, what is random is best met by a mean of many periods. A firm that counts at the till alone does
not see who was not served, and foretells too little.
Source: definitions of the rules (see abm/capacity/forecasts.py); weights and costs are assumed.

What acts on the forecast reads `visits_forecast`, the visitors expected in period `logged_until + 1`, and
`visits_variance`, what the firm's own errors have been. A firm knows its own log and nothing of needs or of its rivals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from abm.capacity.forecasts import LAGS, METHODS, STATE, foretold, smoothed, take_in
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

NO_FORECAST = -1.0
_DOOR = 1  # code of where everybody is counted
_RULES = METHODS[:3]  # methods that look up and add; the others carry a recursion along
_NO_ERRORS = "no firm forecasts, or its log has just begun"


@equation(double=True)
def in_whole_steps(x):
    """Return a number of either sign in whole 2^-20, rounded half up."""
    return np.int64(np.floor(x * FIXED_POINT + 0.5))


@kernel
def count_at_the_door(visit_count, visit_firm, came_by):
    """Count who came to each firm in the period, whatever came of it; a visit to none, -1, is nobody's.

    came_by  tally, the last place of which is nobody's [written]
    """
    for v in range(visit_count[0]):
        came_by[visit_firm[v]] += 1


@kernel(per="market", double=True)
def judge_forecast(
    visits_variance, visits_forecast, periods_logged, visitors_seen, visitors_come, forecast_method, error_weight,
    forecast_misses, forecast_gap, forecast_periods, forecast_visitors,
):  # fmt: skip
    """Hold the forecast of the period that ends against who came, for firms that forecast.

    The first period of a log is not judged, as nothing was foretold from it; its visitors are the first variance, as if
    visits were Poisson. Later the variance moves by `error_weight` of the way to (visits_forecast - visitors_seen)².
    What is counted is the error against all who came: |visits_forecast - come| / come, if anybody came, and
    visits_forecast - come in any case, both in whole 2^-20, rounded half up. `error_weight` is the number that float32
    holds.

    visits_variance (m,)  visitors²  [written]      forecast_misses, forecast_periods (periods in which anybody came),
    forecast_gap, forecast_visitors (who came)  tallies [written]
    """
    for j in range(forecast_method.shape[0]):
        if forecast_method[j] > 0 and periods_logged[j] == 0:
            visits_variance[j] = visitors_seen[j]
        elif forecast_method[j] > 0:
            error, gap = visits_forecast[j] - visitors_seen[j], visits_forecast[j] - visitors_come[j]
            visits_variance[j] = smoothed(visits_variance[j], error * error, error_weight)
            if visitors_come[j] > 0:
                forecast_misses[j] += in_whole_steps(abs(gap) / visitors_come[j])
                forecast_periods[j] += 1
            forecast_gap[j] += in_whole_steps(gap)
            forecast_visitors[j] += visitors_come[j]


@kernel(per="market", double=True)
def forecast_visits(
    visits_forecast, periods_logged, logged_until, forecast_state, season_entries, visits_seen, visitors_seen,
    forecast_method, forecast_window, season_length, level_weight, trend_weight, season_weight, t,
):  # fmt: skip
    """Take the visitors seen into each firm's log and foretell those of the next period, at least 0.

    The rules are `take_in` and `foretold` of abm/capacity/forecasts.py, in float64, by the method of code
    `forecast_method - 1`; weights are the numbers that float32 holds. A firm of method 0 has no forecast, -1, and its
    log is left as it is.

    visits_forecast (m,)  visitors, periods_logged (m,), logged_until (m,)  the period t, forecast_state (m, 4),
    season_entries, visits_seen (m, 366)  visitors, period p of the log at place p modulo 366  [written]
    """
    for j in range(forecast_method.shape[0]):
        if forecast_method[j] > 0:
            logged, length = periods_logged[j], np.int64(season_length[j])
            a, b, c = np.float64(level_weight[j]), np.float64(trend_weight[j]), np.float64(season_weight[j])
            state, seasons, past = forecast_state[j], season_entries[j], visits_seen[j]
            take_in(state, seasons, past, np.float64(visitors_seen[j]), logged, length, a, b, c)
            next_one = foretold(forecast_method[j] - 1, state, seasons, past, logged, forecast_window[j], length)
            visits_forecast[j] = max(0.0, next_one)
            periods_logged[j] = logged + 1
            logged_until[j] = t
        else:
            visits_forecast[j] = NO_FORECAST


@kernel(per="market")
def book_forecasting(forecasting_expense, forecasting):
    """Book what analysis and counting cost.  forecasting  tally, in cents [written]"""
    for j in range(forecasting_expense.shape[0]):
        forecasting[j] += forecasting_expense[j]


@kpi(unit="ratio", better="less", nan=_NO_ERRORS)
def forecast_error(c: Tallied) -> FloatArray:
    """MAPE: mean of |visitors foretold - visitors who came| / visitors who came, over periods in which anybody came."""
    return c.forecast_misses / c.forecast_periods


@kpi(unit="ratio", nan=_NO_ERRORS)
def forecast_bias(c: Tallied) -> FloatArray:
    """Sum of visitors foretold - visitors who came / visitors who came: below 0 the firm foretells too few."""
    return c.forecast_gap / c.forecast_visitors


class ForecastingPolicy(Policy):
    """How a firm foretells its visitors, and where it counts them."""

    name = "forecasting"
    given: ClassVar = {
        "forecast_rule_cost": "what an hour of analysis costs is given to a firm",
        "forecast_recursion_cost": "what an hour of analysis costs is given to a firm",
        "door_count_cost": "what it takes to count at a door is given to a firm",
    }
    free: ClassVar = dict.fromkeys(
        ("forecast_window", "season_length", "level_weight", "trend_weight", "season_weight"),
        "a number in a rule, which costs the same whatever the number",
    )
    forecast_method: Literal[
        "none", "naive", "seasonal_naive", "moving_average", "exponential_smoothing", "holt_winters"
    ] = param("none", unit="name", evidence="assumed", doc="rule by which visitors are foretold; none = not at all")
    counting: Literal["till", "door"] = param(
        "till", unit="name", evidence="assumed", doc="who is seen: only who was served, or everybody who came"
    )
    forecast_window: int = param(
        8, unit="periods", bounds=(1, LAGS), evidence="assumed", doc="periods of a moving average"
    )
    season_length: int = param(
        52, unit="periods", bounds=(1, LAGS), evidence="assumed", doc="periods after which a season comes back"
    )
    level_weight: float = param(
        0.3, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="weight of the latest period in the smoothed level, and in that of Holt-Winters",
    )  # fmt: skip
    trend_weight: float = param(
        0.05, unit="1/period", bounds=(0, 1), evidence="assumed", doc="weight of the latest change in the trend"
    )
    season_weight: float = param(
        0.3, unit="1/season", bounds=(0, 1), evidence="assumed", doc="weight of the latest season in a season's entry"
    )
    forecast_rule_cost: float = param(
        0.5, unit="cu/period", bounds=(0, 1e6), evidence="assumed",
        doc="cost of naive, seasonal_naive and moving_average forecasts",
    )  # fmt: skip
    forecast_recursion_cost: float = param(
        1.0, unit="cu/period", bounds=(0, 1e6), evidence="assumed",
        doc="cost of exponential_smoothing and holt_winters forecasts",
    )  # fmt: skip
    door_count_cost: float = param(
        1.0, unit="cu/period", bounds=(0, 1e6), evidence="assumed", doc="cost of counting everybody who comes"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what forecasting costs a period: nothing for who does not, else by its method and the counting."""
        if self.forecast_method == "none":
            return {"forecasting_expense": (CENTS, 0.0)}
        analysis = self.forecast_rule_cost if self.forecast_method in _RULES else self.forecast_recursion_cost
        counting = self.door_count_cost if self.counting == "door" else 0.0
        return {"forecasting_expense": (CENTS, analysis + counting)}


class Forecasting(Mechanism):
    """Visitors are foretold, firm by firm."""

    name = "forecasting"
    serves = ("A13",)
    policy = ForecastingPolicy
    owns = (
        Column("visits_forecast", ("firm",), NO_FORECAST, "visitors", "expected in the period, -1 = none", "float64"),
        Column("visits_variance", ("firm",), 0, "visitors²", "of the errors of the firm's forecasts", "float64"),
        Column("usual_visits", ("firm",), 0, "visitors", "the market's mean occasions a period / firms", "float64"),
        Column("visitors_seen", ("firm",), 0, "visitors", "that the firm saw in the period", "int64"),
        Column("visitors_come", ("firm",), 0, "visitors", "who came in the period", "int64"),
        Column("visits_seen", ("firm", "lag"), 0, "visitors", "log of the firm, in a ring", "float64"),
        Column("periods_logged", ("firm",), 0, "periods", "that the log of the firm has", "int64"),
        Column("logged_until", ("firm",), -1, "period", "latest in the log of the firm", "int64"),
        Column("forecast_state", ("firm", "forecast_part"), 0, "visitors", "smoothed, level, trend, season", "float64"),
        Column("season_entries", ("firm", "lag"), 0, "visitors", "what the season adds to the level", "float64"),
    )
    counts = (
        Tally("came_by", "visitors", "who came to the firm, whatever came of it"),
        Tally("forecast_misses", "ratio", "sum over periods of the relative errors of forecasts", 1 / FIXED_POINT),
        Tally("forecast_periods", "periods", "in this sum"),
        Tally("forecast_gap", "visitors", "sum over periods of visitors foretold - visitors who came", 1 / FIXED_POINT),
        Tally("forecast_visitors", "visitors", "who came in these periods"),
        Tally("forecasting", "cu", "cost of forecasts and of counting at the door", CENT, account="lever"),
    )
    kpis = (forecast_error, forecast_bias)
    error_weight: float = param(
        0.1, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="weight of the latest error in the variance that a firm reckons with",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what is seen, judged, foretold and booked, if any firm forecasts."""
        if not any(policy.forecast_method != "none" for policy in policies):
            return ()
        books = (self.look_back, judge_forecast, forecast_visits, book_forecasting)
        return ((Phase.ADMISSION, count_at_the_door), *((Phase.BOOKS, act) for act in books))

    def look_back(self, world: World, t: int) -> None:
        """Note who came to each firm in the period, and whom it saw: those served, or counted at the door everybody.

        Where a firm has not forecast in the period before, its log begins anew, and with it all that rules carry along:
        they know of no gap.
        """
        c, m = world.customers, world.m
        broken_off = c.logged_until != t - 1
        c.periods_logged[broken_off] = 0
        c.forecast_state[broken_off] = 0.0
        for name, noted in (("came_by", c.visitors_come), ("visits", c.visitors_seen)):
            noted[:] = world.layout.part(world.counted, name).sum(axis=0)[:m]
        at_the_door = world.firms.counting == _DOOR
        c.visitors_seen[at_the_door] = c.visitors_come[at_the_door]

    def axes(self) -> Mapping[str, int]:
        """Return how far the log of a firm reaches back, and the numbers of a recursion."""
        return {"lag": LAGS, "forecast_part": STATE}

    def begin(self, world: World, seed: int) -> None:
        """Let firms that forecast expect an equal share of all occasions, until they have a log."""
        c = world.customers
        # An exact sum, as rows may lie in any order
        c.usual_visits.fill(math.fsum(c.purchase_rate.astype(np.float64)) / world.m)
        forecasting = world.firms.forecast_method > 0
        c.visits_forecast[:] = np.where(forecasting, c.usual_visits, NO_FORECAST)
        c.visits_variance[:] = c.usual_visits
