"""Knock-out: somebody's customers are taken away at a date, the unlucky first.

Each customer has one number in [0, 1), the same whatever the arm. In question are customers that the firm has (of the
named one, or of each one's provider), who have not left the category and first bought there within the window. Of
them go those whose number is below the part, at most so many, the lowest numbers first.
Source: docstring of abm/mechanisms/relationship/knock_out.py.
"""

from __future__ import annotations

from typing import Any

from tests.reference.random_numbers import Key, customer_words, fine_uniform

PROSPECT, LOST = 0, 3


def removed(
    lives: list[dict[str, Any]], key: Key, replication: int, named: int, parameters: dict[str, Any]
) -> dict[int, int]:
    """Return from which firm each customer who goes is taken, by her place in the list."""
    going = []
    for place, life in enumerate(lives):
        firm = named if named >= 0 else life["provider"]
        if firm < 0 or life["exited"] >= 0 or life["relation"][firm] in (PROSPECT, LOST):
            continue
        if not parameters.get("since", 0) <= life["first"][firm] < parameters.get("before", 10**9):
            continue
        number = fine_uniform(customer_words(key, life["id"], 0, draw=0, block=0, replication=replication)[0])
        if number < parameters["part"]:
            going.append((number, place, firm))
    return {place: firm for _, place, firm in sorted(going)[: parameters.get("most", len(going))]}
