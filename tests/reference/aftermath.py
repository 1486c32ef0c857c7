"""Aftermath: the course that each visit took, who came back after it, and who praised it.

Claim: none; these are counts.
Source: docs/model.md, aftermath, without a look at its kernel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.reference.complaint import GOOD, NO_COMPLAINT, NONE

UNDISTURBED, UNNOTICED, SILENT, COMPLAINED, RECOVERED = range(5)
COUNTS = ("visits_of", "praises_of", "follow_ups_of", "returns_of")


@dataclass(frozen=True)
class Visit:
    """A visit of a customer to a firm, and what came of it, by their codes."""

    customer: int
    firm: int
    failure: int
    grievance: int
    handling: int

    @property
    def course(self) -> int:
        """The course that the visit took."""
        if self.handling != NO_COMPLAINT:
            return RECOVERED if self.handling == GOOD else COMPLAINED
        if self.grievance != NONE:
            return SILENT
        return UNDISTURBED if self.failure == NONE else UNNOTICED


@dataclass
class Aftermath:
    """What is known of each customer's latest visit, customer -> (course, firm), and the counts of a period.

    counts : name -> (course, firm) -> how many, by the names of COUNTS
    """

    last: dict[int, tuple[int, int]] = field(default_factory=dict)
    counts: dict[str, Counter[tuple[int, int]]] = field(default_factory=dict)

    def note(self, visits: Sequence[Visit], praised: dict[int, int]) -> None:
        """Note the visits of a period, by customer and in their order.

        praised : firm of the good story that a customer tells in the period, if she tells one
        """
        self.counts = {name: Counter() for name in COUNTS}
        for customer in {visit.customer: None for visit in visits}:
            own = [visit for visit in visits if visit.customer == customer]
            if customer in self.last:
                course, firm = self.last[customer]
                self.counts["follow_ups_of"][course, firm] += 1
                self.counts["returns_of"][course, firm] += own[0].firm == firm
            for visit in own:
                self.counts["visits_of"][visit.course, visit.firm] += 1
            told = [visit for visit in own if visit.firm == praised.get(customer, -1)]
            if told:
                self.counts["praises_of"][told[-1].course, told[-1].firm] += 1
            self.last[customer] = own[-1].course, own[-1].firm
