"""Outbound: which contacts go by telephone, and what a call that has reached a customer tells her.

Claim: who is called gets no letter; what the letter would have said is told when she is reached, and not at all if she
is not.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_LISTED, LISTED, REACHED = range(3)
CARE, CAMPAIGN = 1, 2


@dataclass(frozen=True)
class Letters:
    """What a firm sends or tells a customer: contacts, a voucher in cents, apologies, and what makes her compare."""

    contacts: float = 0
    offer: int = 0
    apology: float = 0
    waking: float = 0

    def plus(self, other: Letters) -> Letters:
        """Return both together."""
        return Letters(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclass
class Call:
    """The call of a firm to a customer, of which there is at most one."""

    state: int = NOT_LISTED
    periods: int = 0
    about: int = 0
    says: Letters = Letters()

    def turn(self, about: int, letters: Letters, may: bool) -> tuple[Letters, int]:
        """Tell what is due, or take letters over; return what the customer gets of them, and how many calls are new.

        may : whether the firm has somebody who calls, knows her, and the lot says so
        """
        told = Letters()
        if self.state == REACHED and self.about == about:
            self.state, told = NOT_LISTED, self.says
        if self.state == NOT_LISTED and letters.contacts > 0 and may:
            self.state, self.periods, self.about, self.says = LISTED, 0, about, letters
            return told, 1
        return letters.plus(told), 0
