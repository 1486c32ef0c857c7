"""Customer accounts: what one customer has brought one firm since the run began, in whole cents.

Claim: a visit brings what the visitor pays, less the goods, less what levers cost on that visit; what a firm pays as
a whole is nobody's.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.accounts import goods_cost, hundredths


@dataclass
class Account:
    """The account of a customer at a firm: cents, cents, visits."""

    profit_from_customer: int = 0
    spend_so_far: int = 0
    visits_so_far: int = 0

    def book(self, paid: int, goods: int, levers: int) -> None:
        """Book a visit that was served; what was paid, what was sold and what levers cost on it, in cents."""
        self.profit_from_customer += paid - goods - levers
        self.spend_so_far += paid
        self.visits_so_far += 1


def goods_cents(unit_cost: float, basket: float) -> int:
    """Return what the goods of a visit cost, cents, half rounded up; basket in cu."""
    return hundredths(goods_cost(unit_cost, basket))


def lever_cents(service: float, reward: float = 0.0, amends: int = 0) -> int:
    """Return what levers cost on a visit, cents, each rounded by itself.

    service : of serving a visitor, cu
    reward  : expense of the reward that she redeemed on the visit, cu; 0 if she redeemed none
    amends  : for her complaint, cents; 0 if she did not complain or none were made
    """
    return hundredths(service) + hundredths(reward) + amends
