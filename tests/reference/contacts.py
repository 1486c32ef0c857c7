"""Contacts: whom a firm reaches of those whom it knows, what approaches cost, and what too many do.

Claim: data go out of date, so that a firm reaches fewer and fewer of those whom it knows unless it looks after them; a
contact is the less welcome the more there have been of late, and beyond what is tolerated it takes from trust and
affective commitment.
Source: the written specification of the theory, without a look at its kernel.

Loads are kept as float32 keeps them, rounded after each step, because a contact annoys from a threshold on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {"data_decay": 0.004, "tolerated": 1.5, "kept": 0.75, "annoyance": 0.02}


def welcome(load: float, tolerated: float) -> float:
    """Return how gladly a contact is received: 1 - load / tolerated, not below -1; below 0 it annoys."""
    return max(-1.0, 1.0 - load / tolerated)


def moved_load(load: float, received: float, kept: float) -> float:
    """Return kept load + (1 - kept) received, contacts per period."""
    kept = as_single(kept)
    return as_single(as_single(kept * load) + as_single(as_single(1.0 - kept) * received))


@dataclass
class Contact:
    """What a firm's contacts make of a customer: load in contacts per period, trust and commitment 0-1, her data."""

    load: float = 0.0
    trust: float = 0.5
    commitment: float = 0.2
    reachable: bool = False
    has_data: bool = False

    def received(self, approaches: float, known: bool) -> float:
        """Return how many of the firm's approaches reach her."""
        return approaches if known and self.reachable else 0.0

    def is_close(self, parameters: dict[str, Any]) -> bool:
        """Tell whether float32 might decide otherwise of whether a contact annoys."""
        return near(self.load, as_single(parameters["tolerated"]))

    def receive(self, approaches: float, known: bool, parameters: dict[str, Any]) -> dict[str, float]:
        """Receive the contacts of a period; return what is counted of it, spend apart."""
        received = self.received(approaches, known)
        gladly = welcome(self.load, as_single(parameters["tolerated"]))
        if gladly < 0.0:
            loss = parameters["annoyance"] * -gladly * received
            self.trust, self.commitment = max(0.0, self.trust - loss), max(0.0, self.commitment - loss)
        self.load = moved_load(self.load, received, parameters["kept"])
        return {
            "contacts_made": approaches if known else 0,
            "contacts_received": received,
            "contacts_annoying": received if gladly < 0.0 else 0,
        }

    def keep(self, u: float, known: bool, upkeep: float, parameters: dict[str, Any]) -> bool:
        """Let her data come in, go out of date or be mended, by a uniform; return whether she is counted."""
        if known and not self.has_data:
            self.has_data = self.reachable = True
        elif known and self.reachable:
            self.reachable = not u < as_single(parameters["data_decay"])
        elif known:
            self.reachable = u < as_single(upkeep)
        return known and self.reachable


def draw(key: Key, customer: int, period: int, firm: int, replication: int = 0) -> float:
    """Return the uniform that decides whether a customer's data at a firm go out of date, or are mended."""
    return uniform(customer_words(key, customer, period, draw=0, block=firm, replication=replication)[0])


def contact_spend(made: int, contact_cost: float) -> int:
    """Return what the contacts of a period cost, cents; contact_cost of each in cu."""
    return made * hundredths(contact_cost)


def upkeep_spend(known: int, upkeep: float, upkeep_cost: float) -> int:
    """Return what looking after the data of those who are known costs, 1/100 cent; each further part costs more."""
    return known * hundredths(100.0 * upkeep_cost * effort(upkeep))
