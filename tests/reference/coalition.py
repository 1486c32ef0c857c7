"""Coalition: partners of a programme give its points, let rewards be claimed, and fail at times.

Claim: partners' points count like the firm's own and are paid for; part of the blame for a partner's failure falls on
the firm, less of it by who is treated specially there.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import hundredths, reward_cost
from tests.reference.bystanders import extra_benefit, part_noticed
from tests.reference.closeness import near, near_half
from tests.reference.state import Customer, Programme

EXAMPLE: dict[str, Any] = {"partner_failure": 0.05, "failure_cost": 0.2, "spill_over": 0.3, "noticed": 0.05}
OWN = ("partner_points", "partner_money", "coalition_spend", "coalition_members", "partner_failures", "spilled_trust")
COUNTS = (*OWN, "points_issued", "points_redeemed", "rewards_redeemed", "rewards_cost")
FAILURE, CLAIM = 0, 1  # draws


@dataclass(frozen=True)
class Partners:
    """What a firm decides: how many partners, points of a dealing, shares of the price, chance of a claim, costs."""

    partners: int = 0
    partner_earn: float = 0.4
    partner_price: float = 0.8
    partner_redemption: float = 0.0
    coalition_fee: float = 0.005  # cu a member, partner and period, as is control_cost
    quality_control: float = 0.0
    control_cost: float = 0.01

    def point_price(self, programme: Programme) -> int:
        """Return what partners pay for a point, 1/100 cent: a share of what it stands for."""
        return hundredths(100.0 * self.partner_price * programme.reward / programme.goal)

    @property
    def expense(self) -> int:
        """Return what the coalition costs a member and period, 1/100 cent: the fee, and - ln(1 - control)."""
        each = self.coalition_fee + self.control_cost * -math.log(1.0 - self.quality_control)
        return hundredths(100.0 * self.partners * each)

    def points(self, purchase_rate: float) -> float:
        """Return the points that a period with all partners brings."""
        return self.partners * purchase_rate * self.partner_earn

    def chance_of_failure(self, purchase_rate: float, partner_failure: float) -> float:
        """Return the chance that one of a period's dealings fails."""
        expected = self.partners * purchase_rate * partner_failure * (1.0 - self.quality_control)
        return 1.0 - math.exp(-expected)


def in_use(member: bool, expiry: int, last_purchase: int, t: int) -> bool:
    """Tell whether a card is in use: a member's whose points have not lapsed with her silence."""
    return member and (expiry == 0 or t - last_purchase <= expiry)


def trust_after_failure(trust: float, special: float, p: dict[str, Any]) -> float:
    """Return trust in the firm after a partner's failure, the less of which is blamed the more special she is."""
    return trust - trust * p["failure_cost"] * p["spill_over"] * (1.0 - special)


def deal(
    c: Customer, j: int, programme: Programme | None, terms: Partners, price: float,
    luck: Callable[[int], float], t: int, p: dict[str, Any],
) -> tuple[Counter[str], bool]:  # fmt: skip
    """Let a customer deal with the partners of firm j; return what is counted, and whether a decision was close.

    luck : the uniform of a draw
    """
    found: Counter[str] = Counter()
    if programme is None or terms.partners == 0 or not c.member[j]:
        return found, False
    found["coalition_spend"] += terms.expense
    if not in_use(c.member[j], programme.expiry, c.last_purchase[j], t):
        return found, False
    chance = terms.chance_of_failure(c.purchase_rate, p["partner_failure"])
    close = [near_half(terms.points(c.purchase_rate)), near(luck(FAILURE), chance)]
    close.append(near(luck(CLAIM), terms.partner_redemption))
    credit(c, j, programme, terms, found)
    if luck(CLAIM) < terms.partner_redemption:
        claim(c, j, programme, found)
    found["coalition_members"] += 1
    if luck(FAILURE) < chance:
        extra = extra_benefit(programme, c.point_value[j], c.basket, price, c.tier[j])
        before = c.trust[j]
        c.trust[j] = trust_after_failure(before, part_noticed(extra, p["noticed"]), p)
        found["partner_failures"] += 1
        found["spilled_trust"] += before - c.trust[j]
    return found, any(close)


def credit(c: Customer, j: int, programme: Programme, terms: Partners, found: Counter[str]) -> None:
    """Credit what a period with partners brings, for which they pay."""
    earned = hundredths(terms.points(c.purchase_rate))
    c.points[j] += earned
    found["points_issued"] += earned
    found["partner_points"] += earned
    found["partner_money"] += earned * terms.point_price(programme)


def claim(c: Customer, j: int, programme: Programme, found: Counter[str]) -> None:
    """Give out all rewards that a balance holds, if it holds any."""
    goal = hundredths(programme.goal)
    due = c.points[j] // goal
    if due:
        c.points[j] -= due * goal
        c.given[j] = 0
        found["points_redeemed"] += due * goal
        found["rewards_redeemed"] += due
        found["rewards_cost"] += due * hundredths(reward_cost(programme.reward, programme.reward_cost))
