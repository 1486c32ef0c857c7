"""Stances: which levers a firm moves under each, and by how much.

Claim and sources: on the page of the theory, competition.py.

attack    : price cut, advertising, budget for acquisition, quality: to take customers from rivals
defend    : fewer failures, points, contacts and compensation for who is a customer; nothing for who is not
retreat   : dearer, no advertising and acquisition, less capacity, quality and fixed cost
introduce : quality, advertising, outlets: of a new market
build     : advertising and capacity: of a growing one
hold      : promotion and fewer failures: of a mature one
harvest   : less advertising, acquisition and outlets: of a declining one
watch     : nothing; the firm looks at its rivals
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

STANCES = ("none", "watch", "attack", "defend", "retreat", "introduce", "build", "hold", "harvest")
NONE, WATCH, ATTACK, DEFEND, RETREAT, INTRODUCE, BUILD, HOLD, HARVEST = range(len(STANCES))
AWAY = -1  # the stance of a firm that is not open


@dataclass(frozen=True)
class Move:
    """What a stance does to a lever.

    theory : without which the lever is left alone      policy : the lever's section in a firm; "" = the firm itself
    how    : "times", base * (1 + size); "plus", base + size; "towards", base + size * (1 - base)
    sign   : of the size      size : name of the parameter; "" = 1
    """

    theory: str
    policy: str
    lever: str
    how: Literal["times", "plus", "towards"]
    sign: int
    size: str


PRICE = Move("accounts", "", "price", "times", -1, "price_cut")
QUALITY = Move("encounter", "service", "quality", "towards", 1, "quality_step")
_ADVERTISING = Move("advertising", "advertising", "advertising_spend", "plus", 1, "advertising_push")
_FAILURES = Move("encounter", "service", "failure_rate", "times", -1, "failure_cut")
_CAPACITY = (
    ("waiting_line", "waiting_line", "servers"), ("contact_centre", "contact_centre", "agents"),
    ("bookings", "bookings", "places"),
)  # fmt: skip
_BUDGETS = (("advertising", "advertising", "advertising_spend"), ("win_back", "win_back", "acquisition_budget"))
_OUTLETS = ("convenience", "convenience", "outlets")
MOVES: Mapping[int, tuple[Move, ...]] = {
    NONE: (),
    WATCH: (),
    ATTACK: (
        PRICE, QUALITY, _ADVERTISING,
        Move("win_back", "win_back", "acquisition_budget", "times", 1, "acquisition_rise"),
    ),
    DEFEND: (
        _FAILURES,
        Move("rewards", "program", "earn_rate", "times", 1, "benefit_rise"),
        Move("rewards", "program", "earn_per_visit", "times", 1, "benefit_rise"),
        Move("care", "care", "regular_contact", "times", 1, "contact_rise"),
        Move("recovery", "recovery", "compensation", "times", 1, "compensation_rise"),
    ),
    RETREAT: (
        Move("accounts", "", "price", "times", 1, "price_rise"),
        Move("encounter", "service", "quality", "times", -1, "quality_cut"),
        Move("accounts", "", "fixed_cost", "times", -1, "fixed_cut"),
        *(Move(*lever, "times", -1, "") for lever in _BUDGETS),
        *(Move(*lever, "times", -1, "capacity_cut") for lever in (*_CAPACITY, _OUTLETS)),
    ),
    INTRODUCE: (QUALITY, _ADVERTISING, Move(*_OUTLETS, "times", 1, "capacity_rise")),
    BUILD: (_ADVERTISING, *(Move(*lever, "times", 1, "capacity_rise") for lever in _CAPACITY)),
    HOLD: (Move("accounts", "", "price", "times", -1, "promotion"), _FAILURES),
    HARVEST: (
        *(Move(*lever, "times", -1, "budget_cut") for lever in _BUDGETS), Move(*_OUTLETS, "times", -1, "capacity_cut"),
    ),
}  # fmt: skip
LEVERS: tuple[tuple[str, str, str], ...] = tuple(
    dict.fromkeys((move.theory, move.policy, move.lever) for moves in MOVES.values() for move in moves)
)


def strength_against(contribution: float, best_rival: float, most: float) -> float:
    """Return a firm's contribution as a multiple of its strongest rival's, in [0, most].

    Contribution is revenue less cost of goods: share times margin, both times the revenue of the market, which cancels.
    What is below 0 counts as 0. Without a rival that earns anything it is `most`, or 1 if the firm earns nothing too.
    """
    own, rival = max(contribution, 0.0), max(best_rival, 0.0)
    if rival == 0.0:
        return most if own > 0.0 else 1.0
    return min(own / rival, most)


@dataclass(frozen=True)
class Rule:
    """When a firm that decides by itself takes which stance.

    attack_from, retreat_below : relative strength      band : by which a stance in force may miss its limit
    loss_from : net loss of customers to rivals over the window, as a share      retreat_after : periods of weakness
    least     : periods for which a stance is kept
    """

    attack_from: float
    retreat_below: float
    band: float
    loss_from: float
    retreat_after: int
    least: int

    def next(self, stance: int, held_for: int, strength: float, loss: float, weak_for: int) -> int:
        """Return the stance after a review: NONE stands for none of the three.

        stance   : in force, for `held_for` periods; one of attack, defend and retreat stays for `least` periods
        strength : relative strength      loss : net loss to rivals      weak_for : periods since weakness was seen

        A stance of the three is kept while it still fits with its limits of strength moved by `band` (attack: from
        `attack_from`, retreat: below `retreat_below`, defend: between the two), and its firm still loses customers
        (loss > 0), which retreat does not ask. Otherwise: retreat, if weak (strength < retreat_below) for
        `retreat_after` periods; where loss >= loss_from attack if strength >= attack_from, else defend; else none.
        """
        if stance in (ATTACK, DEFEND, RETREAT) and (held_for < self.least or self._fits_still(stance, strength, loss)):
            return stance
        if strength < self.retreat_below and weak_for >= self.retreat_after:
            return RETREAT
        if loss >= self.loss_from:
            return ATTACK if strength >= self.attack_from else DEFEND
        return NONE

    def _fits_still(self, stance: int, strength: float, loss: float) -> bool:
        if stance == RETREAT:
            return strength < self.retreat_below + self.band
        if stance == ATTACK:
            return loss > 0.0 and strength >= self.attack_from - self.band
        return loss > 0.0 and self.retreat_below - self.band <= strength < self.attack_from + self.band
