"""Offers: vouchers that firms send to single customers, what they are worth to them, and what they cost.

Claim: a voucher counts like an equal cut of the price of the visit it is used on, and is used on the next visit while
it is valid.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COUNTS = ("offers_received", "offers_redeemed", "offers_cost")


def voucher_worth(cents: int, basket: float, price: float) -> float:
    """Return what a voucher takes off the price index of a visit: its share of the basket, at most the price."""
    return min(price, cents / 100.0 / basket)


def receives(sent: int, known: bool, reachable: bool) -> bool:
    """Tell whether what was sent comes to her: by data that are right, or to a stranger by a list that is."""
    return sent > 0 and (reachable or not known)


@dataclass
class Voucher:
    """What a customer holds of a firm: cents, and the last period in which it is honoured."""

    cents: int = 0
    until: int = -1

    def valid(self, t: int) -> int:
        """Return what can be used in period t, cents."""
        return self.cents if t <= self.until else 0

    def receive(self, sent: int, t: int, honoured_for: int) -> None:
        """Let her keep the larger of what was sent in period t and of what she holds, valid as long as what is new."""
        self.cents, self.until = max(sent, self.valid(t)), t + honoured_for - 1

    def utility(self, t: int, price_response: float, basket: float, price: float) -> float:
        """Return what it adds to the utility of the firm in period t, logit units."""
        return price_response * voucher_worth(self.valid(t), basket, price)

    def redeem(self, paid: int, t: int) -> int:
        """Use it on a visit on which something is paid, and return what it takes off, cents; the rest lapses."""
        used = min(paid, self.valid(t))
        if used > 0:
            self.cents = 0
        return used


class Holdings:
    """The vouchers of all customers of a market, vouchers[j][i] of firm j.

    counts : of the latest period, name -> (firms,), by the names of COUNTS; the cost in cents
    """

    def __init__(self, honoured_for: Sequence[int], customers: int) -> None:
        self.honoured_for = honoured_for
        self.vouchers = [[Voucher() for _ in range(customers)] for _ in honoured_for]
        self.begin()

    def begin(self) -> None:
        """Begin a period."""
        self.counts = {name: [0] * len(self.honoured_for) for name in COUNTS}

    def send(self, t: int, j: int, i: int, cents: int, known: bool, reachable: bool) -> None:
        """Send a customer all that a firm sends her in a period, as one voucher."""
        if receives(cents, known, reachable):
            self.vouchers[j][i].receive(cents, t, self.honoured_for[j])
            self.counts["offers_received"][j] += 1

    def redeem(self, t: int, j: int, i: int, paid: int) -> int:
        """Let a customer pay so many cents on a visit, and return what her voucher takes off."""
        used = self.vouchers[j][i].redeem(paid, t)
        self.counts["offers_redeemed"][j] += used > 0
        self.counts["offers_cost"][j] += used
        return used


def redemption(received: int, redeemed: int) -> float | None:
    """Return vouchers redeemed / vouchers received; None if nobody received any."""
    return redeemed / received if received else None


def yearly_cost(cents: int, customers: int, years: float) -> float:
    """Return what redeemed vouchers cost, cu per customer of the market and year."""
    return cents / 100.0 / (customers * years)
