"""Exit: grievances that are remembered, customers who turn their backs, and the reasons of losses.

Claim: each grievance is remembered, one that was voiced weighs more unless it was handled well; what is remembered may
drive a customer away, less after a long relation, and fades.
Source: docs/model.md, exit, without a look at its kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.reference.complaint import FAILED, NO_COMPLAINT
from tests.reference.random_numbers import Key, customer_words, uniform
from tests.reference.state import LOST

EXAMPLE: dict[str, Any] = {
    "exit_rate": 0.02,
    "half_life": 4.0,
    "voiced": 2.0,
    "offset": 0.6,
    "failed": 1.0,
    "repeated": 0.5,
    "shelter": 10.0,
    "unforgiving": 104,
    "blamed_for": 13,
    "least": 0.001,
}
RESPONSE, COMPETITION, INVOLUNTARY = 7, 8, 9  # codes of reasons, after those of what a visit may be blamed for
REASONS = (None, 0, 1, 2, 3, 4, 4, 5, 6, 7)  # class of each reason; waits and refusals are both inconvenience


def fresh_grievance(memory: float, handling: int, justice: float, parameters: dict[str, Any]) -> float:
    """Return what a bad visit adds to the grievances that are remembered.

    handling : what came of a complaint, if there was one      justice : said of its handling, 0-1
    """
    weight = 1.0
    if handling != NO_COMPLAINT:
        weight = parameters["voiced"] * (1.0 - parameters["offset"] * justice)
    if handling == FAILED:
        weight += parameters["failed"]
    return weight * (1.0 + parameters["repeated"] * memory)


def hazard(memory: float, encounters: float, parameters: dict[str, Any]) -> float:
    """Return the chance of turning one's back in a period."""
    return min(1.0, parameters["exit_rate"] * memory / (1.0 + encounters / parameters["shelter"]))


def draw(key: Key, customer: int, period: int, firm: int, replication: int) -> float:
    """Return the uniform that decides whether a customer turns her back on a firm."""
    return uniform(customer_words(key, customer, period, draw=0, block=firm, replication=replication)[0])


@dataclass
class Bond:
    """What a customer holds against a firm: grievances, period and code of the latest, when she turned, and why lost.

    last_grievance, turned_back : period, -1 = none      blamed, reason : code, 0 = none
    """

    grievance_memory: float = 0.0
    last_grievance: int = -1
    blamed: int = 0
    turned_back: int = -1
    reason: int = 0

    def remember(self, t: int, grievance: int, handling: int, justice: float, parameters: dict[str, Any]) -> None:
        """Remember a grievance of period t, if there is one."""
        if grievance:
            self.grievance_memory += fresh_grievance(self.grievance_memory, handling, justice, parameters)
            self.last_grievance, self.blamed = t, RESPONSE if handling == FAILED else grievance

    def turn(self, t: int, u: float, encounters: float, relation: int, parameters: dict[str, Any]) -> bool:
        """Turn her back if u is below the hazard, let what is remembered fade, and tell whether she turned."""
        turns = relation != LOST and u < hazard(self.grievance_memory, encounters, parameters)
        if turns:
            self.turned_back, self.grievance_memory = t, 0.0
        left = self.grievance_memory * 2.0 ** (-1.0 / parameters["half_life"])
        self.grievance_memory = left if left >= parameters["least"] else 0.0
        return turns

    def is_shunned(self, t: int, parameters: dict[str, Any]) -> bool:
        """Tell whether she leaves the firm out of consideration in period t."""
        return self.turned_back >= 0 and t - self.turned_back <= parameters["unforgiving"]

    def give_reason(self, t: int, relation: int, exited: bool, parameters: dict[str, Any]) -> int | None:
        """Give a lost relation its reason and return the class, if it is newly lost; forget it when it is resumed."""
        if relation != LOST:
            if self.reason:
                self.reason, self.turned_back = 0, -1
        elif not self.reason:
            since = self.last_grievance
            because = since >= 0 and (self.turned_back >= since or t - since <= parameters["blamed_for"])
            self.reason = self.blamed if because else INVOLUNTARY if exited else COMPETITION
            return REASONS[self.reason]
        return None
