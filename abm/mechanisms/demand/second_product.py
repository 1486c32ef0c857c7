"""Second product: what else a firm sells to those who come for its main one.   Reads only its own customer.

It may be the insurance beside the loan, or the accessories beside the car. A customer needs one at a time, from
whichever firm, for as long as it lasts. It is offered on a visit, in a letter after one, or she asks for it.
Claim: who trusts a firm for its main product buys more readily what else it sells; an offer to somebody for whom it is
not worth its price spoils the visit, so that offering it to everybody costs goodwill, and knowing whom to offer it
to saves some; a part of what is sold may only replace sales of the main product.
Source: MORGAN_HUNT_1994 (what trust in a partner carries); offers, reactance and sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from scipy import special

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.demand.second_books import add_second_net, book_analysis, book_second, replace_main
from abm.mechanisms.demand.second_offers import (
    add_letters,
    count_owners,
    follow_up,
    offer_second,
    resent_offers,
    stake_second,
)
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, Column, Tally
from abm.world.traits import drawn_traits
from abm.world.world import World


@kpi(unit="share", better="more", nan="the firm has no active customers")
def cross_buying_share(c: Tallied) -> FloatArray:
    """Active customers who have the firm's second product / active customers, at the ends of periods."""
    return c.second_owners / c.active


@kpi(unit="share", better="more", nan="nobody was offered it")
def offer_precision(c: Tallied) -> FloatArray:
    """Offers of the second product to who had none and to whom it was worth its price from this firm / all offers."""
    return c.second_offers_right / c.second_offers


@kpi(unit="share", better="less", nan="nobody was offered it")
def offer_timing_error(c: Tallied) -> FloatArray:
    """Offers of the second product to customers who still had one, from whichever firm / offers heard or read."""
    return c.second_offers_untimely / c.second_offers


@kpi(unit="sales/customer/year", better="more")
def second_sales_rate(c: Tallied) -> FloatArray:
    """Second products sold / customers of the market, per year."""
    return c.second_sales / c.population * c.year


@kpi(unit="share", nan="the firm received nothing")
def second_revenue_share(c: Tallied) -> FloatArray:
    """What the second product brought / all that the firm received."""
    return c.second_revenue / c.account("revenue")


@kpi(unit="cu/cu", better="less", nan="no second product was sold")
def cannibalisation(c: Tallied) -> FloatArray:
    """What was not spent on the main product for having the second / what the second brought, over the same periods."""
    return c.replaced_spend / c.second_revenue


@kpi(unit="cu/offer", better="more", nan="nobody was offered it")
def margin_per_offer(c: Tallied) -> FloatArray:
    """Second product's revenue less its goods and what offers cost (time, letters, analysis) / offers heard or read.

    It leaves out what the main product lost.
    """
    cost = c.second_goods + c.pitch_spend + c.letter_spend + c.analysis_spend
    return (c.second_revenue - cost) / c.second_offers


