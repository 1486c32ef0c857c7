"""Difficult customers: five lasting types, the scenes they make, and what a firm does about each.   Visitors meet.

The self-centred jump lines and take time, the bad-mouthed insult staff, the hot-tempered shout, the know-it-alls
dispute what they are charged, the freeloaders claim for what did not go wrong. What they do is not a failure of the
firm; it costs time, wears out staff, spoils the visit of others who are there, and some of it is claimed in money.
Claim: each policy takes away some of this and adds something else. Boundaries protect staff and refuse false claims,
and offend the honest who have a reason to complain; who is moved away is not seen, at the cost of a second server;
calming takes a minute and staff who can; who is penalised seldom does it again, and seldom comes again.
Source: Lovelock 1994 (customers who misbehave); Bitner, Booms & Mohr 1994, Journal of Marketing (problem customers as a
source of dissatisfaction; from memory); the types, the table and all sizes are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, WHOLE, Held, Policy
from abm.mechanisms.service.difficult_customers_kernels import (
    BITS,
    CALM,
    FREELOADER,
    POLICIES,
    TYPES,
    add_incident_cost,
    disturb,
    draw_incidents,
    draw_types,
    gather_incidents,
    lengthen_service,
    resent,
    see_incidents,
    see_who_calms,
    settle_incidents,
)
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

_NO_VISITS = "nobody visited the firm"
Towards = Literal["none", "boundaries", "remove", "calm", "penalise"]


@kpi(unit="1/visit", better="less", nan=_NO_VISITS)
def incident_rate(c: Tallied) -> FloatArray:
    """Visits on which a difficult customer made a scene / visits."""
    return c.incidents.sum(axis=-2) / c.visits


@kpi(unit="1/visit", better="less", nan=_NO_VISITS)
def false_claim_rate(c: Tallied) -> FloatArray:
    """Visits on which a freeloader claimed for what had not gone wrong / visits."""
    return c.incident_claims[..., FREELOADER - 1, :] / c.visits


@kpi(unit="share", nan="nobody claimed anything without a reason")
def claims_refused_share(c: Tallied) -> FloatArray:
    """Claims of freeloaders and disputes of know-it-alls that the firm refused / all of them."""
    return c.claims_refused / c.incident_claims.sum(axis=-2)


@kpi(unit="cu/visit", better="less", nan=_NO_VISITS)
def incident_cost(c: Tallied) -> FloatArray:
    """Cost of claims paid and of staff's time that incidents take, / visits."""
    return (c.claims_paid + c.incident_time) / c.visits


@kpi(unit="0-1", better="less", nan=_NO_VISITS)
def bystander_loss(c: Tallied) -> FloatArray:
    """Performance that incidents of others have taken from visitors / visits."""
    return c.bystander_sum / c.visits


def _towards(type_of: str) -> Any:
    return param("none", unit="name", evidence="assumed", doc=f"what staff does when {type_of} customers make a scene")


