"""Co-production: who takes part in her own service, what that saves, what goes wrong, and who is credited with it.

Claim: who is ready saves staff's time and fits the service to herself, who is not makes mistakes; she takes a part of
the credit, and of the blame only if she could choose; who has to and would not have resents it.
Source: the words of co_production on docs/model.md, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.encounter import clipped
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {
    "usual_readiness": 0.5, "readiness_spread": 0.25, "choosiness": 0.1, "unready_below": 0.4, "time_saved": 0.4,
    "fit_gain": 0.05, "clumsiness": 2.0, "own_credit": 0.15, "own_blame": 0.3, "forced_loss": 0.08, "practice": 0.02,
    "talk": 0.03, "good_from": 0.6, "relieves_line": False,
}  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """What a firm decides: the part that customers are to do, 0-1, and whether they may choose; its scale in cu."""

    participation: float = 0.0
    participation_mode: str = "chosen"  # or "required"
    set_up_scale: float = 0.05

    @property
    def chosen(self) -> bool:
        """Whether customers may choose."""
        return self.participation_mode == "chosen"

    def cost(self, customers: int) -> int:
        """Return what the set-up costs a period in a market of so many customers, 1/100 cent."""
        return customers * hundredths(100.0 * self.set_up_scale * effort(self.participation))

    def part(self, wants: bool) -> float:
        """Return the part that a visitor takes who wants to, or does not."""
        return self.participation if wants or not self.chosen else 0.0

    def unwanted(self, wants: bool) -> float:
        """Return the part that a visitor takes against her will."""
        return 0.0 if wants else self.part(wants)


def drawn_readiness(key: Key, customer: int, p: Mapping[str, Any], replication: int = 0) -> float:
    """Return how ready a customer is as she begins."""
    words = customer_words(key, customer, 0, draw=1, block=0, replication=replication)
    return clipped(p["usual_readiness"] + p["readiness_spread"] * normal(uniform(words[0])))


def draws(key: Key, customer: int, period: int, nth: int, replication: int = 0) -> tuple[float, float]:
    """Return the uniforms of whether a visitor wants to take part, and of whether she tells of it."""
    words = customer_words(key, customer, period, draw=0, block=nth, replication=replication)
    return uniform(words[0]), uniform(words[1])


def chance(readiness: float, p: Mapping[str, Any]) -> float:
    """Return the chance that who may choose takes part."""
    x = (readiness - p["usual_readiness"]) / p["choosiness"]
    return 1.0 / (1.0 + math.exp(min(-x, 88.0)))


def service_time(part: float, readiness: float, p: Mapping[str, Any]) -> float:
    """Return the factor on her minutes of service at the line."""
    return 1.0 - p["time_saved"] * part * readiness


def risk(part: float, readiness: float, p: Mapping[str, Any]) -> float:
    """Return the factor on the risk of a failure."""
    return 1.0 + p["clumsiness"] * part * (1.0 - readiness)


def fit(part: float, readiness: float, p: Mapping[str, Any]) -> float:
    """Return what is added to performance."""
    return p["fit_gain"] * part * readiness


def own_share(gap: float, part: float, chosen: bool, p: Mapping[str, Any]) -> float:
    """Return what attribution adds to satisfaction; gap : performance less expectation."""
    if gap > 0.0:
        return -p["own_credit"] * part * gap
    return p["own_blame"] * part * -gap if chosen else 0.0


def unrounded_relief(part: float, readiness: float, service_cents: int, p: Mapping[str, Any]) -> float:
    """Return what staff need not do, cents, multiplied from left to right."""
    return p["time_saved"] * part * readiness * service_cents


def relief(part: float, readiness: float, service_cents: int, p: Mapping[str, Any]) -> int:
    """Return what staff need not do, in whole cents."""
    return math.floor(unrounded_relief(part, readiness, service_cents, p) + 0.5)


def practised(readiness: float, part: float, p: Mapping[str, Any]) -> float:
    """Return how ready she is after a visit."""
    return readiness + p["practice"] * part * (1.0 - readiness)


def measures(c: Mapping[str, float]) -> dict[str, float]:
    """Return what is measured of a firm from its counts, money in cu."""

    def ratio(part: float, whole: float) -> float:
        return part / whole if whole else math.nan

    taken = c["visits_taken_part"]
    return {
        "participation_rate": ratio(taken, c["visits"]),
        "unready_participant_share": ratio(c["unready_part"], taken),
        "unwilling_participant_share": ratio(c["unwilling_parts"], taken),
        "participant_failure_rate": ratio(c["failed_taking_part"], taken),
        "staff_relief": ratio(-c["staff_relieved"], taken),
        "participant_telling_rate": ratio(c["told_as_participant"], taken),
    }
