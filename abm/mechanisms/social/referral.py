"""Referral programmes: customers are paid for bringing a friend, and friends for coming.   Reads codes of neighbours.

A code is handed on after a visit, to one neighbour, and counts for her first purchase at the firm; who has bought there
before has no use for it. Codes handed on in t act on choices from t + 1.
Claim: who is satisfied recommends, the more readily the more it brings her and, by a part, her friend; nobody
recommends what she does not like. Of what is paid, a part is paid for friends who would have come anyway, and a part to
customers who refer themselves.
Source: SCHMITT_SKIERA_VAN_DEN_BULTE_2011 (customers who come through a referral programme); form and sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, Column, Tally


@equation
def incentive(sender_reward, receiver_reward, altruism, half_reward):
    """Return how strongly rewards prompt, 0-1: b / (b + half_reward), b = sender_reward + altruism receiver_reward."""
    benefit = sender_reward + altruism * receiver_reward
    return benefit / (benefit + half_reward)


@equation
def liking(transaction, recommend_from):
    """Return how gladly a visit is recommended, 0-1: nothing up to `recommend_from`, then in proportion."""
    return max(transaction - recommend_from, np.float32(0.0)) / (1.0 - recommend_from)


@kernel
def hand_on_codes(
    code_for, code_of, visit_count, visit_customer, visit_nth, visit_firm, transaction, tie_start, tie_target,
    customer_id, sender_reward, receiver_reward, recommending, altruism, half_reward, recommend_from, codes, key,
    replication, lo, hi, t,
):  # fmt: skip
    """Forget last period's codes, and decide who hands one on now, and to whom.

    A visitor with a tie hands on a code of the firm with probability `recommending * incentive * liking` (draw 0, block
    nth, word 0), to the neighbour at place `floor(u * ties)` of her row, u of word 1. She hands on one code a period at
    most, the latest; only that one is counted.

    code_of (n,)  firm, -1 = none, code_for (n,)  row of the friend  [written]      codes  tally [written]
    """
    for i in range(lo, hi):
        code_of[i] = -1
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        first, ties = tie_start[i], tie_start[np.int64(i) + 1] - tie_start[i]
        prompted = recommending * incentive(sender_reward[j], receiver_reward[j], altruism, half_reward)
        if ties > 0 and prompted > 0.0:
            a, b, _, _ = uniform4(key, customer_id[i], t, visit_nth[v], replication)
            if a < prompted * liking(transaction[v], recommend_from):
                if code_of[i] >= 0:
                    codes[code_of[i]] -= 1
                codes[j] += 1
                code_of[i] = j
                code_for[i] = tie_target[first + np.int64(np.float64(b) * np.float64(ties))]


@kernel(per="share")
def receive_codes(
    code_until, aware, code_for, code_of, last_purchase, exited, valid, codes_new, learned, referred, lo, hi, t
):  # fmt: skip
    """Give codes to those neighbours in rows lo..hi who have never bought at the firm, and make it known to them.

    A code counts through period `t + valid`, a later one longer. Who has left the category has no use for one.

    code_until (m, n)  period, aware (m, n)  bool  [written]      codes_new, learned, referred  tallies [written]
    """
    for k in range(code_of.shape[0]):
        j = code_of[k]
        if j >= 0:
            i = np.int64(code_for[k])
            if lo <= i < hi and last_purchase[j, i] < 0 and exited[i] < 0:
                codes_new[j] += 1 if code_until[j, i] < 0 else 0
                code_until[j, i] = t + valid
                if aware[j, i] == 0:
                    aware[j, i] = 1
                    learned[j] += 1
                    referred[j] += 1


@kernel
def foresee_reward(utility, code_until, receiver_reward, price_response, basket, lo, hi, t):
    """Add what a code is worth on a first purchase: `price_response * receiver_reward / basket`, a basket at most.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        if receiver_reward[j] > 0.0:
            for i in range(lo, hi):
                off = min(receiver_reward[j] / basket[i], np.float32(1.0))
                utility[j, i - lo] += price_response[i] * off if code_until[j, i] >= t else np.float32(0.0)


@kernel
def pay_referrals(
    code_until_at, visit_referral, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, visit_spend,
    last_purchase_at, customer_id, sender_reward, receiver_reward, sender_expense, receiver_expense, check_expense,
    checked, self_referral, altruism, half_reward, referred_customers, self_referred, refused_referrals, referral_cost,
    check_spend, key, replication, t,
):  # fmt: skip
    """Pay sender and receiver for a first purchase with a code, and those who refer themselves.

    A visitor who has never bought at the firm and whose code still counts brings both rewards, the receiver's up to
    what she pays, once a code. One who has bought there before claims both for herself with probability `self_referral
    * incentive` (draw 1, block nth, word 0), both rewards counting in full for her; of these claims `checked` are found
    out and refused (word 1). Every claim is checked.

    code_until_at (pairs,)  -1 = used  [written]      visit_referral (visits,)  cents  [written]
    referred_customers, self_referred, refused_referrals, referral_cost, check_spend  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        visit_referral[v] = 0
        rewards, claimed = sender_expense[j] + min(receiver_expense[j], visit_spend[v]), False
        if last_purchase_at[pair] < 0:
            if code_until_at[pair] >= t:  # used up even if she pays nothing: it is of no use after a first purchase
                claimed = True
                code_until_at[pair] = -1
                referred_customers[j] += 1
        else:
            tempted = incentive(sender_reward[j] + receiver_reward[j], np.float32(0.0), altruism, half_reward)
            if tempted > 0.0:
                a, b, _, _ = uniform4(key, customer_id[i], t, (1 << 16) | visit_nth[v], replication)
                claimed = a < self_referral * tempted
                found = claimed and b < checked[j]
                refused_referrals[j] += 1 if found else 0
                self_referred[j] += 1 if claimed and not found else 0
                rewards = 0 if found else rewards
        if claimed:
            visit_referral[v] = rewards + check_expense[j]
            referral_cost[j] += rewards
            check_spend[j] += check_expense[j]


@kernel
def add_referral_cost(visit_cost, visit_count, visit_referral):
    """Add what referrals cost.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += visit_referral[v]


