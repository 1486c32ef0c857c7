"""Types of loyalty: what ties each customer to the firm where she buys most.   Uses no neighbours; changes nothing.

Claim: buying at the same firm has seven reasons. Which one a customer has is found by choosing again with one block of
the terms of her utility removed: the block without which she would least go to the firm names her loyalty.

    nothing else to choose   monopoly 垄断          her programme, class   incentivised 激励
    cost of leaving, habit   inertia 惰性           satisfaction, trust, commitment, taste   premium 超值
    distance                 convenience 方便       a warm attitude without the purchases    latent 潜在
    price                    price 价格

The choice is that among firms, given that she goes to one: P_f is a firm's probability over that of all firms, as on
her latest visit, and P'_f ~ P_f e^(-term_f) with the terms of a block removed. So what a block is worth at every firm
alike ties her to none, and removing prices is to set them all to one.  Word of mouth, names and fees are in no block.
Source: DICK_BASU_1994 (attitude and repeat purchase), Sindell 2000 (the seven types; from memory); that a removed
block tells them apart, and thresholds, are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.measurement.loyalty_types_kernels import (
    BLOCKS,
    LOYALTIES,
    STEPS,
    find_ties,
    keep_providers,
    name_loyalties,
    rank_attitudes,
)
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally

_NONE_TYPED = "no year closes in the period, or the firm is nobody's main firm and nobody is latently loyal to it"


@kpi(unit="share", nan=_NONE_TYPED)
def monopoly_loyal_share(c: Tallied) -> FloatArray:
    """Customers with nothing else to choose / customers whose main firm it is or who are latently loyal to it."""
    return c.monopoly_loyal / c.typed


@kpi(unit="share", nan=_NONE_TYPED)
def inertia_loyal_share(c: Tallied) -> FloatArray:
    """Customers tied by the cost of leaving or habit / main-firm and latently loyal customers."""
    return c.inertia_loyal / c.typed


@kpi(unit="share", nan=_NONE_TYPED)
def latent_loyal_share(c: Tallied) -> FloatArray:
    """Customers of warm attitude who have no main firm / main-firm and latently loyal customers."""
    return c.latent_loyal / c.typed


@kpi(unit="share", nan=_NONE_TYPED)
def convenience_loyal_share(c: Tallied) -> FloatArray:
    """Customers tied by distance / main-firm and latently loyal customers."""
    return c.convenience_loyal / c.typed


@kpi(unit="share", nan=_NONE_TYPED)
def price_loyal_share(c: Tallied) -> FloatArray:
    """Customers tied by the price / main-firm and latently loyal customers."""
    return c.price_loyal / c.typed


@kpi(unit="share", nan=_NONE_TYPED)
def incentivised_loyal_share(c: Tallied) -> FloatArray:
    """Customers tied by the programme, or the discount of their class / main-firm and latently loyal customers."""
    return c.incentivised_loyal / c.typed


@kpi(unit="share", better="more", nan=_NONE_TYPED)
def premium_loyal_share(c: Tallied) -> FloatArray:
    """Customers tied by satisfaction, trust, commitment and taste / main-firm and latently loyal customers."""
    return c.premium_loyal / c.typed


class LoyaltyTypes(Mechanism):
    """Which of seven reasons each customer has to be loyal; it changes nothing.

    Under rule `threshold` of the choice, who evaluates does so without the cost of leaving: there inertia counts for
    too much. What is found is of beliefs: a contract is no reason.
    """

    name = "loyalty_types"
    serves = ("B8",)
    owns = (
        Column("loyalty_tie", ("firm", "customer"), 0, "code", f"what ties her: {', '.join(LOYALTIES)}", "uint8"),
        Column("loyalty_type", ("customer",), 0, "code", f"of the year that closed: {', '.join(LOYALTIES)}", "uint8"),
        Column("attitude_count", ("attitude_step",), 0, "relations", "relations by the step of the attitude", "int64"),
    )
    scratch = (
        Column("terms", ("loyalty_block", "firm", "row"), 0, "logit units, then 0-1", "of some visitors, by block"),
        Column("weights", ("firm", "row"), 0, "0-1", "their probabilities of each firm"),
        Column("extremes", ("extreme", "row"), 0, "logit units", "of a block: least and most term, then the sum"),
        Column("provider_then", ("row",), -1, "firm", "provider as choices begin, -1 = none", "int32"),
    )
    counts = (
        Tally("typed", "customers", "whose main firm it is, or who are latently loyal to it"),
        *(Tally(f"{kind}_loyal", "customers", f"of these, of loyalty {kind}") for kind in LOYALTIES[1:]),
    )
    kpis = (
        monopoly_loyal_share, inertia_loyal_share, latent_loyal_share, convenience_loyal_share, price_loyal_share,
        incentivised_loyal_share, premium_loyal_share,
    )  # fmt: skip
    main_from: float = param(
        0.5, unit="share", bounds=(0.01, 1), evidence="assumed", doc="share of the year's visits that a main firm has"
    )
    top_attitude: float = param(
        1 / 3, unit="share", bounds=(0, 1), evidence="assumed", doc="share of all attitudes that count as warm"
    )
    least_drop: float = param(
        0.01, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="fall of the probability below which a block ties nobody",
    )  # fmt: skip
    habit_strength: float = param(
        0.0, unit="1/visit", bounds=(0, 1), evidence="assumed",
        doc="chance of returning without a choice: what choice.habit_strength says where choice.rule is habit, else 0",
    )  # fmt: skip

    def fits(self, market: Any) -> None:
        """Refuse a habit that is not the one by which customers choose."""
        followed = market.choice.habit_strength if market.choice.rule == "habit" else 0.0
        if self.habit_strength != followed:
            raise Refusal(
                f"= {self.habit_strength:g}, and with choice.rule = {market.choice.rule!r} customers return without a "
                f"choice with a chance of {followed:g}; give both the same",
                place="loyalty_types.habit_strength",
            )

    def axes(self) -> Mapping[str, int]:
        """Return the number of blocks, of what is kept of a block, and of steps of attitude."""
        return {"loyalty_block": BLOCKS, "extreme": 3, "attitude_step": STEPS}

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what ties visitors, and the yearly count."""
        yearly = (Phase.STANDING, rank_attitudes), (Phase.CLOSING, name_loyalties)
        return ((Phase.VALUATION, keep_providers), (Phase.CHOICE, find_ties), *yearly)
