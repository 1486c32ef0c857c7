"""Entry and exit in plain Python: when firms open and close, who knows them, and what becomes of their customers.

Claim: docs/model.md, "entry"; what is in the books is told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.reference.random_numbers import Key, customer_words, uniform

NOT_YET, OPEN, CLOSED = range(3)
PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK = range(5)
NOBODY = -1


@dataclass
class Gate:
    """Whether a firm is in the market; it is until a date says otherwise."""

    state: int = OPEN
    since: int = 0
    opening: bool = False
    closing: bool = False

    def turn(self, t: int, opens: int, closes: int | None, gives_up: bool) -> None:
        """Open and close, as a period opens."""
        if t == 0:
            self.state = NOT_YET if opens > 0 else OPEN
        before = self.state
        if self.state == NOT_YET and t >= opens:
            self.state, self.since = OPEN, t
        if self.state == OPEN and ((closes is not None and t >= closes) or gives_up):
            self.state = CLOSED
        self.opening = before == NOT_YET and self.state == OPEN
        self.closing = before == OPEN and self.state == CLOSED


def lost_money(t: int, books_every: int, exit_after: int | None, since: int, profits: Sequence[Any]) -> bool:
    """Tell whether a firm gives up: it was open, and made a loss, over its last periods.  profits : by period"""
    if exit_after is None or t % books_every or t - since < exit_after:
        return False
    return sum((Fraction(one) for one in profits[t - exit_after : t]), Fraction(0)) < 0


@dataclass
class Customer:
    """What a customer is to the firms of a market, and holds of them."""

    relation: list[int]
    provider: int
    signed: int
    points: list[int]  # hundredths
    provided: list[int]  # cents
    given: list[int]
    member: list[int]
    tier: list[int]
    qualifying_spend: list[int]
    aware: list[int]

    def part(self, j: int) -> int:
        """End what there is with a firm that closes; return whether she was its customer."""
        was = self.relation[j] in (ACTIVE, DORMANT, WON_BACK)
        if was:
            self.relation[j] = LOST
        if self.provider == j:
            self.provider, self.signed = NOBODY, NOBODY
        return int(was)

    def forfeit(self, j: int) -> tuple[int, int, int]:
        """Lose all of a programme; return points, cents held for them, and whether she was a member."""
        found = self.points[j], self.provided[j], int(self.member[j] > 0)
        for held in (self.points, self.provided, self.given, self.member, self.tier, self.qualifying_spend):
            held[j] = 0
        return found


PARTED = {"current": 1, "fell_lost": 1, "left_behind": 1}
FORFEITED = {"points_expired": 1, "points_forfeited": 1, "points_outstanding": -1}
RELEASED = {"provision": -1, "provision_held": -1}


def close(customers: Sequence[Customer], j: int) -> dict[str, int]:
    """Part a firm that closes from all customers; return what is counted of it."""
    left = sum(one.part(j) for one in customers)
    lapsed = [one.forfeit(j) for one in customers]
    points, cents, members = (sum(one[k] for one in lapsed) for k in range(3))
    counted = {name: sign * left for name, sign in PARTED.items()}
    counted |= {name: sign * points for name, sign in FORFEITED.items()}
    counted |= {name: sign * cents for name, sign in RELEASED.items()}
    return counted | {"memberships_ended": members}


def knows(key: Key, who: int, t: int, j: int, replication: int, share: float) -> bool:
    """Tell whether a customer knows a firm that opens.  share : as float32 holds it"""
    return uniform(customer_words(key, who, t, draw=0, block=j, replication=replication)[0]) < share


def aware_of(gate: Gate, knew: bool, key: Key, who: int, t: int, j: int, replication: int, share: float) -> bool:
    """Tell whether a customer knows a firm when it has opened or closed."""
    if gate.state != OPEN:
        return False
    return knows(key, who, t, j, replication, share) if gate.opening else knew


def lever(gate: Gate, now: Any, set_: Any, nothing: Any) -> Any:
    """Return a lever of a firm: what it sets when it opens, nothing while it is not open, and else what it is."""
    if gate.opening:
        return set_
    return now if gate.state == OPEN else nothing


def measures(
    open_periods: float, noted_periods: float, left_behind: float, points: float
) -> tuple[float, float, float]:
    """Return the share of periods in which a firm is open, customers left behind, points forfeited; if it is noted."""
    if not noted_periods:
        return math.nan, math.nan, math.nan
    return open_periods / noted_periods, left_behind, points
