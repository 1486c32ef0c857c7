"""Waiting line: a firm with few servers lets visitors wait, and some give up, or do not join.   Visitors meet.

Claim: who finds all servers busy waits and leaves when her patience ends; who sees too long a line does not join it;
who is not served goes to another firm, comes again on the same day, or buys nothing. Capacity is that of a branch.
Source: Palm 1957 (impatience; from memory); NAOR_1969 (balking at a length, its limit for `balk_scale = 0`); sizes are
assumed. The day itself: `abm/queues/day.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from abm.core.distributions import Distribution
from abm.core.errors import Refusal
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.waiting_day import fill_records, fill_wants, note_visits, order_arrivals, serve_days
from abm.mechanisms.service.waiting_policy import WaitingLinePolicy
from abm.mechanisms.service.waiting_records import AXES, MOST_DAYS, MOST_INTERVALS, RECORDS
from abm.mechanisms.service.waiting_rules import SECONDS, plan_load, plan_staff, set_lines, set_rules
from abm.mechanisms.service.waiting_visits import (
    book_appointments,
    book_servers,
    count_waits,
    go_elsewhere,
    let_best_first,
    remember_not_served,
)
from abm.mechanisms.sums import Sum
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World

_WEEKS = 52  # of a year


@kpi(unit="share", better="less", nan="nobody came to a line")
def abandonment_rate(c: Tallied) -> FloatArray:
    """Visitors who gave up waiting, and whom no other firm served / visitors who came to the firm's line."""
    return c.gave_up / c.came


@kpi(unit="share", better="less", nan="nobody came to a line")
def balking_rate(c: Tallied) -> FloatArray:
    """Visitors who did not join the line, and whom no other firm served / visitors who came to it."""
    return c.balked / c.came


@kpi(unit="share", better="less", nan="nobody came to a line")
def diverted_share(c: Tallied) -> FloatArray:
    """Visitors who gave up, did not join or were sent away, and whom another firm served / visitors who came."""
    return c.went_elsewhere / c.came


@kpi(unit="share", better="less", nan="nobody came to a line")
def lost_visit_share(c: Tallied) -> FloatArray:
    """Visitors whom the firm did not serve, for whatever reason / visitors who came to its line."""
    return (c.gave_up + c.balked + c.sent_away + c.went_elsewhere) / c.came


@kpi(unit="minutes", better="less", nan="nobody came to a line")
def mean_wait(c: Tallied) -> FloatArray:
    """Minutes waited, by those who gave up too / visitors who came to the firm's line."""
    return c.waited / c.came


@kpi(unit="share", better="more", nan="nobody came to a line")
def service_level(c: Tallied) -> FloatArray:
    """Visitors served after a wait of at most `served_within` / visitors who came to the firm's line."""
    return c.in_time / c.came


@kpi(unit="share", nan="the firm pays no servers")
def occupancy(c: Tallied) -> FloatArray:
    """Minutes of service / minutes of servers on duty; above 1 where they stay after hours for those in line."""
    return c.busy_time / c.paid_time


@kpi(unit="share", better="less", nan="nobody came to a line")
def overtaken_share(c: Tallied) -> FloatArray:
    """Visitors who saw somebody served who came later / visitors who came to the firm's line."""
    return c.passed_over / c.came