class SecondProductPolicy(Policy):
    """What else a firm sells, to whom and when it offers it."""

    name = "second_product"
    given: ClassVar = {
        "second_unit_cost": "what goods cost is given to a firm",
        "pitch_cost": "what staff's time costs is given to a firm",
        "analysis_cost": "what its inputs cost is given to a firm",
    }
    free: ClassVar = {"second_price": "a price is a number; what it costs is custom or margin"}
    second_price: float = param(
        0.0, unit="cu", bounds=(0, 1e5), evidence="assumed", doc="price of the second product; 0 = not on offer"
    )
    second_unit_cost: float = param(
        8.0, unit="cu", bounds=(0, 1e5), evidence="assumed", doc="cost of goods of one second product"
    )
    pitch: float = param(
        0.0, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance that a visitor is offered it: in the sale"
    )
    pitch_cost: float = param(
        0.3, unit="cu/offer", bounds=(0, 1e4), evidence="assumed", doc="staff's time for an offer on a visit"
    )
    follow_up_offer: float = param(
        0.0, unit="contacts/visit", bounds=(0, 1), evidence="assumed",
        doc="chance of a letter to a known customer who left without it: after the sale; costs contact_cost",
    )  # fmt: skip
    targeted: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="correlation of what data say it is worth to her with what it is, in logs; 0 = offered to everybody",
    )  # fmt: skip
    analysis_cost: float = param(
        0.02, unit="cu/customer/period", bounds=(0, 1e4), evidence="assumed",
        doc="scale of its cost for each known customer, -ln(1 - targeted)",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return price, goods and time in cents, and the analysis of a customer in 1/100 cent."""
        analysed = self.targeted if self.second_price > 0 else 0.0  # nobody is analysed for what is not on offer
        return {
            "second_price_paid": (CENTS, self.second_price),
            "second_expense": (CENTS, self.second_unit_cost),
            "pitch_expense": (CENTS, self.pitch_cost),
            "analysis_expense": (CENTS, -100.0 * self.analysis_cost * math.log1p(-analysed)),
        }


class SecondProduct(Mechanism):
    """A second product, offers of it, and what they do to the main one.

    What it brings is the firm's revenue, and no part of what she spends in the category: it is in no wallet, and no
    points are earned by it.
    """

    name = "second_product"
    serves = ("E4", "E12", "F15")
    needs = ("information", "contacts")
    policy = SecondProductPolicy
    owns = (
        Column("second_worth", ("customer",), 0, "cu", "what having the second product is worth to her"),
        Column("second_owned_from", ("customer",), -1, "firm", "of which she has bought one last, -1 = none", "int32"),
        Column("second_until", ("customer",), 0, "period", "from which she has none any more", "int32"),
        Column("second_missed", ("firm", "customer"), -1, "period", "of her latest visit that ended without", "int32"),
        Column("second_wanted", ("firm", "customer"), 0, "bool", "a letter has decided her to buy it", "uint8"),
        Column("visit_second", ("visit",), 0, "bool", "whether the visitor bought it", "uint8"),
        Column("visit_offered", ("visit",), 0, "code", "0 no offer, 1 right, 2 wrong, 3 untimely", "uint8"),
    )
    scratch = (
        Column("second_letters", ("firm", "row"), 0, "letters", "that offer the product in the period"),
        Column("visit_owner", ("visit",), 0, "bool", "whether she had the firm's as the visit began", "uint8"),
        Column("visit_net", ("visit",), 0, "money", "offers' cost less what the second product brings", "int64"),
    )
    writes = ("visit_spend", "goods", "discounts", "price_cuts")
    counts = (
        Tally("second_offers", "offers", "offers of the second product that customers heard or read"),
        Tally("second_offers_right", "offers", "of these, to who had none and to whom it was worth its price"),
        Tally("second_offers_untimely", "offers", "offers to who still had one"),
        Tally("second_sales", "sales", "second products sold"),
        Tally("second_owners", "customers", "active customers who have the firm's at the end of the period"),
        Tally("second_revenue", "cu", "paid for second products", CENT, account="revenue"),
        Tally("second_goods", "cu", "goods of second products", CENT, account="goods"),
        Tally("pitch_spend", "cu", "staff's time for offers on visits", CENT, account="lever"),
        Tally("analysis_spend", "cu", "cost of knowing for whom it is", CENT / 100, account="lever"),
        Tally("letter_spend", "cu", "cost of letters that offer it; a part of contact_spend", CENT),
        Tally("replaced_spend", "cu", "not spent on the main product by who has the second", CENT),
    )
    kpis = (
        cross_buying_share, second_sales_rate, offer_precision, offer_timing_error, second_revenue_share,
        cannibalisation, margin_per_offer,
    )  # fmt: skip
    worth_median: float = param(
        12.0, unit="cu", bounds=(0.01, 1e5), evidence="assumed", doc="what it is worth to the median customer"
    )
    worth_spread: float = param(
        1.0, unit="sd of log", bounds=(0, 3), evidence="assumed", doc="lognormal spread of worth over customers"
    )
    trust_premium: float = param(
        15.0, unit="cu/0-1", bounds=(0, 1e5), evidence="assumed",
        doc="what it is worth more from a firm that is trusted fully than from one that is not at all",
    )  # fmt: skip
    mood: float = param(
        2.0, unit="cu", bounds=(0.01, 1e5), evidence="assumed", doc="logit scale of a decision: how far chance enters"
    )
    asking: float = param(
        0.02, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance that who is not offered it thinks of it"
    )
    reactance: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction that a resented offer takes from a visit"
    )
    lasts: int = param(26, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time for which one is enough")
    cannibalised: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed",
        doc="part of her basket at the firm that who has its second product does without",
    )  # fmt: skip
    forfeited: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed", doc="part of the worth to come that leaving would forfeit"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where no firm has it on offer; else letters, ties, offers, what they do, and the books."""
        sellers = [policy for policy in policies if policy.second_price > 0]
        if not sellers:
            return ()
        found: list[Any] = []
        if any(policy.follow_up_offer > 0 for policy in sellers):
            found += [(Phase.CONTACT, follow_up), (Phase.CONTACT, add_letters)]
        if self.forfeited > 0:
            found.append((Phase.STAKES, stake_second))
        found.append((Phase.ENCOUNTER, offer_second))
        if self.cannibalised > 0:
            found.append((Phase.ENCOUNTER, replace_main))
        if self.reactance > 0:
            found.append((Phase.JUDGEMENT, resent_offers))
        found += [(Phase.ENCOUNTER, book_second), (Phase.RELATION, add_second_net), (Phase.WINDOWS, count_owners)]
        if any(policy.targeted > 0 for policy in sellers):
            found.append((Phase.BOOKS, book_analysis))
        return tuple(found)

    def fits(self, market: Any) -> None:
        """Refuse letters and targeting of a firm that identifies nobody."""
        for firm in market.firms:
            own, data = firm.second_product, firm.information
            lever = "targeted" if own.targeted > 0 else "follow_up_offer" if own.follow_up_offer > 0 else ""
            if lever and own.second_price > 0 and data.data_coverage == 0 and not data.omniscient:
                raise Refusal(
                    f"firm {firm.name!r} sets second_product.{lever} = {getattr(own, lever):g}, but it identifies "
                    "nobody; give it information = { data_coverage = 0.5 }, or any share above 0"
                )

    def begin(self, world: World, seed: int) -> None:
        """Draw what it is worth to each customer: `worth_median * exp(worth_spread * z)`, z standard normal.

        Its uniform has 32 bits (period 0, draw 3, block 0, word 0).
        """
        c = world.customers
        for rows, luck in drawn_traits(c.customer_id, stream_key(seed, self.name), world.replication, 3):
            if "second_worth" in c:
                c.second_worth[rows] = self.worth_median * np.exp(self.worth_spread * special.ndtri(luck[0]))
