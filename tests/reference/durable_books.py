"""Books of durables: what is paid for units and services, and what is measured.   Money in whole cents.

Claim: a unit costs more goods than as much of services; a service under warranty is not charged.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import near_half
from tests.reference.durable import PURCHASE, SERVICE, Policy


@dataclass(frozen=True)
class Settled:
    """What a visit has paid and cost, in cents.

    waived : not charged under warranty      goods, build : further cost of a purchase
    """

    spend: int
    waived: int = 0
    goods: int = 0
    build: int = 0

    @property
    def net(self) -> int:
        """Return what a purchase costs the firm beyond a visit."""
        return self.goods + self.build


def build_expense(policy: Policy) -> int:
    """Return what building one unit better costs, cents."""
    return hundredths(policy.build_cost * effort(policy.build_quality))


def settle(kind: int, spend: int, basket: float, is_covered: bool, policy: Policy) -> Settled:
    """Return the books of a visit.

    spend : what she would pay, her discounts taken off      is_covered : by the warranty of the firm that she visits
    """
    if kind == PURCHASE:
        goods = hundredths(policy.sale_unit_cost * basket) - hundredths(policy.unit_cost * basket)
        return Settled(spend, 0, goods, build_expense(policy))
    if kind == SERVICE and is_covered:
        return Settled(0, spend)
    return Settled(spend)


def is_doubtful(basket: float, policy: Policy) -> bool:
    """Tell whether the order of factors may decide how an amount is rounded."""
    return any(near_half(one * basket) for one in (policy.sale_unit_cost, policy.unit_cost))


def discounted(discount: float, kind: int, policy: Policy) -> float:
    """Return the discount of a visit after that of services is taken off what is left of the price."""
    return 1.0 - (1.0 - discount) * (1.0 - policy.service_discount) if kind == SERVICE else discount


def _part(some: float, of: float) -> float:
    return some / of if of else math.nan


def measures(c: Mapping[str, float], customer_periods: float, year: int) -> dict[str, float]:
    """Return what is measured of a firm from its counts, added up over periods.

    customer_periods : customers of the market, added up over the same periods
    """
    units = c["installed_units"]
    services = c["due_own"] + c["due_elsewhere"] + c["due_skipped"]
    return {
        "installed_base": units / customer_periods,
        "service_retention": _part(c["due_own"], services),
        "skipped_service_share": _part(c["due_skipped"], services),
        "return_rate_12_months": _part(c["returned_in_year"], c["due_in_year"]),
        "every_time_share": _part(c["owners_every_time"], units),
        "missed_one_share": _part(c["owners_skipped_one"], units),
        "missed_two_share": _part(c["owners_skipped_two"], units),
        "missed_few_share": _part(c["owners_skipped_few"], units),
        "missed_many_share": _part(c["owners_skipped_many"], units),
        "repurchase_rate": _part(c["same_make"], c["replaced_units"]),
        "replacement_rate": year * _part(c["replaced_units"], units),
        "unit_problem_rate": year * _part(c["unit_problems_met"], units),
    }
