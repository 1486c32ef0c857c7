"""Personalisation: offers of one's own instead of one offer for all.   Reads only its own customer.

One-to-one marketing in four steps. To identify is `information.data_coverage`; the others are levers here: to interact
with known visitors, to differentiate, which is to read correctly what they reveal, and to customise.
Claim: a customer's need has a layer that she states, one that she really has, and one that she is not aware of herself;
an interaction reveals the first more often than the second, and this more often than the third. What a firm has noted
ages as needs change, and an offer made to a wrong note is worse than the one for all. So one-to-one pays with customers
who differ, come often, and let themselves be known.
Source: four steps after Peppers & Rogers, and three layers of needs, both from secondary sources and from memory; forms
and sizes are assumed, among them the chances .9, .6 and .3 of being revealed.

Who is not known, as for want of consent (`privacy`), gets the standard offer, and nothing is kept of her.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.relationship.personalisation_kernels import (
    STANDARD,
    add_fit,
    add_personal_cost,
    book_differentiation,
    change_needs,
    count_personal,
    draw_needs,
    foresee_match,
    make_offers,
    note_needs,
)
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

LAYERS = ("expressed", "real", "latent")
_ROUNDING = 1e-6  # within which weights add up to 1
_NO_VISIT = "nobody visited the firm, or no firm interacts or customises"
_PRICE = "what its inputs cost is given to a firm"


@kpi(unit="0-1", better="more", nan=_NO_VISIT)
def offer_match(c: Tallied) -> FloatArray:
    """Mean over visits of how close the offer is to what the visitor needs, in three layers: 1 = exactly that."""
    return c.match_sum / c.matched_visits


@kpi(unit="share", nan=_NO_VISIT)
def individual_share(c: Tallied) -> FloatArray:
    """Visits with an offer of the customer's own / visits."""
    return c.individual_visits / c.matched_visits


@kpi(unit="share", better="less", nan="the firm made no offer of a customer's own")
def misfit_share(c: Tallied) -> FloatArray:
    """Offers of a customer's own that are further from her need than the standard offer / offers of one's own."""
    return c.misfits / c.individual_visits


