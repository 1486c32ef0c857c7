"""Co-production: customers take a part in their own service, by choice or because they have to.   Uses no neighbours.

Claim: who takes part saves staff's time and fits the service to herself, as far as she is ready and able; who is not
ready makes mistakes. She takes a part of the credit for what goes well; of the blame for what does not she takes a part
only if she could choose; who has to, and would not have, resents it. Taking part makes able, and who has taken part
tells of it: she is a marketer and a member of staff in part. So the same saving costs more custom where taking part is
required.
Source: Bendapudi & Leone 2003, Journal of Marketing (self-serving bias in co-production, and that a choice removes
it; signs of the abstract); that customers are in part staff and marketers is from memory; sizes are assumed.

With `relieves_line`, the minutes that staff need not give are missing from the line too: demand is matched to servers
by what visitors do themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.service.co_production_kernels import (
    attribute_gap,
    book_set_up,
    count_parts,
    draw_readiness,
    fit_service,
    plan_part,
    practise,
    raise_risk,
    relieve_staff,
    resent_force,
    shorten_service,
    take_off_relief,
    take_part,
    tell_as_participant,
)
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World

_NOBODY = "nobody took part in the firm's service"


@kpi(unit="share", nan="nobody visited the firm")
def participation_rate(c: Tallied) -> FloatArray:
    """Visits on which the visitor took part in the service / visits."""
    return c.visits_taken_part / c.visits


@kpi(unit="share", better="less", nan=_NOBODY)
def unready_participant_share(c: Tallied) -> FloatArray:
    """Visits of who took part and was less ready than `unready_below` / visits of who took part."""
    return c.unready_part / c.visits_taken_part


@kpi(unit="share", better="less", nan=_NOBODY)
def unwilling_participant_share(c: Tallied) -> FloatArray:
    """Visits of who took part and would not have chosen to / visits of who took part; 0 where it is chosen."""
    return c.unwilling_parts / c.visits_taken_part


@kpi(unit="1/visit", better="less", nan=_NOBODY)
def participant_failure_rate(c: Tallied) -> FloatArray:
    """Visits of who took part on which something went wrong / visits of who took part."""
    return c.failed_taking_part / c.visits_taken_part


@kpi(unit="cu/visit", better="more", nan=_NOBODY)
def staff_relief(c: Tallied) -> FloatArray:
    """Cost of service that taking part saved / visits of who took part; what it costs to set up is not taken off."""
    return -c.staff_relieved / c.visits_taken_part


@kpi(unit="1/visit", better="more", nan=_NOBODY)
def participant_telling_rate(c: Tallied) -> FloatArray:
    """Stories told for having taken part / visits of who took part; those told anyway are not counted."""
    return c.told_as_participant / c.visits_taken_part


class CoProductionPolicy(Policy):
    """How large a part of its service a firm lets or makes customers do."""

    name: ClassVar = "co_production"
    given: ClassVar = {"set_up_scale": "what machines and instructions cost is given to a firm"}
    free: ClassVar = {"participation_mode": "a rule costs nothing; who has no choice errs and blames the firm"}
    participation: float = param(
        0.0,
        unit="0-1",
        bounds=(0, 0.95),
        evidence="assumed",
        doc="part of the service that customers are to do; 0 = none",
    )
    participation_mode: Literal["chosen", "required"] = param(
        "chosen", unit="name", evidence="assumed", doc="whether customers choose to take part, or have to"
    )
    set_up_scale: float = param(
        0.05, unit="cu/customer/period", bounds=(0, 1e4), evidence="assumed",
        doc="scale of -ln(1 - participation): cost of its set-up, spread over time, for each customer of the market",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what the set-up costs a period for each customer of the market, in 1/100 cent."""
        return {"set_up_expense": (CENTS, -100.0 * self.set_up_scale * math.log1p(-self.participation))}


