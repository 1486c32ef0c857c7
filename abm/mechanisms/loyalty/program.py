"""Loyalty programmes: one design space, in which points clubs, stamp cards and tiered clubs are points.

Claim: enrolling, fees, earning, redeeming, expiring, endowing, discounts and tiers are fields of one programme, not
kinds of programme.  No field is a free lunch: points given are owed (provision), rewards and discounts are paid;
`redemption` and `expiry`, which make it less likely that they are, take as much from their pull.  `hassle`,
`reward_cost` and `member_cost` are what the trade allows and carry no cost of their own: less hassle only lets more
customers claim rewards, and what a reward or a card costs is a price that the firm pays: a gift of its own goods costs
it what goods cost, and an event what it takes where there is room to spare, both less than they are worth to members.
Source: presets follow the programmes studied by NUNES_DREZE_2006 (stamp cards) and DREZE_NUNES_2009 (tiers); sizes
are assumed.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.mechanisms.policy import CENTS, NUMBER, POINTS, THRESHOLD, WHOLE, Held, Policy, hundredths

_HUNDREDTHS_OF_A_CENT = Held("int64", lambda cu: round(10_000 * cu), lambda held: held / 10_000.0)
_GOAL = Held("float32", lambda goal: hundredths(goal) / 100.0, float)


def _list_with_base(base: float) -> Held:
    """Return how a list by tier is held whose base tier, and tiers without an entry, have a value of their own."""
    return Held(NUMBER.dtype, NUMBER.into, NUMBER.back, base)


class LoyaltyProgram(Policy):
    """A programme: earn, redeem, expire; tiers; what it costs."""

    name: ClassVar = "program"
    presets: ClassVar = "program"
    presets_of: ClassVar = "programme"
    optional: ClassVar = True
    held: ClassVar = {
        "preset": None, "enrolment": None, "goal": _GOAL, "endowment": POINTS, "tier_threshold": THRESHOLD,
        "member_cost": _HUNDREDTHS_OF_A_CENT, "fee": CENTS, "member_discount": None,
        "class_factor": _list_with_base(1.0),
    }  # fmt: skip

    given: ClassVar = {
        "hassle": "how much membership bothers is a trait of customers and of the trade",
        "reward_cost": "what a reward costs beside its value is given with the kind of reward",
        "member_cost": "what administration costs is a going price",
    }
    free: ClassVar = {
        "enrolment": "who may join is a rule; each who does is served and rewarded",
        "redemption": "how easily a reward is claimed is a rule; what is claimed less pulls less",
        "expiry": "when points lapse is a rule; points that lapse pull less",
        "goal": "how many points a reward takes is a rule; fewer rewards pull less",
        "tier_window": "how long a tier is held is a rule",
        "tier_rule": "who rises to a tier is a rule; whoever does gets what the tier costs",
        "fee": "a fee is a term of membership; whom it is not worth to does not join, or leaves",
    }

    preset: str = param("custom", unit="name", evidence="assumed", doc="named design that other fields start from")
    enrolment: Literal["by_benefit", "automatic"] = param(
        "by_benefit", unit="name", evidence="assumed", doc="who joins: those whose benefit exceeds the hassle, or all"
    )
    hassle: float = param(
        2.0,
        unit="cu/year",
        bounds=(0, 1e6),
        evidence="assumed",
        doc="mean yearly bother of membership to customers; less of it costs the rewards of those who join for it",
    )
    fee: float = param(
        0.0,
        unit="cu/year",
        bounds=(0, 1e6),
        evidence="assumed",
        doc="charged for each year of membership, on joining and at every renewal",
    )
    earn_rate: float = param(0.0, unit="points/cu", bounds=(0, 1e3), evidence="assumed", doc="points for spending")
    earn_per_visit: float = param(
        0.0, unit="points/visit", bounds=(0, 1e4), evidence="assumed", doc="points (stamps) for a visit"
    )
    endowment: float = param(
        0.0, unit="points", bounds=(0, 1e4), evidence="assumed", doc="points given on joining, owed from then on"
    )
    goal: float = param(10.0, unit="points", bounds=(0.01, 1e5), evidence="assumed", doc="points for one reward")
    reward: float = param(0.0, unit="cu", bounds=(0, 1e5), evidence="assumed", doc="value of one reward to the member")
    reward_cost: float = param(
        1.0,
        unit="ratio",
        bounds=(0.2, 2),
        evidence="assumed",
        doc="cost to the firm per cu of reward value: below 1 for its own goods, given at what they cost",
    )
    redemption: float = param(
        0.9, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance that what is due is claimed on a visit"
    )
    expiry: int = param(
        0, unit="periods", bounds=(0, 10_000), evidence="assumed", doc="silence after which points lapse; 0 = never"
    )
    member_cost: float = param(
        0.01, unit="cu/member/period", bounds=(0, 1e4), evidence="assumed", doc="administration, at the going price"
    )
    member_discount: float = param(
        0.0, unit="share", bounds=(0, 0.99), evidence="assumed", doc="price cut of every member; a tier's comes on top"
    )
    tier_threshold: tuple[float, ...] = param(
        (), unit="cu/window", evidence="assumed", doc="spend that lifts to tier 1, 2, … (at most 4)"
    )
    tier_discount: tuple[float, ...] = param((), unit="share", evidence="assumed", doc="further price cut of each tier")
    tier_bonus: tuple[float, ...] = param((), unit="share", evidence="assumed", doc="extra points of each tier")
    tier_rule: Literal["spend", "class_and_spend"] = param(
        "spend", unit="name", evidence="assumed", doc="who rises: by spend alone, or by spend and the firm's own class"
    )
    class_factor: tuple[float, ...] = param(
        (), unit="ratio", evidence="assumed", doc="factor on thresholds for class A, B, C, D of customers (at most 4)"
    )
    tier_window: int = param(
        52, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="length of a qualifying window"
    )

    @classmethod
    def absent(cls) -> LoyaltyProgram:
        """Return a programme that nobody can join."""
        return cls(member_cost=0.0)

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return whether there is a programme and tiers, the goal in whole hundredths, what a reward costs, and what is
        taken off the price at each tier, 0 = base: `member_discount + tier_discount`."""
        cut = self.member_discount
        return {
            "has_program": (WHOLE, firm.program is not None),
            "has_tiers": (WHOLE, len(self.tier_threshold) > 0),
            "automatic": (WHOLE, self.enrolment == "automatic"),
            "goal_points": (POINTS, self.goal),
            "reward_expense": (CENTS, self.reward * self.reward_cost),
            "tier_cut": (_list_with_base(cut), tuple(cut + share for share in self.tier_discount)),
        }

    @model_validator(mode="after")
    def _who_pays_has_chosen_to(self) -> LoyaltyProgram:
        if self.fee > 0 and self.enrolment == "automatic":
            raise Refusal(
                f"fee = {self.fee:.6g} would be charged to members who have not chosen to join; with enrolment = "
                '"automatic" only 0 is allowed, so set enrolment = "by_benefit"'
            )
        return self

    @model_validator(mode="after")
    def _tiers_agree(self) -> LoyaltyProgram:
        count = len(self.tier_threshold)
        if count > 4:
            raise Refusal(f"tier_threshold has {count} tiers; at most 4 are allowed")
        for field in ("tier_discount", "tier_bonus"):
            if len(getattr(self, field)) not in (0, count):
                raise Refusal(f"{field} has {len(getattr(self, field))} entries for {count} tiers")
        if list(self.tier_threshold) != sorted(set(self.tier_threshold)) or any(x <= 0 for x in self.tier_threshold):
            raise Refusal("tier_threshold must rise from tier to tier and start above 0")
        if any(not 0 <= x < 1 for x in self.tier_discount) or any(not 0 <= x <= 100 for x in self.tier_bonus):
            raise Refusal("tier_discount must lie in [0, 1) and tier_bonus in [0, 100]")
        if len(self.class_factor) > 4 or any(not 0 <= factor <= 100 for factor in self.class_factor):
            raise Refusal("class_factor must have at most 4 entries, for class A to D, each in [0, 100]")
        if self.class_factor and self.tier_rule == "spend":
            raise Refusal('class_factor has no effect by spend alone; set tier_rule = "class_and_spend"')
        if self.member_discount + max(self.tier_discount, default=0.0) >= 1:
            raise Refusal(
                f"member_discount = {self.member_discount:.6g} and the highest tier_discount leave no price to pay; "
                "together they must be below 1, so lower one of them"
            )
        return self


def points_program(**fields: Any) -> LoyaltyProgram:
    """Return a points club: points for spending, a voucher at the goal."""
    return LoyaltyProgram(**{"preset": "points", **fields})


def stamp_card(**fields: Any) -> LoyaltyProgram:
    """Return a stamp card: a stamp a visit, a reward for a full card."""
    return LoyaltyProgram(**{"preset": "stamp_card", **fields})


def tiered_program(**fields: Any) -> LoyaltyProgram:
    """Return a tiered club: points, and discounts that grow with yearly spend."""
    return LoyaltyProgram(**{"preset": "tiers", **fields})