class PersonalisationPolicy(Policy):
    """How far a firm learns what each customer needs, and how far its offer follows that."""

    name = "personalisation"
    given: ClassVar = {f"{step}_cost": _PRICE for step in ("interaction", "differentiation", "customisation")}
    free: ClassVar = {"individual_from": "it says for whom; each offer of one's own costs what it costs"}
    interaction: float = param(
        0.0, unit="1/visit", bounds=(0, 0.99), evidence="assumed",
        doc="chance that a visitor whom the firm knows is talked to about what she needs",
    )  # fmt: skip
    differentiation: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="part of the error in what is noted that analysis avoids",
    )  # fmt: skip
    customisation: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="part of the way from the standard offer to what is noted that an offer goes",
    )  # fmt: skip
    individual_from: int = param(
        1, unit="visits", bounds=(1, 10_000), evidence="assumed",
        doc="visits seen from which a known customer gets an offer of her own",
    )  # fmt: skip
    interaction_cost: float = param(
        0.1, unit="cu/visit", bounds=(0, 1e4), evidence="assumed",
        doc="scale of -ln(1 - interaction), its cost on the visit of a known customer",
    )  # fmt: skip
    differentiation_cost: float = param(
        0.01, unit="cu/customer/period", bounds=(0, 1e4), evidence="assumed",
        doc="scale of -ln(1 - differentiation), its cost for each record",
    )  # fmt: skip
    customisation_cost: float = param(
        0.3, unit="cu/visit", bounds=(0, 1e4), evidence="assumed",
        doc="scale of -ln(1 - customisation), its cost on a visit with an offer of one's own",
    )  # fmt: skip

    @property
    def steps(self) -> tuple[float, ...]:
        """How far each step is taken."""
        return self.interaction, self.differentiation, self.customisation

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what the steps cost: interaction and customisation in cents a visit, differentiation in 1/100 cent."""
        return {
            "interaction_expense": (CENTS, -self.interaction_cost * math.log1p(-self.interaction)),
            "differentiation_expense": (CENTS, -100.0 * self.differentiation_cost * math.log1p(-self.differentiation)),
            "customisation_expense": (CENTS, -self.customisation_cost * math.log1p(-self.customisation)),
        }


class Personalisation(Mechanism):
    """What customers need in three layers, what firms note of it, and offers of one's own."""

    name = "personalisation"
    serves = ("E5", "E16")
    needs = ("information",)
    policy = PersonalisationPolicy
    owns = (
        Column("need_layer", ("need_layer", "customer"), STANDARD, "0-1", f"what she needs: {', '.join(LAYERS)}"),
        *(
            Column(f"noted_{layer}", ("firm", "customer"), STANDARD, "0-1", f"of her {layer} need, 0.5 = nothing")
            for layer in LAYERS
        ),
        Column("visit_match", ("visit",), 0, "0-1", "how close the offer is to what she needs"),
        Column("visit_gain", ("visit",), 0, "-1 to 1", "of that, what the standard offer had not"),
        Column("visit_individual", ("visit",), 0, "bool", "whether the offer is her own", "uint8"),
        Column("profile_use", ("firm",), 1, "0-1", "how far staff use what is known of each customer"),
    )
    counts = (
        Tally("matched_visits", "visits", "visits over which matches are added up"),
        Tally("match_sum", "0-1", "sum over visits of the match of offer and need", 1 / FIXED_POINT),
        Tally("individual_visits", "visits", "visits with an offer of the customer's own"),
        Tally("misfits", "visits", "of these, those with an offer further from her need than the standard one"),
        Tally("interaction_spend", "cu", "cost of talking to known visitors", CENT, account="lever"),
        Tally("differentiation_spend", "cu", "cost of telling customers apart", CENT / 100, account="lever"),
        Tally("customisation_spend", "cu", "cost of offers of one's own", CENT, account="lever"),
    )
    kpis = (offer_match, individual_share, misfit_share)
    need_spread: float = param(
        1.0, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="width of the range, around the standard offer, over which needs are spread evenly; 0 = all alike",
    )  # fmt: skip
    need_change: float = param(
        0.005, unit="1/period", bounds=(0, 1), evidence="assumed", doc="chance that a layer of a need is drawn anew"
    )
    expressed_weight: float = param(0.3, unit="share", bounds=(0, 1), evidence="assumed", doc="of the stated need")
    real_weight: float = param(0.4, unit="share", bounds=(0, 1), evidence="assumed", doc="of the real need")
    latent_weight: float = param(0.3, unit="share", bounds=(0, 1), evidence="assumed", doc="of the latent need")
    expressed_revealed: float = param(
        0.9, unit="share", bounds=(0, 1), evidence="assumed", doc="interactions that reveal the stated need"
    )
    real_revealed: float = param(
        0.6, unit="share", bounds=(0, 1), evidence="assumed", doc="interactions that reveal the real need"
    )
    latent_revealed: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed", doc="interactions that reveal the latent need"
    )
    note_error: float = param(
        0.3, unit="0-1", bounds=(0, 10), evidence="assumed", doc="sd of the error in what is noted without analysis"
    )
    uptake: float = param(
        0.6, unit="share", bounds=(0, 1), evidence="assumed", doc="weight of the latest note against earlier ones"
    )
    fit: float = param(
        0.2, unit="0-1/0-1", bounds=(0, 5), evidence="assumed", doc="performance added by each unit of match gained"
    )
    foreseen: float = param(
        1.0, unit="logit/0-1", bounds=(0, 50), evidence="assumed", doc="utility of each unit of match gained, foreseen"
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = self.expressed_weight + self.real_weight + self.latent_weight
        if abs(total - 1.0) > _ROUNDING:
            raise Refusal(f"expressed_weight + real_weight + latent_weight = {total:g}; together they are 1")
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where no firm takes a step; else needs that change, offers, notes, and what steps cost."""
        if not any(any(policy.steps) for policy in policies):
            return ()
        change = ((Phase.NEED, change_needs),) if self.need_change > 0 else ()
        worth = ((Phase.VALUATION, foresee_match),) if any(policy.customisation > 0 for policy in policies) else ()
        offers = ((Phase.DELIVERY, make_offers), (Phase.DELIVERY, add_fit), (Phase.LEARNING, note_needs))
        paid = ((Phase.RELATION, add_personal_cost), (Phase.RELATION, count_personal))
        return (*change, *worth, *offers, *paid, (Phase.BOOKS, book_differentiation))

    def axes(self) -> Mapping[str, int]:
        """Return how many layers a need has."""
        return {"need_layer": len(LAYERS)}

    def fits(self, market: Any) -> None:
        """Refuse steps of a firm that identifies nobody: it is the first of the four."""
        for firm in market.firms:
            known = firm.information
            if any(firm.policy(PersonalisationPolicy).steps) and known.data_coverage == 0 and not known.omniscient:
                step = "give it information.data_coverage > 0"
                raise Refusal(f"firm {firm.name!r} sets personalisation, but knows nobody; {step}")

    def begin(self, world: World, seed: int) -> None:
        """Draw what customers need."""
        c = world.customers
        if "need_layer" in c:
            spread, key = np.float32(self.need_spread), stream_key(seed, self.name)
            draw_needs(c.need_layer, c.customer_id, spread, key, world.replication)
