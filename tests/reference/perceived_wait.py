"""Perceived wait: what a wait is like, how long it feels, what it takes from satisfaction, and what easing it costs.

Claim: a wait feels longer that is empty, before anybody has taken notice, of unknown length, longer than usual for no
reason, unfair, or in what may be the wrong line; it is judged against the wait that a visitor accepts, is used to, or
was told of.
Source: the written specification of the theory, without a look at its kernels.

Numbers are those that float32 can hold. What is rounded to whole numbers is worked out of them in float64, what time is
worth alone in float32.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, uniform

FACTORS = ("unoccupied", "pre_process", "uncertain", "unexplained", "unfair", "anxious")
EXAMPLE: dict[str, float] = {
    **{"unoccupied": 1.5, "pre_process": 1.25, "uncertain": 2.0, "unexplained": 1.75, "unfair": 3.0, "anxious": 1.125},
    **{"exponent": 1.0, "overrun_weight": 2.0, "greeted_after": 1.0, "excuse": 0.5, "annoyance": 0.15, "halo": 0.1},
    **{"memory": 0.25, "adaptation": 0.5, "time_value": 10.0},
}
COUNTS = ("line_visits", "served_wait", "felt_wait", "told", "overran", "lost_to_waiting", "time_cost")
MINUTES_OF_A_YEAR = 365.25 * 24 * 60


@dataclass
class Firm:
    """What a firm sets: its line and its remedies; without servers it has no line."""

    servers: int = 1
    lines: str = "single"
    discipline: str = "fcfs"
    express_servers: int = 1
    appointments: float = 0.0
    wage: float = 15.0
    occupation: float = 0.0
    occupation_scale: float = 0.02
    greeting: float = 0.0
    greeting_scale: float = 20.0
    explanation: float = 0.0
    explanation_scale: float = 0.2

    @property
    def greeted_part(self) -> float:
        """Part of visitors who are greeted: 1 - e^(-greeting / greeting_scale)."""
        return as_single(1.0 - math.exp(-self.greeting / self.greeting_scale))

    @property
    def others_seem_quicker(self) -> float:
        """Chance that another of her lines was quicker: (L - 1) / L of L parallel lines, express ones not counted."""
        if self.lines != "parallel":
            return 0.0
        choice = max(1, self.servers - (self.express_servers if self.discipline == "express" else 0))
        return (choice - 1) / choice

    @property
    def shows_why(self) -> bool:
        """Whether visitors can see why others go first."""
        return self.lines == "numbers" or self.discipline == "express" or self.appointments > 0.0

    def expenses(self) -> tuple[int, int, int]:
        """Return what an occupied minute, a greeting and an explanation cost, each in 1/100 cent."""
        return (
            hundredths(100.0 * self.occupation_scale * effort(self.occupation)),
            hundredths(100.0 * self.wage / 3600.0 * self.greeting),
            hundredths(100.0 * self.explanation_scale * effort(self.explanation)),
        )


@dataclass
class Visit:
    """A visit: who comes where, for the how manieth time in the period; minutes, and how many overtook her."""

    customer: int
    nth: int
    firm: int
    wait: float
    overtaken: int = 0
    announced: float = -1.0
    accepted: float = 10.0
    pressure: float = 1.0
    parts: list[float] = field(default_factory=list)
    perceived: float = 0.0
    acceptable: float = 1.0


def felt(minutes: float, announced: float, exponent: float, overrun_weight: float) -> float:
    """Return how long a wait feels before its factors: a power of minutes, those beyond the announced weighted."""
    beyond = max(0.0, minutes - announced) if announced >= 0.0 else 0.0
    return (minutes + (overrun_weight - 1.0) * beyond) ** exponent


def lengthened(factor: float, part: float) -> float:
    """Return 1 + (factor - 1) part."""
    return 1.0 + (factor - 1.0) * part


def tolerated(accepted: float, usual: float, announced: float, adaptation: float) -> float:
    """Return the acceptable wait: what she accepts, a part of what she is used to beyond it, or what was announced."""
    used_to = accepted + adaptation * max(0.0, usual - accepted) if usual >= 0.0 else accepted
    return max(used_to, announced) if announced >= 0.0 else used_to


def resented(perceived: float, acceptable: float, pressure: float, annoyance: float) -> float:
    """Return min(1, annoyance * pressure * what is beyond the acceptable wait, in acceptable waits)."""
    return min(1.0, annoyance * pressure * max(0.0, perceived - acceptable) / acceptable)


def impression(perceived: float, acceptable: float) -> float:
    """Return perceived / (perceived + acceptable)."""
    return perceived / (perceived + acceptable)


def unfairness(overtaken: int, excused: bool, excuse: float) -> float:
    """Return k / (k + 1) of k who went first, times `excuse` where the reason can be seen."""
    return overtaken / (overtaken + 1) * (excuse if excused else 1.0)


def remembered(usual: float, wait: float, memory: float) -> float:
    """Return what is remembered of waits after one more; usual below 0 = none before."""
    return wait if usual < 0.0 else usual + memory * (wait - usual)


def whole_seconds(minutes: float) -> int:
    """Return a time in whole seconds, half rounded up; what float32 holds is worked on in float64."""
    return half_up(60.0 * minutes)


def worth_of_time(minutes: float, time_value: float) -> int:
    """Return 100 `time_value` cents for 60 minutes, half rounded up, each step rounded to float32."""
    hours = as_single(minutes / 60.0)
    cents = as_single(as_single(hours * as_single(time_value)) * 100.0)
    return math.floor(as_single(cents + 0.5))


def half_up(amount: float) -> int:
    """Return a whole number, half rounded up."""
    return math.floor(amount + 0.5)


@dataclass
class Waits:
    """All waits of a market: what customers remember of each firm, and what is counted of a period by firm."""

    firms: Sequence[Firm]
    numbers: Mapping[str, float]
    key: Key
    replication: int = 0
    usual: dict[tuple[int, int], float] = field(default_factory=dict)
    counts: dict[str, list[int]] = field(default_factory=dict)
    close: bool = False

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin to count a period."""
        self.counts = {name: [0] * len(self.firms) for name in (*COUNTS, "waiting_remedies")}

    def usual_wait(self, one: Visit) -> float:
        """Return what she remembers of waits at the firm, -1 = nothing."""
        return self.usual.get((one.firm, one.customer), -1.0)

    def pay(self, one: Visit) -> None:
        """Book what it costs to ease the wait of a visitor who has come, served or not, in 1/100 cent."""
        firm = self.firms[one.firm]
        if firm.servers > 0:
            minute, greeting, explanation = firm.expenses()
            paid = half_up(minute * one.wait) + greeting + (explanation if one.wait > 0.0 else 0)
            self.counts["waiting_remedies"][one.firm] += paid

    def describe(self, one: Visit, t: int) -> None:
        """Find for which part of the wait each factor holds, in the order of `FACTORS`."""
        firm, p = self.firms[one.firm], self.numbers
        one.parts = [0.0] * len(FACTORS)
        if one.wait <= 0.0 or firm.servers == 0:
            return
        words = customer_words(self.key, one.customer, t, draw=0, block=one.nth, replication=self.replication)
        greeted, told_why = uniform(words[0]) < firm.greeted_part, uniform(words[1]) < firm.explanation
        self.close |= near(uniform(words[0]), firm.greeted_part, 1e-7)
        usual = self.usual_wait(one)
        usual = one.accepted if usual < 0.0 else usual
        one.parts = [
            1.0 - firm.occupation,
            min(p["greeted_after"], one.wait) / one.wait if greeted else 1.0,
            1.0 if one.announced < 0.0 else 0.0,
            0.0 if told_why else max(0.0, 1.0 - usual / one.wait),
            unfairness(one.overtaken, firm.shows_why, p["excuse"]),
            firm.others_seem_quicker,
        ]

    def feel(self, one: Visit) -> None:
        """Find how long the wait feels, of the parts of it that factors hold for, and how long a one is acceptable."""
        p = self.numbers
        one.perceived, one.acceptable = 0.0, 1.0
        if one.wait <= 0.0 or self.firms[one.firm].servers == 0:
            return
        one.perceived = felt(one.wait, one.announced, p["exponent"], p["overrun_weight"])
        for name, part in zip(FACTORS, one.parts, strict=True):
            one.perceived *= lengthened(p[name], part)
        one.acceptable = tolerated(one.accepted, self.usual_wait(one), one.announced, p["adaptation"])

    def coloured(self, one: Visit) -> float:
        """Return what the wait takes off performance."""
        return self.numbers["halo"] * impression(one.perceived, one.acceptable)

    def loss(self, one: Visit) -> float:
        """Return what the wait takes from satisfaction."""
        return resented(one.perceived, one.acceptable, one.pressure, self.numbers["annoyance"])

    def count(self, one: Visit, lost: float) -> None:
        """Count a visitor who is served, and what the wait took from her satisfaction."""
        if self.firms[one.firm].servers == 0:
            return
        counted = {
            "line_visits": 1,
            "served_wait": whole_seconds(one.wait),
            "felt_wait": whole_seconds(one.perceived),
            "told": int(one.announced >= 0.0),
            "overran": int(0.0 <= one.announced < one.wait),
            "lost_to_waiting": math.floor(lost * 2.0**20),
            "time_cost": worth_of_time(one.wait, self.numbers["time_value"]),
        }
        for name, number in counted.items():
            self.counts[name][one.firm] += number

    def remember(self, one: Visit) -> None:
        """Move what she remembers of waits at a firm with a line; to be served at once is a wait of 0 minutes."""
        if self.firms[one.firm].servers > 0:
            self.usual[one.firm, one.customer] = remembered(self.usual_wait(one), one.wait, self.numbers["memory"])


def measures(c: Mapping[str, Any], waited: float, lived: float) -> dict[str, float]:
    """Return the measures of what is counted: minutes, shares, cu.

    waited : minutes in the firm's lines, by who gave up too       lived : years that all customers lived
    """
    return {
        "mean_perceived_wait": c["felt_wait"] / c["line_visits"],
        "wait_overestimation": c["felt_wait"] / c["served_wait"],
        "overrun_share": c["overran"] / c["told"],
        "waiting_loss": c["lost_to_waiting"] / c["line_visits"],
        "waiting_cost": c["time_cost"] / c["line_visits"],
        "life_waiting": waited / (lived * MINUTES_OF_A_YEAR),
    }
