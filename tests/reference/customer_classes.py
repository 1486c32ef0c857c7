"""Customer classes: each firm ranks its buyers at its dates, and serves its best ones differently.

Claim: few customers bring most of the money; effort spent on them is missing elsewhere and has less and less effect.
Source: docs/model.md, customer_classes, without a look at the kernels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXAMPLE: dict[str, Any] = {
    "by": "revenue",  # or "margin", "recency_frequency_money"
    "share_a": 0.01,
    "share_b": 0.04,
    "share_c": 0.15,
    "every": 52,
    "effort_effect": 0.1,
    "attended_rate": 0.1,
}
NONE, A, B, C, D = range(5)
NEVER = -1


@dataclass
class Custom:
    """A customer of a firm: her class, and her custom since the last ranking; money in cents."""

    customer_class: int = NONE
    class_spend: int = 0
    class_margin: int = 0
    class_visits: int = 0
    class_last: int = NEVER
    class_spend_before: int = 0

    def note(self, t: int, paid: int, goods: int, levers: int) -> None:
        """Note a visit that was served."""
        self.class_spend += paid
        self.class_margin += paid - goods - levers
        self.class_visits += 1
        self.class_last = t


def is_date(t: int, p: Mapping[str, Any]) -> bool:
    """Tell whether customers are ranked as period t begins."""
    return t > 0 and t % p["every"] == 0


def order(worth: Sequence[float], identities: Sequence[int]) -> list[int]:
    """Return places from the highest worth to the lowest; of equals the earlier identity first."""
    return sorted(range(len(worth)), key=lambda k: (-worth[k], identities[k]))


def quintiles(amounts: Sequence[float]) -> list[int]:
    """Return in which fifth of all each is, from 1, the lowest, to 5; the same amounts share their mean rank."""
    ranks = [sum(other < own for other in amounts) + (amounts.count(own) + 1) / 2 for own in amounts]
    return [math.ceil(5 * rank / len(amounts)) for rank in ranks]


def worths(buyers: Sequence[Custom], by: str) -> list[int]:
    """Return what buyers are ranked by."""
    if by == "revenue":
        return [one.class_spend for one in buyers]
    if by == "margin":
        return [one.class_margin for one in buyers]
    each = [quintiles([getattr(one, name) for one in buyers]) for name in ("class_last", "class_visits", "class_spend")]
    return [sum(scores) for scores in zip(*each, strict=True)]


def class_of(rank: int, buyers: int, p: Mapping[str, Any]) -> int:
    """Return the class of the buyer at a rank, from 0 on, among so many; classes end at the nearest whole number."""
    upto = 0.0
    for place, name in enumerate(("share_a", "share_b", "share_c")):
        upto += p[name]
        if rank < math.floor(round(upto * buyers, 9) + 0.5):
            return A + place
    return D


def rank(customers: list[Custom], identities: Sequence[int], p: Mapping[str, Any]) -> Counter[str]:
    """Rank a firm's customers and begin to note anew; return what is counted, money in cents."""
    buyers = [k for k, one in enumerate(customers) if one.class_visits > 0]
    names = [identities[k] for k in buyers]
    places = order(worths([customers[k] for k in buyers], p["by"]), names)
    classes = {buyers[k]: class_of(place, len(buyers), p) for place, k in enumerate(places)}
    found: Counter[str] = Counter()
    for k, one in enumerate(customers):
        count(found, one, classes.get(k, NONE))
        customers[k] = Custom(classes.get(k, NONE), class_spend_before=one.class_spend)
    return found


def count(found: Counter[str], one: Custom, new: int) -> None:
    """Count a customer whose class becomes `new`."""
    if new:
        found["ranked_revenue"] += one.class_spend
        if new < D:
            found[f"class_{' abc'[new]}_revenue"] += one.class_spend
    if one.customer_class:
        found["classed_before"] += 1
        found["classed_paid_before"] += one.class_spend_before
        found["classed_paid_after"] += one.class_spend
    if one.customer_class == A:
        found["class_a_before"] += 1
        found["class_a_again"] += new == A
        found["class_a_paid_before"] += one.class_spend_before
        found["class_a_paid_after"] += one.class_spend


def is_top(customer_class: int) -> bool:
    """Tell whether a class is A, B or C."""
    return A <= customer_class <= C


def effort(on_top: float | None, top_share: float, is_top: bool) -> float:
    """Return the effort on a visit, 1 = the average; 1 where there is nothing to divide."""
    if on_top is None or not 0.0 < top_share < 1.0:
        return 1.0
    return on_top / top_share if is_top else (1.0 - on_top) / (1.0 - top_share)


def performance_shift(effort: float, p: Mapping[str, Any]) -> float:
    """Return what effort adds to performance."""
    return p["effort_effect"] * math.log(effort)


def discount(discounts: Sequence[float], customer_class: int) -> float:
    """Return the price cut of a class; a class of which nothing is said has none."""
    return discounts[customer_class - 1] if 0 < customer_class <= len(discounts) else 0.0


def both_discounts(other: float, of_class: float) -> float:
    """Return the discount where that of the class is taken off what another leaves."""
    return 1.0 - (1.0 - other) * (1.0 - of_class)


def foreseen(price_response: float, price: float, discount: float) -> float:
    """Return what a discount is worth to her when she chooses."""
    return price_response * price * discount


def attended(bond: float, p: Mapping[str, Any]) -> float:
    """Return the personal relationship after a visit of who has a person of her own."""
    return bond + p["attended_rate"] * (1.0 - bond)
