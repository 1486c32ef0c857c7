"""Brand and advertising: what a name is worth, and what is spent on it.   Uses no neighbours.

Claim: spending reaches customers with diminishing return; who is reached learns of the firm and hears its promise, and
a stock of goodwill grows that fades when spending stops.
Source: NERLOVE_ARROW_1962 (goodwill as a stock); SETHURAMAN_TELLIS_BRIESCH_2011 (elasticities of .12 in the period and
.24 in the long run, which the weight is calibrated to); how fast goodwill fades is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.citations import cite
from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.core.sources import NERLOVE_ARROW_1962, SETHURAMAN_TELLIS_BRIESCH_2011
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.world.columns import CENT, Column, Tally


@equation
def reach(spend, half_reach):
    """Return the share of customers whom spending reaches in a period: 1 - 2^(-spend / half_reach)."""
    return 1.0 - exp32(-0.6931472 * spend / half_reach)


@kernel(per="market")
def build_goodwill(goodwill, advertising_spend, half_reach, goodwill_decay):
    """Let goodwill fade, and grow with those reached: `goodwill_decay * goodwill + (1 - goodwill_decay) * reach`.

    A firm that spends the same for ever has the goodwill of its reach.  goodwill (m,)  0-1  [written]
    """
    for j in range(goodwill.shape[0]):
        grown = (1.0 - goodwill_decay) * reach(advertising_spend[j], half_reach)
        goodwill[j] = goodwill_decay * goodwill[j] + grown


@kernel
def inform(
    aware, expectation, customer_id, encounters, advertising_spend, promise, half_reach, message_pull, learned, key,
    replication, lo, hi, t,
):  # fmt: skip
    """Reach customers with the firm's promise (draw 0, block j, word 0), and make it known.

    The expectation of who is reached moves by `message_pull / (1 + encounters)` of its way to the promise.

    aware, expectation (m, n)  [written]      learned  tally [written]
    """
    for j in range(aware.shape[0]):
        if advertising_spend[j] > 0.0:
            reached = reach(advertising_spend[j], half_reach)
            for i in range(lo, hi):
                if uniform4(key, customer_id[i], t, j, replication)[0] < reached:
                    learned[j] += 1 if aware[j, i] == 0 else 0
                    aware[j, i] = 1
                    pull = message_pull / (1.0 + encounters[j, i])
                    expectation[j, i] += pull * (promise[j] - expectation[j, i])


@kernel
def add_brand(utility, brand, lo, hi):
    """Add what each name is worth by itself.  utility (m, tile)  logit units  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += brand[j]


@kernel
def add_goodwill(utility, goodwill, goodwill_weight, lo, hi):
    """Add goodwill to the utility of each firm: `goodwill_weight * goodwill`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        added = goodwill_weight * goodwill[j]
        for i in range(lo, hi):
            utility[j, i - lo] += added


@kernel(per="share")
def book_advertising(advertising_cost, advertising_spend, lo, hi):
    """Book what is spent, per customer of the market.  advertising_cost  tally, in 1/100 cent  [written]"""
    for j in range(advertising_spend.shape[0]):
        each = np.int64(10_000.0 * np.float64(advertising_spend[j]) + 0.5)
        advertising_cost[j] += each * (np.int64(hi) - np.int64(lo))


class AdvertisingPolicy(Policy):
    """What a firm spends on its name, and what the name is worth by itself."""

    name: ClassVar = "advertising"
    given: ClassVar = {"brand": "what a name is worth is its past; it is there to make firms unequal"}
    advertising_spend: float = param(
        0.0, unit="cu/customer/period", bounds=(0, 1e3), evidence="assumed", doc="spent per customer of the market"
    )
    brand: float = param(
        0.0, unit="logit units", bounds=(-20, 20), evidence="assumed", doc="utility of the name, whatever is delivered"
    )


class Advertising(Mechanism):
    """Brands, advertising, and the goodwill that it builds."""

    name = "advertising"
    serves = ("F14",)
    policy = AdvertisingPolicy
    owns = (Column("goodwill", ("firm",), 0, "0-1", "stock of what advertising has built"),)
    writes = ("aware", "expectation", "learned")
    counts = (Tally("advertising_cost", "cu", "spent on advertising", CENT / 100, account="lever"),)
    half_reach: float = param(
        0.1, unit="cu/customer/period", bounds=(1e-6, 1e6), evidence="assumed", doc="spend that reaches half of all"
    )
    goodwill_decay: float = param(
        0.9, unit="kept/period", bounds=(0, 0.9999), evidence="assumed",
        source=cite(NERLOVE_ARROW_1962, "goodwill"), doc="part of goodwill kept from period to period",
    )  # fmt: skip
    goodwill_weight: float = param(
        1.7, unit="logit units", bounds=(0, 50), evidence="calibrated",
        source=cite(SETHURAMAN_TELLIS_BRIESCH_2011, "abstract: elasticities"), doc="weight of goodwill in utility",
    )  # fmt: skip
    message_pull: float = param(
        0.2, unit="1/contact", bounds=(0, 1), evidence="assumed",
        doc="pull of the promise on who is reached and has not used the firm",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return growth, contacts, terms and cost, also of firms that no longer spend: goodwill fades."""
        brand = ((Phase.VALUATION, add_brand),) if any(policy.brand for policy in policies) else ()
        grown = ((Phase.OPENING, build_goodwill), (Phase.CONTACT, inform), (Phase.VALUATION, add_goodwill))
        return (*brand, *grown, (Phase.BOOKS, book_advertising))
