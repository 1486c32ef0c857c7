"""Buying centre: several persons take part in a purchase, and each judges by a criterion of her own.   No neighbours.

A customer with a buying centre is an organisation in which a user uses, an approver approves, an evaluator evaluates
and a decider decides. Each has an influence, and an attitude to each firm from -2 to 2: opponent, against, neutral,
support, sponsor, as the nearest whole number says.  X = Σ influence × attitude
Claim: a purchase goes through stages. A need arises; the firms that are known are searched; on the shortlist are those
for which the weight of opinion is (X > 0), or if there is none all, but none that the approver vetoes (-2); one of them
is bought from, and afterwards each role learns by its own criterion: the user by what is delivered, the approver by the
price against what others ask, the evaluator by failures and trust, the decider by a mix. Talks win a person over, the
less the more she is for the firm already, and wear off. So whom to convince goes by who has the influence.
Source: Webster & Wind 1972 (roles of a buying centre; from memory); influence times support and five attitudes as they
are taught (关键支持人); that a veto is the approver's, criteria and all sizes are assumed.
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
from abm.mechanisms.choice.buying_centre_counts import count_attitudes, count_stages, count_wins
from abm.mechanisms.choice.buying_centre_kernels import (
    ROLES,
    book_efforts,
    draw_attitudes,
    draw_centres,
    form_shortlist,
    learn_roles,
    meet_roles,
    move_attitudes,
)
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.sums import Sum
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

_ROUNDING = 1e-6  # within which parts add up to 1
_NOBODY = "no customer with a buying centre knows the firm"


@kpi(unit="share", better="less", nan=_NOBODY)
def veto_share(c: Tallied) -> FloatArray:
    """Buying centres whose approver vetoes the firm / buying centres that know it; over several periods their mean."""
    return c.vetoes / c.centres


@kpi(unit="-2 to 2", better="more", nan=_NOBODY)
def mean_support(c: Tallied) -> FloatArray:
    """X, influence times attitude summed over the four roles: mean over buying centres that know the firm."""
    return c.support_sum / c.centres - 2.0


@kpi(unit="share", better="more", nan=_NOBODY)
def user_sponsor_share(c: Tallied) -> FloatArray:
    """Buying centres whose user is a sponsor of the firm / buying centres that know it."""
    return c.user_sponsors / c.centres


@kpi(unit="share", better="more", nan=_NOBODY)
def approver_sponsor_share(c: Tallied) -> FloatArray:
    """Buying centres whose approver is a sponsor of the firm / buying centres that know it."""
    return c.approver_sponsors / c.centres


@kpi(unit="share", better="more", nan=_NOBODY)
def evaluator_sponsor_share(c: Tallied) -> FloatArray:
    """Buying centres whose evaluator is a sponsor of the firm / buying centres that know it."""
    return c.evaluator_sponsors / c.centres


@kpi(unit="share", better="more", nan=_NOBODY)
def decider_sponsor_share(c: Tallied) -> FloatArray:
    """Buying centres whose decider is a sponsor of the firm / buying centres that know it."""
    return c.decider_sponsors / c.centres


@kpi(unit="share", better="more", nan="no buying centre that knows the firm needed anything")
def shortlist_rate(c: Tallied) -> FloatArray:
    """Occasions of buying centres on which the firm was on the shortlist / those on which it was known."""
    return c.needs_shortlisted / c.needs_searched


@kpi(unit="share", better="more", nan="the firm was on no shortlist")
def win_rate(c: Tallied) -> FloatArray:
    """Occasions on which the firm was chosen from a shortlist / occasions on which it was on one."""
    return c.needs_won / c.needs_shortlisted


@kpi(unit="difference of shares", nan="the firm was on no shortlist with a champion, or on none without")
def champion_gap(c: Tallied) -> FloatArray:
    """Win rate where somebody in the buying centre is a sponsor, less that where nobody is: who is content is both a
    champion and buys again, so that this is more than what a champion brings."""
    without = c.needs_shortlisted - c.needs_championed
    return c.champion_wins / c.needs_championed - (c.needs_won - c.champion_wins) / without


@kpi(unit="talks/customer/period")
def talk_rate(c: Tallied) -> FloatArray:
    """Talks of the firm with persons in buying centres / customers of the market, per period."""
    return c.talks_held / c.population


def _effort(role: str, what: str) -> Any:
    doc = f"chance in a period of a talk with the {role} of each buying centre that knows the firm: {what}"
    return param(0.0, unit="1/period", bounds=(0, 0.95), evidence="assumed", doc=doc)


class BuyingCentrePolicy(Policy):
    """Whom in a buying centre a firm talks with."""

    name = "buying_centre"
    given: ClassVar = {"talk_cost": "what the time of account managers costs is given to a firm"}
    user_effort: float = _effort("user", "trials and training")
    approver_effort: float = _effort("approver", "prices and terms")
    evaluator_effort: float = _effort("evaluator", "references and proofs")
    decider_effort: float = _effort("decider", "talks at the top")
    talk_cost: float = param(
        0.15,
        unit="cu/centre/period",
        bounds=(0, 1e4),
        evidence="assumed",
        doc="scale of -ln(1 - effort), for each role",
    )

    @property
    def efforts(self) -> tuple[float, ...]:
        """Efforts in the order of ROLES."""
        return tuple(getattr(self, f"{role}_effort") for role in ROLES)

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what the efforts cost for each centre that knows the firm and period, in 1/100 cent."""
        dearer = -sum(math.log1p(-effort) for effort in self.efforts)
        return {"effort_expense": (CENTS, 100.0 * self.talk_cost * dearer)}


