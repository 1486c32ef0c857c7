"""Offers: vouchers that firms send to single customers, and what comes of them.   Reads only its own customer.

Who is sent one is a matter of the theories that send them: they add its value to `offer_value` in the phase CONTACT.
Claim: a voucher counts like an equal cut of the price of the visit it is used on, and is used on the next visit while
it is valid, also by those who would have come without it.
Source: the weight is that of prices; that vouchers are never forgotten is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.kernels import kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.mechanisms.relationship.vouchers import voucher_worth
from abm.mechanisms.sums import Sum
from abm.world.columns import CENT, Column, Tally


@kernel
def receive_offers(
    voucher, voucher_until, offer_value, known, reachable, honoured_for, offers_received, lo, hi, t
):  # fmt: skip
    """Let customers receive the offers of the period.

    Where `offer_value` is above 0, she receives it if the firm's data reach her, or the firm does not know her: a
    bought list is right. She then holds the larger of what was sent and of what she holds that is valid in t, valid
    through period `t + honoured_for - 1`.

    voucher (m, n)  cents, voucher_until (m, n)  period  [written]      offers_received  tally [written]
    """
    for j in range(voucher.shape[0]):
        found, largest = 0, np.int64(0)
        for r in range(hi - lo):
            largest = max(largest, offer_value[j, r])
        for i in range(lo, hi if largest > 0 else lo):
            sent = offer_value[j, i - lo]
            if sent > 0 and (known[j, i] == 0 or reachable[j, i] > 0):
                held = voucher[j, i] if voucher_until[j, i] >= t else np.int64(0)
                voucher[j, i] = max(held, sent)
                voucher_until[j, i] = t + honoured_for[j] - 1
                found += 1
        offers_received[j] += found


@kernel
def add_offers(utility, voucher, voucher_until, price_response, basket, price, lo, hi, t):
    """Add what a voucher is worth that is valid: `price_response * voucher_worth`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        latest = np.int32(-1)
        for i in range(lo, hi):
            latest = max(latest, voucher_until[j, i])
        for i in range(lo, hi if latest >= t else lo):
            held = voucher[j, i] if voucher_until[j, i] >= t else np.int64(0)
            utility[j, i - lo] += price_response[i] * voucher_worth(held, basket[i], price[j])


@kernel
def redeem_offers(
    visit_offer, voucher_at, visit_count, visit_firm, visit_pair, visit_spend, voucher_until_at, offers_redeemed,
    offers_cost, t,
):  # fmt: skip
    """Redeem valid vouchers, visit by visit: the smaller of the voucher and of what is paid; the rest of it lapses.

    On a visit on which nothing is paid it is kept.

    visit_offer (visits,)  cents, voucher_at (pairs,)  cents  [written]
    offers_redeemed, offers_cost  tallies [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        held = voucher_at[pair] if voucher_until_at[pair] >= t else np.int64(0)
        amount = min(held, visit_spend[v])
        visit_offer[v] = amount
        if amount > 0:
            voucher_at[pair] = 0
            offers_redeemed[j] += 1
            offers_cost[j] += amount


@kernel
def add_offer_cost(visit_cost, visit_offer, visit_count):
    """Add what a redeemed voucher costs.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += visit_offer[v]


@kpi(unit="share", nan="nobody received an offer")
def offer_redemption(c: Tallied) -> FloatArray:
    """Vouchers redeemed / vouchers received, over the same periods."""
    return c.offers_redeemed / c.offers_received


@kpi(unit="cu/customer/year", better="less")
def offer_cost(c: Tallied) -> FloatArray:
    """What redeemed vouchers cost, per customer of the market and year."""
    return c.offers_cost / c.population * c.year


class OfferPolicy(Policy):
    """How long a firm honours its vouchers."""

    name = "offers"
    honoured_for: int = param(
        8, unit="periods", bounds=(1, 1000), evidence="assumed", doc="for which a voucher is honoured, that of the "
        "contact included",
    )  # fmt: skip


class Offers(Mechanism):
    """Vouchers: what they are worth to customers, and what they cost firms."""

    name = "offers"
    needs = ("information", "contacts")
    policy = OfferPolicy
    owns = (
        Column("voucher", ("firm", "customer"), 0, "cents", "value of the voucher that she holds", "int64"),
        Column("voucher_until", ("firm", "customer"), -1, "period", "last one in which it is honoured", "int32"),
    )
    scratch = (Column("visit_offer", ("visit",), 0, "cents", "voucher redeemed on the visit", "int64"),)
    sums = (
        Sum("offer_value", ("firm", "row"), 0.0, "cents", "of vouchers sent to each customer", Phase.CONTACT, "int64"),
    )
    counts = (
        Tally("offers_received", "vouchers", "vouchers that reached a customer"),
        Tally("offers_redeemed", "vouchers", "vouchers used on a visit"),
        Tally("offers_cost", "cu", "cost of vouchers redeemed", CENT, account="lever"),
    )
    kpis = (offer_redemption, offer_cost)

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return how offers are received, their term of utility, and how they are redeemed and paid."""
        received = ((Phase.NEED, receive_offers), (Phase.VALUATION, add_offers))
        return (*received, (Phase.LOYALTY, redeem_offers), (Phase.RELATION, add_offer_cost))
