"""Difficult customers: who makes a scene, what others and staff have of it, and what a firm's policy makes of that.

Claim: each policy takes some of the harm away and adds another; what somebody does is no failure of the firm, and
takes nothing from herself.
Source: docs/model.md, difficult_customers, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, uniform

TYPES = ("self_centred", "bad_mouthed", "hot_tempered", "know_it_all", "freeloader")
NOBODY, SELF_CENTRED, BAD_MOUTHED, HOT_TEMPERED, KNOW_IT_ALL, FREELOADER = range(6)
POLICIES = ("none", "boundaries", "remove", "calm", "penalise")
STEPS = 2**20
EXAMPLE: dict[str, Any] = {
    "type_shares": (0.02,) * 5, "incident_chances": (0.1, 0.08, 0.08, 0.1, 0.15),
    "extra_service": (0.5, 0.2, 0.3, 0.4, 0.1), "morale_losses": (0.02, 0.08, 0.06, 0.03, 0.01),
    "bystander_losses": (0.0, 0.03, 0.05, 0.0, 0.0), "queue_jump": 0.03, "witnesses": 10.0, "usual_minutes": 10.0,
    "backing": 0.5, "verified": 0.8, "mistrust": 0.05, "check_minutes": 1.0, "remove_minutes": 2.0,
    "calm_minutes": 1.0, "calm_from": 0.5, "calmed": 0.5, "penalise_minutes": 2.0, "penalty_loss": 0.3,
    "penalty_distrust": 0.5, "recurrence": 0.3, "claimed": 0.5, "claim_factor": 1.0, "conceded": 0.1,
}  # fmt: skip
MINUTES = {"boundaries": "check_minutes", "remove": "remove_minutes", "calm": "calm_minutes",
           "penalise": "penalise_minutes"}  # fmt: skip
BY_TYPE = ("incidents", "incident_claims")
COUNTS = ("claims_refused", "claims_paid", "incident_time", "incident_strain", "bystander_sum", "penalties")


def rounded(amount: float) -> int:
    """Return an amount as a whole number, half rounded up."""
    return math.floor(amount + 0.5)


def cut_off(loss: float) -> int:
    """Return a loss in whole 2**-20, as float32 holds it, cut off."""
    return math.floor(as_single(loss) * STEPS)


def type_bounds(shares: Sequence[float]) -> list[float]:
    """Return the shares cumulated in the order of the types, as float32 adds them."""
    bounds, total = [], 0.0
    for share in shares:
        total = as_single(total + share)
        bounds.append(total)
    return bounds


def type_of(u: float, shares: Sequence[float]) -> int:
    """Return who somebody is for life by her uniform."""
    return next((kind for kind, bound in enumerate(type_bounds(shares), start=1) if u < bound), NOBODY)


def drawn_type(key: Key, customer: int, shares: Sequence[float], replication: int = 0) -> int:
    """Return who a customer is for life."""
    words = customer_words(key, customer, 0, draw=1, block=0, replication=replication)
    return type_of(uniform(words[0]), shares)


def luck(key: Key, customer: int, period: int, nth: int, replication: int = 0) -> tuple[float, float]:
    """Return the uniforms that decide whether a visit has a scene, and whether a claim is found out."""
    words = customer_words(key, customer, period, draw=0, block=nth, replication=replication)
    return uniform(words[0]), uniform(words[1])


def witnessed(total: int, own: int, visitors: int, witnesses: float, worst: float) -> float:
    """Return what scenes of the other visitors take from one, by sums in 2**-20."""
    if visitors <= 1:
        return 0.0
    return min(worst, witnesses * (total - own) / (visitors - 1) / STEPS)


@dataclass
class Firm:
    """What a firm does about each type, what a minute costs it, whether it has a line, and what it gives back."""

    towards: tuple[str, str, str, str, str] = ("none",) * 5
    minute_cost: float = 0.25  # cu
    servers: int = 0  # who are paid by the hour; 0 = enough
    compensation: float = 0.0
    can_calm: bool = False  # whether emotional competence of its staff is above what calming takes

    @property
    def packed(self) -> int:
        """The codes of its policies, three bits a type."""
        return sum(POLICIES.index(policy) << 3 * place for place, policy in enumerate(self.towards))

    @property
    def minute_expense(self) -> int:
        """Cost of a minute, 1/100 cent."""
        return rounded(10_000.0 * self.minute_cost)

    @property
    def checks_claims(self) -> bool:
        """Whether the honest, too, are asked for proof."""
        return "boundaries" in (self.towards[KNOW_IT_ALL - 1], self.towards[FREELOADER - 1])

    def policy(self, kind: int) -> str:
        """Return what it does about a type."""
        return self.towards[kind - 1]

    def anger_left(self, kind: int, p: Mapping[str, Any]) -> float:
        """Return the part of an outburst that is left where staff calms, if it can."""
        return 1.0 - p["calmed"] if self.policy(kind) == "calm" and self.can_calm else 1.0

    def shown(self, kind: int, loss: float, p: Mapping[str, Any]) -> int:
        """Return what a scene takes from who sees it, 2**-20: nothing if she is moved away."""
        return 0 if self.policy(kind) == "remove" else cut_off(as_single(loss) * as_single(self.anger_left(kind, p)))

    def strain(self, kind: int, p: Mapping[str, Any]) -> int:
        """Return what a scene takes from morale, 2**-20."""
        backed = self.policy(kind) == "boundaries"
        part = as_single(1.0 - p["backing"]) if backed else as_single(self.anger_left(kind, p))
        return cut_off(p["morale_losses"][kind - 1] * part)

    def minutes(self, kind: int, p: Mapping[str, Any]) -> float:
        """Return the minutes that a scene takes beyond a usual visit."""
        policy = self.policy(kind)
        handling = p[MINUTES[policy]] if policy in MINUTES else 0.0
        return p["extra_service"][kind - 1] * p["usual_minutes"] + handling

    def claim(self, kind: int, spend: int, p: Mapping[str, Any]) -> int | None:
        """Return what is claimed without a reason, cents; None of who claims nothing."""
        if kind == FREELOADER:
            return rounded(max(p["claimed"], p["claim_factor"] * self.compensation) * spend)
        return rounded(p["conceded"] * spend) if kind == KNOW_IT_ALL else None


@dataclass
class Visit:
    """A visit to a firm, or to nobody (-1), of a customer by her identity."""

    customer: int
    nth: int
    firm: int
    kind: int = NOBODY  # her type
    incident: int = NOBODY
    failed: bool = False
    spend: int = 0  # cents
    served: bool = True
    bystander_loss: float = 0.0
    jumping_loss: float = 0.0
    cost: int = 0  # cents


@dataclass
class Scenes:
    """Scenes at some firms under a key, and what is remembered and counted of them."""

    firms: Sequence[Firm]
    p: Mapping[str, Any]
    key: Key
    replication: int = 0
    penalised: set[tuple[int, int]] = field(default_factory=set)  # firm and customer
    trust: dict[tuple[int, int], float] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    close: list[Visit] = field(default_factory=list)  # whose decisions float32 may take otherwise
    shown: list[int] = field(default_factory=list)
    jumped: list[int] = field(default_factory=list)
    visitors: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count anew, as a period does."""
        m = len(self.firms)
        self.counts = {name: [0] * m for name in COUNTS} | {name: [[0] * m for _ in TYPES] for name in BY_TYPE}

    def chance(self, visit: Visit) -> float:
        """Return the chance of a scene."""
        if visit.kind == NOBODY or visit.firm < 0:
            return 0.0
        warned = (visit.firm, visit.customer) in self.penalised
        return self.p["incident_chances"][visit.kind - 1] * (self.p["recurrence"] if warned else 1.0)

    def draw(self, visit: Visit, t: int) -> None:
        """Draw whether she makes a scene."""
        u = luck(self.key, visit.customer, t, visit.nth, self.replication)[0]
        chance = self.chance(visit)
        if near(u, chance):
            self.close.append(visit)
        visit.incident = visit.kind if u < chance else NOBODY

    def longer(self, visit: Visit) -> float:
        """Return the factor on minutes of service."""
        if visit.incident == NOBODY:
            return 1.0
        return 1.0 + self.firms[visit.firm].minutes(visit.incident, self.p) / self.p["usual_minutes"]

    def gather(self, visits: Sequence[Visit]) -> None:
        """Add up what others see of those who are served; who is not, makes no scene."""
        m = len(self.firms)
        self.shown, self.jumped, self.visitors = [0] * m, [0] * m, [0] * m
        for visit in visits:
            if not visit.served:
                visit.incident = NOBODY
            elif visit.firm >= 0:
                self.visitors[visit.firm] += 1
                self.shown[visit.firm] += self.scene(visit)
                self.jumped[visit.firm] += self.jump(visit)

    def scene(self, visit: Visit) -> int:
        """Return what others see of a visit, 2**-20."""
        if visit.incident == NOBODY:
            return 0
        return self.firms[visit.firm].shown(visit.incident, self.p["bystander_losses"][visit.incident - 1], self.p)

    def jump(self, visit: Visit) -> int:
        """Return what others see of a line that is jumped, 2**-20: only where there is one."""
        firm = self.firms[visit.firm]
        if visit.incident != SELF_CENTRED or firm.servers == 0:
            return 0
        return firm.shown(visit.incident, self.p["queue_jump"], self.p)

    def see(self, visit: Visit) -> None:
        """Find what scenes of others take from a visitor."""
        j, p = visit.firm, self.p
        number, worst = self.visitors[j], max(p["bystander_losses"])
        visit.bystander_loss = witnessed(self.shown[j], self.scene(visit), number, p["witnesses"], worst)
        visit.jumping_loss = witnessed(self.jumped[j], self.jump(visit), number, p["witnesses"], p["queue_jump"])
        self.counts["bystander_sum"][j] += cut_off(visit.bystander_loss)

    def resented(self, visit: Visit) -> float:
        """Return what satisfaction loses: by a line that was jumped, a penalty, or mistrust of the honest."""
        firm, lost = self.firms[visit.firm], visit.jumping_loss
        if visit.incident != NOBODY:
            return lost + (self.p["penalty_loss"] if firm.policy(visit.incident) == "penalise" else 0.0)
        return lost + (self.p["mistrust"] if visit.failed and firm.checks_claims else 0.0)

    def settle(self, visit: Visit, t: int) -> None:
        """Settle what a scene costs, and note who is penalised."""
        visit.cost = 0
        if visit.incident == NOBODY:
            return
        j, kind, c = visit.firm, visit.incident, self.counts
        firm, u = self.firms[j], luck(self.key, visit.customer, t, visit.nth, self.replication)[1]
        c["incidents"][kind - 1][j] += 1
        c["incident_strain"][j] += firm.strain(kind, self.p)
        claim = firm.claim(kind, visit.spend, self.p)
        if claim is not None:
            c["incident_claims"][kind - 1][j] += 1
            if firm.policy(kind) == "boundaries" and u < self.p["verified"]:
                c["claims_refused"][j] += 1
            else:
                c["claims_paid"][j] += claim
                visit.cost += claim
        if firm.servers == 0:
            spent = rounded(firm.minutes(kind, self.p) * firm.minute_expense / 100.0)
            c["incident_time"][j] += spent
            visit.cost += spent
        if firm.policy(kind) == "penalise":
            c["penalties"][j] += 1
            pair = j, visit.customer
            self.penalised.add(pair)
            if pair in self.trust:
                self.trust[pair] *= 1.0 - self.p["penalty_distrust"]


def measures(c: Mapping[str, Any]) -> dict[str, float]:
    """Return the measures of a firm by its counts over some periods, in their units, and visits."""

    def ratio(part: float, of: float) -> float:
        return part / of if of else math.nan

    visits = c["visits"]
    return {
        "incident_rate": ratio(sum(c["incidents"]), visits),
        "false_claim_rate": ratio(c["incident_claims"][FREELOADER - 1], visits),
        "claims_refused_share": ratio(c["claims_refused"], sum(c["incident_claims"])),
        "incident_cost": ratio(c["claims_paid"] + c["incident_time"], visits),
        "bystander_loss": ratio(c["bystander_sum"], visits),
    }
