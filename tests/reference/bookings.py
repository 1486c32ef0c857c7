"""Bookings: places that perish, who gets one of them at which fare, and what becomes of those who do not.

Claim: who books early gets the lower fare, who books late pays the full one; some of those who have booked stay away,
and a firm that accepts more bookings than it has places walks guests at times, who think less of it and tell of it.
Source: the written specification of the theory, without a look at its kernels.

Money is in whole cents. Shares are those that float32 holds; lead times are worked out in float64, and it is noted
where two of them lie so near each other that float32 might order them otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.accounts import hundredths
from tests.reference.booking_rules import BOOKS, Policy, fare_paid, half_up, is_peak, littlewood, part_of, places_of
from tests.reference.closeness import near, near_half
from tests.reference.random_numbers import Key, Words, customer_words, uniform
from tests.reference.waiting_line import exponential

NONE, REFUSED, STAYED_AWAY, WALKED, SEATED = range(5)  # what becomes of a booking
COUNTS = (
    *("bookings", "refused", "no_shows", "walked", "seated", "peak_guests", "places_offered", "empty_places"),
    *("spoiled_places", "early_revenue", "full_revenue", "no_show_fees", "walking_cost", "place_spend"),
)
LEAD_ERROR = 1e-6  # relative, of lead times in float32


@dataclass
class Visitor:
    """Who comes to a firm in a period: row, identity, the number of the visit, kind, and whether she is turned away."""

    row: int
    identity: int
    nth: int
    leisure: bool
    turned_away: bool = False
    booking: int = NONE
    lead: float = 0.0
    shows_up: bool = False


@dataclass
class Firm:
    """A firm with places: what it sets, what it has noted, its places in the period and whom it has on its list.

    counts : of the period, name -> whole number, by the names of COUNTS; money in cents
    close  : whether something lies so near its threshold that float32 might decide otherwise
    """

    policy: Policy
    equal_share_visits: float
    p: dict[str, Any]
    year: int
    fare_open: float = 1.0
    full_mean: float = 0.0
    full_variance: float = 0.0
    noted: int = 0
    places_now: int = 0
    protected_now: int = 0
    reward_now: float = 0.0
    close: bool = False
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    line: list[Visitor] = field(default_factory=list)

    @property
    def takes_bookings(self) -> bool:
        """Whether there is a limit of places."""
        return self.policy.places > 0.0

    def open(self, t: int) -> None:
        """Set places, how many of them are protected, and the reward for coming now."""
        peak = is_peak(t, self.p, self.year)
        self.reward_now = 0.0 if peak else self.policy.off_peak_reward
        self.places_now = places_of(self.policy.places, self.equal_share_visits)
        if peak:
            self.places_now += places_of(self.policy.part_time_places, self.equal_share_visits)
        if self.policy.protection_rule == "littlewood":
            level = littlewood(self.full_mean, self.full_variance, self.policy.early_discount)
            self.close |= near(level - math.floor(level), 0.5, 1e-5 * max(1.0, level))
            self.protected_now = min(self.places_now, half_up(level))
        else:
            self.protected_now = part_of(self.places_now, self.policy.protected)

    def take(self, visitors: Sequence[Visitor], t: int, key: Key, replication: int = 0) -> None:
        """Take bookings in the order of lead times; who is accepted is seated so far, or stays away."""
        self.line = [one for one in visitors if self.takes_bookings and not one.turned_away]
        for one in self.line:
            words = self.luck(key, one, t, replication)
            mean = self.p["leisure_lead" if one.leisure else "business_lead"]
            one.lead = exponential(uniform(words[0]), mean)
            absent = self.p["leisure_no_show" if one.leisure else "business_no_show"]
            self.close |= near(uniform(words[1]), absent, 1e-7)
            one.shows_up = not uniform(words[1]) < absent
        self.line.sort(key=lambda one: (-one.lead, one.identity, one.nth))
        for before, after in zip(self.line, self.line[1:], strict=False):
            self.close |= 0.0 < before.lead - after.lead <= LEAD_ERROR * before.lead
        self.accept()

    def accept(self) -> None:
        """Accept bookings of those on the list, in its order, while there is room for their fare."""
        room, accepted = self.places_now + part_of(self.places_now, self.policy.overbooking), 0
        for one in self.line:
            if accepted < room - (self.protected_now if one.leisure else 0):
                accepted += 1
                one.booking = SEATED if one.shows_up else STAYED_AWAY
            else:
                one.booking = REFUSED

    @staticmethod
    def luck(key: Key, one: Visitor, t: int, replication: int) -> Words:
        """Return the words that decide on a booking: how long ahead it is, and whether she stays away."""
        return customer_words(key, one.identity, t, draw=BOOKS, block=one.nth, replication=replication)

    def walk(self) -> None:
        """Walk the guests for whom there is no place, the lower fare and the latest bookings first."""
        if not self.takes_bookings:
            return
        here = [one for one in self.line if one.booking == SEATED]
        latest_first = [one for leisure in (True, False) for one in reversed(here) if one.leisure == leisure]
        for one in latest_first[: max(0, len(here) - self.places_now)]:
            one.booking = WALKED
        empty = self.places_now - self.number(SEATED)
        self.counts["places_offered"] += self.places_now
        self.counts["empty_places"] += empty
        self.counts["spoiled_places"] += min(empty, self.number(REFUSED))

    def number(self, booking: int) -> int:
        """Return how many bookings had an outcome."""
        return sum(one.booking == booking for one in self.line)

    def note(self) -> None:
        """Note what was asked for at the full fare, and how far the lower one was to be had."""
        if not self.takes_bookings:
            return
        rate = max(self.p["memory_rate"], 1.0 / (self.noted + 1))
        self.noted += 1
        early = [one for one in self.line if one.leisure]
        d = len(self.line) - len(early) - self.full_mean
        self.full_mean += rate * d
        self.full_variance = (1.0 - rate) * (self.full_variance + rate * d * d)
        if early:
            accepted = sum(one.booking != REFUSED for one in early)
            self.fare_open += rate * (accepted / len(early) - self.fare_open)

    def settle(self, one: Visitor, basket: float, price: float, t: int) -> None:
        """Count a booking, charge who stayed away and pay who is walked."""
        if one.booking == NONE:
            return
        names = {REFUSED: "refused", STAYED_AWAY: "no_shows", WALKED: "walked", SEATED: "seated"}
        self.counts["bookings"] += 1
        self.counts[names[one.booking]] += 1
        if one.booking == SEATED and is_peak(t, self.p, self.year):
            self.counts["peak_guests"] += 1
        fare = fare_paid(basket, price, one.leisure, self.policy, self.reward_now)
        if one.booking == STAYED_AWAY:
            self.pay("no_show_fees", fare * self.policy.no_show_fee)
        if one.booking == WALKED:
            self.pay("walking_cost", fare * self.policy.walk_compensation)

    def pay(self, name: str, amount: float) -> None:
        """Book an amount, cu, in whole cents."""
        self.close |= near_half(amount)
        self.counts[name] += hundredths(amount)

    def book_places(self) -> None:
        """Book what places cost, those for a part of the year while they are there."""
        always = places_of(self.policy.places, self.equal_share_visits)
        self.counts["place_spend"] += always * hundredths(self.policy.place_cost)
        self.counts["place_spend"] += (self.places_now - always) * hundredths(self.policy.part_time_cost)


def measures(counted: dict[str, float]) -> dict[str, float]:
    """Return the measures of a firm, from what was counted over some periods; money in cu."""
    paid = counted["early_revenue"] + counted["full_revenue"] + counted["no_show_fees"]
    parts = {
        "load_factor": (counted["seated"], counted["places_offered"]),
        "walked_rate": (counted["walked"], counted["walked"] + counted["seated"]),
        "denied_share": (counted["refused"] + counted["walked"], counted["bookings"]),
        "no_show_rate": (counted["no_shows"], counted["bookings"] - counted["refused"]),
        "revenue_per_place": (paid, counted["places_offered"]),
        "spoilage": (counted["spoiled_places"], counted["places_offered"]),
        "peak_share": (counted["peak_guests"], counted["seated"]),
    }
    return {name: above / below if below else math.nan for name, (above, below) in parts.items()}
