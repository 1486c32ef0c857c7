"""Competition in plain Python, firm by firm: what is known of rivals, which stance follows, where it moves levers.

Claim: docs/model.md, "competition"; what is read of the books is told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.reference.random_numbers import Key, customer_words, normal, uniform

STANCES = ("none", "watch", "attack", "defend", "retreat", "introduce", "build", "hold", "harvest")
THREE = ("attack", "defend", "retreat")
MOST = 10.0  # of relative strength
STEP = 2.0**-20

# stance -> lever -> how it is moved, sign, name of the size ("" = by all of it)
MOVES: dict[str, dict[str, tuple[str, int, str]]] = {
    "none": {},
    "watch": {},
    "attack": {
        "price": ("times", -1, "price_cut"),
        "quality": ("towards", 1, "quality_step"),
        "advertising_spend": ("plus", 1, "advertising_push"),
        "acquisition_budget": ("times", 1, "acquisition_rise"),
    },
    "defend": {
        "failure_rate": ("times", -1, "failure_cut"),
        "earn_rate": ("times", 1, "benefit_rise"),
        "earn_per_visit": ("times", 1, "benefit_rise"),
        "regular_contact": ("times", 1, "contact_rise"),
        "compensation": ("times", 1, "compensation_rise"),
    },
    "retreat": {
        "price": ("times", 1, "price_rise"),
        "quality": ("times", -1, "quality_cut"),
        "fixed_cost": ("times", -1, "fixed_cut"),
        "advertising_spend": ("times", -1, ""),
        "acquisition_budget": ("times", -1, ""),
        "servers": ("times", -1, "capacity_cut"),
        "agents": ("times", -1, "capacity_cut"),
        "places": ("times", -1, "capacity_cut"),
        "outlets": ("times", -1, "capacity_cut"),
    },
    "introduce": {
        "quality": ("towards", 1, "quality_step"),
        "advertising_spend": ("plus", 1, "advertising_push"),
        "outlets": ("times", 1, "capacity_rise"),
    },
    "build": {
        "advertising_spend": ("plus", 1, "advertising_push"),
        "servers": ("times", 1, "capacity_rise"),
        "agents": ("times", 1, "capacity_rise"),
        "places": ("times", 1, "capacity_rise"),
    },
    "hold": {"price": ("times", -1, "promotion"), "failure_rate": ("times", -1, "failure_cut")},
    "harvest": {
        "advertising_spend": ("times", -1, "budget_cut"),
        "acquisition_budget": ("times", -1, "budget_cut"),
        "outlets": ("times", -1, "capacity_cut"),
    },
}
LEVERS = {  # lever -> theory and section of the firm
    "price": ("accounts", ""),
    "fixed_cost": ("accounts", ""),
    "quality": ("encounter", "service"),
    "failure_rate": ("encounter", "service"),
    "advertising_spend": ("advertising", "advertising"),
    "acquisition_budget": ("win_back", "win_back"),
    "earn_rate": ("rewards", "program"),
    "earn_per_visit": ("rewards", "program"),
    "regular_contact": ("care", "care"),
    "compensation": ("recovery", "recovery"),
    "servers": ("waiting_line", "waiting_line"),
    "agents": ("contact_centre", "contact_centre"),
    "places": ("bookings", "bookings"),
    "outlets": ("convenience", "convenience"),
}


def moved(how: str, sign: int, base: float, size: float) -> float:
    """Return where a move takes a lever."""
    if how == "times":
        return base * (1.0 + sign * size)
    return base + sign * size * ((1.0 - base) if how == "towards" else 1.0)


def held_within(value: float, base: float, least: float, most: float, is_whole: bool) -> float:
    """Return a value within bounds, or no further outside than the base; whole ones away from it, 1 kept."""
    value = min(max(value, min(least, base)), max(most, base))
    if is_whole:
        value = round(value, 9)
        value = float(math.ceil(value) if value > base else math.floor(value))
        value = max(value, 1.0) if base >= 1 else value
    return value


def strength(own: float, best_rival: float) -> float:
    """Return what a firm earns as a multiple of its strongest rival, 0 to 10."""
    own, best_rival = max(own, 0.0), max(best_rival, 0.0)
    if best_rival == 0:
        return MOST if own > 0 else 1.0
    return min(own / best_rival, MOST)


def net_loss(held: int, lost: int, won: int, window: int) -> float:
    """Return net loss to rivals over a window, as a share of the customers held on average."""
    return (lost - won) / (held / window) if held else 0.0


@dataclass(frozen=True)
class Rule:
    """When a firm that decides by itself takes which stance."""

    attack_from: float = 1.1
    retreat_below: float = 0.8
    band: float = 0.05
    loss_from: float = 0.05
    retreat_after: int = 26
    least: int = 13

    def fits_still(self, stance: str, strong: float, loss: float) -> bool:
        """Tell whether a stance still fits, its limit moved by the band."""
        if stance == "retreat":
            return strong < self.retreat_below + self.band
        if stance == "attack":
            return loss > 0 and strong >= self.attack_from - self.band
        even = self.retreat_below - self.band <= strong < self.attack_from + self.band
        return stance == "defend" and loss > 0 and even

    def next(self, stance: str, held_for: int, strong: float, loss: float, weak_for: int) -> str:
        """Return the stance after a review; none where it is none of the three."""
        if stance in THREE and (held_for < self.least or self.fits_still(stance, strong, loss)):
            return stance
        if strong < self.retreat_below and weak_for >= self.retreat_after:
            return "retreat"
        if loss >= self.loss_from:
            return "attack" if strong >= self.attack_from else "defend"
        return "none"


def tested(key: Key, firm: int, t: int, replication: int, quality: float, noise: float) -> float:
    """Return quality as a public test reads it."""
    z = normal(uniform(customer_words(key, firm, t, draw=0, block=0, replication=replication)[0]))
    return min(max(quality + noise * z, 0.0), 1.0)


def in_steps(value: float) -> int:
    """Return a number in whole 2**-20, cut off."""
    return math.floor(value / STEP)


def price_noted(price: float) -> int:
    """Return a price in whole 2**-20."""
    return in_steps(min(price, 2047.0))


def noted(code: int, price: float, strong: float) -> dict[str, int]:
    """Return what is noted of a firm in a period, but for its quality.  code : place of its stance, -1 = away"""
    is_open, is_read = code >= 0, code >= 0 and strong >= 0
    return {
        "watched_periods": int(is_open),
        "price_noted": price_noted(price) if is_open else 0,
        "strength_sum": in_steps(strong) if is_read else 0,
        "strength_periods": int(is_read),
    }


def switchers(before: Sequence[int], after: Sequence[int], firms: int) -> dict[str, list[int]]:
    """Return whom firms held, and nobody, and who went over from one firm to another."""
    found = {name: [0] * (firms + 1) for name in ("held_customers", "lost_customers", "won_customers")}
    for old, new in zip(before, after, strict=True):
        found["held_customers"][old] += 1
        if old >= 0 and new >= 0 and old != new:
            found["lost_customers"][old] += 1
            found["won_customers"][new] += 1
    return found


@dataclass
class Seen:
    """What everybody may read of a firm, summed over a window."""

    contribution: int  # cents
    held: int
    lost: int
    won: int
    watched: int  # periods in which it was open
    price: int  # steps
    quality: int  # steps


@dataclass
class Lever:
    """A lever of a firm: what the scenario says, what a stance starts from, where it was put.  None = not yet."""

    said: float | None = None
    base: float | None = None
    put: float | None = None

    def rebase(self, said: float, now: float) -> float:
        """Return the base in a period: what is newly said, else where somebody has moved it."""
        if self.base is None:
            self.base = now
        elif said != self.said:
            self.base = said
        elif now != self.put:
            self.base = now
        self.said = said
        return self.base


@dataclass
class Firm:
    """What a firm knows, and how it stands."""

    stance: str = "none"  # "away" = not open
    since: int = 0
    weak_since: int = -1
    strong: float = -1.0  # as float32 holds it
    loss: float = 0.0
    rival_price: float = math.nan
    rival_quality: float = math.nan
    levers: dict[str, Lever] = field(default_factory=lambda: {name: Lever() for name in LEVERS})

    def look(self, t: int, own: Seen, rivals: Sequence[Seen], window: int, retreat_below: float) -> None:
        """Read a window of the firm and its open rivals."""
        strong = strength(own.contribution, max((one.contribution for one in rivals), default=0))
        self.strong = float(np.float32(strong))
        self.loss = net_loss(own.held, own.lost, own.won, window)
        if self.strong >= retreat_below:
            self.weak_since = -1
        elif self.weak_since < 0:
            self.weak_since = t
        met = [one for one in rivals if one.watched]
        self.rival_price = min((one.price * STEP / one.watched for one in met), default=math.nan)
        self.rival_quality = max((one.quality * STEP / one.watched for one in met), default=math.nan)

    def decide(self, t: int, told: str, stage: int, stage_stances: Sequence[str], rule: Rule, is_review: bool) -> None:
        """Take the stance of a period."""
        stance = told
        if told == "by_stage":
            stance = stage_stances[max(stage, 0)]
        elif told == "auto":
            stance = self.stance if self.stance in THREE else "watch"
            if is_review and self.strong >= 0:
                weak_for = t - self.weak_since if self.weak_since >= 0 else -1
                stance = rule.next(self.stance, t - self.since, self.strong, self.loss, weak_for)
                stance = "watch" if stance == "none" else stance
        self.stand(t, stance)

    def stand(self, t: int, stance: str) -> None:
        """Let a stance be in force."""
        if stance != self.stance:
            self.stance, self.since = stance, t

    def aims(self, name: str, base: float, sizes: Mapping[str, float], unit_cost: float) -> float:
        """Return where the stance wants a lever."""
        if name not in MOVES[self.stance]:
            return base
        how, sign, called = MOVES[self.stance][name]
        size = sizes[called] if called else 1.0
        if self.stance == "attack" and name == "quality" and base >= self.rival_quality + size:
            return base
        if self.stance == "attack" and name == "price":
            if base <= self.rival_price * (1.0 - size):
                return base
            return max(moved(how, sign, base, size), min(unit_cost, base))
        return moved(how, sign, base, size)

    def move(self, name: str, said: float, now: float, sizes: Mapping[str, float], unit_cost: float, of: Any) -> float:
        """Return where a lever is put.  of : least, most, is_whole, and how a number is held"""
        lever = self.levers[name]
        base = lever.rebase(said, now)
        aim = self.aims(name, base, sizes, unit_cost)
        lever.put = of.held(base if aim == base else held_within(aim, base, of.least, of.most, of.is_whole))
        return lever.put


def share(counted: Mapping[str, Any], *stances: str) -> float:
    """Return the share of the periods in the market in which a firm stands so."""
    periods = sum(counted["stance_periods"][STANCES.index(stance) - 2] for stance in stances)
    return ratio(periods, counted["watched_periods"])


def ratio(part: float, whole: float) -> float:
    """Return a share; of nothing it is not known."""
    return part / whole if whole else math.nan


def measures(counted: Mapping[str, Any]) -> dict[str, float]:
    """Return what is measured of a firm, of sums over periods in the units of the tallies."""
    return {
        "attack_share": share(counted, "attack"),
        "defend_share": share(counted, "defend"),
        "retreat_share": share(counted, "retreat"),
        "stage_strategy_share": share(counted, "introduce", "build", "hold", "harvest"),
        "relative_strength": ratio(counted["strength_sum"], counted["strength_periods"]),
        "lost_to_rivals": ratio(counted["lost_customers"], counted["held_customers"]),
        "net_loss_to_rivals": ratio(counted["lost_customers"] - counted["won_customers"], counted["held_customers"]),
        "posted_price": ratio(counted["price_noted"], counted["watched_periods"]),
    }