@kpi(unit="1/period", better="more")
def referred_acquisitions(c: Tallied) -> FloatArray:
    """First purchases at the firm with a code of its referral programme, per period."""
    return c.referred_customers / c.periods


@kpi(unit="cu/customer", better="less", nan="nobody came with a code")
def cost_per_referral(c: Tallied) -> FloatArray:
    """Rewards and checks of the referral programme / customers who came with a code."""
    return (c.referral_cost + c.check_spend) / c.referred_customers


@kpi(unit="share", better="more", nan="no code reached anybody who had not bought at the firm")
def code_conversion(c: Tallied) -> FloatArray:
    """Customers who came with a code / customers who got one; of a period: came in it / got it in it."""
    return c.referred_customers / c.codes_new


@kpi(unit="share", better="less", nan="no reward was paid")
def self_referral_share(c: Tallied) -> FloatArray:
    """Rewards paid to customers who referred themselves / rewards paid."""
    return c.self_referred / (c.self_referred + c.referred_customers)


class ReferralPolicy(Policy):
    """What a firm pays for recommendations."""

    name = "referral"
    given: ClassVar = {"check_cost": "what an hour of staff costs is given to a firm"}
    sender_reward: float = param(
        0.0, unit="cu/new customer", bounds=(0, 1e4), evidence="assumed", doc="paid to who brings a friend"
    )
    receiver_reward: float = param(
        0.0, unit="cu/new customer", bounds=(0, 1e4), evidence="assumed", doc="taken off a friend's first purchase"
    )
    checked: float = param(
        0.0, unit="share", bounds=(0, 0.99), evidence="assumed", doc="self-referrals that are found out"
    )
    check_cost: float = param(
        0.5, unit="cu/claim", bounds=(0, 1e4), evidence="assumed", doc="scale of the cost of a claim, -ln(1 - checked)"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return rewards and what checking a claim costs, in cents."""
        return {
            "sender_expense": (CENTS, self.sender_reward),
            "receiver_expense": (CENTS, self.receiver_reward),
            "check_expense": (CENTS, -self.check_cost * math.log1p(-self.checked)),
        }


class Referral(Mechanism):
    """Codes that are handed on, friends who come with them, and what is paid for it."""

    name = "referral"
    policy = ReferralPolicy
    owns = (
        Column("code_of", ("customer",), -1, "firm", "whose code she has handed on in the period, -1 = none", "int32"),
        Column("code_for", ("customer",), 0, "row", "whom she has given it to", "int32"),
        Column("code_until", ("firm", "customer"), -1, "period", "through which her code counts, -1 = none", "int32"),
    )
    scratch = (Column("visit_referral", ("visit",), 0, "cents", "cost of a referral on the visit", "int64"),)
    writes = ("aware", "learned", "referred")
    counts = (
        Tally("codes", "codes", "codes of the firm that customers handed on"),
        Tally("codes_new", "customers", "customers who had no code of the firm, never bought there, and got one"),
        Tally("referred_customers", "customers", "first purchases with a code"),
        Tally("self_referred", "claims", "claims of customers who referred themselves that were paid"),
        Tally("refused_referrals", "claims", "claims of customers who referred themselves that were found out"),
        Tally("referral_cost", "cu", "rewards to senders and receivers", CENT, account="lever"),
        Tally("check_spend", "cu", "cost of checking claims", CENT, account="lever"),
    )
    kpis = (referred_acquisitions, cost_per_referral, code_conversion, self_referral_share)
    recommending: float = param(
        0.2, unit="1/visit", bounds=(0, 1), evidence="assumed",
        doc="chance of handing on a code after a perfect visit, for an endless reward",
    )  # fmt: skip
    recommend_from: float = param(
        0.6, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="satisfaction from which a visit is recommended"
    )
    altruism: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="weight of the friend's reward against one's own"
    )
    half_reward: float = param(
        10.0,
        unit="cu",
        bounds=(0.01, 1e6),
        evidence="assumed",
        doc="reward that prompts half as much as an endless one",
    )
    self_referral: float = param(
        0.002, unit="1/visit", bounds=(0, 1), evidence="assumed",
        doc="chance that a customer claims a reward for herself, if it is endless",
    )  # fmt: skip
    valid: int = param(13, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time for which a code counts")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where no firm pays for recommendations; else codes, what they do, and what is paid."""
        if not any(policy.sender_reward > 0 or policy.receiver_reward > 0 for policy in policies):
            return ()
        passed = ((Phase.TELLING, hand_on_codes), (Phase.HEARING, receive_codes))
        paid = ((Phase.LOYALTY, pay_referrals), (Phase.RELATION, add_referral_cost))
        return ((Phase.VALUATION, foresee_reward), *paid, *passed)
