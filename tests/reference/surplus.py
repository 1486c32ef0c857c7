"""Surplus: what each relation brings the customer, what it brings the firm, and who gains.

Claim: she gains what a visit is worth to her above buying nowhere, the price paid and the cost of leaving aside; the
firm gains what she paid less goods and what levers cost on her visits.
Source: docs/model.md, surplus, and docs/how-to/loyalty.md, without a look at the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.accounts import hundredths


def of_visit(basket: float, utility: float | None, nowhere: float, price_response: float) -> float:
    """Return what a visit is worth to her above buying nowhere, cu; 0 if prices do not weigh with her.

    utility : of the firm, without the cost of leaving; None if she does not consider the firm and is bound to it: 0
    """
    return basket * (utility - nowhere) / price_response if price_response > 0.0 and utility is not None else 0.0


@dataclass
class Relation:
    """What a customer and a firm have brought each other since the books were opened, cents, and on how many visits."""

    hers: int = 0
    margin: int = 0
    visits: int = 0

    def book(self, surplus: float, paid: int, goods: int, levers: int) -> None:
        """Book both sides of a visit: surplus in cu, the rest in cents."""
        self.hers += hundredths(surplus)
        self.margin += paid - goods - levers
        self.visits += 1

    @property
    def kind(self) -> str | None:
        """Return who gains, by the names of the tallies; None without a visit."""
        if not self.visits:
            return None
        of = {
            (True, True): "cooperations",
            (True, False): "friends",
            (False, True): "suppliers",
            (False, False): "no_relations",
        }
        return of[self.hers > 0, self.margin > 0]
