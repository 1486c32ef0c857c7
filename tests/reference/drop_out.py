"""Drop-out: each occasion may be a customer's last, as a coin of her own says; what would follow it is not to be.

The coin may also be thrown once a period, before there are any occasions in it.
Claim: purchases, or periods, until drop-out are geometric; the coin does not depend on how often she buys.
Source: docs/model.md, drop_out; Fader, Hardie & Lee 2005 (BG/NBD); Fader, Hardie & Shang 2010 (BG/BB).
"""

from __future__ import annotations

from typing import Any

from tests.reference.random_numbers import Key, customer_words, fine_uniform

EXAMPLE: dict[str, Any] = {"process": "after_occasion", "scale": 1.0}


def occasions_until_the_last(
    occasions: int, chance: float, identity: int, period: int, key: Key, parameters: dict[str, Any]
) -> tuple[int, bool]:
    """Return how many of a period's occasions there are in the end, and whether the last of them was the last ever."""
    for nth in range(occasions):
        word = customer_words(key, identity, period, draw=0, block=nth, replication=0)[0]
        if fine_uniform(word) < parameters["scale"] * chance:
            return nth + 1, True
    return occasions, False


def ends_before(chance: float, identity: int, period: int, key: Key, parameters: dict[str, Any]) -> bool:
    """Return whether a customer drops out before the occasions of a period."""
    word = customer_words(key, identity, period, draw=0, block=0, replication=0)[0]
    return fine_uniform(word) < parameters["scale"] * chance