class CoProduction(Mechanism):
    """Customers who take part in their own service."""

    name = "co_production"
    serves = ("E8",)
    policy = CoProductionPolicy
    owns = (
        Column("readiness", ("customer",), 0, "0-1", "how ready and able she is to take part in a service"),
        Column("part_taken", ("visit",), 0, "0-1", "part of the service that the visitor does herself"),
        Column("part_unwanted", ("visit",), 0, "0-1", "the same, if she would not have chosen it, else 0"),
        Column(
            "part_planned", ("visit",), 0, "0-1", "part that she will take as she comes to the firm that she has chosen"
        ),
        Column("visit_relief", ("visit",), 0, "cents", "cost of service that it saves", "int64"),
    )
    writes = ("story", "positive_messages", "negative_messages")
    counts = (
        Tally("visits_taken_part", "visits", "visits on which she took part in the service"),
        Tally("failed_taking_part", "visits", "of these, on which something went wrong"),
        Tally("unwilling_parts", "visits", "of these, of who would not have chosen to"),
        Tally("unready_part", "visits", "of these, of customers less ready than `unready_below`"),
        Tally("told_as_participant", "stories", "told for having taken part"),
        Tally("staff_relieved", "cu", "cost of service that taking part saves, below 0", CENT, account="lever"),
        Tally("set_up_spend", "cu", "cost of what taking part needs", CENT / 100, account="lever"),
    )
    kpis = (
        participation_rate, unready_participant_share, unwilling_participant_share, participant_failure_rate,
        staff_relief, participant_telling_rate,
    )  # fmt: skip
    usual_readiness: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="mean readiness before it is clipped; who has it takes part on half of her visits if she may choose",
    )  # fmt: skip
    readiness_spread: float = param(
        0.25, unit="0-1", bounds=(0, 2), evidence="assumed", doc="sd of readiness over customers"
    )
    choosiness: float = param(
        0.1, unit="0-1", bounds=(0.001, 10), evidence="assumed",
        doc="scale of the logit by which the ready choose to take part; the smaller, the more it is they alone",
    )  # fmt: skip
    unready_below: float = param(
        0.4, unit="0-1", bounds=(0, 1), evidence="assumed", doc="readiness that counts as too little"
    )
    time_saved: float = param(
        0.4, unit="share", bounds=(0, 0.9), evidence="assumed",
        doc="cost and minutes of service saved by who is wholly able and does all that she can",
    )  # fmt: skip
    fit_gain: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="performance gained at full part and readiness"
    )
    clumsiness: float = param(
        2.0, unit="ratio", bounds=(0, 20), evidence="assumed",
        doc="what full part and no readiness add to the factor on the risk of a failure",
    )  # fmt: skip
    own_credit: float = param(
        0.15, unit="ratio", bounds=(0, 1), evidence="assumed",
        doc="part of a positive gap that she credits to herself at full part: half of `encounter.gain`",
    )  # fmt: skip
    own_blame: float = param(
        0.3, unit="ratio", bounds=(0, 1), evidence="assumed",
        doc="part of a negative gap that she blames on herself at full part, if chosen: half of `encounter.loss`",
    )  # fmt: skip
    forced_loss: float = param(
        0.08, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="satisfaction lost by who has to take part wholly and would not have chosen to",
    )  # fmt: skip
    practice: float = param(
        0.02, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="growth of readiness by taking part wholly"
    )
    talk: float = param(
        0.03, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance of a story of who takes part wholly"
    )
    good_from: float = param(
        0.6, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction from which such a story is good"
    )
    relieves_line: bool = param(
        False, unit="true/false", evidence="assumed", doc="whether service at the waiting line is the shorter for it"
    )

    def fits(self, market: Any) -> None:
        """Refuse relief of a line that is not there, more saved than a visit costs, and stories that nobody tells."""
        if self.relieves_line and (market.waiting_line is None or "waiting_line" in market.off):
            step = "give the scenario a section [scenario.waiting_line], or leave it out"
            raise Refusal(f"= true, but the market has no waiting_line; {step}", place="co_production.relieves_line")
        if market.care is not None and market.care.tenure_saving + self.time_saved > 1.0:
            most = f"with care.tenure_saving = {market.care.tenure_saving:g} it is at most"
            most = f"{most} {1.0 - market.care.tenure_saving:g}, or a visit would cost less than nothing"
            raise Refusal(f"= {self.time_saved:g}, but {most}", place="co_production.time_saved")
        if self.talk > 0 and "word_of_mouth" in market.off:
            step = "set co_production.talk = 0, or leave word_of_mouth on"
            raise Refusal(f"= {self.talk:g}, but word_of_mouth is off; {step}", place="co_production.talk")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where nobody is to take part; else who does, what follows from it, and what it costs."""
        if not any(policy.participation > 0 for policy in policies):
            return ()
        found: list[Any] = []
        if self.relieves_line:
            found += [(Phase.ARRIVAL, plan_part), (Phase.ARRIVAL, shorten_service)]
        found += [(Phase.DELIVERY, act) for act in (take_part, relieve_staff, raise_risk, fit_service)]
        if self.forced_loss > 0 and any(policy.participation_mode == "required" for policy in policies):
            found.append((Phase.JUDGEMENT, resent_force))
        found += [(Phase.JUDGEMENT, attribute_gap), (Phase.VOICE, count_parts), (Phase.LEARNING, practise)]
        if self.talk > 0:
            found.append((Phase.TELLING, tell_as_participant))
        return (*found, (Phase.RELATION, take_off_relief), (Phase.BOOKS, book_set_up))

    def begin(self, world: World, seed: int) -> None:
        """Draw how ready customers are."""
        c = world.customers
        draw_readiness(
            c.readiness, c.customer_id, self.usual_readiness, self.readiness_spread, stream_key(seed, self.name),
            world.replication,
        )  # fmt: skip
