"""Cards: in how many programmes customers are.   Changes nothing; reads only its own customer.

Claim: none; it counts who holds how many cards, so that what a programme does can be set against how many others its
members have.
Source: definitions; MEYER_WAARDEN_2007 (several cards near by, the reason to count them).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.kernels import kernel
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Tally


@kernel
def count_cards(member, has_program, card_holders, cards_held, sole_cards, lo, hi):
    """Count who holds a card of a programme that there still is, and how many, at the end of the period.

    Of each firm: the cards that its members hold, of all firms (`cards_held`), and its members who hold no other
    (`sole_cards`). For nobody, the last entry: who holds a card at all (`card_holders`).

    card_holders, cards_held, sole_cards  tallies [written]
    """
    m = member.shape[0]
    for i in range(lo, hi):
        held = 0
        for j in range(m):
            held += member[j, i] if has_program[j] > 0 else 0
        card_holders[m] += 1 if held > 0 else 0
        for j in range(m):
            holds = (member[j, i] > 0) & (has_program[j] > 0)
            cards_held[j] += held if holds else 0
            sole_cards[j] += 1 if holds & (held == 1) else 0


@kpi(unit="cards/customer", nan="nobody is a member of any programme")
def cards_per_member(c: Tallied) -> FloatArray:
    """Memberships of all programmes / customers who are in one or more: the same for every firm."""
    ratio = c.market("members") / c.market("card_holders")
    return np.broadcast_to(ratio, c.members.shape)


@kpi(unit="cards/member", nan="the firm has no members")
def cards_of_members(c: Tallied) -> FloatArray:
    """Cards that the firm's members hold, its own included / its members."""
    return c.cards_held / c.members


@kpi(unit="share", better="more", nan="the firm has no members")
def sole_card_share(c: Tallied) -> FloatArray:
    """Members of the firm's programme who are in no other / its members."""
    return c.sole_cards / c.members


class Cards(Mechanism):
    """How many programmes customers are in."""

    name = "cards"
    needs = ("rewards",)
    counts = (
        Tally("card_holders", "customers", "customers who are in a programme; of no firm in particular"),
        Tally("cards_held", "cards", "cards of all firms that the firm's members hold"),
        Tally("sole_cards", "customers", "members of the firm who are in no other programme"),
    )
    kpis = (cards_per_member, cards_of_members, sole_card_share)

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the count."""
        return ((Phase.CLOSING, count_cards),)
