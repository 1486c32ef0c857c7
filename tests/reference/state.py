"""What exists in the reference model: customers, firms, programmes and visits, as plain records.

Money of people and firms is in cu, money that was paid in whole cents, points in whole hundredths of a point.
Lists of a customer have one entry a firm, in the order of the firms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

NOBODY = -1  # a visit to no firm; no provider; no period yet
PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK = range(5)


@dataclass
class Programme:
    """A loyalty programme: one point of the design space; the neutral programme does nothing."""

    enrolment: str = "by_benefit"  # or "automatic": everybody who visits
    hassle: float = 0.0  # cu a year that joining must bring
    fee: float = 0.0  # cu for each year of membership
    earn_per_visit: float = 0.0  # points
    earn_rate: float = 0.0  # points per cu
    goal: float = 10.0  # points for one reward
    reward: float = 0.0  # cu, worth of one reward to the customer
    reward_cost: float = 1.0  # cost of the reward to the firm, per cu of its worth
    member_cost: float = 0.0  # cu per member and period
    endowment: float = 0.0  # points given at joining
    redemption: float = 1.0  # probability of redeeming at a visit when the goal is reached
    expiry: int = 0  # periods without a purchase after which points are void, 0 = never
    tier_threshold: tuple[float, ...] = ()  # cu in a window; the first entry is tier 1
    tier_discount: tuple[float, ...] = ()
    tier_bonus: tuple[float, ...] = ()
    tier_window: int = 52  # periods
    member_discount: float = 0.0  # share of the price, for every member
    tier_rule: str = "spend"  # or "class_and_spend"
    class_factor: tuple[float, ...] = ()  # on the thresholds of class A, B, C, D

    def __post_init__(self) -> None:
        self.goal = math.floor(100.0 * self.goal + 0.5) / 100.0  # as points are, in whole hundredths

    @property
    def has_tiers(self) -> bool:
        """Tell whether spend leads to anything."""
        return bool(self.tier_threshold)

    def discount(self, tier: int) -> float:
        """Return the share of the price that a tier saves; tier 0 saves nothing."""
        return self.tier_discount[tier - 1] if 0 < tier <= len(self.tier_discount) else 0.0

    def bonus(self, tier: int) -> float:
        """Return the extra share of points of a tier; tier 0 has none."""
        return self.tier_bonus[tier - 1] if 0 < tier <= len(self.tier_bonus) else 0.0


@dataclass
class Firm:
    """What a firm decides, and what it costs."""

    name: str = ""
    price: float = 1.0  # price index: cu for each cu of basket
    quality: float = 0.75
    promise: float = 0.75
    spread_within: float = 0.10
    spread_between: float = 0.05
    failure_rate: float = 0.05
    transparency: float = 0.0
    richness: float = 0.0
    integration: float = 0.0
    integration_cost: float = 0.0  # cu a visit
    exit_fee: float = 0.0  # cu
    joining_fee: float = 0.0  # cu
    unit_cost: float = 0.0  # cu for each cu of basket
    fixed_cost: float = 0.0  # cu a period
    quality_cost: float = 0.0  # cu, as those that follow
    reliability_cost: float = 0.0
    consistency_cost: float = 0.0
    transparency_cost: float = 0.0
    richness_cost: float = 0.0
    advertising_spend: float = 0.0  # cu for each customer of the market and period
    brand: float = 0.0  # utility of the name
    program: Programme | None = None
    coalition: Any = None  # terms of the coalition of its programme

    def __post_init__(self) -> None:
        if isinstance(self.program, dict):
            self.program = Programme(**self.program)

    @property
    def spread(self) -> float:
        """Return the sd of performance over visits."""
        return math.hypot(self.spread_within, self.spread_between)


@dataclass
class Customer:
    """One person. Lists left empty start as docs/model.md says, see `ready`."""

    purchase_rate: float
    basket: float
    aware: list[bool]
    expectation: list[float]
    price_weight: float = 1.0
    usual_price: float = 1.0  # index
    taste: list[float] = field(default_factory=list)  # empty: drawn by the market
    provider: int = NOBODY
    satisfaction: list[float] = field(default_factory=list)
    encounters: list[int] = field(default_factory=list)
    trust: list[float] = field(default_factory=list)
    affective_commitment: list[float] = field(default_factory=list)
    calculative_commitment: list[float] = field(default_factory=list)
    personal_bond: list[float] = field(default_factory=list)
    switching_facet: list[float] = field(default_factory=lambda: [0.0] * 8)
    switching_cost: float = 0.0
    preference: list[float] = field(default_factory=list)
    word_of_mouth: list[float] = field(default_factory=list)
    match: list[float] = field(default_factory=list)
    member: list[bool] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)  # period, -1 = no member
    points: list[int] = field(default_factory=list)  # hundredths
    given: list[int] = field(default_factory=list)  # hundredths of a point, towards the next reward
    provided: list[int] = field(default_factory=list)  # cents
    tier: list[int] = field(default_factory=list)
    qualifying_spend: list[int] = field(default_factory=list)  # cents
    tier_factor: list[float] = field(default_factory=list)  # stays 1: this market has no classes of customers
    boost: float = 1.0
    brought_forward: float = 0.0  # periods of usual need
    point_value: list[float] = field(default_factory=list)  # cu a point
    points_elsewhere: list[float] = field(default_factory=list)  # a period, without visits here
    last_purchase: list[int] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)  # category occasions since a purchase at the firm
    relation: list[int] = field(default_factory=list)
    exited: int = NOBODY
    signed: int = NOBODY
    hassle_factor: float | None = None  # None: drawn by the market
    bother: float | None = None  # the same
    program_utility: list[float] = field(default_factory=list)
    year_spend: list[int] = field(default_factory=list)  # cents
    year_purchases: list[int] = field(default_factory=list)
    own_before: list[bool] = field(default_factory=list)
    relation_before: list[int] = field(default_factory=list)
    relation_then: list[int] = field(default_factory=list)  # as the period began

    def ready(self, firms: int) -> Customer:
        """Fill every list that was left empty with its starting value, and return the customer."""
        starts = {
            "satisfaction": math.nan,
            "encounters": 0,
            "trust": 0.5,
            "affective_commitment": 0.2,
            "calculative_commitment": 0.0,
            "personal_bond": 0.0,
            "preference": 1.0 / firms,
            "word_of_mouth": 0.0,
            "match": 0.0,
            "member": False,
            "joined": -1,
            "points": 0,
            "given": 0,
            "provided": 0,
            "tier": 0,
            "qualifying_spend": 0,
            "tier_factor": 1.0,
            "point_value": 0.0,
            "points_elsewhere": 0.0,
            "last_purchase": -1,
            "missed": 0,
            "relation": PROSPECT,
            "program_utility": 0.0,
            "year_spend": 0,
            "year_purchases": 0,
            "own_before": False,
            "relation_before": PROSPECT,
            "relation_then": PROSPECT,
        }
        for name in (*starts, "aware", "expectation"):
            values = list(getattr(self, name))
            if not values and name in starts:
                values = [starts[name]] * firms
            if len(values) != firms:
                raise ValueError(f"{name} has {len(values)} entries for {firms} firms")
            setattr(self, name, values)
        self.switching_facet = list(self.switching_facet)
        return self


@dataclass
class Visit:
    """One occasion of one customer, and what came of it."""

    customer: int
    nth: int
    firm: int = NOBODY
    price: float = math.nan  # index that she pays
    performance: float = math.nan
    satisfaction: float = math.nan  # of this transaction
    failed: bool = False
    spend: int = 0  # cents
    forgone: int = 0  # cents that her tier's discount saves her
    redeemed: int = 0  # rewards