class WaitingLine(Mechanism):
    """Visitors wait for a server, and some give up, do not join, or go elsewhere."""

    name = "waiting_line"
    serves = ("A1", "A15")
    policy = WaitingLinePolicy
    owns = (
        Column("wait", ("visit",), 0, "minutes", "time in lines, until service or giving up"),
        Column("overtaken", ("visit",), 0, "visitors", "who came later and were served before her", "uint8"),
        Column("announced_wait", ("visit",), -1, "minutes", "wait that she was told of, -1 = none"),
        Column("accepted_wait", ("visit",), 0, "minutes", "wait that she finds acceptable"),
        Column("moved_to", ("visit",), -1, "firm", "that served her instead of the one chosen, -1 = none", "int32"),
        Column("comes_first", ("visit",), 0, "0-1", "whether she is of class A of the firm", "uint8"),
        Column("branch_days", ("branch",), 1, "days", "of a branch, that a period's visits are", "float64"),
        Column("usual_basket", ("branch",), 1, "cu", "mean basket", "float64"),
        Column("planned_load", ("firm",), 1, "ratio", "visitors that are planned for / an equal share", "float64"),
        Column("paid_minutes", ("firm",), 0, "minutes", "of servers on duty, on a full day", "float64"),
    )
    scratch = RECORDS
    sums = (
        Sum(
            "time_pressure", ("visit",), 1.0, "ratio", "factor on annoyance at a wait, divisor of patience",
            Phase.ARRIVAL,
        ),
    )  # fmt: skip
    writes = ("visit_outcome", "visit_firm", "visit_pair", "visits", "provider", "satisfaction", "expectation")
    counts = (
        Tally("came", "visitors", "visitors who came to the line"),
        Tally("gave_up", "visitors", "of these, who gave up waiting, and were not served by another firm either"),
        Tally("balked", "visitors", "of these, who did not join the line, and were not served by another firm either"),
        Tally("sent_away", "visitors", "of these, who found no room, or nobody to serve them that day, likewise"),
        Tally("went_elsewhere", "visitors", "of these, who were served by another firm instead"),
        Tally("waited", "minutes", "time that they waited", 1 / SECONDS),
        Tally("in_time", "visitors", "of these, served within `served_within`"),
        Tally("passed_over", "visitors", "of these, before whom somebody was served who came later"),
        Tally("busy_time", "minutes", "time of service by servers", 1 / SECONDS),
        Tally("paid_time", "minutes", "time of servers on duty", 1 / SECONDS),
        Tally("staffing", "cu", "cost of servers", CENT, account="lever"),
        Tally("appointments_kept", "cu", "cost of appointments", CENT / 100, account="lever"),
    )
    kpis = (
        abandonment_rate, balking_rate, diverted_share, lost_visit_share, mean_wait, service_level, occupancy,
        overtaken_share,
    )  # fmt: skip
    branch_visits: float = param(
        1000.0, unit="visits/week", bounds=(1, 1e6), evidence="assumed",
        doc="of a branch, whose servers a firm states, if the firm has its equal share of the market's occasions",
    )  # fmt: skip
    minutes_open: float = param(
        600.0, unit="minutes/day", bounds=(0.1, 1440), evidence="assumed", doc="opening hours, all arrive within"
    )
    days_open: float = param(
        6.0, unit="days/week", bounds=(0.1, 7), evidence="assumed", doc="on which a branch is open"
    )
    profile: tuple[float, ...] = param(
        (1.0,), unit="weight", bounds=(0, 1e3), evidence="assumed", doc="of arrivals in equal intervals of the day"
    )
    weekdays: tuple[float, ...] = param(
        (1.0,), unit="weight", bounds=(0, 1e3), evidence="assumed", doc="of arrivals on the days of the week, in turn"
    )
    service_minutes: float = param(10.0, unit="minutes", bounds=(1e-3, 1e4), evidence="assumed", doc="mean service")
    service_kind: Literal["constant", "lognormal", "exponential"] = param(
        "exponential", unit="name", evidence="assumed", doc="how times of service are distributed"
    )
    service_variation: float = param(
        0.5, unit="sd/mean", bounds=(0.01, 5), evidence="assumed", doc="of lognormal times of service"
    )
    patience_minutes: float = param(
        20.0, unit="minutes", bounds=(1e-3, 1e6), evidence="assumed", doc="mean patience in a line"
    )
    patience_kind: Literal["lognormal", "exponential", "weibull"] = param(
        "exponential", unit="name", evidence="assumed", doc="how patience is distributed"
    )
    patience_variation: float = param(
        0.5, unit="sd/mean, or shape", bounds=(0.1, 5), evidence="assumed",
        doc="of lognormal patience; of Weibull patience the shape, above 1 = she tires",
    )  # fmt: skip
    balking: Literal["none", "by_wait"] = param(
        "by_wait", unit="name", evidence="assumed", doc="whether visitors who see too long a line do not join it"
    )
    accepted_minutes: float = param(
        15.0, unit="minutes", bounds=(1e-3, 1e4), evidence="assumed", doc="wait that is acceptable for a usual basket"
    )
    value_exponent: float = param(
        0.5, unit="ratio", bounds=(0, 2), evidence="assumed",
        doc="the more is bought, the longer a wait is acceptable: exponent of basket / usual basket",
    )  # fmt: skip
    balk_scale: float = param(
        5.0, unit="minutes", bounds=(0, 1e4), evidence="assumed",
        doc="how gradually balking sets in around the acceptable wait; 0 = at once",
    )  # fmt: skip
    retry: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed", doc="who was not served and comes again on the day"
    )
    retry_minutes: float = param(
        60.0, unit="minutes", bounds=(0.1, 1e4), evidence="assumed", doc="mean time until she comes again"
    )
    most_tries: int = param(3, unit="times", bounds=(1, 20), evidence="assumed", doc="that she comes on a day")
    elsewhere: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed",
        doc="who was not served and goes to the firm that she likes best after this one, at once",
    )  # fmt: skip
    travel_minutes: float = param(10.0, unit="minutes", bounds=(0, 1e4), evidence="assumed", doc="way to another firm")
    lateness: float = param(
        5.0, unit="minutes", bounds=(0, 1e3), evidence="assumed", doc="sd of arrival around an appointment"
    )
    served_within: float = param(
        5.0, unit="minutes", bounds=(0, 1e4), evidence="assumed", doc="wait that counts as served in time"
    )
    resentment: float = param(
        0.1, unit="share", bounds=(0, 1), evidence="assumed",
        doc="satisfaction with the firm lost by giving up, or by being sent away",
    )  # fmt: skip

    @property
    def day_profile(self) -> np.ndarray:
        """Weights of intervals of the day, as kernels take them."""
        return np.array(self.profile, np.float64)

    @property
    def day_weights(self) -> np.ndarray:
        """Weights of days, as kernels take them."""
        return np.array(self.weekdays, np.float64)

    @property
    def balks_at_lines(self) -> int:
        """Whether visitors look at the line before they join it."""
        return int(self.balking == "by_wait")

    @property
    def services(self) -> np.ndarray:
        """How times of service are distributed, as `abm.core.distributions.draw` takes it."""
        if self.service_kind == "lognormal":
            spread = math.sqrt(math.log1p(self.service_variation**2))
            kind = Distribution(kind="lognormal", mean=self.service_minutes, spread=spread)
        elif self.service_kind == "constant":
            kind = Distribution(kind="constant", value=self.service_minutes)
        else:
            kind = Distribution(kind="exponential", mean=self.service_minutes)
        return np.array(kind.numbers(), np.float64)

    @property
    def patiences(self) -> np.ndarray:
        """How patience is distributed, as `abm.core.distributions.draw` takes it."""
        if self.patience_kind == "lognormal":
            spread = math.sqrt(math.log1p(self.patience_variation**2))
            kind = Distribution(kind="lognormal", mean=self.patience_minutes, spread=spread)
        elif self.patience_kind == "weibull":
            kind = Distribution(kind="weibull", mean=self.patience_minutes, shape=self.patience_variation)
        else:
            kind = Distribution(kind="exponential", mean=self.patience_minutes)
        return np.array(kind.numbers(), np.float64)

    @model_validator(mode="after")
    def _has_weights(self) -> Self:
        for name, most in (("profile", MOST_INTERVALS), ("weekdays", 7)):
            weights = getattr(self, name)
            if not 1 <= len(weights) <= most or not sum(weights) > 0:
                raise Refusal(f"= {list(weights)} is no profile: 1 to {most} weights, not all of them 0", place=name)
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where all firms have servers enough; else the days, what came of visits, and the cost."""
        if not any(policy.servers for policy in policies):
            return ()
        first = any(policy.discipline == "priority" for policy in policies)
        planned = ((Phase.OPERATIONS, plan_load),) if any(policy.follows_forecast for policy in policies) else ()
        elsewhere = ((Phase.ADMISSION, go_elsewhere),) if self.elsewhere > 0 else ()
        kept = ((Phase.BOOKS, book_appointments),) if any(policy.appointments > 0 for policy in policies) else ()
        day = (set_rules, set_lines, plan_staff, order_arrivals, fill_wants, fill_records, serve_days, note_visits)
        return (
            *(((Phase.ARRIVAL, let_best_first),) if first else ()),
            *planned,
            *((Phase.OPERATIONS, kernel) for kernel in day),
            (Phase.ADMISSION, count_waits),
            *elsewhere,
            (Phase.ADMISSION, remember_not_served),
            (Phase.BOOKS, book_servers),
            *kept,
        )

    def fits(self, market: Any) -> None:
        """Refuse that class A comes first where customers are not classed, and to follow forecasts without them."""
        for firm in market.firms:
            if firm.waiting_line.follows_forecast > 0 and (
                market.forecasting is None or firm.forecasting.forecast_method == "none"
            ):
                step = "needs what the firm foretells; give the scenario a section [scenario.forecasting] and set "
                raise Refusal(
                    f"= {firm.waiting_line.follows_forecast:g} {step}firms.{firm.name}.forecasting.forecast_method",
                    place=f"firms.{firm.name}.waiting_line.follows_forecast",
                )
            if firm.waiting_line.discipline == "priority" and market.customer_classes is None:
                raise Refusal(
                    f'firm {firm.name!r} sets waiting_line.discipline = "priority", but the market has no '
                    "customer_classes; give the scenario a section [scenario.customer_classes]"
                )

    def axes(self) -> Mapping[str, int]:
        """Return the lengths of what a day is recorded in."""
        return AXES

    def begin(self, world: World, seed: int) -> None:
        """Work out how many days of a branch a period's visits are: by exact sums, as rows may lie in any order."""
        c = world.customers
        if "branch_days" in c and world.n:
            share = math.fsum(c.purchase_rate.astype(np.float64)) / world.m
            days = share * world.periods_per_year / (_WEEKS * self.branch_visits)
            c.branch_days[0] = min(days * self.days_open * _WEEKS / world.periods_per_year, MOST_DAYS)
            c.usual_basket[0] = math.fsum(c.basket.astype(np.float64)) / world.n