class DifficultPolicy(Policy):
    """What a firm does about each type of difficult customer."""

    name = "difficult"
    given: ClassVar = {"minute_cost": "wages are those of the labour market"}
    self_centred: Towards = _towards("self-centred")
    bad_mouthed: Towards = _towards("bad-mouthed")
    hot_tempered: Towards = _towards("hot-tempered")
    know_it_all: Towards = _towards("know-it-all")
    freeloader: Towards = _towards("freeloading")
    minute_cost: float = param(
        0.25, unit="cu/minute", bounds=(0, 1e4), evidence="assumed",
        doc="of staff's time, at a firm whose servers are not counted",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return the policies by type in one number, three bits each, and what a minute costs, in 1/100 cent."""
        codes = (POLICIES.index(getattr(self, name)) << (BITS * k) for k, name in enumerate(TYPES))
        return {"incident_policies": (WHOLE, sum(codes)), "minute_expense": (CENTS, 100.0 * self.minute_cost)}


def _table(values: tuple[float, ...], unit: str, doc: str) -> Any:
    return param(values, unit=unit, bounds=(0, 1), evidence="assumed", doc=f"{doc}, by type in their order")


class DifficultCustomers(Mechanism):
    """Customers who make scenes, and policies towards them."""

    name = "difficult_customers"
    serves = ("C6", "C7")
    policy = DifficultPolicy
    owns = (
        Column("difficult_type", ("customer",), 0, "code", f"1 to 5: {', '.join(TYPES)}; 0 = not difficult", "uint8"),
        Column("penalised", ("firm", "customer"), 0, "bool", "whether the firm has penalised her", "uint8"),
        Column("calms", ("firm",), 0, "bool", "whether the firm's staff can calm customers", "uint8"),
        Column("incident_shown", ("firm",), 0, "2^-20", "performance that the period's incidents take", "int64"),
        Column("jumping_shown", ("firm",), 0, "2^-20", "satisfaction that jumped lines take", "int64"),
        Column("visitors_served", ("firm",), 0, "visits", "served in the period", "int64"),
        Column("incident", ("visit",), 0, "code", "type of who made a scene, 0 = nobody", "uint8"),
        Column("bystander_loss", ("visit",), 0, "0-1", "performance that others' incidents take"),
        Column("jumping_loss", ("visit",), 0, "0-1", "satisfaction that others' jumping the line takes"),
        Column("visit_incident", ("visit",), 0, "cents", "what an incident costs", "int64"),
    )
    writes = ("trust",)
    counts = (
        Tally("incidents", "visits", "visits on which somebody made a scene, by type", axes=("difficult_kind",)),
        Tally("incident_claims", "claims", "false claims and disputes, by type", axes=("difficult_kind",)),
        Tally("claims_refused", "claims", "of these, refused"),
        Tally("claims_paid", "cu", "paid on the others", CENT, account="lever"),
        Tally("incident_time", "cu", "cost of staff's time that incidents take", CENT, account="lever"),
        Tally("incident_strain", "0-1", "morale that incidents take from who serves", 1 / FIXED_POINT),
        Tally("bystander_sum", "0-1", "sum over visits of performance that others' incidents take", 1 / FIXED_POINT),
        Tally("penalties", "visits", "incidents that were penalised"),
    )
    kpis = (incident_rate, false_claim_rate, claims_refused_share, incident_cost, bystander_loss)
    type_shares: tuple[float, ...] = _table((0.02, 0.02, 0.02, 0.02, 0.02), "share", "customers who are of a type")
    incident_chances: tuple[float, ...] = _table((0.10, 0.08, 0.08, 0.10, 0.15), "1/visit", "chance of an incident")
    extra_service: tuple[float, ...] = _table(
        (0.5, 0.2, 0.3, 0.4, 0.1), "share", "part of usual minutes that an incident adds"
    )
    morale_losses: tuple[float, ...] = _table(
        (0.02, 0.08, 0.06, 0.03, 0.01), "0-1", "morale that an incident takes from who serves"
    )
    bystander_losses: tuple[float, ...] = _table(
        (0.0, 0.03, 0.05, 0.0, 0.0), "0-1", "performance that an incident takes from who sees it"
    )
    queue_jump: float = param(
        0.03, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="satisfaction that a self-centred visitor who jumps the line takes from who sees it, at a firm with a line",
    )  # fmt: skip
    witnesses: float = param(
        10.0, unit="visits/incident", bounds=(0, 1e4), evidence="assumed", doc="other visits that see an incident"
    )
    usual_minutes: float = param(
        10.0, unit="minutes", bounds=(0.01, 1e4), evidence="assumed", doc="of service, of which incidents add a part"
    )
    backing: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="part of strain that boundaries spare staff"
    )
    verified: float = param(
        0.8, unit="share", bounds=(0, 1), evidence="assumed", doc="false claims that boundaries find out"
    )
    mistrust: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="satisfaction that checks of claims take from visitors on whose visit something did fail",
    )  # fmt: skip
    check_minutes: float = param(
        1.0, unit="minutes", bounds=(0, 1e3), evidence="assumed", doc="that boundaries take, at an incident"
    )
    remove_minutes: float = param(
        2.0, unit="minutes", bounds=(0, 1e3), evidence="assumed", doc="of a second server that moving her away takes"
    )
    calm_minutes: float = param(
        1.0, unit="minutes", bounds=(0, 1e3), evidence="assumed", doc="that calming takes, whether it succeeds or not"
    )
    calm_from: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="emotional competence above which calming succeeds"
    )
    calmed: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="part of others' losses that calming spares"
    )
    penalise_minutes: float = param(
        2.0, unit="minutes", bounds=(0, 1e3), evidence="assumed", doc="that a penalty takes"
    )
    penalty_loss: float = param(
        0.3, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction that a penalty takes from her"
    )
    penalty_distrust: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="trust in the firm that a penalty takes from her"
    )
    recurrence: float = param(
        0.3, unit="ratio", bounds=(0, 1), evidence="assumed", doc="factor on chances after a penalty"
    )
    claimed: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="of what she pays, that a freeloader claims at least"
    )
    claim_factor: float = param(
        1.0, unit="ratio", bounds=(0, 10), evidence="assumed", doc="what she claims / what complainers get"
    )
    conceded: float = param(
        0.1, unit="share", bounds=(0, 1), evidence="assumed", doc="of what she pays, that a know-it-all disputes"
    )

    @property
    def policy_minutes(self) -> np.ndarray:
        """Minutes that each policy takes at an incident, (5,) float32, in the order of their codes."""
        taken = (0.0, self.check_minutes, self.remove_minutes, self.calm_minutes, self.penalise_minutes)
        return np.array(taken, np.float32)

    @property
    def chance_of_type(self) -> np.ndarray:
        """Chances of an incident by type, (5,) float32."""
        return np.array(self.incident_chances, np.float32)

    @property
    def extra_of_type(self) -> np.ndarray:
        """Parts of usual minutes that an incident adds, by type, (5,) float32."""
        return np.array(self.extra_service, np.float32)

    @property
    def strain_of_type(self) -> np.ndarray:
        """Morale that an incident takes from who serves, by type, (5,) float32."""
        return np.array(self.morale_losses, np.float32)

    @property
    def loss_of_type(self) -> np.ndarray:
        """Performance that an incident takes from who sees it, by type, (5,) float32."""
        return np.array(self.bystander_losses, np.float32)

    @property
    def worst_loss(self) -> float:
        """The largest performance that an incident of any type takes from who sees it."""
        return max(self.bystander_losses)

    @model_validator(mode="after")
    def _tables_fit(self) -> Self:
        for name in ("type_shares", "incident_chances", "extra_service", "morale_losses", "bystander_losses"):
            if len(getattr(self, name)) != len(TYPES):
                raise Refusal(f"= {list(getattr(self, name))} has to have 5 entries: {', '.join(TYPES)}", place=name)
        if sum(self.type_shares) > 1.0:
            raise Refusal(f"= {list(self.type_shares)} adds up to more than 1", place="type_shares")
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where nobody makes a scene; else the scenes, what others see of them, and what is settled."""
        if not any(s * c > 0 for s, c in zip(self.type_shares, self.incident_chances, strict=True)):
            return ()
        calm = POLICIES[CALM]
        calming = any(getattr(policy, name) == calm for policy in policies for name in TYPES)
        return (
            *(((Phase.OPENING, see_who_calms),) if calming else ()),
            (Phase.ARRIVAL, draw_incidents),
            (Phase.ARRIVAL, lengthen_service),
            (Phase.OPERATIONS, gather_incidents),
            (Phase.DELIVERY, see_incidents),
            (Phase.DELIVERY, disturb),
            (Phase.JUDGEMENT, resent),
            (Phase.RECOVERY, settle_incidents),
            (Phase.RELATION, add_incident_cost),
        )

    def axes(self) -> Mapping[str, int]:
        """Return how many types there are."""
        return {"difficult_kind": len(TYPES)}

    def fits(self, market: Any) -> None:
        """Refuse to calm where there is no staff who could, and scenes of visitors who go on to another firm."""
        for firm in market.firms:
            own = firm.policy(DifficultPolicy)
            calmed = [name for name in TYPES if getattr(own, name) == POLICIES[CALM]]
            if calmed and market.staff is None:
                raise Refusal(
                    '= "calm" needs staff who can; give the scenario a section [scenario.staff]',
                    place=f"firms.{firm.name}.difficult.{calmed[0]}",
                )
        line = market.waiting_line
        if line is not None and "waiting_line" not in market.off and line.elsewhere > 0:
            raise Refusal(
                f"= {line.elsewhere:g}, but a scene cannot follow who goes to another firm; set it to 0",
                place="waiting_line.elsewhere",
            )

    def begin(self, world: World, seed: int) -> None:
        """Draw who is difficult."""
        if "difficult_type" in world.customers:
            draw_types(
                world.customers.difficult_type, world.customers.customer_id, np.array(self.type_shares, np.float32),
                stream_key(seed, self.name), world.replication,
            )  # fmt: skip
