"""Convenience: the way to the nearest outlet of a firm, on a ring.

Claim: going to a firm costs the way to its nearest outlet; outlets lie evenly, from a place of the firm's own.
Source: docs/model.md, convenience, without a look at the kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {"distance_weight": 2.0}


def drawn(key: Key, whose: int, draw: int, replication: int) -> float:
    """Return a place on the ring: of a customer by her identity at draw 0, of a firm by its number at draw 1."""
    return uniform(customer_words(key, whose, 0, draw=draw, block=0, replication=replication)[0])


def way(place: float, first_outlet: float, outlets: int) -> float:
    """Return the way to the nearest outlet, in rings: 0 to 0.5 / outlets."""
    along = outlets * (place - first_outlet)
    return abs(along - math.floor(along + 0.5)) / outlets


def term(way: float, p: Mapping[str, Any]) -> float:
    """Return what a way adds to the utility of the firm."""
    return -p["distance_weight"] * way


def expense(outlets: int, outlet_cost: float, customers: int) -> float:
    """Return what the outlets after the first cost a period, cu; outlet_cost for 1,000 customers of the market."""
    return (outlets - 1) * outlet_cost * customers / 1000.0