def _part(role: str, part: float) -> Any:
    doc = f"influence of the {role} in the average buying centre"
    return param(part, unit="share", bounds=(0, 1), evidence="assumed", doc=doc)


class BuyingCentre(Mechanism):
    """Who takes part in a purchase, with which influence, and on whose side."""

    name = "buying_centre"
    serves = ("B23", "E15")
    policy = BuyingCentrePolicy
    owns = (
        Column(
            "organisation", ("customer",), 0, "bool", "whether she is an organisation with a buying centre", "uint8"
        ),
        Column("influence", ("role", "customer"), 0, "share", f"of the roles {', '.join(ROLES)}; together 1"),
        *(
            Column(f"{role}_attitude", ("firm", "customer"), 0, "-2 to 2", f"of the {role}: opponent to sponsor")
            for role in ROLES
        ),
        Column("shortlisted", ("firm", "row"), 0, "bool", "whether the firm may be bought from", "uint8"),
    )
    sums = tuple(
        Sum(f"{role}_talks", ("firm", "row"), 0.0, "talks", f"of firms with the {role}", Phase.CONTACT)
        for role in ROLES
    )
    counts = (
        Tally("talks_held", "talks", "talks with persons in buying centres"),
        Tally("persuasion_spend", "cu", "cost of talks with persons in buying centres", CENT / 100, account="lever"),
        Tally("centre_needs", "occasions", "occasions of customers with a buying centre; nobody's entry"),
        Tally("needs_searched", "occasions", "of these, those on which the firm was known"),
        Tally("needs_shortlisted", "occasions", "of these, those on which it was on the shortlist"),
        Tally("needs_championed", "occasions", "of these, those on which somebody there was its sponsor"),
        Tally("needs_won", "occasions", "occasions on which it was chosen from a shortlist"),
        Tally("champion_wins", "occasions", "of these, those on which somebody there was its sponsor"),
        Tally("centres", "customers", "customers in the category with a buying centre that knows the firm"),
        Tally("vetoes", "customers", "of these, those whose approver vetoes it"),
        Tally("support_sum", "0-4", "sum over these of X + 2", 1 / FIXED_POINT),
        *(Tally(f"{role}_sponsors", "customers", f"of these, those whose {role} is a sponsor") for role in ROLES),
    )
    kpis = (
        veto_share, mean_support, user_sponsor_share, approver_sponsor_share, evaluator_sponsor_share,
        decider_sponsor_share, shortlist_rate, win_rate, champion_gap, talk_rate,
    )  # fmt: skip
    centre_share: float = param(
        1.0, unit="share", bounds=(0, 1), evidence="assumed",
        doc="customers who are organisations with a buying centre; the others decide alone",
    )  # fmt: skip
    user_part: float = _part("user", 0.25)
    approver_part: float = _part("approver", 0.25)
    evaluator_part: float = _part("evaluator", 0.20)
    decider_part: float = _part("decider", 0.30)
    influence_spread: float = param(
        0.5, unit="ratio", bounds=(0, 3), evidence="assumed", doc="sd over customers of the logarithm of each influence"
    )
    first_attitude: float = param(
        0.3, unit="-2 to 2", bounds=(-2, 2), evidence="assumed",
        doc="mean attitude to a firm of which nothing has been seen, to which attitudes fade",
    )  # fmt: skip
    attitude_spread: float = param(
        0.7, unit="attitude", bounds=(0, 2), evidence="assumed", doc="sd of attitudes at first"
    )
    fading: float = param(
        0.01, unit="1/period", bounds=(0, 1), evidence="assumed", doc="part of what has been learned that wears off"
    )
    persuasion: float = param(
        0.05, unit="1/talk", bounds=(0, 1), evidence="assumed", doc="part of the way to a sponsor that a talk moves"
    )
    support_weight: float = param(
        0.6, unit="logit/attitude", bounds=(0, 50), evidence="assumed", doc="weight of X in the utility of a firm"
    )
    learning: float = param(0.3, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="pull of a visit on attitudes")
    user_standard: float = param(
        0.65, unit="0-1", bounds=(0, 1), evidence="assumed", doc="performance that leaves a user neutral"
    )
    user_scale: float = param(
        8.0, unit="attitude/0-1", bounds=(0, 100), evidence="assumed", doc="a user's response to performance"
    )
    approver_scale: float = param(
        10.0, unit="attitude/share", bounds=(0, 100), evidence="assumed",
        doc="an approver's response to a price, as a part of the mean of prices that she knows",
    )  # fmt: skip
    evaluator_standard: float = param(
        0.55, unit="0-1", bounds=(0, 1), evidence="assumed", doc="trust that leaves an evaluator neutral"
    )
    evaluator_scale: float = param(
        8.0, unit="attitude/0-1", bounds=(0, 100), evidence="assumed", doc="an evaluator's response to trust"
    )
    severity_scale: float = param(
        4.0, unit="attitude/0-1", bounds=(0, 100), evidence="assumed", doc="an evaluator's response to a failure"
    )
    decider_quality: float = param(
        0.4, unit="share", bounds=(0, 1), evidence="assumed", doc="part of the user's criterion in the decider's"
    )
    decider_price: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed",
        doc="part of the approver's criterion in the decider's; the rest is the evaluator's",
    )  # fmt: skip

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = sum(self.parts)
        if abs(total - 1.0) > _ROUNDING:
            raise Refusal(f"the influences of the four roles add up to {total:g}; together they are 1")
        if self.decider_quality + self.decider_price > 1.0 + _ROUNDING:
            both = self.decider_quality + self.decider_price
            raise Refusal(f"decider_quality and decider_price add up to {both:g}; together they are 1 at most")
        return self

    @property
    def parts(self) -> tuple[float, ...]:
        """Influences in the average buying centre, in the order of ROLES."""
        return tuple(getattr(self, f"{role}_part") for role in ROLES)

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where nobody has a buying centre; else talks, shortlist, and what is learned and counted."""
        if self.centre_share == 0.0:
            return ()
        talks = ((Phase.CONTACT, meet_roles), (Phase.CONTACT, book_efforts))
        effort = talks if any(any(policy.efforts) for policy in policies) else ()
        chosen = ((Phase.VALUATION, form_shortlist), (Phase.VALUATION, count_stages), (Phase.ARRIVAL, count_wins))
        return (
            *effort, (Phase.NEED, move_attitudes), *chosen, (Phase.LEARNING, learn_roles),
            (Phase.CLOSING, count_attitudes),
        )  # fmt: skip

    def axes(self) -> Mapping[str, int]:
        """Return how many roles there are."""
        return {"role": len(ROLES)}

    def begin(self, world: World, seed: int) -> None:
        """Draw who has a buying centre, the influence of its roles, and what they think of firms at first."""
        c, key = world.customers, stream_key(seed, self.name)
        if "influence" in c:
            share, *parts, spread = map(np.float32, (self.centre_share, *self.parts, self.influence_spread))
            draw_centres(
                c.organisation, c.influence, c.customer_id, share, *parts, spread, key, world.replication
            )  # fmt: skip
            draw_attitudes(
                c.user_attitude, c.approver_attitude, c.evaluator_attitude, c.decider_attitude, c.customer_id,
                np.float32(self.first_attitude), np.float32(self.attitude_spread), key, world.replication,
            )  # fmt: skip
