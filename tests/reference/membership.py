"""Membership: what it is expected to bring, who joins, what it spares her of the price, and who pays for another year.

Claim: a visitor joins if what she expects of a programme here in a year exceeds its bother and its fee; a year later
the fee is weighed anew against what the next year and the points at hand are worth; the bother is sunk.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.reference import rewards
from tests.reference.accounts import hundredths
from tests.reference.state import Programme

FEWEST_VISITS = 1e-6  # a period


def tier_cut(programme: Programme, tier: int) -> float:
    """Return what is taken off the price for a member of a tier: what every member has, and the tier's on top."""
    return programme.member_discount + programme.discount(tier)


def visit_points(programme: Programme, basket: float, price: float, tier: int) -> float:
    """Return the points that a visit of a member of a tier brings: (a visit's + earn_rate * paid) (1 + bonus)."""
    paid = basket * price * (1.0 - tier_cut(programme, tier))
    return (programme.earn_per_visit + programme.earn_rate * paid) * (1.0 + programme.bonus(tier))


def points_between_visits(points: float, elsewhere: float, visits: float) -> float:
    """Return the points that come in from visit to visit, `elsewhere` a period of them without a visit here."""
    return points + elsewhere / max(visits, FEWEST_VISITS)


def point_value(
    programme: Programme, basket: float, price: float, tier: int, visits: float, elsewhere: float, lapse: float
) -> float:
    """Return what a point is expected to be worth to a member of a tier who comes `visits` times a period, cu."""
    points = points_between_visits(visit_points(programme, basket, price, tier), elsewhere, visits)
    return rewards.point_value(programme, points, visits, lapse)


def yearly_benefit(
    programme: Programme, basket: float, price: float, tier: int, visits: float, elsewhere: float, *,
    held: int, year: int, lapse: float,
) -> float:  # fmt: skip
    """Return what a year at a tier, and the points that she holds or is given, are expected to bring, cu.

    visits : to the firm in a period      elsewhere : points of a period      held : hundredths of a point
    """
    value = point_value(programme, basket, price, tier, visits, elsewhere, lapse)
    of_visit = visit_points(programme, basket, price, tier) * value + basket * price * tier_cut(programme, tier)
    return year * (visits * of_visit + elsewhere * value) + held / 100.0 * value


def bother(programme: Programme, hassle_factor: float) -> float:
    """Return what must be exceeded by whoever joins, cu: the hassle as she minds it, and a year's fee."""
    return programme.hassle * hassle_factor + hundredths(programme.fee) / 100.0


def joins(programme: Programme, benefit: float, hassle_factor: float) -> bool:
    """Tell whether a visitor becomes a member: everybody, or who expects more than the bother and the fee."""
    return programme.enrolment == "automatic" or benefit > bother(programme, hassle_factor)


def renewal_due(t: int, joined: int, year: int) -> bool:
    """Tell whether another fee of a member is due: whole years after the period of joining, not in that period."""
    return t > joined and (t - joined) % year == 0


def renews(programme: Programme, benefit: float, gone: bool) -> bool:
    """Tell whether a member pays for another year: who still buys, and expects more than the fee."""
    return not gone and benefit > hundredths(programme.fee) / 100.0


def cards(member: Sequence[bool], has_programme: Sequence[bool]) -> int:
    """Return how many cards a customer holds of programmes that there still are; of each firm."""
    return sum(joined and there for joined, there in zip(member, has_programme, strict=True))


def cards_counted(members: Sequence[Sequence[bool]], has_programme: Sequence[bool]) -> tuple[int, list[int], list[int]]:
    """Return who holds a card, and of each firm the cards that its members hold and its members with no other.

    members : of each customer, by firm
    """
    held, sole, holders = [0] * len(has_programme), [0] * len(has_programme), 0
    for member in members:
        own = cards(member, has_programme)
        holders += own > 0
        for j, there in enumerate(has_programme):
            if member[j] and there:
                held[j] += own
                sole[j] += own == 1
    return holders, held, sole
