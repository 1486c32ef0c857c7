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
from abm.world.columns import Column, Tally


@kernel
def count_cards(cards_each, member, has_program, card_holders, cards_held, sole_cards, lo, hi):
    """Count who holds a card of a programme that there still is, and how many, as the period closes.

    Of each firm: the cards that its members hold, of all firms (`cards_held`), and its members who hold no other
    (`sole_cards`). For nobody, the last entry: who holds a card at all (`card_holders`).

    cards_each (tile,)  [written]      card_holders, cards_held, sole_cards  tallies [written]
    """
    m, holders = member.shape[0], 0
    for r in range(hi - lo):
        cards_each[r] = 0
    for j in range(m):
        if has_program[j] > 0:
            for i in range(lo, hi):
                cards_each[i - lo] += 1 if member[j, i] > 0 else 0
    for j in range(m):
        if has_program[j] > 0:
            held, sole = 0, 0
            for i in range(lo, hi):
                held += cards_each[i - lo] if member[j, i] > 0 else 0
                sole += 1 if (member[j, i] > 0) & (cards_each[i - lo] == 1) else 0
            cards_held[j] += held
            sole_cards[j] += sole
    for r in range(hi - lo):
        holders += 1 if cards_each[r] > 0 else 0
    card_holders[m] += holders


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
    scratch = (Column("cards_each", ("row",), 0, "cards", "held by a customer", "int64"),)
    counts = (
        Tally("card_holders", "customers", "customers who are in a programme; of no firm in particular"),
        Tally("cards_held", "cards", "cards of all firms that the firm's members hold"),
        Tally("sole_cards", "customers", "members of the firm who are in no other programme"),
    )
    kpis = (cards_per_member, cards_of_members, sole_card_share)

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the count."""
        return ((Phase.CLOSING, count_cards),)
