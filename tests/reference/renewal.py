"""Renewal: some customers leave the market between two periods, and somebody else stands where they stood.

Claim: leaving has nothing to do with firms; each date is as likely as any other; a newcomer is a stranger.
Source: docs/model.md, renewal.
"""

from __future__ import annotations

from typing import Any

from tests.reference.random_numbers import Key, customer_words, fine_uniform

EXAMPLE: dict[str, Any] = {"leaving_rate": 0.0, "every": 52, "vacancy": None}


def is_date(period: int, parameters: dict[str, Any]) -> bool:
    """Tell whether newcomers are there from this period on."""
    return period > 0 and period % parameters["every"] == 0


def chance(parameters: dict[str, Any], year: int) -> float:
    """Return the chance of leaving from one date to the next: what is left of everybody after a year is 1 - rate."""
    staying_a_year = 1.0 - parameters["leaving_rate"]
    return 1.0 - staying_a_year ** (parameters["every"] / year)


def makes_room(
    identity: int, exited: int, period: int, key: Key, parameters: dict[str, Any], year: int, replication: int = 0
) -> bool:
    """Tell whether a newcomer will stand in a customer's place in the period after this one.

    exited : the period in which she left the category, below 0 = she has not
    """
    if not is_date(period + 1, parameters):
        return False
    vacancy = parameters["vacancy"]
    if exited >= 0 and vacancy is not None and period + 1 >= exited + vacancy:
        return True
    word = customer_words(key, identity, period, draw=0, block=0, replication=replication)[0]
    return fine_uniform(word) < chance(parameters, year)


def next_identity(identity: int, customers: int) -> int:
    """Return the identity of whoever comes after a customer in a market of so many places."""
    return identity + customers
