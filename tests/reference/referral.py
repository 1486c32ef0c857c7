"""Referral programmes: codes that satisfied customers hand on, friends who come with them, and what is paid.

Claim: who is satisfied recommends, the more readily the more it brings her and, by a part, her friend; a code counts
for the friend's first purchase; some refer themselves, and a part of these claims is found out.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, Words, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "recommending": 0.2,
    "recommend_from": 0.6,
    "altruism": 0.5,
    "half_reward": 10.0,
    "self_referral": 0.002,
    "valid": 13,
}
NOBODY, NO_CODE = -1, -1
FRIEND, HERSELF, FOUND_OUT = "referred_customers", "self_referred", "refused_referrals"


@dataclass(frozen=True)
class Policy:
    """What a firm pays to who brings a friend and to the friend, cu; part of claims found out, 0-1; cost scale, cu."""

    sender_reward: float = 0.0
    receiver_reward: float = 0.0
    checked: float = 0.0
    check_cost: float = 0.5

    @property
    def check_cents(self) -> int:
        """What checking a claim costs, cents."""
        return hundredths(self.check_cost * effort(self.checked))

    def paid(self, spend: int) -> int:
        """Return both rewards in cents, the receiver's up to the spend in cents."""
        return hundredths(self.sender_reward) + min(hundredths(self.receiver_reward), spend)


def incentive(sender_reward: float, receiver_reward: float, altruism: float, half_reward: float) -> float:
    """Return b / (b + half_reward) of the benefit b = sender_reward + altruism receiver_reward; rewards in cu."""
    benefit = sender_reward + altruism * receiver_reward
    return benefit / (benefit + half_reward)


def liking(transaction: float, recommend_from: float) -> float:
    """Return how gladly a visit is recommended: 0 up to the mark, 1 at full satisfaction, a line in between."""
    return max(0.0, transaction - recommend_from) / (1.0 - recommend_from)


def words(key: Key, customer: int, period: int, nth: int, draw: int, replication: int = 0) -> Words:
    """Return the words of a visit: draw 0 decides on a code and on whose it is, draw 1 on a claim and its check."""
    return customer_words(key, customer, period, draw=draw, block=nth, replication=replication)


def handing_on(transaction: float, policy: Policy, p: dict[str, Any]) -> float:
    """Return the probability with which a visitor hands on a code."""
    prompted = incentive(policy.sender_reward, policy.receiver_reward, p["altruism"], p["half_reward"])
    return p["recommending"] * prompted * liking(transaction, p["recommend_from"])


def friend(u: float, neighbours: Sequence[int]) -> int:
    """Return the neighbour to whom a code is handed."""
    return neighbours[math.floor(u * len(neighbours))]


def is_hers(last_purchase: int, exited: int) -> bool:
    """Tell whether a code is of use to a neighbour: who has never bought at the firm, and is in the category."""
    return last_purchase < 0 and exited < 0


def worth(code_until: int, t: int, reward: float, price_response: float, basket: float) -> float:
    """Return what a code adds to the utility of its firm, logit units."""
    return price_response * min(1.0, reward / basket) if counts(code_until, t) else 0.0


def counts(code_until: int, t: int) -> bool:
    """Tell whether a code counts in period t."""
    return code_until != NO_CODE and t <= code_until


@dataclass(frozen=True)
class Claim:
    """A claim of a visitor: what it was counted as, cents of rewards, cents of the check."""

    kind: str
    paid: int
    check: int


def claiming(policy: Policy, p: dict[str, Any]) -> float:
    """Return the probability with which somebody who has bought at the firm claims both rewards for herself."""
    return p["self_referral"] * incentive(policy.sender_reward, policy.receiver_reward, 1.0, p["half_reward"])


def claim(
    drawn: Words, last_purchase: int, code_until: int, spend: int, t: int, policy: Policy, p: dict[str, Any]
) -> Claim | None:
    """Return what a visitor claims, if anything; last_purchase before the period, drawn the words of draw 1."""
    if last_purchase < 0:
        return Claim(FRIEND, policy.paid(spend), policy.check_cents) if counts(code_until, t) else None
    if uniform(drawn[0]) >= claiming(policy, p):
        return None
    if uniform(drawn[1]) < as_single(policy.checked):
        return Claim(FOUND_OUT, 0, policy.check_cents)
    return Claim(HERSELF, policy.paid(spend), policy.check_cents)


def is_close(drawn: Words, transaction: float, policy: Policy, p: dict[str, Any], claims: Words) -> bool:
    """Tell whether float32 might decide otherwise of a visit."""
    at = (
        (drawn[0], handing_on(transaction, policy, p)),
        (claims[0], claiming(policy, p)),
        (claims[1], policy.checked),
    )
    return any(near(uniform(word), probability, 1e-6) for word, probability in at)
